// SPDX-License-Identifier: GPL-2.0
/* Trace events: their names and keys are what scripts rely on. */
#include "uapi.h"

#include <sys/mount.h>

#include "../lib/foreign.h"

#define TRACING	"/sys/kernel/tracing/"
#define EVENTS	TRACING "events/liveupdate/"

static char text[65536];

FIXTURE(trace) {
	int dev;
	struct counters before;
};

FIXTURE_SETUP(trace)
{
	mount("tracefs", TRACING, "tracefs", 0, NULL);
	if (access(EVENTS "enable", W_OK))
		SKIP(return, "no trace events of live update");
	counters_get(&self->before);
	self->dev = luo_open();
	if (self->dev == -ENOENT)
		SKIP(return, "no " LUO_DEVICE);
	ASSERT_GE(self->dev, 0);
	ASSERT_EQ(guest_write(TRACING "trace", "x"), 0);
	ASSERT_EQ(guest_write(EVENTS "enable", "1"), 0);
}

FIXTURE_TEARDOWN(trace)
{
	guest_write(EVENTS "enable", "0");
	close(self->dev);
	counters_check(&self->before, SLACK_KB);
	EXPECT_EQ(story_failures(), 0);
}

/* Is there a line of this event with these fields? */
static bool traced(const char *event, const char *fields)
{
	char *line, *at, *end;

	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		at = strstr(line, event);
		if (!at || at > end)
			continue;
		at = strstr(at, fields);
		if (at && at < end)
			return true;
	}
	return false;
}

TEST_F(trace, preserve)
{
	static const char * const lines[][2] = {
		{ "liveupdate_session_state: ", "session=traced direction=outgoing to=open\n" },
		{ "liveupdate_call: ",
		  "session=traced token=0x7 handler=memfd-v1 call=preserve error=0 ns=" },
		{ "liveupdate_file_state: ", "session=traced token=0x7 from=new to=preserved\n" },
		{ "liveupdate_file_state: ", "session=traced token=0x7 from=preserved to=gone\n" },
		{ "liveupdate_call: ",
		  "session=traced token=0x7 handler=memfd-v1 call=unpreserve error=0 ns=" },
		{ "liveupdate_session_state: ", "session=traced direction=outgoing to=gone\n" },
	};
	int session, fd;
	unsigned int i;

	session = luo_create_on(self->dev, "traced");
	ASSERT_GE(session, 0);
	fd = data_memfd("traced", 0, 1, PAGE);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(luo_preserve(session, fd, 7), 0);
	close(session);
	close(fd);
	ASSERT_GT(guest_read(TRACING "trace", text, sizeof(text)), 0);
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		EXPECT_TRUE(traced(lines[i][0], lines[i][1])) {
			TH_LOG("no line with %s%s in\n%s", lines[i][0], lines[i][1], text);
		}
	}
}

/* A freeze that fails: reboot(2) ends, and each step can be seen. */
TEST_F(trace, phase)
{
	int session = luo_create_on(self->dev, "traced"), fd;

	ASSERT_GE(session, 0);
	if (guest_insmod(FOREIGN_MODULE, "fail_freeze=1"))
		SKIP(return, "no module " FOREIGN_MODULE);
	fd = foreign_open(FOREIGN, 1);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(luo_preserve(session, fd, 7), 0);
	ASSERT_EQ(guest_kexec_load(false, ""), 0);
	EXPECT_LT(guest_kexec(), 0);
	guest_kexec_unload();
	close(session);
	close(fd);
	ASSERT_GT(guest_read(TRACING "trace", text, sizeof(text)), 0);
	EXPECT_TRUE(traced("liveupdate_phase: ", "phase=frozen error=0\n"));
	EXPECT_TRUE(traced("liveupdate_call: ", "call=freeze error=-"));
	EXPECT_TRUE(traced("liveupdate_phase: ", "phase=running error=-")) {
		TH_LOG("%s", text);
	}
	guest_rmmod(FOREIGN_MODULE);
}

TEST_HARNESS_MAIN
