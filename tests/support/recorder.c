/* SPDX-License-Identifier: MIT */
/* recorder.c - the bridge's side of the contract, written down. */

#include "tests/support/recorder.h"

#include "bridge/base.h"
#include "bridge/loop.h"
#include "bridge/secret.h"
#include "bridge/str.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 10000
#define LINE_BYTES 65536

struct recorder recorder;

static const char *const reasons[] = {
	[DOWN_ASKED] = "asked",
	[DOWN_LOST] = "lost",
	[DOWN_UNREACHABLE] = "unreachable",
	[DOWN_REFUSED] = "refused",
};

static const char *const parts[] = {
	[PART_LEFT] = "left",     [PART_QUIT] = "quit",
	[PART_KICKED] = "kicked", [PART_BANNED] = "banned",
	[PART_SPLIT] = "split",
};

static const char *const shows[] = {
	[SHOW_ONLINE] = "online",
	[SHOW_AWAY] = "away",
	[SHOW_XA] = "xa",
	[SHOW_DND] = "dnd",
};

static const char *const ranks[] = {
	[RANK_NONE] = "none", [RANK_VOICE] = "voice", [RANK_HALFOP] = "halfop",
	[RANK_OP] = "op",     [RANK_ADMIN] = "admin", [RANK_OWNER] = "owner",
};

static void
stop_if_seen(void)
{
	if (recorder.waiting &&
	    recorder_count(recorder.wanted) >= recorder.wanted_count)
		loop_stop(recorder.waiting);
}

static void
note(struct str *line)
{
	size_t n = recorder.n_lines;

	if (!(n & (n + 1))) /* room for 1, 3, 7, ... is used up */
		recorder.lines =
			xrealloc(recorder.lines, (2 * n + 2) * sizeof(char *));
	recorder.lines[recorder.n_lines++] = str_take(line);
	stop_if_seen();
}

__attribute__((format(printf, 1, 2))) static void
say(const char *fmt, ...)
{
	AUTO_STR line = { 0 };
	va_list args;

	str_init(&line, LINE_BYTES);
	va_start(args, fmt);
	str_vprintf(&line, fmt, args);
	va_end(args);
	note(&line);
}

/* ---- sets of pointers ------------------------------------------------- */

static void
set_add(void *set, size_t *n, void *item)
{
	void ***items = set;

	for (size_t i = 0; i < *n; i++)
		if ((*items)[i] == item)
			return;
	*items = xrealloc(*items, (*n + 1) * sizeof(void *));
	(*items)[(*n)++] = item;
}

static bool
set_remove(void *set, size_t *n, const void *item)
{
	void ***items = set;

	for (size_t i = 0; i < *n; i++) {
		if ((*items)[i] != item)
			continue;
		memmove(*items + i, *items + i + 1,
			(*n - i - 1) * sizeof(void *));
		(*n)--;
		return true;
	}
	return false;
}

/* ---- what the bridge would do ----------------------------------------- */

static void
occupant_gone(struct occupant *o, enum occupant_state state)
{
	o->state = state;
	free(o->name);
	o->name = NULL;
}

static void
channel_gone(struct channel *ch)
{
	ch->joined = false;
	for (size_t i = 0; i < recorder.n_occupants; i++)
		if (recorder.occupants[i]->channel == ch)
			occupant_gone(recorder.occupants[i], OCCUPANT_ABSENT);
	for (size_t i = 0; i < recorder.n_pending;) {
		struct delivery *d = recorder.pending[i];

		if (d->channel != ch) {
			i++;
			continue;
		}
		set_remove(&recorder.pending, &recorder.n_pending, d);
		recorder.back++;
		say("back %s", d->id);
	}
}

/* Channels that were joined or had something sent to them. */
static void
network_gone(struct network *net)
{
	for (size_t i = 0; i < recorder.n_channels; i++)
		if (recorder.channels[i]->network == net)
			channel_gone(recorder.channels[i]);
}

static void
settle(struct delivery *d)
{
	bool known = set_remove(&recorder.pending, &recorder.n_pending, d);

	assert(known);
	(void)known;
}

static const char *
channel_name(int64_t id)
{
	for (size_t i = 0; i < recorder.n_channels; i++)
		if (recorder.channels[i]->id == id)
			return recorder.channels[i]->name;
	return "?";
}

