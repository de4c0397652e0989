/* SPDX-License-Identifier: MIT */
/* marks.c - reactions. See marks.h. */

#include "protocols/xmpp/marks.h"

#include "protocols/xmpp/stanza.h"

#include "bridge/base.h"
#include "bridge/hash.h"
#include "bridge/str.h"

#include <stdlib.h>
#include <string.h>

#define MARKS_MAX 20   /* of one person on one message */
#define MARKED_MAX 500 /* sets remembered */
#define SET_MAX 4096

struct marks {
	char *key; /* of the person, LF, message id */
	char *set; /* LF after each */
	UT_hash_handle hh;
};

static void
drop(struct marks **all, struct marks *m)
{
	HASH_DELETE(hh, *all, m);
	free(m->key);
	free(m->set);
	free(m);
}

void
marks_clear(struct marks **all)
{
	while (*all)
		drop(all, *all);
}

static void
add_line(void *set, const char *mark)
{
	str_printf(set, "%s\n", mark);
}

/* What is not remembered is on disk. ev: a reaction that is of that set. */
static struct marks *
get(struct marks **all, struct network *net, const char *who,
    const char *target, const struct event *ev)
{
	struct marks *m;
	AUTO_STR key = { 0 };
	AUTO_STR set = { 0 };

	str_init(&key, SET_MAX);
	str_printf(&key, "%s\n%s", who, target);
	HASH_FIND(hh, *all, key.data, key.len, m);
	if (m)
		return m;
	if (HASH_COUNT(*all) >= MARKED_MAX)
		drop(all, *all); /* the oldest */
	m = xcalloc(1, sizeof(*m));
	m->key = str_take(&key);
	str_init(&set, SET_MAX);
	bridge_marks(net, ev, add_line, &set);
	m->set = str_take(&set);
	HASH_ADD_KEYPTR(hh, *all, m->key, strlen(m->key), m);
	return m;
}

/* Is mark (n bytes) a line of set? */
static bool
set_has(const char *set, const char *mark, size_t n)
{
	while (*set) {
		size_t len = strcspn(set, "\n");

		if (len == n && !memcmp(set, mark, n))
			return true;
		set += len + (set[len] == '\n');
	}
	return false;
}

const char *
marks_with(struct marks **all, struct network *net, const char *who,
	   const char *target, const struct event *ev)
{
	struct marks *m = get(all, net, who, target, ev);
	size_t n = strlen(ev->mark);
	AUTO_STR set = { 0 };

	str_init(&set, SET_MAX);
	for (const char *at = m->set; *at; at += strcspn(at, "\n") + 1) {
		size_t len = strcspn(at, "\n");

		if (len != n || memcmp(at, ev->mark, n) != 0)
			str_printf(&set, "%.*s\n", (int)len, at);
	}
	if (!(ev->flags & EVENT_REMOVED))
		str_printf(&set, "%s\n", ev->mark);
	free(m->set);
	m->set = str_take(&set);
	return m->set;
}

static void
raise_mark(const struct marks_reader *r, const char *target, const char *mark,
	   size_t n, unsigned flags)
{
	struct event *ev = r->make(r->arg);
	AUTO_STR text = { 0 };

	str_init(&text, n);
	str_add_n(&text, mark, n);
	ev->mark = event_strdup(ev, text.data);
	ev->target = event_strdup(ev, target);
	ev->flags |= flags;
	r->raise(r->arg, ev);
}

/* Raise what is in one set and not in the other. */
static void
raise_difference(const struct marks_reader *r, const char *target,
		 const char *set, const char *other, unsigned flags)
{
	while (*set) {
		size_t len = strcspn(set, "\n");

		if (len && !set_has(other, set, len))
			raise_mark(r, target, set, len, flags);
		set += len + (set[len] == '\n');
	}
}

bool
marks_read(struct marks **all, const struct marks_reader *r, xmpp_stanza_t *st)
{
	AUTO(event) scratch = r->make(r->arg);
	const char *list[MARKS_MAX];
	size_t n;
	const char *target = stanza_reactions(st, scratch, list, MARKS_MAX, &n);
	AUTO_STR before = { 0 };
	AUTO_STR set = { 0 };
	struct marks *m;

	if (!target)
		return false;
	if (r->resolve)
		target = r->resolve(r->arg, scratch, target);
	scratch->target = event_strdup(scratch, target);
	str_init(&set, SET_MAX);
	for (size_t i = 0; i < n; i++) {
		if (!strchr(list[i], '\n'))
			str_printf(&set, "%s\n", list[i]);
	}
	m = get(all, r->net, scratch->sender.id, target, scratch);
	str_init(&before, SET_MAX);
	str_add(&before, m->set);
	free(m->set);
	m->set = xstrdup(set.data);
	if (!*m->set)
		drop(all, m);
	/* What is raised may come back here. */
	raise_difference(r, scratch->target, before.data, set.data,
			 EVENT_REMOVED);
	raise_difference(r, scratch->target, set.data, before.data, 0);
	return true;
}
