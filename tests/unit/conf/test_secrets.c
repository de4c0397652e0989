/* SPDX-License-Identifier: MIT */
/* test_secrets.c - where secrets come from, and what is refused. */

#include "tests/support/test.h"

#include "bridge/error.h"
#include "bridge/secret.h"
#include "conf/secrets.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
enter_folder(void **state UNUSED)
{
	char dir[] = "/tmp/causeway-test-XXXXXX";

	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int
leave_folder(void **state UNUSED)
{
	char dir[128];

	if (!getcwd(dir, sizeof(dir)) || chdir("/") < 0)
		return -1;
	return rmdir(dir);
}

static void
write_secret(const char *bytes, size_t len, mode_t mode)
{
	int fd = open("s", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static void
assert_refused(const char *reference, const char *why)
{
	struct error err = { "" };

	assert_null(secret_load(reference, ".", &err));
	assert_string_equal(err.text, why);
}

static void
assert_secret(const char *reference, const char *bytes)
{
	struct error err;
	AUTO(secret) s = secret_load(reference, ".", &err);

	assert_non_null(s);
	assert_int_equal(secret_len(s), strlen(bytes));
	assert_string_equal(secret_reveal(s), bytes);
}

static void
a_file_gives_its_content_without_the_last_newline(void **state UNUSED)
{
	static const char *const cases[][2] = {
		{ "pw", "pw" },       { "pw\n", "pw" },   { "pw\r\n", "pw" },
		{ "pw\n\n", "pw\n" }, { " pw ", " pw " }, { "\n\n", "\n" },
		{ "a\nb\n", "a\nb" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		write_secret(cases[i][0], strlen(cases[i][0]), 0600);
		assert_secret("file:s", cases[i][1]);
	}
	assert_int_equal(unlink("s"), 0);
}

static void
a_file_that_others_may_touch_is_refused(void **state UNUSED)
{
	static const mode_t good[] = { 0600, 0400, 0700 };
	static const mode_t bad[] = { 0601, 0602, 0604, 0610, 0620,
				      0640, 0644, 0666, 0777 };
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		write_secret("pw", 2, good[i]);
		assert_secret("file:s", "pw");
		assert_int_equal(unlink("s"), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		write_secret("pw", 2, bad[i]);
		assert_null(secret_load("file:s", ".", &err));
		assert_int_equal(unlink("s"), 0);
	}
	write_secret("pw", 2, 0640);
	assert_refused("file:s", "the secret file \"s\": others may read or "
				 "write it (mode 0640); run: chmod 600 s");
	assert_int_equal(unlink("s"), 0);
}

static void
a_file_of_somebody_else_is_refused(void **state UNUSED)
{
	if (geteuid() != 0)
		skip(); /* only root can give a file away */
	write_secret("pw", 2, 0600);
	assert_int_equal(chown("s", 12345, 0), 0);
	assert_refused("file:s", "the secret file \"s\": it belongs to user "
				 "12345, and should to us (0) or root; run: "
				 "chown 0 s");
	assert_int_equal(unlink("s"), 0);
}

static void
what_cannot_be_a_secret_is_refused(void **state UNUSED)
{
	static char big[64 * 1024 + 1];

	write_secret("", 0, 0600);
	assert_refused("file:s", "the secret file \"s\" is empty");
	write_secret("\n", 1, 0600);
	assert_refused("file:s", "the secret file \"s\" is empty");
	write_secret("a\0b", 3, 0600);
	assert_refused("file:s", "the secret file \"s\" holds a NUL byte");
	memset(big, 'x', sizeof(big));
	write_secret(big, sizeof(big), 0600);
	assert_refused("file:s", "the secret file \"s\": it is longer than "
				 "65536 bytes");
	write_secret(big, sizeof(big) - 1, 0600);

	struct error err;
	AUTO(secret) s = secret_load("file:s", ".", &err);

	assert_non_null(s);
	assert_int_equal(unlink("s"), 0);
	assert_refused("file:s",
		       "the secret file \"s\": No such file or directory");
	assert_refused("file:/", "the secret file \"/\": it is not a regular "
				 "file");
	assert_refused("file:/dev/null", "the secret file \"/dev/null\": it is "
					 "not a regular file");
}

static void
a_variable_gives_its_value_if_it_has_one(void **state UNUSED)
{
	(void)setenv("CAUSEWAY_TEST", "pw", 1);
	assert_secret("env:CAUSEWAY_TEST", "pw");
	(void)setenv("CAUSEWAY_TEST", "", 1);
	assert_refused("env:CAUSEWAY_TEST",
		       "the environment variable CAUSEWAY_TEST is empty");
	(void)unsetenv("CAUSEWAY_TEST");
	assert_refused("env:CAUSEWAY_TEST",
		       "the environment variable CAUSEWAY_TEST is not set");
}

static void
a_credential_comes_from_the_folder_of_systemd(void **state UNUSED)
{
	struct error err;

	(void)unsetenv("CREDENTIALS_DIRECTORY");
	assert_null(secret_load("cred:s", ".", &err));
	assert_non_null(strstr(err.text, "LoadCredential="));
	(void)setenv("CREDENTIALS_DIRECTORY", ".", 1);
	/* With access lists the group seems to have rights. */
	write_secret("pw\n", 3, 0440);
	assert_secret("cred:s", "pw");
	assert_refused("cred:../s", "a credential has a name, not a path");
	assert_refused("cred:..", "a credential has a name, not a path");
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(unlink("s"), 0);
}

static void
a_secret_in_the_file_itself_is_refused_and_not_repeated(void **state UNUSED)
{
	static const char *const cases[] = {
		"hunter2", "", "file:", "env:", "cred:", "FILE:s", "file", "s"
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_refused(cases[i],
			       "secrets are never written in this file; say "
			       "where it is: \"file:PATH\", \"env:NAME\" or "
			       "\"cred:NAME\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_file_gives_its_content_without_the_last_newline),
		cmocka_unit_test(a_file_that_others_may_touch_is_refused),
		cmocka_unit_test(a_file_of_somebody_else_is_refused),
		cmocka_unit_test(what_cannot_be_a_secret_is_refused),
		cmocka_unit_test(a_variable_gives_its_value_if_it_has_one),
		cmocka_unit_test(a_credential_comes_from_the_folder_of_systemd),
		cmocka_unit_test(
			a_secret_in_the_file_itself_is_refused_and_not_repeated),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
