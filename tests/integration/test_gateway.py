# SPDX-License-Identifier: MIT
"""The gateway: people of an XMPP server in channels of an IRC network, each on
a connection of their own, without a link. Each test runs between Prosody or
ejabberd and ngIRCd or InspIRCd.
"""

import dataclasses

import pytest

from tests.support.bridge import Bridge, irc_network, xmpp_network
from tests.support.process import wait_for
from tests.support.xmpp_peer import Refused

from .poison import POISONS, fits_xml, xml_text

GATEWAY = "gw.localhost"
MUC = "http://jabber.org/protocol/muc"
DISCO = "http://jabber.org/protocol/disco"


@dataclasses.dataclass
class Gate:
    """bob is in the channel that the room stands for, and its operator."""

    xmpp: object
    irc: object
    room: str
    channel: str
    bob: object
    bridge: Bridge
    things: object

    def enter(self, user, stem=None, **options):
        peer = self.things.xmpp(self.xmpp, user)
        return peer.join(self.room, self.things.name(stem or user),
                         timeout=30, **options)

    def nick(self, stem):
        return self.things.name(stem)


def make_gate(things, xmpp, irc, top=None, network=None, **gateway):
    things.servers += [xmpp, irc]
    channel = "#" + things.name("gate")
    bob = things.irc(irc, things.name("bob"))
    bob.join(channel)
    network = irc_network(irc, **network or {})
    del network["nick"]
    bridge = things.bridge(
        {"xmpp": xmpp_network(xmpp, gateway={"networks": ["irc"], **gateway}),
         "irc": network}, {}, top=top)
    bridge.start()
    bridge.wait_log("up", "xmpp", 40)
    return Gate(xmpp, irc, f"{channel}%irc@{GATEWAY}", channel, bob, bridge,
                things)


@pytest.fixture
def gate(servers_pair, closing):
    return make_gate(closing, *servers_pair)


@pytest.fixture
def one_gate(farm, closing):
    """For what does not depend on the servers."""
    return make_gate(closing, farm.get("prosody"), farm.get("inspircd"))


def test_who_enters_the_room_is_in_the_channel(gate):
    ann = gate.enter("ann")
    assert set(ann.occupants(gate.room)) == {gate.nick("ann"), gate.bob.nick}
    assert gate.nick("ann") in gate.bob.names(gate.channel)
    shown = [s for s in ann.record if s.bare == gate.room and
             (s.kind == "presence" or s.subject is not None)]
    assert shown[0].nick == gate.bob.nick
    assert shown[1].nick == gate.nick("ann") and 110 in shown[1].codes
    assert shown[2].kind == "message"


def test_modes_are_roles_and_affiliations(gate):
    ann = gate.enter("ann")
    dave = gate.things.irc(gate.irc, gate.nick("dave"))
    dave.join(gate.channel)
    ann.wait_occupant(gate.room, dave.nick)
    roles = lambda nick: {k: ann.occupants(gate.room)[nick].item[k]
                          for k in ("role", "affiliation")}
    assert roles(gate.bob.nick) == {"role": "moderator",
                                    "affiliation": "admin"}
    assert roles(dave.nick) == {"role": "participant", "affiliation": "none"}
    gate.bob.send(f"MODE {gate.channel} +v {dave.nick}")
    wait_for("a voice to be shown", lambda: roles(dave.nick) == {
        "role": "participant", "affiliation": "member"}, 20)
    gate.bob.send(f"MODE {gate.channel} +o-v {dave.nick} {dave.nick}")
    wait_for("an operator to be shown", lambda: roles(dave.nick) == {
        "role": "moderator", "affiliation": "admin"}, 20)


