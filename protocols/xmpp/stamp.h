/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_STAMP_H
#define PROTOCOLS_XMPP_STAMP_H

/* Points in time as XEP-0082 writes them. Pure. */

#include <stdint.h>

#define STAMP_MAX 32 /* bytes of a written stamp, with its NUL */

/* "2026-11-21T12:00:00.123Z", any offset: ms since 1970 UTC; -1 if it is none.
 */
int64_t stamp_read(const char *text);

/* wall_ms, ms since 1970, in UTC with milliseconds; "" if out of range. */
void stamp_write(char out[STAMP_MAX], int64_t wall_ms);

#endif
