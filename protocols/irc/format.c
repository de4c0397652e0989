/* SPDX-License-Identifier: MIT */
/*
 * format.c - mIRC formatting codes, read and written.
 *
 * Writing first makes a clean copy of the text, each byte with the number of
 * its look, and then looks for the longest run that still fits when its codes
 * are counted. Colours go by two-digit codes, which every client knows; those
 * that no code comes near go as 0x04 and six hexadecimal digits.
 */

#include "protocols/irc/format.h"

#include <stdlib.h>
#include <string.h>

enum code {
	CODE_BOLD = 0x02,
	CODE_COLOR = 0x03,
	CODE_HEX_COLOR = 0x04,
	CODE_RESET = 0x0F,
	CODE_MONOSPACE = 0x11,
	CODE_REVERSE = 0x16,
	CODE_ITALIC = 0x1D,
	CODE_STRIKE = 0x1E,
	CODE_UNDERLINE = 0x1F,
};

static const struct {
	enum code code;
	unsigned style;
} toggles[] = {
	{ CODE_BOLD, SPAN_BOLD },           { CODE_ITALIC, SPAN_ITALIC },
	{ CODE_UNDERLINE, SPAN_UNDERLINE }, { CODE_STRIKE, SPAN_STRIKE },
	{ CODE_MONOSPACE, SPAN_CODE },      { CODE_REVERSE, SPAN_REVERSE },
};

#define COLOR_DEFAULT 99
#define COLOR_BLACK 0x000000

/* clang-format off */
/* modern.ircdocs "Colors": 0 to 15 as mIRC shows them, 16 to 98 as given. */
static const int32_t palette[] = {
	0xffffff, 0x000000, 0x00007f, 0x009300, 0xff0000, 0x7f0000,
	0x9c009c, 0xfc7f00, 0xffff00, 0x00fc00, 0x009393, 0x00ffff,
	0x0000fc, 0xff00ff, 0x7f7f7f, 0xd2d2d2,
	/* 16 */
	0x470000, 0x472100, 0x474700, 0x324700, 0x004700, 0x00472c,
	0x004747, 0x002747, 0x000047, 0x2e0047, 0x470047, 0x47002a,
	/* 28 */
	0x740000, 0x743a00, 0x747400, 0x517400, 0x007400, 0x007449,
	0x007474, 0x004074, 0x000074, 0x4b0074, 0x740074, 0x740045,
	/* 40 */
	0xb50000, 0xb56300, 0xb5b500, 0x7db500, 0x00b500, 0x00b571,
	0x00b5b5, 0x0063b5, 0x0000b5, 0x7500b5, 0xb500b5, 0xb5006b,
	/* 52 */
	0xff0000, 0xff8c00, 0xffff00, 0xb2ff00, 0x00ff00, 0x00ffa0,
	0x00ffff, 0x008cff, 0x0000ff, 0xa500ff, 0xff00ff, 0xff0098,
	/* 64 */
	0xff5959, 0xffb459, 0xffff71, 0xcfff60, 0x6fff6f, 0x65ffc9,
	0x6dffff, 0x59b4ff, 0x5959ff, 0xc459ff, 0xff66ff, 0xff59bc,
	/* 76 */
	0xff9c9c, 0xffd39c, 0xffff9c, 0xe2ff9c, 0x9cff9c, 0x9cffdb,
	0x9cffff, 0x9cd3ff, 0x9c9cff, 0xdc9cff, 0xff9cff, 0xff94d3,
	/* 88 */
	0x000000, 0x131313, 0x282828, 0x363636, 0x4d4d4d, 0x656565,
	0x818181, 0x9f9f9f, 0xbcbcbc, 0xe2e2e2, 0xffffff,
};
/* clang-format on */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- reading ----------------------------------------------------------- */

/* Up to two digits, moving *at; -1 if there are none. */
static int
read_number(const char *s, size_t n, size_t *at)
{
	int number = -1;

	for (int i = 0; i < 2 && *at < n && is_digit(s[*at]); i++)
		number = (number < 0 ? 0 : number * 10) + (s[(*at)++] - '0');
	return number;
}

static int32_t
color_of(unsigned code)
{
	return code < ARRAY_SIZE(palette) ? palette[code] : SPAN_NO_COLOR;
}

/* at is after the 0x03; returns where the text goes on. */
static size_t
read_color(struct style *style, const char *s, size_t n, size_t at)
{
	int fg = read_number(s, n, &at);

	if (fg < 0) {
		style->fg = style->bg = SPAN_NO_COLOR;
		return at;
	}
	style->fg = color_of((unsigned)fg);
	/* A comma without a digit after it is text. */
	if (at + 1 < n && s[at] == ',' && is_digit(s[at + 1])) {
		at++;
		style->bg = color_of((unsigned)read_number(s, n, &at));
	}
	return at;
}

