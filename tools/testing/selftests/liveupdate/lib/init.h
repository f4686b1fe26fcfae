/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LUO_INIT_H
#define LUO_INIT_H

/*
 * Copy the results of the KUnit suites of this kernel to the verdict channel. Those
 * whose names are wanted have to be there.
 */
void init_kunit(char *wanted);

#endif /* LUO_INIT_H */
