# SPDX-License-Identifier: MIT
"""Gateway users in one channel, each on a connection of their own: the bridge,
durable and with its archive, beside biboumi without and with its history, on
the same servers and in the same run.

The users are addresses of a component, so that their server is Prosody's
router and nothing else. A message counts when the last of them has it, and
they have joined when each was shown each: the server's work for that is the
square of them. Nothing takes longer than the limits below; what was reached by
then is told.
"""

import contextlib
import os
import pathlib
import sqlite3
import time

from tests.support.bridge import Bridge, irc_network, xmpp_network
from tests.support.process import Process, give_to_child, wait_for

from .figures import (cpu_s, memory_kib, note, row, settled_kib, title,
                      wait_quiet)
from .speed import Used

DOMAIN, USERS = "gw.localhost", "gw2.localhost"
# accounts: messages at full speed, how many of them on their way, and paced
SIZES = {1: (3000, 200, 20), 200: (100, 20, 4), 1000: (12, 4, 0.5)}
PACED = 40
BIBOUMI_MAX = 200  # with its history it is too slow for more
JOIN_S = 140
TALK_S = 20


def user(number):
    return f"u{number:06}u@{USERS}"


class Ours:
    name = "causeway"

    def __init__(self, stage, folder, _accounts):
        network = irc_network(stage.inspircd)
        del network["nick"]
        self.bridge = Bridge(folder, {
            "xmpp": xmpp_network(stage.prosody, DOMAIN, gateway={
                "networks": ["irc"], "users": [USERS]}),
            "irc": network}, {}, level="info")

    @contextlib.contextmanager
    def running(self):
        self.bridge.start()
        self.bridge.wait_log("up", "xmpp", 40)
        try:
            yield self.bridge.process
        finally:
            self.bridge.stop()


class Biboumi:
    def __init__(self, stage, folder, accounts, history):
        self.name = "biboumi" if history else "biboumi, no history"
        self.accounts, self.history = accounts, history
        self.prosody, self.inspircd = stage.prosody, stage.inspircd
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.database = self.folder / "biboumi.sqlite"
        self.config = self.folder / "biboumi.cfg"
        self.config.write_text(
            f"hostname={DOMAIN}\npassword={stage.prosody.secret}\n"
            f"port={stage.prosody.component_port}\n"
            f"db_name={self.database}\nlog_level=2\nrealname_from_jid=false\n"
            "identd_port=0\n")
        self.database.touch()  # or else it would be ours
        give_to_child(self.folder)

    def launch(self):
        return Process("biboumi", ["biboumi", self.config], self.folder)

    def tables(self):
        """It makes them at its first start."""
        with contextlib.closing(sqlite3.connect(self.database)) as db:
            return {n for (n,) in db.execute("SELECT name FROM "
                                             "sqlite_master")}

    def fill(self):
        """What each user would have set: the port, no pace, no history."""
        with contextlib.closing(sqlite3.connect(self.database)) as db, db:
            for n in range(self.accounts):
                db.execute(
                    "INSERT INTO ircserveroptions_ (owner_, server_, tlsports_,"
                    " ports_, verifycert_, throttlelimit_, maxhistorylength_) "
                    "VALUES (?, '127.0.0.1', '', ?, 0, -1, 20)",
                    (user(n), str(self.inspircd.port)))
                db.execute(
                    "INSERT INTO globaloptions_ (owner_, maxhistorylength_, "
                    "recordhistory_, persistent_) VALUES (?, 20, ?, 0)",
                    (user(n), int(self.history)))

    @contextlib.contextmanager
    def running(self):
        first = self.launch()
        wait_for("biboumi to make its tables",
                 lambda: "globaloptions_" in self.tables(), 30, 0.1)
        first.stop()
        self.fill()
        process = self.launch()
        wait_for("biboumi to be connected",
                 lambda: process.alive() and cpu_s(process) >= 0 and
                 "globaloptions_" in self.tables(), 30, 0.1)
        time.sleep(1)
        try:
            yield process
        finally:
            process.stop()


