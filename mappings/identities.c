/* SPDX-License-Identifier: MIT */
/*
 * identities.c - senders and puppets.
 *
 * Both are put again with every line that somebody says, so the common case,
 * that nothing changed, reads and does not write; and of a sender who spoke
 * lately it knows without reading. Senders are never removed.
 */

#include "mappings/identities.h"

#include "bridge/base.h"
#include "bridge/hash.h"
#include "mappings/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
forget(struct sender_note *note)
{
	free(note->native_id);
	free(note->name);
	free(note->account);
	*note = (struct sender_note){ 0 };
}

void
senders_forget(struct db *db)
{
	for (size_t i = 0; db->senders && i < SENDERS_NOTED; i++)
		forget(&db->senders[i]);
	free(db->senders);
	db->senders = NULL;
}

static struct sender_note *
note_of(struct db *db, const char *native_id)
{
	if (!db->senders)
		db->senders = xcalloc(SENDERS_NOTED, sizeof(*db->senders));
	return &db->senders[hash_bytes(native_id, strlen(native_id)) %
			    SENDERS_NOTED];
}

static void
take(char **at, const char *value)
{
	if (!value)
		return; /* as it was */
	free(*at);
	*at = xstrdup(value);
}

/* value NULL: whatever it is. */
static bool
is_as(const char *noted, const char *value)
{
	return !value || (noted && strcmp(noted, value) == 0);
}

static int
write_sender(struct db *db, int64_t network, const char *native_id,
	     const char *name, const char *account, int64_t *id)
{
	const struct arg *all =
		ARGS(INT(network), TEXT(native_id), TEXT(name), TEXT(account));
	int64_t row[2]; /* id, whether it is as wanted */
	int rc = sql_numbers(db, SQL_SENDER_FIND, all, row, 2);

	if (rc == -ENOENT)
		return sql_add(db, SQL_SENDER_ADD, all, id);
	if (rc)
		return rc;

	*id = row[0];
	return row[1] ? 0
		      : sql_run(db, SQL_SENDER_SET,
				ARGS(INT(*id), TEXT(name), TEXT(account)));
}

int
sender_put(struct db *db, int64_t network, const char *native_id,
	   const char *name, const char *account, int64_t *id)
{
	struct sender_note *note = note_of(db, native_id);
	bool is_it = note->id && note->network == network &&
		     strcmp(note->native_id, native_id) == 0;
	int rc;

	if (is_it && is_as(note->name, name) && is_as(note->account, account)) {
		*id = note->id;
		return 0;
	}
	if (!is_it)
		forget(note);
	rc = write_sender(db, network, native_id, name, account, id);
	if (rc) {
		forget(note);
		return rc;
	}
	note->id = *id;
	note->network = network;
	take(&note->native_id, native_id);
	take(&note->name, name);
	take(&note->account, account);
	return 0;
}

int
puppet_put(struct db *db, int64_t sender, int64_t network, const char *native,
	   int64_t active_ms, int64_t *id)
{
	const struct arg *all =
		ARGS(INT(sender), INT(network), TEXT(native), INT(active_ms));
	int64_t row[2]; /* id, whether it is as wanted */
	int rc = sql_numbers(db, SQL_PUPPET_FIND, all, row, 2);

	if (rc == -ENOENT)
		return sql_add(db, SQL_PUPPET_ADD, all, id);
	if (rc)
		return rc;

	*id = row[0];
	return row[1] ? 0
		      : sql_run(db, SQL_PUPPET_SET,
				ARGS(INT(*id), TEXT(native), INT(active_ms)));
}

char *
puppet_native(struct db *db, int64_t sender, int64_t network)
{
	return sql_string(db, SQL_PUPPET_NATIVE,
			  ARGS(INT(sender), INT(network)));
}

int
puppet_each(struct db *db, int64_t network, unsigned limit,
	    void (*fn)(void *arg, const struct puppet_row *row), void *arg)
{
	sqlite3_stmt *st =
		sql_start(db, SQL_PUPPET_EACH, ARGS(INT(network), INT(limit)));
	int rc;

	while ((rc = sql_step(db, st)) > 0) {
		struct puppet_row row = {
			.id = sqlite3_column_int64(st, 0),
			.sender = sqlite3_column_int64(st, 1),
			.origin = sql_column_text(st, 2),
			.sender_id = sql_column_text(st, 3),
			.name = sql_column_text(st, 4),
			.native = sql_column_text(st, 5),
			.active_ms = sqlite3_column_int64(st, 6),
		};

		fn(arg, &row);
	}
	sql_reset(st);
	return rc;
}
