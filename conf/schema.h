/* SPDX-License-Identifier: MIT */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

/*
 * What the file may say: one table per kind of block. The reader, the manual
 * (conf_manual()) and the guesses at misspelt words all go by these tables,
 * so they cannot disagree.
 */

#include "bridge/base.h"
#include "conf/conf.h"
#include "conf/rules.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct preset;

/* ---- what the tables fill ---------------------------------------------- */

/* Their first member is what the rest of the program sees. */

struct xmpp_block {
	struct conf_xmpp xmpp;
	struct conf_server server;
	unsigned receipts;
};

struct gateway_block {
	struct conf_gateway gateway;
	const char *const *names; /* of its networks */
	size_t n_names;
	const char *fixed; /* the name, or NULL */
};

struct irc_block {
	struct conf_irc irc;
	const struct preset *preset; /* NULL unless given */
};

struct mqtt_block {
	struct conf_mqtt mqtt;
	const char *broker;
};

struct device_block {
	const char *availability, *field, *filter, *say;
	const char *const *online;
	size_t n_online;
};

struct discovery_block {
	struct conf_discovery discovery;
	const char *const *topics;
	size_t n_topics;
};

/* Of either kind; the texts are parsed when all are there. */
struct rule_block {
	struct conf_rule rule;
	const char *const *filters;
	const char *const *map;
	const char *const *properties;
	size_t n_filters, n_map, n_properties;
	const char *say, *as, *value, *only_if;
	const char *alarm, *clear, *clear_say;
	const char *command, *topic, *send, *ack, *ack_value;
};

struct matrix_block {
	struct conf_matrix matrix;
	struct conf_server listen;
	unsigned receipts;
};

/* interval_ms, burst, puppet_connect_ms: as the preset says */
#define FROM_PRESET UINT32_MAX

/* ---- the tables -------------------------------------------------------- */

#define DAY_S (24 * 60 * 60)
#define NAME_MAX_BYTES 255
#define PATH_BYTES 4095

/* The fields of one type, so that a table cannot name another's. */
#define AT(type, member) .offset = offsetof(type, member)
#define COUNTED(type, member, count) \
	AT(type, member), .extra = offsetof(type, count)
#define TABLE(rows) .options = rows, .n = ARRAY_SIZE(rows)

enum option_type {
	OPTION_TEXT,
	OPTION_PATH, /* made absolute, or relative to our working folder */
	OPTION_COUNT,
	OPTION_BOOL,
	OPTION_SECONDS,
	OPTION_MILLISECONDS,
	OPTION_WORD,    /* one of words, stored as an unsigned */
	OPTION_LEVEL,   /* a word, and the bool at extra says it was given */
	OPTION_KINDS,   /* words, stored as 1 << value, or'ed */
	OPTION_DECIMAL, /* a double; the bool at extra says it was given */
	OPTION_TEXTS,   /* const char *const *; the count at extra */
	OPTION_SOME,    /* likewise, and one text is a list of one */
	OPTION_SECRET,  /* const struct secret * */
	OPTION_PRESET,  /* const struct preset * */
	OPTION_SERVER,  /* struct conf_server */
	OPTION_SERVERS, /* const struct conf_server *; the count at extra */
	OPTION_BLOCK,   /* known, but read by who reads the table */
};

struct option_word {
	const char *name;
	unsigned value;
};

struct option {
	const char *name;
	enum option_type type;
	bool required;
	size_t offset, extra;
	/* numbers and times in the unit of the field; texts in bytes */
	uint32_t min, max;
	/* as it would stand in the file, without quotes; NULL: none */
	const char *fallback;
	/* in the manual, where fallback alone does not say it */
	const char *fallback_note;
	const struct option_word *words; /* ended by a NULL name */
	/* NULL if the text will do, else what was expected */
	const char *(*refuse)(const char *text);
	const char *example; /* for messages; NULL: fallback */
	const char *doc;     /* one sentence */
};

extern const struct option_word tls_words[];

struct table {
	const char *title; /* in the manual */
	const char *intro; /* one sentence below it */
	const struct option *options;
	size_t n;
};

extern const struct table table_top, table_log, table_queue, table_control;
extern const struct table table_media;
extern const struct table table_network, table_xmpp, table_gateway;
extern const struct table table_irc, table_sasl, table_users, table_hosts;
extern const struct table table_matrix, table_matrix_gateway, table_mqtt;
extern const struct table table_device, table_discovery;
extern const struct table table_link, table_shared, table_member;
extern const struct table table_watch, table_order;

/* All of them, in the order of the manual; ended by NULL. */
extern const struct table *const tables[];

/* The option of that name, or NULL. */
const struct option *table_find(const struct table *table, const char *name);

/* How the manual and the messages name what kind of value is wanted. */
const char *option_type_name(enum option_type type);

/* ---- IRC networks that we know ----------------------------------------- */

struct preset {
	const char *name;
	unsigned interval_ms, burst;
	unsigned puppet_connect_ms;
};

/* Ended by a NULL name. The first holds where none is chosen. */
extern const struct preset presets[];

#endif
