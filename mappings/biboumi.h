/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_BIBOUMI_H
#define MAPPINGS_BIBOUMI_H

/*
 * The database of biboumi (9; SQLite), read only. Nothing of it is changed, and
 * columns that an older one lacks are taken as empty.
 */

struct biboumi;
struct biboumi_row;
struct error;

enum biboumi_table {
	BIBOUMI_GLOBAL,  /* what users have set for all */
	BIBOUMI_SERVER,  /* ... for a server */
	BIBOUMI_CHANNEL, /* ... for a channel */
	BIBOUMI_COMMAND, /* owner, server, a command after connecting */
	BIBOUMI_ROSTER,  /* who has whom in the roster */
	BIBOUMI_SAID,    /* the archive, by channel and time */
};

/* NULL, and err, if it cannot be read or is none of biboumi's. */
struct biboumi *biboumi_open(const char *path, struct error *err);

/* Accepts NULL. */
void biboumi_close(struct biboumi *b);

/* Calls fn for every row; 0 or -errno. */
int biboumi_each(struct biboumi *b, enum biboumi_table table,
		 void (*fn)(void *arg, const struct biboumi_row *row),
		 void *arg);

/*
 * What stands in that column, valid inside fn; "" if nothing does, or there is
 * no such column.
 */
const char *biboumi_get(const struct biboumi_row *row, const char *column);

#endif
