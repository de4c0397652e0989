/* SPDX-License-Identifier: MIT */
/*
 * test_control_socket.c - the control socket and those who misuse it. The
 * loop is a real one; each client is a thread of its own, which stops the
 * loop when it is through. Checks are made after that, in the main thread.
 */

#include "tests/support/test.h"

#include "bridge/control/request.h"
#include "bridge/control/server.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/str.h"

#include <event2/event.h>

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define NOBODY 65534
/* Longer than any answer takes, so that a hanging test ends as a failure. */
#define PATIENCE_S 20
#define OUTPUT_MAX (1024 * 1024)
#define REFUSED "{\"ok\":false,\"error\":\""

struct desk {
	char folder[64], path[80];
	struct loop *loop;
	struct control *control;
	struct error err;
	/* the client, which runs play() */
	void (*play)(struct desk *desk);
	int through; /* eventfd */
	struct str heard;
	int problem; /* errno of what failed for it */
	char logged[256];
};

/* ---- the bridge's side ------------------------------------------------- */

static void
keep_log(enum log_level level UNUSED, const char *where UNUSED,
	 const char *text, void *arg)
{
	struct desk *d = arg;

	(void)snprintf(d->logged, sizeof(d->logged), "%s", text);
}

static int
set_up(void **state)
{
	struct desk *d = xcalloc(1, sizeof(*d));

	(void)snprintf(d->folder, sizeof(d->folder),
		       "/tmp/causeway-control-XXXXXX");
	assert_non_null(mkdtemp(d->folder));
	assert_int_equal(chmod(d->folder, 0755), 0);
	(void)snprintf(d->path, sizeof(d->path), "%s/s", d->folder);
	d->loop = loop_new();
	d->through = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	str_init(&d->heard, OUTPUT_MAX);
	log_set_sink(keep_log, d);
	*state = d;
	return 0;
}

static int
tear_down(void **state)
{
	struct desk *d = *state;

	control_free(d->control);
	loop_free(d->loop);
	(void)close(d->through);
	(void)unlink(d->path);
	assert_int_equal(rmdir(d->folder), 0);
	str_finish(&d->heard);
	log_set_sink(NULL, NULL);
	free(d);
	return 0;
}

static struct control *
listen_with(struct desk *d, const char *group, int64_t idle_ms)
{
	struct control_options options = {
		.path = d->path,
		.group = group,
		.idle_ms = idle_ms,
	};

	return control_new(d->loop, NULL, &options, &d->err);
}

static void
on_through(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	loop_stop(arg);
}

static void *
client_main(void *arg)
{
	struct desk *d = arg;
	uint64_t one = 1;

	d->play(d);
	if (write(d->through, &one, sizeof(one)) < 0)
		abort();
	return NULL;
}

/* The bridge's loop turns until the client is through. */
static void
meet(struct desk *d, void (*play)(struct desk *desk))
{
	struct event *ev = event_new(loop_base(d->loop), d->through, EV_READ,
				     on_through, d->loop);
	pthread_t thread;

	if (!d->control)
		d->control = listen_with(d, NULL, 0);
	assert_non_null(d->control);
	d->play = play;
	event_add(ev, NULL);
	assert_int_equal(pthread_create(&thread, NULL, client_main, d), 0);
	loop_run(d->loop);
	assert_int_equal(pthread_join(thread, NULL), 0);
	event_free(ev);
}

/* ---- the client's side ------------------------------------------------- */

static int
dial(struct desk *d)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, d->path, strlen(d->path));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		d->problem = errno;
	return fd;
}

/* False if the bridge does not listen any more. */
static bool
say(int fd, const char *text, size_t len)
{
	return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static void
say_text(int fd, const char *text)
{
	(void)say(fd, text, strlen(text));
}

/* n lines, or all until the end if n is 0. */
static void
hear(struct desk *d, int fd, size_t n)
{
	char c;
	ssize_t got;

	if (d->problem)
		return;
	while ((got = recv(fd, &c, 1, 0)) > 0) {
		str_add_char(&d->heard, c);
		if (c == '\n' && n > 0 && --n == 0)
			return;
	}
	if (got < 0 && errno != ECONNRESET)
		d->problem = errno; /* it should have ended */
}

static size_t
lines_heard(const struct desk *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->heard.len; i++)
		n += d->heard.data[i] == '\n';
	return n;
}

