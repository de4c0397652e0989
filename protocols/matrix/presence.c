/* SPDX-License-Identifier: MIT */
/*
 * presence.c - how reachable people are, where the homeserver keeps that.
 *
 * Of its people it tells every change. How those are who do not change is asked
 * once, of each who comes into a room and of whom nothing was told yet, one
 * after the other. Who is offline has not left: that one is away for longer,
 * and stays where they are.
 *
 * Of our puppets it wants to be told again and again: whoever does not sync is
 * offline after half a minute (Synapse 1.160). So only so many are kept up as
 * the operator says, those who did something last, one call after the other;
 * the others go offline by themselves. Many homeservers keep no presence, and
 * take ours without a word: the first one that is told is asked for, and if it
 * is not there, nothing more is told until we connect anew.
 */

#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "bridge/text.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define AGAIN_MS 20000 /* each of them */
#define GAP_MS 100     /* between two calls */
#define STATUS_MAX 512 /* bytes */
#define INQUIRIES_MAX 1000

/* Of that person, asked or told as another, or the same. */
static void
status_path(struct str *path, const char *id, const char *as)
{
	str_init(path, PATH_MAX_BYTES);
	str_add(path, "/v3/presence/");
	matrix_path_add(path, id);
	str_add(path, "/status");
	matrix_path_as(path, as, NULL);
}

/* ---- of people ---------------------------------------------------------- */

static enum presence_show
show_of(const char *presence)
{
	static const struct {
		const char *name;
		enum presence_show show;
	} words[] = {
		{ "unavailable", SHOW_AWAY },
		{ "offline", SHOW_XA },
		{ "busy", SHOW_DND },
		{ "org.matrix.msc3026.busy", SHOW_DND },
	};

	for (size_t i = 0; presence && i < ARRAY_SIZE(words); i++)
		if (strcmp(presence, words[i].name) == 0)
			return words[i].show;
	return SHOW_ONLINE;
}

static void
set_status(struct person *p, const char *text)
{
	free(p->status);
	p->status = xstrdup(text);
}

static void
take(struct mroom *room, struct person *p, enum presence_show show,
     const char *text)
{
	struct event *ev;

	bool same = p->show == show &&
		    strcmp(p->status ? p->status : "", text) == 0;

	p->show = show;
	set_status(p, text);
	if (same)
		return;
	ev = room_about(room, EVENT_PRESENCE, p);
	ev->show = p->show;
	event_set_text(ev, p->status);
	bridge_event(&room->m->net, ev);
}

/* ---- of contacts -------------------------------------------------------- */

/* Somebody whom another network's people follow. */
struct watched {
	struct matrix *m;
	struct contact *contact;
	struct watched *prev, *next;
};

static void
watched_tell(struct watched *w, const char *presence, const char *text)
{
	const struct availability a = {
		.known = true,
		.online = strcmp(presence, "offline") != 0,
		.show = show_of(presence),
		.status = text,
	};

	bridge_contact(w->contact, &a);
}

/* Who is offline where no presence is kept may be there all the same. */
static void
on_found(void *arg, const struct hs_answer *answer)
{
	struct watched *w = arg;
	const char *presence = content_string(answer->json, "presence");
	const char *text = content_string(answer->json, "status_msg");

	if (!hs_good(answer) || !presence ||
	    (strcmp(presence, "offline") == 0 && w->m->presence != PRESENCE_ON))
		presence = "online";
	watched_tell(w, presence, text ? text : "");
}

void
presence_watch(struct network *net, struct contact *contact)
{
	struct matrix *m = matrix_from(net);
	struct watched *w = xcalloc(1, sizeof(*w));
	AUTO_STR path = { 0 };

	w->m = m;
	w->contact = contact;
	contact->data = w;
	DL_APPEND(m->watched, w);
	status_path(&path, contact->person, m->bot);
	hs_call(m->hs,
		&(struct hs_call){ "GET", path.data, NULL, on_found, w });
}

static void
watched_free(struct watched *w)
{
	hs_cancel(w->m->hs, w);
	DL_DELETE(w->m->watched, w);
	w->contact->data = NULL;
	free(w);
}

void
presence_unwatch(struct network *net UNUSED, struct contact *contact)
{
	if (contact->data)
		watched_free(contact->data);
}

/* ---- in ----------------------------------------------------------------- */

/* said may be NULL; fresh: only where nothing was told of that person yet. */
static void
spread(struct matrix *m, const char *who, const char *presence,
       const char *said, bool fresh)
{
	AUTO_STR text = { 0 };

	str_init(&text, STATUS_MAX);
	if (said)
		str_add_n(&text, said,
			  utf8_cut(said, strlen(said), STATUS_MAX - 8));
	for (struct mroom *room = m->rooms; room; room = room->hh.next) {
		struct person *p = person_find(room, who);

		if (p && room->joined && !(fresh && p->status))
			take(room, p, show_of(presence), text.data);
	}
	struct watched *w;
	DL_FOREACH(m->watched, w)
	if (!fresh && strcmp(w->contact->person, who) == 0)
		watched_tell(w, presence, text.data);
}

