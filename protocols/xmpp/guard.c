/* SPDX-License-Identifier: MIT */
/*
 * guard.c - stands between expat and libstrophe's callbacks; see guard.h.
 *
 * A parser's state hangs on the parser: what its owner gives as user data is
 * kept in ours, and ours is what expat holds. The first word of a parser is
 * the user data by definition of XML_GetUserData(), so no table is needed.
 * The real functions are found with dlsym() each time; setting callbacks is
 * rare.
 */

#include "protocols/xmpp/guard.h"

#include "bridge/base.h"
#include "bridge/str.h"
#include "protocols/xmpp/sieve.h"

#include <dlfcn.h>
#include <expat.h>
#include <strophe.h>

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct guard {
	XML_Parser parser;
	void *user; /* whose callbacks these are */
	XML_StartElementHandler start;
	XML_EndElementHandler end;
	XML_CharacterDataHandler chars;

	unsigned depth;   /* elements open and passed on; the stream is 1 */
	unsigned skipped; /* elements open inside one that was dropped */

	/* of the stanza that is being read */
	unsigned elements;
	size_t tag_bytes;
	size_t text_bytes;
	struct str text; /* not yet passed on */

	struct sieve sieve; /* before expat */
	bool judged;        /* what it passes now is wanted */
	size_t pending;     /* bytes since expat has last told of anything */
	bool putting_off;
};

/*
 * What belongs to the process and not to a parser: the setters of expat have
 * no argument through which it could be handed to them.
 */
static atomic_ulong trips;
static struct {
	guard_wanted_fn *wanted; /* or NULL */
	void *arg;
	bool closing; /* a stanza is complete, and no handler was called yet */
} asked;

static void
trip(void)
{
	atomic_fetch_add(&trips, 1);
}

static void
pass_text(struct guard *g)
{
	if (g->text.len > 0 && g->chars)
		g->chars(g->user, g->text.data, (int)g->text.len);
	str_clear(&g->text);
}

static void
begin_stanza(struct guard *g)
{
	g->elements = 0;
	g->tag_bytes = 0;
	g->text_bytes = 0;
}

/* Bytes of an element's name and attributes; SIZE_MAX if too many of them. */
static size_t
tag_size(const XML_Char *name, const XML_Char **attributes)
{
	size_t size = strlen(name);
	size_t n = 0;

	for (; attributes[n]; n++)
		size += strlen(attributes[n]);
	return n > 2 * GUARD_ATTRIBUTES_MAX ? SIZE_MAX : size;
}

static bool
fits(struct guard *g, size_t tag)
{
	return tag <= GUARD_TAG_MAX && g->elements < GUARD_ELEMENTS_MAX &&
	       g->depth <= GUARD_DEPTH_MAX &&
	       g->tag_bytes + tag <= GUARD_STANZA_TAGS_MAX;
}

static bool
is_wanted(const struct guard *g, const XML_Char *name,
	  const XML_Char **attributes)
{
	return g->depth != 1 || g->judged || !asked.wanted ||
	       asked.wanted(asked.arg, name, attributes);
}

static void XMLCALL
guard_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
	struct guard *g = data;
	size_t tag;

	g->pending = 0;
	if (g->skipped > 0) {
		g->skipped++;
		return;
	}
	if (!is_wanted(g, name, attributes)) {
		g->skipped = 1;
		return;
	}
	tag = tag_size(name, attributes);
	if (!fits(g, tag)) {
		trip();
		if (g->depth == 0)
			XML_StopParser(g->parser, XML_FALSE);
		g->skipped = 1;
		return;
	}
	pass_text(g);
	if (g->depth > 0) {
		g->elements++;
		g->tag_bytes += tag;
	}
	g->depth++;
	if (g->start)
		g->start(g->user, name, attributes);
}

