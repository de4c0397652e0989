/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_HTTP_SERVER_H
#define BRIDGE_HTTP_SERVER_H

/*
 * A small HTTP server in the loop (libmicrohttpd): requests in, answers out,
 * at once or later. What a request may do is decided by who made the server.
 *
 * Nothing of a request's body is taken before admit() has seen its headers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct loop;

struct http_server;
struct http_exchange;

/* Borrowed; valid during the call. */
struct http_request {
	const char *method;
	const char *path;          /* without escapes; "?..." taken off */
	const char *authorization; /* the header, or NULL */
	const char *body;          /* NUL-terminated; "" in admit() */
	size_t n_body;
	/* private */
	void *connection;
};

/* A header of that name, or NULL. Borrowed. */
const char *http_header(const struct http_request *r, const char *name);

/* What came as "?name=value", or NULL. Borrowed. */
const char *http_query(const struct http_request *r, const char *name);

struct http_options {
	const char *name; /* of the log's lines */
	const char *host; /* address to listen on, or "localhost" */
	unsigned port;
	size_t body_max;      /* bytes; longer ones are answered 413 */
	unsigned connections; /* at most */

	/*
	 * 0 to go on; else the status that the request is answered with, and
	 * *json the body, a constant.
	 */
	unsigned (*admit)(void *arg, const struct http_request *r,
			  const char **json);

	/* The whole request is here. Ends in http_answer(), now or later. */
	void (*handle)(void *arg, struct http_exchange *x,
		       const struct http_request *r);
	void *arg;
};

/* NULL, with the reason, if the address cannot be listened on. */
struct http_server *http_server_new(struct loop *loop,
				    const struct http_options *options,
				    struct error *err);

/*
 * Accepts NULL. Exchanges that were not answered are closed; nobody may answer
 * them afterwards.
 */
void http_server_free(struct http_server *s);

/*
 * Answer with JSON, which is copied. Exactly once for each exchange; then it
 * is dead. Safe also when the client has gone meanwhile.
 */
void http_answer(struct http_exchange *x, unsigned status, const char *json);

struct http_header {
	const char *name, *value;
};

/* A part of a file as an answer; the headers are copied. */
struct http_file {
	int fd; /* taken, and closed */
	int64_t offset, size;
	const struct http_header *headers;
	size_t n_headers;
};

/* The same with a part of a file; to HEAD without it. */
void http_answer_file(struct http_exchange *x, unsigned status,
		      const struct http_file *file);

#endif
