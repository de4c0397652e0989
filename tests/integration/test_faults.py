# SPDX-License-Identifier: MIT
"""The fault catalogue, as far as it concerns connections and the process as a
whole; people and rooms are in test_faults_rooms.py, kills in test_crash.py.
A test has the number of its entry. To pass means: nothing that was taken is
lost, what comes twice is within the window, the order is kept, nothing
crashed, and no sanitizer spoke.
"""

import os
import pathlib
import random
import re
import signal
import subprocess
import threading
import time

import pytest

from tests.support.bridge import irc_network
from tests.support.process import wait_for

from .faulty import WINDOW, Faulty
from .test_control import Operator

HALF_OPEN_S = 45
CONFIRMED, SKIPPED = 2, 5  # enum delivery_state


@pytest.fixture
def proxies():
    made = []
    yield made
    for proxy in made:
        proxy.close()


@pytest.fixture
def faulty(proxies, farm, closing):
    """Makes one; the proxies outlive the bridge. ngIRCd is the rule because
    it is a second faster than InspIRCd in letting anybody in."""
    closing.proxies = proxies

    def make(xmpp="prosody", irc="ngircd", **options):
        return Faulty(closing, farm.get(xmpp), farm.get(irc), **options)
    return make


def kept(bridge, pattern):
    return bridge.query("SELECT count(*) FROM event WHERE text LIKE ?",
                        pattern)[0][0]


def say_and_keep(faulty, stem, count=5):
    """Lines in the room that the bridge has taken, whatever happens next."""
    for n in range(count):
        faulty.pair.ann.say(faulty.pair.room, f"{stem}-{n}")
    wait_for("the lines to be taken",
             lambda: kept(faulty.bridge, f"{stem}-%") == count)


# ---- 13: the clock

FAKETIME = next(pathlib.Path("/usr/lib").glob(
    "*/faketime/libfaketime.so.1"), None)
JUMPS = {"hour-ahead": "+3600", "hour-back": "-3600",
         "ten-years-ahead": "+315360000"}


@pytest.mark.timed
@pytest.mark.parametrize("jump", [
    "hour-ahead", "hour-back", "ten-years-ahead"])
