/* SPDX-License-Identifier: MIT */
/*
 * gale.c - random weather over what people ask for: hosted rooms and the
 * channels behind them, hosts that nobody configured, private words, contacts,
 * settings; while links and networks come and go by reloads, and the process
 * by crashes. Everything follows from the seed.
 *
 *     gale [SEED|FIRST-LAST [STEPS]]
 *
 * What is said is storm.c's affair. Here the bridge is to live, to log no bug,
 * to stop when it is told, and, when everybody has left, to leave, too.
 */

#include "tests/scenario/plan.h"
#include "tests/support/fake_world.h"

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
#include <unistd.h>

#define ALL_KINDS ((1u << EVENT_KINDS) - 1)
#define START_MS 1764000000000
#define LEAVING_MS (3 * 3600 * 1000)
#define PLANS 400
#define NOTES 60

enum { M, I, N, T, ONE, TWO, WORLDS };

static const char *const labels[WORLDS] = {
	"m", "i", "n", "t", "one.example.org", "two.example.org"
};
static const char *const people[] = { "ann", "bob", "cyd" };
static const char *const others[] = { "joe", "zoe", "@ops" };
static const char *const channels[] = { "#a", "#b", "#c" };
static const char *const links[] = { "la", "lb" };
static const int doors[] = { I, N, ONE, TWO };

struct gale {
	uint64_t seed, random;
	unsigned length;
	struct world worlds[WORLDS];
	struct plan *plans[PLANS];
	size_t n_plans;
	char rooms[ARRAY_SIZE(doors)][ARRAY_SIZE(channels)][40];
	struct loop *loop;
	struct store *store;
	struct bridge *bridge;
	char folder[64], database[80];
	int64_t wall_ms;
	char notes[NOTES][160];
	unsigned n_notes;
	bool loud, failed;
};

/* ---- chance and what is told ------------------------------------------- */

static int
roll(struct gale *g, int sides)
{
	uint64_t z = g->random += 0x9E3779B97F4A7C15;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
	z = (z ^ z >> 27) * 0x94D049BB133111EB;
	return (int)((z ^ z >> 31) % (uint64_t)sides);
}

static bool
likely(struct gale *g, int percent)
{
	return roll(g, 100) < percent;
}

