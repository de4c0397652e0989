/* SPDX-License-Identifier: MIT */
#ifndef CONF_CONF_H
#define CONF_CONF_H

/*
 * The configuration: read with libconfig, checked as a whole, and handed out
 * as a const tree of our own structs that outlives every network made from
 * it. Nothing of libconfig leaves this folder, and nothing outside this
 * folder knows what the file looks like.
 *
 * conf_load() reports every error of the file in one run, each with file,
 * line, what was found, what was expected, and a guess for a misspelt word.
 * What it returns is right: names are unique, references resolve, numbers are
 * in range, secrets are read.
 */

#include "bridge/log.h"
#include "bridge/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf_mqtt;
struct conf_rules;
struct error;
struct str;

struct conf_where {
	const char *file;
	unsigned line;
};

/* ---- networks ---------------------------------------------------------- */

struct conf_network;

/* The use of IRC networks by people of another network on their own account. */
struct conf_gateway {
	const struct conf_network *const *networks; /* IRC and MQTT */
	size_t n_networks;
	/* The one that stands for hosts, which is none of these; or NULL. If
	 * it is NULL, there is at least one of these. */
	const struct conf_network *hosts;
	/* addresses without "%network" mean this one; or NULL */
	const struct conf_network *fixed;
	/* who may use it: domains or bare JIDs, "*" is everybody; default: the
	 * domain above the component's. On Matrix: servers or user ids; the
	 * homeserver's own. */
	const char *const *users;
	size_t n_users;
	/* XMPP: how long one stays in a channel whose room their last client
	 * has left; to how many networks one may be connected, 0: any. */
	unsigned linger_s, connections;
};

struct conf_xmpp {
	const char *component; /* our domain */
	const char *host;      /* of the server's component port */
	unsigned port;
	const struct secret *secret;
	const char *nick; /* the listener's in rooms; default "causeway" */
	/* who may write to puppets outside rooms: domains or bare JIDs, "*"
	 * is everybody; default: the domain above the component's */
	const char *const *direct_from;
	size_t n_direct_from;
	unsigned ping_s;        /* quiet time before the stream is probed */
	unsigned self_ping_s;   /* quiet time before a room is (XEP-0410) */
	unsigned window;        /* unconfirmed messages per room */
	unsigned puppets;       /* occupants in all rooms; 0 = no limit */
	unsigned puppet_idle_s; /* quiet time before one may go */
	const char *upload;     /* address of an upload service, or NULL */
	const struct conf_gateway *gateway; /* NULL: it is none */
};

enum conf_sasl {
	CONF_SASL_NONE,
	CONF_SASL_PLAIN,
	CONF_SASL_EXTERNAL,
	CONF_SASL_SCRAM_SHA_256,
};

enum conf_tls {
	CONF_TLS_VERIFY,   /* chain and host name; the default */
	CONF_TLS_INSECURE, /* encrypted, anybody's certificate; warned about */
	CONF_TLS_OFF,
};

struct conf_server {
	const char *host; /* name or address; IPv6 without brackets */
	unsigned port;
};

/* What the users of a gateway may do on an IRC network. */
struct conf_users {
	enum conf_tls tls; /* the least that they may choose */
	const char *const
		*ports; /* that they may choose: "6697", "6660-6669" */
	size_t n_ports;
	bool names;        /* user name and real name are theirs to choose */
	bool raw;          /* they may send commands as they write them */
	unsigned linger_s; /* connected after the last channel was left */
	unsigned
		hear_s; /* the listener then leaves where they hear; 0: never */
	const struct secret *webirc; /* or NULL: the network does not know us */
	const char *prefix;       /* of the addresses that they get; or NULL */
	struct conf_server ident; /* where we answer who they are; host NULL:
				     nowhere */
	unsigned channels;        /* at the same time, of each of them */
};

/* Hosts that no network names, and people may reach nevertheless. */
struct conf_hosts {
	const char *const *allow; /* patterns; one must fit, ... */
	size_t n_allow;
	const char *const *deny; /* ... and none of these */
	size_t n_deny;
	unsigned port;     /* unless their users choose another */
	bool private;      /* also at addresses that are not public */
	unsigned max;      /* of them at a time */
	unsigned linger_s; /* kept after the last of their users has gone */
};

