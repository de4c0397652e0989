/* SPDX-License-Identifier: MIT */
/*
 * test_control.c - what an operator asks, and what a bridge between two
 * imagined networks answers. The clock is turned by hand.
 */

#include "tests/support/test.h"

#include "tests/support/fake.h"

#include "bridge/bridge.h"
#include "bridge/control/verbs.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/store.h"
#include "bridge/str.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>

#define START_MS 1764000000000

/* a and b are networks with a room each, in one link. */
struct town {
	struct world a, b;
	struct conf_network networks[2];
	struct conf_member members[2];
	struct conf_link link;
	struct conf conf;
	struct loop *loop;
	struct store *store;
	struct bridge *bridge;
};

static const struct protocol *const protocols[] = { &fake_protocol, NULL };

static struct conf_member
member(const char *network, const char *channel)
{
	return (struct conf_member){
		.network = network,
		.channel = channel,
		.direction = CONF_BOTH,
		.kinds = (1u << EVENT_KINDS) - 1,
		.nick = "{nick}",
		.puppets = true,
	};
}

static void
quiet(enum log_level level UNUSED, const char *where UNUSED,
      const char *text UNUSED, void *arg UNUSED)
{
}

static int
set_up(void **state)
{
	struct town *t = xcalloc(1, sizeof(*t));
	struct error err;

	log_set_sink(quiet, NULL);
	world_init(&t->a, "a");
	world_init(&t->b, "b");
	t->a.caps = t->b.caps = CAN_PUPPET | CAN_DIRECT;
	t->networks[0] = world_conf(&t->a);
	t->networks[1] = world_conf(&t->b);
	t->members[0] = member("a", "#x");
	t->members[1] = member("b", "#y");
	t->link = (struct conf_link){ .name = "l",
				      .members = t->members,
				      .n_members = 2 };
	t->conf = (struct conf){ .uses = 1, /* our own */
				 .networks = t->networks,
				 .n_networks = 2,
				 .links = &t->link,
				 .n_links = 1,
				 .queue_rows = 10000,
				 .queue_mib = 64,
				 .queue_age_s = 86400 };
	t->loop = loop_new_manual(1, START_MS);
	t->store = store_open_inline(t->loop, ":memory:", &err);
	assert_non_null(t->store);
	t->bridge = bridge_new(t->loop, t->store, &t->conf, protocols, &err);
	assert_non_null(t->bridge);
	*state = t;
	return 0;
}

static void
start(struct town *t)
{
	bridge_start(t->bridge);
	loop_advance(t->loop, 0);
	world_join(&t->a, "#x", "ann");
	world_join(&t->b, "#y", "bob");
	loop_advance(t->loop, 0);
}

static int
tear_down(void **state)
{
	struct town *t = *state;

	bridge_stop(t->bridge, NULL, NULL);
	loop_advance(t->loop, 10000);
	store_close(t->store);
	bridge_free(t->bridge);
	loop_free(t->loop);
	world_finish(&t->a);
	world_finish(&t->b);
	log_set_text(false);
	log_set_sink(NULL, NULL);
	free(t);
	return 0;
}

static json_t *
ask(struct town *t, const char *line)
{
	AUTO_STR out;
	json_t *answer;

	str_init(&out, ANSWER_MAX);
	verbs_answer(t->bridge, line, strlen(line), &out);
	assert_true(out.len > 0 && out.data[out.len - 1] == '\n');
	assert_ptr_equal(strchr(out.data, '\n'), out.data + out.len - 1);
	answer = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(answer);
	loop_advance(t->loop, 0);
	return answer;
}

/* What stands at "networks.0.state", as text; NULL if nothing does. */
static const json_t *
at(const json_t *tree, const char *path)
{
	char key[32];

	while (tree && *path) {
		size_t len = strcspn(path, ".");

		assert_true(len < sizeof(key));
		memcpy(key, path, len);
		key[len] = '\0';
		tree = json_is_array(tree)
			       ? json_array_get(tree, (size_t)atol(key))
			       : json_object_get(tree, key);
		path += len + (path[len] == '.');
	}
	return tree;
}

