# SPDX-License-Identifier: MIT
"""The fault catalogue, as far as it concerns the disk under the database and
the log of the real program: entries 7 to 12. The store alone, on a disk that
does whatever a test wants, is in tests/power/test_faults.c.
"""

import pathlib
import shutil
import socket
import sqlite3
import subprocess
import time

import pytest

from tests.support.disk import Disk
from tests.support.process import wait_for

from .faulty import WINDOW, Faulty
from .test_control import Operator
from .test_faults import kept, proxies, say_and_keep  # noqa pylint: disable=W0611

MIB = 1 << 20
STORE_FAILED = 3  # the exit status


@pytest.fixture
def faulty(proxies, farm, closing):
    closing.proxies = proxies

    def make(start=True):
        return Faulty(closing, farm.get("prosody+mam"), farm.get("ngircd"),
                      start=start)
    return make


def on_disk(faulty, disks, size):
    """Not started; its database is on a disk of its own."""
    it = faulty(start=False)
    it.disk = Disk(it.bridge.folder / "disk", size)
    disks.append(it.disk)
    it.bridge.database = it.disk.path / "causeway.db"
    it.bridge.configure()
    return it


def ends_by_itself(bridge, timeout=30):
    wait_for("causewayd to end", lambda: not bridge.process.alive(), timeout)
    assert bridge.process.popen.returncode == STORE_FAILED, bridge.output()
    bridge.check()


# ---- 7 and 8: full

def test_fault_07_a_full_disk_is_told_and_loses_nothing(disks, faulty):
    it = on_disk(faulty, disks, 16 * MIB)
    it.bridge.start()
    traffic = it.begin()
    it.disk.fill()
    it.bridge.wait_log("the disk is full", "store", 30)
    it.pair.ann.say(it.pair.room, "has this any place")
    it.pair.ann.wait_for(
        lambda s: s.kind == "message" and "disk is full" in (s.body or ""), 20)
    it.bridge.require_alive()
    it.disk.clear()
    it.bridge.wait_log("the disk has room again", "store", 30)
    traffic.wait_said(5)
    it.wait_back()
    traffic.audit()
    assert not kept(it.bridge, "has this any place")
    assert not it.bridge.downs("irc") + it.bridge.downs("xmpp")


def test_fault_07_killed_on_a_full_disk_it_goes_on_with_the_next(disks,
                                                                faulty):
    it = on_disk(faulty, disks, 16 * MIB)
    it.bridge.start()
    traffic = it.begin()
    it.disk.fill()
    it.bridge.wait_log("the disk is full", "store", 30)
    it.bridge.kill9()
    it.disk.clear()
    it.bridge.start()
    it.wait_back()
    traffic.audit(WINDOW, 0)


@pytest.mark.long
def test_fault_08_a_full_disk_of_the_log_touches_no_message(disks, faulty):
    it = faulty(start=False)
    disk = Disk(it.bridge.folder / "logs", 64 * 1024)
    disks.append(disk)
    log = disk.path / "it.log"
    it.bridge.config.write_text(it.bridge.config.read_text().replace(
        "text = true;", f'text = true; file = "{log}";'))
    it.bridge.launch()
    it.pair.ann.wait_occupant(it.pair.room, it.pair.bob.nick, 30)
    traffic = it.begin()
    disk.fill()
    page = 4096
    most = (log.stat().st_size + page - 1) // page * page
    for _ in range(5):
        it.cut("irc")  # has something to say
        it.restore("irc")
        it.wait_back()
    assert log.stat().st_size <= most
    disk.clear()
    traffic.audit(5 * WINDOW)
    assert it.bridge.stop() == 0
    assert "lines could not be written" in log.read_text("utf-8", "replace")


# ---- 9: errors

@pytest.mark.timed  # ASan finds no leaks where strace looks on
@pytest.mark.parametrize("call, number", [
    ("fdatasync", 25), ("fdatasync", 40), ("pwrite64", 120)])
def test_fault_09_an_error_of_the_disk_ends_it_and_loses_nothing(faulty, call,
                                                                 number):
    """By the kernel's answer to the real program. It must not go on, since
    nobody knows what is on the disk; the next one finds out."""
    it = faulty(start=False)
    it.bridge.prefix = [
        "/usr/bin/strace", "--seccomp-bpf", "-f", "-qq", "-o", "/dev/null",
        "-e", f"trace={call}", "-e", f"inject={call}:error=EIO:when={number}"]
    it.bridge.launch()
    traffic = it.begin()
    ends_by_itself(it.bridge)
    it.bridge.prefix = []
    it.bridge.start()
    it.wait_back()
    traffic.audit(WINDOW, 0)


# ---- 10: read-only

