/* SPDX-License-Identifier: MIT */
/*
 * ask.c - what people ask devices, and tell them: by a message, or by a form
 * that is made of the pattern of the command. What was filled in becomes the
 * line that could have been typed, so that one reader judges both.
 */

#include "protocols/mqtt/device.h"

#include "bridge/base.h"
#include "bridge/str.h"
#include "protocols/mqtt/errand.h"
#include "protocols/mqtt/line.h"
#include "protocols/mqtt/mqtt.h"
#include "protocols/mqtt/order.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TEXT_BYTES 4000
#define STATUS "status"

/* ---- by a message -------------------------------------------------------- */

static void
add_help(struct str *out, const struct device *d)
{
	str_add(out, "say \"" STATUS "\" to hear how I am");
	for (size_t i = 0; i < d->conf->n_orders; i++)
		str_printf(out, "%s\"%s\"", i ? ", " : ", or tell me ",
			   d->conf->orders[i]->order.pattern.text);
}

/* Asked for nothing that needs permission, or in wrong words. */
static void
add_answer(struct str *out, const struct device *d, const char *asked,
	   const struct str *wrong)
{
	if (strcasecmp(asked, STATUS) == 0)
		device_status(out, d);
	else if (wrong->len)
		str_add(out, wrong->data);
	else
		add_help(out, d);
}

/* In words that are meant to be answered. */
static bool
is_question(const struct delivery *dl)
{
	return dl->network && typed_is_spoken(dl->event);
}

void
ask_send(struct mqtt *q, struct delivery *dl)
{
	struct device *d = device_named(q, dl->channel->name);
	const char *asked = dl->event->text.utf8;
	struct typed_rules in = { .read = order_read };
	struct order_args args;
	struct order_call call = { .args = &args, .d = dl };
	AUTO_STR wrong = { 0 };
	AUTO_STR text = { 0 };

	if (!d) {
		bridge_refused(dl, "there is no such device");
		return;
	}
	if (!is_question(dl)) {
		bridge_sent(dl, NULL, 0);
		return;
	}
	str_init(&wrong, TEXT_BYTES);
	str_init(&text, TEXT_BYTES);
	in.rules = d->conf->orders;
	in.n = d->conf->n_orders;
	call.rule = typed_find(&in, asked, &args, &wrong);
	call.giver = typed_giver(dl);
	call.reply = (struct reply){ .kind = REPLY_PERSON,
				     .device = d->name,
				     .network = dl->network,
				     .id = dl->event->sender.id };
	if (call.rule && !wrong.len) {
		errand_run(q, &call);
		return;
	}
	add_answer(&text, d, asked, &wrong);
	reply_say(q, &call.reply, text.data, true);
	bridge_sent(dl, NULL, 0);
}

/* ---- by a form ----------------------------------------------------------- */

static struct device *
device_at(struct mqtt *q, const struct command_place *place)
{
	return place->kind == PLACE_PERSON && place->name
		       ? device_named(q, place->name)
		       : NULL;
}

void
ask_each_command(struct mqtt *q, const struct command_place *place,
		 void (*fn)(void *arg, const struct command *command),
		 void *arg)
{
	const struct device *d = device_at(q, place);
	struct command c = { STATUS, "How it is", AT_PLACE(PLACE_PERSON),
			     false };

	if (!d)
		return;
	fn(arg, &c);
	for (size_t i = 0; i < d->conf->n_orders; i++) {
		c.name = d->conf->orders[i]->name;
		c.label = d->conf->orders[i]->order.pattern.text;
		fn(arg, &c);
	}
}

static const struct conf_rule *
order_named(const struct device *d, const char *name)
{
	for (size_t i = 0; i < d->conf->n_orders; i++)
		if (strcmp(d->conf->orders[i]->name, name) == 0)
			return d->conf->orders[i];
	return NULL;
}

static bool
is_param(const struct conf_word *word)
{
	return word->kind != WORD_LITERAL;
}