void
presence_heard(struct matrix *m, const json_t *whole)
{
	const json_t *content = content_object(whole, "content");
	const char *who = content_string(whole, "sender");
	const char *presence = content_string(content, "presence");

	if (who && presence && !matrix_is_us(m, who))
		spread(m, who, presence, content_string(content, "status_msg"),
		       false);
}

/* ---- before we came ----------------------------------------------------- */

/* Somebody whose presence is to be asked, or is being. */
struct inquiry {
	struct matrix *m;
	char *id;
	UT_hash_handle hh;
};

static void ask_next(void *arg);

static void
inquiry_free(struct inquiry *q)
{
	hs_cancel(q->m->hs, q);
	HASH_DELETE(hh, q->m->inquiries, q);
	free(q->id);
	free(q);
}

static void
inquiries_drop(struct matrix *m)
{
	timer_stop(&m->inquiry_timer);
	m->inquiring = false;
	while (m->inquiries)
		inquiry_free(m->inquiries);
}

/* Where none is kept everybody is said to be offline. */
static bool
is_kept(const struct matrix *m)
{
	return m->presence == PRESENCE_ON;
}

static bool
is_told(const struct matrix *m, const char *id)
{
	for (const struct mroom *room = m->rooms; room; room = room->hh.next) {
		const struct person *p =
			person_find((struct mroom *)(uintptr_t)room, id);

		if (p && p->status)
			return true;
	}
	return false;
}

static void
on_inquiry(void *arg, const struct hs_answer *answer)
{
	struct inquiry *q = arg;
	struct matrix *m = q->m;
	const char *presence = content_string(answer->json, "presence");

	m->inquiring = false;
	/* Without an answer it stays as it was: nobody has to let us know. */
	if (hs_good(answer) && presence)
		spread(m, q->id, presence,
		       content_string(answer->json, "status_msg"), true);
	inquiry_free(q);
	timer_start(&m->inquiry_timer, m->loop, GAP_MS, ask_next, m);
}

static void
ask_next(void *arg)
{
	struct matrix *m = arg;
	AUTO_STR path = { 0 };

	if (!is_kept(m) || m->inquiring)
		return;
	while (m->inquiries && is_told(m, m->inquiries->id))
		inquiry_free(m->inquiries);
	if (!m->inquiries)
		return;
	m->inquiring = true;
	status_path(&path, m->inquiries->id, m->bot);
	hs_call(m->hs, &(struct hs_call){ "GET", path.data, NULL, on_inquiry,
					  m->inquiries });
}

void
presence_ask(struct mroom *room, const struct person *p)
{
	struct matrix *m = room->m;
	struct inquiry *q;

	HASH_FIND(hh, m->inquiries, p->id, strlen(p->id), q);
	if (q || p->status || !m->conf->presence ||
	    m->presence == PRESENCE_OFF ||
	    HASH_COUNT(m->inquiries) >= INQUIRIES_MAX)
		return;
	q = xcalloc(1, sizeof(*q));
	q->m = m;
	q->id = xstrdup(p->id);
	HASH_ADD_KEYPTR(hh, m->inquiries, q->id, strlen(q->id), q);
	if (!timer_is_running(&m->inquiry_timer))
		timer_start(&m->inquiry_timer, m->loop, GAP_MS, ask_next, m);
}

void
presence_recall(struct mroom *room, struct person *p)
{
	for (struct mroom *r = room->m->rooms; r; r = r->hh.next) {
		const struct person *known = person_find(r, p->id);

		if (!known || known == p || !known->status)
			continue;
		p->show = known->show;
		set_status(p, known->status);
		return;
	}
}

/* ---- of puppets --------------------------------------------------------- */

static void work(void *arg);

static void
unlist(struct ghost *g)
{
	struct matrix *m = g->m;

	if (m->probe == g)
		m->probe = NULL;
	if (!g->kept_up)
		return;
	DL_DELETE2(m->up, g, prev_up, next_up);
	m->n_up--;
	g->kept_up = false;
}

static void
switch_off(struct matrix *m)
{
	m->presence = PRESENCE_OFF;
	timer_stop(&m->presence_timer);
	inquiries_drop(m);
	while (m->up)
		unlist(m->up);
	log_info(m->net.name, "the homeserver keeps no presence; that of "
			      "puppets is not told");
}

/* It is not known yet; the next who is told is asked for. */
static void
ask_again(struct matrix *m, int64_t wait_ms)
{
	m->presence = PRESENCE_NEW;
	m->probe = NULL;
	timer_start(&m->presence_timer, m->loop, wait_ms, work, m);
}

