/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_CONF_SETUP_H
#define TESTS_UNIT_CONF_SETUP_H

/*
 * An empty working folder with the files that the configurations of the
 * tests refer to, so that their paths are short and the same everywhere.
 */

#include "bridge/base.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file called name, in the working folder. */
static inline void
put_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static inline int
enter_folder(void **state UNUSED)
{
	char dir[] = "/tmp/causeway-test-XXXXXX";

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	put_file("s", "secret\n", 0600);
	put_file("open", "secret\n", 0644);
	put_file("empty", "", 0600);
	return 0;
}

/* Removes the files, which are all in one folder. */
static inline int
leave_folder(void **state UNUSED)
{
	char path[4096];
	DIR *dir = opendir(".");

	if (!dir || !getcwd(path, sizeof(path)))
		return -1;
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		if (e->d_name[0] != '.')
			(void)unlink(e->d_name);
	(void)closedir(dir);
	return chdir("/") == 0 && rmdir(path) == 0 ? 0 : -1;
}

/* ---- pieces of configurations ------------------------------------------ */

/* clang-format off */
#define XMPP_LINE \
	"xmpp: { protocol = \"xmpp\"; component = \"gw.example.org\"; " \
	"secret = \"file:s\"; };\n"
#define IRC_LINE \
	"libera: { protocol = \"irc\"; server = \"irc.libera.chat\"; " \
	"nick = \"causeway\"; };\n"
#define XMPP_BEGIN \
	"xmpp: { protocol = \"xmpp\"; component = \"gw.example.org\"; " \
	"secret = \"file:s\";\n"
#define IRC_BEGIN \
	"libera: { protocol = \"irc\"; server = \"irc.libera.chat\"; " \
	"nick = \"causeway\";\n"

/* What follows stands in line 3. */
#define XMPP_AND "networks: {\n" XMPP_LINE

/* Four lines. */
#define NETWORKS XMPP_AND IRC_LINE "};\n"
#define LINKS \
	"links: { dev: { channels = [ \"xmpp:dev@c.example.org\", " \
	"\"libera:#dev\" ]; }; };"
/* clang-format on */

#endif
