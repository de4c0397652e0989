/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MATRIX_DESK_H
#define PROTOCOLS_MATRIX_DESK_H

/*
 * The bot as a door for commands (bridge/command.h): what somebody writes to
 * it in a direct chat.
 *
 *     help                                   what can be asked
 *     [PLACE] COMMAND [KEY=VALUE ...]        do that
 *
 * PLACE is a network of the gateway ("libera"), a channel or a person there
 * ("libera/#dev"), or left out: the bridge. A value with blanks stands in
 * quotation marks; a key that is written twice has two lines. A command that
 * needs more answers with what it needs.
 */

#include "bridge/protocol.h"

#include <stdbool.h>
#include <stddef.h>

#define DESK_LINE_MAX 8192
#define DESK_GIVEN_MAX 100

struct desk_words {
	char *network, *name; /* of the place, or NULL */
	char *command;        /* NULL: none */
	struct given given[DESK_GIVEN_MAX];
	size_t n;
	bool stray; /* something that is neither */
};

typedef bool desk_is_network(void *arg, const char *label);

/* Pure. Everything can be read; finish in every case. */
void desk_words_read(struct desk_words *w, const char *text,
		     desk_is_network *is_network, void *arg);
void desk_words_finish(struct desk_words *w);

#endif
