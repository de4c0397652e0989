/* SPDX-License-Identifier: MIT */
/*
 * test_irc_account.c - the IRC adapter against a scripted server: what gateway
 * users set for their connections, and what operators let them set.
 */

#include "tests/conformance/irc_fixture.h"

#include "bridge/command.h"
#include "bridge/secret.h"

#include <stdio.h>
#include <string.h>

static const struct setting *
setting(const char *key)
{
	const struct setting *s = irc_protocol.settings;

	while (s->key && strcmp(s->key, key) != 0)
		s++;
	assert_non_null(s->key);
	return s;
}

/* ---- values -------------------------------------------------------- */

static void
what_cannot_be_is_refused_in_words(void **state UNUSED)
{
	static const struct {
		const char *key, *good, *bad;
	} cases[] = {
		{ "nick", "ann", "ann lee" },
		{ "nick", "ann", "a\001b" },
		{ "pass", "open sesame", "a\rQUIT" },
		{ "account", "ann", "a@b" },
		{ "sasl_password", "hush", "a\nb" },
		{ "username", "ann",
		  ""
		  "a!b" },
		{ "realname", "Ann E.", "a\r\nQUIT" },
		{ "after_connect_commands", "MODE a\nMODE b", "a\rQUIT" },
		{ "tls_ports", "6697; 6670", "6697x" },
		{ "tls_ports", "6697", "0" },
		{ "ports", "6667", "65536" },
		{ "ports", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
		  "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17" },
		{ "fingerprint", "00112233445566778899aabbccddeeff00112233",
		  "0011" },
		{ "fingerprint",
		  "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33",
		  "0x112233445566778899aabbccddeeff00112233" },
		{ "encoding_out", "iso-8859-1", "utf-16" },
		{ "encoding_out", "koi8-r", "latin1//IGNORE" },
		{ "encoding_in", "shift_jis", "ebcdic-us" },
		{ "throttle_limit", "9", "0" },
		{ "throttle_limit", "999", "1000" },
		{ "throttle_limit", "10", "-1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct setting *s = setting(cases[i].key);

		assert_null(s->refuse(cases[i].good));
		if (!s->refuse(cases[i].bad))
			fail_msg("%s may be \"%s\"", s->key, cases[i].bad);
	}
}

static void
what_the_operator_forbids_cannot_be_set(void **state)
{
	static const char *const ports[] = { "7000-7010", "6697" };
	static const struct {
		enum conf_tls least;
		bool names;
		const char *key, *value;
		bool may;
	} cases[] = {
		{ CONF_TLS_VERIFY, true, "username", NULL, true },
		{ CONF_TLS_VERIFY, false, "username", NULL, false },
		{ CONF_TLS_VERIFY, false, "realname", NULL, false },
		{ CONF_TLS_VERIFY, false, "nick", NULL, true },
		{ CONF_TLS_VERIFY, true, "ports", NULL, false },
		{ CONF_TLS_INSECURE, true, "ports", NULL, false },
		{ CONF_TLS_OFF, true, "ports", NULL, true },
		{ CONF_TLS_OFF, true, "ports", "7000", true },
		{ CONF_TLS_OFF, true, "ports", "7000 22", false },
		{ CONF_TLS_VERIFY, true, "tls_ports", "7010; 6697", true },
		{ CONF_TLS_VERIFY, true, "tls_ports", "7011", false },
		{ CONF_TLS_VERIFY, true, "tls_ports", "2222", true },
		{ CONF_TLS_VERIFY, true, "verify_cert", "true", true },
		{ CONF_TLS_VERIFY, true, "verify_cert", "false", false },
		{ CONF_TLS_INSECURE, true, "verify_cert", "false", true },
	};
	struct fixture *fx = *state;

	portal_up(fx);
	fx->server.port = 2222;
	fx->conf.tls = CONF_TLS_VERIFY;
	fx->conf.users.ports = ports;
	fx->conf.users.n_ports = ARRAY_SIZE(ports);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fx->conf.users.tls = cases[i].least;
		fx->conf.users.names = cases[i].names;
		if (!irc_protocol.ops.may_set(fx->net, setting(cases[i].key),
					      cases[i].value) != cases[i].may)
			fail_msg("case %zu: %s", i, cases[i].key);
	}
	fx->conf.tls = CONF_TLS_OFF;
}

static void
names_are_the_operators_where_they_say_so(void **state)
{
	static const char *const settings[] = { "username", "annie", "realname",
						"Ann E.", NULL };
	struct fixture *fx = *state;

	recorder.settings = settings;
	fx->conf.users.names = false;
	portal_up(fx);
	enter(fx, 0);
	assert_non_null(peer_find(fx->d.peer, " 0 * :Ann (home)"));
}

