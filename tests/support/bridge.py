# SPDX-License-Identifier: MIT
"""The real causewayd, with a configuration made for one test.

The program is the one that CAUSEWAYD names. Its log (JSON, trace) is how we
learn that it is ready; what it left on standard error besides tells whether a
sanitizer found something.
"""

import contextlib
import json
import os
import pathlib
import signal
import sqlite3

from .process import Failure, Process, wait_for

READY_S = 40
SANITIZERS = ("AddressSanitizer", "LeakSanitizer", "runtime error:",
              "UndefinedBehaviorSanitizer", "Assertion `")
MISTAKES = ("bug",)


def program():
    path = os.environ.get("CAUSEWAYD", "")
    if not path or not os.access(path, os.X_OK):
        raise Failure("CAUSEWAYD does not name a causewayd; tests/run does "
                      "that, or: CAUSEWAYD=b/causewayd")
    return os.path.abspath(path)


def crash_program():
    """The same, but for tests/campaign/crash.c."""
    path = os.environ.get("CAUSEWAYD_CRASH") or os.path.join(
        os.path.dirname(program()), "tests/campaign/causewayd-crash")
    if not os.access(path, os.X_OK):
        raise Failure(f"{path} is missing; it is built with causewayd")
    return path


def _value(value):
    """A value of libconfig: dict, list (of channels), str, bool, number."""
    if isinstance(value, dict):
        inner = " ".join(f"{k} = {_value(v)};" for k, v in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, (list, tuple)):
        plain = all(isinstance(v, str) for v in value)
        inner = ", ".join(_value(v) for v in value)
        return f"[ {inner} ]" if plain else f"( {inner} )"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def xmpp_network(server, component="gw.localhost", /, **options):
    """The options of a network on one of the servers of servers_xmpp."""
    return {"protocol": "xmpp", "component": component,
            "server": f"127.0.0.1:{server.component_port}",
            "secret": "env:XMPP_SECRET", "direct_from": ["*"], **options}


def irc_network(server, /, **options):
    """Likewise of servers_irc, plain, without a limit to the pace, and in a
    hurry to know who is away."""
    return {"protocol": "irc", "server": f"127.0.0.1:{server.port}",
            "tls": "off", "nick": "causeway", "preset": "own",
            "puppets": 50, "away_poll": 3, **options}


def matrix_network(server, service, /, **options):
    """Likewise of servers_matrix, as one of its services."""
    return {"protocol": "matrix", "homeserver": server.url,
            "server_name": "localhost", "registration": str(service.path),
            "listen": f"127.0.0.1:{service.port}", "bot": service.bot,
            "prefix": service.prefix, **options}


def mqtt_network(server, client_id, /, **options):
    """Likewise of servers_mqtt, plain. MQTT_VERSION in the environment is what
    is spoken by those who do not ask for a version."""
    version = {"version": v} if (v := os.environ.get("MQTT_VERSION")) else {}
    return {"protocol": "mqtt", "broker": f"mqtt://127.0.0.1:{server.port}",
            "client_id": client_id, **version, **options}


# Tests count what arrives; long queues are folded, and what is too much is
# refused, where that is the test.
SAY_ALL = {"fold_after": 0, "fold_rows": 0, "rows": 1000000}


