/* SPDX-License-Identifier: MIT */
/*
 * verbs.c - the table of verbs, and the way from a line to an answer.
 */

#include "bridge/control/verbs.h"

#include "bridge/base.h"
#include "bridge/control/json.h"
#include "bridge/control/request.h"
#include "bridge/core.h"
#include "bridge/error.h"
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
verb_seconds(struct json *j, const char *key, int64_t ms)
{
	if (ms < 0)
		json_null(j, key);
	else
		json_number(j, key, ms / 1000);
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
	struct json *j = call->out;

	json_array(j, "verbs");
	for (const struct verb *v = verbs; v->name; v++) {
		json_object(j, NULL);
		json_text(j, "verb", v->name);
		json_text(j, "args", v->args);
		json_text(j, "help", v->help);
		json_end(j);
	}
	json_end(j);
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
	struct json j;

	str_clear(out);
	json_init(&j, out);
	json_object(&j, NULL);
	json_bool(&j, "ok", false);
	json_text(&j, "error", why);
	json_end(&j);
	str_add_char(out, '\n');
}

void
verbs_answer(struct bridge *bridge, const char *line, size_t len,
	     struct str *out)
{
	struct error err = { "" };
	struct json j;
	struct request r;
	struct verb_call call = { .bridge = bridge, .out = &j, .err = &err };
	const char *wrong = request_parse(&r, line, len);
	int rc;

	if (wrong) {
		verbs_refuse(wrong, out);
		return;
	}
	json_init(&j, out);
	json_object(&j, NULL);
	json_bool(&j, "ok", true);
	rc = run(&call, &r);
	json_end_all(&j);
	str_add_char(out, '\n');
	if (rc < 0)
		verbs_refuse(err.text, out);
	else if (str_overflowed(out))
		verbs_refuse("the answer is too long; ask for less", out);
}
