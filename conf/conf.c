/* SPDX-License-Identifier: MIT */
/*
 * conf.c - from a file to a configuration: look at the text, let libconfig
 * parse it, read its tree by the tables, compare the parts, and hand out all
 * of it or nothing.
 */

#include "conf/conf.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/pool.h"
#include "bridge/str.h"

#include "conf/blocks.h"
#include "conf/check.h"
#include "conf/file.h"
#include "conf/read.h"
#include "conf/registration.h"
#include "conf/report.h"
#include "conf/scan.h"
#include "conf/schema.h"

#include <libconfig.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is being read. */
struct input {
	const char *name; /* in messages */
	const char *text;
	size_t len;
	const char *dir;         /* of the file */
	const char *include_dir; /* NULL: no @include */
	bool registering;        /* what is to be written is not there */
};

/* libconfig's words are few; ours say what to do. */
static void
report_parse_error(struct report *report, const struct input *in,
		   const config_t *tree)
{
	static const struct {
		const char *theirs, *ours;
	} words[] = {
		{ "duplicate setting name",
		  "a name in this line stands twice in its block" },
		{ "mismatched element type in array",
		  "the elements of an array in [ ] must be of one kind; use "
		  "( ) for a mixture" },
	};
	const char *file = config_error_file(tree);
	const char *what = config_error_text(tree);
	unsigned line = (unsigned)config_error_line(tree);

	for (size_t i = 0; what && i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i].theirs, what) == 0)
			what = words[i].ours;
	if (!what)
		what = "not understood";
	if (file)
		report_error(report, (struct conf_where){ file, line }, "%s",
			     what);
	else
		scan_report_line(report, in->name, in->text, line, what);
}

static void
read_top(struct reader *r, const config_setting_t *root)
{
	static const struct {
		const char *name, *what;
		const struct table *table;
	} blocks[] = {
		{ "log", "block \"log\"", &table_log },
		{ "queue", "block \"queue\"", &table_queue },
		{ "control", "block \"control\"", &table_control },
	};
	struct part top = { &table_top, r->conf };

	read_defaults(r, top);
	r->conf->database = file_resolve(r->pool, r->dir, r->conf->database);
	read_block(r, root, &top, 1, "the file");
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		struct part part = { blocks[i].table, r->conf };
		config_setting_t *s = read_group(r, root, blocks[i].name);

		read_defaults(r, part);
		if (s)
			read_block(r, s, &part, 1, blocks[i].what);
	}
}

static void
read_tree(struct conf *conf, struct report *report, const struct input *in,
	  const config_t *tree)
{
	const config_setting_t *root = config_root_setting(tree);
	struct reader r = {
		.pool = conf->pool,
		.report = report,
		.conf = conf,
		.file = conf->file,
		.dir = in->dir,
		.registering = in->registering,
	};

	read_top(&r, root);
	read_media(&r, root);
	read_networks(&r, root);
	read_links(&r, root);
	read_uses(&r, root);
	check_all(report, conf);
}

static struct conf *
build(const struct input *in, struct str *errors)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));
	struct report *report = report_new(in->name);
	char *text = xcalloc(1, in->len + 2);

	memcpy(text, in->text, in->len);
	text[in->len] = '\n'; /* see scan_text() */
	conf->uses = 1;
	conf->pool = pool_new();
	conf->file = pool_strdup(conf->pool, in->name);
	if (scan_text(report, in->name, in->text, in->len, in->include_dir)) {
		config_t tree;

		config_init(&tree);
		if (in->include_dir)
			config_set_include_dir(&tree, in->include_dir);
		if (config_read_string(&tree, text))
			read_tree(conf, report, in, &tree);
		else
			report_parse_error(report, in, &tree);
		config_destroy(&tree);
	}

	free(text);
	report_write(report, errors);
	if (report_errors(report)) {
		conf_free(conf);
		conf = NULL;
	}
	report_free(report);
	return conf;
}

