/* SPDX-License-Identifier: MIT */
/* ident.c - Matrix identifiers. See ident.h. */

#include "protocols/matrix/ident.h"

#include "bridge/base.h"
#include "bridge/origin.h"
#include "bridge/str.h"

#include <string.h>

#define LINK "https://matrix.to/#/"
#define URI "matrix:u/"
#define SHORT_PREFIX "irc_" /* of channels, beside the configured one */
#define MUC_PREFIX "xmpp_"  /* likewise, of rooms */

static const char hex[] = "0123456789abcdef";

bool
matrix_id_is(const char *id, char sigil)
{
	return id && *id == sigil && strchr(id, ':') &&
	       strlen(id) <= MATRIX_ID_MAX;
}

const char *
matrix_id_server(const char *id)
{
	const char *colon = strchr(id, ':');

	return colon ? colon + 1 : "";
}

bool
matrix_name_read(const char *text, const char *sigils, char *id, size_t size)
{
	size_t len = strlen(text);
	char *percent;

	if (!len || !strchr(sigils, *text) || len >= size ||
	    len > MATRIX_ID_MAX)
		return false;
	memcpy(id, text, len + 1);
	percent = strchr(id, ':') ? NULL : strrchr(id, '%');
	if (percent)
		*percent = ':';
	/* The id of a room needs no server since version 12. */
	return *id == '!' ? len > 1
			  : id[1] != ':' && *matrix_id_server(id) != '\0';
}

/* ---- localparts --------------------------------------------------------- */

static bool
is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	       c == '-';
}

static bool
is_capital(unsigned char c)
{
	return c >= 'A' && c <= 'Z';
}

void
matrix_local_encode(struct str *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (is_plain(*p)) {
			str_add_char(out, (char)*p);
		} else if (is_capital(*p)) {
			str_add_char(out, '_');
			str_add_char(out, (char)(*p + 'a' - 'A'));
		} else if (*p == '_') {
			str_add(out, "__");
		} else {
			str_add_char(out, '=');
			str_add_char(out, hex[*p >> 4]);
			str_add_char(out, hex[*p & 15]);
		}
	}
}

/* The value of a lower-case hex digit, or -1. */
static int
nibble(char c)
{
	const char *at = c ? strchr(hex, c) : NULL;

	return at ? (int)(at - hex) : -1;
}

/* The byte that "=hh" at p stands for, or -1 if the encoding makes no such. */
static int
escaped(const char *p)
{
	int high = nibble(p[1]);
	int low = high < 0 ? -1 : nibble(p[2]);
	int c = high * 16 + low;

	if (low < 0 || !c || is_plain((unsigned char)c) ||
	    is_capital((unsigned char)c) || c == '_')
		return -1;
	return c;
}

bool
matrix_local_decode(struct str *out, const char *local)
{
	for (const char *p = local; *p; p++) {
		if (is_plain((unsigned char)*p)) {
			str_add_char(out, *p);
		} else if (*p == '=') {
			int c = escaped(p);

			if (c < 0)
				return false;
			str_add_char(out, (char)c);
			p += 2;
		} else if (*p == '_' && p[1] == '_') {
			str_add_char(out, *++p);
		} else if (*p == '_' && p[1] >= 'a' && p[1] <= 'z') {
			str_add_char(out, (char)(*++p - 'a' + 'A'));
		} else {
			return false;
		}
	}
	return true;
}

void
matrix_puppet_id(struct str *out, const struct matrix_person *person)
{
	AUTO_STR local = { 0 };
	size_t fixed = strlen(person->prefix) + strlen(person->network) +
		       strlen(person->server) + 3; /* "@", "_", ":" */

	str_init(&local, 4096);
	matrix_local_encode(&local, person->id);
	if (str_overflowed(&local) || !local.len ||
	    fixed + local.len > MATRIX_ID_MAX) {
		str_clear(&local);
		str_add(&local, "=z");
		origin_digest(&local, person->id);
	}
	str_printf(out, "@%s%s_%s:%s", person->prefix, person->network,
		   local.data, person->server);
}

/* ---- what they stand for ------------------------------------------------ */

/* Behind the sigil and that prefix; NULL if id is none of that server. */
static const char *
behind(const char *id, const char *prefix, const char *server)
{
	if (!*id || strncmp(id + 1, prefix, strlen(prefix)) != 0 ||
	    strcmp(matrix_id_server(id), server) != 0)
		return NULL;
	return id + 1 + strlen(prefix);
}

/* "NETWORK_REST:..."; rest is what stands there, encoded or not. */
static bool
take_apart(const char *at, struct str *network, struct str *rest)
{
	size_t label = strcspn(at, "_:");

	if (!label || at[label] != '_')
		return false;
	str_add_n(network, at, label);
	at += label + 1;
	str_add_n(rest, at, strcspn(at, ":"));
	return rest->len && !str_overflowed(rest) && !str_overflowed(network);
}