def test_fault_13_a_jump_of_the_clock_expires_nothing(faulty, jump):
    it = faulty(start=False)
    it.bridge.folder.mkdir(exist_ok=True)
    clock = it.bridge.folder / "clock"
    clock.write_text("+0\n")
    it.bridge.environment = {
        "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_CACHE_DURATION": "1", "ASAN_OPTIONS":
        os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    it.bridge.queue = {"age": 60}
    it.bridge.configure()
    it.bridge.start()
    it.cut("irc")
    it.bridge.wait_log("down:", "irc")
    say_and_keep(it, "before")
    before = newest(it.bridge)
    clock.write_text(JUMPS[jump] + "\n")

    def jumped():
        it.pair.ann.say(it.pair.room, "tick")
        return abs(newest(it.bridge) - before) > 1800 * 1000
    wait_for("the bridge to see the other time", jumped, 20, 0.2)
    it.restore("irc")
    it.wait_back()
    it.pair.both_ways()
    texts = [t.split()[-1] for _, t in it.pair.bob.texts(it.pair.channel)
             if "before-" in t]
    assert texts == [f"before-{n}" for n in range(5)]
    assert not it.bridge.downs("xmpp")


def newest(bridge):
    return bridge.query("SELECT received_ms FROM event ORDER BY id DESC "
                        "LIMIT 1")[0][0]


# ---- 14: not there at the start

@pytest.mark.parametrize("dead", ["irc", "xmpp"])
def test_fault_14_a_server_down_at_the_start_holds_up_nobody(faulty, farm,
                                                             dead):
    it = faulty(start=False, before=lambda f: f.proxy(dead).refuse())
    pair = it.pair
    other = farm.get("inspircd")
    carol = pair.things.irc(other, pair.things.name("carol"))
    dave = pair.things.irc(other, pair.things.name("dave"))
    carol.join(pair.channel + "c")
    dave.join(pair.channel + "d")
    it.bridge.networks["live"] = irc_network(other, nick="livebridge")
    it.bridge.links["live"] = [f"live:{pair.channel}c",
                               f"live:{pair.channel}d"]
    it.bridge.configure()
    it.bridge.launch()
    it.bridge.wait_log("down:", dead)
    it.bridge.wait_log("joined", f"live/{pair.channel}d", 20)
    carol.say(pair.channel + "c", "others work")
    dave.wait_text("others work")
    if dead == "irc":
        it.bridge.wait_log("joined", f"xmpp/{pair.room}", 20)
        say_and_keep(it, "early")
    else:
        it.bridge.wait_log("joined", f"irc/{pair.channel}", 20)
        pair.bob.say(pair.channel, "early-4")
        wait_for("it to be taken", lambda: kept(it.bridge, "early-%"))
    it.proxy(dead).refuse(False)
    start = time.monotonic()
    it.bridge.wait_ready(20)
    print(f"{dead} was joined after {time.monotonic() - start:.1f} s")
    if dead == "irc":
        pair.bob.wait_text("early-4", 20)
    else:
        pair.ann.wait_text("early-4", 20)
    pair.both_ways()


# ---- 15: restarts

RESTARTS = 2


@pytest.mark.timed
@pytest.mark.parametrize("xmpp, irc, victim", [
    ("prosody", "inspircd", "irc"), ("prosody", "ngircd", "irc"),
    ("prosody", "inspircd", "xmpp"), ("ejabberd", "ngircd", "xmpp")])
def test_fault_15_server_restarts_under_load_lose_nothing(faulty, xmpp, irc,
                                                          victim):
    it = faulty(xmpp, irc)
    traffic = it.begin()
    server = it.pair.irc if victim == "irc" else it.pair.xmpp
    restarts = 1 if xmpp == "ejabberd" else RESTARTS
    for _ in range(restarts):
        # so that our listener is there before the bridge, and misses nothing
        it.proxy(victim).refuse()
        # An IRC server is not killed: it answers one connection before it
        # writes to the next, and what it said yes to and told nobody is
        # nobody's to know. One for XMPP, when asked to stop, sends its users
        # away first, and goes on for its components.
        server.stop() if victim == "irc" else server.kill9()
        try:
            wait_for("the bridge to lose it",
                     lambda: not it.proxy(victim).connections)
        finally:
            server.start()
        it.rejoin(victim)
        it.restore(victim)
        it.wait_back()
    bound = restarts * WINDOW
    traffic.audit(bound, 0) if victim == "irc" else traffic.audit(0, bound)


@pytest.mark.long
@pytest.mark.timed
def test_fault_15_twenty_restarts_lose_nothing(faulty):
    """An operator does not let it wait longer and longer."""
    it = faulty(start=False)
    with open(it.bridge.config, "a", encoding="utf-8") as config:
        config.write('control = { socket = "control"; };\n')
    it.bridge.start()
    operator = Operator(it.bridge)
    traffic = it.begin()
    for _ in range(20):
        it.proxy("irc").refuse()
        it.pair.irc.stop()
        try:
            wait_for("the bridge to lose it",
                     lambda: not it.proxy("irc").connections)
        finally:
            it.pair.irc.start()
        it.rejoin("irc")
        it.restore("irc")
        operator.ask("retry", "irc")
        it.wait_back()
    traffic.audit(20 * WINDOW)


# ---- 16 and 18: silence

# In both directions: test_faults_network.py
HOLES = [("irc", "up"), ("irc", "down"), ("xmpp", "up"), ("xmpp", "down")]


@pytest.mark.long
@pytest.mark.parametrize("network, direction", HOLES)
def test_fault_16_and_18_a_silent_connection_is_noticed(faulty, network,
                                                        direction):
    """With the timing that a configuration has if it says nothing."""
    it = faulty()
    files = it.files()
    traffic = it.begin()
    it.proxy(network).change(direction, drop=True)
    start = time.monotonic()
    it.bridge.wait_log("down:", network, HALF_OPEN_S)
    took = time.monotonic() - start
    print(f"{network}, {direction}: noticed after {took:.1f} s")
    it.proxy(network).clear()
    it.wait_back()
    traffic.audit(*((WINDOW, 0) if network == "irc" else (0, WINDOW)))
    it.wait_files(files)


# ---- 17: cut off

@pytest.mark.parametrize("xmpp, irc, network", [
    ("prosody", "inspircd", "irc"), ("prosody", "ngircd", "irc"),
    ("prosody", "inspircd", "xmpp"), ("ejabberd", "ngircd", "xmpp")])
def test_fault_17_a_reset_in_mid_line_loses_nothing(faulty, xmpp, irc,
                                                    network):
    it = faulty(xmpp, irc)
    files = it.files()
    traffic = it.begin()
    dice = random.Random(17)
    cuts = 2
    for n in range(cuts):
        it.proxy(network).change("up" if n % 2 else "down",
                                 cut_after=dice.randrange(1, 900))
        wait_for("the cut", lambda: it.proxy(network).faults[
            "up" if n % 2 else "down"].cut_after < 0, 30)
        # who was cut may have been a puppet; now it is all of them
        it.proxy(network).reset()
        it.wait_back()
    bound = 2 * cuts * WINDOW
    traffic.audit(*((bound, 0) if network == "irc" else (0, bound)))
    it.wait_files(files)


@pytest.mark.parametrize("network", ["irc", "xmpp"])
def test_fault_17_a_half_closed_connection_is_begun_again(faulty, network):
    it = faulty()
    traffic = it.begin()
    accepted = it.proxy(network).accepted
    it.proxy(network).half_close("down")
    wait_for("another connection", lambda: it.proxy(network).accepted >
             accepted, 20)
    it.wait_back()
    traffic.audit(*((WINDOW, 0) if network == "irc" else (0, WINDOW)))


# ---- 19: away for long

AWAY = 10000


@pytest.mark.long
def test_fault_19_a_long_partition_is_made_good_in_order(faulty):
    """What waited comes in order, all of it or the last of it and one line
    that says how many were left out; everything has come to its end."""
    it = faulty()
    it.pair.both_ways()
    it.cut("irc")
    it.bridge.wait_log("down:", "irc")
    for n in range(AWAY):
        it.pair.ann.say(it.pair.room, f"away-{n:05}")
    wait_for("all of it to be kept",
             lambda: kept(it.bridge, "away-%") == AWAY, 60, 0.1)
    it.restore("irc")
    it.pair.bob.wait_text(f"away-{AWAY - 1:05}", 240)
    wait_for("all of it to come to an end", lambda: not it.bridge.query(
        "SELECT count(*) FROM delivery WHERE state < 2")[0][0], 60, 0.1)
    ends = dict(it.bridge.query(
        "SELECT state, count(*) FROM delivery JOIN event ON event.id = event "
        "WHERE text LIKE 'away-%' GROUP BY state"))
    print(f"ended {ends}")
    said = [t for _, t in it.pair.bob.texts(it.pair.channel)]
    shown = [w for t in said for w in re.findall("away-[0-9]{5}", t)]
    assert shown == [f"away-{n:05}" for n in range(AWAY - len(shown), AWAY)]
    assert ends.get(CONFIRMED) == len(shown)
    assert ends.get(SKIPPED, 0) == AWAY - len(shown)
    if ends.get(SKIPPED):
        assert len(shown) >= 20
        assert [t for t in said if str(ends[SKIPPED]) in t and
                "away-" not in t], said[:30]
    it.pair.both_ways()


# ---- 20: slow

def far_link(it, server, things):
    """Another link of the same bridge, on another server: carol speaks in one
    channel, dave listens in the other."""
    stem = it.pair.channel
    people = []
    for name in ("carol", "dave"):
        peer = things.irc(server, things.name(name))
        peer.join(f"{stem}-{name}")
        people.append(peer)
    it.bridge.networks["far"] = irc_network(server, nick="farbridge")
    it.bridge.links["far"] = [f"far:{stem}-carol", f"far:{stem}-dave"]
    it.bridge.configure()
    return people, stem


@pytest.mark.timed
@pytest.mark.parametrize("how", [{"rate": 1}, {"stall": True}],
                         ids=["1-byte-a-second", "zero-window"])
@pytest.mark.parametrize("network", ["irc", "xmpp"])
def test_fault_20_a_slow_server_slows_down_nobody_else(faulty, farm, closing,
                                                       network, how):
    # small, so that the windows fill; not so small that all of it takes a
    # minute afterwards
    it = faulty(start=False, buffer=32768, irc_options={"timeout": 60})
    (carol, dave), stem = far_link(it, farm.get("ngircd"), closing)
    it.bridge.start()
    it.pair.both_ways()
    memory = it.memory_kib()
    it.proxy(network).change("both", **how)
    for n in range(500):
        it.pair.ann.say(it.pair.room, f"slow-{n:03} " + "x" * 300)
        # other words: a long line that comes from two rooms at a time is
        # taken for another bridge's copy
        it.pair.bob.say(it.pair.channel, f"slow-{n:03} " + "y" * 300)
    delays = []
    for n in range(100):
        start = time.monotonic()
        carol.say(f"{stem}-carol", f"quick-{n}-")
        dave.wait_text(f"quick-{n}-")
        delays.append(time.monotonic() - start)
    delays.sort()
    growth = it.memory_kib() - memory
    print(f"p50 {delays[50] * 1000:.1f} ms, p99 {delays[98] * 1000:.1f} ms, "
          f"{growth} KiB more")
    # each of them came, although the other server still takes nothing
    assert it.grew_little(memory)
    it.proxy(network).clear()
    for peer, place in ((it.pair.bob, it.pair.channel),
                        (it.pair.ann, it.pair.room)):
        wait_for("all of it", lambda p=peer, c=place: len(
            slow_texts(p, c)) >= 500, 90, 0.1)
        texts = list(dict.fromkeys(slow_texts(peer, place)))
        assert texts == [f"slow-{n:03}" for n in range(500)]


def slow_texts(peer, place):
    """As the bridge relayed them: in the room they are also heard from
    their author."""
    return re.findall("slow-[0-9]{3}", " ".join(
        text for nick, text in peer.texts(place)
        if nick != getattr(peer, "nicks", {}).get(place)))


# ---- 21: stopped

@pytest.mark.parametrize("seconds", [
    5, pytest.param(60, marks=pytest.mark.long)])
def test_fault_21_a_bridge_that_slept_goes_on(faulty, seconds):
    it = faulty()
    traffic = it.begin()
    it.bridge.stall()
    # so long, by both streams
    for _ in range(seconds):
        traffic.wait_said(20)
    it.bridge.resume()
    traffic.wait_said(5)
    it.wait_back()
    traffic.audit(WINDOW, WINDOW, heard=seconds == 5)
    if seconds == 5:
        assert not it.bridge.downs("irc") + it.bridge.downs("xmpp")


# ---- 22: garbage

GARBAGE = {
    "irc": {"bytes": bytes(range(256)) * 64,
            "truncated": b":half!of@a PRIVMSG #li",
            "oversized": b"x" * (1 << 20),
            "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
            "http": b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"},
    "xmpp": {"bytes": bytes(range(256)) * 64,
             "truncated": b"<message from='half' to=",
             "oversized": b"<message><body>" + b"x" * (1 << 20),
             "deep": b"<a>" * 100000,
             "doctype": b"<!DOCTYPE a [<!ENTITY b 'c'>]><message/>",
             "another-stream": b"<?xml version='1.0'?><stream:stream>",
             "the-end": b"</stream:stream>",
             "http": b"HTTP/1.1 400 Bad Request\r\n\r\n"},
}


@pytest.mark.parametrize("network, junk", [
    (network, junk) for network, all_of_it in GARBAGE.items()
    for junk in all_of_it])
def test_fault_22_garbage_from_the_server_is_survived(faulty, network, junk):
    it = faulty()
    proxy, memory = it.proxy(network), it.memory_kib()
    before = proxy.forwarded["down"]
    proxy.inject("down", GARBAGE[network][junk])
    wait_for("the garbage to be sent", lambda: proxy.forwarded["down"] >
             before or not proxy.connections)
    # a half line waits for its other half
    proxy.reset()
    it.wait_back()
    it.pair.both_ways()
    assert it.grew_little(memory)
    assert not it.bridge.downs("xmpp" if network == "irc" else "irc")


@pytest.mark.parametrize("network", ["irc", "xmpp"])
def test_fault_22_an_inverted_byte_hurts_one_message_at_most(faulty, network):
    it = faulty()
    traffic = it.begin()
    for n in range(5):
        it.proxy(network).change("down", corrupt=200 + 37 * n)
        wait_for("the byte to be inverted", lambda: it.proxy(
            network).faults["down"].corrupt == 0, 30)
        it.wait_back(90)  # an open element hides all that follows
    tallies = traffic.settle()
    for tally in tallies:
        print(tally)
        assert not tally.lost and not tally.disordered


# ---- 23: byte by byte

@pytest.mark.parametrize("network, direction", [
    ("irc", "both"), ("xmpp", "down")])
def test_fault_23_one_byte_at_a_time_makes_no_difference(faulty, network,
                                                         direction):
    """Not towards the XMPP server: Debian's libexpat, from 2.5.0-1+deb12u2
    on, puts off the parsing of a token that came in small pieces until more
    has come (its answer to CVE-2023-52425), so that Prosody and ejabberd wait
    for ever for the rest of a stream header of which they have all. Our own
    parser was told not to."""
    # slow while it connects: no two bytes are to be read together
    it = faulty(start=False, before=lambda f: f.proxy(network).change(
        direction, split=True, rate=4000 if network == "xmpp" else 0))
    it.bridge.start(60)
    it.pair.both_ways(60)
    it.proxy(network).change(direction, rate=0)
    traffic = it.begin(pace_s=0.1)
    it.pair.ann.me(it.pair.room, "waves \u2603 \U0001f309")
    assert it.pair.bob.wait_text("waves").action == "waves \u2603 \U0001f309"
    traffic.wait_said(20)
    traffic.audit(heard=True)
    assert not it.bridge.downs("irc") + it.bridge.downs("xmpp")


def test_fault_23_everything_at_once_makes_no_difference(faulty):
    it = faulty()
    traffic = it.begin()
    it.irc.change("both", stall=True)
    it.xmpp.change("both", stall=True)
    traffic.wait_said(60)
    it.irc.clear()
    it.xmpp.clear()
    traffic.audit(heard=True)


# ---- 26: no more files

def limit_files(bridge, most):
    """Only the soft limit: what is open above it stays open."""
    subprocess.run(["/usr/bin/prlimit", f"--pid={bridge.process.pid}",
                    f"--nofile={most}:"], check=True)


def lowest_free(bridge):
    """With this as the limit not one more can be opened."""
    taken = set(map(int, os.listdir(f"/proc/{bridge.process.pid}/fd")))
    return next(n for n in range(len(taken) + 1) if n not in taken)


def test_fault_26_without_descriptors_the_listener_speaks(faulty):
    it = faulty(start=False)
    it.bridge.prefix = ["/usr/bin/prlimit", "--nofile=64:64"]
    it.bridge.start()
    it.pair.both_ways()
    limit_files(it.bridge, lowest_free(it.bridge))
    carol = it.pair.join_xmpp("carol")
    carol.say(it.pair.room, "carol speaks")
    assert it.pair.bob.wait_text("carol speaks", 30).nick == "causeway"
    it.pair.both_ways()
    limit_files(it.bridge, 64)
    it.pair.both_ways()


@pytest.mark.parametrize("network", ["irc", "xmpp"])
def test_fault_26_a_lost_connection_comes_back_when_there_are_files(faulty,
                                                                    network):
    it = faulty()
    traffic = it.begin()
    it.cut(network)
    it.bridge.wait_log("down:", network)
    limit_files(it.bridge, lowest_free(it.bridge))
    it.restore(network)
    traffic.wait_said(40)
    it.bridge.require_alive()
    limit_files(it.bridge, 1100)
    it.wait_back()
    traffic.audit(*((WINDOW, 0) if network == "irc" else (0, WINDOW)))


# ---- 28: reload

def test_fault_28_a_hundred_hups_under_load_disturb_nobody(faulty):
    it = faulty()
    files = it.files()
    traffic = it.begin()
    for _ in range(100):
        it.bridge.process.send_signal(signal.SIGHUP)
        traffic.to_irc.rest(0.01)
    traffic.wait_said(10)
    traffic.audit(heard=True)
    assert not it.bridge.downs("irc") + it.bridge.downs("xmpp")
    it.wait_files(files)


def test_fault_28_the_log_follows_a_file_that_was_moved(faulty):
    it = faulty(start=False)
    log, old = it.bridge.folder / "it.log", it.bridge.folder / "old.log"
    it.bridge.config.write_text(it.bridge.config.read_text().replace(
        "text = true;", f'text = true; file = "{log}";'))
    it.bridge.launch()
    it.pair.ann.wait_occupant(it.pair.room, it.pair.bob.nick, 30)
    traffic = it.begin()
    for _ in range(10):
        log.rename(old)
        it.bridge.process.send_signal(signal.SIGHUP)
        wait_for("the log to be there again",
                 log.exists)
    traffic.audit(heard=True)


# ---- 29: the end, under load

def test_fault_29_a_stop_under_load_loses_nothing(faulty):
    it = faulty()
    traffic = it.begin()
    stops, took = 3, []
    for _ in range(stops):
        start = time.monotonic()
        assert it.bridge.stop() == 0
        took.append(time.monotonic() - start)
        it.bridge.start()
        traffic.wait_said(10)
    print("stopped after", [f"{t:.2f} s" for t in took])
    assert max(took) < 10
    traffic.audit()  # what was under way is confirmed first


# ---- 40: twice

def test_fault_40_a_second_bridge_on_the_database_refuses(faulty):
    it = faulty()
    traffic = it.begin()
    second = subprocess.run(it.bridge.argv(), env={
        **os.environ, "XMPP_SECRET": "only-for-tests"}, timeout=20,
        stderr=subprocess.PIPE, check=False)
    said = second.stderr.decode()
    assert second.returncode == 3, said
    assert str(it.bridge.database.name) in said
    assert it.xmpp.accepted == 1
    traffic.audit(heard=True)


# ---- 44: secrets

def wrong_mode(mode):
    def spoil(path):
        path.write_text("only-for-tests\n")
        path.chmod(mode)
    return spoil


def somebody_elses(path):
    path.write_text("only-for-tests\n")
    path.chmod(0o600)
    os.chown(path, 65534, 65534)


SECRETS = {
    "missing": lambda path: None,
    "a-folder": lambda path: path.mkdir(mode=0o700),
    "empty": lambda path: (path.touch(), path.chmod(0o600)),
    "somebody-elses": somebody_elses,
    **{f"mode-{mode:o}": wrong_mode(mode) for mode in (
        0o604, 0o640, 0o602, 0o620, 0o666, 0o777)},
}


@pytest.fixture
def unstarted(closing):
    """Nothing is connected: the configuration is refused before."""
    bridge = closing.bridge(
        {"xmpp": {"protocol": "xmpp", "component": "gw.localhost",
                  "secret": "env:XMPP_SECRET"},
         "irc": {"protocol": "irc", "server": "127.0.0.1:1", "tls": "off",
                 "nick": "causeway"}},
        {"lobby": ["xmpp:room@rooms.localhost", "irc:#channel"]})
    return bridge


@pytest.mark.parametrize("wrong", SECRETS)
def test_fault_44_a_secret_that_is_not_safe_is_refused(unstarted, wrong):
    if wrong == "somebody-elses" and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    path = unstarted.folder / "xmpp.secret"
    SECRETS[wrong](path)
    unstarted.networks["xmpp"]["secret"] = f"file:{path}"
    unstarted.configure()
    unstarted.launch()
    assert unstarted.process.popen.wait(10) == 2
    assert "causeway.conf:" in unstarted.output()
    assert "xmpp.secret" in unstarted.output()
    assert "only-for-tests" not in unstarted.output()
    assert not unstarted.database.exists()


def test_fault_44_no_configuration_is_refused(unstarted):
    unstarted.config.unlink()
    unstarted.launch()
    assert unstarted.process.popen.wait(10) == 2
    assert "causeway.conf" in unstarted.output()


# ---- 45: nobody reads the log

class Reader:
    """Of the log, through a pipe; it stops and goes on when told to."""

    def __init__(self, path):
        os.mkfifo(path)
        self.path = path
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.data, self.going = b"", threading.Event()
        self.over = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.over:
            self.going.wait()
            try:
                self.data += os.read(self.fd, 65536)
            except BlockingIOError:
                pass
            time.sleep(0.01)

    def fill(self):
        """The pipe, as if the program had written much already."""
        fd = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        for size in (4096, 1):
            try:
                while True:
                    os.write(fd, b"x" * size)
            except BlockingIOError:
                pass
        os.close(fd)

    def close(self):
        self.over = True
        self.going.set()
        self.thread.join(5)
        os.close(self.fd)


def test_fault_45_a_log_that_nobody_reads_blocks_nothing(faulty):
    it = faulty(start=False)
    pipe = it.bridge.folder / "log.pipe"
    reader = Reader(pipe)
    reader.going.set()
    it.bridge.prefix = ["/bin/sh", "-c", 'exec "$@" 2>"$0"', pipe]
    try:
        it.bridge.launch()
        it.pair.ann.wait_occupant(it.pair.room, it.pair.bob.nick, 30)
        it.pair.both_ways()
        reader.going.clear()
        reader.fill()
        traffic = it.begin(pace_s=0.01)
        it.bridge.process.send_signal(signal.SIGHUP)  # has something to say
        traffic.wait_said(200)
        traffic.audit(heard=True)
        reader.going.set()
        assert it.bridge.stop() == 0
        wait_for("the log to own up",
                 lambda: b"lines could not be written" in reader.data)
    finally:
        reader.close()
