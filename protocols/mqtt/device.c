/* SPDX-License-Identifier: MIT */
/* device.c - devices as people, and how they are; see device.h. */

#include "protocols/mqtt/device.h"

#include "bridge/base.h"
#include "bridge/pool.h"
#include "bridge/str.h"
#include "conf/topic.h"
#include "protocols/mqtt/errand.h"
#include "protocols/mqtt/line.h"
#include "protocols/mqtt/mqtt.h"
#include "protocols/mqtt/remember.h"

#include <utlist.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_BYTES 4000
#define STATUS_BYTES 400   /* in presence */
#define NOTE_MS 1000       /* between two times that it is remembered */
#define STATUS_MS 60000    /* between two changes of it that are told */
#define FILTER_BYTES 66000 /* a topic, or the filter of an answer */

/* Somebody who watches a device. */
struct watcher {
	struct contact *contact;
	struct watcher *prev, *next;
};

/* Who listens to a topic without wildcards. */
struct route {
	char *topic;
	struct ear *ears;
	UT_hash_handle hh;
};

struct devices {
	struct device *all; /* by name */
	struct route *routes;
	struct ear *wild; /* with wildcards: each is compared */
	/* Of devices that are not known (yet). */
	struct watcher *waiting;
	/* What they said last in an earlier run, until they are there. */
	struct remembered last;
	struct timer note; /* what has changed is remembered then */
};

/* ---- what they said last --------------------------------------------------
 */

/* By topic, or what is said of it where it has none (Sparkplug). */
static void
key_of(struct str *out, const struct device *d, size_t i)
{
	const struct conf_state *state = &d->conf->states[i];

	str_init(out, 2 * MEMO_KEY_MAX);
	str_printf(out, "%s %s", d->name,
		   state->filter  ? state->filter
		   : state->label ? state->label
				  : "");
}

static void
note(struct device *d)
{
	const int64_t wall_ms = loop_wall_ms(d->q->loop) -
				(loop_now_ms(d->q->loop) - d->heard_ms);

	for (size_t i = 0; i < d->conf->n_states; i++) {
		AUTO_STR key = { 0 };
		AUTO_STR value = { 0 };
		struct memo memo = { .scope = d->q->devices->last.scope };

		if (!d->changed[i])
			continue;
		d->changed[i] = false;
		key_of(&key, d, i);
		str_init(&value, 2 * TEXT_BYTES);
		str_printf(&value, "%lld %s", (long long)wall_ms, d->values[i]);
		memo.key = key.data;
		memo.value = value.data;
		bridge_remember(&d->q->net, &memo, 0);
	}
}

static void
on_note(void *arg)
{
	struct mqtt *q = arg;
	struct device *d, *tmp;

	HASH_ITER(hh, q->devices->all, d, tmp)
	note(d);
}

static void
note_soon(struct device *d, size_t i)
{
	struct timer *timer = &d->q->devices->note;

	d->changed[i] = true;
	if (!timer_is_running(timer))
		timer_start(timer, d->q->loop, NOTE_MS, on_note, d->q);
}

/* One that is no more. */
static void
forget(struct device *d)
{
	for (size_t i = 0; i < d->conf->n_states; i++) {
		AUTO_STR key = { 0 };

		key_of(&key, d, i);
		remembered_put(d->q, &d->q->devices->last, key.data, NULL);
	}
}

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

	timer_stop(&d->later);
	DL_FOREACH(d->watchers, w)
	bridge_contact(w->contact, &a);
}

static void
tell_now(void *arg)
{
	struct device *d = arg;

	d->told_ms = loop_now_ms(d->q->loop);
	tell(d);
}

