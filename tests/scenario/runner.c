/* SPDX-License-Identifier: MIT */
/*
 * runner.c - plays a scenario through the whole core: fake networks, a
 * hand-turned clock, a real database. Usage: runner FILE.scn
 *
 * A line is one action; "#" at the start of a line begins a comment. Words are
 * separated by spaces; text stands in double quotes. NET is a network, #CH a
 * channel, WHO a sender id, $1..$9 an id that was kept with "as $1".
 *
 *   network NET [puppet] [own] [style] [topic] [edit] [reply] [react]
 *               [redact] [retract] [notice] [direct] [puppets=N] [wait=MS]
 *               [window=N] [idle=MS] [delay]
 *               [listener=MS: it leaves where accounts hear; bars us]
 *               [stamps: events tell their time]
 *               [author: shows who said it, of which network, op or not]
 *               [wants=WORD: only what begins so]
 *   link NAME NET:#CH[,in|out|both][,noise][,alone][,nick=T][,only=KIND] ...
 *   network, link, and renew NET, unlink NAME, unnetwork NET while it runs,
 *   then reload ["told"]...        go on with another configuration
 *   case "what is shown"           a named subtest begins; state goes on
 *
 *   NET WHO joins|parts|quits|kicked|split #CH ["why"]
 *   NET WHO named "new name"
 *   NET WHO away|back ["status"]
 *   WHO "@..." has the rank of an operator.
 *   NET WHO says|said|acts|notices|states #CH "text" [as $1] [re $2]
 *   NET WHO repeats #CH "text" $1
 *   NET WHO recalled #CH "text" ID the history tells it, under that very id
 *   NET WHO edits|withdraws|reacts #CH $1 ["text"] [as $2]
 *   NET WHO topic #CH "text"
 *   NET WHO tells NET2:WHO2 "text"
 *
 *   NET knocks ROOM NET2:#CH       somebody wants the hosted room
 *   NET WHO enters ROOM ["password"]
 *   NET WHO sets NET2 KEY ["value"]
 *   NET WHO has NET2               the settings are written down
 *   NET recalls ROOM N             so are the last words said there
 *
 *   NET stays ROOM                 so is who is to come back there
 *
 *   NET gets "line"                the oldest unread line of the transcript
 *   NET gets like "li*"            a pattern of the shell's
 *   NET gets nothing
 *   NET puppets #CH "ann, bob"     who of ours is in the channel
 *
 *   NET down lost|refused|unreachable, NET dead, NET stalls, NET alive
 *   NET loses #CH lost|refused|unreachable
 *   NET kicks #CH NAME lost|refused
 *   NET confirms|holds|refuses|delays ["why"], NET settles N
 *   NET bars NAME, NET slow, NET admits
 *   NET lingers, NET enters        rooms are entered in two steps
 *   NET pressed "no more|by queues|by the disk"
 *   NET trips join|send|bring|remove|update|bounce
 *                                  the connection breaks in that hook
 *
 *   wait 30s|500ms
 *   jump 3600s                     the wall clock is set forwards, or back
 *   crash, restart [60s]           the process dies, or ends; and starts again
 *   disk full|usable
 *   queue [rows=N] [mib=N] [age=S] [away=S] [fold_after=S] [fold_rows=N]
 *         [fold_keep=N] [keep=S] its limits, before anything happens
 *   expect bug|error|warn|peer "part of a log line"
 *
 * A log line of class peer or worse that no "expect" announced fails.
 */

#include "tests/scenario/plan.h"
#include "tests/support/fake.h"

#include "bridge/base.h"
#include "bridge/bridge.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/store.h"
#include "bridge/str.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 24
#define PLANS_MAX 32
#define EXPECTS_MAX 16
#define ALL_KINDS ((1u << EVENT_KINDS) - 1)
#define START_MS 1764000000000

struct expectation {
	enum log_level level;
	char *text;
};

struct play {
	const char *file;
	unsigned line;
	char *words[WORDS_MAX];
	size_t n_words;

	struct world worlds[NETS_MAX];
	size_t n_nets;
	struct plan *plans[PLANS_MAX]; /* the last one is being written */
	size_t n_plans;
	bool running; /* it is in use */
	struct loop *loop;
	int64_t wall_ms; /* when the next one starts */
	struct store *store;
	struct bridge *bridge;
	char database[64];
	char *strings[512]; /* whatever the configuration points to */
	size_t n_strings;

