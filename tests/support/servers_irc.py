# SPDX-License-Identifier: MIT
"""ngIRCd, InspIRCd and the Atheme services for the tests; see server.py.

Limits are wide, so that no test is slowed by a protection against people.
Each server has an operator, name "root" with password "toor".
"""

import pathlib
import shutil

from . import certificates
from .irc_peer import IrcPeer
from .server import Server

NETWORK = "TestNet"
OPERATOR = ("root", "toor")
NICK_MAX = 30


class IrcServer(Server):
    """hub: a server of the same kind that this one links to, as "leaf";
    every server takes a leaf of that name."""

    host = "127.0.0.1"
    port_names = ("port",)
    hub = None

    def follow(self, hub):
        self.hub = hub
        return self

    @property
    def server_name(self):
        return "leaf.localhost" if self.hub else "irc.localhost"


class Ngircd(IrcServer):
    name = "ngircd"
    packages = ("ngircd",)

    def configure(self):
        (self.folder / "motd").write_text("A server of the tests.\n")
        (self.folder / "ngircd.conf").write_text(f"""\
[Global]
	Name = {self.server_name}
	Info = Tests
	Network = {NETWORK}
	Listen = 127.0.0.1,::1
	Ports = {self.port}
	MotdFile = {self.folder}/motd
	PidFile = {self.folder}/ngircd.pid
[Limits]
	MaxConnections = 0
	MaxConnectionsIP = 0
	MaxJoins = 0
	MaxNickLength = {NICK_MAX}
	MaxPenaltyTime = 0
	MaxListSize = 0
	PingTimeout = 120
	PongTimeout = 60
[Options]
	DNS = no
	Ident = no
	PAM = no
	NoticeBeforeRegistration = yes
	OperCanUseMode = yes
[Operator]
	Name = {OPERATOR[0]}
	Password = {OPERATOR[1]}
[Server]
	Name = {"irc.localhost" if self.hub else "leaf.localhost"}
	MyPassword = linked
	PeerPassword = linked
{f"	Host = 127.0.0.1{chr(10)}	Port = {self.hub.port}" if self.hub else ""}
""")

    def argv(self):
        return ["/usr/sbin/ngircd", "--nodaemon", "--config",
                self.folder / "ngircd.conf"]


MODULES = """
	cap chghost
	hostchange ircv3 ircv3_accounttag ircv3_batch ircv3_capnotify
	ircv3_chghost ircv3_ctctags ircv3_echomessage ircv3_invitenotify
	ircv3_labeledresponse ircv3_msgid ircv3_servertime monitor namesx
	sasl sakick sethost services_account setname spanningtree ssl_gnutls sslinfo
	uhnames sha256 cgiirc
"""


class Inspircd(IrcServer):
    """Ports: plain; TLS with the right certificate; with the wrong name; with
    an unknown issuer; and one for the services to link to.

    The binary is copied next to its configuration: Debian confines it by its
    path (AppArmor) to the folders of the package.
    """

    name = "inspircd"
    packages = ("inspircd", "openssl")
    port_names = ("port", "tls_port", "wrong_name_port",
                  "unknown_issuer_port", "link_port")
    modules = MODULES.split()

    def __init__(self, folder, ports=None):
        super().__init__(folder, ports)
        self.certificates = certificates.make(self.folder / "tls")

    @property
    def ca_file(self):
        return self.certificates / "ca.pem"

    def configure(self):
        shutil.copy2("/usr/sbin/inspircd", self.folder / "inspircd")
        (self.folder / "motd").write_text("A server of the tests.\n")
        (self.folder / "inspircd.conf").write_text(
            self._basics() + self._listeners())

    def _listeners(self):
        bind = (f'<bind address="127.0.0.1" port="{self.port}"'
                f' type="clients">\n'
                f'<bind address="::1" port="{self.port}"'
                f' type="clients">\n'
                f'<bind address="127.0.0.1" port="{self.link_port}"'
                f' type="servers">\n')
        for name, port in (("server", self.tls_port),
                           ("other", self.wrong_name_port),
                           ("stranger", self.unknown_issuer_port)):
            base = self.certificates / name
            bind += (f'<sslprofile name="{name}" provider="gnutls"'
                     f' certfile="{base}.pem" keyfile="{base}.key"'
                     f' hash="sha256" requestclientcert="yes">\n'
                     f'<bind address="127.0.0.1" port="{port}"'
                     f' type="clients" sslprofile="{name}">\n')
        return bind

    def _link(self):
        name, port = "leaf.localhost", self.link_port
        if self.hub:
            name, port = "irc.localhost", self.hub.link_port
        text = (f'<link name="{name}" ipaddr="127.0.0.1" port="{port}"'
                f' allowmask="127.0.0.0/8" sendpass="linked"'
                f' recvpass="linked">')
        return text + (f'\n<autoconnect period="1" server="{name}">'
                       if self.hub else "")

    def _basics(self):
        modules = "".join(f'<module name="{m}">\n' for m in self.modules)
        return f"""\
<config format="xml">
<path configdir="{self.folder}" datadir="{self.folder}"
	logdir="{self.folder}" moduledir="/usr/lib/inspircd/modules"
	runtimedir="{self.folder}">
<server name="{self.server_name}" description="Tests"
	id="{"2BB" if self.hub else "1AA"}"
	network="{NETWORK}">
<admin name="tests" nick="tests" email="tests@localhost">
{modules}
<pid file="{self.folder}/inspircd.pid">
<connect name="main" allow="*" maxchans="10000" timeout="60" pingfreq="2m"
	hardsendq="8M" softsendq="4M" recvq="256K" threshold="1000000"
	commandrate="100000000" fakelag="off" localmax="20000"
	globalmax="20000" limit="50000" resolvehostnames="no" useident="no">
<class name="all" commands="*" privs="*" usermodes="*" chanmodes="*">
<type name="NetAdmin" classes="all">
<oper name="{OPERATOR[0]}" password="{OPERATOR[1]}" host="*@*"
	type="NetAdmin">
<link name="services.localhost" ipaddr="127.0.0.1" port="{self.link_port}"
	allowmask="127.0.0.0/8" sendpass="linked" recvpass="linked">
{self._link()}
<uline server="services.localhost" silent="yes">
<cgihost type="webirc" password="{WEBIRC}" mask="127.0.0.1">
<sasl target="services.localhost" requiressl="no">
<channels opers="10000" users="10000">
<dns server="127.0.0.1" timeout="1">
<options prefixquit="Quit: " noservertyping="no" allowhalfop="yes"
	hostintopic="no" splitwhois="no">
<performance somaxconn="1024" softlimit="50000" clonesonconnect="no"
	timeskipwarn="0">
<security announceinvites="dynamic" maxtargets="20">
<limits maxnick="{NICK_MAX}" maxchan="60" maxmodes="20" maxident="10"
	maxquit="300" maxtopic="330" maxkick="300" maxreal="130"
	maxaway="200">
<files motd="{self.folder}/motd">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default"
	target="inspircd.log">
"""

    def argv(self):
        return [self.folder / "inspircd", "--config",
                self.folder / "inspircd.conf", "--nofork"]

    def describe(self):
        return (f"inspircd: 127.0.0.1:{self.port}, TLS {self.tls_port} "
                f"(ca {self.ca_file}), wrong name {self.wrong_name_port}, "
                f"unknown issuer {self.unknown_issuer_port}")