def test_fault_10_a_start_on_a_read_only_disk_says_so(disks, faulty):
    it = on_disk(faulty, disks, 16 * MIB)
    it.bridge.start()
    say_and_keep(it, "before")
    assert it.bridge.stop() == 0
    subprocess.run(["/usr/bin/mount", "-o", "remount,ro", it.disk.path],
                   check=True)
    it.bridge.launch()
    ends_by_itself(it.bridge)
    assert "Read-only file system" in it.bridge.output()
    assert str(it.bridge.database) in it.bridge.output()
    assert it.xmpp.accepted == 1
    subprocess.run(["/usr/bin/mount", "-o", "remount,rw", it.disk.path],
                   check=True)
    it.bridge.start()
    it.pair.both_ways()
    assert kept(it.bridge, "before-%") == 5


# ---- 11: somebody else holds it

HELD_S = 30


def ask_at(path):
    """The status, without the time that a program takes to begin."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"status\n")
        return client.makefile("rb").readline()


@pytest.mark.long
@pytest.mark.timed
def test_fault_11_a_held_database_delays_and_loses_nothing(faulty):
    """The loop goes on meanwhile: it answers at the control socket."""
    it = faulty(start=False)
    with open(it.bridge.config, "a", encoding="utf-8") as config:
        config.write('control = { socket = "control"; };\n')
    it.bridge.start()
    operator = Operator(it.bridge)
    traffic = it.begin(pace_s=0.1)
    holder = sqlite3.connect(it.bridge.database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    worst, until = 0, time.monotonic() + HELD_S
    while time.monotonic() < until:
        began = time.monotonic()
        assert b'"state":"running"' in ask_at(operator.socket)
        worst = max(worst, time.monotonic() - began)
        traffic.to_irc.rest(0.05)
    holder.execute("ROLLBACK")
    holder.close()
    print(f"the slowest answer took {worst * 1000:.0f} ms")
    assert worst < 0.5
    it.bridge.wait_log("the database is free again", "store")
    it.wait_back()
    traffic.audit(heard=True)


# ---- 12: damaged, deleted, replaced

def damage(bridge):
    """The first page of the messages, as a disk may lose it."""
    page = bridge.query("SELECT rootpage FROM sqlite_schema "
                        "WHERE name = 'event'")[0][0]
    with open(bridge.database, "r+b") as database:
        database.seek((page - 1) * 4096)
        database.write(b"\xa5" * 4096)


def settled(it):
    """Everything is in the database file itself, and nobody has it open."""
    say_and_keep(it, "before")
    it.pair.bob.wait_text("before-4")
    assert it.bridge.stop() == 0


def test_fault_12_a_damaged_database_is_refused_with_advice(faulty):
    it = faulty()
    settled(it)
    copy = it.bridge.folder / "copy"
    shutil.copy(it.bridge.database, copy)
    damage(it.bridge)
    it.bridge.launch()
    ends_by_itself(it.bridge)
    assert "damaged" in it.bridge.output()
    assert "backup" in it.bridge.output()
    shutil.copy(copy, it.bridge.database)
    it.bridge.start()
    it.pair.both_ways()


def test_fault_12_a_database_deleted_under_it_is_not_begun_anew(faulty):
    """Killed after that, it has only a log left, and says so."""
    it = faulty()
    say_and_keep(it, "before")
    it.bridge.database.unlink()
    it.pair.ann.say(it.pair.room, "after")
    it.pair.bob.wait_text("after")
    it.bridge.kill9()
    it.bridge.launch()
    ends_by_itself(it.bridge)
    assert "-wal" in it.bridge.output()


def test_fault_12_a_database_deleted_at_rest_is_not_begun_anew(faulty):
    it = faulty()
    settled(it)
    copy = it.bridge.folder / "copy"
    it.bridge.database.rename(copy)
    for _ in range(2):
        it.bridge.launch()
        ends_by_itself(it.bridge)
        assert "missing or empty" in it.bridge.output()
    copy.rename(it.bridge.database)
    it.bridge.start()
    it.pair.both_ways()


def test_fault_12_an_old_backup_says_nothing_twice(faulty):
    """What was said since the backup was made is in the room's archive, and
    what we said there is, too."""
    it = faulty()
    settled(it)
    backup = it.bridge.folder / "backup"
    shutil.copy(it.bridge.database, backup)
    it.bridge.start()
    mark = it.pair.ann.mark()
    for n in range(5):
        it.pair.bob.say(it.pair.channel, f"since-{n}")
    it.pair.ann.wait_text("since-4", 20, mark, room=it.pair.room)
    assert it.bridge.stop() == 0
    shutil.copy(backup, it.bridge.database)
    it.bridge.start()
    it.bridge.wait_log("older than what was here last, by 1 starts", "store")
    it.pair.both_ways()
    it.pair.ann.barrier()
    heard = [t for _, t in it.pair.ann.texts(it.pair.room, mark)
             if "since-" in t]
    assert heard == [f"since-{n}" for n in range(5)]
    assert it.bridge.query("PRAGMA integrity_check") == [("ok",)]
