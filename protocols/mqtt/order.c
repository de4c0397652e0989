/* SPDX-License-Identifier: MIT */
/* order.c - commands as they are typed; see order.h. */

#include "protocols/mqtt/order.h"

#include "bridge/base.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "conf/topic.h"
#include "protocols/mqtt/line.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define TOPIC_BYTES 1024
#define SAID_BYTES 4000

static bool
same_word(const char *word, const char *text, size_t len)
{
	return strlen(word) == len && strncasecmp(word, text, len) == 0;
}

static const char *
choice_of(const struct conf_word *word, const char *text, size_t len)
{
	for (size_t i = 0; i < word->n_choices; i++)
		if (same_word(word->choices[i], text, len))
			return word->choices[i];
	return NULL;
}

/* NULL, or what was expected. */
static const char *
refuse_word(const struct conf_word *word, const char *text, size_t len)
{
	double number;

	switch (word->kind) {
	case WORD_CHOICE:
		return choice_of(word, text, len) ? NULL : "one of the choices";
	case WORD_NUMBER:
		if (number_parse(text, len, &number) && number >= word->min &&
		    number <= word->max)
			return NULL;
		return "a number in that range";
	case WORD_FREE:
		if (len <= PARAM_BYTES && utf8_valid(text, len) &&
		    topic_fits_level(text, len))
			return NULL;
		return "a word without / + and #";
	case WORD_REST:
		return len <= REST_BYTES ? NULL : "less text";
	case WORD_LITERAL:
		break;
	}
	return NULL;
}

static void
take(const struct conf_word *word, const char *text, size_t len,
     struct order_args *args)
{
	const char *choice =
		word->kind == WORD_CHOICE ? choice_of(word, text, len) : NULL;

	args->at[args->n].text = choice ? choice : text;
	args->at[args->n].len = choice ? strlen(choice) : len;
	args->n++;
}

/* Nobody begins a sentence with "!". */
static bool
is_sentence(const struct conf_pattern *pattern)
{
	return isalnum((unsigned char)pattern->text[0]) ||
	       (unsigned char)pattern->text[0] >= 0x80;
}

static enum order_match
wrong(const struct conf_pattern *pattern, struct str *why, const char *want,
      const char *found, size_t len)
{
	if (want) {
		str_printf(why, "expected %s, found \"", want);
		line_add_data(why, found, len, PARAM_BYTES);
		str_add(why, "\"; ");
	}
	str_printf(why, "it is: %s", pattern->text);
	return ORDER_WRONG;
}

enum order_match
order_overhear(const struct conf_pattern *pattern, const char *line,
	       struct order_args *args, struct str *why)
{
	AUTO_STR said = { 0 };
	enum order_match match;

	str_init(&said, SAID_BYTES);
	match = order_read(pattern, line, args, &said);
	if (match != ORDER_WRONG)
		return match;
	if (is_sentence(pattern))
		return ORDER_NO;
	str_add(why, said.data);
	return ORDER_WRONG;
}

enum order_match
order_read(const struct conf_pattern *pattern, const char *line,
	   struct order_args *args, struct str *why)
{
	args->n = 0;
	if (strchr(line, '\n'))
		return ORDER_NO;
	for (size_t i = 0; i < pattern->n; i++) {
		const struct conf_word *word = &pattern->words[i];
		const char *refused;
		size_t len;

		line += strspn(line, " ");
		len = word->kind == WORD_REST ? strlen(line)
					      : strcspn(line, " ");
		if (word->kind == WORD_LITERAL &&
		    !same_word(word->text, line, len))
			return args->n ? wrong(pattern, why, NULL, "", 0)
				       : ORDER_NO;
		if (!len)
			return wrong(pattern, why, NULL, "", 0);
		refused = refuse_word(word, line, len);
		if (refused)
			return wrong(pattern, why, refused, line, len);
		if (word->kind != WORD_LITERAL)
			take(word, line, len, args);
		line += len;
	}
	line += strspn(line, " ");
	return *line ? wrong(pattern, why, NULL, "", 0) : ORDER_YES;
}

bool
order_topic(struct str *out, const struct conf_say *topic,
	    const struct order_args *args)
{
	size_t start = out->len;

	for (size_t i = 0; i < topic->n; i++) {
		const struct conf_piece *piece = &topic->pieces[i];
		unsigned n = piece->number;

		if (piece->kind == PIECE_TEXT) {
			str_add(out, piece->text);
			continue;
		}
		if (piece->kind != PIECE_LEVEL || n < 1 || n > args->n ||
		    !topic_fits_level(args->at[n - 1].text,
				      args->at[n - 1].len))
			return false;
		str_add_n(out, args->at[n - 1].text, args->at[n - 1].len);
	}
	return !str_overflowed(out) && out->len - start <= TOPIC_BYTES &&
	       !refuse_topic(out->data + start);
}

static void
add_argument(struct str *out, const struct conf_rule *rule,
	     const struct order_args *args, unsigned n)
{
	const struct conf_order *o = &rule->order;
	char word[PARAM_BYTES + 1];
	size_t len = args->at[n].len;

	if (len >= sizeof(word)) {
		str_add_n(out, args->at[n].text, len);
		return;
	}
	memcpy(word, args->at[n].text, len);
	word[len] = '\0';
	str_add(out, map_value(o->map, o->n_map, word));
}

void
order_text(struct str *out, const struct conf_say *say,
	   const struct conf_rule *rule, const struct order_args *args)
{
	for (size_t i = 0; i < say->n; i++) {
		const struct conf_piece *piece = &say->pieces[i];

		if (piece->kind == PIECE_TEXT)
			str_add(out, piece->text);
		else if (piece->kind == PIECE_NAME)
			str_add(out, rule->name);
		else if (piece->number >= 1 && piece->number <= args->n)
			add_argument(out, rule, args, piece->number - 1);
	}
}
