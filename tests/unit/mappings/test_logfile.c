/* SPDX-License-Identifier: MIT */
/*
 * test_logfile.c - what reaches the file of a log, in which pieces and when.
 *
 * Below the layer lies a VFS that writes down what it is asked to do.
 */

#include "tests/support/test.h"

#include "bridge/str.h"
#include "mappings/logfile.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 4096

struct disk {
	sqlite3_vfs vfs;
	sqlite3_vfs *before; /* the default one */
	struct str told;
	int write_rc, open_rc;
};

struct file {
	sqlite3_file base;
	struct disk *disk;
};

static struct str *
told(sqlite3_file *file)
{
	return &((struct file *)file)->disk->told;
}

static int
disk_write(sqlite3_file *file, const void *bytes UNUSED, int len,
	   sqlite3_int64 at)
{
	str_printf(told(file), "write %d at %lld; ", len, (long long)at);
	return ((struct file *)file)->disk->write_rc;
}

static int
disk_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at UNUSED)
{
	memset(bytes, 0, (size_t)len);
	str_add(told(file), "read; ");
	return SQLITE_OK;
}

static int
disk_truncate(sqlite3_file *file, sqlite3_int64 size UNUSED)
{
	str_add(told(file), "cut; ");
	return SQLITE_OK;
}

static int
disk_sync(sqlite3_file *file, int flags UNUSED)
{
	str_add(told(file), "sync; ");
	return SQLITE_OK;
}

static int
disk_size(sqlite3_file *file, sqlite3_int64 *size)
{
	*size = 0;
	str_add(told(file), "size; ");
	return SQLITE_OK;
}

static int
disk_control(sqlite3_file *file, int what UNUSED, void *arg UNUSED)
{
	str_add(told(file), "control; ");
	return SQLITE_OK;
}

static int
disk_close(sqlite3_file *file)
{
	str_add(told(file), "close; ");
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = disk_close,
	.xRead = disk_read,
	.xWrite = disk_write,
	.xTruncate = disk_truncate,
	.xSync = disk_sync,
	.xFileSize = disk_size,
	.xFileControl = disk_control,
};

static int
disk_open(sqlite3_vfs *vfs, const char *name UNUSED, sqlite3_file *file,
	  int flags UNUSED, int *out_flags UNUSED)
{
	struct disk *disk = container_of(vfs, struct disk, vfs);

	file->pMethods = disk->open_rc ? NULL : &methods;
	((struct file *)file)->disk = disk;
	return disk->open_rc;
}

struct world {
	struct disk disk;
	sqlite3_vfs *layer;
	sqlite3_file *log;
};

static int
set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	str_init(&w->disk.told, 1 << 20);
	w->disk.before = sqlite3_vfs_find(NULL);
	w->disk.vfs = *w->disk.before;
	w->disk.vfs.pNext = NULL;
	w->disk.vfs.zName = "disk";
	w->disk.vfs.szOsFile = sizeof(struct file);
	w->disk.vfs.xOpen = disk_open;
	assert_int_equal(sqlite3_vfs_register(&w->disk.vfs, 1), SQLITE_OK);
	w->layer = logfile_new();
	w->log = xcalloc(1, (size_t)w->layer->szOsFile);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	logfile_free(w->layer);
	sqlite3_vfs_register(w->disk.before, 1);
	sqlite3_vfs_unregister(&w->disk.vfs);
	str_finish(&w->disk.told);
	free(w->log);
	free(w);
	return 0;
}

static int
open_log(struct world *w, int flags)
{
	return w->layer->xOpen(w->layer, "x-wal", w->log, flags, NULL);
}

static void
expect(struct world *w, const char *expected)
{
	assert_string_equal(w->disk.told.data, expected);
	str_clear(&w->disk.told);
}

/* One page with its header; size: of the database, if a commit ends with it. */
static int
write_page(struct world *w, sqlite3_int64 at, unsigned char size)
{
	char page[PAGE] = "";
	char header[24] = "";
	int rc;

	header[7] = (char)size;
	rc = w->log->pMethods->xWrite(w->log, header, sizeof(header), at);
	return rc ? rc
		  : w->log->pMethods->xWrite(w->log, page, PAGE,
					     at + (int)sizeof(header));
}

static void
a_commit_is_written_as_one_and_at_once(void **state)
{
	struct world *w = *state;
	char header[32] = "";

	assert_int_equal(open_log(w, SQLITE_OPEN_WAL), SQLITE_OK);
	w->log->pMethods->xWrite(w->log, header, sizeof(header), 0);
	write_page(w, 32, 0);
	write_page(w, 32 + 4120, 0);
	expect(w, "");
	write_page(w, 32 + 2 * 4120, 9);
	expect(w, "write 12392 at 0; ");
	w->log->pMethods->xSync(w->log, SQLITE_SYNC_NORMAL);
	expect(w, "sync; ");
	write_page(w, 20000, 0);
	write_page(w, 24120, 7);
	expect(w, "write 8240 at 20000; ");
	w->log->pMethods->xClose(w->log);
	expect(w, "close; ");
}

