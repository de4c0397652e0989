/* SPDX-License-Identifier: MIT */
/*
 * register.c - from an open connection to 001.
 *
 *	CAPS -----> ANSWERS -----> SASL -----> WELCOME -----> DONE
 *	  CAP LS     CAP REQ       AUTHENTICATE  CAP END       001
 *
 * IRCv3 Capability Negotiation (302) and SASL 3.1/3.2, RFC 2812 3.1,
 * SEMANTICS 6.5. A step with nothing to do is passed over; 001 ends it from
 * wherever it was, because a server without CAP just goes on.
 *
 * "wanted" holds what was requested and not yet answered.
 */

#include "protocols/irc/register.h"

#include "bridge/base64.h"
#include "bridge/text.h"
#include "protocols/irc/casemap.h"
#include "protocols/irc/scram.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum state {
	CAPS,
	ANSWERS,
	SASL,
	WELCOME,
	DONE,
};

#define CHUNK_LEN 400 /* IRCv3 SASL: more of the message follows */
#define MESSAGE_MAX 8192
#define REQUEST_MAX (IRC_BODY_MAX - 2 - sizeof("CAP REQ :") + 1)
#define NICK_ATTEMPTS 12
#define NICKLEN_RFC 9 /* RFC 2812 1.2.1: every server takes this much */
#define USERLEN_MAX 63
#define REALNAME_MAX 150

/* clang-format off */
static const struct {
	enum irc_cap cap;
	const char *name;
} caps[] = {
	/* sasl first: in a request of its own, so that no other spoils it. */
	{ IRC_CAP_SASL, "sasl" },
	{ IRC_CAP_MESSAGE_TAGS, "message-tags" },
	{ IRC_CAP_SERVER_TIME, "server-time" },
	{ IRC_CAP_BATCH, "batch" },
	{ IRC_CAP_ECHO_MESSAGE, "echo-message" },
	{ IRC_CAP_LABELED_RESPONSE, "labeled-response" },
	{ IRC_CAP_ACCOUNT_TAG, "account-tag" },
	{ IRC_CAP_ACCOUNT_NOTIFY, "account-notify" },
	{ IRC_CAP_EXTENDED_JOIN, "extended-join" },
	{ IRC_CAP_AWAY_NOTIFY, "away-notify" },
	{ IRC_CAP_CHGHOST, "chghost" },
	{ IRC_CAP_SETNAME, "setname" },
	{ IRC_CAP_MULTI_PREFIX, "multi-prefix" },
	{ IRC_CAP_USERHOST_IN_NAMES, "userhost-in-names" },
	{ IRC_CAP_INVITE_NOTIFY, "invite-notify" },
	{ IRC_CAP_STANDARD_REPLIES, "standard-replies" },
	{ IRC_CAP_EXTENDED_MONITOR, "extended-monitor" },
	{ IRC_CAP_CHATHISTORY, "draft/chathistory" },
	{ IRC_CAP_MULTILINE, "draft/multiline" },
	{ IRC_CAP_MESSAGE_REDACTION, "draft/message-redaction" },
	{ IRC_CAP_NO_IMPLICIT_NAMES, "no-implicit-names" },
};

static const char *const mechanisms[] = {
	[IRC_SASL_NONE] = "",
	[IRC_SASL_PLAIN] = "PLAIN",
	[IRC_SASL_EXTERNAL] = "EXTERNAL",
	[IRC_SASL_SCRAM_SHA_256] = "SCRAM-SHA-256",
	[IRC_SASL_PASSWORD] = "", /* one of the others is chosen */
};
/* clang-format on */

const char *
irc_cap_name(enum irc_cap cap)
{
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		if (caps[i].cap == cap)
			return caps[i].name;
	}
	return "?";
}

/* ---- small things ------------------------------------------------------ */

