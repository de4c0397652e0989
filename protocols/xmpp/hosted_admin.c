/* SPDX-License-Identifier: MIT */
/*
 * hosted_admin.c - moderation and configuration of hosted rooms (XEP-0045
 * sections 8 to 10), and invitations.
 *
 * Nothing is decided here: each of it is a command of the network that the
 * room's channel is of, run by the account of who asks. Their network knows
 * whether they may.
 */

#include "protocols/xmpp/hosted_admin.h"

#include "bridge/base.h"
#include "conf/conf.h"
#include "protocols/xmpp/form.h"

#include <utlist.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 10
#define REASON_MAX 1024

/* One question, until everything that it asks for was answered. */
struct admin {
	struct xmpp *x;
	xmpp_stanza_t *st; /* the question */
	struct address_place place;
	char *who;
	struct request *runs[ITEMS_MAX];
	size_t n_runs, pending;
	bool failed;
	enum denial denial;
	char *why;
	/* Fill in the result of the last run; may be NULL. */
	void (*fill)(struct admin *a, const struct command_answer *answer,
		     xmpp_stanza_t *result);
	struct admin *prev, *next;
};

/* ---- answers ------------------------------------------------------------- */

static const char *const conditions[] = {
	[DENIED_OTHER] = "not-allowed",
	[DENIED_RIGHTS] = "forbidden",
	[DENIED_UNKNOWN] = "item-not-found",
	[DENIED_VALUE] = "not-acceptable",
};

static void
admin_free(struct admin *a)
{
	DL_DELETE(a->x->admins, a);
	(void)xmpp_stanza_release(a->st);
	free(a->who);
	free(a->why);
	free(a);
}

void
hosted_admin_drop(struct xmpp *x)
{
	while (x->admins) {
		struct admin *a = x->admins;

		for (size_t i = 0; i < a->n_runs; i++)
			if (a->runs[i])
				bridge_run_drop(a->runs[i]);
		admin_free(a);
	}
}

static void
conclude(struct admin *a, const struct command_answer *answer)
{
	xmpp_stanza_t *result;

	if (a->failed) {
		xmpp_refuse(a->x, a->st, conditions[a->denial], a->why);
	} else if (stanza_is(a->st, "iq")) {
		result = stanza_result(a->x->ctx, a->st);
		if (a->fill)
			a->fill(a, answer, result);
		xmpp_post(a->x, result);
	}
	admin_free(a);
}

/* They are answered in the order in which they were asked. */
static void
on_answer(void *arg, const struct command_answer *answer)
{
	struct admin *a = arg;

	a->runs[a->n_runs - a->pending] = NULL;
	if (answer->kind == ANSWER_REFUSED && !a->failed) {
		a->failed = true;
		a->denial = answer->denial;
		a->why = xstrdup(answer->text);
	}
	if (!--a->pending)
		conclude(a, answer);
}

static struct admin *
admin_new(const struct hosted_question *q, xmpp_stanza_t *st)
{
	struct admin *a = xcalloc(1, sizeof(*a));

	a->x = q->x;
	a->st = xmpp_stanza_clone(st);
	a->place = *q->place;
	a->who = xstrdup(q->who);
	DL_APPEND(q->x->admins, a);
	return a;
}

static void
run(struct admin *a, const char *name, const struct given *given, size_t n)
{
	const struct command_run run = {
		.who = a->who,
		.place = { PLACE_CHANNEL, a->place.label, a->place.name },
		.name = name,
		.given = given,
		.n_given = n,
	};

	a->pending++;
	a->runs[a->n_runs++] = bridge_run(&a->x->net, &run, on_answer, a);
}

/* ---- who is meant -------------------------------------------------------- */

/* What the channel calls that guest. */
static const char *
far_nick(const struct guest *g)
{
	return g->id ? g->far_name : g->o ? g->o->puppet->sender->name : NULL;
}

/* The nick or mask that an item means; NULL: nobody's. */
static const char *
target_of(const struct hosted_question *q, xmpp_stanza_t *item,
	  struct address_place *place)
{
	const char *nick = stanza_get(item, "nick");
	const char *text = stanza_get(item, "jid");
	struct guest *g = *nick ? guest_by_nick(q->h, nick) : NULL;
	char bare[FULL_JID_MAX];
	struct jid jid;

