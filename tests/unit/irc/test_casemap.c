/* SPDX-License-Identifier: MIT */
/* test_casemap.c - folding, ISUPPORT, ranks and modes. */

#include "tests/support/test.h"

#include "bridge/str.h"
#include "protocols/irc/casemap.h"

#include <stdio.h>
#include <string.h>

static void
names_fold_as_the_server_says(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		enum irc_casemapping map;
		const char *name, *folded;
	} cases[] = {
		{ IRC_CASE_ASCII, "#Foo[]\\~^{}|Z", "#foo[]\\~^{}|z" },
		{ IRC_CASE_RFC1459, "#Foo[]\\~^{}|Z", "#foo{}|^^{}|z" },
		{ IRC_CASE_RFC1459_STRICT, "#Foo[]\\~^{}|Z", "#foo{}|~^{}|z" },
		{ IRC_CASE_RFC1459, "\xc3\x84@Z`", "\xc3\x84@z`" },
	};
	/* clang-format on */
	char out[64];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		irc_fold(cases[i].map, cases[i].name, out, sizeof(out));
		assert_string_equal(out, cases[i].folded);
		assert_int_equal(irc_compare(cases[i].map, cases[i].name, out),
				 0);
	}
	irc_fold(IRC_CASE_ASCII, "ABCDEF", out, 4);
	assert_string_equal(out, "abc");
}

static void
comparing_orders_names(void **state UNUSED)
{
	assert_true(irc_compare(IRC_CASE_RFC1459, "a", "B") < 0);
	assert_true(irc_compare(IRC_CASE_RFC1459, "B", "a") > 0);
	assert_true(irc_compare(IRC_CASE_RFC1459, "a", "ab") < 0);
	assert_true(irc_compare(IRC_CASE_RFC1459, "\xff", "a") > 0);
	assert_int_equal(irc_compare(IRC_CASE_RFC1459, "x[~", "X{^"), 0);
	assert_int_not_equal(irc_compare(IRC_CASE_ASCII, "x[", "x{"), 0);
}

static struct irc_isupport
told(const char *tokens)
{
	struct irc_isupport is;

	irc_isupport_init(&is);
	while (*tokens) {
		char token[600];
		size_t n = strcspn(tokens, " ");

		memcpy(token, tokens, n);
		token[n] = '\0';
		irc_isupport_token(&is, token);
		tokens += n + (tokens[n] != '\0');
	}
	return is;
}

/* Everything is as if nothing had been told. */
static void
assert_untold(const struct irc_isupport *is)
{
	struct irc_isupport initial = told("");

	assert_int_equal(is->casemapping, initial.casemapping);
	assert_string_equal(is->chantypes, initial.chantypes);
	assert_string_equal(is->prefix_modes, initial.prefix_modes);
	assert_string_equal(is->prefix_chars, initial.prefix_chars);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(is->chanmodes[i], initial.chanmodes[i]);
	assert_string_equal(is->network, initial.network);
	assert_int_equal(is->nicklen, initial.nicklen);
	assert_int_equal(is->modes, initial.modes);
	assert_int_equal(is->targmax_join, 0);
	assert_int_equal(is->targmax_privmsg, 0);
	assert_int_equal(is->bot, 0);
	assert_false(is->whox);
	assert_int_equal(is->monitor, 0);
	assert_false(is->utf8only);
}

static void
before_anything_is_told_the_rfc_holds(void **state UNUSED)
{
	struct irc_isupport is = told("");

	assert_int_equal(is.casemapping, IRC_CASE_RFC1459);
	assert_string_equal(is.chantypes, "#&");
	assert_string_equal(is.prefix_modes, "ov");
	assert_string_equal(is.prefix_chars, "@+");
	assert_int_equal(is.nicklen, 9);
	assert_int_equal(is.modes, 3);
	assert_int_equal(is.monitor, 0);
	assert_false(is.whox);
}

