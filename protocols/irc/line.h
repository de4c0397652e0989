/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_LINE_H
#define PROTOCOLS_IRC_LINE_H

/*
 * The line codec: bytes to messages and back. Pure.
 *
 * Reading follows RFC 1459 2.3.1 as servers speak it today (modern.ircdocs
 * "Messages") and IRCv3 message-tags: tags up to 8191 bytes, then 512. A line
 * that is longer, or is not a message, is reported and skipped; the next one
 * is read as if nothing had been.
 *
 * Writing is the one door to the wire. A parameter that could become another
 * command or another parameter (CR, LF, NUL; a space, a leading colon or
 * nothing at all in a middle) makes the whole line fail: there is no way to
 * send what was not meant.
 */

#include "bridge/str.h"

#include <stdbool.h>
#include <stddef.h>

#define IRC_TAGS_MAX 8191
#define IRC_BODY_MAX 512 /* with CR LF */
#define IRC_LINE_MAX (IRC_TAGS_MAX + IRC_BODY_MAX)
#define IRC_PARAMS_MAX 32
#define IRC_TAGS_COUNT_MAX 64

struct irc_tag {
	const char *key;   /* with "+" if client-only */
	const char *value; /* unescaped; "" if none */
};

/* A message, its strings in a copy of its own line. */
struct irc_line {
	struct irc_tag tags[IRC_TAGS_COUNT_MAX];
	size_t n_tags;
	const char *source; /* nick!user@host or server; NULL if none */
	const char *nick, *user, *host; /* of source; NULL where absent */
	const char *command;            /* upper case, or three digits */
	const char *params[IRC_PARAMS_MAX];
	size_t n_params;
	/* private */
	char buffer[2 * IRC_LINE_MAX + 8];
};

/*
 * Read one line, without its line end. False if it is not a message (empty,
 * no command, a NUL inside, too many parameters).
 */
bool irc_line_read(struct irc_line *out, const char *bytes, size_t len);

/* The tag's value, or NULL if the message does not have it. */
const char *irc_line_tag(const struct irc_line *line, const char *key);

/* params[i], or "" if there are fewer. */
const char *irc_line_param(const struct irc_line *line, size_t i);

/* The numeric, or 0. */
unsigned irc_line_numeric(const struct irc_line *line);

/*
 * Cuts a stream into lines. Give it what arrives; it calls fn for each
 * complete line, without line end, and counts what was too long. fn must not
 * finish the framer.
 */
struct irc_framer {
	struct str pending;
	bool skipping;
	unsigned long overlong;
};

typedef void irc_frame_fn(void *arg, const char *line, size_t len);

void irc_framer_init(struct irc_framer *f);
void irc_framer_finish(struct irc_framer *f);
void irc_framer_feed(struct irc_framer *f, const char *bytes, size_t len,
		     irc_frame_fn *fn, void *arg);

/* ---- writing ----------------------------------------------------------- */

struct irc_out {
	struct str tags;
	struct str body;
	bool bad;
	bool closed; /* the trailing parameter was written */
};

void irc_out_init(struct irc_out *out, const char *command);
void irc_out_finish(struct irc_out *out);

/* Escapes the value as message-tags says. value may be NULL. */
void irc_out_tag(struct irc_out *out, const char *key, const char *value);

/* A middle parameter. */
void irc_out_param(struct irc_out *out, const char *param);

/* The last parameter, which may be empty and may hold spaces and colons. */
void irc_out_trailing(struct irc_out *out, const char *param);
void irc_out_trailing_n(struct irc_out *out, const char *param, size_t len);

/*
 * Append the line with CR LF to wire. False, and nothing appended, if any
 * part was not allowed or the body is longer than 512 bytes.
 */
bool irc_out_write(struct irc_out *out, struct str *wire);

/* irc_send-style shorthand: middles, then a trailing; NULL ends. */
bool irc_write(struct str *wire, const char *command, ...)
	__attribute__((sentinel));

/* ---- splitting --------------------------------------------------------- */

/*
 * Bytes of text that fit in one message, so that the line still fits when the
 * server has put our prefix before it: 512 - 2 - ":nick!user@host CMD target :"
 */
size_t irc_text_room(const char *nick, const char *user, const char *host,
		     const char *command, const char *target);

#endif
