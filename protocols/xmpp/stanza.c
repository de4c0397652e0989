/* SPDX-License-Identifier: MIT */
/*
 * stanza.c - stanzas built, read, and turned into events and back.
 *
 * Everything read here was written by a stranger: ids and marks have
 * ceilings, ranges are checked, and nothing is believed that the room did not
 * vouch for.
 */

#include "protocols/xmpp/stanza.h"

#include "bridge/base.h"
#include "bridge/origin.h"
#include "bridge/text.h"
#include "protocols/xmpp/files.h"
#include "protocols/xmpp/stamp.h"
#include "protocols/xmpp/styling.h"
#include "protocols/xmpp/xml.h"

#include <openssl/sha.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"
#define NS_REPLACE "urn:xmpp:message-correct:0"
#define NS_REPLY "urn:xmpp:reply:0"
#define NS_FALLBACK "urn:xmpp:fallback:0"
#define NS_HINTS "urn:xmpp:hints"
#define NS_RETRACT "urn:xmpp:message-retract:1"
#define NS_MODERATE "urn:xmpp:message-moderate:1"
#define NS_REACTIONS "urn:xmpp:reactions:0"
#define NS_STYLING "urn:xmpp:styling:0"

#define ATTRIBUTE_MAX 3200 /* a full address and then some */
#define ID_MAX 1024        /* of a message; longer ones are not believed */
#define MARK_MAX 64
#define QUOTE_MAX 300

/* ---- building ------------------------------------------------------------ */

void
stanza_attr(xmpp_stanza_t *st, const char *key, const char *value)
{
	AUTO_STR clean = { 0 };

	str_init(&clean, ATTRIBUTE_MAX);
	xml_clean_attribute(&clean, value, strlen(value));
	(void)xmpp_stanza_set_attribute(st, key, clean.data);
}

static void
stanza_text(xmpp_stanza_t *st, const char *text, size_t len)
{
	AUTO_STR clean = { 0 };

	/* U+FFFD for a bad byte is three. */
	str_init(&clean, 3 * len);
	xml_clean(&clean, text, len);
	if (!clean.len)
		return;
	xmpp_stanza_t *node = xmpp_stanza_new(xmpp_stanza_get_context(st));
	(void)xmpp_stanza_set_text_with_size(node, clean.data, clean.len);
	(void)xmpp_stanza_add_child_ex(st, node, 0);
}

xmpp_stanza_t *
stanza_new(xmpp_ctx_t *ctx, const char *name, const char *from, const char *to,
	   const char *type)
{
	xmpp_stanza_t *st = xmpp_stanza_new(ctx);

	(void)xmpp_stanza_set_name(st, name);
	if (from)
		stanza_attr(st, "from", from);
	if (to)
		stanza_attr(st, "to", to);
	if (type)
		stanza_attr(st, "type", type);
	return st;
}

xmpp_stanza_t *
stanza_add(xmpp_stanza_t *parent, const char *name, const char *ns)
{
	xmpp_stanza_t *st = xmpp_stanza_new(xmpp_stanza_get_context(parent));

	(void)xmpp_stanza_set_name(st, name);
	if (ns)
		(void)xmpp_stanza_set_ns(st, ns);
	/* 0: the parent takes our reference. */
	(void)xmpp_stanza_add_child_ex(parent, st, 0);
	return st;
}

xmpp_stanza_t *
stanza_add_text(xmpp_stanza_t *parent, const char *name, const char *ns,
		const char *text)
{
	xmpp_stanza_t *st = stanza_add(parent, name, ns);

	stanza_text(st, text, strlen(text));
	return st;
}

static const char *const shows[] = {
	[SHOW_ONLINE] = "",
	[SHOW_AWAY] = "away",
	[SHOW_XA] = "xa",
	[SHOW_DND] = "dnd",
};

void
stanza_add_show(xmpp_stanza_t *presence, enum presence_show show,
		const char *status)
{
	if (show != SHOW_ONLINE)
		stanza_add_text(presence, "show", NULL, shows[show]);
	if (status && *status)
		stanza_add_text(presence, "status", NULL, status);
}

void
stanza_add_notice(xmpp_stanza_t *presence, const char *text)
{
	if (text)
		stanza_add_text(presence, "bridge", NS_CAUSEWAY, text);
}

