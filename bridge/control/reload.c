/* SPDX-License-Identifier: MIT */
/*
 * reload.c - the verb "reload": the configuration is read anew.
 */

#include "bridge/control/verbs.h"

#include "bridge/base.h"
#include "bridge/control/answer.h"
#include "bridge/core.h"
#include "bridge/error.h"
#include "bridge/str.h"

#include <errno.h>
#include <string.h>

int
verb_reload(struct verb_call *call)
{
	struct bridge *bridge = call->bridge;
	AUTO_STR said = { 0 };
	char *text;
	char *line;

	if (!bridge->reloads)
		return error_set(call->err, ENOTSUP,
				 "this bridge was not made from a file");
	str_init(&said, ANSWER_MAX / 2);
	if (bridge->reloads(bridge->reloads_arg, &said) < 0)
		/* The log has all of it. */
		return error_set(call->err, EINVAL, "nothing was changed: %.*s",
				 (int)strcspn(said.data, "\n"), said.data);
	answer_array(call->out, "said");
	text = said.data;
	while ((line = strsep(&text, "\n")) && text)
		answer_text(call->out, NULL, line);
	answer_end(call->out);
	return 0;
}
