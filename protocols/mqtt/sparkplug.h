/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_SPARKPLUG_H
#define PROTOCOLS_MQTT_SPARKPLUG_H

/*
 * The payloads of Sparkplug B (Eclipse Sparkplug 3.0, section 6.4), which are
 * protocol buffers. Read here without a compiler for them: a message is a row
 * of fields, each a number, a type of four and a value, and those that we do
 * not know are passed over. Pure; bytes come from strangers: every length is
 * compared with what is left, and there is an end to how many metrics there
 * are.
 *
 *     payload: 1 timestamp, 2 metric (repeated), 3 seq
 *     metric:  1 name, 2 alias, 3 timestamp, 4 datatype, 5 is_historical,
 *              7 is_null, 10 int, 11 long, 12 float, 13 double, 14 boolean,
 *              15 string, 16 bytes
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str;

#define SPARK_METRICS_MAX 2000
#define SPARK_NAME_MAX 300

/* What a metric is, as far as it can be shown. */
enum spark_kind {
	SPARK_NOTHING, /* null, or no value was given */
	SPARK_SIGNED,
	SPARK_UNSIGNED,
	SPARK_REAL,
	SPARK_BOOLEAN,
	SPARK_TEXT,
	SPARK_BYTES, /* also what is made of several values */
};

struct spark_metric {
	const char *name; /* borrowed, not terminated; NULL: by alias only */
	size_t name_len;
	bool has_alias;
	uint64_t alias;
	uint64_t timestamp_ms; /* 0: none */
	bool historical;       /* it is not how things are now */
	enum spark_kind kind;
	uint64_t integer; /* signed ones as two's complement; a boolean */
	double real;
	const char *text; /* borrowed, not terminated; of bytes as well */
	size_t len;
};

struct spark_head {
	uint64_t timestamp_ms;
	bool has_seq;
	uint64_t seq;
	size_t n_metrics;
};

typedef void spark_fn(void *arg, const struct spark_metric *metric);

/*
 * Calls fn, which may be NULL, for each metric in order. False, before any
 * call, if it is no such payload.
 */
bool spark_read(const void *bytes, size_t len, struct spark_head *head,
		spark_fn *fn, void *arg);

/* Append the value, as a line may hold it. */
void spark_show(struct str *out, const struct spark_metric *metric);

/* Append the payload that asks a node to say anew who it is. */
void spark_rebirth(struct str *out, uint64_t timestamp_ms);

#endif
