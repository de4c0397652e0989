/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_STYLING_H
#define PROTOCOLS_XMPP_STYLING_H

/*
 * XEP-0393 Message Styling to spans and back (SEMANTICS 2.4). Pure.
 */

#include "bridge/event.h"
#include "bridge/str.h"
#include "bridge/text.h"

#include <stdbool.h>

/*
 * Read body into b. Recognised directives are taken out of the text and
 * become spans: *strong*, _emphasis_, ~strike~, `code`; ``` blocks become
 * SPAN_CODE_BLOCK, lines with ">" SPAN_QUOTE (marks taken out). What is not a
 * valid directive stays as it is. Linear in the length of the body.
 */
void styling_read(struct text_builder *b, const char *body, size_t len);

/*
 * Write text with directives where they will be read back as such, and
 * without them where they would not be. True if the plain text would by
 * itself be read as styled although it is not: then the stanza needs
 * <unstyled xmlns='urn:xmpp:styling:0'/>, and no directives were written.
 */
bool styling_write(struct str *out, const struct text *text);

#endif
