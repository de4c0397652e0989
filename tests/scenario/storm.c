/* SPDX-License-Identifier: MIT */
/*
 * storm.c - random weather over the whole core: fake networks, a hand-turned
 * clock, a real database on a disk in memory. Everything follows from the
 * seed.
 *
 *     storm                    the default seeds: a million steps
 *     storm SEED [STEPS]       one of them, telling each step
 *     storm FIRST-LAST [STEPS] many of them
 *
 * Then the weather clears, time passes, and oracle.c judges what came of it.
 */

#include "tests/scenario/guests.h"
#include "tests/scenario/oracle.h"
#include "tests/scenario/scratch.h"
#include "tests/support/memory_disk.h"

#include "bridge/base.h"
#include "bridge/bridge.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/store.h"
#include "bridge/str.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINKS 3
#define ALL_KINDS ((1u << EVENT_KINDS) - 1)
#define START_MS 1764000000000
#define HEALING_MS (4 * 3600 * 1000)
#define DEFAULT_SEEDS 1000
#define DEFAULT_STEPS 1000
#define READINGS 32
#define NOTES 40

/* The configuration, as read once. Those after it say the same, but some of
 * their networks and links are taken for others. */
struct reading {
	struct conf conf;
	struct conf_network networks[NETS + 1];
	struct conf_link links[LINKS];
	char prints[NETS + LINKS][16];
};

struct storm {
	struct oracle oracle; /* first: a failure finds its way back */
	struct guests guests;
	uint64_t seed, random;
	uint64_t steps; /* of all storms so far */
	struct conf_member members[ROOMS];
	char nick[ROOMS][32];
	struct reading readings[READINGS];
	struct reading *now;
	unsigned last_print;
	struct loop *loop;
	struct store *store;
	struct bridge *bridge;
	struct scratch scratch;
	char notes[NOTES][160];
	unsigned n_notes;
	unsigned length; /* of a storm, in steps */
	bool loud, failed;
	bool barred; /* somebody, once: who, is not known here */
};

/* ---- chance ------------------------------------------------------------ */

static uint64_t
next(struct storm *s)
{
	uint64_t z = s->random += 0x9E3779B97F4A7C15;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
	z = (z ^ z >> 27) * 0x94D049BB133111EB;
	return z ^ z >> 31;
}

static int
roll(struct storm *s, int sides)
{
	return (int)(next(s) % (uint64_t)sides);
}

static bool
likely(struct storm *s, int percent)
{
	return roll(s, 100) < percent;
}

/* ---- what is told ------------------------------------------------------ */

