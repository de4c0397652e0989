/* SPDX-License-Identifier: MIT */
/* marks.c - which reactions stand, of one person on one message. */

#include "bridge/core.h"
#include "bridge/log.h"
#include "bridge/protocol.h"
#include "bridge/store.h"
#include "mappings/messages.h"

#include <stdint.h>

void
bridge_marks(struct network *net, const struct event *ev,
	     void (*fn)(void *arg, const char *mark), void *arg)
{
	const struct marked what = {
		.channel = ev->channel,
		.sender_id = ev->sender.id,
		.target = ev->target,
		.before = ev->number ? ev->number : INT64_MAX,
		.removed = EVENT_REMOVED,
	};

	if (ev->channel && ev->target &&
	    marks_standing(store_reader(net->bridge->store), &what, fn, arg) <
		    0)
		log_error("store", "reactions cannot be read; one that stands "
				   "may be taken for a new one");
}
