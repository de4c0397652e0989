# SPDX-License-Identifier: MIT
"""After trouble: a long queue, and servers that come back."""

import json
import pathlib
import statistics
import subprocess
import time

from tests.support import servers
from tests.support.bridge import (Bridge, irc_network, program,
                                  xmpp_network)
from tests.support.process import wait_for

from .figures import memory_kib, note, row, title, wait_quiet
from .stage import running

BACKLOG = 100000
RESTARTS = 3


def waiting(bridge):
    return bridge.query("SELECT count(*) FROM delivery "
                        "WHERE state IN (0, 1)")[0][0]


def fill(stage, place, bridge):
    """What is said in the room waits, as the IRC server is away."""
    stage.load.begin("say", "keeper", BACKLOG, 0, 2000, "bob")
    seen = stage.load.end()["bob"]
    last, since = -1, time.monotonic()
    while (now := waiting(bridge)) != last or time.monotonic() - since < 2:
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(0.5)
    row("taken while the other side was away, messages/s",
        seen.seen / seen.seconds, None, "", "{:.0f}")
    return last


def backlog(stage):
    title(f"restart with a backlog of {BACKLOG}")
    with stage.place() as place:
        place.occupants("keeper", "k", 4)
        place.client("bob")
        bridge = place.bridge(queue={"rows": 10 * BACKLOG, "mib": 4096})
        with running(bridge):
            stage.inspircd.stop()
            wait_for("the bridge to notice",
                     lambda: bridge.downs("irc"), 30)
            kept = fill(stage, place, bridge)
        row("waiting on disk", kept, None, "", "{:.0f}")
        stage.inspircd.start()
        place.irc("hearer", "h")
        stage.load.do("expect", "hearer", "n", BACKLOG)
        start = time.monotonic()
        with running(bridge):
            row("start to ready, s", time.monotonic() - start, None, "2")
            before = memory_kib(bridge.process)
            stage.load.begin("wait", "hearer", kept, 60)
            seen = stage.load.end()["hearer"]
            wait_quiet(bridge.process)
            drained = kept - waiting(bridge)
            row("drained, messages/s", seen.seen / seen.seconds, None,
                "1000", "{:.0f}")
            if seen.seen < kept:
                note(f"{seen.seen} of {kept} were shown; {drained} have ended "
                     "(after a long gap the rest is told in one line)")
            row("growth of memory, MiB",
                (memory_kib(bridge.process, "VmHWM") - before) / 1024, None,
                "64", "{:.1f}")


def pair(stage, xmpp, irc):
    stage.number += 1
    name = f"bench{stage.number}"
    return Bridge(stage.folder / name,
                  {"xmpp": xmpp_network(xmpp), "irc": irc_network(irc)},
                  {"bench": [f"xmpp:{name}@{xmpp.rooms}", f"irc:#{name}"]},
                  level="info"), name


def is_joined(bridge, network):
    """As the bridge says itself: its log does not repeat what it said."""
    tool = next(pathlib.Path(program()).parent.rglob("causewayctl"))
    done = subprocess.run(
        [str(tool), "--socket", str(bridge.folder / "control"), "--json",
         "status"], capture_output=True, text=True, timeout=20, check=False)
    return done.returncode == 0 and all(
        c["joined"] for c in json.loads(done.stdout)["channels"]
        if c["network"] == network)


def recover(bridge, server, network, leave, ready):
    """The median of how long it takes after the server is there again."""
    taken = []
    for _ in range(RESTARTS):
        leave()
        server.kill9()
        wait_for("the bridge to notice",
                 lambda: not is_joined(bridge, network), 60)
        server.start()
        ready()
        start = time.monotonic()
        wait_for("the bridge to be back",
                 lambda: is_joined(bridge, network), 60)
        taken.append(time.monotonic() - start)
    row(f"{server.name}: back in the channel, s, median of {RESTARTS}",
        statistics.median(taken), None, "5")


def keep_room(stage, xmpp, room, group):
    """A room ends with its server: somebody must make it again."""
    stage.load.do("client", group, xmpp.port, "bob", room)


def recovery(stage):
    title("recovery, from the moment that the server is there again")
    for kinds in ((servers.Prosody, servers.Inspircd),
                  (servers.Ejabberd, servers.Ngircd)):
        stage.number += 1
        xmpp, irc = (kind(stage.folder / f"{kind.name}{stage.number}")
                     for kind in kinds)
        with xmpp, irc:
            bridge, name = pair(stage, xmpp, irc)
            room = f"{name}@{xmpp.rooms}"
            keep_room(stage, xmpp, room, "keeper")
            with open(bridge.config, "a", encoding="utf-8") as config:
                config.write('control = { socket = "control"; };\n')

            def leave():
                stage.load.do("close", "keeper")

            def ready(xmpp=xmpp, room=room):
                keep_room(stage, xmpp, room, "keeper")

            with running(bridge):
                recover(bridge, irc, "irc", lambda: None, lambda: None)
                recover(bridge, xmpp, "xmpp", leave, ready)
            leave()
