/* SPDX-License-Identifier: MIT */
/*
 * test_register.c - registration, as scripted dialogues: "<" is what the
 * server says, ">" what we must answer to it, "=" the verdict, which is going
 * on where nothing stands.
 */

#include "tests/support/test.h"

#include "protocols/irc/register.h"

#include <stdbool.h>
#include <string.h>

static const char *const verdicts[] = {
	[IRC_GOING] = "going",         [IRC_REGISTERED] = "registered",
	[IRC_NICK_BUSY] = "busy",      [IRC_FAILED] = "failed",
	[IRC_FORBIDDEN] = "forbidden",
};

struct setting {
	struct irc_identity id;
	const char *pass, *sasl_pass;
};

struct talk {
	struct irc_register r;
	struct irc_identity id;
	struct secret *pass, *sasl_pass;
	struct str wire;
};

static void
talk_init(struct talk *t, const struct setting *setting)
{
	t->id = setting->id;
	t->pass = t->sasl_pass = NULL;
	if (setting->pass)
		t->pass = secret_new(setting->pass, strlen(setting->pass));
	if (setting->sasl_pass)
		t->sasl_pass = secret_new(setting->sasl_pass,
					  strlen(setting->sasl_pass));
	t->id.password = t->pass;
	t->id.sasl_password = t->sasl_pass;
	if (!t->id.nick)
		t->id.nick = "ann";
	if (!t->id.user)
		t->id.user = "ann";
	if (!t->id.realname)
		t->id.realname = "Ann Example";
	if (!t->id.seed)
		t->id.seed = "j@x";
	str_init(&t->wire, 100000);
	irc_register_init(&t->r, &t->id);
	irc_register_start(&t->r, &t->wire);
}

static void
talk_finish(struct talk *t)
{
	irc_register_finish(&t->r);
	secret_free(t->pass);
	secret_free(t->sasl_pass);
	str_finish(&t->wire);
}

/* What stands on the wire is these lines, and it is empty then. */
static void
expect(struct talk *t, const struct str *want)
{
	AUTO_STR got;

	str_init(&got, 100000);
	for (size_t i = 0; i < t->wire.len; i++) {
		if (t->wire.data[i] != '\r')
			str_add_char(&got, t->wire.data[i]);
	}
	assert_string_equal(got.data, want->data);
	str_clear(&t->wire);
}

static enum irc_verdict
server_says(struct talk *t, const char *text, size_t len)
{
	struct irc_line line;

	assert_true(irc_line_read(&line, text, len));
	return irc_register_line(&t->r, &line, &t->wire);
}

static void
play(struct talk *t, const char *const *script)
{
	enum irc_verdict verdict = IRC_GOING;
	bool checked = true;
	AUTO_STR want;

	str_init(&want, 100000);
	for (; *script; script++) {
		const char *text = *script + 1;

		if (**script == '>') {
			str_add(&want, text);
			str_add_char(&want, '\n');
			continue;
		}
		if (**script == '=') {
			assert_string_equal(verdicts[verdict], text);
			checked = true;
			continue;
		}
		expect(t, &want);
		str_clear(&want);
		assert_true(checked || verdict == IRC_GOING);
		verdict = server_says(t, text, strlen(text));
		checked = false;
	}
	expect(t, &want);
	assert_true(checked || verdict == IRC_GOING);
}

#define START ">CAP LS 302", ">NICK ann", ">USER ann 0 * :Ann Example"
#define END ">CAP END", "<:s 001 ann :Welcome", "=registered"

#define CAPS_SOME (IRC_CAP_SERVER_TIME | IRC_CAP_BATCH)

static const struct setting bare = { .id = { .caps = CAPS_SOME } };

static void
dialogue(const struct setting *setting, const char *const *script)
{
	struct talk t;

	talk_init(&t, setting);
	play(&t, script);
	talk_finish(&t);
}

#define DIALOGUE(setting, ...) \
	dialogue(setting, (const char *const[]){ __VA_ARGS__, NULL })

/* ---- without SASL ------------------------------------------------------ */

