/* SPDX-License-Identifier: MIT */
/* say.c - templates and conditions of rules; see say.h. */

#include "conf/say.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"

#include "conf/topic.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECES_MAX 100
#define STEPS_MAX 16
#define TESTS_MAX 8
#define INDEX_MAX 10000
#define DECIMALS_MAX 9

static char *
copy_n(struct pool *pool, const char *text, size_t n)
{
	char *copy = pool_alloc(pool, n + 1);

	memcpy(copy, text, n);
	return copy;
}

/* A number without a sign, all of text; or -1. */
static long
number_of(const char *text)
{
	if (!*text || strlen(text) > 5 ||
	    strspn(text, "0123456789") != strlen(text))
		return -1;
	return strtol(text, NULL, 10);
}

/* ---- paths ------------------------------------------------------------- */

struct steps {
	struct conf_step *all;
	size_t n;
};

static int
add_step(struct steps *s, struct conf_step step, struct error *err)
{
	if (s->n == STEPS_MAX)
		return error_set(err, EINVAL, "more than %d steps", STEPS_MAX);
	s->all[s->n++] = step;
	return 0;
}

/* "~1" is "/" and "~0" is "~": RFC 6901 section 4. */
static void
unescape_pointer(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '~' && (s[1] == '0' || s[1] == '1'))
			*out++ = *++s == '1' ? '/' : '~';
		else
			*out++ = *s;
	}
	*out = '\0';
}

static int
parse_pointer(struct pool *pool, const char *text, struct steps *s,
	      struct error *err)
{
	int rc = 0;

	while (rc == 0 && *text == '/') {
		size_t n = strcspn(text + 1, "/");
		char *key = copy_n(pool, text + 1, n);
		long index = number_of(key);

		unescape_pointer(key);
		rc = add_step(s,
			      (struct conf_step){ key, index >= 0,
						  index >= 0 ? (unsigned)index
							     : 0 },
			      err);
		text += n + 1;
	}
	return rc;
}

static int
parse_index(struct pool *pool, const char **text, struct steps *s,
	    struct error *err)
{
	size_t n = strcspn(*text, "]");
	char *digits = copy_n(pool, *text, n);
	long index = number_of(digits);

	if ((*text)[n] != ']' || index < 0 || index > INDEX_MAX)
		return error_set(err, EINVAL,
				 "expected a number and \"]\" after \"[\"");
	*text += n + 1;
	return add_step(s, (struct conf_step){ NULL, true, (unsigned)index },
			err);
}

static int
parse_dotted(struct pool *pool, const char *text, struct steps *s,
	     struct error *err)
{
	int rc = 0;

	while (rc == 0 && *text) {
		if (*text == '[') {
			text++;
			rc = parse_index(pool, &text, s, err);
			continue;
		}
		if (*text == '.' && s->n)
			text++;

		size_t n = strcspn(text, ".[");

		if (!n)
			return error_set(err, EINVAL,
					 "expected a name before \"%.20s\"",
					 text);
		rc = add_step(s,
			      (struct conf_step){ copy_n(pool, text, n), false,
						  0 },
			      err);
		text += n;
	}
	return rc;
}

int
path_parse(struct pool *pool, const char *text, struct conf_path *path,
	   struct error *err)
{
	struct steps s = { pool_alloc(pool, STEPS_MAX * sizeof(*s.all)), 0 };
	int rc;

	if (!*text)
		return error_set(err, EINVAL, "expected the name of a field");
	if (*text == '/')
		rc = parse_pointer(pool, text, &s, err);
	else
		rc = parse_dotted(pool, text, &s, err);
	path->steps = s.all;
	path->n = s.n;
	return rc;
}

/* ---- templates --------------------------------------------------------- */

struct template
{
	struct pool *pool;
	enum say_use use;
	unsigned n_numbers;
	struct conf_piece *pieces;
	size_t n;
	struct error *err;
};

static int
add_piece(struct template *t, struct conf_piece piece)
{
	if (t->n == PIECES_MAX)
		return error_set(t->err, EINVAL, "more than %d parts",
				 PIECES_MAX);
	t->pieces[t->n++] = piece;
	return 0;
}

