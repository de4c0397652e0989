/* SPDX-License-Identifier: MIT */
/*
 * watch.c - who is online: contacts of gateway users (bridge/contact.h).
 *
 * Each follower's own connection asks. MONITOR, where the server has it, tells
 * who comes and goes; for those that it has no room for, and on other servers,
 * ISON is asked again and again. Neither says who is away, and why: WHOIS does,
 * of some at each turn, one after the other.
 */

#include "protocols/irc/puppet.h"

#include "bridge/base.h"
#include "conf/conf.h"
#include "protocols/irc/channel.h"

#include <utlist.h>

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 400 /* bytes of nicks in one line */
#define WORDS_MAX 2048
#define WHOIS_MAX 5 /* at a turn */

struct watch {
	struct contact *contact;
	struct watcher *by;
	char *nick;     /* folded */
	bool server;    /* no person: is the follower connected? */
	bool monitored; /* it is on the server's list */
	bool no_room;   /* there was none on that */
	bool known, online;
	char *away;           /* why, "" if nothing was said; NULL: here */
	unsigned round, turn; /* of ISON and WHOIS, when it was asked for */
	bool asked, whois;    /* ISON, WHOIS: not answered yet */
	bool away_now;        /* WHOIS said so */
	struct watch *prev, *next;
};

/* One follower, and all whom they follow. */
struct watcher {
	struct irc *irc;
	char *person; /* key: that of their connection */
	struct watch *list;
	bool ready; /* their connection is up, and has said what it can */
	unsigned round, turn;
	struct timer poll;
	UT_hash_handle hh;
};

/* ---- what is told -------------------------------------------------- */

static void
tell(const struct watch *w)
{
	const struct availability a = {
		.known = true,
		.online = w->online,
		.show = w->away ? SHOW_AWAY : SHOW_ONLINE,
		.status = w->server             ? "connected"
			  : w->away && *w->away ? w->away
						: NULL,
	};

	bridge_contact(w->contact, &a);
}

static void
set_away(struct watch *w, const char *text)
{
	AUTO_STR words = { 0 };

	str_init(&words, WORDS_MAX);
	free(w->away);
	w->away = text ? xstrdup(irc_words(w->by->irc, &words, text)) : NULL;
	if (w->online)
		tell(w);
}

/* ---- questions ----------------------------------------------------- */

static struct session *
session_of(const struct watcher *by)
{
	struct irc_puppet *p = NULL;

	HASH_FIND(by_person, by->irc->puppets_by_person, by->person,
		  strlen(by->person), p);
	return p && by->ready ? irc_puppet_session(p) : NULL;
}

static void
ask_whois(struct session *s, struct watch *w)
{
	w->whois = session_send_idly(s, "WHOIS", w->nick, NULL);
	w->away_now = false;
}

static void
set_online(struct watch *w, bool online)
{
	struct session *s = session_of(w->by);
	bool came = online && !(w->known && w->online);

	if (w->known && w->online == online)
		return;
	w->known = true;
	w->online = online;
	if (!online) {
		free(w->away);
		w->away = NULL;
	}
	tell(w);
	if (came && s && !w->whois && !w->server)
		ask_whois(s, w);
}

/* False if the line is full. */
static bool
add_nick(struct str *line, const struct watch *w, char separator)
{
	if (line->len && line->len + 1 + strlen(w->nick) > LIST_MAX)
		return false;
	if (line->len)
		str_add_char(line, separator);
	str_add(line, w->nick);
	return true;
}

static void
send_monitor(struct session *s, struct str *line)
{
	if (line->len)
		session_send_idly(s, "MONITOR", "+", line->data, NULL);
	str_clear(line);
}

static void
monitor_all(struct watcher *by, struct session *s)
{
	AUTO_STR line = { 0 };
	struct watch *w;

	str_init(&line, IRC_BODY_MAX);
	DL_FOREACH(by->list, w)
	{
		if (w->monitored || w->no_room || w->server)
			continue;
		w->monitored = true;
		if (add_nick(&line, w, ','))
			continue;
		send_monitor(s, &line);
		(void)add_nick(&line, w, ',');
	}
	send_monitor(s, &line);
}

/* Of those who were not asked for in this round, as many as fit. */
static void
ask_ison(struct watcher *by, struct session *s)
{
	AUTO_STR line = { 0 };
	struct watch *w;

	str_init(&line, IRC_BODY_MAX);
	DL_FOREACH(by->list, w)
	{
		if (w->monitored || w->server || w->round == by->round)
			continue;
		if (!add_nick(&line, w, ' '))
			break;
		w->round = by->round;
		w->asked = true;
	}
	if (line.len)
		session_send_idly(s, "ISON", line.data, NULL);
}