bool
matrix_puppet_read(const char *user_id, const struct matrix_person *ours,
		   struct str *network, struct str *id)
{
	const char *at = behind(user_id, ours->prefix, ours->server);
	AUTO_STR local = { 0 };

	str_init(&local, MATRIX_ID_MAX);
	return at && *user_id == '@' && take_apart(at, network, &local) &&
	       matrix_local_decode(id, local.data) && id->len;
}

bool
matrix_alias_read(const char *alias, const struct matrix_person *ours,
		  struct str *network, struct str *channel)
{
	const char *at = behind(alias, ours->prefix, ours->server);
	AUTO_STR rest = { 0 };

	str_init(&rest, MATRIX_ID_MAX);
	if (!at)
		at = behind(alias, SHORT_PREFIX, ours->server);
	if (!at || *alias != '#' || strlen(alias) > MATRIX_ID_MAX ||
	    !take_apart(at, network, &rest))
		return false;
	/* The name of a channel begins with its sign, that of a room has "@".
	 */
	if (*rest.data == '=' ||
	    (!strchr("#&+!", *rest.data) && !strchr(rest.data, '@') &&
	     strstr(rest.data, "=40")))
		return matrix_local_decode(channel, rest.data) && channel->len;
	str_add(channel, rest.data);
	return true;
}

bool
matrix_alias_read_muc(const char *alias, const struct matrix_person *ours,
		      struct str *room)
{
	const char *at = behind(alias, MUC_PREFIX, ours->server);
	size_t len = at ? strcspn(at, ":") : 0;
	size_t name = len;

	while (name && at[name] != '_')
		name--; /* no host has one */
	if (!name || name + 1 >= len || *alias != '#' ||
	    strlen(alias) > MATRIX_ID_MAX)
		return false;
	str_add_n(room, at, name);
	str_add_char(room, '@');
	str_add_n(room, at + name + 1, len - name - 1);
	return !memchr(at, '@', len);
}

bool
matrix_alias_write(struct str *out, const struct matrix_person *person)
{
	AUTO_STR lower = { 0 };
	AUTO_STR local = { 0 };
	size_t fixed = strlen(person->prefix) + strlen(person->network) +
		       strlen(person->server) + 3;

	str_init(&lower, MATRIX_ID_MAX);
	str_init(&local, MATRIX_ID_MAX);
	for (const char *p = person->id; *p; p++)
		str_add_char(&lower, is_capital((unsigned char)*p)
					     ? (char)(*p + 'a' - 'A')
					     : *p);
	matrix_local_encode(&local, lower.data);
	if (str_overflowed(&lower) || str_overflowed(&local) || !local.len ||
	    fixed + local.len > MATRIX_ID_MAX)
		return false;
	str_printf(out, "#%s%s_%s:%s", person->prefix, person->network,
		   local.data, person->server);
	return true;
}

/* ---- paths and links ---------------------------------------------------- */

void
matrix_path_add(struct str *out, const char *segment)
{
	for (const unsigned char *p = (const unsigned char *)segment; *p; p++) {
		if (is_plain(*p) || is_capital(*p) || *p == '_' || *p == '~')
			str_add_char(out, (char)*p);
		else
			str_printf(out, "%%%02X", *p);
	}
}

/* Append what stands at p up to one of ends, without its escapes. */
static void
unescape(struct str *out, const char *p, const char *ends)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";

	for (; *p && !strchr(ends, *p); p++) {
		const char *high = p[1] ? strchr(digits, p[1]) : NULL;
		const char *low = high && p[2] ? strchr(digits, p[2]) : NULL;

		if (*p != '%' || !low) {
			str_add_char(out, *p);
			continue;
		}
		str_add_char(out, (char)((high - digits) % 16 * 16 +
					 (low - digits) % 16));
		p += 2;
	}
}

bool
matrix_link_user(struct str *out, const char *url)
{
	AUTO_STR id = { 0 };

	str_init(&id, MATRIX_ID_MAX);
	if (strncmp(url, LINK, strlen(LINK)) == 0) {
		unescape(&id, url + strlen(LINK), "?/");
	} else if (strncmp(url, URI, strlen(URI)) == 0) {
		str_add_char(&id, '@');
		unescape(&id, url + strlen(URI), "?/");
	}
	if (str_overflowed(&id) || strlen(id.data) != id.len ||
	    !matrix_id_is(id.data, '@'))
		return false;
	str_add(out, id.data);
	return true;
}

void
matrix_link_add(struct str *out, const char *user_id)
{
	str_add(out, LINK);
	for (const char *p = user_id; *p; p++) {
		const char one[2] = { *p, '\0' };

		if (*p == '@' || *p == ':')
			str_add_char(out, *p);
		else
			matrix_path_add(out, one);
	}
}
