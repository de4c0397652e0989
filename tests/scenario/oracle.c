/* SPDX-License-Identifier: MIT */
/* oracle.c - what a storm must have come to. See oracle.h. */

#include "tests/scenario/oracle.h"

#include "bridge/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The same names everywhere: they are to collide. */
const char *const oracle_people[PEOPLE] = { "ann", "bob", "cat", "dan" };

int
oracle_person(const char *id)
{
	for (int i = 0; i < PEOPLE; i++)
		if (strcmp(oracle_people[i], id) == 0)
			return i;
	return -1;
}

static int
net_of(const struct oracle *o, const struct world *w)
{
	return (int)(w - o->worlds);
}

static int
net_named(const struct oracle *o, const char *label)
{
	for (size_t i = 0; i < o->n_nets; i++)
		if (strcmp(o->worlds[i].label, label) == 0)
			return (int)i;
	return -1;
}

int
oracle_ear(int net, int person)
{
	return ROOMS + net * PEOPLE + person;
}

static int
place_of(struct oracle *o, struct world *w, const struct channel *ch)
{
	if (ch->kind == CHANNEL_DIRECT)
		return oracle_ear(net_of(o, w), oracle_person(ch->name));
	for (size_t i = 0; i < o->n_rooms; i++)
		if (o->rooms[i].net == net_of(o, w) &&
		    strcmp(o->rooms[i].name, ch->name) == 0)
			return (int)i;
	return -1;
}

/* The word that the text holds; NULL if none. "[16:02] " is a time. */
static struct word *
word_in(struct oracle *o, const char *text)
{
	const char *at = strchr(text, '[');
	char *end = NULL;
	unsigned n = at ? (unsigned)strtoul(at + 1, &end, 10) : 0;

	if (n && *end != ']')
		return NULL;
	return n && n <= o->n_words ? &o->words[n - 1] : NULL;
}

static unsigned
number(const struct oracle *o, const struct word *word)
{
	return (unsigned)(word - o->words) + 1;
}

unsigned
oracle_word(struct oracle *o, enum event_kind kind, int net, int person,
	    int from, int to)
{
	if (o->n_words == WORDS_MAX)
		return 0;
	o->words[o->n_words] = (struct word){
		.kind = kind,
		.net = net,
		.person = person,
		.from = from,
		.to = to,
	};
	return ++o->n_words;
}

/* Not by the router: by the rule as the manual will state it. */
static bool
leads(const struct oracle *o, int from, int to, enum event_kind kind)
{
	if (from == to || from >= (int)o->n_rooms || to >= (int)o->n_rooms ||
	    o->rooms[from].link != o->rooms[to].link)
		return false;
	return (o->rooms[from].conf->direction & CONF_IN) &&
	       (o->rooms[to].conf->direction & CONF_OUT) &&
	       (o->rooms[to].conf->kinds & (1u << kind));
}

static bool
may_appear(const struct oracle *o, const struct word *word, int place)
{
	if (word->to >= 0)
		return place == word->to;
	return leads(o, word->from, place, word->kind);
}

/* ---- watching ---------------------------------------------------------- */

static void
ending(struct oracle *o, struct heard *h)
{
	if (o->n_ending < WORDS_MAX)
		o->ending[o->n_ending++] = h;
}

static void
check_voice(struct oracle *o, const struct word *word, int place,
	    const struct delivery *d)
{
	const struct puppet *p = d->speaker ? d->speaker->puppet : NULL;

	if (!p && place >= ROOMS)
		o->fail(o, "private word %u said by nobody", number(o, word));
	if (!p && !strchr("<*", d->event->text.utf8[0]))
		o->fail(o, "word %u does not name its speaker",
			number(o, word));
	if (p && (net_named(o, p->origin) != word->net ||
		  oracle_person(p->sender->id) != word->person))
		o->fail(o, "word %u of %s said by %s of %s", number(o, word),
			oracle_people[word->person], p->sender->id, p->origin);
}

static void
check_order(struct oracle *o, const struct word *word, int place)
{
	unsigned n = number(o, word);
	unsigned *last = &o->last[word->from][place];

	if (n < *last)
		o->fail(o, "word %u came to place %d after %u", n, place,
			*last);
	*last = n;
}

/* ---- who is away ------------------------------------------------------- */

