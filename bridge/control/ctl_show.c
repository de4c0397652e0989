/* SPDX-License-Identifier: MIT */
/* ctl_show.c - answers as people read them. */

#include "bridge/control/ctl_show.h"

#include "bridge/base.h"
#include "bridge/control/grid.h"
#include "bridge/str.h"
#include "bridge/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define CELL_BYTES 4096

void
ctl_show_text(struct str *out, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		size_t len;
		uint32_t cp = utf8_decode(text, n, &len);

		utf8_append(out, utf8_is_invisible(cp) ? 0xfffd : cp);
		text += len;
		n -= len;
	}
}

/* ---- members of an answer ---------------------------------------------- */

/* NULL if it is null, not there, or no text. */
static const char *
text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static const char *
text_or(const json_t *object, const char *key, const char *other)
{
	const char *text = text_of(object, key);

	return text ? text : other;
}

/* Made harmless; "?" if there is none. */
static void
add_text(struct str *out, const json_t *object, const char *key)
{
	ctl_show_text(out, text_or(object, key, "?"));
}

static json_int_t
number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool
has_number(const json_t *object, const char *key)
{
	return json_is_integer(json_object_get(object, key));
}

static void
add_duration(struct str *out, json_int_t s)
{
	if (s < MINUTE)
		str_printf(out, "%" JSON_INTEGER_FORMAT " s", s);
	else if (s < HOUR)
		str_printf(out, "%" JSON_INTEGER_FORMAT " min", s / MINUTE);
	else if (s < DAY)
		str_printf(out,
			   "%" JSON_INTEGER_FORMAT " h %02" JSON_INTEGER_FORMAT
			   " min",
			   s / HOUR, s % HOUR / MINUTE);
	else
		str_printf(out,
			   "%" JSON_INTEGER_FORMAT " d %" JSON_INTEGER_FORMAT
			   " h",
			   s / DAY, s % DAY / HOUR);
}

/* "12 messages"; the plural of what is shown here is an s. */
static void
add_count(struct str *out, json_int_t n, const char *what)
{
	str_printf(out, "%" JSON_INTEGER_FORMAT " %s%s", n, what,
		   n == 1 ? "" : "s");
}

/* ---- cells ------------------------------------------------------------- */

static void
cell_text(struct grid *g, const json_t *object, const char *key)
{
	grid_add(g, text_of(object, key));
}

static void
cell_number(struct grid *g, const json_t *object, const char *key)
{
	AUTO_STR cell = { 0 };

	str_init(&cell, CELL_BYTES);
	if (has_number(object, key))
		str_printf(&cell, "%" JSON_INTEGER_FORMAT,
			   number_of(object, key));
	grid_add(g, cell.data);
}

static void
cell_duration(struct grid *g, const json_t *object, const char *key)
{
	AUTO_STR cell = { 0 };

	str_init(&cell, CELL_BYTES);
	if (has_number(object, key))
		add_duration(&cell, number_of(object, key));
	grid_add(g, cell.data);
}

static void
cell_place(struct grid *g, const json_t *object)
{
	AUTO_STR cell = { 0 };

	str_init(&cell, CELL_BYTES);
	str_printf(&cell, "%s/%s", text_or(object, "network", "?"),
		   text_or(object, "channel", "?"));
	grid_add(g, cell.data);
}

/* The reason, and when it is tried again; nothing if all is well. */
static void
cell_reason(struct grid *g, const json_t *object, bool well)
{
	AUTO_STR cell = { 0 };

	str_init(&cell, CELL_BYTES);
	if (!well) {
		str_add(&cell, text_or(object, "reason", ""));
		if (has_number(object, "retry_in_s")) {
			str_add(&cell, cell.len ? "; again in " : "again in ");
			add_duration(&cell, number_of(object, "retry_in_s"));
		}
	}
	grid_add(g, cell.data);
}

/* ---- status ------------------------------------------------------------ */

static void
show_networks(const json_t *networks, struct str *out)
{
	static const char *const titles[] = { "NETWORK",   "PROTOCOL",
					      "STATE",     ">FOR",
					      ">FAILURES", ">PUPPETS",
					      "REASON" };
	struct grid g;
	size_t i;
	json_t *net;

	grid_init(&g, ARRAY_SIZE(titles), titles);
	json_array_foreach (networks, i, net) {
		cell_text(&g, net, "network");
		cell_text(&g, net, "protocol");
		cell_text(&g, net, "state");
		cell_duration(&g, net, "for_s");
		cell_number(&g, net, "attempts");
		cell_number(&g, net, "puppets");
		cell_reason(&g, net,
			    strcmp(text_or(net, "state", ""), "up") == 0);
	}
	grid_print(&g, out);
	grid_finish(&g);
}

