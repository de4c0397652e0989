/* SPDX-License-Identifier: MIT */
/*
 * casemap.c - what a server says about itself, and names read by its rules.
 *
 * Folding follows RFC 2812 2.2 and the CASEMAPPING values of modern.ircdocs;
 * never the locale. ISUPPORT values are limits for us, and a server may lie:
 * each number is clamped, each set of characters is filtered, and a token
 * that makes no sense changes nothing.
 */

#include "protocols/irc/casemap.h"

#include "bridge/text.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* ---- folding ----------------------------------------------------------- */

unsigned char
irc_fold_char(enum irc_casemapping map, unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c + ('a' - 'A');
	if (map == IRC_CASE_ASCII)
		return c;
	if (c >= '[' && c <= ']')
		return c + ('{' - '[');
	if (c == '~' && map == IRC_CASE_RFC1459)
		return '^';
	return c;
}

void
irc_fold(enum irc_casemapping map, const char *name, char *out, size_t size)
{
	size_t i = 0;

	assert(size > 0);
	for (; name[i] && i < size - 1; i++)
		out[i] = (char)irc_fold_char(map, (unsigned char)name[i]);
	out[i] = '\0';
}

int
irc_compare(enum irc_casemapping map, const char *a, const char *b)
{
	for (;; a++, b++) {
		unsigned char x = irc_fold_char(map, (unsigned char)*a);
		unsigned char y = irc_fold_char(map, (unsigned char)*b);

		if (x != y)
			return x < y ? -1 : 1;
		if (!x)
			return 0;
	}
}

/* ---- ISUPPORT ---------------------------------------------------------- */

/* Beyond this we would not go even if the server allowed it. */
#define MODES_MAX 20
#define LIST_MAX 1000

/* A token with a number: what it is before it is told, and its limits. */
struct number {
	const char *name;
	size_t offset;
	unsigned initial, min, max;
	unsigned unlimited; /* what the token means without a value */
};

#define FIELD(member) offsetof(struct irc_isupport, member)

/*
 * The smallest values are below what any server uses, and still leave room
 * for a nick with a counter. 63 bytes of nick is what we have room for.
 */
/* clang-format off */
static const struct number numbers[] = {
	{ "NICKLEN",	 FIELD(nicklen),      9,  5,  63, 63 },
	{ "CHANNELLEN",	 FIELD(channellen), 200, 16, 200, 200 },
	{ "TOPICLEN",	 FIELD(topiclen),   390, 20, 450, 450 },
	{ "KICKLEN",	 FIELD(kicklen),    255, 20, 450, 450 },
	{ "AWAYLEN",	 FIELD(awaylen),    200, 20, 450, 450 },
	{ "USERLEN",	 FIELD(userlen),     10,  4,  63, 63 },
	{ "MODES",	 FIELD(modes),	      3,  1, MODES_MAX, MODES_MAX },
	{ "MAXTARGETS",	 FIELD(targmax_privmsg), 0, 1, LIST_MAX, 0 },
	{ "MONITOR",	 FIELD(monitor),      0,  0, LIST_MAX, LIST_MAX },
	{ "CHATHISTORY", FIELD(chathistory),  0,  0, LIST_MAX, LIST_MAX },
};
/* clang-format on */

static unsigned *
number_field(struct irc_isupport *is, const struct number *number)
{
	return (unsigned *)(void *)((char *)is + number->offset);
}

/* The digits at s, at most 1000000; -1 if there are none. */
static long
digits_read(const char *s)
{
	long n = 0;

	if (*s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (*s - '0');
		if (n > 1000000)
			n = 1000000;
	}
	return n;
}

static void
number_set(struct irc_isupport *is, const struct number *number,
	   const char *value)
{
	unsigned *field = number_field(is, number);
	long n = digits_read(value);

	if (!*value) {
		*field = number->unlimited;
		return;
	}
	if (n < 0)
		return;
	if (n < (long)number->min)
		n = (long)number->min;
	if (n > (long)number->max)
		n = (long)number->max;
	*field = (unsigned)n;
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

static bool
is_sign(char c)
{
	return c > ' ' && c < 0x7f && !is_alnum(c) && !strchr(",:*?", c);
}

/* Copy those characters of s, up to n, for which keep() holds. */
static void
filter(char *out, size_t size, const char *s, size_t n, bool (*keep)(char c))
{
	size_t used = 0;

	for (size_t i = 0; i < n && used < size - 1; i++) {
		if (keep(s[i]))
			out[used++] = s[i];
	}
	out[used] = '\0';
}

static void
set_casemapping(struct irc_isupport *is, const char *value)
{
	if (!strcmp(value, "ascii"))
		is->casemapping = IRC_CASE_ASCII;
	else if (!strcmp(value, "rfc1459-strict") ||
		 !strcmp(value, "strict-rfc1459"))
		is->casemapping = IRC_CASE_RFC1459_STRICT;
	else if (!strcmp(value, "rfc7613"))
		is->casemapping = IRC_CASE_ASCII; /* SEMANTICS 1.3 */
	else
		is->casemapping = IRC_CASE_RFC1459;
}

static void
set_chantypes(struct irc_isupport *is, const char *value)
{
	filter(is->chantypes, sizeof(is->chantypes), value, strlen(value),
	       is_sign);
}

static void
set_prefix(struct irc_isupport *is, const char *value)
{
	char modes[sizeof(is->prefix_modes)], chars[sizeof(is->prefix_chars)];
	const char *close = strchr(value, ')');
	size_t n;

	if (!*value) {
		is->prefix_modes[0] = is->prefix_chars[0] = '\0';
		return;
	}
	if (*value != '(' || !close)
		return;
	n = (size_t)(close - value - 1);
	filter(modes, sizeof(modes), value + 1, n, is_alnum);
	filter(chars, sizeof(chars), close + 1, strlen(close + 1), is_sign);
	if (strlen(modes) != n || strlen(chars) != n || strlen(close + 1) != n)
		return;
	memcpy(is->prefix_modes, modes, sizeof(modes));
	memcpy(is->prefix_chars, chars, sizeof(chars));
}

static void
set_chanmodes(struct irc_isupport *is, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(is->chanmodes); i++) {
		size_t n = strcspn(value, ",");

		filter(is->chanmodes[i], sizeof(is->chanmodes[i]), value, n,
		       is_alnum);
		value += n + (value[n] != '\0');
	}
}

