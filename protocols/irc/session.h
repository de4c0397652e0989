/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_SESSION_H
#define PROTOCOLS_IRC_SESSION_H

/*
 * One connection to an IRC server, from dialling to goodbye: the socket, the
 * registration, the watchdog and the pace. What the lines mean is its owner's
 * affair.
 *
 *     IDLE -> DIALLING -> REGISTERING -> UP -> CLOSING -> IDLE
 *                                     ops.up()         ops.down()
 *
 * Every start ends in exactly one ops.down(), which is never called from
 * inside a function of this header: it comes by itself, later. So an owner
 * may stop or fail a session at any time, also from ops.line().
 *
 * Pace. After registration every command goes through a bucket of
 * conf->burst lines that refills one each conf->interval_ms; what does not
 * fit waits in one of two queues: what people said, and what has time (JOIN,
 * WHO), of which one line goes for each few of the other. Only PONG and QUIT
 * overtake.
 *
 * Watchdog. The server is sent a PING each conf->ping_s, and is dead when none
 * has been answered for conf->timeout_s (see bridge/pulse.h). Connections that
 * nobody listens to are asked more seldom: what they say has a PING of its own
 * behind it (confirm.c).
 */

#include "bridge/gate.h"
#include "bridge/loop.h"
#include "bridge/pulse.h"
#include "protocols/irc/dial.h"
#include "protocols/irc/line.h"
#include "protocols/irc/register.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bufferevent;
struct conf_irc;
struct conf_server;
struct queued;

/* What the sessions of one network share. The owner fills in the first part
 * and keeps it alive longer than they are. */
struct wire {
	struct loop *loop;
	const struct conf_irc *conf;
	struct irc_tls *tls; /* NULL: plain */
	const char *where;   /* network's label, for the log */
	unsigned server;     /* index of the one in use */

	/* The line being handled, as it came, without its end. */
	const char *bytes;
	size_t len;

	/* private: the same, read; too big for one per session */
	struct irc_line line;
};

/* The one in use, and the way to it. */
const struct conf_server *wire_server(const struct wire *wire);
struct gate_way wire_way(const struct wire *wire);

/* How the configuration would have us go there. */
struct irc_route wire_route(const struct wire *wire);

enum session_end {
	SESSION_CLOSED,      /* we stopped it */
	SESSION_LOST,        /* it broke */
	SESSION_UNREACHABLE, /* it never came up, or was turned away for now */
	SESSION_REFUSED,     /* banned, wrong password: pointless to insist */
};

struct session_ops {
	/* Registered; session->nick is ours now. */
	void (*up)(void *owner);

	/* A line while UP; only valid until this returns. */
	void (*line)(void *owner, const struct irc_line *line);

	/* A line with a cookie has left the queue for the socket. */
	void (*written)(void *owner, void *cookie);

	/* It is IDLE again. The owner may start it anew or finish it. */
	void (*down)(void *owner, enum session_end end, const char *text);
};

enum session_state {
	SESSION_IDLE,
	SESSION_DIALLING,
	SESSION_REGISTERING,
	SESSION_UP,
	SESSION_CLOSING,
};

struct session {
	enum session_state state;
	char nick[64];     /* ours, as the server writes it */
	char *user, *host; /* of our own prefix; NULL until known */
	unsigned caps;     /* enum irc_cap: granted */
	size_t n_queued;
	unsigned refused;  /* the numeric that ended the registration; or 0 */
	bool login_failed; /* SASL ended it */

	/*
	 * For the owner to set: it is listened to, so acknowledge at once what
	 * is read, and notice soon when nothing comes any more. Servers
	 * that leave Nagle's algorithm on hold each next line back until the
	 * one before is acknowledged, which takes Linux up to 40 ms where
	 * nothing is sent the other way.
	 */
	bool hurried;
	bool hears;       /* for the bridge: it is always in a hurry */
	bool one_of_many; /* a ban may be of this one alone */
	unsigned burst;   /* lines at once, where less than conf->burst; or 0 */
	const char *charset_in;  /* of what is not UTF-8; NULL: conf->charset */
	const char *charset_out; /* to write in; NULL: UTF-8 */

	struct irc_route route; /* the one that it took */

	/* private */
	const struct session_ops *ops;
	void *owner;
	struct wire *wire;
	struct irc_dial *dial;
	struct bufferevent *bev;
	struct irc_register *reg; /* NULL when IDLE */
	struct irc_framer framer;
	struct timer watch, pace;
	struct queue {
		struct queued *first, **end;
	} queues[2]; /* [1]: what has time */
	unsigned turn;
	int64_t heard_ms; /* when anything was read last */
	struct pulse pulse;
	int64_t full_ms; /* when the bucket will be full again */
	bool ended;      /* down() is on its way */
	enum session_end how;
	char *why;
	char *last_error; /* text of the server's ERROR, or NULL */
};

void session_init(struct session *s, struct wire *wire,
		  const struct session_ops *ops, void *owner);

/* Drops the connection, if any, without ops.down(). */
void session_finish(struct session *s);

/*
 * Begin. Only when IDLE. The strings of both, and what the route points to,
 * must live until it is IDLE.
 */
void session_start(struct session *s, const struct irc_identity *identity,
		   const struct irc_route *route);

/* The charset to read in what came on it and is not UTF-8. */
const char *session_charset(const struct session *s);

/*
 * Say QUIT, drop what is queued, and end as SESSION_CLOSED when the server
 * hung up or after a second. Does nothing when IDLE.
 */
void session_stop(struct session *s, const char *reason);

/* End it now, in this way. Does nothing when IDLE. */
void session_fail(struct session *s, enum session_end how, const char *why);

/*
 * Send a command when its turn comes; middles, then a trailing parameter,
 * then NULL. False if it cannot be written as a line, or if the session is
 * not up, or if too much is waiting.
 */
bool session_send(struct session *s, const char *command, ...)
	__attribute__((sentinel));

/* The same for what has time. */
bool session_send_idly(struct session *s, const char *command, ...)
	__attribute__((sentinel));

/* As session_send(), for a line that was made elsewhere, CR LF included. cookie
 * is handed to ops.written() if not NULL. */
bool session_queue(struct session *s, const struct str *wire, void *cookie);

/* Forget the lines with this cookie that have not been written. */
void session_forget(struct session *s, const void *cookie);

/* True if nothing waits but what has time. */
bool session_has_said_all(const struct session *s);

/* Its socket, or -1. */
int session_fd(const struct session *s);

/* True if nick is the one this session goes by. */
bool session_is_own(const struct session *s, const char *nick);

#endif
