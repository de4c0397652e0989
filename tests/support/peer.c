/* SPDX-License-Identifier: MIT */
/* peer.c - the other end of a socket, for tests. See peer.h. */

#include "tests/support/peer.h"

#include "bridge/base.h"
#include "bridge/loop.h"
#include "bridge/str.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 10000
#define LINE_BYTES 65536

struct link {
	struct peer *peer;
	struct bufferevent *bev; /* NULL: closed */
	int number;
	bool closing;
};

struct peer {
	struct loop *loop;
	peer_fn *fn;
	void *arg;
	SSL_CTX *tls;
	struct evconnlistener *listener;
	struct link **links;
	int n_links;
	char **lines;
	size_t n_lines;
	const char *wanted; /* NULL: nobody waits */
	size_t wanted_count;
	bool timed_out;
};

/* ---- links --------------------------------------------------------- */

static void
note(struct link *link, const char *text)
{
	struct peer *p = link->peer;
	AUTO_STR line = { 0 };

	str_init(&line, LINE_BYTES);
	str_printf(&line, "%d> %s", link->number, text);
	p->lines = xrealloc(p->lines, (p->n_lines + 1) * sizeof(char *));
	p->lines[p->n_lines++] = str_take(&line);
	if (p->wanted && peer_count(p, p->wanted) >= p->wanted_count)
		loop_stop(p->loop);
}

static void
link_close(struct link *link)
{
	if (link->bev)
		bufferevent_free(link->bev);
	link->bev = NULL;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct link *link = arg;
	char *line;

	while (link->bev &&
	       (line = evbuffer_readln(bufferevent_get_input(bev), NULL,
				       EVBUFFER_EOL_CRLF_STRICT))) {
		note(link, line);
		if (link->peer->fn)
			link->peer->fn(link->peer->arg, link->peer,
				       link->number, line);
		free(line);
	}
}

static void
on_written(struct bufferevent *bev UNUSED, void *arg)
{
	struct link *link = arg;

	if (link->closing)
		link_close(link);
}

static void
on_stream(struct bufferevent *bev UNUSED, short what, void *arg)
{
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		link_close(arg);
}

static void
on_accept(struct evconnlistener *listener UNUSED, evutil_socket_t fd,
	  struct sockaddr *addr UNUSED, int len UNUSED, void *arg)
{
	struct peer *p = arg;
	struct link *link = xcalloc(1, sizeof(*link));
	struct event_base *base = loop_base(p->loop);

	link->peer = p;
	link->number = p->n_links;
	p->links = xrealloc(p->links,
			    ((size_t)p->n_links + 1) * sizeof(*p->links));
	p->links[p->n_links++] = link;
	if (p->tls)
		link->bev = bufferevent_openssl_socket_new(
			base, fd, SSL_new(p->tls), BUFFEREVENT_SSL_ACCEPTING,
			BEV_OPT_CLOSE_ON_FREE);
	else
		link->bev =
			bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(link->bev, on_read, on_written, on_stream, link);
	bufferevent_enable(link->bev, EV_READ | EV_WRITE);
}

/* ---- certificates -------------------------------------------------- */

static X509 *
make_certificate(EVP_PKEY *key, const char *host)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *ext;
	char alt[128];

	snprintf(alt, sizeof(alt), "DNS:%s", host);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *)host, -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alt);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	X509_sign(cert, key, EVP_sha256());
	return cert;
}

static SSL_CTX *
make_tls(const char *host, const char *ca_path)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = make_certificate(key, host);
	FILE *file = fopen(ca_path, "w");

	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	if (file) {
		PEM_write_X509(file, cert);
		fclose(file);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

/* ---- life ---------------------------------------------------------- */

struct peer *
peer_new(struct loop *loop, peer_fn *fn, void *arg)
{
	struct peer *p = xcalloc(1, sizeof(*p));
	struct sockaddr_in where = { .sin_family = AF_INET };

	where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->loop = loop;
	p->fn = fn;
	p->arg = arg;
	p->listener = evconnlistener_new_bind(
		loop_base(loop), on_accept, p,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -1,
		(struct sockaddr *)&where, sizeof(where));
	return p;
}

struct peer *
peer_new_tls(struct loop *loop, peer_fn *fn, void *arg, const char *host,
	     const char *ca_path)
{
	struct peer *p = peer_new(loop, fn, arg);

	p->tls = make_tls(host, ca_path);
	return p;
}

void
peer_free(struct peer *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->n_links; i++) {
		link_close(p->links[i]);
		free(p->links[i]);
	}
	for (size_t i = 0; i < p->n_lines; i++)
		free(p->lines[i]);
	free(p->links);
	free(p->lines);
	evconnlistener_free(p->listener);
	SSL_CTX_free(p->tls);
	free(p);
}

unsigned
peer_port(const struct peer *p)
{
	struct sockaddr_in where;
	socklen_t len = sizeof(where);

	if (getsockname(evconnlistener_get_fd(p->listener),
			(struct sockaddr *)&where, &len) < 0)
		return 0;
	return ntohs(where.sin_port);
}

int
peer_links(const struct peer *p)
{
	return p->n_links;
}

bool
peer_is_open(const struct peer *p, int link)
{
	return link < p->n_links && p->links[link]->bev;
}

/* ---- talking ------------------------------------------------------- */

void
peer_write(struct peer *p, int link, const char *bytes, size_t len)
{
	if (peer_is_open(p, link))
		bufferevent_write(p->links[link]->bev, bytes, len);
}

void
peer_say(struct peer *p, int link, const char *fmt, ...)
{
	AUTO_STR line = { 0 };
	va_list args;

	str_init(&line, LINE_BYTES);
	va_start(args, fmt);
	str_vprintf(&line, fmt, args);
	va_end(args);
	str_add(&line, "\r\n");
	peer_write(p, link, line.data, line.len);
}

void
peer_close(struct peer *p, int link)
{
	if (!peer_is_open(p, link))
		return;
	if (evbuffer_get_length(bufferevent_get_output(p->links[link]->bev)) >
	    0)
		p->links[link]->closing = true;
	else
		link_close(p->links[link]);
}

size_t
peer_count(const struct peer *p, const char *words)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_lines; i++)
		n += strstr(p->lines[i], words) != NULL;
	return n;
}

const char *
peer_find(const struct peer *p, const char *words)
{
	for (size_t i = p->n_lines; i--;)
		if (strstr(p->lines[i], words))
			return p->lines[i];
	return NULL;
}

static void
time_out(void *arg)
{
	struct peer *p = arg;

	p->timed_out = true;
	loop_stop(p->loop);
}

bool
peer_wait(struct peer *p, const char *words, size_t count)
{
	struct timer deadline = { 0 };

	p->timed_out = false;
	p->wanted = words;
	p->wanted_count = count;
	if (peer_count(p, words) < count) {
		timer_start(&deadline, p->loop, WAIT_MS, time_out, p);
		loop_run(p->loop);
		timer_stop(&deadline);
	}
	p->wanted = NULL;
	if (p->timed_out) {
		fprintf(stderr, "peer waited for %zu x \"%s\" in vain\n", count,
			words);
		for (size_t i = 0; i < p->n_lines; i++)
			fprintf(stderr, "%s\n", p->lines[i]);
	}
	return peer_count(p, words) >= count;
}
