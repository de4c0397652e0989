/* SPDX-License-Identifier: MIT */
/* fuse.c - copies told from repetitions; see fuse.h. */

#include "bridge/fuse.h"

#include "bridge/base.h"
#include "bridge/str.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_MAX ((size_t)1024 * 1024)
#define PREFIXES_MAX 4

/* A text without what relaying adds, and the nicks that stood before it. */
struct plain {
	struct str text;
	char nicks[PREFIXES_MAX][FUSE_NAME_MAX + 1];
	size_t n_nicks;
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* The bytes of "<nick> " at the start of s, and the nick; 0: none is there. */
static size_t
nick_prefix(const char *s, char nick[FUSE_NAME_MAX + 1])
{
	const char *end = *s == '<' ? strchr(s, '>') : NULL;
	size_t len = end ? (size_t)(end - s) - 1 : 0;

	if (!len || len > FUSE_NAME_MAX || !is_space(end[1]) ||
	    memchr(s, '\n', len))
		return 0;
	memcpy(nick, s + 1, len);
	nick[len] = '\0';
	return len + 2;
}

static void
plain_init(struct plain *p, const char *s)
{
	size_t skip;

	p->n_nicks = 0;
	for (;;) {
		while (is_space(*s))
			s++;
		if (s[0] == '*' && is_space(s[1])) {
			s += 2;
			continue;
		}
		if (p->n_nicks == PREFIXES_MAX ||
		    !(skip = nick_prefix(s, p->nicks[p->n_nicks])))
			break;
		p->n_nicks++;
		s += skip;
	}
	str_init(&p->text, TEXT_MAX);
	while (*s) {
		size_t n = strcspn(s, " \t\n");

		if (p->text.len)
			str_add_char(&p->text, ' ');
		str_add_n(&p->text, s, n);
		s += n;
		while (is_space(*s))
			s++;
	}
}

static void
plain_finish(struct plain *p)
{
	str_finish(&p->text);
}

bool
fuse_same_text(const char *a, const char *b)
{
	struct plain pa, pb;
	bool same;

	plain_init(&pa, a);
	plain_init(&pb, b);
	same = strcmp(pa.text.data, pb.text.data) == 0;
	plain_finish(&pa);
	plain_finish(&pb);
	return same;
}

/* ---- names ------------------------------------------------------------- */

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
}