	if (*nick)
		return g ? far_nick(g) : NULL;
	hosted_place(q->x, text, place);
	if (jid_parse(&jid, text) &&
	    !strcmp(jid.domain, q->x->conf->component) &&
	    place->kind == ADDRESS_PERSON &&
	    !strcmp(place->label, q->place->label))
		return place->name;
	jid.resource[0] = '\0';
	g = jid_format(&jid, bare, sizeof(bare)) ? guest_find(q->h, bare)
						 : NULL;
	return g ? far_nick(g) : NULL;
}

/* ---- items --------------------------------------------------------------- */

/* SEMANTICS 4.4 */
static const struct {
	const char *attribute, *value, *command, *rank;
} changes[] = {
	{ "role", "none", "kick", NULL },
	{ "role", "visitor", "rank", "none" },
	{ "role", "participant", "rank", "voice" },
	{ "role", "moderator", "rank", "halfop" },
	{ "affiliation", "outcast", "ban", NULL },
	{ "affiliation", "none", "rank", "none" },
	{ "affiliation", "member", "rank", "voice" },
	{ "affiliation", "admin", "rank", "op" },
	{ "affiliation", "owner", "rank", "owner" },
};

static void
change(struct admin *a, const struct hosted_question *q, xmpp_stanza_t *item,
       size_t i)
{
	struct address_place place;
	const char *nick = target_of(q, item, &place);
	AUTO_STR reason = { 0 };
	struct given given[2] = { { "nick", nick }, { "reason", "" } };

	str_init(&reason, REASON_MAX);
	stanza_read_text(&reason, stanza_own_child(item, "reason"));
	given[1].value = reason.len ? reason.data : "";
	if (!nick) {
		a->failed = true;
		a->denial = DENIED_UNKNOWN;
		a->why = a->why ? a->why : xstrdup("nobody is called that");
		return;
	}
	if (changes[i].rank)
		given[1] = (struct given){ "rank", changes[i].rank };
	if (!strcmp(changes[i].value, "none") && strpbrk(nick, "!@*"))
		run(a, "unban", &(struct given){ "mask", nick }, 1);
	else
		run(a, changes[i].command, given, 2);
}

/* Which change an item asks for; ARRAY_SIZE(changes): none. */
static size_t
change_of(xmpp_stanza_t *item)
{
	bool role = *stanza_get(item, "role") != '\0';
	const char *attribute = role ? "role" : "affiliation";
	size_t i = 0;

	if (role && *stanza_get(item, "affiliation"))
		return ARRAY_SIZE(changes); /* one or the other */
	while (i < ARRAY_SIZE(changes) &&
	       (strcmp(changes[i].attribute, attribute) != 0 ||
		strcmp(changes[i].value, stanza_get(item, attribute)) != 0))
		i++;
	return i;
}

static size_t
collect(xmpp_stanza_t *query, xmpp_stanza_t *items[ITEMS_MAX])
{
	xmpp_stanza_t *st = xmpp_stanza_get_children(query);
	size_t n = 0;

	for (; st; st = xmpp_stanza_get_next(st)) {
		if (!stanza_is(st, "item"))
			continue;
		if (n == ITEMS_MAX)
			return 0;
		items[n++] = st;
	}
	return n;
}

static void
change_all(const struct hosted_question *q, xmpp_stanza_t *query)
{
	xmpp_stanza_t *items[ITEMS_MAX];
	size_t n = collect(query, items);
	struct admin *a;

	for (size_t i = 0; i < n; i++)
		if (change_of(items[i]) == ARRAY_SIZE(changes))
			n = 0;
	if (!n) {
		xmpp_refuse(q->x, q->st, "bad-request", NULL);
		return;
	}
	a = admin_new(q, q->st);
	for (size_t i = 0; i < n; i++)
		change(a, q, items[i], change_of(items[i]));
	if (!a->pending)
		conclude(a, NULL);
}

/* ---- lists --------------------------------------------------------------- */

