/* SPDX-License-Identifier: MIT */
/*
 * test_loop.c - clocks, timers and deferred calls: by hand all of it, in real
 * time only that the same code is driven by libevent.
 */

#include "tests/support/test.h"

#include "bridge/loop.h"

#include <event2/dns.h>
#include <event2/event.h>

#include <stdlib.h>
#include <unistd.h>

#define NOTES 64

/* Who was called, in order, and when. */
struct fixture {
	struct loop *loop;
	char notes[NOTES];
	int64_t at[NOTES];
	size_t n;
	struct timer timers[8];
};

/* One thing to be called: notes its letter, then may do something. */
struct actor {
	struct fixture *f;
	char letter;
	void (*then)(struct actor *actor);
	struct actor *other;
	int left; /* times that it may still be called */
	struct timer timer;
};

static void
act(void *arg)
{
	struct actor *actor = arg;
	struct fixture *f = actor->f;

	assert_true(f->n < NOTES - 1);
	f->at[f->n] = loop_now_ms(f->loop);
	f->notes[f->n++] = actor->letter;
	if (actor->then)
		actor->then(actor);
}

static int
set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->loop = loop_new_manual(1, 1000000);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	loop_free(f->loop);
	free(f);
	return 0;
}

/* ---- manual: time ------------------------------------------------------ */

static void
time_stands_still_until_it_is_moved(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_now_ms(f->loop), 0);
	assert_int_equal(loop_wall_ms(f->loop), 1000000);
	loop_advance(f->loop, 1500);
	assert_int_equal(loop_now_ms(f->loop), 1500);
	assert_int_equal(loop_wall_ms(f->loop), 1001500);
	loop_advance(f->loop, 0);
	assert_int_equal(loop_now_ms(f->loop), 1500);
	assert_null(loop_base(f->loop));
	assert_null(loop_dns(f->loop));
}

static void
a_timer_runs_once_at_its_time(void **state)
{
	struct fixture *f = *state;
	struct actor a = { .f = f, .letter = 'a' };

	assert_int_equal(timer_left_ms(&a.timer), -1);
	timer_start(&a.timer, f->loop, 100, act, &a);
	assert_true(timer_is_running(&a.timer));
	assert_int_equal(timer_left_ms(&a.timer), 100);
	loop_advance(f->loop, 99);
	assert_int_equal(timer_left_ms(&a.timer), 1);
	assert_string_equal(f->notes, "");
	loop_advance(f->loop, 1);
	assert_string_equal(f->notes, "a");
	assert_false(timer_is_running(&a.timer));
	loop_advance(f->loop, 1000);
	assert_string_equal(f->notes, "a");
}

static void
timers_see_the_time_they_were_due(void **state)
{
	struct fixture *f = *state;
	struct actor a = { .f = f, .letter = 'a' };
	struct actor b = { .f = f, .letter = 'b' };

	timer_start(&b.timer, f->loop, 200, act, &b);
	timer_start(&a.timer, f->loop, 100, act, &a);
	loop_advance(f->loop, 1000);
	assert_string_equal(f->notes, "ab");
	assert_int_equal(f->at[0], 100);
	assert_int_equal(f->at[1], 200);
	assert_int_equal(loop_now_ms(f->loop), 1000);
}

static void
timers_due_together_run_as_they_were_set(void **state)
{
	struct fixture *f = *state;
	struct actor actors[8];

	for (int i = 0; i < 8; i++) {
		actors[i] = (struct actor){ .f = f, .letter = (char)('a' + i) };
		timer_start(&actors[i].timer, f->loop, 50, act, &actors[i]);
	}
	/* Setting one anew puts it last. */
	timer_start(&actors[2].timer, f->loop, 50, act, &actors[2]);
	loop_advance(f->loop, 50);
	assert_string_equal(f->notes, "abdefghc");
}

static void
a_timer_in_the_past_is_due_now(void **state)
{
	struct fixture *f = *state;
	struct actor a = { .f = f, .letter = 'a' };

	timer_start(&a.timer, f->loop, -5, act, &a);
	assert_string_equal(f->notes, "");
	loop_advance(f->loop, 0);
	assert_string_equal(f->notes, "a");
	assert_int_equal(f->at[0], 0);
}

