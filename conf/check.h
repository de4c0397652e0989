/* SPDX-License-Identifier: MIT */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

/* What one block says, held against what the others say. */

struct conf;
struct conf_link;
struct report;

/*
 * All references and everything that must be unique; warnings only about
 * what is otherwise right.
 */
void check_all(struct report *report, const struct conf *conf);

/* Can anything said in one channel of the link reach another? */
void check_flow(struct report *report, const struct conf_link *link);

#endif
