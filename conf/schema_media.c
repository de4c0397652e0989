/* SPDX-License-Identifier: MIT */
/* schema_media.c - files that belong to messages; see schema.c. */

#include "conf/schema.h"

#include "conf/valid.h"

/* clang-format off */

static const struct option media_options[] = {
	{ .name = "url", .type = OPTION_TEXT,
	  AT(struct conf_media, url), .min = 1, .max = 200,
	  .refuse = refuse_url, .example = "https://files.example.org",
	  .doc = "How people reach listen, through a web server with TLS; "
		 "links to files of Matrix begin so. Without it there are "
		 "none, and such a file is told by its name and size." },
	{ .name = "listen", .type = OPTION_SERVER,
	  AT(struct conf_media, listen), .fallback = "127.0.0.1:9006",
	  .doc = "Where we listen for those who open a link; the port may be "
		 "left out (9006). Only with url." },
	{ .name = "links", .type = OPTION_SECONDS,
	  AT(struct conf_media, link_s), .min = 60, .max = 365 * 86400,
	  .fallback = "7d",
	  .doc = "How long a link is good. When its message is taken back it "
		 "ends at once." },
	{ .name = "folder", .type = OPTION_PATH,
	  AT(struct conf_media, folder), .min = 1, .max = 4095,
	  .example = "/var/lib/causeway/media",
	  .fallback_note = "media, beside the database",
	  .doc = "Where files that were fetched are kept for a while; the key "
		 "that signs links is beside it, in FOLDER.key." },
	{ .name = "file_mib", .type = OPTION_COUNT,
	  AT(struct conf_media, file_mib), .min = 1, .max = 65536,
	  .fallback = "50",
	  .doc = "The largest file, in MiB; what is larger stays a link." },
	{ .name = "cache_mib", .type = OPTION_COUNT,
	  AT(struct conf_media, cache_mib), .min = 1, .max = 1048576,
	  .fallback = "1024",
	  .doc = "All files together, in MiB; those that were used longest "
		 "ago go first." },
	{ .name = "fetch_from", .type = OPTION_SOME,
	  COUNTED(struct conf_media, fetch_from, n_fetch_from),
	  .min = 1, .max = 253, .refuse = refuse_host,
	  .example = "upload.example.org",
	  .doc = "Hosts from which we may fetch files that somebody links to, "
		 "to make them files of Matrix: the upload services of the "
		 "XMPP servers, as they stand in links. \"*\" is any host. "
		 "Without it links stay links." },
	{ .name = "fetch_private", .type = OPTION_BOOL,
	  AT(struct conf_media, fetch_private), .fallback = "false",
	  .doc = "Fetch also from addresses that are not public, and without "
		 "TLS: only if the hosts in fetch_from are machines of yours." },
};

const struct table table_media = {
	"THE BLOCK media",
	"Only if files are to be more than words and links.",
	TABLE(media_options),
};