static void note(struct storm *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void
note(struct storm *s, const char *fmt, ...)
{
	char *line = s->notes[s->n_notes++ % NOTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(s->notes[0]), fmt, args);
	va_end(args);
	if (s->loud)
		printf("# %u: %s\n", s->n_notes, line);
}

static void
tell_notes(const struct storm *s)
{
	unsigned from = s->n_notes > NOTES ? s->n_notes - NOTES : 0;

	printf("# storm %llu %u tells it all again; its last steps:\n",
	       (unsigned long long)s->seed, s->length);
	for (unsigned i = from; i < s->n_notes; i++)
		printf("#   %u: %s\n", i + 1, s->notes[i % NOTES]);
}

static void fail(struct oracle *o, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void
fail(struct oracle *o, const char *fmt, ...)
{
	struct storm *s = container_of(o, struct storm, oracle);
	va_list args;

	if (!s->failed && !s->loud)
		tell_notes(s);
	s->failed = true;
	va_start(args, fmt);
	printf("# seed %llu: ", (unsigned long long)s->seed);
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
}

static void
on_log(enum log_level level, const char *where, const char *text, void *arg)
{
	struct storm *s = arg;

	if (s->loud)
		printf("#       %s %s: %s\n", log_level_name(level), where,
		       text);
	if (level <= LOG_LEVEL_BUG)
		fail(&s->oracle, "bug: %s: %s", where, text);
}

/* ---- the world that is bridged ----------------------------------------- */

static unsigned
some_caps(struct storm *s)
{
	static const unsigned each[] = { CAN_EDIT,  CAN_TOPIC,  CAN_REPLY,
					 CAN_STYLE, CAN_TYPING, CAN_NOTICE };
	unsigned caps = 0;

	for (size_t i = 0; i < ARRAY_SIZE(each); i++)
		if (likely(s, 50))
			caps |= each[i];
	if (!likely(s, 85))
		return caps;
	caps |= CAN_PUPPET;
	if (likely(s, 60))
		caps |= CAN_DIRECT;
	if (likely(s, 30))
		caps |= CAN_PUPPET_OWN;
	if (likely(s, 40))
		caps |= CAN_ACCOUNT;
	return caps;
}

static void
make_net(struct storm *s, struct world *w)
{
	static const char *const labels[NETS] = { "n0", "n1", "n2", "n3" };

	world_init(w, labels[w - s->oracle.worlds]);
	w->caps = some_caps(s);
	w->limits.window = 1 + (unsigned)roll(s, 8);
	if (likely(s, 40))
		w->limits.puppets = 1 + (unsigned)roll(s, 4);
	if (likely(s, 50))
		w->limits.puppet_wait_ms = 3000;
	if (likely(s, 50))
		w->limits.puppet_idle_ms = 60000;
	if (w->caps & CAN_ACCOUNT && likely(s, 70))
		w->limits.listener_ms = 1000 + roll(s, 20) * 1000;
	w->why = "the storm says so";
	w->watch = &oracle_watch;
	w->arg = &s->oracle;
}

static void
make_room(struct storm *s, int link)
{
	static const int directions[] = { CONF_BOTH, CONF_BOTH, CONF_BOTH,
					  CONF_IN, CONF_OUT };
	struct oracle *o = &s->oracle;
	size_t i = o->n_rooms++;
	struct conf_member *m = &s->members[i];

	o->rooms[i].net = roll(s, (int)o->n_nets);
	o->rooms[i].link = link;
	o->rooms[i].conf = m;
	snprintf(o->rooms[i].name, sizeof(o->rooms[i].name), "#r%zu", i);
	*m = (struct conf_member){
		.network = o->worlds[o->rooms[i].net].label,
		.channel = o->rooms[i].name,
		.direction = directions[roll(s, ARRAY_SIZE(directions))],
		.kinds = ALL_KINDS,
		.noise = likely(s, 20),
		.nick = likely(s, 30) ? "{nick}@{network}" : "{nick}",
		.puppets = likely(s, 85),
	};
	if (likely(s, 10))
		m->kinds = 1u << EVENT_MESSAGE;
}

static void
make_queue(struct storm *s)
{
	s->now->conf.queue_age_s = 365 * 24 * 3600;
	s->now->conf.queue_mib = 64;
	s->now->conf.queue_rows =
		likely(s, 30) ? 50 + (unsigned)roll(s, 300) : 1000000;
	s->now->conf.away_after_s = likely(s, 50) ? 30 : 0;
	s->now->conf.fold_keep = 1 + (unsigned)roll(s, 20);
	s->now->conf.fold_rows = likely(s, 40) ? 5 + (unsigned)roll(s, 60) : 0;
	s->now->conf.fold_after_s = likely(s, 30) ? 600 : 0;
}

static void
make_print(struct storm *s, char *print)
{
	snprintf(print, sizeof(s->now->prints[0]), "%u", ++s->last_print);
}

static void
print_all(struct reading *r)
{
	r->conf.networks = r->networks;
	r->conf.links = r->links;
	r->networks[NETS].fingerprint = "of guests";
	for (size_t i = 0; i < NETS; i++)
		r->networks[i].fingerprint = r->prints[i];
	for (size_t i = 0; i < LINKS; i++)
		r->links[i].fingerprint = r->prints[NETS + i];
}

static void
make_conf(struct storm *s)
{
	static const char *const names[LINKS] = { "l0", "l1", "l2" };
	struct oracle *o = &s->oracle;
	int n_links = 2 + roll(s, 2);

	s->now = &s->readings[0];
	o->n_nets = 3 + (size_t)roll(s, 2);
	for (size_t i = 0; i < o->n_nets; i++) {
		make_net(s, &o->worlds[i]);
		s->now->networks[i] = world_conf(&o->worlds[i]);
	}
	for (int i = 0; i < n_links; i++) {
		int n = n_links == 3 ? 2 : 2 + roll(s, 2);

		s->now->links[i] = (struct conf_link){
			.name = names[i],
			.members = &s->members[o->n_rooms],
			.n_members = (size_t)n,
		};
		while (n-- > 0)
			make_room(s, i);
	}
	s->now->conf.uses = 1; /* our own */
	s->now->conf.networks = s->now->networks;
	s->now->conf.n_networks = o->n_nets;
	guests_init(&s->guests);
	s->now->networks[s->now->conf.n_networks++] =
		world_conf(&s->guests.home);
	s->now->conf.links = s->now->links;
	s->now->conf.n_links = (size_t)n_links;
	for (size_t i = 0; i < NETS + LINKS; i++)
		make_print(s, s->now->prints[i]);
	print_all(s->now);
	make_queue(s);
}

/* ---- starting and ending ----------------------------------------------- */

static const struct protocol *const table[] = { &fake_protocol, NULL };

static void crash(struct storm *s);
static void begin(struct storm *s);

/* If the disk failed meanwhile, what was settled since may come again. */
static void
turn(struct storm *s, int64_t ms)
{
	loop_advance(s->loop, ms);
	if (!memory_disk_failed()) {
		oracle_turned(&s->oracle);
		return;
	}
	note(s, "the power went in the middle of a commit");
	s->oracle.full = false;
	crash(s);
	begin(s);
}

static void
begin(struct storm *s)
{
	struct error err;

	s->loop = loop_new_manual(next(s), START_MS);
	s->store = store_open_inline(s->loop, s->scratch.database, &err);
	if (s->store)
		s->bridge = bridge_new(s->loop, s->store, &s->now->conf, table,
				       &err);
	if (!s->bridge) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	bridge_start(s->bridge);
	turn(s, 0);
}

static void
release(struct storm *s)
{
	bridge_free(s->bridge);
	loop_free(s->loop);
	s->bridge = NULL;
	s->store = NULL;
	s->loop = NULL;
}

static void
stopped(void *arg)
{
	bool *done = arg;

	*done = true;
}

static void
end(struct storm *s)
{
	bool done = false;

	bridge_stop(s->bridge, stopped, &done);
	turn(s, 10000);
	if (!done)
		fail(&s->oracle, "the bridge does not stop");
	store_close(s->store);
	release(s);
	oracle_ended(&s->oracle, false);
	guests_gone(&s->guests, &s->oracle);
}

/* What is not committed now is gone; by half of them so is what is not synced.
 */
static void
crash(struct storm *s)
{
	if (memory_disk_failed() || likely(s, 50))
		memory_disk_off();
	else
		memory_disk_freeze();
	for (size_t i = 0; i < s->oracle.n_nets; i++)
		world_forget(&s->oracle.worlds[i]);
	world_forget(&s->guests.home);
	store_abandon(s->store);
	release(s);
	memory_disk_on();
	oracle_ended(&s->oracle, true);
	guests_gone(&s->guests, &s->oracle);
}

/* ---- people ------------------------------------------------------------ */

static struct world *
some_world(struct storm *s)
{
	return &s->oracle.worlds[roll(s, (int)s->oracle.n_nets)];
}

static const char *
some_name(struct storm *s)
{
	static const char *const names[] = { "ann", "bob", "ann2", "Eve",
					     "bob2" };

	return names[roll(s, ARRAY_SIZE(names))];
}

/* A room and somebody there, who comes if that takes it. */
struct scene {
	struct world *w;
	int room, net, person;
	const char *channel, *who;
};

static struct scene
some_scene(struct storm *s)
{
	struct oracle *o = &s->oracle;
	struct scene sc = {
		.room = roll(s, (int)o->n_rooms),
		.person = roll(s, PEOPLE),
	};

	sc.net = o->rooms[sc.room].net;
	sc.w = &o->worlds[sc.net];
	sc.channel = o->rooms[sc.room].name;
	sc.who = oracle_people[sc.person];
	return sc;
}

static void
come(struct storm *s, const struct scene *sc)
{
	if (world_has(sc->w, sc->channel, sc->who))
		return;
	note(s, "%s joins %s %s", sc->who, sc->w->label, sc->channel);
	world_join(sc->w, sc->channel, sc->who);
}

static void
do_join(struct storm *s)
{
	struct scene sc = some_scene(s);

	come(s, &sc);
}

static void
do_part(struct storm *s)
{
	struct scene sc = some_scene(s);

	if (!world_has(sc.w, sc.channel, sc.who))
		return;
	note(s, "%s leaves %s %s", sc.who, sc.w->label, sc.channel);
	world_part(sc.w, sc.channel, sc.who, PART_LEFT, NULL);
	if (likely(s, 20))
		come(s, &sc);
}

static void
do_guest(struct storm *s)
{
	struct scene sc = some_scene(s);
	const char *what =
		guests_move(&s->guests, &s->oracle, sc.room, sc.person);

	if (what)
		note(s, "guest %s %s %s of %s", sc.who, what, sc.channel,
		     sc.w->label);
}

static void
do_rename(struct storm *s)
{
	struct scene sc = some_scene(s);
	const char *name = some_name(s);

	note(s, "%s of %s is now %s", sc.who, sc.w->label, name);
	world_rename(sc.w, sc.who, name);
}

static void
do_presence(struct storm *s)
{
	struct scene sc = some_scene(s);
	bool away = likely(s, 50);

	note(s, "%s of %s is %s", sc.who, sc.w->label, away ? "away" : "back");
	world_presence(sc.w, sc.who, away ? SHOW_AWAY : SHOW_ONLINE,
		       away ? "lunch" : "");
}

static void
say(struct storm *s, const struct scene *sc, enum event_kind kind,
    const char *ref)
{
	char text[32];
	unsigned n;

	if (!world_listens(sc->w, sc->channel))
		return;
	n = oracle_word(&s->oracle, kind, sc->net, sc->person, sc->room, -1);
	if (!n)
		return;
	snprintf(text, sizeof(text), "[%u]", n);
	note(s, "%s %s %s: %s%s%s", sc->w->label, sc->channel, sc->who, text,
	     ref ? " about " : "", ref ? ref : "");
	world_say(sc->w, kind, 0, sc->channel, sc->who, text, ref, NULL);
}

static void
do_say(struct storm *s)
{
	struct scene sc = some_scene(s);

	come(s, &sc);
	say(s, &sc, EVENT_MESSAGE, NULL);
}

static void
do_burst(struct storm *s)
{
	struct scene sc = some_scene(s);
	/* Refused in all rooms, of guests, too, they are fewer than are told.
	 */
	int many = s->now->conf.queue_rows < 1000 ? 150 : 400;
	int n = likely(s, 10) ? many : 30;

	come(s, &sc);
	while (n-- > 0)
		say(s, &sc, EVENT_MESSAGE, NULL);
}

static void
do_refer(struct storm *s)
{
	struct scene sc = some_scene(s);
	char ref[16];

	if (!sc.w->next_id)
		return;
	come(s, &sc);
	snprintf(ref, sizeof(ref), "f%u",
		 sc.w->next_id - (unsigned)roll(s, (int)sc.w->next_id) % 8);
	say(s, &sc, likely(s, 50) ? EVENT_MESSAGE : EVENT_EDIT, ref);
}

static void
do_tell(struct storm *s)
{
	struct scene sc = some_scene(s);
	struct world *to = some_world(s);
	int net = (int)(to - s->oracle.worlds);
	int person = roll(s, PEOPLE);
	char text[32];
	unsigned n;

	if (!world_listens(sc.w, sc.channel))
		return;
	n = oracle_word(&s->oracle, EVENT_MESSAGE, sc.net, sc.person,
			oracle_ear(sc.net, sc.person), oracle_ear(net, person));
	if (!n)
		return;
	snprintf(text, sizeof(text), "[%u]", n);
	note(s, "%s %s tells %s %s: %s", sc.w->label, sc.who, to->label,
	     oracle_people[person], text);
	world_tell(sc.w, sc.who, to->label, oracle_people[person], text);
}

static void
do_topic(struct storm *s)
{
	struct scene sc = some_scene(s);
	char text[32];

	if (!world_listens(sc.w, sc.channel))
		return;
	snprintf(text, sizeof(text), "topic %d", roll(s, 5));
	note(s, "%s %s %s: %s", sc.w->label, sc.channel, sc.who, text);
	world_say(sc.w, EVENT_TOPIC, 0, sc.channel, sc.who, text, NULL, NULL);
}

static void
do_typing(struct storm *s)
{
	struct scene sc = some_scene(s);

	if (!world_listens(sc.w, sc.channel))
		return;
	note(s, "%s %s %s types", sc.w->label, sc.channel, sc.who);
	world_say(sc.w, EVENT_TYPING, 0, sc.channel, sc.who, "", NULL, NULL);
}

/* ---- weather ----------------------------------------------------------- */

static enum down_reason
some_reason(struct storm *s)
{
	static const enum down_reason reasons[] = {
		DOWN_LOST, DOWN_LOST, DOWN_LOST, DOWN_UNREACHABLE, DOWN_REFUSED,
	};

	return reasons[roll(s, ARRAY_SIZE(reasons))];
}

static void
do_mood(struct storm *s)
{
	static const enum fake_mood moods[] = { FAKE_CONFIRMS, FAKE_CONFIRMS,
						FAKE_CONFIRMS, FAKE_HOLDS,
						FAKE_HOLDS,    FAKE_REFUSES,
						FAKE_DELAYS };
	struct world *w = some_world(s);

	w->mood = moods[roll(s, ARRAY_SIZE(moods))];
	w->shows_late = likely(s, 50);
	note(s, "%s is in mood %d%s", w->label, w->mood,
	     w->shows_late ? ", and late" : "");
}

static void
do_settle(struct storm *s)
{
	struct world *w = some_world(s);
	unsigned n = 1 + (unsigned)roll(s, 8);

	note(s, "%s settles %u", w->label, n);
	world_confirm(w, n);
}

static void
do_return(struct storm *s)
{
	struct world *w = some_world(s);

	note(s, "%s gives back", w->label);
	world_return(w);
}

static void
do_break(struct storm *s)
{
	struct world *w = some_world(s);
	enum down_reason why = some_reason(s);

	note(s, "%s breaks, %d", w->label, why);
	world_break(w, why);
}

static void
do_trap(struct storm *s)
{
	struct world *w = some_world(s);

	w->trap = (enum fake_trap)roll(s, FAKE_TRAPS);
	note(s, "%s will break in hook %d", w->label, w->trap);
}

static void
do_dead(struct storm *s)
{
	struct world *w = some_world(s);

	w->dead = !w->dead && likely(s, 40);
	note(s, "%s is %s", w->label, w->dead ? "dead" : "alive");
	if (w->dead)
		world_break(w, DOWN_LOST);
}

/* Slow, or not any more. */
static void
do_slow(struct storm *s)
{
	struct world *w = some_world(s);

	w->slow_puppets = likely(s, 30);
	w->slow_join = likely(s, 30);
	w->slow_start = likely(s, 20);
	note(s, "%s is slow: %d %d %d", w->label, w->slow_puppets, w->slow_join,
	     w->slow_start);
}

static void
do_go_on(struct storm *s)
{
	struct world *w = some_world(s);

	note(s, "%s goes on", w->label);
	world_connect(w);
	world_enter(w);
	world_admit(w);
}

static void
do_lose(struct storm *s)
{
	struct scene sc = some_scene(s);
	enum down_reason why = some_reason(s);

	note(s, "%s loses %s, %d", sc.w->label, sc.channel, why);
	world_kick(sc.w, sc.channel, why);
}

/* The first puppet of the room. */
struct victim {
	const char *channel;
	const struct occupant *o;
};

static void
take_victim(void *arg, const struct occupant *o)
{
	struct victim *v = arg;

	if (strcmp(o->channel->name, v->channel) == 0)
		v->o = o;
}

static void
do_kick(struct storm *s)
{
	struct scene sc = some_scene(s);
	struct victim v = { .channel = sc.channel };
	enum down_reason why = likely(s, 30) ? DOWN_REFUSED : DOWN_LOST;

	world_each_puppet(sc.w, take_victim, &v);
	if (!v.o)
		return;
	note(s, "%s kicks %s out of %s, %d", sc.w->label, v.o->name, sc.channel,
	     why);
	if (why == DOWN_REFUSED && *v.o->puppet->origin == 'n')
		s->oracle.kept_out[sc.room][v.o->puppet->origin[1] - '0']
				  [oracle_person(v.o->puppet->sender->id)] =
			true;

	char *name = xstrdup(v.o->name);

	world_kick_puppet(sc.w, sc.channel, name, why);
	free(name);
}

static void
do_bar(struct storm *s)
{
	struct world *w = some_world(s);

	free(w->barred);
	w->barred = likely(s, 30) ? xstrdup(some_name(s)) : NULL;
	/* The listener; it could not tell of what was skipped, either. */
	if (likely(s, 20) && !w->barred && !s->now->conf.fold_rows &&
	    !s->now->conf.fold_after_s)
		w->barred = xstrdup("us");
	note(s, "%s bars %s", w->label, w->barred ? w->barred : "nobody");
	s->barred |= w->barred != NULL;
}

static void
do_wait(struct storm *s)
{
	static const int64_t waits[] = { 100,   1000,  5000,   30000,
					 61000, 95000, 130000, 1900000 };
	int64_t ms = waits[roll(s, ARRAY_SIZE(waits))];

	note(s, "%lld ms pass", (long long)ms);
	turn(s, ms);
}

static void
do_full(struct storm *s)
{
	s->oracle.full = !s->oracle.full && likely(s, 30);
	s->oracle.was_full |= s->oracle.full;
	note(s, "the disk is %s", s->oracle.full ? "full" : "usable");
}

static void
do_fail(struct storm *s)
{
	unsigned n = 1 + (unsigned)roll(s, 10);

	note(s, "sync %u from now will fail", n);
	memory_disk_fail(n);
}

static void
do_crash(struct storm *s)
{
	note(s, "crash");
	s->oracle.full = false;
	crash(s);
	begin(s);
}

static void
do_restart(struct storm *s)
{
	note(s, "restart");
	memory_disk_fail(0);
	s->oracle.full = false;
	end(s);
	begin(s);
}

/* ---- one storm --------------------------------------------------------- */

/* Nobody holds it any more. */
static struct reading *
free_reading(struct storm *s)
{
	for (size_t i = 0; i < READINGS; i++)
		if (&s->readings[i] != s->now && s->readings[i].conf.uses <= 1)
			return &s->readings[i];
	return NULL;
}

static void
do_reload(struct storm *s)
{
	struct reading *r = free_reading(s);
	AUTO_STR said = { 0 };

	if (!r)
		return;
	*r = *s->now;
	r->conf.uses = 1;
	for (size_t i = 0; i < NETS + LINKS; i++)
		if (likely(s, i < NETS ? 20 : 50))
			make_print(s, r->prints[i]);
	print_all(r);
	str_init(&said, 4096);
	if (bridge_reload(s->bridge, &r->conf, &said) < 0)
		return; /* the one before is still on its way */
	s->now = r;
	note(s, "reload: %s", said.data);
	turn(s, 0);
}

static const struct step {
	int weight;
	void (*run)(struct storm *s);
} steps[] = {
	{ 100, do_join },    { 60, do_part },   { 30, do_rename },
	{ 30, do_presence }, { 300, do_say },   { 10, do_burst },
	{ 40, do_refer },    { 80, do_tell },   { 30, do_topic },
	{ 20, do_typing },   { 60, do_mood },   { 80, do_settle },
	{ 20, do_return },   { 30, do_break },  { 30, do_trap },
	{ 30, do_dead },     { 30, do_slow },   { 100, do_go_on },
	{ 20, do_lose },     { 30, do_kick },   { 5, do_bar },
	{ 120, do_wait },    { 20, do_full },   { 7, do_crash },
	{ 7, do_fail },      { 4, do_restart }, { 10, do_reload },
	{ 90, do_guest },
};

static void
step(struct storm *s)
{
	int total = 0;
	int at;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		total += steps[i].weight;
	at = roll(s, total);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		at -= steps[i].weight;
		if (at < 0) {
			steps[i].run(s);
			break;
		}
	}
	/* Now and then more happens before the bridge can think about it. */
	if (likely(s, 80))
		turn(s, 0);
}

static void
clear_up(struct storm *s, struct world *w, bool anew)
{
	w->dead = false;
	w->slow_start = w->slow_join = w->slow_puppets = false;
	w->trap = FAKE_NO_TRAP;
	w->mood = FAKE_CONFIRMS;
	free(w->barred);
	w->barred = NULL;
	turn(s, 0);
	world_connect(w);
	world_enter(w);
	world_enter(w);
	world_admit(w);
	world_confirm(w, WORDS_MAX);
	if (anew)
		world_break(w, DOWN_LOST);
	turn(s, 0);
}

static void
heal(struct storm *s)
{
	bool anew = likely(s, 50) || s->barred;

	memory_disk_fail(0);
	s->oracle.full = false;
	note(s, "all is well again%s", anew ? ", and anew" : "");
	for (size_t i = 0; i < s->oracle.n_nets; i++)
		clear_up(s, &s->oracle.worlds[i], anew);
	if (anew)
		memset(s->oracle.kept_out, 0, sizeof(s->oracle.kept_out));
	turn(s, HEALING_MS);
	oracle_judge(&s->oracle);
	if (bridge_waiting(s->bridge))
		fail(&s->oracle, "%zu still wait", bridge_waiting(s->bridge));
}

static bool
rage(struct storm *s, uint64_t seed, unsigned n)
{
	memset(&s->oracle, 0, sizeof(s->oracle));
	s->oracle.fail = fail;
	s->seed = s->random = seed;
	s->length = n;
	s->n_notes = 0;
	s->failed = s->barred = false;
	make_conf(s);
	begin(s);
	for (unsigned i = 0; i < n && !s->failed; i++, s->steps++)
		step(s);
	if (!s->failed)
		heal(s);
	end(s);
	scratch_clean(&s->scratch);
	memory_disk_clear();
	for (size_t i = 0; i < s->oracle.n_nets; i++)
		world_finish(&s->oracle.worlds[i]);
	guests_finish(&s->guests);
	return !s->failed;
}

/* ---- many -------------------------------------------------------------- */

static struct storm *current(void);

/* An assertion failed: say where we were. */
static void
on_abort(int sig UNUSED)
{
	tell_notes(current());
	fflush(stdout);
}

static struct storm *
current(void)
{
	static struct storm storm;

	return &storm;
}

/* Every job passes here, by the linker's option --wrap. */
void __real_store_submit(struct store *store, struct store_job *job);
void __wrap_store_submit(struct store *store, struct store_job *job);

static int
run_in_vain(struct db *db UNUSED, struct store_job *job UNUSED)
{
	return -ENOSPC;
}

void
__wrap_store_submit(struct store *store, struct store_job *job)
{
	if (current()->oracle.full)
		job->run = run_in_vain;
	__real_store_submit(store, job);
}

int
main(int argc, char **argv)
{
	struct storm *s = current();
	char *rest = NULL;
	uint64_t first = argc > 1 ? strtoull(argv[1], &rest, 10) : 1;
	uint64_t last = argc > 1 ? first : DEFAULT_SEEDS;
	unsigned n =
		argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : DEFAULT_STEPS;
	unsigned failures = 0;

	if (rest && *rest == '-')
		last = strtoull(rest + 1, NULL, 10);
	s->loud = argc > 1 && first == last;
	if (!scratch_make(&s->scratch))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0); /* long runs are cut short */
	signal(SIGABRT, on_abort);
	memory_disk_use();
	log_set_level(s->loud ? LOG_LEVEL_TRACE : LOG_LEVEL_BUG);
	log_set_sink(on_log, s);
	for (uint64_t seed = first; seed <= last && failures < 5; seed++)
		failures += !rage(s, seed, n);
	scratch_remove(&s->scratch);
	printf("# %llu steps\n%s 1 - storms of %u steps, seeds %llu to %llu\n"
	       "1..1\n",
	       (unsigned long long)s->steps, failures ? "not ok" : "ok", n,
	       (unsigned long long)first, (unsigned long long)last);
	return failures ? 1 : 0;
}