/* ---- the transcript of an event --------------------------------------- */

static void
add_word(struct str *line, const char *name, const char *value)
{
	if (value)
		str_printf(line, " {%s=%s}", name, value);
}

static void
add_flags(struct str *line, unsigned flags)
{
	static const struct {
		unsigned flag;
		const char *name;
	} names[] = {
		{ EVENT_ACTION, "action" },   { EVENT_NOTICE, "notice" },
		{ EVENT_REMOVED, "removed" }, { EVENT_BACKLOG, "backlog" },
		{ EVENT_EDITED, "edited" },   { EVENT_RELAYED, "relayed" },
		{ EVENT_LATE, "late" },       { EVENT_GATEWAY, "gateway" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag)
			str_printf(line, " {%s}", names[i].name);
}

static void
add_details(struct str *line, const struct event *ev)
{
	add_flags(line, ev->flags);
	add_word(line, "account", ev->sender.account);
	add_word(line, "id", ev->id);
	add_word(line, "alt", ev->alt_id);
	add_word(line, "key", ev->key);
	add_word(line, "target", ev->target);
	add_word(line, "parent", ev->parent);
	if (ev->kind == EVENT_PART)
		add_word(line, "part", parts[ev->part]);
	add_word(line, "actor", ev->actor);
	if (ev->kind == EVENT_PRESENCE || ev->show != SHOW_ONLINE)
		add_word(line, "show", shows[ev->show]);
	if (ev->rank != RANK_NONE)
		add_word(line, "rank", ranks[ev->rank]);
	if (ev->text.n_spans)
		str_printf(line, " {spans=%zu}", ev->text.n_spans);
	add_word(line, "mark", ev->mark);
	add_word(line, "password", ev->password);
	add_word(line, "cursor", ev->cursor);
}

static void memo_set(const struct memo *memo);

void
bridge_event(struct network *net, struct event *ev)
{
	AUTO_STR line = { 0 };
	const char *wrong = event_check(ev);

	assert(net->state != NETWORK_DOWN);
	if (wrong)
		fprintf(stderr, "event_check: %s\n", wrong);
	assert(!wrong);
	str_init(&line, LINE_BYTES);
	str_printf(&line, "event %s ", event_kind_name(ev->kind));
	if (event_is_direct(ev))
		str_printf(&line, "->%s/%s", ev->to.network, ev->to.id);
	else
		str_add(&line, channel_name(ev->channel));
	str_printf(&line, " %s (%s) ", ev->sender.id, ev->sender.name);
	str_add_n(&line, ev->text.utf8, ev->text.len);
	add_details(&line, ev);
	event_unref(recorder.last_event);
	recorder.last_event = ev;
	recorder.events++;
	for (const struct memo *m = ev->memos; m; m = m->next)
		memo_set(m);
	note(&line);
}

/* ---- memos -------------------------------------------------------------- */

/* The newest is the last. */
static void
memo_set(const struct memo *memo)
{
	size_t n = 0;

	for (size_t i = 0; i < recorder.n_memos; i++) {
		struct memo *m = &recorder.memos[i];

		if (strcmp(m->scope, memo->scope) == 0 &&
		    strcmp(m->key, memo->key) == 0) {
			free((char *)(uintptr_t)m->scope);
			free((char *)(uintptr_t)m->key);
			free((char *)(uintptr_t)m->value);
		} else {
			recorder.memos[n++] = *m;
		}
	}
	recorder.n_memos = n;
	if (!memo->value)
		return;
	recorder.memos = xrealloc(recorder.memos, (n + 1) * sizeof(*memo));
	recorder.memos[recorder.n_memos++] =
		(struct memo){ xstrdup(memo->scope), xstrdup(memo->key),
			       xstrdup(memo->value), NULL };
}

void
recorder_forget_memos(void)
{
	for (size_t i = 0; i < recorder.n_memos; i++) {
		free((char *)(uintptr_t)recorder.memos[i].scope);
		free((char *)(uintptr_t)recorder.memos[i].key);
		free((char *)(uintptr_t)recorder.memos[i].value);
	}
	free(recorder.memos);
	recorder.memos = NULL;
	recorder.n_memos = 0;
}

void
bridge_remember(struct network *net UNUSED, const struct memo *memos,
		uint64_t ticket UNUSED)
{
	for (; memos; memos = memos->next)
		memo_set(memos);
}

int
bridge_memos(struct network *net UNUSED, const char *scope, unsigned max UNUSED,
	     void (*fn)(void *arg, const char *key, const char *value),
	     void *arg)
{
	for (size_t i = 0; i < recorder.n_memos; i++)
		if (strcmp(recorder.memos[i].scope, scope) == 0)
			fn(arg, recorder.memos[i].key, recorder.memos[i].value);
	return 0;
}

/* ---- the other upcalls ------------------------------------------------ */

void
bridge_network_up(struct network *net)
{
	assert(net->state == NETWORK_STARTING);
	net->state = NETWORK_UP;
	recorder.ups++;
	say("up %s", net->name);
}

void
bridge_network_down(struct network *net, enum down_reason why, const char *text)
{
	assert(net->state != NETWORK_DOWN);
	net->state = NETWORK_DOWN;
	recorder.last_down = why;
	recorder.downs++;
	network_gone(net);
	say("down %s %s: %s", net->name, reasons[why], text ? text : "");
}

void
bridge_joined(struct channel *ch)
{
	assert(ch->network->state == NETWORK_UP);
	assert(!ch->joined);
	ch->joined = true;
	recorder.joins++;
	say("joined %s", ch->name);
}

bool
bridge_awaits(const struct channel *ch UNUSED, const char *id)
{
	return !recorder.ended || strcmp(recorder.ended, id) != 0;
}

void
bridge_gap(struct channel *ch, int64_t from_ms)
{
	assert(ch->network->state == NETWORK_UP);
	assert(!ch->joined);
	say("gap %s from %lld", ch->name, (long long)from_ms);
}

void
bridge_noticed(struct channel *ch, const char *sender_id, const char *text)
{
	assert(ch->network->state == NETWORK_UP);
	assert(sender_id && *sender_id);
	say("notice %s %s: %s", ch->name, sender_id, text ? text : "(gone)");
}

void
bridge_left(struct channel *ch, enum down_reason why, const char *text)
{
	assert(ch->network->state == NETWORK_UP);
	recorder.lefts++;
	channel_gone(ch);
	say("left %s %s: %s", ch->name, reasons[why], text ? text : "");
}

void
bridge_puppet_joined(struct occupant *o, const char *name)
{
	assert(o->state == OCCUPANT_JOINING);
	occupant_gone(o, OCCUPANT_JOINED);
	o->name = xstrdup(name);
	recorder.puppet_joins++;
	say("puppet joined %s %s as %s", o->channel->name, o->want, name);
}

void
bridge_puppet_renamed(struct occupant *o, const char *name)
{
	assert(o->state == OCCUPANT_JOINED);
	free(o->name);
	o->name = xstrdup(name);
	recorder.puppet_renames++;
	say("puppet renamed %s %s to %s", o->channel->name, o->want, name);
}

void
bridge_puppet_left(struct occupant *o, enum down_reason why, const char *text)
{
	assert(o->state == OCCUPANT_JOINING || o->state == OCCUPANT_JOINED);
	occupant_gone(o,
		      why == DOWN_REFUSED ? OCCUPANT_REFUSED : OCCUPANT_ABSENT);
	recorder.puppet_lefts++;
	say("puppet left %s %s %s: %s", o->channel->name, o->want, reasons[why],
	    text ? text : "");
}

void
bridge_sent(struct delivery *d, const char *const *ids, size_t n)
{
	AUTO_STR line = { 0 };

	settle(d);
	recorder.sent++;
	str_init(&line, LINE_BYTES);
	str_printf(&line, "sent %s [", d->id);
	for (size_t i = 0; i < n; i++)
		str_printf(&line, "%s%s", i ? " " : "", ids[i]);
	str_add_char(&line, ']');
	note(&line);
}

void
bridge_later(struct delivery *d, int64_t wait_ms, const char *why)
{
	settle(d);
	recorder.later++;
	say("later %s %lld ms: %s", d->id, (long long)wait_ms, why ? why : "");
}

void
bridge_refused(struct delivery *d, const char *why)
{
	settle(d);
	recorder.refused++;
	say("refused %s: %s", d->id, why ? why : "");
}

struct occupant *
bridge_occupant(struct channel *ch, const char *origin, const char *sender_id)
{
	for (size_t i = 0; i < recorder.n_occupants; i++) {
		struct occupant *o = recorder.occupants[i];

		if (o->channel == ch && !strcmp(o->puppet->origin, origin) &&
		    !strcmp(o->puppet->sender->id, sender_id))
			return o;
	}
	return NULL;
}

const char *
bridge_portal(struct network *net, const char *name, const char *network,
	      const char *far)
{
	say("portal %s %s to %s:%s", net->name, name, network, far);
	return recorder.no_portal;
}

int
bridge_history(struct channel *ch UNUSED, const struct history_query *query,
	       void (*fn)(void *arg, const struct event *ev), void *arg,
	       struct history *result)
{
	for (size_t i = 0; i < recorder.n_past && i < query->max; i++)
		fn(arg, recorder.past[i]);
	*result = (struct history){ (int64_t)recorder.n_past, true };
	return 0;
}

void
bridge_marks(struct network *net UNUSED, const struct event *ev UNUSED,
	     void (*fn)(void *arg, const char *mark), void *arg)
{
	for (const char *at = recorder.marks; at && *at; at++)
		fn(arg, (const char[]){ *at, '\0' });
}

void
bridge_commands(struct network *door UNUSED, const char *who UNUSED,
		const struct command_place *place,
		void (*fn)(void *arg, const struct command *command), void *arg)
{
	const struct command *c = recorder.commands;

	for (; c && c->name; c++)
		if (c->places & AT_PLACE(place->kind))
			fn(arg, c);
}

struct request *
bridge_run(struct network *door UNUSED, const struct command_run *run,
	   answer_fn *fn, void *arg)
{
	AUTO_STR given = { 0 };

	str_init(&given, 65536);
	for (size_t i = 0; i < run->n_given; i++)
		str_printf(&given, " {%s=%s}", run->given[i].key,
			   run->given[i].value);
	say("run %s by %s at %s%s%s%s%s", run->name, run->who,
	    run->place.network ? run->place.network : "-",
	    run->place.name ? "/" : "", run->place.name ? run->place.name : "",
	    run->given ? " filled" : "", given.len ? given.data : "");
	recorder.answer = fn;
	recorder.answer_arg = arg;
	return (struct request *)&recorder; /* only to be handed back */
}

void
bridge_run_drop(struct request *r)
{
	assert(r == (struct request *)&recorder);
	say("drop");
	recorder.answer = NULL;
}

void
recorder_answer(const struct command_answer *answer)
{
	answer_fn *fn = recorder.answer;

	assert(fn);
	recorder.answer = NULL;
	fn(recorder.answer_arg, answer);
}

struct request {
	struct recorder_command c;
	struct address who;
};

void
recorder_command(struct network *net, const struct recorder_command *c)
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->c = *c;
	r->who = (struct address){ "home", c->who };
	net->protocol->ops.command(net, r);
}

