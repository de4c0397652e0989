/* SPDX-License-Identifier: MIT */
/*
 * test_multi.c - a name server that does not answer is no reason for the loop
 * to stand still. libcurl resolves names on a thread of its own; here that
 * thread waits until it is told to go on.
 */

#include "tests/support/test.h"

#include "bridge/http/multi.h"
#include "bridge/loop.h"

#include <errno.h>
#include <netdb.h>
#include <semaphore.h>
#include <time.h>

/* A hang is told by it, and by nothing else. */
#define PATIENCE_S 8

static sem_t asked, answer, answered;
static bool in_vain;

static bool
await(sem_t *sem)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	while (sem_timedwait(sem, &until) < 0)
		if (errno != EINTR)
			return false;
	return true;
}

/* In the place of libc's. */
int
getaddrinfo(const char *name UNUSED, const char *service UNUSED,
	    const struct addrinfo *hints UNUSED, struct addrinfo **list UNUSED)
{
	sem_post(&asked);
	in_vain = !await(&answer);
	sem_post(&answered);
	return EAI_AGAIN;
}

struct call {
	struct http_ride ride;
	struct loop *loop;
	struct timer look;
	bool over;
};

static void
on_done(struct http_ride *ride, CURLcode rc UNUSED)
{
	struct call *call = container_of(ride, struct call, ride);

	call->over = true;
	loop_stop(call->loop);
}

static void
begin(struct call *call, struct http_multi *multi, struct loop *loop)
{
	*call = (struct call){
		.ride = { .easy = curl_easy_init(), .done = on_done },
		.loop = loop,
	};
	http_ride_defaults(call->ride.easy);
	curl_easy_setopt(call->ride.easy, CURLOPT_URL,
			 "http://slow.example.org/");
	http_multi_add(multi, &call->ride);
}

static void
stop_when_asked(void *arg)
{
	struct call *call = arg;

	if (sem_trywait(&asked) == 0)
		loop_stop(call->loop);
	else
		timer_start(&call->look, call->loop, 5, stop_when_asked, call);
}

static void
finish(struct call *call)
{
	assert_false(in_vain);
	sem_post(&answer);
	assert_true(await(&answered));
	curl_easy_cleanup(call->ride.easy);
}

static void
a_call_that_waits_for_its_name_is_given_up_at_once(void **state UNUSED)
{
	struct loop *loop = loop_new();
	struct http_multi *multi = http_multi_new(loop, 8);
	struct call call;

	begin(&call, multi, loop);
	stop_when_asked(&call);
	loop_run(loop);
	http_multi_remove(multi, &call.ride);
	finish(&call);
	http_multi_free(multi);
	loop_free(loop);
}

static void
a_name_that_takes_too_long_ends_the_call_and_holds_up_nobody(
	void **state UNUSED)
{
	struct loop *loop = loop_new();
	struct http_multi *multi = http_multi_new(loop, 8);
	struct call call;

	begin(&call, multi, loop);
	curl_easy_setopt(call.ride.easy, CURLOPT_CONNECTTIMEOUT_MS, 50L);
	loop_run(loop);
	assert_true(call.over);
	assert_true(await(&asked));
	finish(&call);
	http_multi_free(multi);
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_call_that_waits_for_its_name_is_given_up_at_once),
		cmocka_unit_test(
			a_name_that_takes_too_long_ends_the_call_and_holds_up_nobody),
	};

	sem_init(&asked, 0, 0);
	sem_init(&answer, 0, 0);
	sem_init(&answered, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
