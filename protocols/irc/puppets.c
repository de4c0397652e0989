/* SPDX-License-Identifier: MIT */
/*
 * puppets.c - the connections of the puppets.
 *
 * A puppet has one connection and a seat (seats.c) in each channel where the
 * bridge wants it. Connections are made one after the other,
 * conf->puppet_connect_ms apart, and again with back-off when they break.
 *
 * A connection outlives its last seat for a while when the listener lost the
 * channel: the puppet is still in there, and will be asked for again as soon
 * as the listener is back.
 */

#include "protocols/irc/puppet.h"

#include "bridge/base.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "conf/conf.h"
#include "protocols/irc/hear.h"

#include <stdlib.h>
#include <string.h>

#define BACKOFF_MIN_MS 10000
#define ACCOUNT_BACKOFF_MS 2000 /* somebody sits there and waits */
#define BACKOFF_MAX_MS 300000
#define LINGER_MS 120000
#define GHOST_MS 300000 /* until the server has given up what broke */
#define LOOK_AGAIN_MS 10000
#define CONNECTING_MAX 256 /* at a time */
#define NICK_TRIES 4
#define WORDS_MAX 1024
#define PUPPET_CAPS                                                   \
	(IRC_CAP_SERVER_TIME | IRC_CAP_MESSAGE_TAGS | IRC_CAP_BATCH | \
	 IRC_CAP_ECHO_MESSAGE | IRC_CAP_LABELED_RESPONSE |            \
	 IRC_CAP_ACCOUNT_TAG | IRC_CAP_CHGHOST)
/* An account may have to hear for others. */
#define ACCOUNT_CAPS                                                    \
	(PUPPET_CAPS | IRC_CAP_ACCOUNT_NOTIFY | IRC_CAP_EXTENDED_JOIN | \
	 IRC_CAP_AWAY_NOTIFY | IRC_CAP_SETNAME | IRC_CAP_MULTI_PREFIX | \
	 IRC_CAP_USERHOST_IN_NAMES | IRC_CAP_EXTENDED_MONITOR)

/* ---- finding ------------------------------------------------------- */

/* Of both words one key; a label of a network holds no space. */
char *
irc_person_key(const char *origin, const char *sender_id)
{
	AUTO_STR key = { 0 };

	str_init(&key, strlen(origin) + strlen(sender_id) + 2);
	str_printf(&key, "%s %s", origin, sender_id);
	return str_take(&key);
}

struct irc_puppet *
irc_puppet_of(struct irc *irc, const char *origin, const char *sender_id)
{
	char *key = irc_person_key(origin, sender_id);
	struct irc_puppet *p = NULL;

	HASH_FIND(by_person, irc->puppets_by_person, key, strlen(key), p);
	free(key);
	return p;
}

struct speaker *
irc_puppet_speaker(struct occupant *o)
{
	struct irc_puppet *p = o->puppet->data;

	return p && p->session.state == SESSION_UP ? &p->speaker : NULL;
}

struct session *
irc_puppet_session(struct irc_puppet *p)
{
	return p->session.state == SESSION_UP ? &p->session : NULL;
}

struct speaker *
irc_puppet_speaks(struct irc_puppet *p)
{
	return &p->speaker;
}

bool
irc_puppet_is_account(const struct irc_puppet *p)
{
	return p->account;
}

/* ---- making and freeing -------------------------------------------- */

/* No occupant is left: the bridge may free its puppet now. */
static void
detach_if_unwanted(struct irc_puppet *p)
{
	for (struct seat *seat = p->seats; seat; seat = seat->next)
		if (seat->occupant)
			return;
	if (p->puppet)
		p->puppet->data = NULL;
	p->puppet = NULL;
}

