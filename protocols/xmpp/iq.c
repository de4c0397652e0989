/* SPDX-License-Identifier: MIT */
/*
 * iq.c - questions: ours, with their answers, and those of others.
 *
 * XEP-0030 (disco), XEP-0092 (version), XEP-0199 (ping), XEP-0202 (time),
 * XEP-0012 (last activity), XEP-0054 (vcard-temp, the least that makes one).
 * Whatever else is asked is answered with service-unavailable: no question
 * may stay unanswered (RFC 6120 8.2.3).
 */

#include "protocols/xmpp/avatars.h"
#include "protocols/xmpp/hosted.h"
#include "protocols/xmpp/muc.h"

#include "bridge/base.h"
#include "conf/conf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_VERSION "jabber:iq:version"
#define NS_TIME "urn:xmpp:time"
#define NS_LAST "jabber:iq:last"

/* ---- ours ---------------------------------------------------------------- */

static void
query_free(struct query *q)
{
	timer_stop(&q->timer);
	HASH_DELETE(hh, q->x->queries, q);
	free(q->to);
	free(q);
}

static void
query_answer(struct query *q, xmpp_stanza_t *answer)
{
	query_fn *fn = q->fn;
	void *arg = q->arg;

	query_free(q);
	if (fn)
		fn(arg, answer);
}

static void
on_query_late(void *arg)
{
	query_answer(arg, NULL);
}

void
query_send(struct xmpp *x, xmpp_stanza_t *iq, int64_t wait_ms, query_fn *fn,
	   void *arg)
{
	struct query *q = xcalloc(1, sizeof(*q));

	/* Not to be guessed: who can guess it can answer in another's name. */
	(void)snprintf(q->id, sizeof(q->id), "q%" PRIu64 "-%016" PRIx64,
		       ++x->last_query, loop_random(x->loop));
	q->x = x;
	q->to = xstrdup(stanza_get(iq, "to"));
	q->fn = fn;
	q->arg = arg;
	HASH_ADD_KEYPTR(hh, x->queries, q->id, strlen(q->id), q);
	timer_start(&q->timer, x->loop, wait_ms, on_query_late, q);
	stanza_attr(iq, "id", q->id);
	xmpp_post(x, iq);
}

void
query_drop(struct xmpp *x, const void *arg)
{
	struct query *q, *next;

	HASH_ITER(hh, x->queries, q, next)
	{
		if (!arg || q->arg == arg)
			query_free(q);
	}
}

void
query_ping(struct xmpp *x, const char *from, const char *to, query_fn *fn,
	   void *arg)
{
	xmpp_stanza_t *iq = stanza_new(x->ctx, "iq", from, to, "get");

	(void)stanza_add(iq, "ping", NS_PING);
	query_send(x, iq, ANSWER_MS, fn, arg);
}

static void
answer_received(struct xmpp *x, xmpp_stanza_t *st)
{
	const char *id = stanza_get(st, "id");
	struct query *q;

	HASH_FIND(hh, x->queries, id, strlen(id), q);
	if (q && !strcmp(q->to, stanza_get(st, "from")))
		query_answer(q, st);
}

/* ---- theirs -------------------------------------------------------------- */

/* A puppet's address, and not the component's or the listener's. */
static bool
is_puppet(const struct xmpp *x, const char *to)
{
	const char *at = memchr(to, '@', jid_bare_len(to));

	return at && !jid_same_bare(to, x->listener);
}

static void
add_feature(xmpp_stanza_t *query, const char *var)
{
	stanza_attr(stanza_add(query, "feature", NULL), "var", var);
}

static void
say_info(struct xmpp *x, xmpp_stanza_t *result, const char *to)
{
	static const char *const features[] = {
		NS_DISCO_INFO, NS_DISCO_ITEMS, NS_VERSION,
		NS_PING,       NS_TIME,        NS_VCARD,
	};
	static const char *const of_people[] = {
		"http://jabber.org/protocol/chatstates",
		"urn:xmpp:chat-markers:0",
		"urn:xmpp:receipts",
	};
	xmpp_stanza_t *query = stanza_add(result, "query", NS_DISCO_INFO);
	xmpp_stanza_t *identity = stanza_add(query, "identity", NULL);
	bool gateway = !memchr(to, '@', jid_bare_len(to));

	(void)x;
	stanza_attr(identity, "category", gateway ? "gateway" : "client");
	stanza_attr(identity, "type", gateway ? "irc" : "bot");
	stanza_attr(identity, "name", "Causeway");
	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		add_feature(query, features[i]);
	for (size_t i = 0; !gateway && i < ARRAY_SIZE(of_people); i++)
		add_feature(query, of_people[i]);
}