static void
a_timer_at_the_end_of_time_does_not_wrap(void **state)
{
	struct fixture *f = *state;
	struct actor a = { .f = f, .letter = 'a' };

	loop_advance(f->loop, 10);
	timer_start(&a.timer, f->loop, INT64_MAX, act, &a);
	loop_advance(f->loop, 1000);
	assert_string_equal(f->notes, "");
	timer_stop(&a.timer);
}

static void
a_stopped_timer_does_not_run(void **state)
{
	struct fixture *f = *state;
	struct actor a = { .f = f, .letter = 'a' };
	struct timer unused = { 0 };

	timer_stop(&unused);
	timer_start(&a.timer, f->loop, 10, act, &a);
	timer_stop(&a.timer);
	timer_stop(&a.timer);
	assert_false(timer_is_running(&a.timer));
	loop_advance(f->loop, 100);
	assert_string_equal(f->notes, "");
}

static void
start_again(struct actor *actor)
{
	timer_start(&actor->timer, actor->f->loop, 10, act, actor);
}

static void
a_timer_may_set_itself_anew(void **state)
{
	struct fixture *f = *state;
	struct actor a = { .f = f, .letter = 'a', .then = start_again };

	timer_start(&a.timer, f->loop, 10, act, &a);
	loop_advance(f->loop, 35);
	assert_string_equal(f->notes, "aaa");
	assert_int_equal(f->at[2], 30);
	timer_stop(&a.timer);
}

static void
stop_other(struct actor *actor)
{
	timer_stop(&actor->other->timer);
}

static void
a_timer_may_stop_one_that_is_due_with_it(void **state)
{
	struct fixture *f = *state;
	struct actor b = { .f = f, .letter = 'b' };
	struct actor a = {
		.f = f, .letter = 'a', .then = stop_other, .other = &b
	};

	timer_start(&a.timer, f->loop, 10, act, &a);
	timer_start(&b.timer, f->loop, 10, act, &b);
	loop_advance(f->loop, 10);
	assert_string_equal(f->notes, "a");
}

static void
the_next_timer_is_known(void **state)
{
	struct fixture *f = *state;
	struct timer *t = f->timers;

	assert_int_equal(loop_next_due(f->loop), -1);
	timer_start(&t[0], f->loop, 70, act, NULL);
	timer_start(&t[1], f->loop, 30, act, NULL);
	assert_int_equal(loop_next_due(f->loop), 30);
	loop_advance(f->loop, 20);
	assert_int_equal(loop_next_due(f->loop), 10);
	timer_stop(&t[1]);
	assert_int_equal(loop_next_due(f->loop), 50);
	timer_stop(&t[0]);
	assert_int_equal(loop_next_due(f->loop), -1);
}

static void
count(void *arg)
{
	struct timer *t = arg;

	/* Each runs when it is due, and no other before it. */
	assert_int_equal(loop_now_ms(t->loop), t->due_ms);
	assert_true(loop_next_due(t->loop) != 0 || t->slot == 0);
}

static void
a_thousand_timers_run_in_order(void **state)
{
	struct fixture *f = *state;
	struct timer *timers = xcalloc(1000, sizeof(*timers));
	size_t running = 0;

	for (int i = 0; i < 1000; i++)
		timer_start(&timers[i], f->loop,
			    (int64_t)loop_random_below(f->loop, 500), count,
			    &timers[i]);
	/* Stop or move some, from the middle of the heap. */
	for (int i = 0; i < 1000; i += 3)
		timer_stop(&timers[i]);
	for (int i = 0; i < 1000; i += 7)
		timer_start(&timers[i], f->loop,
			    (int64_t)loop_random_below(f->loop, 500), count,
			    &timers[i]);
	for (int i = 0; i < 1000; i++)
		running += timer_is_running(&timers[i]);
	assert_int_equal(running, 714);

	for (int64_t now = 0; now < 500; now++) {
		for (int i = 0; i < 1000; i++) {
			if (timer_is_running(&timers[i]))
				assert_true(timers[i].due_ms >= now);
		}
		loop_advance(f->loop, 1);
	}
	assert_int_equal(loop_next_due(f->loop), -1);
	free(timers);
}