static bool
heard_help(const struct desk *d)
{
	return strncmp(d->heard.data, "{\"ok\":true,\"verbs\":[", 20) == 0;
}

/* ---- talking ----------------------------------------------------------- */

static void
ask_once(struct desk *d)
{
	int fd = dial(d);

	say_text(fd, "help\n");
	hear(d, fd, 1);
	(void)close(fd);
}

static void
a_question_gets_an_answer(void **state)
{
	struct desk *d = *state;

	meet(d, ask_once);
	assert_int_equal(d->problem, 0);
	assert_true(heard_help(d));
}

static void
ask_in_pieces(struct desk *d)
{
	int fd = dial(d);

	for (const char *p = "help\r\n"; *p; p++)
		(void)say(fd, p, 1);
	hear(d, fd, 1);
	(void)close(fd);
}

static void
a_question_may_come_in_pieces(void **state)
{
	struct desk *d = *state;

	meet(d, ask_in_pieces);
	assert_int_equal(d->problem, 0);
	assert_true(heard_help(d));
}

static void
ask_three_and_close(struct desk *d)
{
	int fd = dial(d);

	say_text(fd, "one\ntwo\nthree\nfo");
	(void)shutdown(fd, SHUT_WR);
	hear(d, fd, 0);
	(void)close(fd);
}

static void
whoever_said_all_hears_the_answers_in_order(void **state)
{
	struct desk *d = *state;

	meet(d, ask_three_and_close);
	assert_int_equal(d->problem, 0);
	assert_int_equal(lines_heard(d), 3);
	assert_non_null(strstr(d->heard.data, "one"));
	assert_true(strstr(d->heard.data, "one") <
		    strstr(d->heard.data, "two"));
	assert_true(strstr(d->heard.data, "two") <
		    strstr(d->heard.data, "three"));
}

/* ---- talking badly ----------------------------------------------------- */

static void
say_too_much(struct desk *d)
{
	char chunk[1000];
	int fd = dial(d);

	memset(chunk, 'x', sizeof(chunk));
	for (int i = 0; i < 1000 && say(fd, chunk, sizeof(chunk)); i++)
		;
	say_text(fd, "\nhelp\n");
	hear(d, fd, 0);
	(void)close(fd);
}

static void
a_megabyte_without_an_end_is_refused(void **state)
{
	struct desk *d = *state;

	meet(d, say_too_much);
	assert_int_equal(d->problem, 0);
	assert_string_equal(d->heard.data, REFUSED "the line is too long\"}\n");
}

static void
say_one_byte_too_much(struct desk *d)
{
	char line[REQUEST_MAX + 2];
	int fd = dial(d);

	memset(line, 'x', sizeof(line));
	line[REQUEST_MAX] = '\n';
	(void)say(fd, line, REQUEST_MAX + 1);
	hear(d, fd, 1);
	line[REQUEST_MAX] = 'x';
	line[REQUEST_MAX + 1] = '\n';
	(void)say(fd, line, sizeof(line));
	hear(d, fd, 0);
	(void)close(fd);
}

static void
the_longest_line_is_heard_and_a_longer_one_is_not(void **state)
{
	struct desk *d = *state;

	meet(d, say_one_byte_too_much);
	assert_int_equal(d->problem, 0);
	assert_int_equal(lines_heard(d), 2);
	assert_non_null(strstr(d->heard.data, REFUSED "unknown verb"));
	assert_non_null(strstr(d->heard.data, REFUSED "the line is too long"));
}

static void
leave_in_the_middle(struct desk *d)
{
	for (int i = 0; i < 100; i++) {
		int fd = dial(d);

		say_text(fd, i % 2 ? "stat" : "help\nhelp\nstat");
		(void)close(fd);
	}
	/* Those who came last may still be counted. */
	for (int i = 0; i < 10000 && !heard_help(d); i++) {
		str_clear(&d->heard);
		ask_once(d);
	}
}

static void
whoever_leaves_in_the_middle_is_forgotten(void **state)
{
	struct desk *d = *state;

	meet(d, leave_in_the_middle);
	assert_int_equal(d->problem, 0);
	assert_true(heard_help(d));
}

