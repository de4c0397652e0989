/* SPDX-License-Identifier: MIT */
/*
 * secrets.c - reads passwords from where they are kept. Copies that were
 * made on the way are wiped.
 */

#include "conf/secrets.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"
#include "bridge/secret.h"

#include "conf/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX (64 * 1024)

static struct secret *
from_file(const char *path, enum file_demand demand, struct error *err)
{
	struct error why;
	size_t len, size;
	char *bytes = file_read(path, SECRET_MAX, demand, &size, &why);
	struct secret *secret = NULL;

	if (!bytes) {
		(void)error_set(err, EINVAL, "the secret file \"%s\": %s", path,
				why.text);
		return NULL;
	}

	/* Editors end the last line; the newline is not part of it. */
	len = size;
	if (len > 0 && bytes[len - 1] == '\n')
		len--;
	if (len > 0 && bytes[len - 1] == '\r')
		len--;
	if (len == 0)
		(void)error_set(err, EINVAL, "the secret file \"%s\" is empty",
				path);
	else if (memchr(bytes, '\0', len))
		(void)error_set(err, EINVAL,
				"the secret file \"%s\" holds a NUL byte",
				path);
	else
		secret = secret_new(bytes, len);
	secret_wipe(bytes, size);
	free(bytes);
	return secret;
}

static struct secret *
from_env(const char *name, struct error *err)
{
	const char *value = getenv(name);

	if (value && *value)
		return secret_new(value, strlen(value));
	(void)error_set(err, ENOENT, "the environment variable %s is %s", name,
			value ? "empty" : "not set");
	return NULL;
}

/* systemd.exec(5), LoadCredential=. */
static struct secret *
from_credential(const char *name, struct error *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (strchr(name, '/') || strcmp(name, "..") == 0) {
		(void)error_set(err, EINVAL,
				"a credential has a name, not a path");
		return NULL;
	}
	if (!dir || !*dir) {
		(void)error_set(err, ENOENT,
				"the credential \"%s\" cannot be read: "
				"CREDENTIALS_DIRECTORY is not set; is "
				"LoadCredential= in the systemd unit?",
				name);
		return NULL;
	}

	struct pool *pool = pool_new();
	/* systemd guards the folder; the files may show the mask of an ACL
	 * where the rights of the group stand. */
	struct secret *s =
		from_file(file_resolve(pool, dir, name), FILE_ANY, err);

	pool_free(pool);
	return s;
}

struct secret *
secret_load(const char *reference, const char *dir, struct error *err)
{
	if (strncmp(reference, "file:", 5) == 0 && reference[5]) {
		struct pool *pool = pool_new();
		struct secret *s =
			from_file(file_resolve(pool, dir, reference + 5),
				  FILE_PRIVATE, err);

		pool_free(pool);
		return s;
	}
	if (strncmp(reference, "env:", 4) == 0 && reference[4])
		return from_env(reference + 4, err);
	if (strncmp(reference, "cred:", 5) == 0 && reference[5])
		return from_credential(reference + 5, err);
	(void)error_set(err, EINVAL,
			"secrets are never written in this file; say where it "
			"is: \"file:PATH\", \"env:NAME\" or \"cred:NAME\"");
	return NULL;
}