static void
a_server_without_cap_just_welcomes(void **state UNUSED)
{
	DIALOGUE(&bare, START, "<:s NOTICE * :*** Looking up",
		 "<:s 001 ann :Welcome", "=registered");
	DIALOGUE(&bare, START, "<:s 421 * CAP :Unknown command",
		 "<:s 001 ann :Welcome", "=registered");
	DIALOGUE(&bare, START, "<:s 451 CAP :You have not registered",
		 "<:s 001 ann :Welcome", "=registered");
}

static void
wanted_capabilities_are_requested(void **state UNUSED)
{
	struct talk t;
	static const char *const script[] = {
		START,
		"<:s CAP * LS :batch sts=port=1 server-time away-notify x",
		">CAP REQ :server-time batch",
		"<PING :abc",
		">PONG :abc",
		"<:s CAP * ACK :server-time batch ",
		END,
		NULL,
	};

	talk_init(&t, &bare);
	play(&t, script);
	assert_int_equal(t.r.caps, CAPS_SOME);
	assert_true(t.r.registered);
	talk_finish(&t);
}

static void
a_list_of_several_lines_is_awaited(void **state UNUSED)
{
	DIALOGUE(&bare, START, "<:s CAP * LS * :a b server-time c",
		 "<:s CAP * LS * :d", "<:s CAP * LS :batch",
		 ">CAP REQ :server-time batch", "<:s CAP * ACK :batch",
		 "<:s CAP * ACK :server-time", END);
	DIALOGUE(&bare, START, "<:s CAP * LS * :server-time",
		 "<:s CAP * LS :", ">CAP REQ :server-time",
		 "<:s CAP * NAK :server-time", END);
	DIALOGUE(&bare, START, "<:s CAP * LS :", END);
	DIALOGUE(&bare, START, "<:s CAP * LS", END);
}

static void
all_capabilities_fit_in_lawful_requests(void **state UNUSED)
{
	struct setting all = { .id = { .caps = ~0U,
				       .sasl = IRC_SASL_EXTERNAL } };
	struct talk t;
	struct irc_line line;
	AUTO_STR ls;

	str_init(&ls, 1000);
	str_add(&ls, ":s CAP * LS :");
	for (unsigned bit = 1; bit <= IRC_CAP_NO_IMPLICIT_NAMES; bit <<= 1) {
		assert_string_not_equal(irc_cap_name(bit), "?");
		str_printf(&ls, "%s ", irc_cap_name(bit));
	}
	assert_true(ls.len < 510);
	talk_init(&t, &all);
	str_clear(&t.wire);
	assert_true(irc_line_read(&line, ls.data, ls.len));
	irc_register_line(&t.r, &line, &t.wire);
	assert_non_null(strstr(t.wire.data, "CAP REQ :sasl\r\n"));
	assert_non_null(strstr(t.wire.data, "no-implicit-names\r\n"));
	for (const char *p = t.wire.data; *p; p = strchr(p, '\n') + 1)
		assert_true(strchr(p, '\n') - p < 512);
	talk_finish(&t);
}

static void
a_refused_capability_is_done_without(void **state UNUSED)
{
	struct talk t;
	static const char *const script[] = {
		START,
		"<:s CAP * LS :batch server-time",
		">CAP REQ :server-time batch",
		"<:s CAP * NAK :server-time batch",
		END,
		NULL,
	};

	talk_init(&t, &bare);
	play(&t, script);
	assert_int_equal(t.r.caps, 0);
	talk_finish(&t);
}

static void
what_was_not_wanted_is_not_granted(void **state UNUSED)
{
	struct talk t;
	static const char *const script[] = {
		START,
		"<:s CAP * ACK :echo-message sasl",
		"<:s CAP * LS :batch echo-message sasl",
		">CAP REQ :batch",
		"<:s CAP * ACK :echo-message",
		"<:s CAP * ACK :batch",
		END,
		NULL,
	};

	talk_init(&t, &bare);
	play(&t, script);
	assert_int_equal(t.r.caps, IRC_CAP_BATCH);
	talk_finish(&t);
}

