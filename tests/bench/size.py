# SPDX-License-Identifier: MIT
"""How large, and how it takes a crowd: memory, join."""

import time

from tests.support.bridge import Bridge, irc_network, xmpp_network
from tests.support.scripted_irc import ScriptedIrc

from .figures import (cpu_s, memory_kib, note, row, settled_kib, title,
                      wait_quiet)
from .stage import running

PUPPETS = 400
CROWD = 1000
GREAT_CROWD = 5000
CROWD_LIMIT_S = 300
IDLE_S = 3


def memory(stage):
    title("memory, KiB")
    for name, options, target in (
            ("plain", {}, "12"),
            ("TLS", {"server": f"127.0.0.1:{stage.inspircd.tls_port}",
                     "tls": "insecure"}, "45")):
        with stage.place() as place:
            place.occupants("keeper", "k", 1)
            with running(place.bridge(**options)) as bridge:
                idle = settled_kib(bridge.process)
                row(f"idle ({name})", idle, None, "25600", "{:.0f}")
                place.irc("hearer", "h")
                stage.load.do("expect", "hearer", "m", PUPPETS)
                place.occupants("keeper", "m", PUPPETS)
                seen = stage.load.do("wait", "hearer", PUPPETS, 120)["hearer"]
                full = settled_kib(bridge.process)
                row(f"each of {seen.seen} puppets ({name})",
                    (full - idle) / max(seen.seen, 1), None, target, "{:.1f}")
                wait_quiet(bridge.process)
                before = cpu_s(bridge.process)
                time.sleep(IDLE_S)
                row(f"CPU with {seen.seen} idle puppets, %",
                    (cpu_s(bridge.process) - before) / IDLE_S * 100, None,
                    "1")


def plain_s(stage):
    """Until a crowd of the same size stands in a room, of a component that
    does nothing else: what the server itself needs."""
    with stage.place() as place:
        place.occupants("keeper", "k", 1)
        place.client("bob")
        stage.load.do("expect", "bob", "z", CROWD)
        start = time.monotonic()
        place.occupants("keeper", "z", CROWD)
        seen = stage.load.do("wait", "bob", CROWD, CROWD_LIMIT_S)["bob"]
        if seen.seen < CROWD:
            note(f"plain component: only {seen.seen} of {CROWD} came")
        return time.monotonic() - start


def shown(stage):
    """A crowd on IRC becomes puppets in a room."""
    plain = plain_s(stage)
    with stage.place() as place:
        place.occupants("keeper", "k", 1)
        place.irc("crowd", "z", CROWD)
        place.client("bob")
        stage.load.do("expect", "bob", "z", CROWD)
        stage.load.begin("wait", "bob", CROWD, CROWD_LIMIT_S)
        start = time.monotonic()
        with running(place.bridge()) as bridge:
            row(f"start to joined, {CROWD} members",
                time.monotonic() - start, None, "0.4")
            seen = stage.load.end()["bob"]
            row(f"start to {seen.seen} of them shown in the room",
                seen.seconds, plain, "5")
            row(f"CPU of that, a puppet, us",
                cpu_s(bridge.process) / max(seen.seen, 1) * 1e6, None, "",
                "{:.0f}")
            note(f"memory then: {memory_kib(bridge.process)} KiB")


def joined_s(stage, place, members):
    """From the start until a channel of so many is joined."""
    names = [f"member{n}" for n in range(members)]
    with ScriptedIrc(names) as irc:
        bridge = Bridge(
            stage.folder / f"{place.name}-{members}",
            {"xmpp": xmpp_network(stage.prosody), "irc": irc_network(irc)},
            {"bench": [{"channel": f"xmpp:{place.room}", "puppets": False},
                       {"channel": f"irc:{place.channel}"}]}, level="info")
        start = time.monotonic()
        with running(bridge):
            return time.monotonic() - start


def join(stage):
    title("a crowd on IRC shown in a room, s", "plain component")
    shown(stage)
    title("joining a channel with a crowd, s", "1 member")
    with stage.place() as place:
        place.occupants("keeper", "k", 1)
        alone = joined_s(stage, place, 1)
        crowd = joined_s(stage, place, GREAT_CROWD)
        row(f"start to joined, {GREAT_CROWD} members", crowd, alone, "+0.4")
