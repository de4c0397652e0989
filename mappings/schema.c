/* SPDX-License-Identifier: MIT */
/*
 * schema.c - the tables, as numbered migrations that go forward only.
 *
 * migrations[n] makes version n + 1 out of version n, in one transaction with
 * the number itself (PRAGMA user_version), so that a crash leaves the old
 * version or the new one. A migration that was released is never edited: the
 * next change is the next migration. They run before foreign keys are
 * switched on, because SQLite cannot do that inside a transaction.
 *
 * Numbers that leave this folder come from AUTOINCREMENT tables: they are
 * never given to another row, not even after the greatest was removed.
 */

#include "mappings/sql.h"

#include "bridge/base.h"
#include "bridge/error.h"

#include <errno.h>

/* "CWAY", in the file's header: says whose database this is. */
#define APPLICATION_ID 0x43574159

#define ADVICE                                                         \
	"stop causewayd, keep a copy, then restore a backup or try \"" \
	"sqlite3 FILE .recover\""

/* clang-format off */
/* 1: links, people, messages, moderation */
static const char *const links_and_messages[] = {
	"PRAGMA application_id = 0x43574159;",
	"CREATE TABLE meta ("
	"	only_row INTEGER PRIMARY KEY CHECK (only_row = 1),"
	"	bridge_id TEXT NOT NULL,"
	"	generation INTEGER NOT NULL,"
	"	last_event INTEGER NOT NULL" /* of those pruned */
	") STRICT;",
	"INSERT INTO meta VALUES (1, lower(hex(randomblob(8))), 0, 0);",

	"CREATE TABLE network ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	name TEXT NOT NULL UNIQUE,"
	"	protocol TEXT NOT NULL"
	") STRICT;",
	"CREATE TABLE channel ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	network INTEGER NOT NULL REFERENCES network,"
	"	kind INTEGER NOT NULL,"
	"	name TEXT NOT NULL,"
	"	topic TEXT,"
	"	UNIQUE (network, kind, name)"
	") STRICT;",
	"CREATE TABLE link ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	name TEXT NOT NULL UNIQUE,"
	"	source INTEGER NOT NULL"
	") STRICT;",
	"CREATE INDEX link_source ON link (source);",
	"CREATE TABLE link_member ("
	"	link INTEGER NOT NULL REFERENCES link ON DELETE CASCADE,"
	"	channel INTEGER NOT NULL REFERENCES channel,"
	"	policy TEXT NOT NULL,"
	"	PRIMARY KEY (link, channel)"
	") STRICT, WITHOUT ROWID;",
	"CREATE INDEX link_member_channel ON link_member (channel);",

	"CREATE TABLE sender ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	network INTEGER NOT NULL REFERENCES network,"
	"	native_id TEXT NOT NULL,"
	"	name TEXT,"
	"	account TEXT,"
	"	avatar TEXT," /* hash */
	"	UNIQUE (network, native_id)"
	") STRICT;",
	"CREATE TABLE puppet ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	sender INTEGER NOT NULL REFERENCES sender ON DELETE CASCADE,"
	"	network INTEGER NOT NULL REFERENCES network,"
	"	native TEXT,"
	"	active_ms INTEGER NOT NULL,"
	"	UNIQUE (sender, network)"
	") STRICT;",
	"CREATE UNIQUE INDEX puppet_native ON puppet (network, native)"
	"	WHERE native IS NOT NULL;",
	"CREATE INDEX puppet_active ON puppet (network, active_ms);",
	"CREATE TABLE identity_link ("
	"	sender INTEGER NOT NULL REFERENCES sender ON DELETE CASCADE,"
	"	other INTEGER NOT NULL REFERENCES sender ON DELETE CASCADE,"
	"	proven_ms INTEGER NOT NULL,"
	"	PRIMARY KEY (sender, other),"
	"	CHECK (sender < other)"
	") STRICT, WITHOUT ROWID;",
	"CREATE INDEX identity_link_other ON identity_link (other);",

	"CREATE TABLE account (" /* a gateway user */
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	network INTEGER NOT NULL REFERENCES network,"
	"	native_id TEXT NOT NULL,"
	"	made_ms INTEGER NOT NULL,"
	"	UNIQUE (network, native_id)"
	") STRICT;",
	"CREATE TABLE credential ("
	"	account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,"
	"	network INTEGER NOT NULL REFERENCES network,"
	"	kind TEXT NOT NULL,"
	"	login TEXT,"
	"	sealed BLOB NOT NULL," /* encrypted; the key is elsewhere */
	"	changed_ms INTEGER NOT NULL,"
	"	PRIMARY KEY (account, network, kind)"
	") STRICT, WITHOUT ROWID;",

	"CREATE TABLE event ("
	"	id INTEGER PRIMARY KEY,"
	"	channel INTEGER NOT NULL REFERENCES channel,"
	"	sender INTEGER REFERENCES sender ON DELETE SET NULL,"
	"	kind INTEGER NOT NULL,"
	"	flags INTEGER NOT NULL,"
	"	when_ms INTEGER NOT NULL,"
	"	received_ms INTEGER NOT NULL,"
	"	sender_id TEXT,"
	"	sender_name TEXT,"
	"	native_id TEXT,"
	"	alt_id TEXT,"
	"	key TEXT,"
	"	target TEXT,"
	"	parent TEXT,"
	"	text TEXT,"
	"	spans TEXT,"
	"	mark TEXT,"
	"	attachments TEXT"
	") STRICT;",
	"CREATE UNIQUE INDEX event_key ON event (channel, key)"
	"	WHERE key IS NOT NULL;",
	"CREATE INDEX event_native ON event (channel, native_id)"
	"	WHERE native_id IS NOT NULL;",
	"CREATE INDEX event_alt ON event (channel, alt_id)"
	"	WHERE alt_id IS NOT NULL;",
	"CREATE INDEX event_received ON event (received_ms);",
	"CREATE TABLE delivery ("
	"	event INTEGER NOT NULL REFERENCES event ON DELETE CASCADE,"
	"	channel INTEGER NOT NULL REFERENCES channel,"
	"	state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 5),"
	"	attempts INTEGER NOT NULL,"
	"	last_ms INTEGER NOT NULL,"
	"	why TEXT,"
	"	PRIMARY KEY (event, channel)"
	") STRICT, WITHOUT ROWID;",
	"CREATE INDEX delivery_open ON delivery (channel, event)"
	"	WHERE state IN (0, 1);",
	"CREATE TABLE delivery_part ("
	"	event INTEGER NOT NULL,"
	"	channel INTEGER NOT NULL,"
	"	part INTEGER NOT NULL,"
	"	native_id TEXT NOT NULL,"
	"	PRIMARY KEY (event, channel, part),"
	"	FOREIGN KEY (event, channel)"
	"		REFERENCES delivery ON DELETE CASCADE"
	") STRICT, WITHOUT ROWID;",
	"CREATE INDEX delivery_part_native"
	"	ON delivery_part (channel, native_id);",

	"CREATE TABLE cursor (" /* scope: a channel's number, or '' */
	"	network INTEGER NOT NULL REFERENCES network,"
	"	scope TEXT NOT NULL,"
	"	value TEXT NOT NULL,"
	"	changed_ms INTEGER NOT NULL,"
	"	PRIMARY KEY (network, scope)"
	") STRICT, WITHOUT ROWID;",
	"CREATE TABLE transaction_seen ("
	"	network INTEGER NOT NULL REFERENCES network,"
	"	native_id TEXT NOT NULL,"
	"	seen_ms INTEGER NOT NULL,"
	"	PRIMARY KEY (network, native_id)"
	") STRICT, WITHOUT ROWID;",

	"CREATE TABLE ban ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	link INTEGER REFERENCES link ON DELETE CASCADE," /* or all */
	"	network INTEGER NOT NULL REFERENCES network,"
	"	native_id TEXT NOT NULL,"
	"	made_ms INTEGER NOT NULL,"
	"	until_ms INTEGER,"
	"	made_by TEXT NOT NULL,"
	"	why TEXT"
	") STRICT;",
	"CREATE INDEX ban_native ON ban (network, native_id);",
	"CREATE TABLE audit ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	when_ms INTEGER NOT NULL,"
	"	who TEXT NOT NULL,"
	"	door TEXT NOT NULL," /* control socket, ad-hoc, HTTP, ... */
	"	action TEXT NOT NULL,"
	"	object TEXT,"
	"	detail TEXT"
	") STRICT;",
	"PRAGMA user_version = 1;",
	NULL,
};

