/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_IRC_CERTIFICATE_H
#define PROTOCOLS_IRC_CERTIFICATE_H

/*
 * Client certificates of gateway users (CertFP, SASL EXTERNAL). Services know
 * a user by the certificate's fingerprint alone, so it says nothing else: it
 * signs itself, and names nobody. Pure but for the time and randomness that
 * OpenSSL takes.
 */

#include "bridge/secret.h"
#include "bridge/str.h"

#include <stdbool.h>
#include <stdint.h>

struct ssl_st;
struct x509_st;
struct irc_certificate;

/*
 * A new key (ECDSA, P-256) and its certificate, as one text (PEM). NULL, and
 * logged by nobody, if OpenSSL cannot.
 */
struct secret *irc_certificate_make(void);

/* NULL if the text is not a key and its certificate. */
struct irc_certificate *irc_certificate_read(const struct secret *pem);

/* Accepts NULL. */
void irc_certificate_free(struct irc_certificate *c);

/* Present it on a connection that has not begun; false if that cannot be. */
bool irc_certificate_use(const struct irc_certificate *c, struct ssl_st *ssl);

/* Append one line each for the fingerprints that services ask for. */
void irc_certificate_describe(const struct irc_certificate *c, struct str *out);

/*
 * Of a server's certificate: hexadecimal, with or without colons, of 40, 64 or
 * 128 digits (SHA-1, SHA-256, SHA-512).
 */
bool irc_is_fingerprint(const char *text);
bool irc_fingerprint_matches(struct x509_st *certificate, const char *text);

#endif
