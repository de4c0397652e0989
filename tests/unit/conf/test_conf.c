/* SPDX-License-Identifier: MIT */
/* test_conf.c - right configurations and what they come out as. */

#include "tests/support/test.h"

#include "bridge/event.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "conf/rules.h"
#include "tests/unit/conf/setup.h"

/* The text as a configuration that has exactly these warnings. */
static struct conf *
parse(const char *text, const char *warnings)
{
	AUTO_STR errors;

	str_init(&errors, 1 << 16);

	struct conf *conf = conf_parse("c.conf", text, &errors);

	assert_string_equal(errors.data, warnings);
	assert_non_null(conf);
	return conf;
}

static void
what_is_not_said_has_its_default(void **state UNUSED)
{
	struct conf *conf = parse(NETWORKS LINKS, "");

	assert_string_equal(conf->file, "c.conf");
	assert_string_equal(conf->database, "/var/lib/causeway/causeway.db");
	assert_int_equal(conf->log_format, LOG_FORMAT_LOGFMT);
	assert_int_equal(conf->log_level, LOG_LEVEL_INFO);
	assert_null(conf->log_file);
	assert_null(conf->control_socket);
	assert_null(conf->control_group);
	assert_false(conf->log_text);
	assert_int_equal(conf->queue_rows, 10000);
	assert_int_equal(conf->queue_mib, 64);
	assert_int_equal(conf->queue_age_s, 24 * 3600);
	assert_int_equal(conf->n_networks, 2);
	assert_int_equal(conf->n_links, 1);
	conf_free(conf);
}

static void
an_xmpp_network_has_its_defaults(void **state UNUSED)
{
	struct conf *conf = parse(NETWORKS LINKS, "");
	const struct conf_network *net = conf_find_network(conf, "xmpp");

	assert_non_null(net);
	assert_string_equal(net->name, "xmpp");
	assert_string_equal(net->protocol, "xmpp");
	assert_int_equal(net->where.line, 2);
	assert_string_equal(net->where.file, "c.conf");
	assert_false(net->has_level);
	assert_null(net->irc);
	assert_string_equal(net->xmpp->component, "gw.example.org");
	assert_string_equal(net->xmpp->host, "127.0.0.1");
	assert_int_equal(net->xmpp->port, 5347);
	assert_string_equal(secret_reveal(net->xmpp->secret), "secret");
	assert_string_equal(net->xmpp->nick, "causeway");
	assert_int_equal(net->xmpp->n_direct_from, 1);
	assert_string_equal(net->xmpp->direct_from[0], "example.org");
	assert_int_equal(net->xmpp->ping_s, 15);
	assert_int_equal(net->xmpp->self_ping_s, 900);
	assert_int_equal(net->xmpp->window, 64);
	conf_free(conf);
}

static void
an_irc_network_has_its_defaults(void **state UNUSED)
{
	struct conf *conf = parse(NETWORKS LINKS, "");
	const struct conf_network *net = conf_find_network(conf, "libera");

	assert_non_null(net);
	assert_null(net->xmpp);

	const struct conf_irc *irc = net->irc;

	assert_int_equal(irc->n_servers, 1);
	assert_string_equal(irc->servers[0].host, "irc.libera.chat");
	assert_int_equal(irc->servers[0].port, 6697);
	assert_int_equal(irc->tls, CONF_TLS_VERIFY);
	assert_null(irc->ca_file);
	assert_null(irc->bind);
	assert_string_equal(irc->nick, "causeway");
	assert_string_equal(irc->user, "causeway");
	assert_string_equal(irc->realname, "Causeway bridge");
	assert_null(irc->password);
	assert_int_equal(irc->sasl, CONF_SASL_NONE);
	assert_null(irc->account);
	assert_null(irc->sasl_password);
	assert_false(irc->sasl_required);
	assert_null(irc->cert_file);
	assert_null(irc->key_file);
	assert_int_equal(irc->n_after_connect, 0);
	assert_string_equal(irc->charset, "windows-1252");
	assert_int_equal(irc->interval_ms, 2000);
	assert_int_equal(irc->burst, 5);
	assert_int_equal(irc->puppets, 0);
	assert_int_equal(irc->puppet_idle_s, 3 * 3600);
	assert_int_equal(irc->puppet_connect_ms, 2000);
	assert_string_equal(irc->puppet_realname, "{name} via {network}");
	assert_string_equal(irc->puppet_user, "{name}");
	assert_int_equal(irc->lines_max, 5);
	assert_int_equal(irc->window, 5);
	assert_int_equal(irc->ping_s, 20);
	assert_int_equal(irc->timeout_s, 20);
	assert_int_equal(irc->gap_s, 10);
	assert_int_equal(irc->away_poll_s, 60);
	assert_int_equal(irc->silence_s, 900);
	conf_free(conf);
}