/* A crash may repeat what was said and what was told; see away.c. */
#define NEWS_AGAIN 2

/* What the line at place is about: "#r2 on n1 is ..."; NULL: no such line. */
static struct news *
news_in(struct oracle *o, int place, const char *text)
{
	const char *at = strchr(text, '#');

	if (place < 0 || place >= (int)o->n_rooms || !at)
		return NULL;
	if (!strstr(at, " is away; ") && !strstr(at, " is back; "))
		return NULL;
	for (size_t i = 0; i < o->n_rooms; i++) {
		const char *label = o->worlds[o->rooms[i].net].label;
		size_t len = strlen(o->rooms[i].name);

		if (!strncmp(at, o->rooms[i].name, len) &&
		    !strncmp(at + len, " on ", 4) &&
		    !strncmp(at + len + 4, label, strlen(label)) &&
		    !strncmp(at + len + 4 + strlen(label), " is ", 4))
			return &o->news[place][i];
	}
	return NULL;
}

/* Once that it is away, then once that it is back. */
static void
check_news(struct oracle *o, int place, const char *text)
{
	struct news *news = news_in(o, place, text);
	bool away = strstr(text, " is away; ");

	if (!news)
		return;
	if (strstr(text, "of the messages that were kept"))
		news->away =
			true; /* which those hear, too, who were not told */
	if (news->away == away && news->spare)
		news->spare--;
	else if (news->away == away && !news->loose && !o->was_full)
		o->fail(o, "told at place %d: %s", place, text);
	news->away = away;
}

static void
news_again(struct oracle *o, struct news *news)
{
	news->spare = NEWS_AGAIN;
	news->loose |= o->full || o->was_full;
}

static void
news_ended(struct oracle *o)
{
	for (size_t i = 0; i < o->n_rooms; i++)
		for (size_t k = 0; k < o->n_rooms; k++)
			news_again(o, &o->news[i][k]);
}

static void
judge_news(struct oracle *o)
{
	for (size_t i = 0; i < o->n_rooms; i++)
		for (size_t k = 0; k < o->n_rooms; k++)
			if (o->news[i][k].away && !o->news[i][k].loose &&
			    !o->was_full && !o->lines[i])
				o->fail(o,
					"room %zu was not told that %zu is "
					"back",
					i, k);
}

/* A line that stands for others; it counts whether it was wanted or not. */
static void
count_folded(struct oracle *o, int place, const char *text)
{
	if (strstr(text, "skipped here, said from") && place >= 0 &&
	    place < (int)o->n_rooms) {
		o->folded[place] += (unsigned)strtoul(text, NULL, 10);
		o->lines[place]++;
	}
}

static void
on_shown(struct world *w, const struct delivery *d)
{
	struct oracle *o = w->arg;
	struct word *word = word_in(o, d->event->text.utf8);
	int place = place_of(o, w, d->channel);
	struct heard *h;

	if (!word) {
		count_folded(o, place, d->event->text.utf8);
		check_news(o, place, d->event->text.utf8);
		return;
	}
	if (place < 0 || !may_appear(o, word, place)) {
		o->fail(o, "word %u went astray, to %s %s", number(o, word),
			w->label, d->channel->name);
		return;
	}
	h = &word->at[place];
	if ((h->shown || h->refused) && !h->excused)
		o->fail(o, "word %u came again to %s %s", number(o, word),
			w->label, d->channel->name);
	h->excused = false;
	if (h->shown++ == 0 && !h->refused)
		check_order(o, word, place);
	check_voice(o, word, place, d);
}

static struct heard *
heard(struct world *w, const struct delivery *d)
{
	struct oracle *o = w->arg;
	struct word *word = word_in(o, d->event->text.utf8);
	int place = place_of(o, w, d->channel);

	return word && place >= 0 ? &word->at[place] : NULL;
}

static struct news *
news_of(struct world *w, const struct delivery *d)
{
	struct oracle *o = w->arg;

	return news_in(o, place_of(o, w, d->channel), d->event->text.utf8);
}

static void
on_confirmed(struct world *w, const struct delivery *d)
{
	struct oracle *o = w->arg;
	struct heard *h = heard(w, d);

	if (!h)
		return;
	h->excused |= o->full;
	ending(o, h);
}

