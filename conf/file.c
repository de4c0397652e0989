/* SPDX-License-Identifier: MIT */
/*
 * file.c - opens files that the configuration names. Only regular files: a
 * folder, a pipe or a terminal would stall or end us. A file is judged by its
 * open descriptor, so that nobody can change it between check and use.
 */

#include "conf/file.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *
file_dir(struct pool *pool, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	if (slash == path)
		return "/";

	size_t len = (size_t)(slash - path);
	char *dir = pool_alloc(pool, len + 1);

	memcpy(dir, path, len);
	return dir;
}

const char *
file_resolve(struct pool *pool, const char *dir, const char *path)
{
	if (path[0] == '/' || strcmp(dir, ".") == 0)
		return pool_strdup(pool, path);

	size_t size = strlen(dir) + strlen(path) + 2;
	char *whole = pool_alloc(pool, size);

	(void)snprintf(whole, size, "%s/%s", dir, path);
	return whole;
}

static int
check_private(const char *path, const struct stat *st, struct error *err)
{
	if (st->st_mode & 077)
		return error_set(err, EPERM,
				 "others may read or write it (mode %04o); "
				 "run: chmod 600 %s",
				 (unsigned)st->st_mode & 07777, path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return error_set(err, EPERM,
				 "it belongs to user %u, and should to us "
				 "(%u) or root; run: chown %u %s",
				 (unsigned)st->st_uid, (unsigned)geteuid(),
				 (unsigned)geteuid(), path);
	return 0;
}

static int
check_shared(const char *path, const struct stat *st, struct error *err)
{
	if (st->st_mode & 027)
		return error_set(err, EPERM,
				 "everybody may read, or others may write it "
				 "(mode %04o); run: chmod 640 %s",
				 (unsigned)st->st_mode & 07777, path);
	return 0;
}

/* The descriptor or -errno. */
static int
open_checked(const char *path, enum file_demand demand, struct stat *st,
	     struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc = 0;

	if (fd < 0)
		return error_set(err, errno, "%s", strerror(errno));
	if (fstat(fd, st) < 0)
		rc = error_set(err, errno, "%s", strerror(errno));
	else if (!S_ISREG(st->st_mode))
		rc = error_set(err, EINVAL, "it is not a regular file");
	else if (demand == FILE_SHARED)
		rc = check_shared(path, st, err);
	else if (demand == FILE_PRIVATE)
		rc = check_private(path, st, err);
	if (rc == 0)
		return fd;
	(void)close(fd);
	return rc;
}

int
file_check(const char *path, enum file_demand demand, struct error *err)
{
	struct stat st;
	int fd = open_checked(path, demand, &st, err);

	if (fd < 0)
		return fd;
	(void)close(fd);
	return 0;
}

/* Bytes read, at most size; -1 with errno. */
static ssize_t
read_all(int fd, char *bytes, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, bytes + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

char *
file_read(const char *path, size_t max, enum file_demand demand, size_t *len,
	  struct error *err)
{
	struct stat st;
	int fd = open_checked(path, demand, &st, err);

	if (fd < 0)
		return NULL;

	/* One more than allowed, to notice what is longer. */
	char *bytes = xcalloc(1, max + 2);
	ssize_t n = read_all(fd, bytes, max + 1);

	if (n < 0)
		(void)error_set(err, errno, "%s", strerror(errno));
	else if ((size_t)n > max)
		(void)error_set(err, EFBIG, "it is longer than %zu bytes", max);
	(void)close(fd);
	if (n >= 0 && (size_t)n <= max) {
		*len = (size_t)n;
		return bytes;
	}
	explicit_bzero(bytes, max + 1);
	free(bytes);
	return NULL;
}
