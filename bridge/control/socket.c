/* SPDX-License-Identifier: MIT */
/*
 * socket.c - the file of the control socket, and the credentials of a peer.
 *
 * Between our looking at a path and our using it nobody may change it: so the
 * folder must be writable by nobody but us and root. Then there is no race to
 * lose, and bind(), chmod() and chown() one after the other are safe, the
 * more so as nobody can connect before listen().
 */

#include "bridge/control/socket.h"

#include "bridge/base.h"
#include "bridge/error.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16
#define GROUP_BUFFER (64 * 1024)

/* ---- the folder and what is in it -------------------------------------- */

static int
check_folder(const char *path, struct error *err)
{
	char *copy = xstrdup(path);
	const char *folder = dirname(copy);
	struct stat st;
	int rc = 0;

	if (stat(folder, &st) < 0)
		rc = error_set(err, errno, "the folder %s: %s", folder,
			       strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		rc = error_set(err, ENOTDIR, "%s is not a folder", folder);
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		rc = error_set(err, EPERM,
			       "the folder %s belongs to another user", folder);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		rc = error_set(err, EPERM,
			       "others may write to the folder %s; "
			       "chmod go-w %s",
			       folder, folder);
	free(copy);
	return rc;
}

/* 1: somebody answers there, 0: nobody, or -errno. */
static int
is_answered(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	rc = rc < 0 ? -errno : 0;
	(void)close(fd); /* nothing was written */
	switch (rc) {
	case 0:
	case -EAGAIN: /* so busy that it has not taken us yet */
		return 1;
	case -ECONNREFUSED:
		return 0;
	default:
		return rc;
	}
}

static int
remove_stale(const struct sockaddr_un *address, struct error *err)
{
	const char *path = address->sun_path;
	struct stat st;
	int rc;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0
				       : error_set(err, errno, "%s: %s", path,
						   strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, EEXIST,
				 "%s is there and not a socket; it was left "
				 "alone",
				 path);
	rc = is_answered(address);
	if (rc > 0)
		return error_set(err, EADDRINUSE,
				 "%s: another program answers there", path);
	if (rc == 0 && unlink(path) < 0)
		rc = -errno;
	return rc < 0 ? error_set(err, -rc, "%s: %s", path, strerror(-rc)) : 0;
}

/* ---- making it --------------------------------------------------------- */

static int
group_number(const char *name, gid_t *gid, struct error *err)
{
	struct group group, *found = NULL;
	char *buffer;
	int rc;

	*gid = getegid();
	if (!name)
		return 0;
	buffer = xcalloc(1, GROUP_BUFFER);
	rc = getgrnam_r(name, &group, buffer, GROUP_BUFFER, &found);
	if (found)
		*gid = group.gr_gid;
	free(buffer);
	if (!found)
		return error_set(err, ENOENT, "there is no group \"%s\"%s%s",
				 name, rc ? ": " : "", rc ? strerror(rc) : "");
	return 0;
}

static int
set_owner(const char *path, const char *group, gid_t gid, struct error *err)
{
	if (chmod(path, 0660) < 0)
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	if (!group || chown(path, (uid_t)-1, gid) == 0)
		return 0;
	return error_set(err, errno,
			 "%s cannot be given to the group \"%s\": %s; is the "
			 "bridge's user a member of it?",
			 path, group, strerror(errno));
}

static int
bind_there(int fd, const struct sockaddr_un *address, struct error *err)
{
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return 0;
	return error_set(err, errno, "%s: %s", address->sun_path,
			 strerror(errno));
}

static int
start_listening(int fd, const char *path, const char *group,
		struct socket_file *file, struct error *err)
{
	struct stat st;
	int rc = set_owner(path, group, file->group, err);

	if (rc < 0)
		return rc;
	if (lstat(path, &st) < 0 || listen(fd, BACKLOG) < 0)
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	file->device = st.st_dev;
	file->inode = st.st_ino;
	return 0;
}

int
socket_listen(const char *path, const char *group, struct socket_file *file,
	      struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd, rc;

	if (len >= sizeof(address.sun_path))
		return error_set(err, ENAMETOOLONG,
				 "%s: longer than the %zu bytes that a socket "
				 "may have",
				 path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, len);
	rc = group_number(group, &file->group, err);
	if (rc == 0)
		rc = check_folder(path, err);
	if (rc == 0)
		rc = remove_stale(&address, err);
	if (rc < 0)
		return rc;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, errno, "%s", strerror(errno));
	rc = bind_there(fd, &address, err);
	if (rc == 0) {
		rc = start_listening(fd, path, group, file, err);
		if (rc < 0)
			(void)unlink(path); /* the reason is known already */
	}
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}

void
socket_remove(const char *path, const struct socket_file *file)
{
	struct stat st;

	if (lstat(path, &st) == 0 && st.st_dev == file->device &&
	    st.st_ino == file->inode)
		(void)unlink(path); /* a leftover is replaced next time */
}

/* ---- who is there ------------------------------------------------------ */

/* The kernel's list, as it was when the peer connected. */
static bool
has_group(int fd, gid_t group)
{
	socklen_t len = 0;
	gid_t *groups;
	bool found = false;

	/* It may be empty, which is no error. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 ||
	    errno != ERANGE)
		return false;
	groups = xcalloc(1, len);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0)
		for (size_t i = 0; i < len / sizeof(*groups); i++)
			found = found || groups[i] == group;
	free(groups);
	return found;
}

int
socket_peer(int fd, gid_t group, struct socket_peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	peer->uid = cred.uid;
	peer->pid = cred.pid;
	peer->allowed = cred.uid == 0 || cred.uid == geteuid() ||
			cred.gid == group || has_group(fd, group);
	return 0;
}