/* A command with middle parameters; b may be NULL. */
static void
say(struct str *wire, const char *command, const char *a, const char *b)
{
	struct irc_out out;

	irc_out_init(&out, command);
	irc_out_param(&out, a);
	if (b)
		irc_out_param(&out, b);
	(void)irc_out_write(&out, wire); /* else the server asks again */
	irc_out_finish(&out);
}

/* Copy what people may read of text, cut to size. */
static void
copy_readable(char *out, size_t size, const char *text)
{
	AUTO_STR repaired = { 0 };
	size_t n, used = 0;

	str_init(&repaired, 4 * strlen(text) + 1);
	utf8_repair(&repaired, text, strlen(text));
	n = repaired.len;
	if (n >= size)
		n = utf8_cut(repaired.data, n, size - 1);
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)repaired.data[i] >= ' ' &&
		    repaired.data[i] != 0x7f)
			out[used++] = repaired.data[i];
	}
	out[used] = '\0';
}

static enum irc_verdict
fail(struct irc_register *r, enum irc_verdict verdict, const char *why,
     const char *server_says)
{
	AUTO_STR text = { 0 };

	str_init(&text, IRC_LINE_MAX);
	str_add(&text, why);
	if (server_says && *server_says)
		str_printf(&text, ": %s", server_says);
	copy_readable(r->why, sizeof(r->why), text.data);
	return verdict;
}

/* What was to log us in did not, or is not to be trusted. */
static enum irc_verdict
fail_login(struct irc_register *r, const char *why, const char *server_says)
{
	r->login_failed = true;
	return fail(r, IRC_FORBIDDEN, why, server_says);
}

/* The text for people, which is the last parameter. */
static const char *
last_param(const struct irc_line *line)
{
	return line->n_params ? line->params[line->n_params - 1] : "";
}

static bool
in_list(const char *list, char separator, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		const char *end = strchr(list, separator);
		size_t n = end ? (size_t)(end - list) : strlen(list);

		if (n == len && !strncasecmp(list, word, n))
			return true;
		list += n + (end != NULL);
	}
	return false;
}

static bool
wants_sasl(const struct irc_register *r)
{
	return r->id.sasl != IRC_SASL_NONE;
}

static bool
needs_sasl(const struct irc_register *r)
{
	return wants_sasl(r) && r->id.sasl_required;
}

/* ---- SASL -------------------------------------------------------------- */

static enum irc_verdict
finish_caps(struct irc_register *r, struct str *wire)
{
	say(wire, "CAP", "END", NULL);
	r->state = WELCOME;
	return IRC_GOING;
}

static enum irc_verdict
sasl_failed(struct irc_register *r, struct str *wire, const char *why,
	    const char *server_says)
{
	r->sasl_done = true;
	if (needs_sasl(r))
		return fail_login(r, why, server_says);
	return r->state == SASL ? finish_caps(r, wire) : IRC_GOING;
}

/* We do not like what the server says: take the attempt back. */
static enum irc_verdict
sasl_abort(struct irc_register *r, struct str *wire, const char *why)
{
	say(wire, "AUTHENTICATE", "*", NULL);
	return sasl_failed(r, wire, why, NULL);
}

/* base64 in chunks; one that is full says that another follows. */
static void
sasl_send(struct str *wire, const struct str *message)
{
	char chunk[CHUNK_LEN + 1];
	size_t at = 0, n;
	AUTO_STR text = { 0 };

	str_init(&text, 2 * MESSAGE_MAX);
	base64_write(&text, message->data, message->len);
	do {
		n = text.len - at;
		if (n > CHUNK_LEN)
			n = CHUNK_LEN;
		memcpy(chunk, text.data + at, n);
		chunk[n] = '\0';
		say(wire, "AUTHENTICATE", n ? chunk : "+", NULL);
		at += n;
	} while (n == CHUNK_LEN);
	secret_wipe(chunk, sizeof(chunk));
	secret_wipe(text.data, text.len);
}

