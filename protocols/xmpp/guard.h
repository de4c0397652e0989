/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_GUARD_H
#define PROTOCOLS_XMPP_GUARD_H

/*
 * Bounds on what one stanza may make libstrophe do.
 *
 * libstrophe takes every stanza whole, and some of its work grows with the
 * square of what arrives: a child is appended by walking all children before
 * it, text is joined piece by piece, and nesting costs stack (FAULTS F9). Any
 * XMPP user can therefore stop a component with one message of 100 KB.
 *
 * The library offers no limit. But it calls expat through the dynamic linker,
 * and a function that the executable defines wins over one in a library. So
 * guard.c defines the functions of expat that libstrophe registers its
 * callbacks with and feeds it with, and puts a filter between the two. Nothing
 * has to be called; an executable is guarded if it was linked with the
 * xmpp_guard dependency of our meson.build. tests/unit/xmpp/test_guard.c proves
 * that for one.
 *
 * What is beyond a limit is not passed on: an element with all that is in it,
 * or the rest of a stanza's text. A document type declaration, or a stream
 * header beyond the limits, ends the parser: libstrophe then reports a stream
 * error. Pieces of text are joined before they are passed on.
 *
 * Nor does a guarded parser put off what came in pieces, as some versions of
 * expat do.
 *
 * All parsers of the process are treated so. They must not use
 * XML_UseParserAsHandlerArg(), and XML_GetUserData() gives them the guard's
 * memory, not theirs.
 */

#include <stdbool.h>

#define GUARD_ELEMENTS_MAX 2000     /* per stanza, with the stanza */
#define GUARD_DEPTH_MAX 48          /* the stanza is 1 */
#define GUARD_TEXT_MAX (256 * 1024) /* bytes per stanza */
#define GUARD_ATTRIBUTES_MAX 64     /* per element */
#define GUARD_TAG_MAX (64 * 1024)   /* bytes of name, attributes, values */
#define GUARD_STANZA_TAGS_MAX (512 * 1024) /* ... of all elements together */
#define GUARD_TOKEN_MAX (1024 * 1024)      /* bytes read again and again */

/*
 * A second use of the same place. Most of what rooms send us is a copy for a
 * puppet that nobody reads. wanted() tells from the name (with its namespace
 * before it, if any) and the attributes of a stanza's first tag (key, value,
 * ..., NULL) whether anybody will look at it; if not, not even expat gets to
 * see it (sieve.h); where only expat can tell, it goes no further than that.
 * NULL: all are wanted. It holds for what is parsed from now on, by whichever
 * parser.
 */
typedef bool guard_wanted_fn(void *arg, const char *name,
			     const char *const *attributes);
void guard_ask(guard_wanted_fn *wanted, void *arg);

/*
 * libstrophe writes every stanza that it took down as text, for a log that
 * nobody asked for, before it calls its handlers; that is kept from it.
 * To be called by the handler of all stanzas, first: from then on,
 * xmpp_stanza_to_text() does what it says again.
 */
void guard_handled(void);

/* How often a limit was met since the process began. Any thread may ask. */
unsigned long guard_trips(void);

#endif