static void
set_network(struct irc_isupport *is, const char *value)
{
	size_t n = strlen(value);
	size_t used = 0;

	if (!utf8_valid(value, n))
		return;
	if (n >= sizeof(is->network))
		n = utf8_cut(value, n, sizeof(is->network) - 1);
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)value[i] >= ' ' && value[i] != 0x7f)
			is->network[used++] = value[i];
	}
	is->network[used] = '\0';
}

/* The limit of one command in "JOIN:4,PRIVMSG:,..."; 0 if not told. */
static unsigned
targmax_of(const char *value, const char *command)
{
	size_t n = strlen(command);

	for (; *value; value += *value == ',') {
		if (!strncmp(value, command, n) && value[n] == ':') {
			long limit = digits_read(value + n + 1);

			if (limit > 0)
				return limit > LIST_MAX ? LIST_MAX
							: (unsigned)limit;
		}
		value += strcspn(value, ",");
	}
	return 0;
}

static void
set_targmax(struct irc_isupport *is, const char *value)
{
	is->targmax_join = targmax_of(value, "JOIN");
	is->targmax_privmsg = targmax_of(value, "PRIVMSG");
}

static void
set_statusmsg(struct irc_isupport *is, const char *value)
{
	filter(is->statusmsg, sizeof(is->statusmsg), value, strlen(value),
	       is_sign);
}

static void
set_bot(struct irc_isupport *is, const char *value)
{
	is->bot = '\0';
	if (is_alnum(*value) && (*value < '0' || *value > '9'))
		is->bot = *value;
}

static void
set_clienttagdeny(struct irc_isupport *is, const char *value)
{
	size_t n = strlen(value);

	/* Whole words only: half a word would deny another tag. */
	if (n >= sizeof(is->clienttagdeny)) {
		n = sizeof(is->clienttagdeny) - 1;
		while (n > 0 && value[n] != ',')
			n--;
	}
	memcpy(is->clienttagdeny, value, n);
	is->clienttagdeny[n] = '\0';
}

static bool
has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; *at; at += strcspn(at, ",")) {
		at += *at == ',';
		if (!strncmp(at, word, n) && (!at[n] || at[n] == ','))
			return true;
	}
	return false;
}

static void
set_msgreftypes(struct irc_isupport *is, const char *value)
{
	is->by_msgid = has_word(value, "msgid");
	is->by_timestamp = has_word(value, "timestamp");
}

/* Tokens with a value of their own kind, and the value before it is told. */
static const struct {
	const char *name;
	void (*set)(struct irc_isupport *is, const char *value);
	const char *initial;
} words[] = {
	{ "CASEMAPPING", set_casemapping, "rfc1459" },
	{ "CHANTYPES", set_chantypes, "#&" },
	{ "PREFIX", set_prefix, "(ov)@+" },
	{ "CHANMODES", set_chanmodes, "beI,k,l,imnpst" },
	{ "NETWORK", set_network, "" },
	{ "TARGMAX", set_targmax, "" },
	{ "STATUSMSG", set_statusmsg, "" },
	{ "BOT", set_bot, "" },
	{ "CLIENTTAGDENY", set_clienttagdeny, "" },
	{ "MSGREFTYPES", set_msgreftypes, "timestamp,msgid" },
};

void
irc_isupport_init(struct irc_isupport *is)
{
	*is = (struct irc_isupport){ .casemapping = IRC_CASE_RFC1459 };
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		*number_field(is, &numbers[i]) = numbers[i].initial;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		words[i].set(is, words[i].initial);
}

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *p;

	if (c >= 'A' && c <= 'F')
		c += 'a' - 'A';
	p = c ? strchr(digits, c) : NULL;
	return p ? (int)(p - digits) : -1;
}

