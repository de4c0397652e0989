/* SPDX-License-Identifier: MIT */
/* test_irc_tls.c - which networks have a TLS context in common. */

#include "tests/support/test.h"

#include "bridge/error.h"
#include "bridge/loop.h"
#include "conf/conf.h"
#include "protocols/irc/dial.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct files {
	struct loop *loop;
	char folder[32];
	char one[64], other[64];
};

/* A key and a certificate that signs itself. */
static void
make_identity(const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(
		PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(PEM_write_X509(file, cert), 1);
	assert_int_equal(fclose(file), 0);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static int
setup(void **state)
{
	struct files *f = xcalloc(1, sizeof(*f));

	f->loop = loop_new_manual(1, 0);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/tls.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->one, sizeof(f->one), "%s/one", f->folder);
	(void)snprintf(f->other, sizeof(f->other), "%s/other", f->folder);
	make_identity(f->one);
	make_identity(f->other);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct files *f = *state;

	assert_null(*loop_slot(f->loop, IRC_SLOT_TLS));
	loop_free(f->loop);
	(void)unlink(f->one);
	(void)unlink(f->other);
	(void)rmdir(f->folder);
	free(f);
	return 0;
}

static struct irc_tls *
use(struct files *f, const char *authorities, const char *certificate)
{
	const struct conf_irc conf = { .ca_file = authorities,
				       .cert_file = certificate };
	struct error err = { "" };
	struct irc_tls *tls = irc_tls_use(f->loop, &conf, &err);

	if (!tls)
		print_error("%s\n", err.text);
	return tls;
}

static void
networks_with_the_same_settings_share_one(void **state)
{
	struct files *f = *state;
	struct irc_tls *a = use(f, NULL, NULL), *b = use(f, NULL, NULL);
	struct irc_tls *c = use(f, f->one, f->other);
	struct irc_tls *d = use(f, f->one, f->other);

	assert_non_null(a);
	assert_ptr_equal(a, b);
	assert_non_null(c);
	assert_ptr_equal(c, d);
	irc_tls_unuse(a);
	irc_tls_unuse(c);
	/* It lives as long as somebody uses it. */
	assert_ptr_equal(use(f, NULL, NULL), b);
	irc_tls_unuse(b);
	irc_tls_unuse(b);
	irc_tls_unuse(d);
	irc_tls_unuse(NULL);
}

static void
who_trusts_or_shows_another_one_is_apart(void **state)
{
	struct files *f = *state;
	struct irc_tls *all[] = {
		use(f, NULL, NULL),     use(f, f->one, NULL),
		use(f, f->other, NULL), use(f, NULL, f->one),
		use(f, f->one, f->one), use(f, f->one, f->other),
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		assert_non_null(all[i]);
		for (size_t k = 0; k < i; k++)
			assert_ptr_not_equal(all[i], all[k]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		irc_tls_unuse(all[i]);
}

static void
a_file_that_was_replaced_is_read_anew(void **state)
{
	struct files *f = *state;
	struct irc_tls *before = use(f, NULL, f->one), *after;

	assert_int_equal(rename(f->other, f->one), 0);
	after = use(f, NULL, f->one);
	assert_non_null(after);
	assert_ptr_not_equal(before, after);
	irc_tls_unuse(before);
	irc_tls_unuse(after);
}

static void
a_file_that_is_unfit_is_told(void **state)
{
	struct files *f = *state;
	const struct conf_irc conf = { .cert_file = f->folder };
	struct error err = { "" };

	assert_null(irc_tls_use(f->loop, &conf, &err));
	assert_non_null(strstr(err.text, f->folder));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(networks_with_the_same_settings_share_one),
		CASE(who_trusts_or_shows_another_one_is_apart),
		CASE(a_file_that_was_replaced_is_read_anew),
		CASE(a_file_that_is_unfit_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