static bool
is_word_char(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

/* What is written between, before and after the letters does not count. */
static bool
same_letters(const char *a, const char *b)
{
	for (;;) {
		while (*a && !is_word_char(*a))
			a++;
		while (*b && !is_word_char(*b))
			b++;
		if (!*a || strncasecmp(a, b, 1) != 0)
			return *a == *b;
		a++;
		b++;
	}
}

/* True if name begins or ends with part, which nothing continues. */
static bool
is_decorated(const char *name, const char *part)
{
	size_t n = strlen(name), k = strlen(part);

	if (!k || n <= k)
		return false;
	if (strncasecmp(name, part, k) == 0 && !is_letter(name[k]))
		return true;
	return strcasecmp(name + n - k, part) == 0 &&
	       !is_word_char(name[n - k - 1]);
}

bool
fuse_same_name(const char *a, const char *b)
{
	return same_letters(a, b) || is_decorated(a, b) || is_decorated(b, a);
}

static bool
is_ascii(const char *s)
{
	while (*s && !(*s & 0x80))
		s++;
	return !*s;
}

static void
copy_name(char out[FUSE_NAME_MAX + 1], const char *name)
{
	size_t n = strnlen(name, FUSE_NAME_MAX);

	memcpy(out, name, n);
	out[n] = '\0';
}

/* ---- judging ----------------------------------------------------------- */

void
fuse_init(struct fuse *f, struct hash_key key)
{
	*f = (struct fuse){ .key = key };
}

/* A word, as the fuse sees it. */
struct seen {
	const struct fuse_word *w;
	struct plain plain;
	uint64_t text, sender;
	int64_t now_ms;
};

static struct fuse_strike *
strike_find(struct fuse *f, const struct seen *s)
{
	for (size_t i = 0; i < FUSE_SENDERS; i++)
		if (f->strikes[i].sender == s->sender &&
		    f->strikes[i].room == s->w->room)
			return &f->strikes[i];
	return NULL;
}

static bool
is_blown_for(struct fuse *f, const struct seen *s)
{
	const struct fuse_strike *k = strike_find(f, s);

	return k && k->blown_until_ms > s->now_ms;
}

static bool
is_named(const struct seen *s, const struct fuse_memory *m)
{
	for (size_t i = 0; i < s->plain.n_nicks; i++)
		if (fuse_same_name(s->plain.nicks[i], m->name))
			return true;
	if (fuse_same_name(s->w->name, m->name))
		return true;
	return s->w->paired && !(is_ascii(s->w->name) && is_ascii(m->name));
}

static bool
speaks_for_a_bridge(struct fuse *f, const struct seen *s,
		    const struct fuse_memory *m)
{
	if (s->w->marked || is_named(s, m))
		return true;
	if (m->len >= FUSE_LONG && m->room != s->w->room)
		return true;
	return is_blown_for(f, s);
}

static bool
is_same(const struct seen *s, const struct fuse_memory *m)
{
	return m->event && m->text == s->text && m->len == s->plain.text.len &&
	       s->now_ms - m->when_ms < FUSE_MS &&
	       !(m->sender == s->sender && m->room == s->w->room);
}

static uint32_t
bit_of(int64_t room)
{
	return 1u << (room & 31);
}

/* The oldest that no copy was seen of in that room, else the newest. */
static struct fuse_memory *
find_original(struct fuse *f, const struct seen *s, bool *returned)
{
	struct fuse_memory *found = NULL;

	*returned = false;
	for (size_t i = 0; i < FUSE_WORDS; i++) {
		struct fuse_memory *m = &f->memory[(f->next + i) % FUSE_WORDS];

		if (!is_same(s, m))
			continue;
		if (m->room != s->w->room)
			*returned = true;
		if (!speaks_for_a_bridge(f, s, m))
			continue;
		found = m;
		if (!(m->copied & bit_of(s->w->room)))
			break;
	}
	if (found)
		found->copied |= bit_of(s->w->room);
	return found;
}

/* The one whose time is over first makes room. */
static struct fuse_strike *
strike_new(struct fuse *f, const struct seen *s)
{
	struct fuse_strike *oldest = &f->strikes[0];

	for (size_t i = 1; i < FUSE_SENDERS; i++) {
		struct fuse_strike *k = &f->strikes[i];

		if (k->blown_until_ms < oldest->blown_until_ms ||
		    (k->blown_until_ms == oldest->blown_until_ms &&
		     k->since_ms < oldest->since_ms))
			oldest = k;
	}
	*oldest =
		(struct fuse_strike){ .room = s->w->room, .sender = s->sender };
	copy_name(oldest->name, s->w->name);
	return oldest;
}

/* True if this is the one that is too much. */
static bool
strike(struct fuse *f, const struct seen *s)
{
	struct fuse_strike *k = strike_find(f, s);

	if (!k)
		k = strike_new(f, s);
	if (k->text != s->text || s->now_ms - k->since_ms >= FUSE_MS) {
		k->text = s->text;
		k->since_ms = s->now_ms;
		k->n = 0;
	}
	if (++k->n <= FUSE_STRIKES)
		return false;
	k->blown_until_ms = s->now_ms + FUSE_BLOWN_MS;
	return true;
}

static void
remember(struct fuse *f, const struct seen *s)
{
	struct fuse_memory *m = &f->memory[f->next++ % FUSE_WORDS];

	*m = (struct fuse_memory){ .event = s->w->event,
				   .room = s->w->room,
				   .when_ms = s->now_ms,
				   .text = s->text,
				   .sender = s->sender,
				   .len = s->plain.text.len };
	copy_name(m->name, s->w->name);
}

static enum fuse_verdict
judge(struct fuse *f, const struct seen *s, int64_t *of)
{
	bool returned;
	const struct fuse_memory *m = find_original(f, s, &returned);

	if (m) {
		*of = m->event;
		return FUSE_COPY;
	}
	if (returned && strike(f, s))
		return FUSE_BLOWS;
	remember(f, s);
	return FUSE_NEW;
}

enum fuse_verdict
fuse_judge(struct fuse *f, const struct fuse_word *w, int64_t now_ms,
	   int64_t *of)
{
	struct seen s = { .w = w, .now_ms = now_ms };
	enum fuse_verdict verdict;

	*of = 0;
	plain_init(&s.plain, w->text);
	s.text = hash_bytes_with_key(f->key, s.plain.text.data,
				     s.plain.text.len);
	s.sender = hash_bytes_with_key(f->key, w->sender, strlen(w->sender));
	verdict = s.plain.text.len ? judge(f, &s, of) : FUSE_NEW;
	plain_finish(&s.plain);
	return verdict;
}

const struct fuse_strike *
fuse_blown(const struct fuse *f, size_t i, int64_t now_ms)
{
	for (size_t k = 0; k < FUSE_SENDERS; k++)
		if (f->strikes[k].blown_until_ms > now_ms && i-- == 0)
			return &f->strikes[k];
	return NULL;
}
