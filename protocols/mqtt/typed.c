/* SPDX-License-Identifier: MIT */
/*
 * typed.c - commands that are typed in a room: the rule that a line is about
 * is looked up, and the room hears what becomes of it.
 */

#include "protocols/mqtt/mqtt.h"

#include "bridge/base.h"
#include "bridge/str.h"
#include "conf/rules.h"
#include "protocols/mqtt/errand.h"
#include "protocols/mqtt/line.h"
#include "protocols/mqtt/order.h"

#define TEXT_BYTES 4000

bool
typed_is_spoken(const struct event *ev)
{
	return ev->kind == EVENT_MESSAGE &&
	       !(ev->flags & (EVENT_ACTION | EVENT_NOTICE | EVENT_STATED));
}

const struct conf_rule *
typed_find(const struct typed_rules *in, const char *line,
	   struct order_args *args, struct str *why)
{
	const struct conf_rule *meant = NULL;

	for (size_t i = 0; i < in->n; i++) {
		const struct conf_rule *rule = in->rules[i];
		AUTO_STR said = { 0 };

		if (!rule->is_order)
			continue;
		str_init(&said, TEXT_BYTES);
		switch (in->read(&rule->order.pattern, line, args, &said)) {
		case ORDER_YES:
			str_clear(why);
			return rule;
		case ORDER_WRONG:
			if (!meant)
				str_add(why, said.data);
			meant = rule;
			break;
		case ORDER_NO:
			break;
		}
	}
	return meant;
}

static const struct conf_rule *
find(const struct conf_rules *rules, const char *line, struct order_args *args,
     struct str *why)
{
	const struct typed_rules in = { rules->rules, rules->n,
					order_overhear };

	return typed_find(&in, line, args, why);
}

/* What is told of the past is no command; what had to wait is too late. */
bool
typed_wants(const struct conf_rules *rules, const struct event *ev)
{
	struct order_args args;
	AUTO_STR why = { 0 };

	if (!typed_is_spoken(ev) || (ev->flags & (EVENT_BACKLOG | EVENT_LATE)))
		return false;
	str_init(&why, TEXT_BYTES);
	return find(rules, ev->text.utf8, &args, &why) != NULL;
}

struct giver
typed_giver(const struct delivery *d)
{
	const struct sender *s = &d->event->sender;

	return (struct giver){
		.network = d->network,
		.id = s->id,
		.name = s->name,
		/* Who uses the gateway is who their network says. */
		.account = d->account                          ? d->account
			   : (d->event->flags & EVENT_GATEWAY) ? s->id
							       : NULL,
		.rank = d->rank,
		.when_ms = d->event->when_ms,
	};
}

void
typed_send(struct place *p, struct delivery *d)
{
	struct order_args args;
	struct order_call call = { .args = &args, .d = d };
	AUTO_STR wrong = { 0 };
	AUTO_STR typed = { 0 };

	str_init(&wrong, TEXT_BYTES);
	str_init(&typed, TEXT_BYTES);
	if (typed_is_spoken(d->event))
		call.rule = find(p->rules, d->event->text.utf8, &args, &wrong);
	line_add_data(&typed, d->event->text.utf8, d->event->text.len,
		      TYPED_BYTES);
	call.giver = typed_giver(d);
	call.reply = (struct reply){ .kind = REPLY_ROOM,
				     .place = p,
				     .typed = typed.data };
	if (call.rule && !wrong.len) {
		errand_run(p->q, &call);
		return;
	}
	if (call.rule)
		reply_say(p->q, &call.reply, wrong.data, false);
	bridge_sent(d, NULL, 0);
}

void
typed_open(struct place *p)
{
	for (size_t i = 0; i < p->rules->n; i++) {
		AUTO_STR filter = { 0 };

		if (!p->rules->rules[i]->is_order)
			continue;
		str_init(&filter, TEXT_BYTES);
		errand_filter(&filter, p->q, p->rules->rules[i]);
		if (filter.len)
			(void)place_tap(p, filter.data);
	}
}