/* Parameters go by their numbers. */
static void
key_of(char key[12], unsigned n)
{
	(void)snprintf(key, 12, "%u", n);
}

/* What stands before a parameter is what it is about. */
static void
add_field(struct request *r, const struct conf_pattern *pattern, size_t i,
	  unsigned n)
{
	const struct conf_word *word = &pattern->words[i];
	struct choice choices[CHOICES_MAX];
	char key[12];
	char label[120];
	struct field field = { .key = key,
			       .kind = SETTING_TEXT,
			       .label = label,
			       .required = true };

	key_of(key, n);
	(void)snprintf(label, sizeof(label), "%.60s",
		       i && !is_param(&pattern->words[i - 1])
			       ? pattern->words[i - 1].text
			       : "Value");
	if (word->kind == WORD_NUMBER)
		(void)snprintf(label + strlen(label),
			       sizeof(label) - strlen(label), " (%g to %g)",
			       word->min, word->max);
	for (size_t k = 0; word->kind == WORD_CHOICE && k < word->n_choices;
	     k++)
		choices[k] = (struct choice){ word->choices[k], NULL };
	if (word->kind == WORD_CHOICE) {
		field.kind = SETTING_CHOICE;
		field.choices = choices;
		field.n_choices = word->n_choices;
	}
	request_field(r, &field);
}

static void
ask_for(struct request *r, const struct conf_pattern *pattern)
{
	unsigned n = 0;

	for (size_t i = 0; i < pattern->n; i++)
		if (is_param(&pattern->words[i]))
			add_field(r, pattern, i, ++n);
	request_ask(r, pattern->text, "");
}

/* False if one of the parameters was not filled in. */
static bool
add_line(struct str *out, struct request *r, const struct conf_pattern *pattern)
{
	unsigned n = 0;

	for (size_t i = 0; i < pattern->n; i++) {
		const struct conf_word *word = &pattern->words[i];
		const char *text = word->text;
		char key[12];

		if (is_param(word)) {
			key_of(key, ++n);
			text = request_value(r, key);
		}
		if (!text || !*text)
			return false;
		str_printf(out, "%s%s", i ? " " : "", text);
	}
	return !str_overflowed(out);
}

static struct giver
giver_of(struct mqtt *q, const struct request *r)
{
	const struct address *who = request_who(r);

	return (struct giver){ .network = who->network,
			       .id = who->id,
			       .name = who->id,
			       .account = who->id, /* the door knows them */
			       .when_ms = loop_wall_ms(q->loop) };
}

static void
run(struct mqtt *q, struct request *r, const struct conf_rule *rule)
{
	struct order_args args;
	const struct order_call call = {
		.rule = rule,
		.args = &args,
		.giver = giver_of(q, r),
		.reply = { .kind = REPLY_FORM, .request = r },
	};
	AUTO_STR line = { 0 };
	AUTO_STR wrong = { 0 };

	str_init(&line, TEXT_BYTES);
	str_init(&wrong, TEXT_BYTES);
	if (!add_line(&line, r, &rule->order.pattern))
		request_deny(r, DENIED_VALUE, "something is not filled in");
	else if (order_read(&rule->order.pattern, line.data, &args, &wrong) ==
		 ORDER_YES)
		errand_run(q, &call);
	else
		request_deny(r, DENIED_VALUE,
			     wrong.len ? wrong.data : rule->order.pattern.text);
}

void
ask_command(struct mqtt *q, struct request *r)
{
	const struct device *d = device_at(q, request_place(r));
	const char *name = request_command(r)->name;
	const struct conf_rule *rule = d ? order_named(d, name) : NULL;
	AUTO_STR text = { 0 };

	if (d && !rule && strcmp(name, STATUS) == 0) {
		str_init(&text, TEXT_BYTES);
		device_status(&text, d);
		request_done(r, text.data);
	} else if (!rule) {
		request_refuse(r, "there is no such device any more");
	} else if (request_is_fresh(r) && rule->order.pattern.n_params) {
		ask_for(r, &rule->order.pattern);
	} else {
		run(q, r, rule);
	}
}
