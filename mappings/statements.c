/* SPDX-License-Identifier: MIT */
/*
 * statements.c - every statement that is ever run, as a constant text.
 *
 * Each is prepared once when a connection is opened, so a wrong one fails the
 * first test that opens a database. "state IN (0, 1)" is written as in the
 * partial index delivery_open, by which SQLite recognises that it may use it.
 */

#include "mappings/sql.h"

#include <assert.h>

/* clang-format off */
static const char *const texts[SQL_STATEMENTS] = {
	[SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[SQL_BEGIN_READ] = "BEGIN",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_MARK] = "SAVEPOINT job",
	[SQL_RELEASE] = "RELEASE job",
	[SQL_REVERT] = "ROLLBACK TO job",
	[SQL_INTEGRITY] = "PRAGMA integrity_check(5)",
	[SQL_FOREIGN_KEYS] = "PRAGMA foreign_key_check",

	[SQL_META_GET] = "SELECT bridge_id, generation FROM meta",
	[SQL_META_START] = "UPDATE meta SET generation = generation + 1",
	[SQL_CLOCK_GET] =
		"SELECT steady_ms, wall_ms, coalesce("
		"	(SELECT steady_ms FROM event ORDER BY id DESC LIMIT 1),"
		"	0) FROM clock",
	[SQL_CLOCK_SET] = "UPDATE clock SET steady_ms = ?1, wall_ms = ?2",
	[SQL_META_EVENT] =
		"UPDATE meta SET last_event = max(last_event,"
		"	(SELECT coalesce(max(id), 0) FROM event))",

	[SQL_NETWORK_FIND] =
		"SELECT id, protocol IS ?2 FROM network WHERE name = ?1",
	[SQL_NETWORK_ADD] =
		"INSERT INTO network (name, protocol) VALUES (?1, ?2)",
	[SQL_NETWORK_ADD_AS] =
		"INSERT INTO network (name, protocol, id) VALUES (?1, ?2, ?3)",
	[SQL_NETWORK_LAST] =
		"SELECT coalesce(max(id), 0) FROM network",
	[SQL_NETWORK_SET] =
		"UPDATE network SET protocol = ?2 WHERE id = ?1",
	[SQL_CHANNEL_FIND] =
		"SELECT id FROM channel"
		"	WHERE network = ?1 AND kind = ?2 AND name = ?3",
	[SQL_CHANNEL_ADD] =
		"INSERT INTO channel (network, kind, name) VALUES (?1, ?2, ?3)",
	[SQL_CHANNEL_SET_TOPIC] =
		"UPDATE channel SET topic = ?2 WHERE id = ?1",
	[SQL_CHANNEL_TOPIC] =
		"SELECT topic FROM channel WHERE id = ?1",
	[SQL_CURSOR_MOVE] =
		"UPDATE cursor SET value = ?2, changed_ms = ?3"
		"	WHERE scope = CAST(?1 AS TEXT) AND network = ("
		"		SELECT network FROM channel WHERE id = ?1)",
	[SQL_CURSOR_SET] =
		"INSERT INTO cursor (network, scope, value, changed_ms)"
		"	SELECT network, CAST(id AS TEXT), ?2, ?3"
		"	FROM channel WHERE id = ?1"
		"	ON CONFLICT DO UPDATE SET value = ?2, changed_ms = ?3",
	[SQL_CURSOR_GET] =
		"SELECT u.value FROM channel c JOIN cursor u"
		"	ON u.network = c.network AND u.scope = CAST(c.id AS TEXT)"
		"	WHERE c.id = ?1",
	[SQL_HEARD_SET] =
		"INSERT INTO cursor (network, scope, value, changed_ms)"
		"	VALUES (?1, '', CAST(?2 AS TEXT), ?2)"
		"	ON CONFLICT DO UPDATE"
		"	SET value = CAST(?2 AS TEXT), changed_ms = ?2",
	[SQL_HEARD_GET] =
		"SELECT changed_ms FROM cursor"
		"	WHERE network = ?1 AND scope = ''",
	[SQL_LINK_FIND] =
		"SELECT id, source FROM link WHERE name = ?1",
	[SQL_LINK_ADD] =
		"INSERT INTO link (name, source) VALUES (?1, ?2)",
	[SQL_LINK_REMOVE] =
		"DELETE FROM link WHERE id = ?1",
	[SQL_MEMBER_PUT] =
		"INSERT INTO link_member (link, channel, policy)"
		"	VALUES (?1, ?2, ?3)"
		"	ON CONFLICT (link, channel)"
		"	DO UPDATE SET policy = excluded.policy",
	[SQL_MEMBER_REMOVE] =
		"DELETE FROM link_member WHERE link = ?1 AND channel = ?2",
	[SQL_LINK_EACH] =
		"SELECT l.id, c.id, n.id, l.name, n.name, c.name, c.kind,"
		"	m.policy"
		"	FROM link l JOIN link_member m ON m.link = l.id"
		"	JOIN channel c ON c.id = m.channel"
		"	JOIN network n ON n.id = c.network"
		"	WHERE l.source = ?1 ORDER BY l.id, c.id",

	[SQL_CHANNEL_GET] =
		"SELECT c.id, n.id, c.kind, n.name, c.name"
		"	FROM channel c JOIN network n ON n.id = c.network"
		"	WHERE c.id = ?1",

	[SQL_SENDER_FIND] =
		"SELECT id, (?3 IS NULL OR ?3 IS name)"
		"	AND (?4 IS NULL OR ?4 IS account)"
		"	FROM sender WHERE network = ?1 AND native_id = ?2",
	[SQL_SENDER_ADD] =
		"INSERT INTO sender (network, native_id, name, account)"
		"	VALUES (?1, ?2, ?3, ?4)",
	[SQL_SENDER_SET] =
		"UPDATE sender SET name = coalesce(?2, name),"
		"	account = coalesce(?3, account) WHERE id = ?1",
	[SQL_PUPPET_FIND] =
		"SELECT id, (?3 IS NULL OR ?3 IS native) AND ?4 <= active_ms"
		"	FROM puppet WHERE sender = ?1 AND network = ?2",
	[SQL_PUPPET_ADD] =
		"INSERT INTO puppet (sender, network, native, active_ms)"
		"	VALUES (?1, ?2, ?3, ?4)",
	[SQL_PUPPET_SET] =
		"UPDATE puppet SET native = coalesce(?2, native),"
		"	active_ms = max(active_ms, ?3) WHERE id = ?1",
	[SQL_PUPPET_NATIVE] =
		"SELECT native FROM puppet WHERE sender = ?1 AND network = ?2",
	[SQL_PUPPET_EACH] =
		"SELECT p.id, s.id, n.name, s.native_id,"
		"	coalesce(s.name, s.native_id), p.native, p.active_ms"
		"	FROM puppet p JOIN sender s ON s.id = p.sender"
		"	JOIN network n ON n.id = s.network"
		"	WHERE p.network = ?1"
		"	ORDER BY p.active_ms DESC, p.id DESC LIMIT ?2",

	[SQL_ACCOUNT_FIND] =
		"SELECT id FROM account WHERE network = ?1 AND native_id = ?2",
	[SQL_ACCOUNT_ADD] =
		"INSERT INTO account (network, native_id, made_ms)"
		"	VALUES (?1, ?2, ?3)",
	[SQL_SETTING_PUT] =
		"INSERT INTO setting (account, network, key, value, sealed,"
		"	changed_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		"	ON CONFLICT (account, network, key) DO UPDATE"
		"	SET value = ?4, sealed = ?5, changed_ms = ?6",
	[SQL_SETTING_REMOVE] =
		"DELETE FROM setting"
		"	WHERE account = ?1 AND network = ?2 AND key = ?3",
	[SQL_SETTING_EACH] =
		"SELECT s.network, s.key, s.value, s.sealed"
		"	FROM account a JOIN setting s ON s.account = a.id"
		"	WHERE a.network = ?1 AND a.native_id = ?2"
		"	ORDER BY s.network, s.key",
	[SQL_SETTING_OF_EACH] =
		"SELECT a.native_id, s.value"
		"	FROM account a JOIN setting s ON s.account = a.id"
		"	WHERE a.network = ?1 AND s.network = ?2 AND s.key = ?3"
		"	ORDER BY a.id",
	[SQL_CONTACT_PUT] =
		"INSERT INTO contact (account, channel, written, name, made_ms)"
		"	VALUES (?1, ?2, ?3, ?4, ?5)"
		"	ON CONFLICT (account, channel, written)"
		"	DO UPDATE SET name = excluded.name",
	[SQL_CONTACT_REMOVE] =
		"DELETE FROM contact"
		"	WHERE account = ?1 AND channel = ?2 AND written = ?3",
	[SQL_CONTACT_EACH] =
		"SELECT f.name, a.native_id, c.name, n.name, ch.name,"
		"	c.written, ch.id"
		"	FROM contact c JOIN account a ON a.id = c.account"
		"	JOIN network f ON f.id = a.network"
		"	JOIN channel ch ON ch.id = c.channel"
		"	JOIN network n ON n.id = ch.network"
		"	ORDER BY a.id, ch.id",

	[SQL_BLOCK_PUT] =
		"INSERT INTO block (account, network, person, made_ms)"
		"	VALUES (?1, ?2, ?3, ?4)"
		"	ON CONFLICT (account, network, person) DO NOTHING",
	[SQL_BLOCK_REMOVE] =
		"DELETE FROM block"
		"	WHERE account = ?1 AND network = ?2 AND person = ?3",
	[SQL_BLOCK_EACH] =
		"SELECT f.name, a.native_id, b.network, b.person"
		"	FROM block b JOIN account a ON a.id = b.account"
		"	JOIN network f ON f.id = a.network",

	[SQL_STAY_RESUME] =
		"UPDATE stay SET until = 9223372036854775807"
		"	WHERE account = ?1 AND channel = ?2 AND until = ?3",
	[SQL_STAY_BEGIN] =
		"INSERT OR REPLACE INTO stay (account, channel, after, until)"
		"	VALUES (?1, ?2, ?3, 9223372036854775807)",
	[SQL_STAY_END] =
		"UPDATE stay SET until = max(after, ?3) WHERE account = ?1"
		"	AND channel = ?2 AND until = 9223372036854775807",
	[SQL_STAYS_END] =
		"UPDATE stay SET until = max(after, ?1)"
		"	WHERE until = 9223372036854775807",
	[SQL_STAYS_OF] =
		"SELECT s.after, s.until"
		"	FROM account a JOIN stay s ON s.account = a.id"
		"	WHERE a.network = ?1 AND a.native_id = ?2"
		"	AND s.channel = ?3 ORDER BY s.after DESC LIMIT ?4",
	[SQL_STAYS_PRUNE] =
		"DELETE FROM stay WHERE until <"
		"	(SELECT coalesce(min(id), 0) FROM event)",

	[SQL_WITHDRAWN_PUT] =
		"INSERT INTO withdrawn (tag, until_ms) VALUES (?1, ?2)"
		"	ON CONFLICT (tag) DO UPDATE SET"
		"	until_ms = max(until_ms, excluded.until_ms)",
	[SQL_WITHDRAWN_PRUNE] =
		"DELETE FROM withdrawn WHERE until_ms < ?1",
	[SQL_WITHDRAWN_FIND] =
		"SELECT 1 FROM withdrawn WHERE tag = ?1",

	[SQL_MEMO_PUT] =
		"INSERT INTO memo (network, scope, key, value, when_ms)"
		"	VALUES (?1, ?2, ?3, ?4, ?5)"
		"	ON CONFLICT DO UPDATE SET value = excluded.value,"
		"	when_ms = excluded.when_ms",
	[SQL_MEMO_REMOVE] =
		"DELETE FROM memo"
		"	WHERE network = ?1 AND scope = ?2 AND key = ?3",
	[SQL_MEMO_EACH] =
		"SELECT key, value FROM (SELECT key, value, when_ms FROM memo"
		"	WHERE network = ?1 AND scope = ?2"
		"	ORDER BY when_ms DESC, key DESC LIMIT ?3)"
		"	ORDER BY when_ms, key",
	[SQL_MEMOS_TRIM] =
		"DELETE FROM memo WHERE network = ?1 AND scope = ?2"
		"	AND key NOT IN (SELECT key FROM memo"
		"	WHERE network = ?1 AND scope = ?2"
		"	ORDER BY when_ms DESC, key DESC LIMIT ?3)",

	[SQL_EVENT_LAST] =
		"SELECT max(last_event,"
		"	(SELECT coalesce(max(id), 0) FROM event)) FROM meta",
	[SQL_EVENT_ADD] =
		"INSERT INTO event (id, channel, sender, kind, flags, when_ms,"
		"	received_ms, sender_id, sender_name, native_id, alt_id,"
		"	key, target, parent, text, spans, mark, attachments,"
		"	origin, via, steady_ms)"
		"	VALUES (?1, ?2, nullif(?3, 0), ?4, ?5, ?6, ?7, ?8, ?9,"
		"	?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
		"	ON CONFLICT DO NOTHING",
	[SQL_EVENT_KNOWN] =
		"SELECT coalesce("
		"	(SELECT id FROM event WHERE channel = ?1 AND key = ?2),"
		"	(SELECT id FROM event WHERE id = ?3))",
	[SQL_EVENT_GET] =
		"SELECT id, channel, coalesce(sender, 0), kind, flags, when_ms,"
		"	received_ms, sender_id, sender_name, native_id, alt_id,"
		"	key, target, parent, text, spans, mark, attachments,"
		"	origin, via, steady_ms FROM event WHERE id = ?1",
	/* In a room of the same link. */
	[SQL_EVENT_SAME] =
		"SELECT e.id, e.channel, e.text FROM event e"
		"	WHERE e.origin = ?1 AND e.channel IN ("
		"		SELECT b.channel FROM link_member a"
		"		JOIN link_member b ON b.link = a.link"
		"		WHERE a.channel = ?2)"
		"	ORDER BY e.id LIMIT 8",
	/* A person may choose an alt_id: it never hides a network's id. */
	[SQL_EVENT_FIND] =
		"SELECT coalesce("
		"	(SELECT max(id) FROM event"
		"		WHERE channel = ?1 AND native_id = ?2),"
		"	(SELECT max(event) FROM delivery_part"
		"		WHERE channel = ?1 AND native_id = ?2),"
		"	(SELECT max(id) FROM event"
		"		WHERE channel = ?1 AND alt_id = ?2),"
		"	0)",
	/* Through the channels, because that is how the indexes begin. */
	[SQL_EVENT_FIND_ALL] =
		"SELECT e.id AS id FROM channel c CROSS JOIN event e"
		"	ON e.channel = c.id AND e.native_id = ?1"
		"	UNION SELECT p.event FROM channel c"
		"	CROSS JOIN delivery_part p"
		"	ON p.channel = c.id AND p.native_id = ?1"
		"	UNION SELECT e.id FROM channel c CROSS JOIN event e"
		"	ON e.channel = c.id AND e.alt_id = ?1"
		"	ORDER BY id DESC LIMIT ?2",
	/* Of each mark the last word counts. */
	[SQL_MARKS_STANDING] =
		"SELECT e.mark FROM event e"
		"	WHERE e.channel = ?1 AND e.target = ?2"
		"	AND e.mark IS NOT NULL AND e.sender_id = ?3"
		"	AND e.id < ?4 AND NOT e.flags & ?5"
		"	AND NOT EXISTS (SELECT 1 FROM event l"
		"		WHERE l.channel = ?1 AND l.target = ?2"
		"		AND l.mark = e.mark AND l.sender_id = ?3"
		"		AND l.id > e.id AND l.id < ?4)"
		"	ORDER BY e.id",
	/* Numbers grow with the time of receipt, or nearly so. */
	[SQL_EVENT_FIRST_SINCE] =
		"SELECT id FROM event WHERE received_ms >= ?1"
		"	ORDER BY received_ms, id LIMIT 1",
	[SQL_EVENT_LAST_UNTIL] =
		"SELECT id FROM event WHERE received_ms <= ?1"
		"	ORDER BY received_ms DESC, id DESC LIMIT 1",
	/* "flags & 128" and "state = 2" as in the indexes event_gateway and
	 * delivery_channel. */
	[SQL_EVENT_OLDEST] =
		"SELECT id FROM event"
		"	WHERE channel = ?1 AND id > ?2 AND id < ?3"
		"	AND flags & 128"
		"	UNION ALL SELECT event FROM delivery"
		"	WHERE channel = ?1 AND event > ?2 AND event < ?3"
		"	AND state = 2"
		"	ORDER BY 1 LIMIT ?4",
	[SQL_EVENT_NEWEST] =
		"SELECT id FROM event"
		"	WHERE channel = ?1 AND id > ?2 AND id < ?3"
		"	AND flags & 128"
		"	UNION ALL SELECT event FROM delivery"
		"	WHERE channel = ?1 AND event > ?2 AND event < ?3"
		"	AND state = 2"
		"	ORDER BY 1 DESC LIMIT ?4",
	[SQL_EVENT_COUNT] =
		"SELECT (SELECT count(*) FROM event"
		"		WHERE channel = ?1 AND id > ?2 AND id < ?3"
		"		AND flags & 128)"
		"	+ (SELECT count(*) FROM delivery"
		"		WHERE channel = ?1 AND event > ?2 AND event < ?3"
		"		AND state = 2)",
	/* Between two people: channel ?1 is the reader's, ?5 the other's. */
	[SQL_TALK_OLDEST] =
		"SELECT e.id FROM event e JOIN delivery d"
		"	ON d.event = e.id AND d.channel = ?5"
		"	WHERE e.channel = ?1 AND e.id > ?2 AND e.id < ?3"
		"	AND e.flags & 128"
		"	UNION ALL SELECT d.event FROM delivery d JOIN event e"
		"	ON e.id = d.event AND e.channel = ?5"
		"	WHERE d.channel = ?1 AND d.event > ?2 AND d.event < ?3"
		"	AND d.state = 2"
		"	ORDER BY 1 LIMIT ?4",
	[SQL_TALK_NEWEST] =
		"SELECT e.id FROM event e JOIN delivery d"
		"	ON d.event = e.id AND d.channel = ?5"
		"	WHERE e.channel = ?1 AND e.id > ?2 AND e.id < ?3"
		"	AND e.flags & 128"
		"	UNION ALL SELECT d.event FROM delivery d JOIN event e"
		"	ON e.id = d.event AND e.channel = ?5"
		"	WHERE d.channel = ?1 AND d.event > ?2 AND d.event < ?3"
		"	AND d.state = 2"
		"	ORDER BY 1 DESC LIMIT ?4",
	[SQL_TALK_COUNT] =
		"SELECT (SELECT count(*) FROM event e JOIN delivery d"
		"		ON d.event = e.id AND d.channel = ?4"
		"		WHERE e.channel = ?1 AND e.id > ?2"
		"		AND e.id < ?3 AND e.flags & 128)"
		"	+ (SELECT count(*) FROM delivery d JOIN event e"
		"		ON e.id = d.event AND e.channel = ?4"
		"		WHERE d.channel = ?1 AND d.event > ?2"
		"		AND d.event < ?3 AND d.state = 2)",
	[SQL_EVENT_OWN_ID] =
		"SELECT CASE WHEN ?3 THEN coalesce(alt_id, native_id)"
		"	ELSE native_id END"
		"	FROM event WHERE id = ?1 AND channel = ?2",
	[SQL_EVENT_PART_IDS] =
		"SELECT native_id FROM delivery_part"
		"	WHERE event = ?1 AND channel = ?2 ORDER BY part",
	[SQL_EVENT_READ] =
		"SELECT id FROM event e"
		"	WHERE id <= ?1 AND id > ?1 - 500 AND kind = ?5"
		"	AND (channel = ?2 OR EXISTS (SELECT 1 FROM delivery_part p"
		"		WHERE p.event = e.id AND p.channel = ?2))"
		"	AND (channel = ?3 OR EXISTS (SELECT 1 FROM delivery_part p"
		"		WHERE p.event = e.id AND p.channel = ?3))"
		"	AND NOT (channel = ?2 AND sender_id = ?4)"
		"	ORDER BY id DESC LIMIT 1",
	[SQL_EVENT_PRUNE] =
		"DELETE FROM event WHERE id IN ("
		"	SELECT id FROM event e WHERE received_ms < ?1"
		"	AND NOT EXISTS (SELECT 1 FROM delivery d"
		"		WHERE d.event = e.id AND d.state IN (0, 1))"
		"	ORDER BY received_ms LIMIT ?2)",

	[SQL_DELIVERY_ADD] =
		"INSERT INTO delivery (event, channel, state, attempts,"
		"	last_ms) VALUES (?1, ?2, 0, 0, 0)"
		"	ON CONFLICT DO NOTHING",
	[SQL_DELIVERY_HAS] =
		"SELECT state FROM delivery WHERE event = ?1 AND channel = ?2",
	/* The same attempt told twice is one attempt. */
	[SQL_DELIVERY_ATTEMPT] =
		"UPDATE delivery SET state = 1, attempts = attempts + 1,"
		"	last_ms = ?3 WHERE event = ?1 AND channel = ?2"
		"	AND state IN (0, 1) AND NOT (state = 1 AND last_ms = ?3)",
	[SQL_DELIVERY_SETTLE] =
		"UPDATE delivery SET state = ?3, last_ms = ?4,"
		"	why = coalesce(?5, why), attempts = max(attempts, ?6),"
		"	owed = ?7"
		"	WHERE event = ?1 AND channel = ?2 AND state IN (0, 1)",
	[SQL_DELIVERY_PART] =
		"INSERT INTO delivery_part (event, channel, part, native_id)"
		"	VALUES (?1, ?2, ?3, ?4)",
	[SQL_DELIVERY_LATER] =
		"UPDATE delivery SET state = 0, why = coalesce(?3, why)"
		"	WHERE event = ?1 AND channel = ?2 AND state IN (0, 1)",
	[SQL_DELIVERY_NEXT] =
		"SELECT event, channel, state, attempts, last_ms, why,"
		"	stands_for, stands_from_ms"
		"	FROM delivery WHERE channel = ?1 AND event > ?2"
		"	AND state IN (0, 1) ORDER BY event LIMIT ?3",
	[SQL_DELIVERY_EACH] =
		"SELECT event, channel, state, attempts, last_ms, why,"
		"	stands_for, stands_from_ms"
		"	FROM delivery WHERE event = ?1 ORDER BY channel",
	[SQL_DELIVERY_TOLD] =
		"UPDATE delivery SET owed = 0"
		"	WHERE event = ?1 AND channel = ?2 AND owed = 1",
	[SQL_OWED_EACH] =
		"SELECT event, channel, state, attempts, last_ms, why,"
		"	stands_for, stands_from_ms FROM delivery WHERE owed = 1"
		"	ORDER BY event, channel",
	[SQL_OWED_TRIM] =
		"UPDATE delivery SET owed = 0 WHERE owed = 1 AND event < ("
		"	SELECT event FROM delivery WHERE owed = 1"
		"	ORDER BY event DESC, channel DESC"
		"	LIMIT 1 OFFSET ?1 - 1)",
	[SQL_QUEUE_CHANNELS] =
		"SELECT c.id, n.id, c.kind, n.name, c.name"
		"	FROM channel c JOIN network n ON n.id = c.network"
		"	WHERE EXISTS (SELECT 1 FROM delivery d"
		"		WHERE d.channel = c.id AND d.state IN (0, 1))"
		"	ORDER BY c.id",
	/* Casts, because length() counts characters of a text. */
	[SQL_QUEUE_FIGURES] =
		"SELECT count(*),"
		"	total(coalesce(length(CAST(e.text AS BLOB)), 0)"
		"	+ coalesce(length(CAST(e.spans AS BLOB)), 0)"
		"	+ coalesce(length(CAST(e.attachments AS BLOB)), 0)),"
		"	min(e.steady_ms), max(d.event)"
		"	FROM delivery d JOIN event e ON e.id = d.event"
		"	WHERE d.channel = ?1 AND d.state IN (0, 1)",
	/* From the index alone, so that it may be asked of a full queue. */
	[SQL_QUEUE_DEPTH] =
		"SELECT n, coalesce((SELECT steady_ms FROM event"
		"		WHERE id = first), 0)"
		"	FROM (SELECT count(*) AS n, min(event) AS first"
		"		FROM delivery"
		"		WHERE channel = ?1 AND state IN (0, 1))",
	[SQL_QUEUE_LIST] =
		"SELECT d.event, d.channel, d.state, d.attempts, d.last_ms,"
		"	d.why, d.stands_for, d.stands_from_ms,"
		"	e.received_ms, e.steady_ms"
		"	FROM delivery d JOIN event e ON e.id = d.event"
		"	WHERE d.channel = ?1 AND d.state IN (0, 1)"
		"	ORDER BY d.event LIMIT ?2",

	/* What has been folded already counts as what it stands for. */
	[SQL_FOLD_FIGURES] =
		"SELECT total(max(d.stands_for, 1)), min(e.steady_ms)"
		"	FROM delivery d JOIN event e ON e.id = d.event"
		"	WHERE d.channel = ?1 AND d.state IN (0, 1)"
		"	AND e.kind = ?2",
	[SQL_FOLD_LAST] =
		"SELECT d.event FROM delivery d JOIN event e ON e.id = d.event"
		"	WHERE d.channel = ?1 AND d.state IN (0, 1)"
		"	AND e.kind = ?2 ORDER BY d.event DESC LIMIT 1 OFFSET ?3",
	[SQL_FOLD_SUM] =
		"SELECT total(max(d.stands_for, 1)), min(CASE"
		"	WHEN d.stands_for > 0 THEN d.stands_from_ms"
		"	WHEN e.when_ms > 0 THEN e.when_ms"
		"	ELSE e.received_ms END)"
		"	FROM delivery d JOIN event e ON e.id = d.event"
		"	WHERE d.channel = ?1 AND d.state IN (0, 1)"
		"	AND e.kind = ?2 AND d.event <= ?3",
	[SQL_FOLD_STAND] =
		"UPDATE delivery SET stands_for = ?3, stands_from_ms = ?4"
		"	WHERE event = ?1 AND channel = ?2 AND state IN (0, 1)",
	[SQL_FOLD_SKIP] =
		"UPDATE delivery SET state = 5, last_ms = ?4,"
		"	why = 'one of many after a long outage'"
		"	WHERE channel = ?1 AND state IN (0, 1) AND event < ?2"
		"	AND (SELECT e.kind FROM event e"
		"		WHERE e.id = delivery.event) != ?3",
	/* What is about one that is not shown is not shown either. */
	[SQL_FOLD_ABOUT] =
		"UPDATE delivery SET state = 5, last_ms = ?4,"
		"	why = 'about one that was skipped'"
		"	WHERE channel = ?1 AND state IN (0, 1) AND event > ?2"
		"	AND EXISTS (SELECT 1 FROM event e, event t,"
		"		delivery td"
		"		WHERE e.id = delivery.event AND e.kind != ?3"
		"		AND e.target IS NOT NULL"
		"		AND t.channel = e.channel"
		"		AND (t.native_id = e.target"
		"			OR t.alt_id = e.target)"
		"		AND td.event = t.id AND td.channel = ?1"
		"		AND (td.state = 5 OR td.stands_for > 0))",
	[SQL_FOLD_LATEST] =
		"UPDATE delivery SET state = 5, last_ms = ?3,"
		"	why = 'a later one holds'"
		"	WHERE channel = ?1 AND state IN (0, 1)"
		"	AND (SELECT e.kind FROM event e"
		"		WHERE e.id = delivery.event) = ?2"
		"	AND event < (SELECT max(d.event) FROM delivery d"
		"		JOIN event e ON e.id = d.event"
		"		WHERE d.channel = ?1 AND d.state IN (0, 1)"
		"		AND e.kind = ?2)",

	[SQL_AWAY_ADD] =
		"INSERT INTO away (channel, told) VALUES (?1, ?2)"
		"	ON CONFLICT DO NOTHING",
	[SQL_AWAY_OVER] = "DELETE FROM away WHERE channel = ?1",
	/* Of the first that wait: who else does is told by the next word. */
	[SQL_AWAY_WAITING] =
		"SELECT DISTINCT e.channel FROM ("
		"	SELECT event FROM delivery WHERE channel = ?1"
		"	AND state IN (0, 1) ORDER BY event LIMIT 256) d"
		"	JOIN event e ON e.id = d.event"
		"	LEFT JOIN sender s ON s.id = e.sender"
		"	WHERE s.native_id IS NOT ?2",
	[SQL_AWAY_EACH] = "SELECT told FROM away WHERE channel = ?1",

	[SQL_ABOUT_PUT] =
		"INSERT INTO about (channel, kind, seen, wanted, source,"
		"	author, author_name)"
		"	VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
		"	ON CONFLICT DO UPDATE SET seen = ?3, wanted = ?4,"
		"	source = ?5, author = ?6, author_name = ?7",
	[SQL_ABOUT_EACH] =
		"SELECT kind, seen, wanted, source, author, author_name"
		"	FROM about WHERE channel = ?1",
};
/* clang-format on */

const char *
sql_text(enum statement which)
{
	assert(texts[which]);
	return texts[which];
}