/* ---- manual: deferred calls -------------------------------------------- */

static void
defer_other(struct actor *actor)
{
	loop_defer(actor->f->loop, act, actor->other);
	/* Never from inside the function that deferred it. */
	assert_int_equal(actor->f->notes[actor->f->n - 1], actor->letter);
}

static void
deferred_calls_run_in_order(void **state)
{
	struct fixture *f = *state;
	struct actor a = { .f = f, .letter = 'a' };
	struct actor b = { .f = f, .letter = 'b' };

	loop_defer(f->loop, act, &b);
	loop_defer(f->loop, act, &a);
	loop_defer(f->loop, act, &b);
	assert_string_equal(f->notes, "");
	loop_advance(f->loop, 0);
	assert_string_equal(f->notes, "bab");
}

static void
deferred_calls_run_before_timers(void **state)
{
	struct fixture *f = *state;
	struct actor c = { .f = f, .letter = 'c' };
	struct actor b = { .f = f, .letter = 'b' };
	struct actor a = {
		.f = f, .letter = 'a', .then = defer_other, .other = &c
	};

	/* c was deferred by timer a, and so runs before timer b. */
	timer_start(&a.timer, f->loop, 10, act, &a);
	timer_start(&b.timer, f->loop, 10, act, &b);
	loop_advance(f->loop, 20);
	assert_string_equal(f->notes, "acb");
	assert_int_equal(f->at[1], 10);
}

static void
what_a_deferred_call_defers_runs_a_round_later(void **state)
{
	struct fixture *f = *state;
	struct actor c = { .f = f, .letter = 'c' };
	struct actor b = { .f = f, .letter = 'b' };
	struct actor a = {
		.f = f, .letter = 'a', .then = defer_other, .other = &c
	};

	timer_start(&b.timer, f->loop, 0, act, &b);
	loop_defer(f->loop, act, &a);
	loop_advance(f->loop, 0);
	assert_string_equal(f->notes, "acb");
}

static void
cancelled_calls_do_not_run(void **state)
{
	struct fixture *f = *state;
	struct actor a = { .f = f, .letter = 'a' };
	struct actor b = { .f = f, .letter = 'b' };

	loop_cancel(f->loop, act, &a);
	loop_defer(f->loop, act, &a);
	loop_defer(f->loop, act, &b);
	loop_defer(f->loop, act, &a);
	loop_cancel(f->loop, act, &a);
	loop_advance(f->loop, 0);
	assert_string_equal(f->notes, "b");
	loop_defer(f->loop, act, &a);
	loop_advance(f->loop, 0);
	assert_string_equal(f->notes, "ba");
}

static void
cancel_other(struct actor *actor)
{
	loop_cancel(actor->f->loop, act, actor->other);
}

static void
a_call_can_cancel_a_later_one_of_its_batch(void **state)
{
	struct fixture *f = *state;
	struct actor b = { .f = f, .letter = 'b' };
	struct actor a = {
		.f = f, .letter = 'a', .then = cancel_other, .other = &b
	};

	loop_defer(f->loop, act, &b);
	loop_defer(f->loop, act, &a);
	loop_defer(f->loop, act, &b);
	loop_advance(f->loop, 0);
	assert_string_equal(f->notes, "ba");
}

/* ---- chance ------------------------------------------------------------ */

static void
chance_follows_the_seed(void **state UNUSED)
{
	struct loop *a = loop_new_manual(42, 0);
	struct loop *b = loop_new_manual(42, 0);
	struct loop *c = loop_new_manual(43, 0);
	int same = 0;

	for (int i = 0; i < 100; i++) {
		uint64_t number = loop_random(a);

		assert_int_equal(number, loop_random(b));
		same += number == loop_random(c);
	}
	assert_int_equal(same, 0);
	loop_free(a);
	loop_free(b);
	loop_free(c);
}

