/* SPDX-License-Identifier: MIT */
#ifndef CONF_SECRETS_H
#define CONF_SECRETS_H

/* Where secrets come from: "file:PATH", "env:NAME", "cred:NAME". */

struct error;
struct secret;

/*
 * The secret that reference names, with a relative PATH inside dir; the
 * caller's to free. NULL with the reason, which says how to mend it and never
 * repeats what may be a password written in the wrong place.
 */
struct secret *secret_load(const char *reference, const char *dir,
			   struct error *err);

#endif
