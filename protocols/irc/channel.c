/* SPDX-License-Identifier: MIT */
/*
 * channel.c - who is in the channels, with what rank, and their topics.
 *
 * Until the list of names is complete nothing is reported; then all members
 * are, as the snapshot that bridge/protocol.h asks for, and from then on each
 * change.
 */

#include "protocols/irc/channel.h"

#include "bridge/base.h"
#include "bridge/event.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "conf/conf.h"
#include "protocols/irc/format.h"
#include "protocols/irc/portal.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 512
#define WORDS_MAX 2048
#define WHOX_TOKEN "42"
#define POLLED_MEMBERS_MAX 300

/* ---- channels ------------------------------------------------------ */

struct irc_channel *
irc_channel_new(struct view *v, struct channel *ch)
{
	struct irc_channel *c = xcalloc(1, sizeof(*c));
	char folded[NAME_MAX_BYTES];

	irc_fold(v->irc->isupport.casemapping, ch->name, folded,
		 sizeof(folded));
	c->view = v;
	c->channel = ch;
	c->folded = xstrdup(folded);
	c->sendings_end = &c->sendings;
	if (ch->kind == CHANNEL_ROOM)
		HASH_ADD_KEYPTR(hh, v->channels, c->folded, strlen(c->folded),
				c);
	else
		HASH_ADD_KEYPTR(hh, v->irc->directs, c->folded,
				strlen(c->folded), c);
	ch->data = c;
	return c;
}

static void
member_free(struct irc_channel *c, struct member *m)
{
	struct irc_user *u = m->user;

	HASH_DEL(c->members, m);
	free(m);
	if (--u->channels == 0) {
		c->view->n_strangers++;
		irc_user_release(c->view, u);
	}
}

void
irc_channel_free(struct irc_channel *c)
{
	struct member *m, *next;

	if (!c)
		return;
	irc_sendings_drop(c);
	irc_catch_up_drop(c);
	if (c->state == IRC_CHANNEL_JOINED && c->channel->kind == CHANNEL_ROOM)
		irc_absence_begins(c->view->irc, c->channel, c->view->session);
	HASH_ITER(hh, c->members, m, next)
	member_free(c, m);
	if (c->channel->kind == CHANNEL_ROOM)
		HASH_DEL(c->view->channels, c);
	else
		HASH_DEL(c->view->irc->directs, c);
	c->channel->data = NULL;
	free(c->folded);
	free(c->topic);
	free(c->topic_by);
	free(c);
}

void
irc_channel_refold(struct irc_channel *c)
{
	struct view *v = c->view;

	HASH_DEL(v->channels, c);
	free(c->folded);
	c->folded = irc_folded(v->irc, c->channel->name);
	HASH_ADD_KEYPTR(hh, v->channels, c->folded, strlen(c->folded), c);
}

void
irc_directs_free(struct irc *irc)
{
	while (irc->directs)
		irc_channel_free(irc->directs);
}

struct irc_channel *
irc_channel_find(struct view *v, const char *name)
{
	char folded[NAME_MAX_BYTES];
	struct irc_channel *c = NULL;

	irc_fold(v->irc->isupport.casemapping, name, folded, sizeof(folded));
	HASH_FIND(hh, v->channels, folded, strlen(folded), c);
	return c;
}

/* Its members were reported, and so is every change. */
static bool
is_reported(const struct irc_channel *c)
{
	return c->state >= IRC_CHANNEL_CATCHUP;
}

/* ---- members ------------------------------------------------------- */

static struct member *
member_find(struct irc_channel *c, const struct irc_user *u)
{
	struct member *m = NULL;

	HASH_FIND_PTR(c->members, &u, m);
	return m;
}

