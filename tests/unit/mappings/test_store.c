/* SPDX-License-Identifier: MIT */
/*
 * test_store.c - jobs, groups and what a failure leaves behind.
 *
 * Most cases run twice: with a thread, and inline in a loop turned by hand.
 */

#include "tests/support/test.h"

#include "tests/unit/mappings/fixture.h"

#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "mappings/channels.h"
#include "mappings/messages.h"
#include "mappings/queue.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct world {
	struct scratch scratch;
	struct loop *loop;
	struct store *store;
	bool threaded;
	struct str order; /* names of the jobs done, with their status */
	struct str fatal; /* what the fatal callback was told */
	size_t dropped;
	int64_t channel;
	sqlite3 *other; /* another program that holds the database */
};

/* Keeps one message, and fails if told so. */
struct job {
	struct store_job base;
	struct world *w;
	char name;
	int64_t event;
	size_t length;    /* of the message */
	int fail_with;    /* -errno, after writing */
	sem_t *started;   /* post it first */
	sem_t *hold;      /* then wait for this one */
	bool on_wire;     /* tell of an attempt to deliver it */
	struct job *then; /* submitted by done() */
	unsigned runs;
	int64_t seen; /* event_last_id() of the reader, in done() */
};

static int
run(struct db *db, struct store_job *base)
{
	struct job *job = container_of(base, struct job, base);
	char *text = xcalloc(1, job->length + 1);
	int64_t known;

	job->runs++;
	if (job->started)
		sem_post(job->started);
	if (job->hold)
		sem_wait(job->hold);
	memset(text, 'x', job->length);

	struct event_row row = {
		.id = job->event,
		.channel = job->w->channel,
		.text = text,
	};
	int rc = event_put(db, &row, &known);

	free(text);
	if (!rc && job->on_wire)
		rc = delivery_put(db, job->event, job->w->channel);
	if (!rc && job->on_wire)
		rc = delivery_attempt(db, job->event, job->w->channel, 5);
	return rc ? rc : job->fail_with;
}

static void
done(struct store_job *base, int status)
{
	struct job *job = container_of(base, struct job, base);
	struct world *w = job->w;

	str_add_char(&w->order, job->name);
	if (status)
		str_printf(&w->order, "(%s)", strerrorname_np(-status));
	job->seen = event_last_id(store_reader(w->store));
	if (job->then)
		store_submit(w->store, &job->then->base);
	if (w->threaded && !store_pending(w->store))
		loop_stop(w->loop);
}

static void
drop(struct store_job *base)
{
	container_of(base, struct job, base)->w->dropped++;
}

static void
submit(struct world *w, struct job *job)
{
	job->base = (struct store_job){ run, done, drop, NULL, 0 };
	job->w = w;
	store_submit(w->store, &job->base);
}

/* Until everything is done. */
static void
wait_done(struct world *w)
{
	if (!w->threaded)
		loop_advance(w->loop, 0);
	else if (store_pending(w->store))
		loop_run(w->loop);
	assert_int_equal(store_pending(w->store), 0);
}

static void
on_fatal(void *arg, const char *why)
{
	struct world *w = arg;

	str_printf(&w->fatal, "%s;", why);
}

static void
open_store(struct world *w)
{
	struct error err = { "" };

	w->store = w->threaded
			   ? store_open(w->loop, w->scratch.path, &err)
			   : store_open_inline(w->loop, w->scratch.path, &err);
	if (!w->store)
		fail_msg("%s", err.text);
	store_on_fatal(w->store, on_fatal, w);
}

static int64_t
stored(struct world *w)
{
	return raw_number(w->scratch.path, "SELECT count(*) FROM event");
}

static struct world *
world_new(bool threaded)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct error err;

	scratch_init(&w->scratch);
	str_init(&w->order, 4096);
	str_init(&w->fatal, 4096);

	struct db *db = db_open(w->scratch.path, DB_WRITER, &err);

	assert_non_null(db);
	w->channel = channel_of(db, "irc", "#a");
	db_close(db);
	w->threaded = threaded;
	w->loop = threaded ? loop_new() : loop_new_manual(1, 0);
	open_store(w);
	return w;
}

static int
set_up_thread(void **state)
{
	*state = world_new(true);
	return 0;
}

static int
set_up_inline(void **state)
{
	*state = world_new(false);
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	store_close(w->store);
	loop_free(w->loop);
	str_finish(&w->order);
	str_finish(&w->fatal);
	scratch_finish(&w->scratch);
	free(w);
	return 0;
}

