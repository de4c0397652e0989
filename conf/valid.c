/* SPDX-License-Identifier: MIT */
/* valid.c - the small grammars inside the values of options. */

#include "conf/valid.h"

#include "bridge/base.h"
#include "bridge/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CHANNEL_MAX 200

const char *
refuse_label(const char *text)
{
	static const char want[] = "a name of lower-case letters, digits and "
				   "-, beginning with a letter, at most 63";
	size_t len = strlen(text);

	if (len < 1 || len > 63 || !islower((unsigned char)text[0]) ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return want;
	return NULL;
}

static bool
has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

const char *
refuse_domain(const char *text)
{
	if (!*text || strpbrk(text, " @/:[]\"'<>&\\,") || has_control(text) ||
	    text[0] == '.' || strstr(text, ".."))
		return "a domain such as \"gw.example.org\"";
	return NULL;
}

/* local@domain; 3.3 of RFC 7622 says what the local part may not hold. */
static bool
is_bare_jid(const char *text)
{
	const char *at = strchr(text, '@');

	if (!at || at == text || refuse_domain(at + 1))
		return false;
	for (const char *p = text; p < at; p++)
		if (strchr(" \"&'/:<>", *p) || (unsigned char)*p < 0x20)
			return false;
	return true;
}

const char *
refuse_host(const char *text)
{
	return strcmp(text, "*") == 0 ? NULL : refuse_domain(text);
}

const char *
refuse_contact(const char *text)
{
	if (strcmp(text, "*") == 0 || !refuse_domain(text) || is_bare_jid(text))
		return NULL;
	return "a domain, an address without resource, or \"*\"";
}

const char *
refuse_matrix_people(const char *text)
{
	if (strcmp(text, "*") == 0 || !refuse_server_name(text) ||
	    (*text == '@' && strchr(text, ':')))
		return NULL;
	return "a server, a user id, or \"*\"";
}

const char *
refuse_admin(const char *text)
{
	const char *colon = strchr(text, ':');
	char label[64];
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (len && len < sizeof(label) && colon[1]) {
		memcpy(label, text, len);
		label[len] = '\0';
		if (!refuse_label(label))
			return NULL;
	}
	return "the label of a network, a colon and a person, as in "
	       "\"xmpp:ann@example.org\"";
}

const char *
refuse_room(const char *text)
{
	if (is_bare_jid(text))
		return NULL;
	if (strchr(text, '@') && strchr(text, '/'))
		return "room@service without a resource";
	return "a room such as \"dev@conference.example.org\"";
}

const char *
refuse_url(const char *text)
{
	size_t n = strlen(text);
	const char *host = strstr(text, "://");

	if ((strncmp(text, "http://", 7) != 0 &&
	     strncmp(text, "https://", 8) != 0) ||
	    !host[3] || strpbrk(text, " \"'<>?#\\@") || has_control(text))
		return "a URL such as \"http://127.0.0.1:8008\"";
	if (text[n - 1] == '/')
		return "a URL without a slash at the end";
	return NULL;
}

const char *
refuse_server_name(const char *text)
{
	if (!*text || strpbrk(text, " @/\"'<>&\\,#!$") || has_control(text))
		return "the name of a homeserver such as \"example.org\"";
	return NULL;
}

const char *
refuse_localpart(const char *text)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789._=-/+";

	if (!*text || text[strspn(text, good)])
		return "lower-case letters, digits and ._=-/+";
	return NULL;
}

const char *
refuse_matrix_room(const char *text)
{
	if (*text == '#' && strchr(text, ':') && strchr(text, ':') > text + 1 &&
	    strlen(text) <= 255)
		return NULL;
	if (*text == '!' && text[1] && strlen(text) <= 255)
		return NULL;
	return "a room such as \"#dev:example.org\" or "
	       "\"!opaque:example.org\"";
}

const char *
refuse_channel(const char *text)
{
	if (!*text || !strchr("#&+!", *text))
		return "a channel that begins with #, &, + or !";
	if (!text[1])
		return "a name after the first character of the channel";
	if (strpbrk(text, " ,") || has_control(text))
		return "a channel without spaces, commas and control "
		       "characters";
	if (strlen(text) > CHANNEL_MAX)
		return "a channel of at most 200 bytes";
	return NULL;
}

