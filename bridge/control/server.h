/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_CONTROL_SERVER_H
#define BRIDGE_CONTROL_SERVER_H

/*
 * The control socket: a UNIX stream socket on which an operator's program
 * sends one request a line and gets one answer a line (verbs.h), in order.
 *
 * Who may: root, the user that we run as, and members of the socket's group,
 * as the kernel tells (SO_PEERCRED, SO_PEERGROUPS). The mode of the socket,
 * 0660, says the same to those who try to connect; anybody else who gets
 * through is told so in one line, and logged.
 *
 * Nobody can hold up the bridge: everything is done by the loop, a client has
 * one request worked on at a time, the next is not read before the answer was
 * taken, and whoever neither asks nor takes anything for a minute is gone.
 */

#include <stdint.h>

struct bridge;
struct control;
struct error;
struct loop;

#define CONTROL_CLIENTS_MAX 16
#define CONTROL_IDLE_MS 60000

struct control_options {
	const char *path;  /* of the socket; at most 107 bytes */
	const char *group; /* its group; NULL: our own */
	int64_t idle_ms;   /* 0: CONTROL_IDLE_MS */
};

/*
 * Listen. The folder must exist, belong to us or root, and be writable by
 * nobody else. A socket that is there already is replaced if nobody answers
 * at it; anything else that is there is left alone. The loop must be a real
 * one. Borrows loop and bridge; copies the options. NULL and err.
 */
struct control *control_new(struct loop *loop, struct bridge *bridge,
			    const struct control_options *options,
			    struct error *err);

/* Ends every conversation and removes the socket. Accepts NULL. */
void control_free(struct control *control);

#endif
