/* SPDX-License-Identifier: MIT */
/*
 * read.c - from libconfig's tree to our structs, by table. Every type of
 * option has two readers: one for what stands in the file, which may be
 * anything, and one for its default, which is right or a bug of ours.
 */

#include "conf/read.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"
#include "bridge/secret.h"
#include "bridge/str.h"

#include "conf/file.h"
#include "conf/guess.h"
#include "conf/report.h"
#include "conf/schema.h"
#include "conf/secrets.h"
#include "conf/valid.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WANT_MAX 400
#define QUOTED_MAX 60 /* bytes; of a wrong value in a message */
#define LIST_MAX 1000

/* Enumerations are stored through their underlying type. */
static_assert(sizeof(enum log_level) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum log_format) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum conf_tls) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum conf_sasl) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum conf_direction) == sizeof(unsigned), "enum size");

/* One option of one block being read. */
struct value {
	struct reader *r;
	const struct option *opt;
	const config_setting_t *setting; /* or an element of a list */
	void *base;
};

/* ---- places ------------------------------------------------------------ */

struct conf_where
read_where(struct reader *r, const config_setting_t *s)
{
	const char *file = config_setting_source_file(s);

	return (struct conf_where){
		file ? pool_strdup(r->pool, file) : r->file,
		config_setting_source_line(s),
	};
}

struct conf_where
read_where_of(struct reader *r, const config_setting_t *block, const char *name)
{
	const config_setting_t *s = config_setting_get_member(block, name);

	return read_where(r, s ? s : block);
}

/* ---- words for messages ------------------------------------------------ */

const char *
read_quote(struct reader *r, const char *before, const char *name)
{
	size_t size = strlen(before) + strlen(name) + 4;
	char *text = pool_alloc(r->pool, size);

	(void)snprintf(text, size, "%s \"%s\"", before, name);
	return text;
}

/* What is quoted cannot break the line, nor the terminal it is read on. */
static void
add_quoted(struct str *out, const char *text)
{
	bool utf8 = valid_utf8(text);

	str_add_char(out, '"');
	for (size_t n = 0; *text; text++, n++) {
		unsigned char c = (unsigned char)*text;

		if (n >= QUOTED_MAX && !(utf8 && (c & 0xc0) == 0x80))
			break;
		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
			str_printf(out, "\\x%02x", c);
		else
			str_add_char(out, *text);
	}
	str_add(out, *text ? "...\"" : "\"");
}

static void
add_found(struct str *out, const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_STRING:
		add_quoted(out, config_setting_get_string(s));
		break;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		str_printf(out, "the number %lld", config_setting_get_int64(s));
		break;
	case CONFIG_TYPE_FLOAT:
		str_printf(out, "the number %g", config_setting_get_float(s));
		break;
	case CONFIG_TYPE_BOOL:
		str_add(out, config_setting_get_bool(s) ? "true" : "false");
		break;
	case CONFIG_TYPE_GROUP:
		str_add(out, "a block");
		break;
	default:
		str_add(out, "a list");
		break;
	}
}

void
read_wrong(struct reader *r, const config_setting_t *s, const char *name,
	   const char *want)
{
	AUTO_STR found = { 0 };

	str_init(&found, WANT_MAX);
	add_found(&found, s);
	report_error(r->report, read_where(r, s),
		     "\"%s\": expected %s, found %s", name, want, found.data);
}

static const char *
example_of(const struct option *opt)
{
	return opt->example ? opt->example : opt->fallback;
}

static void
add_words(struct str *out, const struct option_word *words)
{
	str_add(out, "one of ");
	for (const struct option_word *w = words; w->name; w++)
		str_printf(out, "%s\"%s\"", w == words ? "" : ", ", w->name);
}

static void
add_presets(struct str *out)
{
	str_add(out, "one of ");
	for (const struct preset *p = presets; p->name; p++)
		str_printf(out, "%s\"%s\"", p == presets ? "" : ", ", p->name);
}

