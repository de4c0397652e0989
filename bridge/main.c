/* SPDX-License-Identifier: MIT */
/*
 * main.c - causewayd: arguments, signals, and the wiring of everything else.
 * The one file that sees every folder.
 */

#include "bridge/base.h"
#include "bridge/bridge.h"
#include "bridge/control/server.h"
#include "bridge/error.h"
#include "bridge/import/import.h"
#include "bridge/log.h"
#include "bridge/loop.h"
#include "bridge/media/media.h"
#include "bridge/store.h"
#include "bridge/str.h"
#include "conf/conf.h"
#include "protocols/protocols.h"

#include <event2/event.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/causeway/causeway.conf"
#define CONF_ERRORS_MAX (256 * 1024)

/* Exit codes: what an operator or a service manager can act on. */
enum {
	EXIT_CONFIG = 2, /* the configuration is wrong */
	EXIT_STORE = 3,  /* the database cannot be used */
	EXIT_USAGE = 64,
};

struct options {
	const char *config;
	const char *biboumi; /* a database to take over, or NULL */
	bool check, registration, dry;
};

struct daemon {
	const char *config;
	struct loop *loop;
	struct store *store;
	struct bridge *bridge;
	struct control *control;
	struct media *media;
	struct event *term, *intr, *hup;
	int status;
};

static const char usage_text[] =
	"Usage: causewayd [--config FILE] [--check | --registration]\n"
	"\n"
	"Relays messages and presence between XMPP rooms and other networks.\n"
	"\n"
	"  -c, --config FILE  read FILE instead of " DEFAULT_CONFIG "\n"
	"  -k, --check        check the configuration, say what is wrong, end\n"
	"  -r, --registration write the registration of each Matrix network for "
	"its\n                     homeserver, end\n"
	"  -b, --import-biboumi DATABASE\n"
	"                     take over from biboumi, end; with --dry-run (-n) "
	"only\n                     say what would be\n"
	"  -V, --version      print the version\n"
	"  -h, --help         print this\n"
	"\n"
	"SIGTERM and SIGINT say goodbye and end with status 0. SIGHUP reads "
	"the\nconfiguration and opens the log file anew. The manual is causeway.conf(5).\n";

static void
end(int status)
{
	fflush(stdout);
	exit(status);
}

static void
parse_arguments(int argc, char **argv, struct options *opts)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'k' },
		{ "registration", no_argument, NULL, 'r' },
		{ "import-biboumi", required_argument, NULL, 'b' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:krb:nVh", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			opts->config = optarg;
			break;
		case 'k':
			opts->check = true;
			break;
		case 'r':
			opts->registration = true;
			break;
		case 'b':
			opts->biboumi = optarg;
			break;
		case 'n':
			opts->dry = true;
			break;
		case 'V':
			puts("causewayd " CAUSEWAY_VERSION);
			end(EXIT_SUCCESS);
			break;
		case 'h':
			fputs(usage_text, stdout);
			end(EXIT_SUCCESS);
			break;
		default:
			fputs("Try: causewayd --help\n", stderr);
			end(EXIT_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "causewayd: unexpected argument \"%s\"\n",
			argv[optind]);
		end(EXIT_USAGE);
	}
}

static struct conf *
load_configuration(const struct options *opts)
{
	AUTO_STR errors = { 0 };
	struct conf *conf;

	str_init(&errors, CONF_ERRORS_MAX);
	conf = conf_load(opts->config, &errors);
	fputs(errors.data, stderr);
	if (!conf)
		fprintf(stderr,
			"causewayd: %s cannot be used; nothing was "
			"started\n",
			opts->config);
	return conf;
}

static int
write_registrations(const struct options *opts)
{
	AUTO_STR said = { 0 };
	int rc;

	str_init(&said, CONF_ERRORS_MAX);
	rc = conf_register(opts->config, &said);
	fputs(said.data, rc < 0 ? stderr : stdout);
	return rc < 0 ? EXIT_CONFIG : EXIT_SUCCESS;
}

