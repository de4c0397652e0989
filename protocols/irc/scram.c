/* SPDX-License-Identifier: MIT */
/*
 * scram.c - SCRAM-SHA-256, the client's half. Names as in RFC 5802 3.
 */

#include "protocols/irc/scram.h"

#include "bridge/base64.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HASH_LEN 32
#define MESSAGE_MAX 8192

/*
 * RFC 7677 4 asks for 4096 at least: with fewer a false server could guess
 * the password from the proof. More than the upper limit would stall us.
 */
#define ROUNDS_MIN 4096
#define ROUNDS_MAX 600000

struct irc_scram {
	const char *user;
	const struct secret *password;
	char *nonce;
	struct str first_bare;
	unsigned char server_signature[HASH_LEN];
	bool signed_by_us; /* server_signature is known */
	bool verified;
};

struct irc_scram *
irc_scram_new(const char *user, const struct secret *password,
	      const char *nonce)
{
	struct irc_scram *s = xcalloc(1, sizeof(*s));

	s->user = user;
	s->password = password;
	s->nonce = xstrdup(nonce);
	str_init(&s->first_bare, MESSAGE_MAX);
	return s;
}

void
irc_scram_free(struct irc_scram *s)
{
	if (!s)
		return;
	free(s->nonce);
	str_finish(&s->first_bare);
	secret_wipe(s, sizeof(*s));
	free(s);
}

void
irc_scram_first(struct irc_scram *s, struct str *out)
{
	str_clear(&s->first_bare);
	str_add(&s->first_bare, "n=");
	for (const char *c = s->user; *c; c++) {
		if (*c == '=')
			str_add(&s->first_bare, "=3D");
		else if (*c == ',')
			str_add(&s->first_bare, "=2C");
		else
			str_add_char(&s->first_bare, *c);
	}
	str_add(&s->first_bare, ",r=");
	str_add(&s->first_bare, s->nonce);

	str_add(out, "n,,");
	str_add_n(out, s->first_bare.data, s->first_bare.len);
}

/* What the server's first message says. */
struct challenge {
	const char *nonce;
	size_t nonce_len;
	struct str salt;
	long rounds;
};

/* "r=...,s=...,i=..." in this order; extensions may follow. */
static const char *
challenge_read(const struct irc_scram *s, const char *m, struct challenge *c)
{
	size_t ours = strlen(s->nonce);
	size_t n;

	/* "m=" would be an extension that must be understood. */
	if (strncmp(m, "r=", 2) != 0)
		return "the server's SCRAM challenge is malformed";
	c->nonce = m + 2;
	c->nonce_len = strcspn(c->nonce, ",");
	if (c->nonce_len <= ours || strncmp(c->nonce, s->nonce, ours) != 0)
		return "the server's SCRAM nonce does not continue ours";

	m = c->nonce + c->nonce_len;
	if (strncmp(m, ",s=", 3) != 0)
		return "the server's SCRAM challenge has no salt";
	m += 3;
	n = strcspn(m, ",");
	if (n == 0 || !base64_read(&c->salt, m, n))
		return "the server's SCRAM salt is malformed";

	m += n;
	if (strncmp(m, ",i=", 3) != 0)
		return "the server's SCRAM challenge has no iteration count";
	for (m += 3; *m >= '0' && *m <= '9' && c->rounds <= ROUNDS_MAX; m++)
		c->rounds = c->rounds * 10 + (*m - '0');
	if (c->rounds < ROUNDS_MIN || c->rounds > ROUNDS_MAX)
		return "the server's SCRAM iteration count is out of range";
	return *m == '\0' || *m == ','
		       ? NULL
		       : "the server's SCRAM challenge is malformed";
}

static void
hmac(const unsigned char key[HASH_LEN], const char *data, size_t len,
     unsigned char out[HASH_LEN])
{
	unsigned n = HASH_LEN;
	const unsigned char *done =
		HMAC(EVP_sha256(), key, HASH_LEN, (const unsigned char *)data,
		     len, out, &n);

	assert(done && n == HASH_LEN);
	(void)done;
}

/* ClientProof, and ServerSignature for later. */
static void
prove(struct irc_scram *s, const struct challenge *c, const struct str *auth,
      unsigned char proof[HASH_LEN])
{
	unsigned char salted[HASH_LEN], key[HASH_LEN], stored[HASH_LEN];
	unsigned n = HASH_LEN;
	const char *password = secret_reveal(s->password);
	int done =
		PKCS5_PBKDF2_HMAC(password ? password : "",
				  password ? (int)secret_len(s->password) : 0,
				  (const unsigned char *)c->salt.data,
				  (int)c->salt.len, (int)c->rounds,
				  EVP_sha256(), HASH_LEN, salted);

	assert(done == 1);
	hmac(salted, "Client Key", strlen("Client Key"), key);
	done = EVP_Digest(key, HASH_LEN, stored, &n, EVP_sha256(), NULL);
	assert(done == 1 && n == HASH_LEN);
	(void)done;
	hmac(stored, auth->data, auth->len, proof);
	for (size_t i = 0; i < HASH_LEN; i++)
		proof[i] ^= key[i];

	hmac(salted, "Server Key", strlen("Server Key"), key);
	hmac(key, auth->data, auth->len, s->server_signature);
	s->signed_by_us = true;
	secret_wipe(salted, sizeof(salted));
	secret_wipe(key, sizeof(key));
}

const char *
irc_scram_final(struct irc_scram *s, const char *server_first, struct str *out)
{
	struct challenge c = { .rounds = 0 };
	unsigned char proof[HASH_LEN];
	AUTO_STR bare = { 0 };
	AUTO_STR auth = { 0 };
	const char *wrong;

	str_init(&bare, MESSAGE_MAX);
	str_init(&auth, 3 * MESSAGE_MAX);
	str_init(&c.salt, MESSAGE_MAX);
	wrong = challenge_read(s, server_first, &c);
	if (!wrong) {
		/* "biws" is base64 of "n,,": no channel binding. */
		str_add(&bare, "c=biws,r=");
		str_add_n(&bare, c.nonce, c.nonce_len);
		str_add_n(&auth, s->first_bare.data, s->first_bare.len);
		str_add_char(&auth, ',');
		str_add(&auth, server_first);
		str_add_char(&auth, ',');
		str_add_n(&auth, bare.data, bare.len);
		if (str_overflowed(&bare) || str_overflowed(&auth))
			wrong = "the server's SCRAM challenge is too long";
	}
	if (!wrong) {
		prove(s, &c, &auth, proof);
		str_add_n(out, bare.data, bare.len);
		str_add(out, ",p=");
		base64_write(out, proof, sizeof(proof));
	}
	str_finish(&c.salt);
	return wrong;
}

const char *
irc_scram_verify(struct irc_scram *s, const char *server_final)
{
	AUTO_STR signature = { 0 };

	str_init(&signature, MESSAGE_MAX);
	if (!strncmp(server_final, "e=", 2))
		return "the server refused the password";
	if (!s->signed_by_us || strncmp(server_final, "v=", 2) != 0 ||
	    !base64_read(&signature, server_final + 2,
			 strcspn(server_final + 2, ",")))
		return "the server's SCRAM proof is malformed";
	if (signature.len != HASH_LEN ||
	    CRYPTO_memcmp(signature.data, s->server_signature, HASH_LEN) != 0)
		return "the server does not know the password it checked";
	s->verified = true;
	return NULL;
}

bool
irc_scram_verified(const struct irc_scram *s)
{
	return s->verified;
}