const struct command *
request_command(const struct request *r)
{
	return r->c.command;
}

const struct command_place *
request_place(const struct request *r)
{
	return &r->c.place;
}

const struct address *
request_who(const struct request *r)
{
	return &r->who;
}

bool
request_by_admin(const struct request *r)
{
	return r->c.admin;
}

bool
request_is_fresh(const struct request *r)
{
	return !r->c.given;
}

const char *
request_value(const struct request *r, const char *key)
{
	for (size_t i = 0; i < r->c.n_given; i++)
		if (strcmp(r->c.given[i].key, key) == 0)
			return r->c.given[i].value;
	return NULL;
}

void
request_field(struct request *r UNUSED, const struct field *field)
{
	say("field %s", field->key);
}

bool
request_entry(struct request *r UNUSED, const char *value, const char *label)
{
	say("entry %s %s", value, label ? label : "");
	return true;
}

void
request_ask(struct request *r, const char *title, const char *text UNUSED)
{
	say("asked %s", title);
	free(r);
}

void
request_done(struct request *r, const char *text)
{
	say("answered %s", text);
	free(r);
}

void
request_refuse(struct request *r, const char *why)
{
	say("refused %s", why);
	free(r);
}

static bool
is_asked(const struct history_query *q, const struct event *ev)
{
	return ev->number > recorder.unread && ev->number > q->after &&
	       (!q->before || ev->number < q->before) &&
	       (!q->from_ms || ev->when_ms >= q->from_ms) &&
	       (!q->until_ms || ev->when_ms <= q->until_ms);
}

