# SPDX-License-Identifier: MIT
"""A real Matrix homeserver (Synapse) for the tests.

It is unpacked once (synapse_install), into CAUSEWAY_SYNAPSE or a folder of the
user's cache, and takes a while to start: so one serves all tests of a worker.
A bridge is an application service, which a homeserver knows from its start
on; so it is given as many registrations as there may be tests, and each bridge
takes the next.
"""

import fcntl
import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import urllib.error
import urllib.request
from urllib.parse import quote

from .process import Failure, free_ports, port_is_free, wait_for
from .server import Server

SERVICES = 60
NAME = "localhost"
SHARED = "only-for-tests"

CONFIG = """
server_name: "{name}"
public_baseurl: "http://127.0.0.1:{port}/"
pid_file: "{folder}/synapse.pid"
report_stats: false
signing_key_path: "{folder}/signing.key"
macaroon_secret_key: only-for-tests
form_secret: only-for-tests
registration_shared_secret: "{shared}"
enable_registration: false
bcrypt_rounds: 4
listeners:
  - {{port: {port}, type: http, bind_addresses: ['127.0.0.1'], resources: [{{names: [client], compress: false}}]}}
database: {{name: sqlite3, args: {{database: "{folder}/homeserver.db"}}}}
media_store_path: "{folder}/media"
log_config: "{folder}/log.yaml"
app_service_config_files: {services}
federation_domain_whitelist: []
trusted_key_servers: []
suppress_key_server_warning: true
url_preview_enabled: false
enable_metrics: false
presence: {{enabled: {presence}}}
{limits}
"""

LOG = """
version: 1
formatters: {{f: {{format: '%(asctime)s %(name)s %(levelname)s %(message)s'}}}}
handlers: {{h: {{class: logging.FileHandler, formatter: f, filename: "{folder}/synapse.log"}}}}
root: {{level: WARNING, handlers: [h]}}
disable_existing_loggers: false
"""

FREE = "{per_second: 100000, burst_count: 100000}"
LIMITS = f"""
rc_message: {FREE}
rc_registration: {FREE}
rc_login: {{address: {FREE}, account: {FREE}, failed_attempts: {FREE}}}
rc_joins: {{local: {FREE}, remote: {FREE}}}
rc_joins_per_room: {FREE}
rc_invites: {{per_room: {FREE}, per_user: {FREE}, per_issuer: {FREE}}}
rc_room_creation: {FREE}
rc_presence: {{per_user: {FREE}}}
"""

REGISTRATION = """id: {id}
url: http://127.0.0.1:{port}
as_token: as-token-only-for-tests-{number}
hs_token: hs-token-only-for-tests-{number}
sender_localpart: {bot}
rate_limited: false
receive_ephemeral: true
namespaces:
  users: [{{exclusive: true, regex: '@{prefix}.*'}}]
  aliases: [{{exclusive: true, regex: '#{prefix}.*'}},
            {{exclusive: false, regex: '#xmpp_.*'}}]
  rooms: []
"""