class Bridge:
    """networks: {label: options}; links: {name: list of channels, or the
    options of the link}."""

    def __init__(self, folder, networks, links, level="trace", queue=None,
                 top=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.networks, self.links = networks, links
        self.level = level
        self.queue = queue or {}
        self.top = top or {}   # options outside all blocks
        self.prefix = []       # a program that runs causewayd
        self.inside = None     # a Namespace
        self.environment = {}  # besides what it always gets
        self.config = self.folder / "causeway.conf"
        self.database = self.folder / "causeway.db"
        self.process = None
        self.records_of, self.records_end = None, 0
        self.records, self.lost = [], []
        self.exits = []
        self.configure()

    def configure(self):
        links = {name: link if isinstance(link, dict) else
                 {"channels": link} for name, link in self.links.items()}
        text = [f"database = {_value(self.database)};",
                f'log = {{ format = "json"; level = "{self.level}"; '
                f"text = true; }};",
                f"networks = {_value(self.networks)};",
                f"links = {_value(links)};"]
        text += [f"{name} = {_value(value)};"
                 for name, value in self.top.items()]
        text.append(f"queue = {_value({**SAY_ALL, **self.queue})};")
        self.config.write_text("\n".join(text) + "\n")

    def argv(self):
        return [*self.prefix, program(), "--config", self.config]

    def launch(self, crash_at=None):
        """Start it without waiting for anything. crash_at: a step of a
        message's life, see tests/campaign/crash.c."""
        env = {"XMPP_SECRET": "only-for-tests"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                env[name] = os.environ[name]
        env.update(self.environment)
        argv = self.argv()
        if crash_at:
            env["CAUSEWAY_CRASH_AT"] = crash_at
            argv[argv.index(program())] = crash_program()
        # As ourselves: nobody else may be able to reach the build folder.
        self.process = Process("causewayd", argv, self.folder,
                               env=env, privileged=True,
                               inside=self.inside)
        return self

    def start(self, timeout=READY_S):
        """Start it and wait until it is in every channel of every link."""
        self.launch()
        return self.wait_ready(timeout)

    def places(self):
        """"network/channel" of all members, as the log names them."""
        found = []
        for link, members in self.links.items():
            if isinstance(members, dict):
                found += self.rule_places(link, members)
                members = members["channels"]
            for m in members:
                name = m["channel"] if isinstance(m, dict) else m
                found.append(name.replace(":", "/", 1))
        return found

    @staticmethod
    def rule_places(link, options):
        """Rules are a member of their link on each of their networks."""
        labels = set()
        for rule in options.get("rules", {}).values():
            topics = rule.get("filter") or rule.get("topic")
            topics = [topics] if isinstance(topics, str) else topics
            labels |= {t.split(":")[0] for t in topics}
        return [f"{label}/$rules/{link}" for label in sorted(labels)]

    def wait_ready(self, timeout=READY_S):
        places = set(self.places())
        def ready():
            self.require_alive()
            joined = {r.get("where", "") for r in self.log()
                      if r.get("msg", "").startswith("joined")}
            return places <= joined
        wait_for(f"causewayd to join {' '.join(sorted(places))}", ready,
                 timeout, step=0.02)
        return self

    def require_alive(self):
        if not self.process.alive():
            raise Failure(f"causewayd ended with status "
                          f"{self.process.popen.returncode}")

    # ---- what it says

    def output(self):
        return self.process.output() if self.process else ""

    def log(self):
        """The records of this run, oldest first; other lines left out."""
        if not self.process:
            return []
        if self.records_of is not self.process:
            self.records_of, self.records_end = self.process, 0
            self.records, self.lost = [], []
        # each line is read once, when it is whole
        lines = self.process.output_from(self.records_end).split(b"\n")[:-1]
        self.records_end += sum(len(line) + 1 for line in lines)
        for line in lines:
            if line.startswith(b"{"):
                try:
                    record = json.loads(line)
                except ValueError:
                    continue # a line of somebody else
                self.records.append(record)
                if record.get("msg", "").startswith(("down:", "refused:")):
                    self.lost.append(record)
        return list(self.records)

    def wait_log(self, text, where=None, timeout=15.0, since=0):
        """The first record whose message holds text."""
        def seen():
            for record in self.log()[since:]:
                if text in record.get("msg", "") and (
                        where is None or record.get("where") == where):
                    return record
            return None
        return wait_for(f"the log to say \"{text}\"", seen, timeout, 0.02)

    def downs(self, network):
        """Records that say the network was lost or refused."""
        self.log()
        return [r for r in self.lost if r.get("where") == network]

    def logs(self, lines=80):
        tail = self.output().splitlines()[-lines:]
        config = self.config.read_text() if self.config.exists() else ""
        return "\n".join([f"---- causewayd ({self.config})", config, *tail])

    # ---- the end of it

    def check(self):
        """Raise if a sanitizer, an assertion or log_bug() spoke."""
        whole = self.process.log.read_text("utf-8", "replace")
        for line in whole.splitlines():
            if any(word in line for word in SANITIZERS):
                raise AssertionError(f"causewayd: {line}\n{whole[-6000:]}")
            if line.startswith("{"):
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                if record.get("level") in MISTAKES:
                    raise AssertionError(f"causewayd: {line}")

    def stop(self, wait=10):
        """SIGTERM; the exit status, after check()."""
        status = self.process.stop(wait)
        self.exits.append(status)
        self.check()
        return status

    def kill9(self):
        self.process.send_signal(signal.SIGKILL)
        return self.process.kill9()

    def wait_crash(self, timeout=15):
        """Until it has ended by itself at the step that was given."""
        wait_for("causewayd to end at the step", lambda: not
                 self.process.alive(), timeout)
        status = self.process.popen.returncode
        if status != -signal.SIGKILL:
            raise Failure(f"causewayd ended with status {status}")

    def stall(self):
        self.process.stall()

    def resume(self):
        self.process.resume()

    def restart(self):
        assert self.stop() == 0
        return self.start()

    def query(self, sql, *values):
        """Rows of the database, read without disturbing its owner."""
        with contextlib.closing(sqlite3.connect(
                f"file:{self.database}?mode=ro", uri=True, timeout=10)) as db:
            return db.execute(sql, values).fetchall()
