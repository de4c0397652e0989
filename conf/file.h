/* SPDX-License-Identifier: MIT */
#ifndef CONF_FILE_H
#define CONF_FILE_H

/* Files named by the configuration: where they are, and what is in them. */

#include <stddef.h>

struct error;
struct pool;

/* The folder of path, "." if it names none; in pool. */
const char *file_dir(struct pool *pool, const char *path);

/* path itself if absolute, else path inside dir; in pool. */
const char *file_resolve(struct pool *pool, const char *dir, const char *path);

enum file_demand {
	FILE_ANY,
	/* nobody but the owner may read or write it; the owner is us or root */
	FILE_PRIVATE,
	/* its group may read it, as well; and whoever owns it is trusted */
	FILE_SHARED,
};

/*
 * The bytes of a regular file of at most max bytes, with a NUL after them:
 * the caller's to free(), the length in *len. NULL with the reason, which
 * does not name the file unless a command that would help does.
 */
char *file_read(const char *path, size_t max, enum file_demand demand,
		size_t *len, struct error *err);

/* 0 if file_read() would be able to open it, else -errno and the reason. */
int file_check(const char *path, enum file_demand demand, struct error *err);

#endif