def test_who_is_not_heard_in_a_moderated_channel_is_a_visitor(gate):
    ann = gate.enter("ann")
    role = lambda: ann.occupants(gate.room)[gate.nick("ann")].item["role"]
    mark = ann.mark()
    gate.bob.send(f"MODE {gate.channel} +m")
    wait_for("ann to be a visitor", lambda: role() == "visitor", 20)
    ann.wait_for(lambda s: s.kind == "message" and 104 in s.codes, 10, mark)
    info = ann.iq(gate.room, f"<query xmlns='{DISCO}#info'/>")
    features = {e.get("var") for e in info.element.iter(
        f"{{{DISCO}#info}}feature")}
    assert {"muc_moderated", "muc_open", "muc_unsecured"} <= features
    gate.bob.send(f"MODE {gate.channel} +v {gate.nick('ann')}")
    wait_for("ann to be heard", lambda: role() == "participant", 20)
    gate.bob.send(f"MODE {gate.channel} -v {gate.nick('ann')}")
    wait_for("ann to be a visitor", lambda: role() == "visitor", 20)
    # who comes later sees it from the start
    carol = gate.enter("carol")
    wait_for("carol to see it",
             lambda: carol.occupants(gate.room)[gate.nick("ann")].item[
                 "role"] == "visitor", 20)
    gate.bob.send(f"MODE {gate.channel} -m")
    wait_for("ann to be heard", lambda: role() == "participant", 20)


def test_both_talk_to_each_other(gate):
    ann = gate.enter("ann")
    ident = ann.say(gate.room, "hello from the room ☃")
    gate.bob.wait_text("hello from the room ☃", nick=gate.nick("ann"),
                       target=gate.channel)
    mine = ann.wait_text("hello from the room ☃", nick=gate.nick("ann"))
    assert mine.id == ident
    gate.bob.say(gate.channel, "hello from the channel ☃")
    ann.wait_text("hello from the channel ☃", nick=gate.bob.nick)


def test_two_clients_of_one_user_see_the_same_once(gate):
    first = gate.enter("ann")
    second = gate.things.xmpp(gate.xmpp, "ann")
    second.join(gate.room, gate.nick("ann"))
    first.say(gate.room, "to both")
    gate.bob.say(gate.channel, "back to both")
    for client in (first, second):
        client.wait_text("to both", nick=gate.nick("ann"))
        client.wait_text("back to both")
        client.barrier()
        assert sorted(text for _, text in client.texts(gate.room)) == [
            "back to both", "to both"]
    first.leave(gate.room)
    gate.bob.say(gate.channel, "to the one")
    second.wait_text("to the one")
    assert gate.nick("ann") in gate.bob.names(gate.channel)
    second.leave(gate.room)
    gate.bob.wait_for(lambda m: m.command in ("PART", "QUIT") and
                      m.nick == gate.nick("ann"))


def test_two_users_see_and_hear_each_other(gate):
    ann, carol = gate.enter("ann"), gate.enter("carol")
    ann.wait_occupant(gate.room, gate.nick("carol"))
    assert gate.nick("ann") in carol.occupants(gate.room)
    ann.say(gate.room, "hello carol")
    carol.wait_text("hello carol", nick=gate.nick("ann"))
    gate.bob.say(gate.channel, "hello both")
    for client in (ann, carol):
        client.wait_text("hello both", nick=gate.bob.nick)
        client.wait_text("hello carol", nick=gate.nick("ann"))
        client.barrier()
        assert len(client.texts(gate.room)) == 2
    carol.leave(gate.room)
    ann.wait_gone(gate.room, gate.nick("carol"))


def test_who_is_kicked_is_out_and_told_why(gate):
    ann = gate.enter("ann")
    gate.bob.kick(gate.channel, gate.nick("ann"), "too loud")
    gone = ann.wait_gone(gate.room, gate.nick("ann"))
    assert {110, 307} <= gone.codes
    assert "too loud" in gone.status
    with pytest.raises(Refused, match="not-acceptable"):
        ann.iq(f"{gate.room}/{gate.nick('ann')}",
               "<ping xmlns='urn:xmpp:ping'/>")
    ann.join(gate.room, gate.nick("ann"), timeout=30)
    ann.say(gate.room, "sorry")
    gate.bob.wait_text("sorry", nick=gate.nick("ann"))


