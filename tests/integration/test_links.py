# SPDX-License-Identifier: MIT
"""Links of other shapes than one room and one channel."""

from tests.support.bridge import irc_network, xmpp_network

from .conftest import make_pair


class Many:
    """Rooms and channels with somebody in each of them. where: label to
    (peer, place); the labels are those of the networks."""

    def __init__(self, things):
        self.things = things
        self.where = {}

    def room(self, label, server, user):
        place = f"{self.things.name(label)}@{server.rooms}"
        peer = self.things.xmpp(server, user)
        peer.join(place, self.things.name(f"{user}-{label}-"))
        self.where[label] = (peer, place)
        return place

    def channel(self, label, server):
        place = f"#{self.things.name(label)}"
        peer = self.things.irc(server, self.things.name(f"{label}-"))
        peer.join(place)
        self.where[label] = (peer, place)
        return place

    def say(self, label, text):
        peer, place = self.where[label]
        peer.say(place, text)

    def wait(self, label, text, timeout=20):
        peer, place = self.where[label]
        key = "room" if "@" in place else "target"
        return peer.wait_text(text, timeout, **{key: place})

    def heard(self, label):
        peer, place = self.where[label]
        peer.barrier()
        return [t for _, t in peer.texts(place)]


def test_three_channels_and_two_rooms_are_one_conversation(farm, closing):
    prosody, ejabberd = farm.get("prosody"), farm.get("ejabberd")
    ngircd, inspircd = farm.get("ngircd"), farm.get("inspircd")
    closing.servers += [prosody, ejabberd, ngircd, inspircd]
    many = Many(closing)
    channels = [f"x1:{many.room('r1', prosody, 'ann')}",
                f"x2:{many.room('r2', ejabberd, 'bob')}",
                f"i1:{many.channel('c1', ngircd)}",
                f"i1:{many.channel('c2', ngircd)}",
                f"i2:{many.channel('c3', inspircd)}"]
    bridge = closing.bridge(
        {"x1": xmpp_network(prosody, "gw.localhost"),
         "x2": xmpp_network(ejabberd, "gw2.localhost"),
         "i1": irc_network(ngircd), "i2": irc_network(inspircd)},
        {"all": channels})
    bridge.start()
    for source in many.where:
        many.say(source, f"from {source}")
    for source in many.where:
        for target in many.where:
            if source != target:
                many.wait(target, f"from {source}")
    for source in many.where:
        many.say(source, f"end {source}")
        for target in many.where:
            if source != target:
                many.wait(target, f"end {source}")
    for target in many.where:
        heard = [t for t in many.heard(target) if "from " in t]
        own = f"from {target}"
        assert sum(own in t for t in heard) <= 1
        for source in many.where:
            if source != target:
                assert sum(f"from {source}" in t for t in heard) == 1


def test_two_links_in_one_process_never_mix(farm, closing):
    prosody, ejabberd = farm.get("prosody"), farm.get("ejabberd")
    ngircd, inspircd = farm.get("ngircd"), farm.get("inspircd")
    closing.servers += [prosody, ejabberd, ngircd, inspircd]
    many = Many(closing)
    links = {
        "a": [f"x1:{many.room('r1', prosody, 'ann')}",
              f"i1:{many.channel('c1', ngircd)}"],
        "b": [f"x2:{many.room('r2', ejabberd, 'ann')}",
              f"i2:{many.channel('c2', inspircd)}"],
        "c": [f"x1:{many.room('r3', prosody, 'bob')}",
              f"i2:{many.channel('c3', inspircd)}"],
    }
    bridge = closing.bridge(
        {"x1": xmpp_network(prosody, "gw.localhost"),
         "x2": xmpp_network(ejabberd, "gw2.localhost"),
         "i1": irc_network(ngircd), "i2": irc_network(inspircd)}, links)
    bridge.start()
    together = [("r1", "c1"), ("r2", "c2"), ("r3", "c3")]
    for room, channel in together:
        many.say(room, f"word of {room}")
        many.say(channel, f"word of {channel}")
    for room, channel in together:
        many.wait(channel, f"word of {room}")
        many.wait(room, f"word of {channel}")
    for pair in together:
        others = [p for t in together if t != pair for p in t]
        for label in pair:
            heard = " ".join(many.heard(label))
            assert not [o for o in others if f"word of {o}" in heard]


def test_without_puppets_the_listener_speaks_for_everybody(farm, closing):
    pair = make_pair(closing, farm.get("prosody"), farm.get("inspircd"),
                     irc_options={"puppets": 0}, start=False)
    pair.bridge.start()
    pair.ann.say(pair.room, "through the listener")
    seen = pair.bob.wait_text("through the listener")
    assert seen.nick == "causeway"
    assert seen.text == f"<{pair.ann_nick}> through the listener"
    pair.ann.me(pair.room, "waves")
    assert pair.bob.wait_text("waves").text == f"* {pair.ann_nick} waves"


def test_one_place_for_a_puppet_goes_to_who_speaks(farm, closing):
    pair = make_pair(closing, farm.get("prosody"), farm.get("inspircd"),
                     irc_options={"puppets": 1}, start=False)
    carol = pair.join_xmpp("carol")
    pair.bridge.start()
    pair.ann.say(pair.room, "ann speaks")
    carol.say(pair.room, "carol speaks")
    pair.bob.wait_text("ann speaks")
    pair.bob.wait_text("carol speaks")
    speakers = {n for n, t in pair.bob.texts() if "speaks" in t}
    assert "causeway" in speakers and len(speakers) == 2


def test_a_member_that_only_listens_is_not_heard(farm, closing):
    pair = make_pair(closing, farm.get("prosody"), farm.get("inspircd"),
                     start=False)
    room, channel = pair.bridge.links["lobby"]
    pair.bridge.links["lobby"] = [
        {"channel": room},
        {"channel": channel, "direction": "out"}]
    pair.bridge.configure()
    pair.bridge.start()
    pair.bob.say(pair.channel, "nobody hears this")
    pair.ann.say(pair.room, "everybody hears this")
    pair.bob.wait_text("everybody hears this")
    pair.ann.say(pair.room, "and this")
    pair.bob.wait_text("and this")
    pair.ann.barrier()
    assert "nobody hears this" not in [
        t for _, t in pair.ann.texts(pair.room)]


def test_a_nick_template_marks_where_people_come_from(farm, closing):
    pair = make_pair(closing, farm.get("prosody"), farm.get("inspircd"),
                     start=False)
    room, channel = pair.bridge.links["lobby"]
    pair.bridge.links["lobby"] = [
        {"channel": room, "nick": "{nick} (irc)"},
        {"channel": channel, "nick": "{nick}[x]"}]
    pair.bridge.configure()
    pair.bridge.start()
    pair.ann.wait_occupant(pair.room, f"{pair.bob.nick} (irc)")
    pair.ann.say(pair.room, "marked")
    assert pair.bob.wait_text("marked").nick == f"{pair.ann_nick}[x]"
