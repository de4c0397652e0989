/* SPDX-License-Identifier: MIT */
/* grid.c - cells in columns. */

#include "bridge/control/grid.h"

#include "bridge/base.h"
#include "bridge/control/ctl_show.h"
#include "bridge/str.h"
#include "bridge/text.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Ids and reasons can be long; --json has all of them. */
#define CELL_MAX 200
#define GAP 2

void
grid_init(struct grid *g, size_t columns, const char *const *titles)
{
	assert(columns > 0 && columns <= GRID_COLUMNS_MAX);
	*g = (struct grid){ .columns = columns };
	for (size_t i = 0; i < columns; i++)
		g->titles[i] = titles[i];
}

void
grid_finish(struct grid *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->cells[i]);
	free(g->cells);
}

void
grid_add(struct grid *g, const char *text)
{
	AUTO_STR cell = { 0 };

	str_init(&cell, 4 * CELL_MAX);
	if (!text || !*text) {
		str_add_char(&cell, '-');
	} else {
		AUTO_STR cut = { 0 };
		size_t len = strlen(text);
		size_t kept = utf8_cut(text, len, CELL_MAX);

		str_init(&cut, CELL_MAX + 4);
		str_add_n(&cut, text, kept);
		str_add(&cut, kept < len ? "..." : "");
		ctl_show_text(&cell, cut.data);
	}
	if (g->n == g->size) {
		g->size = g->size ? g->size * 2 : 64;
		g->cells = xrealloc(g->cells, g->size * sizeof(char *));
	}
	g->cells[g->n++] = str_take(&cell);
}

static bool
is_number(const struct grid *g, size_t column)
{
	return g->titles[column][0] == '>';
}

static const char *
title(const struct grid *g, size_t column)
{
	return g->titles[column] + is_number(g, column);
}

static void
add_spaces(struct str *out, size_t n)
{
	while (n-- > 0)
		str_add_char(out, ' ');
}

static void
print_cell(const struct grid *g, size_t column, size_t width, const char *text,
	   struct str *out)
{
	size_t used = utf8_count(text, strlen(text));
	bool last = column + 1 == g->columns;

	if (is_number(g, column))
		add_spaces(out, width - used);
	str_add(out, text);
	if (!is_number(g, column) && !last)
		add_spaces(out, width - used);
	if (last)
		str_add_char(out, '\n');
	else
		add_spaces(out, GAP);
}

void
grid_print(const struct grid *g, struct str *out)
{
	size_t widths[GRID_COLUMNS_MAX];

	if (g->n == 0)
		return;
	for (size_t c = 0; c < g->columns; c++)
		widths[c] = strlen(title(g, c));
	for (size_t i = 0; i < g->n; i++) {
		size_t used = utf8_count(g->cells[i], strlen(g->cells[i]));
		size_t *width = &widths[i % g->columns];

		*width = used > *width ? used : *width;
	}
	for (size_t c = 0; c < g->columns; c++)
		print_cell(g, c, widths[c], title(g, c), out);
	for (size_t i = 0; i < g->n; i++)
		print_cell(g, i % g->columns, widths[i % g->columns],
			   g->cells[i], out);
}
