/* SPDX-License-Identifier: MIT */
/*
 * log.c - the log, and the one mutable thing at file scope in this tree.
 *
 * A global, because a line must be possible from anywhere, and because it is
 * the process, not a bridge, that has a standard error. The store thread logs
 * too, so all of it is behind one mutex.
 *
 * A line goes through: level, repeats, format, escape, write. Never more than
 * LINE_SIZE bytes: that is PIPE_BUF, and a pipe that poll() calls writable
 * takes that much at once, without blocking and in one piece.
 *
 * Repeats: each place (format string and where) keeps its last text in a
 * small table, found by hash; a newcomer evicts what it meets there. The same
 * text again within a minute is counted. The counts are told before the next
 * line that is written, or when the minute is over and somebody logs.
 */

#include "bridge/log.h"

#include "bridge/base.h"
#include "bridge/hash.h"
#include "bridge/str.h"
#include "bridge/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 4096
#define WHERE_SIZE 256 /* escaped */
#define REPEAT_MS 60000
#define PLACES 64
#define MORE "..."

/* Of what is kept to be repeated; longer ones are never the same. */
#define TEXT_SIZE 512

struct place {
	const char *fmt; /* NULL: free */
	enum log_level level;
	char *where;
	char *text;
	int64_t since_ms;
	unsigned long count; /* of those not written */
};

struct network_level {
	char *network;
	enum log_level level;
};

static struct {
	pthread_mutex_t mutex;
	enum log_format format;
	enum log_level level;
	struct network_level *networks;
	size_t n_networks;
	bool text;
	int fd;
	char *path; /* NULL: standard error */
	unsigned long dropped;
	bool torn; /* the last line was written in part */
	log_sink *sink;
	void *sink_arg;
	int64_t (*clock)(void *arg);
	void *clock_arg;
	struct place places[PLACES];
} state = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.level = LOG_LEVEL_INFO,
	.fd = STDERR_FILENO,
};

static const char *const level_names[] = {
	[LOG_LEVEL_BUG] = "bug",   [LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn", [LOG_LEVEL_PEER] = "peer",
	[LOG_LEVEL_INFO] = "info", [LOG_LEVEL_TRACE] = "trace",
};

const char *
log_level_name(enum log_level level)
{
	return (size_t)level < ARRAY_SIZE(level_names) ? level_names[level]
						       : NULL;
}

int
log_level_from_name(const char *name)
{
	for (size_t i = LOG_LEVEL_BUG; i < ARRAY_SIZE(level_names); i++) {
		if (!strcmp(level_names[i], name))
			return (int)i;
	}
	return -1;
}

static void
lock(void)
{
	pthread_mutex_lock(&state.mutex);
}

static void
unlock(void)
{
	pthread_mutex_unlock(&state.mutex);
}

/* ---- escaping ---------------------------------------------------------- */

/* As JSON has it, which logfmt's readers know, too. */
static void
escape_code_point(struct str *out, uint32_t cp)
{
	if (cp == '\n')
		str_add(out, "\\n");
	else if (cp == '\r')
		str_add(out, "\\r");
	else if (cp == '\t')
		str_add(out, "\\t");
	else if (cp == '"' || cp == '\\')
		str_printf(out, "\\%c", (char)cp);
	else if (cp < 0x10000)
		str_printf(out, "\\u%04x", (unsigned)cp);
	else
		str_printf(out, "\\u%04x\\u%04x",
			   (unsigned)(0xD800 + ((cp - 0x10000) >> 10)),
			   (unsigned)(0xDC00 + (cp & 0x3FF)));
}

/*
 * Append s with what does not belong in a log escaped; quotes only if asked.
 * From where it would grow out beyond max bytes, MORE stands for the rest.
 */
static void
escape(struct str *out, const char *s, size_t max, bool quotes)
{
	size_t n = strlen(s);
	size_t fits = out->len; /* most that leaves room for MORE */
	size_t len = 0;

	for (size_t i = 0; i < n; i += len) {
		uint32_t cp = utf8_decode(s + i, n - i, &len);

		if (cp == '\\' || (cp == '"' && quotes) ||
		    utf8_is_invisible(cp))
			escape_code_point(out, cp);
		else
			utf8_append(out, cp);
		if (out->len > max) {
			str_truncate(out, fits);
			str_add(out, MORE);
			return;
		}
		if (out->len + strlen(MORE) <= max)
			fits = out->len;
	}
}

/* ---- formats ----------------------------------------------------------- */

/* What surrounds the parts of a line. */
struct shape {
	const char *time, *level, *where, *text, *end;
	bool quotes;
};

static const struct shape shapes[] = {
	[LOG_FORMAT_TEXT] = { NULL, "<", ">", ": ", "\n", false },
	[LOG_FORMAT_LOGFMT] = { "time=", " level=", " where=\"", "\" msg=\"",
				"\"\n", true },
	[LOG_FORMAT_JSON] = { "{\"time\":\"", "\",\"level\":\"",
			      "\",\"where\":\"", "\",\"msg\":\"", "\"}\n",
			      true },
};

static void
add_time(struct str *out)
{
	struct timespec ts = { 0 };
	struct tm tm = { 0 };

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	str_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		   tm.tm_min, tm.tm_sec, (int)(ts.tv_nsec / 1000000));
}

