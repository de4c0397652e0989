/* SPDX-License-Identifier: MIT */
/*
 * fuzz_irc_register.c - a hostile server: whatever it says while we register,
 * everything that we answer is one lawful line of an expected command each.
 */

#include "protocols/irc/register.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool ok)
{
	if (!ok)
		abort();
}

struct talk {
	struct irc_register r;
	struct str wire;
	bool over;
	struct irc_line line, written;
};

static void
check_wire(struct talk *t)
{
	static const char *const lawful[] = { "CAP",  "PASS", "NICK",
					      "USER", "PONG", "AUTHENTICATE" };
	char *p = t->wire.data;

	check(!memchr(p, '\0', t->wire.len));
	while (*p) {
		char *end = strstr(p, "\r\n");
		size_t i = 0;

		check(end && end - p <= 510);
		check(irc_line_read(&t->written, p, (size_t)(end - p)));
		while (i < ARRAY_SIZE(lawful) &&
		       strcmp(lawful[i], t->written.command) != 0)
			i++;
		check(i < ARRAY_SIZE(lawful));
		p = end + 2;
	}
	check(!str_overflowed(&t->wire));
	str_clear(&t->wire);
}

static void
take(void *arg, const char *line, size_t len)
{
	struct talk *t = arg;
	bool was = t->r.registered;
	enum irc_verdict verdict;

	if (t->over || !irc_line_read(&t->line, line, len))
		return;
	verdict = irc_register_line(&t->r, &t->line, &t->wire);
	check(strlen(t->r.nick) > 0 && strlen(t->r.nick) < 64);
	check((verdict == IRC_REGISTERED) == (t->r.registered && !was));
	if (verdict == IRC_FAILED || verdict == IRC_FORBIDDEN) {
		check(strlen(t->r.why) > 0);
		t->over = true;
	}
	check_wire(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct irc_identity id = { .nick = "ann",
				   .user = "ann",
				   .realname = "Ann",
				   .account = "user",
				   .nonce = { 1, 2 },
				   .seed = "j@x" };
	struct talk *t = calloc(1, sizeof(*t));
	struct secret *password = secret_new("pencil", 6);
	struct irc_framer f;

	if (!t || size < 2) {
		free(t);
		secret_free(password);
		return 0;
	}
	id.sasl = (enum irc_sasl)(data[0] & 3);
	id.sasl_required = data[0] & 4;
	id.caps = data[0] & 8 ? ~0U : IRC_CAP_BATCH;
	id.sasl_password = password;
	id.password = data[0] & 16 ? password : NULL;
	str_init(&t->wire, 100000);
	irc_register_init(&t->r, &id);
	irc_register_start(&t->r, &t->wire);
	check_wire(t);
	irc_framer_init(&f);
	irc_framer_feed(&f, (const char *)data + 1, size - 1, take, t);
	irc_framer_finish(&f);
	irc_register_finish(&t->r);
	str_finish(&t->wire);
	secret_free(password);
	free(t);
	return 0;
}
