/* SPDX-License-Identifier: MIT */
/* payload.c - what a payload is, and what stands in it; see payload.h. */

#include "protocols/mqtt/payload.h"

#include "bridge/base.h"
#include "bridge/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NUMBER_BYTES 40

/* ---- what it is -------------------------------------------------------- */

/* DEL does no harm, and JSON has it as it is. */
static bool
is_readable(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
			return false;
	}
	return utf8_valid(s, len);
}

/* Before the parser, which works recursively. */
static bool
is_too_deep(const char *s, size_t len)
{
	bool quoted = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (quoted && s[i] == '\\')
			i++;
		else if (s[i] == '"')
			quoted = !quoted;
		else if (!quoted && (s[i] == '{' || s[i] == '['))
			depth++;
		else if (!quoted && (s[i] == '}' || s[i] == ']'))
			depth--;
		if (depth > PAYLOAD_DEPTH_MAX)
			return true;
	}
	return false;
}

static json_t *
parse_json(const char *s, size_t len)
{
	size_t start = 0;

	while (start < len && strchr(" \t\r\n", s[start]))
		start++;
	if (start == len || (s[start] != '{' && s[start] != '['))
		return NULL;
	if (is_too_deep(s, len))
		return NULL;
	return json_loadb(s, len, JSON_REJECT_DUPLICATES, NULL);
}

bool
number_parse(const char *text, size_t len, double *number)
{
	char copy[NUMBER_BYTES];
	char *end;

	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	while (len && strchr(" \t", *text)) {
		text++;
		len--;
	}
	if (!len || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	/* strtod() also reads nan, inf and hexadecimal numbers. */
	if (strspn(copy, "0123456789+-.eE") != len)
		return false;
	*number = strtod(copy, &end);
	return *end == '\0' && *number - *number == 0;
}

void
payload_read(struct payload *p, const void *bytes, size_t len,
	     enum conf_payload as)
{
	double number;

	*p = (struct payload){ .kind = PAYLOAD_TEXT,
			       .bytes = len ? bytes : "",
			       .len = len };
	if (len > PAYLOAD_MAX) {
		p->kind = PAYLOAD_LARGE;
		return;
	}
	if (!is_readable(p->bytes, len)) {
		p->kind = PAYLOAD_BINARY;
		return;
	}
	if (as == CONF_PAYLOAD_AUTO || as == CONF_PAYLOAD_JSON)
		p->json = parse_json(p->bytes, len);
	if (p->json)
		p->kind = PAYLOAD_JSON;
	else if (as == CONF_PAYLOAD_JSON ||
		 (as == CONF_PAYLOAD_NUMBER &&
		  !number_parse(p->bytes, len, &number)))
		p->kind = PAYLOAD_WRONG;
}

void
payload_heed(struct payload *p, const char *content_type, bool says_text)
{
	static const char *const binary[] = { "image/", "audio/", "video/",
					      "font/",
					      "application/octet-stream" };

	if (!content_type || says_text || p->kind != PAYLOAD_TEXT)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(binary); i++)
		if (strncasecmp(content_type, binary[i], strlen(binary[i])) ==
		    0)
			p->kind = PAYLOAD_BINARY;
}

void
payload_finish(struct payload *p)
{
	json_decref(p->json);
	p->json = NULL;
}

/* ---- values ------------------------------------------------------------ */

void
reading_init(struct reading *r)
{
	*r = (struct reading){ 0 };
	str_init(&r->text, PAYLOAD_MAX);
}

void
reading_finish(struct reading *r)
{
	str_finish(&r->text);
}

/* What a device sends may hold what opens its door. */
static bool
is_secret(const char *key)
{
	static const char *const words[] = { "pass", "token", "secret", "key" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasestr(key, words[i]))
			return true;
	return false;
}

static void dump(struct str *out, json_t *json);

static void
dump_object(struct str *out, json_t *json)
{
	const char *key;
	json_t *value;
	size_t n = 0;

	str_add_char(out, '{');
	json_object_foreach (json, key, value) {
		str_printf(out, "%s\"%s\":", n++ ? "," : "", key);
		if (is_secret(key))
			str_add(out, "***");
		else
			dump(out, value);
	}
	str_add_char(out, '}');
}