static void
add_want(struct str *out, const struct option *opt)
{
	int64_t unit = opt->type == OPTION_SECONDS ? 1000 : 1;

	switch (opt->type) {
	case OPTION_COUNT:
	case OPTION_DECIMAL:
		str_printf(out, "a number from %u to %u", opt->min, opt->max);
		break;
	case OPTION_BOOL:
		str_add(out, "true or false");
		break;
	case OPTION_SECONDS:
	case OPTION_MILLISECONDS:
		str_add(out, "a time from ");
		duration_format(out, opt->min * unit);
		str_add(out, " to ");
		duration_format(out, opt->max * unit);
		str_printf(out, " such as \"%s\"", example_of(opt));
		break;
	case OPTION_WORD:
	case OPTION_LEVEL:
		add_words(out, opt->words);
		break;
	case OPTION_SOME:
		str_printf(out, "a string such as \"%s\", or a list of them",
			   example_of(opt));
		break;
	case OPTION_KINDS:
	case OPTION_TEXTS:
		str_printf(out, "a list of strings such as [ \"%s\" ]",
			   example_of(opt));
		break;
	case OPTION_PRESET:
		add_presets(out);
		break;
	case OPTION_TEXT:
	case OPTION_PATH:
	case OPTION_SECRET:
	case OPTION_SERVER:
	case OPTION_SERVERS:
	case OPTION_BLOCK:
		str_printf(out, "a string such as \"%s\"", example_of(opt));
		break;
	}
}

/* The usual message; returns false so that readers can end in it. */
static bool
wrong(const struct value *v)
{
	AUTO_STR want = { 0 };

	str_init(&want, WANT_MAX);
	add_want(&want, v->opt);
	read_wrong(v->r, v->setting, v->opt->name, want.data);
	return false;
}

static bool
wrong_word(const struct value *v, const char *best)
{
	if (!best)
		return wrong(v);

	AUTO_STR found = { 0 };

	str_init(&found, WANT_MAX);
	add_found(&found, v->setting);
	report_error(v->r->report, read_where(v->r, v->setting),
		     "\"%s\": unknown word %s; did you mean \"%s\"?",
		     v->opt->name, found.data, best);
	return false;
}

/* ---- storing ----------------------------------------------------------- */

static void *
field(const struct value *v)
{
	return (char *)v->base + v->opt->offset;
}

static void *
extra_field(const struct value *v)
{
	return (char *)v->base + v->opt->extra;
}

static void
store_unsigned(const struct value *v, unsigned value)
{
	memcpy(field(v), &value, sizeof(value));
}

static void
store_bool(void *at, bool value)
{
	memcpy(at, &value, sizeof(value));
}

static void
store_pointer(const struct value *v, const void *value)
{
	memcpy(field(v), &value, sizeof(value));
}

static void
store_list(const struct value *v, const void *list, size_t n)
{
	store_pointer(v, list);
	memcpy(extra_field(v), &n, sizeof(n));
}

/* ---- scalars ----------------------------------------------------------- */

static const char *
string_of(const config_setting_t *s)
{
	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return NULL;

	const char *text = config_setting_get_string(s);

	return text ? text : "";
}

static bool
integer_of(const config_setting_t *s, long long *value)
{
	int type = config_setting_type(s);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return false;
	*value = config_setting_get_int64(s);
	return true;
}

/* The string if it is fit for the option; else NULL, and it was reported. */
static const char *
checked_text(const struct value *v)
{
	const struct option *opt = v->opt;
	const char *text = string_of(v->setting);
	char want[64];

	if (!text) {
		(void)wrong(v);
		return NULL;
	}

	const char *refused = NULL;

	if (!valid_text(text))
		refused = "valid UTF-8 without control characters";
	else if (strlen(text) < opt->min)
		refused = "some text";
	else if (strlen(text) > opt->max) {
		(void)snprintf(want, sizeof(want), "at most %u bytes",
			       opt->max);
		refused = want;
	} else if (opt->refuse)
		refused = opt->refuse(text);
	if (!refused)
		return text;
	read_wrong(v->r, v->setting, opt->name, refused);
	return NULL;
}

static bool
read_text(const struct value *v)
{
	const char *text = checked_text(v);

	if (!text)
		return false;
	if (v->opt->type == OPTION_PATH)
		text = file_resolve(v->r->pool, v->r->dir, text);
	else
		text = pool_strdup(v->r->pool, text);
	store_pointer(v, text);
	return true;
}

static bool
read_count(const struct value *v)
{
	long long n;

	if (!integer_of(v->setting, &n) || n < v->opt->min || n > v->opt->max)
		return wrong(v);
	store_unsigned(v, (unsigned)n);
	return true;
}

