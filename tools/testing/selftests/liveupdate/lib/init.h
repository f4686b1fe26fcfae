/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LUO_INIT_H
#define LUO_INIT_H

/* Copy the results of the KUnit suites of this kernel to the verdict channel. */
void init_kunit(void);

#endif /* LUO_INIT_H */