static void note(struct gale *g, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void
note(struct gale *g, const char *fmt, ...)
{
	char *line = g->notes[g->n_notes++ % NOTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(g->notes[0]), fmt, args);
	va_end(args);
	if (g->loud)
		printf("# %u: %s\n", g->n_notes, line);
}

static void
tell_notes(const struct gale *g)
{
	unsigned from = g->n_notes > NOTES ? g->n_notes - NOTES : 0;

	printf("# gale %llu %u tells it all again; its last steps:\n",
	       (unsigned long long)g->seed, g->length);
	for (unsigned i = from; i < g->n_notes; i++)
		printf("#   %u: %s\n", i + 1, g->notes[i % NOTES]);
}

static void fail(struct gale *g, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void
fail(struct gale *g, const char *fmt, ...)
{
	va_list args;

	if (!g->failed && !g->loud)
		tell_notes(g);
	g->failed = true;
	va_start(args, fmt);
	printf("# seed %llu: ", (unsigned long long)g->seed);
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
}

static void
on_log(enum log_level level, const char *where, const char *text, void *arg)
{
	struct gale *g = arg;

	if (g->loud)
		printf("#       %s %s: %s\n", log_level_name(level), where,
		       text);
	if (level <= LOG_LEVEL_BUG && !strstr(text, "did not stop within"))
		fail(g, "bug: %s: %s", where, text);
}

/* ---- configurations ---------------------------------------------------- */

static struct plan *
plan_now(const struct gale *g)
{
	return g->plans[g->n_plans - 1];
}

static void
link_add(struct plan *plan, size_t i)
{
	struct conf_link *link = plan_link(plan, links[i]);

	for (int net = M; net <= I; net++)
		*plan_member(plan, link) = (struct conf_member){
			.network = labels[net],
			.channel = channels[i],
			.direction = CONF_BOTH,
			.kinds = ALL_KINDS,
			.nick = "{nick}",
			.puppets = true,
		};
}

static void
make_worlds(struct gale *g)
{
	unsigned gate = CAN_PUPPET | CAN_TOPIC | CAN_DIRECT | CAN_ACCOUNT |
			CAN_CONTACT | CAN_TYPING;
	struct world *w = g->worlds;

	for (int i = 0; i < WORLDS; i++) {
		world_init(&w[i], labels[i]);
		w[i].caps = gate;
		w[i].limits.connections = 0;
		w[i].why = "the gale says so";
	}
	w[M].caps =
		CAN_HOST | CAN_PUPPET | CAN_PUPPET_OWN | CAN_TOPIC | CAN_DIRECT;
	if (likely(g, 30))
		w[M].limits.connections = 2;
	if (likely(g, 50))
		w[I].limits.listener_ms = 5000;
	if (likely(g, 30))
		w[I].limits.puppets = 2;
	world_template(&w[T], "*.example.org", NULL);
	w[T].permit.max = 1 + (unsigned)roll(g, 2);
	w[T].permit.linger_s = likely(g, 50) ? 1 : 600;
	world_host(&w[T], &w[ONE]);
	world_host(&w[T], &w[TWO]);
	for (size_t d = 0; d < ARRAY_SIZE(doors); d++)
		for (size_t c = 0; c < ARRAY_SIZE(channels); c++)
			snprintf(g->rooms[d][c], sizeof(g->rooms[d][c]),
				 "%s%%%s@gw", channels[c], labels[doors[d]]);
}

static void
make_plan(struct gale *g)
{
	struct plan *plan = g->plans[g->n_plans++] = plan_new();

	plan->conf.database = g->database;
	plan->conf.queue_age_s = 24 * 3600;
	plan->conf.queue_rows = likely(g, 30) ? 20 : 10000;
	plan->conf.queue_mib = 64;
	plan->conf.away_after_s = 30;
	for (int i = M; i <= T; i++)
		(void)plan_network(plan, &g->worlds[i]);
	link_add(plan, 0);
}

/* ---- starting and ending ----------------------------------------------- */

static const struct protocol *const table[] = { &fake_protocol, NULL };

static void
turn(struct gale *g, int64_t ms)
{
	loop_advance(g->loop, ms);
}

static void
begin(struct gale *g)
{
	struct error err;

	g->loop = loop_new_manual((uint64_t)roll(g, 1 << 30), g->wall_ms);
	g->store = store_open_inline(g->loop, g->database, &err);
	if (g->store)
		g->bridge = bridge_new(g->loop, g->store, &plan_now(g)->conf,
				       table, &err);
	if (!g->bridge) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	bridge_start(g->bridge);
	turn(g, 0);
}

static void
release(struct gale *g)
{
	g->wall_ms = loop_wall_ms(g->loop);
	bridge_free(g->bridge);
	loop_free(g->loop);
}

static void
stopped(void *arg)
{
	bool *done = arg;

	*done = true;
}

static void
end(struct gale *g)
{
	bool done = false;

	bridge_stop(g->bridge, stopped, &done);
	turn(g, 10000);
	if (!done)
		fail(g, "the bridge does not stop");
	store_close(g->store);
	release(g);
}

static void
do_restart(struct gale *g)
{
	note(g, "restart");
	end(g);
	begin(g);
}

static void
do_crash(struct gale *g)
{
	note(g, "crash");
	for (int i = 0; i < WORLDS; i++)
		world_forget(&g->worlds[i]);
	store_abandon(g->store);
	release(g);
	begin(g);
}

/* ---- what users do ----------------------------------------------------- */

struct visit {
	const char *who, *network, *channel, *room;
};

static struct visit
some_visit(struct gale *g)
{
	int d = roll(g, ARRAY_SIZE(doors)), c = roll(g, ARRAY_SIZE(channels));

	return (struct visit){ people[roll(g, ARRAY_SIZE(people))],
			       labels[doors[d]], channels[c], g->rooms[d][c] };
}

static void
do_enter(struct gale *g)
{
	struct visit v = some_visit(g);
	struct world *m = &g->worlds[M];

	if (!m->fake)
		return;
	note(g, "%s goes to %s", v.who, v.room);
	world_knock(m, v.room, v.network, v.channel);
	if (likely(g, 80))
		turn(g, 0);
	if (world_listens(m, v.room) && !world_has(m, v.room, v.who))
		world_come_in(m, v.room, v.who, likely(g, 20) ? "pw" : NULL);
}

static void
do_leave(struct gale *g)
{
	struct visit v = some_visit(g);
	struct world *m = &g->worlds[M];

	if (!world_has(m, v.room, v.who))
		return;
	note(g, "%s leaves %s", v.who, v.room);
	world_part(m, v.room, v.who, likely(g, 80) ? PART_LEFT : PART_KICKED,
		   NULL);
}

static void
do_say(struct gale *g)
{
	struct visit v = some_visit(g);
	struct world *m = &g->worlds[M];

	if (!world_listens(m, v.room) || !world_has(m, v.room, v.who))
		return;
	note(g, "%s says something in %s", v.who, v.room);
	world_say(m, EVENT_MESSAGE, 0, v.room, v.who, "hello", NULL, NULL);
}

static void
do_tell(struct gale *g)
{
	struct visit v = some_visit(g);
	const char *to = others[roll(g, ARRAY_SIZE(others))];

	if (!g->worlds[M].fake)
		return;
	note(g, "%s tells %s of %s", v.who, to, v.network);
	world_tell(&g->worlds[M], v.who, v.network, to, "psst");
}

static void
do_set(struct gale *g)
{
	static const char *const places[] = { "i",   "n",   "one.example.org",
					      "i#a", "i#c", "-" };
	const char *who = people[roll(g, ARRAY_SIZE(people))];
	const char *place = places[roll(g, ARRAY_SIZE(places))];
	bool own = strlen(place) != 1 || *place == '-';
	const char *key = own && *place != 'o' ? "persistent" : "nick";

	if (!g->worlds[M].fake)
		return;
	note(g, "%s sets %s for %s", who, key, place);
	world_set(&g->worlds[M], who, place, key,
		  likely(g, 30)   ? NULL
		  : *key == 'n'   ? who
		  : likely(g, 50) ? "true"
				  : "false");
}

static void
do_follow(struct gale *g)
{
	struct visit v = some_visit(g);
	const char *whom = others[roll(g, ARRAY_SIZE(others))];
	struct world *m = &g->worlds[M];

	if (!m->fake)
		return;
	note(g, "%s and %s of %s", v.who, whom, v.network);
	switch (roll(g, 6)) {
	case 0:
	case 1:
		world_follow(m, v.who, v.network, whom);
		break;
	case 2:
		world_unfollow(m, v.who, v.network, whom);
		break;
	case 3:
		world_block(m, v.who, v.network, whom);
		break;
	case 4:
		world_unblock(m, v.who, v.network, whom);
		break;
	default:
		world_here(m, v.who, likely(g, 70));
		break;
	}
}

/* ---- what others do ---------------------------------------------------- */

static void
do_other(struct gale *g)
{
	struct world *w = &g->worlds[likely(g, 70) ? I : M];
	const char *who = others[roll(g, ARRAY_SIZE(others))];
	const char *ch = channels[roll(g, ARRAY_SIZE(channels))];

	note(g, "%s of %s does something in %s", who, w->label, ch);
	if (!world_has(w, ch, who))
		world_join(w, ch, who);
	else if (likely(g, 40))
		world_part(w, ch, who, PART_LEFT, NULL);
	else if (world_listens(w, ch))
		world_say(w, EVENT_MESSAGE, 0, ch, who, "hi", NULL, NULL);
}

static void
do_answer(struct gale *g)
{
	struct world *w = &g->worlds[doors[roll(g, ARRAY_SIZE(doors))]];
	const char *who = others[roll(g, ARRAY_SIZE(others))];

	if (!w->fake || w->fake->net.state != NETWORK_UP)
		return;
	note(g, "%s of %s answers", who, w->label);
	world_tell(w, who, "m", people[roll(g, ARRAY_SIZE(people))], "yes?");
}

static struct world *
some_world(struct gale *g)
{
	return &g->worlds[roll(g, WORLDS)];
}

static void
do_mood(struct gale *g)
{
	static const enum fake_mood moods[] = { FAKE_CONFIRMS, FAKE_CONFIRMS,
						FAKE_HOLDS, FAKE_REFUSES,
						FAKE_DELAYS };
	struct world *w = some_world(g);

	w->mood = moods[roll(g, ARRAY_SIZE(moods))];
	w->dead = likely(g, 10);
	w->slow_start = likely(g, 20);
	w->slow_join = likely(g, 20);
	w->slow_puppets = likely(g, 30);
	w->stalled = likely(g, 5);
	w->trap = likely(g, 30) ? (enum fake_trap)roll(g, FAKE_TRAPS)
				: FAKE_NO_TRAP;
	note(g, "%s: mood %d, dead %d, slow %d %d %d, stalled %d, trap %d",
	     w->label, w->mood, w->dead, w->slow_start, w->slow_join,
	     w->slow_puppets, w->stalled, w->trap);
}

static void
do_go_on(struct gale *g)
{
	struct world *w = some_world(g);

	note(g, "%s goes on", w->label);
	world_connect(w);
	world_enter(w);
	world_admit(w);
	world_confirm(w, 1 + (unsigned)roll(g, 8));
}

static void
do_break(struct gale *g)
{
	struct world *w = some_world(g);

	note(g, "%s breaks", w->label);
	if (likely(g, 50))
		world_break(w, likely(g, 80) ? DOWN_LOST : DOWN_REFUSED);
	else
		world_kick(w, channels[roll(g, ARRAY_SIZE(channels))],
			   likely(g, 80) ? DOWN_LOST : DOWN_REFUSED);
}

static void
do_wait(struct gale *g)
{
	static const int64_t waits[] = { 100,   1000,   5000,    30000,
					 61000, 310000, 1900000, 3600000 };
	int64_t ms = waits[roll(g, ARRAY_SIZE(waits))];

	note(g, "%lld ms pass", (long long)ms);
	turn(g, ms);
}

/* ---- what operators do ------------------------------------------------- */

static void
change(struct gale *g, struct plan *plan)
{
	size_t i = (size_t)roll(g, ARRAY_SIZE(links));

	if (likely(g, 60) && !plan_unlink(plan, links[i]))
		link_add(plan, i);
	if (likely(g, 30) && !plan_unnetwork(plan, "n"))
		(void)plan_network(plan, &g->worlds[N]);
	if (likely(g, 30))
		(void)plan_renew(plan, labels[roll(g, T + 1)]);
}

/* Takes plan. */
static void
reload(struct gale *g, struct plan *plan)
{
	AUTO_STR said = { 0 };

	str_init(&said, 4096);
	if (bridge_reload(g->bridge, &plan->conf, &said) < 0) {
		free(plan); /* the one before is still on its way */
		return;
	}
	g->plans[g->n_plans++] = plan;
	for (char *c = said.data; *c; c++)
		*c = (char)(*c == '\n' ? ' ' : *c);
	note(g, "reload: %s", said.data);
}

static void
do_reload(struct gale *g)
{
	struct plan *plan;

	if (g->n_plans == PLANS - 1)
		return; /* the last is for the end */
	plan = plan_copy(plan_now(g));
	change(g, plan);
	reload(g, plan);
}

static const struct step {
	int weight;
	void (*run)(struct gale *g);
} steps[] = {
	{ 60, do_enter },  { 25, do_leave },  { 60, do_say },
	{ 30, do_tell },   { 20, do_set },    { 30, do_follow },
	{ 40, do_other },  { 15, do_answer }, { 25, do_mood },
	{ 50, do_go_on },  { 12, do_break },  { 40, do_wait },
	{ 15, do_reload }, { 2, do_crash },   { 2, do_restart },
};

static void
step(struct gale *g)
{
	int total = 0;
	int at;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		total += steps[i].weight;
	at = roll(g, total);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		at -= steps[i].weight;
		if (at < 0) {
			steps[i].run(g);
			break;
		}
	}
	if (likely(g, 70))
		turn(g, 0);
}

/* ---- everybody leaves -------------------------------------------------- */

static void
clear_up(struct gale *g, struct world *w)
{
	w->dead = w->stalled = false;
	w->slow_start = w->slow_join = w->slow_puppets = false;
	w->trap = FAKE_NO_TRAP;
	w->mood = FAKE_CONFIRMS;
	turn(g, 0);
	world_connect(w);
	world_enter(w);
	world_enter(w);
	world_admit(w);
	world_confirm(w, 10000);
	turn(g, 0);
}

static void
forget_contacts(struct gale *g, const char *who)
{
	struct world *m = &g->worlds[M];

	world_here(m, who, false);
	for (size_t d = 0; d < ARRAY_SIZE(doors); d++)
		for (size_t p = 0; p < ARRAY_SIZE(others); p++)
			world_unfollow(m, who, labels[doors[d]], others[p]);
}

static void
leave_all(struct gale *g)
{
	struct world *m = &g->worlds[M];

	for (size_t p = 0; p < ARRAY_SIZE(people); p++) {
		forget_contacts(g, people[p]);
		for (size_t d = 0; d < ARRAY_SIZE(doors); d++)
			for (size_t c = 0; c < ARRAY_SIZE(channels); c++)
				if (world_has(m, g->rooms[d][c], people[p]))
					world_part(m, g->rooms[d][c], people[p],
						   PART_LEFT, NULL);
	}
	for (size_t p = 0; p < ARRAY_SIZE(others); p++)
		for (size_t c = 0; c < ARRAY_SIZE(channels); c++)
			if (world_has(m, channels[c], others[p]))
				world_part(m, channels[c], others[p], PART_LEFT,
					   NULL);
}

static size_t
index_of(const char *const *list, size_t n, const char *word)
{
	size_t i = 0;

	while (i < n && strcmp(list[i], word) != 0)
		i++;
	return i;
}

static bool
is_linked(const struct gale *g, size_t channel)
{
	const struct conf *conf = &plan_now(g)->conf;
	size_t i = 0;

	if (channel >= ARRAY_SIZE(links))
		return false;
	while (i < conf->n_links &&
	       strcmp(conf->links[i].name, links[channel]) != 0)
		i++;
	return i < conf->n_links;
}

/* Of m: in the room that stands for the channel, or in one linked with it. */
static void
is_due(void *arg, const struct occupant *o)
{
	struct gale *g = arg;
	struct world *m = &g->worlds[M];
	const char *who = o->puppet->sender->id;
	size_t c = index_of(channels, ARRAY_SIZE(channels), o->channel->name);

	if (o->channel->kind != CHANNEL_ROOM ||
	    world_has(m, g->rooms[0][c], who) ||
	    (is_linked(g, c) && world_has(m, channels[c], who)))
		return;
	fail(g, "%s is in %s of i, and nowhere else", o->name,
	     o->channel->name);
}

static void
is_left(void *arg, const struct occupant *o)
{
	struct gale *g = arg;

	fail(g, "%s is still in %s of %s", o->name, o->channel->name,
	     o->channel->network->name);
}

static void
judge(struct gale *g)
{
	for (int i = I; i < WORLDS; i++)
		world_each_puppet(&g->worlds[i], is_left, g);
	if (bridge_waiting(g->bridge))
		fail(g, "%zu still wait", bridge_waiting(g->bridge));
	for (int i = ONE; i <= TWO; i++)
		if (bridge_network(g->bridge, labels[i]))
			fail(g, "%s is used by nobody, and still there",
			     labels[i]);
}

/* What waits for a network that is not configured waits on. */
static void
bring_back(struct gale *g)
{
	struct plan *plan = plan_copy(plan_now(g));

	(void)plan_unnetwork(plan, "n");
	(void)plan_network(plan, &g->worlds[N]);
	reload(g, plan);
	turn(g, 0);
}

static void
calm(struct gale *g)
{
	note(g, "all is well again, and everybody leaves");
	for (int i = 0; i < WORLDS; i++)
		clear_up(g, &g->worlds[i]);
	bring_back(g);
	turn(g, 600000);
	world_each_puppet(&g->worlds[I], is_due, g);
	leave_all(g);
	turn(g, LEAVING_MS);
	judge(g);
}

/* ---- one gale, and many ------------------------------------------------ */

static void
clean_up(const struct gale *g)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".lock",
					    ".key" };
	char path[96];

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(path, sizeof(path), "%.80s%s", g->database, ends[i]);
		unlink(path);
	}
}

