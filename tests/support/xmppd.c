/* SPDX-License-Identifier: MIT */
/* xmppd.c - a component's server in a few pages; see xmppd.h. */

#include "tests/support/xmppd.h"

#include "bridge/base.h"
#include "bridge/loop.h"
#include "bridge/str.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <expat.h>
#include <openssl/sha.h>

#include <assert.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IN_MAX (16 * 1024 * 1024)
#define SEATS 64
#define WAIT_MS 10000

struct seat {
	char *from; /* NULL: free */
	char *nick;
};

struct xmppd {
	struct loop *loop;
	const struct xmppd_options *options;
	struct evconnlistener *listener;
	struct bufferevent *link;
	XML_Parser parser;
	struct str in; /* everything since the stream began */
	size_t begin;  /* where the stanza that is read began */
	unsigned depth;
	bool welcome;
	bool over; /* the other side sent a stream error */
	unsigned broken;
	char **stanzas;
	size_t n_stanzas;
	struct seat seats[SEATS];
	unsigned last_id;
	size_t next_page;
	char *asked; /* the query that waits for its page; NULL if none */
	/* xmppd_wait() */
	const char *wanted;
	size_t wanted_count;
	bool late;
};

/* ---- reading one stanza -------------------------------------------------- */

struct reading {
	const char *element, *attribute;
	unsigned inside;
	bool found;
	struct str text;
};

static void XMLCALL
reading_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *r = arg;

	if (r->inside)
		r->inside++;
	if (r->found || strcmp(name, r->element) != 0)
		return;
	if (!r->attribute) {
		r->found = true;
		r->inside = 1;
		return;
	}
	for (size_t i = 0; attributes[i]; i += 2) {
		if (strcmp(attributes[i], r->attribute) != 0)
			continue;
		str_add(&r->text, attributes[i + 1]);
		r->found = true;
	}
}

static void XMLCALL
reading_end(void *arg, const XML_Char *name)
{
	struct reading *r = arg;

	(void)name;
	if (r->inside)
		r->inside--;
}

static void XMLCALL
reading_text(void *arg, const XML_Char *text, int len)
{
	struct reading *r = arg;

	if (r->inside)
		str_add_n(&r->text, text, (size_t)len);
}

char *
xmppd_attribute(const char *stanza, const char *element, const char *attribute)
{
	struct reading r = { .element = element, .attribute = attribute };
	XML_Parser parser = XML_ParserCreate(NULL);

	str_init(&r.text, IN_MAX);
	XML_SetUserData(parser, &r);
	XML_SetElementHandler(parser, reading_start, reading_end);
	XML_SetCharacterDataHandler(parser, reading_text);
	enum XML_Status status =
		XML_Parse(parser, stanza, (int)strlen(stanza), 1);
	XML_ParserFree(parser);
	char *text =
		status == XML_STATUS_OK && r.found ? str_take(&r.text) : NULL;
	str_finish(&r.text);
	return text;
}

char *
xmppd_text(const char *stanza, const char *element)
{
	return xmppd_attribute(stanza, element, NULL);
}

/* The raw attribute of the stanza itself, still escaped. */
static char *
raw(const char *stanza, const char *name)
{
	size_t head = strcspn(stanza, ">");
	AUTO_STR key = { 0 };

	str_init(&key, 64);
	str_printf(&key, " %s=\"", name);
	const char *at = strstr(stanza, key.data);
	if (!at || (size_t)(at - stanza) > head)
		return xstrdup("");
	at += key.len;
	return strndup(at, strcspn(at, "\""));
}

/* ---- talking ------------------------------------------------------------- */

void
xmppd_write(struct xmppd *d, const char *bytes, size_t len)
{
	if (d->link)
		(void)bufferevent_write(d->link, bytes, len);
}

void
xmppd_say(struct xmppd *d, const char *fmt, ...)
{
	AUTO_STR text = { 0 };
	va_list args;

	str_init(&text, IN_MAX);
	va_start(args, fmt);
	str_vprintf(&text, fmt, args);
	va_end(args);
	assert(!str_overflowed(&text));
	xmppd_write(d, text.data, text.len);
}