static void
puppet_free(struct irc_puppet *p)
{
	struct irc *irc = p->irc;

	if (p->puppet)
		p->puppet->data = NULL;
	irc_tasks_drop(p);
	irc_list_drop(p);
	irc_raw_drop(p);
	while (p->seats)
		irc_seat_free(p, p->seats);
	irc_nick_retire(p);
	timer_stop(&p->linger);
	timer_stop(&p->speaker.barrier_timer);
	session_finish(&p->session);
	if (p->prev)
		p->prev->next = p->next;
	else
		irc->puppets = p->next;
	if (p->next)
		p->next->prev = p->prev;
	HASH_DELETE(by_person, irc->puppets_by_person, p);
	free(p->person);
	free(p->origin);
	free(p->sender_id);
	free(p->want);
	free(p->nick);
	free(p->user);
	free(p->realname);
	free(p->away);
	free(p->goodbye);
	free(p->farewell);
	irc_account_free(p);
	str_finish(&p->motd);
	free(p);
}

/* ---- names --------------------------------------------------------- */

static void
replace(char **field, char *value)
{
	free(*field);
	*field = value;
}

/* ---- connecting ---------------------------------------------------- */

static bool
is_wanted(const struct irc_puppet *p)
{
	return p->puppet && !p->goodbye;
}

static void
connect_now(struct irc_puppet *p)
{
	struct irc *irc = p->irc;
	struct irc_route route = wire_route(&irc->wire);
	struct irc_identity identity;

	replace(&p->nick, irc_persona_nick(p, 0));
	replace(&p->user, irc_persona_user(p));
	replace(&p->realname, irc_persona_realname(p));
	identity = (struct irc_identity){
		.nick = p->nick,
		.user = p->user,
		.realname = p->realname,
		.password = irc->conf->password,
		.caps = p->account ? ACCOUNT_CAPS : PUPPET_CAPS,
		.nonce = { loop_random(irc->loop), loop_random(irc->loop) },
		.seed = p->sender_id,
		.exact = p->account,
	};
	if (p->account) {
		irc_account_identify(p, &identity);
		irc_account_route(p, &identity, &route);
		irc_account_tune(p);
		identity.sasl_in_clear = route.tls || irc->conf->local;
		if (identity.sasl == IRC_SASL_PLAIN && !identity.sasl_in_clear)
			identity.sasl = IRC_SASL_SCRAM_SHA_256;
	}
	session_start(&p->session, &identity, &route);
}

static bool
is_busy(const struct session *s)
{
	return s->state == SESSION_DIALLING || s->state == SESSION_REGISTERING;
}

static void
wake(void *arg)
{
	irc_puppets_wake(arg);
}

/* Whoever waits for a connection of their own comes first, then who has
 * something to say. */
static unsigned
urgency(const struct irc_puppet *p)
{
	for (const struct seat *seat = p->seats; seat; seat = seat->next)
		if (seat->occupant && seat->occupant->awaited)
			return p->account ? 3 : 1;
	return p->account ? 2 : 0;
}

/* Connect the first whose turn it is, then come again for the next. */
void
irc_puppets_wake(struct irc *irc)
{
	int64_t now = loop_now_ms(irc->loop), soonest = -1, wait = 0;
	struct irc_puppet *chosen = NULL;
	unsigned busy = 0;

	if (!irc->up || irc->stopping || timer_is_running(&irc->connect_timer))
		return;
	for (struct irc_puppet *p = irc->puppets; p; p = p->next) {
		busy += is_busy(&p->session);
		if (p->session.state != SESSION_IDLE || !is_wanted(p))
			continue;
		if (p->not_before_ms <= now &&
		    (!chosen || urgency(p) > urgency(chosen)))
			chosen = p;
		else if (soonest < 0 || p->not_before_ms < soonest)
			soonest = p->not_before_ms;
	}
	if (busy >= CONNECTING_MAX)
		return; /* whoever is done wakes us */
	if (chosen && !(wait = irc_gate_pass(irc)))
		connect_now(chosen);
	else if (!chosen && soonest < 0)
		return;
	else if (!chosen)
		wait = soonest - now;
	/* An operator may open the gate meanwhile. */
	if (wait > LOOK_AGAIN_MS)
		wait = LOOK_AGAIN_MS;
	timer_start(&irc->connect_timer, irc->loop, wait, wake, irc);
}

