# SPDX-License-Identifier: MIT
"""The archive of hosted rooms and of private words (XEP-0313), as a client
asks for it through a real server."""

import pytest

from tests.support.process import wait_for
from tests.support.xmpp_peer import MUC, Refused

from .test_gateway import GATEWAY, make_gate
from .test_gateway_commands import Command

MAM = "urn:xmpp:mam:2"
RSM = "http://jabber.org/protocol/rsm"


@pytest.fixture
def gate(servers_pair, closing):
    return make_gate(closing, *servers_pair)


@pytest.fixture
def one_gate(farm, closing):
    return make_gate(closing, farm.get("prosody"), farm.get("inspircd"))


class Page:
    """What one question brought: texts, ids and the end."""

    def __init__(self, peer, where, inside=""):
        mark = peer.mark()
        answer = peer.iq(where, f"<query xmlns='{MAM}'>{inside}</query>",
                         "set")
        fin = answer.element.find(f"{{{MAM}}}fin")
        found = [s.element.find(f"{{{MAM}}}result")
                 for s in peer.record[mark:] if s.kind == "message"]
        found = [r for r in found if r is not None]
        self.ids = [r.get("id") for r in found]
        self.bodies = [b.text for r in found
                       for b in r.iter("{jabber:client}body")]
        self.senders = [m.get("from") for r in found
                        for m in r.iter("{jabber:client}message")]
        self.complete = fin.get("complete") == "true"
        self.count = int(fin.find(f"{{{RSM}}}set/{{{RSM}}}count").text)


def wait_bodies(peer, where, bodies):
    """What was shown is in the archive as soon as the server has it."""
    wait_for(f"the archive to hold {bodies}",
             lambda: Page(peer, where).bodies == bodies, 10)
    return Page(peer, where)


def set_of(inside):
    return f"<set xmlns='{RSM}'>{inside}</set>"


def test_each_reads_what_was_said_while_they_were_there(gate):
    carol = gate.enter("carol")
    gate.bob.say(gate.channel, "before ann")
    carol.wait_text("before ann")
    ann = gate.enter("ann")
    gate.bob.say(gate.channel, "with ann")
    ann.wait_text("with ann")
    ann.say(gate.room, "hello bob")
    shown = ann.wait_text("hello bob")
    carol.wait_text("hello bob")
    ann.leave(gate.room)
    gate.bob.say(gate.channel, "without ann")
    carol.wait_text("without ann")
    page = wait_bodies(ann, gate.room, ["with ann", "hello bob"])
    assert page.complete and page.count == 2
    assert page.senders == [f"{gate.room}/{gate.bob.nick}",
                            f"{gate.room}/{gate.nick('ann')}"]
    # the ids of the archive are those that were shown
    sid = shown.element.find("{urn:xmpp:sid:0}stanza-id")
    assert sid.get("id") == page.ids[1]
    wait_bodies(carol, gate.room, ["before ann", "with ann", "hello bob",
                                   "without ann"])
    dave = gate.things.xmpp(gate.xmpp, "dave")
    assert Page(dave, gate.room).bodies == []


def test_who_comes_back_is_told_only_what_they_heard(gate):
    carol, ann = gate.enter("carol"), gate.enter("ann")
    gate.bob.say(gate.channel, "both hear it")
    ann.wait_text("both hear it")
    ann.leave(gate.room)
    gate.bob.say(gate.channel, "carol hears it")
    carol.wait_text("carol hears it")
    mark = ann.mark()
    ann.send(f"<presence to='{gate.room}/{gate.nick('ann')}'>"
             f"<x xmlns='{MUC}'/></presence>")
    ann.wait_for(lambda s: s.kind == "message" and s.bare == gate.room and
                 s.subject is not None, 30, mark)
    told = [s.body for s in ann.record[mark:]
            if s.kind == "message" and s.delayed]
    assert told == ["both hear it"]