struct condition {
	const char *name;
	const char *type;  /* RFC 6120 8.3.3 */
	const char *words; /* what it means to the author of a message */
};

/* clang-format off */
static const struct condition conditions[] = {
	{ "bad-request", "modify", "the server did not understand it" },
	{ "conflict", "cancel", "that name is in use" },
	{ "feature-not-implemented", "cancel",
	  "the other side cannot do that" },
	{ "forbidden", "auth", "it is not allowed here" },
	{ "gone", "cancel", "the other side is gone for good" },
	{ "internal-server-error", "cancel", "the server is in trouble" },
	{ "item-not-found", "cancel", "there is nobody by that name" },
	{ "jid-malformed", "modify", "the address is malformed" },
	{ "not-acceptable", "modify", "the room did not accept it" },
	{ "not-allowed", "cancel", "it is not allowed here" },
	{ "not-authorized", "auth", "a password is needed" },
	{ "payment-required", "auth", "the server wants to be paid" },
	{ "policy-violation", "modify", "it breaks the server's rules" },
	{ "recipient-unavailable", "wait", "the other side is not there" },
	{ "redirect", "modify", "the other side has moved" },
	{ "registration-required", "auth", "the room is for members only" },
	{ "remote-server-not-found", "cancel",
	  "the other server cannot be found" },
	{ "remote-server-timeout", "wait",
	  "the other server does not answer" },
	{ "resource-constraint", "wait", "the server is overloaded" },
	{ "service-unavailable", "cancel", "nobody there takes it" },
	{ "subscription-required", "auth", "a subscription is needed" },
	{ "undefined-condition", "cancel", "the other side refused it" },
	{ "unexpected-request", "wait", "the server did not expect it" },
};
/* clang-format on */

static const struct condition *
condition_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++) {
		if (!strcmp(conditions[i].name, name))
			return &conditions[i];
	}
	return NULL;
}

xmpp_stanza_t *
stanza_result(xmpp_ctx_t *ctx, xmpp_stanza_t *st)
{
	xmpp_stanza_t *result = stanza_new(ctx, "iq", stanza_get(st, "to"),
					   stanza_get(st, "from"), "result");

	stanza_attr(result, "id", stanza_get(st, "id"));
	return result;
}

xmpp_stanza_t *
stanza_error(xmpp_ctx_t *ctx, xmpp_stanza_t *st, const char *condition,
	     const char *text)
{
	const struct condition *c = condition_find(condition);
	xmpp_stanza_t *reply =
		stanza_new(ctx, xmpp_stanza_get_name(st), stanza_get(st, "to"),
			   stanza_get(st, "from"), "error");

	assert(c);
	if (*stanza_get(st, "id"))
		stanza_attr(reply, "id", stanza_get(st, "id"));
	xmpp_stanza_t *error = stanza_add(reply, "error", NULL);
	stanza_attr(error, "type", c->type);
	(void)stanza_add(error, condition, NS_STANZAS);
	if (text)
		stanza_add_text(error, "text", NS_STANZAS, text);
	return reply;
}

/* ---- reading ------------------------------------------------------------- */

const char *
stanza_get(xmpp_stanza_t *st, const char *key)
{
	const char *value = xmpp_stanza_get_attribute(st, key);

	return value ? value : "";
}

bool
stanza_is(xmpp_stanza_t *st, const char *name)
{
	const char *own = xmpp_stanza_get_name(st);

	return own && !strcmp(own, name);
}

bool
stanza_has_type(xmpp_stanza_t *st, const char *type)
{
	return !strcmp(stanza_get(st, "type"), type);
}

xmpp_stanza_t *
stanza_child(xmpp_stanza_t *st, const char *name, const char *ns)
{
	xmpp_stanza_t *c = st ? xmpp_stanza_get_children(st) : NULL;

	for (; c; c = xmpp_stanza_get_next(c)) {
		if (stanza_is(c, name) && !strcmp(stanza_get(c, "xmlns"), ns))
			break;
	}
	return c;
}