static void
jobs_are_done_in_the_order_they_came(void **state)
{
	struct world *w = *state;
	struct job jobs[26] = { { .name = 0 } };

	for (int i = 0; i < 26; i++) {
		jobs[i].name = (char)('a' + i);
		jobs[i].event = i + 1;
		submit(w, &jobs[i]);
	}
	assert_int_equal(store_pending(w->store), 26);
	wait_done(w);
	assert_string_equal(w->order.data, "abcdefghijklmnopqrstuvwxyz");
	assert_int_equal(store_stats(w->store).jobs, 26);
	assert_int_equal(stored(w), 26);
	assert_string_equal(w->fatal.data, "");
}

static void
nothing_is_done_before_the_caller_returned(void **state)
{
	struct world *w = *state;
	struct job job = { .name = 'a', .event = 1 };

	submit(w, &job);
	assert_string_equal(w->order.data, "");
	wait_done(w);
	assert_string_equal(w->order.data, "a");
}

static void
done_means_that_the_reader_sees_it(void **state)
{
	struct world *w = *state;
	struct job jobs[] = {
		{ .name = 'a', .event = 1 },
		{ .name = 'b', .event = 2 },
	};

	submit(w, &jobs[0]);
	wait_done(w);
	submit(w, &jobs[1]);
	wait_done(w);
	assert_int_equal(jobs[0].seen, 1);
	assert_int_equal(jobs[1].seen, 2);
}

/*
 * Submit them so that all but the first are one group: those that come while
 * the first is still running.
 */
static void
submit_group(struct world *w, struct job *jobs, size_t n)
{
	sem_t started;
	sem_t hold;

	sem_init(&started, 0, 0);
	sem_init(&hold, 0, 0);
	if (w->threaded) {
		jobs[0].started = &started;
		jobs[0].hold = &hold;
	}
	submit(w, &jobs[0]);
	if (w->threaded)
		sem_wait(&started);
	else
		wait_done(w);
	for (size_t i = 1; i < n; i++)
		submit(w, &jobs[i]);
	sem_post(&hold);
	wait_done(w);
	sem_destroy(&started);
	sem_destroy(&hold);
}

static void
what_queued_up_is_one_group(void **state)
{
	struct world *w = *state;
	struct job jobs[11] = { { .name = 0 } };

	for (int i = 0; i < 11; i++) {
		jobs[i].name = (char)('a' + i);
		jobs[i].event = i + 1;
	}
	submit_group(w, jobs, ARRAY_SIZE(jobs));
	assert_int_equal(store_stats(w->store).jobs, 11);
	assert_int_equal(store_stats(w->store).commits, 2);
	assert_int_equal(store_stats(w->store).largest_group, 10);
	assert_string_equal(w->order.data, "abcdefghijk");
	for (int i = 0; i < 11; i++)
		assert_int_equal(jobs[i].runs, 1);
}

static void
a_failing_job_fails_alone(void **state)
{
	struct world *w = *state;
	struct job jobs[] = {
		{ .name = 'a', .event = 1 },
		{ .name = 'b', .event = 2 },
		{ .name = 'c', .event = 3, .fail_with = -EINVAL },
		{ .name = 'd', .event = 4 },
		{ .name = 'e', .event = 4 }, /* is there already */
	};

	submit_group(w, jobs, ARRAY_SIZE(jobs));
	assert_string_equal(w->order.data, "abc(EINVAL)de(EEXIST)");
	assert_int_equal(stored(w), 3);
	assert_string_equal(w->fatal.data, "");
	/* Still one group: the second time with savepoints. */
	assert_int_equal(store_stats(w->store).commits, 2);
	assert_int_equal(jobs[1].runs, 2);
	assert_int_equal(jobs[2].runs, 2);
	assert_int_equal(jobs[3].runs, 1);
}

static void
a_job_that_is_done_may_submit_another(void **state)
{
	struct world *w = *state;
	struct job last = { .name = 'b', .event = 2, .w = w };
	struct job first = { .name = 'a', .event = 1, .then = &last };

	last.base = (struct store_job){ run, done, drop, NULL, 0 };
	submit(w, &first);
	wait_done(w);
	assert_string_equal(w->order.data, "ab");
}