static void
capabilities_come_and_go_later(void **state UNUSED)
{
	struct setting setting = { .id = { .caps = IRC_CAP_BATCH |
						   IRC_CAP_MULTILINE,
					   .sasl = IRC_SASL_PLAIN } };
	struct talk t;
	static const char *const begin[] = {
		START,
		"<:s CAP * LS :batch draft/multiline=max-bytes=4096",
		">CAP REQ :batch draft/multiline",
		"<:s CAP * ACK :batch draft/multiline",
		END,
		NULL,
	};
	static const char *const gone[] = {
		"<:s CAP ann DEL :draft/multiline batch x", NULL
	};
	static const char *const back[] = {
		"<:s CAP ann NEW :x sasl=PLAIN batch",
		">CAP REQ :batch",
		"<:s CAP ann ACK :batch",
		"<:s CAP ann NEW :batch",
		"<PING :not ours to answer any more",
		"<:s 433 ann bob :In use",
		NULL,
	};

	talk_init(&t, &setting);
	play(&t, begin);
	assert_int_equal(t.r.caps, IRC_CAP_BATCH | IRC_CAP_MULTILINE);
	assert_string_equal(t.r.multiline, "max-bytes=4096");
	play(&t, gone);
	assert_int_equal(t.r.caps, 0);
	assert_string_equal(t.r.multiline, "");
	play(&t, back);
	assert_int_equal(t.r.caps, IRC_CAP_BATCH);
	talk_finish(&t);
}

static void
a_password_is_sent_before_the_nick(void **state UNUSED)
{
	struct setting setting = bare;

	setting.pass = "pass word:%n";
	DIALOGUE(&setting, ">CAP LS 302", ">PASS :pass word:%n", ">NICK ann",
		 ">USER ann 0 * :Ann Example", "<:s 001 ann :Welcome",
		 "=registered");
}

static void
garbage_in_between_changes_nothing(void **state UNUSED)
{
	DIALOGUE(&bare, START, "<NICK foo", "<NOTICE", "<:x PRIVMSG", "<CAP",
		 "<:s CAP *", "<:s CAP * FOO :batch", "<AUTHENTICATE",
		 "<AUTHENTICATE +", "<:s 900", "<:s 903", "<:s 904 * :no",
		 "<:s 908 * PLAIN :x", "<:s 421", "<:s 005 x", "<FAIL * A :b",
		 "<:s CAP * LS := -= ~ -batch= =x ~~server-time  ",
		 ">CAP REQ :batch", "<:s CAP * ACK :batch", END);
}

/* ---- nicks ------------------------------------------------------------- */

static void
the_next_nick_is_tried(void **state UNUSED)
{
	struct talk t;
	static const char *const script[] = {
		START,
		"<:s 433 * ann :In use",
		"=busy",
		">NICK ann2",
		"<:s 436 * ann2 :Collision",
		"=busy",
		">NICK ann3",
		"<:s 437 * ann3 :Unavailable",
		"=busy",
		">NICK ann4",
		"<:s 438 * ann4 :Too fast",
		"=busy",
		">NICK ann5",
		"<:s CAP * LS :",
		">CAP END",
		"<:s 433 * ann5 :In use",
		"=busy",
		">NICK ann6",
		"<:s 001 ANN6 :Welcome",
		"=registered",
		NULL,
	};

	talk_init(&t, &bare);
	play(&t, script);
	assert_string_equal(t.r.nick, "ANN6");
	talk_finish(&t);
}

static void
who_wants_one_nick_gets_no_other(void **state UNUSED)
{
	static const struct {
		const char *line;
		unsigned refused;
	} cases[] = {
		{ ":s 433 * ann :In use", 433 },
		{ ":s 432 * ann :Erroneous", 432 },
		{ ":s 436 * ann :Collision", 436 },
		{ ":s 437 * ann :Unavailable", 437 },
	};
	struct setting setting = bare;

	setting.id.exact = true;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct talk t;

		talk_init(&t, &setting);
		str_clear(&t.wire);
		assert_int_equal(server_says(&t, cases[i].line,
					     strlen(cases[i].line)),
				 IRC_FORBIDDEN);
		assert_int_equal(t.wire.len, 0);
		assert_int_equal(t.r.refused, cases[i].refused);
		talk_finish(&t);
	}
}

