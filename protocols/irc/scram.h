/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_SCRAM_H
#define PROTOCOLS_IRC_SCRAM_H

/*
 * The client's half of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel
 * binding. Pure: the nonce is given.
 *
 * first -> server -> final -> server -> verified. Both sides prove that they
 * know the password: only after irc_scram_verify() has said so is it certain
 * that the one at the other end is who knew it before.
 *
 * The password is used as it is: no SASLprep (RFC 4013), which changes
 * nothing in ASCII.
 */

#include "bridge/secret.h"
#include "bridge/str.h"

#include <stdbool.h>

struct irc_scram;

/* user and password are borrowed; nonce, printable without ",", is copied. */
struct irc_scram *irc_scram_new(const char *user, const struct secret *password,
				const char *nonce);

/* Accepts NULL. */
void irc_scram_free(struct irc_scram *s);

/* The first message. */
void irc_scram_first(struct irc_scram *s, struct str *out);

/*
 * The answer to the server's first message. NULL, or what is wrong with it,
 * and then nothing was written. Takes up to half a second if the server asks
 * for the most rounds that we allow.
 */
const char *irc_scram_final(struct irc_scram *s, const char *server_first,
			    struct str *out);

/* NULL if the server proved itself, or what is wrong. */
const char *irc_scram_verify(struct irc_scram *s, const char *server_final);

bool irc_scram_verified(const struct irc_scram *s);

DEFINE_AUTO(irc_scram, struct irc_scram *, irc_scram_free)

#endif
