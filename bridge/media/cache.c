/* SPDX-License-Identifier: MIT */
/*
 * cache.c - files on disk, bounded. See cache.h.
 *
 * A file is called TAG-ITEM-SIZE, all in hexadecimal, and TAG-ITEM.part until
 * it is whole. One whose size is not what its name says was cut by a crash of
 * the machine. When it was last used is its time of modification.
 */

#include "bridge/media/cache.h"

#include "bridge/base.h"
#include "bridge/error.h"

#include <openssl/evp.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#define NAME_BYTES 80
#define PART ".part"

struct entry {
	struct cache_key key;
	int64_t size;
	struct timespec used;
	struct entry *prev, *next;
};

struct cache_part {
	struct cache *cache;
	struct cache_key key;
	int fd;
	int64_t size;
};

struct cache {
	int folder;
	int64_t bytes_max, file_max, bytes;
	struct entry *entries; /* utlist; the oldest first */
};

/* ---- names ----------------------------------------------------------------
 */

static void
stem(char *out, const struct cache_key *key)
{
	int n = snprintf(out, NAME_BYTES, "%016" PRIx64 "-", key->tag);

	for (size_t i = 0; i < sizeof(key->item); i++)
		n += snprintf(out + n, NAME_BYTES - (size_t)n, "%02x",
			      key->item[i]);
}

static void
part_name(char *out, const struct cache_key *key)
{
	stem(out, key);
	memcpy(out + strlen(out), PART, sizeof(PART));
}

static void
entry_name(char *out, const struct entry *e)
{
	stem(out, &e->key);
	size_t n = strlen(out);

	(void)snprintf(out + n, NAME_BYTES - n, "-%" PRIx64, e->size);
}

static bool
parse_name(struct entry *e, const char *name)
{
	char item[33];
	int end = 0;
	char again[NAME_BYTES];

	if (sscanf(name, "%16" SCNx64 "-%32[0-9a-f]-%" SCNx64 "%n", &e->key.tag,
		   item, (uint64_t *)&e->size, &end) != 3 ||
	    strlen(item) != 32)
		return false;
	for (size_t i = 0; i < sizeof(e->key.item); i++) {
		unsigned byte = 0;

		(void)sscanf(item + 2 * i, "%2x", &byte);
		e->key.item[i] = (unsigned char)byte;
	}
	entry_name(again, e);
	return strcmp(again, name) == 0;
}

void
cache_key_make(struct cache_key *key, uint64_t tag, const char *from,
	       const char *item)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) ||
	    !EVP_DigestUpdate(ctx, from, strlen(from) + 1) ||
	    !EVP_DigestUpdate(ctx, item, strlen(item)) ||
	    !EVP_DigestFinal_ex(ctx, digest, NULL))
		abort();
	EVP_MD_CTX_free(ctx);
	key->tag = tag;
	memcpy(key->item, digest, sizeof(key->item));
}

/* ---- what is there --------------------------------------------------------
 */

static bool
is_same(const struct cache_key *a, const struct cache_key *b)
{
	return a->tag == b->tag &&
	       memcmp(a->item, b->item, sizeof(a->item)) == 0;
}

static struct entry *
find(struct cache *c, const struct cache_key *key)
{
	struct entry *e;

	DL_FOREACH(c->entries, e)
	if (is_same(&e->key, key))
		return e;
	return NULL;
}

static void
evict(struct cache *c, struct entry *e)
{
	char name[NAME_BYTES];

	entry_name(name, e);
	(void)unlinkat(c->folder, name, 0); /* it may be gone already */
	c->bytes -= e->size;
	DL_DELETE(c->entries, e);
	free(e);
}

static int
make_room(struct cache *c, int64_t n)
{
	while (c->bytes + n > c->bytes_max && c->entries)
		evict(c, c->entries);
	return c->bytes + n > c->bytes_max ? -ENOSPC : 0;
}

static int
by_age(struct entry *a, struct entry *b)
{
	if (a->used.tv_sec != b->used.tv_sec)
		return a->used.tv_sec < b->used.tv_sec ? -1 : 1;
	return a->used.tv_nsec < b->used.tv_nsec
		       ? -1
		       : a->used.tv_nsec > b->used.tv_nsec;
}

static bool
has_end(const char *name, const char *end)
{
	size_t n = strlen(name);
	size_t k = strlen(end);

	return n > k && strcmp(name + n - k, end) == 0;
}

static void
load_one(struct cache *c, const char *name)
{
	struct entry e = { 0 };
	struct stat st;
	bool ours = parse_name(&e, name);

	if (!ours && !has_end(name, PART))
		return; /* somebody else's */
	if (!ours || fstatat(c->folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode) || st.st_size != e.size) {
		(void)unlinkat(c->folder, name, 0);
		return;
	}
	struct entry *copy = xcalloc(1, sizeof(*copy));

	e.used = st.st_mtim;
	*copy = e;
	c->bytes += e.size;
	DL_APPEND(c->entries, copy);
}

