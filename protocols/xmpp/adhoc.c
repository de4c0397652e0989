/* SPDX-License-Identifier: MIT */
/* adhoc.c - ad-hoc commands; see adhoc.h. */

#include "protocols/xmpp/adhoc.h"

#include "bridge/base.h"
#include "protocols/xmpp/form.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSION_MS (10 * 60 * 1000)
#define SESSIONS_MAX 1000 /* of all */
#define SESSIONS_EACH 10  /* of one user */
#define ROWS_MAX 500      /* of what there is */
#define GIVEN_MAX (4 * FORM_FIELDS_MAX)

struct adhoc {
	char id[40]; /* key */
	struct xmpp *x;
	char *user, *who;     /* full address, and bare */
	char *at, *node;      /* where; which command */
	char *network, *name; /* of place */
	struct command_place place;
	char *iq;                /* the question to answer */
	struct request *running; /* NULL: it is the client's turn */
	xmpp_stanza_t *form;     /* to be filled in, or NULL */
	struct field *fields;    /* what it asks for */
	size_t n_fields;
	struct given *given; /* so far */
	size_t n_given;
	struct timer timer;
	UT_hash_handle hh;
};

/* ---- sessions ------------------------------------------------------------ */

static char *
copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static void
drop_text(const char *text)
{
	free((char *)(uintptr_t)text);
}

static void
drop_choices(const struct field *field)
{
	for (size_t i = 0; i < field->n_choices; i++)
		drop_text(field->choices[i].value);
	free((struct choice *)(uintptr_t)field->choices);
}

static void
forget_form(struct adhoc *s)
{
	for (size_t i = 0; i < s->n_fields; i++) {
		drop_text(s->fields[i].key);
		drop_text(s->fields[i].label);
		drop_choices(&s->fields[i]);
	}
	free(s->fields);
	s->fields = NULL;
	s->n_fields = 0;
	if (s->form)
		(void)xmpp_stanza_release(s->form);
	s->form = NULL;
}

static void
session_end(struct adhoc *s)
{
	timer_stop(&s->timer);
	if (s->running)
		bridge_run_drop(s->running);
	forget_form(s);
	for (size_t i = 0; i < s->n_given; i++) {
		drop_text(s->given[i].key);
		drop_text(s->given[i].value);
	}
	HASH_DELETE(hh, s->x->adhocs, s);
	free(s->given);
	free(s->user);
	free(s->who);
	free(s->at);
	free(s->node);
	free(s->network);
	free(s->name);
	free(s->iq);
	free(s);
}

void
adhoc_drop(struct xmpp *x)
{
	while (x->adhocs)
		session_end(x->adhocs);
}

static void
on_late(void *arg)
{
	session_end(arg);
}

static bool
may_begin(const struct adhoc_call *c)
{
	const char *from = stanza_get(c->st, "from");
	size_t n = 0;

	for (struct adhoc *s = c->x->adhocs; s; s = s->hh.next)
		n += jid_same_bare(s->user, from);
	return n < SESSIONS_EACH && HASH_COUNT(c->x->adhocs) < SESSIONS_MAX;
}

static struct adhoc *
session_new(const struct adhoc_call *c, const char *node)
{
	struct adhoc *s = xcalloc(1, sizeof(*s));

	s->x = c->x;
	/* Not to be guessed, although only its user may go on with it. */
	(void)snprintf(s->id, sizeof(s->id), "%016" PRIx64 "%016" PRIx64,
		       loop_random(c->x->loop), loop_random(c->x->loop));
	s->user = xstrdup(stanza_get(c->st, "from"));
	s->who = xstrdup(c->who);
	s->at = xstrdup(stanza_get(c->st, "to"));
	s->node = xstrdup(node);
	s->network = copy(c->place.network);
	s->name = copy(c->place.name);
	s->place = (struct command_place){ c->place.kind, s->network, s->name };
	HASH_ADD_KEYPTR(hh, c->x->adhocs, s->id, strlen(s->id), s);
	return s;
}