struct conf_irc {
	struct conf_users users;
	/* Of the network that stands for such hosts, which has no servers, and
	 * of theirs; else NULL. */
	const struct conf_hosts *hosts;
	bool public_only; /* never to addresses that are not public */
	const struct conf_server *servers; /* tried in turn */
	size_t n_servers;
	bool local; /* all of them are on this machine */
	enum conf_tls tls;
	const char *ca_file; /* NULL: the system's */
	const char *bind;    /* local address or NULL */
	bool gateway;        /* a gateway leads here */
	bool listener;    /* a link names a channel: we are there ourselves */
	const char *nick; /* the listener's; may be NULL if there is none */
	const char *user; /* likewise */
	const char *realname;
	const struct secret *password; /* of the server, or NULL */
	enum conf_sasl sasl;
	const char *account;                /* SASL, or NULL */
	const struct secret *sasl_password; /* or NULL */
	bool sasl_required;                 /* default: true with sasl */
	const char *cert_file, *key_file;   /* client certificate, or NULL */
	const char *const *after_connect;   /* raw lines */
	size_t n_after_connect;
	const char *charset; /* when a line is not UTF-8; iconv name */
	/* pacing: a bucket of burst lines that refills one per interval_ms;
	 * from the preset unless given; interval 0 = no limit */
	unsigned interval_ms, burst;
	unsigned puppets;            /* connections beside the listener */
	unsigned puppet_idle_s;      /* quiet time before one may go */
	unsigned puppet_connect_ms;  /* between two connects */
	const char *puppet_realname; /* template; {name} {id} {network} */
	const char *puppet_user;     /* template likewise */
	unsigned lines_max;          /* lines of one message before it is cut */
	unsigned window;             /* unconfirmed messages per channel */
	unsigned ping_s, timeout_s;  /* quiet time before PING; then death */
	unsigned gap_s;              /* absence that is worth a line */
	unsigned away_poll_s; /* between questions who is away; 0: never */
	unsigned silence_s; /* of a channel before we ask if we are in; 0: never
			     */
};

struct conf_matrix {
	const char *homeserver;   /* URL, without a slash at the end */
	const char *server_name;  /* what stands behind the colon of ids */
	const char *registration; /* path */
	const char *ca_file;      /* NULL: the system's */
	struct conf_server listen;
	const char *url;    /* where the homeserver reaches us */
	const char *bot;    /* localpart of our own user */
	const char *prefix; /* of the localparts of puppets */
	unsigned puppets;   /* 0 = no limit */
	unsigned puppet_idle_s;
	unsigned avatar_pause_s; /* between two pictures of one puppet */
	unsigned presence;       /* puppets whose presence is told; 0: none */
	unsigned invite_wait_s;  /* to take an invitation; 0: for ever */
	const struct conf_gateway *gateway; /* NULL: it is none */
	/* from the registration */
	const char *id;
	const struct secret *as_token, *hs_token;
};

/* Where it is told what people of a network have read. */
enum conf_receipts {
	CONF_RECEIPTS_NONE,
	CONF_RECEIPTS_DIRECT, /* in private */
	CONF_RECEIPTS_ALL,    /* in rooms, too */
};

struct conf_network {
	const char *name;     /* the label: [a-z][a-z0-9-]{0,62} */
	const char *protocol; /* "xmpp", "irc", "matrix", "mqtt" */
	struct conf_where where;
	const char *fingerprint; /* conf_same_network() */
	bool has_level;
	enum log_level level; /* of this network's log lines */
	unsigned receipts;    /* enum conf_receipts; of its people */
	/* the one that belongs to the protocol; others NULL */
	const struct conf_xmpp *xmpp;
	const struct conf_irc *irc;
	const struct conf_mqtt *mqtt; /* conf/rules.h */
	const struct conf_matrix *matrix;
};

/* ---- links ------------------------------------------------------------- */

/* Seen from the link: "in" takes from the channel, "out" gives to it. */
enum conf_direction {
	CONF_IN = 1 << 0,
	CONF_OUT = 1 << 1,
	CONF_BOTH = CONF_IN | CONF_OUT,
};

/* One channel in one link, with the options that hold for it. */
struct conf_member {
	const char *network; /* label */
	const char *channel; /* as the network writes it */
	struct conf_where where;
	enum conf_direction direction;
	unsigned kinds;   /* 1 << enum event_kind: what is given to it */
	const char *nick; /* template of puppets' names here; "{nick}" */
	bool puppets;     /* false: everybody is relayed here */
	bool noise;       /* joins and parts of the others as lines */
	const struct secret *key; /* IRC key, MUC password; or NULL */
	/* Its rules on an MQTT network, for which this member stands; channel
	 * is then a name of ours. Else NULL. */
	const struct conf_rules *rules; /* conf/rules.h */
};

