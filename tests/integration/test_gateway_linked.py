# SPDX-License-Identifier: MIT
"""A channel that a link and users of the gateway share: one conversation, in
which everybody hears everything once, and nobody who is not in."""

import dataclasses

import pytest

from tests.support.bridge import Bridge, irc_network, xmpp_network
from tests.support.xmpp_peer import Refused

from .test_gateway import GATEWAY


@dataclasses.dataclass
class Shared:
    """dan is in a room that is linked with the channel; bob is its operator."""

    things: object
    xmpp: object
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


@pytest.fixture(params=["ngircd", "inspircd"])
def shared(request, farm, closing):
    xmpp, irc = farm.get("prosody"), farm.get(request.param)
    closing.servers += [xmpp, irc]
    channel = "#" + closing.name("shared")
    far = f"{closing.name('far')}@{xmpp.rooms}"
    bob = closing.irc(irc, closing.name("bob"))
    bob.join(channel)
    dan_nick = closing.name("Dan")
    dan = closing.xmpp(xmpp, "dave").join(far, dan_nick)
    bridge = closing.bridge(
        {"xmpp": xmpp_network(xmpp, gateway={"networks": ["irc"]}),
         "irc": irc_network(irc)},
        {"shared": [f"xmpp:{far}", f"irc:{channel}"]})
    bridge.start()
    dan.wait_occupant(far, bob.nick)
    return Shared(closing, xmpp, f"{channel}%irc@{GATEWAY}", far, channel,
                  bob, dan, dan_nick, bridge)


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
