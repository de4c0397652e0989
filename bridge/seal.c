/* SPDX-License-Identifier: MIT */
/* seal.c - secrets at rest. See seal.h. Form: hex of nonce, text, tag. */

#include "bridge/seal.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/secret.h"
#include "bridge/str.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NONCE_BYTES 12
#define TAG_BYTES 16
#define EXTRA_BYTES (NONCE_BYTES + TAG_BYTES)

/* ---- the key ----------------------------------------------------------- */

static void
random_bytes(unsigned char *out, size_t n)
{
	if (RAND_bytes(out, (int)n) == 1)
		return;
	fputs("the system gives no random numbers\n", stderr);
	abort();
}

/* 0, or -errno; -EEXIST if there is one already. */
static int
make_key(const char *path)
{
	unsigned char key[SEAL_KEY_BYTES];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc = 0;

	if (fd < 0)
		return -errno;
	random_bytes(key, sizeof(key));
	if (write(fd, key, sizeof(key)) != (ssize_t)sizeof(key) ||
	    fsync(fd) < 0)
		rc = errno ? -errno : -EIO;
	secret_wipe(key, sizeof(key));
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc < 0)
		(void)unlink(path); /* half a key is none */
	return rc;
}

static struct secret *
read_key(const char *path, struct error *err)
{
	unsigned char key[SEAL_KEY_BYTES + 1];
	struct secret *secret = NULL;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0) {
		error_set(err, errno, "%s: cannot be read: %s", path,
			  strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return NULL;
	}
	n = read(fd, key, sizeof(key));
	(void)close(fd); /* it was only read */
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		error_set(err, EPERM, "%s: may be read by others; chmod 600 it",
			  path);
	else if (n != SEAL_KEY_BYTES)
		error_set(err, EINVAL,
			  "%s: not a key of %d bytes; restore it from a "
			  "backup, or remove it and let users set their "
			  "passwords again",
			  path, SEAL_KEY_BYTES);
	else
		secret = secret_new((const char *)key, SEAL_KEY_BYTES);
	secret_wipe(key, sizeof(key));
	return secret;
}

struct secret *
seal_key(const char *path, struct error *err)
{
	int rc = make_key(path);

	if (rc < 0 && rc != -EEXIST) {
		error_set(err, -rc, "%s: no key can be made: %s", path,
			  strerror(-rc));
		return NULL;
	}
	return read_key(path, err);
}

/* ---- hex --------------------------------------------------------------- */

static int
nibble(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* To be freed; NULL if it is not hex. */
static unsigned char *
from_hex(const char *hex, size_t *n)
{
	size_t len = strlen(hex);
	unsigned char *out = xcalloc(1, len / 2 + 1);

	for (size_t i = 0; i < len; i += 2) {
		int high = nibble(hex[i]);
		int low = high < 0 ? -1 : nibble(hex[i + 1]);

		if (low < 0) {
			free(out);
			return NULL;
		}
		out[i / 2] = (unsigned char)(high << 4 | low);
	}
	*n = len / 2;
	return out;
}

/* ---- sealing ----------------------------------------------------------- */

static EVP_CIPHER_CTX *
begin(const struct secret *key, const unsigned char *nonce, const char *purpose,
      int encrypt)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	const unsigned char *k = (const unsigned char *)secret_reveal(key);
	int n;
	bool ok;

	assert(secret_len(key) == SEAL_KEY_BYTES);
	ok = c && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, k, nonce,
				    encrypt) == 1;
	ok = ok && EVP_CipherUpdate(c, NULL, &n, (const unsigned char *)purpose,
				    (int)strlen(purpose)) == 1;
	if (ok)
		return c;
	fputs("OpenSSL has no AES-256-GCM\n", stderr);
	abort();
}

void
seal_purpose(struct str *out, const char *home, const char *sender_id,
	     int64_t scope, const char *key)
{
	str_printf(out, "%s\n%s\n%lld\n%s", home, sender_id, (long long)scope,
		   key);
}

void
seal(struct str *out, const struct secret *key, const char *purpose,
     const char *secret, size_t len)
{
	unsigned char nonce[NONCE_BYTES], tag[TAG_BYTES];
	unsigned char *text = xcalloc(1, len + 1);
	EVP_CIPHER_CTX *c;
	int n = 0, rest = 0;

	random_bytes(nonce, sizeof(nonce));
	c = begin(key, nonce, purpose, 1);
	if (EVP_CipherUpdate(c, text, &n, (const unsigned char *)secret,
			     (int)len) != 1 ||
	    EVP_CipherFinal_ex(c, text + n, &rest) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag) != 1)
		abort(); /* of what is in memory: cannot fail */
	str_add_hex(out, nonce, sizeof(nonce));
	str_add_hex(out, text, len);
	str_add_hex(out, tag, sizeof(tag));
	EVP_CIPHER_CTX_free(c);
	free(text);
}

struct secret *
seal_open(const struct secret *key, const char *purpose, const char *sealed)
{
	size_t n = 0;
	unsigned char *bytes = from_hex(sealed, &n);
	struct secret *secret = NULL;
	EVP_CIPHER_CTX *c;
	unsigned char *text;
	int len = 0, rest = 0;

	if (!bytes || n < EXTRA_BYTES) {
		free(bytes);
		return NULL;
	}
	n -= EXTRA_BYTES;
	text = xcalloc(1, n + 1);
	c = begin(key, bytes, purpose, 0);
	if (EVP_CipherUpdate(c, text, &len, bytes + NONCE_BYTES, (int)n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_BYTES,
				bytes + NONCE_BYTES + n) == 1 &&
	    EVP_CipherFinal_ex(c, text + len, &rest) == 1)
		secret = secret_new((const char *)text, n);
	EVP_CIPHER_CTX_free(c);
	secret_wipe(text, n + 1);
	free(text);
	free(bytes);
	return secret;
}
