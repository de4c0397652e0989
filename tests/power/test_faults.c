/* SPDX-License-Identifier: MIT */
/*
 * test_faults.c - the store on a disk that fails: entries 7 and 9 to 12 of
 * the catalogue of faults. Always the threaded store in a loop in real time;
 * the disk is tests/power/disk.c.
 */

#include "tests/support/test.h"

#include "tests/power/disk.h"
#include "tests/unit/mappings/fixture.h"

#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/store.h"
#include "mappings/messages.h"
#include "mappings/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
	struct scratch scratch;
	struct loop *loop;
	struct store *store;
	int64_t channel, other;
	int64_t last; /* event submitted */
	int64_t kept; /* jobs done well, and refused */
	int refused, status;
	int fatal, tight, roomy;
	bool go_on;
	struct timer timer;
	sqlite3 *holder;
	int64_t beats, worst_ms, beat_ms;
};

struct job {
	struct store_job base;
	struct world *w;
	int64_t event;
	size_t length;
	bool settle;
};

/* ---- jobs -------------------------------------------------------------- */

static int
keep(struct db *db, struct job *job)
{
	char *text = xcalloc(1, job->length + 1);
	struct event_row row = {
		.id = job->event,
		.channel = job->w->channel,
		.received_ms = job->event,
		.text = memset(text, 'x', job->length),
	};
	int64_t known;
	int rc = event_put(db, &row, &known);

	free(text);
	return rc ? rc : delivery_put(db, job->event, job->w->other);
}

static int
run(struct db *db, struct store_job *base)
{
	static const struct delivery_end end = { .state = DELIVERY_CONFIRMED };
	struct job *job = container_of(base, struct job, base);

	return job->settle
		       ? delivery_settle(db, job->event, job->w->other, &end)
		       : keep(db, job);
}

static void
done(struct store_job *base, int status)
{
	struct job *job = container_of(base, struct job, base);
	struct world *w = job->w;

	if (status)
		w->refused++;
	else
		w->kept++;
	w->status = status;
	free(job);
	if (!w->go_on && !store_pending(w->store))
		loop_stop(w->loop);
}

static void
submit(struct world *w, int64_t event, size_t length, bool settle)
{
	struct job *job = xcalloc(1, sizeof(*job));

	*job = (struct job){
		{ .run = run, .done = done }, w, event, length, settle
	};
	store_submit(w->store, &job->base);
}

/* One job in a group of its own; its status. */
static int
try_job(struct world *w, int64_t event, size_t length, bool settle)
{
	submit(w, event, length, settle);
	loop_run(w->loop);
	return w->status;
}

static int
try_keep(struct world *w, size_t length)
{
	return try_job(w, ++w->last, length, false);
}

/* ---- a world ----------------------------------------------------------- */

static void
on_fatal(void *arg, const char *why UNUSED)
{
	((struct world *)arg)->fatal++;
}

static void
on_pressure(void *arg, bool tight)
{
	struct world *w = arg;

	if (tight)
		w->tight++;
	else
		w->roomy++;
	if (!tight && w->go_on)
		loop_stop(w->loop);
}

static void
open_store(struct world *w)
{
	struct error err = { "" };

	w->store = store_open(w->loop, w->scratch.path, &err);
	if (!w->store)
		fail_msg("%s", err.text);
	store_on_fatal(w->store, on_fatal, w);
	store_on_pressure(w->store, on_pressure, w);
}

static void
ignore_line(enum log_level level UNUSED, const char *where UNUSED,
	    const char *text UNUSED, void *arg UNUSED)
{
}

static int
set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct error err;

	scratch_init(&w->scratch);

	struct db *db = db_open(w->scratch.path, DB_WRITER, &err);

	assert_non_null(db);
	w->channel = channel_of(db, "irc", "#a");
	w->other = channel_of(db, "irc", "#b");
	db_close(db);
	log_set_sink(ignore_line, NULL);
	w->loop = loop_new();
	open_store(w);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	disk_fail(DISK_SYNC, "", 0, 0, 0);
	disk_limit("", 0);
	timer_stop(&w->timer);
	store_close(w->store);
	loop_free(w->loop);
	log_set_sink(NULL, NULL);
	scratch_finish(&w->scratch);
	free(w);
	return 0;
}

