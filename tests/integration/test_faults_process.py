# SPDX-License-Identifier: MIT
"""The fault catalogue, as far as it concerns the process and its load: memory,
a backlog at the start, floods, a starved machine. See test_faults.py.
"""

import resource
import signal
import sqlite3
import subprocess
import threading
import time

import pytest

from tests.support.audit import undelivered
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
