/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_OPERATE_H
#define BRIDGE_OPERATE_H

/*
 * What people ask of the bridge: command.c runs it, operate.c holds what the
 * core itself offers.
 */

#include "bridge/protocol.h"

#include <stdbool.h>

struct bridge;
struct netlife;

/* Run what was asked for, and tell what was answered. Calls hooks. */
void commands_work(struct bridge *bridge);

/* The network came down: what it runs is not answered any more. */
void commands_lost(struct netlife *life);
void commands_free(struct bridge *bridge);

/* A command of the core's own. */
struct own_command {
	struct command command;
	void (*run)(struct bridge *bridge, struct request *r);
	/* Optional: false where there is nothing to do. */
	bool (*offered)(struct bridge *bridge,
			const struct command_place *place);
};

/* operate.c: those; the one without a name ends them. */
extern const struct own_command own_commands[];

#endif