/* A gateway with what the block says beside its networks, and no link. */
#define GATEWAY(more)              \
	"networks: {\n" XMPP_BEGIN \
	"gateway: { networks = [ \"libera\" ]; " more " }; };\n"

#define IRC_NOBODY \
	"libera: { protocol = \"irc\"; server = \"irc.libera.chat\"; };\n};\n"

static void
what_is_not_said_of_a_gateway_has_its_default(void **state UNUSED)
{
	struct conf *conf = parse(GATEWAY("") IRC_NOBODY, "");
	const struct conf_gateway *gateway = conf->networks[0].xmpp->gateway;

	assert_non_null(gateway);
	assert_int_equal(gateway->n_networks, 1);
	assert_ptr_equal(gateway->networks[0], &conf->networks[1]);
	assert_int_equal(gateway->n_users, 1);
	assert_string_equal(gateway->users[0], "example.org");
	assert_null(gateway->fixed);
	conf_free(conf);
}

static void
every_option_of_a_gateway_is_read(void **state UNUSED)
{
	struct conf *conf =
		parse(GATEWAY("users = [ \"ann@example.net\", "
			      "\"*\" ]; fixed = \"libera\";") IRC_NOBODY,
		      "");
	const struct conf_gateway *gateway = conf->networks[0].xmpp->gateway;

	assert_int_equal(gateway->n_users, 2);
	assert_string_equal(gateway->users[0], "ann@example.net");
	assert_string_equal(gateway->users[1], "*");
	assert_ptr_equal(gateway->fixed, &conf->networks[1]);
	conf_free(conf);
}

#define HOSTS(more)                                  \
	"networks: {\n" XMPP_BEGIN                   \
	"gateway: { networks = [ \"any\" ]; }; };\n" \
	"any: { protocol = \"irc\"; " more " };\n};\n"

static void
hosts_are_read_and_made_networks(void **state UNUSED)
{
	struct conf *conf = parse(
		HOSTS("hosts: { allow = [ \"*.example.org\", \"irc.*\" ]; "
		      "deny = [ \"*.evil.example.org\" ]; networks = 7; };"),
		"");
	const struct conf_gateway *gateway = conf->networks[0].xmpp->gateway;
	const struct conf_hosts *hosts = conf->networks[1].irc->hosts;
	const struct conf *own;

	assert_int_equal(gateway->n_networks, 0);
	assert_ptr_equal(gateway->hosts, &conf->networks[1]);
	assert_true(conf_is_template(&conf->networks[1]));
	assert_int_equal(hosts->port, 6697);
	assert_int_equal(hosts->max, 7);
	assert_false(hosts->private);
	assert_true(conf_permits_host(hosts, "a.example.org"));
	assert_true(conf_permits_host(hosts, "irc.example.net"));
	assert_false(conf_permits_host(hosts, "a.evil.example.org"));
	assert_false(conf_permits_host(hosts, "example.org"));
	assert_false(conf_permits_host(hosts, "a/b.example.org"));
	own = conf_for_host(conf, "a.example.org");
	conf_free(conf); /* it has a use of that */
	assert_string_equal(own->networks[0].name, "a.example.org");
	assert_int_equal(own->networks[0].irc->n_servers, 1);
	assert_string_equal(own->networks[0].irc->servers[0].host,
			    "a.example.org");
	assert_int_equal(own->networks[0].irc->servers[0].port, 6697);
	assert_true(own->networks[0].irc->public_only);
	assert_false(conf_is_template(&own->networks[0]));
	conf_free(own);
}