static void
in_the_end_no_nick_is_left(void **state UNUSED)
{
	struct talk t;
	int tried = 1;

	talk_init(&t, &bare);
	for (;;) {
		enum irc_verdict verdict =
			server_says(&t, ":s 433 * x :Nope", 16);

		if (verdict == IRC_FAILED)
			break;
		assert_int_equal(verdict, IRC_NICK_BUSY);
		tried++;
		assert_true(tried < 100);
	}
	assert_int_equal(tried, 12);
	assert_string_equal(t.r.why,
			    "the server takes none of the nicks tried: Nope");
	talk_finish(&t);
}

static void
a_nick_that_is_refused_gets_shorter_and_then_made_up(void **state UNUSED)
{
	struct setting setting = bare;

	setting.id.nick = "averyveryverylongnick";
	DIALOGUE(&setting, ">CAP LS 302", ">NICK averyveryverylongnick",
		 ">USER ann 0 * :Ann Example",
		 "<:s 432 * averyveryverylongnick :Too long", "=busy",
		 ">NICK averyver2", "<:s 432 * averyver2 :Erroneous", "=busy",
		 ">NICK ug2v6g53", "<:s 001 ug2v6g53 :Hi", "=registered");
}

static void
a_long_nick_in_use_does_not_grow(void **state UNUSED)
{
	struct setting setting = bare;

	setting.id.nick = "averylongnick";
	DIALOGUE(&setting, ">CAP LS 302", ">NICK averylongnick",
		 ">USER ann 0 * :Ann Example",
		 "<:s 433 * averylongnick :In use", "=busy",
		 ">NICK averylongnic2");
}

