/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_MEDIA_TYPE_H
#define BRIDGE_MEDIA_TYPE_H

/*
 * What a file is, by what is in it and nothing that anybody says. Pure.
 */

#include <stdbool.h>
#include <stddef.h>

/* So many bytes of its beginning are enough, also for the size of a picture. */
#define TYPE_HEAD_MAX (256 * 1024)

/*
 * The media type of a file that begins so: one of a table of ours, never NULL.
 * What is not known and not text is "application/octet-stream".
 */
const char *type_of(const unsigned char *head, size_t n);

/*
 * True if a browser may show it where it is: pictures, sound, films and plain
 * text. The rest is for saving. mime is of type_of().
 */
bool type_is_shown(const char *mime);

/*
 * Width and height of a PNG, JPEG, GIF or WebP picture, as its header says.
 * False, and both 0, if it is none of these, or does not say.
 */
bool picture_size(const unsigned char *head, size_t n, unsigned *width,
		  unsigned *height);

#endif
