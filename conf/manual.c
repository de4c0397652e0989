/* SPDX-License-Identifier: MIT */
/* manual.c - the option tables as scdoc. */

#include "conf/conf.h"

#include "bridge/base.h"
#include "bridge/str.h"

#include "conf/schema.h"
#include "conf/valid.h"

#include <string.h>

/* What scdoc would take for markup. */
static void
add_escaped(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\*_`<>[]|:#~.-", *text))
			str_add_char(out, '\\');
		str_add_char(out, *text);
	}
}

static void
add_words(struct str *out, const struct option_word *words)
{
	for (const struct option_word *w = words; w->name; w++) {
		str_add(out, w == words ? ": " : ", ");
		add_escaped(out, w->name);
	}
}

static void
add_range(struct str *out, const struct option *opt)
{
	if (opt->type == OPTION_COUNT) {
		str_printf(out, ", %u to %u", opt->min, opt->max);
	} else if (opt->type == OPTION_SECONDS ||
		   opt->type == OPTION_MILLISECONDS) {
		int64_t unit = opt->type == OPTION_SECONDS ? 1000 : 1;

		str_add(out, ", ");
		duration_format(out, opt->min * unit);
		str_add(out, " to ");
		duration_format(out, opt->max * unit);
	}
}

static void
add_value(struct str *out, const struct option *opt)
{
	if (opt->words && opt->type == OPTION_BLOCK)
		str_add(out, "word");
	else
		str_add(out, option_type_name(opt->type));
	if (opt->words)
		add_words(out, opt->words);
	add_range(out, opt);
	if (opt->type != OPTION_PRESET)
		return;
	for (const struct preset *p = presets; p->name; p++)
		str_printf(out, "%s%s", p == presets ? ": " : ", ", p->name);
}

static void
add_default(struct str *out, const struct option *opt)
{
	if (opt->required)
		str_add(out, "must be given");
	else if (opt->fallback_note)
		add_escaped(out, opt->fallback_note);
	else if (opt->type == OPTION_KINDS)
		add_escaped(out, opt->fallback);
	else if (opt->fallback)
		add_escaped(out, opt->fallback);
	else
		str_add(out, "none");
}

static void
add_option(struct str *out, const struct option *opt)
{
	str_add(out, "|  *");
	add_escaped(out, opt->name);
	str_add(out, "*\n:  ");
	add_value(out, opt);
	str_add(out, "\n:  ");
	add_default(out, opt);
	str_add(out, "\n:  ");
	add_escaped(out, opt->doc);
	str_add(out, "\n");
}

void
conf_manual(struct str *out)
{
	for (const struct table *const *t = tables; *t; t++) {
		str_printf(out, "## %s\n\n%s\n\n", (*t)->title, (*t)->intro);
		str_add(out, "[[ *Option*\n:< *Value*\n:< *Default*\n"
			     ":< *Meaning*\n");
		for (size_t i = 0; i < (*t)->n; i++)
			add_option(out, &(*t)->options[i]);
		str_add(out, "\n");
	}
}
