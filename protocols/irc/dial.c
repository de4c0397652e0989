/* SPDX-License-Identifier: MIT */
/*
 * dial.c - connect to a server: DNS, TCP, TLS.
 *
 * One step at a time: resolve, then for each address connect and shake hands
 * until one of them works. What went wrong last is what people are told.
 *
 * bridge/event.h and <event2/event.h> both have a struct event and an
 * event_make(); no file can include both. This one includes the latter.
 */

#include "protocols/irc/dial.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/http/address.h"
#include "bridge/loop.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "protocols/irc/certificate.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <utlist.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECT_MS 30000
#define CONNECT_MIN_MS 5000 /* for one address of many */
#define FD_FIRST 1024
#define PEER_LOST_MS 30000 /* TCP_USER_TIMEOUT */

struct irc_tls {
	SSL_CTX *ctx;
	char *key; /* the files, and what they were like */
	unsigned uses;
	struct irc_tls **all, *next; /* those of the loop */
};

/*
 * A question to the resolver. It may outlive the dial: a cancelled question is
 * answered, too, but later.
 */
struct query {
	struct irc_dial *dial; /* NULL: nobody waits for the answer */
};

struct irc_dial {
	struct loop *loop;
	struct irc_route route;
	irc_dial_fn *fn;
	void *arg;

	struct query *query; /* NULL once answered */
	struct evdns_getaddrinfo_request *request;
	struct evutil_addrinfo *found, *next;
	struct bufferevent *bev;
	SSL *ssl; /* belongs to bev */
	struct timer patience;
	int64_t each_ms;
	char why[200];
};

/* ---- TLS ----------------------------------------------------------- */

static const char *
tls_reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : "unknown error";
}

static int
tls_load(SSL_CTX *ctx, const struct conf_irc *conf, struct error *err)
{
	ERR_clear_error();
	if (conf->ca_file ? SSL_CTX_load_verify_locations(ctx, conf->ca_file,
							  NULL) != 1
			  : SSL_CTX_set_default_verify_paths(ctx) != 1)
		return error_set(err, EINVAL, "certificates in %s: %s",
				 conf->ca_file ? conf->ca_file : "the system",
				 tls_reason());
	if (!conf->cert_file)
		return 0;

	const char *key = conf->key_file ? conf->key_file : conf->cert_file;

	if (SSL_CTX_use_certificate_chain_file(ctx, conf->cert_file) != 1)
		return error_set(err, EINVAL, "client certificate %s: %s",
				 conf->cert_file, tls_reason());
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return error_set(err, EINVAL, "client key %s: %s", key,
				 tls_reason());
	return 0;
}

static SSL_CTX *
tls_context(const struct conf_irc *conf, struct error *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx) {
		error_set(err, ENOMEM, "OpenSSL: %s", tls_reason());
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
				      SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (tls_load(ctx, conf, err) == 0)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* A file, and by what a replaced one differs; a name is no longer than 4 KiB.
 */
static void
add_file(struct str *key, const char *path)
{
	struct stat st = { 0 };

	if (!path)
		path = "";
	else
		(void)stat(path, &st); /* who reads it finds out */
	str_printf(key, "%s %ju %ju %jd %jd.%09ld\n", path,
		   (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
		   (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
		   st.st_mtim.tv_nsec);
}

/* What makes one context as good as another. To be freed. */
static char *
tls_key(const struct conf_irc *conf)
{
	AUTO_STR key = { 0 };

	str_init(&key, SIZE_MAX / 4);
	add_file(&key, conf->ca_file);
	if (!conf->ca_file) {
		add_file(&key, X509_get_default_cert_file());
		add_file(&key, X509_get_default_cert_dir());
	}
	add_file(&key, conf->cert_file);
	add_file(&key, conf->key_file);
	return str_take(&key);
}

struct irc_tls *
irc_tls_use(struct loop *loop, const struct conf_irc *conf, struct error *err)
{
	struct irc_tls **all = (struct irc_tls **)loop_slot(loop, IRC_SLOT_TLS);
	struct irc_tls *tls;
	char *key = tls_key(conf);
	SSL_CTX *ctx;

	LL_FOREACH(*all, tls)
	if (strcmp(tls->key, key) == 0)
		break;
	ctx = tls ? NULL : tls_context(conf, err);
	if (ctx) {
		tls = xcalloc(1, sizeof(*tls));
		tls->ctx = ctx;
		tls->key = xstrdup(key);
		tls->all = all;
		LL_PREPEND(*all, tls);
	}
	free(key);
	if (tls)
		tls->uses++;
	return tls;
}

void
irc_tls_unuse(struct irc_tls *tls)
{
	if (!tls || --tls->uses)
		return;
	LL_DELETE(*tls->all, tls);
	SSL_CTX_free(tls->ctx);
	free(tls->key);
	free(tls);
}

static bool
is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, bytes) == 1 ||
	       inet_pton(AF_INET6, host, bytes) == 1;
}

/* Who we show that we are. */
static bool
set_own_certificate(SSL *ssl, const struct irc_route *route)
{
	if (route->personal)
		SSL_certs_clear(ssl);
	return !route->certificate ||
	       irc_certificate_use(route->certificate, ssl);
}

/* A client side that expects the certificate of host; NULL if it cannot be. */
static SSL *
tls_client(const struct irc_route *route)
{
	SSL *ssl = SSL_new(route->tls->ctx);
	const char *host = route->host;
	int ok;

	if (!ssl)
		return NULL;
	if (!route->verify || route->pin)
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
	if (is_address(host)) {
		ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	} else {
		SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		/* What SSL_set_tlsext_host_name() does, without its cast. */
		ok = SSL_set1_host(ssl, host) &&
		     SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
			      TLSEXT_NAMETYPE_host_name,
			      (void *)(uintptr_t)host);
	}
	if (ok && set_own_certificate(ssl, route))
		return ssl;
	SSL_free(ssl);
	return NULL;
}