static void
a_nick_that_we_cannot_have_is_not_believed(void **state UNUSED)
{
	static const char *const cases[] = {
		":s 001",
		":s 001 :",
		":s 001 :a b",
		":s 001 #x :y",
		":s 001 a,b :y",
		(":s 001 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa :y"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct talk t;

		talk_init(&t, &bare);
		assert_int_equal(server_says(&t, cases[i], strlen(cases[i])),
				 IRC_REGISTERED);
		assert_string_equal(t.r.nick, "ann");
		talk_finish(&t);
	}
}

static void
a_poisoned_identity_still_makes_lawful_lines(void **state UNUSED)
{
	static const char *const poisons[] = {
		"",     " ",        "a b",          "a\r\nQUIT :x", "\n",
		"\r",   "\x01",     ":a",           "#a",           "%s%n",
		"@x!y", "\xff\xfe", "\xe2\x80\xa8", "a\0034b",
	};

	for (size_t i = 0; i < ARRAY_SIZE(poisons); i++) {
		struct setting setting = {
			.id = { .nick = poisons[i],
				.user = poisons[i],
				.realname = poisons[i],
				.seed = poisons[i],
				.account = poisons[i] },
			.pass = poisons[i],
		};
		struct irc_line line;
		struct talk t;
		size_t lines = 0;

		talk_init(&t, &setting);
		for (char *p = t.wire.data; *p; lines++) {
			char *end = strstr(p, "\r\n");

			assert_non_null(end);
			assert_true(irc_line_read(&line, p, (size_t)(end - p)));
			assert_true(!strcmp(line.command, "CAP") ||
				    !strcmp(line.command, "PASS") ||
				    !strcmp(line.command, "NICK") ||
				    !strcmp(line.command, "USER"));
			p = end + 2;
		}
		assert_string_equal(line.command, "USER");
		assert_int_equal(line.n_params, 4);
		assert_true(lines == 3 || lines == 4);
		talk_finish(&t);
	}
}

static void
a_long_real_name_is_cut(void **state UNUSED)
{
	struct setting setting = bare;
	char name[2000];
	struct talk t;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	setting.id.realname = name;
	setting.id.user = name;
	setting.id.nick = name;
	talk_init(&t, &setting);
	assert_non_null(strstr(t.wire.data, "\r\nNICK xxx"));
	assert_non_null(strstr(t.wire.data, "\r\nUSER xxx"));
	assert_true(t.wire.len < 400);
	talk_finish(&t);
}

/* ---- refusals ---------------------------------------------------------- */

static void
refusals_are_told_apart(void **state UNUSED)
{
	/* clang-format off */
	static const struct {
		const char *line;
		enum irc_verdict verdict;
	} cases[] = {
		{ ":s 464 * :Password incorrect", IRC_FORBIDDEN },
		{ ":s 465 * :You are banned", IRC_FORBIDDEN },
		{ ":s 466 *", IRC_FORBIDDEN },
		{ ":s 451 * :You have not registered", IRC_FAILED },
		{ ":s 461 * USER :Not enough parameters", IRC_FAILED },
		{ "ERROR :Closing Link: 1.2.3.4 (K-Lined)", IRC_FORBIDDEN },
		{ "ERROR :Closing link: (a@b) [G-Lined: spam]", IRC_FORBIDDEN },
		{ "ERROR :Z-Lined", IRC_FORBIDDEN },
		{ "ERROR :Closing Link: x (You are banned from X)", IRC_FORBIDDEN },
		{ "ERROR :(ban) bye", IRC_FORBIDDEN },
		{ "ERROR :Closing Link: x (Autokilled: flood)", IRC_FORBIDDEN },
		{ "ERROR :Trying to reconnect too fast.", IRC_FAILED },
		{ "ERROR :Your host is throttled, banned for a minute", IRC_FAILED },
		{ "ERROR :Too many connections from your IP", IRC_FAILED },
		{ "ERROR :Server full, try again later", IRC_FAILED },
		{ "ERROR :Closing Link: [urban.example.org] (Ping timeout)", IRC_FAILED },
		{ "ERROR :The deadline passed, bandwidth", IRC_FAILED },
		{ "ERROR :", IRC_FAILED },
		{ "ERROR", IRC_FAILED },
		{ "ERROR :Closing Link: by \xff\x02 x", IRC_FAILED },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct talk t;

		talk_init(&t, &bare);
		assert_int_equal(server_says(&t, cases[i].line,
					     strlen(cases[i].line)),
				 cases[i].verdict);
		assert_true(strlen(t.r.why) > 10);
		talk_finish(&t);
	}
}

static void
our_own_nick_is_not_taken_for_a_ban(void **state UNUSED)
{
	static const char said[] = "ERROR :Closing Link: Banned (Timeout)";
	struct setting setting = bare;
	struct talk t;

	setting.id.nick = "banned";
	talk_init(&t, &setting);
	assert_int_equal(server_says(&t, said, strlen(said)), IRC_FAILED);
	talk_finish(&t);
}

/* ---- SASL -------------------------------------------------------------- */

#define SASL_START(mechanism)                                     \
	START, "<:s CAP * LS :sasl=PLAIN,EXTERNAL,SCRAM-SHA-256", \
		">CAP REQ :sasl", "<:s CAP * ACK :sasl",          \
		">AUTHENTICATE " mechanism
#define SASL_DONE \
	"<:s 900 ann ann!a@h acc :You are now logged in", "<:s 903 ann :ok", END

static const struct setting plain = {
	.id = { .sasl = IRC_SASL_PLAIN,
		.account = "acc",
		.sasl_required = true },
	.sasl_pass = "sesame",
};

static void
plain_logs_in(void **state UNUSED)
{
	struct talk t;
	static const char *const script[] = {
		SASL_START("PLAIN"),
		"<AUTHENTICATE +",
		">AUTHENTICATE YWNjAGFjYwBzZXNhbWU=",
		SASL_DONE,
		NULL,
	};

	talk_init(&t, &plain);
	play(&t, script);
	assert_string_equal(t.r.account, "acc");
	talk_finish(&t);
}

static void
external_logs_in(void **state UNUSED)
{
	struct setting setting = plain;

	setting.id.sasl = IRC_SASL_EXTERNAL;
	DIALOGUE(&setting, SASL_START("EXTERNAL"), "<AUTHENTICATE +",
		 ">AUTHENTICATE YWNj", SASL_DONE);
	setting.id.account = NULL;
	DIALOGUE(&setting, SASL_START("EXTERNAL"), "<AUTHENTICATE +",
		 ">AUTHENTICATE +", SASL_DONE);
}

static void
a_long_answer_is_sent_in_chunks(void **state UNUSED)
{
	/* With 8 bytes of account: 297, 300, 301 and 600. */
	static const size_t lengths[] = { 289, 292, 293, 592 };
	static const size_t lines[] = { 1, 2, 2, 3 };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct setting setting = plain;
		char password[700];
		struct talk t;
		size_t n = 0;

		memset(password, 'p', sizeof(password));
		password[lengths[i]] = '\0';
		setting.sasl_pass = password;
		talk_init(&t, &setting);
		server_says(&t, ":s CAP * LS :sasl", 17);
		server_says(&t, ":s CAP * ACK :sasl", 18);
		str_clear(&t.wire);
		server_says(&t, "AUTHENTICATE +", 14);
		for (const char *p = t.wire.data; *p;
		     p = strstr(p, "\r\n") + 2, n++) {
			size_t len = (size_t)(strstr(p, "\r\n") - p) - 13;

			assert_memory_equal(p, "AUTHENTICATE ", 13);
			assert_true(len == 400 || n == lines[i] - 1);
		}
		assert_int_equal(n, lines[i]);
		if (lengths[i] == 292 || lengths[i] == 592)
			assert_string_equal(t.wire.data + t.wire.len - 16,
					    "AUTHENTICATE +\r\n");
		talk_finish(&t);
	}
}