static struct member *
member_add(struct irc_channel *c, struct irc_user *u)
{
	struct member *m = member_find(c, u);

	if (m)
		return m;
	m = xcalloc(1, sizeof(*m));
	m->user = u;
	m->named = true;
	HASH_ADD_PTR(c->members, user, m);
	if (u->channels++ == 0)
		c->view->n_strangers--;
	return m;
}

enum rank
irc_rank_of(const struct irc *irc, unsigned prefixes)
{
	enum rank best = RANK_NONE;

	for (unsigned i = 0; i < sizeof(irc->isupport.prefix_modes); i++) {
		enum rank rank;

		if (!(prefixes & 1u << i))
			continue;
		rank = irc_rank_of_mode(&irc->isupport,
					irc->isupport.prefix_modes[i]);
		if (rank > best)
			best = rank;
	}
	return best;
}

static void
report_member(struct irc_channel *c, const struct member *m, unsigned flags)
{
	struct event *ev = irc_user_event(c->view, EVENT_JOIN, c, m->user);

	ev->flags = flags;
	ev->show = m->user->show;
	ev->rank = irc_rank_of(c->view->irc, m->prefixes);
	bridge_event(&c->view->irc->net, ev);
}

/* Text of the server's into an event: charset, then formatting codes. */
static void
set_text(struct view *v, struct event *ev, const char *text)
{
	AUTO_STR utf8 = { 0 };

	str_init(&utf8, WORDS_MAX);
	event_set_text(ev, irc_words(v->irc, &utf8, text));
}

/* Everything about how somebody left. */
struct leaving {
	enum part_kind kind;
	const char *reason;
	const char *actor; /* or NULL */
	int64_t when_ms;
};

static void
member_leaves(struct irc_channel *c, struct irc_user *u,
	      const struct leaving *how)
{
	struct member *m = member_find(c, u);
	AUTO_STR actor = { 0 };

	str_init(&actor, WORDS_MAX);
	if (!m)
		return;
	if (is_reported(c)) {
		struct event *ev = irc_user_event(c->view, EVENT_PART, c, u);

		ev->part = how->kind;
		ev->when_ms = how->when_ms;
		if (how->actor) {
			irc_words(c->view->irc, &actor, how->actor);
			str_truncate(&actor, utf8_cut(actor.data, actor.len,
						      NAME_MAX_BYTES));
			ev->actor = event_strdup(ev, actor.data);
		}
		set_text(c->view, ev, how->reason);
		bridge_event(&c->view->irc->net, ev);
	}
	member_free(c, m);
}

/* From all channels; the user is gone after that. */
static void
user_leaves(struct view *v, struct irc_user *u, const struct leaving *how)
{
	unsigned left = u->channels;
	struct irc_channel *c, *next;

	HASH_ITER(hh, v->channels, c, next)
	{
		if (!left)
			break;
		if (!member_find(c, u))
			continue;
		left--;
		member_leaves(c, u, how); /* the last one frees u */
	}
}

void
irc_user_gone(struct view *v, struct irc_user *u)
{
	struct leaving how = {
		.kind = PART_QUIT,
		.reason = "",
		.when_ms = loop_wall_ms(v->irc->loop),
	};

	if (u->channels)
		user_leaves(v, u, &how);
	else
		irc_user_release(v, u);
}

/* ---- coming and going ---------------------------------------------- */

/* c is NULL where nobody sent us: by a forward, or by an operator. The listener
 * is not to sit in channels that nobody linked. */
static void
we_came(struct view *v, struct irc_channel *c, const char *name)
{
	if (c && c->state == IRC_CHANNEL_JOINING)
		c->state = IRC_CHANNEL_NAMES;
	if (!c && v == &v->irc->view)
		session_send_idly(v->session, "PART", name,
				  "not linked to this channel", NULL);
}