static bool
read_decimal(const struct value *v)
{
	long long whole;
	double n = -1;

	if (config_setting_type(v->setting) == CONFIG_TYPE_FLOAT)
		n = config_setting_get_float(v->setting);
	else if (integer_of(v->setting, &whole))
		n = (double)whole;
	if (!(n >= v->opt->min && n <= v->opt->max))
		return wrong(v);
	memcpy(field(v), &n, sizeof(n));
	store_bool(extra_field(v), true);
	return true;
}

static bool
read_bool(const struct value *v)
{
	if (config_setting_type(v->setting) != CONFIG_TYPE_BOOL)
		return wrong(v);
	store_bool(field(v), config_setting_get_bool(v->setting));
	return true;
}

static bool
read_time(const struct value *v)
{
	int64_t unit = v->opt->type == OPTION_SECONDS ? 1000 : 1;
	const char *text = string_of(v->setting);
	long long seconds;
	int64_t ms = -1;

	if (text)
		ms = duration_parse(text);
	else if (integer_of(v->setting, &seconds) && seconds >= 0 &&
		 seconds <= INT32_MAX)
		ms = seconds * 1000;
	if (ms < 0 || ms % unit || ms < v->opt->min * unit ||
	    ms > v->opt->max * unit)
		return wrong(v);
	store_unsigned(v, (unsigned)(ms / unit));
	return true;
}

static const struct option_word *
find_word(const struct option_word *words, const char *text, const char **best)
{
	struct guess g = guess_start(text);

	for (const struct option_word *w = words; w->name; w++) {
		if (strcmp(w->name, text) == 0)
			return w;
		guess_offer(&g, w->name);
	}
	*best = g.best;
	return NULL;
}

static bool
read_word(const struct value *v)
{
	const char *text = string_of(v->setting);
	const char *best = NULL;
	const struct option_word *w =
		text ? find_word(v->opt->words, text, &best) : NULL;

	if (!w)
		return wrong_word(v, best);
	store_unsigned(v, w->value);
	if (v->opt->type == OPTION_LEVEL)
		store_bool(extra_field(v), true);
	return true;
}

static bool
read_preset(const struct value *v)
{
	const char *text = string_of(v->setting);

	if (!text)
		return wrong(v);

	struct guess g = guess_start(text);

	for (const struct preset *p = presets; p->name; p++) {
		if (strcmp(p->name, text) == 0) {
			store_pointer(v, p);
			return true;
		}
		guess_offer(&g, p->name);
	}
	return wrong_word(v, g.best);
}

void
read_keep_secret(struct reader *r, struct secret *secret)
{
	struct conf *conf = r->conf;

	conf->secrets =
		xrealloc(conf->secrets, (conf->n_secrets + 1) * sizeof(secret));
	conf->secrets[conf->n_secrets++] = secret;
}

static bool
read_secret(const struct value *v)
{
	const char *text = string_of(v->setting);
	struct error err;

	if (!text)
		return wrong(v);
	if (!valid_text(text)) {
		report_error(v->r->report, read_where(v->r, v->setting),
			     "\"%s\": expected valid UTF-8 without control "
			     "characters",
			     v->opt->name);
		return false;
	}

	struct secret *secret = secret_load(text, v->r->dir, &err);

	if (!secret) {
		/* Not what was found: it may be the password itself. */
		report_error(v->r->report, read_where(v->r, v->setting),
			     "\"%s\": %s", v->opt->name, err.text);
		return false;
	}
	read_keep_secret(v->r, secret);
	store_pointer(v, secret);
	return true;
}

/* ---- lists and servers ------------------------------------------------- */

static bool
is_sequence(const config_setting_t *s)
{
	return config_setting_is_array(s) || config_setting_is_list(s);
}

/* The number of elements, or -1 after a message. */
static int
list_length(const struct value *v)
{
	int n = is_sequence(v->setting) ? config_setting_length(v->setting)
					: -1;

	if (n < 0 || n > LIST_MAX) {
		(void)wrong(v);
		return -1;
	}
	return n;
}

static struct value
element(const struct value *v, int i)
{
	struct value e = *v;

	e.setting = config_setting_get_elem(v->setting, (unsigned)i);
	return e;
}

