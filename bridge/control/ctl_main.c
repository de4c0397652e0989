/* SPDX-License-Identifier: MIT */
/*
 * ctl_main.c - causewayctl: one question to a running bridge, one answer.
 */

#include "bridge/base.h"
#include "bridge/control/ctl_show.h"
#include "bridge/control/request.h"
#include "bridge/str.h"

#include <jansson.h>

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_SOCKET "/run/causeway/control"
/* More than the bridge ever sends, and room to show it. */
#define ANSWER_BYTES_MAX (4 * 1024 * 1024)
#define SHOWN_BYTES_MAX (16 * 1024 * 1024)
#define WAIT_S 30

enum {
	EXIT_REFUSED = 1,   /* the bridge said no */
	EXIT_USAGE = 2,     /* nothing was asked */
	EXIT_NO_ANSWER = 3, /* the bridge was not reached */
};

static const char usage_text[] =
	"Usage: causewayctl [--socket PATH] [--json] VERB [ARGUMENT]...\n"
	"\n"
	"Asks a running causewayd what it is doing.\n"
	"\n"
	"  status                      networks, channels, and what waits\n"
	"  queue [NETWORK[/CHANNEL]]   the messages that wait, and why\n"
	"  retry [NETWORK[/CHANNEL]]   try at once what waits for its time\n"
	"  reload                      read the configuration anew\n"
	"  trace MESSAGE               what became of a message; by its\n"
	"                              number or its id on any network\n"
	"  import biboumi DATABASE CONFIG [--dry-run]\n"
	"                              take over from biboumi; the bridge must\n"
	"                              not be running\n"
	"  help                        what the running bridge understands\n"
	"\n"
	"  -s, --socket PATH  instead of " DEFAULT_SOCKET "\n"
	"  -j, --json         print the answer as it came\n"
	"  -V, --version      print the version\n"
	"  -h, --help         print this\n"
	"\n"
	"Status: 0 done, 1 refused, 2 wrong usage, 3 the bridge cannot be "
	"reached.\nThe manual is causewayctl(1).\n";

struct options {
	const char *socket;
	bool json;
};

static void
parse_options(int argc, char **argv, struct options *opts)
{
	static const struct option longs[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "s:jVh", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			opts->socket = optarg;
			break;
		case 'j':
			opts->json = true;
			break;
		case 'V':
			puts("causewayctl " CAUSEWAY_VERSION);
			exit(EXIT_SUCCESS);
		case 'h':
			fputs(usage_text, stdout);
			exit(EXIT_SUCCESS);
		default:
			fputs("Try: causewayctl --help\n", stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind == argc) {
		fputs(usage_text, stderr);
		exit(EXIT_USAGE);
	}
}

/* The words as one line, checked as the bridge will check it. */
static int
make_request(char **words, int n, struct str *line)
{
	struct request parsed;
	const char *wrong = "the words are too long";

	for (int i = 0; i < n; i++) {
		if (i > 0)
			str_add_char(line, ' ');
		request_add_word(line, words[i]);
	}
	if (!str_overflowed(line))
		wrong = request_parse(&parsed, line->data, line->len);
	if (wrong) {
		fprintf(stderr, "causewayctl: %s\n", wrong);
		return -1;
	}
	str_add_char(line, '\n');
	return 0;
}

/* ---- the socket -------------------------------------------------------- */

static void
advise_group(const char *path)
{
	struct stat st;
	struct group *group = NULL;

	if (stat(path, &st) == 0)
		group = getgrgid(st.st_gid);
	if (group)
		fprintf(stderr,
			"Be root, the user of the bridge, or a member of the "
			"group \"%s\" of the socket.\n",
			group->gr_name);
	else
		fputs("Be root, the user of the bridge, or a member of the "
		      "group of the socket; its folder must let you in.\n",
		      stderr);
}

/* What to look at next. */
static void
advise(const char *path, int problem)
{
	switch (problem) {
	case ENOENT:
		fprintf(stderr,
			"Is causewayd running, and does its configuration say "
			"control: { socket = \"%s\"; }?\n"
			"Another path is named with --socket.\n",
			path);
		break;
	case ECONNREFUSED:
		fputs("The socket is a leftover: causewayd is not running.\n",
		      stderr);
		break;
	case EACCES:
	case EPERM:
		advise_group(path);
		break;
	default:
		break;
	}
}

static int
open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = WAIT_S };
	size_t len = strlen(path);
	int fd;

	if (len >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* Only a bound to our patience: without it we would wait longer. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int problem = errno;

		(void)close(fd); /* nothing was written */
		errno = problem;
		return -1;
	}
	return fd;
}