/* ---- in the channels ----------------------------------------------- */

static void say_goodbye(struct irc_puppet *p, const char *reason);

static void
linger_over(void *arg)
{
	struct irc_puppet *p = arg;

	for (struct seat *seat = p->seats, *next; seat; seat = next) {
		next = seat->next;
		if (!seat->occupant)
			irc_seat_leave(p, seat, NULL);
	}
	if (!p->seats)
		say_goodbye(p, p->farewell);
}

static void
linger(struct irc_puppet *p, int64_t ms)
{
	timer_start(&p->linger, p->irc->loop, ms, linger_over, p);
}

static int64_t
linger_ms(const struct irc_puppet *p)
{
	return p->account ? (int64_t)p->irc->conf->users.linger_s * 1000
			  : LINGER_MS;
}

void
irc_puppet_unseated(struct irc_puppet *p)
{
	detach_if_unwanted(p);
	if (!p->seats)
		linger(p, linger_ms(p));
}

/* ---- away ---------------------------------------------------------- */

static void
tell_status(struct irc_puppet *p)
{
	char *away = p->puppet ? irc_persona_away(p) : NULL;

	if (away && (!p->away || strcmp(away, p->away) != 0))
		session_send(&p->session, "AWAY", away, NULL);
	else if (!away && p->away)
		session_send(&p->session, "AWAY", NULL);
	replace(&p->away, away);
}

/* ---- leaving ------------------------------------------------------- */

static void
quit_if_silent(struct irc_puppet *p)
{
	if (!p->goodbye || p->speaker.unsettled)
		return;
	if (p->session.state == SESSION_IDLE)
		puppet_free(p);
	else
		session_stop(&p->session, p->goodbye);
}

/* Words to go with, as one short line. */
static char *
parting_words(const char *reason)
{
	AUTO_STR line = { 0 };

	str_init(&line, 300);
	str_add_n(&line, reason ? reason : "",
		  reason ? utf8_cut(reason, strlen(reason), 250) : 0);
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)line.data[i] < ' ')
			line.data[i] = ' ';
	return str_take(&line);
}

static void
say_goodbye(struct irc_puppet *p, const char *reason)
{
	replace(&p->goodbye, parting_words(reason));
	timer_stop(&p->linger);
	quit_if_silent(p);
}

void
irc_puppet_expel(struct irc_puppet *p, const char *words)
{
	const struct loss loss = { DOWN_REFUSED, REFUSAL_KICKED, words };

	irc_seats_lost(p, &loss);
	say_goodbye(p, words);
}

void
irc_puppet_settled(struct irc *irc, struct speaker *sp)
{
	struct irc_puppet *p;

	if (sp == &irc->speaker)
		return;
	p = container_of(sp, struct irc_puppet, speaker);
	if (p->session.state == SESSION_UP)
		quit_if_silent(p);
}

static void
ask_for_nick(struct irc_puppet *p)
{
	char *nick = irc_persona_nick(p, p->nick_tries);

	if (!session_is_own(&p->session, nick))
		session_send(&p->session, "NICK", nick, NULL);
	free(nick);
}

/* ---- the session's calls ------------------------------------------- */

static void
on_up(void *owner)
{
	struct irc_puppet *p = owner;

	p->failures = 0;
	irc_nick_list(p, p->session.nick);
	replace(&p->away, NULL);
	tell_status(p);
	p->lost_ms = 0;
	p->was_up = true;
	p->up_ms = loop_wall_ms(p->irc->loop);
	if (p->account) {
		ask_for_nick(p); /* it may have been changed on the way */
		irc_account_begin(p);
	}
	irc_seats_enter(p);
	irc_puppets_wake(p->irc);
}

