/* SPDX-License-Identifier: MIT */
#ifndef CONF_RULES_H
#define CONF_RULES_H

/*
 * What an MQTT network is, and the rules by which topics become lines in a
 * room and lines become commands, as the configuration gives them: templates,
 * conditions and patterns are parsed, so that whoever uses them cannot meet
 * one that is wrong.
 */

#include "conf/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str;

struct conf_device;
struct conf_rule;

/* ---- the network ------------------------------------------------------- */

enum conf_mqtt_version {
	CONF_MQTT_AUTO, /* 5, and 3.1.1 if the broker does not know it */
	CONF_MQTT_5,
	CONF_MQTT_3,
};

/* Which devices may make themselves known. */
struct conf_discovery {
	struct conf_where where;
	/* Prefixes of topics; NULL: not by that convention. */
	const char *homie, *home_assistant, *sparkplug;
	const char *const *topics; /* filters: nothing outside is touched */
	size_t n_topics;
	bool rebirth; /* ask nodes of Sparkplug to say anew who they are */
	unsigned max; /* devices */
	const char *const *who; /* may tell them what to do */
	size_t n_who;
};

struct conf_mqtt {
	const char *host;
	unsigned port;
	bool encrypted;
	enum conf_tls tls; /* VERIFY or INSECURE, if encrypted */
	enum conf_mqtt_version version;
	const char *user;              /* or NULL */
	const struct secret *password; /* or NULL */
	const char *ca_file;           /* NULL: the system's */
	const char *cert_file, *key_file;
	const char *client_id;   /* unique on its broker */
	const char *base;        /* of the topics that are our own */
	unsigned session_s;      /* how long the broker keeps it for us */
	unsigned keep_alive_s;   /* quiet time before the broker is asked */
	unsigned window;         /* unconfirmed messages to one channel */
	unsigned receive_max;    /* unconfirmed messages from the broker */
	unsigned packet_max_kib; /* what is larger is not sent to us */
	unsigned topics_max;     /* whose last value is remembered */
	const struct conf_device *devices; /* who can be contacts */
	size_t n_devices;
	const struct conf_discovery *discovery; /* or NULL */
};

/* ---- templates --------------------------------------------------------- */

/* One step from a JSON value into it. */
struct conf_step {
	const char *key; /* of an object */
	bool is_index;   /* index may be meant, too */
	unsigned index;
};

/* "sensors[0].t" or "/sensors/0/t"; no steps: the value itself. */
struct conf_path {
	const struct conf_step *steps;
	size_t n;
};

enum conf_piece_kind {
	PIECE_TEXT,  /* as it stands */
	PIECE_LEVEL, /* {2}: of the topic; in a command the parameter */
	PIECE_REST,  /* {#}: what a # in the filter matched */
	PIECE_TOPIC, /* {topic} */
	PIECE_VALUE, /* {value}: the rule's, mapped to words */
	PIECE_FIELD, /* {temp}: of the JSON payload */
	PIECE_NAME,  /* {name}: the rule's */
	PIECE_TIME,  /* {time}: when it came, UTC */
};

struct conf_piece {
	enum conf_piece_kind kind;
	const char *text;
	unsigned number;       /* PIECE_LEVEL: from 1 */
	struct conf_path path; /* PIECE_FIELD */
	int decimals;          /* "{temp:.1}"; -1: as the number is */
	bool is_time;          /* "{ts:time}": seconds since 1970 */
};

/* n is 0 where there is none. */
struct conf_say {
	const struct conf_piece *pieces;
	size_t n;
};

/* ---- conditions -------------------------------------------------------- */

enum conf_compare {
	COMPARE_EQUAL,
	COMPARE_UNEQUAL,
	COMPARE_LESS,
	COMPARE_LESS_EQUAL,
	COMPARE_MORE,
	COMPARE_MORE_EQUAL,
};

struct conf_test {
	bool is_value; /* of {value}; else of the field at path */
	struct conf_path path;
	enum conf_compare compare;
	bool is_number;
	double number;
	const char *text;
};

/* All of them hold; n is 0 where there is no condition. */
struct conf_condition {
	const struct conf_test *tests;
	size_t n;
};

/* ---- commands ---------------------------------------------------------- */