void
irc_on_join(struct view *v, const struct irc_line *line)
{
	struct irc_channel *c = irc_channel_find(v, irc_line_param(line, 0));
	struct irc_user *u;
	struct member *m;

	if (session_is_own(v->session, line->nick)) {
		we_came(v, c, irc_line_param(line, 0));
		return;
	}
	if (!c)
		return;
	u = irc_user_of_line(v, line);
	if (!u)
		return;
	if (line->n_params > 2) { /* extended-join */
		irc_user_set_account(u, irc_line_param(line, 1));
		irc_user_set_real(v, u, irc_line_param(line, 2));
	}
	m = member_add(c, u);
	m->named = true;
	if (is_reported(c))
		report_member(c, m, 0);
}

/* The user and how they leave; NULL if it is one of us or a stranger. */
static struct irc_user *
leaver(struct view *v, const char *nick)
{
	return nick && !irc_is_us(v->irc, nick) ? irc_user_find(v, nick) : NULL;
}

void
irc_on_part(struct view *v, const struct irc_line *line)
{
	struct irc_channel *c = irc_channel_find(v, irc_line_param(line, 0));
	struct irc_user *u = leaver(v, line->nick);
	struct leaving how = {
		.kind = PART_LEFT,
		.reason = irc_line_param(line, 1),
		.when_ms = irc_line_time(v->irc, line),
	};

	if (!c)
		return;
	if (session_is_own(v->session, line->nick)) {
		struct channel *ch = c->channel;

		/* The echo of an earlier leave() comes after the new join(). */
		if (c->state == IRC_CHANNEL_JOINING)
			return;

		irc_channel_free(c);
		irc_puppets_lost(v->irc, ch);
		bridge_left(ch, DOWN_LOST, "removed from the channel");
		return;
	}
	if (u)
		member_leaves(c, u, &how);
}

static void
we_were_kicked(struct view *v, struct irc_channel *c,
	       const struct irc_line *line)
{
	struct channel *ch = c->channel;
	AUTO_STR text = { 0 }, by = { 0 }, reason = { 0 };

	str_init(&text, WORDS_MAX);
	str_init(&by, WORDS_MAX);
	str_init(&reason, WORDS_MAX);
	str_printf(&text, "kicked by %s: %s",
		   irc_words(v->irc, &by,
			     line->nick ? line->nick : "the server"),
		   irc_words(v->irc, &reason, irc_line_param(line, 2)));
	irc_channel_free(c);
	irc_puppets_lost(v->irc, ch);
	bridge_left(ch, DOWN_LOST, text.data);
}

void
irc_on_kick(struct view *v, const struct irc_line *line)
{
	struct irc_channel *c = irc_channel_find(v, irc_line_param(line, 0));
	struct irc_user *u = leaver(v, irc_line_param(line, 1));
	struct leaving how = {
		.kind = PART_KICKED,
		.reason = irc_line_param(line, 2),
		.actor = line->nick,
		.when_ms = irc_line_time(v->irc, line),
	};

	if (!c)
		return;
	if (session_is_own(v->session, irc_line_param(line, 1)))
		we_were_kicked(v, c, line);
	else if (u)
		member_leaves(c, u, &how);
}

/* One of the two host names in the QUIT of a split: "*.example.net". */
static size_t
host_len(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*_");

	return memchr(s, '.', n) && s[0] != '.' && s[n - 1] != '.' ? n : 0;
}

static bool
is_split_reason(const char *reason)
{
	size_t first = host_len(reason), second;

	if (!first || reason[first] != ' ')
		return false;
	second = host_len(reason + first + 1);
	return second && !reason[first + 1 + second] &&
	       (first != second ||
		memcmp(reason, reason + first + 1, first) != 0);
}

void
irc_on_quit(struct view *v, const struct irc_line *line)
{
	struct irc_user *u = leaver(v, line->nick);
	const char *reason = irc_line_param(line, 0);
	struct leaving how = {
		.kind = PART_QUIT,
		.reason = reason,
		.when_ms = irc_line_time(v->irc, line),
	};

	if (irc_in_batch(v, line, "netsplit") || is_split_reason(reason))
		how.kind = PART_SPLIT;
	else if (!strncmp(reason, "Quit: ", 6))
		how.reason = reason + 6;
	else if (!strcmp(reason, "Quit:"))
		how.reason = "";
	if (u && u->channels)
		user_leaves(v, u, &how);
	else if (u)
		irc_user_release(v, u);
}