int
bridge_archive(struct network *net UNUSED, const struct archive *archive,
	       const struct history_query *query,
	       void (*fn)(void *arg, const struct event *ev), void *arg,
	       struct history *result)
{
	size_t n = 0, skip = 0;

	say("archive %s%s%s for %s", archive->room ? archive->room : "",
	    archive->room ? "" : archive->person.network,
	    archive->room ? "" : archive->person.id, archive->reader);
	for (size_t i = 0; i < recorder.n_past; i++)
		n += is_asked(query, recorder.past[i]);
	*result = (struct history){ (int64_t)n, n <= query->max };
	if (query->newest && n > query->max)
		skip = n - query->max;
	n = 0;
	for (size_t i = 0; i < recorder.n_past; i++) {
		if (!is_asked(query, recorder.past[i]))
			continue;
		if (n >= skip && n - skip < query->max)
			fn(arg, recorder.past[i]);
		n++;
	}
	return 0;
}

bool
bridge_may_read(struct channel *hosted UNUSED, const char *sender_id UNUSED,
		const int64_t *numbers, size_t n, bool *may)
{
	for (size_t i = 0; i < n; i++)
		may[i] = numbers[i] > recorder.unread;
	return true;
}

bool
bridge_stays(struct channel *hosted UNUSED, const char *sender_id UNUSED)
{
	return recorder.stays;
}

