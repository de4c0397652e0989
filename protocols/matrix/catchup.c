/* SPDX-License-Identifier: MIT */
/*
 * catchup.c - asks what the homeserver may not have pushed.
 *
 * A homeserver that could not reach us keeps what we missed, and sends it when
 * it can. Synapse (1.160) has a moment at the end of that in which what is said
 * is kept, too, and then is not sent until the next time that we cannot be
 * reached: hours later, or never. So what was said is also asked for, of each
 * room: where it is before the first transaction is taken, and what came since
 * soon after that, once when the homeserver must be done with what it kept, and
 * then every few minutes. What came in a transaction is known by its id.
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

/* Before each round, in ms; the last one again and again. */
static const int64_t pauses[] = { 3000, 20000, 600000 };

/* A page of a room that is asked for. */
struct page {
	struct matrix *m;
	char *room;
	char *as;   /* a puppet of ours that is there; NULL: the bot */
	bool since; /* what was said since; else only where we are */
	unsigned n;
	struct page *prev, *next;
};

static void ask_page(struct page *p, const char *from);

static void
page_free(struct page *p)
{
	DL_DELETE(p->m->catchup.pages, p);
	hs_cancel(p->m->hs, p);
	free(p->room);
	free(p->as);
	free(p);
}

/* Where the place in that room is kept, or NULL: we are not in it any more. */
static char **
place_of(struct matrix *m, const char *id)
{
	struct mroom *room = mroom_find(m, id);

	if (room)
		return room->joined ? &room->token : NULL;
	return chat_token(m, id);
}

static void
set_place(char **place, const char *token)
{
	if (!place || !token)
		return;
	free(*place);
	*place = xstrdup(token);
}

static void
on_page(void *arg, const struct hs_answer *answer)
{
	struct page *p = arg;
	struct matrix *m = p->m;
	const json_t *chunk = json_object_get(answer->json, "chunk");
	const char *end = content_string(answer->json, "end");
	size_t n = json_array_size(chunk);

	if (!hs_good(answer)) {
		log_peer(m->net.name, "%.255s does not tell what was said: %s",
			 p->room, answer->why);
	} else if (!p->since) {
		set_place(place_of(m, p->room),
			  content_string(answer->json, "start"));
	} else if (n) {
		set_place(place_of(m, p->room), end);
		hear_missed(m, p->room, chunk);
		if (n >= PAGE_EVENTS && end && ++p->n < PAGES_MAX) {
			ask_page(p, end);
			return;
		}
	}
	page_free(p);
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

void
catchup_ask(struct matrix *m, const char *room, const char *as)
{
	char **place = place_of(m, room);
	struct page *p;

	if (!place)
		return;
	p = xcalloc(1, sizeof(*p));
	p->m = m;
	p->room = xstrdup(room);
	p->as = as ? xstrdup(as) : NULL;
	p->since = *place != NULL;
	DL_APPEND(m->catchup.pages, p);
	ask_page(p, *place);
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
	timer_start(&m->catchup.timer, m->loop, pauses[0], on_time, m);
}

void
catchup_stop(struct matrix *m)
{
	timer_stop(&m->catchup.timer);
	m->catchup.asked = false;
	while (m->catchup.pages)
		page_free(m->catchup.pages);
}