/* Not more often than people look. */
static void
tell_status(struct device *d)
{
	int64_t since = loop_now_ms(d->q->loop) - d->told_ms;

	if (timer_is_running(&d->later))
		return;
	if (!d->told_ms || since >= STATUS_MS)
		tell_now(d);
	else
		timer_start(&d->later, d->q->loop, STATUS_MS - since, tell_now,
			    d);
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
static enum sign
sign_of(const struct conf_sign *c, const char *word)
{
	static const char *const here[] = { "online", "ready", "init", "alert",
					    "true",   "on",    "1" };

	if (strcasecmp(word, "sleeping") == 0)
		return SIGN_SLEEPS;
	if (c->n_online)
		return is_one_of(word, c->online, c->n_online) ? SIGN_HERE
							       : SIGN_GONE;
	return is_one_of(word, here, ARRAY_SIZE(here)) ? SIGN_HERE : SIGN_GONE;
}

/* All of its signs say so, or one of them if that is enough. */
static enum sign
sum_of(const struct device *d)
{
	enum sign best = SIGN_NONE, worst = SIGN_NONE;

	for (size_t i = 0; i < d->conf->n_signs; i++) {
		enum sign s = d->signs[i];

		if (s == SIGN_NONE)
			continue;
		best = best == SIGN_NONE || s < best ? s : best;
		worst = s > worst ? s : worst;
	}
	return d->conf->any_sign ? best : worst;
}

static void
set_word(struct device *d, const char *word)
{
	free(d->word);
	d->word = strcasecmp(word, "lost") == 0 ? xstrdup("connection lost")
						: xstrdup(word);
}

static void
sum_up(struct device *d)
{
	enum sign sum = sum_of(d);

	d->known = sum != SIGN_NONE;
	d->online = sum == SIGN_HERE || sum == SIGN_SLEEPS;
	d->show = sum == SIGN_SLEEPS ? SHOW_XA : SHOW_ONLINE;
	tell(d);
}

void
device_sign(struct device *d, size_t i, const char *word)
{
	if (i >= d->conf->n_signs)
		return;
	d->signs[i] = sign_of(&d->conf->signs[i], word);
	set_word(d, word);
	sum_up(d);
}

/* "21.5 °C", or of several "temperature 21.5 °C, battery 87 %". */
static void
add_values(struct str *out, const struct device *d, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < d->conf->n_states; i++) {
		const char *label = d->conf->states[i].label;

		if (!d->values[i])
			continue;
		if (out->len + strlen(d->values[i]) +
			    (label ? strlen(label) : 0) >
		    max) {
			str_add(out, ", …");
			return;
		}
		str_add(out, n++ ? ", " : "");
		if (label)
			str_printf(out, "%s ", label);
		str_add(out, d->values[i]);
	}
}

static void
set_status(struct device *d)
{
	AUTO_STR status = { 0 };

	str_init(&status, TEXT_BYTES);
	add_values(&status, d,
		   d->conf->n_states > 1 ? STATUS_BYTES : TEXT_BYTES);
	free(d->status);
	d->status = status.len ? str_take(&status) : NULL;
}

/* What it said in an earlier run is what it said last. */
static void
recall(struct device *d)
{
	struct mqtt *q = d->q;
	bool any = false;

	for (size_t i = 0; i < d->conf->n_states; i++) {
		const char *memo;
		char *line;
		int64_t ago;
		AUTO_STR key = { 0 };

		key_of(&key, d, i);
		memo = remembered_get(&q->devices->last, key.data);
		if (!memo || d->values[i])
			continue;
		ago = loop_wall_ms(q->loop) - strtoll(memo, &line, 10);
		ago = loop_now_ms(q->loop) - (ago > 0 ? ago : 0);
		d->heard_ms = any && d->heard_ms > ago ? d->heard_ms : ago;
		d->values[i] = xstrdup(*line ? line + 1 : line);
		any = true;
	}
	if (any)
		set_status(d);
}

void
device_value(struct device *d, size_t i, const char *line)
{
	if (i >= d->conf->n_states)
		return;
	d->heard_ms = loop_now_ms(d->q->loop);
	if (d->values[i] && strcmp(d->values[i], line) == 0 && d->known)
		return;
	free(d->values[i]);
	d->values[i] = xstrdup(line);
	note_soon(d, i);
	set_status(d);
	if (!d->conf->n_signs && !d->known) {
		/* Who speaks is there. */
		d->known = true;
		d->online = true;
		tell_now(d);
		return;
	}
	tell_status(d);
}

/* ---- what comes ---------------------------------------------------------- */

