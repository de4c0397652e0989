/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_XML_H
#define PROTOCOLS_XMPP_XML_H

/*
 * The one filter that every string passes on its way into a stanza.
 *
 * libstrophe escapes "<", ">", "&" and quotes and nothing else; one byte that
 * XML 1.0 forbids, or that is not UTF-8, makes the server close the stream of
 * the whole component (FAULTS F7). Pure.
 */

#include "bridge/str.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Append text as XML 1.0 Char only: bad UTF-8 becomes U+FFFD, CR LF and CR
 * become LF, other forbidden code points (controls but TAB and LF, U+FFFE,
 * U+FFFF and their like in every plane) are left out. C1 controls, too.
 */
void xml_clean(struct str *out, const char *text, size_t len);

/* The same for an attribute or a resource: TAB and LF become spaces. */
void xml_clean_attribute(struct str *out, const char *text, size_t len);

/* True if the filter would change nothing. */
bool xml_is_clean(const char *text, size_t len);

#endif