static void
admins_are_people_of_networks(void **state UNUSED)
{
	struct conf *conf = parse("admins = [ \"xmpp:ann@example.org\", "
				  "\"libera:#\" ];\n" GATEWAY("") IRC_NOBODY,
				  "");

	assert_int_equal(conf->n_admins, 2);
	assert_string_equal(conf->admins[0], "xmpp:ann@example.org");
	assert_string_equal(conf->admins[1], "libera:#");
	conf_free(conf);
}

static void
a_network_that_only_a_gateway_uses_needs_no_nick(void **state UNUSED)
{
	struct conf *conf = parse(GATEWAY("") IRC_NOBODY, "");
	const struct conf_irc *irc = conf->networks[1].irc;

	assert_true(irc->gateway);
	assert_false(irc->listener);
	assert_null(irc->nick);
	assert_null(irc->user);
	conf_free(conf);
}

static void
a_network_knows_what_uses_it(void **state UNUSED)
{
	struct conf *linked = parse(NETWORKS LINKS, "");
	struct conf *both = parse(GATEWAY("") IRC_LINE "};\n" LINKS, "");

	assert_null(linked->networks[0].xmpp->gateway);
	assert_false(linked->networks[1].irc->gateway);
	assert_true(linked->networks[1].irc->listener);
	assert_true(both->networks[1].irc->gateway);
	assert_true(both->networks[1].irc->listener);
	conf_free(linked);
	conf_free(both);
}

static void
a_member_has_its_defaults(void **state UNUSED)
{
	struct conf *conf = parse(NETWORKS LINKS, "");
	const struct conf_link *link = &conf->links[0];

	assert_string_equal(link->name, "dev");
	assert_int_equal(link->where.line, 5);
	assert_int_equal(link->n_members, 2);

	const struct conf_member *m = &link->members[1];

	assert_string_equal(m->network, "libera");
	assert_string_equal(m->channel, "#dev");
	assert_int_equal(m->where.line, 5);
	assert_int_equal(m->direction, CONF_BOTH);
	for (int kind = 0; kind < EVENT_KINDS; kind++)
		assert_int_equal(m->kinds >> kind & 1, kind != EVENT_TYPING);
	assert_string_equal(m->nick, "{nick}");
	assert_true(m->puppets);
	assert_false(m->noise);
	assert_null(m->key);
	conf_free(conf);
}

static void
top_level_blocks_are_read(void **state UNUSED)
{
	struct conf *conf = parse(
		"database = \"x.db\";\n"
		"log: { format = \"json\"; level = \"trace\"; file = \"l\"; "
		"text = true; };\n"
		"queue: { rows = 10; mib = 1; age = \"7d\"; };\n"
		"control: { socket = \"s\"; group = \"ops\"; };\n" NETWORKS
			LINKS,
		"");

	assert_string_equal(conf->database, "x.db");
	assert_int_equal(conf->log_format, LOG_FORMAT_JSON);
	assert_int_equal(conf->log_level, LOG_LEVEL_TRACE);
	assert_string_equal(conf->log_file, "l");
	assert_true(conf->log_text);
	assert_int_equal(conf->queue_rows, 10);
	assert_int_equal(conf->queue_mib, 1);
	assert_int_equal(conf->queue_age_s, 7 * 24 * 3600);
	assert_string_equal(conf->control_socket, "s");
	assert_string_equal(conf->control_group, "ops");
	conf_free(conf);
}