def joined(stage, place, process, result, accounts):
    """Everybody comes. True when all of them were shown all: each nick stands
    in a presence to each, and each address in one from each."""
    load = stage.load
    used = Used(process, stage.prosody.process)
    load.do("expect", "hearer", "u", accounts)
    place.occupants("users", "u", 0)
    load.do("copies", "users", 2 * accounts)
    load.do("expect", "users", "u", accounts)
    place.occupants("users", "u", accounts)
    shown = load.do("wait", "users", accounts, JOIN_S)["users"]
    seen = load.do("wait", "hearer", accounts, 10)["hearer"]
    result["join, s: seen in the channel"] = seen.seconds
    if shown.seen < accounts:
        note(f"{seen.seen} of {accounts} were in the channel, and "
             f"{shown.copies / (2 * accounts ** 2):.0%} of them shown to "
             f"each other, after {JOIN_S} s")
        return False
    result["join, s: all were shown all"] = shown.seconds
    ours, prosody = used.us(accounts)
    result["join: CPU, ms an account"] = ours / 1000
    result["join: CPU of prosody, ms an account"] = prosody / 1000
    return True


def flow(stage, process, result, name, words):
    """As fast as it goes: rate and CPU."""
    n = words[1]
    used = Used(process, stage.prosody.process)
    seen = stage.load.do("say", *words)["users"]
    if seen.seen < n:
        note(f"{name}: {seen.seen} of {n} came to everybody in {TALK_S} s")
    wait_quiet(process, TALK_S)  # what came late is not the next one's
    result[f"{name}: messages/s"] = seen.seen / max(seen.seconds, 1e-6)
    ours, prosody = used.us(max(seen.seen, 1))
    result[f"{name}: CPU, us a message"] = ours
    result[f"{name}: CPU of prosody, us a message"] = prosody


def paced(stage, result, name, words):
    seen = stage.load.do("say", *words)["users"]
    result[f"{name}: latency, ms, p50"] = seen.p50 / 1000
    result[f"{name}: latency, ms, p99"] = seen.p99 / 1000


def measure(stage, system, accounts):
    """{figure: value} of one system with so many accounts."""
    result = {}
    burst, ahead, rate = SIZES[accounts]
    with stage.place() as place, system(accounts).running() as process:
        place.room = f"{place.channel}%127.0.0.1@{DOMAIN}"
        place.irc("hearer", "h")
        idle = settled_kib(process)
        if not joined(stage, place, process, result, accounts):
            return result
        if accounts > 1:
            result["memory, KiB an account"] = (
                settled_kib(process) - idle) / accounts
            result["memory, KiB an account, at most"] = (
                memory_kib(process, "VmHWM") - idle) / accounts
        stage.load.do("copies", "users", accounts)
        stage.load.do("speakers", "users", 1)
        stage.load.do("limit", TALK_S)
        for name, speaker in (("irc to room", "hearer"),
                              ("room to irc", "users")):
            if rate >= 1:
                paced(stage, result, name, (speaker, PACED, rate, PACED,
                                            "users"))
                wait_quiet(process, TALK_S)
            flow(stage, process, result, name,
                 (speaker, burst, 0, ahead, "users"))
    return result


def compare(stage, accounts):
    """What stands in the second column is biboumi's, without its history."""
    folder = stage.folder / f"gateway{accounts}"
    folder.mkdir(mode=0o711)
    systems = [
        lambda n: Ours(stage, folder / "ours", n),
        lambda n: Biboumi(stage, folder / "without", n, False)]
    if accounts <= BIBOUMI_MAX:
        systems.append(lambda n: Biboumi(stage, folder / "with", n, True))
    ours, without, *more = [measure(stage, s, accounts) for s in systems]
    for name, value in ours.items():
        row(f"{accounts}: {name}", value, without.get(name), "", "{:.1f}")
    for name, value in (more[0] if more else {}).items():
        if name.endswith("messages/s"):
            row(f"{accounts}: {name}, biboumi with its history", value,
                without.get(name), "", "{:.1f}")


def gateway(stage):
    title("gateway: accounts with a connection each", "biboumi")
    # ACCOUNTS="1 200": only these
    for accounts in map(int, os.environ.get("ACCOUNTS", "").split() or
                        SIZES):
        compare(stage, accounts)
