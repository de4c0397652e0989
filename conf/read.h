/* SPDX-License-Identifier: MIT */
#ifndef CONF_READ_H
#define CONF_READ_H

/*
 * Reads a block by its table: what it may hold, of which type, in which
 * range. A mistake is reported and the option keeps its default, so that one
 * run finds them all.
 */

#include "conf/conf.h"

#include <libconfig.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf_irc;
struct gateway_block;
struct pool;
struct report;
struct secret;
struct table;

struct reader {
	struct pool *pool; /* for whatever is read */
	struct report *report;
	struct conf *conf; /* owns the secrets */
	/* Beside conf->networks: what gateways and links still change. */
	struct gateway_block **gateways; /* NULL: is none */
	struct conf_irc **ircs;          /* NULL: is none */
	const char *file; /* of what libconfig names no file for */
	const char *dir;  /* relative paths begin here */
	bool registering; /* the registrations are not there yet */
};

/* A table and the struct that its offsets are in. */
struct part {
	const struct table *table;
	void *base;
};

/* Valid as long as the reader's pool. */
struct conf_where read_where(struct reader *r, const config_setting_t *s);

/* The place of an option if it is in the block, else of the block. */
struct conf_where read_where_of(struct reader *r, const config_setting_t *block,
				const char *name);

/* Set every field of the table to its default. */
void read_defaults(struct reader *r, struct part part);

/*
 * Read all options of a block; unknown and missing ones are reported. what
 * names the block in messages: network "libera". Fields of options that are
 * not there are left alone.
 */
void read_block(struct reader *r, const config_setting_t *block,
		const struct part *parts, size_t n_parts, const char *what);

/*
 * The member of that name if it is a block (struct { }); NULL if it is not
 * there, and NULL with a message if it is something else.
 */
config_setting_t *read_group(struct reader *r, const config_setting_t *block,
			     const char *name);

/* Report what is wrong with a value: "NAME": expected WANT, found ... */
void read_wrong(struct reader *r, const config_setting_t *s, const char *name,
		const char *want);

/* Keeps a secret as long as the configuration. */
void read_keep_secret(struct reader *r, struct secret *secret);

/* Copies into the reader's pool; text with two quotation marks round it. */
const char *read_quote(struct reader *r, const char *before, const char *name);

#endif