void
irc_on_nick(struct view *v, const struct irc_line *line)
{
	struct irc_user *u = leaver(v, line->nick);
	const char *nick = irc_line_param(line, 0);
	unsigned left;
	struct irc_channel *c, *next;

	if (!u || !*nick)
		return;
	irc_user_rename(v, u, nick);
	left = u->channels;
	HASH_ITER(hh, v->channels, c, next)
	{
		struct event *ev;

		if (!left)
			break;
		if (!member_find(c, u))
			continue;
		left--;
		if (!is_reported(c))
			continue;
		ev = irc_user_event(v, EVENT_RENAME, c, u);
		ev->when_ms = irc_line_time(v->irc, line);
		bridge_event(&v->irc->net, ev);
	}
}

/* ---- ranks --------------------------------------------------------- */

/* Those that hold for the channel itself. */
static const struct {
	char letter;
	unsigned mode;
} channel_modes[] = {
	{ 'm', CHANNEL_MODERATED },    { 'i', CHANNEL_INVITED_ONLY },
	{ 'k', CHANNEL_HAS_PASSWORD }, { 'l', CHANNEL_HAS_LIMIT },
	{ 's', CHANNEL_SECRET },       { 't', CHANNEL_TOPIC_LOCK },
};

static unsigned
with_mode(unsigned modes, const struct irc_mode *mode)
{
	for (size_t i = 0; i < ARRAY_SIZE(channel_modes); i++) {
		if (channel_modes[i].letter != mode->mode)
			continue;
		return mode->set ? modes | channel_modes[i].mode
				 : modes & ~channel_modes[i].mode;
	}
	return modes;
}

static void
add_mode(void *arg, const struct irc_mode *mode)
{
	unsigned *modes = arg;

	*modes = with_mode(*modes, mode);
}

/* 324 me #channel +modes parameters */
void
irc_on_modes_are(struct view *v, const struct irc_line *line)
{
	struct irc_channel *c = irc_channel_find(v, irc_line_param(line, 1));
	unsigned modes = CHANNEL_MODES_KNOWN;

	if (!c || line->n_params < 3)
		return;
	irc_modes_read(&v->irc->isupport, line->params[2], line->params + 3,
		       line->n_params - 3, add_mode, &modes);
	bridge_moded(c->channel, modes);
}

static void
on_mode_change(void *arg, const struct irc_mode *mode)
{
	struct irc_channel *c = arg;
	struct view *v = c->view;
	const char *modes = v->irc->isupport.prefix_modes;
	const char *at = mode->mode ? strchr(modes, mode->mode) : NULL;
	struct irc_user *u = mode->arg ? leaver(v, mode->arg) : NULL;
	struct member *m = u ? member_find(c, u) : NULL;
	unsigned bit = at ? 1u << (at - modes) : 0;
	enum rank before;

	if (c->channel->modes)
		bridge_moded(c->channel, with_mode(c->channel->modes, mode));
	if (mode->mode == 'k')
		irc_key_changed(c, mode->set ? mode->arg : NULL);
	if (at && mode->arg && irc_is_us(v->irc, mode->arg))
		irc_own_modes(c, mode->arg, mode->set ? bit : 0, bit);
	if (!at || !m)
		return;
	before = irc_rank_of(v->irc, m->prefixes);
	if (mode->set)
		m->prefixes |= bit;
	else
		m->prefixes &= ~bit;
	if (irc_rank_of(v->irc, m->prefixes) != before && is_reported(c))
		report_member(c, m, EVENT_BACKLOG);
}