/* ---- the way to the server ----------------------------------------- */

static void
ports_that_a_user_chose_are_tried_in_turn(void **state)
{
	static const char *const all[] = { "1-65535" };
	const char *settings[] = { "ports", NULL, NULL };
	struct fixture *fx = *state;
	char ports[32];

	ircd_start(&fx->d, fx->loop);
	snprintf(ports, sizeof(ports), "1; %u", peer_port(fx->d.peer));
	settings[1] = ports;
	recorder.settings = settings;
	fx->conf.gateway = true;
	fx->conf.listener = false;
	fx->conf.nick = NULL;
	fx->conf.users.ports = all;
	fx->conf.users.n_ports = 1;
	create(fx);
	fx->server.port = 1; /* where nobody is */
	recorder_start(fx->net);
	expect(fx, "up net");
	fx->direct.portal = true;
	fx->puppets[0].account = (const struct account *)fx;
	puppet(fx, 0, &fx->direct);
	expect(fx, "puppet left zoe Ann unreachable: 127.0.0.1:1");
	puppet(fx, 0, &fx->direct);
	expect(fx, "puppet joined zoe Ann as");
}

static void
a_port_that_is_not_allowed_any_more_is_not_used(void **state)
{
	static const char *const settings[] = { "ports", "1", NULL };
	struct fixture *fx = *state;

	recorder.settings = settings;
	portal_up(fx);
	enter(fx, 0);
}

static void
a_gateway_tells_the_server_who_is_behind_it(void **state)
{
	struct fixture *fx = *state;
	struct secret *secret = secret_new("hush", 4);

	fx->conf.users.webirc = secret;
	fx->conf.users.prefix = "2001:db8:1::/64";
	portal_up(fx);
	enter(fx, 0);
	enter(fx, 1);
	assert_non_null(
		peer_find(fx->d.peer, "0> WEBIRC hush causeway 2001:db8:1:"));
	assert_non_null(
		peer_find(fx->d.peer, "1> WEBIRC hush causeway 2001:db8:1:"));
	fx->conf.users.webirc = NULL;
	secret_free(secret);
}

static void
a_user_connects_from_an_address_of_their_own(void **state)
{
	struct fixture *fx = *state;

	fx->conf.users.prefix = "::1/128"; /* from which 127.0.0.1 is no way */
	portal_up(fx);
	puppet(fx, 0, &fx->room);
	expect(fx, "puppet left #a Ann unreachable: 127.0.0.1");
	assert_non_null(recorder_find("socket: Address family not supported"));
}

/* Link 0 is the account's. */
static void
sasl_case(struct fixture *fx, const char *caps, bool local, const char *words)
{
	static const char *const settings[] = { "sasl_password", "hush", NULL };

	recorder.settings = settings;
	fx->d.caps = caps;
	fx->conf.local = local;
	portal_up(fx);
	puppet(fx, 0, &fx->room);
	if (strncmp(words, "puppet", 6) != 0)
		expect_line(fx, words);
	else
		expect(fx, words);
}

static void
scram_is_taken_where_it_is_offered(void **state)
{
	sasl_case(*state, "sasl=PLAIN,SCRAM-SHA-256", true,
		  "AUTHENTICATE SCRAM-SHA-256");
}

static void
plain_is_taken_where_nothing_else_is(void **state)
{
	sasl_case(*state, "sasl=PLAIN,EXTERNAL", true, "AUTHENTICATE PLAIN");
}

static void
no_password_goes_over_a_plain_connection(void **state)
{
	sasl_case(*state, "sasl=PLAIN", false,
		  "puppet left #a Ann refused: the server offers no SASL "
		  "SCRAM-SHA-256, only: PLAIN");
	assert_null(peer_find(((struct fixture *)*state)->d.peer,
			      "AUTHENTICATE PLAIN"));
	/* and is not taken for a ban */
	assert_int_equal(((struct fixture *)*state)->occupants[0].refusal,
			 REFUSAL_LOGIN);
}

static void
external_needs_no_password_and_no_name(void **state)
{
	static const char *const settings[] = { "sasl_mechanism", "external",
						NULL };
	struct fixture *fx = *state;

	recorder.settings = settings;
	fx->d.caps = "sasl=PLAIN,EXTERNAL";
	portal_up(fx);
	puppet(fx, 0, &fx->room);
	expect_line(fx, "AUTHENTICATE EXTERNAL");
	peer_say(fx->d.peer, 0, "AUTHENTICATE +");
	expect_line(fx, "AUTHENTICATE +");
}

/* ---- while it is there --------------------------------------------- */