static int
hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Six digits at s[at]; SPAN_NO_COLOR if they are not there. */
static int32_t
read_hex(const char *s, size_t n, size_t at)
{
	int32_t color = 0;

	if (n < 6 || at > n - 6)
		return SPAN_NO_COLOR;
	for (size_t i = 0; i < 6; i++) {
		int digit = hex_value(s[at + i]);

		if (digit < 0)
			return SPAN_NO_COLOR;
		color = color * 16 + digit;
	}
	return color;
}

static size_t
read_hex_color(struct style *style, const char *s, size_t n, size_t at)
{
	int32_t bg = SPAN_NO_COLOR;

	style->fg = read_hex(s, n, at);
	if (style->fg == SPAN_NO_COLOR) {
		style->bg = SPAN_NO_COLOR;
		return at;
	}
	at += 6;
	if (at < n && s[at] == ',')
		bg = read_hex(s, n, at + 1);
	if (bg != SPAN_NO_COLOR) {
		style->bg = bg;
		at += 7;
	}
	return at;
}

/* One code or control character at s[at]; returns where the text goes on. */
static size_t
read_code(struct style *style, const char *s, size_t n, size_t at)
{
	unsigned char c = (unsigned char)s[at++];

	if (c == CODE_COLOR)
		return read_color(style, s, n, at);
	if (c == CODE_HEX_COLOR)
		return read_hex_color(style, s, n, at);
	if (c == CODE_RESET)
		*style = STYLE_PLAIN;
	for (size_t i = 0; i < ARRAY_SIZE(toggles); i++) {
		if (c == toggles[i].code)
			style->styles ^= toggles[i].style;
	}
	return at;
}

static bool
is_text(char c)
{
	return (unsigned char)c >= ' ' ? c != 0x7f : c == '\t' || c == '\n';
}

/* Text in the colour of its background is there to be uncovered. */
static struct style
style_shown(struct style style)
{
	if (style.fg != SPAN_NO_COLOR && style.fg == style.bg) {
		style.styles |= SPAN_SPOILER;
		style.fg = style.bg = SPAN_NO_COLOR;
	}
	return style;
}

void
irc_format_read(struct text_builder *b, const char *s, size_t n)
{
	struct style style = STYLE_PLAIN;
	size_t at = 0;

	while (at < n) {
		size_t start = at;

		while (at < n && is_text(s[at]))
			at++;
		if (at > start)
			text_builder_add(b, s + start, at - start,
					 style_shown(style));
		if (at < n)
			at = read_code(&style, s, n, at);
	}
}

/* ---- looks ------------------------------------------------------------- */

/* A style as far as codes can show it. */
struct look {
	unsigned styles;
	int32_t fg, bg;
};

static const struct look plain = { 0, SPAN_NO_COLOR, SPAN_NO_COLOR };

static bool
look_equal(const struct look *a, const struct look *b)
{
	return a->styles == b->styles && a->fg == b->fg && a->bg == b->bg;
}

/* Squared; about what the eye still takes for the same hue. */
#define NEAR (40 * 40)

static long
distance(int32_t a, int32_t b)
{
	long red = (a >> 16 & 255) - (b >> 16 & 255);
	long green = (a >> 8 & 255) - (b >> 8 & 255);
	long blue = (a & 255) - (b & 255);

	return red * red + green * green + blue * blue;
}

static unsigned
nearest(int32_t color)
{
	unsigned best = 0;

	if (color == SPAN_NO_COLOR)
		return COLOR_DEFAULT;
	for (unsigned i = 1; i < ARRAY_SIZE(palette); i++) {
		if (distance(color, palette[i]) <
		    distance(color, palette[best]))
			best = i;
	}
	return best;
}

static bool
is_near(int32_t color, unsigned code)
{
	return code == COLOR_DEFAULT || distance(color, palette[code]) <= NEAR;
}

/*
 * Make the colours those of the nearest codes, if they are near and still two
 * different ones. Without a foreground the long form cannot be written.
 */
static void
snap_colors(struct look *look)
{
	unsigned fg = nearest(look->fg);
	unsigned bg = nearest(look->bg);

	if (look->fg != SPAN_NO_COLOR &&
	    (!is_near(look->fg, fg) || !is_near(look->bg, bg) ||
	     (fg == bg && look->fg != look->bg)))
		return;
	look->fg = color_of(fg);
	look->bg = color_of(bg);
}