/* 2: messages that came by another bridge */
static const char *const origins[] = {
	"ALTER TABLE event ADD COLUMN origin TEXT;",
	"ALTER TABLE event ADD COLUMN via TEXT;",
	"CREATE INDEX event_origin ON event (origin)"
	"	WHERE origin IS NOT NULL;",
	"PRAGMA user_version = 2;",
	NULL,
};

/* 3: what waits: for how long, what stands for it, whom its end is owed */
static const char *const waiting[] = {
	/* Age by a clock that never jumps; it begins where the other was. */
	"CREATE TABLE clock ("
	"	only_row INTEGER PRIMARY KEY CHECK (only_row = 1),"
	"	steady_ms INTEGER NOT NULL,"
	"	wall_ms INTEGER NOT NULL" /* at that moment */
	") STRICT;",
	"INSERT INTO clock SELECT 1, coalesce(max(received_ms), 0),"
	"	coalesce(max(received_ms), 0) FROM event;",
	"ALTER TABLE event ADD COLUMN steady_ms INTEGER NOT NULL DEFAULT 0;",
	"UPDATE event SET steady_ms = received_ms WHERE id IN ("
	"	SELECT event FROM delivery WHERE state IN (0, 1));",
	/* An end of which the author was not told yet. */
	"ALTER TABLE delivery ADD COLUMN owed INTEGER NOT NULL DEFAULT 0;",
	"CREATE INDEX delivery_owed ON delivery (event, channel)"
	"	WHERE owed = 1;",
	/* Instead of itself it says how many were skipped, since when. */
	"ALTER TABLE delivery ADD COLUMN"
	"	stands_for INTEGER NOT NULL DEFAULT 0;",
	"ALTER TABLE delivery ADD COLUMN"
	"	stands_from_ms INTEGER NOT NULL DEFAULT 0;",
	/* In told they know that channel cannot be reached. */
	"CREATE TABLE away ("
	"	channel INTEGER NOT NULL REFERENCES channel,"
	"	told INTEGER NOT NULL REFERENCES channel,"
	"	PRIMARY KEY (channel, told)"
	") STRICT, WITHOUT ROWID;",
	"CREATE INDEX away_told ON away (told);",
	"PRAGMA user_version = 3;",
	NULL,
};