static void
chance_is_splitmix64(void **state UNUSED)
{
	struct loop *loop = loop_new_manual(0, 0);

	/* What the algorithm's author publishes for the seed 0. */
	assert_int_equal(loop_random(loop), 0xE220A8397B1DCDAF);
	assert_int_equal(loop_random(loop), 0x6E789E6AA1B965F4);
	loop_free(loop);
}

static void
a_random_number_stays_below_its_limit(void **state)
{
	struct fixture *f = *state;
	unsigned seen[6] = { 0 };

	assert_int_equal(loop_random_below(f->loop, 0), 0);
	assert_int_equal(loop_random_below(f->loop, 1), 0);
	for (int i = 0; i < 6000; i++) {
		uint64_t number = loop_random_below(f->loop, 6);

		assert_true(number < 6);
		seen[number]++;
	}
	for (int i = 0; i < 6; i++)
		assert_in_range(seen[i], 800, 1200);
}

/* ---- real -------------------------------------------------------------- */

static void
stop_loop(struct actor *actor)
{
	loop_stop(actor->f->loop);
}

static void
a_real_loop_runs_timers_and_deferred_calls(void **state UNUSED)
{
	struct fixture f = { .loop = loop_new() };
	struct actor c = { .f = &f, .letter = 'c', .then = stop_loop };
	struct actor b = { .f = &f, .letter = 'b' };
	struct actor a = {
		.f = &f, .letter = 'a', .then = defer_other, .other = &b
	};
	int64_t wall = loop_wall_ms(f.loop);

	assert_non_null(loop_base(f.loop));
	timer_start(&c.timer, f.loop, 1, act, &c);
	loop_defer(f.loop, act, &a);
	loop_run(f.loop);
	assert_string_equal(f.notes, "abc");
	assert_true(f.at[2] > f.at[0]);
	assert_true(wall > INT64_C(1600000000000));
	/* It can be run again. */
	loop_defer(f.loop, act, &c);
	loop_run(f.loop);
	assert_string_equal(f.notes, "abcc");
	loop_free(f.loop);
}

/* A pipe that is readable for ever. */
struct source {
	struct actor actor;
	int fds[2];
	struct event *event;
};

static void
on_readable(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	act(arg);
}

static void
on_noise(evutil_socket_t fd UNUSED, short what UNUSED, void *arg UNUSED)
{
}

static void
open_source(struct source *s, struct fixture *f, char letter,
	    event_callback_fn fn)
{
	s->actor = (struct actor){ .f = f, .letter = letter };
	assert_int_equal(pipe(s->fds), 0);
	assert_int_equal(write(s->fds[1], "x", 1), 1);
	s->event = event_new(loop_base(f->loop), s->fds[0],
			     EV_READ | EV_PERSIST, fn, &s->actor);
	event_add(s->event, NULL);
}

static void
close_source(struct source *s)
{
	event_free(s->event);
	close(s->fds[0]);
	close(s->fds[1]);
}

static void
a_deferred_call_runs_before_the_next_socket(void **state UNUSED)
{
	struct fixture f = { .loop = loop_new() };
	struct actor stop = { .f = &f, .letter = '.', .then = stop_loop };
	struct source one;
	struct source two;

	open_source(&one, &f, 's', on_readable);
	open_source(&two, &f, 's', on_readable);
	one.actor.then = two.actor.then = defer_other;
	one.actor.other = two.actor.other = &stop;
	loop_run(f.loop);
	assert_string_equal(f.notes, "s.");
	close_source(&one);
	close_source(&two);
	loop_free(f.loop);
}

static void
defer_again_or_stop(struct actor *actor)
{
	if (actor->f->n >= 40)
		loop_stop(actor->f->loop);
	else
		loop_defer(actor->f->loop, act, actor);
}

static void
a_call_that_defers_itself_does_not_starve_sockets(void **state UNUSED)
{
	struct fixture f = { .loop = loop_new() };
	struct actor busy = { .f = &f,
			      .letter = 'd',
			      .then = defer_again_or_stop };
	struct source source;

	open_source(&source, &f, 's', on_readable);
	loop_defer(f.loop, act, &busy);
	loop_run(f.loop);
	assert_memory_equal(f.notes, "dsdsdsds", 8);
	close_source(&source);
	loop_free(f.loop);
}

