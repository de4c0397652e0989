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
 *               [redact] [retract] [notice] [direct] [name] [picture]
 * [puppets=N] [wait=MS] [window=N] [idle=MS] [delay] [connections=N: of one of
 * its people] [allow=PATTERN [deny=PATTERN] hosts=N forget=S: it stands for
 *               hosts that nobody configured]
 *               [listener=MS: it leaves where accounts hear; bars us]
 *   host NAME NET                  one that NET stands for
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
 *                                  or a number in place of $1, as of rooms
 *   NET WHO topic #CH "text"
 *   NET WHO titled|pictured #CH "text"     the channel has that name, picture
 *   NET WHO retitled|repictured #CH "text"   while we are not there
 *   NET WHO tells NET2:WHO2 "text"
 *
 *   NET knocks ROOM NET2:#CH       somebody wants the hosted room
 *   NET WHO enters ROOM ["password"]
 *   NET WHO sets NET2 KEY ["value"]
 *   NET WHO blocks|unblocks NET2:WHO2
 *   NET WHO lists blocked          these are written down
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
 *   NET bars NAME, NET slow, NET crowded, NET admits
 *   NET lingers, NET enters        rooms are entered in two steps
 *   NET pressed "no more|by queues|by the disk"
 *   NET trips join|send|bring|remove|update|bounce
 *                                  the connection breaks in that hook
 *
 *   & LINE                         and the next one in the same turn, before
 *                                  anything is on disk
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

#include "tests/scenario/play.h"
#include "tests/support/fake.h"

#include "bridge/base.h"
#include "bridge/bridge.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/store.h"
#include "bridge/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALL_KINDS ((1u << EVENT_KINDS) - 1)
#define START_MS 1764000000000

void
play_fail(struct play *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# %s:%u: ", p->file, p->line);
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
	p->failed = true;
}

