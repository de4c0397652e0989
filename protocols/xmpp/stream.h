/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_STREAM_H
#define PROTOCOLS_XMPP_STREAM_H

/*
 * One component stream (XEP-0114): libstrophe hosted in our loop.
 *
 * stream_start() resolves and connects; then up() is called once the server
 * has let us in, stanza() for every stanza, ask() when it is time for a sign
 * of life, and down() exactly once at the end, whatever the reason. From
 * down() the stream may be started again or freed.
 *
 * libstrophe must not be entered from its own handlers. So stream_send() and
 * stream_stop() only queue, and may be called from anywhere; the work is done
 * in a deferred call.
 *
 * SIGPIPE must be ignored by the process: libstrophe writes without
 * MSG_NOSIGNAL.
 */

#include "bridge/protocol.h"

#include <strophe.h>

#include <stdbool.h>

struct conf_xmpp;
struct loop;
struct stream;

/* How a stanza begins. */
struct first_tag {
	const char *name; /* "message" */
	const char *from, *to, *type;
};

struct stream_ops {
	void (*up)(void *arg);
	/* Provoke an answer; stream_answered() says that it came. */
	void (*ask)(void *arg);
	/* Called at the first tag of a stanza, before any work is done for the
	 * rest. False: nobody will look at it. What is not there is "". */
	bool (*wants)(void *arg, const struct first_tag *tag);
	/* st is borrowed for the duration of the call. */
	void (*stanza)(void *arg, xmpp_stanza_t *st);
	void (*down)(void *arg, enum down_reason why, const char *text);
	/* What stream_is_full() said is true no more. Only called while up. */
	void (*drained)(void *arg);
};

/* where: for log lines. conf, where and ops outlive the stream. */
struct stream *stream_new(struct loop *loop, const struct conf_xmpp *conf,
			  const char *where, const struct stream_ops *ops,
			  void *arg);

/* Accepts NULL. Also releases a stream that is up, without a word. */
void stream_free(struct stream *s);

void stream_start(struct stream *s);

/*
 * Close the stream once what is queued was handed to the kernel; down()
 * follows within a second.
 */
void stream_stop(struct stream *s);

/*
 * The server has answered what ask() made it answer. If that does not happen
 * in time the stream is dead, whatever else comes in (bridge/pulse.h).
 */
void stream_answered(struct stream *s);

/* What the builders of stanza.h need. */
xmpp_ctx_t *stream_ctx(const struct stream *s);

/*
 * Queue a stanza. Takes the caller's reference. The only way out: a stanza
 * whose from is not of our domain would make the server close the stream for
 * everybody (FAULTS F8), so it is logged as our bug and dropped. Dropped, too,
 * when the stream is not up.
 */
void stream_send(struct stream *s, xmpp_stanza_t *st);

/*
 * True if more than STREAM_ROOM bytes wait for the server to take them. Who
 * has much to say that is in no hurry then waits for drained(), so that what
 * others say does not come behind all of it.
 */
#define STREAM_ROOM (256 * 1024)
bool stream_is_full(struct stream *s);

#endif
