/* SPDX-License-Identifier: MIT */
/*
 * memory_disk.c - a disk in memory that can lose its power. See
 * memory_disk.h.
 *
 * Each file remembers what its writes since the last sync replaced: played
 * backwards, that is the file as it was synced. What SQLite shares between
 * connections, the index of its log, lives with the open file.
 */

#include "tests/support/memory_disk.h"

#include "bridge/base.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 8
#define REGIONS_MAX 64
#define NAME_SIZE 128

/* What was at a place before; the bytes lie in the file's old ones. */
struct change {
	size_t at, len, size;
};

struct file {
	char name[NAME_SIZE]; /* "": none */
	unsigned char *data;
	size_t size, room;
	struct change *changes;
	size_t n_changes, changes_room;
	unsigned char *old;
	size_t old_len, old_room;
};

struct opened {
	sqlite3_file base;
	struct file *file;
	bool own; /* nameless: goes with it */
	void *regions[REGIONS_MAX];
};

static struct disk {
	sqlite3_vfs vfs;
	struct file files[FILES_MAX];
	bool dead; /* nothing that is written stays */
	unsigned until_failure;
	bool failed;
} * disk(void)
{
	static struct disk disk;

	return &disk;
}

/* ---- files ------------------------------------------------------------- */

static void *
grown(void *data, size_t *room, size_t needed, size_t unit)
{
	size_t n = *room ? *room : 64;

	if (needed <= *room)
		return data;
	while (n < needed)
		n *= 2;
	data = realloc(data, n * unit);
	if (!data)
		abort();
	*room = n;
	return data;
}

static void
remember(struct file *f, size_t at, size_t len)
{
	size_t there = at < f->size ? f->size - at : 0;

	if (len > there)
		len = there;
	f->changes = grown(f->changes, &f->changes_room, f->n_changes + 1,
			   sizeof(*f->changes));
	f->changes[f->n_changes++] = (struct change){ at, len, f->size };
	f->old = grown(f->old, &f->old_room, f->old_len + len, 1);
	if (len)
		memcpy(f->old + f->old_len, f->data + at, len);
	f->old_len += len;
}

static void
forget(struct file *f)
{
	f->n_changes = 0;
	f->old_len = 0;
}

static void
resize(struct file *f, size_t size)
{
	f->data = grown(f->data, &f->room, size, 1);
	if (size > f->size)
		memset(f->data + f->size, 0, size - f->size);
	f->size = size;
}

static void
take_back(struct file *f)
{
	while (f->n_changes) {
		struct change *c = &f->changes[--f->n_changes];

		f->old_len -= c->len;
		resize(f, c->size);
		if (c->len)
			memcpy(f->data + c->at, f->old + f->old_len, c->len);
	}
}

static void
release(struct file *f)
{
	free(f->data);
	free(f->changes);
	free(f->old);
	*f = (struct file){ "" };
}

static struct file *
find(const char *name)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (strcmp(disk()->files[i].name, name) == 0)
			return &disk()->files[i];
	return NULL;
}

/* ---- an open file, as SQLite wants it ---------------------------------- */

static struct opened *
opened(sqlite3_file *base)
{
	return container_of(base, struct opened, base);
}

static int
on_unmap(sqlite3_file *base, int erase UNUSED)
{
	struct opened *o = opened(base);

	for (size_t i = 0; i < REGIONS_MAX; i++) {
		free(o->regions[i]);
		o->regions[i] = NULL;
	}
	return SQLITE_OK;
}

static int
on_close(sqlite3_file *base)
{
	struct opened *o = opened(base);

	on_unmap(base, 0);
	if (!o->own)
		return SQLITE_OK;
	release(o->file);
	free(o->file);
	return SQLITE_OK;
}

static int
on_read(sqlite3_file *base, void *to, int n, sqlite3_int64 offset)
{
	struct file *f = opened(base)->file;
	size_t at = (size_t)offset;
	size_t len = (size_t)n;
	size_t there = at < f->size ? f->size - at : 0;

	if (there > len)
		there = len;
	if (there)
		memcpy(to, f->data + at, there);
	memset((char *)to + there, 0, len - there);
	return there < len ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int
on_write(sqlite3_file *base, const void *from, int n, sqlite3_int64 offset)
{
	struct opened *o = opened(base);
	struct file *f = o->file;
	size_t end = (size_t)offset + (size_t)n;

	if (!o->own && (disk()->dead || disk()->failed))
		return disk()->dead ? SQLITE_OK : SQLITE_IOERR_WRITE;
	if (!o->own)
		remember(f, (size_t)offset, (size_t)n);
	if (end > f->size)
		resize(f, end);
	memcpy(f->data + offset, from, (size_t)n);
	return SQLITE_OK;
}

static int
on_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct opened *o = opened(base);
	struct file *f = o->file;

	if (disk()->dead || disk()->failed)
		return disk()->dead ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
	if (!o->own && (size_t)size < f->size)
		remember(f, (size_t)size, f->size - (size_t)size);
	resize(f, (size_t)size);
	return SQLITE_OK;
}