static void
say_items(struct xmpp *x, xmpp_stanza_t *result, const char *to)
{
	(void)x;
	(void)to;
	(void)stanza_add(result, "query", NS_DISCO_ITEMS);
}

static void
say_version(struct xmpp *x, xmpp_stanza_t *result, const char *to)
{
	xmpp_stanza_t *query = stanza_add(result, "query", NS_VERSION);

	(void)x;
	(void)to;
	stanza_add_text(query, "name", NULL, "Causeway");
	stanza_add_text(query, "version", NULL, CAUSEWAY_VERSION);
}

static void
say_pong(struct xmpp *x, xmpp_stanza_t *result, const char *to)
{
	(void)x;
	(void)result;
	(void)to;
}

static void
say_time(struct xmpp *x, xmpp_stanza_t *result, const char *to)
{
	xmpp_stanza_t *query = stanza_add(result, "time", NS_TIME);
	time_t now = (time_t)(loop_wall_ms(x->loop) / 1000);
	char utc[32] = "";
	struct tm tm;

	(void)to;
	if (gmtime_r(&now, &tm))
		(void)strftime(utc, sizeof(utc), "%Y-%m-%dT%H:%M:%SZ", &tm);
	stanza_add_text(query, "tzo", NULL, "+00:00");
	stanza_add_text(query, "utc", NULL, utc);
}

/* Of a component: how long it has been running (XEP-0012 section 5). */
static void
say_last(struct xmpp *x, xmpp_stanza_t *result, const char *to)
{
	char seconds[24];

	(void)to;
	(void)snprintf(seconds, sizeof(seconds), "%" PRId64,
		       (loop_now_ms(x->loop) - x->born_ms) / 1000);
	stanza_attr(stanza_add(result, "query", NS_LAST), "seconds", seconds);
}

void
iq_add_card(xmpp_stanza_t *result, const struct sender *who)
{
	xmpp_stanza_t *card = stanza_add(result, "vCard", NS_VCARD);

	stanza_add_text(card, "FN", NULL, who->real ? who->real : who->name);
	stanza_add_text(card, "NICKNAME", NULL, who->name);
}

static void
say_vcard(struct xmpp *x, xmpp_stanza_t *result, const char *to)
{
	const struct puppet *p = seat_person(x, to);
	const struct sender *who = p ? p->sender : NULL;
	char id[JID_PART_MAX + 1];
	char network[JID_PART_MAX + 1];
	xmpp_stanza_t *card;
	struct jid jid;

	if (who) {
		iq_add_card(result, who);
		return;
	}
	card = stanza_add(result, "vCard", NS_VCARD);
	if (is_puppet(x, to) && jid_parse(&jid, to) &&
	    escape_read_person(jid.local, id, sizeof(id), network,
			       sizeof(network)))
		stanza_add_text(card, "FN", NULL, id);
	else
		stanza_add_text(card, "FN", NULL, "Causeway");
}

struct answer {
	const char *name, *ns;
	void (*say)(struct xmpp *x, xmpp_stanza_t *result, const char *to);
	bool of_puppets; /* who may be asked: everybody, or only the bridge */
};

/* clang-format off */
static const struct answer answers[] = {
	{ "query", NS_DISCO_INFO, say_info, true },
	{ "query", NS_DISCO_ITEMS, say_items, true },
	{ "query", NS_VERSION, say_version, true },
	{ "ping", NS_PING, say_pong, true },
	{ "time", NS_TIME, say_time, true },
	{ "query", NS_LAST, say_last, false },
	{ "vCard", NS_VCARD, say_vcard, true },
};
/* clang-format on */

static const struct answer *
answer_find(struct xmpp *x, xmpp_stanza_t *st)
{
	if (!stanza_has_type(st, "get"))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		xmpp_stanza_t *asked =
			stanza_child(st, answers[i].name, answers[i].ns);
		if (!asked || *stanza_get(asked, "node"))
			continue;
		if (answers[i].of_puppets ||
		    !is_puppet(x, stanza_get(st, "to")))
			return &answers[i];
	}
	return NULL;
}

void
iq_received(struct xmpp *x, xmpp_stanza_t *st)
{
	const char *to = stanza_get(st, "to");

	if (stanza_has_type(st, "result") || stanza_has_type(st, "error")) {
		answer_received(x, st);
		return;
	}
	if (hosted_iq(x, st))
		return;
	const struct answer *a = answer_find(x, st);
	if (!a) {
		xmpp_post(x, stanza_error(x->ctx, st, "service-unavailable",
					  NULL));
		return;
	}
	xmpp_stanza_t *result = stanza_result(x->ctx, st);
	a->say(x, result, to);
	if (a->say != say_vcard ||
	    !avatar_answer(x, seat_person(x, to), result))
		xmpp_post(x, result);
}