static void
fill_bans(struct admin *a, const struct command_answer *answer,
	  xmpp_stanza_t *result)
{
	xmpp_stanza_t *query = stanza_add(result, "query", NS_MUC_ADMIN);
	char *copy = xstrdup(answer->text), *rest = copy, *mask;
	struct address_place place = a->place;
	char jid[FULL_JID_MAX];

	place.kind = ADDRESS_PERSON;
	while ((mask = strsep(&rest, "\n"))) {
		if (!*mask || strlen(mask) >= sizeof(place.name))
			continue;
		(void)snprintf(place.name, sizeof(place.name), "%s", mask);
		if (!address_write(a->x->conf->gateway, &place,
				   a->x->conf->component, jid, sizeof(jid)))
			continue;
		xmpp_stanza_t *item = stanza_add(query, "item", NULL);
		stanza_attr(item, "affiliation", "outcast");
		stanza_attr(item, "jid", jid);
	}
	free(copy);
}

static void
list_guests(const struct hosted_question *q, const char *attribute,
	    const char *value)
{
	xmpp_stanza_t *result = stanza_result(q->x->ctx, q->st);
	xmpp_stanza_t *query = stanza_add(result, "query", NS_MUC_ADMIN);

	for (struct guest *g = q->h->by_nick; g; g = g->hh_nick.next) {
		const struct shown how = { .gone = false };
		xmpp_stanza_t *st = guest_presence(g, &how, GUEST_ADDRESS);
		xmpp_stanza_t *item = xmpp_stanza_get_child_by_name(
			stanza_child(st, "x", NS_MUC_USER), "item");

		if (!strcmp(stanza_get(item, attribute), value)) {
			stanza_attr(item, "nick", g->nick);
			item = xmpp_stanza_copy(item);
			(void)xmpp_stanza_add_child(query, item);
			(void)xmpp_stanza_release(item);
		}
		(void)xmpp_stanza_release(st);
	}
	xmpp_post(q->x, result);
}

static void
list(const struct hosted_question *q, xmpp_stanza_t *query)
{
	xmpp_stanza_t *items[ITEMS_MAX];
	size_t n = collect(query, items);
	size_t i = n == 1 ? change_of(items[0]) : ARRAY_SIZE(changes);

	if (i == ARRAY_SIZE(changes)) {
		xmpp_refuse(q->x, q->st, "bad-request", NULL);
	} else if (!strcmp(changes[i].command, "ban")) {
		struct admin *a = admin_new(q, q->st);

		a->fill = fill_bans;
		run(a, "bans", NULL, 0);
	} else {
		list_guests(q, changes[i].attribute, changes[i].value);
	}
}

/* ---- configuration ------------------------------------------------------- */

/* Fields of the form and what the network calls them. */
static const struct {
	const char *var, *key, *label;
	enum setting_kind kind;
	bool inverted;
} options[] = {
	{ "muc#roomconfig_changesubject", "topic_lock",
	  "Everybody may change the subject", SETTING_YES_NO, true },
	{ "muc#roomconfig_moderatedroom", "moderated",
	  "Only those with voice may speak", SETTING_YES_NO, false },
	{ "muc#roomconfig_publicroom", "secret", "The channel is listed",
	  SETTING_YES_NO, true },
	{ "muc#roomconfig_membersonly", "invite_only",
	  "Only those who were invited may enter", SETTING_YES_NO, false },
	{ "muc#roomconfig_roomsecret", "key", "Password (the channel's key)",
	  SETTING_TEXT, false },
	{ "muc#roomconfig_maxusers", "limit", "How many may be in it",
	  SETTING_NUMBER, false },
};

static const char *
inverted(const char *value)
{
	return !strcmp(value, "true") ? "false" : "true";
}

static const char *
value_of(const struct command_answer *answer, const char *key)
{
	for (size_t i = 0; i < answer->n_fields; i++)
		if (!strcmp(answer->fields[i].key, key))
			return answer->fields[i].value;
	return NULL;
}

static void
fill_form(struct admin *a, const struct command_answer *answer,
	  xmpp_stanza_t *result)
{
	xmpp_stanza_t *form =
		form_add(stanza_add(result, "query", NS_MUC_OWNER), "form",
			 a->place.name, NULL);

	form_add_type(form, NS_ROOM_CONFIG);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const char *value = value_of(answer, options[i].key);
		struct field field = { .key = options[i].var,
				       .kind = options[i].kind,
				       .label = options[i].label,
				       .value = value };

		if (value && options[i].inverted)
			field.value = inverted(value);
		form_add_field(form, &field);
	}
}