/* RFC 4616: authorization identity, authentication identity, password. */
static void
plain_write(const struct irc_identity *id, struct str *out)
{
	const char *account = id->account ? id->account : "";

	str_add_n(out, account, strlen(account) + 1);
	str_add_n(out, account, strlen(account) + 1);
	if (id->sasl_password)
		str_add_n(out, secret_reveal(id->sasl_password),
			  secret_len(id->sasl_password));
}

/* Returns what is wrong, or NULL and the answer in out. */
static const char *
scram_step(struct irc_register *r, const struct str *message, struct str *out)
{
	char nonce[2 * 16 + 1];

	if (!r->scram) {
		snprintf(nonce, sizeof(nonce), "%016llx%016llx",
			 (unsigned long long)r->id.nonce[0],
			 (unsigned long long)r->id.nonce[1]);
		r->scram = irc_scram_new(r->id.account ? r->id.account : "",
					 r->id.sasl_password, nonce);
		irc_scram_first(r->scram, out);
		return NULL;
	}
	if (memchr(message->data, '\0', message->len))
		return "the server's SCRAM message is malformed";
	if (!strncmp(message->data, "r=", 2))
		return irc_scram_final(r->scram, message->data, out);
	return irc_scram_verify(r->scram, message->data);
}

/* A whole message of the server, decoded. */
static enum irc_verdict
sasl_answer(struct irc_register *r, const struct str *message, struct str *wire)
{
	const char *wrong = NULL;
	AUTO_STR out = { 0 };

	str_init(&out, MESSAGE_MAX);
	switch (r->id.sasl) {
	case IRC_SASL_NONE:
	case IRC_SASL_PASSWORD:
		break;
	case IRC_SASL_PLAIN:
		plain_write(&r->id, &out);
		break;
	case IRC_SASL_EXTERNAL:
		if (r->id.account)
			str_add(&out, r->id.account);
		break;
	case IRC_SASL_SCRAM_SHA_256:
		wrong = scram_step(r, message, &out);
		break;
	}
	if (!wrong && str_overflowed(&out))
		wrong = "account and password are too long for SASL";
	if (!wrong)
		sasl_send(wire, &out);
	secret_wipe(out.data, out.len);

	/* A false proof is worse than a refusal, required or not. */
	if (wrong && r->scram && !strncmp(message->data, "v=", 2))
		return fail_login(r, wrong, NULL);
	return wrong ? sasl_abort(r, wire, wrong) : IRC_GOING;
}

static enum irc_verdict
on_authenticate(struct irc_register *r, const struct irc_line *line,
		struct str *wire)
{
	const char *chunk = irc_line_param(line, 0);
	enum irc_verdict verdict;
	AUTO_STR message = { 0 };

	str_init(&message, MESSAGE_MAX);
	if (r->state != SASL || r->sasl_done)
		return IRC_GOING;
	if (strcmp(chunk, "+") != 0)
		str_add(&r->chunk, chunk);
	if (str_overflowed(&r->chunk))
		return sasl_abort(r, wire,
				  "the server's SASL message is "
				  "too long");
	if (strlen(chunk) == CHUNK_LEN)
		return IRC_GOING;
	if (!base64_read(&message, r->chunk.data, r->chunk.len))
		verdict = sasl_abort(r, wire,
				     "the server's SASL message is "
				     "not base64");
	else
		verdict = sasl_answer(r, &message, wire);
	str_clear(&r->chunk);
	return verdict;
}

/* With a password, SCRAM where the server has it: it does not get to know. */
static void
choose_mechanism(struct irc_register *r)
{
	if (r->id.sasl != IRC_SASL_PASSWORD)
		return;
	r->id.sasl = in_list(r->sasl_mechs, ',', "SCRAM-SHA-256") ||
				     !r->id.sasl_in_clear
			     ? IRC_SASL_SCRAM_SHA_256
			     : IRC_SASL_PLAIN;
}

