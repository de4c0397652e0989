# SPDX-License-Identifier: MIT
"""A channel that a link and users of the gateway share: one conversation, in
which everybody hears everything once, and nobody who is not in."""

import dataclasses

import pytest

from tests.support.bridge import Bridge, irc_network, xmpp_network
from tests.support.process import wait_for
from tests.support.xmpp_peer import Refused

from .test_faults_rooms import operate
from .test_gateway import GATEWAY


@dataclasses.dataclass
class Shared:
    """dan is in a room that is linked with the channel; bob is its operator."""

    things: object
    xmpp: object
    irc: object
    room: str      # hosted
    far: str       # linked
    channel: str
    bob: object
    dan: object
    dan_nick: str
    bridge: Bridge

    def enter(self, user):
        return self.things.xmpp(self.xmpp, user).join(
            self.room, self.things.name(user), timeout=30)


def make_shared(farm, things, ircd, **irc_options):
    xmpp, irc = farm.get("prosody"), farm.get(ircd)
    things.servers += [xmpp, irc]
    channel = "#" + things.name("shared")
    far = f"{things.name('far')}@{xmpp.rooms}"
    bob = things.irc(irc, things.name("bob"))
    bob.join(channel)
    dan_nick = things.name("Dan")
    dan = things.xmpp(xmpp, "dave").join(far, dan_nick)
    bridge = things.bridge(
        {"xmpp": xmpp_network(xmpp, gateway={"networks": ["irc"]}),
         "irc": irc_network(irc, nick=things.name("listener"),
                            **irc_options)},
        {"shared": [f"xmpp:{far}", f"irc:{channel}"]})
    bridge.start()
    dan.wait_occupant(far, bob.nick)
    return Shared(things, xmpp, irc, f"{channel}%irc@{GATEWAY}", far, channel,
                  bob, dan, dan_nick, bridge)


@pytest.fixture(params=["ngircd", "inspircd"])
def shared(request, farm, closing):
    return make_shared(farm, closing, request.param)


def heard(peer, room, text):
    return [n for n, t in peer.texts(room) if t == text]


def test_everybody_hears_everything_once(shared):
    ann, carol = shared.enter("ann"), shared.enter("carol")
    name = shared.things.name
    for peer in (ann, carol):
        for nick in (name("ann"), name("carol"), shared.bob.nick,
                     shared.dan_nick):
            peer.wait_occupant(shared.room, nick, 20)
    lines = {"of ann": lambda t: ann.say(shared.room, t),
             "of bob": lambda t: shared.bob.say(shared.channel, t),
             "of dan": lambda t: shared.dan.say(shared.far, t)}
    for text, say in lines.items():
        say(text)
        for peer, room in ((ann, shared.room), (carol, shared.room),
                           (shared.dan, shared.far)):
            peer.wait_text(text, 20, room=room)
        if text != "of bob":
            shared.bob.wait_text(text, target=shared.channel)
    for peer, room in ((ann, shared.room), (carol, shared.room),
                       (shared.dan, shared.far)):
        peer.barrier()
        for text in lines:
            assert len(heard(peer, room, text)) == 1, (peer, text)
    said = [t for _, t in shared.bob.texts(shared.channel)]
    assert said.count("of ann") == said.count("of dan") == 1
    # one connection each, and one that listens
    names = shared.bob.names(shared.channel)
    assert {name("ann"), name("carol"), shared.bob.nick} <= set(names)
    # and their ranks, as in a room that no link knows
    shared.bob.send(f"MODE {shared.channel} +o {name('ann')}")
    wait_for("ann to be a moderator", lambda: carol.occupants(
        shared.room)[name("ann")].item.get("role") == "moderator", 20)


