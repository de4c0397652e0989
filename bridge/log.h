/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_LOG_H
#define BRIDGE_LOG_H

/*
 * One line, one fact, to standard error. The class of a line says whose
 * affair it is:
 *
 *   log_bug    2  we broke our own rule and went on       developer
 *   log_error  3  we cannot do what we were asked to do   operator, now
 *   log_warn   4  done, but something needs attention     operator, today
 *   log_peer   5  the other side misbehaved; we coped     operator, if curious
 *   log_info   6  a change of state                       operator, later
 *   log_trace  7  traffic and decisions                   whoever hunts
 *
 * "where" is a network's label, "network/channel", or a part of the core such
 * as "store" or "conf"; the part before the slash selects the level. Nobody's
 * words are logged above trace, and there only if log_set_text() allows it.
 * Everything is escaped: no control character and no line break gets out.
 * The same line from the same place within a minute is counted, not repeated.
 *
 * A log that cannot be written is dropped and counted; it never blocks.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_BUG = 2,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_PEER,
	LOG_LEVEL_INFO,
	LOG_LEVEL_TRACE,
};

enum log_format {
	LOG_FORMAT_TEXT,   /* <6>where: what; journald reads the prefix */
	LOG_FORMAT_LOGFMT, /* time= level= where= msg= */
	LOG_FORMAT_JSON,   /* the same, one object a line */
};

void log_set_format(enum log_format format);
void log_set_level(enum log_level level);

/* The level for lines whose where begins with this network's label. */
void log_set_network_level(const char *network, enum log_level level);

/* Every network is like the rest again. */
void log_clear_network_levels(void);

/* Whether trace lines may hold what people said. Off by default. */
void log_set_text(bool allowed);
bool log_text_allowed(void);

/* Write to path instead of standard error; NULL goes back. 0 or -errno. */
int log_set_file(const char *path);

/* Open the file anew, after somebody moved it away. */
int log_reopen(void);

/*
 * Where lines go in tests: fn sees every line that passes the level, and
 * nothing is written. NULL restores writing.
 */
typedef void log_sink(enum log_level level, const char *where, const char *text,
		      void *arg);
void log_set_sink(log_sink *fn, void *arg);

/* The clock of the rate limit, for tests; NULL is the real one. */
void log_set_clock(int64_t (*now_ms)(void *arg), void *arg);

/* "error", "warn", ... or NULL; and back, or -1. */
const char *log_level_name(enum log_level level);
int log_level_from_name(const char *name);

/* True if a line of this level from this place would be written. */
bool log_wanted(enum log_level level, const char *where);

void log_write(enum log_level level, const char *where, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_bug(where, ...) log_write(LOG_LEVEL_BUG, where, __VA_ARGS__)
#define log_error(where, ...) log_write(LOG_LEVEL_ERROR, where, __VA_ARGS__)
#define log_warn(where, ...) log_write(LOG_LEVEL_WARN, where, __VA_ARGS__)
#define log_peer(where, ...) log_write(LOG_LEVEL_PEER, where, __VA_ARGS__)
#define log_info(where, ...) log_write(LOG_LEVEL_INFO, where, __VA_ARGS__)
#define log_trace(where, ...)                                     \
	(log_wanted(LOG_LEVEL_TRACE, where)                       \
		 ? log_write(LOG_LEVEL_TRACE, where, __VA_ARGS__) \
		 : (void)0)

#endif
