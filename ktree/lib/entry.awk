# SPDX-License-Identifier: GPL-2.0
# Prints one part of an entry of series/; exit 1 if the file is not an entry.

BEGIN { state = "head" }

state == "diff" {
	if (part == "diff")
		print
	next
}

$0 == "---" {
	if (state == "head")
		exit 1
	state = "diff"
	next
}

state == "head" {
	if (/^Subject: ./ && subject == "") {
		subject = substr($0, 10)
		next
	}
	if ($0 != "" || subject == "")
		exit 1
	state = "body"
	next
}

$0 == "Overlay:" {
	state = "overlay"
	next
}

$0 == "Maintainers: merged" {
	state = "maintainers"
	merged = 1
	next
}

state == "overlay" {
	if (!/^  [^ ]+$/)
		exit 1
	if (part == "overlay")
		print substr($0, 3)
	next
}

state == "body" {
	body[++lines] = $0
	next
}

{ exit 1 }

END {
	if (state != "diff")
		exit 1
	while (lines > 0 && body[lines] == "")
		lines--
	if (part == "subject")
		print subject
	for (i = 1; part == "body" && i <= lines; i++)
		print body[i]
	if (part == "maintainers" && merged)
		print "merged"
}