static bool
read_texts(const struct value *v)
{
	int n = list_length(v);
	bool good = n >= 0;

	if (!good)
		return false;

	const char **texts =
		pool_alloc(v->r->pool, ((size_t)n + 1) * sizeof(*texts));

	for (int i = 0; i < n; i++) {
		struct value e = element(v, i);
		const char *text = checked_text(&e);

		texts[i] = pool_strdup(v->r->pool, text);
		good = good && text;
	}
	if (good)
		store_list(v, texts, (size_t)n);
	return good;
}

/* One string is a list of one. */
static bool
read_some(const struct value *v)
{
	if (is_sequence(v->setting))
		return read_texts(v);

	const char *text = checked_text(v);
	const char **texts = pool_alloc(v->r->pool, 2 * sizeof(*texts));

	if (!text)
		return false;
	texts[0] = pool_strdup(v->r->pool, text);
	store_list(v, texts, 1);
	return true;
}

static bool
read_kinds(const struct value *v)
{
	int n = list_length(v);
	unsigned kinds = 0;
	bool good = n >= 0;

	for (int i = 0; i < n; i++) {
		struct value e = element(v, i);
		const char *text = string_of(e.setting);
		const char *best = NULL;
		const struct option_word *w =
			text ? find_word(v->opt->words, text, &best) : NULL;

		if (w) {
			kinds |= 1u << w->value;
			continue;
		}

		struct option one = *v->opt;

		one.type = OPTION_WORD;
		e.opt = &one;
		good = wrong_word(&e, best);
	}
	if (good && !kinds) {
		read_wrong(v->r, v->setting, v->opt->name,
			   "at least one word (to give nothing to a channel: "
			   "direction = \"in\")");
		good = false;
	}
	if (good)
		store_unsigned(v, kinds);
	return good;
}

static bool
parse_server(const struct value *v, struct conf_server *server)
{
	const char *text = string_of(v->setting);

	if (!text)
		return wrong(v);

	const char *refused = server_parse(pool_strdup(v->r->pool, text),
					   &server->host, &server->port);

	if (refused || !valid_text(text) || strlen(text) > 300) {
		read_wrong(v->r, v->setting, v->opt->name,
			   refused ? refused : "\"HOST:PORT\"");
		return false;
	}
	return true;
}

static bool
read_server(const struct value *v)
{
	struct conf_server server;

	if (!parse_server(v, &server))
		return false;
	memcpy(field(v), &server, sizeof(server));
	return true;
}

/* One string is a list of one. */
static bool
read_servers(const struct value *v)
{
	bool many = is_sequence(v->setting);
	int n = many ? list_length(v) : 1;
	bool good = n > 0;

	if (n == 0)
		return wrong(v);
	if (n < 0)
		return false;

	struct conf_server *servers =
		pool_alloc(v->r->pool, (size_t)n * sizeof(*servers));

	for (int i = 0; i < n; i++) {
		struct value e = many ? element(v, i) : *v;

		good = parse_server(&e, &servers[i]) && good;
	}
	if (good)
		store_list(v, servers, (size_t)n);
	return good;
}

static bool
read_nothing(const struct value *v UNUSED)
{
	return true;
}

/* ---- blocks ------------------------------------------------------------ */

static void
read_option(const struct value *v)
{
	static bool (*const readers[])(const struct value *) = {
		[OPTION_TEXT] = read_text,
		[OPTION_PATH] = read_text,
		[OPTION_COUNT] = read_count,
		[OPTION_BOOL] = read_bool,
		[OPTION_SECONDS] = read_time,
		[OPTION_MILLISECONDS] = read_time,
		[OPTION_WORD] = read_word,
		[OPTION_LEVEL] = read_word,
		[OPTION_KINDS] = read_kinds,
		[OPTION_DECIMAL] = read_decimal,
		[OPTION_TEXTS] = read_texts,
		[OPTION_SOME] = read_some,
		[OPTION_SECRET] = read_secret,
		[OPTION_PRESET] = read_preset,
		[OPTION_SERVER] = read_server,
		[OPTION_SERVERS] = read_servers,
		[OPTION_BLOCK] = read_nothing,
	};

	(void)readers[v->opt->type](v);
}

