/* SPDX-License-Identifier: MIT */
/* test_seal.c - secrets at rest. */

#include "tests/support/test.h"

#include "bridge/error.h"
#include "bridge/seal.h"
#include "bridge/secret.h"
#include "bridge/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char folder[64];
	char path[80];
	struct secret *key;
};

static int
set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	struct error err;

	snprintf(p->folder, sizeof(p->folder), "/tmp/causeway-seal-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof(p->path), "%s/key", p->folder);
	p->key = seal_key(p->path, &err);
	assert_non_null(p->key);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	secret_free(p->key);
	(void)unlink(p->path);
	assert_int_equal(rmdir(p->folder), 0);
	free(p);
	return 0;
}

static char *
sealed(const struct place *p, const char *purpose, const char *text)
{
	AUTO_STR out;

	str_init(&out, 4096);
	seal(&out, p->key, purpose, text, strlen(text));
	return str_take(&out);
}

static void
what_was_sealed_is_opened_again(void **state)
{
	struct place *p = *state;
	const char *const texts[] = { "", "x", "correct horse battery staple" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char *s = sealed(p, "ann nick", texts[i]);
		AUTO(secret) back = seal_open(p->key, "ann nick", s);

		assert_non_null(back);
		assert_string_equal(secret_reveal(back), texts[i]);
		free(s);
	}
}

static void
the_same_secret_looks_different_each_time(void **state)
{
	struct place *p = *state;
	char *a = sealed(p, "ann nick", "secret");
	char *b = sealed(p, "ann nick", "secret");

	assert_string_not_equal(a, b);
	free(a);
	free(b);
}

static void
a_seal_does_not_open_for_another_purpose(void **state)
{
	struct place *p = *state;
	char *s = sealed(p, "ann nick", "secret");

	assert_null(seal_open(p->key, "bob nick", s));
	assert_null(seal_open(p->key, "", s));
	free(s);
}

static void
a_changed_seal_does_not_open(void **state)
{
	struct place *p = *state;
	char *s = sealed(p, "ann nick", "secret");
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++) {
		char was = s[i];

		s[i] = was == '0' ? '1' : '0';
		assert_null(seal_open(p->key, "ann nick", s));
		s[i] = 'z';
		assert_null(seal_open(p->key, "ann nick", s));
		s[i] = was;
	}
	for (size_t i = 0; i < len; i++) {
		s[len - 1 - i] = '\0';
		assert_null(seal_open(p->key, "ann nick", s));
	}
	free(s);
}

static void
another_key_does_not_open_it(void **state)
{
	struct place *p = *state;
	char *s = sealed(p, "ann nick", "secret");
	AUTO(secret) other = secret_new("0123456789abcdef0123456789abcdef", 32);

	assert_null(seal_open(other, "ann nick", s));
	free(s);
}

static void
the_key_is_made_once_and_for_its_owner_alone(void **state)
{
	struct place *p = *state;
	struct error err;
	AUTO(secret) again = seal_key(p->path, &err);
	struct stat st;

	assert_non_null(again);
	assert_memory_equal(secret_reveal(again), secret_reveal(p->key),
			    SEAL_KEY_BYTES);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, SEAL_KEY_BYTES);
}

static void
a_key_that_others_can_read_is_refused(void **state)
{
	struct place *p = *state;
	struct error err;

	assert_int_equal(chmod(p->path, 0640), 0);
	assert_null(seal_key(p->path, &err));
	assert_non_null(strstr(err.text, "chmod 600"));
}

static void
a_key_that_is_cut_is_refused(void **state)
{
	struct place *p = *state;
	struct error err;

	assert_int_equal(truncate(p->path, 31), 0);
	assert_null(seal_key(p->path, &err));
	assert_non_null(strstr(err.text, "not a key of 32 bytes"));
}

static void
a_key_in_no_folder_is_told(void **state)
{
	struct place *p = *state;
	char path[96];
	struct error err;

	snprintf(path, sizeof(path), "%s/no/key", p->folder);
	assert_null(seal_key(path, &err));
	assert_non_null(strstr(err.text, "no key can be made"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_was_sealed_is_opened_again),
		TEST(the_same_secret_looks_different_each_time),
		TEST(a_seal_does_not_open_for_another_purpose),
		TEST(a_changed_seal_does_not_open),
		TEST(another_key_does_not_open_it),
		TEST(the_key_is_made_once_and_for_its_owner_alone),
		TEST(a_key_that_others_can_read_is_refused),
		TEST(a_key_that_is_cut_is_refused),
		TEST(a_key_in_no_folder_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