static void
words_go_and_come_in_the_users_charset(void **state)
{
	static const char *const settings[] = { "encoding_out", "iso-8859-1",
						"encoding_in", "koi8-r", NULL };
	struct fixture *fx = *state;
	struct occupant *ann;

	recorder.settings = settings;
	portal_up(fx);
	ann = enter(fx, 0);
	send_text(fx, &fx->room, ann, "K\xc3\xa4se");
	expect_line(fx, "PRIVMSG #a :K\xe4se");
	send_text(fx, &fx->room, ann, "K\xc3\xa4se \xe2\x98\x83");
	expect_line(fx, "PRIVMSG #a :K\xc3\xa4se \xe2\x98\x83");
	expect(fx, "sent d1");
	peer_say(fx->d.peer, 0, ":zoe!z@z PRIVMSG #a :\xe9");
	expect(fx, "event message #a zoe (zoe) \xd0\x98"); /* И */
	peer_say(fx->d.peer, 0, ":zoe!z@z PRIVMSG Ann :\xe9");
	expect(fx, "event message ->home/Ann zoe (zoe) \xd0\x98");
}

static void
a_user_may_be_slower_than_the_operator_allows_not_faster(void **state)
{
	static const char *const settings[] = { "throttle_limit", "2",
						"after_connect_commands",
						"ONE\nTWO\nTHREE", NULL };
	struct fixture *fx = *state;

	recorder.settings = settings;
	fx->conf.interval_ms = 60000;
	fx->conf.burst = 9;
	portal_up(fx);
	puppet(fx, 0, &fx->room);
	expect_line(fx, "0> TWO");
	peer_say(fx->d.peer, 0, "PING :drained");
	expect_line(fx, "PONG :drained");
	assert_null(peer_find(fx->d.peer, "0> THREE"));
}

static void
the_operator_limits_how_many_channels_one_is_in(void **state)
{
	struct fixture *fx = *state;

	fx->conf.users.channels = 1;
	portal_up(fx);
	fx->many[0] = fx->room;
	fx->many[0].id = 9;
	fx->many[0].name = "#b";
	fx->many[0].data = NULL;
	fx->many[0].joined = false;
	recorder_join(&fx->many[0]);
	enter(fx, 0);
	fx->occupants[1] = (struct occupant){ .puppet = &fx->puppets[0],
					      .channel = &fx->many[0],
					      .want = "Ann" };
	recorder_puppet_join(&fx->occupants[1]);
	expect(fx, "puppet left #b Ann refused: you are in as many channels");
}

/* ---- the client certificate ---------------------------------------- */

static void
run_certificate(struct fixture *fx, const char *action)
{
	const struct command *command = irc_protocol.commands;
	const struct given given = { "action", action };
	struct recorder_command c = { .place = { PLACE_NETWORK, "irc", NULL },
				      .who = "Ann" };

	while (strcmp(command->name, "client-certificate") != 0)
		command++;
	c.command = command;
	c.given = action ? &given : NULL;
	c.n_given = action != NULL;
	recorder_command(fx->net, &c);
}

static void
a_certificate_is_made_shown_and_removed(void **state)
{
	const char *settings[] = { "certificate", NULL, NULL };
	struct fixture *fx = *state;
	char pem[4096];

	portal_up(fx);
	run_certificate(fx, NULL);
	expect(fx, "asked Your client certificate");
	run_certificate(fx, "show");
	expect(fx, "answered You have no client certificate");
	run_certificate(fx, "make");
	expect(fx, "keep certificate of Ann: set");
	assert_non_null(recorder_find("SHA-256: "));
	assert_null(recorder_find("PRIVATE KEY"));
	snprintf(pem, sizeof(pem), "%s", recorder.kept);
	settings[1] = pem;
	recorder.settings = settings;
	run_certificate(fx, "show");
	assert_int_equal(recorder_count("SHA-512: "), 2);
	enter(fx, 0); /* where it is of no use, it does no harm */
	run_certificate(fx, "remove");
	expect(fx, "keep certificate of Ann: nothing");
	run_certificate(fx, "explode");
	expect(fx, "denied");
}

static void
a_broken_certificate_is_none(void **state)
{
	static const char *const settings[] = { "certificate",
						"-----BEGIN PRIVATE KEY-----\n",
						NULL };
	struct fixture *fx = *state;

	recorder.settings = settings;
	portal_up(fx);
	enter(fx, 0);
	run_certificate(fx, "show");
	expect(fx, "answered You have no client certificate");
}

/* ---- contacts ------------------------------------------------------ */

static void
watch(struct fixture *fx, struct contact *c, const char *person)
{
	*c = (struct contact){ .network = fx->net,
			       .person = person,
			       .follower = { "home", "Ann" } };
	irc_protocol.ops.watch(fx->net, c);
}