void
irc_on_mode(struct view *v, const struct irc_line *line)
{
	struct irc_channel *c = irc_channel_find(v, irc_line_param(line, 0));

	if (c && line->n_params > 1)
		irc_modes_read(&v->irc->isupport, line->params[1],
			       line->params + 2, line->n_params - 2,
			       on_mode_change, c);
}

/* ---- here and away ------------------------------------------------- */

static void
set_show(struct view *v, struct irc_user *u, enum presence_show show,
	 const char *text, unsigned flags)
{
	unsigned left = u->channels;
	struct irc_channel *c, *next;

	u->show = show;
	HASH_ITER(hh, v->channels, c, next)
	{
		struct event *ev;

		if (!left)
			break;
		if (!member_find(c, u))
			continue;
		left--;
		if (!is_reported(c))
			continue;
		ev = irc_user_event(v, EVENT_PRESENCE, c, u);
		ev->show = show;
		ev->flags = flags;
		set_text(v, ev, text);
		bridge_event(&v->irc->net, ev);
	}
}

void
irc_on_away(struct view *v, const struct irc_line *line)
{
	struct irc_user *u = leaver(v, line->nick);
	const char *text = irc_line_param(line, 0);

	if (u)
		set_show(v, u, *text ? SHOW_AWAY : SHOW_ONLINE, text, 0);
}

/* From WHO: "H" here or "G" gone, then other flags. */
static void
who_says(struct view *v, const char *nick, const char *flags)
{
	struct irc_user *u = leaver(v, nick);
	enum presence_show show = *flags == 'G' ? SHOW_AWAY : SHOW_ONLINE;

	if (!u || u->show == show)
		return;
	set_show(v, u, show, "", EVENT_BACKLOG);
	if (v->polled && show == SHOW_AWAY) /* why? 301 tells */
		session_send_idly(v->session, "WHOIS", u->nick, NULL);
}

/* 352 me #channel user host server nick flags :hops real name */
void
irc_on_who(struct view *v, const struct irc_line *line)
{
	struct irc_user *u = leaver(v, irc_line_param(line, 5));
	const char *real = strchr(irc_line_param(line, 7), ' ');

	if (u && real)
		irc_user_set_real(v, u, real + 1);
	who_says(v, irc_line_param(line, 5), irc_line_param(line, 6));
}

/* We ask for %tnfar: token, nick, flags, account, real name. */
void
irc_on_whox(struct view *v, const struct irc_line *line)
{
	const char *nick = irc_line_param(line, 2);
	struct irc_user *u = leaver(v, nick);

	if (!u || strcmp(irc_line_param(line, 1), WHOX_TOKEN) != 0)
		return;
	irc_user_set_account(u, irc_line_param(line, 4));
	irc_user_set_real(v, u, irc_line_param(line, 5));
	who_says(v, nick, irc_line_param(line, 3));
}

/* 301 me nick :text, asked for by WHOIS */
void
irc_on_away_is(struct view *v, const struct irc_line *line)
{
	struct irc_user *u = leaver(v, irc_line_param(line, 1));

	if (u && u->show == SHOW_AWAY)
		set_show(v, u, SHOW_AWAY, irc_line_param(line, 2), 0);
}

void
irc_on_account(struct view *v, const struct irc_line *line)
{
	struct irc_user *u = leaver(v, line->nick);

	if (u)
		irc_user_set_account(u, irc_line_param(line, 0));
}

/* It is told with whatever is told next; and at once, since it is news. */
void
irc_on_setname(struct view *v, const struct irc_line *line)
{
	struct irc_user *u = leaver(v, line->nick);
	struct irc_channel *c, *next;

	if (!u || !u->channels)
		return;
	irc_user_set_real(v, u, irc_line_param(line, 0));
	HASH_ITER(hh, v->channels, c, next)
	{
		struct member *m = member_find(c, u);

		if (m && is_reported(c))
			report_member(c, m, EVENT_BACKLOG);
	}
}

