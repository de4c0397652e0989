/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_PROTOCOLS_H
#define PROTOCOLS_PROTOCOLS_H

/* The protocols built into this program, ended by NULL. */

struct protocol;

extern const struct protocol *const protocols[];

#endif