static void
configure(const struct hosted_question *q, xmpp_stanza_t *form)
{
	struct given given[ARRAY_SIZE(options)];
	struct str values[ARRAY_SIZE(options)];
	const char *why = NULL;
	size_t n = 0, done = 0;

	for (size_t i = 0; i < ARRAY_SIZE(options) && !why; i++) {
		const struct field field = { .key = options[i].var,
					     .kind = options[i].kind };
		bool is_there;
		struct str *value = &values[done++];

		str_init(value, 1024);
		why = form_read_field(value, form, &field, &is_there);
		if (why || !is_there)
			continue;
		given[n].key = options[i].key;
		given[n].value = value->len ? value->data : "";
		if (options[i].inverted && value->len)
			given[n].value = inverted(given[n].value);
		n++;
	}
	if (why)
		xmpp_refuse(q->x, q->st, "not-acceptable", why);
	else
		run(admin_new(q, q->st), "modes", given, n);
	while (done)
		str_finish(&values[--done]);
}

/* Who has made a room may take it as it is (XEP-0045 10.1.2): an empty form. */
static bool
is_as_it_is(xmpp_stanza_t *query)
{
	xmpp_stanza_t *form = stanza_child(query, "x", NS_DATA);

	return form && stanza_has_type(form, "submit") &&
	       !xmpp_stanza_get_children(form);
}

static void
own(const struct hosted_question *q, xmpp_stanza_t *query)
{
	bool cancelled;
	xmpp_stanza_t *form = form_submitted(query, NS_ROOM_CONFIG, &cancelled);

	if (stanza_has_type(q->st, "get")) {
		struct admin *a = admin_new(q, q->st);

		a->fill = fill_form;
		run(a, "modes", NULL, 0);
	} else if (cancelled || is_as_it_is(query)) {
		conclude(admin_new(q, q->st), NULL);
	} else if (form) {
		configure(q, form);
	} else if (stanza_child(query, "destroy", NS_MUC_OWNER)) {
		xmpp_refuse(q->x, q->st, "not-allowed",
			    "a channel of IRC cannot be destroyed");
	} else {
		xmpp_refuse(q->x, q->st, "bad-request", NULL);
	}
}

bool
hosted_admin_iq(const struct hosted_question *q)
{
	xmpp_stanza_t *admin = stanza_child(q->st, "query", NS_MUC_ADMIN);
	xmpp_stanza_t *owner = stanza_child(q->st, "query", NS_MUC_OWNER);
	struct client *c =
		q->h ? client_find(q->h, stanza_get(q->st, "from")) : NULL;

	if (!admin && !owner)
		return false;
	if (!c || !c->in)
		xmpp_refuse(q->x, q->st, "forbidden",
			    "you are not in the room");
	else if (owner)
		own(q, owner);
	else if (stanza_has_type(q->st, "get"))
		list(q, admin);
	else
		change_all(q, admin);
	return true;
}

/* ---- invitations --------------------------------------------------------- */

void
hosted_invitation(struct xmpp *x, const struct invitation *i)
{
	xmpp_stanza_t *st = stanza_new(x->ctx, "message", i->room, i->to, NULL);
	xmpp_stanza_t *invite =
		stanza_add(stanza_add(st, "x", NS_MUC_USER), "invite", NULL);
	xmpp_stanza_t *direct = stanza_add(st, "x", NS_CONFERENCE);

	stanza_attr(invite, "from", i->by);
	stanza_attr(direct, "jid", i->room);
	if (i->reason && *i->reason) {
		stanza_add_text(invite, "reason", NULL, i->reason);
		stanza_attr(direct, "reason", i->reason);
	}
	xmpp_post(x, st);
}

