/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SAMPLES_LUO_NOTE_H
#define _SAMPLES_LUO_NOTE_H

#include <linux/types.h>

struct liveupdate_flb;

extern struct liveupdate_flb luo_note_ids_flb;

u64 luo_note_ids_new(void);
void luo_note_ids_adopt(void);

#endif /* _SAMPLES_LUO_NOTE_H */
