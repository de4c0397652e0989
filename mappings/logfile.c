/* SPDX-License-Identifier: MIT */
/*
 * logfile.c - a layer over the file of the log. See logfile.h.
 *
 * The real file lies in memory behind ours, where SQLite has made room for
 * both. Files other than the log are real ones at once.
 */

#include "mappings/logfile.h"

#include "bridge/base.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELD_MAX (64 * 1024)
#define FRAME_HEADER 24

struct layer {
	sqlite3_vfs vfs; /* a copy of the real one's, but for opening */
	sqlite3_vfs *real;
	char name[40];
};

struct log {
	sqlite3_file base;
	char *held;          /* HELD_MAX bytes, not yet in the file */
	sqlite3_int64 at;    /* where they belong */
	int len;             /* how many they are */
	bool commits;        /* the page that comes is the last of a commit */
	sqlite3_file real[]; /* one, and what more it is of its own kind */
};

static struct log *
log_of(sqlite3_file *file)
{
	return container_of(file, struct log, base);
}

static sqlite3_file *
real_of(sqlite3_file *file)
{
	return log_of(file)->real;
}

/* ---- writing ------------------------------------------------------------- */

/* What cannot be written is lost, and its commit with it. */
static int
flush(struct log *log)
{
	sqlite3_file *real = log->real;
	int len = log->len;

	log->len = 0;
	return len ? real->pMethods->xWrite(real, log->held, len, log->at)
		   : SQLITE_OK;
}

/* The header of a page says how long the database is after a commit, or 0. */
static bool
is_last_of_commit(const unsigned char *bytes, int len)
{
	return len == FRAME_HEADER &&
	       (bytes[4] | bytes[5] | bytes[6] | bytes[7]) != 0;
}

static int
on_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	struct log *log = log_of(file);
	bool ends = log->commits && len > FRAME_HEADER;
	bool last = is_last_of_commit(bytes, len);
	int rc = SQLITE_OK;

	if (log->at + log->len != at || log->len + len > HELD_MAX)
		rc = flush(log);
	if (rc != SQLITE_OK)
		return rc;
	if (len > HELD_MAX)
		return real_of(file)->pMethods->xWrite(real_of(file), bytes,
						       len, at);
	if (!log->len)
		log->at = at;
	memcpy(log->held + log->len, bytes, (size_t)len);
	log->len += len;
	log->commits = last;
	/* A header with nothing before it may be written anew, and end it. */
	return ends || (last && log->len == len) ? flush(log) : SQLITE_OK;
}

/* ---- everything else: first what is held, then as ever ---------------------
 */

static int
on_close(sqlite3_file *file)
{
	struct log *log = log_of(file);
	int rc = flush(log);
	int closed = real_of(file)->pMethods->xClose(real_of(file));

	free(log->held);
	log->held = NULL;
	return rc ? rc : closed;
}

static int
on_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
	int rc = flush(log_of(file));

	return rc ? rc
		  : real_of(file)->pMethods->xRead(real_of(file), bytes, len,
						   at);
}

static int
on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int rc = flush(log_of(file));

	return rc ? rc
		  : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int
on_sync(sqlite3_file *file, int flags)
{
	int rc = flush(log_of(file));

	return rc ? rc : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int
on_size(sqlite3_file *file, sqlite3_int64 *size)
{
	int rc = flush(log_of(file));

	return rc ? rc
		  : real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int
on_lock(sqlite3_file *file, int how)
{
	return real_of(file)->pMethods->xLock(real_of(file), how);
}

static int
on_unlock(sqlite3_file *file, int how)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), how);
}

static int
on_check_lock(sqlite3_file *file, int *locked)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file),
							   locked);
}

/* Among others, what the system said to the last write. */
static int
on_control(sqlite3_file *file, int what, void *arg)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), what, arg);
}

static int
on_sector_size(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int
on_characteristics(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/* Version 1: no shared memory and no mapping, which a log has no use for. */
static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_check_lock,
	.xFileControl = on_control,
	.xSectorSize = on_sector_size,
	.xDeviceCharacteristics = on_characteristics,
};

/* ---- opening ------------------------------------------------------------- */

static int
on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
	int *out_flags)
{
	sqlite3_vfs *real = container_of(vfs, struct layer, vfs)->real;
	struct log *log = log_of(file);
	int rc;

	if (!(flags & SQLITE_OPEN_WAL))
		return real->xOpen(real, name, file, flags, out_flags);
	*log = (struct log){ .held = NULL };
	log->real->pMethods = NULL;
	rc = real->xOpen(real, name, log->real, flags, out_flags);
	/* It says by this that it is to be closed, also when it has failed. */
	if (!log->real->pMethods)
		return rc;
	log->held = xrealloc(NULL, HELD_MAX);
	log->base.pMethods = &methods;
	return rc;
}

sqlite3_vfs *
logfile_new(void)
{
	struct layer *layer = xcalloc(1, sizeof(*layer));

	layer->real = sqlite3_vfs_find(NULL);
	assert(layer->real);
	layer->vfs = *layer->real;
	layer->vfs.pNext = NULL;
	layer->vfs.szOsFile += (int)sizeof(struct log);
	layer->vfs.xOpen = on_open;
	snprintf(layer->name, sizeof(layer->name), "causeway-%p",
		 (void *)layer);
	layer->vfs.zName = layer->name;
	if (sqlite3_vfs_register(&layer->vfs, 0) != SQLITE_OK)
		abort(); /* it cannot fail, and nothing works without */
	return &layer->vfs;
}

void
logfile_free(sqlite3_vfs *vfs)
{
	if (!vfs)
		return;
	sqlite3_vfs_unregister(vfs);
	free(container_of(vfs, struct layer, vfs));
}
