/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_WITHDRAWN_H
#define MAPPINGS_WITHDRAWN_H

/*
 * Messages that were taken back while links to their files were good: by the
 * number that the link has for its message.
 */

#include <stdint.h>

struct db;

/* Until then; those whose time was over before now_ms are forgotten. */
int withdrawn_put(struct db *db, int64_t tag, int64_t until_ms, int64_t now_ms);

/* 1 if it was, 0 if not, or -errno. */
int withdrawn_is(struct db *db, int64_t tag);

#endif