static void
a_refused_login_ends_it_if_required(void **state UNUSED)
{
	static const char *const refusals[] = {
		"<:s 902 ann :Nick locked",
		"<:s 904 ann :Failed",
		"<:s 905 ann :Too long",
		"<:s 906 ann :Aborted",
		"<:s 421 ann AUTHENTICATE :Unknown command",
	};

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct setting setting = plain;

		DIALOGUE(&setting, SASL_START("PLAIN"), "<AUTHENTICATE +",
			 ">AUTHENTICATE YWNjAGFjYwBzZXNhbWU=", refusals[i],
			 "=forbidden");
		setting.id.sasl_required = false;
		DIALOGUE(&setting, SASL_START("PLAIN"), "<AUTHENTICATE +",
			 ">AUTHENTICATE YWNjAGFjYwBzZXNhbWU=", refusals[i],
			 END);
	}
}

static void
already_logged_in_is_logged_in(void **state UNUSED)
{
	DIALOGUE(&plain, SASL_START("PLAIN"), "<:s 907 ann :Already", END);
}

static void
nothing_ends_before_sasl_does(void **state UNUSED)
{
	DIALOGUE(&plain, SASL_START("PLAIN"), "<PING x", ">PONG :x",
		 "<:s NOTICE ann :hi", "<:s CAP * ACK :batch",
		 "<:s CAP * NEW :sasl", "<:s 433 * ann :In use", "=busy",
		 ">NICK ann2", "<AUTHENTICATE +",
		 ">AUTHENTICATE YWNjAGFjYwBzZXNhbWU=", SASL_DONE);
}

