/* SPDX-License-Identifier: MIT */
/*
 * load.c - speakers and listeners for the bench.
 *
 * Groups of visitors are made, and set to talk, by lines on standard input;
 * each line is answered by lines, the last of which is "ok".
 *
 *     irc GROUP PORT LETTER COUNT CHANNEL     nicks are marks of that letter
 *     client GROUP PORT USER ROOM
 *     component GROUP PORT DOMAIN SECRET
 *     occupy GROUP LETTER COUNT ROOM          occupants of a component
 *     speakers GROUP N                        the first N of it
 *     copies GROUP N                          of each mark that it is to see
 *     close GROUP
 *     expect GROUP LETTER N                   marks that its first is to see
 *     wait GROUP N SECONDS                    until it saw N since expect
 *     limit SECONDS                           of each say from now on
 *     say GROUP N RATE AHEAD WATCHER...       N numbered messages
 *
 * say sends RATE messages a second (0: as many as it can), by its speakers in
 * turn, no more than AHEAD beyond what the last WATCHER saw. wait and say
 * answer with a line for each watcher: its name, how many it saw, how many
 * seconds after the beginning it saw the last, p50, p95 and p99 of the
 * microseconds that messages took, and how many copies came in all. They give
 * up when nothing comes any more, and say, too, when its time is over; the rest
 * is then not said.
 */

#include "tests/bench/marks.h"
#include "tests/bench/visitor.h"

#include "bridge/base.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define GROUPS_MAX 16
#define WORDS_MAX 16
#define WATCHERS_MAX 4
#define EVENTS_MAX 256
#define READ_AT_ONCE (1 << 18)
#define PATIENCE_NS (20 * SECOND_NS)
#define SECOND_NS INT64_C(1000000000)

struct group {
	char name[32]; /* "": not in use */
	char letter;
	char to[128]; /* the channel or room */
	struct visitor *visitors;
	size_t n_visitors;
	size_t n_speakers; /* visitors, or occupants of the one */
	struct marks marks;
	int64_t since_ns; /* of the marks */
};

struct load {
	int epoll;
	int64_t limit_ns; /* of a talk; 0: none */
	struct group groups[GROUPS_MAX];
	char data[READ_AT_ONCE];
};

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* ---- groups -------------------------------------------------------------- */

static struct group *
group_find(struct load *load, const char *name)
{
	for (size_t i = 0; i < GROUPS_MAX; i++)
		if (!strcmp(load->groups[i].name, name))
			return &load->groups[i];
	errno = ENOENT;
	give_up(name, "no such group");
}

static struct group *
group_new(struct load *load, const char *name, const char *to, size_t n)
{
	struct group *g = group_find(load, "");

	snprintf(g->name, sizeof(g->name), "%s", name);
	snprintf(g->to, sizeof(g->to), "%s", to);
	g->visitors = xcalloc(n, sizeof(*g->visitors));
	g->n_visitors = g->n_speakers = n;
	return g;
}

/* Number of the visitor in its high half, of its group in the low one. */
static void
hear(struct load *load, const struct group *g, size_t i)
{
	struct epoll_event ev = {
		.events = EPOLLIN,
		.data.u64 = i << 32 | (uint64_t)(g - load->groups),
	};

	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, g->visitors[i].fd, &ev) < 0)
		give_up(g->name, "cannot be heard");
}

static void
name_speaker(char *out, size_t size, char letter, size_t i)
{
	snprintf(out, size, "%c%06zu%c", letter, i, letter);
}

static void
group_close(struct group *g)
{
	for (size_t i = 0; i < g->n_visitors; i++)
		visitor_finish(&g->visitors[i]);
	free(g->visitors);
	marks_finish(&g->marks);
	*g = (struct group){ 0 };
}

/* ---- hearing ------------------------------------------------------------- */

static void
read_from(struct load *load, uint64_t key)
{
	struct group *g = &load->groups[key & UINT32_MAX];
	size_t i = (size_t)(key >> 32);
	size_t n;

	n = visitor_read(&g->visitors[i], load->data, sizeof(load->data));
	if (i == 0)
		marks_scan(&g->marks, load->data, n, now_ns());
	visitor_flush(&g->visitors[i]);
}

/* Hear what comes within wait_ms. True if a command can be read, too. */
static bool
pump(struct load *load, int wait_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(load->epoll, events, EVENTS_MAX, wait_ms);
	bool command = false;

	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 == UINT64_MAX)
			command = true;
		else
			read_from(load, events[i].data.u64);
	}
	return command;
}

