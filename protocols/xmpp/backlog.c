/* SPDX-License-Identifier: MIT */
/* backlog.c - what waits to be written to the server; see backlog.h. */

#include "protocols/xmpp/backlog.h"

#include "bridge/base.h"

#include <utlist.h>

#include <stdint.h>
#include <stdlib.h>

#define PIECE_BYTES (64 * 1024) /* one that has so many grows no more */

struct piece {
	struct str text;
	struct piece *prev, *next;
};

static struct piece *
piece_new(struct backlog *b)
{
	struct piece *p = b->spare;

	b->spare = NULL;
	if (p)
		return p;
	p = xcalloc(1, sizeof(*p));
	str_init(&p->text, SIZE_MAX / 4);
	return p;
}

static void
piece_free(struct piece *p)
{
	str_finish(&p->text);
	free(p);
}

static struct piece *
last(const struct backlog *b)
{
	return b->pieces ? b->pieces->prev : NULL;
}

void
backlog_finish(struct backlog *b)
{
	backlog_drop_all(b);
	if (b->spare)
		piece_free(b->spare);
	*b = (struct backlog){ 0 };
}

struct str *
backlog_end(struct backlog *b)
{
	struct piece *p = last(b);

	if (p && p->text.len < PIECE_BYTES)
		return &p->text;
	if (p)
		b->bytes += p->text.len;
	p = piece_new(b);
	DL_APPEND(b->pieces, p);
	return &p->text;
}

size_t
backlog_bytes(const struct backlog *b)
{
	return b->bytes + (b->pieces ? last(b)->text.len : 0);
}

const struct str *
backlog_first(const struct backlog *b)
{
	return b->pieces ? &b->pieces->text : NULL;
}

void
backlog_drop_first(struct backlog *b)
{
	struct piece *p = b->pieces;

	if (p != last(b))
		b->bytes -= p->text.len;
	DL_DELETE(b->pieces, p);
	if (b->spare) {
		piece_free(p);
		return;
	}
	str_clear(&p->text);
	b->spare = p;
}

void
backlog_drop_all(struct backlog *b)
{
	while (b->pieces)
		backlog_drop_first(b);
}
