/* SPDX-License-Identifier: MIT */
/* visitor.c - a connection that costs next to nothing; see visitor.h. */

#include "tests/bench/visitor.h"

#include "bridge/base.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_S 30
#define ANSWER_MAX (1 << 20)
#define STREAM                                             \
	"<stream:stream xmlns='%s' "                       \
	"xmlns:stream='http://etherx.jabber.org/streams' " \
	"version='1.0' to='%s'>"

/* The rest of a message: together about as long as people write. */
static const char words[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

void
give_up(const char *where, const char *what)
{
	fprintf(stderr, "load: %s: %s: %s\n", where, what, strerror(errno));
	exit(1);
}

/* ---- connecting ---------------------------------------------------------- */

static void
dial(struct visitor *v, const char *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((in_port_t)strtoul(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval patience = { .tv_sec = ANSWER_S };
	int on = 1;

	*v = (struct visitor){ .line_begins = true };
	str_init(&v->unsent, 2 * VISITOR_UNSENT_MAX);
	v->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (v->fd < 0 ||
	    connect(v->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		give_up(port, "cannot connect");
	setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(v->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

static void tell(struct visitor *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void
tell(struct visitor *v, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	str_vprintf(&v->unsent, fmt, args);
	va_end(args);
	visitor_flush(v);
}

/* Read until text came. Its beginning, or what is around it, is in answer. */
static void
await(struct visitor *v, struct str *answer, const char *text)
{
	char data[16384];

	while (!strstr(answer->data, text)) {
		ssize_t n = recv(v->fd, data, sizeof(data), 0);

		if (n <= 0)
			give_up(text, "this answer did not come");
		if (answer->len + (size_t)n > ANSWER_MAX)
			str_clear(answer);
		str_add_n(answer, data, (size_t)n);
	}
}

static void
await_only(struct visitor *v, const char *text)
{
	AUTO_STR answer = { 0 };

	str_init(&answer, ANSWER_MAX);
	await(v, &answer, text);
}

static void
logged_in(struct visitor *v)
{
	(void)fcntl(v->fd, F_SETFL, O_NONBLOCK);
}

/* ---- IRC ----------------------------------------------------------------- */

void
visitor_irc(struct visitor *v, const char *port, const char *nick)
{
	dial(v, port);
	v->irc = true;
	tell(v, "NICK %s\r\nUSER %s 0 * :%s\r\n", nick, nick, nick);
}

void
visitor_irc_join(struct visitor *v, const char *channel)
{
	await_only(v, " 001 ");
	tell(v, "JOIN %s\r\n", channel);
}

void
visitor_irc_joined(struct visitor *v)
{
	await_only(v, " 366 ");
	logged_in(v);
}

/* ---- XMPP ---------------------------------------------------------------- */

static void
join_room(struct visitor *v, const char *room, const char *nick,
	  const char *from)
{
	tell(v,
	     "<presence%s to='%s/%s'><x xmlns='http://jabber.org/protocol/muc'>"
	     "<history maxstanzas='0'/></x></presence>",
	     from, room, nick);
}

static void
open_client_stream(struct visitor *v)
{
	tell(v, STREAM, "jabber:client", "localhost");
	await_only(v, "features>");
}

static void
authenticate(struct visitor *v, const char *user)
{
	unsigned char plain[128] = "", token[200] = "";
	size_t len = strlen(user);

	if (len > 60)
		give_up(user, "this name is too long");
	memcpy(plain + 1, user, len);
	memcpy(plain + len + 2, user, len);
	EVP_EncodeBlock(token, plain, (int)(2 * len + 2));
	tell(v,
	     "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
	     "mechanism='PLAIN'>%s</auth>",
	     (const char *)token);
	await_only(v, "<success");
}

void
visitor_client(struct visitor *v, const char *port, const char *user,
	       const char *room)
{
	dial(v, port);
	open_client_stream(v);
	authenticate(v, user);
	open_client_stream(v);
	tell(v, "<iq type='set' id='b'>"
		"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>bench</resource></bind></iq>");
	await_only(v, "<jid>");
	tell(v, "<presence/>");
	join_room(v, room, user, "");
	await_only(v, "code='110'");
	logged_in(v);
}

static void
add_digest(struct str *out, const char *text)
{
	unsigned char digest[SHA_DIGEST_LENGTH];

	SHA1((const unsigned char *)text, strlen(text), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		str_printf(out, "%02x", digest[i]);
}

void
visitor_component(struct visitor *v, const char *port, const char *domain,
		  const char *secret)
{
	AUTO_STR answer = { 0 }, proof = { 0 }, digest = { 0 };
	const char *id;

	dial(v, port);
	snprintf(v->from, sizeof(v->from), "%s", domain);
	str_init(&answer, ANSWER_MAX);
	str_init(&proof, 1000);
	str_init(&digest, 100);
	tell(v, STREAM, "jabber:component:accept", domain);
	await(v, &answer, "<stream:stream");
	await(v, &answer, " id=");
	id = strstr(answer.data, " id=") + strlen(" id='");
	str_add_n(&proof, id, strcspn(id, "'\""));
	str_add(&proof, secret);
	add_digest(&digest, proof.data);
	tell(v, "<handshake>%s</handshake>", digest.data);
	await_only(v, "<handshake");
	logged_in(v);
}

void
visitor_occupy(struct visitor *v, const char *room, const char *nick)
{
	AUTO_STR from = { 0 };

	str_init(&from, 200);
	str_printf(&from, " from='%s@%s/r'", nick, v->from);
	join_room(v, room, nick, from.data);
}

/* ---- talking ------------------------------------------------------------- */

void
visitor_finish(struct visitor *v)
{
	close(v->fd);
	str_finish(&v->unsent);
}

void
visitor_say(struct visitor *v, const char *to, const char *nick,
	    const struct utterance *u)
{
	if (v->irc) {
		str_printf(&v->unsent, "PRIVMSG %s :n%06un %08x %s\r\n", to,
			   u->number, u->talk, words);
		return;
	}
	str_add(&v->unsent, "<message");
	if (*v->from)
		str_printf(&v->unsent, " from='%s@%s/r'", nick, v->from);
	str_printf(&v->unsent,
		   " to='%s' type='groupchat' id='m%x-%u'>"
		   "<body>n%06un %08x %s</body></message>",
		   to, u->talk, u->number, u->number, u->talk, words);
}

void
visitor_flush(struct visitor *v)
{
	while (v->unsent.len) {
		ssize_t n = send(v->fd, v->unsent.data, v->unsent.len,
				 MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			give_up("a server", "cannot be written to");
		str_consume(&v->unsent, (size_t)n);
	}
}

static void
answer_pings(struct visitor *v, const char *data, size_t len)
{
	const char *end = data + len;

	while (data < end) {
		const char *lf = memchr(data, '\n', (size_t)(end - data));
		size_t n = (size_t)((lf ? lf + 1 : end) - data);

		/* One in two pieces is missed: servers ask again. */
		if (v->line_begins && lf && n > 5 &&
		    !memcmp(data, "PING ", 5)) {
			str_add(&v->unsent, "PONG ");
			str_add_n(&v->unsent, data + 5, n - 5);
		}
		v->line_begins = lf != NULL;
		data += n;
	}
}

size_t
visitor_read(struct visitor *v, char *data, size_t size)
{
	ssize_t n = recv(v->fd, data, size, 0);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		give_up("a server", "has closed a connection");
	if (v->irc)
		answer_pings(v, data, (size_t)n);
	return (size_t)n;
}