/* Only to who is in: else we would carry anything to anybody. */
bool
hosted_declined(const struct hosted_question *q)
{
	xmpp_stanza_t *x = stanza_child(q->st, "x", NS_MUC_USER);
	xmpp_stanza_t *decline =
		x ? xmpp_stanza_get_child_by_name(x, "decline") : NULL;
	char bare[FULL_JID_MAX];
	AUTO_STR reason = { 0 };
	struct guest *g = NULL;
	struct jid jid;

	if (!decline)
		return false;
	str_init(&reason, REASON_MAX);
	stanza_read_text(&reason, stanza_own_child(decline, "reason"));
	if (q->h && jid_parse(&jid, stanza_get(decline, "to"))) {
		jid.resource[0] = '\0';
		g = jid_format(&jid, bare, sizeof(bare))
			    ? guest_find(q->h, bare)
			    : NULL;
	}
	if (!g || !*q->who) {
		xmpp_refuse(q->x, q->st, "item-not-found",
			    "whoever invited you is not in the room");
		return true;
	}
	xmpp_stanza_t *st =
		stanza_new(q->x->ctx, "message", q->h->jid, bare, NULL);
	x = stanza_add(st, "x", NS_MUC_USER);
	decline = stanza_add(x, "decline", NULL);
	stanza_attr(decline, "from", q->who);
	if (reason.len)
		stanza_add_text(decline, "reason", NULL, reason.data);
	xmpp_post(q->x, st);
	return true;
}

/* Somebody of the network is asked over it, anybody else by us. */
static void
invite(const struct hosted_question *q, xmpp_stanza_t *invite)
{
	const char *to = stanza_get(invite, "to");
	AUTO_STR reason = { 0 };
	struct address_place place;
	char bare[FULL_JID_MAX];
	struct jid jid;

	str_init(&reason, REASON_MAX);
	stanza_read_text(&reason, stanza_own_child(invite, "reason"));
	hosted_place(q->x, to, &place);
	if (!jid_parse(&jid, to)) {
		xmpp_refuse(q->x, q->st, "jid-malformed", NULL);
		return;
	}
	if (!strcmp(jid.domain, q->x->conf->component) &&
	    place.kind == ADDRESS_PERSON &&
	    !strcmp(place.label, q->place->label)) {
		run(admin_new(q, q->st), "invite",
		    &(struct given){ "nick", place.name }, 1);
		return;
	}
	jid.resource[0] = '\0';
	if (!*jid.local || !jid_format(&jid, bare, sizeof(bare)))
		xmpp_refuse(q->x, q->st, "item-not-found", NULL);
	else
		hosted_invitation(
			q->x, &(struct invitation){ .room = q->h->jid,
						    .to = bare,
						    .by = q->who,
						    .reason = reason.data });
}

bool
hosted_admin_message(const struct hosted_question *q)
{
	xmpp_stanza_t *x = stanza_child(q->st, "x", NS_MUC_USER);
	xmpp_stanza_t *st =
		x ? xmpp_stanza_get_child_by_name(x, "invite") : NULL;

	if (!st)
		return false;
	invite(q, st);
	return true;
}

bool
hosted_direct_invite(struct xmpp *x, xmpp_stanza_t *st, const char *who)
{
	xmpp_stanza_t *direct = stanza_child(st, "x", NS_CONFERENCE);
	struct address_place person, channel;
	const struct hosted_question q = { x, st, NULL, &channel, who };

	if (!direct)
		return false;
	hosted_place(x, stanza_get(st, "to"), &person);
	hosted_place(x, stanza_get(direct, "jid"), &channel);
	if (person.kind != ADDRESS_PERSON || channel.kind != ADDRESS_CHANNEL ||
	    strcmp(person.label, channel.label) != 0)
		xmpp_refuse(x, st, "item-not-found",
			    "that room is not of this person's network");
	else
		run(admin_new(&q, st), "invite",
		    &(struct given){ "nick", person.name }, 1);
	return true;
}

void
hosted_invited(struct network *net, const char *sender_id, const char *network,
	       const char *channel, const char *by)
{
	struct xmpp *x = xmpp_from(net);
	const struct conf_gateway *gateway = x->conf->gateway;
	struct address_place place = { .kind = ADDRESS_CHANNEL };
	char room[FULL_JID_MAX], from[FULL_JID_MAX];

	if (!gateway || !address_set_network(gateway, network, &place) ||
	    strlen(channel) >= sizeof(place.name) ||
	    strlen(by) >= sizeof(place.name))
		return;
	(void)snprintf(place.name, sizeof(place.name), "%s", channel);
	if (!address_write(gateway, &place, x->conf->component, room,
			   sizeof(room)))
		return;
	place.kind = ADDRESS_PERSON;
	(void)snprintf(place.name, sizeof(place.name), "%s", by);
	if (address_write(gateway, &place, x->conf->component, from,
			  sizeof(from)))
		hosted_invitation(x, &(struct invitation){ .room = room,
							   .to = sender_id,
							   .by = from });
}