static void
take_sign(struct device *d, size_t i, const struct incoming *t)
{
	struct payload p;
	struct reading r;
	AUTO_STR word = { 0 };

	payload_read(&p, t->payload, t->len, CONF_PAYLOAD_AUTO);
	reading_init(&r);
	payload_get(&p, &d->conf->signs[i].field, &r);
	str_init(&word, 2 * READING_MAX);
	line_add_data(&word, r.text.data, r.text.len, READING_MAX);
	if (r.found && word.len)
		device_sign(d, i, word.data);
	reading_finish(&r);
	payload_finish(&p);
}

static void
take_state(struct device *d, size_t i, const struct incoming *t)
{
	const struct conf_path whole = { NULL, 0 };
	const struct conf_rule rule = { .name = d->name };
	struct payload p;
	struct reading value;
	const struct source source = {
		.rule = &rule,
		.filter = d->conf->states[i].filter,
		.topic = t->topic,
		.payload = &p,
		.value = &value,
		.content_type = t->content_type,
		.wall_ms = loop_wall_ms(d->q->loop),
	};
	AUTO_STR line = { 0 };

	payload_read(&p, t->payload, t->len, CONF_PAYLOAD_AUTO);
	payload_heed(&p, t->content_type, t->says_text);
	reading_init(&value);
	payload_get(&p, &whole, &value);
	str_init(&line, TEXT_BYTES);
	line_render(&line, &d->conf->states[i].say, &source);
	device_value(d, i, line.data);
	reading_finish(&value);
	payload_finish(&p);
}

static void
hear(const struct ear *e, const struct incoming *t)
{
	if (e->is_sign)
		take_sign(e->device, e->i, t);
	else
		take_state(e->device, e->i, t);
}

void
devices_take(struct mqtt *q, const struct incoming *t)
{
	struct route *r;
	struct ear *e;

	HASH_FIND_STR(q->devices->routes, t->topic, r);
	for (e = r ? r->ears : NULL; e; e = e->next)
		hear(e, t);
	for (e = q->devices->wild; e; e = e->next)
		if (topic_matches(e->device->conf->states[e->i].filter,
				  t->topic))
			hear(e, t);
}

/* ---- topics -------------------------------------------------------------- */

static const char *
ear_filter(const struct ear *e)
{
	const struct conf_device *c = e->device->conf;

	return e->is_sign ? c->signs[e->i].topic : c->states[e->i].filter;
}

static void
ear_add(struct devices *all, struct ear *e)
{
	const char *filter = ear_filter(e);
	struct route *r;

	if (strpbrk(filter, "+#")) {
		LL_APPEND(all->wild, e);
		return;
	}
	HASH_FIND_STR(all->routes, filter, r);
	if (!r) {
		r = xcalloc(1, sizeof(*r));
		r->topic = xstrdup(filter);
		HASH_ADD_KEYPTR(hh, all->routes, r->topic, strlen(r->topic), r);
	}
	LL_APPEND(r->ears, e);
}

static void
ear_remove(struct devices *all, struct ear *e)
{
	const char *filter = ear_filter(e);
	struct route *r;

	if (strpbrk(filter, "+#")) {
		LL_DELETE(all->wild, e);
		return;
	}
	HASH_FIND_STR(all->routes, filter, r);
	LL_DELETE(r->ears, e);
	if (r->ears)
		return;
	HASH_DEL(all->routes, r);
	free(r->topic);
	free(r);
}

static void
add_tap(struct device *d, const char *filter)
{
	d->taps = xrealloc(d->taps, (d->n_taps + 1) * sizeof(struct tap *));
	d->taps[d->n_taps++] = mqtt_tap(d->q, filter);
}

static void
subscribe(struct device *d)
{
	const struct conf_device *c = d->conf;

	for (size_t i = 0; i < c->n_signs + c->n_states; i++)
		if (ear_filter(&d->ears[i]))
			add_tap(d, ear_filter(&d->ears[i]));
	for (size_t i = 0; i < c->n_orders; i++) {
		AUTO_STR filter = { 0 };

		str_init(&filter, FILTER_BYTES);
		errand_filter(&filter, d->q, c->orders[i]);
		if (filter.len)
			add_tap(d, filter.data);
	}
}

static void
forget_taps(struct device *d)
{
	free(d->taps);
	d->taps = NULL;
	d->n_taps = 0;
}

/* ---- making and ending --------------------------------------------------- */

