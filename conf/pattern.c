/* SPDX-License-Identifier: MIT */
/* pattern.c - what a command looks like; see say.h. */

#include "conf/say.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"

#include "conf/topic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16

static char *
copy_n(struct pool *pool, const char *text, size_t n)
{
	char *copy = pool_alloc(pool, n + 1);

	memcpy(copy, text, n);
	return copy;
}

/* "open|closed" */
static int
parse_choice(struct pool *pool, char *inner, struct conf_word *word,
	     struct error *err)
{
	const char **choices = pool_alloc(pool, CHOICES_MAX * sizeof(*choices));
	char *save = NULL;

	word->kind = WORD_CHOICE;
	word->choices = choices;
	for (char *one = strtok_r(inner, "|", &save); one;
	     one = strtok_r(NULL, "|", &save)) {
		if (word->n_choices == CHOICES_MAX)
			return error_set(err, EINVAL,
					 "more than %d choices in one { }",
					 CHOICES_MAX);
		if (!topic_fits_level(one, strlen(one)))
			return error_set(err, EINVAL,
					 "the choice \"%.40s\" has a character "
					 "that cannot stand in a topic",
					 one);
		choices[word->n_choices++] = one;
	}
	return 0;
}

/* "10..30": false if it is not of that form. */
static bool
parse_range(char *inner, struct conf_word *word)
{
	char *dots = strstr(inner, "..");
	char *end;

	if (!dots || dots == inner || !dots[2])
		return false;
	*dots = '\0'; /* or strtod() would take the first of them */
	word->min = strtod(inner, &end);
	if (*end == '\0')
		word->max = strtod(dots + 2, &end);
	*dots = '.';
	word->kind = WORD_NUMBER;
	return *end == '\0' && word->max >= word->min;
}

static int
parse_parameter(struct pool *pool, char *inner, struct conf_pattern *pattern,
		struct conf_word *word, struct error *err)
{
	char number[2] = { (char)('0' + ++pattern->n_params), '\0' };

	if (pattern->n_params > PARAMS_MAX)
		return error_set(err, EINVAL, "more than %d parameters",
				 PARAMS_MAX);
	if (strcmp(inner, "*") == 0) {
		word->kind = WORD_REST;
		return 0;
	}
	if (strchr(inner, '|'))
		return parse_choice(pool, inner, word, err);
	if (parse_range(inner, word))
		return 0;
	if (strcmp(inner, number) != 0)
		return error_set(err, EINVAL,
				 "{%.40s}: parameter %u is written {%u} (any "
				 "word), {open|closed} (one of these), "
				 "{10..30} (a number) or, at the end, {*} (all "
				 "that follows)",
				 inner, pattern->n_params, pattern->n_params);
	word->kind = WORD_FREE;
	return 0;
}

static int
parse_word(struct pool *pool, const char *text, size_t n,
	   struct conf_pattern *pattern, struct conf_word *word,
	   struct error *err)
{
	bool opens = text[0] == '{';
	bool closes = text[n - 1] == '}';

	if (opens && closes && n > 2)
		return parse_parameter(pool, copy_n(pool, text + 1, n - 2),
				       pattern, word, err);
	word->kind = WORD_LITERAL;
	word->text = copy_n(pool, text, n);
	if (strpbrk(word->text, "{}"))
		return error_set(err, EINVAL,
				 "\"%.40s\": a parameter is a word of its own",
				 word->text);
	return 0;
}

int
pattern_parse(struct pool *pool, const char *text, struct conf_pattern *pattern,
	      struct error *err)
{
	struct conf_word *words = pool_alloc(pool, WORDS_MAX * sizeof(*words));
	int rc = 0;

	*pattern = (struct conf_pattern){ .text = pool_strdup(pool, text),
					  .words = words };
	for (;;) {
		text += strspn(text, " ");
		if (!*text)
			break;
		if (pattern->n == WORDS_MAX)
			return error_set(err, EINVAL, "more than %d words",
					 WORDS_MAX);
		if (pattern->n && words[pattern->n - 1].kind == WORD_REST)
			return error_set(err, EINVAL, "nothing can follow {*}");

		size_t n = strcspn(text, " ");

		rc = parse_word(pool, text, n, pattern, &words[pattern->n++],
				err);
		if (rc)
			return rc;
		text += n;
	}
	if (!pattern->n || words[0].kind != WORD_LITERAL)
		return error_set(err, EINVAL,
				 "a command begins with a word of its own, "
				 "such as \"!window {1} {open|closed}\"");
	return 0;
}

/* The word that is parameter number, from 1. */
static const struct conf_word *
parameter(const struct conf_pattern *pattern, unsigned number)
{
	for (size_t i = 0; i < pattern->n; i++)
		if (pattern->words[i].kind != WORD_LITERAL && --number == 0)
			return &pattern->words[i];
	return NULL;
}

bool
pattern_fits_topic(const struct conf_pattern *pattern,
		   const struct conf_say *topic)
{
	for (size_t i = 0; i < topic->n; i++) {
		const struct conf_piece *piece = &topic->pieces[i];
		const struct conf_word *word =
			piece->kind == PIECE_LEVEL
				? parameter(pattern, piece->number)
				: NULL;

		if (word && word->kind == WORD_REST)
			return false;
	}
	return true;
}
