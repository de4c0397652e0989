# SPDX-License-Identifier: MIT
"""Another configuration while everything runs (fault 28)."""

import signal

import pytest

from tests.support.audit import undelivered
from tests.support.process import wait_for

from .faulty import WINDOW
from .test_control import Operator
from .test_faults import faulty, proxies  # noqa pylint: disable=W0611
from .test_matrix_faults import Couple
from .test_mqtt import TEMPERATURE, make_house


def reload(bridge, wait="reloaded:"):
    """By SIGHUP, with what configure() has written."""
    since = len(bridge.log())
    bridge.process.send_signal(signal.SIGHUP)
    return bridge.wait_log(wait, since=since)


def joined(bridge, since):
    return [r["where"] for r in bridge.log()[since:]
            if r.get("msg", "").startswith("joined")]


def controlled(faulty):
    it = faulty(start=False)
    it.bridge.top["control"] = {"socket": "control"}
    it.bridge.configure()
    it.bridge.start()
    it.pair.both_ways()
    return it


def third_channel(pair):
    """Somebody in a channel that no link names yet."""
    channel = f"{pair.channel}-more"
    return channel, pair.join_irc("dan", channel)


def test_a_link_comes_changes_and_goes_and_the_others_notice_nothing(faulty):
    it = faulty()
    pair, bridge = it.pair, it.bridge
    channel, dan = third_channel(pair)
    since = len(bridge.log())

    bridge.links["lobby"] = [f"xmpp:{pair.room}", f"irc:{pair.channel}",
                             f"irc:{channel}"]
    bridge.configure()
    reload(bridge)
    dan.wait_for(lambda m: m.command == "JOIN" and m.nick == pair.ann_nick)
    pair.ann.say(pair.room, "three of us")
    dan.wait_text("three of us", target=channel)
    pair.bob.wait_text("three of us", target=pair.channel)
    assert joined(bridge, since) == [f"irc/{channel}"]

    bridge.links["lobby"].pop()
    bridge.configure()
    reload(bridge)
    dan.wait_for(lambda m: m.command in ("PART", "QUIT") and
                 m.nick == "causeway")
    pair.both_ways()
    assert joined(bridge, since) == [f"irc/{channel}"]
    assert not bridge.downs("irc") + bridge.downs("xmpp")


def test_a_wrong_file_changes_nothing_and_says_why(faulty):
    it = controlled(faulty)
    pair, bridge = it.pair, it.bridge
    bridge.links["lobby"] = [f"xmpp:{pair.room}", "nowhere:#chan"]
    bridge.configure()
    done = Operator(bridge).run("reload")
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    assert "nowhere" in done.stderr
    bridge.config.write_text("networks = {")
    reload(bridge, "cannot be used; nothing was changed")
    pair.both_ways()
    assert not bridge.downs("irc") + bridge.downs("xmpp")


def test_a_network_that_differs_is_restarted_alone(faulty):
    it = controlled(faulty)
    pair, bridge = it.pair, it.bridge
    bridge.networks["irc"]["nick"] = "newname"
    bridge.configure()
    said = Operator(bridge).ask("reload")["said"]
    assert "networks: *irc" in said
    pair.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == "newname")
    pair.both_ways()
    assert not bridge.downs("xmpp")


def test_fault_28_reloads_of_all_kinds_under_load_lose_nothing(faulty):
    """A hundred: the same, a wrong file, a channel more and less, and now and
    then a network that differs, which costs a connection."""
    it = faulty()
    pair, bridge = it.pair, it.bridge
    channel, _ = third_channel(pair)
    traffic = it.begin()
    both = [f"xmpp:{pair.room}", f"irc:{pair.channel}"]
    losses = 0
    for n in range(100):
        bridge.links["lobby"] = both + [f"irc:{channel}"] * (n % 4 == 2)
        if n % 25 == 24:
            bridge.networks["irc"]["gap"] = 60 + n
            losses += 1
        bridge.configure()
        if n % 4 == 1:
            bridge.config.write_text("links = nonsense")
        reload(bridge, "nothing was changed" if n % 4 == 1 else "reloaded:")
    # what waited for the channel when it was left goes there now
    bridge.links["lobby"] = both + [f"irc:{channel}"]
    bridge.configure()
    reload(bridge)
    traffic.wait_said(10)
    it.wait_back()
    traffic.audit(losses * WINDOW, losses * WINDOW)
    assert not bridge.downs("xmpp")


def test_fault_28_what_waits_for_a_removed_channel_is_reported_and_kept(
        faulty):
    it = faulty()
    pair, bridge = it.pair, it.bridge
    it.cut("irc")
    bridge.wait_log("down:", "irc")
    pair.ann.say(pair.room, "kept for later")
    wait_for("it to be taken", lambda: undelivered(bridge) == 1)
    link = bridge.links.pop("lobby")
    bridge.configure()
    reload(bridge)
    assert bridge.wait_log("1 messages that wait for it are kept",
                           f"irc/{pair.channel}")["level"] == "warn"
    bridge.links["lobby"] = link
    bridge.configure()
    it.restore("irc")
    reload(bridge)
    pair.bob.wait_text("kept for later", 40, target=pair.channel)
    wait_for("it to be settled", lambda: undelivered(bridge) == 0)


def test_an_xmpp_network_that_differs_is_restarted_alone(faulty):
    it = faulty()
    pair, bridge = it.pair, it.bridge
    bridge.networks["xmpp"]["nick"] = "newname"
    bridge.configure()
    reload(bridge)
    pair.ann.wait_occupant(pair.room, "newname")
    pair.both_ways()
    assert not bridge.downs("irc")


def test_other_rules_hold_after_a_reload(farm, closing):
    """A rule that says something else; then a broker that is asked for
    otherwise."""
    house = make_house(farm, closing, {"t": TEMPERATURE})
    bridge = house.bridge
    bridge.start()
    house.device.publish(f"{house.root}/east/temp", "21.5")
    house.said("east: 21.5 °C")
    bridge.links["house"]["rules"]["t"]["say"] = "now {value}"
    bridge.configure()
    since = len(bridge.log())
    reload(bridge)
    bridge.wait_log("joined", since=since)
    house.device.publish(f"{house.root}/east/temp", "22.5")
    house.said("now 22.5")
    bridge.networks["home"]["keep_alive"] = 20
    bridge.configure()
    since = len(bridge.log())
    reload(bridge)
    bridge.wait_log("up after", "home", since=since)
    house.device.publish(f"{house.root}/east/temp", "23.5")
    house.said("now 23.5")
    assert not bridge.downs("x") + bridge.downs("i")


@pytest.mark.xdist_group("homeserver")
def test_a_matrix_network_that_differs_is_restarted_alone(farm, closing):
    couple = Couple(farm, closing)
    bridge = couple.bridge
    couple.both("before")
    bridge.networks["matrix"]["puppet_idle"] = 7200
    bridge.configure()
    since = len(bridge.log())
    reload(bridge)
    bridge.wait_log("joined", timeout=40, since=since)
    couple.both("after")
    assert not bridge.downs("irc")
