/* SPDX-License-Identifier: MIT */
/* test_xmpp_directory.c - the channels of a network as disco#items in pages. */

#include "tests/conformance/hosted_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define NS_ITEMS "http://jabber.org/protocol/disco#items"
#define NS_RSM "http://jabber.org/protocol/rsm"
#define ITEMS "<query xmlns='" NS_ITEMS "'/>"
#define PAGE(inside)                                                  \
	"<query xmlns='" NS_ITEMS "'><set xmlns='" NS_RSM "'>" inside \
	"</set></query>"
#define SET(inside) "<set xmlns='" NS_RSM "'>" inside "</set>"
#define PLACE(name, label) \
	"<item jid='" name "%libera@gw.test' name='" name label "'></item>"
#define RESULT(to, inside)                                                   \
	"<iq from='libera@gw.test' id='q' to='" to "' type='result'><query " \
	"xmlns='" NS_ITEMS "'>" inside "</query></iq>\n"
#define ANN "ann@test/a"
#define RUN "run list by ann@test at libera filled {search=}"

static const struct choice entries[] = { { "#a", "(3) first" },
					 { "#b", "(2) second" },
					 { "#c", "(1)" },
					 { "#d e", NULL } };

static void
list_is_told(const struct choice *list, size_t n)
{
	recorder_answer(&(struct command_answer){ .kind = ANSWER_DONE,
						  .text = "",
						  .entries = list,
						  .n_entries = n });
}

static void
asked(struct fixture *f, const char *from, const char *query)
{
	xmppd_forget(f->server);
	ask(f, from, "libera@gw.test", "get", query);
}

static void
the_list_is_of_who_asks_and_is_kept(void **state)
{
	static const char all[] = RESULT(
		ANN,
		PLACE("#a", " (3) first") PLACE("#b", " (2) second")
			PLACE("#c", " (1)") "<item jid='#d\\20e%libera@gw.test'"
					    " name='#d e'></item>");
	struct fixture *f = *state;

	asked(f, ANN, ITEMS);
	assert_int_equal(recorder_count(RUN), 1);
	assert_null(strstr(seen_by(f, ANN), "id='q'"));
	list_is_told(entries, ARRAY_SIZE(entries));
	expect_seen(f, ANN, all);
	asked(f, ANN, ITEMS);
	expect_seen(f, ANN, all);
	assert_int_equal(recorder_count("run list"), 1);
	asked(f, "bob@test/b", ITEMS);
	assert_int_equal(recorder_count("run list by bob@test"), 1);
}