/* Whoever was refused may find the answer there before it has asked. */
static void
send_request(int fd, const struct str *line)
{
	size_t sent = 0;

	while (sent < line->len) {
		ssize_t n = send(fd, line->data + sent, line->len - sent,
				 MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return;
		sent += n > 0 ? (size_t)n : 0;
	}
}

/* Up to and with the LF; NULL if all is well, else what happened. */
static const char *
receive_answer(int fd, struct str *answer)
{
	char chunk[16384];

	while (!answer->len || answer->data[answer->len - 1] != '\n') {
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? "no answer in time"
					       : strerror(errno);
		if (n == 0)
			return "it ended the conversation without an answer";
		str_add_n(answer, chunk, (size_t)n);
		if (str_overflowed(answer))
			return "the answer is too long to be one of causewayd";
	}
	return NULL;
}

static int
ask(const char *path, const struct str *line, struct str *answer)
{
	int fd = open_socket(path);
	const char *wrong;

	if (fd < 0) {
		int problem = errno;

		fprintf(stderr, "causewayctl: %s: %s\n", path,
			strerror(problem));
		advise(path, problem);
		return -1;
	}
	send_request(fd, line);
	wrong = receive_answer(fd, answer);
	(void)close(fd); /* the answer is here, or never will be */
	if (wrong)
		fprintf(stderr, "causewayctl: %s: %s\n", path, wrong);
	return wrong ? -1 : 0;
}

/* ---- without a bridge -------------------------------------------------- */

/*
 * import biboumi DATABASE CONFIG [--dry-run]: the daemon's own program does
 * it, which knows the database and all settings. Returns only if it cannot.
 */
static int
import(int argc, char **argv)
{
	bool dry = argc == 6 && strcmp(argv[5], "--dry-run") == 0;

	if (argc < 5 || argc > 6 || (argc == 6 && !dry) ||
	    strcmp(argv[2], "biboumi") != 0) {
		fputs("Usage: causewayctl import biboumi DATABASE CONFIG "
		      "[--dry-run]\n",
		      stderr);
		return EXIT_USAGE;
	}
	(void)execlp("causewayd", "causewayd", "--config", argv[4],
		     "--import-biboumi", argv[3], dry ? "--dry-run" : NULL,
		     (char *)NULL);
	fprintf(stderr,
		"causewayctl: causewayd is not in PATH (it mostly lies in "
		"/usr/sbin): %s\n",
		strerror(errno));
	return EXIT_USAGE;
}

/* ---- the answer -------------------------------------------------------- */

static int
print(const struct options *opts, const char *verb, const struct str *answer)
{
	AUTO_STR shown = { 0 };
	json_t *tree = json_loadb(answer->data, answer->len,
				  JSON_REJECT_DUPLICATES, NULL);
	bool good = json_is_true(json_object_get(tree, "ok"));
	const char *why = json_string_value(json_object_get(tree, "error"));
	int status = good ? EXIT_SUCCESS : EXIT_REFUSED;

	str_init(&shown, SHOWN_BYTES_MAX);
	if (!json_is_object(tree)) {
		fputs("causewayctl: what answered is not causewayd\n", stderr);
		status = EXIT_NO_ANSWER;
	} else if (opts->json) {
		fputs(answer->data, stdout);
	} else if (good) {
		ctl_show(verb, tree, &shown);
		fputs(shown.data, stdout);
	} else {
		ctl_show_text(&shown, why ? why : "refused without a reason");
		fprintf(stderr, "causewayctl: %s\n", shown.data);
	}
	json_decref(tree);
	return status;
}

int
main(int argc, char **argv)
{
	struct options opts = { .socket = DEFAULT_SOCKET };
	AUTO_STR line = { 0 }, answer = { 0 };

	str_init(&line, REQUEST_MAX + 1);
	str_init(&answer, ANSWER_BYTES_MAX);
	if (argc > 1 && strcmp(argv[1], "import") == 0)
		return import(argc, argv);
	parse_options(argc, argv, &opts);
	if (make_request(argv + optind, argc - optind, &line) < 0)
		return EXIT_USAGE;
	if (ask(opts.socket, &line, &answer) < 0)
		return EXIT_NO_ANSWER;

	int status = print(&opts, argv[optind], &answer);

	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "causewayctl: %s\n", strerror(errno));
		return EXIT_NO_ANSWER;
	}
	return status;
}
