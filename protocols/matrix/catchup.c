/* SPDX-License-Identifier: MIT */
/*
 * catchup.c - asks what the homeserver may not have pushed.
 *
 * A homeserver that could not reach us keeps what we missed, and sends it when
 * it can. Synapse (1.160) has a moment at the end of that in which what is said
 * is kept, too, and then is not sent until the next time that we cannot be
 * reached: hours later, or never. So what was said is also asked for, of each
 * room: where it is before the first transaction is taken, and what came since
 * soon after that, when the homeserver should be done with what it kept, twice
 * more for one that is slow (a campaign on a busy machine waited for the ten
 * minutes), and then every few minutes. What came in a transaction is known by
 * its id.
 *
 * Rooms are asked in turn, few at a time, so that a round of thousands leaves
 * the homeserver time for what is said meanwhile. A room in which nothing was
 * said since the round before rests for one, then for three, then for seven.
 *
 * By /messages (client-server API, "Events and rooms"): Synapse has no /sync
 * for users of application services.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/log.h"

#include <stdlib.h>
#include <utlist.h>

#define PAGES_MAX 20 /* of one room in one round */
#define PAGE_EVENTS 100
#define ASKED_MAX 4  /* rooms at a time */
#define SILENT_MAX 3 /* doublings of a silent room's pause */

/* Before each round, in ms; the last one again and again. */
static const int64_t pauses[] = { 3000, 20000, 60000, 180000, 600000 };

/* A page of a room that is asked for. */
struct page {
	struct matrix *m;
	char *room;
	char *as;   /* a puppet of ours that is there; NULL: the bot */
	bool since; /* what was said since; else only where we are */
	bool asked; /* its turn has come */
	unsigned n;
	struct page *prev, *next;
};

static void ask_page(struct page *p, const char *from);
static void ask_next(struct matrix *m);

static void
page_free(struct page *p)
{
	DL_DELETE(p->m->catchup.pages, p);
	p->m->catchup.n_asked -= p->asked;
	hs_cancel(p->m->hs, p);
	free(p->room);
	free(p->as);
	free(p);
}

/* How far that room was read, or NULL: we are not in it any more. */
static struct bookmark *
bookmark_of(struct matrix *m, const char *id)
{
	struct mroom *room = mroom_find(m, id);

	if (room)
		return room->joined ? &room->bookmark : NULL;
	return chat_bookmark(m, id);
}

static void
set_bookmark(struct bookmark *mark, const char *token)
{
	if (!mark || !token)
		return;
	free(mark->token);
	mark->token = xstrdup(token);
}

static void
note_silence(struct matrix *m, struct bookmark *mark, bool silent)
{
	if (!mark)
		return;
	/* Soon after the start nothing need have been said yet. */
	if (!silent || !m->catchup.routine)
		mark->silent = 0;
	else if (mark->silent < SILENT_MAX)
		mark->silent++;
	mark->rests = (1U << mark->silent) - 1;
}

static void
on_page(void *arg, const struct hs_answer *answer)
{
	struct page *p = arg;
	struct matrix *m = p->m;
	const json_t *chunk = json_object_get(answer->json, "chunk");
	const char *end = content_string(answer->json, "end");
	size_t n = json_array_size(chunk);

	if (p->since && !p->n && hs_good(answer))
		note_silence(m, bookmark_of(m, p->room), !n);
	if (!hs_good(answer)) {
		log_peer(m->net.name, "%.255s does not tell what was said: %s",
			 p->room, answer->why);
	} else if (!p->since) {
		set_bookmark(bookmark_of(m, p->room),
			     content_string(answer->json, "start"));
	} else if (n) {
		set_bookmark(bookmark_of(m, p->room), end);
		hear_missed(m, p->room, chunk);
		if (n >= PAGE_EVENTS && end && ++p->n < PAGES_MAX) {
			ask_page(p, end);
			return;
		}
	}
	page_free(p);
	ask_next(m);
}

static void
ask_page(struct page *p, const char *from)
{
	AUTO_STR path = { 0 };

	matrix_room_path(&path, p->room, "messages");
	matrix_path_as(&path, p->as ? p->as : p->m->bot, NULL);
	str_printf(&path, "&limit=%d&dir=%c", from ? PAGE_EVENTS : 1,
		   from ? 'f' : 'b');
	if (from) {
		str_add(&path, "&from=");
		matrix_path_add(&path, from);
	}
	hs_call(p->m->hs,
		&(struct hs_call){ "GET", path.data, NULL, on_page, p });
}

/* Those whose turn it is. */
static void
ask_next(struct matrix *m)
{
	struct catchup *c = &m->catchup;
	struct page *p, *after;

	DL_FOREACH_SAFE(c->pages, p, after)
	{
		struct bookmark *mark;

		if (c->n_asked >= ASKED_MAX)
			return;
		if (p->asked)
			continue;
		mark = bookmark_of(m, p->room);
		if (!mark) { /* we have left it meanwhile */
			page_free(p);
			continue;
		}
		p->asked = true;
		c->n_asked++;
		p->since = mark->token != NULL;
		ask_page(p, mark->token);
	}
}

void
catchup_ask(struct matrix *m, const char *room, const char *as)
{
	struct bookmark *mark = bookmark_of(m, room);
	struct page *p;

	if (!mark)
		return;
	if (m->catchup.routine && mark->rests) {
		mark->rests--;
		return;
	}
	p = xcalloc(1, sizeof(*p));
	p->m = m;
	p->room = xstrdup(room);
	p->as = as ? xstrdup(as) : NULL;
	DL_APPEND(m->catchup.pages, p);
	ask_next(m);
}

/* ---- rounds ------------------------------------------------------------- */

static void
ask_all(struct matrix *m)
{
	for (struct mroom *room = m->rooms; room; room = room->hh.next)
		if (room->joined && room->id)
			catchup_ask(m, room->id, NULL);
	chats_catch_up(m);
}

static void
on_time(void *arg)
{
	struct matrix *m = arg;
	struct catchup *c = &m->catchup;

	c->routine = c->n + 1 == ARRAY_SIZE(pauses);
	if (!c->pages)
		ask_all(m);
	if (c->n + 1 < ARRAY_SIZE(pauses))
		c->n++;
	timer_start(&c->timer, m->loop, pauses[c->n], on_time, m);
}

bool
catchup_is_ready(struct matrix *m)
{
	if (!m->catchup.asked)
		ask_all(m);
	m->catchup.asked = true;
	return !m->catchup.pages;
}

void
catchup_begin(struct matrix *m)
{
	m->catchup.n = 0;
	m->catchup.routine = false;
	timer_start(&m->catchup.timer, m->loop, pauses[0], on_time, m);
}

void
catchup_stop(struct matrix *m)
{
	timer_stop(&m->catchup.timer);
	m->catchup.asked = false;
	m->catchup.routine = false;
	while (m->catchup.pages)
		page_free(m->catchup.pages);
}