static struct conf *
load(const char *path, bool registering, struct str *errors)
{
	struct error err;
	struct input in = { .name = path, .registering = registering };
	char *text = file_read(path, SCAN_SIZE_MAX, FILE_ANY, &in.len, &err);

	if (!text) {
		str_printf(errors, "%s: %s\n", path, err.text);
		return NULL;
	}

	struct pool *pool = pool_new();

	in.text = text;
	in.dir = file_dir(pool, path);
	in.include_dir = in.dir;

	struct conf *conf = build(&in, errors);

	pool_free(pool);
	free(text);
	return conf;
}

struct conf *
conf_load(const char *path, struct str *errors)
{
	return load(path, false, errors);
}

/* 0, also if it is there already. */
static int
write_registration(const struct conf_network *net, struct str *said)
{
	const char *path = net->matrix->registration;
	struct error err;
	int rc = registration_write(net->name, net->matrix, &err);

	if (rc == 0)
		str_printf(said,
			   "%s: written; name it in app_service_config_files "
			   "of the homeserver of network \"%s\", which must be "
			   "able to read it, and restart that\n",
			   path, net->name);
	else if (rc == -EEXIST)
		str_printf(said,
			   "%s: is there already, and was left as it is; to "
			   "have new tokens, remove it first\n",
			   path);
	else
		str_printf(said, "%s: %s\n", path, err.text);
	return rc == -EEXIST ? 0 : rc;
}

int
conf_register(const char *path, struct str *said)
{
	struct conf *conf = load(path, true, said);
	size_t n = 0;
	int rc = 0;

	if (!conf)
		return -EINVAL;
	for (size_t i = 0; i < conf->n_networks; i++) {
		if (!conf->networks[i].matrix)
			continue;
		int one = write_registration(&conf->networks[i], said);

		n++;
		rc = one ? one : rc;
	}
	if (!n) {
		str_printf(said, "%s: no network has protocol = \"matrix\"\n",
			   path);
		rc = -ENOENT;
	}
	conf_free(conf);
	return rc;
}

struct conf *
conf_parse(const char *name, const char *text, struct str *errors)
{
	struct pool *pool = pool_new();
	struct input in = {
		.name = name,
		.text = text,
		.len = strlen(text),
		.dir = file_dir(pool, name),
	};
	struct conf *conf = build(&in, errors);

	pool_free(pool);
	return conf;
}

/* Whoever holds it sees it const; how often it is held is our affair. */
static struct conf *
own(const struct conf *conf)
{
	return (struct conf *)(uintptr_t)conf;
}

const struct conf *
conf_use(const struct conf *conf)
{
	own(conf)->uses++;
	return conf;
}

void
conf_free(const struct conf *held)
{
	struct conf *conf = own(held);

	if (!conf || (conf->uses && --conf->uses))
		return;

	for (size_t i = 0; i < conf->n_secrets; i++)
		/* Only we hold them, and only here do they change. */
		secret_free((struct secret *)(uintptr_t)conf->secrets[i]);
	free(conf->secrets);
	pool_free(conf->pool);
	conf_free(conf->base);
	free(conf);
}

const struct conf_network *
conf_find_network(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_networks; i++)
		if (strcmp(conf->networks[i].name, name) == 0)
			return &conf->networks[i];
	return NULL;
}

static bool
same_fingerprint(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Which addresses a gateway has depends on which hosts may be reached. */
static bool
same_hosts(const struct conf_network *a, const struct conf_network *b)
{
	const struct conf_gateway *was = a->xmpp ? a->xmpp->gateway : NULL;
	const struct conf_gateway *is = b->xmpp ? b->xmpp->gateway : NULL;
	const struct conf_network *old = was ? was->hosts : NULL;
	const struct conf_network *now = is ? is->hosts : NULL;

	return old == now ||
	       (old && now &&
		same_fingerprint(old->fingerprint, now->fingerprint));
}

bool
conf_same_network(const struct conf_network *a, const struct conf_network *b)
{
	if (!same_fingerprint(a->fingerprint, b->fingerprint) ||
	    !same_hosts(a, b))
		return false;
	return !a->irc || (a->irc->gateway == b->irc->gateway &&
			   a->irc->listener == b->irc->listener);
}

bool
conf_same_link(const struct conf_link *a, const struct conf_link *b)
{
	return same_fingerprint(a->fingerprint, b->fingerprint);
}
