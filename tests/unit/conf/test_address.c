/* SPDX-License-Identifier: MIT */
/* test_address.c - what the addresses of a gateway mean. */

#include "tests/support/test.h"

#include "conf/address.h"
#include "conf/conf.h"

#include <string.h>

static const struct conf_server libera_servers[] = {
	{ "irc.libera.chat", 6697 },
	{ "irc.eu.libera.chat", 6697 },
};
static const struct conf_server oftc_servers[] = { { "irc.oftc.net", 6697 } };
static const struct conf_irc libera_irc = { .servers = libera_servers,
					    .n_servers = 2 };
static const struct conf_irc oftc_irc = { .servers = oftc_servers,
					  .n_servers = 1 };
static const struct conf_network libera = { .name = "libera",
					    .irc = &libera_irc };
static const struct conf_network oftc = { .name = "oftc", .irc = &oftc_irc };
static const struct conf_matrix homeserver = { .server_name = "h" };
static const struct conf_network mx = { .name = "mx", .matrix = &homeserver };
static const struct conf_network *const networks[] = { &libera, &oftc, &mx };
static const struct conf_gateway open_gateway = { .networks = networks,
						  .n_networks = 3 };
static const struct conf_gateway fixed_gateway = { .networks = networks,
						   .n_networks = 3,
						   .fixed = &libera };

static const char *const allow[] = { "*.example.org", "192.0.2.*" };
static const char *const deny[] = { "bad.example.org" };
static const struct conf_hosts hosts = {
	.allow = allow, .n_allow = 2, .deny = deny, .n_deny = 1
};
static const struct conf_irc others_irc = { .hosts = &hosts };
static const struct conf_network others = { .name = "others",
					    .irc = &others_irc };
static const struct conf_gateway wide_gateway = { .networks = networks,
						  .n_networks = 2,
						  .hosts = &others };
static const struct conf_gateway wide_fixed_gateway = { .networks = networks,
							.n_networks = 2,
							.hosts = &others,
							.fixed = &libera };

struct row {
	const char *local;
	enum address_kind kind;
	const struct conf_network *network;
	const char *name;
	const char *canonical; /* NULL: none is asked for */
};

static void
check(const struct conf_gateway *gateway, const struct row *row)
{
	struct address_place place;
	char out[3 * ESCAPED_MAX + 3];

	address_read(gateway, row->local, &place);
	assert_int_equal(place.kind, row->kind);
	assert_ptr_equal(place.network, row->network);
	assert_string_equal(place.name, row->name);
	if (!row->canonical)
		return;
	assert_true(address_write(gateway, &place, "gw", out, sizeof(out)));
	assert_string_equal(out, row->canonical);
}