/* After the capabilities are settled: SASL if we can, else the end. */
static enum irc_verdict
sasl_start(struct irc_register *r, struct str *wire)
{
	const char *mechanism;

	if (!wants_sasl(r) || r->sasl_done)
		return finish_caps(r, wire);
	r->state = SASL;
	choose_mechanism(r);
	mechanism = mechanisms[r->id.sasl];
	if (!(r->caps & IRC_CAP_SASL))
		return sasl_failed(r, wire, "the server offers no SASL", NULL);

	/* Without a value it has not said which: 301 servers. */
	if (*r->sasl_mechs && !in_list(r->sasl_mechs, ',', mechanism)) {
		char why[64];

		snprintf(why, sizeof(why), "the server offers no SASL %s, only",
			 mechanism);
		return sasl_failed(r, wire, why, r->sasl_mechs);
	}
	say(wire, "AUTHENTICATE", mechanism, NULL);
	return IRC_GOING;
}

/* 903, or 907: it says that it has been done before. */
static enum irc_verdict
on_sasl_success(struct irc_register *r, const struct irc_line *line UNUSED,
		struct str *wire)
{
	if (r->state != SASL || r->sasl_done)
		return IRC_GOING;

	/* Whoever skips the proof may only pretend to be the server. */
	if (r->id.sasl == IRC_SASL_SCRAM_SHA_256 &&
	    (!r->scram || !irc_scram_verified(r->scram)))
		return fail_login(r,
				  "the server did not prove that it knows the "
				  "password",
				  NULL);
	r->sasl_done = r->sasl_ok = true;
	return finish_caps(r, wire);
}

static enum irc_verdict
on_sasl_failure(struct irc_register *r, const struct irc_line *line,
		struct str *wire)
{
	if (r->state != SASL || r->sasl_done)
		return IRC_GOING;
	return sasl_failed(r, wire, "the server refused the SASL login",
			   last_param(line));
}

static enum irc_verdict
on_sasl_mechanisms(struct irc_register *r, const struct irc_line *line,
		   struct str *wire UNUSED)
{
	if (r->state == SASL)
		copy_readable(r->sasl_mechs, sizeof(r->sasl_mechs),
			      irc_line_param(line, 1));
	return IRC_GOING;
}

static enum irc_verdict
on_logged_in(struct irc_register *r, const struct irc_line *line,
	     struct str *wire UNUSED)
{
	copy_readable(r->account, sizeof(r->account), irc_line_param(line, 2));
	return IRC_GOING;
}

static enum irc_verdict
on_logged_out(struct irc_register *r, const struct irc_line *line UNUSED,
	      struct str *wire UNUSED)
{
	r->account[0] = '\0';
	return IRC_GOING;
}

/* ---- capabilities ------------------------------------------------------ */

static unsigned
cap_from_name(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		if (strlen(caps[i].name) == len &&
		    !memcmp(caps[i].name, name, len))
			return caps[i].cap;
	}
	return 0;
}

static void
copy_value(char *out, size_t size, const char *value, size_t n)
{
	if (n >= size)
		n = size - 1;
	memcpy(out, value, n);
	out[n] = '\0';
}

/* The capabilities in a list, and their values if offered. */
static unsigned
caps_read(struct irc_register *r, const char *list, unsigned *taken_back)
{
	unsigned found = 0;

	while (*list) {
		size_t n = strcspn(list, " ");
		const char *word = list;
		const char *end = list + n;
		unsigned cap;
		bool minus = *word == '-';

		/* "~" and "=" came before a name in the first version. */
		if (n > 0 && strchr("-~=", *word))
			word++;
		cap = cap_from_name(word, strcspn(word, "= "));
		word += strcspn(word, "= ");
		if (word < end && cap == IRC_CAP_SASL)
			copy_value(r->sasl_mechs, sizeof(r->sasl_mechs),
				   word + 1, (size_t)(end - word - 1));
		if (word < end && cap == IRC_CAP_MULTILINE)
			copy_value(r->multiline, sizeof(r->multiline), word + 1,
				   (size_t)(end - word - 1));
		if (minus && taken_back)
			*taken_back |= cap;
		else
			found |= cap;
		list = end + (*end == ' ');
	}
	return found;
}

