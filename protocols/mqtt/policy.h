/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MQTT_POLICY_H
#define PROTOCOLS_MQTT_POLICY_H

/*
 * Which values of a topic are worth a line, and when. Pure: time is handed
 * in. One struct policy per rule and topic, one struct bucket per rule.
 */

#include "conf/rules.h"

#include <stdbool.h>
#include <stdint.h>

struct reading;

/* A value, as far as telling it from another one needs. */
struct mark {
	bool is_number;
	double number;
	uint64_t hash; /* the same in every run */
};

struct mark mark_of(const struct reading *value);

struct policy {
	bool known;       /* last is set; or the state of the alarm */
	struct mark last; /* the value shown last, or remembered as such */
	bool shown;
	int64_t shown_ms;
	bool keeps; /* something waits to be shown */
	struct mark kept;
	/* digest */
	unsigned n, n_numbers;
	double min, max, sum;
	int64_t from_ms;
	/* alarm */
	bool holds, on;
	int64_t since_ms, said_ms;
};

enum verdict {
	VERDICT_DROP,
	VERDICT_SHOW,
	/* Later: keep the line, it replaces the one kept before; *wait_ms. */
	VERDICT_KEEP,
};

enum verdict policy_value(const struct conf_watch *w, struct policy *p,
			  struct mark value, int64_t now_ms, int64_t *wait_ms);

/* Note it as the last value, without a line. */
void policy_remember(struct policy *p, struct mark value);

/* In how long what is kept is to be shown; -1: nothing is kept. */
int64_t policy_wait(const struct conf_watch *w, const struct policy *p,
		    int64_t now_ms);

/* The time is over: what was kept is shown now. False if nothing was. */
bool policy_due(struct policy *p, int64_t now_ms);

enum alarm {
	ALARM_QUIET,
	ALARM_BEGINS,
	ALARM_LASTS, /* say it again */
	ALARM_OVER,
};

/* What the latest value means. */
struct alarm_sign {
	bool holds, clears;
};

/*
 * A value came (sign), or the time of the step before is over (NULL). *wait_ms:
 * when to step again without a value; -1: not by itself.
 */
enum alarm alarm_step(const struct conf_watch *w, struct policy *p,
		      const struct alarm_sign *sign, int64_t now_ms,
		      int64_t *wait_ms);

/* So many lines in a minute; half a minute's worth at once. */
struct bucket {
	bool used;
	double lines;
	int64_t at_ms;
};

bool bucket_take(struct bucket *b, unsigned per_minute, int64_t now_ms);

#endif
