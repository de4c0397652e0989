/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_BASE64_H
#define BRIDGE_BASE64_H

/* Base64 (RFC 4648), without line ends. Pure. */

#include "bridge/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Section 4: padded. */
void base64_write(struct str *out, const void *bytes, size_t n);

/* False, and nothing appended, if the n characters are not base64. */
bool base64_read(struct str *out, const char *text, size_t n);

/* Section 5: for addresses; not padded. As above: false, nothing appended. */
void base64url_write(struct str *out, const void *bytes, size_t n);
bool base64url_read(struct str *out, const char *text, size_t n);

#endif
