/* SPDX-License-Identifier: MIT */
#ifndef PROTOCOLS_XMPP_FORM_H
#define PROTOCOLS_XMPP_FORM_H

/*
 * Forms (XEP-0004): building those that we show, and reading those that come
 * back. Nothing here sends, waits or remembers.
 */

#include "bridge/protocol.h"
#include "protocols/xmpp/stanza.h"

#define NS_DATA "jabber:x:data"
#define FORM_VALUE_MAX 16384 /* bytes of all values of one field */
#define FORM_FIELDS_MAX 100

/* A form of that type inside parent; title and instructions may be NULL. */
xmpp_stanza_t *form_add(xmpp_stanza_t *parent, const char *type,
			const char *title, const char *instructions);

/* What kind of form it is (XEP-0068). */
void form_add_type(xmpp_stanza_t *form, const char *ns);

/* A field as people fill it in; of a secret no value is shown. */
void form_add_field(xmpp_stanza_t *form, const struct field *field);

/* A field of a result. */
void form_add_value(xmpp_stanza_t *form, const char *var, const char *value);

/*
 * The form inside st that was filled in, and whose FORM_TYPE is ns, unless ns
 * is NULL; or NULL. *cancelled says that it came back empty on purpose; may be
 * NULL.
 */
xmpp_stanza_t *form_submitted(xmpp_stanza_t *st, const char *ns,
			      bool *cancelled);

/*
 * Append the values of that field, LF between them. False if it is not there.
 * A value too long for out makes it overflow.
 */
bool form_read(struct str *out, xmpp_stanza_t *form, const char *var);

/*
 * The same as the kind of the field has it: booleans as "true" and "false".
 * Returns NULL, or in words why that cannot be the field's value. Where the
 * field is not in the form, out stays empty and *given is false.
 */
const char *form_read_field(struct str *out, xmpp_stanza_t *form,
			    const struct field *field, bool *given);

#endif