xmpp_stanza_t *
stanza_own_child(xmpp_stanza_t *st, const char *name)
{
	const char *own = stanza_get(st, "xmlns");
	xmpp_stanza_t *c = xmpp_stanza_get_children(st);

	for (; c; c = xmpp_stanza_get_next(c)) {
		const char *ns = stanza_get(c, "xmlns");
		if (stanza_is(c, name) && (!*ns || !strcmp(ns, own)))
			break;
	}
	return c;
}

void
stanza_read_text(struct str *out, xmpp_stanza_t *st)
{
	xmpp_stanza_t *c = st ? xmpp_stanza_get_children(st) : NULL;

	for (; c; c = xmpp_stanza_get_next(c)) {
		const char *text = xmpp_stanza_is_text(c)
					   ? xmpp_stanza_get_text_ptr(c)
					   : NULL;
		if (text)
			str_add(out, text);
	}
}

const char *
stanza_error_condition(xmpp_stanza_t *st)
{
	xmpp_stanza_t *error = stanza_own_child(st, "error");
	xmpp_stanza_t *c = error ? xmpp_stanza_get_children(error) : NULL;

	for (; c; c = xmpp_stanza_get_next(c)) {
		const char *name = xmpp_stanza_get_name(c);
		const struct condition *known =
			name ? condition_find(name) : NULL;
		if (known)
			return known->name;
	}
	return "undefined-condition";
}

void
stanza_error_words(struct str *out, xmpp_stanza_t *st)
{
	const struct condition *c = condition_find(stanza_error_condition(st));
	size_t before = out->len;

	stanza_read_text(out, stanza_child(stanza_own_child(st, "error"),
					   "text", NS_STANZAS));
	if (out->len == before)
		str_add(out, c->words);
}

enum presence_show
stanza_show(xmpp_stanza_t *presence)
{
	AUTO_STR text = { 0 };

	str_init(&text, 16);
	stanza_read_text(&text, stanza_own_child(presence, "show"));
	for (size_t i = 1; i < ARRAY_SIZE(shows); i++) {
		if (!strcmp(text.data, shows[i]))
			return (enum presence_show)i;
	}
	return SHOW_ONLINE;
}

struct code {
	const char *text;
	enum muc_code code;
};

/* clang-format off */
static const struct code codes[] = {
	{ "100", MUC_NONANONYMOUS }, { "110", MUC_SELF },
	{ "201", MUC_CREATED }, { "210", MUC_RENAMED_BY_ROOM },
	{ "301", MUC_BANNED }, { "303", MUC_RENAME }, { "307", MUC_KICKED },
	{ "321", MUC_UNAFFILIATED }, { "322", MUC_MEMBERS_ONLY },
	{ "332", MUC_SHUTDOWN }, { "333", MUC_ERROR },
};
/* clang-format on */

static unsigned
read_code(xmpp_stanza_t *status)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (!strcmp(stanza_get(status, "code"), codes[i].text))
			return codes[i].code;
	}
	return 0;
}

/* SEMANTICS 4.4 */
static enum rank
read_rank(xmpp_stanza_t *item)
{
	const char *affiliation = stanza_get(item, "affiliation");
	const char *role = stanza_get(item, "role");

	if (!strcmp(affiliation, "owner"))
		return RANK_OWNER;
	if (!strcmp(affiliation, "admin"))
		return RANK_ADMIN;
	if (!strcmp(role, "moderator"))
		return RANK_OP;
	if (!strcmp(affiliation, "member"))
		return RANK_VOICE;
	return RANK_NONE;
}

static void
read_item(struct muc_user *u, xmpp_stanza_t *item)
{
	xmpp_stanza_t *actor = stanza_own_child(item, "actor");

	u->rank = read_rank(item);
	u->jid = stanza_get(item, "jid");
	u->nick = stanza_get(item, "nick");
	u->reason = stanza_own_child(item, "reason");
	if (actor)
		u->actor = *stanza_get(actor, "nick")
				   ? stanza_get(actor, "nick")
				   : stanza_get(actor, "jid");
}