static void
addresses_name_a_place_on_a_network(void **state UNUSED)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "", ADDRESS_GATEWAY, NULL, "", "gw" },
		{ "libera", ADDRESS_NETWORK, &libera, "", "libera@gw" },
		{ "irc.oftc.net", ADDRESS_NETWORK, &oftc, "", "oftc@gw" },
		{ "#dev%libera", ADDRESS_CHANNEL, &libera, "#dev", "#dev%libera@gw" },
		{ "&dev%libera", ADDRESS_CHANNEL, &libera, "&dev", "\\26dev%libera@gw" },
		{ "\\26dev%libera", ADDRESS_CHANNEL, &libera, "&dev", "\\26dev%libera@gw" },
		{ "#dev%irc.libera.chat", ADDRESS_CHANNEL, &libera, "#dev", "#dev%libera@gw" },
		{ "#dev%irc.eu.libera.chat", ADDRESS_CHANNEL, &libera, "#dev", "#dev%libera@gw" },
		{ "ann%oftc", ADDRESS_PERSON, &oftc, "ann", "ann%oftc@gw" },
		{ "#x%y%libera", ADDRESS_CHANNEL, &libera, "#x%y", "#x%y%libera@gw" },
		{ "#libera%oftc%libera", ADDRESS_CHANNEL, &libera, "#libera%oftc", "#libera%oftc%libera@gw" },
		{ "#b\\40byfoot%libera", ADDRESS_CHANNEL, &libera, "#b@byfoot", "#b\\40byfoot%libera@gw" },
		{ "#a{b}^%libera", ADDRESS_CHANNEL, &libera, "#a{b}^", "#a{b}^%libera@gw" },
		{ "#caf=c3=a9%libera", ADDRESS_CHANNEL, &libera, "#caf\xc3\xa9", "#caf=c3=a9%libera@gw" },
		{ "#caf\xc3\xa9%libera", ADDRESS_CHANNEL, &libera, "#caf\xc3\xa9", "#caf=c3=a9%libera@gw" },
		{ "#=44ev%libera", ADDRESS_CHANNEL, &libera, "#dev", "#dev%libera@gw" },
		{ "#=48all\\3ah%mx", ADDRESS_CHANNEL, &mx, "#Hall:h", "#=48all\\3ah%mx@gw" },
		{ "#hall%h%mx", ADDRESS_CHANNEL, &mx, "#hall%h", "#hall%h%mx@gw" },
		{ "!=4fp=41que%mx", ADDRESS_CHANNEL, &mx, "!OpAque", "!=4fp=41que%mx@gw" },
		{ "\\40ann\\3ah%mx", ADDRESS_PERSON, &mx, "@ann:h", "\\40ann\\3ah%mx@gw" },
		{ "nick\\5c20%libera", ADDRESS_PERSON, &libera, "nick\\20", "nick\\5c20%libera@gw" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check(&open_gateway, &rows[i]);
}

static void
with_a_fixed_network_it_needs_no_name(void **state UNUSED)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "", ADDRESS_GATEWAY, NULL, "", "gw" },
		{ "#dev", ADDRESS_CHANNEL, &libera, "#dev", "#dev@gw" },
		{ "#dev%libera", ADDRESS_CHANNEL, &libera, "#dev", "#dev@gw" },
		{ "#dev%oftc", ADDRESS_CHANNEL, &oftc, "#dev", "#dev%oftc@gw" },
		{ "#x%y", ADDRESS_CHANNEL, &libera, "#x%y", "#x%y@gw" },
		{ "#x%oftc%libera", ADDRESS_CHANNEL, &libera, "#x%oftc", "#x%oftc%libera@gw" },
		{ "ann", ADDRESS_PERSON, &libera, "ann", "ann@gw" },
		{ "ann%oftc", ADDRESS_PERSON, &oftc, "ann", "ann%oftc@gw" },
		{ "libera", ADDRESS_PERSON, &libera, "libera", "libera@gw" },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check(&fixed_gateway, &rows[i]);
}

/* With a label of its own, the host; what stands for it is all the same. */
static void
hosts_that_are_permitted_are_networks(void **state UNUSED)
{
	static const struct {
		const char *local, *label;
		enum address_kind kind;
		const char *canonical;
	} rows[] = {
		{ "irc.example.org", "irc.example.org", ADDRESS_NETWORK,
		  "irc.example.org@gw" },
		{ "#dev%irc.example.org", "irc.example.org", ADDRESS_CHANNEL,
		  "#dev%irc.example.org@gw" },
		{ "#dev%IRC.Example.org", "irc.example.org", ADDRESS_CHANNEL,
		  "#dev%irc.example.org@gw" },
		{ "ann%192.0.2.1", "192.0.2.1", ADDRESS_PERSON,
		  "ann%192.0.2.1@gw" },
		{ "#dev%irc.oftc.net", "oftc", ADDRESS_CHANNEL,
		  "#dev%oftc@gw" },
	};
	static const char *const denied[] = {
		"#x%bad.example.org", "ann%BAD.example.org", "bad.example.org",
		"#x%example.org",     "#x%irc.example.net",
	};
	static const char *const foreign[] = {
		"others",
		"#x%others",
		"#x%.example.org",
		"#x%irc..example.org",
		"#x%irc.example.org.",
		"#x%-.example.org",
		"#x%i_c.example.org",
		"%irc.example.org",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct address_place place;
		char out[3 * ESCAPED_MAX + 3];

		address_read(&wide_gateway, rows[i].local, &place);
		assert_int_equal(place.kind, rows[i].kind);
		assert_string_equal(place.label, rows[i].label);
		assert_true(address_write(&wide_gateway, &place, "gw", out,
					  sizeof(out)));
		assert_string_equal(out, rows[i].canonical);
	}
	for (size_t i = 0; i < ARRAY_SIZE(denied); i++) {
		struct address_place place;

		address_read(&wide_gateway, denied[i], &place);
		assert_int_equal(place.kind, ADDRESS_DENIED);
	}
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		check(&wide_gateway, &(struct row){ foreign[i], ADDRESS_FOREIGN,
						    NULL, "", NULL });
}