static void XMLCALL
guard_end(void *data, const XML_Char *name)
{
	struct guard *g = data;

	g->pending = 0;
	if (g->skipped > 0) {
		g->skipped--;
		return;
	}
	assert(g->depth > 0);
	pass_text(g);
	g->depth--;
	if (g->depth <= 1)
		begin_stanza(g);
	asked.closing = g->depth == 1;
	if (g->end)
		g->end(g->user, name);
	asked.closing = false;
}

static void XMLCALL
guard_chars(void *data, const XML_Char *text, int len)
{
	struct guard *g = data;
	size_t n = (size_t)len;

	g->pending = 0;
	/* between stanzas there are only keepalives */
	if (g->skipped > 0 || g->depth < 2 || g->text_bytes > GUARD_TEXT_MAX)
		return;
	g->text_bytes += n;
	if (g->text_bytes > GUARD_TEXT_MAX)
		trip();
	else
		str_add_n(&g->text, text, n);
}

static void XMLCALL
guard_doctype(void *data, const XML_Char *name UNUSED,
	      const XML_Char *system_id UNUSED,
	      const XML_Char *public_id UNUSED, int has_internal_subset UNUSED)
{
	struct guard *g = data;

	trip();
	XML_StopParser(g->parser, XML_FALSE);
}

/* The definition of expat's that ours hides; f is a pointer of its type. */
#define find_real(f, name)                             \
	do {                                           \
		void *found_ = dlsym(RTLD_NEXT, name); \
		assert(found_);                        \
		memcpy(&(f), &found_, sizeof(f));      \
	} while (0)

static void
set_user_data(XML_Parser parser, void *data)
{
	void (*real)(XML_Parser, void *);

	find_real(real, "XML_SetUserData");
	real(parser, data);
}

/*
 * Newer versions of expat, and older ones that Debian has patched, look at a
 * token that came in pieces only when it has doubled (CVE-2023-52425): the
 * last piece of a stanza then waits for the next stanza, the server's answer
 * to our handshake for ever. Older ones have no such function.
 */
static void
put_off(struct guard *g, bool on)
{
	XML_Bool (*set)(XML_Parser, XML_Bool);
	void *found = dlsym(RTLD_NEXT, "XML_SetReparseDeferralEnabled");

	g->putting_off = on;
	if (!found)
		return;
	memcpy(&set, &found, sizeof(set));
	set(g->parser, on ? XML_TRUE : XML_FALSE);
}

/* The guard of a parser; made when first asked for. */
static struct guard *
guard_of(XML_Parser parser)
{
	struct guard *g = XML_GetUserData(parser);

	if (!g) {
		g = xcalloc(1, sizeof(*g));
		g->parser = parser;
		str_init(&g->text, GUARD_TEXT_MAX);
		sieve_init(&g->sieve);
		set_user_data(parser, g);
		XML_SetStartDoctypeDeclHandler(parser, guard_doctype);
		put_off(g, false);
		put_off(g, false);
	}
	assert(g->parser == parser);
	return g;
}

static void
guard_drop(XML_Parser parser)
{
	struct guard *g = parser ? XML_GetUserData(parser) : NULL;

	if (!g)
		return;
	str_finish(&g->text);
	sieve_finish(&g->sieve);
	free(g);
	set_user_data(parser, NULL);
}

void XMLCALL
XML_SetUserData(XML_Parser parser, void *data)
{
	guard_of(parser)->user = data;
}

void XMLCALL
XML_SetElementHandler(XML_Parser parser, XML_StartElementHandler start,
		      XML_EndElementHandler end)
{
	void (*real)(XML_Parser, XML_StartElementHandler,
		     XML_EndElementHandler);
	struct guard *g = guard_of(parser);

	g->start = start;
	g->end = end;
	find_real(real, "XML_SetElementHandler");
	real(parser, guard_start, guard_end);
}

void XMLCALL
XML_SetCharacterDataHandler(XML_Parser parser, XML_CharacterDataHandler chars)
{
	void (*real)(XML_Parser, XML_CharacterDataHandler);

	guard_of(parser)->chars = chars;
	find_real(real, "XML_SetCharacterDataHandler");
	real(parser, guard_chars);
}

