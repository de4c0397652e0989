/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_MEMORY_DISK_H
#define TESTS_SUPPORT_MEMORY_DISK_H

/*
 * A disk in memory, for SQLite: as fast as a test can want it, and able to
 * lose its power. Only what was synced is sure to survive that.
 *
 * One connection at a time may use a database: locks are not kept.
 */

#include <stdbool.h>

/* From now on SQLite's databases are here. */
void memory_disk_use(void);

/*
 * The power goes: what was written and not synced is taken back, and nothing
 * that is written from now on stays.
 */
void memory_disk_off(void);

/* The process dies, but the machine lives: what was written stays. */
void memory_disk_freeze(void);

/*
 * The nth sync from now fails, and so does all that is written from then on;
 * 0: none does. Over with memory_disk_on().
 */
void memory_disk_fail(unsigned n);
bool memory_disk_failed(void);

/* The power is back, or another process writes. */
void memory_disk_on(void);

/* All files are gone. None may be open. */
void memory_disk_clear(void);

#endif