static bool
rage(struct gale *g, uint64_t seed, unsigned n)
{
	g->seed = g->random = seed;
	g->length = n;
	g->n_notes = 0;
	g->failed = false;
	g->wall_ms = START_MS;
	make_worlds(g);
	make_plan(g);
	begin(g);
	for (unsigned i = 0; i < n && !g->failed; i++)
		step(g);
	if (!g->failed)
		calm(g);
	end(g);
	clean_up(g);
	for (int i = 0; i < WORLDS; i++)
		world_finish(&g->worlds[i]);
	while (g->n_plans)
		free(g->plans[--g->n_plans]);
	return !g->failed;
}

static struct gale *
current(void)
{
	static struct gale gale;

	return &gale;
}

/* An assertion failed: say where we were. */
static void
on_abort(int sig UNUSED)
{
	tell_notes(current());
	fflush(stdout);
}

static bool
make_folder(struct gale *g)
{
	snprintf(g->folder, sizeof(g->folder), "/dev/shm/causeway-XXXXXX");
	if (!mkdtemp(g->folder)) {
		snprintf(g->folder, sizeof(g->folder), "/tmp/causeway-XXXXXX");
		if (!mkdtemp(g->folder))
			return false;
	}
	snprintf(g->database, sizeof(g->database), "%.60s/db", g->folder);
	return true;
}

int
main(int argc, char **argv)
{
	struct gale *g = current();
	char *rest = NULL;
	uint64_t first = argc > 1 ? strtoull(argv[1], &rest, 10) : 1;
	uint64_t last = argc > 1 ? first : 100;
	unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 500;
	unsigned failures = 0;

	if (rest && *rest == '-')
		last = strtoull(rest + 1, NULL, 10);
	g->loud = argc > 1 && first == last;
	if (!make_folder(g))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0); /* long runs are cut short */
	signal(SIGABRT, on_abort);
	log_set_level(g->loud ? LOG_LEVEL_TRACE : LOG_LEVEL_BUG);
	log_set_sink(on_log, g);
	for (uint64_t seed = first; seed <= last && failures < 5; seed++)
		failures += !rage(g, seed, n);
	rmdir(g->folder);
	printf("%s 1 - gales of %u steps, seeds %llu to %llu\n1..1\n",
	       failures ? "not ok" : "ok", n, (unsigned long long)first,
	       (unsigned long long)last);
	return failures ? 1 : 0;
}
