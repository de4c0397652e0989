# SPDX-License-Identifier: MIT
"""Prosody and ejabberd for the tests; see servers.py for what they share.

Both carry the host "localhost" with the same accounts (password = name), the
rooms at "rooms.localhost", and one external component for each name in
components. Rooms come into being by joining, without a form, open to all.
"""

import pathlib

from .server import Server

USERS = ("ann", "bob", "carol", "dave", "eve", "owner")
ROOMS = "rooms.localhost"
COMPONENTS = ("gw.localhost", "gw2.localhost", "gw3.localhost")
SECRET = "only-for-tests"
STANZA_MAX = 4 * 1024 * 1024


class XmppServer(Server):
    """Offers port (clients) and component_port."""

    host = "localhost"
    rooms = ROOMS
    secret = SECRET
    port_names = ("port", "component_port")

    def __init__(self, folder, mam=False, components=COMPONENTS, ports=None,
                 users=USERS):
        super().__init__(folder, ports)
        self.mam = mam
        self.components = components
        self.users = users

    def describe(self):
        return (f"{self.name}: clients 127.0.0.1:{self.port}, components "
                f"{' '.join(self.components)} 127.0.0.1:"
                f"{self.component_port} secret {self.secret}, accounts "
                f"{' '.join(self.users)} (password = name), rooms "
                f"*@{self.rooms}")


class Prosody(XmppServer):
    """Also keeps what people upload (XEP-0363), at http_port."""

    name = "prosody"
    port_names = ("port", "component_port", "http_port")
    uploads = "upload.localhost"
    packages = ("prosody",)
    log_level = "debug"

    def configure(self):
        data = self.folder / "data"
        accounts = data / "localhost" / "accounts"
        accounts.mkdir(parents=True, exist_ok=True)
        for user in self.users:
            (accounts / f"{user}.dat").write_text(
                f'return {{ ["password"] = "{user}" }};\n')
        (self.folder / "prosody.cfg.lua").write_text(self._text(data))

    def _text(self, data):
        components = "".join(
            f'Component "{name}"\n\tcomponent_secret = "{self.secret}"\n'
            for name in self.components)
        allowed = ", ".join(f'"{name}"' for name in self.components)
        return f"""
-- As root the tests drop privileges first, so this is for those who cannot.
run_as_root = true
daemonize = false
pidfile = "{self.folder}/prosody.pid"
data_path = "{data}"
log = {{ {self.log_level} = "{self.folder}/prosody.log" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {self.port} }}
component_interfaces = {{ "127.0.0.1" }}
component_ports = {{ {self.component_port} }}
s2s_ports = {{ }}
http_ports = {{ {self.http_port} }}
http_interfaces = {{ "127.0.0.1" }}
http_external_url = "http://127.0.0.1:{self.http_port}/"
http_default_host = "{self.uploads}"
https_ports = {{ }}
modules_enabled = {{ "posix", "roster", "saslauth", "disco", "ping", "version", "time",
	"carbons", "register", "pep", "private", "blocklist",
	"vcard_legacy" }}
modules_disabled = {{ "s2s", "tls", "admin_shell", "offline" }}
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
c2s_stanza_size_limit = {STANZA_MAX}
component_stanza_size_limit = {STANZA_MAX}
limits = {{ }}

VirtualHost "localhost"

Component "{ROOMS}" "muc"
	modules_enabled = {{ {'"muc_mam"' if self.mam else ""} }}
	restrict_room_creation = false
	muc_room_locking = false
	muc_room_default_public = true
	muc_room_default_persistent = false
	muc_room_default_members_only = false
	muc_room_default_change_subject = true
	muc_room_default_public_jids = false
	muc_room_default_allow_member_invites = true
	max_history_messages = 200
	muc_log_by_default = true

Component "{self.uploads}" "http_file_share"
	http_file_share_access = {{ "localhost", {allowed} }}

{components}
"""

    def argv(self):
        return ["/usr/bin/prosody", "--config",
                self.folder / "prosody.cfg.lua", "-F"]


class Ejabberd(XmppServer):
    """The Erlang virtual machine is called directly: the package's script
    insists on its own user and a node name, and shares a port mapper with
    every other Erlang on the machine. Without distribution nothing is
    shared."""

    name = "ejabberd"
    packages = ("ejabberd",)
    ready_wait_s = 60

    def configure(self):
        (self.folder / "spool").mkdir(exist_ok=True)
        (self.folder / "inetrc").write_text(
            "{lookup,[\"file\",\"native\"]}.\n")
        (self.folder / "ejabberd.yml").write_text(self._text())

    def _text(self):
        hosts = "\n".join(
            f'      "{name}":\n        password: "{self.secret}"'
            for name in self.components)
        mam = """
  mod_mam:
    default: always
    request_activates_archiving: false""" if self.mam else ""
        return f"""
hosts: ["localhost"]
loglevel: info
auth_method: internal
auth_password_format: plain
listen:
  -
    port: {self.port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: {STANZA_MAX}
    access: all
    starttls: false
  -
    port: {self.component_port}
    ip: "127.0.0.1"
    module: ejabberd_service
    access: all
    max_stanza_size: {STANZA_MAX}
    hosts:
{hosts}
modules:
  mod_disco: {{}}
  mod_ping: {{}}
  mod_roster: {{}}
  mod_stream_mgmt: {{}}
  mod_version: {{}}
  mod_time: {{}}
  mod_vcard: {{}}
  mod_vcard_xupdate: {{}}
  mod_carboncopy: {{}}{mam}
  mod_muc:
    host: "{ROOMS}"
    access: all
    access_create: all
    access_persistent: all
    max_users: 6000
    max_users_admin_threshold: 50
    max_user_conferences: 1000
    min_message_interval: 0
    min_presence_interval: 0
    history_size: 200
    default_room_options:
      persistent: false
      public: true
      anonymous: true
      members_only: false
      allow_change_subj: true
      allow_private_messages: true
      allow_subscription: false
      mam: {"true" if self.mam else "false"}
      max_users: 6000
"""

    def argv(self):
        users = ",".join(f"<<\"{u}\">>" for u in self.users)
        make = (f"[case ejabberd_auth:try_register(U, <<\"localhost\">>, U)"
                f" of ok -> ok; {{error, exists}} -> ok end"
                f" || U <- [{users}]], io:format(\"ready~n\").")
        return ["/usr/bin/erl", "-noinput", "+K", "true", "+sbwt", "none",
                "+sbwtdcpu", "none", "+sbwtdio", "none",
                "+P", "250000", "-kernel", "inetrc",
                f"\"{self.folder}/inetrc\"",
                "-mnesia", "dir", f"\"{self.folder}/spool\"",
                "-s", "ejabberd", "-eval", make]

    def environment(self):
        libraries = sorted(pathlib.Path("/usr/lib").glob("*/ejabberd-*"))
        return {
            "ERL_LIBS": str(libraries[0].parent) if libraries else "",
            "EJABBERD_CONFIG_PATH": str(self.folder / "ejabberd.yml"),
            "EJABBERD_LOG_PATH": str(self.folder / "ejabberd.log"),
            "EJABBERD_PID_PATH": str(self.folder / "ejabberd.pid"),
            "ERL_CRASH_DUMP": str(self.folder / "crash.dump"),
            "ERL_INETRC": str(self.folder / "inetrc"),
        }

    def is_ready(self):
        return "ready\n" in self.process.output() and super().is_ready()