bool
stanza_muc_user(struct muc_user *u, xmpp_stanza_t *st)
{
	xmpp_stanza_t *x = stanza_child(st, "x", NS_MUC_USER);

	*u = (struct muc_user){ .jid = "", .nick = "", .actor = "" };
	if (!x)
		return false;
	xmpp_stanza_t *c = xmpp_stanza_get_children(x);
	for (; c; c = xmpp_stanza_get_next(c)) {
		if (stanza_is(c, "status"))
			u->codes |= read_code(c);
		else if (stanza_is(c, "item"))
			read_item(u, c);
		else if (stanza_is(c, "destroy"))
			u->destroyed = true;
	}
	xmpp_stanza_t *destroy = stanza_own_child(x, "destroy");
	if (destroy && !u->reason)
		u->reason = stanza_own_child(destroy, "reason");
	return true;
}

static bool
is_good_id(const char *id)
{
	return *id && strlen(id) <= ID_MAX;
}

const char *
stanza_room_id(xmpp_stanza_t *st, const char *room)
{
	xmpp_stanza_t *c = xmpp_stanza_get_children(st);
	const char *found = NULL;

	for (; c; c = xmpp_stanza_get_next(c)) {
		if (!stanza_is(c, "stanza-id") ||
		    strcmp(stanza_get(c, "xmlns"), NS_SID) ||
		    strcmp(stanza_get(c, "by"), room))
			continue;
		if (found)
			return NULL; /* one of them is forged */
		found = stanza_get(c, "id");
	}
	return found && is_good_id(found) ? found : NULL;
}

const char *
stanza_own_key(struct event *ev, const char *who, xmpp_stanza_t *st)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	AUTO_STR text = { 0 };
	AUTO_STR key = { 0 };

	if (!*stanza_get(st, "id") || !stanza_own_child(st, "body"))
		return NULL;
	str_init(&text, (size_t)2 * STANZA_TEXT_MAX);
	str_init(&key, 2 + 2 * sizeof(digest));
	str_printf(&text, "%s\n%s\n", who, stanza_get(st, "id"));
	stanza_read_text(&text, stanza_own_child(st, "body"));
	SHA256((const unsigned char *)text.data, text.len, digest);
	str_add(&key, "h:");
	str_add_hex(&key, digest, sizeof(digest));
	return event_strdup(ev, key.data);
}

/* ---- messages to events -------------------------------------------------- */

/* Clients that encrypt put "you cannot read this" into the body. */
static bool
is_encrypted(xmpp_stanza_t *st)
{
	static const char *const marks[][2] = {
		{ "encryption", "urn:xmpp:eme:0" },
		{ "encrypted", "eu.siacs.conversations.axolotl" },
		{ "encrypted", "urn:xmpp:omemo:2" },
		{ "encrypted", "urn:xmpp:omemo:1" },
		{ "openpgp", "urn:xmpp:openpgp:0" },
		{ "x", "jabber:x:encrypted" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		if (stanza_child(st, marks[i][0], marks[i][1]))
			return true;
	}
	return false;
}

/* Where code point number n starts, at most len. */
static size_t
code_point_offset(const char *s, size_t len, unsigned long n)
{
	size_t at = 0;

	while (n-- && at < len) {
		size_t width;
		(void)utf8_decode(s + at, len - at, &width);
		at += width;
	}
	return at;
}

bool
stanza_number(const char *text, unsigned long *n)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*n = strtoul(text, &end, 10);
	return !*end;
}

void
stanza_cut_fallback(struct str *body, xmpp_stanza_t *st, const char *ns)
{
	xmpp_stanza_t *f = xmpp_stanza_get_children(st);

	while (f && !(stanza_is(f, "fallback") &&
		      !strcmp(stanza_get(f, "xmlns"), NS_FALLBACK) &&
		      !strcmp(stanza_get(f, "for"), ns)))
		f = xmpp_stanza_get_next(f);
	xmpp_stanza_t *range = f ? stanza_own_child(f, "body") : NULL;
	unsigned long start, end;
	if (!range || !stanza_number(stanza_get(range, "start"), &start) ||
	    !stanza_number(stanza_get(range, "end"), &end) || start >= end)
		return;

	AUTO_STR kept = { 0 };
	str_init(&kept, STANZA_TEXT_MAX);
	size_t from = code_point_offset(body->data, body->len, start);
	size_t to = code_point_offset(body->data, body->len, end);
	str_add_n(&kept, body->data, from);
	str_add_n(&kept, body->data + to, body->len - to);
	str_clear(body);
	str_add_n(body, kept.data, kept.len);
}

