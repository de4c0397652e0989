/* SPDX-License-Identifier: MIT */
/*
 * moderate.c - what an account is told to do in a channel: kick, ban, invite,
 * change ranks and modes.
 *
 * The server decides whether its user may, and we find out: a PING follows what
 * is sent, and servers answer in order, so that an error comes before the PONG
 * and no error means that it was done.
 */

#include "protocols/irc/portal.h"

#include "bridge/base.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "conf/conf.h"

#include <utlist.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TASKS_MAX 20
#define ANSWER_MAX 16384
#define REASON_MAX 250
#define MASK_MAX 200
#define KEY_MAX 50

struct task {
	struct irc_puppet *p;
	struct seat *seat; /* only valid while it is begun; NULL: of a person */
	struct request *r;
	char *channel;  /* as the network writes it; or the person's nick */
	char token[24]; /* of the PING behind it */
	char *error;    /* the first one, or NULL */
	enum denial denial;
	struct str list; /* what was answered, a line each */
	char *modes;     /* of 324, with their parameters, or NULL */
	/* What follows when the answer is there; NULL: nothing. */
	void (*next)(struct task *t);
	struct task *prev, *next_task;
};

static void
task_free(struct task *t)
{
	struct irc_puppet *p = t->p;

	DL_DELETE2(p->tasks, t, prev, next_task);
	str_finish(&t->list);
	free(t->channel);
	free(t->error);
	free(t->modes);
	free(t);
}

void
irc_tasks_drop(struct irc_puppet *p)
{
	while (p->tasks)
		task_free(p->tasks);
}

void
irc_tasks_lost(struct irc_puppet *p)
{
	while (p->tasks) {
		request_refuse(p->tasks->r, "the connection was lost");
		task_free(p->tasks);
	}
}

static void
deny(struct task *t, enum denial denial, const char *why)
{
	request_deny(t->r, denial, why);
	task_free(t);
}

/* Ask whether what was sent is done. */
static void
expect(struct task *t)
{
	snprintf(t->token, sizeof(t->token), "cm%016" PRIx64,
		 loop_random(t->p->irc->loop));
	if (!session_send(&t->p->session, "PING", t->token, NULL))
		deny(t, DENIED_OTHER, "too much is waiting to be sent");
}

static void
sent(struct task *t, bool ok)
{
	if (ok)
		expect(t);
	else
		deny(t, DENIED_VALUE, "that cannot be said on IRC");
}

/* ---- values -------------------------------------------------------- */

/* One line that fits; to be freed. */
static char *
reason_of(const struct request *r)
{
	const char *reason = request_value(r, "reason");
	AUTO_STR out = { 0 };

	str_init(&out, REASON_MAX);
	reason = reason ? reason : "";
	str_add_n(&out, reason, utf8_cut(reason, strlen(reason), REASON_MAX));
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.data[i] < ' ')
			out.data[i] = ' ';
	return str_take(&out);
}

/* NULL, and denied, if it is none. */
static const char *
nick_of(struct task *t)
{
	const char *nick = request_value(t->r, "nick");

	if (nick && irc_is_nick(&t->p->irc->isupport, nick))
		return nick;
	deny(t, DENIED_VALUE, "that is no nick");
	return NULL;
}

static bool
is_mask(const char *text)
{
	if (!*text || *text == ':' || strlen(text) > MASK_MAX)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == ',')
			return false;
	return true;
}

/* A nick is banned with whatever name and host, anything else is as it is. */
static bool
write_mask(struct str *out, const char *text)
{
	if (!is_mask(text))
		return false;
	str_add(out, text);
	if (!strpbrk(text, "!@*?$"))
		str_add(out, "!*@*");
	return true;
}

/* ---- kick, ban, invite --------------------------------------------- */

static void
do_kick(struct task *t)
{
	const char *nick = nick_of(t);
	char *reason;

	if (!nick)
		return;
	reason = reason_of(t->r);
	sent(t, session_send(&t->p->session, "KICK", t->channel, nick,
			     *reason ? reason : nick, NULL));
	free(reason);
}

static void
do_ban(struct task *t)
{
	const char *nick = request_value(t->r, "nick");
	bool here = nick && irc_is_nick(&t->p->irc->isupport, nick);
	AUTO_STR mask = { 0 };
	char *reason;
	bool ok;

	str_init(&mask, MASK_MAX + 8);
	if (!nick || !write_mask(&mask, nick)) {
		deny(t, DENIED_VALUE, "nobody can be banned by that");
		return;
	}
	reason = reason_of(t->r);
	ok = session_send(&t->p->session, "MODE", t->channel, "+b", mask.data,
			  NULL);
	if (ok && here)
		ok = session_send(&t->p->session, "KICK", t->channel, nick,
				  *reason ? reason : nick, NULL);
	free(reason);
	sent(t, ok);
}