static void
dump_array(struct str *out, json_t *json)
{
	size_t i;
	json_t *value;

	str_add_char(out, '[');
	json_array_foreach (json, i, value) {
		if (i)
			str_add_char(out, ',');
		dump(out, value);
	}
	str_add_char(out, ']');
}

static void
add_number(struct str *out, double number)
{
	char text[NUMBER_BYTES];

	/* The shortest that is read back as the same. */
	for (int digits = 6; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	str_add(out, text);
}

static void
add_scalar(struct str *out, json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_STRING:
		str_add_n(out, json_string_value(json),
			  json_string_length(json));
		break;
	case JSON_INTEGER:
		str_printf(out, "%lld", (long long)json_integer_value(json));
		break;
	case JSON_REAL:
		add_number(out, json_real_value(json));
		break;
	case JSON_TRUE:
		str_add(out, "true");
		break;
	case JSON_FALSE:
		str_add(out, "false");
		break;
	case JSON_NULL:
		str_add(out, "null");
		break;
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
}

/* For people: what is quoted is not escaped. */
static void
dump(struct str *out, json_t *json)
{
	if (json_is_object(json)) {
		dump_object(out, json);
	} else if (json_is_array(json)) {
		dump_array(out, json);
	} else if (json_is_string(json)) {
		str_add_char(out, '"');
		add_scalar(out, json);
		str_add_char(out, '"');
	} else {
		add_scalar(out, json);
	}
}

static json_t *
step_into(json_t *json, const struct conf_step *step)
{
	if (json_is_object(json) && step->key)
		return json_object_get(json, step->key);
	if (json_is_array(json) && step->is_index)
		return json_array_get(json, step->index);
	return NULL;
}

static void
read_json(json_t *json, struct reading *r)
{
	if (json_is_object(json) || json_is_array(json)) {
		dump(&r->text, json);
		return;
	}
	add_scalar(&r->text, json);
	if (json_is_number(json)) {
		r->is_number = true;
		r->number = json_number_value(json);
	} else if (json_is_string(json)) {
		r->is_number =
			number_parse(r->text.data, r->text.len, &r->number);
	}
}

void
payload_get(const struct payload *p, const struct conf_path *path,
	    struct reading *r)
{
	json_t *json = p->json;
	size_t len = p->len;

	str_clear(&r->text);
	r->found = false;
	r->is_number = false;
	r->number = 0;
	if (p->kind == PAYLOAD_TEXT && !path->n) {
		while (len && strchr(" \t\r\n", p->bytes[len - 1]))
			len--;
		str_add_n(&r->text, p->bytes, len);
		r->is_number = number_parse(p->bytes, len, &r->number);
		r->found = true;
		return;
	}
	for (size_t i = 0; json && i < path->n; i++)
		json = step_into(json, &path->steps[i]);
	if (!json)
		return;
	r->found = true;
	read_json(json, r);
}

/* ---- conditions -------------------------------------------------------- */

static bool
compare(enum conf_compare how, double a, double b)
{
	switch (how) {
	case COMPARE_EQUAL:
		return a == b;
	case COMPARE_UNEQUAL:
		return a != b;
	case COMPARE_LESS:
		return a < b;
	case COMPARE_LESS_EQUAL:
		return a <= b;
	case COMPARE_MORE:
		return a > b;
	case COMPARE_MORE_EQUAL:
		return a >= b;
	}
	return false;
}

/* What is not there, or is no number, is only unequal. */
static bool
test_holds(const struct conf_test *test, const struct reading *r)
{
	if (!r->found)
		return false;
	if (test->is_number && r->is_number)
		return compare(test->compare, r->number, test->number);

	bool same = strcmp(r->text.data, test->text) == 0;

	if (test->compare == COMPARE_EQUAL)
		return same;
	return test->compare == COMPARE_UNEQUAL && !same;
}

bool
condition_holds(const struct conf_condition *condition, const struct payload *p,
		const struct reading *value)
{
	struct reading field;
	bool holds = true;

	reading_init(&field);
	for (size_t i = 0; holds && i < condition->n; i++) {
		const struct conf_test *test = &condition->tests[i];

		if (!test->is_value)
			payload_get(p, &test->path, &field);
		holds = test_holds(test, test->is_value ? value : &field);
	}
	reading_finish(&field);
	return holds;
}