/* XEP-0245: "/me " and nothing else makes an action. */
static void
read_body(struct event *ev, struct str *body, bool styled)
{
	const char *text = body->data;
	size_t len = body->len;

	if (len >= 4 && !memcmp(text, "/me ", 4)) {
		ev->flags |= EVENT_ACTION;
		text += 4;
		len -= 4;
	}
	if (!styled) {
		event_set_text_n(ev, text, len);
		return;
	}
	struct text_builder b;
	text_builder_init(&b, STANZA_TEXT_MAX);
	styling_read(&b, text, len);
	event_take_text(ev, &b);
	text_builder_finish(&b);
}

static void
set_ids(struct event *ev, xmpp_stanza_t *st, const struct message_source *src)
{
	const char *own = stanza_get(st, "id");
	const char *given = src->room && src->trusted_ids
				    ? stanza_room_id(st, src->room)
				    : NULL;

	own = is_good_id(own) ? own : NULL;
	ev->id = event_strdup(ev, given ? given : own);
	ev->key = event_strdup(ev, given);
	if (given && own && strcmp(given, own))
		ev->alt_id = event_strdup(ev, own);
}

/* What another bridge says of it. */
static void
set_origin(struct event *ev, xmpp_stanza_t *st)
{
	AUTO_STR wire = { 0 };

	str_init(&wire, ORIGIN_MAX);
	stanza_read_text(&wire, stanza_child(st, "origin", NS_CAUSEWAY));
	if (wire.len && !str_overflowed(&wire))
		(void)origin_read(ev, wire.data);
}

static struct event *
topic_from_message(xmpp_stanza_t *subject, const char **why)
{
	struct event *ev = event_make(EVENT_TOPIC);
	AUTO_STR text = { 0 };

	str_init(&text, STANZA_TEXT_MAX);
	stanza_read_text(&text, subject);
	if (str_overflowed(&text)) {
		*why = "the subject is too long";
		event_unref(ev);
		return NULL;
	}
	event_set_text_n(ev, text.data, text.len);
	return ev;
}

static struct event *
redaction_from_message(xmpp_stanza_t *retract)
{
	const char *target = stanza_get(retract, "id");

	if (!is_good_id(target))
		return NULL;
	struct event *ev = event_make(EVENT_REDACTION);
	ev->target = event_strdup(ev, target);
	AUTO_STR reason = { 0 };
	str_init(&reason, 1024);
	stanza_read_text(&reason, stanza_own_child(retract, "reason"));
	event_set_text_n(ev, reason.data, reason.len);
	return ev;
}

/* The reply that the message is, if it is one. */
static const char *
reply_parent(xmpp_stanza_t *st)
{
	xmpp_stanza_t *reply = stanza_child(st, "reply", NS_REPLY);
	const char *id = reply ? stanza_get(reply, "id") : "";

	return is_good_id(id) ? id : NULL;
}

static struct event *
text_from_message(xmpp_stanza_t *st, xmpp_stanza_t *body_element,
		  const char **why)
{
	xmpp_stanza_t *replace = stanza_child(st, "replace", NS_REPLACE);
	const char *target = replace ? stanza_get(replace, "id") : "";
	const char *parent = reply_parent(st);
	AUTO_STR body = { 0 };

	str_init(&body, STANZA_TEXT_MAX);
	stanza_read_text(&body, body_element);
	if (str_overflowed(&body)) {
		*why = "the message is too long";
		return NULL;
	}
	if (parent)
		stanza_cut_fallback(&body, st, NS_REPLY);
	struct event *ev =
		event_make(is_good_id(target) ? EVENT_EDIT : EVENT_MESSAGE);
	if (ev->kind == EVENT_EDIT)
		ev->target = event_strdup(ev, target);
	ev->parent = event_strdup(ev, parent);
	if (ev->kind == EVENT_MESSAGE)
		files_read(ev, st, &body);
	read_body(ev, &body, !stanza_child(st, "unstyled", NS_STYLING));
	if (ev->text.len || ev->n_attachments)
		return ev;
	event_unref(ev);
	return NULL;
}

