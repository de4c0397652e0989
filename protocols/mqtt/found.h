/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_FOUND_H
#define PROTOCOLS_MQTT_FOUND_H

/*
 * From what devices say of themselves to what a device is. Pure but for
 * memory, which is the pool's. What is said comes from strangers: whoever may
 * publish under the prefix can make a device, but none that listens or speaks
 * outside the topics that the operator allows, and none without bounds.
 *
 * A fact is a topic and what was published there; a convention says what it
 * means:
 *
 *     homie.c   Homie 4 and 5 (homieiot.github.io)
 *     hass.c    Home Assistant's MQTT discovery
 */

#include "conf/rules.h"

#include <stdbool.h>
#include <stddef.h>

struct pool;

#define FOUND_STATES_MAX 60
#define FOUND_SIGNS_MAX 8
#define FOUND_ORDERS_MAX 40
#define FOUND_NAME_BYTES 60

struct fact {
	const char *topic;
	const char *text;
};

/* What is known of one device, and what it may be. */
struct facts {
	const char *prefix; /* of the convention's topics */
	const char *id;     /* of the device, by the convention */
	const struct fact *all;
	size_t n;
	const struct conf_discovery *limits;
};

/* What becomes of it. */
struct found {
	struct pool *pool;
	const struct conf_discovery *limits;
	const char *title; /* what people call it; or NULL */
	struct conf_device *device;
	/* private: those of device, and of what it points to */
	struct conf_sign *signs;
	struct conf_state *states;
	const struct conf_rule **orders;
};

/* Begin one, with nothing in it. */
struct found *found_new(struct pool *pool, const struct conf_discovery *limits);

/* The text of that fact, or NULL. */
const char *fact_find(const struct facts *facts, const char *topic);

/* A topic that tells whether it is there; word: what it says then, or NULL. */
void found_sign(struct found *f, const char *topic,
		const struct conf_path *field, const char *word);

/* What of a payload. */
struct found_field {
	char pointer[200]; /* "/a/b"; "": all of it */
	int decimals;      /* -1: as they come */
};

/* A topic on which it says how it is. Label and unit may be NULL. */
void found_state(struct found *f, const char *topic, const char *label,
		 const struct found_field *field, const char *unit);

/* Something that it can be told. */
struct found_order {
	const char *name;  /* the command's, and its first word */
	const char *words; /* its parameter, "on|off", "1..5", "*"; or NULL */
	const char *topic;
	const char *send; /* without a parameter; else NULL: it is sent */
	const char *ack;  /* topic on which what was sent appears; or NULL */
	const struct conf_pair *map; /* of words that are sent */
	size_t n_map;
};

void found_order(struct found *f, const struct found_order *o);

/*
 * Append to out, of size bytes, what can be a name in an address or of a
 * command: small letters, digits and "-"; "" if nothing is left.
 */
void found_slug(char *out, size_t size, const char *text);

/* True if all of text can stand in the choices of a pattern. */
bool found_is_choice(const char *text);

/* Each returns NULL if it is none (any more), or not known enough. */
struct found *homie_build(struct pool *pool, const struct facts *facts);
struct found *hass_build(struct pool *pool, const struct facts *facts);

/* True if that is the prefix of Homie 5, else of Homie 4. */
bool homie_is_5(const char *prefix);

/*
 * To which device a configuration of Home Assistant belongs, by an id that is
 * its own; false if it is none.
 */
bool hass_device_id(const char *text, char *id, size_t size);

/* "{{ value_json.a.b | round(1) }}" as "/a/b"; false if it says more. */
bool hass_field(const char *text, struct found_field *field);

#endif