/* Questions without end, and not one answer taken. */
static void
ask_and_never_hear(struct desk *d)
{
	int fd = dial(d);
	size_t asked = 0;

	while (asked < 100000 &&
	       send(fd, "help\n", 5, MSG_DONTWAIT | MSG_NOSIGNAL) == 5)
		asked++;
	ask_once(d); /* others are served all the same */
	hear(d, fd, 0);
	(void)close(fd);
	if (asked == 100000)
		d->problem = EOVERFLOW; /* they were all taken in */
}

static void
whoever_takes_no_answers_is_not_listened_to(void **state)
{
	struct desk *d = *state;

	d->control = listen_with(d, NULL, 300);
	meet(d, ask_and_never_hear);
	assert_int_equal(d->problem, 0);
	assert_true(heard_help(d));
}

static void
say_nothing(struct desk *d)
{
	int fd = dial(d);

	say_text(fd, "stat");
	hear(d, fd, 0);
	(void)close(fd);
}

static void
whoever_asks_nothing_is_sent_away(void **state)
{
	struct desk *d = *state;

	d->control = listen_with(d, NULL, 20);
	meet(d, say_nothing);
	assert_int_equal(d->problem, 0);
	assert_int_equal(d->heard.len, 0);
}

static void
crowd(struct desk *d)
{
	int fds[CONTROL_CLIENTS_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = dial(d);
	hear(d, fds[CONTROL_CLIENTS_MAX], 0);
	say_text(fds[CONTROL_CLIENTS_MAX - 1], "help\n");
	hear(d, fds[CONTROL_CLIENTS_MAX - 1], 1);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		(void)close(fds[i]);
}

static void
one_too_many_is_told_so(void **state)
{
	struct desk *d = *state;

	meet(d, crowd);
	assert_int_equal(d->problem, 0);
	assert_int_equal(lines_heard(d), 2);
	assert_non_null(strstr(d->heard.data, REFUSED "too many others"));
	assert_non_null(strstr(d->heard.data, "\"verbs\""));
}

/* ---- who may ----------------------------------------------------------- */

/* Of this thread only: the C library would change all of them. */
static void
become(struct desk *d, gid_t group)
{
	if (syscall(SYS_setgroups, group ? 1 : 0, &group) < 0 ||
	    syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) < 0 ||
	    syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) < 0)
		d->problem = errno;
}

static void
ask_as_stranger(struct desk *d)
{
	int fd;

	become(d, 0);
	fd = dial(d);
	hear(d, fd, 0);
	(void)close(fd);
}

static void
a_stranger_cannot_even_connect(void **state)
{
	struct desk *d = *state;

	if (geteuid() != 0)
		skip();
	meet(d, ask_as_stranger);
	assert_int_equal(d->problem, EACCES);
	assert_int_equal(d->heard.len, 0);
}

static void
a_stranger_who_gets_through_is_refused_and_logged(void **state)
{
	struct desk *d = *state;

	if (geteuid() != 0)
		skip();
	d->control = listen_with(d, NULL, 0);
	assert_int_equal(chmod(d->path, 0666), 0);
	meet(d, ask_as_stranger);
	assert_int_equal(d->problem, 0);
	assert_int_equal(lines_heard(d), 1);
	assert_non_null(strstr(d->heard.data, REFUSED "you are neither root"));
	assert_non_null(strstr(d->logged, "user 65534"));
}

static void
ask_as_member(struct desk *d)
{
	const struct group *group = getgrnam("daemon");

	become(d, group ? group->gr_gid : 0);
	ask_once(d);
}

static void
a_member_of_the_group_may_ask(void **state)
{
	struct desk *d = *state;

	if (geteuid() != 0 || !getgrnam("daemon"))
		skip();
	d->control = listen_with(d, "daemon", 0);
	meet(d, ask_as_member);
	assert_int_equal(d->problem, 0);
	assert_true(heard_help(d));
}

/* ---- the file ---------------------------------------------------------- */