void
bridge_residents(struct channel *hosted UNUSED,
		 void (*fn)(void *arg, const struct sender *who,
			    const char *password),
		 void *arg)
{
	if (recorder.resident.id)
		fn(arg, &recorder.resident, recorder.password);
}

void
bridge_settings(struct network *net UNUSED, const char *sender_id UNUSED,
		const struct command_place *place UNUSED,
		void (*fn)(void *arg, const struct setting *setting,
			   const char *value),
		void *arg)
{
	const char *const *at = recorder.settings;

	for (; at && *at; at += 2)
		fn(arg,
		   &(struct setting){ .key = at[0],
				      .kind = strstr(at[0], "password")
						      ? SETTING_SECRET
						      : SETTING_TEXT },
		   *at[1] == '-' ? NULL : at[1]);
}

void
request_deny(struct request *r, enum denial denial, const char *why)
{
	say("denied %d %s", (int)denial, why);
	free(r);
}

void
bridge_moded(struct channel *ch, unsigned modes)
{
	if (ch->modes == modes)
		return;
	ch->modes = modes;
	say("modes %s %u", ch->name, modes);
}

void
bridge_stepped_in(struct channel *ch)
{
	assert(ch->joined);
	say("stepped in %s", ch->name);
}

void
bridge_kept_out(struct channel *ch, enum down_reason why, const char *text)
{
	assert(ch->joined);
	say("kept out %s %s: %s", ch->name, reasons[why], text ? text : "");
}

void
bridge_welcome(struct channel *ch)
{
	assert(!ch->joined);
	say("welcome %s", ch->name);
}

void
bridge_puppet_ranked(struct occupant *o)
{
	say("puppet ranked %s %s %d", o->channel->name, o->want, (int)o->rank);
}

void
bridge_invited(const struct puppet *p, const char *channel, const char *by)
{
	say("invited %s into %s by %s", p->sender->id, channel, by);
}

const char *
bridge_follow(struct network *net UNUSED, const struct sender *follower,
	      const struct address *person)
{
	say("follow %s:%s by %s (%s)", person->network, person->id,
	    follower->id, follower->name);
	return recorder.no_follow;
}

void
bridge_unfollow(struct network *net UNUSED, const char *follower,
		const struct address *person)
{
	say("unfollow %s:%s by %s", person->network, person->id, follower);
}