static void
do_unban(struct task *t)
{
	const char *mask = request_value(t->r, "mask");

	if (!mask || !is_mask(mask))
		deny(t, DENIED_VALUE, "that is no mask of a ban");
	else
		sent(t, session_send(&t->p->session, "MODE", t->channel, "-b",
				     mask, NULL));
}

static void
tell_list(struct task *t)
{
	request_done(t->r, t->list.len ? t->list.data : "");
	task_free(t);
}

static void
do_bans(struct task *t)
{
	t->next = tell_list;
	sent(t, session_send(&t->p->session, "MODE", t->channel, "+b", NULL));
}

static void
do_invite(struct task *t)
{
	const char *nick = nick_of(t);

	if (nick)
		sent(t, session_send(&t->p->session, "INVITE", nick, t->channel,
				     NULL));
}

/* ---- ranks --------------------------------------------------------- */

static const struct choice ranks[] = {
	[RANK_NONE] = { "none", "None" },
	[RANK_VOICE] = { "voice", "Voice" },
	[RANK_HALFOP] = { "halfop", "Half operator" },
	[RANK_OP] = { "op", "Operator" },
	[RANK_ADMIN] = { "admin", "Admin" },
	[RANK_OWNER] = { "owner", "Owner" },
};

static bool
has_rank(const struct irc_isupport *is, enum rank rank)
{
	for (const char *m = is->prefix_modes; *m; m++)
		if (irc_rank_of_mode(is, *m) == rank)
			return true;
	return false;
}

/* The mode of that rank, or of the next lower one that the server has. */
static char
mode_of(const struct irc_isupport *is, enum rank rank)
{
	char best = '\0';

	/* Where there is nothing in between, less would be nothing. */
	if (rank == RANK_HALFOP && !has_rank(is, rank))
		rank = RANK_OP;
	for (const char *m = is->prefix_modes; *m; m++)
		if (irc_rank_of_mode(is, *m) <= rank &&
		    (!best ||
		     irc_rank_of_mode(is, *m) > irc_rank_of_mode(is, best)))
			best = *m;
	return rank == RANK_NONE ? '\0' : best;
}

/* What that nick has in the channel; false if nobody there has it. */
static bool
prefixes_of(const struct task *t, const char *nick, unsigned *prefixes)
{
	struct irc *irc = t->p->irc;
	struct irc_puppet *ours = irc_puppet_find(irc, nick);
	struct seat *seat = ours ? irc_seat_in(ours, t->channel) : NULL;
	const struct occupant *o = t->seat->occupant;
	struct irc_channel *c = o ? o->channel->data : NULL;
	struct irc_user *u = c ? irc_user_find(c->view, nick) : NULL;
	struct member *m = NULL;

	if (seat) {
		*prefixes = seat->prefixes;
		return true;
	}
	if (u)
		HASH_FIND(hh, c->members, &u, sizeof(u), m);
	if (m)
		*prefixes = m->prefixes;
	return m != NULL;
}

static bool
send_rank(struct task *t, const char *nick, unsigned has, char wanted)
{
	const char *all = t->p->irc->isupport.prefix_modes;
	AUTO_STR line = { 0 };
	size_t n = 0;

	str_init(&line, IRC_BODY_MAX);
	str_printf(&line, "MODE %s ", t->channel);
	for (size_t i = 0; all[i]; i++)
		if (all[i] == wanted && !(has & 1u << i) && ++n)
			str_printf(&line, "+%c", wanted);
	for (size_t i = 0; all[i]; i++)
		if (all[i] != wanted && (has & 1u << i) && ++n)
			str_printf(&line, "-%c", all[i]);
	for (size_t i = 0; i < n; i++)
		str_printf(&line, " %s", nick);
	str_add(&line, "\r\n");
	return !n || (!str_overflowed(&line) &&
		      session_queue(&t->p->session, &line, NULL));
}

static void
do_rank(struct task *t)
{
	const char *word = request_value(t->r, "rank");
	const char *nick = nick_of(t);
	unsigned has;
	size_t i = 0;

	if (!nick)
		return;
	while (i < ARRAY_SIZE(ranks) &&
	       (!word || strcmp(ranks[i].value, word) != 0))
		i++;
	if (i == ARRAY_SIZE(ranks))
		deny(t, DENIED_VALUE, "there is no such rank");
	else if (!prefixes_of(t, nick, &has))
		deny(t, DENIED_UNKNOWN, "nobody there has that nick");
	else
		sent(t, send_rank(t, nick, has,
				  mode_of(&t->p->irc->isupport, (enum rank)i)));
}

