# SPDX-License-Identifier: MIT
"""Servers that go away, stall and come back; and the end of the bridge."""

import signal
import time

import pytest

from tests.support.bridge import irc_network, xmpp_network
from tests.support.process import wait_for

from .conftest import make_pair


def rejoin_irc(pair):
    """bob is back in the channel after his server was away."""
    pair.bob.close()
    pair.bob = pair.things.irc(pair.irc, pair.things.name("bob"))
    pair.bob.join(pair.channel)


def wait_listener(pair):
    """The bridge is in the channel, as bob sees it."""
    pair.bob.wait_for(lambda m: m.command == "JOIN" and
                      m.nick.startswith("causeway") or
                      m.command == "353" and "causeway" in m.text, 30)


def rejoin_xmpp(pair):
    pair.ann.abort()
    pair.ann = pair.things.xmpp(pair.xmpp, "ann")
    pair.ann.join(pair.room, pair.ann_nick)


def wait_settled(bridge, pattern, count):
    """count deliveries of texts like pattern are confirmed."""
    wait_for(f"{count} deliveries to be confirmed", lambda: bridge.query(
        "SELECT count(*) FROM delivery JOIN event ON event.id = event "
        "WHERE text LIKE ? AND state = 2", pattern)[0][0] == count, 40, 0.1)


def test_the_bridge_comes_back_with_the_irc_server(pair):
    pair.irc.kill9()
    pair.bridge.wait_log("down:", "irc")
    pair.irc.start()
    rejoin_irc(pair)
    wait_listener(pair)
    pair.both_ways(30)


def test_the_bridge_comes_back_with_the_xmpp_server(pair):
    pair.xmpp.kill9()
    pair.bridge.wait_log("down:", "xmpp")
    pair.xmpp.start()
    rejoin_xmpp(pair)
    pair.ann.wait_occupant(pair.room, pair.bob.nick, 30)
    pair.both_ways(30)


@pytest.mark.long
@pytest.mark.timed
def test_the_median_recovery_takes_less_than_five_seconds(one_pair):
    """Seen from the channel: the log folds what it says again and again."""
    taken = []
    for _ in range(5):
        one_pair.irc.kill9()
        one_pair.irc.start()
        start = time.monotonic()
        rejoin_irc(one_pair)
        wait_listener(one_pair)
        taken.append(time.monotonic() - start)
    assert sorted(taken)[2] < 5, taken


def test_what_is_said_while_irc_is_away_arrives_in_order(pair):
    pair.irc.kill9()
    pair.bridge.wait_log("down:", "irc")
    for n in range(10):
        pair.ann.say(pair.room, f"waiting-{n}")
    wait_for("ten deliveries to wait", lambda: pair.bridge.query(
        "SELECT count(*) FROM event WHERE text LIKE 'waiting-%'")[0][0] == 10)
    # who comes after the bridge has not heard the first of it
    pair.bridge.stall()
    pair.irc.start()
    rejoin_irc(pair)
    pair.bridge.resume()
    wait_settled(pair.bridge, "waiting-%", 10)
    pair.bob.wait_text("waiting-9", 30, target=pair.channel)
    texts = [t.split()[-1] for _, t in pair.bob.texts(pair.channel)
             if "waiting-" in t]
    assert texts == sorted(texts)


def test_what_is_said_while_xmpp_is_away_arrives_in_order(pair):
    pair.xmpp.kill9()
    pair.bridge.wait_log("down:", "xmpp")
    for n in range(10):
        pair.bob.say(pair.channel, f"waiting-{n}")
    wait_for("ten events to be kept", lambda: pair.bridge.query(
        "SELECT count(*) FROM event WHERE text LIKE 'waiting-%'")[0][0] == 10)
    pair.bridge.stall()
    pair.xmpp.start()
    rejoin_xmpp(pair)  # the room died with its server
    pair.bridge.resume()
    wait_settled(pair.bridge, "waiting-%", 10)
    pair.ann.wait_text("waiting-9", 30, room=pair.room)
    texts = [t.split()[-1] for _, t in pair.ann.texts(pair.room)
             if "waiting-" in t]
    assert texts == [f"waiting-{n}" for n in range(10)]


@pytest.mark.long
def test_a_stalled_server_is_noticed_and_nothing_is_lost(farm, closing):
    pair = make_pair(closing, farm.get("prosody"), farm.get("inspircd"),
                     irc_options={"ping": 5, "timeout": 5})
    pair.irc.stall()
    try:
        for n in range(5):
            pair.ann.say(pair.room, f"stalled-{n}")
        pair.bridge.wait_log("down:", "irc", 30)
    finally:
        pair.irc.resume()
    rejoin_irc(pair)
    wait_settled(pair.bridge, "stalled-%", 5)


def test_one_dead_network_does_not_hold_up_another(farm, closing):
    prosody = farm.get("prosody")
    ngircd, inspircd = farm.get("ngircd"), farm.get("inspircd")
    room = f"{closing.name('room')}@{prosody.rooms}"
    channel = "#" + closing.name("chan")
    ann = closing.xmpp(prosody, "ann").join(room, closing.name("Ann"))
    bob = closing.irc(inspircd, closing.name("bob"))
    bob.join(channel)
    bridge = closing.bridge(
        {"xmpp": xmpp_network(prosody), "dead": irc_network(ngircd),
         "live": irc_network(inspircd)},
        {"all": [f"xmpp:{room}", f"dead:{channel}", f"live:{channel}"]})
    bridge.start()
    ngircd.kill9()
    try:
        bridge.wait_log("down:", "dead")
        ann.say(room, "still here")
        bob.wait_text("still here")
    finally:
        ngircd.start()


# ---- the end

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_says_goodbye_and_exits_0(pair, number):
    pair.bridge.process.send_signal(number)
    assert pair.bridge.process.popen.wait(10) == 0
    pair.bridge.check()
    pair.bob.wait_for(lambda m: m.command in ("QUIT", "PART") and
                      m.nick == pair.ann_nick)
    pair.ann.wait_gone(pair.room, pair.bob.nick)


def test_a_signal_ends_it_also_while_nothing_can_be_reached(one_pair):
    one_pair.irc.kill9()
    one_pair.xmpp.kill9()
    try:
        one_pair.bridge.wait_log("down:", "irc")
        one_pair.bridge.wait_log("down:", "xmpp")
        assert one_pair.bridge.stop() == 0
    finally:
        one_pair.irc.start()
        one_pair.xmpp.start()


def test_hup_opens_the_log_anew_and_disturbs_nobody(one_pair):
    one_pair.bridge.process.send_signal(signal.SIGHUP)
    one_pair.bridge.wait_log("reopened")
    one_pair.both_ways()
    assert not one_pair.bridge.downs("irc")


def test_people_keep_their_names_over_a_restart(pair):
    pair.bridge.restart()
    pair.ann.wait_occupant(pair.room, pair.bob.nick)
    pair.both_ways(30)
    assert pair.ann_nick in pair.bob.names(pair.channel)