static void
without_the_mechanism_it_ends_or_goes_on(void **state UNUSED)
{
	struct setting setting = plain;
	struct talk t;
	static const char *const script[] = {
		START,
		"<:s CAP * LS :sasl=EXTERNAL,PLAINTEXT",
		">CAP REQ :sasl",
		"<:s CAP * ACK :sasl",
		"=forbidden",
		NULL,
	};

	talk_init(&t, &plain);
	play(&t, script);
	assert_string_equal(t.r.why, "the server offers no SASL PLAIN, only: "
				     "EXTERNAL,PLAINTEXT");
	talk_finish(&t);
	DIALOGUE(&setting, START, "<:s CAP * LS :batch", "=forbidden");
	DIALOGUE(&setting, START, "<:s CAP * LS :sasl", ">CAP REQ :sasl",
		 "<:s CAP * NAK :sasl", "=forbidden");
	DIALOGUE(&setting, START, "<:s 421 * CAP :Unknown", "=forbidden");
	DIALOGUE(&setting, START, "<:s 001 ann :Hi", "=forbidden");

	setting.id.sasl_required = false;
	DIALOGUE(&setting, START, "<:s CAP * LS :sasl=EXTERNAL",
		 ">CAP REQ :sasl", "<:s CAP * ACK :sasl", END);
	DIALOGUE(&setting, START, "<:s CAP * LS :batch", END);
	DIALOGUE(&setting, START, "<:s CAP * LS :sasl", ">CAP REQ :sasl",
		 "<:s CAP * NAK :sasl", END);
}

/* RFC 7677 3 has another nonce; these come from an independent computation. */
#define NONCE "00000000000000010000000000000002"
#define FIRST                                                            \
	">AUTHENTICATE biwsbj11c2VyLHI9MDAwMDAwMDAwMDAwMDAwMTAwMDAwMDAw" \
	"MDAwMDAwMDI="

static const struct setting scram = {
	.id = { .sasl = IRC_SASL_SCRAM_SHA_256,
		.account = "user",
		.sasl_required = true,
		.nonce = { 1, 2 } },
	.sasl_pass = "pencil",
};

#define CHALLENGE                                                      \
	"<AUTHENTICATE "                                               \
	"cj0wMDAwMDAwMDAwMDAwMDAxMDAwMDAwMDAwMDAwMDAwMnNlcnZlcixzPWMy" \
	"RnNkSE5oYkhRPSxpPTQwOTY="
#define PROOF                                                          \
	">AUTHENTICATE "                                               \
	"Yz1iaXdzLHI9MDAwMDAwMDAwMDAwMDAwMTAwMDAwMDAwMDAwMDAwMDJzZXJ2" \
	"ZXIscD1udkFqd3NYYUltRlZlZXdlR29iQ2dDbWJ5cUY2VGppQlVLNFB0bHhY" \
	"WmFjPQ=="
#define SIGNATURE                                                      \
	"<AUTHENTICATE "                                               \
	"dj1ySlRTSGpSak9CbXRHY21lS3V5S3NWaWc2QVoyQ3pNQ0lpczlnVHhuQnJJ" \
	"PQ=="

static void
scram_logs_in_and_checks_the_server(void **state UNUSED)
{
	DIALOGUE(&scram, SASL_START("SCRAM-SHA-256"), "<AUTHENTICATE +", FIRST,
		 CHALLENGE, PROOF, SIGNATURE, ">AUTHENTICATE +", SASL_DONE);
}

static void
a_server_that_cannot_prove_itself_is_left(void **state UNUSED)
{
	struct setting setting = scram;
	struct talk t;
	static const char *const script[] = {
		SASL_START("SCRAM-SHA-256"),
		"<AUTHENTICATE +",
		FIRST,
		CHALLENGE,
		PROOF,
		/* v= and 32 bytes, not the right ones */
		"<AUTHENTICATE "
		"dj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBPQ==",
		"=forbidden",
		NULL,
	};

	for (int required = 0; required < 2; required++) {
		setting.id.sasl_required = required;
		talk_init(&t, &setting);
		play(&t, script);
		assert_string_equal(t.r.why, "the server does not know the "
					     "password it checked");
		talk_finish(&t);
		DIALOGUE(&setting, SASL_START("SCRAM-SHA-256"),
			 "<AUTHENTICATE +", FIRST, CHALLENGE, PROOF,
			 "<:s 903 ann :trust me", "=forbidden");
		DIALOGUE(&setting, SASL_START("SCRAM-SHA-256"),
			 "<:s 903 ann :trust me", "=forbidden");
		DIALOGUE(&setting, SASL_START("SCRAM-SHA-256"),
			 "<:s 907 ann :you did that before", "=forbidden");
	}
}

