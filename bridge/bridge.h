/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_BRIDGE_H
#define BRIDGE_BRIDGE_H

/*
 * The whole of it, for those who start and stop it: main.c and the tests.
 *
 * A bridge is made from a loop, a store, a checked configuration and a table
 * of protocols. It owns none of them but has uses of the configuration
 * (conf_use()); the others must outlive it. Two bridges can live in one
 * process.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bridge;
struct conf;
struct error;
struct loop;
struct media;
struct protocol;
struct store;
struct str;

/* Creates every configured network; connects none. NULL and err. */
struct bridge *bridge_new(struct loop *loop, struct store *store,
			  const struct conf *conf,
			  const struct protocol *const *protocols,
			  struct error *err);

/*
 * Write down what is linked with what, take up what the outbox still holds,
 * then start every network. Returns at once.
 */
void bridge_start(struct bridge *bridge);

/*
 * Go on with another reading of the configuration. Networks and links that
 * are the same in both notice nothing. A network that differs is restarted
 * alone: its rooms and what waits for them stay. Links are changed in one
 * step, after the new ones are on disk; a channel that is in none any more is
 * left, and what waits for it is kept on disk. said gets lines for people:
 * what is being done; or, if nothing is, why. 0, or -errno: then everything
 * goes on as before.
 */
int bridge_reload(struct bridge *bridge, const struct conf *conf,
		  struct str *said);

/* What people who ask for a reload get: fn reads the file and tells them. */
void bridge_on_reload(struct bridge *bridge,
		      int (*fn)(void *arg, struct str *said), void *arg);

/*
 * Say goodbye on every network, then call fn(arg) from the loop. Whatever was
 * not settled waits on disk. Takes some seconds at most.
 */
void bridge_stop(struct bridge *bridge, void (*fn)(void *arg), void *arg);

/*
 * While the disk is full nothing is taken: what people say comes back to them
 * with the reason. What was taken is delivered and settled.
 */
void bridge_pressure(struct bridge *bridge, bool tight);

/* Only after fn of bridge_stop(), or before bridge_start(). Accepts NULL. */
void bridge_free(struct bridge *bridge);

/* What the networks are to have for files; before bridge_start(), or never. */
void bridge_set_media(struct bridge *bridge, struct media *media);

/*
 * The message with that tag (bridge/media/ticket.h) was taken back, and nobody
 * has to know that after until_ms; and if one was.
 */
void bridge_withdraw(struct bridge *bridge, uint64_t tag, int64_t until_ms);
bool bridge_is_withdrawn(struct bridge *bridge, uint64_t tag);

/* The network with that label, or NULL; for tests. */
struct network *bridge_network(struct bridge *bridge, const char *name);

/* Deliveries that are in memory and not settled, over all channels. */
size_t bridge_waiting(const struct bridge *bridge);

#endif