static int
add_text(struct template *t, const char *text, size_t n)
{
	if (!n)
		return 0;
	return add_piece(t, (struct conf_piece){
				    .kind = PIECE_TEXT,
				    .text = copy_n(t->pool, text, n),
				    .decimals = -1,
			    });
}

static int
add_number(struct template *t, unsigned number)
{
	if (number < 1 || number > t->n_numbers)
		return error_set(t->err, EINVAL,
				 t->use == SAY_WATCH
					 ? "{%u}: the filter has %u \"+\""
					 : "{%u}: the command has %u "
					   "parameters",
				 number, t->n_numbers);
	return add_piece(t, (struct conf_piece){ .kind = PIECE_LEVEL,
						 .number = number,
						 .decimals = -1 });
}

/* What stands behind the ":" in "{temp:.1}". */
static int
parse_format(struct template *t, const char *format, struct conf_piece *piece)
{
	if (strcmp(format, "time") == 0) {
		piece->is_time = true;
		return 0;
	}
	if (format[0] == '.' && isdigit((unsigned char)format[1]) &&
	    format[2] == '\0' && format[1] - '0' <= DECIMALS_MAX) {
		piece->decimals = format[1] - '0';
		return 0;
	}
	return error_set(t->err, EINVAL,
			 "\":%.20s\": expected \":.1\" (digits behind the "
			 "point) or \":time\"",
			 format);
}

/* A name that is not that of a field; PIECE_FIELD if it is. */
static enum conf_piece_kind
kind_of(const char *name)
{
	static const struct {
		const char *name;
		enum conf_piece_kind kind;
	} names[] = {
		{ "#", PIECE_REST },      { "topic", PIECE_TOPIC },
		{ "value", PIECE_VALUE }, { "name", PIECE_NAME },
		{ "time", PIECE_TIME },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].kind;
	return PIECE_FIELD;
}

static int
add_reference(struct template *t, char *inner)
{
	struct conf_piece piece = { .decimals = -1 };
	char *colon = strrchr(inner, ':');
	int rc = 0;

	if (number_of(inner) >= 0)
		return add_number(t, (unsigned)number_of(inner));
	if (colon && *inner != '/') {
		*colon = '\0';
		rc = parse_format(t, colon + 1, &piece);
	}
	piece.kind = kind_of(inner);
	if (rc == 0 && t->use != SAY_WATCH && piece.kind != PIECE_NAME)
		return error_set(t->err, EINVAL,
				 "{%.40s}: in a command only {1} to {%d} and "
				 "{name} have a meaning",
				 inner, PARAMS_MAX);
	if (rc == 0 && piece.kind == PIECE_FIELD)
		rc = path_parse(t->pool, inner, &piece.path, t->err);
	if (rc == 0)
		rc = add_piece(t, piece);
	return rc;
}

static int
parse_pieces(struct template *t, const char *text)
{
	int rc = 0;

	while (rc == 0 && *text) {
		size_t n = strcspn(text, "{");

		rc = add_text(t, text, n);
		text += n;
		if (rc || !*text)
			break;
		if (text[1] == '{') {
			rc = add_text(t, "{", 1);
			text += 2;
			continue;
		}

		const char *end = strchr(text, '}');

		if (!end)
			return error_set(t->err, EINVAL,
					 "\"%.20s\" has no \"}\" (a \"{\" as "
					 "such is written \"{{\")",
					 text);
		rc = add_reference(t, copy_n(t->pool, text + 1,
					     (size_t)(end - text - 1)));
		text = end + 1;
	}
	return rc;
}

/* With something harmless for every parameter it is a topic. */
static int
check_topic(const struct template *t)
{
	char topic[1024] = "";
	size_t len = 0;

	if (t->n && t->pieces[0].kind != PIECE_TEXT)
		return error_set(t->err, EINVAL,
				 "a topic cannot begin with a parameter");
	for (size_t i = 0; i < t->n; i++) {
		const char *text = t->pieces[i].kind == PIECE_TEXT
					   ? t->pieces[i].text
					   : "x";

		if (len + strlen(text) >= sizeof(topic))
			return error_set(t->err, EINVAL, "too long a topic");
		memcpy(topic + len, text, strlen(text) + 1);
		len += strlen(text);
	}
	if (refuse_topic(topic))
		return error_set(t->err, EINVAL, "expected %s",
				 refuse_topic(topic));
	return 0;
}