def test_pages_and_a_restart(one_gate):
    gate = one_gate
    ann = gate.enter("ann")
    for i in range(7):
        gate.bob.say(gate.channel, f"line {i}")
        ann.wait_text(f"line {i}")
    wait_bodies(ann, gate.room, [f"line {i}" for i in range(7)])
    ann.leave(gate.room)
    gate.bridge.stop()
    gate.bridge.start()
    gate.bridge.wait_log("up", "xmpp", 40)
    page = Page(ann, gate.room, set_of("<max>3</max>"))
    assert page.bodies == ["line 0", "line 1", "line 2"]
    assert not page.complete and page.count == 7
    rest = []
    while not page.complete:
        page = Page(ann, gate.room, set_of(
            f"<max>3</max><after>{page.ids[-1]}</after>"))
        rest += page.bodies
    assert rest == ["line 3", "line 4", "line 5", "line 6"]
    last = Page(ann, gate.room, set_of("<max>2</max><before/>"))
    assert last.bodies == ["line 5", "line 6"]
    with pytest.raises(Refused, match="item-not-found"):
        Page(ann, gate.room, set_of("<after>999999</after>"))


def test_private_words_are_each_users_own(gate):
    ann = gate.enter("ann")
    where = f"{gate.bob.nick}%irc@{GATEWAY}"
    ann.chat(where, "psst")
    gate.bob.wait_text("psst", nick=gate.nick("ann"))
    gate.bob.say(gate.nick("ann"), "yes?")
    ann.wait_text("yes?", kind="chat")
    page = wait_bodies(ann, where, ["psst", "yes?"])
    assert page.senders == [ann.jid, where.lower()]
    carol = gate.things.xmpp(gate.xmpp, "carol")
    assert Page(carol, where).bodies == []
    assert Page(ann, f"nobody%irc@{GATEWAY}").bodies == []


def test_recording_is_turned_off_for_one_room(one_gate):
    gate = one_gate
    ann, carol = gate.enter("ann"), gate.enter("carol")
    form = Command(ann, gate.room, "configure")
    form.fill({"record_history": "0"})
    assert not form.failed
    gate.bob.say(gate.channel, "off the record")
    for client in (ann, carol):
        client.wait_text("off the record")
    wait_bodies(carol, gate.room, ["off the record"])
    assert Page(ann, gate.room).bodies == []
    Command(ann, gate.room, "configure").fill({"record_history": "1"})
    gate.bob.say(gate.channel, "on the record")
    ann.wait_text("on the record")
    wait_bodies(ann, gate.room, ["on the record"])


def test_whom_one_blocks_is_left_out_and_not_there(one_gate):
    """XEP-0191: what they said, before and after, and their presence, until
    they are unblocked; pages keep their bounds."""
    gate = one_gate
    ann, carol = gate.enter("ann"), gate.enter("carol")
    bob = f"{gate.bob.nick}%irc@{GATEWAY}".lower()
    here = lambda kind, mark: ann.wait_for(
        lambda s: s.kind == "presence" and s.bare == bob and s.type == kind,
        20, mark)
    ann.send(f"<presence/><presence to='{bob}' type='subscribe'/>")
    here("", 0)
    gate.bob.say(gate.channel, "before")
    carol.wait_text("before", room=gate.room)
    carol.say(gate.room, "between")
    wait_bodies(ann, gate.room, ["before", "between"])

    mark = ann.mark()
    block = "<{0} xmlns='urn:xmpp:blocking'><item jid='{1}'/></{0}>"
    ann.iq(GATEWAY, block.format("block", bob), "set")
    here("unavailable", mark)
    gate.bob.say(gate.channel, "after")
    carol.wait_text("after", room=gate.room)
    wait_bodies(carol, gate.room, ["before", "between", "after"])
    page = Page(ann, gate.room)
    assert page.bodies == ["between"] and page.count == 3 and page.complete
    first = Page(ann, gate.room, set_of("<max>1</max>"))
    assert first.bodies == [] and not first.complete

    mark = ann.mark()
    ann.iq(GATEWAY, block.format("unblock", bob), "set")
    here("", mark)
    assert Page(ann, gate.room).bodies == ["before", "between", "after"]