static int
set_up_log(const struct conf *conf)
{
	int rc = 0;

	log_set_format(conf->log_format);
	log_set_level(conf->log_level);
	log_set_text(conf->log_text);
	if (conf->log_file)
		rc = log_set_file(conf->log_file);
	if (rc < 0)
		fprintf(stderr, "causewayd: log file %s: %s\n", conf->log_file,
			strerror(-rc));
	return rc;
}

/* Each puppet on IRC is a descriptor; ask for as many as we may have. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* fewer will do */
	}
}

/* ---- the end ----------------------------------------------------------- */

static void
stopped(void *arg)
{
	struct daemon *d = arg;

	loop_stop(d->loop);
}

static void
on_term(evutil_socket_t sig, short what UNUSED, void *arg)
{
	struct daemon *d = arg;

	log_info("causewayd", "%s: saying goodbye",
		 sig == SIGTERM ? "terminated" : "interrupted");
	bridge_stop(d->bridge, stopped, d);
}

/* ---- another configuration --------------------------------------------- */

static void
log_lines(enum log_level level, char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")) && text)
		log_write(level, "conf", "%s", line);
}

static void
change_log(const struct conf *conf)
{
	int rc = log_set_file(conf->log_file);

	log_set_format(conf->log_format);
	log_set_level(conf->log_level);
	log_set_text(conf->log_text);
	log_clear_network_levels();
	for (size_t i = 0; i < conf->n_networks; i++)
		if (conf->networks[i].has_level)
			log_set_network_level(conf->networks[i].name,
					      conf->networks[i].level);
	if (rc < 0)
		log_error("causewayd", "log file %s: %s", conf->log_file,
			  strerror(-rc));
}

/* What is wrong stands in the log, too: whoever asked may see little. */
static int
reload(void *arg, struct str *said)
{
	struct daemon *d = arg;
	struct conf *conf = conf_load(d->config, said);
	int rc = conf ? 0 : -EINVAL;

	if (conf) {
		str_clear(said); /* warnings, known from the start */
		rc = bridge_reload(d->bridge, conf, said);
	}
	if (rc == 0)
		change_log(conf);
	else
		log_error("conf", "%s cannot be used; nothing was changed",
			  d->config);
	if (rc < 0) {
		char *copy = xstrdup(said->data);

		log_lines(LOG_LEVEL_ERROR, copy);
		free(copy);
	}
	conf_free(conf);
	return rc;
}

static void
on_hup(evutil_socket_t sig UNUSED, short what UNUSED, void *arg)
{
	AUTO_STR said = { 0 };
	int rc = log_reopen();

	if (rc < 0)
		log_error("causewayd", "the log file cannot be reopened: %s",
			  strerror(-rc));
	else
		log_info("causewayd", "log file reopened");
	str_init(&said, CONF_ERRORS_MAX);
	if (reload(arg, &said) == 0)
		log_lines(LOG_LEVEL_INFO, said.data);
}

/* What cannot be kept must not be taken: better to end and be restarted. */
static void
on_store_fatal(void *arg, const char *why)
{
	struct daemon *d = arg;

	log_error("store",
		  "the database cannot be written: %s; ending, so "
		  "that nothing is taken that cannot be kept",
		  why);
	d->status = EXIT_STORE;
	bridge_stop(d->bridge, stopped, d);
}

static void
on_store_pressure(void *arg, bool tight)
{
	struct daemon *d = arg;

	bridge_pressure(d->bridge, tight);
}

static struct event *
on_signal(struct daemon *d, int sig, event_callback_fn fn)
{
	struct event *ev = evsignal_new(loop_base(d->loop), sig, fn, d);

	if (!ev || event_add(ev, NULL) < 0)
		abort();
	return ev;
}