static void
closing_runs_what_is_queued(void **state)
{
	struct world *w = *state;
	struct job last = { .name = 'z', .event = 99, .w = w };
	struct job jobs[20] = { { .name = 0 } };

	last.base = (struct store_job){ run, done, drop, NULL, 0 };
	for (int i = 0; i < 20; i++) {
		jobs[i].name = (char)('a' + i);
		jobs[i].event = i + 1;
		jobs[i].then = i == 19 ? &last : NULL;
		submit(w, &jobs[i]);
	}
	store_close(w->store);
	w->store = NULL;
	assert_string_equal(w->order.data, "abcdefghijklmnopqrstz");
	assert_int_equal(stored(w), 21);
}

static void
abandoning_drops_what_is_queued(void **state)
{
	struct world *w = *state;
	struct job first = { .name = 'a', .event = 1 };
	struct job jobs[20] = { { .name = 0 } };

	submit(w, &first);
	wait_done(w);
	for (int i = 0; i < 20; i++) {
		jobs[i].name = (char)('b' + i);
		jobs[i].event = i + 2;
		submit(w, &jobs[i]);
	}
	store_abandon(w->store);
	w->store = NULL;
	assert_string_equal(w->order.data, "a");
	assert_int_equal(w->dropped, 20);
	if (w->threaded) /* it may have been faster than we */
		assert_in_range(stored(w), 1, 21);
	else
		assert_int_equal(stored(w), 1);
}

static void
note_sent(void *arg, const struct delivery_row *row)
{
	str_printf(arg, "%d@%d", row->state, (int)row->last_ms);
}

static void
what_was_on_the_wire_in_a_crash_is_told_after_it(void **state)
{
	struct world *w = *state;
	struct job job = { .name = 'a', .event = 1, .on_wire = true };

	submit(w, &job);
	wait_done(w);
	store_abandon(w->store);
	open_store(w);
	str_clear(&w->order);
	assert_int_equal(delivery_next(store_reader(w->store), w->channel, 0, 9,
				       note_sent, &w->order),
			 0);
	assert_string_equal(w->order.data, "1@5");
}

/* --- a full disk: a limit on the size of files, as it needs no root --- */

