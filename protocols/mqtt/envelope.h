/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_ENVELOPE_H
#define PROTOCOLS_MQTT_ENVELOPE_H

/*
 * One event of a room as a JSON object, and back. Pure.
 *
 *   {"v":1, "id":"...", "kind":"text", "ts":"2026-07-01T10:00:00.123Z",
 *    "from":{"id":"...","network":"libera","name":"ann"},
 *    "text":"hi", "reply_to":"..."}
 *
 * kind is text, emote, notice, edit (with "replaces"), retract, react, unreact
 * (with "target"; a reaction is "mark") or subject. What is written can be read
 * back. Whoever writes one may leave out all but kind and text, or write plain
 * text instead of JSON.
 */

#include "bridge/event.h"

#include <stddef.h>

struct str;

#define ENVELOPE_MAX (256 * 1024)

/* What the event itself does not know. */
struct envelope {
	const char *id;              /* of the message, on this network */
	const char *target, *parent; /* ids there, or NULL */
	const char *network;         /* label of where it was said, or NULL */
	const char *origin;          /* bridge/origin.h, or NULL */
	const char *name;            /* of who speaks, as shown there */
};

void envelope_write(struct str *out, const struct event *ev,
		    const struct envelope *e);

/*
 * What somebody published to be said; without sender, channel and time. One
 * reference, the caller's; NULL, and *why, if it cannot be understood. name is
 * the one that stands in it, valid as long as the event, or NULL.
 */
struct event *envelope_read(const void *bytes, size_t len, const char **name,
			    const char **why);

/* {"name":"ann","network":"libera","show":"online","status":""} */
void envelope_member(struct str *out, const char *network, const char *name,
		     enum presence_show show, const char *status);

#endif
