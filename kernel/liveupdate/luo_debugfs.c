// SPDX-License-Identifier: GPL-2.0-only
/*
 * State for people: /sys/kernel/debug/liveupdate
 *
 * Nothing here is an interface.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "luo_internal.h"

static const char * const luo_file_state_names[LUO_FILE_NR_STATES] = {
	[LUO_FILE_NEW]		= "new",
	[LUO_FILE_PRESERVED]	= "preserved",
	[LUO_FILE_FROZEN]	= "frozen",
	[LUO_FILE_WAITING]	= "waiting",
	[LUO_FILE_RETRIEVING]	= "retrieving",
	[LUO_FILE_RETRIEVED]	= "retrieved",
	[LUO_FILE_FAILED]	= "failed",
	[LUO_FILE_QUARANTINED]	= "quarantined",
	[LUO_FILE_HANDED_OUT]	= "handed out",
	[LUO_FILE_GONE]		= "gone",
};

static const char * const luo_session_state_names[] = {
	[LUO_SESSION_OPEN]	= "open",
	[LUO_SESSION_WAITING]	= "waiting",
	[LUO_SESSION_DAMAGED]	= "damaged",
};

static const char * const luo_phase_names[] = {
	[LUO_PHASE_OFF]		= "off",
	[LUO_PHASE_RUNNING]	= "running",
	[LUO_PHASE_FROZEN]	= "frozen",
};

static void luo_show_files(struct seq_file *m,
			   struct liveupdate_session *session)
{
	struct luo_file *lf;

	list_for_each_entry(lf, &session->files.list, link) {
		seq_printf(m, "  %#018llx %s %s %llu bytes", lf->token,
			   luo_file_state_names[lf->state],
			   lf->handler ? lf->handler->compatible :
					 lf->compatible,
			   luo_file_memory(lf));
		if (lf->status < 0)
			seq_printf(m, " %pe", ERR_PTR(lf->status));
		seq_putc(m, '\n');
	}
}

static void luo_show_session(struct seq_file *m,
			     struct liveupdate_session *session)
{
	seq_escape(m, session->name, "\n\\");
	seq_printf(m, ": %s generation %llu files %u%s\n",
		   luo_session_state_names[READ_ONCE(session->state)],
		   session->generation, READ_ONCE(session->files.nr),
		   session->damaged ? " damaged" : "");
	/* A long PRESERVE must not make others wait for a reader. */
	if (!mutex_trylock(&session->lock)) {
		seq_puts(m, "  (busy)\n");
		return;
	}
	luo_show_files(m, session);
	mutex_unlock(&session->lock);
}

static void luo_show_set(struct seq_file *m, struct luo_session_set *set)
{
	struct liveupdate_session *session;
	unsigned long id = 0;

	if (set->status)
		seq_printf(m, "lost: %pe\n", ERR_PTR(set->status));
	while (!IS_ERR(session = luo_session_next(set, id))) {
		luo_show_session(m, session);
		id = session->id + 1;
		luo_session_put(session);
	}
}

static int luo_outgoing_show(struct seq_file *m, void *unused)
{
	luo_show_set(m, &luo_outgoing);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(luo_outgoing);

static int luo_incoming_show(struct seq_file *m, void *unused)
{
	luo_show_set(m, &luo_incoming);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(luo_incoming);

struct luo_set_counts {
	unsigned int sessions;
	unsigned long files;
	unsigned long pages;
};

static int luo_set_count(struct luo_session_set *set,
			 struct luo_set_counts *counts)
{
	struct liveupdate_session *session;

	if (mutex_lock_killable(&set->lock))
		return -EINTR;
	*counts = (struct luo_set_counts){
		.sessions = set->nr,
		.pages = set->chain.nr_blocks,
	};
	list_for_each_entry(session, &set->list, link) {
		counts->files += READ_ONCE(session->files.nr);
		counts->pages += READ_ONCE(session->files.chain.nr_blocks);
	}
	mutex_unlock(&set->lock);
	return 0;
}

static int luo_state_show(struct seq_file *m, void *unused)
{
	struct luo_set_counts outgoing, incoming;

	if (luo_set_count(&luo_outgoing, &outgoing) ||
	    luo_set_count(&luo_incoming, &incoming))
		return -EINTR;
	seq_printf(m, "phase: %s\n", luo_phase_names[luo_phase()]);
	seq_printf(m, "sessions: %u\n", outgoing.sessions);
	seq_printf(m, "files: %lu\n", luo_gate_files_nr());
	seq_printf(m, "incoming_sessions: %u\n", incoming.sessions);
	seq_printf(m, "incoming_files: %lu\n", incoming.files);
	seq_printf(m, "handlers: %u\n", luo_handler_count());
	seq_printf(m, "record_pages: %lu\n", outgoing.pages);
	seq_printf(m, "updates: %llu\n", luo_generation);
	seq_printf(m, "waiting: %lu\n", luo_gate_waiting());
	luo_timing_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(luo_state);

/**
 * luo_debugfs_init() - make the files
 *
 * Context: Init.
 */
void __init luo_debugfs_init(void)
{
	struct dentry *dir = debugfs_create_dir("liveupdate", NULL);

	debugfs_create_file("state", 0400, dir, NULL, &luo_state_fops);
	debugfs_create_file("outgoing", 0400, dir, NULL, &luo_outgoing_fops);
	debugfs_create_file("incoming", 0400, dir, NULL, &luo_incoming_fops);
	luo_timeline_debugfs_init(dir);
}