bool
bridge_follows(struct network *net UNUSED, const char *follower UNUSED,
	       const struct address *person UNUSED)
{
	return recorder.follows;
}

size_t
bridge_connections(struct network *net UNUSED, const char *sender_id UNUSED,
		   const char *label UNUSED)
{
	return recorder.connections;
}

static bool
is_blocked(const char *network, const char *id)
{
	const char *colon =
		recorder.blocks ? strchr(recorder.blocks, ':') : NULL;

	return colon && id && !strcmp(colon + 1, id) &&
	       !strncmp(recorder.blocks, network, strlen(network));
}

bool
bridge_blocks(struct network *net UNUSED, const char *reader UNUSED,
	      const char *network, const struct sender *person)
{
	return is_blocked(network, person->id) ||
	       is_blocked(network, person->name);
}

void
bridge_blocked(struct network *net UNUSED, const char *who UNUSED,
	       void (*fn)(void *arg, const struct address *person), void *arg)
{
	char label[64];
	size_t len = recorder.blocks ? strcspn(recorder.blocks, ":") : 0;

	if (!len)
		return;
	(void)snprintf(label, sizeof(label), "%.*s", (int)len, recorder.blocks);
	fn(arg, &(struct address){ label, recorder.blocks + len + 1 });
}

const char *
bridge_may_block(struct network *net UNUSED, const char *who UNUSED,
		 const struct address *person UNUSED)
{
	return recorder.no_block;
}

const char *
bridge_block(struct network *net UNUSED, const char *who,
	     const struct address *person)
{
	say("block %s:%s by %s", person->network, person->id, who);
	return recorder.no_block;
}

void
bridge_unblock(struct network *net UNUSED, const char *who,
	       const struct address *person)
{
	say("unblock %s:%s by %s", person->network, person->id, who);
}

void
bridge_here(struct network *net UNUSED, const char *follower, bool here)
{
	say("%s is %s", follower, here ? "here" : "gone");
}

const char *
bridge_topic(struct channel *hosted UNUSED)
{
	return recorder.topic;
}

struct media *
bridge_media(const struct network *net UNUSED)
{
	return recorder.media;
}

const char *
bridge_setting(const struct puppet *p, const char *key)
{
	const char *const *at = p->account ? recorder.settings : NULL;

	while (at && *at && strcmp(at[0], key) != 0)
		at += 2;
	return at && *at ? at[1] : NULL;
}

struct secret *
bridge_setting_of(struct network *net UNUSED, const struct address *who UNUSED,
		  const char *key)
{
	const char *const *at = recorder.settings;

	while (at && *at && strcmp(at[0], key) != 0)
		at += 2;
	return at && *at ? secret_new(at[1], strlen(at[1])) : NULL;
}

const char *
bridge_may_set(struct network *net UNUSED,
	       const struct command_place *place UNUSED, const char *key UNUSED,
	       const char *value)
{
	return value && strcmp(value, "bad") == 0 ? "that is bad" : NULL;
}

const char *
bridge_set(struct network *net UNUSED, const char *sender_id,
	   const struct command_place *place, const char *key,
	   const char *value)
{
	say("set %s of %s at %s: %s", key, sender_id, place->network,
	    value ? value : "nothing");
	return NULL;
}

const char *
bridge_keep_setting(struct network *net UNUSED, const struct address *who,
		    const char *key, const char *value)
{
	say("keep %s of %s: %s", key, who->id, value ? "set" : "nothing");
	free(recorder.kept);
	recorder.kept = value ? xstrdup(value) : NULL;
	return NULL;
}

/* Weak: some adapters' tests look closer. */
__attribute__((weak)) void
bridge_contact(struct contact *contact, const struct availability *a)
{
	say("contact %s of %s is %s %s: %s", contact->person,
	    contact->follower.id, a->online ? "online" : "offline",
	    shows[a->show], a->status ? a->status : "");
}

/* ---- weak: the core's own, where it is not linked --------------------- */

__attribute__((weak)) void
network_init(struct network *net, const struct protocol *protocol,
	     const char *name)
{
	net->protocol = protocol;
	net->name = xstrdup(name);
	net->state = NETWORK_DOWN;
	net->caps = protocol->caps;
	net->limits = protocol->limits;
}

