/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_ENDING_H
#define BRIDGE_ENDING_H

#include "mappings/queue.h"

#include <stdbool.h>
#include <stddef.h>

struct item;

/*
 * Write down what became of item: its state, the ids that it has there (n,
 * may be none), and why (may be NULL). All is copied; the item may be freed.
 */
void ending_put(struct item *item, enum delivery_state state,
		const char *const *ids, size_t n, const char *why);

/* True if somebody is to be told of that end. */
bool ending_is_owed(const struct item *item, enum delivery_state state);

#endif