static void
every_option_of_an_irc_network_is_read(void **state UNUSED)
{
	struct conf *conf = parse(
		XMPP_AND
		"libera: { protocol = \"irc\"; level = \"trace\";\n"
		"server = ( \"a\", \"b:7000\", \"[::1]:6667\" );\n"
		"tls = \"verify\"; ca_file = \"open\"; bind = \"::1\";\n"
		"nick = \"n\"; user = \"u\"; realname = \"r\";\n"
		"password = \"file:s\";\n"
		"sasl: { mechanism = \"scram-sha-256\"; account = \"acc\";\n"
		"  password = \"file:s\"; required = false; };\n"
		"certificate = \"open\"; key = \"s\";\n"
		"after_connect = [ \"MODE n +B\", \"JOIN #x\" ];\n"
		"charset = \"KOI8-R\"; preset = \"own\"; burst = 7;\n"
		"puppets = 200; puppet_idle = 60; puppet_connect = \"500ms\";\n"
		"puppet_realname = \"{id}\"; puppet_user = \"u\";\n"
		"lines_max = 1; window = 1; ping = 5; timeout = \"1h\";\n"
		"gap = \"1m\"; away_poll = 90; silence = 0; };\n"
		"};\n" LINKS,
		"");
	const struct conf_network *net = conf_find_network(conf, "libera");
	const struct conf_irc *irc = net->irc;

	assert_true(net->has_level);
	assert_int_equal(net->level, LOG_LEVEL_TRACE);
	assert_int_equal(irc->n_servers, 3);
	assert_int_equal(irc->servers[0].port, 6697);
	assert_int_equal(irc->servers[1].port, 7000);
	assert_string_equal(irc->servers[2].host, "::1");
	assert_int_equal(irc->servers[2].port, 6667);
	assert_string_equal(irc->ca_file, "open");
	assert_string_equal(irc->bind, "::1");
	assert_string_equal(irc->user, "u");
	assert_string_equal(irc->realname, "r");
	assert_string_equal(secret_reveal(irc->password), "secret");
	assert_int_equal(irc->sasl, CONF_SASL_SCRAM_SHA_256);
	assert_string_equal(irc->account, "acc");
	assert_string_equal(secret_reveal(irc->sasl_password), "secret");
	assert_false(irc->sasl_required);
	assert_string_equal(irc->cert_file, "open");
	assert_string_equal(irc->key_file, "s");
	assert_int_equal(irc->n_after_connect, 2);
	assert_string_equal(irc->after_connect[1], "JOIN #x");
	assert_string_equal(irc->charset, "KOI8-R");
	assert_int_equal(irc->interval_ms, 0);
	assert_int_equal(irc->burst, 7);
	assert_int_equal(irc->puppets, 200);
	assert_int_equal(irc->puppet_idle_s, 60);
	assert_int_equal(irc->puppet_connect_ms, 500);
	assert_string_equal(irc->puppet_realname, "{id}");
	assert_string_equal(irc->puppet_user, "u");
	assert_int_equal(irc->lines_max, 1);
	assert_int_equal(irc->window, 1);
	assert_int_equal(irc->ping_s, 5);
	assert_int_equal(irc->timeout_s, 3600);
	assert_int_equal(irc->gap_s, 60);
	assert_int_equal(irc->away_poll_s, 90);
	assert_int_equal(irc->silence_s, 0);
	conf_free(conf);
}

static void
every_option_of_an_xmpp_network_is_read(void **state UNUSED)
{
	struct conf *conf =
		parse("networks: {\n" XMPP_BEGIN
		      "server = \"[::1]\"; nick = \"Br\xc3\xbc"
		      "cke\";\n"
		      "direct_from = [ \"*\" ]; ping = 5; self_ping = \"1h\";\n"
		      "window = 1; };\n" IRC_LINE "};\n" LINKS,
		      "");
	const struct conf_xmpp *xmpp = conf_find_network(conf, "xmpp")->xmpp;

	assert_string_equal(xmpp->host, "::1");
	assert_int_equal(xmpp->port, 5347);
	assert_string_equal(xmpp->nick, "Br\xc3\xbc"
					"cke");
	assert_int_equal(xmpp->n_direct_from, 1);
	assert_string_equal(xmpp->direct_from[0], "*");
	assert_int_equal(xmpp->ping_s, 5);
	assert_int_equal(xmpp->self_ping_s, 3600);
	assert_int_equal(xmpp->window, 1);
	conf_free(conf);
}