static void
begin_round(struct watcher *by, struct session *s)
{
	struct watch *w;

	by->round++;
	DL_FOREACH(by->list, w)
	w->asked = false;
	ask_ison(by, s);
}

/* Some at each turn, until all who are there were asked for; then anew. */
static void
ask_some_whois(struct watcher *by, struct session *s)
{
	struct watch *w;
	unsigned n = 0;

	DL_FOREACH(by->list, w)
	{
		if (!w->online || w->server || w->turn == by->turn)
			continue;
		w->turn = by->turn;
		ask_whois(s, w);
		if (++n == WHOIS_MAX)
			return;
	}
	by->turn++;
}

/* Of the network itself. */
static void
tell_connection(struct watcher *by, bool online, const char *why)
{
	const struct availability gone = { .known = true, .status = why };
	struct watch *w;

	DL_FOREACH(by->list, w)
	{
		if (!w->server)
			continue;
		w->known = w->online = online;
		if (online)
			tell(w);
		else
			bridge_contact(w->contact, &gone);
	}
}

static void
ask(void *arg)
{
	struct watcher *by = arg;
	struct session *s = session_of(by);
	int64_t every = (int64_t)by->irc->conf->away_poll_s * 1000;

	tell_connection(by, s != NULL, "not connected");
	if (!s)
		return;
	if (by->irc->isupport.monitor)
		monitor_all(by, s);
	begin_round(by, s);
	ask_some_whois(by, s);
	if (every)
		timer_start(&by->poll, by->irc->loop, every, ask, by);
}

static struct watcher *
watcher_find(struct irc *irc, const char *person)
{
	struct watcher *by = NULL;

	HASH_FIND(hh, irc->watchers, person, strlen(person), by);
	return by;
}

/* ---- answers ------------------------------------------------------- */

static struct watch *
find(const struct watcher *by, const char *nick)
{
	char folded[IRC_NICK_BYTES];
	struct watch *w;

	irc_fold(by->irc->isupport.casemapping, nick, folded, sizeof(folded));
	DL_FOREACH(by->list, w)
	if (!w->server && !strcmp(w->nick, folded))
		return w;
	return NULL;
}

/* Calls fn for each nick of a list, user and host left out. */
static void
each_nick(const struct watcher *by, const char *list, const char *separator,
	  void (*fn)(struct watch *w))
{
	char nick[IRC_NICK_BYTES];

	for (list += strspn(list, separator); *list;
	     list += strspn(list, separator)) {
		size_t len = strcspn(list, separator);
		size_t n = strcspn(list, "!");
		struct watch *w;

		if (n > len)
			n = len;
		if (n < sizeof(nick)) {
			memcpy(nick, list, n);
			nick[n] = '\0';
			w = find(by, nick);
			if (w)
				fn(w);
		}
		list += len;
	}
}

static void
is_online(struct watch *w)
{
	w->asked = false;
	set_online(w, true);
}

static void
is_offline(struct watch *w)
{
	set_online(w, false);
}

/* The server's list is full: the others are asked for. */
static void
has_no_room(struct watch *w)
{
	w->monitored = false;
	w->no_room = true;
}

static void
ison_came(struct watcher *by, const char *list)
{
	struct session *s = session_of(by);
	struct watch *w;

	each_nick(by, list, " ", is_online);
	DL_FOREACH(by->list, w)
	{
		if (!w->asked)
			continue;
		w->asked = false;
		set_online(w, false);
	}
	if (s)
		ask_ison(by, s);
}

static void
monitor_is_full(struct watcher *by, const char *list)
{
	struct session *s = session_of(by);

	each_nick(by, list, ",", has_no_room);
	if (s)
		begin_round(by, s);
}

static void
away_is(struct watcher *by, const struct irc_line *line)
{
	struct watch *w = find(by, irc_line_param(line, 1));

	if (!w)
		return;
	w->away_now = true;
	set_away(w, irc_line_param(line, 2));
}

static void
whois_ends(struct watcher *by, const char *nick)
{
	struct watch *w = find(by, nick);

	if (!w || !w->whois)
		return;
	w->whois = false;
	if (!w->away_now)
		set_away(w, NULL);
}

static void
is_nobody(struct watcher *by, const char *nick)
{
	struct watch *w = find(by, nick);

	if (w)
		set_online(w, false);
}

/* By itself, of those who are in a channel, or monitored (extended-monitor). */
static void
away_changed(struct watcher *by, const struct irc_line *line)
{
	struct watch *w = line->nick ? find(by, line->nick) : NULL;

	if (w)
		set_away(w, line->n_params && *line->params[0] ? line->params[0]
							       : NULL);
}

