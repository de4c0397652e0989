/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_CONTROL_SOCKET_H
#define BRIDGE_CONTROL_SOCKET_H

/* A UNIX socket that nobody else can have put there; and who is behind it. */

#include <stdbool.h>
#include <sys/types.h>

struct error;

/* What was made, so that nothing else is removed. */
struct socket_file {
	dev_t device;
	ino_t inode;
	gid_t group;
};

/*
 * Bind to path and listen, mode 0660, owned by group (NULL: ours); see
 * control_new() for what may be there. The descriptor, non-blocking and
 * closed on exec, or -errno and err.
 */
int socket_listen(const char *path, const char *group, struct socket_file *file,
		  struct error *err);

/* Remove it, if it is still the one that was made. */
void socket_remove(const char *path, const struct socket_file *file);

/* Who is at the other end. */
struct socket_peer {
	uid_t uid;
	pid_t pid;
	bool allowed; /* root, ourselves, or a member of that group */
};

/* 0 or -errno. */
int socket_peer(int fd, gid_t group, struct socket_peer *peer);

#endif