static int64_t
stored(struct world *w)
{
	return raw_number(w->scratch.path, "SELECT count(*) FROM event");
}

static int64_t
size_of(struct world *w, const char *suffix)
{
	char name[120];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", w->scratch.path, suffix);
	return stat(name, &st) == 0 ? (int64_t)st.st_size : -1;
}

/* What a new life of the bridge finds. */
static void
reopen(struct world *w)
{
	store_abandon(w->store);
	disk_fail(DISK_SYNC, "", 0, 0, 0);
	open_store(w);
}

/* ---- 7: the disk is full ----------------------------------------------- */

static void
fill_disk(struct world *w)
{
	int64_t size =
		size_of(w, "") + size_of(w, "-wal") + size_of(w, ".ballast");

	disk_limit(w->scratch.folder, (size_t)size + 300000);
	for (int i = 0; i < 1000 && !w->tight; i++)
		assert_int_equal(try_keep(w, 2000), 0);
	assert_int_equal(w->tight, 1);
}

static void
fault_07_a_full_disk_frees_the_ballast_and_settles_all(void **state)
{
	struct world *w = *state;

	assert_true(size_of(w, ".ballast") > 0);
	fill_disk(w);
	assert_int_equal(size_of(w, ".ballast"), -1);
	for (int64_t id = 1; id <= w->last; id++)
		assert_int_equal(try_job(w, id, 0, true), 0);
	assert_int_equal(w->refused, 0);
	assert_int_equal(w->fatal, 0);
	assert_int_equal(w->tight, 1);
	assert_int_equal(stored(w), w->last);
	assert_int_equal(raw_number(w->scratch.path,
				    "SELECT count(*) FROM delivery"
				    "	WHERE state = 2"),
			 w->last);
}

static void
fault_07_room_again_is_noticed_without_any_traffic(void **state)
{
	struct world *w = *state;

	fill_disk(w);
	disk_limit("", 0);
	w->go_on = true; /* until the store says so, in a few seconds */
	loop_run(w->loop);
	w->go_on = false;
	assert_int_equal(w->roomy, 1);
	assert_true(size_of(w, ".ballast") > 0);
	assert_int_equal(try_keep(w, 10), 0);
}

static void
fault_07_a_disk_that_is_full_to_the_last_loses_nothing_kept(void **state)
{
	struct world *w = *state;
	struct error err;

	fill_disk(w);
	for (int i = 0; i < 5000 && !w->fatal; i++)
		(void)try_keep(w, 60000);
	assert_int_equal(w->status, -ENOSPC);
	assert_true(w->fatal > 0);
	assert_int_equal(w->tight, 1);
	assert_int_equal(stored(w), w->kept);
	disk_limit("", 0);
	assert_int_equal(try_keep(w, 10), 0);
	assert_int_equal(db_check(store_reader(w->store), &err), 0);
}

static void
fault_07_a_start_on_a_full_disk_says_so(void **state)
{
	struct world *w = *state;

	store_close(w->store);
	disk_limit(w->scratch.folder, (size_t)size_of(w, "") + 2 * 1024 * 1024);
	open_store(w);
	assert_int_equal(try_keep(w, 10), 0);
	assert_int_equal(w->tight, 1);
}

/* ---- 9: errors of the disk --------------------------------------------- */

