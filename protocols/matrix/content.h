/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MATRIX_CONTENT_H
#define PROTOCOLS_MATRIX_CONTENT_H

/*
 * Room events as JSON, to and from the canonical event (client-server API,
 * "Instant messaging" and what follows). Pure.
 */

#include "bridge/event.h"

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>

/* Says which message a relayed one is; bridge/origin.h. */
#define CONTENT_ORIGIN "causeway.origin"

/* Bytes of body and formatted_body together; an event may have 65 536. */
#define CONTENT_TEXT_MAX 40000

/* The member if it is a string without NUL, else NULL. obj may be anything. */
const char *content_string(const json_t *obj, const char *key);

/* The member if it is an object, else NULL. */
const json_t *content_object(const json_t *obj, const char *key);

/* The member if it is a whole number, else other. */
int64_t content_number(const json_t *obj, const char *key, int64_t other);

/*
 * The event that a room event makes: EVENT_MESSAGE, EVENT_EDIT,
 * EVENT_REDACTION, EVENT_REACTION, EVENT_TOPIC, EVENT_NAME or EVENT_PICTURE, of
 * which the text is an mxc: address. NULL if it says nothing that
 * a bridge carries; *why is then set if its author should be told, else NULL.
 * The caller sets sender, channel and to. One reference.
 */
struct event *content_to_event(const json_t *ev, const char **why);

/*
 * Take an address of media apart: its server is the n bytes at *server. False
 * if it is none, or one that could be taken for another path.
 */
bool content_mxc(const char *url, const char **server, size_t *n,
		 const char **id);

/* Say in ev's words which files it has, and take them out of it. */
void content_tell_files(struct event *ev);

/* Of a redaction: the id of the event that it takes back, or NULL. */
const char *content_redacted(const json_t *whole);

/* Who goes by a name in a room; NULL: nobody whom a mention would reach. */
typedef const char *content_who(void *arg, const char *name, size_t n);

/* A file that the homeserver has. */
struct content_file {
	const char *mxc, *name, *mime;
	int64_t size;
	unsigned width, height; /* or 0 */
};

struct content_form {
	const char *target; /* of an edit or reaction, in this room's ids */
	const char *parent; /* of a reply, or NULL */
	const char *origin; /* bridge/origin.h, or NULL */
	const struct content_file *file; /* the event's first one; or NULL */
	content_who *who;                /* NULL: nobody is mentioned */
	void *arg;
};

/*
 * The content of the event to send for a message, edit, reaction or topic;
 * *type is its type. Owned by the caller. NULL if there is no form for it.
 */
json_t *content_from_event(const struct event *ev,
			   const struct content_form *form, const char **type);

#endif