static void
stop_at_the_third(struct actor *actor)
{
	if (actor->f->n >= 3)
		loop_stop(actor->f->loop);
	else
		timer_start(&actor->timer, actor->f->loop, 1, act, actor);
}

static void
a_busy_socket_does_not_starve_timers(void **state UNUSED)
{
	struct fixture f = { .loop = loop_new() };
	struct actor a = { .f = &f, .letter = 't', .then = stop_at_the_third };
	struct source source;

	open_source(&source, &f, 's', on_noise);
	timer_start(&a.timer, f.loop, 1, act, &a);
	loop_run(f.loop);
	assert_string_equal(f.notes, "ttt");
	close_source(&source);
	loop_free(f.loop);
}

/* The word that ends it comes from a timer. */
static void
again_until_told(struct actor *actor)
{
	struct fixture *f = actor->f;

	assert_true(actor->left-- > 0);
	f->n = 0;
	if (actor->other)
		loop_defer(f->loop, act, actor);
}

static void
tell(struct actor *actor)
{
	actor->other->other = NULL;
}

static void
calls_that_defer_others_do_not_starve_timers(void **state)
{
	struct fixture *f = *state;
	struct actor busy = {
		.f = f, .letter = 'd', .then = again_until_told, .left = 1000
	};
	struct actor timed = {
		.f = f, .letter = 't', .then = tell, .other = &busy
	};

	busy.other = &timed;
	timer_start(&timed.timer, f->loop, 0, act, &timed);
	loop_defer(f->loop, act, &busy);
	loop_advance(f->loop, 0);
	assert_null(busy.other);
}

static void
the_resolver_is_made_once(void **state UNUSED)
{
	struct loop *loop = loop_new();
	struct evdns_base *dns = loop_dns(loop);

	assert_non_null(dns);
	assert_ptr_equal(loop_dns(loop), dns);
	assert_true(evdns_base_count_nameservers(dns) > 0);
	loop_free(loop);
}

static void
real_chance_differs(void **state UNUSED)
{
	struct loop *loop = loop_new();

	assert_true(loop_random(loop) != loop_random(loop));
	loop_free(loop);
}

#define MANUAL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MANUAL(time_stands_still_until_it_is_moved),
		MANUAL(a_timer_runs_once_at_its_time),
		MANUAL(timers_see_the_time_they_were_due),
		MANUAL(timers_due_together_run_as_they_were_set),
		MANUAL(a_timer_in_the_past_is_due_now),
		MANUAL(a_timer_at_the_end_of_time_does_not_wrap),
		MANUAL(a_stopped_timer_does_not_run),
		MANUAL(a_timer_may_set_itself_anew),
		MANUAL(a_timer_may_stop_one_that_is_due_with_it),
		MANUAL(the_next_timer_is_known),
		MANUAL(a_thousand_timers_run_in_order),
		MANUAL(deferred_calls_run_in_order),
		MANUAL(deferred_calls_run_before_timers),
		MANUAL(what_a_deferred_call_defers_runs_a_round_later),
		MANUAL(cancelled_calls_do_not_run),
		MANUAL(a_call_can_cancel_a_later_one_of_its_batch),
		cmocka_unit_test(chance_follows_the_seed),
		cmocka_unit_test(chance_is_splitmix64),
		MANUAL(a_random_number_stays_below_its_limit),
		cmocka_unit_test(a_real_loop_runs_timers_and_deferred_calls),
		cmocka_unit_test(a_deferred_call_runs_before_the_next_socket),
		cmocka_unit_test(
			a_call_that_defers_itself_does_not_starve_sockets),
		cmocka_unit_test(a_busy_socket_does_not_starve_timers),
		MANUAL(calls_that_defer_others_do_not_starve_timers),
		cmocka_unit_test(the_resolver_is_made_once),
		cmocka_unit_test(real_chance_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
