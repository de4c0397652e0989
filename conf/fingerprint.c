/* SPDX-License-Identifier: MIT */
/*
 * fingerprint.c - what a block says, as a digest: SHA-256 over its settings in
 * their order, each with its type, name and length, and over the contents of
 * secrets and files.
 */

#include "conf/fingerprint.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"
#include "bridge/secret.h"

#include "conf/file.h"

#include <openssl/evp.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX (1024 * 1024)
/* libconfig itself ends at less. */
#define DEPTH_MAX 64

/* With its length, so that no two sequences of parts look alike. */
static bool
add(EVP_MD_CTX *md, const void *bytes, size_t len)
{
	uint64_t n = len;

	return EVP_DigestUpdate(md, &n, sizeof(n)) == 1 &&
	       EVP_DigestUpdate(md, bytes ? bytes : "", len) == 1;
}

static bool
add_text(EVP_MD_CTX *md, const char *text)
{
	return add(md, text, text ? strlen(text) : 0);
}

static bool
add_scalar(EVP_MD_CTX *md, const config_setting_t *s, int type)
{
	long long integer;
	double real;

	if (type == CONFIG_TYPE_STRING)
		return add_text(md, config_setting_get_string(s));
	if (type == CONFIG_TYPE_FLOAT) {
		real = config_setting_get_float(s);
		return add(md, &real, sizeof(real));
	}
	integer = type == CONFIG_TYPE_BOOL ? config_setting_get_bool(s)
					   : config_setting_get_int64(s);
	return add(md, &integer, sizeof(integer));
}

/* One setting and all that is in it. */
static bool
add_setting(EVP_MD_CTX *md, const config_setting_t *s, const char *leave_out,
	    int depth)
{
	int type = config_setting_type(s);
	int n = config_setting_is_aggregate(s) ? config_setting_length(s) : -1;

	if (depth > DEPTH_MAX || !add(md, &type, sizeof(type)) ||
	    !add(md, &n, sizeof(n)))
		return false;
	if (n < 0)
		return add_scalar(md, s, type);
	for (int i = 0; i < n; i++) {
		const config_setting_t *e =
			config_setting_get_elem(s, (unsigned)i);
		const char *name = config_setting_name(e);

		if (name && leave_out && strcmp(name, leave_out) == 0)
			continue;
		if (!add_text(md, name) || !add_setting(md, e, NULL, depth + 1))
			return false;
	}
	return true;
}

/* What others may change while the block stays as it is. */
static bool
add_file(EVP_MD_CTX *md, const char *path)
{
	struct error err;
	size_t len = 0;
	char *bytes =
		path ? file_read(path, FILE_SIZE_MAX, FILE_ANY, &len, &err)
		     : NULL;
	bool ok = add(md, bytes, bytes ? len : 0);

	if (bytes)
		secret_wipe(bytes, len);
	free(bytes);
	return ok;
}

static bool
add_all(EVP_MD_CTX *md, const struct fingerprinted *of)
{
	bool ok = EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
		  add_setting(md, of->block, of->leave_out, 0);

	for (size_t i = 0; ok && i < of->n_secrets; i++)
		ok = add(md, secret_reveal(of->secrets[i]),
			 secret_len(of->secrets[i]));
	for (size_t i = 0; ok && i < of->n_files; i++)
		ok = add_file(md, of->files[i]);
	return ok;
}

const char *
fingerprint(struct pool *pool, const struct fingerprinted *of)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[2 * EVP_MAX_MD_SIZE + 1] = "";
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned len = 0;
	bool ok = md && add_all(md, of) &&
		  EVP_DigestFinal_ex(md, digest, &len) == 1;

	EVP_MD_CTX_free(md);
	for (unsigned i = 0; ok && i < len; i++)
		snprintf(text + (size_t)2 * i, 3, "%02x", digest[i]);
	return ok ? pool_strdup(pool, text) : NULL;
}
