/* SPDX-License-Identifier: MIT */
/* test_cache.c - files on disk, bounded. */

#include "tests/support/test.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/media/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
	char folder[64];
	struct cache *cache;
};

static void
open_again(struct world *w)
{
	const struct cache_options options = {
		.folder = w->folder,
		.bytes_max = 100,
		.file_max = 60,
	};
	struct error err = { "" };

	cache_free(w->cache);
	w->cache = cache_new(&options, &err);
	if (!w->cache)
		fail_msg("%s", err.text);
}

static int
set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	memcpy(w->folder, "/tmp/causeway-cache-XXXXXX",
	       sizeof("/tmp/causeway-cache-XXXXXX"));
	assert_non_null(mkdtemp(w->folder));
	open_again(w);
	*state = w;
	return 0;
}

/* Calls fn for each name, if it is not NULL; returns how many there are. */
static unsigned
each(const struct world *w, void (*fn)(const char *path))
{
	DIR *dir = opendir(w->folder);
	const struct dirent *d;
	unsigned n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir))) {
		char path[512];

		if (*d->d_name == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", w->folder,
			       d->d_name);
		if (fn)
			fn(path);
		n++;
	}
	(void)closedir(dir);
	return n;
}

static void
remove_path(const char *path)
{
	(void)unlink(path);
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	cache_free(w->cache);
	(void)each(w, remove_path);
	(void)rmdir(w->folder);
	free(w);
	return 0;
}

static struct cache_key
key(uint64_t tag, const char *item)
{
	struct cache_key k;

	cache_key_make(&k, tag, "net", item);
	return k;
}

/* 0, or what adding n bytes said. */
static int
put(struct world *w, uint64_t tag, const char *item, size_t n)
{
	const struct cache_key k = key(tag, item);
	struct cache_part *p = cache_begin(w->cache, &k);
	int rc = 0;

	assert_non_null(p);
	while (n-- && rc == 0)
		rc = cache_add(p, "x", 1);
	if (rc == 0)
		return cache_finish(p);
	cache_drop(p);
	return rc;
}

/* Its size; -1 if it is not there. */
static int
size_of(struct world *w, uint64_t tag, const char *item)
{
	const struct cache_key k = key(tag, item);
	int64_t size;
	int fd = cache_open(w->cache, &k, &size);
	struct stat st;

	if (fd < 0)
		return -1;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, size);
	(void)close(fd);
	return (int)size;
}

static void
files_are_kept_over_a_restart(void **state)
{
	struct world *w = *state;

	assert_int_equal(put(w, 1, "../../a", 10), 0);
	assert_int_equal(put(w, 1, "", 0), 0);
	open_again(w);
	assert_int_equal(size_of(w, 1, "../../a"), 10);
	assert_int_equal(size_of(w, 1, ""), 0);
	assert_int_equal(size_of(w, 2, "../../a"), -1);
	assert_int_equal(cache_bytes(w->cache), 10);
}

static void
the_oldest_goes(void **state)
{
	struct world *w = *state;

	assert_int_equal(put(w, 1, "a", 40), 0);
	assert_int_equal(put(w, 1, "b", 40), 0);
	assert_int_equal(size_of(w, 1, "a"), 40); /* used */
	assert_int_equal(put(w, 1, "c", 40), 0);
	assert_int_equal(size_of(w, 1, "a"), 40);
	assert_int_equal(size_of(w, 1, "b"), -1);
	assert_int_equal(cache_bytes(w->cache), 80);
	assert_int_equal(each(w, NULL), 2);
}

static void
what_is_too_large_leaves_nothing(void **state)
{
	struct world *w = *state;

	assert_int_equal(put(w, 1, "a", 61), -EFBIG);
	assert_int_equal(cache_bytes(w->cache), 0);
	assert_int_equal(each(w, NULL), 0);
}

static void
files_on_their_way_count(void **state)
{
	struct world *w = *state;
	char bytes[60] = { 0 };
	const struct cache_key a = key(1, "a");
	const struct cache_key b = key(1, "b");
	struct cache_part *one = cache_begin(w->cache, &a);
	struct cache_part *two = cache_begin(w->cache, &b);

	assert_int_equal(cache_add(one, bytes, 60), 0);
	assert_int_equal(cache_add(two, bytes, 60), -ENOSPC);
	cache_drop(two);
	cache_drop(one);
	assert_int_equal(cache_bytes(w->cache), 0);
}

static void
a_withdrawn_message_takes_its_files_along(void **state)
{
	struct world *w = *state;

	assert_int_equal(put(w, 1, "a", 10), 0);
	assert_int_equal(put(w, 2, "a", 10), 0);
	cache_forget(w->cache, 1);
	assert_int_equal(size_of(w, 1, "a"), -1);
	assert_int_equal(size_of(w, 2, "a"), 10);
	assert_int_equal(each(w, NULL), 1);
}

static void
cut(const char *path)
{
	assert_int_equal(truncate(path, 3), 0);
}

/* Nobody frees what a killed process had; volatile, so that it is held. */
static struct cache_part *volatile killed;

static void
what_a_crash_left_is_removed(void **state)
{
	struct world *w = *state;
	const struct cache_key k = key(1, "b");
	char path[128];

	assert_int_equal(put(w, 1, "a", 10), 0);
	(void)each(w, cut);
	killed = cache_begin(w->cache, &k);
	assert_non_null(killed);
	(void)snprintf(path, sizeof(path), "%s/notes", w->folder);
	(void)close(open(path, O_CREAT | O_WRONLY, 0600));
	open_again(w);
	assert_int_equal(size_of(w, 1, "a"), -1);
	assert_int_equal(each(w, NULL), 1); /* what is not ours stays */
}

static void
a_file_that_somebody_removed_is_gone(void **state)
{
	struct world *w = *state;

	assert_int_equal(put(w, 1, "a", 10), 0);
	(void)each(w, remove_path);
	assert_int_equal(size_of(w, 1, "a"), -1);
	assert_int_equal(cache_bytes(w->cache), 0);
}

static void
a_folder_that_cannot_be_made_is_told(void **state UNUSED)
{
	const struct cache_options options = { "/nonexistent/x", 100, 10 };
	struct error err = { "" };

	assert_null(cache_new(&options, &err));
	assert_non_null(strstr(err.text, "/nonexistent/x"));
}

int
main(void)
{
#define IN_A_WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(files_are_kept_over_a_restart),
		IN_A_WORLD(the_oldest_goes),
		IN_A_WORLD(what_is_too_large_leaves_nothing),
		IN_A_WORLD(files_on_their_way_count),
		IN_A_WORLD(a_withdrawn_message_takes_its_files_along),
		IN_A_WORLD(a_file_that_somebody_removed_is_gone),
		cmocka_unit_test(a_folder_that_cannot_be_made_is_told),
		IN_A_WORLD(what_a_crash_left_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