static void
monitor_tells_who_comes_and_whois_who_is_away(void **state)
{
	struct fixture *fx = *state;
	static struct contact zoe, yan;

	fx->d.isupport = "MONITOR=100";
	portal_up(fx);
	watch(fx, &zoe, "zoe");
	enter(fx, 0);
	expect_line(fx, "0> MONITOR + :zoe");
	watch(fx, &yan, "yan");
	expect_line(fx, "0> MONITOR + :yan");
	peer_say(fx->d.peer, 0, ":irc.test 730 Ann :Zoe!z@z,other!o@o");
	expect(fx, "contact zoe of Ann is online online: ");
	peer_say(fx->d.peer, 0, ":irc.test 731 Ann :yan");
	expect(fx, "contact yan of Ann is offline");
	expect_line(fx, "0> WHOIS :zoe");
	peer_say(fx->d.peer, 0, ":irc.test 301 Ann zoe :out for lunch");
	peer_say(fx->d.peer, 0, ":irc.test 318 Ann zoe :End");
	expect(fx, "contact zoe of Ann is online away: out for lunch");
	peer_say(fx->d.peer, 0, ":zoe!z@z AWAY");
	assert_true(recorder_wait(fx->loop, "zoe of Ann is online online", 2));
	peer_say(fx->d.peer, 0, ":irc.test 731 Ann :zoe");
	expect(fx, "contact zoe of Ann is offline");
	irc_protocol.ops.unwatch(fx->net, &zoe);
	expect_line(fx, "0> MONITOR - :zoe");
	peer_close(fx->d.peer, 0);
	expect(fx, "contact yan of Ann is offline online: connection closed");
	irc_protocol.ops.unwatch(fx->net, &yan);
}

static void
without_monitor_people_are_asked_for(void **state)
{
	struct fixture *fx = *state;
	static struct contact zoe, yan;

	fx->conf.away_poll_s = 1;
	portal_up(fx);
	enter(fx, 0);
	watch(fx, &zoe, "zoe");
	watch(fx, &yan, "yan");
	expect_line(fx, "0> ISON :zoe yan");
	peer_say(fx->d.peer, 0, ":irc.test 303 Ann :Zoe ");
	expect(fx, "contact zoe of Ann is online online");
	expect(fx, "contact yan of Ann is offline");
	assert_true(peer_wait(fx->d.peer, "0> ISON", 2));
	peer_say(fx->d.peer, 0, ":irc.test 303 Ann :yan");
	expect(fx, "contact yan of Ann is online");
	expect(fx, "contact zoe of Ann is offline");
	irc_protocol.ops.unwatch(fx->net, &zoe);
	irc_protocol.ops.unwatch(fx->net, &yan);
}

static void
whom_a_full_list_does_not_take_is_asked_for(void **state)
{
	struct fixture *fx = *state;
	static struct contact zoe, yan;

	fx->d.isupport = "MONITOR=1";
	portal_up(fx);
	watch(fx, &zoe, "zoe");
	watch(fx, &yan, "yan");
	enter(fx, 0);
	expect_line(fx, "0> MONITOR + :zoe,yan");
	peer_say(fx->d.peer, 0, ":irc.test 730 Ann :zoe!z@z");
	peer_say(fx->d.peer, 0, ":irc.test 734 Ann 1 yan :List is full");
	expect_line(fx, "0> ISON :yan");
	peer_say(fx->d.peer, 0, ":irc.test 303 Ann :");
	expect(fx, "contact yan of Ann is offline");
	assert_int_equal(peer_count(fx->d.peer, "MONITOR"), 1);
	irc_protocol.ops.stop(fx->net); /* nobody is unwatched */
	fx->net->state = NETWORK_STOPPING;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_cannot_be_is_refused_in_words),
		CASE(what_the_operator_forbids_cannot_be_set),
		CASE(names_are_the_operators_where_they_say_so),
		CASE(ports_that_a_user_chose_are_tried_in_turn),
		CASE(a_port_that_is_not_allowed_any_more_is_not_used),
		CASE(a_gateway_tells_the_server_who_is_behind_it),
		CASE(a_user_connects_from_an_address_of_their_own),
		CASE(scram_is_taken_where_it_is_offered),
		CASE(plain_is_taken_where_nothing_else_is),
		CASE(no_password_goes_over_a_plain_connection),
		CASE(external_needs_no_password_and_no_name),
		CASE(words_go_and_come_in_the_users_charset),
		CASE(a_user_may_be_slower_than_the_operator_allows_not_faster),
		CASE(the_operator_limits_how_many_channels_one_is_in),
		CASE(a_certificate_is_made_shown_and_removed),
		CASE(a_broken_certificate_is_none),
		CASE(monitor_tells_who_comes_and_whois_who_is_away),
		CASE(without_monitor_people_are_asked_for),
		CASE(whom_a_full_list_does_not_take_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