/* Not now, which says nothing about the next time. */
static bool
is_trouble(const struct hs_answer *answer)
{
	return answer->status < 400 || answer->status >= 500 ||
	       answer->status == 429;
}

/* It was told that it is there: is it? */
static void
on_asked(void *arg, const struct hs_answer *answer)
{
	struct matrix *m = arg;
	const char *presence = content_string(answer->json, "presence");

	if (m->presence != PRESENCE_ASKED)
		return;
	if (!hs_good(answer) && is_trouble(answer)) {
		ask_again(m, AGAIN_MS);
		return;
	}
	m->presence = PRESENCE_ON;
	m->probe = NULL;
	if (!hs_good(answer) || !presence || strcmp(presence, "offline") == 0) {
		switch_off(m);
	} else {
		work(m);
		ask_next(m);
	}
}

static void
on_told(void *arg, const struct hs_answer *answer)
{
	struct matrix *m = arg;
	AUTO_STR path = { 0 };

	if (m->presence == PRESENCE_OFF)
		return;
	if (!hs_good(answer)) {
		if (is_trouble(answer))
			ask_again(m, AGAIN_MS);
		else
			switch_off(m);
		return;
	}
	if (m->presence != PRESENCE_ASKED)
		return;
	if (!m->probe) { /* others did something since */
		ask_again(m, GAP_MS);
		return;
	}
	status_path(&path, m->probe->id, m->probe->id);
	hs_call(m->hs,
		&(struct hs_call){ "GET", path.data, NULL, on_asked, m });
}

static void
tell(struct ghost *g)
{
	const char *presence = g->show == SHOW_AWAY || g->show == SHOW_XA
				       ? "unavailable"
				       : "online";
	const char *status = g->status ? g->status : "";
	AUTO_STR path = { 0 };

	if (g->show == SHOW_DND && !*status)
		status = "do not disturb";
	status_path(&path, g->id, g->id);
	hs_call(g->m->hs,
		&(struct hs_call){ "PUT", path.data,
				   json_pack("{s:s, s:s}", "presence", presence,
					     "status_msg", status),
				   on_told, g->m });
}

/* Whoever stands first, if it is time; each goes to the end. */
static void
work(void *arg)
{
	struct matrix *m = arg;
	struct ghost *g = m->up;
	int64_t now = loop_now_ms(m->loop);

	if (!g || m->presence == PRESENCE_OFF || m->presence == PRESENCE_ASKED)
		return;
	if (g->due_ms <= now) {
		if (m->presence == PRESENCE_NEW) {
			m->presence = PRESENCE_ASKED;
			m->probe = g;
		}
		DL_DELETE2(m->up, g, prev_up, next_up);
		DL_APPEND2(m->up, g, prev_up, next_up);
		g->due_ms = now + AGAIN_MS;
		tell(g);
		g = m->up;
	}
	timer_start(&m->presence_timer, m->loop,
		    g->due_ms > now + GAP_MS ? g->due_ms - now : GAP_MS, work,
		    m);
}

static struct ghost *
least_active(struct matrix *m)
{
	struct ghost *least = m->up, *g;

	DL_FOREACH2(m->up, g, next_up)
	if (g->active_ms < least->active_ms)
		least = g;
	return least;
}

/* It did something: it is kept up, and told at once. */
static void
keep_up(struct ghost *g)
{
	struct matrix *m = g->m;

	if (m->presence == PRESENCE_OFF || !m->conf->presence)
		return;
	unlist(g);
	if (m->n_up >= m->conf->presence)
		unlist(least_active(m));
	g->active_ms = loop_now_ms(m->loop);
	g->due_ms = 0;
	g->kept_up = true;
	DL_PREPEND2(m->up, g, prev_up, next_up);
	m->n_up++;
	if (m->presence != PRESENCE_ASKED)
		timer_start(&m->presence_timer, m->loop, GAP_MS, work, m);
}

void
presence_tell(struct ghost *g, const struct puppet *p)
{
	if (g->kept_up && g->show == p->show && g->status &&
	    strcmp(g->status, p->status) == 0)
		return;
	g->show = p->show;
	free(g->status);
	g->status = xstrdup(p->status);
	keep_up(g);
}

void
presence_spoke(struct ghost *g)
{
	g->active_ms = loop_now_ms(g->m->loop);
	if (!g->kept_up) /* else it is told in its turn */
		keep_up(g);
}

void
presence_forget(struct ghost *g)
{
	unlist(g);
	free(g->status);
}

void
presence_stop(struct matrix *m)
{
	timer_stop(&m->presence_timer);
	inquiries_drop(m);
	m->presence = PRESENCE_NEW;
	m->probe = NULL;
	while (m->watched)
		watched_free(m->watched);
}