static void
on_refused(struct world *w, const struct delivery *d)
{
	struct heard *h = heard(w, d);
	struct oracle *o = w->arg;
	struct word *word = word_in(o, d->event->text.utf8);
	struct news *news;

	if (!word)
		count_folded(o, place_of(o, w, d->channel),
			     d->event->text.utf8);
	if (!word && (news = news_of(w, d)))
		news->loose = true;
	if (!h)
		return;
	h->refused++;
	h->excused = o->full;
	if (o->full) {
		word->loose++;
	} else {
		word->owed++;
		word->fresh++;
		o->telling = true;
	}
	ending(o, h);
}

static void
on_unsettled(struct world *w, const struct delivery *d)
{
	struct heard *h = heard(w, d);
	struct news *news = news_of(w, d);

	if (h)
		h->excused = true;
	else if (news)
		news_again(w->arg, news);
}

/* The bridge itself did. */
static void
refused_by_us(struct oracle *o, struct heard *h)
{
	h->refused++;
	h->excused |= o->was_full;
	ending(o, h);
}

/* Nothing more might wait there, or the listener may not enter: "n1/#r2: too
 * many ..." */
static bool
was_shut(struct oracle *o, struct word *word, const char *why)
{
	const char *name = strchr(why, '#');

	if (word->to >= 0 || (!strstr(why, "too many messages wait") &&
			      !strstr(why, "the bridge itself cannot be")))
		return false;
	if (!name)
		return true; /* for the guests, who are not judged */
	for (size_t i = 0; i < o->n_rooms; i++) {
		size_t len = strlen(o->rooms[i].name);

		if (strncmp(name, o->rooms[i].name, len) != 0 ||
		    name[len] != ':')
			continue;
		if (word->at[i].shown && !word->at[i].excused)
			o->fail(o, "word %u was shown and bounced",
				number(o, word));
		refused_by_us(o, &word->at[i]);
	}
	return true;
}

static void
on_bounced(struct world *w, const struct event *ev, const char *why)
{
	struct oracle *o = w->arg;
	struct word *word = word_in(o, ev->text.utf8);

	if (!word)
		return;
	if (!word->accepted)
		return; /* it could not even be kept */
	if (was_shut(o, word, why))
		return;
	if (word->owed) {
		word->owed--;
		word->told++;
		word->spare += o->full;
		o->telling = true;
	} else if (word->loose) {
		word->loose--;
	} else if (word->spare) {
		word->spare -= !o->full; /* full: that is not kept either */
		word->told++;
		o->telling = true;
	} else if (word->to >= 0) {
		refused_by_us(o, &word->at[word->to]);
	} else {
		o->fail(o, "word %u bounced without need: %s", number(o, word),
			why);
	}
}

static void
on_accepted(struct world *w, const struct event *ev)
{
	struct word *word = word_in(w->arg, ev->text.utf8);

	if (word)
		word->accepted = true;
}

/* The last who hears may go when the listener is there, or cannot come. */
static void
on_deafened(struct world *w, const struct channel *ch)
{
	struct oracle *o = w->arg;

	o->fail(o, "nobody hears %s of %s any more", ch->name, w->label);
}

const struct fake_watch oracle_watch = {
	.deafened = on_deafened,
	.accepted = on_accepted,
	.shown = on_shown,
	.confirmed = on_confirmed,
	.refused = on_refused,
	.unsettled = on_unsettled,
	.bounced = on_bounced,
};

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* What was told, or is to be, is on disk; or may not be. */
static void
telling_ended(struct oracle *o, bool crashed)
{
	for (unsigned i = 0; o->telling && i < o->n_words; i++) {
		struct word *word = &o->words[i];
		unsigned lost = least(word->fresh, word->owed);

		if (crashed) {
			word->owed -= lost;
			word->spare += lost + word->told;
		}
		word->fresh = word->told = 0;
	}
	o->telling = false;
}

void
oracle_turned(struct oracle *o)
{
	o->n_ending = 0;
	telling_ended(o, false);
}

void
oracle_ended(struct oracle *o, bool crashed)
{
	for (size_t i = 0; crashed && i < o->n_ending; i++)
		o->ending[i]->excused = true;
	if (crashed)
		news_ended(o);
	o->n_ending = 0;
	telling_ended(o, crashed);
	for (unsigned i = 0; i < o->n_words; i++)
		o->words[i].loose = 0; /* it is still to be delivered */
	memset(o->kept_out, 0, sizeof(o->kept_out));
}