/* 4: what gateway users set, and the way from a channel to its past */
static const char *const settings[] = {
	"CREATE TABLE setting ("
	"	account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,"
	"	network INTEGER NOT NULL," /* 0: every one */
	"	key TEXT NOT NULL,"
	"	value TEXT NOT NULL,"
	"	sealed INTEGER NOT NULL CHECK (sealed IN (0, 1)),"
	"	changed_ms INTEGER NOT NULL,"
	"	PRIMARY KEY (account, network, key)"
	") STRICT, WITHOUT ROWID;",
	/* 128: EVENT_GATEWAY. Only those rooms' past is asked for. */
	"CREATE INDEX event_gateway ON event (channel)"
	"	WHERE flags & 128;",
	"CREATE INDEX delivery_channel ON delivery (channel, event)"
	"	WHERE state = 2;",
	"PRAGMA user_version = 4;",
	NULL,
};

/* 5: whom gateway users follow */
static const char *const contacts[] = {
	"CREATE TABLE contact ("
	"	account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,"
	"	channel INTEGER NOT NULL REFERENCES channel," /* the direct one */
	"	written TEXT NOT NULL," /* as the follower wrote the person */
	"	name TEXT NOT NULL,"    /* the follower's */
	"	made_ms INTEGER NOT NULL,"
	"	PRIMARY KEY (account, channel, written)"
	") STRICT, WITHOUT ROWID;",
	"CREATE INDEX contact_channel ON contact (channel);",
	"PRAGMA user_version = 5;",
	NULL,
};

/* 6: when gateway users were in rooms, and so what they may read */
static const char *const stays[] = {
	"CREATE TABLE stay ("
	"	account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,"
	"	channel INTEGER NOT NULL REFERENCES channel,"
	"	after INTEGER NOT NULL," /* events of greater numbers */
	"	until INTEGER NOT NULL," /* the last one; or the greatest number */
	"	PRIMARY KEY (account, channel, after)"
	") STRICT, WITHOUT ROWID;",
	"PRAGMA user_version = 6;",
	NULL,
};

/* 7: messages that were taken back, for links to their files */
static const char *const withdrawals[] = {
	"CREATE TABLE withdrawn ("
	"	tag INTEGER PRIMARY KEY," /* the message's, in links */
	"	until_ms INTEGER NOT NULL" /* then all of them are too old */
	") STRICT;",
	"CREATE INDEX withdrawn_until ON withdrawn (until_ms);",
	"PRAGMA user_version = 7;",
	NULL,
};

/* 8: what adapters want to know again after a restart */
static const char *const memos[] = {
	"CREATE TABLE memo ("
	"	network INTEGER NOT NULL REFERENCES network (id),"
	"	scope TEXT NOT NULL,"
	"	key TEXT NOT NULL,"
	"	value TEXT NOT NULL,"
	"	when_ms INTEGER NOT NULL,"
	"	PRIMARY KEY (network, scope, key)"
	") STRICT, WITHOUT ROWID;",
	"PRAGMA user_version = 8;",
	NULL,
};

/* 9: which reactions stand */
static const char *const marks[] = {
	"CREATE INDEX event_mark ON event (channel, target)"
	"	WHERE mark IS NOT NULL;",
	"PRAGMA user_version = 9;",
	NULL,
};