/* A socket that was asked for and cannot be had is a mistake to be seen. */
static int
open_control(struct daemon *d, const struct conf *conf)
{
	struct control_options options = {
		.path = conf->control_socket,
		.group = conf->control_group,
	};
	struct error err;

	if (!options.path)
		return 0;
	d->control = control_new(d->loop, d->bridge, &options, &err);
	if (d->control)
		return 0;
	log_error("control", "%s", err.text);
	return -1;
}

static bool
is_withdrawn(void *arg, uint64_t tag)
{
	const struct daemon *d = arg;

	return bridge_is_withdrawn(d->bridge, tag);
}

static void
withdraw(void *arg, uint64_t tag, int64_t until_ms)
{
	const struct daemon *d = arg;

	bridge_withdraw(d->bridge, tag, until_ms);
}

static int
open_media(struct daemon *d, const struct conf *conf)
{
	const struct media_options options = {
		.conf = conf->media,
		.is_withdrawn = is_withdrawn,
		.withdraw = withdraw,
		.arg = d,
	};
	struct error err;

	if (!conf->media)
		return 0;
	d->media = media_new(d->loop, &options, &err);
	if (!d->media) {
		log_error("media", "%s", err.text);
		return -1;
	}
	bridge_set_media(d->bridge, d->media);
	return 0;
}

static int
run(struct daemon *d, const struct conf *conf)
{
	struct error err;

	d->store = store_open(d->loop, conf->database, &err);
	if (!d->store) {
		log_error("store", "%s", err.text);
		return EXIT_STORE;
	}
	d->bridge = bridge_new(d->loop, d->store, conf, protocols, &err);
	if (!d->bridge) {
		log_error("conf", "%s", err.text);
		return EXIT_CONFIG;
	}
	if (open_control(d, conf) < 0 || open_media(d, conf) < 0)
		return EXIT_CONFIG;
	bridge_on_reload(d->bridge, reload, d);
	store_on_fatal(d->store, on_store_fatal, d);
	store_on_pressure(d->store, on_store_pressure, d);
	d->term = on_signal(d, SIGTERM, on_term);
	d->intr = on_signal(d, SIGINT, on_term);
	d->hup = on_signal(d, SIGHUP, on_hup);
	log_info("causewayd",
		 "version " CAUSEWAY_VERSION ": %zu networks, %zu links",
		 conf->n_networks, conf->n_links);
	bridge_start(d->bridge);
	loop_run(d->loop);
	return d->status;
}

static void
tear_down(struct daemon *d)
{
	struct event *signals[] = { d->term, d->intr, d->hup };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (signals[i])
			event_free(signals[i]);
	control_free(d->control);
	/* Closing first: what is still queued reports back to the bridge. */
	store_close(d->store);
	bridge_free(d->bridge);
	media_free(d->media);
	loop_free(d->loop);
}

int
main(int argc, char **argv)
{
	struct options opts = { .config = DEFAULT_CONFIG };
	struct daemon d = { 0 };
	struct conf *conf;
	int status;

	parse_arguments(argc, argv, &opts);
	if (opts.registration)
		return write_registrations(&opts);
	conf = load_configuration(&opts);
	if (!conf)
		return EXIT_CONFIG;
	if (opts.check) {
		printf("%s: good; %zu networks, %zu links\n", opts.config,
		       conf->n_networks, conf->n_links);
		conf_free(conf);
		return EXIT_SUCCESS;
	}
	if (opts.biboumi) {
		status =
			import_biboumi(conf, opts.biboumi, opts.dry, stdout) < 0
				? EXIT_STORE
				: EXIT_SUCCESS;
		conf_free(conf);
		return status;
	}
	if (set_up_log(conf) < 0) {
		conf_free(conf);
		return EXIT_CONFIG;
	}
	/* Writes report EPIPE and EFBIG themselves. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	raise_descriptor_limit();
	d.config = opts.config;
	d.loop = loop_new();
	status = run(&d, conf);
	tear_down(&d);
	conf_free(conf);
	return status;
}