/* ---- the topic ----------------------------------------------------- */

static void
keep(char **field, const char *value)
{
	char *copy = xstrdup(value);

	free(*field);
	*field = copy;
}

void
irc_on_topic_is(struct view *v, const struct irc_line *line)
{
	struct irc_channel *c = irc_channel_find(v, irc_line_param(line, 1));

	if (c)
		keep(&c->topic, irc_line_param(line, 2));
}

/* 333 me #channel who!user@host seconds */

void
irc_on_topic_by(struct view *v, const struct irc_line *line)
{
	struct irc_channel *c = irc_channel_find(v, irc_line_param(line, 1));

	if (!c)
		return;
	keep(&c->topic_by, irc_line_param(line, 2));
	c->topic_by[strcspn(c->topic_by, "!")] = '\0';
	c->topic_ms = irc_seconds_ms(irc_line_param(line, 3));
}

/* who: a nick or a server. */
static struct event *
topic_event(struct irc_channel *c, const char *who)
{
	struct view *v = c->view;
	AUTO_STR utf8 = { 0 };
	struct text_builder text;
	struct irc_user *u = irc_user_see(v, who);
	struct event *ev = irc_user_event(v, EVENT_TOPIC, c, u);

	str_init(&utf8, WORDS_MAX);
	text_builder_init(&text, WORDS_MAX);
	irc_charset_read(&utf8, c->topic, strlen(c->topic),
			 v->session ? session_charset(v->session)
				    : v->irc->conf->charset);
	irc_format_read(&text, utf8.data, utf8.len);
	event_take_text(ev, &text);
	text_builder_finish(&text);
	irc_user_release(v, u);
	return ev;
}

void
irc_on_topic(struct view *v, const struct irc_line *line)
{
	struct irc_channel *c = irc_channel_find(v, irc_line_param(line, 0));
	struct event *ev;

	if (!c)
		return;
	keep(&c->topic, irc_line_param(line, 1));
	keep(&c->topic_by, line->nick ? line->nick : "");
	if (!line->nick || !*line->nick || irc_is_us(v->irc, line->nick) ||
	    !is_reported(c))
		return;
	ev = topic_event(c, line->nick);
	ev->when_ms = irc_line_time(v->irc, line);
	ev->cursor = irc_cursor(v, ev, line);
	if (c->catchup)
		irc_catch_up_hold(c, ev);
	else
		bridge_event(&v->irc->net, ev);
}

/* ---- the names ----------------------------------------------------- */

static void
member_named(struct irc_channel *c, const char *nick, unsigned prefixes)
{
	struct irc_user *u = irc_user_see(c->view, nick);
	struct member *m = member_find(c, u);
	bool news = !m;
	enum rank before;

	m = member_add(c, u);
	m->named = true;
	before = irc_rank_of(c->view->irc, m->prefixes);
	m->prefixes = prefixes;
	if (!is_reported(c))
		return;
	if (news)
		report_member(c, m, 0);
	else if (irc_rank_of(c->view->irc, prefixes) != before)
		report_member(c, m, EVENT_BACKLOG);
}

/* "@+nick!user@host": prefixes if multi-prefix, the rest if
 * userhost-in-names. */
static void
name_seen(struct irc_channel *c, char *word)
{
	struct view *v = c->view;
	const char *chars = v->irc->isupport.prefix_chars;
	unsigned prefixes = 0;
	const char *at;

	for (; *word && (at = strchr(chars, *word)); word++)
		prefixes |= 1u << (at - chars);
	word[strcspn(word, "!")] = '\0';
	if (c->asked)
		c->found |= !irc_compare(v->irc->isupport.casemapping, word,
					 v->session->nick);
	else if (*word && irc_is_us(v->irc, word))
		irc_own_modes(c, word, prefixes, ~0u);
	else if (*word)
		member_named(c, word, prefixes);
}