def test_who_is_not_in_the_channel_hears_nothing(shared):
    ann, carol = shared.enter("ann"), shared.enter("carol")
    shared.bob.send(f"MODE {shared.channel} +b {shared.things.name('carol')}"
                    "!*@*")
    shared.bob.send(f"KICK {shared.channel} {shared.things.name('carol')} "
                    ":out with you")
    carol.wait_gone(shared.room, shared.things.name("carol"), 20)
    mark = carol.mark()
    with pytest.raises(Refused, match="forbidden"):
        carol.join(shared.room, shared.things.name("carol"), timeout=30)
    shared.bob.say(shared.channel, "not for carol")
    shared.dan.say(shared.far, "neither is this")
    ann.wait_text("not for carol")
    ann.wait_text("neither is this")
    carol.barrier()
    assert not [s for s in carol.record[mark:] if s.body]
    # the link does not depend on who of the gateway is there
    ann.leave(shared.room)
    shared.bob.say(shared.channel, "still linked")
    shared.dan.wait_text("still linked", 20, room=shared.far)


class Stream:
    """bob says numbers; dan is to read each of them once, in order."""

    def __init__(self, shared):
        self.shared, self.n = shared, 0

    def say(self, lines):
        for _ in range(lines):
            self.n += 1
            self.shared.bob.say(self.shared.channel, f"number {self.n}")

    def check(self):
        """All of them, to the last, have come."""
        far = self.shared.far
        self.shared.dan.wait_text(f"number {self.n}", 30, room=far)
        self.shared.dan.barrier()
        assert [t for n, t in self.shared.dan.texts(far)
                if t.startswith("number")] == [
                    f"number {i + 1}" for i in range(self.n)]


@pytest.mark.parametrize("ircd", ["ngircd", "inspircd"])
def test_a_channel_with_users_in_it_is_joined_by_them_alone(farm, closing,
                                                            ircd):
    it = make_shared(farm, closing, ircd, users={"hear": 1}, gap=0)
    bob, listener = it.bob, closing.name("listener")
    stream = Stream(it)

    def goes(since):
        bob.wait_for(lambda m: m.command == "PART" and m.nick == listener,
                     20, since)
        assert listener not in bob.names(it.channel)

    def did(command, nick, since):
        """Where in what bob saw that is."""
        m = bob.wait_for(lambda m: m.command == command and m.nick == nick,
                         20, since)
        return bob.messages.index(m, since)

    mark = bob.mark()
    ann, carol = it.enter("ann"), it.enter("carol")
    goes(mark)
    stream.say(5)
    stream.check()
    for peer in ann, carol:
        peer.wait_text("number 5", 20, room=it.room)
        peer.barrier()
        assert len(heard(peer, it.room, "number 5")) == 1
    it.dan.say(it.far, "from afar")
    ann.say(it.room, "from the gateway")
    bob.wait_text("from afar", target=it.channel)
    bob.wait_text("from the gateway", target=it.channel)
    it.dan.wait_text("from the gateway", 20, room=it.far)

    # one goes: the other hears on, and nobody else comes
    mark = bob.mark()
    stream.say(10)
    ann.leave(it.room)
    stream.say(10)
    did("PART", closing.name("ann"), mark)
    stream.say(5)
    stream.check()
    assert not [m for m in bob.messages[mark:] if m.command == "JOIN"]

    # the last one goes: the listener is there before that
    mark = bob.mark()
    stream.say(10)
    carol.leave(it.room)
    stream.say(10)
    left = did("PART", closing.name("carol"), mark)
    assert did("JOIN", listener, mark) < left
    stream.say(5)
    stream.check()

    # one is cut off: another hears on; both are: the listener is back
    mark = bob.mark()
    ann, carol = it.enter("ann"), it.enter("carol")
    goes(mark)
    operate(bob)
    bob.send(f"KILL {closing.name('ann')} :cut")
    did("QUIT", closing.name("ann"), mark)
    stream.say(5)
    stream.check()
    mark = bob.mark()
    bob.send(f"KILL {closing.name('carol')} :cut")
    did("JOIN", listener, mark)
    it.dan.wait_for(lambda s: s.body and "was not heard" in s.body, 20)
    stream.say(5)
    stream.check()
