// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has anything changed? What poll(2) says of the device and of sessions
 *
 * Changes are counted, in all and for each session. A reader remembers the
 * count at which it began to look at the state, so that what changes while it
 * looks is reported. Nobody is woken up when nobody waits: changes are made by
 * the thousand inside reboot(2).
 */
#include <linux/wait.h>

#include "luo_internal.h"

atomic64_t luo_events_all = ATOMIC64_INIT(0);

static DECLARE_WAIT_QUEUE_HEAD(luo_event_wait);

/**
 * luo_event() - the state of a session or of one of its files has changed
 * @session: the session
 *
 * Context: Any. The new state is visible to whoever takes the lock that
 * protects it.
 */
void luo_event(struct liveupdate_session *session)
{
	atomic64_inc(&session->events);
	atomic64_inc(&luo_events_all);
	/* Pairs with the barrier of poll_wait(). */
	if (wq_has_sleeper(&luo_event_wait))
		wake_up_interruptible_poll(&luo_event_wait, EPOLLPRI);
}

/**
 * luo_event_reader_init() - a reader who knows all so far
 * @reader: the reader
 * @count: what it looks at
 *
 * Context: Any.
 */
void luo_event_reader_init(struct luo_event_reader *reader, atomic64_t *count)
{
	reader->count = count;
	luo_event_reader_reset(reader);
}

/**
 * luo_event_reader_reset() - the reader is about to look at the state
 * @reader: the reader
 *
 * Context: Any, before the state is read.
 */
void luo_event_reader_reset(struct luo_event_reader *reader)
{
	atomic64_set(&reader->seen, atomic64_read(reader->count));
}

/**
 * luo_event_poll() - the poll method of a file
 * @reader: its reader
 * @file: the file
 * @wait: as given to the method
 *
 * Context: May sleep.
 * Return: EPOLLPRI if something has changed, otherwise 0.
 */
__poll_t luo_event_poll(struct luo_event_reader *reader, struct file *file,
			poll_table *wait)
{
	poll_wait(file, &luo_event_wait, wait);
	if (atomic64_read(reader->count) == atomic64_read(&reader->seen))
		return 0;
	return EPOLLPRI;
}