struct conf_link {
	const char *name;
	struct conf_where where;
	const char *fingerprint; /* conf_same_link() */
	const struct conf_member *members;
	size_t n_members;
};

/* ---- files ------------------------------------------------------------- */

/* Files that belong to messages. */
struct conf_media {
	const char *folder; /* what was fetched is kept there */
	const char *url;    /* how the world reaches us; NULL: no links */
	struct conf_server listen;
	unsigned file_mib, cache_mib;
	unsigned link_s; /* how long a link is good */
	/* Hosts from which linked files may be fetched; "*" is any. */
	const char *const *fetch_from;
	size_t n_fetch_from;
	bool fetch_private;      /* also from addresses that are not public */
	const char *fingerprint; /* another one is another block */
};

/* ---- the whole --------------------------------------------------------- */

struct conf {
	const char *file;
	const char *database; /* path */

	enum log_format log_format;
	enum log_level log_level;
	const char *log_file; /* NULL: standard error */
	bool log_text;

	/* who may run commands of operators: "label:sender id" */
	const char *const *admins;
	size_t n_admins;

	const char *control_socket; /* path; NULL: none is opened */
	const char *control_group;  /* of the socket; NULL: our own */

	/* the outbox, per channel */
	unsigned queue_rows, queue_mib, queue_age_s;
	unsigned away_after_s; /* before the others are told; 0: never */
	/* After an outage: of so long, of so many; 0: however long, many. */
	unsigned fold_after_s, fold_rows, fold_keep;
	unsigned keep_s; /* what has arrived; 0: for ever */

	const struct conf_media *media; /* NULL: files are told in words */

	const struct conf_network *networks;
	size_t n_networks;
	const struct conf_link *links;
	size_t n_links;

	/* private */
	unsigned uses;
	const struct conf *base; /* one use; or NULL */
	struct pool *pool;
	const struct secret **secrets;
	size_t n_secrets;
};

/*
 * Read and check path. NULL if anything is wrong; errors then holds one line
 * per mistake ("file:line: what"), each ended by LF. Warnings are appended to
 * errors also when the result is good. errors must have been initialised.
 */
struct conf *conf_load(const char *path, struct str *errors);

/* The same from memory, for tests and fuzzing; name stands for the file. */
struct conf *conf_parse(const char *name, const char *text, struct str *errors);

/*
 * Write, with new tokens, the registration of each Matrix network of the file
 * whose registration is not there yet. said gets a line for each, or what is
 * wrong, each ended by LF. 0, or -errno: then not all that is needed is there.
 */
int conf_register(const char *path, struct str *said);

/* One use more, the caller's to give up with conf_free(). */
const struct conf *conf_use(const struct conf *conf);

/* One use less; with the last one it is gone. Accepts NULL. */
void conf_free(const struct conf *conf);

/*
 * True if a network, or a link, of another reading of the file is the same:
 * so is what its block says and what stands in the files that it names, and
 * it is used for the same. The level of its log does not count.
 */
bool conf_same_network(const struct conf_network *a,
		       const struct conf_network *b);
bool conf_same_link(const struct conf_link *a, const struct conf_link *b);

const struct conf_network *conf_find_network(const struct conf *conf,
					     const char *name);

/*
 * Hosts on demand. conf_template() is the network that stands for them, or
 * NULL; it is none that could be made. conf_permits_host() tells whether
 * people may reach that one: its name is written in lower case and has a dot,
 * so that it is no label. conf_for_host() is a configuration whose one network
 * is that host's, with its name as the label: one use, the caller's; conf must
 * have a template.
 */
bool conf_is_host(const char *text);
bool conf_permits_host(const struct conf_hosts *hosts, const char *host);
bool conf_is_template(const struct conf_network *net);
const struct conf_network *conf_template(const struct conf *conf);
const struct conf *conf_for_host(const struct conf *conf, const char *host);

/*
 * Every option as a table in scdoc, from the same tables that the parser
 * uses: the options part of causeway.conf(5).
 */
void conf_manual(struct str *out);

#endif
