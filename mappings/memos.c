/* SPDX-License-Identifier: MIT */
/* memos.c - what adapters want to know again. */

#include "mappings/memos.h"

#include "mappings/sql.h"

int
memo_put(struct db *db, const struct memo_row *row)
{
	return sql_run(db, SQL_MEMO_PUT,
		       ARGS(INT(row->network), TEXT(row->scope), TEXT(row->key),
			    TEXT(row->value), INT(row->when_ms)));
}

int
memo_remove(struct db *db, int64_t network, const char *scope, const char *key)
{
	return sql_run(db, SQL_MEMO_REMOVE,
		       ARGS(INT(network), TEXT(scope), TEXT(key)));
}

int
memo_each(struct db *db, int64_t network, const char *scope, unsigned max,
	  void (*fn)(void *arg, const char *key, const char *value), void *arg)
{
	return sql_each_pair(db, SQL_MEMO_EACH,
			     ARGS(INT(network), TEXT(scope), INT(max)), fn,
			     arg);
}

int
memos_trim(struct db *db, int64_t network, const char *scope, unsigned keep)
{
	return sql_run(db, SQL_MEMOS_TRIM,
		       ARGS(INT(network), TEXT(scope), INT(keep)));
}
