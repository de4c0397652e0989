/* SPDX-License-Identifier: MIT */
/* acts.c - what people do in a scenario. */

#include "tests/scenario/play.h"

#include "bridge/base.h"

#include <stdlib.h>
#include <string.h>

static char *
id_slot(struct play *p, const char *w)
{
	if (!w || w[0] != '$' || w[1] < '1' || w[1] > '9') {
		play_fail(p, "expected $1..$9");
		return p->ids[0];
	}
	return p->ids[w[1] - '0'];
}

/* An id that was kept, or one that the room tells: a number. */
static const char *
id_read(struct play *p, const char *w)
{
	return w && *w >= '0' && *w <= '9' ? w : id_slot(p, w);
}

static const char *
after_word(const struct play *p, const char *key)
{
	for (size_t i = 4; i + 1 < p->n_words; i++)
		if (strcmp(p->words[i], key) == 0)
			return p->words[i + 1];
	return NULL;
}

static void
act_say(struct play *p, struct world *w, unsigned flags)
{
	const char *as = after_word(p, "as");
	const char *re = after_word(p, "re");

	world_say(w, EVENT_MESSAGE, flags, p->words[3], p->words[1],
		  play_word(p, 4), re ? id_read(p, re) : NULL,
		  as ? id_slot(p, as) : NULL);
}

static void
act_on(struct play *p, struct world *w, enum event_kind kind)
{
	const char *as = after_word(p, "as");

	world_say(w, kind, 0, p->words[3], p->words[1], play_word(p, 5),
		  id_read(p, play_word(p, 4)), as ? id_slot(p, as) : NULL);
}

static void
act_joins(struct play *p, struct world *w)
{
	world_join(w, p->words[3], p->words[1]);
}

static void
act_parts(struct play *p, struct world *w)
{
	world_part(w, p->words[3], p->words[1], PART_LEFT, play_word(p, 4));
}

static void
act_quits(struct play *p, struct world *w)
{
	world_part(w, p->words[3], p->words[1], PART_QUIT, play_word(p, 4));
}

static void
act_kicked(struct play *p, struct world *w)
{
	world_part(w, p->words[3], p->words[1], PART_KICKED, play_word(p, 4));
}

static void
act_split(struct play *p, struct world *w)
{
	world_part(w, p->words[3], p->words[1], PART_SPLIT, play_word(p, 4));
}

static void
act_named(struct play *p, struct world *w)
{
	world_rename(w, p->words[1], p->words[3]);
}

static void
act_away(struct play *p, struct world *w)
{
	world_presence(w, p->words[1], SHOW_AWAY, play_word(p, 3));
}

static void
act_back(struct play *p, struct world *w)
{
	world_presence(w, p->words[1], SHOW_ONLINE, play_word(p, 3));
}

static void
act_says(struct play *p, struct world *w)
{
	act_say(p, w, 0);
}

/* Said while we were not there. */
static void
act_said(struct play *p, struct world *w)
{
	act_say(p, w, EVENT_BACKLOG);
}

static void
act_acts(struct play *p, struct world *w)
{
	act_say(p, w, EVENT_ACTION);
}

static void
act_notices(struct play *p, struct world *w)
{
	act_say(p, w, EVENT_NOTICE);
}

static void
act_states(struct play *p, struct world *w)
{
	act_say(p, w, EVENT_STATED);
}

static void
act_repeats(struct play *p, struct world *w)
{
	world_repeat(w, p->words[3], p->words[1], play_word(p, 4),
		     id_slot(p, play_word(p, 5)));
}

static void
act_recalled(struct play *p, struct world *w)
{
	world_recall(w, p->words[3], p->words[1], play_word(p, 4),
		     play_word(p, 5));
}

static void
act_edits(struct play *p, struct world *w)
{
	act_on(p, w, EVENT_EDIT);
}

static void
act_withdraws(struct play *p, struct world *w)
{
	act_on(p, w, EVENT_REDACTION);
}

static void
act_reacts(struct play *p, struct world *w)
{
	act_on(p, w, EVENT_REACTION);
}

static void
act_topic(struct play *p, struct world *w)
{
	world_say(w, EVENT_TOPIC, 0, p->words[3], p->words[1], play_word(p, 4),
		  NULL, NULL);
}

static enum event_kind
look_of(const struct play *p)
{
	return strstr(p->words[2], "pictured") ? EVENT_PICTURE : EVENT_NAME;
}

static void
act_look(struct play *p, struct world *w)
{
	world_say(w, look_of(p), 0, p->words[3], p->words[1], play_word(p, 4),
		  NULL, NULL);
}

static void
act_changes(struct play *p, struct world *w)
{
	world_look(w, look_of(p), p->words[3], play_word(p, 4));
}

