/* SPDX-License-Identifier: MIT */
#ifndef BENCH_VISITOR_H
#define BENCH_VISITOR_H

/*
 * A connection to a server that costs next to nothing: bytes out, bytes in.
 *
 * It knows just enough of each protocol to log in and to join. Logging in
 * blocks, since nobody measures that; after it the socket does not. What
 * cannot be done ends the program with a word about it: there is nobody who
 * could do better.
 *
 * A component speaks for many occupants, whose nicks are numbered marks.
 */

#include "bridge/str.h"

#include <stdbool.h>
#include <stddef.h>

/* What a visitor holds back at most; who has more to say waits. */
#define VISITOR_UNSENT_MAX 65536

struct visitor {
	int fd;
	bool irc;          /* answers PING */
	bool line_begins;  /* what comes next begins a line */
	struct str unsent; /* not yet taken by the socket */
	char from[128];    /* domain of a component; else "" */
};

/*
 * In three steps, so that many can take each of them at once: ask to be nick;
 * wait until the server agrees (InspIRCd does once a second) and ask to join;
 * wait until it is in.
 */
void visitor_irc(struct visitor *v, const char *port, const char *nick);
void visitor_irc_join(struct visitor *v, const char *channel);
void visitor_irc_joined(struct visitor *v);

/* Log in with SASL PLAIN, password as user, and join room as user. */
void visitor_client(struct visitor *v, const char *port, const char *user,
		    const char *room);

/* XEP-0114. */
void visitor_component(struct visitor *v, const char *port, const char *domain,
		       const char *secret);
void visitor_finish(struct visitor *v);

/* Presence of a component's occupant in the room; does not wait for more. */
void visitor_occupy(struct visitor *v, const char *room, const char *nick);

/* What nobody said before: bridges take a text that returns for an echo. */
struct utterance {
	unsigned talk; /* in which this is */
	unsigned number;
};

/* To the channel or room; nick: a component's occupant. */
void visitor_say(struct visitor *v, const char *to, const char *nick,
		 const struct utterance *u);

/* Write what the socket takes. */
void visitor_flush(struct visitor *v);

/* Read at most size bytes, and answer PING; 0 if nothing is there now. */
size_t visitor_read(struct visitor *v, char *data, size_t size);

/* Write where, what and errno's words, and exit. */
void give_up(const char *where, const char *what) __attribute__((noreturn));

#endif
