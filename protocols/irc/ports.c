/* SPDX-License-Identifier: MIT */
/* ports.c - ports as people write them; see ports.h. */

#include "protocols/irc/ports.h"

#include <stdlib.h>
#include <string.h>

#define SEPARATORS " ,;"

/* The port that text begins with, and what follows; 0 if it is none. */
static unsigned
read_port(const char *text, const char **end)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long port =
		digits && digits <= 5 ? strtoul(text, NULL, 10) : 0;

	*end = text + digits;
	return port <= 65535 ? (unsigned)port : 0;
}

int
irc_ports_read(const char *text, unsigned ports[IRC_PORTS_MAX])
{
	int n = 0;

	for (text += strspn(text, SEPARATORS); *text;
	     text += strspn(text, SEPARATORS)) {
		unsigned port = read_port(text, &text);

		if (!port || n == IRC_PORTS_MAX ||
		    (*text && !strchr(SEPARATORS, *text)))
			return -1;
		ports[n++] = port;
	}
	return n;
}

bool
irc_port_allowed(const char *const *list, size_t n, unsigned port)
{
	for (size_t i = 0; i < n; i++) {
		const char *end;
		unsigned first = read_port(list[i], &end);
		unsigned last = *end == '-' ? read_port(end + 1, &end) : first;

		if (port && first <= port && port <= last)
			return true;
	}
	return false;
}