static int
on_sync(sqlite3_file *base, int flags UNUSED)
{
	if (disk()->until_failure && --disk()->until_failure == 0)
		disk()->failed = true;
	if (disk()->dead || disk()->failed)
		return disk()->dead ? SQLITE_OK : SQLITE_IOERR_FSYNC;
	forget(opened(base)->file);
	return SQLITE_OK;
}

static int
on_size(sqlite3_file *base, sqlite3_int64 *size)
{
	*size = (sqlite3_int64)opened(base)->file->size;
	return SQLITE_OK;
}

static int
on_lock(sqlite3_file *base UNUSED, int level UNUSED)
{
	return SQLITE_OK;
}

static int
on_reserved(sqlite3_file *base UNUSED, int *out)
{
	*out = 0;
	return SQLITE_OK;
}

static int
on_control(sqlite3_file *base UNUSED, int op UNUSED, void *arg UNUSED)
{
	return SQLITE_NOTFOUND;
}

static int
on_sector(sqlite3_file *base UNUSED)
{
	return 4096;
}

static int
on_characteristics(sqlite3_file *base UNUSED)
{
	return 0;
}

static int
on_map(sqlite3_file *base, int region, int size, int extend,
       void volatile **out)
{
	struct opened *o = opened(base);

	*out = NULL;
	if (region >= REGIONS_MAX)
		return SQLITE_IOERR_SHMMAP;
	if (!o->regions[region] && extend)
		o->regions[region] = xcalloc(1, (size_t)size);
	*out = o->regions[region];
	return SQLITE_OK;
}

static int
on_map_lock(sqlite3_file *base UNUSED, int at UNUSED, int n UNUSED,
	    int flags UNUSED)
{
	return SQLITE_OK;
}

static void
on_barrier(sqlite3_file *base UNUSED)
{
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_lock,
	.xCheckReservedLock = on_reserved,
	.xFileControl = on_control,
	.xSectorSize = on_sector,
	.xDeviceCharacteristics = on_characteristics,
	.xShmMap = on_map,
	.xShmLock = on_map_lock,
	.xShmBarrier = on_barrier,
	.xShmUnmap = on_unmap,
};

/* ---- the disk ---------------------------------------------------------- */

static int
on_open(sqlite3_vfs *vfs UNUSED, const char *name, sqlite3_file *base,
	int flags, int *out_flags)
{
	struct opened *o = opened(base);

	*o = (struct opened){ .base.pMethods = &methods, .own = !name };
	o->file = name ? find(name) : xcalloc(1, sizeof(struct file));
	if (!o->file) {
		o->file = find(""); /* the first that is free */
		if (!o->file)
			return SQLITE_CANTOPEN;
		snprintf(o->file->name, NAME_SIZE, "%s", name);
	}
	if (out_flags)
		*out_flags = flags;
	return SQLITE_OK;
}

static int
on_delete(sqlite3_vfs *vfs UNUSED, const char *name, int sync UNUSED)
{
	struct file *f = find(name);

	if (!f)
		return SQLITE_IOERR_DELETE_NOENT;
	if (disk()->failed)
		return SQLITE_IOERR_DELETE;
	if (!disk()->dead)
		release(f);
	return SQLITE_OK;
}

static int
on_access(sqlite3_vfs *vfs UNUSED, const char *name, int flags UNUSED, int *out)
{
	*out = find(name) != NULL;
	return SQLITE_OK;
}

static int
on_full_name(sqlite3_vfs *vfs UNUSED, const char *name, int size, char *out)
{
	snprintf(out, (size_t)size, "%s", name);
	return SQLITE_OK;
}

void
memory_disk_use(void)
{
	sqlite3_vfs *vfs = &disk()->vfs;

	*vfs = *sqlite3_vfs_find(NULL); /* time, randomness */
	vfs->zName = "memory-disk";
	vfs->pNext = NULL;
	vfs->szOsFile = (int)sizeof(struct opened);
	vfs->mxPathname = NAME_SIZE - 1;
	vfs->xOpen = on_open;
	vfs->xDelete = on_delete;
	vfs->xAccess = on_access;
	vfs->xFullPathname = on_full_name;
	if (sqlite3_vfs_register(vfs, 1) != SQLITE_OK)
		abort();
}

void
memory_disk_off(void)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		take_back(&disk()->files[i]);
	disk()->dead = true;
}

void
memory_disk_freeze(void)
{
	disk()->dead = true;
}

void
memory_disk_fail(unsigned n)
{
	disk()->until_failure = n;
}

bool
memory_disk_failed(void)
{
	return disk()->failed;
}

void
memory_disk_on(void)
{
	disk()->until_failure = 0;
	disk()->failed = false;
	for (size_t i = 0; i < FILES_MAX; i++)
		forget(&disk()->files[i]);
	disk()->dead = false;
}

void
memory_disk_clear(void)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		release(&disk()->files[i]);
}
