/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_KEEP_H
#define BRIDGE_KEEP_H

/*
 * An event on its way to disk: what a line in a room and a private word have
 * in common. It is part of a job of intake.c or direct.c.
 */

#include "bridge/str.h"
#include "mappings/messages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct event;
struct memo;
struct netlife;

struct keeping {
	struct netlife *life; /* where it was said */
	struct event *ev;     /* only read on the store thread */
	struct event_row row; /* row.channel: where it was said */
	struct str spans, attachments;
	int64_t network;
	size_t bytes;
	bool asks;    /* whether another like it was kept */
	bool known;   /* it was on disk already */
	int64_t same; /* another bridge brought it before: which; 0: none */
};

/* Takes a reference. Gives the event its number, and the row its times. */
void keeping_init(struct keeping *k, struct netlife *life, struct event *ev,
		  int64_t number);
void keeping_finish(struct keeping *k);

/* On the store thread: write it down, or find that it is known. */
int keeping_run(struct keeping *k, struct db *db);

/* On the store thread: what an adapter wants to know again. */
int memos_write(struct db *db, int64_t network, const struct memo *memos,
		int64_t now_ms);

/* On the store thread: it ends here, and its author is to be told why. */
int keeping_refuse(struct keeping *k, struct db *db, int64_t channel,
		   const char *why);

/* The disk has it: its source may be told. */
void keeping_accepted(struct keeping *k);

/* What it counts for in a queue, in bytes. */
size_t keeping_size(const struct event *ev);

#endif
