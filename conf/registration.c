/* SPDX-License-Identifier: MIT */
/* registration.c - a Matrix registration, read and written. */

#include "conf/registration.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"
#include "bridge/secret.h"
#include "bridge/str.h"

#include "conf/conf.h"
#include "conf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define FILE_MAX (64 * 1024)
#define TOKEN_BYTES 32
#define TOKEN_MIN 16 /* characters of one that somebody else made */

/* ---- reading ------------------------------------------------------------ */

/* The value of the line that begins with "KEY:", or NULL; in pool. */
static const char *
value_of(struct pool *pool, const char *text, const char *key)
{
	size_t n_key = strlen(key);

	for (const char *line = text; line && *line;) {
		const char *end = strchrnul(line, '\n');

		if (strncmp(line, key, n_key) == 0 && line[n_key] == ':') {
			const char *at = line + n_key + 1;

			while (at < end && strchr(" \t\"'", *at))
				at++;
			while (end > at && strchr(" \t\r\"'", end[-1]))
				end--;
			char *value = pool_alloc(pool, (size_t)(end - at) + 1);
			memcpy(value, at, (size_t)(end - at));
			return *value ? value : NULL;
		}
		line = *end ? end + 1 : end;
	}
	return NULL;
}

static int
take(struct pool *pool, const char *text, struct registration *reg,
     struct error *err)
{
	static const char *const keys[] = { "id", "sender_localpart",
					    "as_token", "hs_token" };
	const char *values[ARRAY_SIZE(keys)];

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		values[i] = value_of(pool, text, keys[i]);
		if (!values[i])
			return error_set(err, EINVAL,
					 "it has no line \"%s: ...\"; is it a "
					 "registration? causewayd "
					 "--registration writes one",
					 keys[i]);
		if (i >= 2 && strlen(values[i]) < TOKEN_MIN)
			return error_set(err, EINVAL,
					 "its %s is too short to be secret: at "
					 "least %d characters",
					 keys[i], TOKEN_MIN);
	}
	if (strcmp(values[2], values[3]) == 0)
		return error_set(err, EINVAL,
				 "its as_token and hs_token are the same");
	reg->id = values[0];
	reg->bot = values[1];
	reg->as_token = secret_new(values[2], strlen(values[2]));
	reg->hs_token = secret_new(values[3], strlen(values[3]));
	secret_wipe((char *)(uintptr_t)values[2], strlen(values[2]));
	secret_wipe((char *)(uintptr_t)values[3], strlen(values[3]));
	return 0;
}

int
registration_read(struct pool *pool, const char *path, struct registration *reg,
		  struct error *err)
{
	struct error why;
	size_t n;
	char *text;
	int rc;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return error_set(err, ENOENT,
				 "there is none yet; write it with: causewayd "
				 "--registration");
	/* The homeserver reads it, too: by its group. */
	text = file_read(path, FILE_MAX, FILE_SHARED, &n, &why);
	if (!text)
		return error_set(err, EINVAL, "%s", why.text);
	rc = take(pool, text, reg, err);
	secret_wipe(text, n);
	free(text);
	return rc;
}

/* ---- writing ------------------------------------------------------------ */

static int
add_token(struct str *out, const char *key, struct error *err)
{
	unsigned char bytes[TOKEN_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_set(err, EIO, "no random numbers: %s",
				 strerror(errno));
	str_printf(out, "%s: ", key);
	str_add_hex(out, bytes, sizeof(bytes));
	str_add_char(out, '\n');
	secret_wipe(bytes, sizeof(bytes));
	return 0;
}

/* As part of a regular expression in double quotes: the dot, escaped. */
static void
add_pattern(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (strchr(".+[]", *text))
			str_add(out, "\\\\");
		str_add_char(out, *text);
	}
}

static void
add_regex(struct str *out, char sigil, const char *prefix, const char *server)
{
	str_printf(out, "  - exclusive: true\n    regex: \"%c", sigil);
	add_pattern(out, prefix);
	str_add(out, ".*:");
	add_pattern(out, server);
	str_add(out, "\"\n");
}

static void
add_namespace(struct str *out, const char *name, char sigil,
	      const struct conf_matrix *conf)
{
	str_printf(out, "  %s:\n", name);
	add_regex(out, sigil, conf->prefix, conf->server_name);
}

/* The short names of channels that a gateway leads to. */
static void
add_channels(struct str *out, const struct conf_matrix *conf)
{
	const struct conf_gateway *gateway = conf->gateway;

	for (size_t i = 0; gateway && i < gateway->n_networks; i++) {
		AUTO_STR prefix = { 0 };

		str_init(&prefix, 100);
		if (gateway->networks[i]->irc)
			str_printf(&prefix, "irc_%s_",
				   gateway->networks[i]->name);
		else
			str_add(&prefix, "xmpp_");
		add_regex(out, '#', prefix.data, conf->server_name);
	}
}

/* What clients may look up. */
static void
add_protocols(struct str *out, const struct conf_gateway *gateway)
{
	bool irc = false, xmpp = false;

	for (size_t i = 0; i < gateway->n_networks; i++) {
		irc |= gateway->networks[i]->irc != NULL;
		xmpp |= gateway->networks[i]->xmpp != NULL;
	}
	str_printf(out, "protocols: [%s%s%s]\n", irc ? "irc" : "",
		   irc && xmpp ? ", " : "", xmpp ? "xmpp" : "");
}

static int
compose(struct str *out, const char *name, const struct conf_matrix *conf,
	struct error *err)
{
	int rc;

	str_add(out, "# Written by causewayd --registration. Both the bridge "
		     "and the homeserver read it;\n"
		     "# nobody else may: who has the tokens is the bridge.\n");
	str_printf(out, "id: causeway-%s\n", name);
	str_printf(out, "url: \"%s\"\n", conf->url);
	rc = add_token(out, "as_token", err);
	if (rc == 0)
		rc = add_token(out, "hs_token", err);
	str_printf(out, "sender_localpart: %s\n", conf->bot);
	str_add(out, "rate_limited: false\n"
		     "receive_ephemeral: true\n"
		     "de.sorunome.msc2409.push_ephemeral: true\n"
		     "namespaces:\n");
	add_namespace(out, "users", '@', conf);
	add_namespace(out, "aliases", '#', conf);
	add_channels(out, conf);
	str_add(out, "  rooms: []\n");
	if (conf->gateway)
		add_protocols(out, conf->gateway);
	return rc;
}

static int
write_all(int fd, const struct str *text)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int
registration_write(const char *name, const struct conf_matrix *conf,
		   struct error *err)
{
	AUTO_STR text = { 0 };
	int fd, rc;

	str_init(&text, FILE_MAX);
	rc = compose(&text, name, conf, err);
	if (rc < 0)
		return rc;
	fd = open(conf->registration,
		  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	rc = fd < 0 ? -errno : write_all(fd, &text);
	if (fd >= 0 && close(fd) < 0 && !rc)
		rc = -errno;
	secret_wipe(text.data, text.len);
	if (rc < 0 && fd >= 0)
		(void)unlink(conf->registration); /* half of it helps nobody */
	return rc < 0 ? error_set(err, -rc, "%s", strerror(-rc)) : 0;
}