const char *
refuse_nick(const char *text)
{
	if (isdigit((unsigned char)*text) || *text == '-' ||
	    strpbrk(text, " ,:*?!@#&$+%~.") || has_control(text))
		return "a nick: no digit or - first, none of "
		       "space , : * ? ! @ # & $ + % ~ .";
	return NULL;
}

const char *
refuse_user(const char *text)
{
	if (strpbrk(text, " :@!*?") || has_control(text))
		return "a user name without space : @ ! * ?";
	return NULL;
}

const char *
refuse_ip(const char *text)
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1 ||
	    inet_pton(AF_INET6, text, bytes) == 1)
		return NULL;
	return "an IPv4 or IPv6 address";
}

const char *
refuse_prefix(const char *text)
{
	const char *slash = strchr(text, '/');
	unsigned char bytes[16];
	char host[INET6_ADDRSTRLEN];
	size_t n = slash ? (size_t)(slash - text) : sizeof(host);

	if (n < sizeof(host)) {
		memcpy(host, text, n);
		host[n] = '\0';
		n = strspn(slash + 1, "0123456789");
		if (n && n <= 3 && !slash[1 + n] && atoi(slash + 1) <= 128 &&
		    inet_pton(AF_INET6, host, bytes) == 1)
			return NULL;
	}
	return "an IPv6 prefix such as \"2001:db8:1::/64\"";
}

/* Up to five digits, cut off; 0 if there are none, or too many. */
static unsigned
take_port(const char **text)
{
	size_t n = strspn(*text, "0123456789");
	unsigned long port = n && n <= 5 ? strtoul(*text, NULL, 10) : 0;

	*text += n;
	return port <= 65535 ? (unsigned)port : 0;
}

const char *
refuse_ports(const char *text)
{
	unsigned first = take_port(&text), last = first;

	if (*text == '-') {
		text++;
		last = take_port(&text);
	}
	return first && first <= last && !*text
		       ? NULL
		       : "a port such as \"6697\", or a range such as "
			 "\"6660-6669\"";
}

const char *
refuse_charset(const char *text)
{
	/* A suffix such as //TRANSLIT changes what iconv does; no name at all
	 * is the locale's. */
	iconv_t cd = !*text || strchr(text, '/') ? (iconv_t)-1
						 : iconv_open("UTF-8", text);

	/* NOLINTNEXTLINE(performance-no-int-to-ptr): POSIX says so */
	if (cd == (iconv_t)-1)
		return "a character set such as \"windows-1252\" (see iconv "
		       "--list)";
	(void)iconv_close(cd);
	return NULL;
}

/* True if each { begins one of the n words; used gets a bit for each. */
static bool
placeholders(const char *text, const char *const *words, size_t n,
	     unsigned *used)
{
	*used = 0;
	for (const char *p = text; (p = strchr(p, '{')) != NULL; p++) {
		size_t i = 0;

		while (i < n && strncmp(p, words[i], strlen(words[i])) != 0)
			i++;
		if (i == n)
			return false;
		*used |= 1u << i;
	}
	return true;
}

const char *
refuse_nick_template(const char *text)
{
	static const char *const words[] = { "{nick}", "{id}", "{network}" };
	unsigned used;

	if (!placeholders(text, words, ARRAY_SIZE(words), &used))
		return "no other placeholders than {nick}, {network} and {id}";
	if (!(used & 3))
		return "{nick} or {id} in it, so that people differ";
	return NULL;
}

const char *
refuse_person_template(const char *text)
{
	static const char *const words[] = { "{name}", "{id}", "{network}" };
	unsigned used;

	if (!placeholders(text, words, ARRAY_SIZE(words), &used))
		return "no other placeholders than {name}, {network} and {id}";
	return NULL;
}