struct event *
event_from_message(xmpp_stanza_t *st, const struct message_source *src,
		   const char **why)
{
	xmpp_stanza_t *body = stanza_own_child(st, "body");
	xmpp_stanza_t *subject = stanza_own_child(st, "subject");
	xmpp_stanza_t *retract = stanza_child(st, "retract", NS_RETRACT);
	struct event *ev = NULL;

	*why = NULL;
	if (stanza_has_type(st, "error") || stanza_has_type(st, "headline"))
		return NULL;
	if (retract)
		ev = redaction_from_message(retract);
	else if (stanza_child(st, "reactions", NS_REACTIONS))
		*why = src->room ? NULL
				 : "reactions to private messages "
				   "are not passed on";
	else if (is_encrypted(st))
		*why = "encrypted messages cannot be passed on";
	else if (body || files_are_in(st))
		ev = text_from_message(st, body, why);
	else if (subject && src->room && !stanza_own_child(st, "thread"))
		ev = topic_from_message(subject, why);
	if (!ev)
		return NULL;
	set_ids(ev, st, src);
	if (src->room)
		set_origin(ev, st);
	return ev;
}

const char *
stanza_reactions(xmpp_stanza_t *st, struct event *ev, const char **marks,
		 size_t max, size_t *n)
{
	xmpp_stanza_t *r = stanza_child(st, "reactions", NS_REACTIONS);
	const char *target = r ? stanza_get(r, "id") : "";

	*n = 0;
	if (!is_good_id(target))
		return NULL;
	xmpp_stanza_t *c = xmpp_stanza_get_children(r);
	for (; c && *n < max; c = xmpp_stanza_get_next(c)) {
		AUTO_STR mark = { 0 };
		str_init(&mark, MARK_MAX);
		if (stanza_is(c, "reaction"))
			stanza_read_text(&mark, c);
		if (mark.len && !str_overflowed(&mark))
			marks[(*n)++] = event_strdup(ev, mark.data);
	}
	return target;
}

/* ---- events to messages -------------------------------------------------- */

/* "> first line", and how many code points that is. */
static size_t
add_quote(struct str *body, const char *text)
{
	size_t len = strlen(text);
	size_t before = body->len;
	size_t line = strcspn(text, "\n");

	if (line > len)
		line = len;
	if (line > QUOTE_MAX)
		line = utf8_cut(text, line, QUOTE_MAX);
	str_add(body, "> ");
	xml_clean(body, text, line);
	str_add_char(body, '\n');
	return utf8_count(body->data + before, body->len - before);
}

static void
add_reply(xmpp_stanza_t *st, const struct message_form *form, size_t quoted)
{
	xmpp_stanza_t *reply = stanza_add(st, "reply", NS_REPLY);
	char end[24];

	stanza_attr(reply, "id", form->parent);
	if (form->parent_to)
		stanza_attr(reply, "to", form->parent_to);
	if (!quoted)
		return;
	xmpp_stanza_t *fallback = stanza_add(st, "fallback", NS_FALLBACK);
	stanza_attr(fallback, "for", NS_REPLY);
	xmpp_stanza_t *range = stanza_add(fallback, "body", NULL);
	(void)snprintf(end, sizeof(end), "%zu", quoted);
	stanza_attr(range, "start", "0");
	stanza_attr(range, "end", end);
}

/* True if the body must be marked as plain. */
static bool
write_body(struct str *body, const struct event *ev)
{
	AUTO_STR text = { 0 };

	str_init(&text, 4 * STANZA_TEXT_MAX);
	bool unstyled = styling_write(&text, &ev->text);
	if (ev->flags & EVENT_ACTION)
		str_add(body, "/me ");
	else if (text.len >= 4 && !memcmp(text.data, "/me ", 4))
		str_add_char(body, ' '); /* said, not done */
	xml_clean(body, text.data, text.len);
	return unstyled;
}

static void
add_origin_id(xmpp_stanza_t *st, const char *id)
{
	stanza_attr(stanza_add(st, "origin-id", NS_SID), "id", id);
}

/* XEP-0203 */
static void
add_delay(xmpp_stanza_t *st, const struct event *ev, const char *from)
{
	char stamp[STAMP_MAX];

	stamp_write(stamp, ev->when_ms);
	if (!from || !(ev->flags & EVENT_LATE) || !*stamp)
		return;
	xmpp_stanza_t *delay = stanza_add(st, "delay", NS_DELAY);
	stanza_attr(delay, "from", from);
	stanza_attr(delay, "stamp", stamp);
}