static struct look
look_of_span(const struct span *span)
{
	struct look look = { 0, span->fg, span->bg };

	for (size_t i = 0; i < ARRAY_SIZE(toggles); i++)
		look.styles |= span->styles & toggles[i].style;
	if (span->styles & SPAN_CODE_BLOCK)
		look.styles |= SPAN_CODE;
	if (span->styles & SPAN_SPOILER)
		look.fg = look.bg = COLOR_BLACK;
	snap_colors(&look);
	return look;
}

static void
write_color(struct str *out, const struct look *from, const struct look *to)
{
	unsigned fg = nearest(to->fg);
	unsigned bg = nearest(to->bg);

	if (to->fg == SPAN_NO_COLOR && to->bg == SPAN_NO_COLOR) {
		str_add_char(out, CODE_COLOR);
		return;
	}
	if (to->fg != color_of(fg) || to->bg != color_of(bg)) {
		if (from->bg != SPAN_NO_COLOR && to->bg == SPAN_NO_COLOR)
			str_add_char(out, CODE_COLOR);
		str_printf(out, "%c%06x", CODE_HEX_COLOR, (unsigned)to->fg);
		if (to->bg != SPAN_NO_COLOR)
			str_printf(out, ",%06x", (unsigned)to->bg);
		return;
	}
	str_printf(out, "%c%02u", CODE_COLOR, fg);
	if (to->bg != SPAN_NO_COLOR || from->bg != SPAN_NO_COLOR)
		str_printf(out, ",%02u", bg);
}

/* From one look to another; next is the character that will follow. */
static void
write_look(struct str *out, const struct look *from, const struct look *to,
	   char next)
{
	unsigned changed = from->styles ^ to->styles;
	bool color = from->fg != to->fg || from->bg != to->bg;

	if (look_equal(from, to))
		return;
	if (look_equal(to, &plain)) {
		str_add_char(out, CODE_RESET);
		return;
	}
	if (color)
		write_color(out, from, to);
	for (size_t i = 0; i < ARRAY_SIZE(toggles); i++) {
		if (changed & toggles[i].style)
			str_add_char(out, (char)toggles[i].code);
	}
	/* What follows must not be read as part of the colour. */
	if (color && !changed && (is_digit(next) || next == ',')) {
		str_add_char(out, CODE_BOLD);
		str_add_char(out, CODE_BOLD);
	}
}

/* ---- writing ----------------------------------------------------------- */

static const char more[] = " [\xE2\x80\xA6]";

struct writer {
	const struct irc_cut *cut;
	struct look *looks; /* the plain one, and one for each span at most */
	size_t n_looks;
	struct str bytes;  /* the clean copy */
	uint16_t *look_of; /* of each of its bytes */
	struct str piece;
	bool codes, prefixed; /* how the piece is written */
	unsigned n_pieces;
};

static void
copy_byte(struct writer *w, char c, size_t look)
{
	w->look_of[w->bytes.len] = (uint16_t)look;
	str_add_char(&w->bytes, c);
}

/* Of the byte at i of text; *s is the span to begin looking from. */
static const struct span *
span_at(const struct text *text, size_t i, size_t *s)
{
	while (*s < text->n_spans &&
	       i - text->spans[*s].start >= text->spans[*s].len &&
	       i >= text->spans[*s].start)
		(*s)++;
	if (*s < text->n_spans && i >= text->spans[*s].start)
		return &text->spans[*s];
	return NULL;
}

/* Number of a look, from 0, the plain one. */
static size_t
add_look(struct writer *w, const struct span *span)
{
	struct look look = look_of_span(span);

	if (look_equal(&look, &plain))
		return 0;
	if (!look_equal(&look, &w->looks[w->n_looks - 1]))
		w->looks[w->n_looks++] = look;
	return w->n_looks - 1;
}

static void
copy_clean(struct writer *w, const struct text *text)
{
	const struct span *span = NULL;
	size_t s = 0, look = 0;

	for (size_t i = 0; i < text->len; i++) {
		const struct span *here = span_at(text, i, &s);

		if (here != span) {
			span = here;
			look = span ? add_look(w, span) : 0;
		}
		if (span && (span->styles & SPAN_QUOTE) &&
		    text->utf8[i] != '\n' &&
		    (i == 0 || text->utf8[i - 1] == '\n')) {
			copy_byte(w, '>', 0);
			copy_byte(w, ' ', 0);
		}
		if (is_text(text->utf8[i]))
			copy_byte(w, text->utf8[i], look);
	}
}

