/* SPDX-License-Identifier: MIT */
/* test_xmpp_legacy.c - registration and addresses, to the letter. */

#include "tests/conformance/hosted_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANN "ann@test/a"
#define REGISTER(inside) "<query xmlns='jabber:iq:register'>" inside "</query>"
#define PROMPT(inside) "<query xmlns='jabber:iq:gateway'>" inside "</query>"
#define RESULT(from, inside)                                            \
	"<iq from='" from "' id='q' to='" ANN "' type='result'>" inside \
	"</iq>\n"
#define WORDS                                                             \
	"<instructions>Your nick, and, if you have one, your account on " \
	"this network and its password. All of it may be empty."          \
	"</instructions>"

static void
asked(struct fixture *f, const char *to, const char *type, const char *query)
{
	xmppd_forget(f->server);
	ask(f, ANN, to, type, query);
}

static void
registering_fills_in_what_configure_asks_for(void **state)
{
	static const char *const none[] = {
		"nick", "-",        "account", "-", "sasl_password",
		"-",    "realname", "Ann",     NULL
	};
	static const char *const some[] = { "nick", "annie", "sasl_password",
					    "hush", NULL };
	struct fixture *f = *state;

	recorder.settings = none;
	asked(f, "libera@gw.test", "get", REGISTER(""));
	expect_seen(f, ANN,
		    RESULT("libera@gw.test",
			   REGISTER(WORDS "<nick></nick><username></username>"
					  "<password></password>")));
	recorder.settings = some;
	asked(f, "libera@gw.test", "get", REGISTER(""));
	expect_seen(f, ANN,
		    RESULT("libera@gw.test",
			   REGISTER(WORDS "<nick>annie</nick><password>"
					  "</password><registered>"
					  "</registered>")));
	asked(f, "libera@gw.test", "set",
	      REGISTER("<nick>ann</nick><password>pw</password>"));
	expect_seen(f, ANN, RESULT("libera@gw.test", ""));
	assert_non_null(recorder_find("set nick of ann@test at libera: ann"));
	assert_non_null(recorder_find("set sasl_password of ann@test at libera:"
				      " pw"));
	assert_null(recorder_find("set account"));
	asked(f, "libera@gw.test", "set", REGISTER("<remove/>"));
	expect_seen(f, ANN, RESULT("libera@gw.test", ""));
	assert_int_equal(recorder_count(": nothing"), 3);
}

static void
what_cannot_be_registered_changes_nothing(void **state)
{
	struct fixture *f = *state;
	char *longest = xcalloc(1, 4096);

	asked(f, "libera@gw.test", "set",
	      REGISTER("<nick>ann</nick><username>bad</username>"));
	assert_non_null(strstr(seen_by(f, ANN), "<not-acceptable "));
	assert_non_null(strstr(seen_by(f, ANN), "that is bad"));
	memset(longest, 'x', 4000);
	xmppd_forget(f->server);
	xmppd_say(f->server,
		  "<iq type='set' from='" ANN "' to='libera@gw.test' id='q'>"
		  "<query xmlns='jabber:iq:register'><nick>%s</nick></query>"
		  "</iq>",
		  longest);
	barrier(f);
	free(longest);
	assert_non_null(strstr(seen_by(f, ANN), "that is too long"));
	asked(f, "gw.test", "get", REGISTER(""));
	assert_non_null(strstr(seen_by(f, ANN), "<feature-not-implemented "));
	xmppd_forget(f->server);
	ask(f, "eve@elsewhere/e", "libera@gw.test", "get", REGISTER(""));
	assert_non_null(strstr(seen_by(f, "eve@elsewhere/e"), "<forbidden "));
	assert_null(recorder_find("set "));
}

static void
a_name_is_told_as_an_address(void **state)
{
	static const struct {
		const char *to, *prompt, *jid; /* NULL: nobody's */
	} cases[] = {
		{ "libera@gw.test", "zoe", "zoe%libera@gw.test" },
		{ "libera@gw.test", "#dev", "#dev%libera@gw.test" },
		{ "libera@gw.test", "a b", "a\\20b%libera@gw.test" },
		{ "libera@gw.test", "zoe%libera", "zoe%libera@gw.test" },
		{ "gw.test", "zoe%libera", "zoe%libera@gw.test" },
		{ "gw.test", "zoe", NULL },
		{ "gw.test", "zoe%nowhere", NULL },
		{ "libera@gw.test", "", NULL },
	};
	struct fixture *f = *state;

	asked(f, "libera@gw.test", "get", PROMPT(""));
	assert_non_null(strstr(seen_by(f, ANN), "<prompt>Name</prompt>"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char query[256], want[256];

		(void)snprintf(query, sizeof(query),
			       PROMPT("<prompt>%s</prompt>"), cases[i].prompt);
		(void)snprintf(want, sizeof(want), "<jid>%s</jid>",
			       cases[i].jid ? cases[i].jid : "");
		asked(f, cases[i].to, "set", query);
		if (cases[i].jid)
			assert_non_null(strstr(seen_by(f, ANN), want));
		else
			assert_non_null(
				strstr(seen_by(f, ANN), "<item-not-found "));
	}
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, hosted_setup, hosted_teardown)
	const struct CMUnitTest tests[] = {
		T(registering_fills_in_what_configure_asks_for),
		T(what_cannot_be_registered_changes_nothing),
		T(a_name_is_told_as_an_address),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