static void
request_flush(struct str *list, struct str *wire)
{
	if (list->len > 0)
		(void)irc_write(wire, "CAP", "REQ", list->data, NULL);
	str_clear(list);
}

static void
request(struct irc_register *r, unsigned wanted, struct str *wire)
{
	AUTO_STR list = { 0 };

	str_init(&list, REQUEST_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		if (!(wanted & caps[i].cap))
			continue;
		if (list.len + 1 + strlen(caps[i].name) > REQUEST_MAX)
			request_flush(&list, wire);
		if (list.len > 0)
			str_add_char(&list, ' ');
		str_add(&list, caps[i].name);
		if (caps[i].cap == IRC_CAP_SASL)
			request_flush(&list, wire);
	}
	request_flush(&list, wire);
	r->wanted |= wanted;
}

/* All that we would have, if it were offered. */
static unsigned
would_have(const struct irc_register *r)
{
	unsigned all = r->id.caps & ~(unsigned)IRC_CAP_SASL;

	return wants_sasl(r) ? all | IRC_CAP_SASL : all;
}

static enum irc_verdict
on_cap_ls(struct irc_register *r, const char *list, bool more, struct str *wire)
{
	unsigned wanted;

	r->offered |= caps_read(r, list, NULL);
	if (r->state != CAPS || more)
		return IRC_GOING;
	wanted = r->offered & would_have(r);
	r->state = ANSWERS;
	if (!wanted)
		return sasl_start(r, wire);
	request(r, wanted, wire);
	return IRC_GOING;
}

static enum irc_verdict
on_cap_new(struct irc_register *r, const char *list, struct str *wire)
{
	unsigned added = caps_read(r, list, NULL);
	unsigned wanted = added & would_have(r) & ~r->caps & ~r->wanted;

	r->offered |= added;
	if (r->state == CAPS)
		return IRC_GOING;

	/* The time to log in is over once the requests are answered. */
	if (r->state != ANSWERS)
		wanted &= ~(unsigned)IRC_CAP_SASL;
	if (wanted)
		request(r, wanted, wire);
	return IRC_GOING;
}

static enum irc_verdict
cap_answered(struct irc_register *r, unsigned answered, struct str *wire)
{
	r->wanted &= ~answered;
	if (r->state == ANSWERS && !r->wanted)
		return sasl_start(r, wire);
	return IRC_GOING;
}

static enum irc_verdict
on_cap(struct irc_register *r, const struct irc_line *line, struct str *wire)
{
	const char *what = irc_line_param(line, 1);
	bool more = line->n_params > 3 && !strcmp(line->params[2], "*");
	const char *list = irc_line_param(line, more ? 3 : 2);
	unsigned gone = 0, found;

	if (!strcasecmp(what, "LS"))
		return on_cap_ls(r, list, more, wire);
	if (!strcasecmp(what, "NEW"))
		return on_cap_new(r, list, wire);
	if (!strcasecmp(what, "ACK")) {
		found = caps_read(r, list, &gone) & would_have(r);
		r->caps = (r->caps | found) & ~gone;
		return cap_answered(r, found | gone, wire);
	}
	if (!strcasecmp(what, "NAK"))
		return cap_answered(r, caps_read(r, list, NULL), wire);
	if (!strcasecmp(what, "DEL")) {
		found = caps_read(r, list, NULL);
		r->offered &= ~found;
		r->caps &= ~found;
		if (found & IRC_CAP_MULTILINE)
			r->multiline[0] = '\0';
		return cap_answered(r, found, wire);
	}
	return IRC_GOING;
}

