# SPDX-License-Identifier: MIT
"""Persistent channels of the gateway: users who stay in them while they have no
client in the room, over a crash too.
"""

import pytest

from tests.support.process import wait_for

from .poison import POISONS, fits_xml, xml_text
from .test_gateway import MUC, make_gate
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
