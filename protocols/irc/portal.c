/* SPDX-License-Identifier: MIT */
/* portal.c - channels that are heard through an account. See portal.h. */

#include "protocols/irc/portal.h"

#include "bridge/base.h"
#include "bridge/log.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MS 10000
#define KEPT_MAX 1000    /* lines that a hearer may be behind */
#define STALLED_MS 20000 /* a hearer that gets nothing while others do */
#define AHEAD_MS 60000   /* so far behind nobody is who is alive */

/* A line that the heir got first. */
struct kept {
	struct kept *next;
	uint64_t sign;
	int64_t when_ms;
	size_t len;
	char bytes[];
};

struct portal *
irc_portal_of(const struct channel *ch)
{
	const struct irc_channel *c = ch->data;

	/* Whatever the core says of it by now. */
	if (!c || ch->kind != CHANNEL_ROOM || c->view == &c->view->irc->view)
		return NULL;
	return container_of(c->view, struct portal, view);
}

bool
irc_portal_sees(const struct portal *portal, const struct speaker *sp)
{
	return portal->hearer && portal->view.session != sp->session;
}

/* ---- lines that both of them get ----------------------------------- */

static uint64_t
sign_text(uint64_t sign, const char *text)
{
	do
		sign = (sign ^ (unsigned char)*text) * 0x100000001b3u;
	while (*text++);
	return sign;
}

/* The same on each connection, and hardly ever that of another line. */
static uint64_t
sign_of(const struct irc_line *line)
{
	const char *msgid = irc_line_tag(line, "msgid");
	uint64_t sign = 0xcbf29ce484222325u;

	sign = sign_text(sign, line->command);
	if (msgid && *msgid)
		return sign_text(sign, msgid);
	sign = sign_text(sign, line->nick);
	for (size_t i = 0; i < line->n_params; i++)
		sign = sign_text(sign, line->params[i]);
	return sign;
}

static void
heard_drop(struct heards *h, size_t n)
{
	h->n -= n;
	memmove(h->lines, h->lines + n, h->n * sizeof(*h->lines));
}

static void
heard_add(struct heards *h, uint64_t sign, int64_t now)
{
	if (h->n == HEARD_MAX)
		heard_drop(h, 1);
	h->lines[h->n++] = (struct heard){ sign, now };
}

/* True if it is in there; it and all before it are done with. */
static bool
heard_take(struct heards *h, uint64_t sign, int64_t now)
{
	size_t i = 0;

	while (i < h->n && h->lines[i].when_ms < now - AHEAD_MS)
		i++;
	heard_drop(h, i);
	for (i = 0; i < h->n && h->lines[i].sign != sign; i++)
		;
	if (i == h->n)
		return false;
	heard_drop(h, i + 1);
	return true;
}

static void
kept_drop_first(struct portal *portal)
{
	struct kept *k = portal->kept;

	portal->kept = k->next;
	if (!portal->kept)
		portal->kept_end = &portal->kept;
	portal->n_kept--;
	free(k);
}

static void
kept_drop_all(struct portal *portal)
{
	while (portal->kept)
		kept_drop_first(portal);
}

static int64_t
now_of(const struct portal *portal)
{
	return loop_now_ms(portal->view.irc->loop);
}

/*
 * The hearer has heard it. If the heir got it before, it need not keep it, nor
 * what was before it; and it has got all that was heard before.
 */
static void
note_heard(struct portal *portal, uint64_t sign)
{
	struct kept *k = portal->kept;

	heard_add(&portal->recent, sign, now_of(portal));
	while (k && k->sign != sign)
		k = k->next;
	if (!k) {
		heard_add(&portal->ahead, sign, now_of(portal));
		return;
	}
	portal->ahead.n = 0;
	while (portal->kept != k)
		kept_drop_first(portal);
	kept_drop_first(portal);
}

/* ---- who hears ----------------------------------------------------- */

static void
elect_heir(struct portal *portal)
{
	struct ear *ear = portal->ears;

	if (portal->heir)
		return;
	while (ear &&
	       (ear == portal->hearer || ear->session->state != SESSION_UP))
		ear = ear->next;
	portal->heir = ear;
	portal->ahead = portal->recent;
}

static void
hear_by(struct portal *portal, struct ear *ear)
{
	portal->hearer = ear;
	portal->view.session = ear->session;
	portal->view.session->hears = portal->view.session->hurried = true;
}

static void
ask_names(struct portal *portal)
{
	struct irc_channel *c = portal->channel;

	c->asked = false; /* whoever was asked does not answer any more */
	if (c->state == IRC_CHANNEL_JOINED)
		irc_names_again(c);
	session_send(portal->view.session, "NAMES", c->channel->name, NULL);
}