static void
the_socket_is_for_us_and_our_group(void **state)
{
	struct desk *d = *state;
	struct stat st;

	d->control = listen_with(d, NULL, 0);
	assert_non_null(d->control);
	assert_int_equal(stat(d->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(st.st_uid, geteuid());
	control_free(d->control);
	d->control = NULL;
	assert_int_equal(stat(d->path, &st), -1);
}

/* What a crash leaves behind. */
static void
leave_a_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
			 0);
	assert_int_equal(close(fd), 0);
}

static void
a_leftover_is_replaced(void **state)
{
	struct desk *d = *state;

	leave_a_socket(d->path);
	meet(d, ask_once);
	assert_int_equal(d->problem, 0);
	assert_true(heard_help(d));
}

static void
wrong(struct desk *d, const char *group, const char *part)
{
	assert_null(listen_with(d, group, 0));
	if (!strstr(d->err.text, part))
		fail_msg("\"%s\" does not say \"%s\"", d->err.text, part);
}

static void
a_socket_at_which_somebody_answers_is_left_alone(void **state)
{
	struct desk *d = *state;

	d->control = listen_with(d, NULL, 0);
	assert_non_null(d->control);
	wrong(d, NULL, "another program answers there");
	meet(d, ask_once);
	assert_true(heard_help(d));
}

static void
a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct desk *d = *state;
	FILE *f = fopen(d->path, "w");
	struct stat st;

	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	wrong(d, NULL, "not a socket");
	assert_int_equal(stat(d->path, &st), 0);
}

static void
a_link_is_not_followed(void **state)
{
	struct desk *d = *state;
	struct stat st;

	assert_int_equal(symlink("/nonexistent", d->path), 0);
	wrong(d, NULL, "not a socket");
	assert_int_equal(lstat(d->path, &st), 0);
}

static void
a_folder_that_others_may_write_to_is_refused(void **state)
{
	static const mode_t modes[] = { 0777, 01777, 0775, 0757 };
	struct desk *d = *state;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(chmod(d->folder, modes[i]), 0);
		wrong(d, NULL, "chmod go-w");
	}
}

static void
places_that_cannot_be_are_refused(void **state)
{
	struct desk *d = *state;

	wrong(d, "no such group at all", "there is no group");
	(void)strncat(d->path, "/s", sizeof(d->path) - strlen(d->path) - 1);
	wrong(d, NULL, "No such file");
}

static void
a_path_that_is_too_long_is_refused(void **state)
{
	struct desk *d = *state;
	char path[200];
	struct control_options options = { .path = path };

	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_null(control_new(d->loop, NULL, &options, &d->err));
	assert_non_null(strstr(d->err.text, "longer than the 107 bytes"));
}

static void
what_somebody_else_put_there_is_not_removed(void **state)
{
	struct desk *d = *state;
	struct stat st;

	d->control = listen_with(d, NULL, 0);
	assert_int_equal(unlink(d->path), 0);
	leave_a_socket(d->path);
	control_free(d->control);
	d->control = NULL;
	assert_int_equal(stat(d->path, &st), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_question_gets_an_answer),
		CASE(a_question_may_come_in_pieces),
		CASE(whoever_said_all_hears_the_answers_in_order),
		CASE(a_megabyte_without_an_end_is_refused),
		CASE(the_longest_line_is_heard_and_a_longer_one_is_not),
		CASE(whoever_leaves_in_the_middle_is_forgotten),
		CASE(whoever_takes_no_answers_is_not_listened_to),
		CASE(whoever_asks_nothing_is_sent_away),
		CASE(one_too_many_is_told_so),
		CASE(a_stranger_cannot_even_connect),
		CASE(a_stranger_who_gets_through_is_refused_and_logged),
		CASE(a_member_of_the_group_may_ask),
		CASE(the_socket_is_for_us_and_our_group),
		CASE(a_leftover_is_replaced),
		CASE(a_socket_at_which_somebody_answers_is_left_alone),
		CASE(a_file_that_is_no_socket_is_left_alone),
		CASE(a_link_is_not_followed),
		CASE(a_folder_that_others_may_write_to_is_refused),
		CASE(places_that_cannot_be_are_refused),
		CASE(a_path_that_is_too_long_is_refused),
		CASE(what_somebody_else_put_there_is_not_removed),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as main.c does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
