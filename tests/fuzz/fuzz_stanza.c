/* SPDX-License-Identifier: MIT */
/*
 * fuzz_stanza.c - any stanza makes a right event or none; and any event, also
 * one made of those bytes, makes a stanza that a parser reads.
 */

#include "bridge/event.h"
#include "bridge/str.h"
#include "protocols/xmpp/stanza.h"

#include <expat.h>
#include <strophe.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define IN_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Written by us as by libstrophe, read by expat. */
static void
check_well_formed(xmpp_ctx_t *ctx, xmpp_stanza_t *st)
{
	XML_Parser parser = XML_ParserCreate("UTF-8");
	AUTO_STR ours = { 0 };
	char *text;
	size_t len;

	assert(xmpp_stanza_to_text(st, &text, &len) == XMPP_EOK);
	str_init(&ours, len);
	stanza_write(&ours, st);
	assert(ours.len == len && !memcmp(ours.data, text, len));
	assert(XML_Parse(parser, text, (int)len, 1) == XML_STATUS_OK);
	XML_ParserFree(parser);
	xmpp_free(ctx, text);
}

static void
write_event(xmpp_ctx_t *ctx, const struct event *ev, const char *text)
{
	struct message_form form = { .type = "groupchat",
				     .from = text,
				     .to = text,
				     .id = text,
				     .replaces = text,
				     .parent = text,
				     .parent_to = text,
				     .parent_text = text };
	xmpp_stanza_t *st = message_from_event(ctx, ev, &form);

	if (!st)
		return;
	check_well_formed(ctx, st);
	(void)xmpp_stanza_release(st);
}

static void
write_bytes(xmpp_ctx_t *ctx, const char *text)
{
	AUTO(event) ev = event_make(EVENT_MESSAGE);

	event_set_sender(ev, "id", "name");
	event_set_text(ev, text);
	write_event(ctx, ev, text);
}

static void
read_message(xmpp_ctx_t *ctx, xmpp_stanza_t *st, bool trusted)
{
	struct message_source src = { "r@m", trusted };
	const char *why;
	AUTO(event) ev = event_from_message(st, &src, &why);

	if (!ev)
		return;
	assert(!why);
	event_set_sender(ev, "id", "name");
	const char *wrong = event_check(ev);
	assert(!wrong);
	if (ev->kind != EVENT_REDACTION)
		write_event(ctx, ev, "x");
}

static void
read_rest(xmpp_ctx_t *ctx, xmpp_stanza_t *st)
{
	AUTO(event) ev = event_make(EVENT_REACTION);
	AUTO_STR words = { 0 };
	const char *marks[5];
	struct muc_user u;
	size_t n;

	(void)stanza_reactions(st, ev, marks, 5, &n);
	assert(n <= 5);
	(void)stanza_muc_user(&u, st);
	assert(u.jid && u.nick && u.actor);
	(void)stanza_show(st);
	str_init(&words, 100);
	stanza_error_words(&words, st);
	if (xmpp_stanza_get_name(st)) {
		xmpp_stanza_t *error =
			stanza_error(ctx, st, "not-allowed", words.data);
		(void)stanza_error_condition(error);
		(void)xmpp_stanza_release(error);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > IN_MAX)
		return 0;
	AUTO_STR text = { 0 };
	str_init(&text, IN_MAX);
	str_add_n(&text, data, size);
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	xmpp_stanza_t *st = xmpp_stanza_new_from_string(ctx, text.data);
	if (st) {
		read_message(ctx, st, true);
		read_message(ctx, st, false);
		read_rest(ctx, st);
		(void)xmpp_stanza_release(st);
	}
	write_bytes(ctx, text.data);
	xmpp_ctx_free(ctx);
	return 0;
}