# What a gateway on this machine says that it is one.
WEBIRC = "hush-gateway"

# Registered through NickServ when the services come up: name and password.
ACCOUNT = ("tester", "correct-horse")

ATHEME_MODULES = """
	backend/opensex crypto/pbkdf2v2 nickserv/main nickserv/register
	nickserv/identify nickserv/cert nickserv/logout nickserv/info
	saslserv/main saslserv/plain saslserv/external
"""


class Atheme(Server):
    """Services for an InspIRCd that runs. Debian's build offers SASL PLAIN
    and EXTERNAL; it has no module for SCRAM (that is in newer versions), so
    scram_services.py plays that part."""

    name = "atheme"
    packages = ("atheme-services",)
    port_names = ()

    def __init__(self, folder, inspircd):
        super().__init__(folder)
        self.inspircd = inspircd
        self.account, self.password = ACCOUNT

    def configure(self):
        module = sorted(pathlib.Path("/usr/lib").glob(
            "*/atheme/modules/protocol/inspircd.so"))
        home = self.folder / "home"
        if module and not home.is_symlink():
            home.symlink_to(module[0].parents[2])
        lines = "".join(f'loadmodule "modules/{m}";\n'
                        for m in ATHEME_MODULES.split())
        (self.folder / "atheme.conf").write_text(f"""\
loadmodule "modules/protocol/inspircd";
{lines}
pbkdf2v2 {{ digest = "SHA256"; rounds = 10000; }};
serverinfo {{
	name = "services.localhost";
	desc = "Services";
	numeric = "00A";
	recontime = 1;
	netname = "{NETWORK}";
	hidehostsuffix = "users";
	adminname = "tests";
	adminemail = "tests@localhost";
	registeremail = "tests@localhost";
	loglevel = {{ error; info; admin; network; register; commands; }};
	maxlogins = 0;
	maxusers = 0;
	emaillimit = 1000;
	emailtime = 1;
	auth = none;
	casemapping = rfc1459;
}};
uplink "irc.localhost" {{
	host = "127.0.0.1";
	send_password = "linked";
	receive_password = "linked";
	port = {self.inspircd.link_port};
}};
nickserv {{ nick = "NickServ"; user = "NickServ";
	host = "services.localhost"; real = "Accounts"; }};
saslserv {{ nick = "SaslServ"; user = "SaslServ";
	host = "services.localhost"; real = "SASL"; }};
logfile "atheme.commands.log" {{ error; info; register; commands; }};
general {{ commit_interval = 5; flood_msgs = 0; ratelimit_uses = 0;
	ratelimit_period = 0; uflags = {{ hold; }}; }};
""")

    def argv(self):
        return ["/usr/bin/atheme-services", "-n", "-c",
                self.folder / "atheme.conf", "-D", self.folder,
                "-l", self.folder / "atheme.log",
                "-p", self.folder / "atheme.pid"]

    def is_ready(self):
        """The services are there when NickServ answers to WHOIS."""
        try:
            with IrcPeer("ready", "127.0.0.1", self.inspircd.port) as peer:
                peer.send("WHOIS NickServ")
                return "311" == peer.wait_for(
                    lambda m: m.command in ("311", "401"), 5).command
        except (OSError, TimeoutError):
            return False

    def prepared(self):
        """Registers the account, with the fingerprint of client.pem."""
        pem = self.inspircd.certificates / "client.pem"
        with IrcPeer(self.account, "127.0.0.1", self.inspircd.port) as peer:
            peer.send(f"PRIVMSG NickServ :REGISTER "
                      f"{self.password} "
                      f"{self.account}@example.org")
            peer.wait_for(lambda m: m.nick == "NickServ" and
                          "registered" in m.text, 10)
            peer.send(f"PRIVMSG NickServ :CERT ADD "
                      f"{certificates.fingerprint(pem)}")
            peer.wait_for(lambda m: m.nick == "NickServ" and
                          "added" in m.text.lower(), 10)

    def describe(self):
        return f"atheme: account {self.account}, password {self.password}"