char *
play_keep(struct play *p, const char *s)
{
	if (p->n_strings == ARRAY_SIZE(p->strings)) {
		play_fail(p, "too many names");
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
	play_fail(p, "unexpected log line: %s %s: %s", log_level_name(level),
		  where, text);
}

static void
do_expect(struct play *p)
{
	int level = log_level_from_name(p->words[1]);

	if (level < 0 || p->n_words < 3 || p->n_expects == EXPECTS_MAX) {
		play_fail(p, "expect LEVEL \"text\"");
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
		play_fail(p, "too many configurations");
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
	if (p->loop && !p->at_once)
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
	p->store = store_open_inline(p->loop, p->scratch.database, &err);
	if (p->store)
		p->bridge = bridge_new(p->loop, p->store, &plan_now(p)->conf,
				       table, &err);
	if (!p->bridge) {
		play_fail(p, "cannot start: %s", err.text);
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
		play_fail(p, "the bridge does not stop");
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
	{ "visit", CAN_VISIT },     { "name", CAN_NAME },
	{ "picture", CAN_PICTURE },
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
		w->wants = play_keep(p, word + 6);
	else if (number_after(word, "puppets=", &n))
		w->limits.puppets = (unsigned)n;
	else if (number_after(word, "wait=", &n))
		w->limits.puppet_wait_ms = n;
	else if (number_after(word, "idle=", &n))
		w->limits.puppet_idle_ms = n;
	else if (strncmp(word, "allow=", 6) == 0)
		world_template(w, play_keep(p, word + 6), w->deny[0]);
	else if (strncmp(word, "deny=", 5) == 0)
		world_template(w, w->allow[0], play_keep(p, word + 5));
	else if (number_after(word, "hosts=", &n))
		w->permit.max = (unsigned)n;
	else if (number_after(word, "forget=", &n))
		w->permit.linger_s = (unsigned)n;
	else if (number_after(word, "connections=", &n))
		w->limits.connections = (unsigned)n;
	else if (number_after(word, "listener=", &n))
		w->limits.listener_ms = n;
	else if (number_after(word, "lasts=", &n))
		w->limits.typing_lasts_ms = n;
	else if (number_after(word, "again=", &n))
		w->limits.typing_again_ms = n;
	else if (number_after(word, "window=", &n))
		w->limits.window = (unsigned)n;
	else
		play_fail(p, "a network cannot be \"%s\"", word);
}

static void
do_network(struct play *p)
{
	struct world *w = &p->worlds[p->n_nets];

	if (p->n_nets == NETS_MAX || p->n_words < 2) {
		play_fail(p, "network NAME [capability...]");
		return;
	}
	world_init(w, play_keep(p, p->words[1]));
	for (size_t i = 2; i < p->n_words; i++)
		network_word(p, w, p->words[i]);
	p->n_nets++;
	if (!plan_network(plan_open(p), w))
		play_fail(p, "too many networks");
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
do_host(struct play *p)
{
	struct world *w = &p->worlds[p->n_nets];
	struct world *template =
		p->n_words == 3 ? world_named(p, p->words[2]) : NULL;

	if (p->n_nets == NETS_MAX || !template) {
		play_fail(p, "host NAME NET");
		return;
	}
	world_init(w, play_keep(p, p->words[1]));
	world_host(template, w);
	p->n_nets++;
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
		m->nick = play_keep(p, word + 5);
	else if (strncmp(word, "only=", 5) == 0 &&
		 event_kind_from_name(word + 5) >= 0)
		m->kinds = 1u << event_kind_from_name(word + 5);
	else
		play_fail(p, "a member cannot be \"%s\"", word);
}

static void
link_member(struct play *p, struct conf_member *m, char *word)
{
	char *rest = word;
	char *name = strsep(&rest, ":");
	char *channel = strsep(&rest, ",");
	char *option;

	if (!world_named(p, name) || !channel) {
		play_fail(p, "no channel: %s", word);
		return;
	}
	*m = (struct conf_member){
		.network = play_keep(p, name),
		.channel = play_keep(p, channel),
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
		play_fail(p, "link NAME NET:#CH NET:#CH...");
		return;
	}
	link = plan_link(plan, play_keep(p, p->words[1]));
	for (size_t i = 2; link && i < p->n_words; i++) {
		member = plan_member(plan, link);
		if (member)
			link_member(p, member, p->words[i]);
	}
	if (!link)
		play_fail(p, "too many links");
}

/* ---- another configuration ----------------------------------------------- */

static void
do_changed(struct play *p, bool (*change)(struct plan *plan, const char *name))
{
	if (p->n_words != 2 || !change(plan_open(p), p->words[1]))
		play_fail(p, "nothing of that name is configured");
}

/* reload ["a word that is told"]... */
static void
do_reload(struct play *p)
{
	AUTO_STR said = { 0 };

	begin(p);
	str_init(&said, 4096);
	if (bridge_reload(p->bridge, &plan_now(p)->conf, &said) < 0)
		play_fail(p, "refused: %s", said.data);
	p->running = true;
	for (size_t i = 1; i < p->n_words; i++)
		if (!strstr(said.data, p->words[i]))
			play_fail(p, "not told: %s, but: %s", p->words[i],
				  said.data);
	turn(p);
}

/* ---- lines ------------------------------------------------------------- */

static void
do_disk(struct play *p)
{
	begin(p);
	bridge_pressure(p->bridge, strcmp(p->words[1], "full") == 0);
	turn(p);
}

const char *
play_word(const struct play *p, size_t i)
{
	return i < p->n_words ? p->words[i] : NULL;
}

bool
play_verb(struct play *p, struct world *w, const struct verb *verbs, size_t n,
	  const char *name)
{
	for (size_t i = 0; name && i < n; i++) {
		if (strcmp(verbs[i].name, name) != 0)
			continue;
		if (p->n_words < verbs[i].n_words)
			play_fail(p, "\"%s\" needs more words", name);
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
		play_fail(p, "no such network or command: %s", p->words[0]);
		return;
	}
	begin(p);
	if (!net_does(p, w) && !person_does(p, w))
		play_fail(p, "what does %s do?", p->words[0]);
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
		play_fail(p, "a queue has no \"%s\"", word);
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
		play_fail(p, "never logged: %s", p->expects[i].text);
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

	if (strcmp(verb, "host") == 0) {
		do_host(p);
	} else if (strcmp(verb, "network") == 0) {
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

/* "&": nothing is done about the line before the next one is played, too. */
static void
take_ampersand(struct play *p)
{
	p->at_once = p->n_words > 1 && strcmp(p->words[0], "&") == 0;
	if (p->at_once)
		memmove(p->words, p->words + 1,
			--p->n_words * sizeof(p->words[0]));
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
		take_ampersand(p);
		if (p->n_words && p->words[0][0] != '#')
			do_line(p);
	}
	free(line);
	end(p);
	close_case(p);
}

int
main(int argc, char **argv)
{
	static struct play play;
	FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;

	if (!in) {
		fputs("usage: runner FILE.scn\n", stderr);
		return 64;
	}
	play.wall_ms = START_MS;
	play.plans[play.n_plans++] = plan_new();
	play.plans[0]->conf.database = play.scratch.database;
	play.plans[0]->conf.admins = admins;
	play.plans[0]->conf.n_admins = ARRAY_SIZE(admins);
	play.plans[0]->conf.queue_age_s = 24 * 3600;
	play.plans[0]->conf.queue_rows = 10000;
	play.plans[0]->conf.queue_mib = 64;
	play.file = strrchr(argv[1], '/') ? strrchr(argv[1], '/') + 1 : argv[1];
	if (!scratch_make(&play.scratch))
		return 1;
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
	scratch_remove(&play.scratch);
	return 0;
}