static void
stream_end(struct xmppd *d, const char *condition)
{
	xmppd_say(d,
		  "<stream:error><%s xmlns='urn:ietf:params:xml:ns:"
		  "xmpp-streams'/></stream:error></stream:stream>",
		  condition);
	d->welcome = false;
}

/* ---- the room ------------------------------------------------------------ */

static struct seat *
seat_of(struct xmppd *d, const char *from)
{
	for (size_t i = 0; i < SEATS; i++) {
		if (d->seats[i].from && !strcmp(d->seats[i].from, from))
			return &d->seats[i];
	}
	return NULL;
}

static void
seat_clear(struct seat *s)
{
	free(s->from);
	free(s->nick);
	s->from = s->nick = NULL;
}

static bool
is_taken(struct xmppd *d, const char *from, const char *nick)
{
	AUTO_STR key = { 0 };

	str_init(&key, 4096);
	str_printf(&key, "|%s|", nick);
	if (d->options->taken && strstr(d->options->taken, key.data))
		return true;
	for (size_t i = 0; i < SEATS; i++) {
		if (d->seats[i].from && !strcmp(d->seats[i].nick, nick) &&
		    strcmp(d->seats[i].from, from) != 0)
			return true;
	}
	return false;
}

/* To everybody in the room; 110 for the one it is about. */
static void
show(struct xmppd *d, const struct seat *s, const char *nick, const char *type,
     const char *status, const char *item)
{
	for (size_t i = 0; i < SEATS; i++) {
		const struct seat *to = &d->seats[i];
		if (!to->from)
			continue;
		xmppd_say(d,
			  "<presence from=\"%s/%s\" to=\"%s\"%s>"
			  "<x xmlns='http://jabber.org/protocol/muc#user'>"
			  "<item affiliation='none' role='participant'%s/>"
			  "%s%s%s</x></presence>",
			  d->options->room, nick, to->from, type, item, status,
			  to == s ? "<status code='110'/>" : "",
			  to == s && d->options->creates
				  ? "<status code='201'/>"
				  : "");
	}
}

/* fmt, in which every "%s" is word; may be NULL. */
static void
say_with(struct xmppd *d, const char *fmt, const char *word)
{
	AUTO_STR text = { 0 };

	if (!fmt)
		return;
	str_init(&text, IN_MAX);
	for (const char *q; (q = strstr(fmt, "%s")); fmt = q + 2) {
		str_add_n(&text, fmt, (size_t)(q - fmt));
		str_add(&text, word);
	}
	str_add(&text, fmt);
	xmppd_write(d, text.data, text.len);
}

static void
enter(struct xmppd *d, const char *from, const char *nick)
{
	const struct xmppd_options *o = d->options;
	struct seat *s = NULL;

	for (size_t i = 0; i < SEATS && !s; i++) {
		if (!d->seats[i].from)
			s = &d->seats[i];
	}
	assert(s);
	say_with(d, o->occupants, from);
	s->from = xstrdup(from);
	s->nick = xstrdup(nick);
	show(d, s, nick, "", "", "");
	say_with(d, o->history, from);
	xmppd_say(d,
		  "<message type='groupchat' from=\"%s%s\" to=\"%s\">"
		  "<subject>%s</subject></message>",
		  o->room, o->subject ? "/Ann" : "", from,
		  o->subject ? o->subject : "");
}

static void
rename_seat(struct xmppd *d, struct seat *s, const char *nick)
{
	AUTO_STR item = { 0 };

	str_init(&item, 4096);
	str_printf(&item, " nick=\"%s\"", nick);
	show(d, s, s->nick, " type='unavailable'", "<status code='303'/>",
	     item.data);
	free(s->nick);
	s->nick = xstrdup(nick);
	show(d, s, nick, "", "", "");
}

static void
room_presence(struct xmppd *d, const char *from, const char *nick,
	      const char *type)
{
	struct seat *s = seat_of(d, from);

	if (!strcmp(type, "unavailable")) {
		if (!s)
			return;
		show(d, s, s->nick, " type='unavailable'", "", "");
		seat_clear(s);
	} else if (d->options->deaf) {
		return;
	} else if (is_taken(d, from, nick)) {
		xmppd_say(d,
			  "<presence type='error' from=\"%s/%s\" to=\"%s\">"
			  "<error type='cancel'><conflict xmlns='urn:ietf:"
			  "params:xml:ns:xmpp-stanzas'/></error></presence>",
			  d->options->room, nick, from);
	} else if (!s) {
		enter(d, from, nick);
	} else if (strcmp(s->nick, nick) != 0) {
		rename_seat(d, s, nick);
	} else {
		show(d, s, nick, "", "", "");
	}
}

