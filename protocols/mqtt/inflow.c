/* SPDX-License-Identifier: MIT */
/* inflow.c - how large a packet is that comes in; see inflow.h. */

#include "protocols/mqtt/inflow.h"

#include "bridge/base.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <sys/socket.h>

#define CALL_BYTES (64 * 1024) /* in one call of the library, with TLS */
#define HEADER_BYTES 5         /* at most; MQTT 5 section 2.1 */

/* ---- without TLS --------------------------------------------------------- */

/* The bytes behind the header, if all of it is there; else 0. */
static size_t
remaining_length(const unsigned char *header, size_t n)
{
	size_t length = 0;

	for (size_t i = 1; i < n; i++) {
		length |= (size_t)(header[i] & 0x7f) << (7 * (i - 1));
		if (!(header[i] & 0x80))
			return length;
	}
	return 0;
}

bool
inflow_may_read(struct inflow *in, size_t max)
{
	unsigned char header[HEADER_BYTES];
	ssize_t n;

	in->left = CALL_BYTES;
	if (in->tls || !in->between)
		return true;
	n = recv(in->fd, header, sizeof(header), MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0)
		return true; /* nothing, or the end: the library will see */
	in->between = false;
	return remaining_length(header, (size_t)n) <= max;
}

/* ---- with TLS ------------------------------------------------------------ */

/* OpenSSL asks before it reads, and tells what it got. */
static long
on_bio(BIO *bio, int what, const char *data UNUSED, size_t len UNUSED,
       int number UNUSED, long other UNUSED, int ret, size_t *got)
{
	struct inflow *in = (struct inflow *)(void *)BIO_get_callback_arg(bio);

	if (what == BIO_CB_READ && !in->left) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (what == (BIO_CB_READ | BIO_CB_RETURN) && ret > 0 && got) {
		in->left -= *got < in->left ? *got : in->left;
		in->read += *got;
	}
	return ret;
}

bool
inflow_has_read(struct inflow *in, bool whole, size_t max)
{
	if (whole) {
		in->between = true;
		in->read = 0;
	}
	return !in->tls || in->read <= max + 2 * CALL_BYTES;
}

void
inflow_begin(struct inflow *in, int fd, void *ssl)
{
	*in = (struct inflow){ .fd = fd,
			       .tls = ssl != NULL,
			       .between = true,
			       .left = CALL_BYTES };
	if (!ssl)
		return;

	BIO *bio = SSL_get_rbio(ssl);

	BIO_set_callback_arg(bio, (char *)in);
	BIO_set_callback_ex(bio, on_bio);
}
