/* SPDX-License-Identifier: MIT */
/* media.c - links, and who has the files behind them. See media.h. */

#include "bridge/media/media.h"

#include "bridge/attach.h"
#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/http/multi.h"
#include "bridge/log.h"
#include "bridge/media/room.h"
#include "bridge/media/ticket.h"
#include "bridge/media/type.h"
#include "bridge/seal.h"
#include "bridge/secret.h"
#include "bridge/str.h"
#include "conf/conf.h"

#include <curl/curl.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#define CONNECTIONS 16
#define MIB ((int64_t)1024 * 1024)
#define LINK_MAX 4096

/* ---- sources ---------------------------------------------------------------
 */

struct source *
media_source_of(struct media *m, const char *network)
{
	struct source *s;

	DL_FOREACH(m->sources, s)
	if (strcmp(s->source.network, network) == 0)
		return s;
	return NULL;
}

static void
source_free(struct media *m, struct source *s)
{
	DL_DELETE(m->sources, s);
	free(s);
}

void
media_add_source(struct media *m, const struct media_source *source)
{
	struct source *old = media_source_of(m, source->network);
	struct source *s = xcalloc(1, sizeof(*s));

	if (old)
		source_free(m, old);
	s->source = *source;
	DL_APPEND(m->sources, s);
}

void
media_remove_source(struct media *m, const char *network, void *arg)
{
	struct source *s = media_source_of(m, network);

	if (!s || s->source.arg != arg)
		return;
	fetches_orphan(m, s->source.network);
	source_free(m, s);
}

/* ---- links -----------------------------------------------------------------
 */

/* A name as a part of a path. */
static void
add_escaped(struct str *out, const char *name)
{
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if (c < 0x80 &&
		    (strchr("-._~", c) || (c >= '0' && c <= '9') ||
		     (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
			str_add_char(out, (char)c);
		else
			str_printf(out, "%%%02X", c);
	}
}

bool
media_link(struct media *m, const char *network, const char *item,
	   const char *message, const char *name, struct str *out)
{
	struct ticket t = { .tag = ticket_tag(network, message) };
	AUTO_STR clean = { 0 };

	if (!m->http || strlen(network) > TICKET_NETWORK_MAX || !*item ||
	    strlen(item) > TICKET_ITEM_MAX)
		return false;
	t.until_ms = loop_wall_ms(m->loop) + (int64_t)m->o.conf->link_s * 1000 +
		     59999;
	memcpy(t.network, network, strlen(network) + 1);
	memcpy(t.item, item, strlen(item) + 1);
	str_init(&clean, 4 * ATTACH_NAME_MAX);
	attach_name(&clean, name);
	str_printf(out, "%s/", m->o.conf->url);
	ticket_write(out, &t, clean.data, m->key);
	str_add_char(out, '/');
	add_escaped(out, clean.data);
	return true;
}

void
media_withdraw(struct media *m, const char *network, const char *message)
{
	uint64_t tag = ticket_tag(network, message);

	m->withdrawn[m->next_withdrawn++ % WITHDRAWN_RECENT] = tag;
	fetches_withdraw(m, tag);
	cache_forget(m->cache, tag);
	m->o.withdraw(m->o.arg, tag,
		      loop_wall_ms(m->loop) +
			      (int64_t)m->o.conf->link_s * 1000 + 60000);
}

bool
media_is_withdrawn(const struct media *m, uint64_t tag)
{
	for (size_t i = 0; i < WITHDRAWN_RECENT; i++)
		if (m->withdrawn[i] == tag)
			return true;
	return m->o.is_withdrawn(m->o.arg, tag);
}

bool
media_read_link(const struct media *m, const char *url, struct ticket *t)
{
	char ticket[LINK_MAX], name[LINK_MAX];
	size_t n = m->o.conf->url ? strlen(m->o.conf->url) : 0;
	bool good = false;
	int len = 0;

	if (!m->http || strncmp(url, m->o.conf->url, n) != 0 || url[n] != '/' ||
	    strlen(url) >= LINK_MAX)
		return false;
	char *plain = curl_easy_unescape(NULL, url + n, 0, &len);
	if (plain && strlen(plain) == (size_t)len)
		good = serve_parse_path(plain, ticket, name, LINK_MAX) &&
		       ticket_read(t, ticket, name, m->key);
	curl_free(plain);
	return good;
}

bool
media_is_link(const struct media *m, const char *url)
{
	struct ticket t;

	return media_read_link(m, url, &t);
}

void
media_picture(const struct media_file *file, unsigned *width, unsigned *height)
{
	unsigned char *head = xcalloc(1, TYPE_HEAD_MAX);
	ssize_t n = pread(file->fd, head, TYPE_HEAD_MAX, 0);

	(void)picture_size(head, n > 0 ? (size_t)n : 0, width, height);
	free(head);
}

/* ---- the whole --------------------------------------------------------------
 */

static int
open_cache(struct media *m, struct error *err)
{
	const struct conf_media *conf = m->o.conf;
	const struct cache_options options = {
		.folder = conf->folder,
		.bytes_max = conf->cache_mib * MIB,
		.file_max = conf->file_mib * MIB,
	};
	AUTO_STR path = { 0 };

	m->cache = cache_new(&options, err);
	if (!m->cache)
		return -1;
	str_init(&path, 8192);
	str_printf(&path, "%s.key", conf->folder);
	m->key = seal_key(path.data, err);
	return m->key ? 0 : -1;
}

struct media *
media_new(struct loop *loop, const struct media_options *options,
	  struct error *err)
{
	struct media *m = xcalloc(1, sizeof(*m));

	m->loop = loop;
	m->o = *options;
	m->own = http_multi_new(loop, CONNECTIONS);
	m->others = http_multi_new(loop, CONNECTIONS);
	if (open_cache(m, err) == 0 &&
	    (!options->conf->url || serve_open(m, err) == 0))
		return m;
	media_free(m);
	return NULL;
}

void
media_free(struct media *m)
{
	if (!m)
		return;
	serve_close(m);
	fetches_drop(m);
	while (m->sources)
		source_free(m, m->sources);
	http_multi_free(m->own);
	http_multi_free(m->others);
	cache_free(m->cache);
	secret_free(m->key);
	free(m);
}
