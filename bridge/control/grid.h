/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_CONTROL_GRID_H
#define BRIDGE_CONTROL_GRID_H

/*
 * Cells in columns as wide as their widest, for a terminal. Pure.
 *
 *     static const char *const titles[] = { "NETWORK", ">WAITING" };
 *
 *     grid_init(&g, 2, titles);
 *     grid_add(&g, "libera");
 *     grid_add(&g, "12");
 *     grid_print(&g, &out);
 *     grid_finish(&g);
 *
 * A title that begins with ">" is of a column of numbers, set to the right.
 */

#include <stddef.h>

struct str;

#define GRID_COLUMNS_MAX 12

struct grid {
	/* private */
	size_t columns;
	const char *titles[GRID_COLUMNS_MAX];
	char **cells;
	size_t n, size;
};

/* titles: as many as columns, borrowed. */
void grid_init(struct grid *g, size_t columns, const char *const *titles);
void grid_finish(struct grid *g);

/* The next cell, row by row; NULL is shown as "-". Made harmless. */
void grid_add(struct grid *g, const char *text);

/* Titles and rows; nothing if there are no rows. */
void grid_print(const struct grid *g, struct str *out);

#endif
