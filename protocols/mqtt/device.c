/* SPDX-License-Identifier: MIT */
/*
 * device.c - devices as people: somebody elsewhere has one among their
 * contacts, sees whether it can be reached and what it says last, and asks it.
 *
 * A device is subscribed to from the start, not only while it is watched, so
 * that what it said last is known when somebody asks. What we are told by the
 * broker when we come (retained) is as good as news here.
 */

#include "protocols/mqtt/mqtt.h"

#include "bridge/base.h"
#include "bridge/str.h"
#include "conf/rules.h"
#include "conf/topic.h"
#include "protocols/mqtt/line.h"

#include <utlist.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_BYTES 4000
#define HELP "say \"status\" to hear how I am"

/* Somebody who watches a device. */
struct watcher {
	struct contact *contact;
	struct watcher *prev, *next;
};

struct device {
	struct mqtt *q;
	const struct conf_device *conf;
	bool known, online;
	enum presence_show show;
	char *word;   /* what it says of itself, such as "ready"; or NULL */
	char *status; /* the line made of what it said last; or NULL */
	int64_t heard_ms;
	struct watcher *watchers;
};

struct devices {
	struct device *all; /* an array, as configured */
	size_t n;
};

/* ---- how they are -------------------------------------------------------- */

static struct availability
availability_of(const struct device *d)
{
	return (struct availability){
		.known = d->known,
		.online = d->online,
		.show = d->show,
		.status = d->online && d->status   ? d->status
			  : d->known && !d->online ? d->word
						   : NULL,
	};
}

static void
tell(struct device *d)
{
	const struct availability a = availability_of(d);
	struct watcher *w;

	DL_FOREACH(d->watchers, w)
	bridge_contact(w->contact, &a);
}

static bool
is_one_of(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(words[i], word) == 0)
			return true;
	return false;
}

/* Plain words, as many devices, Homie ($state) and Zigbee2MQTT use them. */
static void
set_availability(struct device *d, const char *word)
{
	static const char *const here[] = { "online", "ready", "init", "alert",
					    "true",   "on",    "1" };
	const struct conf_device *c = d->conf;
	bool sleeps = strcasecmp(word, "sleeping") == 0;

	d->known = true;
	d->online = sleeps ||
		    (c->n_online ? is_one_of(word, c->online, c->n_online)
				 : is_one_of(word, here, ARRAY_SIZE(here)));
	d->show = sleeps ? SHOW_XA : SHOW_ONLINE;
	free(d->word);
	d->word = strcasecmp(word, "lost") == 0 ? xstrdup("connection lost")
						: xstrdup(word);
}

static void
take_availability(struct device *d, const struct incoming *t)
{
	struct payload p;
	struct reading r;
	AUTO_STR word = { 0 };

	payload_read(&p, t->payload, t->len, CONF_PAYLOAD_AUTO);
	reading_init(&r);
	payload_get(&p, &d->conf->field, &r);
	str_init(&word, 2 * READING_MAX);
	line_add_data(&word, r.text.data, r.text.len, READING_MAX);
	if (r.found && word.len) {
		set_availability(d, word.data);
		tell(d);
	}
	reading_finish(&r);
	payload_finish(&p);
}

static void
take_value(struct device *d, const struct incoming *t)
{
	const struct conf_path whole = { NULL, 0 };
	const struct conf_rule rule = { .name = d->conf->name };
	struct payload p;
	struct reading value;
	const struct source source = {
		.rule = &rule,
		.filter = d->conf->filter,
		.topic = t->topic,
		.payload = &p,
		.value = &value,
		.content_type = t->content_type,
		.wall_ms = loop_wall_ms(d->q->loop),
	};
	AUTO_STR line = { 0 };

	payload_read(&p, t->payload, t->len, CONF_PAYLOAD_AUTO);
	reading_init(&value);
	payload_get(&p, &whole, &value);
	str_init(&line, TEXT_BYTES);
	line_render(&line, &d->conf->say, &source);
	d->heard_ms = loop_now_ms(d->q->loop);
	if (!d->conf->availability) {
		/* Who speaks is there. */
		d->known = true;
		d->online = true;
	}
	if (!d->status || strcmp(d->status, line.data) != 0) {
		free(d->status);
		d->status = xstrdup(line.data);
		tell(d);
	}
	reading_finish(&value);
	payload_finish(&p);
}

void
devices_take(struct mqtt *q, const struct incoming *t)
{
	for (size_t i = 0; q->devices && i < q->devices->n; i++) {
		struct device *d = &q->devices->all[i];

		if (d->conf->availability &&
		    strcmp(d->conf->availability, t->topic) == 0)
			take_availability(d, t);
		else if (d->conf->filter &&
			 topic_matches(d->conf->filter, t->topic))
			take_value(d, t);
	}
}