/* The inside of the stanza and its end. */
static const char *
after_head(const char *stanza)
{
	return stanza + strcspn(stanza, ">") + 1;
}

static void
room_reflect(struct xmppd *d, const char *from, const char *stanza)
{
	struct seat *s = seat_of(d, from);
	char *id = raw(stanza, "id");

	d->last_id++;
	for (size_t i = 0; s && !d->options->mute && i < SEATS; i++) {
		if (!d->seats[i].from)
			continue;
		xmppd_say(d,
			  "<message type='groupchat' from=\"%s/%s\" "
			  "to=\"%s\" id=\"%s\"><stanza-id "
			  "xmlns='urn:xmpp:sid:0' by='%s' id='s%u'/>%s",
			  d->options->room, s->nick, d->seats[i].from, id,
			  d->options->room, d->last_id, after_head(stanza));
	}
	free(id);
}

/* ---- its archive --------------------------------------------------------- */

void
xmppd_rewind(struct xmppd *d)
{
	d->next_page = 0;
}

void
xmppd_archive(struct xmppd *d)
{
	const struct xmppd_options *o = d->options;
	char *id = raw(d->asked, "id");
	char *from = raw(d->asked, "from");
	char *query = xmppd_attribute(d->asked, "query", "queryid");
	const char *page = o->pages ? o->pages[d->next_page] : NULL;

	if (o->forgetful && strstr(d->asked, "<after>")) {
		xmppd_say(d,
			  "<iq type='error' from=\"%s\" to=\"%s\" id=\"%s\">"
			  "<error type='cancel'><item-not-found xmlns='urn:"
			  "ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
			  o->room, from, id);
	} else {
		say_with(d, page, query);
		d->next_page += page != NULL;
		bool last = !page || !o->pages[d->next_page];
		xmppd_say(d,
			  "<iq type='result' from=\"%s\" to=\"%s\" id=\"%s\">"
			  "<fin xmlns='urn:xmpp:mam:2'%s><set xmlns='http://"
			  "jabber.org/protocol/rsm'><last>p%zu</last></set>"
			  "</fin></iq>",
			  o->room, from, id, last ? " complete='true'" : "",
			  d->next_page);
	}
	free(query);
	free(from);
	free(id);
	free(d->asked);
	d->asked = NULL;
}

/* ---- stanzas in ---------------------------------------------------------- */

static void
say_iq_error(struct xmppd *d, const char *from, const char *to, const char *id,
	     const char *condition)
{
	xmppd_say(d,
		  "<iq type='error' from=\"%s\" to=\"%s\" id=\"%s\"><error "
		  "type='cancel'><%s xmlns='urn:ietf:params:xml:ns:xmpp-"
		  "stanzas'/></error></iq>",
		  to, from, id, condition);
}

static void
answer_iq(struct xmppd *d, const char *from, const char *to, const char *stanza)
{
	const char *self_ping = d->options->self_ping;

	if (strstr(stanza, "urn:xmpp:mam:2")) {
		free(d->asked);
		d->asked = xstrdup(stanza);
		if (!d->options->slow)
			xmppd_archive(d);
		return;
	}
	if (strstr(stanza, "<vCard") || strstr(stanza, "muc#owner"))
		return; /* the test answers */
	char *id = raw(stanza, "id");
	bool disco = strstr(stanza, "disco#info") != NULL;

	bool ping = strstr(stanza, "urn:xmpp:ping") != NULL;

	if (disco && !d->options->features)
		say_iq_error(d, from, to, id, "item-not-found");
	else if (ping && self_ping && *self_ping)
		say_iq_error(d, from, to, id, self_ping);
	else if (ping && self_ping)
		; /* no answer */
	else
		xmppd_say(d,
			  "<iq type='result' from=\"%s\" to=\"%s\" id=\"%s\">"
			  "<query xmlns='http://jabber.org/protocol/"
			  "disco#info'>%s</query></iq>",
			  to, from, id, disco ? d->options->features : "");
	free(id);
}