def test_who_is_banned_cannot_enter(gate):
    gate.bob.send(f"MODE {gate.channel} +b {gate.nick('ann')}!*@*")
    gate.bob.barrier()
    with pytest.raises(Refused, match="forbidden"):
        gate.enter("ann")


def test_a_key_is_asked_for(gate):
    gate.bob.send(f"MODE {gate.channel} +k sesame")
    gate.bob.barrier()
    with pytest.raises(Refused, match="not-authorized"):
        gate.enter("ann")
    gate.enter("ann", password="sesame")


def test_a_channel_for_the_invited_is_for_members(gate):
    gate.bob.send(f"MODE {gate.channel} +i")
    gate.bob.barrier()
    with pytest.raises(Refused, match="registration-required"):
        gate.enter("ann")


def test_nicks_change_on_both_sides(gate):
    ann = gate.enter("ann")
    ann.change_nick(gate.room, gate.nick("anna"))
    gate.bob.wait_for(lambda m: m.command == "NICK" and
                      m.nick == gate.nick("ann"))
    gate.bob.change_nick(gate.nick("bobby"))
    ann.wait_occupant(gate.room, gate.nick("bobby"))
    gone = ann.wait_gone(gate.room, gate.nick("bob"))
    assert 303 in gone.codes
    ann.say(gate.room, "who am I")
    gate.bob.wait_text("who am I", nick=gate.nick("anna"))


def test_a_nick_in_use_is_a_conflict(gate):
    with pytest.raises(Refused, match="conflict"):
        gate.things.xmpp(gate.xmpp, "ann").join(gate.room, gate.bob.nick,
                                                timeout=30)
    carol = gate.enter("carol")
    with pytest.raises(Refused, match="conflict"):
        carol.change_nick(gate.room, gate.bob.nick)


def test_the_topic_is_the_subject(gate):
    gate.bob.topic(gate.channel, "first")
    gate.bob.barrier()
    ann = gate.enter("ann")
    ann.wait_for(lambda s: s.subject == "first")
    gate.bob.topic(gate.channel, "second")
    ann.wait_for(lambda s: s.subject == "second")
    gate.bob.send(f"MODE {gate.channel} +t")
    gate.bob.barrier()
    mark = ann.mark()
    ann.subject(gate.room, "third")
    ann.wait_for(lambda s: s.type == "error" and s.bare == gate.room, 20, mark)
    ann.wait_for(lambda s: s.subject == "second", 20, mark)
    gate.bob.send(f"MODE {gate.channel} -t")
    gate.bob.barrier()
    ann.subject(gate.room, "fourth")
    gate.bob.wait_for(lambda m: m.command == "TOPIC" and m.text == "fourth")


def test_a_private_word_goes_both_ways(gate):
    ann = gate.things.xmpp(gate.xmpp, "ann")
    bob = f"{gate.bob.nick}%irc@{GATEWAY}"
    ann.chat(bob, "psst ☃")
    seen = gate.bob.wait_text("psst ☃", target=gate.bob.nick, timeout=30)
    gate.bob.say(seen.nick, "what ☃")
    answer = ann.wait_for(lambda s: s.type == "chat" and s.body == "what ☃")
    assert answer.sender.partition("/")[0] == bob


def test_a_private_word_to_nobody_comes_back(gate):
    ann = gate.enter("ann")
    ident = ann.chat(f"{gate.nick('nobody')}%irc@{GATEWAY}", "hello?")
    ann.wait_for(lambda s: s.type == "error" and s.id == ident, 30)


def test_a_word_to_an_occupant_is_private(gate):
    ann, carol = gate.enter("ann"), gate.enter("carol")
    ann.private(gate.room, gate.bob.nick, "just you")
    gate.bob.wait_text("just you", target=gate.bob.nick, timeout=30)
    ann.private(gate.room, gate.nick("carol"), "just us")
    carol.wait_text("just us", kind="chat", nick=gate.nick("ann"))
    carol.barrier()
    assert not carol.texts(gate.room)


