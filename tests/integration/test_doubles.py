# SPDX-License-Identifier: MIT
"""One message in, exactly one in every room: several bridges on one link, in
rings, beside bridges of another kind, and with people who forge their marks.
"""

import threading
import time

import pytest

from tests.support.bridge import irc_network, xmpp_network
from tests.support.process import wait_for

from .conftest import make_pair

IRC = ["inspircd", "ngircd"]
HELD_S = 10  # how long what another bridge carries is held


class Place:
    """A room or a channel, with somebody in it who says and hears."""

    def __init__(self, name, peer, echoes):
        self.name, self.peer = name, peer
        self.echoes = echoes  # whoever speaks hears it, too
        self.said = []

    def say(self, text):
        self.said.append(text)
        self.peer.say(self.name, text)

    def count(self, text):
        """How often it is heard, or was said, here."""
        self.peer.barrier()
        own = 0 if self.echoes else self.said.count(text)
        return own + sum(text in t for _, t in self.peer.texts(self.name))


class Rig:
    """Rooms on one XMPP server and one IRC server; bridges between them."""

    def __init__(self, things, farm, irc):
        self.things = things
        self.xmpp, self.irc = farm.get("prosody"), farm.get(irc)
        things.servers += [self.xmpp, self.irc]
        self.places, self.bridges = [], []

    def room(self, stem, user):
        name = f"{self.things.name(stem)}@{self.xmpp.rooms}"
        peer = self.things.xmpp(self.xmpp, user)
        peer.join(name, self.things.name(user))
        self.places.append(Place(name, peer, True))
        return f"xmpp:{name}"

    def channel(self, stem, nick):
        name = "#" + self.things.name(stem)
        peer = self.things.irc(self.irc, self.things.name(nick))
        peer.join(name)
        self.places.append(Place(name, peer, False))
        return f"irc:{name}"

    def bridge(self, *channels):
        number = len(self.bridges) + 1
        dots = "" if number == 1 else str(number)
        networks = {"xmpp": xmpp_network(self.xmpp, f"gw{dots}.localhost",
                                         nick=f"causeway{dots}")}
        if any(c.startswith("irc:") for c in channels):
            networks["irc"] = irc_network(self.irc, nick=f"causeway{dots}")
        bridge = self.things.bridge(networks, {"lobby": list(channels)})
        self.bridges.append(bridge)
        return bridge

    def counts(self, text):
        return [p.count(text) for p in self.places]

    def once(self, text, timeout=30):
        """It comes to every place, and stays alone there."""
        try:
            wait_for(f"{text} everywhere",
                     lambda: all(c >= 1 for c in self.counts(text)), timeout)
            assert self.counts(text) == [1] * len(self.places)
        except BaseException:
            print(text, self.counts(text))
            for bridge in self.bridges:
                print(bridge.query(
                    "SELECT e.id, e.channel, e.text, e.origin, e.via,"
                    " d.channel, d.state, d.attempts, d.why FROM event e"
                    " LEFT JOIN delivery d ON d.event = e.id"))
            raise

    def talk(self, tag, rounds=3, timeout=30):
        """Everybody speaks; everything is heard once by all."""
        said = []
        for n in range(rounds):
            for i, place in enumerate(self.places):
                said.append(f"{tag}-{n}-from-{i}")
                place.say(said[-1])
            for text in said[-len(self.places):]:
                self.once(text, timeout)
        # whatever a copy could still make of these has had time to come
        for text in said:
            assert self.counts(text) == [1] * len(self.places), text


def start_together(bridges):
    for bridge in bridges:
        bridge.launch()
    for bridge in bridges:
        bridge.wait_ready()


def standing_by(bridges):
    """Those that said so and did not take it back."""
    found = []
    for bridge in bridges:
        said = [e["msg"] for e in bridge.log() if "stands by" in e["msg"] or
                "by this bridge from now on" in e["msg"]]
        if said and "stands by" in said[-1]:
            found.append(bridge)
    return found


def said_state(bridge, text):
    return any(text in entry["msg"] for entry in bridge.log())


# ---- two on one link

@pytest.mark.parametrize("irc", IRC)
def test_two_bridges_on_one_link_say_everything_once(closing, farm, irc):
    rig = Rig(closing, farm, irc)
    link = rig.room("room", "ann"), rig.channel("chan", "bob")
    first, second = rig.bridge(*link), rig.bridge(*link)
    first.start()
    second.start()
    second.wait_log("this one stands by")
    rig.talk("one")
    assert not said_state(first, "stands by")
    assert not said_state(second, "nobody said there")


@pytest.mark.parametrize("irc", IRC)
def test_two_bridges_that_start_together_say_everything_once(closing, farm,
                                                             irc):
    rig = Rig(closing, farm, irc)
    link = rig.room("room", "ann"), rig.channel("chan", "bob")
    both = [rig.bridge(*link), rig.bridge(*link)]
    start_together(both)
    wait_for("one to stand by", lambda: len(standing_by(both)) == 1, 20)
    rig.talk("one")
    assert len(standing_by(both)) == 1


