/* SPDX-License-Identifier: MIT */
/*
 * matrix.c - the Matrix adapter: an application service of one homeserver.
 *
 * Spoken here (v1.11 of the specification and later):
 *   application service API   transactions, ping, queries, timestamps
 *   client-server API         rooms, membership, profiles, messages
 *   replies, edits, reactions, threads (shown as replies), mentions
 *   room versions 1 to 12
 *   MSC4326 (device masquerading): transaction ids survive a restart
 */

#include "protocols/matrix/matrix.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "conf/conf.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PULSE_MS 30000
#define SETTLE_MS 200    /* after the last room was entered */
#define SETTLE_TRIES 150 /* then without those that are not */
#define PUPPET_WAIT_MS 10000
#define TYPING_AGAIN_MS 25000 /* before moment.c's time is over */
#define TEXT_MAX_BYTES 32768

struct matrix *
matrix_from(struct network *net)
{
	assert(net->protocol == &matrix_protocol);
	return container_of(net, struct matrix, net);
}

bool
matrix_is_us(const struct matrix *m, const char *user_id)
{
	return strcmp(user_id, m->bot) == 0 ||
	       (strncmp(user_id, m->ours, strlen(m->ours)) == 0 &&
		strcmp(matrix_id_server(user_id), m->conf->server_name) == 0);
}

struct matrix_person
matrix_ours(const struct matrix *m)
{
	return (struct matrix_person){
		.prefix = m->conf->prefix,
		.server = m->conf->server_name,
	};
}

/* ---- paths -------------------------------------------------------------- */

void
matrix_room_path(struct str *out, const char *room, const char *what)
{
	str_init(out, PATH_MAX_BYTES);
	str_add(out, "/v3/rooms/");
	matrix_path_add(out, room);
	str_printf(out, "/%s", what);
}

void
matrix_path_as(struct str *out, const char *user, const char *device)
{
	if (user) {
		str_add(out, "?user_id=");
		matrix_path_add(out, user);
	}
	if (device)
		str_printf(out, "%cdevice_id=%s", user ? '&' : '?', device);
}

void
matrix_data_path(struct str *out, const struct matrix *m, const char *type)
{
	str_init(out, PATH_MAX_BYTES);
	str_add(out, "/v3/user/");
	matrix_path_add(out, m->bot);
	str_printf(out, "/account_data/%s", type);
	matrix_path_as(out, m->bot, NULL);
}

void
matrix_say(struct matrix *m, const char *room_id, const char *as,
	   const char *to, const char *text)
{
	json_t *body = json_pack("{s:s, s:s, s:{}}", "msgtype", "m.notice",
				 "body", text, "m.mentions");
	AUTO_STR path = { 0 };

	if (!body)
		return; /* no text */
	if (to)
		json_object_set_new(body, "m.relates_to",
				    json_pack("{s:{s:s}}", "m.in_reply_to",
					      "event_id", to));
	matrix_room_path(&path, room_id, "send/m.room.message/");
	str_printf(&path, "n%016llx", (unsigned long long)loop_random(m->loop));
	matrix_path_as(&path, as, NULL);
	hs_call(m->hs, &(struct hs_call){ "PUT", path.data, body, NULL, m });
}

/* ---- going down --------------------------------------------------------- */

static void
drop_all(struct matrix *m)
{
	m->taking = false;
	service_refuse(m);
	timer_stop(&m->ready_timer);
	timer_stop(&m->pulse_timer);
	catchup_stop(m);
	presence_stop(m);
	hs_cancel(m->hs, NULL);
	mrooms_drop(m);
	portals_drop(m);
	desk_drop(m);
	pictures_drop(m);
	arrivals_drop(m);
	ghosts_drop(m);
	chats_drop(m);
}

static void
go_down(struct matrix *m, enum down_reason why, const char *text)
{
	drop_all(m);
	bridge_network_down(&m->net, why, text);
}

void
matrix_lost(struct matrix *m, const struct hs_answer *answer)
{
	if (m->net.state == NETWORK_DOWN)
		return;
	if (!answer->status)
		go_down(m,
			m->net.state == NETWORK_UP ? DOWN_LOST
						   : DOWN_UNREACHABLE,
			answer->why);
	else if (answer->status == 401)
		go_down(m, DOWN_REFUSED,
			"the homeserver does not know our token; is the "
			"registration file in its app_service_config_files, "
			"and was it restarted since?");
	else
		go_down(m, DOWN_UNREACHABLE, answer->why);
}

