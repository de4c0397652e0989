/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_FORMAT_H
#define PROTOCOLS_IRC_FORMAT_H

/*
 * mIRC formatting codes to spans and back (modern.ircdocs "IRC Formatting",
 * SEMANTICS 2.4). Pure.
 */

#include "bridge/event.h"
#include "bridge/text.h"

/*
 * Read text with codes into b. The bytes must be valid UTF-8 already. Other
 * control characters than the codes, tab and LF are dropped. Text in the
 * colour of its background becomes SPAN_SPOILER.
 */
void irc_format_read(struct text_builder *b, const char *s, size_t n);

/*
 * Cuts a text into lines fit for PRIVMSG and writes the codes.
 *
 * Each LF ends a line; empty lines are left out; each line is cut into pieces
 * of at most room bytes, codes included, at UTF-8 and if possible at word
 * boundaries; styles in force are closed by 0x0F at a piece's end and opened
 * again in the next. first_prefix and prefix are put before the first and all
 * later pieces and count. After lines_max pieces (0 = no limit) the rest is
 * left out and the last piece ends in " […]"; the result says how many bytes
 * of text did not fit. A line in SPAN_QUOTE begins with "> ".
 *
 * CR, LF, NUL and 0x01 cannot occur in a piece.
 */
struct irc_cut {
	size_t room;
	unsigned lines_max;
	const char *first_prefix, *prefix; /* "" if none */
	bool codes; /* write formatting; false: plain text */
};

size_t irc_format_write(const struct text *text, const struct irc_cut *cut,
			void (*fn)(void *arg, const char *piece, size_t len),
			void *arg);

/*
 * Bytes as they came from the server, as UTF-8: as they are if they are valid,
 * or would be had the server not cut off the end, else converted from charset
 * (an iconv name; NULL or unknown: windows-1252). No NUL comes out.
 */
void irc_charset_read(struct str *out, const char *s, size_t n,
		      const char *charset);

/*
 * Lines of UTF-8, in another charset: each that it has room for is appended in
 * it, the others as they are, so that no line changes what it says, gets a
 * line end, or grows over the limit of IRC. Tags stay as they are.
 */
void irc_charset_write(struct str *out, const char *lines, size_t n,
		       const char *charset);

/*
 * NULL, or why the name is none that IRC can be written and read in: iconv
 * does not know it, or ASCII is not ASCII in it.
 */
const char *irc_charset_refuse(const char *charset);

#endif
