# SPDX-License-Identifier: MIT
"""How fast, and at what cost: latency, throughput, durability, puppets."""

from tests.support.process import temporary_folder

from .figures import cpu_s, note, row, title, wait_quiet
from .stage import running

RATE, PACED = 50, 400
BURST, AHEAD = 10000, 1000
SPEAKERS = 4


def company(place):
    """Speakers and one listener on both sides."""
    place.occupants("keeper", "k", SPEAKERS)
    place.client("bob")
    place.irc("talkers", "t", SPEAKERS)
    place.irc("hearer", "h")


class Used:
    """CPU of processes since it was made, in us a message."""

    def __init__(self, *processes):
        self.before = [(p, cpu_s(p)) for p in processes]

    def us(self, messages):
        return [(cpu_s(p) - before) / messages * 1e6
                for p, before in self.before]


def latency(stage):
    title(f"latency, ms, {RATE} messages/s")
    with stage.place() as place:
        company(place)
        with running(place.bridge()) as bridge:
            wait_quiet(bridge.process)
            for name, speaker, near, far in (
                    ("irc to room", "talkers", "hearer", "bob"),
                    ("room to irc", "keeper", "bob", "hearer")):
                used = Used(bridge.process)
                seen = stage.load.do("say", speaker, PACED, RATE, PACED,
                                     near, far)
                for q, target in (("p50", "+1.5"), ("p95", ""),
                                  ("p99", "+10")):
                    straight = getattr(seen[near], q) / 1000
                    across = getattr(seen[far], q) / 1000
                    row(f"{name}: {q}", across, straight, target)
                    row(f"{name}: {q}, added", across - straight)
                complete(seen[far], PACED)
                row(f"{name}: CPU, us a message", used.us(PACED)[0],
                    form="{:.0f}")


def complete(seen, n):
    if seen.seen < n:
        note(f"only {seen.seen} of {n} arrived in time")


def flows(stage, bridge=None):
    """Messages a second each way, and CPU: {name: (rate, [us])}."""
    result = {}
    processes = [stage.prosody.process, stage.inspircd.process]
    if bridge:
        processes.insert(0, bridge.process)
        wait_quiet(bridge.process)
    for name, speaker, near, far in (
            ("irc to room", "talkers", "hearer", "bob"),
            ("room to irc", "keeper", "bob", "hearer")):
        used = Used(*processes)
        watchers = (near, far) if bridge else (near,)
        seen = stage.load.do("say", speaker, BURST, 0, AHEAD,
                             *watchers)[watchers[-1]]
        complete(seen, BURST)
        result[name] = (seen.seen / seen.seconds, used.us(BURST))
        if bridge:
            wait_quiet(bridge.process)
    return result


def show_flows(stage, without, across):
    servers = {"irc to room": "room to irc", "room to irc": "irc to room"}
    for name, (rate, used) in across.items():
        # the slower of the two servers is what a bridge cannot exceed
        best = min(without[name][0], without[servers[name]][0])
        row(f"{name}: messages/s, durable", rate, best, "10000", "{:.0f}")
        row(f"{name}: CPU of the bridge, us a message", used[0], None, "25",
            "{:.1f}")
        row(f"{name}: CPU of {stage.prosody.name}, us a message", used[1],
            without["room to irc"][1][0], "", "{:.1f}")


def throughput(stage):
    title(f"throughput, {BURST} messages, at most {AHEAD} on their way")
    with stage.place() as place:
        company(place)
        without = flows(stage)
        for name, (rate, used) in without.items():
            server = name.split()[0]
            note(f"{server} to {server}, without a bridge: {rate:.0f} "
                 f"messages/s, CPU of prosody {used[0]:.1f} us, of inspircd "
                 f"{used[1]:.1f} us a message")
        with running(place.bridge()) as bridge:
            show_flows(stage, without, flows(stage, bridge))


def durability(stage):
    title("cost of durability: the database on a disk, and in memory",
          "in memory")
    taken = []
    for folder in (stage.folder,
                   temporary_folder("causeway-bench-", "/dev/shm")):
        with stage.place() as place:
            company(place)
            with running(place.bridge(folder=folder)) as bridge:
                taken.append(flows(stage, bridge))
    for name, (rate, used) in taken[0].items():
        other_rate, other = taken[1][name]
        row(f"{name}: messages/s", rate, other_rate, "", "{:.0f}")
        row(f"{name}: CPU of the bridge, us a message", used[0], other[0], "",
            "{:.1f}")


def puppets(stage):
    title("CPU with puppets in the room, us a message", "10 puppets")
    first = None
    for count, messages in ((10, 1000), (100, 300), (500, 60)):
        with stage.place() as place:
            place.occupants("keeper", "k", 1)
            place.client("bob")
            place.irc("crowd", "t", count)
            stage.load.do("expect", "bob", "t", count)
            with running(place.bridge()) as bridge:
                stage.load.do("wait", "bob", count, 60)
                wait_quiet(bridge.process)
                used = Used(bridge.process, stage.prosody.process)
                seen = stage.load.do("say", "crowd", messages, 0, 50, "bob")
                complete(seen["bob"], messages)
                wait_quiet(bridge.process)
                ours, theirs = used.us(messages)
        first = first or (ours, theirs)
        row(f"{count} puppets: the bridge", ours, first[0], "", "{:.1f}")
        row(f"{count} puppets: prosody", theirs, first[1], "", "{:.1f}")
        row(f"{count} puppets: the bridge, for each copy of a message",
            ours / (count + 1), None, "", "{:.1f}")