/* ---- the socket ---------------------------------------------------- */

static void
set_option(int fd, int level, int name, int value)
{
	/* Each of them only makes things better; none is needed. */
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

int
irc_lift(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, FD_FIRST);

	if (high < 0)
		return fd;
	close(fd);
	return high;
}

static int
bind_to(int fd, const char *address, int family)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	if (family == AF_INET && inet_pton(AF_INET, address, &v4.sin_addr) == 1)
		return bind(fd, (struct sockaddr *)&v4, sizeof(v4));
	if (family == AF_INET6 &&
	    inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
		return bind(fd, (struct sockaddr *)&v6, sizeof(v6));
	errno = EAFNOSUPPORT;
	return -1;
}

/* A socket ready to connect, or -1 and errno. */
static int
make_socket(const struct irc_route *route, int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	fd = irc_lift(fd);
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, PEER_LOST_MS);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	if (route->any_bind)
		set_option(fd, family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
			   family == AF_INET6 ? IPV6_FREEBIND : IP_FREEBIND, 1);
	if (route->bind && bind_to(fd, route->bind, family) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* ---- steps --------------------------------------------------------- */

static void try_next(void *arg);

static void
drop_stream(struct irc_dial *d)
{
	if (d->bev)
		bufferevent_free(d->bev);
	d->bev = NULL;
	d->ssl = NULL;
}

static void
release(struct irc_dial *d)
{
	loop_cancel(d->loop, try_next, d);
	timer_stop(&d->patience);
	drop_stream(d);
	if (d->query) {
		d->query->dial = NULL;
		if (d->request)
			evdns_getaddrinfo_cancel(d->request);
	}
	if (d->found)
		evutil_freeaddrinfo(d->found);
	free(d);
}

static void
finish(struct irc_dial *d, enum irc_dialled result)
{
	struct bufferevent *bev = NULL;

	if (result == IRC_DIAL_DONE) {
		bev = d->bev;
		d->bev = NULL;
		d->why[0] = '\0';
		bufferevent_disable(bev, EV_READ | EV_WRITE);
		bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
	}
	timer_stop(&d->patience);
	d->fn(d->arg, result, bev, d->why);
	release(d);
}

static void
failed(struct irc_dial *d, const char *what, const char *why)
{
	snprintf(d->why, sizeof(d->why), "%s:%u: %s%s%s", d->route.host,
		 d->route.port, what, *what ? ": " : "", why);
	timer_stop(&d->patience);
	drop_stream(d);
	loop_defer(d->loop, try_next, d);
}

static void
out_of_patience(void *arg)
{
	struct irc_dial *d = arg;

	failed(d, d->ssl ? "TLS" : "", "timed out");
}

static void
not_trusted(struct irc_dial *d, const char *why)
{
	snprintf(d->why, sizeof(d->why), "%s: certificate refused: %s",
		 d->route.host, why);
	finish(d, IRC_DIAL_REFUSED);
}

/* The certificate decides whether it is worth asking again soon. */
static void
shake_failed(struct irc_dial *d)
{
	unsigned long code = bufferevent_get_openssl_error(d->bev);
	long verdict = SSL_get_verify_result(d->ssl);
	const char *why = code ? ERR_reason_error_string(code) : NULL;

	if (verdict != X509_V_OK && d->route.verify && !d->route.pin) {
		not_trusted(d, X509_verify_cert_error_string(verdict));
		return;
	}
	failed(d, "TLS", why ? why : "connection closed");
}

static bool
is_pinned(const struct irc_dial *d)
{
	X509 *cert = SSL_get1_peer_certificate(d->ssl);
	bool pinned = irc_fingerprint_matches(cert, d->route.pin);

	X509_free(cert);
	return pinned;
}

static void
on_shaken(struct bufferevent *bev UNUSED, short what, void *arg)
{
	struct irc_dial *d = arg;

	if (!(what & BEV_EVENT_CONNECTED))
		shake_failed(d);
	else if (d->route.pin && !is_pinned(d))
		not_trusted(d, "it has another fingerprint");
	else
		finish(d, IRC_DIAL_DONE);
}

static void
shake_hands(struct irc_dial *d)
{
	SSL *ssl = tls_client(&d->route);
	int fd = bufferevent_getfd(d->bev);

	/* The plain stream lets go of the descriptor before it is freed. */
	bufferevent_setfd(d->bev, -1);
	drop_stream(d);
	if (!ssl) {
		close(fd);
		failed(d, "TLS", "not a usable host name");
		return;
	}
	d->ssl = ssl;
	d->bev = bufferevent_openssl_socket_new(loop_base(d->loop), fd, ssl,
						BUFFEREVENT_SSL_CONNECTING,
						BEV_OPT_CLOSE_ON_FREE);
	if (!d->bev) {
		close(fd);
		failed(d, "TLS", "cannot begin");
		return;
	}
	bufferevent_openssl_set_allow_dirty_shutdown(d->bev, 1);
	bufferevent_setcb(d->bev, NULL, NULL, on_shaken, d);
	bufferevent_enable(d->bev, EV_READ | EV_WRITE);
}

static void
on_connected(struct bufferevent *bev UNUSED, short what, void *arg)
{
	struct irc_dial *d = arg;
	int code = EVUTIL_SOCKET_ERROR();

	if (!(what & BEV_EVENT_CONNECTED))
		failed(d, "", code ? strerror(code) : "connection refused");
	else if (d->route.tls)
		shake_hands(d);
	else
		finish(d, IRC_DIAL_DONE);
}

static void
try_next(void *arg)
{
	struct irc_dial *d = arg;
	struct evutil_addrinfo *a = d->next;

	if (!a) {
		finish(d, IRC_DIAL_FAILED);
		return;
	}
	d->next = a->ai_next;
	timer_start(&d->patience, d->loop, d->each_ms, out_of_patience, d);

	/* By address: any name may lead into our own house. */
	if (d->route.public_only && !address_is_public(a->ai_addr)) {
		failed(d, "",
		       "its address is not a public one, and this "
		       "gateway leads to no others");
		return;
	}

	int fd = make_socket(&d->route, a->ai_family);

	if (fd < 0) {
		failed(d, "socket", strerror(errno));
		return;
	}
	d->bev = bufferevent_socket_new(loop_base(d->loop), fd,
					BEV_OPT_CLOSE_ON_FREE);
	if (!d->bev) {
		close(fd);
		failed(d, "socket", "cannot be watched");
		return;
	}
	bufferevent_setcb(d->bev, NULL, NULL, on_connected, d);
	if (bufferevent_socket_connect(d->bev, a->ai_addr, (int)a->ai_addrlen) <
	    0)
		failed(d, "", "cannot connect");
}

/* ---- DNS ----------------------------------------------------------- */

static void
found(struct irc_dial *d, struct evutil_addrinfo *list)
{
	int64_t n = 0;

	d->found = d->next = list;
	for (struct evutil_addrinfo *a = list; a; a = a->ai_next)
		n++;
	d->each_ms = n ? CONNECT_MS / n : CONNECT_MS;
	if (d->each_ms < CONNECT_MIN_MS)
		d->each_ms = CONNECT_MIN_MS;
	loop_defer(d->loop, try_next, d);
}

static void
resolved(int result, struct evutil_addrinfo *list, void *arg)
{
	struct query *q = arg;
	struct irc_dial *d = q->dial;

	free(q);
	if (!d) {
		if (list)
			evutil_freeaddrinfo(list);
		return;
	}
	d->query = NULL;
	d->request = NULL;
	timer_stop(&d->patience);
	if (result)
		failed(d, "name", evutil_gai_strerror(result));
	else
		found(d, list);
}

static void
resolve(struct irc_dial *d)
{
	struct evutil_addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_protocol = IPPROTO_TCP,
	};
	struct evdns_getaddrinfo_request *request;
	struct evutil_addrinfo *list = NULL;
	char port[8];

	snprintf(port, sizeof(port), "%u", d->route.port);
	if (is_address(d->route.host)) {
		hints.ai_flags = EVUTIL_AI_NUMERICHOST;
		evutil_getaddrinfo(d->route.host, port, &hints, &list);
		found(d, list);
		return;
	}
	if (!loop_dns(d->loop)) {
		failed(d, "name", "no resolver");
		return;
	}
	d->query = xcalloc(1, sizeof(*d->query));
	d->query->dial = d;
	timer_start(&d->patience, d->loop, CONNECT_MS, out_of_patience, d);
	request = evdns_getaddrinfo(loop_dns(d->loop), d->route.host, port,
				    &hints, resolved, d->query);
	if (d->query) /* not answered at once */
		d->request = request;
}

/* ---- public -------------------------------------------------------- */

struct irc_dial *
irc_dial_start(struct loop *loop, const struct irc_route *route,
	       irc_dial_fn *fn, void *arg)
{
	struct irc_dial *d = xcalloc(1, sizeof(*d));

	*d = (struct irc_dial){
		.loop = loop,
		.route = *route,
		.fn = fn,
		.arg = arg,
	};
	resolve(d);
	return d;
}

int
irc_dial_fd(const struct irc_dial *dial)
{
	return dial && dial->bev ? bufferevent_getfd(dial->bev) : -1;
}

void
irc_dial_stop(struct irc_dial *dial)
{
	if (dial)
		release(dial);
}