/* ---- taking transactions ------------------------------------------------ */

static bool
any_room_is_joining(const struct matrix *m)
{
	const struct mroom *room;

	for (room = m->rooms; room; room = room->hh.next)
		if (room->joining)
			return true;
	return false;
}

/*
 * What is pushed before its room is entered would find no channel: so nothing
 * is taken until then, and the homeserver keeps it.
 */
static void
on_settled(void *arg)
{
	struct matrix *m = arg;

	if ((any_room_is_joining(m) || !catchup_is_ready(m)) &&
	    ++m->waits < SETTLE_TRIES) {
		timer_start(&m->ready_timer, m->loop, SETTLE_MS, on_settled, m);
		return;
	}
	if (m->taking)
		return;
	m->taking = true;
	service_take(m);
	service_ping(m);
	catchup_begin(m);
}

void
matrix_room_settled(struct matrix *m)
{
	if (!m->taking)
		timer_start(&m->ready_timer, m->loop, SETTLE_MS, on_settled, m);
}

/* ---- coming up ---------------------------------------------------------- */

static void on_pulse(void *arg);

static void
on_pulse_answer(void *arg, const struct hs_answer *answer)
{
	struct matrix *m = arg;

	if (!answer->status || answer->status == 401) {
		matrix_lost(m, answer);
		return;
	}
	timer_start(&m->pulse_timer, m->loop, PULSE_MS, on_pulse, m);
}

static void
on_pulse(void *arg)
{
	struct matrix *m = arg;

	hs_call(m->hs, &(struct hs_call){ "GET", "/v3/account/whoami", NULL,
					  on_pulse_answer, m });
}

static void
come_up(struct matrix *m)
{
	m->waits = 0;
	bridge_network_up(&m->net);
	matrix_room_settled(m);
	timer_start(&m->pulse_timer, m->loop, PULSE_MS, on_pulse, m);
}

static void
on_device(void *arg, const struct hs_answer *answer)
{
	struct matrix *m = arg;

	m->no_device = !hs_good(answer);
	if (!answer->status) {
		matrix_lost(m, answer);
		return;
	}
	chats_load(m, come_up);
}

static void
make_device(struct matrix *m)
{
	AUTO_STR path = { 0 };

	str_init(&path, PATH_MAX_BYTES);
	str_add(&path, "/v3/devices/" DEVICE);
	matrix_path_as(&path, m->bot, NULL);
	hs_call(m->hs, &(struct hs_call){
			       "PUT", path.data,
			       json_pack("{s:s}", "display_name", "Causeway"),
			       on_device, m });
}

static void
on_whoami(void *arg, const struct hs_answer *answer)
{
	struct matrix *m = arg;
	const char *id =
		json_string_value(json_object_get(answer->json, "user_id"));
	AUTO_STR why = { 0 };

	if (!hs_good(answer)) {
		matrix_lost(m, answer);
		return;
	}
	if (id && strcmp(id, m->bot) == 0) {
		make_device(m);
		return;
	}
	if (!id) {
		go_down(m, DOWN_UNREACHABLE,
			"the homeserver was asked who we are, and answered "
			"nonsense");
		return;
	}
	str_init(&why, 512);
	str_printf(&why,
		   "the homeserver calls us %.255s, and we expected %.255s; is "
		   "server_name right, and the registration the one it has?",
		   id, m->bot);
	go_down(m, DOWN_REFUSED, why.data);
}

/* That we are registered already is as good. */
static void
on_registered(void *arg, const struct hs_answer *answer)
{
	struct matrix *m = arg;

	if (!hs_good(answer) && strcmp(answer->errcode, "M_USER_IN_USE") != 0) {
		matrix_lost(m, answer);
		return;
	}
	hs_call(m->hs, &(struct hs_call){ "GET", "/v3/account/whoami", NULL,
					  on_whoami, m });
}

static void
network_begin(struct network *net)
{
	struct matrix *m = matrix_from(net);
	struct error err;

	m->stopping = false;
	m->pressure = PRESSURE_NONE;
	media_open(m);
	pictures_open(m);
	if (service_open(m, &err) < 0) {
		go_down(m, DOWN_UNREACHABLE, err.text);
		return;
	}
	hs_call(m->hs,
		&(struct hs_call){ "POST", "/v3/register",
				   json_pack("{s:s, s:s, s:b}", "type",
					     "m.login.application_service",
					     "username", m->conf->bot,
					     "inhibit_login", 1),
				   on_registered, m });
}