static bool
is_from_component(struct xmppd *d, const char *from)
{
	size_t bare = strcspn(from, "/");
	const char *at = memchr(from, '@', bare);
	size_t domain = at ? (size_t)(at + 1 - from) : 0;

	return bare - domain == strlen(d->options->component) &&
	       !strncmp(from + domain, d->options->component, bare - domain);
}

static void
route(struct xmppd *d, const char *stanza)
{
	char *from = raw(stanza, "from");
	char *to = raw(stanza, "to");
	char *type = raw(stanza, "type");
	size_t bare = strlen(d->options->room);
	bool room = !strncmp(to, d->options->room, bare) &&
		    (!to[bare] || to[bare] == '/');

	if (!is_from_component(d, from)) {
		d->broken++;
		stream_end(d, "invalid-from");
	} else if (is_from_component(d, to)) {
		xmppd_say(d, "%s", stanza); /* back to whom it belongs */
	} else if (!strncmp(stanza, "<iq", 3)) {
		if (!strcmp(type, "get") || !strcmp(type, "set"))
			answer_iq(d, from, to, stanza);
	} else if (room && !strncmp(stanza, "<presence", 9)) {
		room_presence(d, from, to[bare] ? to + bare + 1 : "", type);
	} else if (room && !strcmp(type, "groupchat")) {
		room_reflect(d, from, stanza);
	}
	free(from);
	free(to);
	free(type);
}

static void
handshake(struct xmppd *d, const char *stanza)
{
	unsigned char digest[SHA_DIGEST_LENGTH];
	AUTO_STR text = { 0 };
	AUTO_STR hex = { 0 };

	str_init(&text, 256);
	str_init(&hex, 64);
	str_printf(&text, "abc%s", d->options->secret);
	SHA1((const unsigned char *)text.data, text.len, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		str_printf(&hex, "%02x", digest[i]);
	if (!strstr(stanza, hex.data)) {
		stream_end(d, "not-authorized");
	} else if (d->options->mood == XMPPD_CONFLICT) {
		stream_end(d, "conflict");
	} else {
		d->welcome = true;
		xmppd_say(d, "<handshake/>");
	}
}

static void
keep(struct xmppd *d, char *stanza)
{
	d->stanzas =
		xrealloc(d->stanzas, (d->n_stanzas + 1) * sizeof(*d->stanzas));
	d->stanzas[d->n_stanzas++] = stanza;
	if (d->wanted && xmppd_count(d, d->wanted) >= d->wanted_count)
		loop_stop(d->loop);
}

static void XMLCALL
on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct xmppd *d = arg;

	(void)name;
	(void)attributes;
	if (d->depth == 1)
		d->begin = (size_t)XML_GetCurrentByteIndex(d->parser);
	if (d->depth++ == 0)
		xmppd_say(d,
			  "<?xml version='1.0'?><stream:stream "
			  "xmlns='jabber:component:accept' xmlns:stream='"
			  "http://etherx.jabber.org/streams' from='%s' "
			  "id='abc'>",
			  d->options->component);
}

static void XMLCALL
on_end(void *arg, const XML_Char *name)
{
	struct xmppd *d = arg;

	(void)name;
	if (--d->depth == 0)
		xmppd_say(d, "</stream:stream>");
	if (d->depth != 1)
		return;
	size_t end = (size_t)XML_GetCurrentByteIndex(d->parser) +
		     (size_t)XML_GetCurrentByteCount(d->parser);
	char *stanza = strndup(d->in.data + d->begin, end - d->begin);
	if (!strncmp(stanza, "<handshake", 10)) {
		handshake(d, stanza);
		free(stanza);
		return;
	}
	d->over = d->over || !strncmp(stanza, "<stream:error", 13);
	if (d->welcome && !d->over)
		route(d, stanza);
	keep(d, stanza);
}

/* ---- the connection ------------------------------------------------------ */

void
xmppd_hang_up(struct xmppd *d)
{
	if (d->link)
		bufferevent_free(d->link);
	d->link = NULL;
	for (size_t i = 0; i < SEATS; i++)
		seat_clear(&d->seats[i]);
}