	char ids[10][16];
	struct expectation expects[EXPECTS_MAX];
	size_t n_expects;
	unsigned n_cases;
	bool failed;
	char *title;
};

static void fail(struct play *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void
fail(struct play *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# %s:%u: ", p->file, p->line);
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
	p->failed = true;
}

static char *
keep(struct play *p, const char *s)
{
	if (p->n_strings == ARRAY_SIZE(p->strings)) {
		fail(p, "too many names");
		exit(1);
	}
	return p->strings[p->n_strings++] = xstrdup(s);
}

/* ---- log --------------------------------------------------------------- */

static void
on_log(enum log_level level, const char *where, const char *text, void *arg)
{
	struct play *p = arg;

	if (getenv("SCENARIO_LOG"))
		printf("# log %d %s: %s\n", level, where, text);
	if (level > LOG_LEVEL_PEER)
		return;
	for (size_t i = 0; i < p->n_expects; i++) {
		struct expectation *e = &p->expects[i];

		if (e->level != level || !strstr(text, e->text))
			continue;
		free(e->text);
		*e = p->expects[--p->n_expects];
		return;
	}
	fail(p, "unexpected log line: %s %s: %s", log_level_name(level), where,
	     text);
}

static void
do_expect(struct play *p)
{
	int level = log_level_from_name(p->words[1]);

	if (level < 0 || p->n_words < 3 || p->n_expects == EXPECTS_MAX) {
		fail(p, "expect LEVEL \"text\"");
		return;
	}
	p->expects[p->n_expects++] = (struct expectation){
		.level = (enum log_level)level,
		.text = xstrdup(p->words[2]),
	};
}

static struct plan *
plan_now(const struct play *p)
{
	return p->plans[p->n_plans - 1];
}

/* One that may still be changed. */
static struct plan *
plan_open(struct play *p)
{
	if (!p->running)
		return plan_now(p);
	if (p->n_plans == PLANS_MAX) {
		fail(p, "too many configurations");
		exit(1);
	}
	p->plans[p->n_plans] = plan_copy(plan_now(p));
	p->n_plans++;
	p->running = false;
	return plan_now(p);
}

/* ---- starting and ending ----------------------------------------------- */

static const struct protocol *const table[] = { &fake_protocol, NULL };
static const char *const admins[] = { "m:root" };

static void
turn(struct play *p)
{
	if (p->loop)
		loop_advance(p->loop, 0);
}

static void
begin(struct play *p)
{
	struct error err;

	if (p->loop)
		return;
	p->loop = loop_new_manual(1, p->wall_ms);
	for (size_t i = 0; i < p->n_nets; i++)
		p->worlds[i].loop = p->worlds[i].stamps ? p->loop : NULL;
	p->store = store_open_inline(p->loop, p->database, &err);
	if (p->store)
		p->bridge = bridge_new(p->loop, p->store, &plan_now(p)->conf,
				       table, &err);
	if (!p->bridge) {
		fail(p, "cannot start: %s", err.text);
		exit(1);
	}
	p->running = true;
	bridge_start(p->bridge);
	turn(p);
}

static void
stopped(void *arg)
{
	bool *done = arg;

	*done = true;
}

static void
release(struct play *p)
{
	p->wall_ms = loop_wall_ms(p->loop);
	bridge_free(p->bridge);
	loop_free(p->loop);
	p->store = NULL;
	p->bridge = NULL;
	p->loop = NULL;
}

static void
end(struct play *p)
{
	bool done = false;

	if (!p->loop)
		return;
	bridge_stop(p->bridge, stopped, &done);
	for (int i = 0; i < 100 && !done; i++)
		loop_advance(p->loop, 100);
	if (!done)
		fail(p, "the bridge does not stop");
	store_close(p->store);
	release(p);
}

/* What is not committed now is gone. */
static void
crash(struct play *p)
{
	begin(p);
	for (size_t i = 0; i < p->n_nets; i++)
		world_forget(&p->worlds[i]);
	store_abandon(p->store);
	release(p);
}

/* ---- configuration ----------------------------------------------------- */

struct word {
	const char *name;
	unsigned value;
};

static const struct word cap_words[] = {
	{ "puppet", CAN_PUPPET },   { "own", CAN_PUPPET_OWN },
	{ "style", CAN_STYLE },     { "topic", CAN_TOPIC },
	{ "edit", CAN_EDIT },       { "reply", CAN_REPLY },
	{ "react", CAN_REACT },     { "redact", CAN_REDACT | CAN_MODERATE },
	{ "retract", CAN_REDACT },  { "notice", CAN_NOTICE },
	{ "direct", CAN_DIRECT },   { "delay", CAN_DELAY },
	{ "host", CAN_HOST },       { "account", CAN_ACCOUNT },
	{ "contact", CAN_CONTACT }, { "author", CAN_AUTHOR },
	{ "typing", CAN_TYPING },   { "receipt", CAN_RECEIPT },
	{ "visit", CAN_VISIT },
};

static const struct word receipt_words[] = {
	{ "receipts=none", CONF_RECEIPTS_NONE },
	{ "receipts=direct", CONF_RECEIPTS_DIRECT },
	{ "receipts=all", CONF_RECEIPTS_ALL },
};

static bool
number_after(const char *word, const char *prefix, long *out)
{
	size_t len = strlen(prefix);

	if (strncmp(word, prefix, len) != 0)
		return false;
	*out = strtol(word + len, NULL, 10);
	return true;
}

static void
network_word(struct play *p, struct world *w, const char *word)
{
	long n;

	for (size_t i = 0; i < ARRAY_SIZE(cap_words); i++) {
		if (strcmp(cap_words[i].name, word) == 0) {
			w->caps |= cap_words[i].value;
			return;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(receipt_words); i++) {
		if (strcmp(receipt_words[i].name, word) == 0) {
			w->receipts = receipt_words[i].value;
			return;
		}
	}
	if (strcmp(word, "stamps") == 0)
		w->stamps = true;
	else if (strncmp(word, "wants=", 6) == 0)
		w->wants = keep(p, word + 6);
	else if (number_after(word, "puppets=", &n))
		w->limits.puppets = (unsigned)n;
	else if (number_after(word, "wait=", &n))
		w->limits.puppet_wait_ms = n;
	else if (number_after(word, "idle=", &n))
		w->limits.puppet_idle_ms = n;
	else if (number_after(word, "listener=", &n))
		w->limits.listener_ms = n;
	else if (number_after(word, "lasts=", &n))
		w->limits.typing_lasts_ms = n;
	else if (number_after(word, "again=", &n))
		w->limits.typing_again_ms = n;
	else if (number_after(word, "window=", &n))
		w->limits.window = (unsigned)n;
	else
		fail(p, "a network cannot be \"%s\"", word);
}

static void
do_network(struct play *p)
{
	struct world *w = &p->worlds[p->n_nets];

	if (p->n_nets == NETS_MAX || p->n_words < 2) {
		fail(p, "network NAME [capability...]");
		return;
	}
	world_init(w, keep(p, p->words[1]));
	for (size_t i = 2; i < p->n_words; i++)
		network_word(p, w, p->words[i]);
	p->n_nets++;
	if (!plan_network(plan_open(p), w))
		fail(p, "too many networks");
}

static struct world *
world_named(struct play *p, const char *name)
{
	for (size_t i = 0; i < p->n_nets; i++)
		if (strcmp(p->worlds[i].label, name) == 0)
			return &p->worlds[i];
	return NULL;
}

static void
member_option(struct play *p, struct conf_member *m, const char *word)
{
	if (strcmp(word, "in") == 0)
		m->direction = CONF_IN;
	else if (strcmp(word, "out") == 0)
		m->direction = CONF_OUT;
	else if (strcmp(word, "both") == 0)
		m->direction = CONF_BOTH;
	else if (strcmp(word, "noise") == 0)
		m->noise = true;
	else if (strcmp(word, "alone") == 0)
		m->puppets = false;
	else if (strncmp(word, "nick=", 5) == 0)
		m->nick = keep(p, word + 5);
	else if (strncmp(word, "only=", 5) == 0 &&
		 event_kind_from_name(word + 5) >= 0)
		m->kinds = 1u << event_kind_from_name(word + 5);
	else
		fail(p, "a member cannot be \"%s\"", word);
}

static void
link_member(struct play *p, struct conf_member *m, char *word)
{
	char *rest = word;
	char *name = strsep(&rest, ":");
	char *channel = strsep(&rest, ",");
	char *option;

	if (!world_named(p, name) || !channel) {
		fail(p, "no channel: %s", word);
		return;
	}
	*m = (struct conf_member){
		.network = keep(p, name),
		.channel = keep(p, channel),
		.direction = CONF_BOTH,
		.kinds = ALL_KINDS,
		.nick = "{nick}",
		.puppets = true,
	};
	while ((option = strsep(&rest, ",")))
		member_option(p, m, option);
}

static void
do_link(struct play *p)
{
	struct plan *plan = plan_open(p);
	struct conf_link *link;
	struct conf_member *member;

	if (p->n_words < 4) {
		fail(p, "link NAME NET:#CH NET:#CH...");
		return;
	}
	link = plan_link(plan, keep(p, p->words[1]));
	for (size_t i = 2; link && i < p->n_words; i++) {
		member = plan_member(plan, link);
		if (member)
			link_member(p, member, p->words[i]);
	}
	if (!link)
		fail(p, "too many links");
}

/* ---- another configuration ----------------------------------------------- */

static void
do_changed(struct play *p, bool (*change)(struct plan *plan, const char *name))
{
	if (p->n_words != 2 || !change(plan_open(p), p->words[1]))
		fail(p, "nothing of that name is configured");
}

/* reload ["a word that is told"]... */
static void
do_reload(struct play *p)
{
	AUTO_STR said = { 0 };

	begin(p);
	str_init(&said, 4096);
	if (bridge_reload(p->bridge, &plan_now(p)->conf, &said) < 0)
		fail(p, "refused: %s", said.data);
	p->running = true;
	for (size_t i = 1; i < p->n_words; i++)
		if (!strstr(said.data, p->words[i]))
			fail(p, "not told: %s, but: %s", p->words[i],
			     said.data);
	turn(p);
}

/* ---- actions ----------------------------------------------------------- */

static const char *
word(const struct play *p, size_t i)
{
	return i < p->n_words ? p->words[i] : NULL;
}

static char *
id_slot(struct play *p, const char *w)
{
	if (!w || w[0] != '$' || w[1] < '1' || w[1] > '9') {
		fail(p, "expected $1..$9");
		return p->ids[0];
	}
	return p->ids[w[1] - '0'];
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

	world_say(w, EVENT_MESSAGE, flags, p->words[3], p->words[1], word(p, 4),
		  re ? id_slot(p, re) : NULL, as ? id_slot(p, as) : NULL);
}

static void
act_on(struct play *p, struct world *w, enum event_kind kind)
{
	const char *as = after_word(p, "as");

	world_say(w, kind, 0, p->words[3], p->words[1], word(p, 5),
		  id_slot(p, word(p, 4)), as ? id_slot(p, as) : NULL);
}

static enum down_reason
reason(struct play *p, const char *w)
{
	if (w && strcmp(w, "lost") == 0)
		return DOWN_LOST;
	if (w && strcmp(w, "refused") == 0)
		return DOWN_REFUSED;
	if (w && strcmp(w, "unreachable") == 0)
		return DOWN_UNREACHABLE;
	fail(p, "expected lost, refused or unreachable");
	return DOWN_LOST;
}

static void
act_joins(struct play *p, struct world *w)
{
	world_join(w, p->words[3], p->words[1]);
}

static void
act_parts(struct play *p, struct world *w)
{
	world_part(w, p->words[3], p->words[1], PART_LEFT, word(p, 4));
}

static void
act_quits(struct play *p, struct world *w)
{
	world_part(w, p->words[3], p->words[1], PART_QUIT, word(p, 4));
}

static void
act_kicked(struct play *p, struct world *w)
{
	world_part(w, p->words[3], p->words[1], PART_KICKED, word(p, 4));
}

static void
act_split(struct play *p, struct world *w)
{
	world_part(w, p->words[3], p->words[1], PART_SPLIT, word(p, 4));
}

static void
act_named(struct play *p, struct world *w)
{
	world_rename(w, p->words[1], p->words[3]);
}

static void
act_away(struct play *p, struct world *w)
{
	world_presence(w, p->words[1], SHOW_AWAY, word(p, 3));
}

static void
act_back(struct play *p, struct world *w)
{
	world_presence(w, p->words[1], SHOW_ONLINE, word(p, 3));
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
	world_repeat(w, p->words[3], p->words[1], word(p, 4),
		     id_slot(p, word(p, 5)));
}

static void
act_recalled(struct play *p, struct world *w)
{
	world_recall(w, p->words[3], p->words[1], word(p, 4), word(p, 5));
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
	world_say(w, EVENT_TOPIC, 0, p->words[3], p->words[1], word(p, 4), NULL,
		  NULL);
}

static void
act_tells(struct play *p, struct world *w)
{
	char *to = p->words[3];
	char *network = strsep(&to, ":");

	const char *as = after_word(p, "as");

	w->asking = strcmp(word(p, p->n_words - 1), "asking") == 0;
	world_tell_as(w, p->words[1], network, to, word(p, 4),
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
	const char *what = word(p, 4);

	world_moment(w, EVENT_RECEIPT, 0, p->words[3], p->words[1],
		     *what == '$' ? id_slot(p, what) : what);
}

static void
act_enters(struct play *p, struct world *w)
{
	world_come_in(w, p->words[3], p->words[1], word(p, 4));
}

static void
act_sets(struct play *p, struct world *w)
{
	world_set(w, p->words[1], p->words[3], word(p, 4), word(p, 5));
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
	world_commands(w, p->words[1], p->words[3], word(p, 4));
}

static void
act_runs(struct play *p, struct world *w)
{
	world_run(w, p->words[1], p->words[3], p->words[4], word(p, 5));
}

struct verb {
	const char *name;
	size_t n_words; /* at least */
	void (*run)(struct play *p, struct world *w);
};

/* NET WHO verb ... */
static const struct verb people_verbs[] = {
	{ "joins", 4, act_joins },
	{ "parts", 4, act_parts },
	{ "quits", 4, act_quits },
	{ "split", 4, act_split },
	{ "kicked", 4, act_kicked },
	{ "named", 4, act_named },
	{ "away", 3, act_away },
	{ "back", 3, act_back },
	{ "says", 5, act_says },
	{ "said", 5, act_said },
	{ "acts", 5, act_acts },
	{ "notices", 5, act_notices },
	{ "states", 5, act_states },
	{ "repeats", 6, act_repeats },
	{ "recalled", 6, act_recalled },
	{ "edits", 6, act_edits },
	{ "withdraws", 5, act_withdraws },
	{ "reacts", 6, act_reacts },
	{ "topic", 5, act_topic },
	{ "tells", 5, act_tells },
	{ "types", 4, act_types },
	{ "stops", 4, act_stops },
	{ "sees", 5, act_sees },
	{ "enters", 4, act_enters },
	{ "sets", 5, act_sets },
	{ "has", 4, act_has },
	{ "follows", 4, act_follows },
	{ "unfollows", 4, act_unfollows },
	{ "here", 3, act_here },
	{ "gone", 3, act_gone },
	{ "may", 4, act_may },
	{ "reads", 5, act_reads },
	{ "runs", 5, act_runs },
};

static void
net_gets(struct play *p, struct world *w)
{
	char *line = world_line(w);
	const char *want = p->words[p->n_words - 1];
	bool like = strcmp(p->words[2], "like") == 0;

	if (strcmp(want, "nothing") == 0 && p->n_words == 3)
		want = NULL;
	if (!want && line)
		fail(p, "%s got \"%s\", expected nothing", p->words[0], line);
	if (want && (!line ||
		     (like ? fnmatch(want, line, 0) : strcmp(want, line)) != 0))
		fail(p, "%s got \"%s\", expected \"%s\"", p->words[0],
		     line ? line : "(nothing)", want);
	free(line);
}

static void
net_puppets(struct play *p, struct world *w)
{
	char *found = world_puppets(w, p->words[2]);

	if (strcmp(found, word(p, 3)) != 0)
		fail(p, "puppets in %s: \"%s\", expected \"%s\"", p->words[2],
		     found, p->words[3]);
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
	w->why = keep(p, word(p, 2) ? word(p, 2) : "no");
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
net_admits(struct play *p UNUSED, struct world *w)
{
	w->slow_puppets = false;
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
	fail(p, "no such hook: %s", p->words[2]);
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
		fail(p, "%s is pressed %s, not %s", w->label,
		     words[w->pressure], p->words[2]);
}

static void
do_disk(struct play *p)
{
	begin(p);
	bridge_pressure(p->bridge, strcmp(p->words[1], "full") == 0);
	turn(p);
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
	{ "admits", 2, net_admits },   { "lingers", 2, net_lingers },
	{ "enters", 2, net_enters },   { "trips", 3, net_trips },
	{ "stalls", 2, net_stalls },   { "knocks", 4, net_knocks },
	{ "recalls", 4, net_recalls }, { "stays", 3, net_stays },
	{ "pressed", 3, net_pressed },
};

static bool
run_verb(struct play *p, struct world *w, const struct verb *verbs, size_t n,
	 const char *name)
{
	for (size_t i = 0; name && i < n; i++) {
		if (strcmp(verbs[i].name, name) != 0)
			continue;
		if (p->n_words < verbs[i].n_words)
			fail(p, "\"%s\" needs more words", name);
		else
			verbs[i].run(p, w);
		return true;
	}
	return false;
}

static void
do_net(struct play *p)
{
	struct world *w = world_named(p, p->words[0]);

	if (!w) {
		fail(p, "no such network or command: %s", p->words[0]);
		return;
	}
	begin(p);
	if (!run_verb(p, w, net_verbs, ARRAY_SIZE(net_verbs), word(p, 1)) &&
	    !run_verb(p, w, people_verbs, ARRAY_SIZE(people_verbs), word(p, 2)))
		fail(p, "what does %s do?", p->words[0]);
	turn(p);
}

static int64_t
duration(const char *word)
{
	char *unit;
	long n = strtol(word, &unit, 10);

	return strcmp(unit, "ms") == 0 ? n : n * 1000;
}

static void
do_wait(struct play *p)
{
	begin(p);
	loop_advance(p->loop, duration(p->words[1]));
}

static void
do_jump(struct play *p)
{
	begin(p);
	loop_jump(p->loop, duration(p->words[1]));
}

/* It is away for so long. */
static void
do_again(struct play *p, void (*stop)(struct play *p))
{
	stop(p);
	if (p->n_words > 1)
		p->wall_ms += duration(p->words[1]);
	begin(p);
}

static void
queue_word(struct play *p, const char *word)
{
	long n;

	if (number_after(word, "age=", &n))
		plan_open(p)->conf.queue_age_s = (unsigned)n;
	else if (number_after(word, "rows=", &n))
		plan_open(p)->conf.queue_rows = (unsigned)n;
	else if (number_after(word, "mib=", &n))
		plan_open(p)->conf.queue_mib = (unsigned)n;
	else if (number_after(word, "away=", &n))
		plan_open(p)->conf.away_after_s = (unsigned)n;
	else if (number_after(word, "fold_after=", &n))
		plan_open(p)->conf.fold_after_s = (unsigned)n;
	else if (number_after(word, "fold_rows=", &n))
		plan_open(p)->conf.fold_rows = (unsigned)n;
	else if (number_after(word, "fold_keep=", &n))
		plan_open(p)->conf.fold_keep = (unsigned)n;
	else if (number_after(word, "keep=", &n))
		plan_open(p)->conf.keep_s = (unsigned)n;
	else
		fail(p, "a queue has no \"%s\"", word);
}

static void
do_queue(struct play *p)
{
	for (size_t i = 1; i < p->n_words; i++)
		queue_word(p, p->words[i]);
}

/* ---- cases ------------------------------------------------------------- */

static void
close_case(struct play *p)
{
	for (size_t i = 0; i < p->n_expects; i++) {
		fail(p, "never logged: %s", p->expects[i].text);
		free(p->expects[i].text);
	}
	p->n_expects = 0;
	if (!p->title)
		return;
	p->n_cases++;
	printf("%s %u - %s\n", p->failed ? "not ok" : "ok", p->n_cases,
	       p->title);
	free(p->title);
	p->title = NULL;
	p->failed = false;
}

static void
do_case(struct play *p)
{
	close_case(p);
	p->title = xstrdup(p->n_words > 1 ? p->words[1] : "?");
}

static void
do_line(struct play *p)
{
	const char *verb = p->words[0];

	if (strcmp(verb, "network") == 0) {
		do_network(p);
	} else if (strcmp(verb, "link") == 0) {
		do_link(p);
	} else if (strcmp(verb, "unlink") == 0) {
		do_changed(p, plan_unlink);
	} else if (strcmp(verb, "unnetwork") == 0) {
		do_changed(p, plan_unnetwork);
	} else if (strcmp(verb, "renew") == 0) {
		do_changed(p, plan_renew);
	} else if (strcmp(verb, "reload") == 0) {
		do_reload(p);
	} else if (strcmp(verb, "case") == 0) {
		do_case(p);
	} else if (strcmp(verb, "wait") == 0) {
		do_wait(p);
	} else if (strcmp(verb, "expect") == 0) {
		do_expect(p);
	} else if (strcmp(verb, "crash") == 0) {
		do_again(p, crash);
	} else if (strcmp(verb, "restart") == 0) {
		do_again(p, end);
	} else if (strcmp(verb, "jump") == 0) {
		do_jump(p);
	} else if (strcmp(verb, "disk") == 0) {
		do_disk(p);
	} else if (strcmp(verb, "queue") == 0) {
		do_queue(p);
	} else {
		do_net(p);
	}
}

/* Words and quoted strings; \n and \" inside quotes. */
static void
split_words(struct play *p, char *s)
{
	p->n_words = 0;
	while (*s && p->n_words < WORDS_MAX) {
		s += strspn(s, " \t\n");
		if (!*s)
			break;
		bool quoted = *s == '"';
		char *out = s += quoted;

		p->words[p->n_words++] = s;
		while (*s && (quoted ? *s != '"' : !strchr(" \t\n", *s))) {
			if (quoted && *s == '\\' && s[1]) {
				s++;
				*out++ = *s == 'n' ? '\n' : *s;
				s++;
			} else {
				*out++ = *s++;
			}
		}
		s += *s != '\0';
		*out = '\0';
	}
}

static void
play_file(struct play *p, FILE *in)
{
	char *line = NULL;
	size_t size = 0;

	p->title = xstrdup(p->file);
	while (getline(&line, &size, in) >= 0) {
		p->line++;
		split_words(p, line);
		if (p->n_words && p->words[0][0] != '#')
			do_line(p);
	}
	free(line);
	end(p);
	close_case(p);
}

static void
clean_up(const char *database, const char *folder)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".lock",
					    ".key" };
	char path[80];

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", database, ends[i]);
		unlink(path);
	}
	rmdir(folder);
}

int
main(int argc, char **argv)
{
	static struct play play;
	FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;
	char folder[] = "/tmp/causeway-scn-XXXXXX";

	if (!in) {
		fputs("usage: runner FILE.scn\n", stderr);
		return 64;
	}
	play.wall_ms = START_MS;
	play.plans[play.n_plans++] = plan_new();
	play.plans[0]->conf.database = play.database;
	play.plans[0]->conf.admins = admins;
	play.plans[0]->conf.n_admins = ARRAY_SIZE(admins);
	play.plans[0]->conf.queue_age_s = 24 * 3600;
	play.plans[0]->conf.queue_rows = 10000;
	play.plans[0]->conf.queue_mib = 64;
	play.file = strrchr(argv[1], '/') ? strrchr(argv[1], '/') + 1 : argv[1];
	if (!mkdtemp(folder))
		return 1;
	snprintf(play.database, sizeof(play.database), "%s/db", folder);
	log_set_level(LOG_LEVEL_TRACE);
	log_set_sink(on_log, &play);
	play_file(&play, in);
	fclose(in);
	printf("1..%u\n", play.n_cases);
	for (size_t i = 0; i < play.n_nets; i++)
		world_finish(&play.worlds[i]);
	for (size_t i = 0; i < play.n_plans; i++)
		free(play.plans[i]);
	for (size_t i = 0; i < play.n_strings; i++)
		free(play.strings[i]);
	clean_up(play.database, folder);
	return 0;
}