/* ---- talking ------------------------------------------------------------- */

/* Messages under way. */
struct talk {
	struct group *from;
	struct group *watchers[WATCHERS_MAX];
	size_t n_watchers;
	size_t n, ahead;
	int64_t interval_ns;
	size_t sent;
	int64_t *sent_ns;
	int64_t start_ns, news_ns; /* when something came last */
	int64_t until_ns;
	size_t news;
};

static bool
may_say(const struct talk *t, const struct visitor *v)
{
	const struct group *last = t->watchers[t->n_watchers - 1];
	int64_t due = t->start_ns + (int64_t)t->sent * t->interval_ns;

	return t->sent < t->n && t->sent < last->marks.seen + t->ahead &&
	       v->unsent.len < VISITOR_UNSENT_MAX && now_ns() >= due;
}

static void
say_more(struct talk *t)
{
	struct group *g = t->from;

	for (;;) {
		size_t who = t->sent % g->n_speakers;
		struct visitor *v = &g->visitors[who % g->n_visitors];
		char nick[32];

		if (!may_say(t, v))
			break;
		name_speaker(nick, sizeof(nick), g->letter, who);
		struct utterance u = { (unsigned)t->start_ns,
				       (unsigned)t->sent };

		visitor_say(v, g->to, nick, &u);
		t->sent_ns[t->sent++] = now_ns();
		if (t->interval_ns)
			visitor_flush(v);
	}
	for (size_t i = 0; i < g->n_visitors; i++)
		visitor_flush(&g->visitors[i]);
}

static bool
all_seen(struct talk *t)
{
	size_t seen = 0;
	bool all = true;

	for (size_t i = 0; i < t->n_watchers; i++) {
		seen += t->watchers[i]->marks.seen;
		all = all && t->watchers[i]->marks.seen == t->n;
	}
	if (seen != t->news || t->sent < t->n)
		t->news_ns = now_ns();
	t->news = seen;
	return all || now_ns() - t->news_ns > PATIENCE_NS ||
	       now_ns() > t->until_ns;
}

static void
report(const struct group *g, int64_t start_ns, const int64_t *sent_ns)
{
	struct waits w = marks_waits(&g->marks, sent_ns);
	double seconds = (double)(w.last_ns - start_ns) / 1e9;

	printf("%s %zu %.6f %.1f %.1f %.1f %zu\n", g->name, g->marks.seen,
	       seconds, (double)w.p50_ns / 1e3, (double)w.p95_ns / 1e3,
	       (double)w.p99_ns / 1e3, g->marks.total);
}

static void
say(struct load *load, char **word, size_t n_words)
{
	double rate = strtod(word[3], NULL);
	struct talk t = {
		.from = group_find(load, word[1]),
		.n = strtoul(word[2], NULL, 10),
		.ahead = strtoul(word[4], NULL, 10),
		.interval_ns = rate > 0 ? (int64_t)(1e9 / rate) : 0,
	};

	for (size_t i = 5; i < n_words && t.n_watchers < WATCHERS_MAX; i++) {
		struct group *g = group_find(load, word[i]);

		t.watchers[t.n_watchers++] = g;
		marks_expect(&g->marks, 'n', t.n);
	}
	assert(t.n_watchers > 0);
	t.sent_ns = xcalloc(t.n, sizeof(*t.sent_ns));
	t.start_ns = t.news_ns = now_ns();
	t.until_ns = load->limit_ns ? t.start_ns + load->limit_ns : INT64_MAX;
	while (!all_seen(&t)) {
		say_more(&t);
		(void)pump(load, 1);
	}
	for (size_t i = 0; i < t.n_watchers; i++)
		report(t.watchers[i], t.start_ns, t.sent_ns);
	free(t.sent_ns);
}

/* ---- commands ------------------------------------------------------------ */

static void
do_irc(struct load *load, char **word, size_t n_words UNUSED)
{
	size_t n = strtoul(word[4], NULL, 10);
	struct group *g = group_new(load, word[1], word[5], n);
	char nick[32];

	g->letter = *word[3];
	for (size_t i = 0; i < n; i++) {
		name_speaker(nick, sizeof(nick), g->letter, i);
		visitor_irc(&g->visitors[i], word[2], nick);
	}
	for (size_t i = 0; i < n; i++)
		visitor_irc_join(&g->visitors[i], g->to);
	for (size_t i = 0; i < n; i++) {
		visitor_irc_joined(&g->visitors[i]);
		hear(load, g, i);
	}
}

