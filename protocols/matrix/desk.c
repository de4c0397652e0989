/* SPDX-License-Identifier: MIT */
/* desk.c - commands in a direct chat with the bot. See desk.h. */

#include "protocols/matrix/desk.h"
#include "protocols/matrix/content.h"
#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/log.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define ASKS_MAX 100
#define ANSWER_BYTES 16384
#define LATE_MS (5 * 60 * 1000)

/* A command that is being run. */
struct ask {
	struct matrix *m;
	char *room, *event; /* where to answer, to what */
	char *line;         /* "libera configure" */
	struct request *request;
	struct ask *prev, *next;
};

static void
ask_free(struct ask *a)
{
	DL_DELETE(a->m->asks, a);
	if (a->request)
		bridge_run_drop(a->request);
	free(a->room);
	free(a->event);
	free(a->line);
	free(a);
}

void
desk_drop(struct matrix *m)
{
	while (m->asks)
		ask_free(m->asks);
}

/* ---- answers ------------------------------------------------------------ */

static void
add_choices(struct str *out, const struct field *f)
{
	if (f->kind == SETTING_YES_NO)
		str_add(out, " (true or false)");
	for (size_t i = 0; i < f->n_choices; i++)
		str_printf(out, "%s%s",
			   i ? ", " : " (one of: ", f->choices[i].value);
	if (f->n_choices)
		str_add_char(out, ')');
}

static void
add_field(struct str *out, const struct field *f)
{
	str_printf(out, "\n%s: %s", f->key, f->label ? f->label : "");
	add_choices(out, f);
	if (f->required)
		str_add(out, " (needed)");
	if (f->value && f->kind == SETTING_SECRET)
		str_add(out, " - is set");
	else if (f->value && *f->value)
		str_printf(out, " - now \"%s\"", f->value);
	if (f->doc)
		str_printf(out, "\n    %s", f->doc);
}

static void
add_form(struct str *out, const struct ask *a, const struct command_answer *c)
{
	if (c->title)
		str_printf(out, "%s\n", c->title);
	str_add(out, c->text);
	for (size_t i = 0; i < c->n_fields; i++)
		add_field(out, &c->fields[i]);
	str_printf(out, "\n\nAnswer with: %s KEY=VALUE ...", a->line);
}

static void
on_answer(void *arg, const struct command_answer *answer)
{
	struct ask *a = arg;
	AUTO_STR text = { 0 };

	a->request = NULL;
	str_init(&text, ANSWER_BYTES);
	if (answer->kind == ANSWER_FORM)
		add_form(&text, a, answer);
	else if (answer->kind == ANSWER_REFUSED)
		str_printf(&text, "That cannot be: %s", answer->text);
	else
		str_add(&text, *answer->text ? answer->text : "Done.");
	matrix_say(a->m, a->room, NULL, a->event, text.data);
	ask_free(a);
}

/* ---- help --------------------------------------------------------------- */

struct listing {
	struct str *out;
	const char *before; /* "libera ", or "" */
};

static void
list_one(void *arg, const struct command *c)
{
	const struct listing *l = arg;

	str_printf(l->out, "\n%s%s - %s", l->before, c->name, c->label);
}

static void
list_place(struct matrix *m, const char *who, const struct command_place *place,
	   struct str *out)
{
	AUTO_STR before = { 0 };

	str_init(&before, 200);
	if (place->network)
		str_printf(&before, "%s%s%s ", place->network,
			   place->name ? "/" : "",
			   place->name ? place->name : "");
	bridge_commands(&m->net, who, place, list_one,
			&(struct listing){ out, before.data });
}

static void
help(struct matrix *m, const char *room, const char *who, const char *event)
{
	const struct conf_gateway *g = m->conf->gateway;
	struct command_place place = { .kind = PLACE_BRIDGE };
	AUTO_STR out = { 0 };

	str_init(&out, ANSWER_BYTES);
	str_add(&out, "Write a command, and what it needs as KEY=VALUE, with "
		      "quotation marks around what holds blanks. Without that "
		      "it tells what it needs. For a channel or a person "
		      "write NETWORK/#channel or NETWORK/nick before it.");
	list_place(m, who, &place, &out);
	for (size_t i = 0; g && i < g->n_networks; i++) {
		place.kind = PLACE_NETWORK;
		place.network = g->networks[i]->name;
		list_place(m, who, &place, &out);
	}
	if (g && g->n_networks) {
		place.kind = PLACE_CHANNEL;
		place.network = g->networks[0]->name;
		place.name = "#channel";
		list_place(m, who, &place, &out);
	}
	matrix_say(m, room, NULL, event, out.data);
}

