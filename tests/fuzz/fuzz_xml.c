/* SPDX-License-Identifier: MIT */
/*
 * fuzz_xml.c - any bytes, cleaned and written by libstrophe, are well-formed
 * and come back equal.
 */

#include "bridge/text.h"
#include "protocols/xmpp/xml.h"

#include <expat.h>
#include <strophe.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define IN_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void XMLCALL
collect_text(void *user, const XML_Char *text, int len)
{
	str_add_n(user, text, (size_t)len);
}

static void XMLCALL
collect_id(void *user, const XML_Char *name, const XML_Char **attributes)
{
	(void)name;
	for (size_t i = 0; attributes[i]; i += 2)
		str_add(user, attributes[i + 1]);
}

static void
read_back(const char *xml, size_t len, struct str *out)
{
	XML_Parser parser = XML_ParserCreate("UTF-8");
	enum XML_Status status;

	XML_SetUserData(parser, out);
	XML_SetStartElementHandler(parser, collect_id);
	XML_SetCharacterDataHandler(parser, collect_text);
	status = XML_Parse(parser, xml, (int)len, 1);
	assert(status == XML_STATUS_OK);
	XML_ParserFree(parser);
}

/* <m id='id'>text</m> as libstrophe writes it, and what a parser reads. */
static void
pass_through(const struct str *id, const struct str *text, struct str *back)
{
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	xmpp_stanza_t *m = xmpp_stanza_new(ctx);
	xmpp_stanza_t *body = xmpp_stanza_new(ctx);
	char *xml;
	size_t len;

	xmpp_stanza_set_name(m, "m");
	xmpp_stanza_set_id(m, id->data);
	xmpp_stanza_set_text(body, text->data);
	xmpp_stanza_add_child(m, body);
	if (xmpp_stanza_to_text(m, &xml, &len) == XMPP_EOK) {
		read_back(xml, len, back);
		xmpp_free(ctx, xml);
	}
	xmpp_stanza_release(body);
	xmpp_stanza_release(m);
	xmpp_ctx_free(ctx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text, id, back;

	if (size > IN_MAX)
		return 0;
	str_init(&text, 4 * IN_MAX);
	str_init(&id, 8 * IN_MAX);
	str_init(&back, 8 * IN_MAX);
	xml_clean(&text, (const char *)data, size);
	xml_clean_attribute(&id, (const char *)data, size);
	assert(xml_is_clean(text.data, text.len));
	assert(xml_is_clean(id.data, id.len));
	assert(utf8_valid(text.data, text.len));
	assert(!xml_is_clean((const char *)data, size) ||
	       (text.len == size && memcmp(text.data, data, size) == 0));
	pass_through(&id, &text, &back);
	str_add_n(&id, text.data, text.len);
	assert(strcmp(back.data, id.data) == 0);
	str_finish(&back);
	str_finish(&id);
	str_finish(&text);
	return 0;
}