/* 353 me = #channel :names */
void
irc_on_names(struct view *v, const struct irc_line *line)
{
	struct irc_channel *c = irc_channel_find(v, irc_line_param(line, 2));
	char *names, *next, *word;

	if (!c || c->state == IRC_CHANNEL_JOINING)
		return;
	/* Of a portal it may be told to whoever enters: it is known. */
	if (c->channel->portal && is_reported(c) && !c->recount)
		return;
	names = next = xstrdup(irc_line_param(line, 3));
	while ((word = strsep(&next, " ")))
		name_seen(c, word);
	free(names);
}

void
irc_ask_who(struct irc_channel *c)
{
	struct view *v = c->view;

	if (v->irc->isupport.whox)
		session_send_idly(v->session, "WHO", c->channel->name,
				  "%tnfar," WHOX_TOKEN, NULL);
	else
		session_send_idly(v->session, "WHO", c->channel->name, NULL);
}

void
irc_poll_away(struct view *v)
{
	struct irc_channel *c, *next;

	v->polled = true;
	HASH_ITER(hh, v->channels, c, next)
	{
		if (is_reported(c) &&
		    HASH_COUNT(c->members) <= POLLED_MEMBERS_MAX)
			irc_ask_who(c);
	}
}

static void
report_snapshot(struct irc_channel *c)
{
	struct view *v = c->view;
	struct member *m, *next;

	HASH_ITER(hh, c->members, m, next)
	report_member(c, m, EVENT_BACKLOG);
	if (c->topic && *c->topic) {
		const char *by = c->topic_by;
		struct event *ev;

		if (!by || !*by || irc_is_us(v->irc, by))
			by = v->irc->net.name;
		ev = topic_event(c, by);
		ev->flags = EVENT_BACKLOG;
		if (c->topic_ms)
			ev->when_ms = c->topic_ms;
		bridge_event(&v->irc->net, ev);
	}
}

void
irc_names_complete(struct irc_channel *c)
{
	bool portal = c->channel->portal;

	c->state = portal ? IRC_CHANNEL_JOINED : IRC_CHANNEL_CATCHUP;
	c->heard_ms = loop_now_ms(c->view->irc->loop);
	report_snapshot(c);
	if (!portal) {
		irc_catch_up(c);
		return;
	}
	irc_portal_named(c);
	irc_ask_who(c);
	session_send_idly(c->view->session, "MODE", c->channel->name, NULL);
}

void
irc_names_again(struct irc_channel *c)
{
	struct member *m, *next;

	c->recount = true;
	HASH_ITER(hh, c->members, m, next)
	m->named = false;
}

static void
members_gone(struct irc_channel *c, bool all)
{
	struct member *m, *next;
	struct leaving how = {
		.kind = PART_LEFT,
		.reason = "",
		.when_ms = loop_wall_ms(c->view->irc->loop),
	};

	HASH_ITER(hh, c->members, m, next)
	if (all || !m->named)
		member_leaves(c, m->user, &how);
}

static void
recounted(struct irc_channel *c)
{
	c->recount = false;
	members_gone(c, false);
	irc_ask_who(c);
}

void
irc_channel_vacate(struct irc_channel *c)
{
	members_gone(c, true);
	c->state = IRC_CHANNEL_JOINING;
	c->recount = false;
	free(c->topic);
	free(c->topic_by);
	c->topic = c->topic_by = NULL;
}

/* 366 me #channel :End */
void
irc_on_names_end(struct view *v, const struct irc_line *line)
{
	struct irc_channel *c = irc_channel_find(v, irc_line_param(line, 1));

	if (!c)
		return;
	if (c->asked) {
		irc_silence_answered(c);
		return;
	}
	if (c->recount)
		recounted(c);
	else if (c->state == IRC_CHANNEL_NAMES)
		irc_names_complete(c);
}