def test_the_one_that_stands_by_shows_nobody(closing, farm):
    rig = Rig(closing, farm, "inspircd")
    link = rig.room("room", "ann"), rig.channel("chan", "bob")
    first, second = rig.bridge(*link), rig.bridge(*link)
    first.start()
    ann, bob = rig.places
    ann.peer.wait_occupant(ann.name, bob.peer.nick)
    second.start()
    second.wait_log("this one stands by")
    rig.talk("one")
    in_room = ann.peer.occupants(ann.name)
    assert sum("bob" in n.lower() for n in in_room) == 1, in_room
    assert sum("ann" in n.lower() for n in in_room) == 1, in_room
    in_channel = bob.peer.names(bob.name)
    assert sum("bob" in n.lower() for n in in_channel) == 1, in_channel
    assert sum("ann" in n.lower() for n in in_channel) == 1, in_channel


@pytest.mark.long
@pytest.mark.parametrize("irc", IRC)
def test_the_second_takes_over_when_the_first_dies(closing, farm, irc):
    rig = Rig(closing, farm, irc)
    link = rig.room("room", "ann"), rig.channel("chan", "bob")
    first, second = rig.bridge(*link), rig.bridge(*link)
    first.start()
    second.start()
    second.wait_log("this one stands by")
    rig.talk("before", 1)
    first.kill9()
    rig.talk("after", 2, timeout=2 * HELD_S + 15)
    assert said_state(second, "carried by this bridge from now on")
    first.start()
    first.wait_log("this one stands by")
    rig.talk("again", 2)


@pytest.mark.long
def test_the_second_takes_over_when_the_first_is_silent(closing, farm):
    """It is there, it says that it carries the link, and it does not: nothing
    of that is lost."""
    rig = Rig(closing, farm, "inspircd")
    link = rig.room("room", "ann"), rig.channel("chan", "bob")
    first, second = rig.bridge(*link), rig.bridge(*link)
    first.start()
    second.start()
    second.wait_log("this one stands by")
    rig.talk("before", 1)
    first.stall()
    try:
        rig.talk("after", 1, timeout=2 * HELD_S + 15)
        assert said_state(second, "nobody said there")
    finally:
        first.resume()


# ---- rings

@pytest.mark.parametrize("irc", IRC)
@pytest.mark.parametrize("order", ["abc", "cab", "together"])
def test_a_ring_of_three_says_everything_once(closing, farm, irc, order):
    rig = Rig(closing, farm, irc)
    room1, channel, room2 = (rig.room("one", "ann"),
                             rig.channel("chan", "bob"),
                             rig.room("two", "carol"))
    ring = {"a": rig.bridge(room1, channel), "b": rig.bridge(channel, room2),
            "c": rig.bridge(room2, room1)}
    if order == "together":
        start_together(ring.values())
    else:
        for name in order:
            ring[name].start()
    wait_for("one to stand by",
             lambda: len(standing_by(ring.values())) == 1, 20)
    rig.talk("one", 2)
    assert len(standing_by(ring.values())) == 1


@pytest.mark.parametrize("irc", IRC)
def test_a_chain_of_two_says_everything_once(closing, farm, irc):
    """No ring, so nobody stands by."""
    rig = Rig(closing, farm, irc)
    room1, channel, room2 = (rig.room("one", "ann"),
                             rig.channel("chan", "bob"),
                             rig.room("two", "carol"))
    chain = [rig.bridge(room1, channel), rig.bridge(channel, room2)]
    for bridge in chain:
        bridge.start()
    rig.talk("one", 2)
    assert not standing_by(chain)


# ---- bridges of another kind

class Foreign:
    """Relays as others do: what anybody but itself says in one place is said
    in the other, with the name before it."""

    def __init__(self, things, xmpp, irc, room, channel):
        self.room, self.channel = room, channel
        self.nicks = things.name("relayx"), things.name("relayi")
        self.xmpp = things.xmpp(xmpp, "dave").join(room, self.nicks[0])
        self.irc = things.irc(irc, self.nicks[1])
        self.irc.join(channel)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        seen = [0, 0]
        while not self.over.wait(0.05):
            for i, (texts, say) in enumerate((
                    (self.xmpp.texts(self.room), self.to_irc),
                    (self.irc.texts(self.channel), self.to_xmpp))):
                for nick, text in texts[seen[i]:]:
                    if nick != self.nicks[i]:
                        say(f"<{nick}> {text}")
                seen[i] = len(texts)

    def to_irc(self, text):
        self.irc.say(self.channel, text)

    def to_xmpp(self, text):
        self.xmpp.say(self.room, text)

    def stop(self):
        self.over.set()
        self.thread.join()


