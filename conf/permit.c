/* SPDX-License-Identifier: MIT */
/* permit.c - which hosts people may reach that no block names. Pure. */

#include "conf/conf.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

#define HOST_MAX 63 /* as long as a label, whose place it takes */

/* So that one host has one name, and none looks like a label. */
bool
conf_is_host(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t len = strlen(text);
	bool dotted = false;

	if (!len || len > HOST_MAX)
		return false;
	while (*text) {
		size_t n = strspn(text, letters);

		if (!n || text[0] == '-' || text[n - 1] == '-')
			return false;
		text += n;
		if (*text == '.') {
			dotted = true;
			if (!*++text)
				return false;
		} else if (*text) {
			return false;
		}
	}
	return dotted;
}

static bool
is_in(const char *const *patterns, size_t n, const char *host)
{
	for (size_t i = 0; i < n; i++)
		if (fnmatch(patterns[i], host, FNM_CASEFOLD) == 0)
			return true;
	return false;
}

bool
conf_permits_host(const struct conf_hosts *hosts, const char *host)
{
	return conf_is_host(host) && !is_in(hosts->deny, hosts->n_deny, host) &&
	       is_in(hosts->allow, hosts->n_allow, host);
}
