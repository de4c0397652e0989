/* SPDX-License-Identifier: MIT */
/*
 * test_errors.c - wrong configurations and every line that is said about
 * them.
 */

#include "tests/support/test.h"

#include "bridge/str.h"
#include "conf/conf.h"
#include "tests/unit/conf/setup.h"

/* A configuration whose gateway says that. */
#define GATEWAY(block)                                                     \
	"networks: {\n" XMPP_BEGIN "gateway: { " block " }; };\n" IRC_LINE \
	"other: { protocol = \"irc\"; server = \"localhost\"; "            \
	"nick = \"causeway\"; };\n};\n" LINKS,

#define HOSTS(networks, gateway, block)                                \
	"networks: {\n" XMPP_BEGIN "gateway: { networks = [ " networks \
	" ]; " gateway " }; };\nany: { protocol = \"irc\"; " block " };\n};\n"

/* clang-format off */
static const struct {
	const char *text, *errors;
} cases[] = {
	{ "",
	  "c.conf: the file lacks the option \"networks\"\n" },
	{ "datapase = \"x\";\n" NETWORKS LINKS,
	  "c.conf:1: unknown option \"datapase\" in the file; did you mean \"database\"?\n" },
	{ "database = 5;\n" NETWORKS LINKS,
	  "c.conf:1: \"database\": expected a string such as \"/var/lib/causeway/causeway.db\", found the number 5\n" },
	{ "database = \"\";\n" NETWORKS LINKS,
	  "c.conf:1: \"database\": expected some text, found \"\"\n" },
	{ "networks = 5;",
	  "c.conf:1: \"networks\": expected a block { ... }, found the number 5\n" },
	{ "networks = ( );",
	  "c.conf:1: \"networks\": expected a block { ... }, found a list\n" },
	{ "links = \"x\";\n" XMPP_AND "};\n",
	  "c.conf:1: \"links\": expected a block { ... }, found \"x\"\n" },
	{ "log = \"info\";\n" NETWORKS LINKS,
	  "c.conf:1: \"log\": expected a block { ... }, found \"info\"\n" },
	{ "log: { level = \"inof\"; format = \"xml\"; text = 1; file = \"\"; foo = 1; };\n"
	  NETWORKS
	  LINKS,
	  "c.conf:1: \"level\": unknown word \"inof\"; did you mean \"info\"?\n"
	  "c.conf:1: \"format\": expected one of \"text\", \"logfmt\", \"json\", found \"xml\"\n"
	  "c.conf:1: \"text\": expected true or false, found the number 1\n"
	  "c.conf:1: \"file\": expected some text, found \"\"\n"
	  "c.conf:1: unknown option \"foo\" in block \"log\"\n" },
	{ "log: { level = 5; format = [ \"text\" ]; };\n" NETWORKS LINKS,
	  "c.conf:1: \"level\": expected one of \"bug\", \"error\", \"warn\", \"peer\", \"info\", \"trace\", found the number 5\n"
	  "c.conf:1: \"format\": expected one of \"text\", \"logfmt\", \"json\", found a list\n" },
	{ "queue: { rows = 9; mib = \"64\"; age = \"1 day\"; };\n"
	  NETWORKS
	  LINKS,
	  "c.conf:1: \"rows\": expected a number from 10 to 10000000, found the number 9\n"
	  "c.conf:1: \"mib\": expected a number from 1 to 65536, found \"64\"\n"
	  "c.conf:1: \"age\": expected a time from 1m to 365d such as \"24h\", found \"1 day\"\n" },
	{ "queue: { rows = 10000001; mib = -1; age = 59; };\n" NETWORKS LINKS,
	  "c.conf:1: \"rows\": expected a number from 10 to 10000000, found the number 10000001\n"
	  "c.conf:1: \"mib\": expected a number from 1 to 65536, found the number -1\n"
	  "c.conf:1: \"age\": expected a time from 1m to 365d such as \"24h\", found the number 59\n" },
	{ "queue: { rows = 1.5; mib = 99999999999L; age = 1.5; rowz = 1; };\n"
	  NETWORKS
	  LINKS,
	  "c.conf:1: \"rows\": expected a number from 10 to 10000000, found the number 1.5\n"
	  "c.conf:1: \"mib\": expected a number from 1 to 65536, found the number 99999999999\n"
	  "c.conf:1: \"age\": expected a time from 1m to 365d such as \"24h\", found the number 1.5\n"
	  "c.conf:1: unknown option \"rowz\" in block \"queue\"; did you mean \"rows\"?\n" },
	{ "control = \"/run/causeway/control\";\n" NETWORKS LINKS,
	  "c.conf:1: \"control\": expected a block { ... }, found \"/run/causeway/control\"\n" },
	{ "control: { group = \"ops\"; };\n" NETWORKS LINKS,
	  "c.conf:1: block \"control\" lacks the option \"socket\", such as \"/run/causeway/control\"\n" },
	{ "control: { socket = \"\"; groups = 5; };\n" NETWORKS LINKS,
	  "c.conf:1: \"socket\": expected some text, found \"\"\n"
	  "c.conf:1: unknown option \"groups\" in block \"control\"; did you mean \"group\"?\n" },
	{ "control: { socket = \"/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"; };\n" NETWORKS LINKS,
	  "c.conf:1: \"socket\": expected at most 107 bytes, found \"/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\"\n" },
	{ "queue: { age = \"500ms\"; };\n" NETWORKS LINKS,
	  "c.conf:1: \"age\": expected a time from 1m to 365d such as \"24h\", found \"500ms\"\n" },
	{ "queue: { age = \"60500ms\"; };\n" NETWORKS LINKS,
	  "c.conf:1: \"age\": expected a time from 1m to 365d such as \"24h\", found \"60500ms\"\n" },
	{ "queue: { age = -5; };\n" NETWORKS LINKS,
	  "c.conf:1: \"age\": expected a time from 1m to 365d such as \"24h\", found the number -5\n" },
	{ XMPP_AND
	  "Libera: { protocol = \"irc\"; server = \"a\"; nick = \"b\"; };\n"
	  "};\n"
	  "links: { };",
	  "c.conf:3: network \"Libera\": expected a name of lower-case letters, digits and -, beginning with a letter, at most 63\n" },
	{ XMPP_AND
	  "libera = \"irc\";\n"
	  "};\n",
	  "c.conf:3: \"libera\": expected a block { ... }, found \"irc\"\n" },
	{ XMPP_AND
	  "libera: { };\n"
	  "};\n",
	  "c.conf:3: network \"libera\" lacks the option \"protocol\", which is \"xmpp\", \"irc\", \"matrix\" or \"mqtt\"\n" },
	{ XMPP_AND
	  "libera: { protocol = \"ircd\"; sever = 1; };\n"
	  "};\n",
	  "c.conf:3: network \"libera\": unknown protocol \"ircd\"; did you mean \"irc\"?\n" },
	{ XMPP_AND
	  "libera: { protocol = \"zephyr\"; };\n"
	  "};\n",
	  "c.conf:3: \"protocol\": expected \"xmpp\", \"irc\", \"matrix\" or \"mqtt\", found \"zephyr\"\n" },
	{ XMPP_AND
	  "libera: { protocol = 7; };\n"
	  "};\n",
	  "c.conf:3: \"protocol\": expected \"xmpp\", \"irc\", \"matrix\" or \"mqtt\", found the number 7\n" },
	{ XMPP_AND
	  "libera: { protocol = \"irc\"; };\n"
	  "};\n",
	  "c.conf:3: network \"libera\" lacks the option \"server\", such as \"irc.example.org:6697\"\n"
	  "c.conf:3: network \"libera\" lacks the option \"nick\", such as \"causeway\"\n" },
	{ "networks: {\n"
	  "xmpp: { protocol = \"xmpp\"; };\n"
	  IRC_LINE
	  "};\n",
	  "c.conf:2: network \"xmpp\" lacks the option \"component\", such as \"gw.example.org\"\n"
	  "c.conf:2: network \"xmpp\" lacks the option \"secret\", such as \"file:/etc/causeway/xmpp.secret\"\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "sever = \"a\"; presett = \"x\"; component = \"y\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: unknown option \"sever\" in network \"libera\"; did you mean \"server\"?\n"
	  "c.conf:4: unknown option \"presett\" in network \"libera\"; did you mean \"preset\"?\n"
	  "c.conf:4: unknown option \"component\" in network \"libera\"\n" },
	{ XMPP_AND
	  "libera: { protocol = \"irc\"; server = 5; nick = 5; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:3: \"server\": expected a string such as \"irc.example.org:6697\", found the number 5\n"
	  "c.conf:3: \"nick\": expected a string such as \"causeway\", found the number 5\n" },
	{ XMPP_AND
	  "libera: { protocol = \"irc\"; server = [ ]; nick = \"1x\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:3: \"server\": expected a string such as \"irc.example.org:6697\", found a list\n"
	  "c.conf:3: \"nick\": expected a nick: no digit or - first, none of space , : * ? ! @ # & $ + % ~ ., found \"1x\"\n" },
	{ XMPP_AND
	  "libera: { protocol = \"irc\"; server = ( \"a:1\", 5, \"b:x\" ); nick = \"x\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:3: \"server\": expected a string such as \"irc.example.org:6697\", found the number 5\n"
	  "c.conf:3: \"server\": expected a port from 1 to 65535 after the colon, found \"b:x\"\n" },
	{ XMPP_AND
	  "libera: { protocol = \"irc\"; server = \"::1:6667\"; nick = \"x y\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:3: \"server\": expected an IPv6 address in brackets: \"[ADDRESS]:PORT\", found \"::1:6667\"\n"
	  "c.conf:3: \"nick\": expected a nick: no digit or - first, none of space , : * ? ! @ # & $ + % ~ ., found \"x y\"\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "tls = \"on\"; user = \"a b\"; realname = \"\"; bind = \"localhost\"; charset = \"klingon\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"tls\": expected one of \"verify\", \"insecure\", \"off\", found \"on\"\n"
	  "c.conf:4: \"user\": expected a user name without space : @ ! * ?, found \"a b\"\n"
	  "c.conf:4: \"realname\": expected some text, found \"\"\n"
	  "c.conf:4: \"bind\": expected an IPv4 or IPv6 address, found \"localhost\"\n"
	  "c.conf:4: \"charset\": expected a character set such as \"windows-1252\" (see iconv --list), found \"klingon\"\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "preset = \"libra\"; interval = \"2 s\"; burst = 0; puppets = -1; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"preset\": unknown word \"libra\"; did you mean \"libera\"?\n"
	  "c.conf:4: \"interval\": expected a time from 0 to 1m such as \"2s\", found \"2 s\"\n"
	  "c.conf:4: \"burst\": expected a number from 1 to 1000, found the number 0\n"
	  "c.conf:4: \"puppets\": expected a number from 0 to 100000, found the number -1\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "preset = \"freenode\"; interval = 61; puppet_connect = \"1ms1\"; lines_max = 0; window = 101; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"preset\": expected one of \"default\", \"libera\", \"oftc\", \"hackint\", \"own\", found \"freenode\"\n"
	  "c.conf:4: \"interval\": expected a time from 0 to 1m such as \"2s\", found the number 61\n"
	  "c.conf:4: \"puppet_connect\": expected a time from 0 to 10m such as \"2s\", found \"1ms1\"\n"
	  "c.conf:4: \"lines_max\": expected a number from 1 to 100, found the number 0\n"
	  "c.conf:4: \"window\": expected a number from 1 to 100, found the number 101\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "puppet_realname = \"{nick}\"; puppet_user = \"{x}\"; after_connect = \"MODE x\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"puppet_realname\": expected no other placeholders than {name}, {network} and {id}, found \"{nick}\"\n"
	  "c.conf:4: \"puppet_user\": expected no other placeholders than {name}, {network} and {id}, found \"{x}\"\n"
	  "c.conf:4: \"after_connect\": expected a list of strings such as [ \"MODE causeway +B\" ], found \"MODE x\"\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "after_connect = [ \"MODE\\r\\nQUIT\" ]; realname = \"a\\x07\"; level = \"loud\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"after_connect\": expected valid UTF-8 without control characters, found \"MODE\\x0d\\x0aQUIT\"\n"
	  "c.conf:4: \"realname\": expected valid UTF-8 without control characters, found \"a\\x07\"\n"
	  "c.conf:4: \"level\": expected one of \"bug\", \"error\", \"warn\", \"peer\", \"info\", \"trace\", found \"loud\"\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "realname = \"\\xff\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"realname\": expected valid UTF-8 without control characters, found \"\\xff\"\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "password = \"hunter2\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"password\": secrets are never written in this file; say where it is: \"file:PATH\", \"env:NAME\" or \"cred:NAME\"\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "password = \"file:open\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"password\": the secret file \"open\": others may read or write it (mode 0644); run: chmod 600 open\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "password = \"file:empty\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"password\": the secret file \"empty\" is empty\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "password = \"file:none\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"password\": the secret file \"none\": No such file or directory\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "password = \"env:CAUSEWAY_NONE\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"password\": the environment variable CAUSEWAY_NONE is not set\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "password = 12345; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"password\": expected a string such as \"env:IRC_PASSWORD\", found the number 12345\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "sasl = \"plain\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"sasl\": expected a block { ... }, found \"plain\"\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "sasl: { }; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: sasl of network \"libera\" lacks the option \"mechanism\", such as \"plain\"\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "sasl: { mechanism = \"plain\"; }; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: sasl of network \"libera\" lacks the option \"account\"\n"
	  "c.conf:4: sasl of network \"libera\" lacks the option \"password\"\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "sasl: { mechanism = \"plaim\"; acxount = \"x\"; }; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"mechanism\": unknown word \"plaim\"; did you mean \"plain\"?\n"
	  "c.conf:4: unknown option \"acxount\" in sasl of network \"libera\"; did you mean \"account\"?\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "sasl: { mechanism = \"external\"; }; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: SASL EXTERNAL proves who we are by a client certificate: network \"libera\" needs \"certificate\" and \"key\"\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "tls = \"off\"; sasl: { mechanism = \"external\"; };\n"
	  "certificate = \"s\"; key = \"s\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: SASL EXTERNAL needs TLS, and tls is \"off\"\n"
	  "c.conf:4: warning: network \"libera\" is not encrypted, and its server is another machine\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "certificate = \"s\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: network \"libera\" has a \"certificate\" and lacks the \"key\" that belongs to it\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "key = \"open\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"key\": the file \"open\": others may read or write it (mode 0644); run: chmod 600 open\n"
	  "c.conf:4: network \"libera\" has a \"key\" and lacks the \"certificate\" that belongs to it\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "certificate = \"none\"; key = \"none\"; ca_file = \"none\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: \"ca_file\": the file \"none\": No such file or directory\n"
	  "c.conf:4: \"certificate\": the file \"none\": No such file or directory\n"
	  "c.conf:4: \"key\": the file \"none\": No such file or directory\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "tls = \"off\";\n"
	  "sasl: { mechanism = \"plain\"; account = \"x\"; password = \"file:s\"; }; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: warning: network \"libera\" is not encrypted, and its server is another machine\n"
	  "c.conf:5: SASL PLAIN would send the password of network \"libera\" readably, because tls is \"off\"; use TLS, or mechanism = \"scram-sha-256\"\n" },
	{ "networks: {\n"
	  XMPP_BEGIN
	  "nick = 5; ping = 4; self_ping = \"1s\"; window = 0; direct_from = [ \"a/b\", \"\" ]; };\n"
	  IRC_LINE
	  "};\n"
	  LINKS,
	  "c.conf:3: \"nick\": expected a string such as \"causeway\", found the number 5\n"
	  "c.conf:3: \"ping\": expected a time from 5s to 1h such as \"15s\", found the number 4\n"
	  "c.conf:3: \"self_ping\": expected a time from 30s to 1d such as \"15m\", found \"1s\"\n"
	  "c.conf:3: \"window\": expected a number from 1 to 1000, found the number 0\n"
	  "c.conf:3: \"direct_from\": expected a domain, an address without resource, or \"*\", found \"a/b\"\n"
	  "c.conf:3: \"direct_from\": expected some text, found \"\"\n" },
	{ "networks: {\n"
	  "xmpp: { protocol = \"xmpp\"; component = \"a b\"; secret = \"file:s\"; server = [ \"a\" ]; };\n"
	  IRC_LINE
	  "};\n"
	  LINKS,
	  "c.conf:2: \"component\": expected a domain such as \"gw.example.org\", found \"a b\"\n"
	  "c.conf:2: \"server\": expected a string such as \"127.0.0.1:5347\", found a list\n" },
	{ "networks: {\n"
	  XMPP_BEGIN
	  "server = \"127.0.0.1:99999\"; direct_from = \"example.org\"; };\n"
	  IRC_LINE
	  "};\n"
	  LINKS,
	  "c.conf:3: \"server\": expected a port from 1 to 65535 after the colon, found \"127.0.0.1:99999\"\n"
	  "c.conf:3: \"direct_from\": expected a list of strings such as [ \"example.org\" ], found \"example.org\"\n" },
	{ "admins = [ \"ann@example.org\", \"home:ann\", \"xmpp:\", \"xmpp:ok\" ];\n"
	  "networks: {\n"
	  XMPP_BEGIN "};\n"
	  IRC_LINE
	  "};\n"
	  LINKS,
	  "c.conf:1: \"admins\": expected the label of a network, a colon and a person, as in \"xmpp:ann@example.org\", found \"ann@example.org\"\n"
	  "c.conf:1: \"admins\": expected the label of a network, a colon and a person, as in \"xmpp:ann@example.org\", found \"xmpp:\"\n"
	  "c.conf:1: \"admins\": no network has the label before the colon in \"home:ann\"\n" },
	{ GATEWAY("networks = [ ];")
	  "c.conf:3: gateway of network \"xmpp\": \"networks\" is empty, so that it leads nowhere\n" },
	{ GATEWAY("")
	  "c.conf:3: gateway of network \"xmpp\" lacks the option \"networks\", such as \"libera\"\n" },
	{ GATEWAY("networks = [ \"libra\", \"oftc\" ];")
	  "c.conf:3: gateway of network \"xmpp\": unknown network \"libra\"; did you mean \"libera\"?\n"
	  "c.conf:3: gateway of network \"xmpp\": unknown network \"oftc\"\n" },
	{ GATEWAY("networks = [ \"xmpp\" ];")
	  "c.conf:3: gateway of network \"xmpp\" leads to networks with protocol = \"irc\", \"matrix\" or \"mqtt\", and \"xmpp\" has \"xmpp\"\n" },
	{ GATEWAY("networks = [ \"libera\", \"libera\" ];")
	  "c.conf:3: gateway of network \"xmpp\": \"libera\" stands there twice\n" },
	{ HOSTS("\"any\"", "fixed = \"any\";", "hosts: { allow = [ \"*\" ]; };"),
	  "c.conf:3: gateway of network \"xmpp\": \"any\" stands for many hosts, and an address that names none can mean one network only\n" },
	{ HOSTS("\"any\"", "", "server = \"x.example.org\"; hosts: { allow = [ \"*\" ]; };"),
	  "c.conf:4: network \"any\" has \"hosts\" and a \"server\": give the server a network of its own\n" },
	{ HOSTS("\"any\"", "", ""),
	  "c.conf:4: network \"any\" lacks the option \"server\", such as \"irc.example.org:6697\"\n" },
	{ HOSTS("\"any\"", "", "hosts: { deny = [ \"a b\" ]; port = 0; };"),
	  "c.conf:4: \"deny\": expected a host, with * for any part of it, such as \"*.example.org\", found \"a b\"\n"
	  "c.conf:4: \"port\": expected a number from 1 to 65535, found the number 0\n"
	  "c.conf:4: hosts of network \"any\" lacks the option \"allow\", such as \"*.example.org\"\n" },
	{ HOSTS("\"any\", \"more\"", "", "hosts: { allow = [ \"*\" ]; }; };\nmore: { protocol = \"irc\"; hosts: { allow = [ \"*\" ]; };"),
	  "c.conf:5: network \"more\" has \"hosts\", and so has \"any\": only one may\n" },
	{ GATEWAY("networks = [ \"libera\" ]; users = [ \"a b\" ]; fixed = \"liberta\";")
	  "c.conf:3: \"users\": expected a domain, an address without resource, or \"*\", found \"a b\"\n"
	  "c.conf:3: gateway of network \"xmpp\": unknown network \"liberta\"; did you mean \"libera\"?\n" },
	{ GATEWAY("networks = [ \"other\" ]; fixed = \"libera\";")
	  "c.conf:3: gateway of network \"xmpp\": \"fixed\" is \"libera\", which is not one of its \"networks\"\n" },
	{ GATEWAY("netwrks = [ \"libera\" ];")
	  "c.conf:3: unknown option \"netwrks\" in gateway of network \"xmpp\"; did you mean \"networks\"?\n"
	  "c.conf:3: gateway of network \"xmpp\" lacks the option \"networks\", such as \"libera\"\n" },
	{ "networks: {\n"
	  XMPP_BEGIN
	  "gateway: { networks = [ \"libera\" ]; }; };\n"
	  "libera: { protocol = \"irc\"; server = \"localhost\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: network \"libera\" lacks the option \"nick\", such as \"causeway\"\n" },
	{ XMPP_AND
	  "two: { protocol = \"xmpp\"; component = \"gw.example.org\"; secret = \"file:s\"; };\n"
	  IRC_LINE
	  "};\n"
	  LINKS,
	  "c.conf:3: network \"two\" is the component \"gw.example.org\", and so is \"xmpp\" (line 2)\n" },
	{ XMPP_AND IRC_LINE XMPP_LINE "};\n" LINKS,
	  "c.conf:4: a name in this line stands twice in its block\n"
	  "    xmpp: { protocol = \"xmpp\"; component = \"gw.example.org\"; secret = \"file:\n"
	  "    ^\n" },
	{ XMPP_AND
	  IRC_BEGIN
	  "nick = \"b\"; };\n"
	  "};\n"
	  LINKS,
	  "c.conf:4: a name in this line stands twice in its block\n"
	  "    nick = \"b\"; };\n"
	  "    ^\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { };\n"
	  "};\n",
	  "c.conf:6: link \"dev\" lacks the option \"channels\"\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = \"libera:#dev\"; };\n"
	  "};\n",
	  "c.conf:6: \"channels\": expected a list such as [ \"libera:#dev\", \"xmpp:dev@conference.example.org\" ], found \"libera:#dev\"\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = [ ]; };\n"
	  "};\n",
	  "c.conf:6: link \"dev\": expected between 2 and 64 channels, found 0\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = [ \"libera:#dev\" ]; };\n"
	  "};\n",
	  "c.conf:6: link \"dev\": expected between 2 and 64 channels, found 1\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev = 5;\n"
	  "};\n",
	  "c.conf:6: \"dev\": expected a block { ... }, found the number 5\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = [ \"libra:#dev\", \"xmpp:dev@c\" ]; };\n"
	  "};\n",
	  "c.conf:6: unknown network \"libra\" in channel \"libra:#dev\"; did you mean \"libera\"?\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = [ \"oftc:#dev\", \"xmpp:dev@c\" ]; };\n"
	  "};\n",
	  "c.conf:6: unknown network \"oftc\" in channel \"oftc:#dev\"\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = [ \"#dev\", \"xmpp:\" ]; };\n"
	  "};\n",
	  "c.conf:6: \"channel\": expected \"NETWORK:CHANNEL\" such as \"libera:#dev\", found \"#dev\"\n"
	  "c.conf:6: \"channel\": expected \"NETWORK:CHANNEL\" such as \"libera:#dev\", found \"xmpp:\"\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = [ \":x\", \"\" ]; };\n"
	  "};\n",
	  "c.conf:6: \"channel\": expected \"NETWORK:CHANNEL\" such as \"libera:#dev\", found \":x\"\n"
	  "c.conf:6: \"channel\": expected \"NETWORK:CHANNEL\" such as \"libera:#dev\", found \"\"\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = [ 1, 2 ]; };\n"
	  "};\n",
	  "c.conf:6: \"channel\": expected \"NETWORK:CHANNEL\" such as \"libera:#dev\", found the number 1\n"
	  "c.conf:6: \"channel\": expected \"NETWORK:CHANNEL\" such as \"libera:#dev\", found the number 2\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = [ \"libera:dev\",\n"
	  "\"xmpp:dev@c/nick\" ]; };\n"
	  "};\n",
	  "c.conf:6: network \"libera\": expected a channel that begins with #, &, + or !, found \"dev\"\n"
	  "c.conf:7: network \"xmpp\": expected room@service without a resource, found \"dev@c/nick\"\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = [ \"libera:#d v\",\n"
	  "\"xmpp:dev\" ]; };\n"
	  "};\n",
	  "c.conf:6: network \"libera\": expected a channel without spaces, commas and control characters, found \"#d v\"\n"
	  "c.conf:7: network \"xmpp\": expected a room such as \"dev@conference.example.org\", found \"dev\"\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = [ \"libera:#d\\rQUIT\",\n"
	  "\"libera:#\\xff\" ]; };\n"
	  "};\n",
	  "c.conf:6: network \"libera\": expected a channel without spaces, commas and control characters\n"
	  "c.conf:7: network \"libera\": expected valid UTF-8 without control characters\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = [ \"libera:#dev\",\n"
	  "\"libera:#DEV\" ]; };\n"
	  "};\n",
	  "c.conf:7: \"libera:#DEV\" is already in link \"dev\" (line 6)\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = [ \"libera:#dev\", \"xmpp:a@c\" ]; };\n"
	  "two: { channels = [ \"xmpp:b@c\", \"libera:#Dev\" ]; };\n"
	  "};\n",
	  "c.conf:7: \"libera:#Dev\" is already linked in \"dev\" (line 6)\n" },
	/* one room, two ways into it: a loop within one configuration */
	{ "networks: {\n"
	  "x: { protocol = \"xmpp\"; component = \"gw.example.org\"; secret = \"file:s\"; };\n"
	  "y: { protocol = \"xmpp\"; component = \"gw2.example.org\"; secret = \"file:s\"; };\n"
	  "i: { protocol = \"irc\"; server = \"irc.example.org:6697\"; nick = \"a\"; };\n"
	  "j: { protocol = \"irc\"; server = \"IRC.example.org:6697\"; nick = \"b\"; };\n"
	  "k: { protocol = \"irc\"; server = \"irc2.example.org:6697\"; nick = \"b\"; };\n"
	  "};\n"
	  "links: {\n"
	  "one: { channels = [ \"x:a@c\", \"i:#dev\" ]; };\n"
	  "two: { channels = [ \"y:A@c\", \"k:#dev\" ]; };\n"
	  "three: { channels = [ \"x:b@c\", \"j:#Dev\" ]; };\n"
	  "};\n",
	  "c.conf:10: \"y:A@c\" is \"x:a@c\" by another way, which is linked in \"one\" (line 9): everything would be said twice\n"
	  "c.conf:11: \"j:#Dev\" is \"i:#dev\" by another way, which is linked in \"one\" (line 9): everything would be said twice\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = ( \"libera:#dev\", { channels = \"xmpp:a@c\"; nick = \"x\"; direction = \"inn\"; kinds = [ \"mesxage\", \"foo\" ]; puppets = \"yes\"; key = \"k\"; noixe = true; } ); };\n"
	  "};\n",
	  "c.conf:6: unknown option \"channels\" in a channel of link \"dev\"; did you mean \"channel\"?\n"
	  "c.conf:6: \"nick\": expected {nick} or {id} in it, so that people differ, found \"x\"\n"
	  "c.conf:6: \"direction\": unknown word \"inn\"; did you mean \"in\"?\n"
	  "c.conf:6: \"kinds\": unknown word \"mesxage\"; did you mean \"message\"?\n"
	  "c.conf:6: \"kinds\": expected one of \"message\", \"edit\", \"redaction\", \"reaction\", \"topic\", \"join\", \"part\", \"rename\", \"presence\", \"typing\", \"receipt\", \"name\", \"picture\", found \"foo\"\n"
	  "c.conf:6: \"puppets\": expected true or false, found \"yes\"\n"
	  "c.conf:6: \"key\": secrets are never written in this file; say where it is: \"file:PATH\", \"env:NAME\" or \"cred:NAME\"\n"
	  "c.conf:6: unknown option \"noixe\" in a channel of link \"dev\"; did you mean \"noise\"?\n"
	  "c.conf:6: a channel of link \"dev\" lacks the option \"channel\", such as \"libera:#dev\"\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channel = \"x\"; key = \"file:s\"; nick = \"{nik}\"; channels = [ \"libera:#dev\", \"xmpp:a@c\" ]; };\n"
	  "};\n",
	  "c.conf:6: unknown option \"channel\" in link \"dev\"; did you mean \"channels\"?\n"
	  "c.conf:6: unknown option \"key\" in link \"dev\"\n"
	  "c.conf:6: \"nick\": expected no other placeholders than {nick}, {network} and {id}, found \"{nik}\"\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = ( \"libera:#dev\", { channel = \"xmpp:a@c\"; kinds = [ ]; } ); };\n"
	  "};\n",
	  "c.conf:6: \"kinds\": expected at least one word (to give nothing to a channel: direction = \"in\"), found a list\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = ( \"libera:#dev\", { channel = \"xmpp:a@c\"; kinds = \"message\"; } ); };\n"
	  "};\n",
	  "c.conf:6: \"kinds\": expected a list of strings such as [ \"message\" ], found \"message\"\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = ( \"libera:#dev\", { channel = \"xmpp:a@c\"; kinds = [ 1 ]; } ); };\n"
	  "};\n",
	  "c.conf:6: \"kinds\": expected one of \"message\", \"edit\", \"redaction\", \"reaction\", \"topic\", \"join\", \"part\", \"rename\", \"presence\", \"typing\", \"receipt\", \"name\", \"picture\", found the number 1\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { direction = \"in\"; channels = [ \"libera:#dev\", \"xmpp:a@c\" ]; };\n"
	  "};\n",
	  "c.conf:6: nothing can flow in link \"dev\": no channel has direction \"out\" or \"both\"\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { direction = \"out\"; channels = [ \"libera:#dev\", \"xmpp:a@c\" ]; };\n"
	  "};\n",
	  "c.conf:6: nothing can flow in link \"dev\": no channel has direction \"in\" or \"both\"\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { nick = \"{nick}[a]\"; channels = [ \"libera:#dev\", \"xmpp:a@c\" ]; };\n"
	  "two: { channels = [ \"libera:#two\", \"xmpp:b@c\" ]; };\n"
	  "};\n",
	  "c.conf:7: puppets on \"libera\" have one nick everywhere: it is \"{nick}\" here and \"{nick}[a]\" for \"#dev\" (line 6)\n" },
	{ NETWORKS
	  "links: {\n"
	  "dev: { channels = ( \"libera:#dev\", ( \"xmpp:a@c\" ) ); };\n"
	  "};\n",
	  "c.conf:6: \"channel\": expected \"NETWORK:CHANNEL\" such as \"libera:#dev\", found a list\n" },
	{ NETWORKS
	  "links: {\n"
	  "a: { channels = [ \"libera:#dev\", \"xmpp:a@c\" ]; };\n"
	  "a: { };\n"
	  "};\n",
	  "c.conf:7: a name in this line stands twice in its block\n"
	  "    a: { };\n"
	  "    ^\n" },
	{ "a = [ 1, \"x\" ];",
	  "c.conf:1: the elements of an array in [ ] must be of one kind; use ( ) for a mixture\n"
	  "    a = [ 1, \"x\" ];\n"
	  "    ^\n" },
	{ "network: { };\n"
	  "links: { dev: { channels = [ \"libera:#dev\", \"xmpp:a@c\" ]; }; };",
	  "c.conf: the file lacks the option \"networks\"\n"
	  "c.conf:1: unknown option \"network\" in the file; did you mean \"networks\"?\n"
	  "c.conf:2: unknown network \"libera\" in channel \"libera:#dev\"\n"
	  "c.conf:2: unknown network \"xmpp\" in channel \"xmpp:a@c\"\n" },
	{ "foo = 1;\n"
	  "log: { lewel = \"info\"; };\n"
	  "queue: { rows = \"x\"; };\n"
	  "networks: {\n"
	  "xmpp: { protocol = \"xmpp\"; component = \"gw\"; secret = \"pw\"; };\n"
	  IRC_BEGIN
	  "tls = \"of\"; };\n"
	  "};\n"
	  "links: {\n"
	  "dev: { channels = [ \"libra:#dev\", \"xmpp:dev\" ]; };\n"
	  "};\n",
	  "c.conf:1: unknown option \"foo\" in the file\n"
	  "c.conf:2: unknown option \"lewel\" in block \"log\"; did you mean \"level\"?\n"
	  "c.conf:3: \"rows\": expected a number from 10 to 10000000, found \"x\"\n"
	  "c.conf:5: \"secret\": secrets are never written in this file; say where it is: \"file:PATH\", \"env:NAME\" or \"cred:NAME\"\n"
	  "c.conf:7: \"tls\": unknown word \"of\"; did you mean \"off\"?\n"
	  "c.conf:10: unknown network \"libra\" in channel \"libra:#dev\"; did you mean \"libera\"?\n"
	  "c.conf:10: network \"xmpp\": expected a room such as \"dev@conference.example.org\", found \"dev\"\n" },
};
/* clang-format on */

static void
wrong_files_are_told_what_is_wrong(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STR errors;

		str_init(&errors, 1 << 16);
		assert_null(conf_parse("c.conf", cases[i].text, &errors));
		assert_string_equal(errors.data, cases[i].errors);
	}
}

/* The beginning, n times the same with a number in it, and the end. */
static void
assert_many(const char *begin, const char *item, unsigned n, const char *end,
	    const char *want)
{
	AUTO_STR text;
	AUTO_STR errors;

	str_init(&text, 1 << 20);
	str_init(&errors, 1 << 16);
	str_add(&text, begin);
	for (unsigned i = 0; i < n; i++) {
		const char *mark = strchr(item, '%');

		str_add_n(&text, item, (size_t)(mark - item));
		str_printf(&text, "%u%s", i, mark + 1);
	}
	str_add(&text, end);
	assert_false(str_overflowed(&text));

	struct conf *conf = conf_parse("c.conf", text.data, &errors);

	assert_string_equal(errors.data, want);
	assert_int_equal(conf == NULL, *want != '\0');
	conf_free(conf);
}

static void
there_are_limits_to_how_many(void **state UNUSED)
{
	assert_many("networks: {\n", "n%: { };\n", 101, "};\n",
		    "c.conf:1: 101 networks are too many; the limit is 100\n");
	assert_many(NETWORKS "links: {\n", "l%: { };\n", 5001, "};\n",
		    "c.conf:5: 5001 links are too many; the limit is 5000\n");
	assert_many(NETWORKS "links: { dev: { channels = [ \"libera:#a\"",
		    ", \"xmpp:r%@c\"", 64, " ]; }; };\n",
		    "c.conf:5: link \"dev\": expected between 2 and 64 "
		    "channels, found 65\n");
	assert_many(NETWORKS "links: { dev: { channels = [ \"libera:#a\"",
		    ", \"xmpp:r%@c\"", 63, " ]; }; };\n", "");
}

static void
a_link_has_a_name_of_at_most_63_bytes(void **state UNUSED)
{
	char name[65];
	char text[1024];
	AUTO_STR errors;

	str_init(&errors, 4096);
	memset(name, 'q', 64);
	name[64] = '\0';
	(void)snprintf(text, sizeof(text),
		       NETWORKS "links: { %s: { channels = [ \"libera:#a\", "
				"\"xmpp:a@c\" ]; }; };",
		       name);
	assert_null(conf_parse("c.conf", text, &errors));
	assert_non_null(strstr(errors.data, "at most 63 bytes"));
}

static void
errors_come_in_the_order_of_lines_with_those_of_included_files_last(
	void **state UNUSED)
{
	AUTO_STR errors;

	str_init(&errors, 4096);
	put_file("links.conf", "\nlinks: { a: { }; };\n", 0644);
	put_file("c.conf", "@include \"links.conf\"\n" NETWORKS "fo = 1;\n",
		 0644);
	assert_null(conf_load("c.conf", &errors));
	assert_string_equal(errors.data,
			    "c.conf:6: unknown option \"fo\" in the file\n"
			    "links.conf:2: link \"a\" lacks the option "
			    "\"channels\"\n");
}

static void
includes_that_cannot_be_are_refused(void **state UNUSED)
{
	static const struct {
		const char *text, *errors;
	} includes[] = {
		{ "@include \"none\"\n",
		  "c.conf:1: cannot include \"none\": No such file or "
		  "directory\n    @include \"none\"\n    ^\n" },
		{ "@include \".\"\n",
		  "c.conf:1: cannot include \".\": it is not a regular "
		  "file\n    @include \".\"\n    ^\n" },
		{ "@include \"/etc/passwd\"\n",
		  "c.conf:1: @include takes a path relative to the folder of "
		  "the configuration file\n    @include \"/etc/passwd\"\n"
		  "    ^\n" },
		{ "@include \"c.conf\"\n",
		  "c.conf:1: too many files are included\n"
		  "    @include \"c.conf\"\n    ^\n" },
		{ "@include \"cut.conf\"\n",
		  "cut.conf:1: the last line of an included file must end with "
		  "a newline\n    a = 1; # b\n           ^\n" },
		{ "@include \"bad.conf\"\n",
		  "bad.conf:2: expected a value, found ;\n"
		  "    a = ;\n        ^\n" },
	};

	put_file("cut.conf", "a = 1; # b", 0644);
	put_file("bad.conf", "\na = ;", 0644);
	for (size_t i = 0; i < ARRAY_SIZE(includes); i++) {
		AUTO_STR errors;

		str_init(&errors, 4096);
		put_file("c.conf", includes[i].text, 0644);
		assert_null(conf_load("c.conf", &errors));
		assert_string_equal(errors.data, includes[i].errors);
	}
}

static void
a_file_that_is_none_is_refused(void **state UNUSED)
{
	static const char *const paths[][2] = {
		{ "none.conf", "none.conf: No such file or directory\n" },
		{ ".", ".: it is not a regular file\n" },
		{ "/dev/zero", "/dev/zero: it is not a regular file\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		AUTO_STR errors;

		str_init(&errors, 4096);
		assert_null(conf_load(paths[i][0], &errors));
		assert_string_equal(errors.data, paths[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_files_are_told_what_is_wrong),
		cmocka_unit_test(there_are_limits_to_how_many),
		cmocka_unit_test(a_link_has_a_name_of_at_most_63_bytes),
		cmocka_unit_test(
			errors_come_in_the_order_of_lines_with_those_of_included_files_last),
		cmocka_unit_test(includes_that_cannot_be_are_refused),
		cmocka_unit_test(a_file_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
