/* SPDX-License-Identifier: MIT */
#ifndef TESTS_POWER_DISK_H
#define TESTS_POWER_DISK_H

/*
 * A disk that remembers and that fails: a shared library that stands between
 * a program (and the libraries it uses) and the system calls on files. A test
 * links with it, or any program is started with it in LD_PRELOAD.
 *
 * It remembers if the environment has POWER_FOLDER, an absolute path without
 * symbolic links, and POWER_LOG, a file outside of it: what happens to files
 * directly in that folder is appended to the log, as records, each with one
 * system call after what it tells of has happened. FILE-shm and FILE.lock are
 * left out: they mean nothing after a loss of power.
 *
 * It fails where a test asked for it with the functions below.
 */

#include <stddef.h>
#include <stdint.h>

#define DISK_NAME_MAX 40

enum disk_op {
	DISK_CREATE, /* the name is new in the folder */
	DISK_UNLINK,
	DISK_RENAME, /* data: the new name */
	DISK_WRITE,  /* data */
	DISK_TRUNCATE,
	DISK_SYNC,
	DISK_SYNC_FAILED, /* what was not written yet never will be */
	DISK_SYNC_FOLDER,
	DISK_MARK, /* data: a struct disk_mark */
};

struct disk_record {
	uint32_t op;
	uint32_t length; /* of the data that follows, then to 8 bytes */
	int64_t offset;  /* DISK_TRUNCATE: the new size */
	char name[DISK_NAME_MAX];
};

/* What a program knows about its own data at that moment. */
enum disk_fact {
	MARK_OPENED,  /* event: generation */
	MARK_KEPT,    /* committed: event with n deliveries */
	MARK_SETTLE,  /* from now on event may be settled in channel */
	MARK_SETTLED, /* committed */
	MARK_PRUNE,   /* from now on settled events below may go */
};

struct disk_mark {
	int64_t fact;
	int64_t event;
	int64_t channel;
	int64_t n;
};

void disk_mark(enum disk_fact fact, int64_t event, int64_t channel, int64_t n);

/*
 * End the process at once, but between two records: whoever comes next must
 * not find on the disk what the log does not know.
 */
_Noreturn void disk_exit(int status);

/*
 * Of the calls of that kind (DISK_WRITE, DISK_SYNC, DISK_CREATE for any open
 * that may write, DISK_TRUNCATE) on files whose path ends so, let the first
 * ones pass and fail the next ones with that errno. One plan at a time; a
 * count of 0 ends it.
 */
void disk_fail(enum disk_op what, const char *suffix, int code, unsigned pass,
	       unsigned count);

/* As often as given, again and again: pass, fail one, pass, fail one, ... */
void disk_fail_every(enum disk_op what, const char *suffix, int code,
		     unsigned pass);

/* How many calls were made to fail. */
unsigned disk_failures(void);

/*
 * The files of that folder may take so many bytes together; beyond is ENOSPC.
 * 0 ends it.
 */
void disk_limit(const char *folder, size_t bytes);

#endif