static void
do_client(struct load *load, char **word, size_t n_words UNUSED)
{
	struct group *g = group_new(load, word[1], word[4], 1);

	visitor_client(g->visitors, word[2], word[3], word[4]);
	hear(load, g, 0);
}

static void
do_component(struct load *load, char **word, size_t n_words UNUSED)
{
	struct group *g = group_new(load, word[1], "", 1);

	visitor_component(g->visitors, word[2], word[3], word[4]);
	hear(load, g, 0);
}

static void
do_occupy(struct load *load, char **word, size_t n_words UNUSED)
{
	struct group *g = group_find(load, word[1]);
	char nick[32];

	g->letter = *word[2];
	g->n_speakers = strtoul(word[3], NULL, 10);
	snprintf(g->to, sizeof(g->to), "%s", word[4]);
	for (size_t i = 0; i < g->n_speakers; i++) {
		name_speaker(nick, sizeof(nick), g->letter, i);
		visitor_occupy(g->visitors, g->to, nick);
		(void)pump(load, 0);
	}
}

static void
do_speakers(struct load *load, char **word, size_t n_words UNUSED)
{
	group_find(load, word[1])->n_speakers = strtoul(word[2], NULL, 10);
}

static void
do_copies(struct load *load, char **word, size_t n_words UNUSED)
{
	group_find(load, word[1])->marks.copies = strtoul(word[2], NULL, 10);
}

static void
do_limit(struct load *load, char **word, size_t n_words UNUSED)
{
	load->limit_ns = strtol(word[1], NULL, 10) * SECOND_NS;
}

static void
do_close(struct load *load, char **word, size_t n_words UNUSED)
{
	group_close(group_find(load, word[1]));
}

static void
do_expect(struct load *load, char **word, size_t n_words UNUSED)
{
	struct group *g = group_find(load, word[1]);

	marks_expect(&g->marks, *word[2], strtoul(word[3], NULL, 10));
	g->since_ns = now_ns();
}

static void
do_wait(struct load *load, char **word, size_t n_words UNUSED)
{
	struct group *g = group_find(load, word[1]);
	size_t n = strtoul(word[2], NULL, 10);
	int64_t until = now_ns() + strtol(word[3], NULL, 10) * SECOND_NS;

	while (g->marks.seen < n && now_ns() < until)
		(void)pump(load, 10);
	report(g, g->since_ns, NULL);
}

static const struct {
	const char *name;
	size_t n_words; /* at least */
	void (*run)(struct load *load, char **word, size_t n_words);
} commands[] = {
	{ "irc", 6, do_irc },       { "client", 5, do_client },
	{ "occupy", 5, do_occupy }, { "component", 5, do_component },
	{ "close", 2, do_close },   { "expect", 4, do_expect },
	{ "wait", 4, do_wait },     { "say", 6, say },
	{ "copies", 3, do_copies }, { "speakers", 3, do_speakers },
	{ "limit", 2, do_limit },
};

static void
obey(struct load *load, char *line)
{
	char *word[WORDS_MAX], *rest = line;
	size_t n = 0;

	while (n < WORDS_MAX && (word[n] = strsep(&rest, " \n")))
		n += *word[n] != '\0';
	for (size_t i = 0; n && i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, word[0]) != 0 ||
		    n < commands[i].n_words)
			continue;
		commands[i].run(load, word, n);
		printf("ok\n");
		fflush(stdout);
		return;
	}
	errno = EINVAL;
	give_up(n ? word[0] : "an empty line", "not understood");
}

int
main(void)
{
	struct load *load = xcalloc(1, sizeof(*load));
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = UINT64_MAX };
	char line[1024];

	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load->epoll < 0 ||
	    epoll_ctl(load->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &ev) < 0)
		give_up("standard input", "cannot be watched");
	for (;;) {
		if (!pump(load, -1))
			continue;

		/* One at a time: who gives commands waits for "ok". */
		ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

		if (n <= 0)
			break;
		line[n] = '\0';
		obey(load, line);
	}
	for (size_t i = 0; i < GROUPS_MAX; i++)
		group_close(&load->groups[i]);
	free(load);
	return 0;
}