/*
 * What came of a token is read again with each piece. That is cheap for all
 * that a server lets pass; where it does not end, expat's own way is better.
 */
static enum XML_Status
parse(XML_Parser parser, const char *bytes, size_t len, int is_final)
{
	/* Called for all that is read: found once. */
	static enum XML_Status (*real)(XML_Parser, const char *, int, int);
	struct guard *g = parser ? XML_GetUserData(parser) : NULL;

	if (!real)
		find_real(real, "XML_Parse");
	if (g) {
		g->pending += len;
		if (g->putting_off != (g->pending > GUARD_TOKEN_MAX))
			put_off(g, !g->putting_off);
	}
	return real(parser, bytes, (int)len, is_final);
}

/* The sieve holds the first tag of a stanza. */
static enum XML_Status
judge(XML_Parser parser, struct guard *g)
{
	const char *attributes[2 * SIEVE_ATTRIBUTES_MAX + 1];
	const char *name = sieve_read_tag(&g->sieve, attributes);
	enum XML_Status status;

	if (name && !asked.wanted(asked.arg, name, attributes)) {
		sieve_skip(&g->sieve);
		return XML_STATUS_OK;
	}
	g->judged = name != NULL;
	status = parse(parser, g->sieve.tag.data, g->sieve.tag.len, 0);
	g->judged = false;
	return status;
}

/* Handlers may free the guard with its parser, but not while it parses. */
static enum XML_Status
parse_wanted(XML_Parser parser, struct guard *g, const char *bytes, size_t len)
{
	enum XML_Status status = XML_STATUS_OK;

	while (len > 0 && status == XML_STATUS_OK) {
		size_t n;
		enum sieve_fate fate =
			sieve_next(&g->sieve, asked.wanted, bytes, len, &n);

		if (fate == SIEVE_TAG)
			status = judge(parser, g);
		else if (fate == SIEVE_PASS)
			status = parse(parser, bytes, n, 0);
		bytes += n;
		len -= n;
	}
	return status;
}

enum XML_Status XMLCALL
XML_Parse(XML_Parser parser, const char *bytes, int len, int is_final)
{
	struct guard *g = parser ? XML_GetUserData(parser) : NULL;
	enum XML_Status status;

	if (!g || len < 0)
		return parse(parser, bytes, len > 0 ? (size_t)len : 0,
			     is_final);
	status = parse_wanted(parser, g, bytes, (size_t)len);
	if (status == XML_STATUS_OK && is_final)
		status = parse(parser, "", 0, is_final);
	return status;
}

/* A reset parser has forgotten its user data, and so would lose ours. */
XML_Bool XMLCALL
XML_ParserReset(XML_Parser parser, const XML_Char *encoding)
{
	XML_Bool (*real)(XML_Parser, const XML_Char *);

	guard_drop(parser);
	find_real(real, "XML_ParserReset");
	return real(parser, encoding);
}

void XMLCALL
XML_ParserFree(XML_Parser parser)
{
	void (*real)(XML_Parser);

	guard_drop(parser);
	find_real(real, "XML_ParserFree");
	real(parser);
}

/* ---- what libstrophe calls of itself ------------------------------------- */

int
xmpp_stanza_to_text(xmpp_stanza_t *stanza, char **buf, size_t *buflen)
{
	/* Called for every stanza that is sent: found once. */
	static int (*real)(xmpp_stanza_t *, char **, size_t *);

	if (asked.closing)
		return XMPP_EMEM;
	if (!real)
		find_real(real, "xmpp_stanza_to_text");
	return real(stanza, buf, buflen);
}

void
guard_handled(void)
{
	asked.closing = false;
}

void
guard_ask(guard_wanted_fn *wanted, void *arg)
{
	asked.wanted = wanted;
	asked.arg = arg;
}

unsigned long
guard_trips(void)
{
	return atomic_load(&trips);
}
