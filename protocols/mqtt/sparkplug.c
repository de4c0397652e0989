/* SPDX-License-Identifier: MIT */
/* sparkplug.c - payloads of Sparkplug B; see sparkplug.h. */

#include "protocols/mqtt/sparkplug.h"

#include "bridge/base.h"
#include "bridge/str.h"
#include "bridge/text.h"
#include "protocols/mqtt/line.h"
#include "protocols/mqtt/payload.h"

#include <string.h>

/* How a value is written (protocol buffers, "wire types"). */
enum wire_type {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_BYTES = 2,
	WIRE_FIXED32 = 5,
};

/* Of metrics; section 6.4.16. Those up to here are signed integers. */
enum { TYPE_INT64 = 4 };

struct wire {
	const uint8_t *at, *end;
};

/* One field of a message. */
struct field {
	uint64_t number;
	enum wire_type type;
	uint64_t integer; /* also the bits of a fixed one */
	const uint8_t *bytes;
	size_t len;
};

static bool
read_varint(struct wire *w, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 64 && w->at < w->end; shift += 7) {
		uint8_t byte = *w->at++;

		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/* Least significant byte first. */
static bool
read_fixed(struct wire *w, size_t n, uint64_t *value)
{
	if ((size_t)(w->end - w->at) < n)
		return false;
	*value = 0;
	for (size_t i = 0; i < n; i++)
		*value |= (uint64_t)w->at[i] << (8 * i);
	w->at += n;
	return true;
}

static bool
read_bytes(struct wire *w, struct field *f)
{
	uint64_t len;

	if (!read_varint(w, &len) || len > (size_t)(w->end - w->at))
		return false;
	f->bytes = w->at;
	f->len = (size_t)len;
	w->at += len;
	return true;
}

static bool
read_field(struct wire *w, struct field *f)
{
	uint64_t tag;

	*f = (struct field){ 0 };
	if (!read_varint(w, &tag))
		return false;
	f->number = tag >> 3;
	f->type = tag & 7;
	switch (f->type) {
	case WIRE_VARINT:
		return read_varint(w, &f->integer);
	case WIRE_FIXED64:
		return read_fixed(w, 8, &f->integer);
	case WIRE_FIXED32:
		return read_fixed(w, 4, &f->integer);
	case WIRE_BYTES:
		return read_bytes(w, f);
	}
	return false; /* groups are not used any more */
}

/* ---- metrics ------------------------------------------------------------- */

static double
real_of(const struct field *f)
{
	uint32_t bits = (uint32_t)f->integer;
	float single;
	double real;

	if (f->type == WIRE_FIXED64) {
		memcpy(&real, &f->integer, sizeof(real));
		return real;
	}
	memcpy(&single, &bits, sizeof(single));
	return (double)single;
}

static void
take_bytes(struct spark_metric *m, const struct field *f)
{
	const char *text = (const char *)f->bytes;

	switch (f->number) {
	case 1:
		m->name = text;
		m->name_len = f->len;
		break;
	case 15:
	case 16:
		m->kind = f->number == 15 ? SPARK_TEXT : SPARK_BYTES;
		m->text = text;
		m->len = f->len;
		break;
	case 17: /* a data set */
	case 18: /* a template */
		m->kind = SPARK_BYTES;
		m->len = f->len;
		break;
	default:
		break;
	}
}

/* What is set by a number, but for the datatype, which comes last. */
static void
take_number(struct spark_metric *m, const struct field *f)
{
	switch (f->number) {
	case 2:
		m->has_alias = true;
		m->alias = f->integer;
		break;
	case 3:
		m->timestamp_ms = f->integer;
		break;
	case 5:
		m->historical = f->integer != 0;
		break;
	case 10:
	case 11:
		m->kind = SPARK_UNSIGNED;
		m->integer = f->integer;
		break;
	case 14:
		m->kind = SPARK_BOOLEAN;
		m->integer = f->integer != 0;
		break;
	default:
		break;
	}
}

/* Small ones are written in 32 bits, with their sign. */
static void
set_sign(struct spark_metric *m, uint64_t datatype, bool is_long)
{
	if (m->kind != SPARK_UNSIGNED || !datatype || datatype > TYPE_INT64)
		return;
	m->kind = SPARK_SIGNED;
	if (!is_long)
		m->integer = (uint64_t)(int64_t)(int32_t)(uint32_t)m->integer;
}

static bool
read_metric(const struct field *outer, struct spark_metric *m)
{
	struct wire w = { outer->bytes, outer->bytes + outer->len };
	struct field f;
	uint64_t datatype = 0;
	bool is_null = false, is_long = false;

	*m = (struct spark_metric){ 0 };
	while (w.at < w.end) {
		if (!read_field(&w, &f))
			return false;
		if (f.type == WIRE_BYTES) {
			take_bytes(m, &f);
		} else if (f.number == 12 || f.number == 13) {
			m->kind = SPARK_REAL;
			m->real = real_of(&f);
		} else if (f.number == 4) {
			datatype = f.integer;
		} else if (f.number == 7) {
			is_null = f.integer != 0;
		} else {
			is_long = is_long || f.number == 11;
			take_number(m, &f);
		}
	}
	set_sign(m, datatype, is_long);
	if (is_null)
		m->kind = SPARK_NOTHING;
	return m->name_len <= SPARK_NAME_MAX &&
	       (!m->name || utf8_valid(m->name, m->name_len)) &&
	       (m->kind != SPARK_TEXT || utf8_valid(m->text, m->len));
}

/* ---- payloads ------------------------------------------------------------ */

static bool
read_all(const void *bytes, size_t len, struct spark_head *head, spark_fn *fn,
	 void *arg)
{
	struct wire w = { bytes, (const uint8_t *)bytes + len };
	struct spark_metric m;
	struct field f;

	*head = (struct spark_head){ 0 };
	while (w.at < w.end) {
		if (!read_field(&w, &f))
			return false;
		if (f.number == 1 && f.type == WIRE_VARINT) {
			head->timestamp_ms = f.integer;
		} else if (f.number == 3 && f.type == WIRE_VARINT) {
			head->has_seq = true;
			head->seq = f.integer;
		} else if (f.number == 2 && f.type == WIRE_BYTES) {
			if (++head->n_metrics > SPARK_METRICS_MAX ||
			    !read_metric(&f, &m))
				return false;
			if (fn)
				fn(arg, &m);
		}
	}
	return true;
}

bool
spark_read(const void *bytes, size_t len, struct spark_head *head, spark_fn *fn,
	   void *arg)
{
	/* All of it first: nothing is taken of what is broken. */
	if (!len)
		return false;
	if (!read_all(bytes, len, head, NULL, NULL))
		return false;
	return !fn || read_all(bytes, len, head, fn, arg);
}

void
spark_show(struct str *out, const struct spark_metric *m)
{
	switch (m->kind) {
	case SPARK_NOTHING:
		str_add_char(out, '-');
		break;
	case SPARK_SIGNED:
		str_printf(out, "%lld", (long long)(int64_t)m->integer);
		break;
	case SPARK_UNSIGNED:
		str_printf(out, "%llu", (unsigned long long)m->integer);
		break;
	case SPARK_REAL:
		str_printf(out, "%.6g", m->real);
		break;
	case SPARK_BOOLEAN:
		str_add(out, m->integer ? "true" : "false");
		break;
	case SPARK_TEXT:
		line_add_data(out, m->text, m->len, READING_MAX);
		break;
	case SPARK_BYTES:
		str_printf(out, "[binary, %zu bytes]", m->len);
		break;
	}
}

static void
add_varint(struct str *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		str_add_char(out, (char)(0x80 | (value & 0x7f)));
	str_add_char(out, (char)value);
}

void
spark_rebirth(struct str *out, uint64_t timestamp_ms)
{
	/* name, datatype 11 (boolean), and that value: true */
	static const char name[] = "Node Control/Rebirth";
	const size_t len = sizeof(name) - 1;

	add_varint(out, 1 << 3 | WIRE_VARINT);
	add_varint(out, timestamp_ms);
	add_varint(out, 2 << 3 | WIRE_BYTES);
	add_varint(out, 2 + len + 2 + 2);
	add_varint(out, 1 << 3 | WIRE_BYTES);
	add_varint(out, len);
	str_add_n(out, name, len);
	add_varint(out, 4 << 3 | WIRE_VARINT);
	add_varint(out, 11);
	add_varint(out, 14 << 3 | WIRE_VARINT);
	add_varint(out, 1);
}