/* A nick may still be that of the connection which broke: it gets free. */
static void
was_lost(struct irc_puppet *p, enum session_end how, const char *text)
{
	int64_t now = loop_now_ms(p->irc->loop);
	struct loss loss = { irc_down_reason(how), REFUSAL_OTHER, text };

	if (p->account)
		loss.refusal = irc_account_refusal(p, how);
	if (loss.refusal == REFUSAL_NAME_TAKEN && p->lost_ms &&
	    now - p->lost_ms < GHOST_MS)
		loss.why = DOWN_UNREACHABLE;
	if (p->was_up)
		p->lost_ms = now;
	p->was_up = false;
	irc_seats_lost(p, &loss);
}

static void
back_off(struct irc_puppet *p)
{
	struct irc *irc = p->irc;
	int64_t first = p->account ? ACCOUNT_BACKOFF_MS : BACKOFF_MIN_MS;
	int64_t wait = first;

	for (unsigned i = 0; i < p->failures && wait < BACKOFF_MAX_MS; i++)
		wait *= 2;
	p->failures++;
	p->not_before_ms =
		loop_now_ms(irc->loop) + wait +
		(int64_t)loop_random_below(irc->loop, (uint64_t)first);
}

static void
on_down(void *owner, enum session_end how, const char *text)
{
	struct irc_puppet *p = owner;
	struct irc *irc = p->irc;

	irc_nick_retire(p);
	irc_speaker_lost(irc, &p->speaker, text);
	irc_tasks_lost(p);
	irc_list_lost(p);
	irc_raw_lost(p);
	p->welcomed = false;
	irc_watch_lost(p, text);
	if (irc->stopping) {
		puppet_free(p);
		irc_closed(irc);
		return;
	}
	was_lost(p, how, text);
	/* Whoever was told to choose another nick need not wait. */
	if (how != SESSION_CLOSED && !irc_account_nick_refused(p))
		back_off(p);
	if (p->goodbye && !p->puppet)
		puppet_free(p);
	else
		replace(&p->goodbye, NULL);
	irc_puppets_wake(irc);
}

static void
on_own_nick(struct irc_puppet *p, const char *nick)
{
	AUTO_STR name = { 0 };

	if (!*nick)
		return;
	str_init(&name, WORDS_MAX);
	irc_words(p->irc, &name, nick);
	irc_nick_list(p, nick);
	p->nick_tries = 0;
	for (struct seat *seat = p->seats; seat; seat = seat->next)
		if (seat->occupant && seat->state == SEAT_JOINED &&
		    seat->occupant->state == OCCUPANT_JOINED)
			bridge_puppet_renamed(seat->occupant, name.data);
}

/* A numeric that refuses something. */
static void
on_numeric(struct irc_puppet *p, const struct irc_line *line)
{
	unsigned numeric = irc_line_numeric(line);
	const struct join_refusal *r = irc_join_refusal(numeric);
	struct seat *seat = irc_seat_in(p, irc_line_param(line, 1));

	if ((numeric == 433 || numeric == 436) && !p->account) {
		if (++p->nick_tries < NICK_TRIES)
			ask_for_nick(p);
	} else if (r && seat && seat->state == SEAT_JOINING) {
		/* A person who waits is told, and may try again. */
		bool told = p->account && r->refusal != REFUSAL_OTHER;

		irc_seat_lost(p, seat,
			      &(struct loss){ told ? DOWN_REFUSED : r->why,
					      r->refusal, r->text });
	} else if (p->account) {
		irc_account_error(p, line);
	}
}

/* Others may be told of it, too (invite-notify). */
static void
on_invited(struct irc_puppet *p, const struct irc_line *line)
{
	AUTO_STR channel = { 0 }, by = { 0 };

	if (!p->puppet || !line->nick ||
	    !session_is_own(&p->session, irc_line_param(line, 0)))
		return;
	str_init(&channel, WORDS_MAX);
	str_init(&by, WORDS_MAX);
	bridge_invited(p->puppet,
		       irc_words(p->irc, &channel, irc_line_param(line, 1)),
		       irc_words(p->irc, &by, line->nick));
}

