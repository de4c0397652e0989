/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_HTTP_TRANSFER_H
#define BRIDGE_HTTP_TRANSFER_H

/*
 * One file over HTTP, to us or from us, piece by piece (libcurl, in the loop).
 *
 * Whoever asks says where it may lead: every address is checked when the
 * connection is made, so after all resolving, and every redirection again.
 * Headers that were given go to the first origin and to no other. Nothing is
 * decompressed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_multi;
struct loop;
struct sockaddr;
struct transfer;

enum transfer_result {
	TRANSFER_DONE,     /* there was an answer: see status */
	TRANSFER_FAILED,   /* there was none, or only a part of it */
	TRANSFER_TOO_LONG, /* more than bytes_max */
	TRANSFER_REFUSED,  /* it led where it may not */
	TRANSFER_STOPPED,  /* take() did not want it */
};

/* Borrowed; valid during the call. */
struct transfer_end {
	enum transfer_result result;
	long status;       /* 0: none */
	const char *why;   /* in words, unless it is of the kind 200 */
	const char *bytes; /* without take(): what was answered */
	size_t n;
};

struct transfer_options {
	const char *method; /* "GET", "PUT", "POST" */
	const char *url;
	const char *const *headers; /* lines; n_headers of them, copied */
	size_t n_headers;
	const char *ca_file; /* NULL: the system's */
	/* What is sent: send_size bytes of that file, from its beginning. It
	 * stays the caller's, and open until the end. -1: nothing. */
	int send_fd;
	int64_t send_size;
	int64_t bytes_max;   /* of the answer */
	int64_t time_max_ms; /* for all of it */
	unsigned redirects;  /* at most */

	/* Optional: false if it may not lead there. */
	bool (*may_connect)(void *arg, const struct sockaddr *address);
	bool (*may_go)(void *arg, const char *url);
	/* Of an answer of the kind 200; false: no more. Or NULL. */
	bool (*take)(void *arg, const char *bytes, size_t n);
	/* Once; with that the transfer is dead. */
	void (*ended)(void *arg, const struct transfer_end *end);
	void *arg;
};

/* Begins in the next turn of the loop. */
struct transfer *transfer_start(struct http_multi *multi, struct loop *loop,
				const struct transfer_options *options);

/* Give up: ended() is not called. Accepts NULL. */
void transfer_cancel(struct transfer *t);

#endif
