/* SPDX-License-Identifier: MIT */
/* media.c - the block of files that belong to messages. */

#include "bridge/base.h"
#include "bridge/pool.h"
#include "bridge/str.h"

#include "conf/blocks.h"
#include "conf/fingerprint.h"
#include "conf/report.h"
#include "conf/schema.h"
#include "conf/valid.h"

#include <string.h>

#define MEDIA_PORT 9006

/* Beside the database, which is not in the working folder. */
static const char *
default_folder(struct reader *r)
{
	const char *slash = strrchr(r->conf->database, '/');
	AUTO_STR path = { 0 };

	str_init(&path, 8192);
	if (slash)
		str_add_n(&path, r->conf->database,
			  (size_t)(slash - r->conf->database) + 1);
	str_add(&path, "media");
	return pool_strdup(r->pool, path.data);
}

void
read_media(struct reader *r, const config_setting_t *root)
{
	config_setting_t *s = read_group(r, root, "media");
	struct conf_media *media = pool_alloc(r->pool, sizeof(*media));
	struct part part = { &table_media, media };

	if (!s)
		return;
	read_defaults(r, part);
	read_block(r, s, &part, 1, "block \"media\"");
	if (!media->listen.port)
		media->listen.port = MEDIA_PORT;
	if (!media->folder)
		media->folder = default_folder(r);
	if (media->file_mib > media->cache_mib)
		report_error(r->report, read_where_of(r, s, "file_mib"),
			     "\"file_mib\": a file of %u MiB does not fit into "
			     "\"cache_mib\", which is %u",
			     media->file_mib, media->cache_mib);
	if (media->url && strncmp(media->url, "https://", 8) != 0 &&
	    !is_loopback_url(media->url))
		report_warning(r->report, read_where_of(r, s, "url"),
			       "\"url\": links with http:// show files to "
			       "everybody on their way");
	media->fingerprint =
		fingerprint(r->pool, &(struct fingerprinted){ .block = s });
	r->conf->media = media;
}
