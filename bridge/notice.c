/* SPDX-License-Identifier: MIT */
/* notice.c - what bridges tell each other; see notice.h. */

#include "bridge/notice.h"

#include "bridge/base.h"
#include "bridge/str.h"

#include <stdlib.h>
#include <string.h>

static const char letters[] = {
	[NOTICE_PUPPET] = 'p', [NOTICE_COMING] = 'c', [NOTICE_STANDBY] = 's',
	[NOTICE_ACTIVE] = 'a', [NOTICE_FORCED] = 'f',
};

/* ---- reading ----------------------------------------------------------- */

/* A name up to one of the ends or the end of all; NULL if it is none. */
static const char *
read_name(const char *s, const char *ends, char out[NOTICE_ID_MAX + 1])
{
	size_t n = strspn(s, "0123456789abcdefghijklmnopqrstuvwxyz");

	if (!n || n > NOTICE_ID_MAX || (s[n] && !strchr(ends, s[n])))
		return NULL;
	memcpy(out, s, n);
	out[n] = '\0';
	return s + n;
}

static bool
read_state(char c, enum notice_state *out)
{
	for (size_t i = 0; i < sizeof(letters); i++) {
		if (letters[i] != c)
			continue;
		*out = (enum notice_state)i;
		return true;
	}
	return false;
}

static const char *
read_rooms(const char *s, struct notice_link *link)
{
	char room[NOTICE_ID_MAX + 1];

	link->n_rooms = 0;
	if (!*s || *s == ' ')
		return s;
	for (;; s++) {
		s = read_name(s, ", ", room);
		if (!s)
			return NULL;
		if (link->n_rooms < NOTICE_ROOMS_MAX)
			memcpy(link->rooms[link->n_rooms++], room,
			       sizeof(room));
		if (*s != ',')
			return s;
	}
}

/* One link; NULL if it is not one, else what follows it. */
static const char *
read_link(const char *s, struct notice_link *link)
{
	s = read_name(s, ":", link->bridge);
	if (!s || s[0] != ':' || !read_state(s[1], &link->state) || s[2] != ':')
		return NULL;
	return read_rooms(s + 3, link);
}

bool
notice_read(struct notice *out, const char *text)
{
	struct notice_link link;

	out->n = 0;
	if (strnlen(text, NOTICE_TEXT_MAX + 1) > NOTICE_TEXT_MAX)
		return false;
	for (;; text++) {
		text = read_link(text, &link);
		if (!text)
			return false;
		if (out->n < NOTICE_LINKS_MAX)
			out->links[out->n++] = link;
		if (*text != ' ')
			return true;
	}
}

/* ---- writing ----------------------------------------------------------- */

void
notice_write(struct str *out, const struct notice *notice)
{
	for (size_t i = 0; i < notice->n; i++) {
		const struct notice_link *link = &notice->links[i];

		str_printf(out, "%s%s:%c:", i ? " " : "", link->bridge,
			   letters[link->state]);
		for (size_t k = 0; k < link->n_rooms; k++)
			str_printf(out, "%s%s", k ? "," : "", link->rooms[k]);
	}
}

/* ---- what follows ------------------------------------------------------ */

bool
notice_outranks(const struct notice_link *other, const struct notice_link *mine)
{
	if (other->state < NOTICE_STANDBY)
		return false;
	if (other->state != mine->state)
		return other->state > mine->state;
	return strcmp(other->bridge, mine->bridge) < 0;
}

bool
notice_has_room(const struct notice_link *link, const char *room)
{
	for (size_t i = 0; i < link->n_rooms; i++)
		if (strcmp(link->rooms[i], room) == 0)
			return true;
	return false;
}

static bool
touch(const struct notice_link *a, const struct notice_link *b)
{
	for (size_t i = 0; i < a->n_rooms; i++)
		if (notice_has_room(b, a->rooms[i]))
			return true;
	return false;
}

/* Everything that hangs together with link i gets its number. */
static void
spread(const struct notice_link *const *others, size_t n, unsigned *numbers,
       size_t i)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t k = 0; k < n; k++) {
			if (numbers[k] || !touch(others[k], others[i]))
				continue;
			numbers[k] = numbers[i];
			spread(others, n, numbers, k);
			more = true;
		}
	}
}

void
notice_groups(const struct notice_link *mine,
	      const struct notice_link *const *others, size_t n,
	      unsigned groups[NOTICE_ROOMS_MAX])
{
	unsigned *numbers = xcalloc(n + 1, sizeof(*numbers));

	for (size_t i = 0; i < n; i++) {
		if (numbers[i])
			continue;
		numbers[i] = (unsigned)i + 1;
		spread(others, n, numbers, i);
	}
	for (size_t r = 0; r < mine->n_rooms; r++) {
		groups[r] = 0;
		for (size_t i = 0; i < n && !groups[r]; i++)
			if (notice_has_room(others[i], mine->rooms[r]))
				groups[r] = numbers[i];
	}
	free(numbers);
}
