/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_MATRIX_IDENT_H
#define PROTOCOLS_MATRIX_IDENT_H

/*
 * Matrix identifiers (appendix "Identifier grammar" of the specification).
 * Pure. Whatever comes from elsewhere may hold anything but ":" and NUL before
 * the first colon, so ids are compared, and never taken apart further.
 */

#include <stdbool.h>
#include <stddef.h>

struct str;

#define MATRIX_ID_MAX 255 /* bytes, with the sigil and the server */

/* True if id is "SIGIL anything : server" and not too long. */
bool matrix_id_is(const char *id, char sigil);

/* What stands behind the first ":"; "" if there is none. */
const char *matrix_id_server(const char *id);

/*
 * Append text as a localpart, reversibly: a-z 0-9 "." "-" stand for
 * themselves, a capital is "_" and its lower case, "_" is "__", every other
 * byte "=" and two hex digits.
 */
void matrix_local_encode(struct str *out, const char *text);

/* The reverse; false if local is nothing that the encoding makes. */
bool matrix_local_decode(struct str *out, const char *local);

/* Of whom a puppet's user id is made. */
struct matrix_person {
	const char *prefix;  /* of all localparts of this bridge */
	const char *network; /* label of the network that the person is on */
	const char *id;      /* sender id there */
	const char *server;  /* ours */
};

/*
 * Write as id, of at most size bytes, what people of other networks may have
 * written: with "%" for the colon. It begins with one of the sigils. False if
 * it is none.
 */
bool matrix_name_read(const char *text, const char *sigils, char *id,
		      size_t size);

/*
 * Append "@PREFIX NETWORK _ ID : SERVER". An id for which there is no room is
 * replaced by "=z" and 16 letters that stand for it.
 */
void matrix_puppet_id(struct str *out, const struct matrix_person *person);

/*
 * The channel that an alias of ours stands for: "#PREFIX NETWORK _ CHANNEL", or
 * "#irc_NETWORK_CHANNEL", on our server; what begins with "=", or has "=40"
 * where an "@" is to be, is encoded, all else stands as it is. False if it is
 * none. prefix and server are of ours.
 */
bool matrix_alias_read(const char *alias, const struct matrix_person *ours,
		       struct str *network, struct str *channel);

/*
 * The room of XMPP that "#xmpp_ROOM_HOST", on our server, stands for, as
 * ROOM@HOST; no host has a "_". False if it is none; begun by the caller.
 */
bool matrix_alias_read_muc(const char *alias, const struct matrix_person *ours,
			   struct str *room);

/*
 * Append the one alias of the channel person->id of person->network, in lower
 * case as far as ASCII goes; false if it does not fit.
 */
bool matrix_alias_write(struct str *out, const struct matrix_person *person);

/*
 * Of whom a user id is the puppet; false if it does not tell. The parts of it
 * are appended.
 */
bool matrix_puppet_read(const char *user_id, const struct matrix_person *ours,
			struct str *network, struct str *id);

/* Append text as one segment of a path: all but A-Z a-z 0-9 -._~ escaped. */
void matrix_path_add(struct str *out, const char *segment);

/*
 * If url is a link to a user (https://matrix.to/#/@..., matrix:u/...), append
 * the user's id and return true.
 */
bool matrix_link_user(struct str *out, const char *url);

/* Append the link by which clients show a user as a mention. */
void matrix_link_add(struct str *out, const char *user_id);

#endif
