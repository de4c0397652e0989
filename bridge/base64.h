/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_BASE64_H
#define BRIDGE_BASE64_H

/* Base64 (RFC 4648 4): padded, without line ends. Pure. */

#include "bridge/str.h"

#include <stdbool.h>
#include <stddef.h>

void base64_write(struct str *out, const void *bytes, size_t n);

/* False, and nothing appended, if the n characters are not base64. */
bool base64_read(struct str *out, const char *text, size_t n);

#endif