static void
a_broken_challenge_is_not_answered(void **state UNUSED)
{
	static const char *const challenges[] = {
		"<AUTHENTICATE +",           /* empty */
		"<AUTHENTICATE cj0=",        /* r= */
		"<AUTHENTICATE !!!",         /* not base64 */
		"<AUTHENTICATE cj1hAGI=",    /* with a NUL */
		"<AUTHENTICATE ZT1vdGhlcg==" /* e=other */
	};

	for (size_t i = 0; i < ARRAY_SIZE(challenges); i++) {
		struct setting setting = scram;

		DIALOGUE(&setting, SASL_START("SCRAM-SHA-256"),
			 "<AUTHENTICATE +", FIRST, challenges[i], "=forbidden",
			 ">AUTHENTICATE *");
		setting.id.sasl_required = false;
		DIALOGUE(&setting, SASL_START("SCRAM-SHA-256"),
			 "<AUTHENTICATE +", FIRST, challenges[i],
			 ">AUTHENTICATE *", ">CAP END", "<:s 906 ann :Aborted",
			 "<:s 001 ann :Hi", "=registered");
	}
}

static void
an_endless_challenge_is_ended(void **state UNUSED)
{
	char chunk[13 + 400 + 1] = "AUTHENTICATE ";
	enum irc_verdict verdict = IRC_GOING;
	struct talk t;
	int n = 0;

	memset(chunk + 13, 'A', 400);
	talk_init(&t, &scram);
	server_says(&t, ":s CAP * LS :sasl", 17);
	server_says(&t, ":s CAP * ACK :sasl", 18);
	while (verdict == IRC_GOING && n++ < 1000)
		verdict = server_says(&t, chunk, 413);
	assert_int_equal(verdict, IRC_FORBIDDEN);
	assert_true(n < 50);
	talk_finish(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_without_cap_just_welcomes),
		cmocka_unit_test(wanted_capabilities_are_requested),
		cmocka_unit_test(a_list_of_several_lines_is_awaited),
		cmocka_unit_test(all_capabilities_fit_in_lawful_requests),
		cmocka_unit_test(a_refused_capability_is_done_without),
		cmocka_unit_test(what_was_not_wanted_is_not_granted),
		cmocka_unit_test(capabilities_come_and_go_later),
		cmocka_unit_test(a_password_is_sent_before_the_nick),
		cmocka_unit_test(garbage_in_between_changes_nothing),
		cmocka_unit_test(the_next_nick_is_tried),
		cmocka_unit_test(who_wants_one_nick_gets_no_other),
		cmocka_unit_test(in_the_end_no_nick_is_left),
		cmocka_unit_test(
			a_nick_that_is_refused_gets_shorter_and_then_made_up),
		cmocka_unit_test(a_long_nick_in_use_does_not_grow),
		cmocka_unit_test(a_nick_that_we_cannot_have_is_not_believed),
		cmocka_unit_test(a_poisoned_identity_still_makes_lawful_lines),
		cmocka_unit_test(a_long_real_name_is_cut),
		cmocka_unit_test(refusals_are_told_apart),
		cmocka_unit_test(our_own_nick_is_not_taken_for_a_ban),
		cmocka_unit_test(plain_logs_in),
		cmocka_unit_test(external_logs_in),
		cmocka_unit_test(a_long_answer_is_sent_in_chunks),
		cmocka_unit_test(a_refused_login_ends_it_if_required),
		cmocka_unit_test(already_logged_in_is_logged_in),
		cmocka_unit_test(nothing_ends_before_sasl_does),
		cmocka_unit_test(without_the_mechanism_it_ends_or_goes_on),
		cmocka_unit_test(scram_logs_in_and_checks_the_server),
		cmocka_unit_test(a_server_that_cannot_prove_itself_is_left),
		cmocka_unit_test(a_broken_challenge_is_not_answered),
		cmocka_unit_test(an_endless_challenge_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