/* Bytes of the sequence that starts at p, 0 if it is none (RFC 3629). */
static size_t
sequence(const unsigned char *p)
{
	static const struct {
		unsigned char first, last, low, high, len;
	} rows[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (p[0] < rows[i].first || p[0] > rows[i].last)
			continue;
		if (p[1] < rows[i].low || p[1] > rows[i].high)
			return 0;
		for (size_t j = 2; j < rows[i].len; j++)
			if ((p[j] & 0xc0) != 0x80)
				return 0;
		return rows[i].len;
	}
	return 0;
}

bool
valid_utf8(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		size_t len = sequence(p);

		if (len == 0)
			return false;
		p += len;
	}
	return true;
}

bool
valid_text(const char *text)
{
	return !has_control(text) && valid_utf8(text);
}

bool
is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return false;
}

int64_t
duration_parse(const char *text)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
		{ "", 1000 },         { "ms", 1 },
		{ "s", 1000 },        { "m", 60 * 1000 },
		{ "h", 3600 * 1000 }, { "d", 24 * 3600 * 1000 },
	};
	char *end;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;

	long long n = strtoll(text, &end, 10);

	if (errno || n > INT32_MAX)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strcmp(end, units[i].unit) == 0)
			return n * units[i].ms;
	return -1;
}

void
duration_format(struct str *out, int64_t ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
		{ "d", 24 * 3600 * 1000 },
		{ "h", 3600 * 1000 },
		{ "m", 60 * 1000 },
		{ "s", 1000 },
		{ "ms", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (ms && ms % units[i].ms == 0) {
			str_printf(out, "%lld%s", (long long)(ms / units[i].ms),
				   units[i].unit);
			return;
		}
	str_add_char(out, '0');
}

static bool
port_parse(const char *text, unsigned *port)
{
	size_t len = strlen(text);

	if (len < 1 || len > 5 || strspn(text, "0123456789") != len)
		return false;
	*port = (unsigned)strtoul(text, NULL, 10);
	return *port >= 1 && *port <= 65535;
}

const char *
server_parse(char *text, const char **host, unsigned *port)
{
	char *colon = strrchr(text, ':');
	unsigned char bytes[16];

	*host = text;
	*port = 0;
	if (text[0] == '[') {
		char *end = strchr(text, ']');

		if (!end || (end[1] && end[1] != ':'))
			return "\"[ADDRESS]:PORT\"";
		colon = end[1] ? end + 1 : NULL;
		*host = text + 1;
		*end = '\0';
		if (inet_pton(AF_INET6, *host, bytes) != 1)
			return "an IPv6 address in the brackets";
	} else if (colon && strchr(text, ':') != colon) {
		return "an IPv6 address in brackets: \"[ADDRESS]:PORT\"";
	}
	if (colon) {
		*colon = '\0';
		if (!port_parse(colon + 1, port))
			return "a port from 1 to 65535 after the colon";
	}
	if (text[0] != '[' && refuse_domain(*host))
		return "\"HOST:PORT\"";
	return NULL;
}

/* ---- MQTT -------------------------------------------------------------- */

const char *
refuse_broker(const char *text)
{
	static const char want[] =
		"\"mqtts://HOST\" or \"mqtt://HOST\", with \":PORT\" if need be";
	const char *rest = strstr(text, "://");
	char copy[320];
	const char *host;
	unsigned port;

	if (!rest || (strncmp(text, "mqtt://", 7) != 0 &&
		      strncmp(text, "mqtts://", 8) != 0))
		return want;
	rest += 3;
	if (strlen(rest) >= sizeof(copy) || strpbrk(rest, "/?#@ "))
		return want;
	memcpy(copy, rest, strlen(rest) + 1);
	return server_parse(copy, &host, &port) ? want : NULL;
}

const char *
refuse_client_id(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";

	if (strspn(text, letters) == strlen(text))
		return NULL;
	return "letters, digits, \"-\", \"_\" and \".\"";
}

bool
is_loopback_url(const char *url)
{
	AUTO_STR host = { 0 };
	const char *at = strstr(url, "://") + 3;
	const char *part;
	unsigned port;

	str_init(&host, 1000);
	str_add_n(&host, at, strcspn(at, "/"));
	return !server_parse(host.data, &part, &port) && is_loopback(part);
}