static void
act_tells(struct play *p, struct world *w)
{
	char *to = p->words[3];
	char *network = strsep(&to, ":");

	const char *as = after_word(p, "as");

	w->asking = strcmp(play_word(p, p->n_words - 1), "asking") == 0;
	world_tell_as(w, p->words[1], network, to, play_word(p, 4),
		      as ? id_slot(p, as) : NULL);
}

static void
act_types(struct play *p, struct world *w)
{
	world_moment(w, EVENT_TYPING, 0, p->words[3], p->words[1], NULL);
}

static void
act_stops(struct play *p, struct world *w)
{
	world_moment(w, EVENT_TYPING, EVENT_REMOVED, p->words[3], p->words[1],
		     NULL);
}

static void
act_sees(struct play *p, struct world *w)
{
	const char *what = play_word(p, 4);

	world_moment(w, EVENT_RECEIPT, 0, p->words[3], p->words[1],
		     *what == '$' ? id_slot(p, what) : what);
}

static void
act_enters(struct play *p, struct world *w)
{
	world_come_in(w, p->words[3], p->words[1], play_word(p, 4));
}

static void
act_sets(struct play *p, struct world *w)
{
	world_set(w, p->words[1], p->words[3], play_word(p, 4),
		  play_word(p, 5));
}

static void
act_has(struct play *p, struct world *w)
{
	world_settings(w, p->words[1], p->words[3]);
}

static void
act_follows(struct play *p, struct world *w)
{
	char *person = p->words[3];
	char *network = strsep(&person, ":");

	world_follow(w, p->words[1], network, person);
}

static void
act_unfollows(struct play *p, struct world *w)
{
	char *person = p->words[3];
	char *network = strsep(&person, ":");

	world_unfollow(w, p->words[1], network, person);
}

static void
act_blocks(struct play *p, struct world *w)
{
	char *person = p->words[3];
	char *network = strsep(&person, ":");

	world_block(w, p->words[1], network, person);
}

static void
act_unblocks(struct play *p, struct world *w)
{
	char *person = p->words[3];
	char *network = strsep(&person, ":");

	world_unblock(w, p->words[1], network, person);
}

static void
act_lists(struct play *p, struct world *w)
{
	world_blocked(w, p->words[1]);
}

static void
act_reads(struct play *p, struct world *w)
{
	char *name = p->words[3];
	char *network = strchr(name, ':') ? strsep(&name, ":") : NULL;

	world_read(w, p->words[1], network, name,
		   (unsigned)strtoul(p->words[4], NULL, 10));
}

static void
act_here(struct play *p, struct world *w)
{
	world_here(w, p->words[1], true);
}

static void
act_gone(struct play *p, struct world *w)
{
	world_here(w, p->words[1], false);
}

static void
act_may(struct play *p, struct world *w)
{
	world_commands(w, p->words[1], p->words[3], play_word(p, 4));
}

static void
act_runs(struct play *p, struct world *w)
{
	world_run(w, p->words[1], p->words[3], p->words[4], play_word(p, 5));
}

/* NET WHO verb ... */
static const struct verb people_verbs[] = {
	{ "joins", 4, act_joins },         { "parts", 4, act_parts },
	{ "quits", 4, act_quits },         { "split", 4, act_split },
	{ "kicked", 4, act_kicked },       { "named", 4, act_named },
	{ "away", 3, act_away },           { "back", 3, act_back },
	{ "says", 5, act_says },           { "said", 5, act_said },
	{ "acts", 5, act_acts },           { "notices", 5, act_notices },
	{ "states", 5, act_states },       { "repeats", 6, act_repeats },
	{ "recalled", 6, act_recalled },   { "edits", 6, act_edits },
	{ "withdraws", 5, act_withdraws }, { "reacts", 6, act_reacts },
	{ "topic", 5, act_topic },         { "tells", 5, act_tells },
	{ "types", 4, act_types },         { "stops", 4, act_stops },
	{ "sees", 5, act_sees },           { "enters", 4, act_enters },
	{ "sets", 5, act_sets },           { "has", 4, act_has },
	{ "follows", 4, act_follows },     { "unfollows", 4, act_unfollows },
	{ "blocks", 4, act_blocks },       { "unblocks", 4, act_unblocks },
	{ "lists", 3, act_lists },         { "here", 3, act_here },
	{ "gone", 3, act_gone },           { "may", 4, act_may },
	{ "reads", 5, act_reads },         { "runs", 5, act_runs },
	{ "titled", 5, act_look },         { "pictured", 5, act_look },
	{ "retitled", 5, act_changes },    { "repictured", 5, act_changes },
};

bool
person_does(struct play *p, struct world *w)
{
	return play_verb(p, w, people_verbs, ARRAY_SIZE(people_verbs),
			 play_word(p, 2));
}