static struct adhoc *
session_find(const struct adhoc_call *c, const char *id, const char *node)
{
	struct adhoc *s;

	HASH_FIND(hh, c->x->adhocs, id, strlen(id), s);
	if (!s || strcmp(s->user, stanza_get(c->st, "from")) != 0 ||
	    strcmp(s->at, stanza_get(c->st, "to")) != 0 ||
	    strcmp(s->node, node) != 0)
		return NULL;
	return s;
}

/* ---- answers ------------------------------------------------------------- */

static xmpp_stanza_t *
result_to(struct xmpp *x, const struct adhoc *s, const char *status,
	  xmpp_stanza_t **command)
{
	xmpp_stanza_t *st = stanza_new(x->ctx, "iq", s->at, s->user, "result");

	stanza_attr(st, "id", s->iq);
	*command = stanza_add(st, "command", NS_COMMANDS);
	stanza_attr(*command, "node", s->node);
	stanza_attr(*command, "sessionid", s->id);
	stanza_attr(*command, "status", status);
	return st;
}

static void
add_note(xmpp_stanza_t *command, const char *type, const char *text)
{
	if (*text)
		stanza_attr(stanza_add_text(command, "note", NULL, text),
			    "type", type);
}

static void
say_end(struct adhoc *s, const char *status, const char *type, const char *text)
{
	xmpp_stanza_t *command;
	xmpp_stanza_t *st = result_to(s->x, s, status, &command);

	add_note(command, type, text);
	xmpp_post(s->x, st);
	session_end(s);
}

/* why: what was wrong with it the last time, or "". */
static void
say_form(struct adhoc *s, const char *why)
{
	xmpp_stanza_t *command;
	xmpp_stanza_t *st = result_to(s->x, s, "executing", &command);
	xmpp_stanza_t *actions = stanza_add(command, "actions", NULL);

	stanza_attr(actions, "execute", "complete");
	(void)stanza_add(actions, "complete", NULL);
	add_note(command, "error", why);
	/* Its own would take part in two stanzas. */
	xmpp_stanza_t *form = xmpp_stanza_copy(s->form);
	(void)xmpp_stanza_add_child(command, form);
	(void)xmpp_stanza_release(form);
	xmpp_post(s->x, st);
	timer_start(&s->timer, s->x->loop, SESSION_MS, on_late, s);
}

static const struct choice *
copy_choices(const struct field *field)
{
	struct choice *choices =
		xcalloc(field->n_choices + 1, sizeof(*choices));

	for (size_t i = 0; i < field->n_choices; i++)
		choices[i].value = xstrdup(field->choices[i].value);
	return choices;
}

static void
take_form(struct adhoc *s, const struct command_answer *answer)
{
	xmpp_stanza_t *holder =
		stanza_new(s->x->ctx, "holder", NULL, NULL, NULL);

	s->fields = xcalloc(answer->n_fields + 1, sizeof(*s->fields));
	s->form = form_add(holder, "form", answer->title, answer->text);
	for (; s->n_fields < answer->n_fields; s->n_fields++) {
		const struct field *field = &answer->fields[s->n_fields];
		struct field *own = &s->fields[s->n_fields];

		form_add_field(s->form, field);
		*own = (struct field){ .key = xstrdup(field->key),
				       .kind = field->kind,
				       .label = xstrdup(field->label),
				       .required = field->required,
				       .choices = copy_choices(field),
				       .n_choices = field->n_choices };
	}
	s->form = xmpp_stanza_copy(s->form);
	(void)xmpp_stanza_release(holder);
}

/* A result with what there is, one row each (XEP-0004 section 3.4). */
static void
add_entries(xmpp_stanza_t *command, const struct command_answer *answer)
{
	static const char *const vars[] = { "name", "about" };
	size_t n = answer->n_entries < ROWS_MAX ? answer->n_entries : ROWS_MAX;
	xmpp_stanza_t *form, *reported;

	if (!n)
		return;
	form = form_add(command, "result", NULL, NULL);
	reported = stanza_add(form, "reported", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(vars); i++)
		stanza_attr(stanza_add(reported, "field", NULL), "var",
			    vars[i]);
	for (size_t i = 0; i < n; i++) {
		const struct choice *entry = &answer->entries[i];
		xmpp_stanza_t *item = stanza_add(form, "item", NULL);

		form_add_value(item, vars[0], entry->value);
		form_add_value(item, vars[1], entry->label ? entry->label : "");
	}
}