/* Control characters that are not codes must not come in by a prefix. */
static void
write_prefix(struct writer *w)
{
	const char *c = w->n_pieces ? w->cut->prefix : w->cut->first_prefix;

	for (; w->prefixed && *c; c++) {
		if ((unsigned char)*c >= ' ' ||
		    strchr("\x02\x03\x04\x0F\x11\x16\x1D\x1E\x1F", *c))
			str_add_char(&w->piece, *c);
	}
}

static void
encode(struct writer *w, size_t at, size_t len)
{
	const struct look *look = &plain;

	str_clear(&w->piece);
	write_prefix(w);
	if (!w->codes || w->n_looks == 1) {
		str_add_n(&w->piece, w->bytes.data + at, len);
		return;
	}
	for (size_t i = at; i < at + len; i++) {
		const struct look *here = &w->looks[w->look_of[i]];

		write_look(&w->piece, look, here, w->bytes.data[i]);
		look = here;
		str_add_char(&w->piece, w->bytes.data[i]);
	}
	write_look(&w->piece, look, &plain, '\0');
}

/* The bytes from at that fit in room, now in piece; 0 if none do. */
static size_t
fit(struct writer *w, size_t at, size_t end, size_t room)
{
	size_t budget = room;

	while (budget > 0) {
		size_t n = utf8_cut_word(w->bytes.data + at, end - at, budget);
		size_t over;

		encode(w, at, n);
		if (w->piece.len <= room)
			return n;
		over = w->piece.len - room;
		if (n > budget || n <= over)
			return 0;
		budget = n - over;
	}
	return 0;
}

/* As fit(), giving up codes and then the prefix where nothing else helps. */
static size_t
fit_somehow(struct writer *w, size_t at, size_t end, size_t room)
{
	size_t n;

	w->codes = w->cut->codes;
	w->prefixed = true;
	n = fit(w, at, end, room);
	if (!n && w->codes) {
		w->codes = false;
		n = fit(w, at, end, room);
	}
	if (!n) {
		w->prefixed = false;
		n = fit(w, at, end, room);
	}
	return n;
}

/* The last piece, if something is left after it: say that there is more. */
static size_t
fit_last(struct writer *w, size_t at, size_t end)
{
	size_t room = w->cut->room;
	size_t n = fit_somehow(w, at, end, room);
	size_t rest = at + n, shown;

	while (rest < w->bytes.len && w->bytes.data[rest] == '\n')
		rest++;
	if (!n || rest == w->bytes.len || room <= strlen(more))
		return n;

	shown = fit_somehow(w, at, end, room - strlen(more));
	if (!shown)
		return fit_somehow(w, at, end, room);
	n = shown;
	while (shown > 1 && w->bytes.data[at + shown - 1] == ' ')
		shown--;
	encode(w, at, shown);
	str_add(&w->piece, more);
	return n;
}

static void
writer_init(struct writer *w, const struct text *text,
	    const struct irc_cut *cut)
{
	size_t most = text->len;

	for (size_t i = 0; i < text->len; i++)
		most += text->utf8[i] == '\n' ? 2 : 0;
	most += 2;
	w->cut = cut;
	w->looks = xcalloc(text->n_spans + 1, sizeof(*w->looks));
	w->looks[0] = plain;
	w->n_looks = 1;
	w->look_of = xcalloc(most, sizeof(*w->look_of));
	str_init(&w->bytes, most);
	str_init(&w->piece, SIZE_MAX / 4);
	copy_clean(w, text);
}

static void
writer_free(struct writer *w)
{
	free(w->looks);
	free(w->look_of);
	str_finish(&w->bytes);
	str_finish(&w->piece);
	free(w);
}

size_t
irc_format_write(const struct text *text, const struct irc_cut *cut,
		 void (*fn)(void *arg, const char *piece, size_t len),
		 void *arg)
{
	struct writer *w = xcalloc(1, sizeof(*w));
	size_t at = 0, left;

	writer_init(w, text, cut);
	while (at < w->bytes.len) {
		const char *lf =
			memchr(w->bytes.data + at, '\n', w->bytes.len - at);
		size_t end = lf ? (size_t)(lf - w->bytes.data) : w->bytes.len;
		size_t n;

		if (at == end) {
			at++;
			continue;
		}
		if (cut->lines_max && w->n_pieces == cut->lines_max)
			break;
		if (cut->lines_max && w->n_pieces + 1 == cut->lines_max)
			n = fit_last(w, at, end);
		else
			n = fit_somehow(w, at, end, cut->room);
		if (!n)
			break;
		fn(arg, w->piece.data, w->piece.len);
		w->n_pieces++;
		at += n;
	}
	left = w->bytes.len - at;
	writer_free(w);
	return left;
}