/* ---- modes --------------------------------------------------------- */

/* Those that people can set by a form. */
static const struct {
	const char *key, *label;
	char mode;
} switches[] = {
	{ "topic_lock", "Only operators set the topic", 't' },
	{ "moderated", "Only those with voice speak", 'm' },
	{ "secret", "The channel is not listed", 's' },
	{ "invite_only", "Only those who were invited come in", 'i' },
};

struct channel_modes {
	const struct irc_isupport *is;
	bool on[ARRAY_SIZE(switches)];
	char key[KEY_MAX + 1], limit[12]; /* "" if there is none */
};

static void
note_mode(void *arg, const struct irc_mode *mode)
{
	struct channel_modes *m = arg;

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if (switches[i].mode == mode->mode)
			m->on[i] = mode->set;
	if (mode->mode == 'k' && mode->arg)
		(void)snprintf(m->key, sizeof(m->key), "%s", mode->arg);
	if (mode->mode == 'l' && mode->arg)
		(void)snprintf(m->limit, sizeof(m->limit), "%.11s", mode->arg);
}

/* "+ntk sesame", as 324 has it. */
static void
read_modes(const struct task *t, struct channel_modes *out)
{
	char *copy = xstrdup(t->modes), *rest = copy;
	const char *modes = strsep(&rest, " ");
	const char *args[16];
	size_t n = 0;

	*out = (struct channel_modes){ .is = &t->p->irc->isupport };
	while (rest && n < ARRAY_SIZE(args))
		args[n++] = strsep(&rest, " ");
	irc_modes_read(out->is, modes, args, n, note_mode, out);
	free(copy);
}

static void
ask_modes(struct task *t, const struct channel_modes *m)
{
	const struct field key = { .key = "key",
				   .kind = SETTING_TEXT,
				   .label = "Key to come in with",
				   .value = m->key };
	const struct field limit = { .key = "limit",
				     .kind = SETTING_NUMBER,
				     .label = "How many may be in",
				     .value = m->limit };

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		request_field(t->r,
			      &(struct field){ .key = switches[i].key,
					       .kind = SETTING_YES_NO,
					       .label = switches[i].label,
					       .value = m->on[i] ? "true"
								 : "false" });
	request_field(t->r, &key);
	request_field(t->r, &limit);
	request_ask(t->r, t->channel, "Modes of the channel.");
	task_free(t);
}

static void
tell_done(struct task *t)
{
	request_done(t->r, "It was done.");
	task_free(t);
}

/* A mode that takes a parameter: set, changed or removed. */
static bool
send_param(struct task *t, const char *letter, const char *had,
	   const char *wanted, bool names_old)
{
	char mode[3] = { *wanted ? '+' : '-', *letter, '\0' };

	if (!wanted || strcmp(had, wanted) == 0)
		return true;
	if (!*wanted && !names_old)
		return session_send(&t->p->session, "MODE", t->channel, mode,
				    NULL);
	if (*wanted && *had && names_old &&
	    !session_send(&t->p->session, "MODE", t->channel, "-k", had, NULL))
		return false;
	return session_send(&t->p->session, "MODE", t->channel, mode,
			    *wanted ? wanted : had, NULL);
}

static bool
send_switches(struct task *t, const struct channel_modes *m)
{
	AUTO_STR modes = { 0 };

	str_init(&modes, 64);
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		const char *value = request_value(t->r, switches[i].key);
		bool on = value && !strcmp(value, "true");

		if (value && *value && on != m->on[i])
			str_printf(&modes, "%c%c", on ? '+' : '-',
				   switches[i].mode);
	}
	return !modes.len || session_send(&t->p->session, "MODE", t->channel,
					  modes.data, NULL);
}

static bool
is_key(const char *key)
{
	return !key || !*key || (is_mask(key) && strlen(key) <= KEY_MAX);
}

static bool
is_limit(const char *limit)
{
	return !limit ||
	       (strlen(limit) < 10 && !limit[strspn(limit, "0123456789")]);
}

static void
change_modes(struct task *t, const struct channel_modes *m)
{
	const char *key = request_value(t->r, "key");
	const char *limit = request_value(t->r, "limit");

	if (!is_key(key)) {
		deny(t, DENIED_VALUE, "no channel has such a key");
		return;
	}
	if (!is_limit(limit)) {
		deny(t, DENIED_VALUE, "the limit has to be a number");
		return;
	}
	if (limit && !strcmp(limit, "0"))
		limit = "";
	t->next = tell_done;
	sent(t, send_switches(t, m) &&
			(!key || send_param(t, "k", m->key, key, true)) &&
			(!limit || send_param(t, "l", m->limit, limit, false)));
}

