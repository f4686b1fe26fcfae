# SPDX-License-Identifier: GPL-2.0
# Takes sections into, or out of, a MAINTAINERS file.
#
#	awk -v op=merge -f maintainers.awk OURS KERNELS	KERNELS with OURS in order
#	awk -v op=new   -f maintainers.awk BEFORE AFTER	sections that only AFTER has
#	awk -v op=drop  -f maintainers.awk BEFORE AFTER	AFTER without those
#
# A section begins with its title: a line that follows a blank one (or begins
# our own file), and has no "X:" tag. The kernel's sections are sorted by title,
# but not everywhere: ours goes where the fewest of them are on the wrong side.

function is_title(line, before)
{
	return before == "" && line ~ /^[0-9A-Z]/ && line !~ /^[A-Z]:/
}

# place(TITLE): before which of the kernel's sections it goes.
function place(title,	i, wrong, best, at)
{
	for (i = 1; i <= titles; i++)
		wrong += toupper(name[i]) < title
	best = wrong
	at = 1
	for (i = 1; i <= titles && name[i] != "THE REST"; i++) {
		wrong += toupper(name[i]) < title ? -1 : 1
		if (wrong < best) {
			best = wrong
			at = i + 1
		}
	}
	return at
}

BEGIN { before = "" }

FNR == 1 {
	file++
	before = ""
}

# First file: learn its titles and, for merge, the sections themselves.
file == 1 {
	if (is_title($0, before)) {
		our_name[++ours] = $0
		known[$0] = 1
	}
	if (ours && $0 != "")
		text[ours] = text[ours] $0 "\n"
	before = $0
	next
}

{
	if (in_list && is_title($0, before)) {
		hold = !($0 in known)
		name[++titles] = $0
		starts[FNR] = titles
	}
	before = $0
	if (op == "merge")
		line[FNR] = $0
	else if ((op == "new") == hold)
		print
	if ($0 == "Maintainers List")
		in_list = 1
}

END {
	if (op != "merge")
		exit
	for (i = 1; i <= ours; i++) {
		at = place(toupper(our_name[i]))
		insert[at] = insert[at] text[i] "\n"
	}
	for (n = 1; n <= FNR; n++) {
		if (n in starts)
			printf "%s", insert[starts[n]]
		print line[n]
	}
}