def test_the_card_of_who_is_in_no_room_is_what_the_network_knows(gate):
    dave = gate.things.irc(gate.irc, gate.nick("dave"))
    ann = gate.enter("ann")
    card = lambda nick: ann.iq(f"{nick}%irc@{GATEWAY}",
                               "<vCard xmlns='vcard-temp'/>", timeout=20)
    dave.send(f"WHOIS {dave.nick}")
    real = dave.wait_for(lambda m: m.command == "311").text
    assert card(dave.nick).element.find(
        ".//{vcard-temp}FN").text == real
    with pytest.raises(Refused, match="item-not-found"):
        card(gate.nick("nobody"))


def test_channels_are_searched(gate):
    ann = gate.enter("ann")
    gate.bob.send(f"TOPIC {gate.channel} :Cats & <dogs>")
    ann.wait_for(lambda s: s.subject == "Cats & <dogs>", 20)
    form = "jabber:x:data"
    field = lambda name, value: (f"<field var='{name}'><value>{value}"
                                 "</value></field>")
    found = ann.iq(
        f"irc@{GATEWAY}", "<query xmlns='jabber:iq:search'>"
        f"<x xmlns='{form}' type='submit'>"
        f"{field('FORM_TYPE', 'jabber:iq:search')}{field('topic', 'DOGS')}"
        f"{field('users', 2)}</x></query>", "set", timeout=20)
    items = [{f.get("var"): f.find(f"{{{form}}}value").text
              for f in item.iter(f"{{{form}}}field")}
             for item in found.element.iter(f"{{{form}}}item")]
    # InspIRCd tells the modes before the topic
    assert [i.pop("topic").endswith("Cats & <dogs>") for i in items] == [True]
    assert items == [{"jid": gate.room.lower(), "name": gate.channel,
                      "users": "2"}]


BLOCKING = "urn:xmpp:blocking"


def test_who_is_blocked_is_not_heard(one_gate):
    """Nowhere, by who blocks them, and also after a restart."""
    gate = one_gate
    ann, carol = gate.enter("ann"), gate.enter("carol")
    bob = f"{gate.bob.nick}%irc@{GATEWAY}".lower()
    listed = lambda: [e.get("jid") for e in ann.iq(
        GATEWAY, f"<blocklist xmlns='{BLOCKING}'/>").element.iter(
            f"{{{BLOCKING}}}item")]
    item = f"<item jid='{bob}'/>"
    ann.iq(GATEWAY, f"<block xmlns='{BLOCKING}'>{item}</block>", kind="set")
    assert listed() == [bob]
    gate.bob.say(gate.nick("ann"), "psst, unheard")
    gate.bob.join(gate.channel + "-b")
    gate.bob.send(f"INVITE {gate.nick('ann')} {gate.channel}-b")
    gate.bob.say(gate.channel, "unheard by one")
    carol.wait_text("unheard by one", nick=gate.bob.nick)
    carol.say(gate.room, "after that")
    ann.wait_text("after that")
    ann.barrier()
    assert not [s for s in ann.record if "unheard" in (s.body or "") or
                f"{gate.channel}-b" in str(s)]
    mark = ann.mark()
    ann.chat(bob, "to nobody")
    error = ann.wait_for(lambda s: s.kind == "message" and
                         s.type == "error", 10, mark)
    assert "you block that person" in str(error)
    gate.bridge.restart()
    gate.bridge.wait_log("up", "xmpp", 40)
    assert listed() == [bob]
    ann.join(gate.room, gate.nick("ann"), timeout=30)
    ann.iq(GATEWAY, f"<unblock xmlns='{BLOCKING}'/>", kind="set")
    assert not listed()
    gate.bob.say(gate.channel, "heard again")
    ann.wait_text("heard again", nick=gate.bob.nick)
    gate.bob.say(gate.nick("ann"), "psst, heard")
    ann.wait_text("psst, heard", kind="chat")