static void
put_on(struct device *d, const struct conf_device *conf, struct pool *pool)
{
	size_t n = 0;

	d->conf = conf;
	d->pool = pool;
	d->signs = xcalloc(conf->n_signs + 1, sizeof(*d->signs));
	d->values = xcalloc(conf->n_states + 1, sizeof(*d->values));
	d->changed = xcalloc(conf->n_states + 1, sizeof(*d->changed));
	d->ears = xcalloc(conf->n_signs + conf->n_states + 1, sizeof(*d->ears));
	for (size_t i = 0; i < conf->n_signs; i++)
		d->ears[n++] = (struct ear){ d, true, i, NULL };
	for (size_t i = 0; i < conf->n_states; i++)
		d->ears[n++] = (struct ear){ d, false, i, NULL };
	for (size_t i = 0; i < n; i++)
		if (ear_filter(&d->ears[i]))
			ear_add(d->q->devices, &d->ears[i]);
}

/* What put_on() made. */
static void
take_off(struct device *d)
{
	const struct conf_device *c = d->conf;

	for (size_t i = 0; i < c->n_signs + c->n_states; i++)
		if (ear_filter(&d->ears[i]))
			ear_remove(d->q->devices, &d->ears[i]);
	for (size_t i = 0; i < c->n_states; i++)
		free(d->values[i]);
	free(d->signs);
	free(d->values);
	free(d->changed);
	free(d->ears);
	pool_free(d->pool);
	d->pool = NULL;
}

static struct device *
device_new(struct mqtt *q, const struct conf_device *conf, struct pool *pool)
{
	struct device *d = xcalloc(1, sizeof(*d));

	d->q = q;
	d->name = xstrdup(conf->name);
	put_on(d, conf, pool);
	HASH_ADD_KEYPTR(hh, q->devices->all, d->name, strlen(d->name), d);
	return d;
}

static void
drop_watchers(struct watcher **list)
{
	struct watcher *w, *tmp;

	DL_FOREACH_SAFE(*list, w, tmp)
	free(w);
	*list = NULL;
}

/* Those of that device. */
static void
move_watchers(const char *name, struct watcher **from, struct watcher **to)
{
	struct watcher *w, *tmp;

	DL_FOREACH_SAFE(*from, w, tmp)
	{
		if (strcmp(w->contact->person, name) != 0)
			continue;
		DL_DELETE(*from, w);
		DL_APPEND(*to, w);
	}
}

static void
device_free(struct device *d)
{
	HASH_DEL(d->q->devices->all, d);
	timer_stop(&d->later);
	take_off(d);
	drop_watchers(&d->watchers);
	forget_taps(d);
	free(d->name);
	free(d->word);
	free(d->status);
	free(d);
}

/* Of the same topic, in the same words. */
static void
carry_over(struct device *d, const struct conf_device *from,
	   const enum sign *signs, char *const *values)
{
	for (size_t i = 0; i < d->conf->n_signs; i++)
		for (size_t k = 0; k < from->n_signs; k++)
			if (d->conf->signs[i].topic && from->signs[k].topic &&
			    !strcmp(d->conf->signs[i].topic,
				    from->signs[k].topic))
				d->signs[i] = signs[k];
	for (size_t i = 0; i < d->conf->n_states; i++)
		for (size_t k = 0; k < from->n_states; k++)
			if (values[k] && !d->values[i] &&
			    d->conf->states[i].filter &&
			    from->states[k].filter &&
			    !strcmp(d->conf->states[i].filter,
				    from->states[k].filter))
				d->values[i] = xstrdup(values[k]);
}

static void
drop_taps(struct device *d, struct tap **taps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mqtt_untap(d->q, taps[i]);
	free(taps);
}

static void
replace(struct device *d, const struct conf_device *conf, struct pool *pool)
{
	struct device old = *d;

	note(d);
	for (size_t i = 0; i < old.conf->n_signs + old.conf->n_states; i++)
		if (ear_filter(&d->ears[i]))
			ear_remove(d->q->devices, &d->ears[i]);
	put_on(d, conf, pool);
	carry_over(d, old.conf, old.signs, old.values);
	for (size_t i = 0; i < old.conf->n_states; i++)
		free(old.values[i]);
	free(old.signs);
	free(old.values);
	free(old.changed);
	free(old.ears);
	d->taps = NULL;
	d->n_taps = 0;
	if (old.taps)
		subscribe(d); /* what is in both is not given up */
	drop_taps(d, old.taps, old.n_taps);
	pool_free(old.pool);
	sum_up(d);
}