static void
pages_go_forwards_and_backwards(void **state)
{
	static const struct {
		const char *set, *inside;
	} cases[] = {
		{ PAGE("<max>2</max>"),
		  RESULT(ANN,
			 PLACE("#a", " (3) first") PLACE("#b", " (2) "
							       "second")
				 SET("<first index='0'>#a%libera@gw.test</first><last>"
				     "#b%libera@gw.test</last><count>4</count>")) },
		{ PAGE("<max>2</max><after>#b%libera@gw.test</after>"),
		  RESULT(ANN,
			 PLACE("#c",
			       " (1)") "<item jid='#d\\20e%libera@gw.test' name='#d e'>"
				       "</item>" SET(
					       "<first index='2'>#c%libera@gw.test</first><last>"
					       "#d\\20e%libera@gw.test</last>"
					       "<count>4</count>")) },
		{ PAGE("<max>1</max><before>#c%libera@gw.test</before>"),
		  RESULT(ANN,
			 PLACE("#b", " (2) second") SET(
				 "<first index='1'>#b%libera@gw.test</first><last>"
				 "#b%libera@gw.test</last><count>4</count>")) },
		{ PAGE("<max>1</max><before/>"),
		  RESULT(ANN,
			 "<item jid='#d\\20e%libera@gw.test' name='#d e'>"
			 "</item>" SET(
				 "<first index='3'>#d\\20e%libera@gw.test</first>"
				 "<last>#d\\20e%libera@gw.test</last>"
				 "<count>4</count>")) },
		{ PAGE("<max>1</max><index>2</index>"),
		  RESULT(ANN,
			 PLACE("#c", " (1)") SET(
				 "<first index='2'>#c%libera@gw.test</first><last>"
				 "#c%libera@gw.test</last><count>4</count>")) },
		{ PAGE("<max>0</max>"), RESULT(ANN, SET("<count>4</count>")) },
		{ PAGE("<max>5</max><index>4</index>"),
		  RESULT(ANN, SET("<count>4</count>")) },
	};
	static const struct {
		const char *set, *condition;
	} wrong[] = {
		{ PAGE("<max>many</max>"), "bad-request" },
		{ PAGE("<max>-1</max>"), "bad-request" },
		{ PAGE("<index>x</index>"), "bad-request" },
		{ PAGE("<index>5</index>"), "item-not-found" },
		{ PAGE("<after>#x%libera@gw.test</after>"), "item-not-found" },
		{ PAGE("<after/>"), "item-not-found" },
		{ PAGE("<before>#x%libera@gw.test</before>"),
		  "item-not-found" },
	};
	struct fixture *f = *state;

	asked(f, ANN, PAGE("<max>2</max>"));
	list_is_told(entries, ARRAY_SIZE(entries));
	clear(f);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		asked(f, ANN, cases[i].set);
		expect_seen(f, ANN, cases[i].inside);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		asked(f, ANN, wrong[i].set);
		assert_non_null(strstr(seen_by(f, ANN), wrong[i].condition));
	}
	assert_int_equal(recorder_count("run list"), 1);
}

static void
who_asks_meanwhile_waits_for_the_same(void **state)
{
	struct fixture *f = *state;

	asked(f, ANN, ITEMS);
	ask(f, "ann@test/b", "libera@gw.test", "get", PAGE("<max>0</max>"));
	assert_int_equal(recorder_count("run list"), 1);
	list_is_told(entries, 1);
	expect_seen(f, ANN, RESULT(ANN, PLACE("#a", " (3) first")));
	expect_seen(f, "ann@test/b",
		    RESULT("ann@test/b", SET("<count>1</count>")));
	xmppd_forget(f->server);
	for (size_t i = 0; i < 12; i++)
		ask(f, "bob@test/b", "libera@gw.test", "get", ITEMS);
	assert_non_null(
		strstr(seen_by(f, "bob@test/b"), "resource-constraint"));
}

static void
what_cannot_be_listed_is_said(void **state)
{
	struct fixture *f = *state;

	asked(f, ANN, ITEMS);
	recorder_answer(&(struct command_answer){ .kind = ANSWER_REFUSED,
						  .text = "not there" });
	expect_seen(f, ANN,
		    "<iq from='libera@gw.test' id='q' to='" ANN
		    "' type='error'>" ERROR("not-allowed", "cancel",
					    "not there") "</iq>\n");
	asked(f, ANN, ITEMS); /* nothing of that is kept */
	assert_int_equal(recorder_count("run list"), 2);
	asked(f, "eve@elsewhere/e", ITEMS);
	expect_seen(f, "eve@elsewhere/e", RESULT("eve@elsewhere/e", ""));
	assert_int_equal(recorder_count("run list"), 2);
}

static void
a_fixed_network_is_listed_at_the_gateway_itself(void **state)
{
	struct fixture *f = *state;

	f->gateway.fixed = f->gateway.networks[0];
	xmppd_forget(f->server);
	ask(f, ANN, "gw.test", "get", ITEMS);
	assert_int_equal(recorder_count(RUN), 1);
	list_is_told(entries, 1);
	barrier(f);
	assert_non_null(strstr(seen_by(f, ANN), "<item jid='#a@gw.test'"));
}

