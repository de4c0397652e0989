/* SPDX-License-Identifier: MIT */
/* desk_words.c - what people write to the bot. See desk.h. */

#include "protocols/matrix/desk.h"

#include "bridge/base.h"
#include "bridge/str.h"

#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\n"

/* One word, which ends at a blank; "..." holds blanks, \" and \\. */
static bool
take_word(const char **at, struct str *out)
{
	bool quoted = false;

	*at += strspn(*at, BLANKS);
	if (!**at)
		return false;
	for (; **at && (quoted || !strchr(BLANKS, **at)); ++*at) {
		if (**at == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && **at == '\\' &&
		    ((*at)[1] == '"' || (*at)[1] == '\\'))
			++*at;
		str_add_char(out, **at);
	}
	return true;
}

/* A key that comes again adds a line. */
static void
give(struct desk_words *w, const char *key, size_t n_key, const char *value)
{
	AUTO_STR both = { 0 };

	for (size_t i = 0; i < w->n; i++) {
		struct given *g = &w->given[i];

		if (strncmp(g->key, key, n_key) != 0 || g->key[n_key])
			continue;
		str_init(&both, DESK_LINE_MAX);
		str_printf(&both, "%s\n%s", g->value, value);
		free((char *)(uintptr_t)g->value);
		g->value = str_take(&both);
		return;
	}
	if (w->n == DESK_GIVEN_MAX)
		return;
	str_init(&both, DESK_LINE_MAX);
	str_add_n(&both, key, n_key);
	w->given[w->n].key = str_take(&both);
	w->given[w->n++].value = xstrdup(value);
}

/* "libera", "libera/#dev"; false if it is no place. */
static bool
take_place(struct desk_words *w, const char *word, desk_is_network *is_network,
	   void *arg)
{
	size_t len = strcspn(word, "/");
	AUTO_STR label = { 0 };

	str_init(&label, DESK_LINE_MAX);
	str_add_n(&label, word, len);
	if (!is_network(arg, label.data))
		return false;
	w->network = str_take(&label);
	w->name = word[len] && word[len + 1] ? xstrdup(word + len + 1) : NULL;
	return true;
}

void
desk_words_read(struct desk_words *w, const char *text,
		desk_is_network *is_network, void *arg)
{
	AUTO_STR word = { 0 };

	*w = (struct desk_words){ 0 };
	str_init(&word, DESK_LINE_MAX);
	while (take_word(&text, &word)) {
		const char *equals = strchr(word.data, '=');

		if (w->command && equals && equals != word.data)
			give(w, word.data, (size_t)(equals - word.data),
			     equals + 1);
		else if (w->command)
			w->stray = true;
		else if (w->network ||
			 !take_place(w, word.data, is_network, arg))
			w->command = xstrdup(word.data);
		str_clear(&word);
	}
}

void
desk_words_finish(struct desk_words *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free((char *)(uintptr_t)w->given[i].key);
		free((char *)(uintptr_t)w->given[i].value);
	}
	free(w->network);
	free(w->name);
	free(w->command);
	*w = (struct desk_words){ 0 };
}
