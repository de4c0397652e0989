/* SPDX-License-Identifier: MIT */
/*
 * catchup.c - asks what the homeserver may not have pushed.
 *
 * A homeserver that could not reach us keeps what we missed, and sends it when
 * it can. Synapse (1.160) has a moment at the end of that in which what is said
 * is kept, too, and then is not sent until the next time that we cannot be
 * reached: hours later, or never. So what was said is also asked for, as any
 * client does (client-server API, "Syncing"): once soon after transactions are
 * taken, once when the homeserver must be done with what it kept, and then
 * every few minutes. What came in a transaction is known by its id.
 *
 * A round asks in one call for the rooms where the bot is; for what is left out
 * there of a busy room, and for private conversations, where the bot is not, in
 * one call each.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/log.h"

#include <stdlib.h>
#include <utlist.h>

#define PAGES_MAX 20 /* of one room in one round */
#define PAGE_EVENTS "100"

/* Before each round, in ms; the last one again and again. */
static const int64_t pauses[] = { 3000, 30000, 600000 };

/* A page of a room that is asked for. */
struct page {
	struct matrix *m;
	char *room, *from;
	char *as; /* a puppet of ours that is there; NULL: the bot */
	char *to; /* how far back; NULL: from there on, forward */
	unsigned n;
	struct page *prev, *next;
};

static void ask_page(struct page *p);
static void on_time(void *arg);

/* ---- pages -------------------------------------------------------------- */

static void
page_free(struct page *p)
{
	DL_DELETE(p->m->catchup.pages, p);
	hs_cancel(p->m->hs, p);
	free(p->room);
	free(p->from);
	free(p->as);
	free(p->to);
	free(p);
}

static struct page *
page_new(struct matrix *m, const char *room, const char *from)
{
	struct page *p = xcalloc(1, sizeof(*p));

	p->m = m;
	p->room = xstrdup(room);
	p->from = xstrdup(from);
	DL_APPEND(m->catchup.pages, p);
	return p;
}

static void
on_page(void *arg, const struct hs_answer *answer)
{
	struct page *p = arg;
	struct matrix *m = p->m;
	const json_t *chunk = json_object_get(answer->json, "chunk");
	const char *end = content_string(answer->json, "end");

	/* What it may not tell us (any more) is not worth more than that. */
	if (!hs_good(answer)) {
		log_peer(m->net.name, "%.255s does not tell what was said: %s",
			 p->room, answer->why);
		page_free(p);
		return;
	}
	bool came = hear_missed(m, p->room, chunk, p->to != NULL);
	if (!end || !json_array_size(chunk) || (came && p->to)) {
		page_free(p);
	} else if (++p->n == PAGES_MAX) {
		log_warn(m->net.name,
			 "%.255s: more was said than is looked through for "
			 "what the homeserver did not send",
			 p->room);
		page_free(p);
	} else {
		free(p->from);
		p->from = xstrdup(end);
		ask_page(p);
	}
}

static void
ask_page(struct page *p)
{
	AUTO_STR path = { 0 };

	matrix_room_path(&path, p->room, "messages");
	matrix_path_as(&path, p->as ? p->as : p->m->bot, NULL);
	str_printf(&path,
		   "&limit=" PAGE_EVENTS "&dir=%c&from=", p->to ? 'b' : 'f');
	matrix_path_add(&path, p->from);
	if (p->to) {
		str_add(&path, "&to=");
		matrix_path_add(&path, p->to);
	}
	hs_call(p->m->hs,
		&(struct hs_call){ "GET", path.data, NULL, on_page, p });
}

void
catchup_chat(struct matrix *m, const char *room, const char *ghost)
{
	struct page *p = page_new(m, room, m->catchup.token);

	p->as = xstrdup(ghost);
	ask_page(p);
}

/* ---- rounds ------------------------------------------------------------- */

static void
take_room(struct matrix *m, const char *id, const json_t *timeline)
{
	const char *before = content_string(timeline, "prev_batch");
	bool came =
		hear_missed(m, id, json_object_get(timeline, "events"), false);

	if (!came && before &&
	    json_is_true(json_object_get(timeline, "limited"))) {
		struct page *p = page_new(m, id, before);

		p->to = xstrdup(m->catchup.token);
		ask_page(p);
	}
}

static void
round_soon(struct matrix *m)
{
	struct catchup *c = &m->catchup;

	timer_start(&c->timer, m->loop, pauses[c->n], on_time, m);
	if (c->n + 1 < ARRAY_SIZE(pauses))
		c->n++;
}

static void
take_round(struct matrix *m, const json_t *answer)
{
	json_t *rooms =
		json_object_get(json_object_get(answer, "rooms"), "join");
	const char *id;
	json_t *room;

	json_object_foreach (rooms, id, room)
		take_room(m, id, json_object_get(room, "timeline"));
	chats_catch_up(m);
}

static void
on_round(void *arg, const struct hs_answer *answer)
{
	struct matrix *m = arg;
	struct catchup *c = &m->catchup;
	const char *next = content_string(answer->json, "next_batch");

	if (!answer->status) {
		matrix_lost(m, answer);
		return;
	}
	if (!hs_good(answer) || !next)
		log_peer(m->net.name, "no catching up: %s", answer->why);
	else if (c->token)
		take_round(m, answer->json);
	/* One that is not liked any more is not tried again. */
	free(c->token);
	c->token = hs_good(answer) && next ? xstrdup(next) : NULL;
	c->asked = true;
	if (m->taking)
		round_soon(m);
}

/* No token yet: only where we are. */
static json_t *
filter(const struct matrix *m)
{
	json_t *none = json_pack("{s:[]}", "types");
	json_t *room = m->catchup.token ? json_pack("{s:{s:i}, s:O, s:O, s:O}",
						    "timeline", "limit", 50,
						    "state", none, "ephemeral",
						    none, "account_data", none)
					: json_pack("{s:[]}", "rooms");

	return json_pack("{s:o, s:O, s:o}", "room", room, "presence", none,
			 "account_data", none);
}

static void
on_time(void *arg)
{
	struct matrix *m = arg;
	json_t *wanted = filter(m);
	char *text = wanted ? json_dumps(wanted, JSON_COMPACT) : NULL;
	AUTO_STR path = { 0 };

	str_init(&path, 2 * PATH_MAX_BYTES);
	str_add(&path, "/v3/sync");
	matrix_path_as(&path, m->bot, NULL);
	str_add(&path, "&timeout=0&set_presence=offline&filter=");
	if (text)
		matrix_path_add(&path, text);
	if (m->catchup.token) {
		str_add(&path, "&since=");
		matrix_path_add(&path, m->catchup.token);
	}
	free(text);
	json_decref(wanted);
	hs_call(m->hs,
		&(struct hs_call){ "GET", path.data, NULL, on_round, m });
}

void
catchup_prepare(struct matrix *m)
{
	m->catchup.asked = m->catchup.token != NULL;
	if (!m->catchup.asked)
		on_time(m);
}

bool
catchup_is_ready(const struct matrix *m)
{
	return m->catchup.asked;
}

void
catchup_begin(struct matrix *m)
{
	m->catchup.n = 0;
	round_soon(m);
}

void
catchup_stop(struct matrix *m)
{
	timer_stop(&m->catchup.timer);
	while (m->catchup.pages)
		page_free(m->catchup.pages);
}

void
catchup_forget(struct matrix *m)
{
	catchup_stop(m);
	free(m->catchup.token);
	m->catchup.token = NULL;
}