def installed():
    """The folder that it is unpacked in."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(
        os.path.expanduser("~"), ".cache")
    folder = pathlib.Path(os.environ.get("CAUSEWAY_SYNAPSE") or
                          os.path.join(cache, "causeway-tests", "synapse"))
    if os.geteuid() == 0 and not os.environ.get("CAUSEWAY_SYNAPSE"):
        folder = pathlib.Path("/var/cache/causeway-tests/synapse")
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # workers begin together
        script = pathlib.Path(__file__).with_name("synapse_install")
        done = subprocess.run([script, folder], capture_output=True,
                              text=True, timeout=900, check=False)
    if done.returncode:
        raise Failure(f"Synapse cannot be unpacked:\n{done.stderr[-3000:]}")
    return folder / "root"


class Service:
    """What one bridge needs to be an application service."""

    def __init__(self, number, folder, port):
        self.number, self.port = number, port
        self.prefix = f"_cw{number}_"
        self.bot = f"causeway{number}"
        self.bot_id = f"@{self.bot}:{NAME}"
        self.token = f"as-token-only-for-tests-{number}"
        self.hs_token = f"hs-token-only-for-tests-{number}"
        self.url = f"http://127.0.0.1:{port}"
        self.path = folder / f"service{number}.yaml"
        self.path.write_text(REGISTRATION.format(
            id=f"causeway-{number}", number=number, port=port,
            bot=self.bot, prefix=self.prefix))
        self.path.chmod(0o640)

    def is_puppet(self, user_id):
        return user_id.startswith("@" + self.prefix)

    def ask(self, path):
        """What the homeserver asks of the bridge; the answer."""
        request = urllib.request.Request(
            self.url + "/_matrix/app/v1/" + path)
        request.add_header("Authorization", f"Bearer {self.hs_token}")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)


class Synapse(Server):
    name = "synapse"
    packages = ("see tests/support/synapse_install",)
    ready_wait_s = 120

    def __init__(self, folder, ports=None, services=SERVICES, limits=LIMITS,
                 presence=False):
        super().__init__(folder, ports)
        self.presence = presence
        self.root = installed()
        self.limits = limits
        (self.folder / "media").mkdir(exist_ok=True)
        self.services = [Service(n, self.folder, port) for n, port
                         in enumerate(free_ports(services))]
        self._next = 0
        self.tokens = {}
        self.url = ""

    def service(self):
        """One that no bridge has had."""
        while self._next < len(self.services):
            service = self.services[self._next]
            self._next += 1
            if port_is_free(service.port):
                return service
        raise Failure("all application services are taken")

    def configure(self):
        self.url = f"http://127.0.0.1:{self.port}"
        (self.folder / "homeserver.yaml").write_text(CONFIG.format(
            name=NAME, port=self.port, folder=self.folder, shared=SHARED,
            limits=self.limits, presence=str(self.presence).lower(),
            services=json.dumps([str(s.path) for s in self.services])))
        (self.folder / "log.yaml").write_text(LOG.format(folder=self.folder))
        key = self.folder / "signing.key"
        if not key.exists():
            subprocess.run(
                [*self.python(), self.root /
                 "usr/libexec/matrix-synapse/generate_signing_key", "-o", key],
                env=self.environment(), check=True)

    def python(self):
        """The interpreter that was unpacked, on its own C library."""
        loaders = [*self.root.glob("usr/lib64/ld-linux-*.so.*"),
                   *self.root.glob("usr/lib/*-linux-gnu*/ld-linux-*.so.*")]
        libraries = sorted(self.root.glob("usr/lib/*-linux-gnu*"))
        return [loaders[0], "--library-path", libraries[0],
                self.root / "usr/bin/python3"]

    def argv(self):
        return [*self.python(), "-m", "synapse.app.homeserver", "-c",
                self.folder / "homeserver.yaml"]

    def environment(self):
        return {"PYTHONHOME": str(self.root / "usr"),
                "PYTHONDONTWRITEBYTECODE": "1"}

    def is_ready(self):
        try:
            self.call("GET", "/_matrix/client/versions")
        except OSError:
            return False
        return True

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, method=method,
            data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def account_data(self, service, user, kind):
        """What that puppet of the service keeps under that type; {} if
        nothing."""
        who = quote(user)
        request = urllib.request.Request(
            f"{self.url}/_matrix/client/v3/user/{who}/account_data/{kind}"
            f"?user_id={who}",
            headers={"Authorization": f"Bearer {service.token}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return {}

    def token(self, user):
        """An access token of that user, who is made on first use."""
        if user not in self.tokens:
            path = "/_synapse/admin/v1/register"
            nonce = self.call("GET", path)["nonce"]
            mac = hmac.new(SHARED.encode(), b"\0".join(
                [nonce.encode(), user.encode(), b"pw", b"notadmin"]),
                hashlib.sha1).hexdigest()
            self.tokens[user] = self.call("POST", path, {
                "nonce": nonce, "username": user, "password": "pw",
                "admin": False, "mac": mac})["access_token"]
        return self.tokens[user]

    def restart(self):
        self.stop()
        wait_for("its port to be free", lambda: port_is_free(self.port))
        return self.start()