static void
a_server_describes_itself(void **state UNUSED)
{
	struct irc_isupport is =
		told("CASEMAPPING=ascii CHANTYPES=# PREFIX=(qaohv)~&@%+ "
		     "CHANMODES=IXbeg,k,Hfjl,ACKMO NETWORK=Ex\\x20ample "
		     "NICKLEN=30 CHANNELLEN=64 TOPICLEN=307 KICKLEN=255 "
		     "AWAYLEN=201 USERLEN=11 MODES=20 STATUSMSG=~&@%+ BOT=B "
		     "TARGMAX=JOIN:2,PRIVMSG:4,NOTICE: WHOX MONITOR=100 "
		     "CHATHISTORY=50 UTF8ONLY CLIENTTAGDENY=*,-typing X=y");

	assert_int_equal(is.casemapping, IRC_CASE_ASCII);
	assert_string_equal(is.chantypes, "#");
	assert_string_equal(is.prefix_modes, "qaohv");
	assert_string_equal(is.prefix_chars, "~&@%+");
	assert_string_equal(is.chanmodes[0], "IXbeg");
	assert_string_equal(is.chanmodes[1], "k");
	assert_string_equal(is.chanmodes[2], "Hfjl");
	assert_string_equal(is.chanmodes[3], "ACKMO");
	assert_string_equal(is.network, "Ex ample");
	assert_int_equal(is.nicklen, 30);
	assert_int_equal(is.channellen, 64);
	assert_int_equal(is.topiclen, 307);
	assert_int_equal(is.kicklen, 255);
	assert_int_equal(is.awaylen, 201);
	assert_int_equal(is.userlen, 11);
	assert_int_equal(is.modes, 20);
	assert_string_equal(is.statusmsg, "~&@%+");
	assert_int_equal(is.bot, 'B');
	assert_int_equal(is.targmax_join, 2);
	assert_int_equal(is.targmax_privmsg, 4);
	assert_true(is.whox);
	assert_int_equal(is.monitor, 100);
	assert_int_equal(is.chathistory, 50);
	assert_true(is.utf8only);
	assert_true(irc_tag_allowed(&is, "typing"));
	assert_false(irc_tag_allowed(&is, "react"));
}

static void
what_is_taken_back_is_as_before(void **state UNUSED)
{
	struct irc_isupport is =
		told("MONITOR=5 -MONITOR WHOX -WHOX NICKLEN=30 -NICKLEN "
		     "PREFIX=(o)@ -PREFIX CASEMAPPING=ascii -CASEMAPPING "
		     "UTF8ONLY -UTF8ONLY BOT=B -BOT");

	assert_untold(&is);
}

static void
a_lying_server_is_clamped(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *tokens;
		unsigned nicklen, modes;
	} cases[] = {
		{ "NICKLEN=0 MODES=0", 5, 1 },
		{ "NICKLEN=4294967297 MODES=99999999999999999999", 63, 20 },
		{ "NICKLEN=-5 MODES=x", 9, 3 },
		{ "NICKLEN= MODES=", 63, 20 },
		{ "NICKLEN MODES", 63, 20 },
		{ "NICKLEN=16x MODES=4,", 16, 4 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct irc_isupport is = told(cases[i].tokens);

		assert_int_equal(is.nicklen, cases[i].nicklen);
		assert_int_equal(is.modes, cases[i].modes);
	}
}

static void
nonsense_changes_nothing(void **state UNUSED)
{
	struct irc_isupport is =
		told("PREFIX=(ov)@ PREFIX=ov@+ PREFIX=(o@)+v PREFIX=(o)a "
		     "PREFIX=(abcdefghijklmnopqr)!@#$%^&*()_+-=[]{} "
		     "= - -= BOT=! BOT=5 TARGMAX=: NETWORK=\xff PREFIX=(");

	assert_untold(&is);
}

static void
letters_cannot_be_channel_types(void **state UNUSED)
{
	struct irc_isupport is = told("CHANTYPES=#abc\\x20:,1!");

	assert_string_equal(is.chantypes, "#!");
	is = told("CHANTYPES=");
	assert_false(irc_is_channel(&is, "#x"));
	assert_false(irc_is_channel(&is, ""));
}

static void
an_endless_token_is_ignored(void **state UNUSED)
{
	struct irc_isupport is;
	char token[2000] = "CLIENTTAGDENY=";

	irc_isupport_init(&is);
	memset(token + 14, 'x', 1900);
	irc_isupport_token(&is, token);
	assert_string_equal(is.clienttagdeny, "");
	token[300] = ',';
	token[100] = ',';
	token[400] = '\0';
	irc_isupport_token(&is, token);
	assert_int_equal(strlen(is.clienttagdeny), 100 - 14);
}

static void
client_tags_are_denied_by_name(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *deny, *tag;
		bool allowed;
	} cases[] = {
		{ "", "typing", true },
		{ "typing", "typing", false },
		{ "typing", "typ", true },
		{ "typ", "typing", true },
		{ "a,typing,b", "typing", false },
		{ "*", "typing", false },
		{ "*,-typing", "typing", true },
		{ "*,-typing", "reply", false },
		{ "*,-typing2", "typing", false },
		{ "-typing", "typing", true },
		{ "*x", "typing", true },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct irc_isupport is;

		irc_isupport_init(&is);
		snprintf(is.clienttagdeny, sizeof(is.clienttagdeny), "%s",
			 cases[i].deny);
		assert_int_equal(irc_tag_allowed(&is, cases[i].tag),
				 cases[i].allowed);
	}
}