/* Values may hold "\x20" and the like (modern.ircdocs). In place. */
static void
value_unescape(char *s)
{
	char *out = s;

	while (*s) {
		int high = s[0] == '\\' && s[1] == 'x' ? hex_digit(s[2]) : -1;
		int low = high >= 0 ? hex_digit(s[3]) : -1;

		if (low >= 0 && high * 16 + low != 0) {
			*out++ = (char)(high * 16 + low);
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

/* value NULL: the token was taken back. */
static void
token_apply(struct irc_isupport *is, const char *name, const char *value)
{
	if (!strcmp(name, "WHOX"))
		is->whox = value != NULL;
	if (!strcmp(name, "UTF8ONLY"))
		is->utf8only = value != NULL;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(name, words[i].name))
			words[i].set(is, value ? value : words[i].initial);
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (strcmp(name, numbers[i].name) != 0)
			continue;
		if (value)
			number_set(is, &numbers[i], value);
		else
			*number_field(is, &numbers[i]) = numbers[i].initial;
	}
}

void
irc_isupport_token(struct irc_isupport *is, const char *token)
{
	char copy[512];
	size_t n = strlen(token);
	bool taken_back = *token == '-';
	char *value;

	if (n >= sizeof(copy))
		return;
	memcpy(copy, token, n + 1);
	value = copy + strcspn(copy, "=");
	if (*value)
		*value++ = '\0';
	value_unescape(value);
	if (taken_back)
		token_apply(is, copy + 1, NULL);
	else
		token_apply(is, copy, value);
}

/* ---- names and ranks --------------------------------------------------- */

bool
irc_is_channel(const struct irc_isupport *is, const char *name)
{
	return *name && strchr(is->chantypes, *name);
}

bool
irc_is_channel_name(const struct irc_isupport *is, const char *name)
{
	if (!irc_is_channel(is, name))
		return false;
	for (; *name; name++) {
		if ((unsigned char)*name <= ' ' || *name == ',' ||
		    *name == 0x7f)
			return false;
	}
	return true;
}

bool
irc_is_nick(const struct irc_isupport *is, const char *name)
{
	if (!*name || strchr("$:", *name) || strchr(is->chantypes, *name) ||
	    strchr(is->prefix_chars, *name))
		return false;
	for (; *name; name++) {
		/* A dot would make it the name of a server. */
		if ((unsigned char)*name <= ' ' || strchr(",*?!@.", *name) ||
		    *name == 0x7f)
			return false;
	}
	return true;
}

static enum rank
rank_of_letter(char mode)
{
	switch (mode) {
	case 'q':
		return RANK_OWNER;
	case 'a':
		return RANK_ADMIN;
	case 'o':
		return RANK_OP;
	case 'h':
		return RANK_HALFOP;
	case 'v':
		return RANK_VOICE;
	default:
		return RANK_NONE;
	}
}

/* A mode that only this server knows counts as the next lower known one. */
static enum rank
rank_at(const char *modes)
{
	for (; *modes; modes++) {
		enum rank rank = rank_of_letter(*modes);

		if (rank != RANK_NONE)
			return rank;
	}
	return RANK_VOICE;
}

enum rank
irc_rank_of_mode(const struct irc_isupport *is, char mode)
{
	const char *p = mode ? strchr(is->prefix_modes, mode) : NULL;

	return p ? rank_at(p) : RANK_NONE;
}

enum rank
irc_rank_of_char(const struct irc_isupport *is, char c)
{
	const char *p = c ? strchr(is->prefix_chars, c) : NULL;

	return p ? rank_at(is->prefix_modes + (p - is->prefix_chars))
		 : RANK_NONE;
}

bool
irc_tag_allowed(const struct irc_isupport *is, const char *tag)
{
	const char *word = is->clienttagdeny;
	size_t len = strlen(tag);
	bool all = word[0] == '*' && (word[1] == '\0' || word[1] == ',');
	bool allowed = !all;

	while (*word) {
		size_t n = strcspn(word, ",");

		if (n == len && !memcmp(word, tag, n))
			return false;
		if (all && n == len + 1 && *word == '-' &&
		    !memcmp(word + 1, tag, len))
			allowed = true;
		word += n + (word[n] != '\0');
	}
	return allowed;
}

/* ---- modes ------------------------------------------------------------- */

static bool
mode_takes_arg(const struct irc_isupport *is, char mode, bool set)
{
	if (strchr(is->prefix_modes, mode) || strchr(is->chanmodes[0], mode) ||
	    strchr(is->chanmodes[1], mode))
		return true;
	return set && strchr(is->chanmodes[2], mode);
}

void
irc_modes_read(const struct irc_isupport *is, const char *modes,
	       const char *const *args, size_t n_args, irc_mode_fn *fn,
	       void *arg)
{
	struct irc_mode change = { .set = true };

	for (; *modes; modes++) {
		if (*modes == '+' || *modes == '-') {
			change.set = *modes == '+';
			continue;
		}
		change.mode = *modes;
		change.arg = NULL;
		if (mode_takes_arg(is, *modes, change.set)) {
			if (n_args == 0)
				return;
			change.arg = *args++;
			n_args--;
		}
		fn(arg, &change);
	}
}