static void
limit_log(struct world *w, size_t more)
{
	struct rlimit limit;
	char name[100];
	struct stat st;

	snprintf(name, sizeof(name), "%s-wal", w->scratch.path);
	assert_int_equal(stat(name, &st), 0);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = (rlim_t)st.st_size + more;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void
lift_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void
ignore_line(enum log_level level UNUSED, const char *where UNUSED,
	    const char *text UNUSED, void *arg UNUSED)
{
}

static void
a_full_disk_refuses_what_does_not_fit_and_says_so_once(void **state)
{
	struct world *w = *state;
	struct job jobs[] = {
		{ .name = 'a', .event = 1 },
		{ .name = 'b', .event = 2, .length = 1 << 20 },
		{ .name = 'c', .event = 3, .length = 1 << 20 },
		{ .name = 'd', .event = 4 },
		{ .name = 'e', .event = 5, .length = 1 << 20 },
		{ .name = 'f', .event = 6, .length = 1 << 20 },
	};

	log_set_sink(ignore_line, NULL);
	submit(w, &jobs[0]);
	wait_done(w);
	limit_log(w, 1 << 18);
	submit(w, &jobs[1]);
	submit(w, &jobs[2]);
	submit(w, &jobs[3]);
	wait_done(w);
	assert_string_equal(w->order.data, "ab(ENOSPC)c(ENOSPC)d");
	assert_int_equal(w->fatal.len > 0, 1);
	assert_ptr_equal(strchr(w->fatal.data, ';'),
			 w->fatal.data + w->fatal.len - 1);

	lift_limit();
	str_clear(&w->fatal);
	submit(w, &jobs[4]);
	wait_done(w);
	assert_string_equal(w->order.data, "ab(ENOSPC)c(ENOSPC)de");
	assert_string_equal(w->fatal.data, "");
	assert_int_equal(stored(w), 3);

	limit_log(w, 1 << 18);
	submit(w, &jobs[5]);
	wait_done(w);
	lift_limit();
	assert_true(w->fatal.len > 0); /* well again between: told again */
	log_set_sink(NULL, NULL);
}

/* --- another program holds the database --- */

static void
let_go(enum log_level level, const char *where UNUSED, const char *text,
       void *arg)
{
	struct world *w = arg;

	if (level == LOG_LEVEL_WARN && strstr(text, "another program"))
		sqlite3_exec(w->other, "ROLLBACK", NULL, NULL, NULL);
}

static void
another_programs_lock_is_waited_for(void **state)
{
	struct world *w = *state;
	struct job job = { .name = 'a', .event = 1 };

	log_set_sink(let_go, w);
	assert_int_equal(sqlite3_open(w->scratch.path, &w->other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(w->other, "BEGIN IMMEDIATE", NULL, NULL,
				      NULL),
			 SQLITE_OK);
	submit(w, &job);
	wait_done(w);
	assert_string_equal(w->order.data, "a");
	assert_string_equal(w->fatal.data, "");
	sqlite3_close(w->other);
	log_set_sink(NULL, NULL);
}

static void
a_store_that_cannot_be_opened_says_why(void **state)
{
	struct world *w = *state;
	struct error err = { "" };

	/* Its own store holds it. */
	assert_null(store_open_inline(w->loop, w->scratch.path, &err));
	assert_non_null(strstr(err.text, "held by process"));
	if (w->threaded)
		assert_null(store_open(w->loop, ":memory:", &err));
}

static void
a_store_in_memory_reads_what_it_wrote(void **state UNUSED)
{
	struct loop *loop = loop_new_manual(1, 0);
	struct error err;
	struct world w = {
		.loop = loop,
		.store = store_open_inline(loop, ":memory:", &err),
	};
	struct job job = { .name = 'a', .event = 1 };

	str_init(&w.order, 16);
	w.channel = channel_of(store_reader(w.store), "irc", "#a");
	submit(&w, &job);
	wait_done(&w);
	assert_int_equal(job.seen, 1);
	store_close(w.store);
	loop_free(loop);
	str_finish(&w.order);
}

static void
closing_nothing_is_allowed(void **state UNUSED)
{
	store_close(NULL);
	store_abandon(NULL);
}

/* Commits of about so many pages each, until the log is as wished. */
static unsigned
say_until(struct db *db, int64_t channel, bool is_long, unsigned max)
{
	char *text = xcalloc(1, (1 << 20) + 1);
	unsigned n = 0;

	memset(text, 'x', 1 << 20);
	while (n < max && db_log_is_long(db) != is_long) {
		assert_int_equal(db_begin(db), 0);
		say(db, event_last_id(db) + 1, channel, text);
		assert_int_equal(db_commit(db), 0);
		n++;
	}
	free(text);
	return n;
}

static void
no_commit_moves_the_log_before_it_is_very_long(void **state UNUSED)
{
	struct scratch scratch;
	struct error err;
	struct db *db;
	int64_t channel;

	scratch_init(&scratch);
	db = db_open(scratch.path, DB_WRITER, &err);
	assert_non_null(db);
	channel = channel_of(db, "i", "#lobby");
	assert_in_range(say_until(db, channel, true, 20), 2, 5);
	db_checkpoint(db);
	assert_false(db_log_is_long(db));
	assert_in_range(say_until(db, channel, true, 20), 2, 5);
	assert_in_range(say_until(db, channel, false, 40), 8, 16);
	db_close(db);
	scratch_finish(&scratch);
}

int
main(void)
{
#define TEST(name, how)                                                  \
	{                                                                \
#name " (" #how ")", name, set_up_##how, tear_down, NULL \
	}
#define BOTH(name) TEST(name, thread), TEST(name, inline)
	const struct CMUnitTest tests[] = {
		BOTH(jobs_are_done_in_the_order_they_came),
		BOTH(nothing_is_done_before_the_caller_returned),
		BOTH(done_means_that_the_reader_sees_it),
		BOTH(what_queued_up_is_one_group),
		BOTH(a_failing_job_fails_alone),
		BOTH(a_job_that_is_done_may_submit_another),
		BOTH(closing_runs_what_is_queued),
		BOTH(abandoning_drops_what_is_queued),
		BOTH(what_was_on_the_wire_in_a_crash_is_told_after_it),
		BOTH(a_full_disk_refuses_what_does_not_fit_and_says_so_once),
		TEST(another_programs_lock_is_waited_for, thread),
		BOTH(a_store_that_cannot_be_opened_says_why),
		cmocka_unit_test(a_store_in_memory_reads_what_it_wrote),
		cmocka_unit_test(
			no_commit_moves_the_log_before_it_is_very_long),
		cmocka_unit_test(closing_nothing_is_allowed),
	};

	signal(SIGXFSZ, SIG_IGN); /* the limit is an error, not the end */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
