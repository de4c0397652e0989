/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_HTTP_MULTI_H
#define BRIDGE_HTTP_MULTI_H

/*
 * libcurl in the loop: the transfers of one multi handle, which share its
 * connections. What must not meet has a handle of its own.
 */

#include <curl/curl.h>

struct http_multi;
struct loop;

/* A transfer; part of whatever it is for. */
struct http_ride {
	CURL *easy; /* set up by the owner, who frees it, too */
	/* It is over, and removed already. May free the ride. */
	void (*done)(struct http_ride *ride, CURLcode rc);
};

/*
 * What holds for every call that we make: no signals, no redirects that we did
 * not look at, no other protocols, no proxy of the environment, HTTP/1.1, and
 * a bound on connecting.
 */
void http_ride_defaults(CURL *easy);

/* connections: at most, in all. The caller owns the result. */
struct http_multi *http_multi_new(struct loop *loop, long connections);

/* Accepts NULL. All transfers must have been removed. */
void http_multi_free(struct http_multi *multi);

/* Begin. Not from inside a callback of libcurl. */
void http_multi_add(struct http_multi *multi, struct http_ride *ride);

/* Give up: done() is not called. */
void http_multi_remove(struct http_multi *multi, struct http_ride *ride);

#endif