static void
on_kick(struct irc_puppet *p, const struct irc_line *line)
{
	if (session_is_own(&p->session, irc_line_param(line, 1)))
		irc_seat_removed(p, line, "kicked", irc_line_param(line, 2));
}

/* What we did ourselves, as the server tells it. */
static void
on_own_line(struct irc_puppet *p, const struct irc_line *line)
{
	const char *command = line->command;

	if (!strcmp(command, "JOIN"))
		irc_seat_entered(p, line);
	else if (!strcmp(command, "PART"))
		irc_seat_removed(p, line, "parted", irc_line_param(line, 1));
	else if (!strcmp(command, "NICK"))
		on_own_nick(p, irc_line_param(line, 0));
	else if (!strcmp(command, "KICK"))
		on_kick(p, line);
}

static void
on_line(void *owner, const struct irc_line *line)
{
	struct irc_puppet *p = owner;
	const char *command = line->command;
	bool own = session_is_own(&p->session, line->nick);
	bool said = !strcmp(command, "PRIVMSG") || !strcmp(command, "NOTICE");

	if (irc_account_line(p, line))
		return;
	/* What is said in a channel is the affair of who hears. */
	if (said && !own &&
	    !session_is_own(&p->session, irc_line_param(line, 0)))
		return;
	if (irc_settles(p->irc, &p->speaker, line) || irc_list_line(p, line) ||
	    irc_task_line(p, line))
		return;
	if (said) {
		if (!own && p->puppet)
			irc_hear_direct(&p->irc->view, p->puppet, &p->session,
					&p->ctcp, line);
	} else if (irc_line_numeric(line)) {
		on_numeric(p, line);
	} else if (own) {
		on_own_line(p, line);
	} else if (!strcmp(command, "INVITE") && p->account) {
		on_invited(p, line);
	} else if (!strcmp(command, "KICK")) {
		on_kick(p, line);
	} else if (!strcmp(command, "TAGMSG") && p->puppet &&
		   session_is_own(&p->session, irc_line_param(line, 0))) {
		irc_hear_tags_direct(&p->irc->view, p->puppet, line);
	}
}

static void
on_written(void *owner, void *cookie)
{
	irc_sending_written(((struct irc_puppet *)owner)->irc, cookie);
}

static const struct session_ops puppet_session_ops = {
	.up = on_up,
	.line = on_line,
	.written = on_written,
	.down = on_down,
};

/* ---- the bridge's calls -------------------------------------------- */

static struct irc_puppet *
puppet_new(struct irc *irc, struct occupant *o)
{
	struct irc_puppet *p = xcalloc(1, sizeof(*p));
	struct irc_puppet *last = irc->puppets;

	p->irc = irc;
	p->origin = xstrdup(o->puppet->origin);
	p->sender_id = xstrdup(o->puppet->sender->id);
	p->person = irc_person_key(p->origin, p->sender_id);
	HASH_ADD_KEYPTR(by_person, irc->puppets_by_person, p->person,
			strlen(p->person), p);
	session_init(&p->session, &irc->wire, &puppet_session_ops, p);
	p->session.one_of_many = true;
	irc_speaker_init(&p->speaker, &p->session);
	while (last && last->next)
		last = last->next;
	p->prev = last;
	if (last)
		last->next = p;
	else
		irc->puppets = p;
	return p;
}

static struct irc_puppet *
puppet_for(struct irc *irc, struct occupant *o)
{
	struct irc_puppet *p = o->puppet->data;

	if (!p)
		p = irc_puppet_of(irc, o->puppet->origin,
				  o->puppet->sender->id);
	return p ? p : puppet_new(irc, o);
}

