/* SPDX-License-Identifier: MIT */
/* nets.c - what networks do in a scenario, and what is expected of them. */

#include "tests/scenario/play.h"

#include "bridge/base.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static enum down_reason
reason(struct play *p, const char *w)
{
	if (w && strcmp(w, "lost") == 0)
		return DOWN_LOST;
	if (w && strcmp(w, "refused") == 0)
		return DOWN_REFUSED;
	if (w && strcmp(w, "unreachable") == 0)
		return DOWN_UNREACHABLE;
	play_fail(p, "expected lost, refused or unreachable");
	return DOWN_LOST;
}

static void
net_gets(struct play *p, struct world *w)
{
	char *line = world_line(w);
	const char *want = p->words[p->n_words - 1];
	bool like = strcmp(p->words[2], "like") == 0;

	if (strcmp(want, "nothing") == 0 && p->n_words == 3)
		want = NULL;
	if (!want && line)
		play_fail(p, "%s got \"%s\", expected nothing", p->words[0],
			  line);
	if (want && (!line ||
		     (like ? fnmatch(want, line, 0) : strcmp(want, line)) != 0))
		play_fail(p, "%s got \"%s\", expected \"%s\"", p->words[0],
			  line ? line : "(nothing)", want);
	free(line);
}

static void
net_puppets(struct play *p, struct world *w)
{
	char *found = world_puppets(w, p->words[2]);

	if (strcmp(found, play_word(p, 3)) != 0)
		play_fail(p, "puppets in %s: \"%s\", expected \"%s\"",
			  p->words[2], found, p->words[3]);
	free(found);
}

static void
net_down(struct play *p, struct world *w)
{
	world_break(w, reason(p, p->words[2]));
}

static void
net_dead(struct play *p UNUSED, struct world *w)
{
	w->dead = true;
	world_break(w, DOWN_LOST);
}

static void
net_alive(struct play *p UNUSED, struct world *w)
{
	w->dead = false;
	w->stalled = false;
}

static void
net_loses(struct play *p, struct world *w)
{
	world_kick(w, p->words[2], reason(p, p->words[3]));
}

static void
net_kicks(struct play *p, struct world *w)
{
	world_kick_puppet(w, p->words[2], p->words[3], reason(p, p->words[4]));
}

static void
net_confirms(struct play *p UNUSED, struct world *w)
{
	w->mood = FAKE_CONFIRMS;
}

static void
net_holds(struct play *p UNUSED, struct world *w)
{
	w->mood = FAKE_HOLDS;
}

static void
net_refuses(struct play *p, struct world *w)
{
	w->mood = FAKE_REFUSES;
	w->why = play_keep(p, play_word(p, 2) ? play_word(p, 2) : "no");
}

static void
net_delays(struct play *p UNUSED, struct world *w)
{
	w->mood = FAKE_DELAYS;
}

static void
net_settles(struct play *p, struct world *w)
{
	world_confirm(w, (unsigned)strtoul(p->words[2], NULL, 10));
}

static void
net_bars(struct play *p, struct world *w)
{
	free(w->barred);
	w->barred = xstrdup(p->words[2]);
}

static void
net_slow(struct play *p UNUSED, struct world *w)
{
	w->slow_puppets = true;
}

static void
net_crowded(struct play *p UNUSED, struct world *w)
{
	w->slow_puppets = w->crowded = true;
}

static void
net_admits(struct play *p UNUSED, struct world *w)
{
	w->slow_puppets = w->crowded = false;
	world_admit(w);
}

static void
net_stalls(struct play *p UNUSED, struct world *w)
{
	w->stalled = true;
}

static void
net_lingers(struct play *p UNUSED, struct world *w)
{
	w->slow_join = true;
}

static void
net_enters(struct play *p UNUSED, struct world *w)
{
	world_enter(w);
}

static void
net_trips(struct play *p, struct world *w)
{
	static const struct word traps[] = {
		{ "join", FAKE_TRAP_JOIN },
		{ "send", FAKE_TRAP_SEND },
		{ "bring", FAKE_TRAP_PUPPET_JOIN },
		{ "remove", FAKE_TRAP_PUPPET_LEAVE },
		{ "update", FAKE_TRAP_PUPPET_UPDATE },
		{ "bounce", FAKE_TRAP_BOUNCE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(traps); i++) {
		if (strcmp(traps[i].name, p->words[2]) != 0)
			continue;
		w->trap = (enum fake_trap)traps[i].value;
		return;
	}
	play_fail(p, "no such hook: %s", p->words[2]);
}

static void
net_knocks(struct play *p, struct world *w)
{
	char *far = p->words[3];
	char *network = strsep(&far, ":");

	world_knock(w, p->words[2], network, far);
}

static void
net_recalls(struct play *p, struct world *w)
{
	world_past(w, p->words[2], (unsigned)strtoul(p->words[3], NULL, 10));
}

static void
net_stays(struct play *p, struct world *w)
{
	world_residents(w, p->words[2]);
}

static void
net_pressed(struct play *p, struct world *w)
{
	static const char *const words[] = {
		[PRESSURE_NONE] = "no more",
		[PRESSURE_QUEUES] = "by queues",
		[PRESSURE_STORE] = "by the disk",
	};

	if (strcmp(words[w->pressure], p->words[2]) != 0)
		play_fail(p, "%s is pressed %s, not %s", w->label,
			  words[w->pressure], p->words[2]);
}

/* NET verb ... */
static const struct verb net_verbs[] = {
	{ "gets", 3, net_gets },       { "puppets", 4, net_puppets },
	{ "down", 3, net_down },       { "dead", 2, net_dead },
	{ "alive", 2, net_alive },     { "loses", 4, net_loses },
	{ "kicks", 5, net_kicks },     { "confirms", 2, net_confirms },
	{ "holds", 2, net_holds },     { "refuses", 2, net_refuses },
	{ "delays", 2, net_delays },   { "settles", 3, net_settles },
	{ "bars", 3, net_bars },       { "slow", 2, net_slow },
	{ "crowded", 2, net_crowded }, { "admits", 2, net_admits },
	{ "lingers", 2, net_lingers }, { "enters", 2, net_enters },
	{ "trips", 3, net_trips },     { "stalls", 2, net_stalls },
	{ "knocks", 4, net_knocks },   { "recalls", 4, net_recalls },
	{ "stays", 3, net_stays },     { "pressed", 3, net_pressed },
};

bool
net_does(struct play *p, struct world *w)
{
	return play_verb(p, w, net_verbs, ARRAY_SIZE(net_verbs),
			 play_word(p, 1));
}