static void
nobody_writes_to_puppets_if_the_list_is_empty(void **state UNUSED)
{
	struct conf *conf =
		parse("networks: {\n" XMPP_BEGIN
		      "direct_from = [ ]; };\n" IRC_LINE "};\n" LINKS,
		      "");

	assert_int_equal(conf_find_network(conf, "xmpp")->xmpp->n_direct_from,
			 0);
	conf_free(conf);
}

static void
presets_set_the_pace_and_options_override_it(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *options;
		unsigned interval_ms, burst, puppet_connect_ms;
	} cases[] = {
		{ "", 2000, 5, 2000 },
		{ "preset = \"default\";", 2000, 5, 2000 },
		{ "preset = \"libera\";", 2000, 5, 2000 },
		{ "preset = \"oftc\";", 2000, 5, 5000 },
		{ "preset = \"hackint\";", 2000, 4, 2000 },
		{ "preset = \"own\";", 0, 100, 0 },
		{ "preset = \"own\"; interval = 1;", 1000, 100, 0 },
		{ "interval = \"500ms\"; preset = \"oftc\";", 500, 5, 5000 },
		{ "interval = 0;", 0, 5, 2000 },
		{ "burst = 9; preset = \"hackint\";", 2000, 9, 2000 },
		{ "puppet_connect = 0;", 2000, 5, 0 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[2048];

		(void)snprintf(text, sizeof(text),
			       XMPP_AND IRC_BEGIN "%s };\n};\n" LINKS,
			       cases[i].options);

		struct conf *conf = parse(text, "");
		const struct conf_irc *irc =
			conf_find_network(conf, "libera")->irc;

		assert_int_equal(irc->interval_ms, cases[i].interval_ms);
		assert_int_equal(irc->burst, cases[i].burst);
		assert_int_equal(irc->puppet_connect_ms,
				 cases[i].puppet_connect_ms);
		conf_free(conf);
	}
}

static void
a_link_sets_the_defaults_of_its_members(void **state UNUSED)
{
	struct conf *conf =
		parse(NETWORKS "links: { dev: {\n"
			       "nick = \"{nick}[x]\"; direction = \"in\";\n"
			       "kinds = [ \"message\", \"typing\" ];\n"
			       "puppets = false; noise = true;\n"
			       "channels = ( \"xmpp:dev@c\", {\n"
			       "  channel = \"libera:#dev:x\";\n"
			       "  direction = \"out\"; noise = false;\n"
			       "  key = \"file:s\"; } ); }; };\n",
		      "");
	const struct conf_member *a = &conf->links[0].members[0];
	const struct conf_member *b = &conf->links[0].members[1];

	assert_string_equal(a->nick, "{nick}[x]");
	assert_int_equal(a->direction, CONF_IN);
	assert_int_equal(a->kinds, 1 << EVENT_MESSAGE | 1 << EVENT_TYPING);
	assert_false(a->puppets);
	assert_true(a->noise);
	assert_null(a->key);
	assert_int_equal(a->where.line, 9);

	assert_string_equal(b->channel, "#dev:x");
	assert_string_equal(b->nick, "{nick}[x]");
	assert_int_equal(b->direction, CONF_OUT);
	assert_int_equal(b->kinds, a->kinds);
	assert_false(b->puppets);
	assert_false(b->noise);
	assert_string_equal(secret_reveal(b->key), "secret");
	conf_free(conf);
}

