/* SPDX-License-Identifier: MIT */
/* test_scram.c - SCRAM-SHA-256. */

#include "tests/support/test.h"

#include "protocols/irc/scram.h"

#include <string.h>

/* RFC 7677 section 3. */
#define NONCE "rOprNGfwEbeRWgbNEkqO"
#define BOTH_NONCES NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define SERVER_FIRST "r=" BOTH_NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define CLIENT_FINAL                                                     \
	"c=biws,r=" BOTH_NONCES ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmm" \
	"iz7AndVQ="
#define SERVER_FINAL "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

struct talk {
	struct secret *password;
	struct irc_scram *scram;
	struct str out;
};

static void
talk_init(struct talk *t, const char *user)
{
	t->password = secret_new("pencil", 6);
	t->scram = irc_scram_new(user, t->password, NONCE);
	str_init(&t->out, 10000);
	irc_scram_first(t->scram, &t->out);
}

static void
talk_finish(struct talk *t)
{
	irc_scram_free(t->scram);
	secret_free(t->password);
	str_finish(&t->out);
}

static void
the_exchange_of_the_rfc_is_reproduced(void **state UNUSED)
{
	struct talk t;

	talk_init(&t, "user");
	assert_string_equal(t.out.data, "n,,n=user,r=" NONCE);
	str_clear(&t.out);
	assert_null(irc_scram_final(t.scram, SERVER_FIRST, &t.out));
	assert_string_equal(t.out.data, CLIENT_FINAL);
	assert_false(irc_scram_verified(t.scram));
	assert_null(irc_scram_verify(t.scram, SERVER_FINAL));
	assert_true(irc_scram_verified(t.scram));
	talk_finish(&t);
}

static void
a_user_name_is_escaped(void **state UNUSED)
{
	struct talk t;

	talk_init(&t, "a=b,c");
	assert_string_equal(t.out.data, "n,,n=a=3Db=2Cc,r=" NONCE);
	talk_finish(&t);
}

static void
a_false_challenge_is_refused(void **state UNUSED)
{
	static const char *const cases[] = {
		"",
		"x",
		"r=",
		"r=" NONCE,
		"r=" NONCE ",s=W22Z,i=4096",
		"r=other" NONCE ",s=W22Z,i=4096",
		"r=" BOTH_NONCES,
		"r=" BOTH_NONCES ",i=4096",
		"r=" BOTH_NONCES ",s=,i=4096",
		"r=" BOTH_NONCES ",s=W22,i=4096",
		"r=" BOTH_NONCES ",s=W2 Z,i=4096",
		"r=" BOTH_NONCES ",s=W22Z",
		"r=" BOTH_NONCES ",s=W22Z,i=",
		"r=" BOTH_NONCES ",s=W22Z,i=1",
		"r=" BOTH_NONCES ",s=W22Z,i=4095",
		"r=" BOTH_NONCES ",s=W22Z,i=4096x",
		"r=" BOTH_NONCES ",s=W22Z,i=600001",
		"r=" BOTH_NONCES ",s=W22Z,i=99999999999999999999",
		"r=" BOTH_NONCES ",s=W22Z,i=-4096",
		"m=ext,r=" BOTH_NONCES ",s=W22Z,i=4096",
		"e=unknown-user",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct talk t;

		talk_init(&t, "user");
		str_clear(&t.out);
		assert_non_null(irc_scram_final(t.scram, cases[i], &t.out));
		assert_int_equal(t.out.len, 0);
		talk_finish(&t);
	}
}

static void
extensions_after_the_challenge_are_allowed(void **state UNUSED)
{
	struct talk t;

	talk_init(&t, "user");
	assert_null(irc_scram_final(t.scram, SERVER_FIRST ",x=y", &t.out));
	talk_finish(&t);
}

static void
a_server_that_cannot_prove_itself_is_refused(void **state UNUSED)
{
	static const char *const cases[] = {
		"",
		"v=",
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95H4=",
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95A==",
		"v=AAAA",
		"x=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
		"e=invalid-proof",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct talk t;

		talk_init(&t, "user");
		assert_null(irc_scram_final(t.scram, SERVER_FIRST, &t.out));
		assert_non_null(irc_scram_verify(t.scram, cases[i]));
		assert_false(irc_scram_verified(t.scram));
		talk_finish(&t);
	}
}

static void
a_proof_before_the_challenge_proves_nothing(void **state UNUSED)
{
	struct talk t;

	talk_init(&t, "user");
	/* The proof that 32 zero bytes would be. */
	assert_non_null(irc_scram_verify(
		t.scram, "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
	assert_false(irc_scram_verified(t.scram));
	talk_finish(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_exchange_of_the_rfc_is_reproduced),
		cmocka_unit_test(a_user_name_is_escaped),
		cmocka_unit_test(a_false_challenge_is_refused),
		cmocka_unit_test(extensions_after_the_challenge_are_allowed),
		cmocka_unit_test(a_server_that_cannot_prove_itself_is_refused),
		cmocka_unit_test(a_proof_before_the_challenge_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
