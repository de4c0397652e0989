/* SPDX-License-Identifier: MIT */
/* certificate.c - client certificates; see certificate.h. */

#include "protocols/irc/certificate.h"

#include "bridge/base.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YEARS 20 /* nobody renews them; services look at the key alone */
#define DAY_S 86400L
#define HEX_MAX (2 * EVP_MAX_MD_SIZE)

struct irc_certificate {
	EVP_PKEY *key;
	X509 *cert;
};

/* ---- making -------------------------------------------------------- */

static bool
set_serial(X509 *cert)
{
	uint64_t serial;

	return RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert),
				       serial >> 1 | 1);
}

static bool
set_name(X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					  (const unsigned char *)"IRC user", -1,
					  -1, 0) &&
	       X509_set_issuer_name(cert, name);
}

static X509 *
sign_new(EVP_PKEY *key)
{
	X509 *cert = X509_new();

	/* A day back: clocks differ. */
	if (cert && X509_set_version(cert, 2) && set_serial(cert) &&
	    set_name(cert) &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S) &&
	    X509_time_adj_ex(X509_getm_notAfter(cert), YEARS * 365, 0, NULL) &&
	    X509_set_pubkey(cert, key) && X509_sign(cert, key, EVP_sha256()))
		return cert;
	X509_free(cert);
	return NULL;
}

static struct secret *
write_pem(EVP_PKEY *key, X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct secret *pem = NULL;
	char *bytes = NULL;
	long len = 0;

	if (bio &&
	    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) &&
	    PEM_write_bio_X509(bio, cert))
		len = BIO_get_mem_data(bio, &bytes);
	if (len > 0) {
		pem = secret_new(bytes, (size_t)len);
		secret_wipe(bytes, (size_t)len);
	}
	BIO_free(bio);
	return pem;
}

struct secret *
irc_certificate_make(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key ? sign_new(key) : NULL;
	struct secret *pem = cert ? write_pem(key, cert) : NULL;

	X509_free(cert);
	EVP_PKEY_free(key);
	return pem;
}

/* ---- reading ------------------------------------------------------- */

struct irc_certificate *
irc_certificate_read(const struct secret *pem)
{
	struct irc_certificate *c = xcalloc(1, sizeof(*c));
	BIO *bio = BIO_new_mem_buf(secret_reveal(pem), (int)secret_len(pem));

	if (bio) {
		c->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
		c->cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	}
	BIO_free(bio);
	if (c->key && c->cert && X509_check_private_key(c->cert, c->key))
		return c;
	irc_certificate_free(c);
	return NULL;
}

void
irc_certificate_free(struct irc_certificate *c)
{
	if (!c)
		return;
	X509_free(c->cert);
	EVP_PKEY_free(c->key);
	free(c);
}

bool
irc_certificate_use(const struct irc_certificate *c, SSL *ssl)
{
	return SSL_use_certificate(ssl, c->cert) == 1 &&
	       SSL_use_PrivateKey(ssl, c->key) == 1;
}

/* ---- fingerprints -------------------------------------------------- */

/* In hexadecimal; "" if OpenSSL cannot. */
static void
digest(X509 *cert, const EVP_MD *md, char hex[HEX_MAX + 1])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	*hex = '\0';
	if (!X509_digest(cert, md, bytes, &n))
		return;
	for (unsigned i = 0; i < n; i++)
		(void)snprintf(hex + 2 * (size_t)i, 3, "%02x", bytes[i]);
}

void
irc_certificate_describe(const struct irc_certificate *c, struct str *out)
{
	char hex[HEX_MAX + 1];

	digest(c->cert, EVP_sha256(), hex);
	str_printf(out, "SHA-256: %s\n", hex);
	digest(c->cert, EVP_sha512(), hex);
	str_printf(out, "SHA-512: %s\n", hex);
}

/* Only the digits, in lower case; false if there is anything else. */
static bool
read_digits(const char *text, char hex[HEX_MAX + 1])
{
	size_t n = 0;

	for (; *text; text++) {
		if (*text == ':')
			continue;
		if (!isxdigit((unsigned char)*text) || n == HEX_MAX)
			return false;
		hex[n++] = (char)tolower((unsigned char)*text);
	}
	hex[n] = '\0';
	return true;
}

static const EVP_MD *
digest_of_length(size_t n)
{
	switch (n) {
	case 40:
		return EVP_sha1();
	case 64:
		return EVP_sha256();
	case 128:
		return EVP_sha512();
	}
	return NULL;
}

bool
irc_is_fingerprint(const char *text)
{
	char hex[HEX_MAX + 1];

	return read_digits(text, hex) && digest_of_length(strlen(hex));
}

bool
irc_fingerprint_matches(X509 *certificate, const char *text)
{
	char want[HEX_MAX + 1], got[HEX_MAX + 1];
	const EVP_MD *md;

	if (!read_digits(text, want))
		return false;
	md = digest_of_length(strlen(want));
	if (!md || !certificate)
		return false;
	digest(certificate, md, got);
	return strcmp(want, got) == 0;
}