/* ---- questions ---------------------------------------------------------- */

static bool
is_network(void *arg, const char *label)
{
	const struct matrix *m = arg;
	const struct conf_gateway *g = m->conf->gateway;

	for (size_t i = 0; g && i < g->n_networks; i++)
		if (strcmp(g->networks[i]->name, label) == 0)
			return true;
	return false;
}

static struct command_place
place_of(const struct matrix *m, const struct desk_words *w)
{
	const struct conf_network *net =
		w->network ? portal_target(m, w->network) : NULL;
	struct command_place place = { .network = w->network, .name = w->name };

	if (!w->network)
		place.kind = PLACE_BRIDGE;
	else if (!w->name)
		place.kind = PLACE_NETWORK;
	else
		place.kind = net && portal_is_channel(net, w->name)
				     ? PLACE_CHANNEL
				     : PLACE_PERSON;
	return place;
}

static void
run(struct matrix *m, const char *room, const char *who, const char *event,
    const struct desk_words *w)
{
	struct ask *a = xcalloc(1, sizeof(*a));
	const struct command_run what = {
		.who = who,
		.place = place_of(m, w),
		.name = w->command,
		.given = w->n ? w->given : NULL,
		.n_given = w->n,
	};
	AUTO_STR line = { 0 };

	str_init(&line, DESK_LINE_MAX);
	str_printf(&line, "%s%s%s%s%s", w->network ? w->network : "",
		   w->name ? "/" : "", w->name ? w->name : "",
		   w->network ? " " : "", w->command);
	a->m = m;
	a->room = xstrdup(room);
	a->event = xstrdup(event);
	a->line = str_take(&line);
	DL_APPEND(m->asks, a);
	a->request = bridge_run(&m->net, &what, on_answer, a);
}

static size_t
n_asks(const struct matrix *m)
{
	const struct ask *a;
	size_t n;

	DL_COUNT(m->asks, a, n);
	return n;
}

/* A transaction may come twice, a command is run once. */
static bool
is_known(struct matrix *m, const char *event)
{
	uint64_t sign = hash_bytes(event, strlen(event));

	for (size_t i = 0; i < ARRAY_SIZE(m->asked); i++)
		if (m->asked[i] == sign)
			return true;
	m->asked[m->n_asked++ % ARRAY_SIZE(m->asked)] = sign;
	return false;
}

void
desk_hear(struct matrix *m, const json_t *whole)
{
	const char *room = content_string(whole, "room_id");
	const char *who = content_string(whole, "sender");
	const char *event = content_string(whole, "event_id");
	const char *type = content_string(whole, "type");
	const json_t *content = content_object(whole, "content");
	const char *kind = content_string(content, "msgtype");
	const char *body = content_string(content, "body");
	struct desk_words w;

	if (room && type && strcmp(type, "m.room.encrypted") == 0)
		matrix_say(m, room, NULL, NULL,
			   "It is encrypted, and I cannot read it. Please open "
			   "a chat with me without encryption.");
	/* Nothing that a program says, and nothing that is said anew. */
	if (!room || !event || !type || !body || !kind ||
	    strcmp(type, "m.room.message") != 0 ||
	    strcmp(kind, "m.text") != 0 ||
	    content_string(content_object(content, "m.relates_to"),
			   "rel_type") ||
	    is_known(m, event))
		return;
	if (loop_wall_ms(m->loop) -
		    content_number(whole, "origin_server_ts", 0) >
	    LATE_MS) {
		matrix_say(m, room, NULL, event,
			   "You wrote that while I was not there. If you still "
			   "want it, write it again.");
		return;
	}
	desk_words_read(&w, body, is_network, m);
	if (w.stray)
		matrix_say(m, room, NULL, event,
			   "After the command only KEY=VALUE can stand; what "
			   "holds blanks stands in quotation marks.");
	else if (!w.command || strcmp(w.command, "help") == 0)
		help(m, room, who, event);
	else if (n_asks(m) >= ASKS_MAX)
		matrix_say(m, room, NULL, event,
			   "Too many commands are running; try again later.");
	else
		run(m, room, who, event, &w);
	desk_words_finish(&w);
}