__attribute__((weak)) void
network_finish(struct network *net)
{
	free(net->name);
	net->name = NULL;
}

/* ---- for the tests ---------------------------------------------------- */

void
recorder_reset(void)
{
	for (size_t i = 0; i < recorder.n_occupants; i++)
		free(recorder.occupants[i]->name);
	for (size_t i = 0; i < recorder.n_lines; i++)
		free(recorder.lines[i]);
	free(recorder.lines);
	free(recorder.channels);
	free(recorder.occupants);
	free(recorder.pending);
	free(recorder.kept);
	event_unref(recorder.last_event);
	recorder = (struct recorder){ .memos = recorder.memos,
				      .n_memos = recorder.n_memos };
}

size_t
recorder_count(const char *words)
{
	size_t n = 0;

	for (size_t i = 0; i < recorder.n_lines; i++)
		n += strstr(recorder.lines[i], words) != NULL;
	return n;
}

const char *
recorder_find(const char *words)
{
	for (size_t i = recorder.n_lines; i--;)
		if (strstr(recorder.lines[i], words))
			return recorder.lines[i];
	return NULL;
}

void
recorder_dump(void)
{
	size_t first = recorder.n_lines > 60 ? recorder.n_lines - 60 : 0;

	for (size_t i = first; i < recorder.n_lines; i++)
		fprintf(stderr, "%s\n", recorder.lines[i]);
}

static void
time_out(void *arg)
{
	recorder.timed_out = true;
	loop_stop(arg);
}

bool
recorder_wait(struct loop *loop, const char *words, size_t count)
{
	struct timer deadline = { 0 };

	recorder.timed_out = false;
	recorder.wanted = words;
	recorder.wanted_count = count;
	recorder.waiting = loop;
	if (recorder_count(words) < count) {
		timer_start(&deadline, loop, WAIT_MS, time_out, loop);
		loop_run(loop);
		timer_stop(&deadline);
	}
	recorder.waiting = NULL;
	if (recorder.timed_out) {
		fprintf(stderr, "waited for %zu x \"%s\" in vain\n", count,
			words);
		recorder_dump();
	}
	return recorder_count(words) >= count;
}

void
recorder_start(struct network *net)
{
	assert(net->state == NETWORK_DOWN);
	net->state = NETWORK_STARTING;
	net->protocol->ops.start(net);
}

void
recorder_stop(struct network *net)
{
	assert(net->state == NETWORK_STARTING || net->state == NETWORK_UP);
	net->state = NETWORK_STOPPING;
	net->protocol->ops.stop(net);
}

void
recorder_join(struct channel *ch)
{
	assert(ch->network->state == NETWORK_UP);
	set_add(&recorder.channels, &recorder.n_channels, ch);
	ch->network->protocol->ops.join(ch->network, ch);
}

void
recorder_leave(struct channel *ch)
{
	assert(ch->network->state == NETWORK_UP);
	channel_gone(ch);
	ch->network->protocol->ops.leave(ch->network, ch);
}

void
recorder_puppet_join(struct occupant *o)
{
	assert(o->state == OCCUPANT_ABSENT);
	set_add(&recorder.channels, &recorder.n_channels, o->channel);
	set_add(&recorder.occupants, &recorder.n_occupants, o);
	o->state = OCCUPANT_JOINING;
	o->channel->network->protocol->ops.puppet_join(o->channel->network, o);
}

void
recorder_puppet_leave(struct occupant *o, const char *reason)
{
	struct network *net = o->channel->network;

	net->protocol->ops.puppet_leave(net, o, reason);
	occupant_gone(o, OCCUPANT_ABSENT);
	set_remove(&recorder.occupants, &recorder.n_occupants, o);
}

void
recorder_send(struct delivery *d)
{
	struct network *net = d->channel->network;

	assert(net->state == NETWORK_UP);
	assert(d->channel->kind == CHANNEL_DIRECT || d->channel->joined);
	assert(!d->speaker || d->speaker->state == OCCUPANT_JOINED);
	set_add(&recorder.channels, &recorder.n_channels, d->channel);
	set_add(&recorder.pending, &recorder.n_pending, d);
	net->protocol->ops.send(net, d);
}