static void
a_fixed_network_and_hosts_go_together(void **state UNUSED)
{
	struct address_place place;
	char out[3 * ESCAPED_MAX + 3];

	check(&wide_fixed_gateway, &(struct row){ "#dev", ADDRESS_CHANNEL,
						  &libera, "#dev", "#dev@gw" });
	check(&wide_fixed_gateway,
	      &(struct row){ "x.example.org", ADDRESS_PERSON, &libera,
			     "x.example.org", "x.example.org@gw" });
	address_read(&wide_fixed_gateway, "#x%irc.example.org%libera", &place);
	assert_string_equal(place.name, "#x%irc.example.org");
	assert_true(address_write(&wide_fixed_gateway, &place, "gw", out,
				  sizeof(out)));
	assert_string_equal(out, "#x%irc.example.org%libera@gw");
}

static void
what_leads_nowhere_is_foreign(void **state UNUSED)
{
	static const char *const locals[] = {
		"nowhere",    "#dev", "#dev%nowhere", "ann%",   "%libera",
		"%",          "%%",   "#dev%libera%", "Libera", "#dev%libera ",
		"ann%LIBERA",
	};
	char large[ESCAPED_MAX + 2];

	memset(large, 'a', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(locals); i++)
		check(&open_gateway, &(struct row){ locals[i], ADDRESS_FOREIGN,
						    NULL, "", NULL });
	check(&fixed_gateway,
	      &(struct row){ large, ADDRESS_FOREIGN, NULL, "", NULL });
	check(NULL,
	      &(struct row){ "#dev%libera", ADDRESS_FOREIGN, NULL, "", NULL });
}

static void
people_have_the_address_that_leads_to_them(void **state UNUSED)
{
	char out[256];

	assert_true(address_of_person(&open_gateway, "ann", "libera", "gw", out,
				      sizeof(out)));
	assert_string_equal(out, "ann%libera@gw");
	assert_true(address_of_person(&fixed_gateway, "ann", "libera", "gw",
				      out, sizeof(out)));
	assert_string_equal(out, "ann@gw");
	assert_true(address_of_person(&open_gateway, "irc.libera.chat",
				      "libera", "gw", out, sizeof(out)));
	assert_string_equal(out, "libera@gw");
	assert_true(address_of_person(&fixed_gateway, "ann", "mx", "gw", out,
				      sizeof(out)));
	assert_string_equal(out, "ann%mx@gw");
	assert_true(address_of_person(NULL, "ann", "libera", "gw", out,
				      sizeof(out)));
	assert_string_equal(out, "ann%libera@gw");
	assert_false(address_of_person(&fixed_gateway, "ann", "libera", "gw",
				       out, 4));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_name_a_place_on_a_network),
		cmocka_unit_test(with_a_fixed_network_it_needs_no_name),
		cmocka_unit_test(hosts_that_are_permitted_are_networks),
		cmocka_unit_test(a_fixed_network_and_hosts_go_together),
		cmocka_unit_test(what_leads_nowhere_is_foreign),
		cmocka_unit_test(people_have_the_address_that_leads_to_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
