/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_ATTACH_H
#define BRIDGE_ATTACH_H

/*
 * Files that belong to messages: what is said of them, the same on every
 * network, and how they are written down. Pure. A file itself is never in
 * memory; bridge/media/ has those that are.
 */

#include "bridge/event.h"

#include <stdbool.h>
#include <stddef.h>

struct str;

/* Bytes of a file's name as it is shown and served. */
#define ATTACH_NAME_MAX 100

/*
 * Append a name that somebody gave a file, as it can stand in a line, a
 * header and a path: no control, invisible or direction-changing characters,
 * no slashes, no blanks at its ends and no dots at its beginning, at most
 * ATTACH_NAME_MAX bytes with the extension kept. "file" if nothing is left.
 */
void attach_name(struct str *out, const char *name);

/* The same of the last part of a URL's path, its escapes undone. */
void attach_name_of_url(struct str *out, const char *url);

/* "image", "audio", "video", or "file"; mime may be NULL. */
const char *attach_kind(const char *mime);

/* Append "1.2 MiB", "14 KiB", "812 bytes"; nothing if it is negative. */
void attach_size(struct str *out, int64_t bytes);

/* Append "photo.jpg (image, 1.2 MiB)": as much as is known. */
void attach_describe(struct str *out, const struct attachment *a);

/*
 * True if a URL is one of http or https that can stand in a line of text: no
 * blanks, quotes, brackets or controls, and not too long.
 */
bool attach_url_is_good(const char *url);

/* Add one to ev, which gets copies of everything. */
void attach_add(struct event *ev, const struct attachment *a);

/* All files of ev as lines for the store, and back. */
void attach_write(struct str *out, const struct event *ev);
void attach_read(struct event *ev, const char *lines);

#endif
