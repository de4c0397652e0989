/* SPDX-License-Identifier: MIT */
/*
 * crash.c - a causewayd that ends by SIGKILL at a named step of a message's
 * life: CAUSEWAY_CRASH_AT=STEP or STEP:N, at the Nth message that gets so far.
 *
 *     taken       run in the open transaction, not committed
 *     committed   on disk; the loop does not know
 *     accepted    its source was told; no outbox has it
 *     acknowledged    of MQTT: the broker was told
 *     sent        its bytes were given to the kernel
 *     confirmed   the other side confirmed it; nothing is written
 *     settling    its end is in the open transaction, not committed
 *     settled     its end is on disk; the loop does not know
 *
 * It is a program of the tests, made of the same objects as causewayd: the
 * linker's --wrap puts these functions between the parts, and the two that
 * give bytes to the kernel stand in front of the C library's. What is
 * installed has no such hook.
 */

#include "bridge/base.h"
#include "bridge/outbox.h"
#include "mappings/messages.h"
#include "mappings/queue.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct plan {
	char step[32]; /* "": none */
	atomic_int left;
	bool keeps, settles; /* the open transaction; of the store thread */
};

static struct plan *
plan(void)
{
	static struct plan plan;

	return &plan;
}

__attribute__((constructor)) static void
read_plan(void)
{
	const char *text = getenv("CAUSEWAY_CRASH_AT");
	int n = 1;

	if (!text)
		return;
	if (sscanf(text, "%31[a-z]:%d", plan()->step, &n) < 1 || n < 1)
		abort();
	atomic_store(&plan()->left, n);
}

static void
reach(const char *step)
{
	if (strcmp(plan()->step, step) == 0 &&
	    atomic_fetch_sub(&plan()->left, 1) == 1)
		(void)kill(getpid(), SIGKILL);
}

/* ---- the store's thread ------------------------------------------------ */

int __real_event_put(struct db *db, const struct event_row *row,
		     int64_t *known);
int __wrap_event_put(struct db *db, const struct event_row *row,
		     int64_t *known);
int __real_delivery_settle(struct db *db, int64_t event, int64_t channel,
			   const struct delivery_end *end);
int __wrap_delivery_settle(struct db *db, int64_t event, int64_t channel,
			   const struct delivery_end *end);
int __real_db_commit(struct db *db);
int __wrap_db_commit(struct db *db);

int
__wrap_event_put(struct db *db, const struct event_row *row, int64_t *known)
{
	int rc = __real_event_put(db, row, known);

	if (rc == 0 && row->kind == EVENT_MESSAGE)
		plan()->keeps = true;
	return rc;
}

int
__wrap_delivery_settle(struct db *db, int64_t event, int64_t channel,
		       const struct delivery_end *end)
{
	plan()->settles = true;
	return __real_delivery_settle(db, event, channel, end);
}

int
__wrap_db_commit(struct db *db)
{
	int rc;

	if (plan()->keeps)
		reach("taken");
	if (plan()->settles)
		reach("settling");
	rc = __real_db_commit(db);
	if (rc < 0)
		return rc;
	if (plan()->keeps)
		reach("committed");
	if (plan()->settles)
		reach("settled");
	plan()->keeps = plan()->settles = false;
	return rc;
}

/* ---- the loop's -------------------------------------------------------- */

void __real_outbox_push(struct room *room, struct event *source, int64_t event,
			struct netlife *home);
void __wrap_outbox_push(struct room *room, struct event *source, int64_t event,
			struct netlife *home);
void __real_bridge_sent(struct delivery *d, const char *const *ids, size_t n);
void __wrap_bridge_sent(struct delivery *d, const char *const *ids, size_t n);

void
__wrap_outbox_push(struct room *room, struct event *source, int64_t event,
		   struct netlife *home)
{
	if (event && source->kind == EVENT_MESSAGE)
		reach("accepted");
	__real_outbox_push(room, source, event, home);
}

void
__wrap_bridge_sent(struct delivery *d, const char *const *ids, size_t n)
{
	if (d->event->kind == EVENT_MESSAGE)
		reach("confirmed");
	__real_bridge_sent(d, ids, n);
}

static void
look(const void *data, size_t len)
{
	static const char *const marks[] = { "PRIVMSG ", "groupchat",
					     "type=\"chat\"",
					     "/send/m.room.message/",
					     "\"kind\":\"text\"" };

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (memmem(data, len, marks[i], strlen(marks[i])))
			reach("sent");
}

ssize_t
send(int fd, const void *data, size_t len, int flags)
{
	ssize_t n = syscall(SYS_sendto, fd, data, len, flags, NULL, 0);

	if (n > 0)
		look(data, (size_t)n);
	return n;
}

/* PUBACK, four bytes; MQTT 5 section 3.4. */
static void
look_mqtt(const unsigned char *data, size_t len)
{
	if (len == 4 && data[0] == 0x40 && data[1] == 2)
		reach("acknowledged");
	look(data, len);
}

/* libmosquitto's way. */
ssize_t
write(int fd, const void *data, size_t len)
{
	ssize_t n = syscall(SYS_write, fd, data, len);

	if (n > 0)
		look_mqtt(data, (size_t)n);
	return n;
}

ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	ssize_t n = syscall(SYS_writev, fd, parts, count);

	for (int i = 0; n > 0 && i < count; i++)
		look(parts[i].iov_base, parts[i].iov_len);
	return n;
}