@pytest.mark.parametrize("irc", IRC)
def test_a_foreign_bridge_makes_no_storm(closing, farm, irc):
    """What it repeats is there twice, which is its own doing; we add nothing
    to that."""
    pair = make_pair(closing, farm.get("prosody"), farm.get(irc))
    other = Foreign(closing, pair.xmpp, pair.irc, pair.room, pair.channel)
    try:
        for n in range(3):
            pair.ann.say(pair.room, f"x{n}")
            pair.bob.say(pair.channel, f"y{n}")
            pair.bob.wait_text(f"x{n}")
            pair.ann.wait_text(f"y{n}")
        pair.both_ways()
        time.sleep(2)  # nothing to wait for: the storm would be now
    finally:
        other.stop()
    for n in range(3):
        for text in f"x{n}", f"y{n}":
            here = [t for _, t in pair.ann.texts(pair.room) if text in t]
            there = [t for _, t in pair.bob.texts(pair.channel) if text in t]
            # ours or the original, and what the other makes of both sides
            assert len(here) <= 3 and len(there) <= 3, (here, there)


def test_people_may_say_the_same_at_once(one_pair):
    pair = one_pair
    carol = pair.join_xmpp("carol")
    for _ in range(2):
        pair.ann.say(pair.room, "ok")
        carol.say(pair.room, "ok")
        pair.bob.say(pair.channel, "ok")
    pair.both_ways()
    # who speaks on IRC does not hear it
    assert sum(t == "ok" for _, t in pair.bob.texts(pair.channel)) == 4
    assert sum(t == "ok" for _, t in pair.ann.texts(pair.room)) == 4 + 2


# ---- forgeries

def test_a_forged_mark_silences_nobody_but_its_author(one_pair):
    pair = one_pair
    own = pair.bridge.query("SELECT bridge_id FROM meta")[0][0]
    pair.ann.say(pair.room, "first of all")
    pair.bob.wait_text("first of all")
    known = pair.bridge.query(
        "SELECT origin FROM event WHERE text = 'first of all'")[0][0]

    def forged(mark, text):
        pair.ann.say(pair.room, text, extra="<origin xmlns='urn:causeway:"
                     f"bridge:0'>{mark}</origin>")
    forged(f"aa:{own}", "said to have come from the bridge")
    forged("bb:a,b,c,d", "said to have come a long way")
    forged(f"{known}:a", "first of all")
    forged(f"{known}:a", "other words under a known name")
    forged("rubbish", "with a mark that is none")
    pair.both_ways()
    heard = [t for _, t in pair.bob.texts(pair.channel)]
    assert "said to have come from the bridge" not in heard
    assert "said to have come a long way" not in heard
    assert heard.count("first of all") == 1
    assert heard.count("other words under a known name") == 1
    assert heard.count("with a mark that is none") == 1


def test_a_forged_notice_delays_and_loses_nothing(one_pair):
    """Somebody says that they are a bridge, which carries this very link."""
    pair = one_pair
    shown = pair.ann.occupants(pair.room)["causeway"].element.find(
        "{urn:causeway:bridge:0}bridge").text
    rooms = shown.split(":")[2].split(" ")[0]
    pair.ann.send(
        f"<presence to='{pair.room}/{pair.ann_nick}'><bridge xmlns='urn:"
        f"causeway:bridge:0'>0000000000000000:f:{rooms}</bridge></presence>")
    pair.bridge.wait_log("this one stands by")
    pair.ann.say(pair.room, "late but there")
    pair.bob.say(pair.channel, "late as well")
    pair.bob.wait_text("late but there", HELD_S + 20)
    pair.ann.wait_text("late as well", HELD_S + 20)
    mark = time.monotonic()
    pair.both_ways()
    assert time.monotonic() - mark < HELD_S / 2


# ---- the same message again

def test_a_message_that_another_bridge_brings_is_known_after_a_restart(
        one_pair):
    pair = one_pair
    pair.ann.say(pair.room, "said before the restart")
    pair.bob.wait_text("said before the restart")
    known = pair.bridge.query("SELECT origin FROM event")[0][0]
    pair.bridge.restart()
    pair.ann.say(pair.room, "said before the restart", extra="<origin xmlns="
                 f"'urn:causeway:bridge:0'>{known}:a</origin>")
    pair.both_ways()
    assert [t for _, t in pair.bob.texts(pair.channel)].count(
        "said before the restart") == 1


@pytest.mark.parametrize("xmpp", ["prosody", "ejabberd"])
def test_a_private_word_that_is_sent_again_arrives_once(closing, farm, xmpp):
    pair = make_pair(closing, farm.get(xmpp), farm.get("inspircd"))
    to = f"{pair.room}/{pair.bob.nick}"

    def heard():
        return sum("psst" in t for _, t in pair.bob.texts())

    def settled(text):
        pair.ann.message(to, text, "chat")
        pair.bob.wait_text(text, 20)
    for _ in range(2):
        pair.ann.message(to, "psst", "chat", ident="once")
    settled("and that was it")
    assert heard() == 1
    mark = pair.bob.mark()
    pair.bridge.restart()
    pair.ann.wait_occupant(pair.room, pair.bob.nick)
    pair.bob.wait_for(lambda m: m.command == "JOIN" and
                      m.nick == pair.ann_nick, 20, since=mark)
    pair.ann.message(to, "psst", "chat", ident="once")
    settled("nothing new")
    assert heard() == 1
    pair.ann.message(to, "psst", "chat", ident="meant")
    settled("and now")
    assert heard() == 2