def test_who_loses_the_network_loses_the_room(gate):
    ann = gate.enter("ann")
    gate.irc.kill9()
    gone = ann.wait_gone(gate.room, gate.nick("ann"), 60)
    assert {110, 333} <= gone.codes and gone.status


def test_the_end_of_the_bridge_is_told(gate):
    ann = gate.enter("ann")
    assert gate.bridge.stop() == 0
    gone = ann.wait_gone(gate.room, gate.nick("ann"))
    assert {110, 332} <= gone.codes
    gate.bob.wait_for(lambda m: m.command == "QUIT" and
                      m.nick == gate.nick("ann"))
    gate.bridge.start()
    gate.bridge.wait_log("up", "xmpp", 40)
    ann.join(gate.room, gate.nick("ann"), timeout=30)
    ann.say(gate.room, "back again")
    gate.bob.wait_text("back again", nick=gate.nick("ann"))


def test_a_killed_bridge_loses_nothing(one_gate):
    """What was shown to its author is on disk, so it will be said."""
    gate = one_gate
    ann = gate.enter("ann")
    for i in range(200):
        ann.say(gate.room, f"line {i} of many")
    wait_for("half of it to be kept",
             lambda: len(ann.texts(gate.room)) >= 100, 30, 0.01)
    gate.bridge.kill9()
    ann.barrier()
    kept = [text for _, text in ann.texts(gate.room)]
    gate.bridge.start()
    gate.bridge.wait_log("up", "xmpp", 40)
    ann.join(gate.room, gate.nick("ann"), timeout=60)
    gate.bob.wait_text(kept[-1], timeout=60)
    said = [text for _, text in gate.bob.texts(gate.channel)]
    missing = [text for text in kept if text not in said]
    assert not missing


def test_the_past_outlives_a_restart(one_gate):
    gate = one_gate
    ann = gate.enter("ann")
    gate.bob.say(gate.channel, "before the restart")
    ann.wait_text("before the restart", nick=gate.bob.nick)
    ann.say(gate.room, "so was I")
    ann.wait_text("so was I")
    gate.bridge.restart()
    gate.bridge.wait_log("up", "xmpp", 40)
    ann.send(f"<presence to='{gate.room}/{gate.nick('ann')}'>"
             f"<x xmlns='{MUC}'/></presence>")
    for text, nick in (("before the restart", gate.bob.nick),
                       ("so was I", gate.nick("ann"))):
        ann.wait_for(lambda s, t=text, n=nick: s.body == t and s.nick == n and
                     s.delayed, 30)


def test_the_gateway_can_be_explored(one_gate):
    gate = one_gate
    ann = gate.enter("ann")
    items = ann.iq(GATEWAY, f"<query xmlns='{DISCO}#items'/>")
    assert [e.get("jid") for e in items.element.iter(
        f"{{{DISCO}#items}}item")] == [f"irc@{GATEWAY}"]
    info = ann.iq(gate.room, f"<query xmlns='{DISCO}#info'/>")
    assert MUC in {e.get("var") for e in info.element.iter(
        f"{{{DISCO}#info}}feature")}
    ann.iq(f"{gate.room}/{gate.nick('ann')}", "<ping xmlns='urn:xmpp:ping'/>")


def test_a_server_s_name_means_its_network(one_gate):
    gate = one_gate
    room = f"{gate.channel}%127.0.0.1@{GATEWAY}"
    ann = gate.things.xmpp(gate.xmpp, "ann")
    ann.join(room, gate.nick("ann"), timeout=30)
    ann.say(room, "by another name")
    gate.bob.wait_text("by another name", nick=gate.nick("ann"))
    ann.wait_text("by another name", room=room)