struct device *
device_put(struct mqtt *q, const struct conf_device *conf, struct pool *pool)
{
	struct device *d = device_named(q, conf->name);

	if (d && !d->pool) {
		pool_free(pool);
		return NULL;
	}
	if (d) {
		replace(d, conf, pool);
		return d;
	}
	d = device_new(q, conf, pool);
	recall(d);
	subscribe(d);
	move_watchers(d->name, &q->devices->waiting, &d->watchers);
	return d;
}

void
device_remove(struct device *d)
{
	const struct availability gone = { .known = true, .status = "removed" };
	struct watcher *w;

	DL_FOREACH(d->watchers, w)
	bridge_contact(w->contact, &gone);
	move_watchers(d->name, &d->watchers, &d->q->devices->waiting);
	forget(d);
	drop_taps(d, d->taps, d->n_taps);
	d->taps = NULL;
	device_free(d);
}

/* ---- who watches --------------------------------------------------------- */

struct device *
device_named(struct mqtt *q, const char *name)
{
	struct device *d;

	HASH_FIND_STR(q->devices->all, name, d);
	return d;
}

void
devices_watch(struct mqtt *q, struct contact *contact)
{
	struct device *d = device_named(q, contact->person);
	struct availability a = { 0 };
	struct watcher *w = xcalloc(1, sizeof(*w));

	w->contact = contact;
	if (d) {
		DL_APPEND(d->watchers, w);
		a = availability_of(d);
	} else {
		DL_APPEND(q->devices->waiting, w);
	}
	bridge_contact(contact, &a);
}

void
devices_unwatch(struct mqtt *q, const struct contact *contact)
{
	struct device *d = device_named(q, contact->person);
	struct watcher **list = d ? &d->watchers : &q->devices->waiting;
	struct watcher *w, *tmp;

	DL_FOREACH_SAFE(*list, w, tmp)
	{
		if (w->contact != contact)
			continue;
		DL_DELETE(*list, w);
		free(w);
	}
}

void
device_status(struct str *out, const struct device *d)
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
	str_add(out, "; ");
	add_values(out, d, TEXT_BYTES);
	if (ago > 0)
		str_printf(out, " (%lld minutes ago)", (long long)ago);
}

/* ---- all of them --------------------------------------------------------- */

void
devices_open(struct mqtt *q)
{
	struct devices *all = q->devices;
	bool first = !all->last.loaded;
	struct device *d, *tmp;

	remembered_load(q, &all->last);
	HASH_ITER(hh, all->all, d, tmp)
	{
		if (first)
			recall(d);
		subscribe(d);
	}
}

/* Nobody is watched, and nothing is known any more of who is there. */
void
devices_lost(struct mqtt *q)
{
	struct device *d, *tmp;

	if (timer_is_running(&q->devices->note))
		on_note(q);
	timer_stop(&q->devices->note);
	HASH_ITER(hh, q->devices->all, d, tmp)
	{
		timer_stop(&d->later);
		forget_taps(d); /* they end with the connection */
		d->known = false;
		d->online = false;
		for (size_t i = 0; i < d->conf->n_signs; i++)
			d->signs[i] = SIGN_NONE;
		drop_watchers(&d->watchers);
	}
	drop_watchers(&q->devices->waiting);
}

void
devices_make(struct mqtt *q)
{
	q->devices = xcalloc(1, sizeof(*q->devices));
	q->devices->last.scope = "devices";
	q->devices->last.max = q->conf->topics_max;
	for (size_t i = 0; i < q->conf->n_devices; i++)
		(void)device_new(q, &q->conf->devices[i], NULL);
}

void
devices_free(struct mqtt *q)
{
	struct device *d, *tmp;

	HASH_ITER(hh, q->devices->all, d, tmp)
	device_free(d);
	drop_watchers(&q->devices->waiting);
	timer_stop(&q->devices->note);
	remembered_free(&q->devices->last);
	free(q->devices);
	q->devices = NULL;
}