void
irc_puppet_join(struct network *net, struct occupant *o)
{
	struct irc *irc = irc_from(net);
	const char *want;
	struct irc_puppet *p = puppet_for(irc, o);
	struct seat *seat;

	if (o->channel->kind != CHANNEL_DIRECT && o->puppet->account &&
	    irc_seats_full(p)) {
		bridge_puppet_left(o, DOWN_REFUSED,
				   "you are in as many channels of this "
				   "network as its operator allows");
		return;
	}
	p->puppet = o->puppet;
	o->puppet->data = p;
	p->account |= o->puppet->account != NULL;
	want = irc_account_want(irc, o);
	/* An account that is on keeps the nick that it has. */
	if (!p->want || (strcmp(p->want, want) != 0 &&
			 (!p->account || p->session.state != SESSION_UP)))
		replace(&p->want, xstrdup(want));
	if (p->session.state != SESSION_CLOSING)
		replace(&p->goodbye, NULL);
	timer_stop(&p->linger);

	seat = irc_seat_take(p, o);
	if (p->session.state == SESSION_UP)
		irc_seat_enter(p, seat);
	else
		irc_puppets_wake(irc);
}

void
irc_puppet_leave(struct network *net UNUSED, struct occupant *o,
		 const char *reason)
{
	struct irc_puppet *p = o->puppet->data;
	struct seat *seat = p ? irc_seat_of(p, o) : NULL;
	char *words;

	if (!seat)
		return; /* it was out already */
	seat->occupant = NULL;
	detach_if_unwanted(p);
	if (!p->puppet && !(p->account && p->session.state == SESSION_UP)) {
		say_goodbye(p, reason);
		return;
	}
	words = parting_words(reason);
	irc_seat_leave(p, seat, words);
	free(words);
	if (p->puppet)
		return;
	replace(&p->farewell, reason ? xstrdup(reason) : NULL);
	linger(p, linger_ms(p));
}

void
irc_puppet_update(struct network *net UNUSED, struct occupant *o,
		  unsigned changes)
{
	struct irc_puppet *p = o->puppet->data;

	if (!p || !irc_seat_of(p, o))
		return;
	if ((changes & PUPPET_NAME) && strcmp(p->want, o->want) != 0) {
		replace(&p->want, xstrdup(o->want));
		p->nick_tries = 0;
		if (p->session.state == SESSION_UP)
			ask_for_nick(p);
	}
	if ((changes & PUPPET_STATUS) && p->session.state == SESSION_UP)
		tell_status(p);
	if ((changes & PUPPET_ACCOUNT) && p->account)
		irc_account_tune(p);
	if (changes & PUPPET_TYPING)
		irc_tell_typing(p, o);
}

char *
irc_puppets_ident(struct irc *irc, const struct ident_query *query)
{
	for (struct irc_puppet *p = irc->puppets; p; p = p->next)
		if (ident_is_about(query, session_fd(&p->session)))
			return p->puppet ? irc_persona_user(p)
					 : xstrdup("unknown");
	return NULL;
}

void
irc_puppets_lost(struct irc *irc, struct channel *ch)
{
	for (struct irc_puppet *p = irc->puppets, *next; p; p = next) {
		next = p->next;
		if (!irc_seats_forsake(p, ch))
			continue;
		detach_if_unwanted(p);
		linger(p, LINGER_MS);
	}
}

void
irc_puppets_leave(struct irc *irc, struct channel *ch)
{
	irc_puppets_lost(irc, ch);
	for (struct irc_puppet *p = irc->puppets, *next; p; p = next) {
		next = p->next;
		linger_over(p);
	}
}

size_t
irc_puppets_stop(struct irc *irc, const char *reason)
{
	size_t n = 0;

	for (struct irc_puppet *p = irc->puppets, *next; p; p = next) {
		next = p->next;
		if (p->session.state == SESSION_IDLE) {
			puppet_free(p);
			continue;
		}
		session_stop(&p->session, reason);
		n++;
	}
	timer_stop(&irc->connect_timer);
	return n;
}

void
irc_puppets_drop(struct irc *irc)
{
	while (irc->puppets)
		puppet_free(irc->puppets);
	timer_stop(&irc->connect_timer);
}