static void
on_bytes(struct bufferevent *link, void *arg)
{
	struct xmppd *d = arg;
	char chunk[16384];
	size_t n;

	while ((n = bufferevent_read(link, chunk, sizeof(chunk))) > 0) {
		str_add_n(&d->in, chunk, n);
		bool good =
			XML_Parse(d->parser, chunk, (int)n, 0) == XML_STATUS_OK;
		if (d->over) {
			xmppd_hang_up(d);
			return;
		}
		if (good)
			continue;
		d->broken++;
		stream_end(d, "not-well-formed");
		return;
	}
}

static void
on_link(struct bufferevent *link, short what, void *arg)
{
	struct xmppd *d = arg;

	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR) && link == d->link)
		xmppd_hang_up(d);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
	  struct sockaddr *sa, int len, void *arg)
{
	struct xmppd *d = arg;

	(void)listener;
	(void)sa;
	(void)len;
	xmppd_hang_up(d);
	if (d->parser)
		XML_ParserFree(d->parser);
	d->parser = XML_ParserCreate(NULL);
	XML_SetUserData(d->parser, d);
	XML_SetElementHandler(d->parser, on_start, on_end);
	d->depth = 0;
	d->welcome = d->over = false;
	str_clear(&d->in);
	d->link = bufferevent_socket_new(loop_base(d->loop), fd,
					 BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(d->link, on_bytes, NULL, on_link, d);
	bufferevent_enable(d->link, EV_READ | EV_WRITE);
}

struct xmppd *
xmppd_new(struct loop *loop, const struct xmppd_options *options)
{
	struct xmppd *d = xcalloc(1, sizeof(*d));
	struct sockaddr_in sin = { .sin_family = AF_INET };

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	d->loop = loop;
	d->options = options;
	str_init(&d->in, IN_MAX);
	d->listener = evconnlistener_new_bind(
		loop_base(loop), on_accept, d,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1,
		(struct sockaddr *)&sin, sizeof(sin));
	assert(d->listener);
	return d;
}

void
xmppd_free(struct xmppd *d)
{
	if (!d)
		return;
	xmppd_hang_up(d);
	xmppd_forget(d);
	free(d->stanzas);
	free(d->asked);
	evconnlistener_free(d->listener);
	if (d->parser)
		XML_ParserFree(d->parser);
	str_finish(&d->in);
	free(d);
}

unsigned
xmppd_port(const struct xmppd *d)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	if (getsockname(evconnlistener_get_fd(d->listener),
			(struct sockaddr *)&sin, &len) < 0)
		return 0;
	return ntohs(sin.sin_port);
}

bool
xmppd_is_open(const struct xmppd *d)
{
	return d->link && d->welcome;
}

unsigned
xmppd_broken(const struct xmppd *d)
{
	return d->broken;
}

/* ---- what came ----------------------------------------------------------- */

size_t
xmppd_count(const struct xmppd *d, const char *words)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_stanzas; i++)
		n += strstr(d->stanzas[i], words) != NULL;
	return n;
}

const char *
xmppd_find(const struct xmppd *d, const char *words)
{
	for (size_t i = d->n_stanzas; i-- > 0;) {
		if (strstr(d->stanzas[i], words))
			return d->stanzas[i];
	}
	return NULL;
}

void
xmppd_forget(struct xmppd *d)
{
	for (size_t i = 0; i < d->n_stanzas; i++)
		free(d->stanzas[i]);
	d->n_stanzas = 0;
}

static void
on_late(void *arg)
{
	struct xmppd *d = arg;

	d->late = true;
	loop_stop(d->loop);
}

size_t
xmppd_size(const struct xmppd *d)
{
	return d->n_stanzas;
}

const char *
xmppd_at(const struct xmppd *d, size_t i)
{
	assert(i < d->n_stanzas);
	return d->stanzas[i];
}

bool
xmppd_wait(struct xmppd *d, const char *words, size_t count)
{
	struct timer timer = { 0 };

	d->late = false;
	if (xmppd_count(d, words) < count) {
		d->wanted = words;
		d->wanted_count = count;
		timer_start(&timer, d->loop, WAIT_MS, on_late, d);
		loop_run(d->loop);
		timer_stop(&timer);
		d->wanted = NULL;
	}
	if (d->late)
		for (size_t i = 0; i < d->n_stanzas; i++)
			fprintf(stderr, "# %.400s\n", d->stanzas[i]);
	return !d->late;
}
