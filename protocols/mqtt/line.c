/* SPDX-License-Identifier: MIT */
/* line.c - templates filled in; see line.h. */

#include "protocols/mqtt/line.h"

#include "bridge/base.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "conf/topic.h"

#include <math.h>
#include <string.h>
#include <time.h>

void
line_add_data(struct str *out, const char *text, size_t len, size_t max)
{
	size_t end = out->len + max;
	size_t n;

	for (; len; text += n, len -= n) {
		uint32_t cp = utf8_decode(text, len, &n);

		if (out->len + n > end) {
			str_add(out, "…");
			return;
		}
		if (cp == '\n')
			str_add(out, "⏎");
		else if (cp == '\t')
			str_add_char(out, ' ');
		else if (!utf8_is_invisible(cp))
			str_add_n(out, text, n);
	}
}

const char *
map_value(const struct conf_pair *map, size_t n, const char *value)
{
	for (size_t i = 0; i < n; i++)
		if (map[i].from && strcmp(map[i].from, value) == 0)
			return map[i].to;
	return value;
}

/* ---- pieces ------------------------------------------------------------ */

static void
add_clock(struct str *out, int64_t seconds, bool with_day)
{
	time_t when = (time_t)seconds;
	char text[40];
	struct tm tm;

	if (seconds < 0 || seconds > 253402300799 || !gmtime_r(&when, &tm)) {
		str_add_char(out, '?');
		return;
	}
	strftime(text, sizeof(text), with_day ? "%Y-%m-%d %H:%M" : "%H:%M",
		 &tm);
	str_add(out, text);
}

/* The payload cannot be shown: say what it is. */
static void
add_kind(struct str *out, const struct source *s)
{
	const struct payload *p = s->payload;

	str_printf(out, "[%s, %zu bytes",
		   p->kind == PAYLOAD_LARGE ? "large" : "binary", p->len);
	if (s->content_type) {
		str_add(out, ", ");
		line_add_data(out, s->content_type, strlen(s->content_type),
			      60);
	}
	str_add_char(out, ']');
}

static void
add_reading(struct str *out, const struct conf_piece *piece,
	    const struct reading *r)
{
	if (!r->found)
		str_add_char(out, '?');
	else if (piece->is_time && r->is_number && fabs(r->number) < 1e15)
		add_clock(out, (int64_t)r->number, true);
	else if (piece->decimals >= 0 && r->is_number && fabs(r->number) < 1e15)
		str_printf(out, "%.*f", piece->decimals, r->number);
	else
		line_add_data(out, r->text.data, r->text.len, READING_MAX);
}

static void
add_value(struct str *out, const struct conf_piece *piece,
	  const struct source *s)
{
	const struct conf_watch *w = &s->rule->watch;
	const char *word;

	if (s->payload->kind == PAYLOAD_BINARY ||
	    s->payload->kind == PAYLOAD_LARGE) {
		add_kind(out, s);
		return;
	}
	word = map_value(w->map, w->n_map, s->value->text.data);
	if (s->value->found && word != s->value->text.data)
		str_add(out, word);
	else
		add_reading(out, piece, s->value);
}

static void
add_field(struct str *out, const struct conf_piece *piece,
	  const struct source *s)
{
	struct reading r;

	reading_init(&r);
	payload_get(s->payload, &piece->path, &r);
	add_reading(out, piece, &r);
	reading_finish(&r);
}

static void
add_piece(struct str *out, const struct conf_piece *piece,
	  const struct source *s)
{
	const char *text = NULL;
	size_t len = 0;

	switch (piece->kind) {
	case PIECE_TEXT:
		str_add(out, piece->text);
		return;
	case PIECE_VALUE:
		add_value(out, piece, s);
		return;
	case PIECE_FIELD:
		add_field(out, piece, s);
		return;
	case PIECE_TIME:
		add_clock(out, s->wall_ms / 1000, false);
		return;
	case PIECE_LEVEL:
		text = topic_wild(s->filter, s->topic, piece->number, &len);
		break;
	case PIECE_REST:
		text = topic_rest(s->filter, s->topic);
		break;
	case PIECE_TOPIC:
		text = s->topic;
		break;
	case PIECE_NAME:
		text = s->rule->name;
		break;
	}
	if (text && piece->kind != PIECE_LEVEL)
		len = strlen(text);
	if (text)
		line_add_data(out, text, len, READING_MAX);
}

void
line_render(struct str *out, const struct conf_say *say,
	    const struct source *source)
{
	for (size_t i = 0; i < say->n; i++)
		add_piece(out, &say->pieces[i], source);
}

/* ---- topics ------------------------------------------------------------ */

void
level_encode(struct str *out, const char *text)
{
	for (size_t i = 0; text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f || strchr("%/+#", c) ||
		    (c == '$' && i == 0))
			str_printf(out, "%%%02X", c);
		else
			str_add_char(out, (char)c);
	}
}