def test_a_fixed_network_needs_no_name(farm, closing):
    gate = make_gate(closing, farm.get("prosody"), farm.get("inspircd"),
                     fixed="irc")
    gate.room = f"{gate.channel}@{GATEWAY}"
    ann = gate.enter("ann")
    ann.say(gate.room, "short and good")
    gate.bob.wait_text("short and good", nick=gate.nick("ann"))
    ann.chat(f"{gate.bob.nick}@{GATEWAY}", "psst")
    seen = gate.bob.wait_text("psst", target=gate.bob.nick, timeout=30)
    gate.bob.say(seen.nick, "what")
    answer = ann.wait_for(lambda s: s.type == "chat" and s.body == "what")
    assert answer.sender.partition("/")[0] == f"{gate.bob.nick}@{GATEWAY}"


def test_who_may_not_use_it_is_told(farm, closing):
    gate = make_gate(closing, farm.get("prosody"), farm.get("inspircd"),
                     users=["carol@localhost"])
    with pytest.raises(Refused, match="forbidden"):
        gate.enter("ann")
    gate.enter("carol")


# ---- bad input

def spoil(eve, gate, field, text):
    """Put text, which is XML already, where the field says."""
    nick, room = gate.nick("eve"), gate.room
    muc, inner, to, kind = f"<x xmlns='{MUC}'/>", "", f"{room}/{nick}", ""
    if field == "nick":
        to = f"{room}/{text}"
    elif field == "room":
        to = f"#{text}%irc@{GATEWAY}/{nick}"
    elif field == "password":
        muc = f"<x xmlns='{MUC}'><password>{text}</password></x>"
    elif field == "new nick":
        to, muc = f"{room}/{text}", ""
    elif field == "status":
        muc, inner = "", f"<show>{text}</show><status>{text}</status>"
    elif field == "leaving":
        kind, inner = "type='unavailable'", f"<status>{text}</status>"
    if field in ("body", "subject"):
        eve.send(f"<message type='groupchat' to='{room}'>"
                 f"<{field}>{text}</{field}></message>")
    elif field == "private":
        eve.send(f"<message type='chat' to='{room}/{gate.bob.nick}'>"
                 f"<body>{text}</body></message>")
    elif field == "person":
        eve.send(f"<message type='chat' to='{text}%irc@{GATEWAY}'>"
                 f"<body>hello</body></message>")
    else:
        eve.send(f"<presence to='{to}' {kind}>{muc}{inner}</presence>")


def is_answered(stanza, field):
    """Whoever asks for something is told what came of it."""
    if stanza.type == "error":
        return stanza.kind == ("message" if field == "person" else "presence")
    return stanza.kind == "presence" and 110 in stanza.codes


@pytest.mark.parametrize("field", [
    "nick", "room", "password", "new nick", "status", "leaving", "body",
    "subject", "private", "person"])
def test_poison_reaches_nobody_else(one_gate, field):
    gate = one_gate
    ann = gate.enter("ann")
    eve = gate.things.xmpp(gate.xmpp, "carol")
    inside = field not in ("nick", "room", "password")
    for name, data in POISONS.items():
        if not fits_xml(data.decode("utf-8", "replace")):
            continue
        if eve.closed: # her own server had enough of it
            eve = gate.things.xmpp(gate.xmpp, "carol")
        if inside and gate.room not in eve.nicks:
            eve.join(gate.room, gate.nick("eve"), timeout=30)
        mark = eve.mark()
        spoil(eve, gate, field, xml_text(data))
        if field == "leaving":
            del eve.nicks[gate.room]
        try:
            eve.barrier()
            if field in ("nick", "room", "password", "leaving", "person"):
                eve.wait_for(lambda s: is_answered(s, field), 30, mark)
        except TimeoutError:
            assert eve.closed, f"{name} was not answered"
        gate.bob.say(gate.channel, f"after {name}")
        ann.wait_text(f"after {name}", 30)
    ann.say(gate.room, "ann is here")
    gate.bob.wait_text("ann is here", nick=gate.nick("ann"), timeout=30)
    assert gate.nick("ann") in gate.bob.names(gate.channel)
    for m in gate.bob.messages:
        assert m.text != "injected"
        assert not (m.command == "QUIT" and m.text == "poisoned")
    gate.bridge.require_alive()
