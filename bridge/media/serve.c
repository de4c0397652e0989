/* SPDX-License-Identifier: MIT */
/*
 * serve.c - who comes with a link. What a browser gets here it may show, but
 * neither run nor take for something else than it is.
 */

#include "bridge/attach.h"
#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/http/server.h"
#include "bridge/log.h"
#include "bridge/media/range.h"
#include "bridge/media/room.h"
#include "bridge/media/ticket.h"
#include "bridge/media/type.h"
#include "bridge/str.h"
#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#define CONNECTIONS 128
#define PART_MAX 2048 /* of a path */
#define POLICY                                                           \
	"sandbox; default-src 'none'; script-src 'none'; style-src "     \
	"'unsafe-inline'; img-src 'self'; media-src 'self'; object-src " \
	"'none'; frame-ancestors 'none'"

/* A request that waits for its file. */
struct visit {
	struct media *m;
	struct http_exchange *x;
	struct media_get *get;
	char *name, *range; /* range may be NULL */
	struct visit *prev, *next;
};

/* ---- refusals
 * ---------------------------------------------------------------- */

static const struct {
	unsigned status;
	const char *json;
} refusals[] = {
	[MEDIA_NONE] = { 404, "{\"error\":\"there is no such file\"}" },
	[MEDIA_TOO_LARGE] = { 413, "{\"error\":\"the file is too large\"}" },
	[MEDIA_FORBIDDEN] = { 403, "{\"error\":\"it may not be fetched\"}" },
	[MEDIA_FAILED] = { 503, "{\"error\":\"the file cannot be had now\"}" },
};

static const char gone[] =
	"{\"error\":\"the link is too old, or what it belongs to was taken "
	"back\"}";

/* ---- answers
 * ----------------------------------------------------------------- */

static void
visit_free(struct visit *v)
{
	DL_DELETE(v->m->visits, v);
	free(v->name);
	free(v->range);
	free(v);
}

/* RFC 6266: the name for those who know UTF-8, and for those who do not. */
static void
disposition(struct str *out, const char *name, const char *mime)
{
	str_printf(out, "%s; filename=\"",
		   type_is_shown(mime) ? "inline" : "attachment");
	for (const char *c = name; *c; c++)
		str_add_char(out,
			     *c < ' ' || *c == '"' || *c == '\\' || *c == 0x7f
				     ? '_'
				     : *c);
	str_add(out, "\"; filename*=UTF-8''");
	for (const char *c = name; *c; c++)
		if ((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
		    (*c >= 'A' && *c <= 'Z') || *c == '.' || *c == '-')
			str_add_char(out, *c);
		else
			str_printf(out, "%%%02X", (unsigned char)*c);
}

static void
hand_out(struct visit *v, const struct media_file *file)
{
	struct range r = { 0, file->size };
	unsigned status = range_parse(&r, v->range, file->size);
	AUTO_STR how = { 0 };
	AUTO_STR what = { 0 };
	AUTO_STR part = { 0 };

	str_init(&how, 8192);
	str_init(&what, 128);
	str_init(&part, 128);
	disposition(&how, v->name, file->mime);
	str_printf(&what, "%s%s", file->mime,
		   strcmp(file->mime, "text/plain") ? "" : "; charset=utf-8");
	range_describe(&part, &r, status, file->size);
	const struct http_header headers[] = {
		{ "Content-Type", what.data },
		{ "Content-Disposition", how.data },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Content-Security-Policy", POLICY },
		{ "Cross-Origin-Resource-Policy", "cross-origin" },
		{ "Access-Control-Allow-Origin", "*" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cache-Control", "private, max-age=300" },
		{ "Accept-Ranges", "bytes" },
		{ "Content-Range", part.data },
	};
	const struct http_file answer = {
		.fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0),
		.offset = r.start,
		.size = r.n,
		.headers = headers,
		.n_headers = ARRAY_SIZE(headers) - (part.len ? 0 : 1),
	};

	if (answer.fd < 0)
		http_answer(v->x, 503, refusals[MEDIA_FAILED].json);
	else
		http_answer_file(v->x, status, &answer);
}

static void
on_file(void *arg, const struct media_file *file)
{
	struct visit *v = arg;

	if (file->result == MEDIA_THERE) {
		hand_out(v, file);
	} else {
		log_peer("media", "a file cannot be handed out: %s", file->why);
		http_answer(v->x, refusals[file->result].status,
			    refusals[file->result].json);
	}
	visit_free(v);
}

/* ---- requests
 * ------------------------------------------------------------------ */

static bool
copy_part(char *out, size_t size, const char *part, size_t n)
{
	if (!n || n >= size)
		return false;
	memcpy(out, part, n);
	out[n] = '\0';
	return true;
}

bool
serve_parse_path(const char *path, char *ticket, char *name, size_t size)
{
	const char *last = strrchr(path, '/');
	const char *before = last;

	if (!last || last == path)
		return false;
	while (before > path && before[-1] != '/')
		before--;
	return copy_part(ticket, size, before, (size_t)(last - before)) &&
	       copy_part(name, size, last + 1, strlen(last + 1));
}

static unsigned
admit(void *arg UNUSED, const struct http_request *r, const char **json)
{
	if (strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0)
		return 0;
	*json = "{\"error\":\"only GET and HEAD\"}";
	return 405;
}

static void
visit(struct media *m, struct http_exchange *x, const struct http_request *r,
      const struct ticket *t, const char *name)
{
	struct visit *v = xcalloc(1, sizeof(*v));
	const char *range = http_header(r, "Range");

	v->m = m;
	v->x = x;
	v->name = xstrdup(name);
	v->range = range ? xstrdup(range) : NULL;
	DL_APPEND(m->visits, v);
	v->get = media_get_item(m, t->network, t->item, t->tag, on_file, v);
}

static void
handle(void *arg, struct http_exchange *x, const struct http_request *r)
{
	struct media *m = arg;
	char ticket[PART_MAX], name[PART_MAX];
	struct ticket t;

	if (!serve_parse_path(r->path, ticket, name, PART_MAX))
		http_answer(x, 404, refusals[MEDIA_NONE].json);
	else if (!ticket_read(&t, ticket, name, m->key))
		http_answer(x, 403, "{\"error\":\"not a link of ours\"}");
	else if (t.until_ms < loop_wall_ms(m->loop) ||
		 media_is_withdrawn(m, t.tag))
		http_answer(x, 410, gone);
	else
		visit(m, x, r, &t, name);
}

int
serve_open(struct media *m, struct error *err)
{
	const struct conf_media *conf = m->o.conf;
	struct error why;
	const struct http_options options = {
		.name = "media",
		.host = conf->listen.host,
		.port = conf->listen.port,
		.body_max = 0,
		.connections = CONNECTIONS,
		.admit = admit,
		.handle = handle,
		.arg = m,
	};

	m->http = http_server_new(m->loop, &options, &why);
	if (m->http)
		return 0;
	return error_set(err, EADDRINUSE, "cannot listen for links: %.200s",
			 why.text);
}

void
serve_close(struct media *m)
{
	while (m->visits) {
		struct visit *v = m->visits;

		media_cancel(v->get);
		http_answer(v->x, 503, refusals[MEDIA_FAILED].json);
		visit_free(v);
	}
	http_server_free(m->http);
	m->http = NULL;
}
