/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_IDENT_H
#define PROTOCOLS_IRC_IDENT_H

/*
 * An Identification server (RFC 1413): IRC servers ask who of this machine has
 * connected to them. One per address for the whole process, because servers
 * ask at one port (113); each network answers for its own connections.
 *
 * Nothing is told to who has no connection from here: a question is about the
 * asker's own end of one.
 */

#include <stdbool.h>
#include <stddef.h>

struct conf_server;
struct error;
struct ident;
struct loop;
struct sockaddr_storage;

#define IDENT_USER_MAX 64

/* Which connection: our port, and the far end. */
struct ident_query {
	unsigned local_port, remote_port;
	const struct sockaddr_storage *asker;
};

/* One who answers. Filled in, but for the private part, by its owner. */
struct ident_member {
	bool (*answer)(void *arg, const struct ident_query *query,
		       char user[IDENT_USER_MAX]);
	void *arg;
	/* private */
	struct ident *ident;
	struct ident_member *next;
};

/* -errno and err if nobody can listen there. */
int ident_join(struct ident_member *m, struct loop *loop,
	       const struct conf_server *listen, struct error *err);

/* Nothing if it has not joined. */
void ident_leave(struct ident_member *m);

/* True if fd is the connection that is asked about. */
bool ident_is_about(const struct ident_query *query, int fd);

#endif