static void
format_line(struct str *out, enum log_level level, const char *where,
	    const char *text)
{
	const struct shape *shape = &shapes[state.format];

	if (shape->time) {
		str_add(out, shape->time);
		add_time(out);
	}
	str_add(out, shape->level);
	if (state.format == LOG_FORMAT_TEXT)
		str_printf(out, "%d", (int)level);
	else
		str_add(out, log_level_name(level));
	str_add(out, shape->where);
	escape(out, where, out->len + WHERE_SIZE, shape->quotes);
	str_add(out, shape->text);
	escape(out, text, LINE_SIZE - strlen(shape->end), shape->quotes);
	str_add(out, shape->end);
}

/* ---- writing ----------------------------------------------------------- */

/* Without blocking: all of it, or false. */
static bool
write_bytes(const char *bytes, size_t n)
{
	struct pollfd pfd = { .fd = state.fd, .events = POLLOUT };
	ssize_t written;

	if (poll(&pfd, 1, 0) != 1)
		return false;
	written = send(state.fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (written < 0 && errno == ENOTSOCK)
		written = write(state.fd, bytes, n);
	if (written > 0)
		state.torn = (size_t)written < n;
	return written == (ssize_t)n;
}

static bool
write_line(enum log_level level, const char *where, const char *text)
{
	AUTO_STR line = { 0 };

	if (state.torn && !write_bytes("\n", 1))
		return false;
	/* Escaping may overshoot a little before it steps back. */
	str_init(&line, LINE_SIZE + 64);
	format_line(&line, level, where, text);
	return write_bytes(line.data, line.len);
}

static void
write_or_count(enum log_level level, const char *where, const char *text)
{
	if (state.dropped > 0) {
		char lost[64];

		snprintf(lost, sizeof(lost), "%lu lines could not be written",
			 state.dropped);
		if (write_line(LOG_LEVEL_WARN, "log", lost))
			state.dropped = 0;
	}
	if (!write_line(level, where, text))
		state.dropped++;
}

/* ---- repeats ----------------------------------------------------------- */

static int64_t
now_ms(void)
{
	struct timespec ts = { 0 };

	if (state.clock)
		return state.clock(state.clock_arg);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
tell_count(struct place *place)
{
	char text[TEXT_SIZE + 64];

	if (place->count == 0)
		return;
	snprintf(text, sizeof(text), "repeated %lu times: %s", place->count,
		 place->text);
	place->count = 0;
	write_or_count(place->level, place->where, text);
}

static void
forget(struct place *place)
{
	free(place->where);
	free(place->text);
	*place = (struct place){ 0 };
}

/* Tell what was counted; if old_only, only where the minute is over. */
static void
tell_counts(int64_t now, bool old_only)
{
	for (size_t i = 0; i < PLACES; i++) {
		struct place *place = &state.places[i];
		bool old = now - place->since_ms >= REPEAT_MS;

		if (!place->fmt || (old_only && !old))
			continue;
		tell_count(place);
		if (old)
			forget(place);
	}
}

static bool
is_repeat(const struct place *place, const char *fmt, const char *where,
	  const char *text)
{
	return place->fmt == fmt && !strcmp(place->where, where) &&
	       !strcmp(place->text, text);
}

/* One of two, so that two lines in turn do not drive each other out. */
static struct place *
place_of(const char *fmt, const char *where, const char *text)
{
	uint32_t hash = hash_bytes(where, strlen(where)) ^
			hash_bytes(&fmt, sizeof(fmt));
	struct place *a = &state.places[hash % PLACES];
	struct place *b = &state.places[(hash + 1) % PLACES];

	if (a->fmt && is_repeat(a, fmt, where, text))
		return a;
	if (b->fmt && is_repeat(b, fmt, where, text))
		return b;
	return !a->fmt || (b->fmt && a->since_ms <= b->since_ms) ? a : b;
}

static void
remember(struct place *place, enum log_level level, const char *fmt,
	 const char *where, const char *text, int64_t now)
{
	forget(place);
	if (strlen(text) >= TEXT_SIZE)
		return;
	*place = (struct place){
		.fmt = fmt,
		.level = level,
		.where = xstrdup(where),
		.text = xstrdup(text),
		.since_ms = now,
	};
}

static void
write_unless_repeated(enum log_level level, const char *where, const char *fmt,
		      const char *text)
{
	int64_t now = now_ms();
	struct place *place = place_of(fmt, where, text);

	tell_counts(now, true);
	if (is_repeat(place, fmt, where, text)) {
		place->count++;
		return;
	}
	tell_counts(now, false);
	remember(place, level, fmt, where, text, now);
	write_or_count(level, where, text);
}

/* ---- levels ------------------------------------------------------------ */

static enum log_level *
network_level(const char *network, size_t len)
{
	for (size_t i = 0; i < state.n_networks; i++) {
		struct network_level *entry = &state.networks[i];

		if (!strncmp(entry->network, network, len) &&
		    !entry->network[len])
			return &entry->level;
	}
	return NULL;
}

static bool
passes(enum log_level level, const char *where)
{
	const enum log_level *special = NULL;

	if (state.n_networks > 0)
		special = network_level(where, strcspn(where, "/"));
	return level <= (special ? *special : state.level);
}

bool
log_wanted(enum log_level level, const char *where)
{
	lock();

	bool wanted = passes(level, where);

	unlock();
	return wanted;
}

void
log_set_level(enum log_level level)
{
	lock();
	state.level = level;
	unlock();
}

void
log_set_network_level(const char *network, enum log_level level)
{
	lock();

	enum log_level *known = network_level(network, strlen(network));

	if (known) {
		*known = level;
	} else {
		state.networks = xrealloc(state.networks,
					  (state.n_networks + 1) *
						  sizeof(*state.networks));
		state.networks[state.n_networks++] = (struct network_level){
			.network = xstrdup(network),
			.level = level,
		};
	}
	unlock();
}

void
log_clear_network_levels(void)
{
	lock();
	while (state.n_networks)
		free(state.networks[--state.n_networks].network);
	unlock();
}

/* ---- settings ---------------------------------------------------------- */

void
log_set_format(enum log_format format)
{
	lock();
	state.format = format;
	unlock();
}

void
log_set_text(bool allowed)
{
	lock();
	state.text = allowed;
	unlock();
}

bool
log_text_allowed(void)
{
	lock();

	bool allowed = state.text;

	unlock();
	return allowed;
}

/* Takes the path, also on failure. The mutex is held. */
static int
use_file(char *path)
{
	int fd = STDERR_FILENO;

	/* O_NONBLOCK: a named pipe without a reader must not stop us. */
	if (path)
		fd = open(path,
			  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
				  O_NONBLOCK,
			  0640);
	if (fd < 0) {
		int code = errno;

		free(path);
		return -code;
	}
	tell_counts(now_ms(), false);
	if (state.fd != STDERR_FILENO)
		(void)close(state.fd);
	free(state.path);
	state.fd = fd;
	state.path = path;
	state.torn = false;
	return 0;
}

int
log_set_file(const char *path)
{
	lock();

	int rc = use_file(path ? xstrdup(path) : NULL);

	unlock();
	return rc;
}

int
log_reopen(void)
{
	lock();

	int rc = state.path ? use_file(xstrdup(state.path)) : 0;

	unlock();
	return rc;
}

void
log_set_sink(log_sink *fn, void *arg)
{
	lock();
	state.sink = fn;
	state.sink_arg = arg;
	unlock();
}

void
log_set_clock(int64_t (*clock_ms)(void *arg), void *arg)
{
	lock();
	state.clock = clock_ms;
	state.clock_arg = arg;
	unlock();
}

/* Outside the mutex, so that a sink may log or change settings. */
static void
feed_sink(log_sink *sink, void *arg, enum log_level level, const char *where,
	  const char *text)
{
	AUTO_STR escaped = { 0 };

	str_init(&escaped, LINE_SIZE + 64);
	escape(&escaped, text, LINE_SIZE - 64, false);
	sink(level, where, escaped.data, arg);
}

void
log_write(enum log_level level, const char *where, const char *fmt, ...)
{
	char text[LINE_SIZE];
	va_list args;
	int n;

	assert(log_level_name(level) && where);

	if (!log_wanted(level, where))
		return;
	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n < 0)
		text[0] = '\0'; /* only beyond INT_MAX bytes */

	lock();

	log_sink *sink = state.sink;
	void *arg = state.sink_arg;

	if (!sink)
		write_unless_repeated(level, where, fmt, text);
	unlock();
	if (sink)
		feed_sink(sink, arg, level, where, text);
}
