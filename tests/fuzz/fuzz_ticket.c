/* SPDX-License-Identifier: MIT */
/*
 * fuzz_ticket.c - links to files as strangers write them: none is ours. And
 * what they ask for in them: ranges inside the file; names that are harmless.
 */

#include "bridge/attach.h"
#include "bridge/base.h"
#include "bridge/media/range.h"
#include "bridge/media/ticket.h"
#include "bridge/secret.h"
#include "bridge/str.h"
#include "bridge/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool good)
{
	if (!good)
		abort();
}

static void
check_ticket(const char *text)
{
	AUTO(secret) key = secret_new("0123456789abcdef0123456789abcdef", 32);
	struct ticket t;

	require(!ticket_read(&t, text, "name", key));
	require(!t.item[0] && !t.tag);
}

static void
check_range(const char *text, int64_t size)
{
	struct range r;
	unsigned status = range_parse(&r, text, size);

	require(status == 200 || status == 206 || status == 416);
	require(r.start >= 0 && r.n >= 0 && r.start + r.n <= size);
	require(status != 206 || r.n > 0);
}

static void
check_name(const char *text)
{
	AUTO_STR name = { 0 };
	AUTO_STR again = { 0 };

	str_init(&name, 1000);
	str_init(&again, 1000);
	attach_name(&name, text);
	require(name.len > 0 && name.len <= ATTACH_NAME_MAX + 4);
	require(utf8_valid(name.data, name.len) && *name.data != '.');
	require(!strpbrk(name.data, "/\\\r\n\t"));
	attach_name_of_url(&again, text);
	require(again.len > 0 && !strpbrk(again.data, "/\\\r\n"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	check_ticket(text);
	check_range(text, (int64_t)(size * size % 1000));
	check_name(text);
	free(text);
	return 0;
}