static void
what_is_risky_is_warned_about_and_accepted(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *text, *warnings;
	} cases[] = {
		{ "networks: {\n" XMPP_BEGIN
		  "server = \"xmpp.example.org\"; };\n" IRC_LINE "};\n" LINKS,
		  "c.conf:3: warning: the component of network \"xmpp\" is not "
		  "encrypted (XEP-0114 has no TLS), and \"xmpp.example.org\" "
		  "is another machine\n" },
		{ XMPP_AND IRC_BEGIN "tls = \"insecure\"; };\n};\n" LINKS,
		  "c.conf:4: warning: network \"libera\" accepts any "
		  "certificate: somebody between us and the server can read "
		  "and write everything\n" },
		{ XMPP_AND IRC_BEGIN "tls = \"off\"; };\n};\n" LINKS,
		  "c.conf:4: warning: network \"libera\" is not encrypted, and "
		  "its server is another machine\n" },
		{ XMPP_AND "libera: { protocol = \"irc\"; nick = \"n\"; "
		  "tls = \"off\"; server = [ \"localhost\", \"127.0.0.1\" ]; "
		  "};\n};\n" LINKS, "" },
		{ XMPP_AND "libera: { protocol = \"irc\"; nick = \"n\"; "
		  "tls = \"off\"; server = \"localhost\"; sasl: { "
		  "mechanism = \"plain\"; account = \"a\"; password = "
		  "\"file:s\"; }; };\n};\n" LINKS, "" },
		{ NETWORKS, "c.conf:2: warning: no link uses network \"xmpp\"\n"
		  "c.conf:3: warning: no link uses network \"libera\"\n" },
		{ XMPP_AND IRC_LINE "again: { protocol = \"irc\"; nick = "
		  "\"Causeway\"; server = \"IRC.libera.chat\"; };\n};\n"
		  "links: { dev: { channels = [ \"xmpp:dev@c\", "
		  "\"libera:#dev\", \"again:#other\" ]; }; };",
		  "c.conf:4: warning: network \"again\" has the server and the "
		  "nick of \"libera\" (line 3): one will push the other out\n" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		conf_free(parse(cases[i].text, cases[i].warnings));
}

static void
without_tls_the_port_is_another(void **state UNUSED)
{
	struct conf *conf =
		parse(XMPP_AND
		      "libera: { protocol = \"irc\"; nick = \"n\"; "
		      "tls = \"off\"; server = \"localhost\"; };\n};\n" LINKS,
		      "");

	assert_int_equal(
		conf_find_network(conf, "libera")->irc->servers[0].port, 6667);
	conf_free(conf);
}

static void
one_network_may_have_other_nicks_where_it_has_no_puppets(void **state UNUSED)
{
	conf_free(
		parse(NETWORKS
		      "links: {\n"
		      "a: { channels = [ \"xmpp:a@c\", \"libera:#a\" ]; };\n"
		      "b: { nick = \"{nick}[b]\"; channels = ( \"xmpp:b@c\",\n"
		      "{ channel = \"libera:#b\"; puppets = false; } ); };\n"
		      "};",
		      ""));
}

static void
paths_begin_at_the_folder_of_the_file(void **state UNUSED)
{
	char path[4200], cwd[4096];
	AUTO_STR errors;

	str_init(&errors, 4096);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	put_file("c.conf",
		 "database = \"a.db\"; log: { file = \"/l\"; };\n"
		 "control: { socket = \"run/s\"; };\n" NETWORKS LINKS,
		 0644);
	(void)snprintf(path, sizeof(path), "%s/c.conf", cwd);
	assert_int_equal(chdir("/"), 0);

	struct conf *conf = conf_load(path, &errors);

	assert_int_equal(chdir(cwd), 0);
	assert_string_equal(errors.data, "");
	assert_non_null(conf);
	(void)snprintf(path, sizeof(path), "%s/a.db", cwd);
	assert_string_equal(conf->database, path);
	assert_string_equal(conf->log_file, "/l");
	(void)snprintf(path, sizeof(path), "%s/run/s", cwd);
	assert_string_equal(conf->control_socket, path);
	assert_null(conf->control_group);
	conf_free(conf);
}

static void
a_file_may_include_others(void **state UNUSED)
{
	AUTO_STR errors;

	str_init(&errors, 4096);
	put_file("irc.conf", "\n" IRC_LINE, 0644);
	put_file("c.conf",
		 "networks: {\n"
		 "@include \"irc.conf\"\n" XMPP_LINE "};\n" LINKS,
		 0644);

	struct conf *conf = conf_load("c.conf", &errors);

	assert_string_equal(errors.data, "");
	assert_non_null(conf);

	const struct conf_network *net = conf_find_network(conf, "libera");

	assert_string_equal(net->where.file, "irc.conf");
	assert_int_equal(net->where.line, 2);
	assert_string_equal(conf->networks[1].where.file, "c.conf");
	assert_int_equal(conf->networks[1].where.line, 3);
	conf_free(conf);
}

static void
a_comment_may_end_the_file(void **state UNUSED)
{
	conf_free(parse(NETWORKS LINKS " # no newline", ""));
}

static void
networks_are_found_by_name_or_not_at_all(void **state UNUSED)
{
	struct conf *conf = parse(NETWORKS LINKS, "");

	assert_ptr_equal(conf_find_network(conf, "xmpp"), &conf->networks[0]);
	assert_ptr_equal(conf_find_network(conf, "libera"), &conf->networks[1]);
	assert_null(conf_find_network(conf, "Libera"));
	assert_null(conf_find_network(conf, ""));
	conf_free(conf);
	conf_free(NULL);
}

/* ---- the example ------------------------------------------------------- */

/* Its text; with the options that are only shown set, too. */
static char *
read_example(const char *path, bool all)
{
	FILE *f = fopen(path, "re");
	char *text = xcalloc(1, 1 << 16);
	size_t n = 0;
	int c;

	assert_non_null(f);
	for (bool begin = true; (c = getc(f)) != EOF; begin = c == '\n') {
		assert_true(n < (1 << 16) - 2);
		text[n++] = (char)c;
		if (!all || !begin || c != '#')
			continue;
		c = getc(f);
		if (c >= 'a' && c <= 'z')
			n--;
		text[n++] = (char)c;
	}
	(void)fclose(f);
	return text;
}

static struct conf *
load_example(const char *path, bool all)
{
	static const char *const files[] = { "xmpp.secret", "ca.pem",
					     "libera.pem",  "libera.key",
					     "news.key",    "mqtt.pem",
					     "mqtt.key" };
	char *text = read_example(path, all);

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		put_file(files[i], "secret\n", 0600);
	put_file("registration.yaml",
		 "id: x\nsender_localpart: causeway\n"
		 "as_token: 0123456789abcdef\nhs_token: fedcba9876543210\n",
		 0640);
	(void)setenv("LIBERA_PASSWORD", "secret", 1);
	(void)setenv("IRC_PASSWORD", "secret", 1);
	(void)setenv("WEBIRC_SECRET", "secret", 1);
	(void)setenv("MQTT_PASSWORD", "secret", 1);

	struct conf *conf = parse(text, "");

	free(text);
	return conf;
}

static void
the_example_is_right(void **state)
{
	struct conf *conf = load_example(*state, false);

	assert_int_equal(conf->n_networks, 4);
	assert_int_equal(conf->n_links, 4);
	conf_free(conf);
}

/* Compare a field of the example as it is and with all options set. */
#define SAME(field) assert_int_equal(a->field, b->field)
#define SAME_TEXT(field) assert_string_equal(a->field, b->field)

static void
same_hosts(const struct conf_hosts *a, const struct conf_hosts *b)
{
	SAME(port);
	SAME(private);
	SAME(max);
	SAME(linger_s);
}

static void
same_irc(const struct conf_irc *a, const struct conf_irc *b)
{
	SAME(tls);
	SAME_TEXT(user);
	SAME_TEXT(realname);
	SAME(sasl_required);
	SAME(users.tls);
	SAME(users.n_ports);
	SAME(users.names);
	SAME(users.raw);
	SAME(users.channels);
	SAME(users.linger_s);
	SAME_TEXT(charset);
	SAME(interval_ms);
	SAME(burst);
	SAME(puppets);
	SAME(puppet_idle_s);
	SAME(puppet_connect_ms);
	SAME_TEXT(puppet_realname);
	SAME_TEXT(puppet_user);
	SAME(lines_max);
	SAME(window);
	SAME(ping_s);
	SAME(timeout_s);
	SAME(gap_s);
	SAME(away_poll_s);
	SAME(silence_s);
}

static void
same_xmpp(const struct conf_xmpp *a, const struct conf_xmpp *b)
{
	SAME_TEXT(host);
	SAME(port);
	SAME_TEXT(nick);
	SAME(n_direct_from);
	SAME_TEXT(direct_from[0]);
	SAME(ping_s);
	SAME(self_ping_s);
	SAME(window);
	SAME(gateway->n_users);
	SAME_TEXT(gateway->users[0]);
	SAME(gateway->linger_s);
	SAME(gateway->connections);
}

static void
same_mqtt(const struct conf_mqtt *a, const struct conf_mqtt *b)
{
	SAME(tls);
	SAME(version);
	SAME_TEXT(client_id);
	SAME_TEXT(base);
	SAME(session_s);
	SAME(keep_alive_s);
	SAME(window);
	SAME(receive_max);
	SAME(packet_max_kib);
	SAME(topics_max);
}

static void
same_member(const struct conf_member *a, const struct conf_member *b)
{
	SAME(direction);
	SAME(kinds);
	SAME_TEXT(nick);
	SAME(puppets);
	SAME(noise);
}

static void
the_defaults_that_the_example_shows_are_the_real_ones(void **state)
{
	struct conf *a = load_example(*state, false);
	struct conf *b = load_example(*state, true);

	SAME_TEXT(database);
	SAME(log_format);
	SAME(log_level);
	SAME(log_text);
	SAME(queue_rows);
	SAME(queue_mib);
	SAME(queue_age_s);
	same_xmpp(a->networks[0].xmpp, b->networks[0].xmpp);
	same_irc(a->networks[1].irc, b->networks[1].irc);
	same_hosts(a->networks[2].irc->hosts, b->networks[2].irc->hosts);
	same_mqtt(a->networks[3].mqtt, b->networks[3].mqtt);
	same_member(&a->links[1].members[1], &b->links[1].members[1]);

	/* And they were set indeed. */
	assert_null(a->log_file);
	assert_non_null(b->log_file);
	assert_null(a->control_group);
	assert_non_null(b->control_group);
	assert_null(a->links[1].members[1].key);
	assert_non_null(b->links[1].members[1].key);
	assert_null(a->networks[0].xmpp->gateway->fixed);
	assert_non_null(b->networks[0].xmpp->gateway->fixed);
	conf_free(a);
	conf_free(b);
}

int
main(int argc, char **argv)
{
	assert_int_equal(argc, 2);

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_said_has_its_default),
		cmocka_unit_test(an_xmpp_network_has_its_defaults),
		cmocka_unit_test(an_irc_network_has_its_defaults),
		cmocka_unit_test(what_is_not_said_of_a_gateway_has_its_default),
		cmocka_unit_test(every_option_of_a_gateway_is_read),
		cmocka_unit_test(hosts_are_read_and_made_networks),
		cmocka_unit_test(admins_are_people_of_networks),
		cmocka_unit_test(
			a_network_that_only_a_gateway_uses_needs_no_nick),
		cmocka_unit_test(a_network_knows_what_uses_it),
		cmocka_unit_test(a_member_has_its_defaults),
		cmocka_unit_test(top_level_blocks_are_read),
		cmocka_unit_test(every_option_of_an_irc_network_is_read),
		cmocka_unit_test(every_option_of_an_xmpp_network_is_read),
		cmocka_unit_test(nobody_writes_to_puppets_if_the_list_is_empty),
		cmocka_unit_test(presets_set_the_pace_and_options_override_it),
		cmocka_unit_test(a_link_sets_the_defaults_of_its_members),
		cmocka_unit_test(what_is_risky_is_warned_about_and_accepted),
		cmocka_unit_test(without_tls_the_port_is_another),
		cmocka_unit_test(
			one_network_may_have_other_nicks_where_it_has_no_puppets),
		cmocka_unit_test(paths_begin_at_the_folder_of_the_file),
		cmocka_unit_test(a_file_may_include_others),
		cmocka_unit_test(a_comment_may_end_the_file),
		cmocka_unit_test(networks_are_found_by_name_or_not_at_all),
		cmocka_unit_test_prestate(the_example_is_right, argv[1]),
		cmocka_unit_test_prestate(
			the_defaults_that_the_example_shows_are_the_real_ones,
			argv[1]),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