static void
names_overdue(void *arg)
{
	struct portal *portal = arg;

	if (portal->channel->state == IRC_CHANNEL_NAMES)
		irc_names_complete(portal->channel);
}

static void
names_expected(struct portal *portal)
{
	timer_start(&portal->names_timer, portal->view.irc->loop, NAMES_MS,
		    names_overdue, portal);
}

/* The core may rely on that one now. */
static void
overlap(struct portal *portal, struct ear *ear)
{
	if (ear->overlaps)
		return;
	ear->overlaps = true;
	if (ear == &portal->listener)
		bridge_stepped_in(portal->channel->channel);
	else if (portal->channel->state == IRC_CHANNEL_JOINED)
		irc_seat_told(ear->seat);
}

static void
overlap_all(void *arg)
{
	struct portal *portal = arg;
	struct ear *next;

	for (struct ear *ear = portal->ears; ear; ear = next) {
		next = ear->next;
		overlap(portal, ear);
	}
}

/* The hearer has got the line that tells of somebody of ours who entered. */
static void
seen_to_enter(struct portal *portal, const char *nick)
{
	struct irc *irc = portal->view.irc;
	struct irc_puppet *p = irc_puppet_find(irc, nick);
	struct seat *seat =
		p ? irc_seat_in(p, portal->channel->channel->name) : NULL;
	struct ear *ear = portal->ears;
	struct ear *who = NULL;

	if (session_is_own(&irc->listener, nick))
		who = &portal->listener;
	else if (seat && seat->portal == portal)
		who = &seat->ear;
	while (ear && ear != who)
		ear = ear->next;
	if (ear)
		overlap(portal, ear);
	else if (who)
		who->seen = true;
}

static void
grow_deaf(void *arg)
{
	struct portal *portal = arg;
	struct channel *ch = portal->channel->channel;

	irc_share_lost(portal, "nobody of ours is there any more");
	bridge_welcome(ch); /* nobody threw us out: no need to wait */
}

/* Nobody is left who hears: nobody is left at all, as far as we know. */
static void
fall_silent(struct portal *portal)
{
	struct irc_channel *c = portal->channel;

	timer_stop(&portal->names_timer);
	kept_drop_all(portal);
	portal->recent.n = portal->ahead.n = portal->skip.n = 0;
	irc_batches_free(&portal->view);
	portal->hearer = NULL;
	if (portal->shared) {
		irc_absence_begins(portal->view.irc, c->channel,
				   portal->view.session);
		c->state = IRC_CHANNEL_JOINING;
		timer_start(&portal->deaf_timer, portal->view.irc->loop, 0,
			    grow_deaf, portal);
	} else {
		irc_channel_vacate(c);
		bridge_moded(c->channel, 0);
	}
	portal->view.session = NULL;
}

static void
hear_kept(struct portal *portal, const struct kept *k)
{
	struct irc_line *line = xcalloc(1, sizeof(*line));

	if (irc_line_read(line, k->bytes, k->len)) {
		note_heard(portal, k->sign);
		irc_view_line(&portal->view, line);
	}
	free(line);
}

/* From now on the heir hears, or whoever else is in there. */
static void
hand_over(struct portal *portal)
{
	struct kept *kept = portal->kept;

	elect_heir(portal);
	if (!portal->heir) {
		fall_silent(portal);
		return;
	}
	hear_by(portal, portal->heir);
	irc_batches_free(&portal->view);
	portal->skip = portal->ahead;
	portal->kept = NULL;
	portal->kept_end = &portal->kept;
	portal->n_kept = 0;
	portal->heir = NULL;
	elect_heir(portal);
	while (kept) {
		struct kept *next = kept->next;

		hear_kept(portal, kept);
		free(kept);
		kept = next;
	}
	log_trace(portal->view.irc->net.name, "another connection hears %s",
		  portal->channel->channel->name);
	ask_names(portal);
	names_expected(portal);
	overlap_all(portal); /* whom the old one did not see, nobody will */
}

/* ---- coming and going ---------------------------------------------- */