static void
nicks_and_channels_are_told_apart(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *name;
		bool nick, channel;
	} cases[] = {
		{ "alice", true, false },	{ "Alice[x]`^{}|\\-_1", true, false },
		{ "\xc3\x9cnal", true, false }, { "1up", true, false },
		{ "", false, false },		{ "a b", false, false },
		{ "a,b", false, false },	{ "a*", false, false },
		{ "a?", false, false },		{ "a!b", false, false },
		{ "a@b", false, false },	{ "$a", false, false },
		{ ":a", false, false },		{ "@a", false, false },
		{ "+a", false, false },		{ "a.b", false, false },
		{ "a\x02", false, false },	{ "a\n", false, false },
		{ "a\x7f", false, false },
		{ "#a", false, true },		{ "&a", false, true },
		{ "#", false, true },		{ "#a:b", false, true },
		{ "#a b", false, false },	{ "#a,b", false, false },
		{ "#a\x07", false, false },	{ "#a\r\n", false, false },
	};
	/* clang-format on */
	struct irc_isupport is = told("");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(irc_is_nick(&is, cases[i].name),
				 cases[i].nick);
		assert_int_equal(irc_is_channel_name(&is, cases[i].name),
				 cases[i].channel);
	}
}

static void
ranks_follow_the_prefixes(void **state UNUSED)
{
	struct irc_isupport is = told("PREFIX=(Yqaohv)!~&@%+");

	assert_int_equal(irc_rank_of_char(&is, '!'), RANK_OWNER);
	assert_int_equal(irc_rank_of_char(&is, '~'), RANK_OWNER);
	assert_int_equal(irc_rank_of_char(&is, '&'), RANK_ADMIN);
	assert_int_equal(irc_rank_of_char(&is, '@'), RANK_OP);
	assert_int_equal(irc_rank_of_char(&is, '%'), RANK_HALFOP);
	assert_int_equal(irc_rank_of_char(&is, '+'), RANK_VOICE);
	assert_int_equal(irc_rank_of_char(&is, 'v'), RANK_NONE);
	assert_int_equal(irc_rank_of_char(&is, '\0'), RANK_NONE);
	assert_int_equal(irc_rank_of_mode(&is, 'o'), RANK_OP);
	assert_int_equal(irc_rank_of_mode(&is, '\0'), RANK_NONE);

	/* Elsewhere q is a list of the silenced. */
	is = told("PREFIX=(ov)@+");
	assert_int_equal(irc_rank_of_mode(&is, 'q'), RANK_NONE);
	is = told("PREFIX=");
	assert_int_equal(irc_rank_of_char(&is, '@'), RANK_NONE);
}

static void
write_mode(void *arg, const struct irc_mode *mode)
{
	str_printf(arg, "%c%c%s%s;", mode->set ? '+' : '-', mode->mode,
		   mode->arg ? "=" : "", mode->arg ? mode->arg : "");
}

static void
modes_take_the_parameters_that_are_theirs(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *modes;
		const char *args[4];
		const char *read;
	} cases[] = {
		{ "+o", { "ann" }, "+o=ann;" },
		{ "+nt-o+v", { "ann", "bob" }, "+n;+t;-o=ann;+v=bob;" },
		{ "+l-l+l", { "5", "7" }, "+l=5;-l;+l=7;" },
		{ "+k-k", { "key", "*" }, "+k=key;-k=*;" },
		{ "+b-b", { "*!*@a", "*!*@b" }, "+b=*!*@a;-b=*!*@b;" },
		{ "nt", { NULL }, "+n;+t;" },
		{ "+oo", { "ann" }, "+o=ann;" },
		{ "+no+n", { NULL }, "+n;" },
		{ "+n", { "ann", "bob" }, "+n;" },
		{ "+lno", { "ann", "bob" }, "+l=ann;+n;+o=bob;" },
		{ "+Zo", { "ann" }, "+Z;+o=ann;" },
		{ "", { "ann" }, "" },
		{ "+-+-", { "ann" }, "" },
		{ "--o", { "ann" }, "-o=ann;" },
	};
	/* clang-format on */
	struct irc_isupport is = told("PREFIX=(ov)@+ CHANMODES=beI,k,l,imnpst");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t n = 0;
		AUTO_STR read;

		str_init(&read, 1000);
		while (n < 4 && cases[i].args[n])
			n++;
		irc_modes_read(&is, cases[i].modes, cases[i].args, n,
			       write_mode, &read);
		assert_string_equal(read.data, cases[i].read);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_fold_as_the_server_says),
		cmocka_unit_test(comparing_orders_names),
		cmocka_unit_test(before_anything_is_told_the_rfc_holds),
		cmocka_unit_test(a_server_describes_itself),
		cmocka_unit_test(what_is_taken_back_is_as_before),
		cmocka_unit_test(a_lying_server_is_clamped),
		cmocka_unit_test(nonsense_changes_nothing),
		cmocka_unit_test(letters_cannot_be_channel_types),
		cmocka_unit_test(an_endless_token_is_ignored),
		cmocka_unit_test(client_tags_are_denied_by_name),
		cmocka_unit_test(nicks_and_channels_are_told_apart),
		cmocka_unit_test(ranks_follow_the_prefixes),
		cmocka_unit_test(modes_take_the_parameters_that_are_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