/* Ask, and compare some members with JSON; NULL: there is no such member. */
struct expectation {
	const char *path, *json;
};

static void
expect(struct town *t, const char *line, const struct expectation *list)
{
	json_t *answer = ask(t, line);

	for (; list->path; list++) {
		const json_t *found = at(answer, list->path);
		char *text = found ? json_dumps(found,
						JSON_ENCODE_ANY | JSON_COMPACT)
				   : NULL;

		if (!text || !list->json) {
			if (text || list->json)
				fail_msg("%s: %s: %s", line, list->path,
					 text ? text : "nothing");
		} else if (strcmp(text, list->json) != 0) {
			fail_msg("%s: %s: %s, not %s", line, list->path, text,
				 list->json);
		}
		free(text);
	}
	json_decref(answer);
}

#define EXPECT(t, line, ...) \
	expect(t, line, (const struct expectation[]){ __VA_ARGS__, { 0 } })

static void
say(struct town *t, const char *text, char id[16])
{
	world_say(&t->a, EVENT_MESSAGE, 0, "#x", "ann", text, NULL, id);
	loop_advance(t->loop, 0);
}

/* ---- asking wrongly ---------------------------------------------------- */

static void
what_is_not_understood_is_answered_with_a_reason(void **state)
{
	static const char *const cases[][2] = {
		{ "", "\"nothing was asked; try \\\"help\\\"\"" },
		{ "stats", "\"unknown verb \\\"stats\\\"; try \\\"help\\\"\"" },
		{ "status now", "\"usage: status\"" },
		{ "trace", "\"usage: trace MESSAGE\"" },
		{ "queue a b", "\"usage: queue [NETWORK[/CHANNEL]]\"" },
		{ "\"", "\"a quotation that does not end\"" },
		{ "queue /x", "\"\\\"/x\\\" is neither NETWORK nor "
			      "NETWORK/CHANNEL\"" },
		{ "queue c", "\"there is no network or channel \\\"c\\\"; see "
			     "\\\"status\\\"\"" },
		{ "retry a/#z", "\"there is no network or channel "
				"\\\"a/#z\\\"; see \\\"status\\\"\"" },
		{ "trace 77", "\"no message has that number or id; it may "
			      "have been too old to be kept\"" },
		{ "trace 99999999999999999999",
		  "\"no message has that number "
		  "or id; it may have been too old to be kept\"" },
	};
	struct town *t = *state;

	start(t);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT(t, cases[i][0], { "ok", "false" },
		       { "error", cases[i][1] }, { "channels", NULL },
		       { "messages", NULL });
}

static void
help_names_every_verb(void **state)
{
	EXPECT(*state, "help", { "ok", "true" },
	       { "verbs.0.verb", "\"status\"" },
	       { "verbs.4.args", "\"MESSAGE\"" },
	       { "verbs.5.verb", "\"help\"" }, { "verbs.6", NULL });
}

/* ---- status ------------------------------------------------------------ */

static void
a_bridge_that_was_not_started_can_be_asked(void **state)
{
	EXPECT(*state, "status", { "ok", "true" }, { "state", "\"idle\"" },
	       { "networks.0.state", "\"down\"" },
	       { "channels.0.state", "\"out\"" },
	       { "channels.0.waiting", "0" });
	EXPECT(*state, "retry", { "ok", "false" },
	       { "error", "\"the bridge is not running\"" });
}

static void
status_shows_networks_and_channels(void **state)
{
	struct town *t = *state;

	start(t);
	loop_advance(t->loop, 65000);
	EXPECT(t, "status", { "ok", "true" }, { "state", "\"running\"" },
	       { "version", "\"" CAUSEWAY_VERSION "\"" }, { "uptime_s", "65" },
	       { "started", "\"2025-11-24T16:00:00.000Z\"" },
	       { "networks.0.network", "\"a\"" },
	       { "networks.0.protocol", "\"fake\"" },
	       { "networks.0.state", "\"up\"" }, { "networks.0.for_s", "65" },
	       { "networks.0.attempts", "0" },
	       { "networks.0.retry_in_s", "null" },
	       { "networks.0.reason", "null" }, { "networks.0.puppets", "1" },
	       { "networks.2", NULL }, { "channels.1.network", "\"b\"" },
	       { "channels.1.channel", "\"#y\"" },
	       { "channels.1.link", "\"l\"" }, { "channels.1.joined", "true" },
	       { "channels.1.state", "\"joined\"" },
	       { "channels.1.members", "1" }, { "channels.1.puppets", "1" },
	       { "channels.1.puppets_refused", "0" },
	       { "channels.1.waiting", "0" }, { "channels.1.oldest_s", "null" },
	       { "channels.1.in_flight", "0" }, { "channels.2", NULL });
}