void
irc_ear_opens(struct portal *portal, struct ear *ear)
{
	struct irc_channel *c = portal->channel;
	struct ear **at = &portal->ears;

	while (*at && *at != ear)
		at = &(*at)->next;
	if (!*at) {
		*at = ear;
		ear->next = NULL;
	}
	if (timer_is_running(&portal->deaf_timer))
		return; /* too late: it is lost */
	ear->overlaps = !portal->shared || !portal->hearer || ear->seen;
	if (!portal->hearer) {
		hear_by(portal, ear);
		c->state = IRC_CHANNEL_NAMES; /* they come by themselves */
		names_expected(portal);
	} else if (!ear->overlaps) {
		timer_start(&portal->overlap_timer, portal->view.irc->loop,
			    NAMES_MS, overlap_all, portal);
	}
	elect_heir(portal);
}

void
irc_ear_closes(struct portal *portal, struct ear *ear)
{
	struct ear **at = &portal->ears;

	while (*at && *at != ear)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = ear->next;
	ear->seen = ear->overlaps = false;
	if (portal->heir == ear) {
		portal->heir = NULL;
		kept_drop_all(portal);
		elect_heir(portal);
	}
	if (portal->hearer != ear)
		return;
	portal->hearer = NULL;
	if (portal->view.irc->stopping)
		portal->view.session = NULL;
	else
		hand_over(portal);
}

bool
irc_portal_entered(struct seat *seat)
{
	struct portal *portal = seat->portal;

	seat->ear.seat = seat;
	seat->ear.session = &seat->puppet->session;
	irc_ear_opens(portal, &seat->ear);
	return portal->channel->state == IRC_CHANNEL_JOINED &&
	       seat->ear.overlaps;
}

void
irc_portal_quitted(struct seat *seat)
{
	irc_ear_closes(seat->portal, &seat->ear);
}

void
irc_portal_named(struct irc_channel *c)
{
	struct portal *portal = irc_portal_of(c->channel);
	struct ear *ear = portal->ears;

	timer_stop(&portal->names_timer);
	while (ear) {
		struct ear *next = ear->next;

		if (ear->seat && ear->overlaps)
			irc_seat_told(ear->seat);
		ear = next;
	}
}

/* ---- lines --------------------------------------------------------- */

/* Where in a line the channel stands that it is about. */
static const struct place {
	const char *command;
	size_t param;
	bool shared; /* everybody in the channel gets the same */
} places[] = {
	{ "PRIVMSG", 0, true }, { "JOIN", 0, true },    { "PART", 0, true },
	{ "NOTICE", 0, true },  { "MODE", 0, true },    { "KICK", 0, true },
	{ "TOPIC", 0, true },   { "353", 2, false },    { "366", 1, false },
	{ "352", 1, false },    { "332", 1, false },    { "333", 1, false },
	{ "324", 1, false },    { "TAGMSG", 0, false },
};

static bool
is_stalled(const struct portal *portal)
{
	int64_t limit = now_of(portal) - STALLED_MS;

	return portal->kept->when_ms < limit &&
	       portal->hearer->session->heard_ms < limit;
}

static void
keep(struct portal *portal, uint64_t sign)
{
	const struct wire *wire = &portal->view.irc->wire;
	struct kept *k;

	if (heard_take(&portal->ahead, sign, now_of(portal))) {
		kept_drop_all(portal); /* older: heard as well */
		return;
	}
	k = xcalloc(1, sizeof(*k) + wire->len);
	k->sign = sign;
	k->when_ms = now_of(portal);
	k->len = wire->len;
	memcpy(k->bytes, wire->bytes, wire->len);
	*portal->kept_end = k;
	portal->kept_end = &k->next;
	if (++portal->n_kept > KEPT_MAX || is_stalled(portal))
		hand_over(portal);
}

static const struct place *
place_of(const struct irc_line *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!strcmp(places[i].command, line->command))
			return &places[i];
	return NULL;
}

bool
irc_line_channel(const struct irc_line *line, const char **name)
{
	const struct place *place = place_of(line);

	if (place)
		*name = irc_line_param(line, place->param);
	return place != NULL;
}

bool
irc_line_is_everywhere(const struct irc_line *line)
{
	static const char *const everywhere[] = {
		"QUIT",  "NICK", "AWAY", "ACCOUNT", "SETNAME",
		"BATCH", "FAIL", "301",  "354",
	};

	for (size_t i = 0; i < ARRAY_SIZE(everywhere); i++)
		if (!strcmp(everywhere[i], line->command))
			return true;
	return false;
}

