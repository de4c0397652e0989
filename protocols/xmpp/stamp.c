/* SPDX-License-Identifier: MIT */
/* stamp.c - points in time, read and written; see stamp.h. */

#include "protocols/xmpp/stamp.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Exactly n digits at *p, which is moved past them. */
static bool
read_digits(const char **p, unsigned n, int *value)
{
	*value = 0;
	for (; n; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*value = *value * 10 + (**p - '0');
	}
	return true;
}

static bool
read_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static bool
read_date(const char **p, struct tm *tm)
{
	bool ok = read_digits(p, 4, &tm->tm_year) && read_char(p, '-') &&
		  read_digits(p, 2, &tm->tm_mon) && read_char(p, '-') &&
		  read_digits(p, 2, &tm->tm_mday);

	tm->tm_year -= 1900;
	tm->tm_mon--;
	return ok && tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 &&
	       tm->tm_mday <= 31;
}

static bool
read_clock(const char **p, struct tm *tm)
{
	return read_digits(p, 2, &tm->tm_hour) && read_char(p, ':') &&
	       read_digits(p, 2, &tm->tm_min) && read_char(p, ':') &&
	       read_digits(p, 2, &tm->tm_sec) && tm->tm_hour < 24 &&
	       tm->tm_min < 60 && tm->tm_sec <= 60;
}

/* Milliseconds; further digits are skipped. */
static bool
read_fraction(const char **p, int *ms)
{
	int unit = 100;

	*ms = 0;
	if (!read_char(p, '.'))
		return true;
	if (**p < '0' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		*ms += (**p - '0') * unit;
	return true;
}

static bool
read_zone(const char **p, int *minutes)
{
	int sign = **p == '-' ? -1 : 1;
	int h, m;

	*minutes = 0;
	if (read_char(p, 'Z'))
		return true;
	if (**p != '+' && **p != '-')
		return false;
	(*p)++;
	if (!read_digits(p, 2, &h) || !read_char(p, ':') ||
	    !read_digits(p, 2, &m))
		return false;
	*minutes = sign * (60 * h + m);
	return true;
}

int64_t
stamp_read(const char *text)
{
	struct tm tm = { 0 };
	int ms = 0;
	int zone = 0;

	if (!read_date(&text, &tm) || !read_char(&text, 'T') ||
	    !read_clock(&text, &tm) || !read_fraction(&text, &ms) ||
	    !read_zone(&text, &zone) || *text)
		return -1;
	int64_t seconds = (int64_t)timegm(&tm) - (int64_t)zone * 60;
	return seconds < 0 ? -1 : seconds * 1000 + ms;
}

void
stamp_write(char out[STAMP_MAX], int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	size_t n;

	out[0] = '\0';
	if (wall_ms < 0 || !gmtime_r(&seconds, &tm) || tm.tm_year > 8099)
		return;
	n = strftime(out, STAMP_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out + n, STAMP_MAX - n, ".%03dZ", (int)(wall_ms % 1000));
}
