/* SPDX-License-Identifier: MIT */
/* form.c - forms; see form.h. */

#include "protocols/xmpp/form.h"

#include "bridge/base.h"

#include <string.h>

/* ---- building ------------------------------------------------------------ */

xmpp_stanza_t *
form_add(xmpp_stanza_t *parent, const char *type, const char *title,
	 const char *instructions)
{
	xmpp_stanza_t *form = stanza_add(parent, "x", NS_DATA);

	stanza_attr(form, "type", type);
	if (title)
		stanza_add_text(form, "title", NULL, title);
	if (instructions && *instructions)
		stanza_add_text(form, "instructions", NULL, instructions);
	return form;
}

static xmpp_stanza_t *
add_field(xmpp_stanza_t *form, const char *var, const char *type)
{
	xmpp_stanza_t *st = stanza_add(form, "field", NULL);

	stanza_attr(st, "var", var);
	if (type)
		stanza_attr(st, "type", type);
	return st;
}

void
form_add_type(xmpp_stanza_t *form, const char *ns)
{
	stanza_add_text(add_field(form, "FORM_TYPE", "hidden"), "value", NULL,
			ns);
}

void
form_add_value(xmpp_stanza_t *form, const char *var, const char *value)
{
	stanza_add_text(add_field(form, var, NULL), "value", NULL, value);
}

static void
add_lines(xmpp_stanza_t *st, const char *text)
{
	AUTO_STR line = { 0 };

	str_init(&line, FORM_VALUE_MAX);
	while (*text) {
		size_t len = strcspn(text, "\n");

		str_clear(&line);
		str_add_n(&line, text, len);
		stanza_add_text(st, "value", NULL, line.data);
		text += len;
		text += *text == '\n';
	}
}

static void
add_choices(xmpp_stanza_t *st, const struct field *field)
{
	for (size_t i = 0; i < field->n_choices; i++) {
		xmpp_stanza_t *option = stanza_add(st, "option", NULL);

		stanza_attr(option, "label", field->choices[i].label);
		stanza_add_text(option, "value", NULL, field->choices[i].value);
	}
}

void
form_add_field(xmpp_stanza_t *form, const struct field *field)
{
	static const char *const types[] = {
		[SETTING_TEXT] = "text-single",
		[SETTING_LINES] = "text-multi",
		[SETTING_SECRET] = "text-private",
		[SETTING_YES_NO] = "boolean",
		[SETTING_NUMBER] = "text-single",
		[SETTING_CHOICE] = "list-single",
		[SETTING_CHOICES] = "list-multi",
	};
	xmpp_stanza_t *st = add_field(form, field->key, types[field->kind]);

	stanza_attr(st, "label", field->label);
	if (field->doc)
		stanza_add_text(st, "desc", NULL, field->doc);
	if (field->required)
		(void)stanza_add(st, "required", NULL);
	if (field->value && field->kind != SETTING_SECRET)
		add_lines(st, field->value);
	add_choices(st, field);
}

/* ---- reading ------------------------------------------------------------- */

static bool
is_of_type(xmpp_stanza_t *form, const char *ns)
{
	AUTO_STR type = { 0 };

	str_init(&type, 256);
	return !ns || (form_read(&type, form, "FORM_TYPE") && type.data &&
		       !strcmp(type.data, ns));
}

xmpp_stanza_t *
form_submitted(xmpp_stanza_t *st, const char *ns, bool *cancelled)
{
	xmpp_stanza_t *form = stanza_child(st, "x", NS_DATA);

	if (cancelled)
		*cancelled = form && stanza_has_type(form, "cancel");
	if (!form || !stanza_has_type(form, "submit"))
		return NULL;
	return is_of_type(form, ns) ? form : NULL;
}

static xmpp_stanza_t *
find(xmpp_stanza_t *form, const char *var)
{
	xmpp_stanza_t *st = xmpp_stanza_get_children(form);
	size_t n = 0;

	for (; st && n < 2 * FORM_FIELDS_MAX; st = xmpp_stanza_get_next(st)) {
		if (!stanza_is(st, "field"))
			continue;
		if (strcmp(stanza_get(st, "var"), var) == 0)
			return st;
		n++;
	}
	return NULL;
}

bool
form_read(struct str *out, xmpp_stanza_t *form, const char *var)
{
	xmpp_stanza_t *field = find(form, var);
	xmpp_stanza_t *st = field ? xmpp_stanza_get_children(field) : NULL;
	size_t n = 0;

	for (; st; st = xmpp_stanza_get_next(st)) {
		if (!stanza_is(st, "value"))
			continue;
		if (n++)
			str_add_char(out, '\n');
		stanza_read_text(out, st);
	}
	return field != NULL;
}

static const char *
read_boolean(struct str *out)
{
	const char *value = out->len ? out->data : "";
	bool yes = !strcmp(value, "1") || !strcmp(value, "true");

	if (!yes && *value && strcmp(value, "0") && strcmp(value, "false"))
		return "that is neither yes nor no";
	if (!*value)
		return NULL;
	str_clear(out);
	str_add(out, yes ? "true" : "false");
	return NULL;
}

static bool
is_choice(const struct field *field, const char *value, size_t len)
{
	for (size_t i = 0; i < field->n_choices; i++) {
		const char *choice = field->choices[i].value;

		if (strlen(choice) == len && !strncmp(choice, value, len))
			return true;
	}
	return false;
}

static const char *
check_choices(const struct field *field, const char *values)
{
	while (*values) {
		size_t len = strcspn(values, "\n");

		if (!is_choice(field, values, len))
			return "that is not one of the choices";
		values += len;
		if (*values && field->kind == SETTING_CHOICE)
			return "only one can be chosen";
		values += *values == '\n';
	}
	return NULL;
}

const char *
form_read_field(struct str *out, xmpp_stanza_t *form, const struct field *field,
		bool *given)
{
	const char *value;

	*given = form_read(out, form, field->key);
	if (str_overflowed(out))
		return "that is too long";
	value = out->len ? out->data : "";
	if (field->required && !*value)
		return "this is needed";
	switch (field->kind) {
	case SETTING_YES_NO:
		return read_boolean(out);
	case SETTING_NUMBER:
		return value[strspn(value, "0123456789")] ? "that is no number"
							  : NULL;
	case SETTING_CHOICE:
	case SETTING_CHOICES:
		return check_choices(field, value);
	case SETTING_TEXT:
	case SETTING_SECRET:
		return strpbrk(value, "\r\n") ? "that is more than one line"
					      : NULL;
	case SETTING_LINES:
		break;
	}
	return NULL;
}