static void
show_channels(const json_t *channels, struct str *out)
{
	static const char *const titles[] = {
		"CHANNEL",    "LINK",     "STATE",   ">MEMBERS", ">PUPPETS",
		">IN FLIGHT", ">WAITING", ">OLDEST", "REASON",
	};
	struct grid g;
	size_t i;
	json_t *ch;

	grid_init(&g, ARRAY_SIZE(titles), titles);
	json_array_foreach (channels, i, ch) {
		cell_place(&g, ch);
		cell_text(&g, ch, "link");
		cell_text(&g, ch, "state");
		cell_number(&g, ch, "members");
		cell_number(&g, ch, "puppets");
		cell_number(&g, ch, "in_flight");
		cell_number(&g, ch, "waiting");
		cell_duration(&g, ch, "oldest_s");
		cell_reason(&g, ch,
			    json_is_true(json_object_get(ch, "joined")));
	}
	grid_print(&g, out);
	grid_finish(&g);
}

static json_int_t
all_waiting(const json_t *answer)
{
	json_int_t sum = 0;
	size_t i;
	json_t *at;

	json_array_foreach (json_object_get(answer, "channels"), i, at)
		sum += number_of(at, "waiting");
	json_array_foreach (json_object_get(answer, "networks"), i, at)
		sum += number_of(json_object_get(at, "private"), "waiting");
	return sum;
}

/* Only what an operator should know of. */
static void
show_links(const json_t *links, struct str *out)
{
	size_t i, k;
	json_t *link, *blown;

	json_array_foreach (links, i, link) {
		const char *other = text_of(link, "other_bridge");

		if (other) {
			str_add(out, "\nlink ");
			add_text(out, link, "link");
			str_add(out, " stands by: bridge ");
			ctl_show_text(out, other);
			str_add(out, " carries it\n");
		}
		json_array_foreach (json_object_get(link, "fuses_blown"), k,
				    blown) {
			str_add(out, "\nlink ");
			add_text(out, link, "link");
			str_add(out, ": what ");
			add_text(out, blown, "sender");
			str_add(out, " repeats in ");
			add_text(out, blown, "channel");
			str_add(out, " is dropped\n");
		}
	}
}

static void
show_status(const json_t *answer, struct str *out)
{
	json_int_t waiting = all_waiting(answer);

	str_add(out, "causewayd ");
	add_text(out, answer, "version");
	str_add(out, ", ");
	add_text(out, answer, "state");
	str_add(out, " for ");
	add_duration(out, number_of(answer, "uptime_s"));
	str_add(out, "; ");
	add_count(out, waiting, "message");
	str_add(out, waiting == 1 ? " waits\n\n" : " wait\n\n");
	show_networks(json_object_get(answer, "networks"), out);
	str_add_char(out, '\n');
	show_channels(json_object_get(answer, "channels"), out);
	show_links(json_object_get(answer, "links"), out);
}

/* ---- queue ------------------------------------------------------------- */

static void
show_waiting(const json_t *deliveries, struct str *out)
{
	static const char *const titles[] = { ">EVENT", ">AGE", ">ATTEMPTS",
					      "STATE", "REASON" };
	struct grid g;
	size_t i;
	json_t *d;

	grid_init(&g, ARRAY_SIZE(titles), titles);
	json_array_foreach (deliveries, i, d) {
		cell_number(&g, d, "event");
		cell_duration(&g, d, "age_s");
		cell_number(&g, d, "attempts");
		cell_text(&g, d, "state");
		cell_text(&g, d, "reason");
	}
	grid_print(&g, out);
	grid_finish(&g);
}

static void
show_queue(const json_t *answer, struct str *out)
{
	const json_t *channels = json_object_get(answer, "channels");
	size_t i;
	json_t *ch;

	if (json_array_size(channels) == 0)
		str_add(out, "nothing waits\n");
	json_array_foreach (channels, i, ch) {
		const char *held = text_of(ch, "held_by");

		str_add(out, i ? "\n" : "");
		add_text(out, ch, "network");
		str_add_char(out, '/');
		add_text(out, ch, "channel");
		str_add(out, ": ");
		add_count(out, number_of(ch, "waiting"), "message");
		str_add(out, held ? "; " : "");
		ctl_show_text(out, held ? held : "");
		str_add_char(out, '\n');
		show_waiting(json_object_get(ch, "deliveries"), out);
		if (json_is_true(json_object_get(ch, "more")))
			str_add(out, "...\n");
	}
}

/* ---- retry ------------------------------------------------------------- */

static void
show_retry(const json_t *answer, struct str *out)
{
	static const char *const kinds[][2] = {
		{ "networks", "network" },
		{ "channels", "channel" },
		{ "queues", "queue" },
		{ "puppets", "puppet" },
	};
	const char *between = "tried again: ";

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		json_int_t n = number_of(answer, kinds[i][0]);

		if (n == 0)
			continue;
		str_add(out, between);
		add_count(out, n, kinds[i][1]);
		between = ", ";
	}
	str_add(out, between[0] == ',' ? "\n" : "nothing was held back\n");
}