static void
modes_known(struct task *t)
{
	struct channel_modes m;

	if (!t->modes) {
		deny(t, DENIED_OTHER, "the server does not tell the modes");
		return;
	}
	read_modes(t, &m);
	if (request_is_fresh(t->r))
		ask_modes(t, &m);
	else
		change_modes(t, &m);
}

static void
do_modes(struct task *t)
{
	t->next = modes_known;
	sent(t, session_send(&t->p->session, "MODE", t->channel, NULL));
}

/* ---- forms --------------------------------------------------------- */

static const struct field nick_field = {
	.key = "nick", .kind = SETTING_TEXT, .label = "Nick", .required = true
};
static const struct field who_field = { .key = "nick",
					.kind = SETTING_TEXT,
					.label = "Nick or mask",
					.required = true };
static const struct field reason_field = { .key = "reason",
					   .kind = SETTING_TEXT,
					   .label = "Reason" };
static const struct field mask_field = { .key = "mask",
					 .kind = SETTING_TEXT,
					 .label = "Mask of the ban",
					 .required = true };
static const struct field rank_field = { .key = "rank",
					 .kind = SETTING_CHOICE,
					 .label = "Rank",
					 .value = "none",
					 .required = true,
					 .choices = ranks,
					 .n_choices = ARRAY_SIZE(ranks) };

static const struct {
	const char *name;
	void (*run)(struct task *t);
	const struct field *fields[2]; /* without any it runs at once */
} verbs[] = {
	{ "kick", do_kick, { &nick_field, &reason_field } },
	{ "ban", do_ban, { &who_field, &reason_field } },
	{ "unban", do_unban, { &mask_field } },
	{ "bans", do_bans, { NULL } },
	{ "invite", do_invite, { &nick_field } },
	{ "rank", do_rank, { &nick_field, &rank_field } },
	{ "modes", do_modes, { NULL } },
};

static void
task_begin(struct irc_puppet *p, struct seat *seat, const char *name,
	   struct request *r, void (*run)(struct task *t))
{
	struct task *t = xcalloc(1, sizeof(*t));

	t->p = p;
	t->seat = seat;
	t->r = r;
	t->channel = xstrdup(name);
	t->next = tell_done;
	str_init(&t->list, ANSWER_MAX);
	DL_APPEND2(p->tasks, t, prev, next_task);
	run(t);
}

static size_t
count(const struct irc_puppet *p)
{
	const struct task *t;
	size_t n = 0;

	DL_FOREACH2(p->tasks, t, next_task)
	n++;
	return n;
}

static struct seat *
seat_for(struct irc *irc, const struct request *r, struct irc_puppet **p)
{
	const struct address *who = request_who(r);
	struct seat *seat;
	char channel[IRC_BODY_MAX];

	*p = irc_puppet_of(irc, who->network, who->id);
	if (!*p || (*p)->session.state != SESSION_UP ||
	    !irc->net.protocol->ops.channel_name(&irc->net,
						 request_place(r)->name,
						 channel, sizeof(channel)))
		return NULL;
	seat = irc_seat_in(*p, channel);
	return seat && seat->state == SEAT_JOINED && seat->occupant ? seat
								    : NULL;
}

void
irc_moderate(struct irc *irc, struct request *r)
{
	const char *name = request_command(r)->name;
	struct irc_puppet *p;
	struct seat *seat = seat_for(irc, r, &p);
	size_t i = 0;

	while (strcmp(verbs[i].name, name) != 0)
		i++;
	if (!seat) {
		request_deny(r, DENIED_RIGHTS, "you are not in the channel");
	} else if (count(p) >= TASKS_MAX) {
		request_refuse(r, "wait for what you have asked for before");
	} else if (request_is_fresh(r) && verbs[i].fields[0]) {
		for (size_t k = 0; k < 2 && verbs[i].fields[k]; k++)
			request_field(r, verbs[i].fields[k]);
		request_ask(r, request_command(r)->label, "");
	} else {
		task_begin(p, seat, seat->occupant->channel->name, r,
			   verbs[i].run);
	}
}

/* ---- what is known of somebody --------------------------------------- */

