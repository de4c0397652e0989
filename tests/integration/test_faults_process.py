# SPDX-License-Identifier: MIT
"""The fault catalogue, as far as it concerns the process and its load: memory,
a backlog at the start, floods, a starved machine. See test_faults.py.
"""

import os
import random
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from tests.support.audit import undelivered
from tests.support.bridge import program
from tests.support.process import wait_for
from tests.support.scripted_irc import ScriptedIrc

from .conftest import make_pair
from .faulty import WINDOW, Faulty
from .test_faults import far_link, faulty, kept, proxies  # noqa pylint: disable=W0611

pytestmark = pytest.mark.timed
MIB = 1 << 20


# ---- 27: no memory

def room_for(bridge, mib):
    """So much more address space than it has now."""
    with open(f"/proc/{bridge.process.pid}/statm") as statm:
        pages = int(statm.read().split()[0])
    limit = pages * resource.getpagesize() + mib * MIB
    subprocess.run(["/usr/bin/prlimit", f"--pid={bridge.process.pid}",
                    f"--as={limit}:"], check=True)


def test_fault_27_without_memory_it_ends_before_it_takes_anything(faulty):
    """It gets none any more, under load: it may live, or end by abort(); what
    it took comes, from the next one if need be."""
    it = faulty(start=False)
    # what is taken waits in memory: the other side is away
    it.bridge.start()
    traffic = it.begin(pace_s=0.005)
    room_for(it.bridge, 0)
    it.irc.change("both", stall=True)
    for n in range(400):
        it.pair.ann.say(it.pair.room, f"heavy-{n} " + "x" * 20000)
        if not it.bridge.process.alive():
            break
    ended = it.bridge.process.popen.poll()
    print(f"ended with {ended}")
    assert ended in (None, -signal.SIGABRT), it.bridge.output()
    it.irc.clear()
    if ended is not None:
        assert "memory" in it.bridge.output()
        it.bridge.start()
    it.wait_back()
    traffic.audit(WINDOW, WINDOW)


@pytest.mark.parametrize("mib", [0, 1, 2, 4, 8, 16, 24, 32])
def test_fault_27_a_start_with_little_memory_ends_cleanly(faulty, mib):
    """Wherever in its life it comes to the end of its memory: by abort(), by
    saying what failed, or not at all."""
    it = faulty(start=False)
    base = 24  # the program and its libraries alone
    it.bridge.prefix = ["/usr/bin/prlimit", f"--as={(base + mib) * MIB}"]
    it.bridge.launch()
    deadline = time.monotonic() + 4
    while it.bridge.process.alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    status = it.bridge.process.popen.poll()
    print(f"{base + mib} MiB: {status}")
    assert status in (None, 1, 2, 3, 127, -signal.SIGABRT), it.bridge.output()
    it.bridge.kill9()
    it.bridge.prefix = []
    it.bridge.start()
    it.pair.both_ways()


class Nth:
    """The nth allocation of the bridge fails, and no other."""

    def __init__(self, bridge):
        self.bridge = bridge
        self.page = bridge.folder / "allocations"
        self.library = os.path.join(os.path.dirname(program()),
                                    "tests/support/nth_malloc.so")
        assert os.path.exists(self.library)
        self.lives = 0

    def live(self, number):
        self.lives += 1
        self.page.write_bytes(bytes(8))
        self.bridge.environment = {
            "LD_PRELOAD": self.library, "NTH_MALLOC": str(number),
            "NTH_COUNT": str(self.page)}
        self.bridge.launch()

    def so_far(self):
        return int.from_bytes(self.page.read_bytes(), sys.byteorder)


def come_to(bridge, condition, seconds=3):
    """Until then, or the end of the bridge, or so long: some failures are
    made good by the next attempt, in a while."""
    deadline = time.monotonic() + seconds
    while (bridge.process.alive() and not condition() and
           time.monotonic() < deadline):
        time.sleep(0.01)


def is_ready(bridge):
    joined = {r.get("where") for r in bridge.log()
              if r.get("msg", "").startswith("joined")}
    return set(bridge.places()) <= joined