/* What there is of a person; true if we asked for it. */
static bool
whois_came(struct watcher *by, const struct irc_line *line)
{
	const char *nick = irc_line_param(line, 1);
	const struct watch *w = find(by, nick);
	bool asked = w && w->whois;

	switch (irc_line_numeric(line)) {
	case 301:
		away_is(by, line);
		break;
	case 318:
		whois_ends(by, nick);
		break;
	case 401:
		is_nobody(by, nick);
		break;
	}
	return asked;
}

/* True if it is one of those that answer WHOIS. */
static bool
is_of_whois(unsigned numeric)
{
	static const unsigned all[] = { 301, 307, 311, 312, 313, 317, 318, 319,
					320, 330, 338, 378, 379, 401, 671 };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i] == numeric)
			return true;
	return false;
}

bool
irc_watch_line(struct irc_puppet *p, const struct irc_line *line)
{
	struct watcher *by = watcher_find(p->irc, p->person);
	unsigned numeric = irc_line_numeric(line);

	if (!by)
		return false;
	switch (numeric) {
	case 0:
		if (!strcmp(line->command, "AWAY"))
			away_changed(by, line);
		return false;
	case 303:
		ison_came(by, irc_line_param(line, 1));
		return true;
	case 730:
		each_nick(by, irc_line_param(line, 1), ",", is_online);
		return true;
	case 731:
		each_nick(by, irc_line_param(line, 1), ",", is_offline);
		return true;
	case 734:
		monitor_is_full(by, irc_line_param(line, 2));
		return true;
	}
	return is_of_whois(numeric) && whois_came(by, line);
}

/* ---- the connection ------------------------------------------------ */

void
irc_watch_ready(struct irc_puppet *p)
{
	struct watcher *by = watcher_find(p->irc, p->person);

	if (!by || by->ready)
		return;
	by->ready = true;
	ask(by);
}

void
irc_watch_lost(struct irc_puppet *p, const char *why)
{
	struct watcher *by = watcher_find(p->irc, p->person);
	const struct availability gone = { .known = true, .status = why };
	struct watch *w;

	if (!by)
		return;
	by->ready = false;
	timer_stop(&by->poll);
	DL_FOREACH(by->list, w)
	{
		w->monitored = w->no_room = w->whois = false;
		w->known = w->online = false;
		set_away(w, NULL);
		bridge_contact(w->contact, &gone);
	}
}

/* ---- hooks --------------------------------------------------------- */

static struct watcher *
watcher_get(struct irc *irc, const struct address *follower)
{
	char *person = irc_person_key(follower->network, follower->id);
	struct watcher *by = watcher_find(irc, person);
	struct irc_puppet *p =
		irc_puppet_of(irc, follower->network, follower->id);

	if (by) {
		free(person);
		return by;
	}
	by = xcalloc(1, sizeof(*by));
	by->irc = irc;
	by->person = person;
	by->ready = p && p->session.state == SESSION_UP && p->welcomed;
	HASH_ADD_KEYPTR(hh, irc->watchers, by->person, strlen(by->person), by);
	return by;
}

static void
watcher_free(struct watcher *by)
{
	HASH_DEL(by->irc->watchers, by);
	timer_stop(&by->poll);
	free(by->person);
	free(by);
}

static void
watch_free(struct watch *w)
{
	DL_DELETE(w->by->list, w);
	w->contact->data = NULL;
	free(w->nick);
	free(w->away);
	free(w);
}

void
irc_watch(struct network *net, struct contact *contact)
{
	struct irc *irc = irc_from(net);
	const struct irc_user *u =
		irc_user_find_id(&irc->view, contact->person);
	struct watch *w = xcalloc(1, sizeof(*w));

	w->by = watcher_get(irc, &contact->follower);
	w->contact = contact;
	w->server = irc_is_server(irc, contact->person);
	contact->passive = w->server;
	w->nick = irc_folded(irc, u ? u->nick : contact->person);
	contact->data = w;
	DL_APPEND(w->by->list, w);
	/* Not at once: there may be more of them. */
	timer_start(&w->by->poll, irc->loop, 0, ask, w->by);
}

void
irc_unwatch(struct network *net UNUSED, struct contact *contact)
{
	struct watch *w = contact->data;
	struct watcher *by = w ? w->by : NULL;
	struct session *s = by ? session_of(by) : NULL;

	if (!w)
		return;
	if (s && w->monitored)
		session_send_idly(s, "MONITOR", "-", w->nick, NULL);
	watch_free(w);
	if (!by->list)
		watcher_free(by);
}

void
irc_watches_drop(struct irc *irc)
{
	struct watcher *by, *next;

	HASH_ITER(hh, irc->watchers, by, next)
	{
		while (by->list)
			watch_free(by->list);
		watcher_free(by);
	}
}