/* ---- trace ------------------------------------------------------------- */

static void
add_line(struct str *out, const char *title, const char *text)
{
	if (!text)
		return;
	str_printf(out, "  %-9s", title);
	ctl_show_text(out, text);
	str_add_char(out, '\n');
}

static void
cell_ids(struct grid *g, const json_t *ids)
{
	AUTO_STR cell = { 0 };
	size_t i;
	json_t *id;

	str_init(&cell, CELL_BYTES);
	json_array_foreach (ids, i, id)
		str_printf(&cell, "%s%s", i ? " " : "", json_string_value(id));
	grid_add(g, cell.data);
}

static void
show_deliveries(const json_t *deliveries, struct str *out)
{
	static const char *const titles[] = { "  TO", "STATE", ">ATTEMPTS",
					      "LAST", "IDS",   "REASON" };
	struct grid g;
	size_t i;
	json_t *d;

	grid_init(&g, ARRAY_SIZE(titles), titles);
	json_array_foreach (deliveries, i, d) {
		AUTO_STR to = { 0 };

		str_init(&to, CELL_BYTES);
		str_printf(&to, "  %s/%s", text_or(d, "network", "?"),
			   text_or(d, "channel", "?"));
		grid_add(&g, to.data);
		cell_text(&g, d, "state");
		cell_number(&g, d, "attempts");
		cell_text(&g, d, "last");
		cell_ids(&g, json_object_get(d, "ids"));
		cell_text(&g, d, "reason");
	}
	if (json_array_size(deliveries) == 0)
		str_add(out, "  it went nowhere\n");
	grid_print(&g, out);
	grid_finish(&g);
}

static void
show_message(const json_t *m, struct str *out)
{
	AUTO_STR place = { 0 };

	str_init(&place, CELL_BYTES);
	str_printf(&place, "%s/%s%s", text_or(m, "network", "?"),
		   text_or(m, "channel", "?"),
		   json_is_true(json_object_get(m, "private")) ? " (private)"
							       : "");
	str_printf(out, "event %" JSON_INTEGER_FORMAT ", ",
		   number_of(m, "event"));
	add_text(out, m, "kind");
	str_add_char(out, '\n');
	add_line(out, "said in", place.data);
	add_line(out, "by", text_of(m, "sender_id"));
	add_line(out, "named", text_of(m, "sender_name"));
	add_line(out, "id", text_of(m, "id"));
	add_line(out, "also", text_of(m, "alt_id"));
	add_line(out, "when", text_of(m, "when"));
	add_line(out, "received", text_of(m, "received"));
	add_line(out, "about", text_of(m, "target"));
	add_line(out, "reply to", text_of(m, "parent"));
	add_line(out, "text", text_of(m, "text"));
	show_deliveries(json_object_get(m, "deliveries"), out);
}

static void
show_trace(const json_t *answer, struct str *out)
{
	size_t i;
	json_t *m;

	json_array_foreach (json_object_get(answer, "messages"), i, m) {
		str_add(out, i ? "\n" : "");
		show_message(m, out);
	}
}

/* ---- reload ------------------------------------------------------------ */

static void
show_reload(const json_t *answer, struct str *out)
{
	size_t i;
	json_t *line;

	json_array_foreach (json_object_get(answer, "said"), i, line) {
		ctl_show_text(out, json_string_value(line));
		str_add_char(out, '\n');
	}
}

/* ---- help -------------------------------------------------------------- */

static void
show_help(const json_t *answer, struct str *out)
{
	size_t i;
	json_t *v;

	json_array_foreach (json_object_get(answer, "verbs"), i, v) {
		add_text(out, v, "verb");
		str_add(out, " ");
		ctl_show_text(out, text_or(v, "args", ""));
		str_add(out, "\n    ");
		add_text(out, v, "help");
		str_add_char(out, '\n');
	}
}

static void
show_json(const json_t *answer, struct str *out)
{
	char *text = json_dumps(answer, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	str_printf(out, "%s\n", text ? text : "");
	free(text);
}

void
ctl_show(const char *verb, const json_t *answer, struct str *out)
{
	static const struct {
		const char *verb;
		void (*show)(const json_t *answer, struct str *out);
	} shows[] = {
		{ "status", show_status }, { "queue", show_queue },
		{ "retry", show_retry },   { "trace", show_trace },
		{ "help", show_help },     { "reload", show_reload },
	};

	for (size_t i = 0; i < ARRAY_SIZE(shows); i++) {
		if (strcmp(shows[i].verb, verb) == 0) {
			shows[i].show(answer, out);
			return;
		}
	}
	show_json(answer, out);
}
