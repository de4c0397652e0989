/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_ROWS_H
#define BRIDGE_ROWS_H

/* Events as rows of the store, and back. Pure. */

struct event;
struct event_row;
struct str;

/*
 * Everything of ev that is kept. The row borrows from ev and from the two
 * strings, which must have been initialised and stay as they are as long as
 * the row is used. id, sender and received_ms are the caller's to fill in.
 */
void rows_from_event(struct event_row *row, const struct event *ev,
		     struct str *spans, struct str *attachments);

/* One reference, the caller's; NULL if this version does not know the kind. */
struct event *rows_to_event(const struct event_row *row);

#endif