int
say_parse(struct pool *pool, const char *text, enum say_use use,
	  unsigned n_numbers, struct conf_say *say, struct error *err)
{
	struct template t = {
		pool,      use,
		n_numbers, pool_alloc(pool, PIECES_MAX * sizeof(*t.pieces)),
		0,         err,
	};
	int rc = parse_pieces(&t, text);

	if (rc == 0 && use == SAY_ORDER_TOPIC)
		rc = check_topic(&t);
	say->pieces = t.pieces;
	say->n = t.n;
	return rc;
}

/* ---- conditions -------------------------------------------------------- */

static int
parse_compare(const char **text, struct conf_test *test, struct error *err)
{
	static const struct {
		const char *sign;
		enum conf_compare compare;
	} signs[] = {
		{ "!=", COMPARE_UNEQUAL },    { "<=", COMPARE_LESS_EQUAL },
		{ ">=", COMPARE_MORE_EQUAL }, { "==", COMPARE_EQUAL },
		{ "=", COMPARE_EQUAL },       { "<", COMPARE_LESS },
		{ ">", COMPARE_MORE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		size_t n = strlen(signs[i].sign);

		if (strncmp(*text, signs[i].sign, n) == 0) {
			test->compare = signs[i].compare;
			*text += n;
			return 0;
		}
	}
	return error_set(err, EINVAL,
			 "expected one of = != < <= > >= before \"%.20s\"",
			 *text);
}

static void
skip_spaces(const char **text)
{
	*text += strspn(*text, " ");
}

/* A number, a word, or what stands in quotes. */
static int
parse_operand(struct pool *pool, const char **text, struct conf_test *test,
	      struct error *err)
{
	bool quoted = **text == '"' || **text == '\'';
	char quote[2] = { **text, '\0' };
	const char *from = *text + quoted;
	size_t n = strcspn(from, quoted ? quote : " ");
	char *word = copy_n(pool, from, n);
	char *end;

	if (quoted && !from[n])
		return error_set(err, EINVAL, "a quotation mark has no end");
	if (!n && !quoted)
		return error_set(err, EINVAL,
				 "expected a number or a word at the end");
	*text = from + n + quoted;
	test->text = word;
	test->number = strtod(word, &end);
	test->is_number = !quoted && *end == '\0' &&
			  (isdigit((unsigned char)*word) || *word == '-');
	if (!test->is_number && test->compare != COMPARE_EQUAL &&
	    test->compare != COMPARE_UNEQUAL)
		return error_set(err, EINVAL,
				 "\"%.20s\" is not a number, and texts have no "
				 "order; use = or !=",
				 word);
	return 0;
}

static int
parse_test(struct pool *pool, const char **text, struct conf_test *test,
	   struct error *err)
{
	size_t n = strcspn(*text, " =!<>");
	char *field = copy_n(pool, *text, n);
	int rc = 0;

	test->is_value = strcmp(field, "value") == 0;
	if (!test->is_value)
		rc = path_parse(pool, field, &test->path, err);
	*text += n;
	skip_spaces(text);
	if (rc == 0)
		rc = parse_compare(text, test, err);
	skip_spaces(text);
	if (rc == 0)
		rc = parse_operand(pool, text, test, err);
	skip_spaces(text);
	return rc;
}

int
condition_parse(struct pool *pool, const char *text,
		struct conf_condition *condition, struct error *err)
{
	struct conf_test *tests = pool_alloc(pool, TESTS_MAX * sizeof(*tests));
	int rc;

	condition->tests = tests;
	for (condition->n = 0; condition->n < TESTS_MAX;) {
		skip_spaces(&text);
		rc = parse_test(pool, &text, &tests[condition->n], err);
		if (rc)
			return rc;
		condition->n++;
		if (!*text)
			return 0;
		if (strncmp(text, "and ", 4) != 0)
			return error_set(err, EINVAL,
					 "expected \"and\" before \"%.20s\"",
					 text);
		text += 4;
	}
	return error_set(err, EINVAL, "more than %d comparisons", TESTS_MAX);
}