enum conf_word_kind {
	WORD_LITERAL, /* stands as it is */
	WORD_FREE,    /* {1} */
	WORD_CHOICE,  /* {open|closed} */
	WORD_NUMBER,  /* {10..30} */
	WORD_REST,    /* {*}: all that follows */
};

struct conf_word {
	enum conf_word_kind kind;
	const char *text;           /* literal */
	const char *const *choices; /* choice */
	size_t n_choices;
	double min, max; /* number */
};

/* The words of a line; all but the literal ones are parameters, from 1. */
struct conf_pattern {
	const char *text; /* as configured */
	const struct conf_word *words;
	size_t n;
	unsigned n_params;
};
#define PARAMS_MAX 9
#define CHOICES_MAX 32 /* of one word */

/* ---- rules ------------------------------------------------------------- */

/* "closed" for "0"; also a user property and its value. */
struct conf_pair {
	const char *from, *to;
};

enum conf_payload {
	CONF_PAYLOAD_AUTO,
	CONF_PAYLOAD_TEXT,
	CONF_PAYLOAD_NUMBER,
	CONF_PAYLOAD_JSON,
};

/* What to do with what the broker kept (retained) when we subscribe. */
enum conf_retained {
	CONF_RETAINED_REMEMBER, /* as the last value, without saying it */
	CONF_RETAINED_SHOW,
	CONF_RETAINED_IGNORE,
};

/* From a topic to the room. */
struct conf_watch {
	const char *const *filters;
	size_t n_filters;
	enum conf_payload payload;
	struct conf_path value; /* what {value} is */
	const struct conf_pair *map;
	size_t n_map;
	struct conf_say say;
	struct conf_say as; /* who speaks; none: the bridge */
	struct conf_condition only_if;
	bool on_change;
	double dead_band; /* with on_change: a smaller change is none */
	unsigned every_s; /* 0: as they come */
	unsigned digest_s;
	unsigned per_minute; /* lines of the whole rule */
	enum conf_retained retained;
	/* An alarm: say when it begins, clear_say when it ends. */
	struct conf_condition alarm, clear;
	struct conf_say clear_say;
	unsigned hold_s, repeat_s;
	const char *const *mention;
	size_t n_mention;
};

/* From the room to a topic. */
struct conf_order {
	struct conf_pattern pattern;
	struct conf_say topic; /* of texts and parameters */
	struct conf_say send;
	struct conf_say ack;   /* topic that shows that it was done, or none */
	struct conf_say value; /* what is to be there, or none: anything */
	bool respond;          /* the device answers (response topic, MQTT 5) */
	unsigned timeout_s;
	unsigned qos, expiry_s;
	bool retain;
	const struct conf_pair *map; /* of words that are sent */
	size_t n_map;
	const struct conf_pair *properties;
	size_t n_properties;
	const char *const *who; /* "*", a rank, or an account */
	size_t n_who;
};

struct conf_rule {
	const char *name;
	struct conf_where where;
	const char *network; /* label */
	bool is_order;
	/* the one that it is */
	struct conf_watch watch;
	struct conf_order order;
};

/* A topic that tells whether a device is there. */
struct conf_sign {
	const char *topic;      /* NULL: it is told in another way */
	struct conf_path field; /* of that payload, if it is JSON */
	const char *const
		*online; /* words that mean that it is; 0: usual ones */
	size_t n_online;
};

/* Topics on which a device says how it is. */
struct conf_state {
	const char *filter; /* NULL: it is told in another way */
	const char *label;  /* before the line, if there are several; or NULL */
	struct conf_say say;
};

/* Something that people elsewhere can have among their contacts. */
struct conf_device {
	const char *name; /* its address is NAME%LABEL@COMPONENT */
	const struct conf_sign *signs;
	size_t n_signs; /* 0: it is there when it speaks */
	bool any_sign;  /* one of them is enough; else all must say so */
	const struct conf_state *states;
	size_t n_states;
	const struct conf_rule *const *orders; /* what it can be told */
	size_t n_orders;
};

/* Those of one link on one network. */
struct conf_rules {
	const char *link;
	const struct conf_rule *const *rules;
	size_t n;
	size_t n_orders;
};

/* "voice", "op", "admin", "owner" as an enum rank, or -1. */
int conf_rank(const char *word);

#endif