/* Of what answers WHOIS: what people want to know, and where it stands. */
static const struct {
	unsigned numeric;
	size_t param;
	const char *key, *label;
} known[] = {
	{ 311, 5, "real", "Real name" },
	{ 330, 2, "account", "Account" },
	{ 301, 2, "away", "Away" },
	{ 312, 2, "server", "Server" },
};

static void
tell_card(struct task *t)
{
	request_done(t->r, t->list.len ? t->list.data : "Nothing is known.");
	task_free(t);
}

/* True if the line is about whom the task asks for. */
static bool
note_card(struct task *t, const struct irc_line *line)
{
	unsigned numeric = irc_line_numeric(line);

	if (t->next != tell_card ||
	    irc_compare(t->p->irc->isupport.casemapping,
			irc_line_param(line, 1), t->channel))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		AUTO_STR text = { 0 };
		const char *words;

		if (known[i].numeric != numeric)
			continue;
		str_init(&text, 4 * IRC_BODY_MAX);
		words = irc_words(t->p->irc, &text,
				  irc_line_param(line, known[i].param));
		str_printf(&t->list, "%s%s: %s", t->list.len ? "\n" : "",
			   known[i].label, words ? words : "");
		(void)request_entry(t->r, known[i].key, words ? words : "");
		return true;
	}
	return false;
}

static void
ask_card(struct task *t)
{
	t->next = tell_card;
	sent(t, session_send(&t->p->session, "WHOIS", t->channel, NULL));
}

void
irc_card(struct irc *irc, struct request *r)
{
	const struct address *who = request_who(r);
	const char *nick = request_place(r)->name;
	struct irc_puppet *p = irc_puppet_of(irc, who->network, who->id);

	if (!p || p->session.state != SESSION_UP)
		request_refuse(r, "you are not connected to this network");
	else if (!irc_is_nick(&irc->isupport, nick))
		request_deny(r, DENIED_UNKNOWN, "nobody can be called that");
	else if (count(p) >= TASKS_MAX)
		request_refuse(r, "wait for what you have asked for before");
	else
		task_begin(p, NULL, nick, r, ask_card);
}

/* ---- answers ------------------------------------------------------- */

static enum denial
denial_of(unsigned numeric)
{
	switch (numeric) {
	case 401:
	case 403:
	case 406:
	case 441:
		return DENIED_UNKNOWN;
	case 442:
	case 472:
	case 461:
	case 501:
	case 696:
		return DENIED_VALUE;
	case 481:
	case 482:
	case 484:
	case 485:
	case 499:
		return DENIED_RIGHTS;
	}
	return DENIED_OTHER;
}

static void
note_error(struct task *t, const struct irc_line *line)
{
	AUTO_STR text = { 0 };

	if (t->error)
		return;
	str_init(&text, 4 * IRC_BODY_MAX);
	t->error = xstrdup(irc_words(t->p->irc, &text,
				     irc_line_param(line, line->n_params - 1)));
	t->denial = denial_of(irc_line_numeric(line));
}

static void
note_line(struct task *t, const struct irc_line *line, size_t from)
{
	str_add(&t->list, t->list.len ? "\n" : "");
	for (size_t i = from; i < line->n_params && i < from + 1; i++) {
		AUTO_STR text = { 0 };

		str_init(&text, 4 * IRC_BODY_MAX);
		str_add(&t->list, irc_words(t->p->irc, &text, line->params[i]));
	}
}

static void
note_modes(struct task *t, const struct irc_line *line)
{
	AUTO_STR text = { 0 };

	str_init(&text, IRC_BODY_MAX);
	for (size_t i = 2; i < line->n_params; i++)
		str_printf(&text, "%s%s", i > 2 ? " " : "", line->params[i]);
	free(t->modes);
	t->modes = str_take(&text);
}

static void
finish(struct task *t)
{
	*t->token = '\0';
	if (t->error)
		deny(t, t->denial, t->error);
	else
		t->next(t);
}

bool
irc_task_line(struct irc_puppet *p, const struct irc_line *line)
{
	struct task *t = p->tasks;
	unsigned numeric = irc_line_numeric(line);
	const char *last = irc_line_param(line, line->n_params - 1);

	if (!t)
		return false;
	if (!strcmp(line->command, "PONG")) {
		if (strcmp(last, t->token) != 0)
			return false;
		finish(t);
		return true;
	}
	if (note_card(t, line))
		return true;
	if (numeric == 324)
		note_modes(t, line);
	else if (numeric == 367)
		note_line(t, line, 2);
	else if ((numeric >= 400 && numeric < 600) || numeric == 696)
		note_error(t, line);
	else
		return numeric == 368 || numeric == 329 || numeric == 341;
	return true;
}