/* 10: whom gateway users do not want to hear */
static const char *const blocks[] = {
	"CREATE TABLE block ("
	"	account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,"
	"	network TEXT NOT NULL," /* label, and id there */
	"	person TEXT NOT NULL,"
	"	made_ms INTEGER NOT NULL,"
	"	PRIMARY KEY (account, network, person)"
	") STRICT, WITHOUT ROWID;",
	"PRAGMA user_version = 10;",
	NULL,
};

/* 11: names and pictures of channels */
static const char *const abouts[] = {
	"CREATE TABLE about ("
	"	channel INTEGER NOT NULL REFERENCES channel,"
	"	kind INTEGER NOT NULL,"
	"	seen TEXT,"   /* as it was there last; NULL: not known */
	"	wanted TEXT," /* what it is to become; NULL: nothing */
	"	source INTEGER NOT NULL," /* channel where that was set */
	"	author TEXT,"
	"	author_name TEXT,"
	"	PRIMARY KEY (channel, kind)"
	") STRICT, WITHOUT ROWID;",
	"PRAGMA user_version = 11;",
	NULL,
};

static const char *const *const migrations[] = {
	links_and_messages,
	origins,
	waiting,
	settings,
	contacts,
	stays,
	withdrawals,
	memos,
	marks,
	blocks,
	abouts,
};
/* clang-format on */

int
db_schema_version(void)
{
	return (int)ARRAY_SIZE(migrations);
}

/* The number that a query answers, or -errno. */
static int
ask(sqlite3 *sql, const char *question, int64_t *out)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(sql, question, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : sql_errno(sql, rc);
}

static int
damaged(const char *path, const char *what, struct error *err)
{
	return error_set(err, EUCLEAN, "%s: damaged; " ADVICE ": %s", path,
			 what);
}

static int
unreadable(sqlite3 *sql, int rc, const char *path, struct error *err)
{
	if (sqlite3_errcode(sql) == SQLITE_NOTADB)
		return error_set(err, EUCLEAN,
				 "%s: not a database, or damaged; " ADVICE,
				 path);
	if (rc == -EUCLEAN)
		return damaged(path, sqlite3_errmsg(sql), err);
	return error_set(err, -rc, "%s: cannot be read: %s", path,
			 sqlite3_errmsg(sql));
}

/* The first complaint of a quick check, or none. */
static int
quick_check(sqlite3 *sql, const char *path, struct error *err)
{
	sqlite3_stmt *st = NULL;
	int rc =
		sqlite3_prepare_v2(sql, "PRAGMA quick_check(1)", -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc != SQLITE_ROW) {
		rc = sql_errno(sql, rc);
		sqlite3_finalize(st);
		return unreadable(sql, rc, path, err);
	}

	const char *answer = (const char *)sqlite3_column_text(st, 0);

	rc = sqlite3_stricmp(answer, "ok") == 0 ? 0
						: damaged(path, answer, err);
	sqlite3_finalize(st);
	return rc;
}

int
schema_check(sqlite3 *sql, const char *path, struct error *err)
{
	int64_t owner = 0;
	int64_t version = 0;
	int64_t tables = 0;
	int rc = ask(sql, "PRAGMA application_id", &owner);

	if (!rc)
		rc = ask(sql, "PRAGMA user_version", &version);
	if (!rc)
		rc = ask(sql, "SELECT count(*) FROM sqlite_schema", &tables);
	if (rc)
		return unreadable(sql, rc, path, err);

	if (owner == 0 && version == 0 && tables == 0)
		return 0; /* new */
	if (owner != APPLICATION_ID)
		return error_set(err, EINVAL,
				 "%s: another program's database "
				 "(application id %#llx); name a file of our "
				 "own",
				 path, (unsigned long long)owner);
	if (version > db_schema_version())
		return error_set(err, EINVAL,
				 "%s: made by a newer version of Causeway "
				 "(schema %lld, this program knows %d); run "
				 "that version or restore a backup",
				 path, (long long)version, db_schema_version());
	return quick_check(sql, path, err);
}

int
schema_apply(sqlite3 *sql, int64_t version)
{
	const char *const *migration = migrations[version - 1];
	int rc = sqlite3_exec(sql, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	while (rc == SQLITE_OK && *migration)
		rc = sqlite3_exec(sql, *migration++, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(sql, "COMMIT", NULL, NULL, NULL);
	return rc;
}

int
schema_migrate(sqlite3 *sql, const char *path, struct error *err)
{
	int64_t version = 0;
	int rc = ask(sql, "PRAGMA user_version", &version);

	if (rc)
		return unreadable(sql, rc, path, err);

	while (version < db_schema_version()) {
		rc = schema_apply(sql, version + 1);
		if (rc != SQLITE_OK)
			return error_set(err, -sql_errno(sql, rc),
					 "%s: schema %lld could not be made: "
					 "%s",
					 path, (long long)version + 1,
					 sqlite3_errmsg(sql));
		version++;
	}
	return 0;
}