/* ---- at the end -------------------------------------------------------- */

/* One of those that a line stood for, or about one of them. */
static bool
was_folded(struct oracle *o, const struct word *word, int place)
{
	if (place >= ROOMS)
		return false;
	if (word->kind != EVENT_MESSAGE)
		return o->lines[place] > 0;
	return o->folded[place] && o->folded[place]--;
}

static void
judge_word(struct oracle *o, const struct word *word)
{
	for (int place = 0; place < PLACES; place++) {
		const struct heard *h = &word->at[place];

		if (!word->accepted || !may_appear(o, word, place) ||
		    h->shown || h->refused || was_folded(o, word, place))
			continue;
		o->fail(o, "word %u from %d never came to place %d",
			number(o, word), word->from, place);
	}
	if (word->owed + word->loose)
		o->fail(o, "the author of word %u was not told of its refusal",
			number(o, word));
}

/* Who is shown on one network. */
struct shown {
	struct oracle *o;
	int net;
	bool anywhere[NETS][PEOPLE];
	bool in[ROOMS][NETS][PEOPLE];
};

static void
take_puppet(void *arg, const struct occupant *oc)
{
	struct shown *s = arg;
	struct oracle *o = s->o;
	int home = net_named(o, oc->puppet->origin);
	const char *id = oc->puppet->sender->id;
	int place = place_of(o, &o->worlds[s->net], oc->channel);
	const char *name;

	if (home < 0)
		return; /* a guest */
	name = world_name(&o->worlds[home], id);
	s->anywhere[home][oracle_person(id)] = true;
	if (place >= ROOMS)
		return;
	s->in[place][home][oracle_person(id)] = true;
	if (!name)
		return; /* is found to be too many */
	if (strncmp(oc->name, name, strlen(name)) != 0)
		o->fail(o, "%s of %s is shown as %s", name,
			o->worlds[home].label, oc->name);
	if (strcmp(oc->puppet->status, world_status(&o->worlds[home], id)) != 0)
		o->fail(o, "%s of %s is shown with status %s", name,
			o->worlds[home].label, oc->puppet->status);
}

static bool
should_be_shown(struct oracle *o, int room, int home, int person)
{
	const struct world *w = &o->worlds[o->rooms[room].net];

	if (!(w->caps & CAN_PUPPET) || !o->rooms[room].conf->puppets ||
	    (home == o->rooms[room].net && !(w->caps & CAN_PUPPET_OWN)))
		return false;
	for (size_t from = 0; from < o->n_rooms; from++)
		if (o->rooms[from].net == home &&
		    leads(o, (int)from, room, EVENT_JOIN) &&
		    world_has(&o->worlds[home], o->rooms[from].name,
			      oracle_people[person]))
			return true;
	return false;
}

static void
judge_puppet(struct oracle *o, const struct shown *s, int room, int home,
	     int person)
{
	bool is = s->in[room][home][person];
	bool should = should_be_shown(o, room, home, person);

	if (is && !should)
		o->fail(o, "%s of %s is shown in room %d for nothing",
			oracle_people[person], o->worlds[home].label, room);
	if (!is && should && !o->worlds[s->net].limits.puppets &&
	    !o->kept_out[room][home][person])
		o->fail(o, "%s of %s is not shown in room %d",
			oracle_people[person], o->worlds[home].label, room);
}

static void
judge_puppets(struct oracle *o, int net)
{
	struct shown s = { .o = o, .net = net };
	unsigned max = o->worlds[net].limits.puppets;
	unsigned n = 0;

	world_each_puppet(&o->worlds[net], take_puppet, &s);
	for (int home = 0; home < (int)o->n_nets; home++) {
		for (int person = 0; person < PEOPLE; person++) {
			n += s.anywhere[home][person];
			for (int r = 0; r < (int)o->n_rooms; r++)
				if (o->rooms[r].net == net)
					judge_puppet(o, &s, r, home, person);
		}
	}
	if (max && n > max)
		o->fail(o, "%u puppets on %s", n, o->worlds[net].label);
}

void
oracle_judge(struct oracle *o)
{
	for (unsigned i = 0; i < o->n_words; i++)
		judge_word(o, &o->words[i]);
	for (int net = 0; net < (int)o->n_nets; net++)
		judge_puppets(o, net);
	judge_news(o);
}