def one_life(pair, nth, number):
    """With a line each way; how it ended."""
    bridge, life = pair.bridge, f"{nth.lives:07}"
    nth.live(number)
    come_to(bridge, lambda: is_ready(bridge))
    ready = nth.so_far()
    pair.ann.say(pair.room, f"nth-x-{life}")
    pair.bob.say(pair.channel, f"nth-i-{life}")
    come_to(bridge, lambda: any(f"nth-x-{life}" in t for _, t in
                                pair.bob.texts(pair.channel)) and
            any(f"nth-i-{life}" in t for _, t in
                pair.ann.texts(pair.room)), 2)
    status = bridge.process.popen.poll()
    said = bridge.output()
    # libconfig checks nothing; it is done before the first line of the log
    assert status in (None, 1, 2, 3, -signal.SIGABRT) or (
        status == -signal.SIGSEGV and not said), f"{number}: {said}"
    assert status != -signal.SIGABRT or "out of memory" in said, said
    assert status in (None, -signal.SIGSEGV) or said.strip(), number
    bridge.kill9()
    bridge.check()
    return ready, status


SWEEP = 12


@pytest.mark.parametrize("part", ["start", "life", "start-again",
                                  "life-again"])
def test_fault_27_any_allocation_may_fail(farm, closing, part):
    """At the start, and in the life of a message: it ends by abort(), saying
    that there is no memory, or by saying what failed, or lives on. Nothing
    that was taken is lost."""
    pair = make_pair(closing, farm.get("prosody"), farm.get("ngircd"),
                     start=False, xmpp_options={"window": WINDOW},
                     irc_options={"window": WINDOW})
    nth = Nth(pair.bridge)
    one_life(pair, nth, 0)  # which makes the database
    ready, _ = one_life(pair, nth, 0)
    whole = nth.so_far()
    assert 500 < ready < whole
    dice = random.Random(part)
    if part.startswith("start"):  # most of it is the database's
        numbers = sorted(int(ready ** dice.random()) for _ in range(SWEEP))
    else:
        numbers = sorted(dice.randrange(ready, whole) for _ in range(SWEEP))
    ends = {}
    for number in numbers:
        _, end = one_life(pair, nth, number)
        if nth.so_far() >= number:
            ends[number] = end
    print(f"of {ready} and {whole} allocations {ends}")
    assert len(ends) >= SWEEP // 2
    assert any(end is not None for end in ends.values())
    pair.bridge.environment = {}
    pair.bridge.start()
    pair.both_ways()
    wait_for("nothing to wait", lambda: not undelivered(pair.bridge), 20)
    pair.ann.barrier()
    pair.bob.barrier()
    for place, heard in (("x", pair.bob.texts(pair.channel)),
                         ("i", pair.ann.texts(pair.room))):
        taken = {t for t, in pair.bridge.query(
            "SELECT text FROM event WHERE text LIKE ?", f"nth-{place}-%")}
        shown = re.findall(f"nth-{place}-[0-9]{{7}}",
                           " ".join(t for _, t in heard))
        assert taken <= set(shown)
        assert len(shown) - len(set(shown)) <= WINDOW * (SWEEP + 1)


# ---- 34: a backlog at the start

BACKLOG = 10000


def fill(database, count):
    """So many messages wait for the channel, as copies of the last one."""
    with sqlite3.connect(database) as db:
        columns = [name for _, name, *_ in db.execute(
            "PRAGMA table_info(event)") if name not in
            ("id", "text", "native_id", "alt_id", "key")]
        names = ", ".join(columns)
        last, = db.execute("SELECT max(event) FROM delivery").fetchone()
        db.executemany(
            f"INSERT INTO event (id, text, {names}) SELECT ?, ?, {names} "
            "FROM event WHERE id = ?", (
                (last + 10 + n, f"backlog-{n:06}", last)
                for n in range(count)))
        channel, = db.execute("SELECT channel FROM delivery WHERE event = ?",
                              (last,)).fetchone()
        db.execute(
            "INSERT INTO delivery (event, channel, state, attempts, last_ms) "
            "SELECT id, ?, 0, 0, 0 FROM event WHERE text LIKE 'backlog-%'",
            (channel,))
    db.close()


def test_fault_34_a_backlog_at_the_start_is_drained_in_order(faulty):
    it = faulty()
    it.pair.both_ways()
    it.pair.ann.say(it.pair.room, "the last one")
    it.pair.bob.wait_text("the last one")
    assert it.bridge.stop() == 0
    fill(it.bridge.database, BACKLOG)
    began = time.monotonic()
    it.bridge.start()
    ready = time.monotonic() - began
    memory = it.memory_kib()
    wait_for("the backlog to come to its end",
             lambda: undelivered(it.bridge) == 0, 60, 0.2)
    took = time.monotonic() - began - ready
    growth = it.memory_kib() - memory
    texts = [t.split()[-1] for _, t in it.pair.bob.texts(it.pair.channel)
             if "backlog-" in t]
    print(f"ready after {ready:.2f} s, {BACKLOG} ended in {took:.1f} s, "
          f"{len(texts)} shown, {growth} KiB more")
    assert ready < 10
    assert growth < 64 * 1024
    assert texts and texts == sorted(set(texts))
    assert texts[-1] == f"backlog-{BACKLOG - 1:06}"
    it.pair.both_ways()