static void
what_is_held_is_written_before_anything_else(void **state)
{
	struct world *w = *state;
	char bytes[PAGE];
	sqlite3_int64 size;

	assert_int_equal(open_log(w, SQLITE_OPEN_WAL), SQLITE_OK);
	write_page(w, 0, 0);
	w->log->pMethods->xSync(w->log, SQLITE_SYNC_NORMAL);
	expect(w, "write 4120 at 0; sync; ");
	write_page(w, 0, 0);
	w->log->pMethods->xRead(w->log, bytes, PAGE, 24);
	expect(w, "write 4120 at 0; read; ");
	write_page(w, 0, 0);
	w->log->pMethods->xFileSize(w->log, &size);
	expect(w, "write 4120 at 0; size; ");
	write_page(w, 0, 0);
	w->log->pMethods->xTruncate(w->log, 0);
	expect(w, "write 4120 at 0; cut; ");
	write_page(w, 0, 0);
	write_page(w, 8240, 0); /* elsewhere */
	expect(w, "write 4120 at 0; ");
	w->log->pMethods->xClose(w->log);
	expect(w, "write 4120 at 8240; close; ");
}

/* As SQLite does with checksums, after the last page of a commit. */
static void
a_header_that_is_written_anew_is_not_held(void **state)
{
	struct world *w = *state;
	char header[24] = { [7] = 1 };

	assert_int_equal(open_log(w, SQLITE_OPEN_WAL), SQLITE_OK);
	write_page(w, 4120, 1);
	str_clear(&w->disk.told);
	w->log->pMethods->xWrite(w->log, header, sizeof(header), 0);
	expect(w, "write 24 at 0; ");
	w->log->pMethods->xClose(w->log);
}

static void
no_more_is_held_than_there_is_room_for(void **state)
{
	struct world *w = *state;
	static char much[100000];

	assert_int_equal(open_log(w, SQLITE_OPEN_WAL), SQLITE_OK);
	for (int i = 0; i < 16; i++)
		write_page(w, i * 4120, 0);
	expect(w, "write 61824 at 0; ");
	w->log->pMethods->xWrite(w->log, much, sizeof(much), 16 * 4120);
	expect(w, "write 4096 at 61824; write 100000 at 65920; ");
	w->log->pMethods->xClose(w->log);
	expect(w, "close; ");
}

static void
a_write_that_fails_is_told_with_the_commit_and_forgotten(void **state)
{
	struct world *w = *state;
	int last = 0;

	assert_int_equal(open_log(w, SQLITE_OPEN_WAL), SQLITE_OK);
	w->disk.write_rc = SQLITE_FULL;
	assert_int_equal(write_page(w, 0, 0), SQLITE_OK);
	assert_int_equal(write_page(w, 4120, 2), SQLITE_FULL);
	w->log->pMethods->xFileControl(w->log, SQLITE_FCNTL_LAST_ERRNO, &last);
	expect(w, "write 8240 at 0; control; ");
	assert_int_equal(write_page(w, 0, 0), SQLITE_OK);
	assert_int_equal(w->log->pMethods->xSync(w->log, SQLITE_SYNC_NORMAL),
			 SQLITE_FULL);
	expect(w, "write 4120 at 0; ");
	w->disk.write_rc = SQLITE_OK;
	assert_int_equal(write_page(w, 0, 1), SQLITE_OK);
	expect(w, "write 24 at 0; write 4096 at 24; ");
	w->log->pMethods->xClose(w->log);
}

static void
other_files_are_opened_as_ever(void **state)
{
	struct world *w = *state;

	assert_int_equal(open_log(w, SQLITE_OPEN_MAIN_DB), SQLITE_OK);
	write_page(w, 0, 0);
	expect(w, "write 24 at 0; write 4096 at 24; ");
	w->log->pMethods->xClose(w->log);
}

static void
a_log_that_cannot_be_opened_is_not(void **state)
{
	struct world *w = *state;

	w->disk.open_rc = SQLITE_CANTOPEN;
	assert_int_equal(open_log(w, SQLITE_OPEN_WAL), SQLITE_CANTOPEN);
	assert_null(w->log->pMethods);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_commit_is_written_as_one_and_at_once),
		TEST(what_is_held_is_written_before_anything_else),
		TEST(a_header_that_is_written_anew_is_not_held),
		TEST(no_more_is_held_than_there_is_room_for),
		TEST(a_write_that_fails_is_told_with_the_commit_and_forgotten),
		TEST(other_files_are_opened_as_ever),
		TEST(a_log_that_cannot_be_opened_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