/* 421, 451 or 410 about CAP: a server that does not know it. */
static bool
is_about_cap(const struct irc_line *line)
{
	return !strcasecmp(irc_line_param(line, 0), "CAP") ||
	       !strcasecmp(irc_line_param(line, 1), "CAP");
}

static enum irc_verdict
on_unknown_command(struct irc_register *r, const struct irc_line *line,
		   struct str *wire)
{
	if (is_about_cap(line) && r->state == CAPS) {
		r->state = WELCOME;
		if (needs_sasl(r))
			return sasl_failed(r, wire, "the server offers no SASL",
					   NULL);
	}
	if (!strcasecmp(irc_line_param(line, 1), "AUTHENTICATE"))
		return on_sasl_failure(r, line, wire);
	return IRC_GOING;
}

static enum irc_verdict
on_not_registered(struct irc_register *r, const struct irc_line *line,
		  struct str *wire)
{
	/* Some answer this to CAP instead of 421. */
	if (is_about_cap(line))
		return on_unknown_command(r, line, wire);
	return fail(r, IRC_FAILED, "the server did not accept how we register",
		    last_param(line));
}

/* ---- the nick ---------------------------------------------------------- */

/* How long the next nick may be: as the first, which nobody cut. */
static unsigned
nick_room(const struct irc_register *r)
{
	size_t len = strlen(r->id.nick);

	/* Too long is one way of being erroneous. */
	if (r->nicks_refused > 0 || len < NICKLEN_RFC)
		return NICKLEN_RFC;
	return (unsigned)len;
}

static enum irc_verdict
next_nick(struct irc_register *r, const struct irc_line *line, struct str *wire)
{
	char tried[sizeof(r->nick)];

	if (r->id.exact)
		return fail(r, IRC_FORBIDDEN,
			    "the server does not give us that nick",
			    last_param(line));
	memcpy(tried, r->nick, sizeof(tried));
	do {
		if (++r->nick_attempt >= NICK_ATTEMPTS)
			return fail(r, IRC_FAILED,
				    "the server takes none of the nicks tried",
				    last_param(line));
		irc_nick_from_name(r->nicks_refused > 1 ? "" : r->id.nick,
				   r->id.seed ? r->id.seed : r->id.nick,
				   r->nick_attempt, nick_room(r), r->nick,
				   sizeof(r->nick));
	} while (!strcmp(tried, r->nick));
	say(wire, "NICK", r->nick, NULL);
	return IRC_NICK_BUSY;
}

static enum irc_verdict
on_nick_erroneous(struct irc_register *r, const struct irc_line *line,
		  struct str *wire)
{
	r->nicks_refused++;
	return next_nick(r, line, wire);
}

static enum irc_verdict
on_welcome(struct irc_register *r, const struct irc_line *line,
	   struct str *wire UNUSED)
{
	const char *nick = irc_line_param(line, 0);
	struct irc_isupport is;

	if (needs_sasl(r) && !r->sasl_ok)
		return fail_login(r,
				  "the server let us in without the SASL login "
				  "that is required",
				  NULL);
	irc_isupport_init(&is);
	if (strlen(nick) < sizeof(r->nick) && irc_is_nick(&is, nick))
		memcpy(r->nick, nick, strlen(nick) + 1);
	r->state = DONE;
	r->registered = true;
	return IRC_REGISTERED;
}

/* ---- refusals ---------------------------------------------------------- */

static enum irc_verdict
on_wrong_password(struct irc_register *r, const struct irc_line *line,
		  struct str *wire UNUSED)
{
	return fail(r, IRC_FORBIDDEN, "the server refused the password",
		    last_param(line));
}

static enum irc_verdict
on_banned(struct irc_register *r, const struct irc_line *line,
	  struct str *wire UNUSED)
{
	r->turned_away = IRC_BANNED;
	return fail(r, IRC_FORBIDDEN, "banned from the server",
		    last_param(line));
}