static void
default_kinds(const struct value *v)
{
	char *text = pool_strdup(v->r->pool, v->opt->fallback);
	char *save = NULL;
	const char *best;
	unsigned kinds = 0;

	for (char *word = strtok_r(text, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		const struct option_word *w =
			find_word(v->opt->words, word, &best);

		assert(w);
		kinds |= 1u << w->value;
	}
	store_unsigned(v, kinds);
}

static void
default_server(const struct value *v)
{
	struct conf_server server;
	const char *refused =
		server_parse(pool_strdup(v->r->pool, v->opt->fallback),
			     &server.host, &server.port);

	assert(!refused);
	memcpy(field(v), &server, sizeof(server));
}

static void
default_option(const struct value *v)
{
	const char *text = v->opt->fallback;
	const struct option_word *w;
	const char *best;

	switch (v->opt->type) {
	case OPTION_TEXT:
	case OPTION_PATH:
		store_pointer(v, text);
		break;
	case OPTION_COUNT:
		store_unsigned(v, (unsigned)strtoul(text, NULL, 10));
		break;
	case OPTION_BOOL:
		store_bool(field(v), strcmp(text, "true") == 0);
		break;
	case OPTION_SECONDS:
		store_unsigned(v, (unsigned)(duration_parse(text) / 1000));
		break;
	case OPTION_MILLISECONDS:
		store_unsigned(v, (unsigned)duration_parse(text));
		break;
	case OPTION_WORD:
		w = find_word(v->opt->words, text, &best);
		assert(w);
		store_unsigned(v, w->value);
		break;
	case OPTION_KINDS:
		default_kinds(v);
		break;
	case OPTION_SERVER:
		default_server(v);
		break;
	case OPTION_LEVEL:
	case OPTION_DECIMAL:
	case OPTION_TEXTS:
	case OPTION_SOME:
	case OPTION_SECRET:
	case OPTION_PRESET:
	case OPTION_SERVERS:
	case OPTION_BLOCK:
		break; /* nothing, which is what zeroes mean */
	}
}

void
read_defaults(struct reader *r, struct part part)
{
	for (size_t i = 0; i < part.table->n; i++) {
		const struct option *opt = &part.table->options[i];
		struct value v = { r, opt, NULL, part.base };

		if (opt->fallback)
			default_option(&v);
	}
}

static void
report_unknown(struct reader *r, const config_setting_t *s,
	       const struct part *parts, size_t n_parts, const char *what)
{
	const char *name = config_setting_name(s);
	struct guess g = guess_start(name);

	for (size_t i = 0; i < n_parts; i++)
		for (size_t j = 0; j < parts[i].table->n; j++)
			guess_offer(&g, parts[i].table->options[j].name);
	if (g.best)
		report_error(r->report, read_where(r, s),
			     "unknown option \"%.64s\" in %s; did you mean "
			     "\"%s\"?",
			     name, what, g.best);
	else
		report_error(r->report, read_where(r, s),
			     "unknown option \"%.64s\" in %s", name, what);
}

static void
report_missing(struct reader *r, const config_setting_t *block,
	       const struct table *table, const char *what)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct option *opt = &table->options[i];

		if (!opt->required ||
		    config_setting_get_member(block, opt->name))
			continue;
		if (opt->example)
			report_error(r->report, read_where(r, block),
				     "%s lacks the option \"%s\", such as "
				     "\"%s\"",
				     what, opt->name, opt->example);
		else
			report_error(r->report, read_where(r, block),
				     "%s lacks the option \"%s\"", what,
				     opt->name);
	}
}

static void
read_member(struct reader *r, const config_setting_t *s,
	    const struct part *parts, size_t n_parts, const char *what)
{
	for (size_t i = 0; i < n_parts; i++) {
		const struct option *opt =
			table_find(parts[i].table, config_setting_name(s));

		if (opt) {
			struct value v = { r, opt, s, parts[i].base };

			read_option(&v);
			return;
		}
	}
	report_unknown(r, s, parts, n_parts, what);
}

void
read_block(struct reader *r, const config_setting_t *block,
	   const struct part *parts, size_t n_parts, const char *what)
{
	int n = config_setting_length(block);

	for (int i = 0; i < n; i++)
		read_member(r, config_setting_get_elem(block, (unsigned)i),
			    parts, n_parts, what);
	for (size_t i = 0; i < n_parts; i++)
		report_missing(r, block, parts[i].table, what);
}

config_setting_t *
read_group(struct reader *r, const config_setting_t *block, const char *name)
{
	config_setting_t *s = config_setting_get_member(block, name);

	if (!s || config_setting_is_group(s))
		return s;
	read_wrong(r, s, name, "a block { ... }");
	return NULL;
}
