# SPDX-License-Identifier: MIT
"""Matrix: Synapse is the limit, so its own time stands beside ours."""

import concurrent.futures
import time

from tests.support import servers
from tests.support.bridge import (Bridge, irc_network, matrix_network,
                                  xmpp_network)
from tests.support.irc_peer import IrcPeer
from tests.support.matrix_peer import MatrixPeer
from tests.support.xmpp_peer import XmppPeer

from .figures import memory_kib, row, settled_kib, title
from .stage import running

LINES = 40
BURST = 40
CROWD = 300


def times(say, wait):
    """Milliseconds from say(text) to wait(text), one after the other."""
    found = []
    for i in range(LINES):
        text = f"{time.monotonic_ns()}-{i}"
        start = time.monotonic()
        say(text)
        wait(text)
        found.append((time.monotonic() - start) * 1000)
    return found


def burst(say, wait):
    """Messages a second of so many that are said at once."""
    word = time.monotonic_ns()
    start = time.monotonic()
    for i in range(BURST):
        say(f"{word}-{i}")
    for i in range(BURST):
        wait(f"{word}-{i}")
    return BURST / (time.monotonic() - start)


def show(name, across, straight):
    for q, index in (("p50", LINES // 2), ("p95", LINES * 95 // 100)):
        row(f"{name}: {q}", sorted(across)[index], sorted(straight)[index])


class People:
    """ann in a room, bob in a channel, mia and noa in a Matrix room, and the
    bridge between them."""

    def __init__(self, stage, synapse):
        self.irc = stage.inspircd
        self.mia = MatrixPeer(synapse, "mia").connect()
        self.noa = MatrixPeer(synapse, "noa").connect()
        self.mia.set_name("Mia")
        self.place = self.mia.create()
        self.noa.join(self.place)
        self.room = f"matrix@{stage.prosody.rooms}"
        self.ann = XmppPeer("ann", stage.prosody.port).connect()
        self.ann.join(self.room, "Ann")
        self.bob = IrcPeer("bob", self.irc.host, self.irc.port).connect()
        self.bob.join("#bench")
        self.bridge = Bridge(
            stage.folder / "matrix",
            {"irc": irc_network(self.irc, puppets=2000),
             "xmpp": xmpp_network(stage.prosody),
             "matrix": matrix_network(synapse, synapse.service())},
            {"bench": ["irc:#bench", f"xmpp:{self.room}",
                       f"matrix:{self.place}"]}, level="info")

    def wait(self):
        for name in ("bob", "Ann"):
            self.mia.wait_member(self.place, name, timeout=30)
        self.ann.wait_occupant(self.room, "Mia", 30)
        self.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == "Mia",
                          30)

    def close(self):
        self.bob.quit()
        for peer in (self.ann, self.mia, self.noa):
            peer.close()

    # ---- saying and seeing

    def say(self, who, text):
        if who == "mia":
            self.mia.say(self.place, text)
        elif who == "bob":
            self.bob.say("#bench", text)
        else:
            self.ann.say(self.room, text)

    def sees(self, who, text):
        {"mia": self.mia, "noa": self.noa, "bob": self.bob,
         "ann": self.ann}[who].wait_text(text, 60)

    def way(self, kind, a, b):
        return kind(lambda t: self.say(a, t), lambda t: self.sees(b, t))


WAYS = (("irc to matrix", "bob", "mia"), ("matrix to irc", "mia", "bob"),
        ("xmpp to matrix", "ann", "mia"), ("matrix to xmpp", "mia", "ann"))


def paced(people):
    own = people.way(times, "mia", "noa")
    for name, a, b in WAYS:
        show(name, people.way(times, a, b), own)


def hurried(people):
    own = people.way(burst, "mia", "noa")
    for name, a, b in WAYS:
        row(f"{name}: {BURST} at once, 1/s", people.way(burst, a, b), own,
            form="{:.0f}")


def crowd(people):
    """So many come into the channel at once; Synapse makes each a user, with
    a device and a name, and lets each in."""
    process, mia = people.bridge.process, people.mia
    before, start = settled_kib(process), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(CROWD) as pool:
        crew = list(pool.map(
            lambda i: IrcPeer(f"p{i}", people.irc.host,
                              people.irc.port).connect(90), range(CROWD)))
    for peer in crew:
        peer.join("#bench")
    joined = time.monotonic()
    mark = time.monotonic()
    people.say("bob", "through the crowd")
    people.sees("mia", "through the crowd")
    row("a line while they come, s", time.monotonic() - mark, form="{:.2f}")
    seen = set()
    while len(seen) < CROWD and time.monotonic() - joined < 300:
        seen = {e.content.get("displayname") for e in list(mia.record)
                if e.type == "m.room.member"} & {f"p{i}" for i in
                                                 range(CROWD)}
        time.sleep(0.1)
    row(f"{len(seen)} puppets are there, s", time.monotonic() - joined,
        joined - start, form="{:.1f}")
    grown = settled_kib(process) - before
    row("memory of a person of IRC on Matrix and XMPP, KiB", grown / CROWD,
        form="{:.1f}")
    row("memory of the bridge, KiB", memory_kib(process), form="{:.0f}")
    for peer in crew:
        peer.quit()


def matrix(stage):
    title(f"Matrix, {LINES} messages one after the other, ms", "Synapse")
    with servers.Synapse(stage.folder / "synapse", services=1) as synapse:
        people = People(stage, synapse)
        with running(people.bridge):
            people.wait()
            paced(people)
            hurried(people)
            crowd(people)
        people.close()
