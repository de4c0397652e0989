# SPDX-License-Identifier: MIT
"""Persistent channels of the gateway: users who stay in them while they have no
client in the room, over a crash too.
"""

import pytest

from tests.support.bridge import irc_network, xmpp_network
from tests.support.process import wait_for
from tests.support.xmpp_peer import Refused

from .poison import POISONS, fits_xml, xml_text
from .test_gateway import GATEWAY, MUC, make_gate
from .test_gateway_commands import Command


@pytest.fixture
def gate(servers_pair, closing):
    return make_gate(closing, *servers_pair)


@pytest.fixture
def one_gate(farm, closing):
    return make_gate(closing, farm.get("prosody"), farm.get("inspircd"))


def stay(gate, user, wish="1"):
    form = Command(user, gate.room, "configure").fill({"persistent": wish})
    assert not form.failed


def test_who_is_away_stays_and_reads_later_what_was_said(gate):
    ann, carol = gate.enter("ann"), gate.enter("carol")
    nick = gate.nick("ann")
    stay(gate, ann)
    ann.leave(gate.room)
    wait_for("ann to be shown as away", lambda: carol.occupants(
        gate.room)[nick].child("show") == "away", 20)
    gate.bob.say(gate.channel, "while ann is away")
    carol.wait_text("while ann is away")
    assert nick in gate.bob.names(gate.channel)
    mark = gate.bob.mark()
    gate.bridge.kill9()
    gate.bob.wait_for(lambda m: m.command == "QUIT" and m.nick == nick,
                      timeout=20)
    gate.bridge.start()
    gate.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == nick,
                      timeout=40, since=mark)
    carol.join(gate.room, gate.nick("carol"), timeout=30)
    carol.wait_occupant(gate.room, nick)
    gate.bob.say(gate.channel, "after the crash")
    carol.wait_text("after the crash")
    ann.send(f"<presence to='{gate.room}/{nick}'><x xmlns='{MUC}'/>"
             "</presence>")
    ann.wait_for(lambda s: s.body == "after the crash")
    ann.nicks[gate.room] = nick
    # what was in flight at the crash is said again, by the room itself
    assert [s.body.removeprefix(f"<{gate.bob.nick}> ") for s in ann.record
            if s.type == "groupchat" and s.body
            ] == ["while ann is away", "after the crash"]
    ann.say(gate.room, "back again")
    gate.bob.wait_text("back again", nick=nick)
    stay(gate, ann, "0")
    mark = gate.bob.mark()
    ann.leave(gate.room)
    gate.bob.wait_for(lambda m: m.command in ("PART", "QUIT") and
                      m.nick == nick, since=mark)


def test_who_is_kicked_while_away_is_told_and_stays_out(one_gate):
    gate = one_gate
    ann = gate.enter("ann")
    stay(gate, ann)
    ann.leave(gate.room)
    ann.barrier()
    gate.bob.kick(gate.channel, gate.nick("ann"), "too quiet")
    ann.wait_for(lambda s: s.kind == "message" and s.bare == gate.room and
                 "not in" in (s.body or "") and "too quiet" in s.body)
    gate.bob.barrier()
    assert gate.nick("ann") not in gate.bob.names(gate.channel)
    ann.join(gate.room, gate.nick("ann"), timeout=30)


def test_what_is_no_choice_is_refused_and_the_key_is_kept(one_gate):
    gate = one_gate
    gate.bob.send(f"MODE {gate.channel} +k sesame")
    ann = gate.enter("ann", password="sesame")
    form = Command(ann, gate.room, "configure")
    for data in POISONS.values():
        text = data.replace(b"%(channel)s", gate.channel.encode())
        if not text or not fits_xml(text.decode("utf-8", "replace")):
            continue
        form.fill({"persistent": xml_text(text)})
        assert form.failed and form.status == "executing"
    form.fill({"persistent": "true"})
    assert form.status == "completed" and not form.failed
    ann.leave(gate.room)
    ann.barrier()
    mark = gate.bob.mark()
    gate.bridge.stop()
    gate.bridge.start()
    gate.bob.wait_for(lambda m: m.command == "JOIN" and
                      m.nick == gate.nick("ann"), timeout=40, since=mark)


@pytest.mark.parametrize("xmpp, irc", [("prosody", "ngircd"),
                                       ("ejabberd", "inspircd")])
def test_who_lingers_is_in_at_once_and_gone_after_a_while(farm, closing, xmpp,
                                                          irc):
    gate = make_gate(closing, farm.get(xmpp), farm.get(irc), linger="2s")
    ann, carol = gate.enter("ann"), gate.enter("carol")
    nick = gate.nick("ann")
    mark = gate.bob.mark()
    ann.leave(gate.room)
    wait_for("ann to be shown as away", lambda: carol.occupants(
        gate.room)[nick].child("show") == "away", 20)
    assert nick in gate.bob.names(gate.channel)
    ann.join(gate.room, nick, timeout=30)
    ann.say(gate.room, "never gone")
    gate.bob.wait_text("never gone", nick=nick)
    assert not [m for m in gate.bob.messages[mark:] if m.nick == nick and
                m.command in ("JOIN", "PART", "QUIT")]
    ann.leave(gate.room)
    carol.wait_gone(gate.room, nick, 20)
    gate.bob.wait_for(lambda m: m.command in ("PART", "QUIT") and
                      m.nick == nick, 20, mark)


def test_one_user_is_connected_to_so_many_networks(farm, closing):
    """By entering rooms, by following people, and by coming back to whom one
    follows already."""
    xmpp, irc = farm.get("prosody"), farm.get("ngircd")
    closing.servers += [xmpp, irc]
    bob = closing.irc(irc, closing.name("bob"))
    bob.join("#" + closing.name("c"))
    network = irc_network(irc, users={"linger": 0})
    del network["nick"]
    bridge = closing.bridge(
        {"xmpp": xmpp_network(xmpp, gateway={"networks": ["one", "two"],
                                             "connections": 1}),
         "one": network, "two": network}, {})
    bridge.start()
    bridge.wait_log("up", "xmpp", 40)
    room, other = (f"{'#' + closing.name('c')}%{label}@{GATEWAY}"
                   for label in ("one", "two"))
    contact = f"{bob.nick}%two@{GATEWAY}".lower()
    ann, nick = closing.xmpp(xmpp, "ann"), closing.name("ann")
    ann.join(room, nick, timeout=30)
    with pytest.raises(Refused, match="resource-constraint"):
        ann.join(other, nick, timeout=30)
    ann.iq("ann@localhost", "<query xmlns='jabber:iq:roster'/>")
    ann.send(f"<presence/><presence to='{contact}' type='subscribe'/>")
    refused = ann.wait_for(lambda s: s.kind == "presence" and
                           s.type == "unsubscribed" and s.bare == contact)
    assert "as many networks" in refused.status
    assert [n for n in bob.names("#" + closing.name("c")) if n != bob.nick
            ] == [nick]

    carol = closing.xmpp(xmpp, "carol")
    carol.send(f"<presence/><presence to='{contact}' type='subscribe'/>")
    carol.wait_for(lambda s: s.kind == "presence" and not s.type and
                   s.bare == contact, 30)
    carol.close()
    bridge.restart()
    bridge.wait_log("up", "xmpp", 40)
    carol = closing.xmpp(xmpp, "carol")
    carol.join(room, closing.name("carol"), timeout=30)
    carol.send(f"<presence to='{contact}'/>")
    away = carol.wait_for(lambda s: s.kind == "presence" and
                          s.type == "unavailable" and s.bare == contact, 30)
    assert "as many networks" in away.status