static void
refused_until_restart(struct world *w)
{
	assert_int_equal(disk_failures(), 1);
	assert_int_equal(w->status, -EIO);
	assert_int_equal(w->fatal, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(try_keep(w, 10), -EIO);
	assert_int_equal(w->fatal, 1);
	reopen(w);
	w->last += 10;
	assert_int_equal(try_keep(w, 10), 0);
	assert_true(stored(w) >= w->kept);
}

static void
fault_09_eio_on_fsync_is_never_retried_blindly(void **state)
{
	struct world *w = *state;

	assert_int_equal(try_keep(w, 10), 0);
	disk_fail(DISK_SYNC, "-wal", EIO, 0, 1);
	assert_int_equal(try_keep(w, 10), -EIO);
	refused_until_restart(w);
}

static void
fault_09_eio_on_write_refuses_the_group(void **state)
{
	struct world *w = *state;

	assert_int_equal(try_keep(w, 10), 0);
	/* The first is the only one: a commit is written as a whole. */
	disk_fail(DISK_WRITE, "-wal", EIO, 0, 1);
	assert_int_equal(try_keep(w, 10), -EIO);
	refused_until_restart(w);
}

static void
fault_09_a_checkpoint_that_fails_loses_nothing(void **state)
{
	struct world *w = *state;
	struct error err;

	disk_fail(DISK_SYNC, "test.db", EIO, 0, 2);
	/* Tried when there is nothing else to do, which may never be; or else
	 * when the log is four times as long. */
	while (!disk_failures() && w->kept < 400)
		assert_int_equal(try_keep(w, 60000), 0);
	assert_true(disk_failures() > 0);
	reopen(w);
	assert_int_equal(stored(w), w->kept);
	assert_int_equal(db_check(store_reader(w->store), &err), 0);
}

/* ---- 10: read-only ----------------------------------------------------- */

static void
fault_10_a_disk_turned_read_only_refuses_and_tells(void **state)
{
	struct world *w = *state;

	assert_int_equal(try_keep(w, 10), 0);
	disk_fail(DISK_WRITE, "-wal", EROFS, 0, 1000000);
	assert_true(try_keep(w, 10) < 0);
	assert_int_equal(w->fatal, 1);
	assert_int_equal(stored(w), 1);
	reopen(w);
	w->last += 10;
	assert_int_equal(try_keep(w, 10), 0);
}

static void
fault_10_a_start_on_a_read_only_disk_says_so(void **state)
{
	struct world *w = *state;
	struct error err = { "" };

	store_close(w->store);
	disk_fail(DISK_CREATE, "", EROFS, 0, 1000000);
	w->store = store_open(w->loop, w->scratch.path, &err);
	assert_null(w->store);
	assert_non_null(strstr(err.text, "Read-only"));
}

/* ---- 11: another program holds the database ---------------------------- */

static void
beat(void *arg)
{
	struct world *w = arg;
	int64_t now = loop_now_ms(w->loop);

	if (w->beats++ > 0 && now - w->beat_ms > w->worst_ms)
		w->worst_ms = now - w->beat_ms;
	w->beat_ms = now;
	(void)event_last_id(store_reader(w->store)); /* reads go on */
	if (w->beats == 150) {
		sqlite3_exec(w->holder, "ROLLBACK", NULL, NULL, NULL);
		w->go_on = false;
	}
	timer_start(&w->timer, w->loop, 10, beat, w);
}

static void
fault_11_a_held_database_does_not_block_the_loop(void **state)
{
	struct world *w = *state;

	assert_int_equal(sqlite3_open(w->scratch.path, &w->holder), SQLITE_OK);
	assert_int_equal(sqlite3_exec(w->holder, "BEGIN EXCLUSIVE", NULL, NULL,
				      NULL),
			 SQLITE_OK);
	w->go_on = true; /* for 150 beats */
	for (int i = 0; i < 50; i++)
		submit(w, ++w->last, 10, false);
	beat(w);
	loop_run(w->loop);
	timer_stop(&w->timer);
	assert_true(w->beats >= 150);
	/* 10 apart; the rest is what a busy machine may take. */
	assert_true(w->worst_ms < 200);
	assert_int_equal(w->kept, 50);
	assert_int_equal(w->refused, 0);
	assert_int_equal(w->fatal, 0);
	sqlite3_close(w->holder);
}

/* ---- 12: a database that was damaged ----------------------------------- */

static void
edit(const char *path, off_t at, size_t n)
{
	char junk[4096];
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	memset(junk, 0xa5, sizeof(junk));
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, junk, n, at), (ssize_t)n);
	close(fd);
}

static void
copy_file(const char *from, const char *to)
{
	char data[4096];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, data, sizeof(data))) > 0)
		assert_int_equal(write(out, data, (size_t)n), n);
	close(in);
	close(out);
}

static void
say_some(struct world *w)
{
	for (int i = 0; i < 30; i++)
		assert_int_equal(try_keep(w, 3000), 0);
}

static void
refused_at_start(struct world *w, const char *why)
{
	struct error err = { "" };

	w->store = store_open(w->loop, w->scratch.path, &err);
	assert_null(w->store);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" says nothing of \"%s\"", err.text, why);
}

