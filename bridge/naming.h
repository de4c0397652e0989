/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_NAMING_H
#define BRIDGE_NAMING_H

struct pup;

/* Ask the store which name this puppet had; its occupants are marked then. */
void naming_ask(struct pup *pup);

/* It is called name now (copied): write that down, if it is new. */
void naming_keep(struct pup *pup, const char *name);

#endif
