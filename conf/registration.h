/* SPDX-License-Identifier: MIT */
#ifndef CONF_REGISTRATION_H
#define CONF_REGISTRATION_H

/*
 * The registration of an application service: the file that tells a Matrix
 * homeserver who we are, and both sides each other's token. It is YAML; we
 * write it, and read of it only lines "key: value" that begin in the first
 * column, which is how everybody writes it.
 */

struct conf_matrix;
struct error;
struct pool;
struct secret;

struct registration {
	const char *id, *bot;               /* in the pool */
	struct secret *as_token, *hs_token; /* the caller's to free */
};

/* 0, or -errno with the reason. Others must not be able to read it. */
int registration_read(struct pool *pool, const char *path,
		      struct registration *reg, struct error *err);

/*
 * Write the file that conf names, with new tokens, for the network called
 * name. 0, -EEXIST if it is there, or -errno with the reason.
 */
int registration_write(const char *name, const struct conf_matrix *conf,
		       struct error *err);

#endif
