/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_HELD_H
#define PROTOCOLS_XMPP_HELD_H

/*
 * Deliveries that wait until their files are at the upload service, and all
 * behind them in their channel. They are kept here, so that waiting costs no
 * row on disk.
 */

#include "bridge/protocol.h"

#include <stdbool.h>

struct xmpp;

/* True if d waits: its file is on its way, or others of its channel wait. */
bool held_take(struct xmpp *x, struct delivery *d);

/* Give d back, and with it those of its channel that wait. */
void held_later(struct xmpp *x, struct delivery *d, const char *why);

/* Give back those of that channel that wait. */
void held_give_back(struct xmpp *x, const struct channel *ch, const char *why);

/* Forget those of that channel, or all (NULL), without a word. */
void held_forget(struct xmpp *x, const struct channel *ch);

#endif
