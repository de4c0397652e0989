/* SPDX-License-Identifier: MIT */
/*
 * irc_peer_lib.c - an IRC user on libircclient, for the integration tests: an
 * implementation of the protocol that shares nothing with ours. Plain
 * connections only; Debian's build of the library has no TLS.
 *
 *     irc_peer_lib HOST PORT NICK
 *
 * Prints "event NAME ORIGIN PARAMETERS...", tab-separated, one line each, and
 * reads commands from standard input: join #chan, part #chan, msg TARGET
 * text, me TARGET text, notice TARGET text, topic #chan text, nick NAME, quit.
 */

#include "bridge/base.h"

#include <libircclient.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#define LINE_BYTES 1024

/* One line; what a terminal or a parser would trip over is shown as \ooo. */
static void
print_field(const char *s)
{
	for (; s && *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < ' ' || c == '\\' || c == 0x7f)
			printf("\\%03o", c);
		else
			putchar(c);
	}
}

static void
print_event(const char *name, const char *origin, const char **params,
	    unsigned count)
{
	printf("event\t%s\t", name);
	print_field(origin);
	for (unsigned i = 0; i < count; i++) {
		putchar('\t');
		print_field(params[i]);
	}
	putchar('\n');
	fflush(stdout);
}

static void
on_event(irc_session_t *session UNUSED, const char *event, const char *origin,
	 const char **params, unsigned count)
{
	print_event(event, origin, params, count);
}

static void
on_numeric(irc_session_t *session UNUSED, unsigned event, const char *origin,
	   const char **params, unsigned count)
{
	char name[16];

	snprintf(name, sizeof(name), "%03u", event);
	print_event(name, origin, params, count);
}

static int
command_message(irc_session_t *s, const char *verb, char *target,
		const char *text)
{
	if (strcmp(verb, "msg") == 0)
		return irc_cmd_msg(s, target, text);
	if (strcmp(verb, "me") == 0)
		return irc_cmd_me(s, target, text);
	if (strcmp(verb, "notice") == 0)
		return irc_cmd_notice(s, target, text);
	if (strcmp(verb, "topic") == 0)
		return irc_cmd_topic(s, target, text);
	return -1;
}

/* 0, or -1 if nobody knows the command or the library refused it. */
static int
command(irc_session_t *s, char *line)
{
	char *rest = line;
	const char *verb = strsep(&rest, " ");
	char *target = strsep(&rest, " ");

	if (strcmp(verb, "quit") == 0)
		return irc_cmd_quit(s, target ? target : "bye");
	if (!target)
		return -1;
	if (strcmp(verb, "join") == 0)
		return irc_cmd_join(s, target, NULL);
	if (strcmp(verb, "part") == 0)
		return irc_cmd_part(s, target);
	if (strcmp(verb, "nick") == 0)
		return irc_cmd_nick(s, target);
	return command_message(s, verb, target, rest ? rest : "");
}

/* False at the end of the input. */
static bool
read_commands(irc_session_t *s)
{
	char line[LINE_BYTES];

	do {
		if (!fgets(line, sizeof(line), stdin))
			return errno == EAGAIN || errno == EWOULDBLOCK;
		line[strcspn(line, "\r\n")] = '\0';
		if (command(s, line) < 0)
			print_event("refused", line, NULL, 0);
		struct pollfd more = { .fd = STDIN_FILENO, .events = POLLIN };

		if (poll(&more, 1, 0) <= 0)
			return true;
	} while (true);
}

/* One round of waiting and working; false when it is over. */
static bool
turn(irc_session_t *s)
{
	fd_set in, out;
	int max = STDIN_FILENO;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(STDIN_FILENO, &in);
	if (irc_add_select_descriptors(s, &in, &out, &max))
		return false;
	if (select(max + 1, &in, &out, NULL, NULL) < 0)
		return errno == EINTR;
	if (irc_process_select_descriptors(s, &in, &out))
		return false;
	return !FD_ISSET(STDIN_FILENO, &in) || read_commands(s);
}

static irc_session_t *
make_session(void)
{
	irc_callbacks_t calls = {
		.event_connect = on_event,
		.event_nick = on_event,
		.event_quit = on_event,
		.event_join = on_event,
		.event_part = on_event,
		.event_mode = on_event,
		.event_topic = on_event,
		.event_kick = on_event,
		.event_channel = on_event,
		.event_privmsg = on_event,
		.event_notice = on_event,
		.event_channel_notice = on_event,
		.event_ctcp_action = on_event,
		.event_unknown = on_event,
		.event_numeric = on_numeric,
	};

	return irc_create_session(&calls);
}

int
main(int argc, char **argv)
{
	irc_session_t *s;

	if (argc != 4) {
		fputs("Usage: irc_peer_lib HOST PORT NICK\n", stderr);
		return EXIT_FAILURE;
	}
	/* A FILE buffer would hide input from select(). */
	(void)setvbuf(stdin, NULL, _IONBF, 0);
	s = make_session();
	if (!s)
		return EXIT_FAILURE;
	irc_option_set(s, LIBIRC_OPTION_STRIPNICKS);
	if (irc_connect(s, argv[1], (unsigned short)strtoul(argv[2], NULL, 10),
			NULL, argv[3], argv[3], "libircclient")) {
		fprintf(stderr, "%s\n", irc_strerror(irc_errno(s)));
		return EXIT_FAILURE;
	}
	while (turn(s) && irc_is_connected(s))
		;
	irc_destroy_session(s);
	return EXIT_SUCCESS;
}