void
irc_ear_line(struct portal *portal, const struct ear *ear,
	     const struct irc_line *line)
{
	const struct place *place = place_of(line);
	uint64_t sign = 0;

	if (ear != portal->hearer && ear != portal->heir)
		return;
	if (place && place->shared && line->nick &&
	    !irc_is_us(portal->view.irc, line->nick))
		sign = sign_of(line);
	if (ear == portal->heir && sign) {
		keep(portal, sign);
		return;
	}
	if (ear != portal->hearer)
		return;
	portal->channel->heard_ms = now_of(portal);
	if (place && place->shared && !sign && !strcmp(line->command, "JOIN"))
		seen_to_enter(portal, line->nick);
	if (sign) {
		bool again = heard_take(&portal->skip, sign, now_of(portal));

		note_heard(portal, sign);
		if (again)
			return;
	}
	irc_view_line(&portal->view, line);
}

/* What is not about one channel: people quit, change their nick, ... */
static void
line_for_all(struct irc_puppet *p, const struct irc_line *line)
{
	for (struct seat *seat = p->seats; seat; seat = seat->next)
		if (seat->portal && seat->portal->hearer == &seat->ear)
			irc_view_line(&seat->portal->view, line);
}

/* It concerns the connection itself, not what it hears. */
static bool
is_about_it(const struct irc_puppet *p, const struct irc_line *line)
{
	const char *command = line->command;

	if (!strcmp(command, "KICK"))
		return session_is_own(&p->session, irc_line_param(line, 1));
	return session_is_own(&p->session, line->nick) &&
	       (!strcmp(command, "JOIN") || !strcmp(command, "PART"));
}

void
irc_portals_line(struct irc_puppet *p, const struct irc_line *line)
{
	const char *name;

	if (irc_line_channel(line, &name)) {
		struct seat *seat =
			is_about_it(p, line) ? NULL : irc_seat_in(p, name);

		if (seat && seat->portal && seat->state == SEAT_JOINED)
			irc_ear_line(seat->portal, &seat->ear, line);
	} else if (irc_line_is_everywhere(line)) {
		line_for_all(p, line);
	}
}

/* ---- life ---------------------------------------------------------- */

static struct portal *
portal_new(struct irc *irc, struct channel *ch)
{
	struct portal *portal = xcalloc(1, sizeof(*portal));

	irc_channel_close(ch);
	irc_view_init(&portal->view, irc, NULL);
	portal->kept_end = &portal->kept;
	portal->channel = irc_channel_new(&portal->view, ch);
	portal->id = ch->id;
	HASH_ADD(hh, irc->portals, id, sizeof(portal->id), portal);
	return portal;
}

void
irc_portal_open(struct irc *irc, struct channel *ch)
{
	(void)portal_new(irc, ch);
	bridge_joined(ch);
}

struct portal *
irc_share_open(struct irc *irc, struct channel *ch)
{
	struct portal *portal = portal_new(irc, ch);

	portal->shared = true;
	portal->listener.session = &irc->listener;
	portal->name = xstrdup(portal->channel->folded);
	HASH_ADD_KEYPTR(by_name, irc->shared, portal->name,
			strlen(portal->name), portal);
	return portal;
}

void
irc_portals_refold(struct irc *irc)
{
	struct portal *portal = irc->portals;

	HASH_CLEAR(by_name, irc->shared);
	for (; portal; portal = portal->hh.next) {
		irc_channel_refold(portal->channel);
		if (!portal->shared)
			continue;
		free(portal->name);
		portal->name = xstrdup(portal->channel->folded);
		HASH_ADD_KEYPTR(by_name, irc->shared, portal->name,
				strlen(portal->name), portal);
	}
}

static void
portal_free(struct portal *portal)
{
	struct irc *irc = portal->view.irc;

	timer_stop(&portal->names_timer);
	timer_stop(&portal->deaf_timer);
	timer_stop(&portal->overlap_timer);
	for (struct irc_puppet *p = irc->puppets; p; p = p->next)
		for (struct seat *seat = p->seats; seat; seat = seat->next)
			if (seat->portal == portal)
				seat->portal = NULL;
	HASH_DEL(irc->portals, portal);
	if (portal->shared)
		HASH_DELETE(by_name, irc->shared, portal);
	free(portal->name);
	kept_drop_all(portal);
	irc_view_clear(&portal->view); /* the channel, too */
	free(portal);
}

void
irc_channel_close(struct channel *ch)
{
	struct portal *portal = irc_portal_of(ch);

	if (portal)
		portal_free(portal);
	else
		irc_channel_free(ch->data);
}

void
irc_share_lost(struct portal *portal, const char *why)
{
	struct irc *irc = portal->view.irc;
	struct channel *ch = portal->channel->channel;

	irc_channel_close(ch);
	irc_puppets_lost(irc, ch);
	bridge_left(ch, DOWN_LOST, why);
}

void
irc_portals_close(struct irc *irc)
{
	while (irc->portals)
		portal_free(irc->portals);
}