static enum irc_verdict
on_refused(struct irc_register *r, const struct irc_line *line,
	   struct str *wire UNUSED)
{
	return fail(r, IRC_FAILED, "the server did not accept how we register",
		    last_param(line));
}

static bool
is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

/* Where word begins in text, at the beginning of one of its words. */
static char *
find_word(char *text, const char *word, bool whole)
{
	size_t n = strlen(word);

	for (char *p = text; *word && (p = strcasestr(p, word)); p++) {
		if ((p == text || !is_word_char(p[-1])) &&
		    (!whole || !is_word_char(p[n])))
			return p;
	}
	return NULL;
}

static bool
says_any(char *text, const char *const *words)
{
	for (; *words; words++) {
		if (find_word(text, *words, strlen(*words) == 3))
			return true;
	}
	return false;
}

static enum irc_verdict
on_error(struct irc_register *r, const struct irc_line *line,
	 struct str *wire UNUSED)
{
	/* For a while; said before the ban that such a thing may end in. */
	static const char *const later[] = { "throttl",   "too many",
					     "try again", "reconnect too fast",
					     "too fast",  NULL };
	/* For good; those of three letters only as a whole word. */
	static const char *const never[] = {
		"k-line", "kline",       "g-line",         "gline",
		"z-line", "zline",       "d-line",         "dline",
		"akill",  "autokill",    "autokick",       "banned",
		"ban",    "permban",     "sasl access",    "gz-line",
		"gzline", "not allowed", "not authorized", NULL
	};
	char text[IRC_BODY_MAX];
	char *nick;

	copy_readable(text, sizeof(text), last_param(line));

	/* "Closing Link: banned[host] (...)" must not mean what it spells. */
	while ((nick = find_word(text, r->nick, true)))
		memset(nick, ' ', strlen(r->nick));
	if (says_any(text, later))
		r->turned_away = IRC_THROTTLED;
	else if (says_any(text, never))
		r->turned_away = IRC_BANNED;
	if (r->turned_away != IRC_BANNED)
		return fail(r, IRC_FAILED, "the server closed the connection",
			    last_param(line));
	return fail(r, IRC_FORBIDDEN, "banned from the server",
		    last_param(line));
}

static enum irc_verdict
on_ping(struct irc_register *r UNUSED, const struct irc_line *line,
	struct str *wire)
{
	(void)irc_write(wire, "PONG", irc_line_param(line, 0), NULL);
	return IRC_GOING;
}

/* ---- the machine ------------------------------------------------------- */

enum when {
	BEFORE, /* only until 001 */
	ALWAYS,
};

/* clang-format off */
static const struct handler {
	const char *command;
	enum when when;
	enum irc_verdict (*fn)(struct irc_register *r,
			       const struct irc_line *line, struct str *wire);
} handlers[] = {
	{ "CAP", ALWAYS, on_cap },
	{ "ERROR", ALWAYS, on_error },
	{ "PING", BEFORE, on_ping },
	{ "AUTHENTICATE", BEFORE, on_authenticate },
	{ "001", BEFORE, on_welcome },
	{ "410", BEFORE, on_unknown_command },
	{ "421", BEFORE, on_unknown_command },
	{ "431", BEFORE, on_nick_erroneous },
	{ "432", BEFORE, on_nick_erroneous },
	{ "433", BEFORE, next_nick },
	{ "436", BEFORE, next_nick },
	{ "437", BEFORE, next_nick },
	{ "438", BEFORE, next_nick },
	{ "451", BEFORE, on_not_registered },
	{ "461", BEFORE, on_refused },
	{ "463", BEFORE, on_banned },
	{ "464", BEFORE, on_wrong_password },
	{ "465", BEFORE, on_banned },
	{ "466", BEFORE, on_banned },
	{ "468", BEFORE, on_refused },
	{ "900", ALWAYS, on_logged_in },
	{ "901", ALWAYS, on_logged_out },
	{ "902", BEFORE, on_sasl_failure },
	{ "903", BEFORE, on_sasl_success },
	{ "904", BEFORE, on_sasl_failure },
	{ "905", BEFORE, on_sasl_failure },
	{ "906", BEFORE, on_sasl_failure },
	{ "907", BEFORE, on_sasl_success },
	{ "908", BEFORE, on_sasl_mechanisms },
};
/* clang-format on */