static void
network_end(struct network *net)
{
	struct matrix *m = matrix_from(net);

	m->stopping = true;
	service_close(m);
	go_down(m, DOWN_ASKED, NULL);
	media_close(m);
}

/* ---- hooks -------------------------------------------------------------- */

static struct network *
network_create(const struct conf_network *conf, struct loop *loop,
	       struct error *err UNUSED)
{
	struct matrix *m = xcalloc(1, sizeof(*m));
	AUTO_STR id = { 0 };

	network_init(&m->net, &matrix_protocol, conf->name);
	m->conf = conf->matrix;
	m->loop = loop;
	if (!m->conf->gateway)
		m->net.caps &= ~(unsigned)CAN_HOST;
	m->net.limits.puppets = m->conf->puppets;
	m->net.limits.puppet_idle_ms = (int64_t)m->conf->puppet_idle_s * 1000;
	str_init(&id, 2 * MATRIX_ID_MAX);
	str_printf(&id, "@%s:%s", m->conf->bot, m->conf->server_name);
	m->bot = str_take(&id); /* and id is empty again */
	str_printf(&id, "@%s", m->conf->prefix);
	m->ours = str_take(&id);
	m->hs = hs_new(loop, m->conf, m->net.name);
	return &m->net;
}

static void
network_destroy(struct network *net)
{
	struct matrix *m = matrix_from(net);

	service_close(m);
	drop_all(m);
	rooms_forget(m);
	media_close(m);
	hs_free(m->hs);
	free(m->bot);
	free(m->ours);
	free(m->told_encrypted);
	network_finish(net);
	free(m);
}

static void
network_accepted(struct network *net, const struct event *ev)
{
	service_settled(matrix_from(net), ev);
}

static void
network_pressure(struct network *net, enum pressure why)
{
	struct matrix *m = matrix_from(net);
	bool was = m->pressure != PRESSURE_NONE;

	m->pressure = why;
	if (!was || why != PRESSURE_NONE || !m->taking)
		return;
	service_ping(m);
	catchup_begin(m);
}

static void
network_identify(struct network *net, const struct channel *ch, struct str *out)
{
	(void)net;
	/* An alias is a pointer: two may lead to one room. */
	if (*ch->name == '!')
		str_printf(out, "matrix:%s", ch->name);
}

/* "#room:server" or "!room:server", or with "%" as in other people's "@". */
static bool
network_channel_name(struct network *net, const char *text, char *name,
		     size_t size)
{
	const struct matrix *m = matrix_from(net);

	return matrix_name_read(text, "#!", name, size) &&
	       (*name != '#' ||
		strncmp(name + 1, m->ours + 1, strlen(m->ours + 1)) != 0);
}

static void
network_forget(struct network *net, struct channel *ch)
{
	room_not_outside(matrix_from(net), ch);
	if (ch->kind == CHANNEL_DIRECT)
		room_leave(net, ch);
}

const struct protocol matrix_protocol = {
	.name = "matrix",
	.caps = CAN_NAME | CAN_PICTURE | CAN_EDIT | CAN_REDACT | CAN_MODERATE | CAN_REACT | CAN_REPLY | CAN_TOPIC |
		CAN_TYPING | CAN_RECEIPT | CAN_PRESENCE | CAN_STYLE | CAN_MULTILINE | CAN_PUPPET |
		CAN_NOTICE | CAN_PUPPET_OWN | CAN_DELAY | CAN_DIRECT |
		CAN_HOST | CAN_ATTACH | CAN_VISIT | CAN_CONTACT,
	.limits = {
		.text_max = TEXT_MAX_BYTES,
		.window = 16,
		.puppet_wait_ms = PUPPET_WAIT_MS,
		.typing_again_ms = TYPING_AGAIN_MS,
	},
	.ops = {
		.create = network_create,
		.destroy = network_destroy,
		.start = network_begin,
		.stop = network_end,
		.join = room_join,
		.leave = room_leave,
		.send = word_send,
		.puppet_join = ghost_join,
		.puppet_leave = ghost_leave,
		.puppet_update = ghost_update,
		.forget = network_forget,
		.accepted = network_accepted,
		.standing = portal_standing,
		.moded = door_moded,
		.watch = presence_watch,
		.unwatch = presence_unwatch,
		.bounce = word_bounce,
		.pressure = network_pressure,
		.resolve = private_resolve,
		.identify = network_identify,
		.channel_name = network_channel_name,
	},
};