/* ---- who watches --------------------------------------------------------- */

static struct device *
device_named(struct mqtt *q, const char *name)
{
	for (size_t i = 0; q->devices && i < q->devices->n; i++)
		if (strcmp(q->devices->all[i].conf->name, name) == 0)
			return &q->devices->all[i];
	return NULL;
}

bool
devices_have(struct mqtt *q, const char *name)
{
	return device_named(q, name) != NULL;
}

void
devices_watch(struct mqtt *q, struct contact *contact)
{
	struct device *d = device_named(q, contact->person);
	struct availability a = { 0 };
	struct watcher *w;

	if (d) {
		w = xcalloc(1, sizeof(*w));
		w->contact = contact;
		DL_APPEND(d->watchers, w);
		a = availability_of(d);
	}
	bridge_contact(contact, &a);
}

void
devices_unwatch(struct mqtt *q, const struct contact *contact)
{
	struct device *d = device_named(q, contact->person);
	struct watcher *w, *tmp;

	if (!d)
		return;
	DL_FOREACH_SAFE(d->watchers, w, tmp)
	{
		if (w->contact != contact)
			continue;
		DL_DELETE(d->watchers, w);
		free(w);
	}
}

/* ---- who asks ------------------------------------------------------------ */

/* "21.5 °C (3 minutes ago)" */
static void
add_status(struct str *out, const struct device *d)
{
	int64_t ago = (loop_now_ms(d->q->loop) - d->heard_ms) / 60000;

	if (d->known)
		str_add(out, d->online ? "online" : "offline");
	else
		str_add(out, "nothing is known of whether I am online");
	if (d->known && d->word)
		str_printf(out, " (%s)", d->word);
	if (!d->status)
		return;
	str_printf(out, "; %s", d->status);
	if (ago > 0)
		str_printf(out, " (%lld minutes ago)", (long long)ago);
}

void
devices_send(struct mqtt *q, struct delivery *dl)
{
	const struct event *asked = dl->event;
	struct device *d = device_named(q, dl->channel->name);
	struct event *ev;
	AUTO_STR text = { 0 };

	if (!d) {
		bridge_refused(dl, "there is no such device");
		return;
	}
	str_init(&text, TEXT_BYTES);
	if (asked->kind == EVENT_MESSAGE &&
	    strcasecmp(asked->text.utf8, "status") == 0)
		add_status(&text, d);
	else
		str_add(&text, HELP);
	if (dl->network && asked->kind == EVENT_MESSAGE &&
	    !(asked->flags & EVENT_NOTICE)) {
		ev = event_make(EVENT_MESSAGE);
		ev->flags = EVENT_NOTICE;
		ev->when_ms = loop_wall_ms(q->loop);
		event_set_sender(ev, d->conf->name, d->conf->name);
		event_set_to(ev, dl->network, asked->sender.id);
		event_set_text(ev, text.data);
		bridge_event(&q->net, ev);
	}
	bridge_sent(dl, NULL, 0);
}

/* ---- their life ---------------------------------------------------------- */

void
devices_open(struct mqtt *q)
{
	for (size_t i = 0; q->devices && i < q->devices->n; i++) {
		const struct conf_device *c = q->devices->all[i].conf;

		if (c->availability)
			(void)mqtt_tap(q, c->availability);
		if (c->filter)
			(void)mqtt_tap(q, c->filter);
	}
}

/* Nobody is watched, and nothing is known any more. */
void
devices_lost(struct mqtt *q)
{
	for (size_t i = 0; q->devices && i < q->devices->n; i++) {
		struct device *d = &q->devices->all[i];
		struct watcher *w, *tmp;

		d->known = false;
		d->online = false;
		DL_FOREACH_SAFE(d->watchers, w, tmp)
		free(w);
		d->watchers = NULL;
	}
}

void
devices_make(struct mqtt *q)
{
	if (!q->conf->n_devices)
		return;
	q->devices = xcalloc(1, sizeof(*q->devices));
	q->devices->n = q->conf->n_devices;
	q->devices->all = xcalloc(q->devices->n, sizeof(*q->devices->all));
	for (size_t i = 0; i < q->devices->n; i++) {
		q->devices->all[i].q = q;
		q->devices->all[i].conf = &q->conf->devices[i];
	}
}

void
devices_free(struct mqtt *q)
{
	devices_lost(q);
	for (size_t i = 0; q->devices && i < q->devices->n; i++) {
		free(q->devices->all[i].word);
		free(q->devices->all[i].status);
	}
	if (q->devices)
		free(q->devices->all);
	free(q->devices);
	q->devices = NULL;
}