static void
status_shows_what_waits_for_a_dead_network(void **state)
{
	struct town *t = *state;

	t->b.dead = true;
	start(t);
	say(t, "one", NULL);
	loop_advance(t->loop, 10000);
	say(t, "two", NULL);
	loop_advance(t->loop, 7000);
	EXPECT(t, "status", { "networks.1.state", "\"down\"" },
	       { "channels.1.state", "\"out\"" }, { "channels.1.waiting", "2" },
	       { "channels.1.in_memory", "0" }, { "channels.1.in_flight", "0" },
	       { "channels.1.oldest_s", "17" }, { "channels.0.waiting", "0" });

	json_t *answer = ask(t, "status");

	assert_true(json_integer_value(at(answer, "networks.1.attempts")) > 1);
	assert_true(json_is_integer(at(answer, "networks.1.retry_in_s")));
	assert_true(json_is_string(at(answer, "networks.1.reason")));
	json_decref(answer);
}

static void
status_counts_what_is_under_way(void **state)
{
	struct town *t = *state;

	start(t);
	t->b.mood = FAKE_HOLDS;
	say(t, "one", NULL);
	EXPECT(t, "status", { "channels.1.in_flight", "1" },
	       { "channels.1.waiting", "1" });
	world_confirm(&t->b, 1);
	loop_advance(t->loop, 0);
	EXPECT(t, "status", { "channels.1.in_flight", "0" },
	       { "channels.1.waiting", "0" });
}

static void
status_names_nobody_who_speaks_in_private(void **state)
{
	struct town *t = *state;

	start(t);
	t->b.mood = FAKE_HOLDS;
	world_tell(&t->a, "ann", "b", "bob", "psst");
	loop_advance(t->loop, 0);
	EXPECT(t, "status", { "channels.2", NULL },
	       { "networks.1.private.channels", "1" },
	       { "networks.1.private.waiting", "1" });
	EXPECT(t, "queue", { "channels.0.channel", "\"(private)\"" },
	       { "channels.0.deliveries.0.state", "\"sent\"" });
	world_confirm(&t->b, 1);
}

/* ---- queue and retry --------------------------------------------------- */

static void
queue_lists_what_waits_and_why(void **state)
{
	struct town *t = *state;

	start(t);
	t->b.mood = FAKE_DELAYS;
	say(t, "one", NULL);
	say(t, "two", NULL);
	loop_advance(t->loop, 100);
	EXPECT(t, "queue", { "ok", "true" }, { "channels.0.network", "\"b\"" },
	       { "channels.0.channel", "\"#y\"" },
	       { "channels.0.waiting", "2" },
	       { "channels.0.held_by", "\"it asked for patience\"" },
	       { "channels.0.more", "false" },
	       { "channels.0.deliveries.0.state", "\"waiting\"" },
	       { "channels.0.deliveries.0.age_s", "0" },
	       { "channels.0.deliveries.0.attempts", "1" },
	       { "channels.0.deliveries.0.reason", "\"not now\"" },
	       { "channels.0.deliveries.2", NULL }, { "channels.1", NULL });
	EXPECT(t, "queue b/#Y", { "channels.0.waiting", "2" });
	EXPECT(t, "queue b:#y", { "channels.0.waiting", "2" });
	EXPECT(t, "queue b", { "channels.0.waiting", "2" });
	EXPECT(t, "queue a", { "ok", "true" }, { "channels.0", NULL });
	EXPECT(t, "queue a/#x", { "ok", "true" }, { "channels.0", NULL });
}