# ---- 35: a netsplit

SPLIT = 10000


def test_fault_35_a_netsplit_of_ten_thousand_disturbs_nobody(farm, closing):
    """They quit at once, and come back at once; somebody on another server
    goes on talking through the same bridge."""
    crowd = [f"user{n:05}" for n in range(SPLIT)]
    with ScriptedIrc(crowd) as server:
        pair = make_pair(closing, farm.get("prosody"), farm.get("ngircd"),
                         start=False)
        stem = pair.channel
        pair.bridge.networks["split"] = {
            "protocol": "irc", "server": f"127.0.0.1:{server.port}",
            "tls": "off", "nick": "splitbridge", "preset": "own",
            "puppets": 0}
        pair.bridge.networks["xmpp"]["puppets"] = 100
        pair.bridge.links["crowd"] = [
            {"channel": f"split:{stem}-crowd"},
            {"channel": f"xmpp:crowd{pair.room}", "puppets": False}]
        pair.join_xmpp("carol", room=f"crowd{pair.room}")
        pair.bridge.configure()
        pair.bridge.start()
        pair.both_ways()
        session = server.wait_line("WHO")
        quits = "".join(f":{nick}!u@h QUIT :one.net two.net\r\n"
                        for nick in crowd).encode()
        joins = "".join(f":{nick}!u@h JOIN {stem}-crowd\r\n"
                        for nick in crowd).encode()
        storm = threading.Thread(target=lambda: [
            session.raw(data) for data in (quits, joins) * 3])
        storm.start()
        delays = delays_of(pair, 60)
        storm.join()
        print(f"p50 {delays[30] * 1000:.1f} ms, p99 {delays[58] * 1000:.1f} "
              "ms")
        assert delays[58] < 2
        assert not pair.bridge.downs("split") + pair.bridge.downs("irc")
        assert not pair.bridge.downs("xmpp")


def delays_of(pair, count):
    """How long each of so many lines from bob to the room took, sorted."""
    delays = []
    for n in range(count):
        mark = pair.ann.mark()
        began = time.monotonic()
        pair.bob.say(pair.channel, f"quick-{n}-")
        pair.ann.wait_text(f"quick-{n}-", 20, mark, room=pair.room)
        delays.append(time.monotonic() - began)
    return sorted(delays)


# ---- 42: a flood

FLOOD = 5000


def test_fault_42_a_flood_in_one_room_slows_down_nobody_else(faulty, farm,
                                                             closing):
    it = faulty(start=False)
    (carol, dave), stem = far_link(it, farm.get("inspircd"), closing)
    it.bridge.start()
    it.pair.both_ways()
    memory = it.memory_kib()
    flood = threading.Thread(target=lambda: [
        it.pair.ann.say(it.pair.room, f"flood-{n:05}") for n in range(FLOOD)])
    flood.start()
    delays = []
    while flood.is_alive() or len(delays) < 50:
        began = time.monotonic()
        carol.say(f"{stem}-carol", f"quick-{len(delays)}-")
        dave.wait_text(f"quick-{len(delays)}-", 20)
        delays.append(time.monotonic() - began)
    flood.join()
    delays.sort()
    p99 = delays[len(delays) * 99 // 100]
    print(f"{len(delays)} lines beside it, p50 "
          f"{delays[len(delays) // 2] * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms")
    assert p99 < 1
    wait_for("all of it to be taken", lambda: kept(it.bridge, "flood-%") ==
             FLOOD, 60, 0.2)
    wait_for("the flood to be over", lambda: undelivered(it.bridge) == 0, 60,
             0.2)
    assert it.grew_little(memory)
    texts = [t.split()[-1] for _, t in it.pair.bob.texts(it.pair.channel)
             if "flood-" in t]
    assert texts == sorted(set(texts)) and texts[-1] == f"flood-{FLOOD - 1:05}"


# ---- 46: hardly any time

def test_fault_46_a_starved_bridge_is_late_and_loses_nothing(faulty):
    """It runs for a twentieth of the time."""
    it = faulty()
    traffic = it.begin(pace_s=0.1)
    until = time.monotonic() + 6
    while time.monotonic() < until:
        it.bridge.stall()
        time.sleep(0.19)
        it.bridge.resume()
        time.sleep(0.01)
    traffic.wait_said(5)
    traffic.audit(heard=True)
    assert not it.bridge.downs("irc") + it.bridge.downs("xmpp")
