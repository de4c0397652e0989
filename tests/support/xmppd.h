/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_XMPPD_H
#define TESTS_SUPPORT_XMPPD_H

/*
 * The other end of a component stream, for tests: listens on a loopback port
 * that the kernel chose, on the loop under test, speaks XEP-0114, and keeps
 * one small room, just enough of XEP-0045 that an adapter can enter it, be
 * reflected by it and leave it. Everything that comes in is parsed by expat:
 * what is not well-formed, or is from a foreign address, is counted and ends
 * the stream, as a real server would do it.
 */

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct xmppd;

/* How it answers the handshake. */
enum xmppd_mood {
	XMPPD_WELCOME, /* if the hash is right */
	XMPPD_CONFLICT,
};

struct xmppd_options {
	enum xmppd_mood mood;
	const char *component, *secret;
	const char *room;     /* bare address */
	const char *features; /* of the room's disco, elements; NULL: no room */
	const char *occupants; /* stanzas sent to who enters; %s is who */
	const char *history;   /* likewise, after their own presence */
	const char *subject;
	/*
	 * The room's archive: one string for each query, NULL at the end; "%s"
	 * is the query's id. The last page is said to be complete.
	 */
	const char *const *pages;
	bool forgetful;    /* it does not know the id of the first query */
	bool slow;         /* it answers no query; xmppd_archive() does */
	const char *taken; /* "|nick|nick|": a conflict for who asks */
	bool mute;         /* reflects no message */
	bool deaf;         /* answers no entry */
	/*
	 * How the room answers a ping of an occupant: an error of that name,
	 * "" is no answer; NULL: as if all is well.
	 */
	const char *self_ping;
	bool creates; /* the room is new: status 201 */
};

/* options is read whenever it matters, and may change meanwhile. */
struct xmppd *xmppd_new(struct loop *loop, const struct xmppd_options *options);

/* Accepts NULL. */
void xmppd_free(struct xmppd *d);

unsigned xmppd_port(const struct xmppd *d);

/* Begin again with the first page. */
void xmppd_rewind(struct xmppd *d);

/* Answer the archive's query that waits. */
void xmppd_archive(struct xmppd *d);

/* Bytes onto the stream; xmppd_say() formats them. */
void xmppd_write(struct xmppd *d, const char *bytes, size_t len);
void xmppd_say(struct xmppd *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Close the connection without a word. */
void xmppd_hang_up(struct xmppd *d);

bool xmppd_is_open(const struct xmppd *d);

/* Stanzas that broke the stream. */
unsigned xmppd_broken(const struct xmppd *d);

/* Stanzas that came in, as they came, oldest first. */
size_t xmppd_count(const struct xmppd *d, const char *words);
const char *xmppd_find(const struct xmppd *d, const char *words); /* last */
void xmppd_forget(struct xmppd *d);
size_t xmppd_size(const struct xmppd *d);
const char *xmppd_at(const struct xmppd *d, size_t i);

/* Run the loop until count stanzas hold the words; false after 10 s. */
bool xmppd_wait(struct xmppd *d, const char *words, size_t count);

/*
 * The text inside the first element of that name in stanza, or its attribute
 * of that name, as an XML parser reads it. To be freed; NULL if none.
 */
char *xmppd_text(const char *stanza, const char *element);
char *xmppd_attribute(const char *stanza, const char *element,
		      const char *attribute);

#endif