static void
a_long_queue_is_cut_unless_it_is_asked_for(void **state)
{
	struct town *t = *state;

	t->b.dead = true;
	start(t);
	for (int i = 0; i < 300; i++)
		say(t, "x", NULL);
	EXPECT(t, "queue", { "channels.0.waiting", "300" },
	       { "channels.0.held_by", "\"the network is not up\"" },
	       { "channels.0.more", "true" },
	       { "channels.0.deliveries.19.state", "\"waiting\"" },
	       { "channels.0.deliveries.20", NULL });
	EXPECT(t, "queue b/#y", { "channels.0.more", "false" },
	       { "channels.0.deliveries.299.attempts", "0" });
	EXPECT(t, "status", { "channels.1.waiting", "300" },
	       { "channels.1.in_memory", "0" });
}

static void
retry_tries_a_dead_network_at_once(void **state)
{
	struct town *t = *state;

	t->b.dead = true;
	start(t);
	say(t, "one", NULL);
	loop_advance(t->loop, 600000);
	t->b.dead = false;
	EXPECT(t, "status", { "networks.1.state", "\"down\"" });
	EXPECT(t, "retry b", { "ok", "true" }, { "networks", "1" },
	       { "queues", "0" });
	loop_advance(t->loop, 0);
	EXPECT(t, "status", { "networks.1.state", "\"up\"" },
	       { "channels.1.waiting", "0" });
	EXPECT(t, "retry", { "networks", "0" }, { "channels", "0" },
	       { "queues", "0" }, { "puppets", "0" });
}

static void
retry_of_another_network_changes_nothing(void **state)
{
	struct town *t = *state;

	t->b.dead = true;
	start(t);
	loop_advance(t->loop, 600000);
	t->b.dead = false;
	EXPECT(t, "retry a", { "networks", "0" });
	EXPECT(t, "status", { "networks.1.state", "\"down\"" });
}

static void
retry_enters_a_lost_channel_at_once(void **state)
{
	struct town *t = *state;

	start(t);
	world_kick(&t->b, "#y", DOWN_REFUSED);
	loop_advance(t->loop, 0);
	EXPECT(t, "status", { "channels.1.state", "\"refused\"" });

	json_t *answer = ask(t, "status");

	assert_true(json_is_string(at(answer, "channels.1.reason")));
	assert_true(json_is_integer(at(answer, "channels.1.retry_in_s")));
	json_decref(answer);
	EXPECT(t, "retry b/#y", { "channels", "1" }, { "networks", "0" });
	EXPECT(t, "status", { "channels.1.state", "\"joined\"" },
	       { "channels.1.retry_in_s", "null" });
}

static void
retry_sends_what_was_put_off_at_once(void **state)
{
	struct town *t = *state;

	start(t);
	t->b.mood = FAKE_DELAYS;
	say(t, "one", NULL);
	t->b.mood = FAKE_CONFIRMS;
	EXPECT(t, "queue", { "channels.0.waiting", "1" });
	EXPECT(t, "retry b/#y", { "queues", "1" });
	EXPECT(t, "queue", { "channels.0", NULL });
}

static void
retry_lets_refused_puppets_ask_again(void **state)
{
	struct town *t = *state;

	t->b.barred = xstrdup("ann");
	start(t);
	EXPECT(t, "status", { "channels.1.puppets", "0" },
	       { "channels.1.puppets_refused", "1" });
	free(t->b.barred);
	t->b.barred = NULL;
	EXPECT(t, "retry b/#y", { "puppets", "1" });
	EXPECT(t, "status", { "channels.1.puppets", "1" },
	       { "channels.1.puppets_refused", "0" });
}

/* ---- trace ------------------------------------------------------------- */

