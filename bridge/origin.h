/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_ORIGIN_H
#define BRIDGE_ORIGIN_H

/*
 * What a message that a bridge relays says about itself, in band: which
 * message it is, wherever it is seen, and through which bridges it came. Pure.
 *
 *     0f3a5c7e91b2d4f6:8c1d00aa5b6e7f42,11d2e3f4a5b6c7d8
 *     id, same for all copies  the bridges, first relay first
 *
 * Where the network that the message was said on gives it an id, the id here
 * is made from that one, so that two bridges which hear it in the same room
 * name it alike; elsewhere it is the first bridge's own. On networks that
 * cannot carry it nothing is lost but the mark.
 *
 * Anybody can write such a mark. So it is believed only where that can hurt
 * nobody else: it makes a bridge drop the message that carries it, never
 * another one; see bridge/fence.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct str;

#define ORIGIN_ID_MAX 32
#define ORIGIN_VIA_MAX 200
#define ORIGIN_MAX (ORIGIN_ID_MAX + 1 + ORIGIN_VIA_MAX)

/*
 * Set ev's origin and via from what came over the wire, if it has that form;
 * true if it has.
 */
bool origin_read(struct event *ev, const char *wire);

/* As it goes over the wire, with this bridge as the last. via may be NULL. */
void origin_write(struct str *out, const char *id, const char *via,
		  const char *bridge);

/* The same for one of the lines that a message was cut into; part >= 1. */
void origin_write_part(struct str *out, const char *wire, unsigned part);

/* True if bridge is one of those in via; how many there are. NULL is none. */
bool origin_passed(const char *via, const char *bridge);
unsigned origin_hops(const char *via);

/*
 * The id of a message that the channel called where knows by key. The same in
 * every bridge, so not a secret: who can see key can compute it.
 */
void origin_name(struct str *out, const char *where, const char *key);

/* 16 letters that stand for a text; alike in every bridge. */
void origin_digest(struct str *out, const char *text);

#endif
