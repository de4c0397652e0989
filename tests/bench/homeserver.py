# SPDX-License-Identifier: MIT
"""Matrix: Synapse is the limit, so its own time stands beside ours."""

import time

from tests.support import servers
from tests.support.bridge import Bridge, irc_network, matrix_network
from tests.support.irc_peer import IrcPeer
from tests.support.matrix_peer import MatrixPeer

from .figures import memory_kib, row, settled_kib, title
from .stage import running

LINES = 40
CROWD = 100


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


def show(name, across, straight):
    for q, index in (("p50", LINES // 2), ("p95", LINES * 95 // 100)):
        row(f"{name}: {q}", sorted(across)[index], sorted(straight)[index])


def paced(irc, synapse, mia, noa, place, folder):
    bob = IrcPeer("bob", irc.host, irc.port).connect()
    bob.join("#bench")
    bridge = Bridge(
        folder, {"irc": irc_network(irc, puppets=2000),
                 "matrix": matrix_network(synapse, synapse.service())},
        {"bench": ["irc:#bench", f"matrix:{place}"]}, level="info")
    with running(bridge):
        mia.wait_member(place, "bob", timeout=30)
        bob.wait_for(lambda m: m.command == "JOIN" and m.nick == "Mia", 30)
        own = times(lambda t: mia.say(place, t), lambda t: noa.wait_text(t))
        show("irc to matrix", times(lambda t: bob.say("#bench", t),
                                    lambda t: mia.wait_text(t)), own)
        show("matrix to irc", times(lambda t: mia.say(place, t),
                                    lambda t: bob.wait_text(t)), own)
        crowd(irc, mia, place, bridge)
    bob.quit()


def crowd(irc, mia, place, bridge):
    """So many come into the channel at once."""
    before, start = settled_kib(bridge.process), time.monotonic()
    people = [IrcPeer(f"p{i}", irc.host, irc.port).connect()
              for i in range(CROWD)]
    for peer in people:
        peer.join("#bench")
    joined = time.monotonic()
    for i in range(CROWD):
        mia.wait_member(place, f"p{i}", timeout=300)
    row(f"{CROWD} puppets are there, s", time.monotonic() - joined,
        joined - start, form="{:.1f}")
    grown = settled_kib(bridge.process) - before
    row("memory of a Matrix puppet, KiB", grown / CROWD, form="{:.1f}")
    row("memory of the bridge, KiB", memory_kib(bridge.process),
        form="{:.0f}")
    for peer in people:
        peer.quit()


def matrix(stage):
    title(f"Matrix, {LINES} messages one after the other, ms", "Synapse")
    with servers.Synapse(stage.folder / "synapse", services=1) as synapse:
        mia = MatrixPeer(synapse, "mia").connect()
        noa = MatrixPeer(synapse, "noa").connect()
        mia.set_name("Mia")
        place = mia.create()
        noa.join(place)
        paced(stage.inspircd, synapse, mia, noa, place,
              stage.folder / "matrix")
        mia.close()
        noa.close()