static void
say_done(struct adhoc *s, const struct command_answer *answer)
{
	xmpp_stanza_t *command;
	xmpp_stanza_t *st = result_to(s->x, s, "completed", &command);

	add_note(command, "info", answer->text);
	add_entries(command, answer);
	xmpp_post(s->x, st);
	session_end(s);
}

static void
on_answer(void *arg, const struct command_answer *answer)
{
	struct adhoc *s = arg;

	s->running = NULL;
	switch (answer->kind) {
	case ANSWER_DONE:
		say_done(s, answer);
		break;
	case ANSWER_REFUSED:
		say_end(s, "completed", "error", answer->text);
		break;
	case ANSWER_FORM:
		forget_form(s);
		take_form(s, answer);
		say_form(s, "");
		break;
	}
}

/* ---- steps --------------------------------------------------------------- */

/* One of those of XEP-0050 section 4.2 beside that of RFC 6120. */
static void
answer_bad(const struct adhoc_call *c, const char *what)
{
	xmpp_stanza_t *st = stanza_error(c->x->ctx, c->st, "bad-request", NULL);
	xmpp_stanza_t *error = stanza_own_child(st, "error");

	(void)stanza_add(error, what, NS_COMMANDS);
	xmpp_post(c->x, st);
}

static void
run(struct adhoc *s, bool filled)
{
	const struct command_run run = {
		.who = s->who,
		.place = s->place,
		.name = s->node,
		.given = filled ? s->given : NULL,
		.n_given = s->n_given,
	};

	timer_stop(&s->timer);
	s->running = bridge_run(&s->x->net, &run, on_answer, s);
}

static void
give(struct adhoc *s, const char *key, const char *value)
{
	if (s->n_given == GIVEN_MAX)
		return;
	s->given = xrealloc(s->given, (s->n_given + 1) * sizeof(*s->given));
	s->given[s->n_given++] = (struct given){ xstrdup(key), xstrdup(value) };
}

/* Takes what was filled in; false, and told, if it cannot be. */
static bool
fill_in(struct adhoc *s, xmpp_stanza_t *form)
{
	size_t before = s->n_given;

	for (size_t i = 0; i < s->n_fields; i++) {
		const struct field *field = &s->fields[i];
		AUTO_STR value = { 0 };
		AUTO_STR words = { 0 };
		bool given;
		const char *why;

		str_init(&value, FORM_VALUE_MAX);
		why = form_read_field(&value, form, field, &given);
		if (!why && given)
			give(s, field->key, value.len ? value.data : "");
		if (!why)
			continue;
		while (s->n_given > before) {
			s->n_given--;
			drop_text(s->given[s->n_given].key);
			drop_text(s->given[s->n_given].value);
		}
		str_init(&words, 1024);
		str_printf(&words, "%s: %s", field->label, why);
		say_form(s, words.data);
		return false;
	}
	if (!s->given)
		s->given = xcalloc(1, sizeof(*s->given));
	return true;
}

static void
set_iq(struct adhoc *s, const struct adhoc_call *c)
{
	free(s->iq);
	s->iq = xstrdup(stanza_get(c->st, "id"));
}

static void
go_on(struct adhoc *s, const struct adhoc_call *c, xmpp_stanza_t *command)
{
	const char *action = stanza_get(command, "action");
	bool cancelled;
	xmpp_stanza_t *form = form_submitted(command, NULL, &cancelled);

	if (s->running) {
		answer_bad(c, "bad-payload");
		return;
	}
	if (!strcmp(action, "cancel") || cancelled) {
		set_iq(s, c);
		say_end(s, "canceled", "info", "");
	} else if (*action && strcmp(action, "execute") &&
		   strcmp(action, "next") && strcmp(action, "complete")) {
		answer_bad(c, strcmp(action, "prev") ? "malformed-action"
						     : "bad-action");
	} else if (!form) {
		answer_bad(c, "bad-payload");
	} else {
		set_iq(s, c);
		if (fill_in(s, form))
			run(s, true);
	}
}

struct looking {
	const char *name;
	const struct command *found;
};

static void
look(void *arg, const struct command *command)
{
	struct looking *l = arg;

	if (strcmp(command->name, l->name) == 0)
		l->found = command;
}