static int
load(struct cache *c)
{
	int fd = dup(c->folder);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return -errno;
	}
	while ((d = readdir(dir)))
		load_one(c, d->d_name);
	(void)closedir(dir); /* it was only read */
	DL_SORT(c->entries, by_age);
	return make_room(c, 0);
}

/* ---- use -------------------------------------------------------------------
 */

int
cache_open(struct cache *c, const struct cache_key *key, int64_t *size)
{
	static const struct timespec now[2] = { { 0, UTIME_OMIT },
						{ 0, UTIME_NOW } };
	struct entry *e = find(c, key);
	char name[NAME_BYTES];
	int fd;

	if (!e)
		return -1;
	entry_name(name, e);
	fd = openat(c->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		evict(c, e); /* an operator removed it */
		return -1;
	}
	*size = e->size;
	(void)futimens(fd, now); /* only its age is wrong then */
	DL_DELETE(c->entries, e);
	DL_APPEND(c->entries, e);
	return fd;
}

struct cache_part *
cache_begin(struct cache *c, const struct cache_key *key)
{
	char name[NAME_BYTES];
	int fd;

	part_name(name, key);
	(void)unlinkat(c->folder, name, 0);
	fd = openat(c->folder, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return NULL;
	struct cache_part *p = xcalloc(1, sizeof(*p));
	p->cache = c;
	p->key = *key;
	p->fd = fd;
	return p;
}

/* A full disk has room again when a file of ours has gone. */
static int
write_some(struct cache_part *p, const char *bytes, size_t n)
{
	struct cache *c = p->cache;

	while (n) {
		ssize_t done = write(p->fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == ENOSPC && c->entries) {
			evict(c, c->entries);
			continue;
		}
		if (done < 0)
			return -errno;
		bytes += done;
		n -= (size_t)done;
	}
	return 0;
}

int
cache_add(struct cache_part *p, const void *bytes, size_t n)
{
	struct cache *c = p->cache;
	int rc;

	if (p->size + (int64_t)n > c->file_max)
		return -EFBIG;
	rc = make_room(c, (int64_t)n);
	if (rc == 0)
		rc = write_some(p, bytes, n);
	if (rc < 0)
		return rc;
	p->size += (int64_t)n;
	c->bytes += (int64_t)n;
	return 0;
}

static void
part_free(struct cache_part *p)
{
	if (p->fd >= 0)
		(void)close(p->fd); /* what matters was told by now */
	free(p);
}

void
cache_drop(struct cache_part *p)
{
	char name[NAME_BYTES];

	if (!p)
		return;
	part_name(name, &p->key);
	(void)unlinkat(p->cache->folder, name, 0);
	p->cache->bytes -= p->size;
	part_free(p);
}

int
cache_finish(struct cache_part *p)
{
	struct cache *c = p->cache;
	struct entry *old = find(c, &p->key);
	struct entry *e;
	char from[NAME_BYTES], to[NAME_BYTES];
	int rc;

	if (old)
		evict(c, old);
	e = xcalloc(1, sizeof(*e));
	e->key = p->key;
	e->size = p->size;
	part_name(from, &p->key);
	entry_name(to, e);
	rc = close(p->fd) < 0 ? -errno : 0;
	p->fd = -1;
	if (rc == 0 && renameat(c->folder, from, c->folder, to) < 0)
		rc = -errno;
	if (rc < 0) {
		free(e);
		cache_drop(p);
		return rc;
	}
	DL_APPEND(c->entries, e); /* its bytes are counted already */
	part_free(p);
	return 0;
}

void
cache_forget(struct cache *c, uint64_t tag)
{
	struct entry *e, *next;

	DL_FOREACH_SAFE(c->entries, e, next)
	if (e->key.tag == tag)
		evict(c, e);
}

int64_t
cache_bytes(const struct cache *c)
{
	return c->bytes;
}

/* ---- the whole -------------------------------------------------------------
 */

struct cache *
cache_new(const struct cache_options *options, struct error *err)
{
	struct cache *c = xcalloc(1, sizeof(*c));
	int rc = 0;

	c->bytes_max = options->bytes_max;
	c->file_max = options->file_max;
	if (mkdir(options->folder, 0700) < 0 && errno != EEXIST)
		rc = -errno;
	c->folder = open(options->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rc == 0)
		rc = c->folder < 0 ? -errno : load(c);
	if (rc == 0)
		return c;
	error_set(err, -rc, "the folder %.500s cannot be used: %s",
		  options->folder, strerror(-rc));
	cache_free(c);
	return NULL;
}

void
cache_free(struct cache *c)
{
	if (!c)
		return;
	while (c->entries) {
		struct entry *e = c->entries;

		DL_DELETE(c->entries, e);
		free(e);
	}
	if (c->folder >= 0)
		(void)close(c->folder); /* it was only read */
	free(c);
}