static void
fault_12_a_corrupt_page_refuses_the_start_with_advice(void **state)
{
	struct world *w = *state;
	int64_t page;

	say_some(w);
	store_close(w->store);
	page = raw_number(w->scratch.path, "SELECT rootpage FROM sqlite_schema"
					   "	WHERE name = 'event'");
	edit(w->scratch.path, (off_t)(page - 1) * 4096, 4096);
	refused_at_start(w, "damaged");
	refused_at_start(w, "backup");
}

static void
fault_12_a_corrupt_header_refuses_the_start(void **state)
{
	struct world *w = *state;

	store_close(w->store);
	edit(w->scratch.path, 0, 100);
	refused_at_start(w, "not a database");
}

static void
fault_12_a_truncated_log_keeps_what_is_before_the_cut(void **state)
{
	struct world *w = *state;
	struct error err;
	char wal[140];
	char db[120];

	/* Copies, as a crash would leave them. */
	say_some(w);
	snprintf(db, sizeof(db), "%s/copy.db", w->scratch.folder);
	snprintf(wal, sizeof(wal), "%s-wal", db);
	copy_file(w->scratch.path, db);

	char from[140];

	snprintf(from, sizeof(from), "%s-wal", w->scratch.path);
	copy_file(from, wal);
	assert_int_equal(truncate(wal, (off_t)size_of(w, "-wal") / 2), 0);

	struct db *copy = db_open(db, DB_WRITER, &err);

	assert_non_null(copy);
	assert_int_equal(db_check(copy, &err), 0);
	assert_in_range(event_last_id(copy), 5, 25);
	db_close(copy);
}

static void
fault_12_a_deleted_database_never_starts_empty(void **state)
{
	struct world *w = *state;
	char copy[140];
	char wal[140];

	/* It was removed while we were down after a crash: its log is left. */
	say_some(w);
	snprintf(wal, sizeof(wal), "%s-wal", w->scratch.path);
	snprintf(copy, sizeof(copy), "%s/kept", w->scratch.folder);
	copy_file(wal, copy);
	store_close(w->store);
	assert_int_equal(rename(copy, wal), 0);
	assert_int_equal(unlink(w->scratch.path), 0);
	refused_at_start(w, "-wal");
}

static void
fault_12_a_backup_counts_on_from_its_generation(void **state)
{
	struct world *w = *state;
	char backup[120];
	struct error err;

	say_some(w);
	store_close(w->store);
	snprintf(backup, sizeof(backup), "%s/backup", w->scratch.folder);
	copy_file(w->scratch.path, backup);
	open_store(w);
	say_some(w);

	int64_t before = db_generation(store_reader(w->store));

	store_close(w->store);
	copy_file(backup, w->scratch.path);
	open_store(w);
	/* Sound, and older: whole up to the backup. Nothing in the file can
	 * say that there was more. */
	assert_int_equal(db_check(store_reader(w->store), &err), 0);
	assert_int_equal(stored(w), 30);
	assert_int_equal(db_generation(store_reader(w->store)), before);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(fault_07_a_full_disk_frees_the_ballast_and_settles_all),
		TEST(fault_07_room_again_is_noticed_without_any_traffic),
		TEST(fault_07_a_disk_that_is_full_to_the_last_loses_nothing_kept),
		TEST(fault_07_a_start_on_a_full_disk_says_so),
		TEST(fault_09_eio_on_fsync_is_never_retried_blindly),
		TEST(fault_09_eio_on_write_refuses_the_group),
		TEST(fault_09_a_checkpoint_that_fails_loses_nothing),
		TEST(fault_10_a_disk_turned_read_only_refuses_and_tells),
		TEST(fault_10_a_start_on_a_read_only_disk_says_so),
		TEST(fault_11_a_held_database_does_not_block_the_loop),
		TEST(fault_12_a_corrupt_page_refuses_the_start_with_advice),
		TEST(fault_12_a_corrupt_header_refuses_the_start),
		TEST(fault_12_a_truncated_log_keeps_what_is_before_the_cut),
		TEST(fault_12_a_deleted_database_never_starts_empty),
		TEST(fault_12_a_backup_counts_on_from_its_generation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