static void
many_who_look_do_not_fill_the_memory(void **state)
{
	struct fixture *f = *state;
	char who[32];

	for (size_t i = 0; i < 40; i++) {
		(void)snprintf(who, sizeof(who), "u%zu@test/a", i);
		ask(f, who, "libera@gw.test", "get", ITEMS);
	}
	assert_int_equal(recorder_count("run list"), 32);
	assert_non_null(strstr(seen_by(f, who), "resource-constraint"));
	recorder_stop(f->net);
	assert_true(recorder_wait(f->loop, "down home", 1));
	assert_int_equal(recorder_count("drop"), 32);
}

static void
searched(struct fixture *f, const char *from, const char *fields)
{
	AUTO_STR query = { 0 };

	str_init(&query, 65536);
	str_printf(&query,
		   "<query xmlns='jabber:iq:search'><x type='submit' "
		   "xmlns='jabber:x:data'><field var='FORM_TYPE'><value>"
		   "jabber:iq:search</value></field>%s</x></query>",
		   fields);
	xmppd_forget(f->server);
	ask(f, from, "libera@gw.test", "set", query.data);
}

#define FIELD(var, value) \
	"<field var='" var "'><value>" value "</value></field>"

static void
channels_are_searched_by_name_topic_and_people(void **state)
{
	static const struct choice all[] = { { "#cat", "(3) first of all" },
					     { "#Dog", "(20) the second" },
					     { "#cow", "(7) First aid" },
					     { "#x", NULL } };
	struct fixture *f = *state;
	const char *seen, *cow;

	xmppd_forget(f->server);
	ask(f, ANN, "libera@gw.test", "get",
	    "<query xmlns='jabber:iq:search'/>");
	assert_non_null(strstr(seen_by(f, ANN), "var='topic'"));
	assert_int_equal(recorder_count("run list"), 0);
	searched(f, ANN, FIELD("topic", "first"));
	list_is_told(all, ARRAY_SIZE(all));
	barrier(f);
	seen = seen_by(f, ANN);
	cow = strstr(seen, "#cow%libera@gw.test");
	assert_non_null(cow);
	assert_non_null(strstr(cow, "#cat%libera@gw.test")); /* fewer people */
	assert_non_null(strstr(cow, FIELD("users", "7")));
	assert_null(strstr(seen, "#dog"));
	searched(f, ANN, FIELD("name", "DOG") FIELD("users", "5"));
	barrier(f);
	seen = seen_by(f, ANN);
	assert_non_null(strstr(seen, "#dog%libera@gw.test"));
	assert_null(strstr(seen, "#cow"));
	assert_int_equal(recorder_count("run list"), 1);
}

static void
what_cannot_be_searched_gets_an_error(void **state)
{
	struct fixture *f = *state;

	searched(f, ANN, FIELD("users", "many"));
	assert_non_null(strstr(seen_by(f, ANN), "<bad-request"));
	xmppd_forget(f->server);
	ask(f, ANN, "libera@gw.test", "set",
	    "<query xmlns='jabber:iq:search'><nick>x</nick></query>");
	assert_non_null(strstr(seen_by(f, ANN), "fill in the form"));
	searched(f, "eve@elsewhere/e", FIELD("name", "dog"));
	assert_non_null(strstr(seen_by(f, "eve@elsewhere/e"), "<forbidden"));
	assert_int_equal(recorder_count("run list"), 0);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, hosted_setup, hosted_teardown)
	const struct CMUnitTest tests[] = {
		T(the_list_is_of_who_asks_and_is_kept),
		T(pages_go_forwards_and_backwards),
		T(who_asks_meanwhile_waits_for_the_same),
		T(what_cannot_be_listed_is_said),
		T(a_fixed_network_is_listed_at_the_gateway_itself),
		T(many_who_look_do_not_fill_the_memory),
		T(channels_are_searched_by_name_topic_and_people),
		T(what_cannot_be_searched_gets_an_error),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