static bool
is_blank(const char *s)
{
	return s[strspn(s, " \t\n")] == '\0';
}

static bool
add_message_text(xmpp_stanza_t *st, const struct event *ev,
		 const struct message_form *form)
{
	AUTO_STR body = { 0 };
	size_t quoted = 0;

	str_init(&body, 16 * STANZA_TEXT_MAX);
	xml_clean(&body, ev->text.utf8, ev->text.len);
	if (is_blank(body.data) && !ev->n_attachments)
		return false;
	str_clear(&body);
	if (form->parent && form->parent_text && *form->parent_text &&
	    !(ev->flags & EVENT_ACTION))
		quoted = add_quote(&body, form->parent_text);
	bool unstyled = write_body(&body, ev);
	size_t links = utf8_count(body.data, body.len);
	files_add_links(&body, ev, &form->links);
	if (str_overflowed(&body))
		return false;
	stanza_add_text(st, "body", NULL, body.data);
	files_write(st, ev, &form->links,
		    (struct files_range){ links,
					  utf8_count(body.data, body.len) });
	if (unstyled)
		(void)stanza_add(st, "unstyled", NS_STYLING);
	if (form->replaces)
		stanza_attr(stanza_add(st, "replace", NS_REPLACE), "id",
			    form->replaces);
	if (form->parent)
		add_reply(st, form, quoted);
	return true;
}

/* XEP-0444 */
static void
add_reactions(xmpp_stanza_t *st, const struct event *ev,
	      const struct message_form *form)
{
	xmpp_stanza_t *all = stanza_add(st, "reactions", NS_REACTIONS);
	const char *set = form->marks;
	AUTO_STR mark = { 0 };

	stanza_attr(all, "id", form->target);
	if (!set)
		set = ev->flags & EVENT_REMOVED ? "" : ev->mark;
	str_init(&mark, 4 * STANZA_TEXT_MAX);
	while (*set) {
		size_t len = strcspn(set, "\n");

		str_clear(&mark);
		xml_clean(&mark, set, len);
		if (mark.len)
			stanza_add_text(all, "reaction", NULL, mark.data);
		set += len + (set[len] == '\n');
	}
}

/* XEP-0424, with words for those who do not know it. */
static void
add_retraction(xmpp_stanza_t *st, const struct message_form *form)
{
	stanza_attr(stanza_add(st, "retract", NS_RETRACT), "id", form->target);
	stanza_attr(stanza_add(st, "fallback", NS_FALLBACK), "for", NS_RETRACT);
	stanza_add_text(st, "body", NULL,
			"/me withdrew a message, which your client still "
			"shows");
}

/* What says nothing by itself, but of another message. */
static xmpp_stanza_t *
annotation(xmpp_stanza_t *st, const struct event *ev,
	   const struct message_form *form)
{
	if (!form->target) {
		(void)xmpp_stanza_release(st);
		return NULL;
	}
	if (ev->kind == EVENT_REACTION)
		add_reactions(st, ev, form);
	else
		add_retraction(st, form);
	(void)stanza_add(st, "store", NS_HINTS);
	return st;
}

xmpp_stanza_t *
message_from_event(xmpp_ctx_t *ctx, const struct event *ev,
		   const struct message_form *form)
{
	xmpp_stanza_t *st =
		stanza_new(ctx, "message", form->from, form->to, form->type);

	stanza_attr(st, "id", form->id);
	if (ev->kind == EVENT_REACTION || ev->kind == EVENT_REDACTION)
		return annotation(st, ev, form);
	if (ev->kind == EVENT_TOPIC) {
		stanza_add_text(st, "subject", NULL, ev->text.utf8);
	} else if (!add_message_text(st, ev, form)) {
		(void)xmpp_stanza_release(st);
		return NULL;
	}
	if (!form->anonymous)
		add_origin_id(st, form->id);
	add_delay(st, ev, form->delay_from);
	if (form->origin)
		stanza_add_text(st, "origin", NS_CAUSEWAY, form->origin);
	return st;
}
