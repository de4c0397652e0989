/* SPDX-License-Identifier: MIT */
/* biboumi.c - reads the database of another gateway; see biboumi.h. */

#include "mappings/biboumi.h"

#include "bridge/base.h"
#include "bridge/error.h"

#include <sqlite3.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct biboumi {
	sqlite3 *db;
};

struct biboumi_row {
	sqlite3_stmt *st;
};

struct biboumi *
biboumi_open(const char *path, struct error *err)
{
	struct biboumi *b = xcalloc(1, sizeof(*b));
	sqlite3_stmt *st = NULL;

	if (sqlite3_open_v2(path, &b->db, SQLITE_OPEN_READONLY, NULL) !=
		    SQLITE_OK ||
	    sqlite3_prepare_v2(b->db,
			       "SELECT owner_, server_ FROM ircserveroptions_",
			       -1, &st, NULL) != SQLITE_OK) {
		(void)error_set(err, EINVAL,
				"%s is no SQLite database of biboumi: %s", path,
				sqlite3_errmsg(b->db));
		biboumi_close(b);
		return NULL;
	}
	(void)sqlite3_finalize(st);
	return b;
}

void
biboumi_close(struct biboumi *b)
{
	if (!b)
		return;
	(void)sqlite3_close(b->db);
	free(b);
}

static int
prepare(struct biboumi *b, enum biboumi_table table, sqlite3_stmt **st)
{
	switch (table) {
	case BIBOUMI_GLOBAL:
		return sqlite3_prepare_v2(b->db,
					  "SELECT * FROM globaloptions_"
					  "	ORDER BY id_",
					  -1, st, NULL);
	case BIBOUMI_SERVER:
		return sqlite3_prepare_v2(b->db,
					  "SELECT * FROM ircserveroptions_"
					  "	ORDER BY id_",
					  -1, st, NULL);
	case BIBOUMI_CHANNEL:
		return sqlite3_prepare_v2(b->db,
					  "SELECT * FROM ircchanneloptions_"
					  "	ORDER BY id_",
					  -1, st, NULL);
	case BIBOUMI_COMMAND:
		return sqlite3_prepare_v2(
			b->db,
			"SELECT s.owner_, s.server_, c.afterconnectioncommand_"
			"	FROM after_connection_commands_ c"
			"	JOIN ircserveroptions_ s ON s.id_ = c.fk_"
			"	ORDER BY c.id_",
			-1, st, NULL);
	case BIBOUMI_ROSTER:
		return sqlite3_prepare_v2(b->db, "SELECT * FROM roster", -1, st,
					  NULL);
	case BIBOUMI_SAID:
		return sqlite3_prepare_v2(
			b->db,
			"SELECT * FROM muclogline_ ORDER BY ircservername_,"
			"	ircchanname_, date_, nick_, body_, owner_, id_",
			-1, st, NULL);
	}
	return SQLITE_MISUSE;
}

int
biboumi_each(struct biboumi *b, enum biboumi_table table,
	     void (*fn)(void *arg, const struct biboumi_row *row), void *arg)
{
	struct biboumi_row row = { NULL };
	int rc = prepare(b, table, &row.st);

	if (rc == SQLITE_ERROR)
		return 0; /* an older one has no such table */
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(row.st);
		if (rc == SQLITE_ROW)
			fn(arg, &row);
	}
	(void)sqlite3_finalize(row.st);
	return rc == SQLITE_DONE ? 0 : -EIO;
}

const char *
biboumi_get(const struct biboumi_row *row, const char *column)
{
	const char *text = NULL;

	for (int i = 0; i < sqlite3_column_count(row->st); i++)
		if (!strcmp(sqlite3_column_name(row->st, i), column))
			text = (const char *)sqlite3_column_text(row->st, i);
	return text ? text : "";
}