static const struct command *
find_command(const struct adhoc_call *c, const char *name)
{
	struct looking l = { name, NULL };

	bridge_commands(&c->x->net, c->who, &c->place, look, &l);
	return l.found;
}

static void
begin(const struct adhoc_call *c, xmpp_stanza_t *command)
{
	const char *action = stanza_get(command, "action");
	const char *node = stanza_get(command, "node");

	if (!find_command(c, node)) {
		xmpp_refuse(c->x, c->st, "item-not-found",
			    "there is no such command here for you");
	} else if (*action && strcmp(action, "execute") != 0) {
		answer_bad(c, "bad-action");
	} else if (!may_begin(c)) {
		xmpp_refuse(c->x, c->st, "resource-constraint",
			    "end the commands that you have begun first");
	} else {
		struct adhoc *s = session_new(c, node);

		set_iq(s, c);
		run(s, false);
	}
}

static void
execute(const struct adhoc_call *c, xmpp_stanza_t *command)
{
	const char *id = stanza_get(command, "sessionid");
	struct adhoc *s;

	if (!*id) {
		begin(c, command);
		return;
	}
	s = session_find(c, id, stanza_get(command, "node"));
	if (s)
		go_on(s, c, command);
	else
		answer_bad(c, "bad-sessionid");
}

/* ---- what there is ------------------------------------------------------- */

static xmpp_stanza_t *
disco_result(const struct adhoc_call *c, const char *ns, const char *node,
	     xmpp_stanza_t **query)
{
	xmpp_stanza_t *st = stanza_result(c->x->ctx, c->st);
	*query = stanza_add(st, "query", ns);
	stanza_attr(*query, "node", node);
	return st;
}

struct listing {
	xmpp_stanza_t *query;
	const char *jid;
};

static void
list(void *arg, const struct command *command)
{
	const struct listing *l = arg;
	xmpp_stanza_t *item = stanza_add(l->query, "item", NULL);

	stanza_attr(item, "jid", l->jid);
	stanza_attr(item, "node", command->name);
	stanza_attr(item, "name", command->label);
}

static void
say_list(const struct adhoc_call *c)
{
	struct listing l = { .jid = stanza_get(c->st, "to") };
	xmpp_stanza_t *st =
		disco_result(c, NS_DISCO_ITEMS, NS_COMMANDS, &l.query);

	bridge_commands(&c->x->net, c->who, &c->place, list, &l);
	xmpp_post(c->x, st);
}

static void
say_identity(const struct adhoc_call *c, const char *node)
{
	bool is_list = strcmp(node, NS_COMMANDS) == 0;
	const struct command *command = find_command(c, node);
	xmpp_stanza_t *query;

	if (!command && !is_list) {
		xmpp_refuse(c->x, c->st, "item-not-found", NULL);
		return;
	}
	xmpp_stanza_t *st = disco_result(c, NS_DISCO_INFO, node, &query);
	xmpp_stanza_t *identity = stanza_add(query, "identity", NULL);
	stanza_attr(identity, "category", "automation");
	stanza_attr(identity, "type",
		    is_list ? "command-list" : "command-node");
	stanza_attr(identity, "name", is_list ? "Commands" : command->label);
	if (!is_list) {
		stanza_attr(stanza_add(query, "feature", NULL), "var",
			    NS_COMMANDS);
		stanza_attr(stanza_add(query, "feature", NULL), "var", NS_DATA);
	}
	xmpp_post(c->x, st);
}

bool
adhoc_iq(const struct adhoc_call *c)
{
	bool get = stanza_has_type(c->st, "get");
	xmpp_stanza_t *command = stanza_child(c->st, "command", NS_COMMANDS);
	xmpp_stanza_t *items = stanza_child(c->st, "query", NS_DISCO_ITEMS);
	xmpp_stanza_t *info = stanza_child(c->st, "query", NS_DISCO_INFO);

	if (command && !get)
		execute(c, command);
	else if (get && items &&
		 !strcmp(stanza_get(items, "node"), NS_COMMANDS))
		say_list(c);
	else if (get && info && *stanza_get(info, "node"))
		say_identity(c, stanza_get(info, "node"));
	else
		return false;
	return true;
}
