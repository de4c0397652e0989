/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_PEER_H
#define TESTS_SUPPORT_PEER_H

/*
 * The other end of a socket, for tests: listens on a loopback port that the
 * kernel chose, on the loop under test, speaks in lines, and does what a
 * script tells it. Every line that comes in is written down as
 * "LINK> TEXT", LINK counting the connections from 0.
 */

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct peer;

/* A line came over link, without CR LF. */
typedef void peer_fn(void *arg, struct peer *peer, int link, const char *line);

struct peer *peer_new(struct loop *loop, peer_fn *fn, void *arg);

/*
 * The same with TLS: a fresh key and a certificate for the host name, its own
 * issuer, written to ca_path for whoever shall trust it.
 */
struct peer *peer_new_tls(struct loop *loop, peer_fn *fn, void *arg,
			  const char *host, const char *ca_path);

/* Accepts NULL. */
void peer_free(struct peer *peer);

unsigned peer_port(const struct peer *peer);

/* How many connections there ever were. */
int peer_links(const struct peer *peer);
bool peer_is_open(const struct peer *peer, int link);

/* One line; CR LF is added. Nothing happens if the link is closed. */
void peer_say(struct peer *peer, int link, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void peer_write(struct peer *peer, int link, const char *bytes, size_t len);

/* When all that was said is written. */
void peer_close(struct peer *peer, int link);

/* How many lines that came in contain the words; the last of them. */
size_t peer_count(const struct peer *peer, const char *words);
const char *peer_find(const struct peer *peer, const char *words);

/* Run the loop until count lines contain the words; false after 10 s. */
bool peer_wait(struct peer *peer, const char *words, size_t count);

#endif