enum irc_verdict
irc_register_line(struct irc_register *r, const struct irc_line *line,
		  struct str *wire)
{
	enum irc_verdict verdict;

	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
		if (strcmp(handlers[i].command, line->command) != 0)
			continue;
		if (handlers[i].when == BEFORE && r->registered)
			return IRC_GOING;
		verdict = handlers[i].fn(r, line, wire);
		if (verdict == IRC_FAILED || verdict == IRC_FORBIDDEN)
			r->refused = irc_line_numeric(line);
		return verdict;
	}
	return IRC_GOING;
}

void
irc_register_init(struct irc_register *r, const struct irc_identity *id)
{
	struct irc_isupport is;

	*r = (struct irc_register){ .id = *id, .state = CAPS };
	str_init(&r->chunk, MESSAGE_MAX);
	irc_isupport_init(&is);
	if (irc_is_nick(&is, id->nick) && strlen(id->nick) < sizeof(r->nick))
		memcpy(r->nick, id->nick, strlen(id->nick) + 1);
	else
		irc_nick_from_name(id->nick, id->seed ? id->seed : id->nick, 0,
				   sizeof(r->nick) - 1, r->nick,
				   sizeof(r->nick));
}

void
irc_register_finish(struct irc_register *r)
{
	irc_scram_free(r->scram);
	r->scram = NULL;
	str_finish(&r->chunk);
}

static void
user_write(const struct irc_register *r, struct str *wire)
{
	char user[USERLEN_MAX + 1], realname[REALNAME_MAX + 1];
	const char *given = r->id.user;

	/* As configured if it can be one, else what is left of it. */
	if (!*given || strpbrk(given, " :@!\r\n") ||
	    strlen(given) > USERLEN_MAX) {
		irc_user_from_name(given, USERLEN_MAX, user, sizeof(user));
		given = user;
	}
	copy_readable(realname, sizeof(realname),
		      r->id.realname ? r->id.realname : "");
	(void)irc_write(wire, "USER", given, "0", "*",
			*realname ? realname : r->nick, NULL);
}

/* A secret, and what follows it; one that cannot be sent is answered as a
 * wrong one. */
static void
secret_write(struct irc_out *out, const struct secret *secret, struct str *wire)
{
	irc_out_trailing_n(out, secret_reveal(secret), secret_len(secret));
	(void)irc_out_write(out, wire);
	secret_wipe(out->body.data, out->body.len);
	irc_out_finish(out);
}

/* The address also stands for the host name: nobody has looked it up. */
static void
webirc_write(const struct irc_register *r, struct str *wire)
{
	struct irc_out out;

	irc_out_init(&out, "WEBIRC");
	irc_out_param(&out, secret_reveal(r->id.webirc));
	irc_out_param(&out, "causeway");
	irc_out_param(&out, r->id.address);
	irc_out_param(&out, r->id.address);
	(void)irc_out_write(&out, wire);
	secret_wipe(out.body.data, out.body.len);
	irc_out_finish(&out);
}

void
irc_register_start(struct irc_register *r, struct str *wire)
{
	struct irc_out out;

	if (r->id.webirc && r->id.address)
		webirc_write(r, wire);
	say(wire, "CAP", "LS", "302");
	if (r->id.password) {
		irc_out_init(&out, "PASS");
		secret_write(&out, r->id.password, wire);
	}
	say(wire, "NICK", r->nick, NULL);
	user_write(r, wire);
}
