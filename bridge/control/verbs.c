/* SPDX-License-Identifier: MIT */
/*
 * verbs.c - the table of verbs, and the way from a line to an answer.
 */

#include "bridge/control/verbs.h"

#include "bridge/base.h"
#include "bridge/control/answer.h"
#include "bridge/control/request.h"
#include "bridge/core.h"
#include "bridge/error.h"
#include "bridge/protocol.h"
#include "bridge/str.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* ---- what they share --------------------------------------------------- */

int
verb_place(struct verb_call *call, const char *arg, struct verb_place *place)
{
	size_t len = strcspn(arg, "/:");

	if (len == 0 || len >= sizeof(place->network))
		return error_set(call->err, EINVAL,
				 "\"%s\" is neither NETWORK nor "
				 "NETWORK/CHANNEL",
				 arg);
	*place = (struct verb_place){ 0 };
	memcpy(place->network, arg, len);
	if (arg[len] != '\0' && arg[len + 1] != '\0')
		place->channel = arg + len + 1;
	place->life = bridge_net(call->bridge, place->network);
	return 0;
}

bool
verb_place_is(const struct verb_place *place, const char *network,
	      const char *channel)
{
	if (strcmp(place->network, network) != 0)
		return false;
	return !place->channel || strcasecmp(place->channel, channel) == 0;
}

void
verb_seconds(struct answer *a, const char *key, int64_t ms)
{
	if (ms < 0)
		answer_null(a, key);
	else
		answer_number(a, key, ms / 1000);
}

const char *
verb_channel_name(int kind, const char *name)
{
	return kind == CHANNEL_DIRECT ? "(private)" : name;
}

int
verb_no_database(struct verb_call *call)
{
	return error_set(call->err, EIO, "the database cannot be read");
}

/* ---- the table --------------------------------------------------------- */

static int
verb_help(struct verb_call *call)
{
	struct answer *a = call->out;

	answer_array(a, "verbs");
	for (const struct verb *v = verbs; v->name; v++) {
		answer_object(a, NULL);
		answer_text(a, "verb", v->name);
		answer_text(a, "args", v->args);
		answer_text(a, "help", v->help);
		answer_end(a);
	}
	answer_end(a);
	return 0;
}

/* clang-format off */
const struct verb verbs[] = {
	{ "status", "", "The networks and channels, their state, and how much "
	  "waits for them.", 0, 0, verb_status },
	{ "queue", "[NETWORK[/CHANNEL]]", "The messages that wait, since when "
	  "and why.", 0, 1, verb_queue },
	{ "retry", "[NETWORK[/CHANNEL]]", "Try at once what waits for its time "
	  "after a failure.", 0, 1, verb_retry },
	{ "reload", "", "Read the configuration anew, and go on with what is "
	  "different in it; if anything is wrong, nothing changes.", 0, 0,
	  verb_reload },
	{ "trace", "MESSAGE", "Where a message came from and what became of it "
	  "everywhere; by its number, or by an id on any network.", 1, 1,
	  verb_trace },
	{ "help", "", "These verbs.", 0, 0, verb_help },
	{ 0 },
};
/* clang-format on */

static const struct verb *
verb_find(const char *name)
{
	for (const struct verb *v = verbs; v->name; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

/* ---- answering --------------------------------------------------------- */

static int
run(struct verb_call *call, const struct request *r)
{
	const struct verb *v = r->n ? verb_find(r->words[0]) : NULL;

	if (r->n == 0)
		return error_set(call->err, EINVAL,
				 "nothing was asked; try \"help\"");
	if (!v)
		return error_set(call->err, EINVAL,
				 "unknown verb \"%.40s\"; try \"help\"",
				 r->words[0]);
	call->args = r->words + 1;
	call->n_args = r->n - 1;
	if (call->n_args < v->min || call->n_args > v->max)
		return error_set(call->err, EINVAL, "usage: %s%s%s", v->name,
				 *v->args ? " " : "", v->args);
	return v->run(call);
}

void
verbs_refuse(const char *why, struct str *out)
{
	struct answer a;

	str_clear(out);
	answer_init(&a, out);
	answer_object(&a, NULL);
	answer_bool(&a, "ok", false);
	answer_text(&a, "error", why);
	answer_end(&a);
	str_add_char(out, '\n');
}

void
verbs_answer(struct bridge *bridge, const char *line, size_t len,
	     struct str *out)
{
	struct error err = { "" };
	struct answer a;
	struct request r;
	struct verb_call call = { .bridge = bridge, .out = &a, .err = &err };
	const char *wrong = request_parse(&r, line, len);
	int rc;

	if (wrong) {
		verbs_refuse(wrong, out);
		return;
	}
	answer_init(&a, out);
	answer_object(&a, NULL);
	answer_bool(&a, "ok", true);
	rc = run(&call, &r);
	answer_end_all(&a);
	str_add_char(out, '\n');
	if (rc < 0)
		verbs_refuse(err.text, out);
	else if (str_overflowed(out))
		verbs_refuse("the answer is too long; ask for less", out);
}