static void
trace_tells_the_whole_life(void **state)
{
	struct town *t = *state;
	char id[16], line[32];

	start(t);
	say(t, "hello", id);
	(void)snprintf(line, sizeof(line), "trace %s", id);
	EXPECT(t, line, { "ok", "true" }, { "messages.0.event", "1" },
	       { "messages.0.kind", "\"message\"" },
	       { "messages.0.network", "\"a\"" },
	       { "messages.0.channel", "\"#x\"" },
	       { "messages.0.private", "false" },
	       { "messages.0.sender_id", "\"ann\"" },
	       { "messages.0.received", "\"2025-11-24T16:00:00.000Z\"" },
	       { "messages.0.text", NULL },
	       { "messages.0.deliveries.0.network", "\"b\"" },
	       { "messages.0.deliveries.0.channel", "\"#y\"" },
	       { "messages.0.deliveries.0.state", "\"confirmed\"" },
	       { "messages.0.deliveries.0.attempts", "1" },
	       { "messages.0.deliveries.0.reason", "null" },
	       { "messages.0.deliveries.1", NULL }, { "messages.1", NULL });
	EXPECT(t, "trace 1", { "messages.0.event", "1" },
	       { "messages.1", NULL });
}

static void
trace_finds_a_message_by_the_id_it_got_elsewhere(void **state)
{
	struct town *t = *state;
	json_t *answer;
	char line[64];

	start(t);
	say(t, "hello", NULL);
	answer = ask(t, "trace 1");
	const char *id =
		json_string_value(at(answer, "messages.0.deliveries.0.ids.0"));
	assert_non_null(id);
	(void)snprintf(line, sizeof(line), "trace \"%s\"", id);
	json_decref(answer);
	answer = ask(t, line);
	assert_true(json_is_true(at(answer, "ok")));
	json_decref(answer);
}

static void
trace_shows_what_people_said_only_if_the_log_may(void **state)
{
	struct town *t = *state;

	start(t);
	say(t, "hello", NULL);
	log_set_text(true);
	EXPECT(t, "trace 1", { "messages.0.text", "\"hello\"" });
	log_set_text(false);
	EXPECT(t, "trace 1", { "messages.0.text", NULL });
}

static void
trace_tells_why_it_did_not_get_there(void **state)
{
	struct town *t = *state;

	start(t);
	t->b.mood = FAKE_REFUSES;
	t->b.why = "banned";
	say(t, "hello", NULL);
	EXPECT(t, "trace 1", { "messages.0.deliveries.0.state", "\"refused\"" },
	       { "messages.0.deliveries.0.attempts", "1" },
	       { "messages.0.deliveries.0.reason", "\"banned\"" },
	       { "messages.0.deliveries.0.ids", "[]" });
}

static void
trace_counts_every_attempt(void **state)
{
	struct town *t = *state;

	start(t);
	t->b.mood = FAKE_DELAYS;
	say(t, "hello", NULL);
	for (int i = 0; i < 2; i++)
		EXPECT(t, "retry", { "queues", "1" });
	EXPECT(t, "trace 1", { "messages.0.deliveries.0.state", "\"waiting\"" },
	       { "messages.0.deliveries.0.attempts", "3" });
	t->b.mood = FAKE_CONFIRMS;
	EXPECT(t, "retry", { "queues", "1" });
	EXPECT(t, "trace 1",
	       { "messages.0.deliveries.0.state", "\"confirmed\"" },
	       { "messages.0.deliveries.0.attempts", "4" },
	       { "messages.0.deliveries.0.reason", "\"not now\"" });
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_not_understood_is_answered_with_a_reason),
		CASE(help_names_every_verb),
		CASE(a_bridge_that_was_not_started_can_be_asked),
		CASE(status_shows_networks_and_channels),
		CASE(status_shows_what_waits_for_a_dead_network),
		CASE(status_counts_what_is_under_way),
		CASE(status_names_nobody_who_speaks_in_private),
		CASE(queue_lists_what_waits_and_why),
		CASE(a_long_queue_is_cut_unless_it_is_asked_for),
		CASE(retry_tries_a_dead_network_at_once),
		CASE(retry_of_another_network_changes_nothing),
		CASE(retry_enters_a_lost_channel_at_once),
		CASE(retry_sends_what_was_put_off_at_once),
		CASE(retry_lets_refused_puppets_ask_again),
		CASE(trace_tells_the_whole_life),
		CASE(trace_finds_a_message_by_the_id_it_got_elsewhere),
		CASE(trace_shows_what_people_said_only_if_the_log_may),
		CASE(trace_tells_why_it_did_not_get_there),
		CASE(trace_counts_every_attempt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
