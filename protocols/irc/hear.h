/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_HEAR_H
#define PROTOCOLS_IRC_HEAR_H

/*
 * What people say, as events: PRIVMSG and NOTICE, CTCP ACTION (SEMANTICS 2.1
 * to 2.4). Other CTCP is answered, sparingly, or ignored; nothing of it is
 * relayed. Our own lines never come here.
 */

#include "protocols/irc/irc.h"

struct puppet;

/* Said in a channel, or to the listener's own nick. */
void irc_hear(struct view *v, const struct irc_line *line);

/* Said in the channel while we were away, and told by the server's history. */
void irc_hear_late(struct irc_channel *c, const struct irc_line *line);

/* Said to a puppet's nick, on the puppet's own connection. answers limits
 * what we say back to CTCP. */
void irc_hear_direct(struct view *v, const struct puppet *puppet,
		     struct session *s, struct throttle *answers,
		     const struct irc_line *line);

/* moment.c: TAGMSG in a channel, and to a puppet: who is writing. */
void irc_hear_tags(struct view *v, const struct irc_line *line);
void irc_hear_tags_direct(struct view *v, const struct puppet *puppet,
			  const struct irc_line *line);

#endif
