# SPDX-License-Identifier: MIT
"""Between Matrix and XMPP without a link: people of a homeserver in rooms of
XMPP, by aliases, and people of XMPP in rooms of the homeserver, by addresses
of the gateway; and in private with each other."""

import re

import pytest

from tests.integration.conftest import Things
from tests.integration.test_matrix_gateway import Gateway
from tests.support.bridge import matrix_network, xmpp_network
from tests.support.matrix_peer import Refused as NoRoom
from tests.support.process import wait_for
from tests.support.xmpp_peer import Refused

# shares the homeserver of test_matrix_faults.py
pytestmark = pytest.mark.xdist_group("homeserver")

COMPONENT = "gw.localhost"


class Both(Gateway):
    """One bridge whose Matrix network leads to XMPP and the other way."""

    def __init__(self, farm, things):
        self.synapse, self.xmpp = farm.get("synapse"), farm.get("prosody")
        self.things = things
        things.servers += [self.synapse, self.xmpp]
        self.service = self.synapse.service()
        self.bridge = things.bridge(
            {"xmpp": xmpp_network(
                self.xmpp, COMPONENT, receipts="all",
                gateway={"networks": ["mx"], "users": ["*"]}),
             "mx": matrix_network(
                 self.synapse, self.service, receipts="all",
                 gateway={"networks": ["xmpp"], "users": ["*"]})}, {})
        self.bridge.start()
        self.bridge.wait_log("up after", "mx")
        self.bridge.wait_log("up after", "xmpp")

    def room_alias(self, room):
        return f"#{self.service.prefix}xmpp_{room}:localhost"

    def address(self, name):
        """Of somebody, or some room, of the homeserver (SEMANTICS 1.7)."""
        escaped = (name.replace("@", "\\40").replace(":", "\\3a"))
        escaped = re.sub("[A-Z=]", lambda c: f"={ord(c[0]):02x}", escaped)
        return f"{escaped}%mx@{COMPONENT}"


@pytest.fixture(scope="module")
def both(farm, folder):
    things = Things(folder)
    yield Both(farm, things)
    things.close()


class Visit:
    """mia joins the room of XMPP where ann is, who owns it."""

    def __init__(self, both, things, before=None):
        self.both, self.things = both, things
        self.room = f"{things.name('muc')}@{both.xmpp.rooms}"
        self.ann = things.xmpp(both.xmpp, "ann").join(self.room, "Ann")
        if before:
            before(self)
        self.mia = things.matrix(both.synapse, things.name("mia"))
        self.nick = things.name("Mia")
        self.mia.set_name(self.nick)
        self.place = self.mia.join(both.room_alias(self.room))

    def in_both(self):
        self.ann.wait_occupant(self.room, self.nick, 20)
        self.mia.wait_member(self.place, "Ann")
        return self

    def put_out(self, mia=None, since=0):
        """The reason with which the bot removes her."""
        mia = mia or self.mia
        return mia.wait_for(
            lambda e: e.type == "m.room.member" and e.state_key == mia.id and
            e.content["membership"] == "leave" and
            e.sender == self.both.service.bot_id, 20, since,
            "being removed").content["reason"]


@pytest.fixture
def visit(both, closing):
    return Visit(both, closing).in_both()


def test_who_joins_an_alias_is_an_occupant(visit):
    v = visit
    v.mia.say(v.place, "hello room")
    v.ann.wait_text("hello room", nick=v.nick, room=v.room)
    said = v.ann.say(v.room, "hello matrix")
    seen = v.mia.wait_text("hello matrix", room=v.place)
    assert v.mia.members(v.place)[seen.sender] == "Ann"
    v.mia.react(v.place, seen.id, "👍")
    v.ann.wait_for(lambda s: "urn:xmpp:reactions:0" in repr(s.element) or
                   s.element.find("{urn:xmpp:reactions:0}reactions")
                   is not None)
    v.ann.say(v.room, "hello world", extra="<replace xmlns='urn:xmpp:"
              f"message-correct:0' id='{said}'/>")
    v.mia.wait_for(lambda e: e.replaces == seen.id)


def test_each_has_an_occupant_of_their_own(visit, closing):
    v = visit
    noa = closing.matrix(v.both.synapse, closing.name("noa"))
    assert noa.join(v.both.room_alias(v.room)) == v.place
    v.ann.wait_occupant(v.room, noa.user)
    noa.leave(v.place)
    v.ann.wait_gone(v.room, noa.user)
    v.mia.say(v.place, "still here")
    v.ann.wait_text("still here", nick=v.nick)


def test_topics_go_both_ways(visit):
    v = visit
    v.ann.subject(v.room, "from xmpp")
    v.mia.wait_for(lambda e: e.type == "m.room.topic" and
                   e.content["topic"] == "from xmpp")


def test_who_is_kicked_is_out_of_the_room_with_the_reason(visit):
    visit.ann.kick(visit.room, visit.nick, "enough")
    assert "enough" in visit.put_out()


def test_who_is_banned_stays_out(visit):
    v = visit
    jid = v.ann.occupants(v.room)[v.nick].item["jid"].split("/")[0]
    v.ann.ban(v.room, jid, "never again")
    assert "never again" in v.put_out()
    mark = v.mia.mark()
    v.mia.join(v.both.room_alias(v.room))
    assert "banned" in v.put_out(since=mark)


def test_a_room_for_members_only_says_so(both, closing):
    v = Visit(both, closing,
              before=lambda v: v.ann.configure(v.room, membersonly=1))
    assert "members only" in v.put_out()
    mark = v.mia.mark()
    v.ann.configure(v.room, membersonly=0)
    v.mia.join(both.room_alias(v.room))
    v.ann.wait_occupant(v.room, v.nick, 20)
    assert not [e for e in v.mia.record[mark:]
                if e.type == "m.room.member" and e.state_key == v.mia.id and
                e.content["membership"] == "leave"]


def test_a_password_is_given_to_the_bot(both, closing):
    v = Visit(both, closing, before=lambda v: v.ann.configure(
        v.room, passwordprotectedroom=1, roomsecret="open sesame"))
    reason = v.put_out()
    line = f"xmpp/{v.room} configure password="
    assert "password" in reason and line in reason
    chat = v.mia.create(preset="trusted_private_chat", is_direct=True,
                        invite=[both.service.bot_id])
    v.mia.wait_member(chat, both.service.bot_id)
    asked = v.mia.say(chat, line + '"open sesame"')
    answer = v.mia.wait_for(lambda e: e.reply_to == asked)
    assert "taken" in answer.body
    v.mia.join(both.room_alias(v.room))
    v.ann.wait_occupant(v.room, v.nick, 20)
    # and nobody else comes in by that, or reads what is said
    v.ann.say(v.room, "between us")
    v.mia.wait_text("between us", room=v.place)
    noa = closing.matrix(both.synapse, closing.name("noa"))
    with pytest.raises(NoRoom):
        noa.join(both.room_alias(v.room))
    alias = both.room_alias(v.room).replace("#", "%23")
    noa.call("POST", f"/v3/knock/{alias}")
    refused = v.mia.wait_for(
        lambda e: e.type == "m.room.member" and e.state_key == noa.id and
        e.content["membership"] == "leave", 20)
    assert line in refused.content["reason"]
    # until they have been let in themselves
    other = noa.create(preset="trusted_private_chat", is_direct=True,
                       invite=[both.service.bot_id])
    noa.wait_member(other, both.service.bot_id)
    asked = noa.say(other, line + '"open sesame"')
    noa.wait_for(lambda e: e.reply_to == asked)
    noa.call("POST", f"/v3/knock/{alias}")
    v.mia.wait_for(lambda e: e.type == "m.room.member" and
                   e.state_key == noa.id and
                   e.content["membership"] == "invite", 20)
    noa.join(v.place)
    v.ann.say(v.room, "among friends")
    noa.wait_text("among friends", room=v.place)
    assert len(noa.messages(v.place)) == 1


def test_a_room_that_there_is_not_is_not_made(both, closing):
    mia = closing.matrix(both.synapse, closing.name("mia"))
    room = f"{closing.name('nowhere')}@{both.xmpp.rooms}"
    mia.join(both.room_alias(room))
    out = mia.wait_for(
        lambda e: e.type == "m.room.member" and e.state_key == mia.id and
        e.content["membership"] == "leave", 20)
    assert out.content["reason"]


def test_what_is_no_room_has_no_alias(both, closing):
    mia = closing.matrix(both.synapse, closing.name("mia"))
    for name in ("xmpp_room", "xmpp_@rooms.localhost", "xmpp_a@b/c",
                 f"xmpp_room@{COMPONENT}", "xmpp_a@b@c", "xmpp_"):
        with pytest.raises(NoRoom):
            mia.join(f"#{both.service.prefix}{name}:localhost")


def test_all_ways_to_write_a_room_are_one(visit, closing):
    v = visit
    noa = closing.matrix(v.both.synapse, closing.name("noa"))
    encoded = v.room.replace("@", "=40")
    assert noa.join(v.both.room_alias(encoded)) == v.place
    short = "#xmpp_" + v.room.replace("@", "_") + ":localhost"
    v.both.ask("rooms/" + short.replace("#", "%23"))  # else it raises
    assert noa.join(short) == v.place


def test_everybody_is_back_after_a_restart(visit):
    v = visit
    mark = v.ann.mark()
    v.both.bridge.restart()
    v.ann.wait_for(lambda s: s.kind == "presence" and s.nick == v.nick and
                   not s.type, 30, mark)
    v.mia.say(v.place, "still here")
    # a homeserver that missed us waits some seconds
    v.ann.wait_text("still here", 30, mark, nick=v.nick)
    v.ann.say(v.room, "you too")
    v.mia.wait_text("you too", room=v.place)


def test_clients_can_ask_which_rooms_and_people_there_are(both):
    protocol = both.ask("thirdparty/protocol/xmpp")
    assert protocol["location_fields"] == ["network", "room"]
    alias = both.room_alias("a=40b.example")
    place = {"alias": alias, "protocol": "xmpp",
             "fields": {"network": "xmpp", "room": "a@b.example"}}
    assert both.ask("thirdparty/location/xmpp?room=a%40b.example") == [place]
    assert both.ask("thirdparty/user/xmpp?jid=ann") == []
    person = both.ask("thirdparty/user/xmpp?jid=ann%40localhost")[0]
    assert person["userid"] == (f"@{both.service.prefix}xmpp_"
                                "ann=40localhost:localhost")


# ---- people of XMPP in rooms of the homeserver ------------------------------

class Guest:
    """carol joins, by the gateway, the room of the homeserver of mia."""

    def __init__(self, both, things, join=True, **options):
        self.both = both
        self.mia = things.matrix(both.synapse, things.name("mia"))
        self.nick = things.name("Mia")
        self.mia.set_name(self.nick)
        self.local = things.name("Hall")
        self.place = self.mia.create(self.local, **options)
        self.room = both.address(f"#{self.local}:localhost")
        self.carol = things.xmpp(both.xmpp, "carol")
        self.carol_nick = things.name("Carol")
        if join:
            self.carol.join(self.room, self.carol_nick, timeout=30)


@pytest.fixture
def guest(both, closing):
    return Guest(both, closing)


def test_who_joins_an_address_is_in_the_room_of_matrix(guest):
    g = guest
    g.carol.wait_occupant(g.room, g.nick)
    g.mia.wait_member(g.place, g.carol_nick)
    said = g.mia.say(g.place, "hello xmpp")
    g.carol.wait_text("hello xmpp", nick=g.nick, room=g.room)
    ident = g.carol.say(g.room, "hello hall")
    seen = g.mia.wait_text("hello hall", room=g.place)
    assert g.mia.members(g.place)[seen.sender] == g.carol_nick
    g.mia.edit(g.place, said, "hello world")
    g.carol.wait_text("hello world", nick=g.nick)
    g.carol.say(g.room, "hello all", extra="<replace xmlns='urn:xmpp:"
                f"message-correct:0' id='{ident}'/>")
    g.mia.wait_for(lambda e: e.replaces == seen.id)
    g.mia.react(g.place, seen.id, "👍")
    g.carol.wait_for(
        lambda s: s.element.find("{urn:xmpp:reactions:0}reactions")
        is not None)
    shown = g.carol.wait_text("hello xmpp", nick=g.nick, room=g.room)
    g.carol.say(g.room, "so it is", extra=f"<reply id='{id_of(shown)}' "
                f"to='{g.room}/{g.nick}' xmlns='urn:xmpp:reply:0'/>")
    answer = g.mia.wait_text("so it is", room=g.place)
    assert (answer.content["m.relates_to"]["m.in_reply_to"]["event_id"] ==
            said)


def test_reactions_in_the_room_of_matrix_are_sets_of_their_author(guest):
    g = guest
    g.carol.wait_occupant(g.room, g.nick)
    said = g.mia.say(g.place, "hello xmpp")
    shown = id_of(g.carol.wait_text("hello xmpp", nick=g.nick, room=g.room))

    def react(*marks):
        inner = "".join(f"<reaction>{m}</reaction>" for m in marks)
        return g.carol.say(g.room, "reacts", extra=(
            f"<reactions id='{shown}' xmlns='urn:xmpp:reactions:0'>{inner}"
            "</reactions>"))

    def sees(mark):
        return g.mia.wait_for(
            lambda e: e.type == "m.reaction" and e.relates == {
                "rel_type": "m.annotation", "event_id": said, "key": mark})

    react("\U0001f44d", "\U0001f389")
    first, second = sees("\U0001f44d"), sees("\U0001f389")
    assert g.mia.members(g.place)[first.sender] == g.carol_nick
    ident = react("\U0001f389", "\U0001f680")
    sees("\U0001f680")
    g.mia.wait_for(lambda e: e.redacts == first.id)
    assert not [e for e in g.mia.record if e.redacts == second.id]
    # everybody is shown the set, its author too, under the author's id
    back = g.carol.wait_for(lambda s: s.id == ident and s.kind == "message")
    put = back.element.find("{urn:xmpp:reactions:0}reactions")
    assert put.get("id") == shown
    g.carol.wait_for(lambda s: {
        r.text for r in s.element.iter("{urn:xmpp:reactions:0}reaction")} == {
            "\U0001f389", "\U0001f680"})


def test_who_leaves_an_address_leaves_the_room(guest):
    guest.mia.wait_member(guest.place, guest.carol_nick)
    ghost = guest.mia.puppet(guest.place, guest.carol_nick)
    guest.carol.leave(guest.room)
    guest.mia.wait_member(guest.place, ghost, "leave")


def test_whom_matrix_removes_is_out_of_the_address(guest):
    guest.mia.wait_member(guest.place, guest.carol_nick)
    ghost = guest.mia.puppet(guest.place, guest.carol_nick)
    guest.mia.kick(guest.place, ghost, "enough")
    out = guest.carol.wait_for(
        lambda s: s.kind == "presence" and s.type == "unavailable" and
        110 in s.codes and s.bare == guest.room)
    assert 307 in out.codes and "enough" in out.reason


def test_a_room_for_the_invited_only_is_refused(both, closing):
    g = Guest(both, closing, join=False, preset="private_chat")
    with pytest.raises(Refused, match="registration-required"):
        g.carol.join(g.room, g.carol_nick, timeout=30)


def test_a_room_that_there_is_not_cannot_be_joined(both, closing):
    carol = closing.xmpp(both.xmpp, "carol")
    with pytest.raises(Refused, match="item-not-found"):
        carol.join(both.address(f"#{closing.name('none')}:localhost"),
                   "Carol", timeout=30)
    with pytest.raises(Refused, match="item-not-found"):
        carol.join(both.address("#nothing"), "Carol", timeout=30)


@pytest.mark.parametrize("version", ["11", "12"])
def test_a_room_has_an_address_by_its_id(both, closing, version):
    """Also since version 12, where that has no server in it."""
    g = Guest(both, closing, join=False, room_version=version)
    room = both.address(g.place)
    g.carol.join(room, g.carol_nick, timeout=30)
    g.carol.say(room, "by number")
    g.mia.wait_text("by number", room=g.place)
    g.mia.say(g.place, "and back")
    g.carol.wait_text("and back", room=room)


def test_another_name_of_the_same_room_is_refused_with_the_one(guest, closing):
    dave = closing.xmpp(guest.both.xmpp, "dave")
    with pytest.raises(Refused):
        dave.join(guest.both.address(guest.place), "Dave", timeout=30)
    told = dave.wait_for(lambda s: s.kind == "presence" and s.type == "error")
    assert f"#{guest.local}:localhost" in "".join(told.element.itertext())


def test_an_address_may_be_written_with_percent_signs(both, closing):
    g = Guest(both, closing, join=False)
    room = f"#=48all{g.local[4:]}%localhost%mx@{COMPONENT}"
    g.carol.join(room, g.carol_nick, timeout=30)
    g.carol.say(room, "by another door")
    g.mia.wait_text("by another door", room=g.place)


# ---- in private --------------------------------------------------------------

def test_an_xmpp_user_writes_to_a_person_of_matrix(both, closing):
    mia = closing.matrix(both.synapse, closing.name("mia"))
    carol = closing.xmpp(both.xmpp, "carol")
    carol.chat(both.address(mia.id), "a word to you")
    asked = mia.wait_for(lambda e: e.type == "m.room.member" and
                         e.state_key == mia.id and
                         e.content["membership"] == "invite", 20)
    assert asked.content["is_direct"]
    mia.join(asked.room)
    mia.wait_text("a word to you", room=asked.room)
    mia.say(asked.room, "and one to you")
    heard = carol.wait_text("and one to you", kind="chat")
    assert heard.bare == both.address(mia.id)
    # she leaves; the next word invites her again, into the same room
    mia.leave(asked.room)
    mark = mia.mark()
    carol.chat(both.address(mia.id), "are you there?")
    again = mia.wait_for(lambda e: e.type == "m.room.member" and
                         e.state_key == mia.id and
                         e.content["membership"] == "invite", 20, mark)
    mia.join(again.room)
    mia.wait_text("are you there?", room=again.room)


def test_a_person_of_matrix_writes_to_an_xmpp_user(both, closing):
    mia = closing.matrix(both.synapse, closing.name("mia"))
    carol = closing.xmpp(both.xmpp, "carol")
    carol.presence()
    carol.send("<presence/>")
    ghost = f"@{both.service.prefix}xmpp_carol=40localhost:localhost"
    room = mia.create(preset="trusted_private_chat", is_direct=True,
                      invite=[ghost])
    mia.wait_member(room, ghost)
    mia.say(room, "hello carol")
    heard = carol.wait_text("hello carol", kind="chat")
    carol.chat(heard.bare, "hello mia")
    mia.wait_text("hello mia", room=room)
    # a room that was made anew is the one from then on
    mia.leave(room)
    other = mia.create(preset="trusted_private_chat", is_direct=True,
                       invite=[ghost])
    mia.wait_member(other, ghost)
    carol.chat(heard.bare, "hello again")
    mia.wait_text("hello again", room=other)
    wait_for("the mark", lambda: both.synapse.account_data(
        both.service, ghost, "m.direct").get(mia.id) == [other])
    mia.say(other, "and back")
    carol.wait_text("and back", kind="chat")


def test_a_puppet_that_was_thrown_out_asks_into_another_room(both, closing):
    mia = closing.matrix(both.synapse, closing.name("mia"))
    carol = closing.xmpp(both.xmpp, "carol")
    carol.send("<presence/>")
    ghost = f"@{both.service.prefix}xmpp_carol=40localhost:localhost"
    room = mia.create(preset="private_chat", is_direct=True,
                      invite=[ghost])
    mia.wait_member(room, ghost)
    mia.say(room, "hello there")
    heard = carol.wait_text("hello there", kind="chat")
    mia.kick(room, ghost)
    carol.chat(heard.bare, "what was that?")
    other = mia.wait_for(lambda e: e.type == "m.room.member" and
                         e.state_key == mia.id and e.room != room and
                         e.content["membership"] == "invite", 20).room
    mia.join(other)
    mia.wait_text("what was that?", room=other)
    mia.say(other, "sorry")
    carol.wait_text("sorry", kind="chat")


def test_each_sees_what_the_other_reads_and_that_they_write(both, closing):
    """In private; a private receipt is nobody's affair."""
    mia = closing.matrix(both.synapse, closing.name("mia"))
    carol = closing.xmpp(both.xmpp, "carol")
    carol.send("<presence/>")
    address = both.address(mia.id)
    states = "http://jabber.org/protocol/chatstates"

    def send(what, ident=""):
        carol.send(f"<message to='{address}' type='chat' id='{ident}'>{what}"
                   "</message>")
    send(f"<body>are you there?</body><active xmlns='{states}'/>"
         "<request xmlns='urn:xmpp:receipts'/>", "a1")
    got = carol.wait_for(lambda s: s.other("received") is not None)
    assert got.other("received").get("id") == "a1" and got.bare == address
    place = mia.wait_for(lambda e: e.type == "m.room.member" and
                         e.state_key == mia.id and
                         e.content["membership"] == "invite", 20).room
    mia.join(place)
    first = mia.wait_text("are you there?", room=place)
    # what people read last need not be a message
    other = mia.send(place, "org.example.other", {})
    mia.say(place, "a moment")
    carol.wait_text("a moment", kind="chat")  # so the bridge knows of both
    mark = carol.mark()
    mia.has_read(place, other, "m.read.private")
    mia.has_read(place, other)
    shown = carol.wait_for(lambda s: s.other("displayed") is not None,
                           since=mark)
    assert shown.other("displayed").get("id") == "a1"
    assert shown.bare == address and shown.type == "chat"
    mia.set_typing(place, True)
    carol.wait_for(lambda s: s.other("composing") is not None and
                   s.bare == address, since=mark)
    mia.say(place, "yes")
    heard = carol.wait_text("yes", kind="chat")
    assert heard.other("markable") is not None
    mia.set_typing(place, False)
    carol.wait_for(lambda s: s.other("active") is not None and
                   s.body is None, since=mark)
    send(f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{heard.id}'/>")
    said = mia.messages(place)[-1]
    wait_for("the receipt", lambda: mia.read.get((place, first.sender)) ==
             said.id)
    send(f"<composing xmlns='{states}'/>")
    wait_for("typing", lambda: first.sender in mia.typing.get(place, []))
    send(f"<paused xmlns='{states}'/>")
    wait_for("no typing", lambda: first.sender not in mia.typing[place])


STATES = "xmlns='http://jabber.org/protocol/chatstates'"


def moments(user, room, mia, mia_nick, place, ghost):
    """Who writes, and who has read what, both ways, between somebody in a room
    of XMPP and mia; ghost is theirs, mia_nick hers."""
    def tell(what):
        user.send(f"<message to='{room}' type='groupchat'>{what}</message>")

    def shows(what, ident=None, since=user.mark()):
        user.wait_for(lambda s: s.bare == room and s.nick == mia_nick and
                      s.other(what) is not None and
                      ident in (None, s.other(what).get("id")), 15, since)
    tell(f"<composing {STATES}/>")
    wait_for("typing", lambda: ghost in mia.typing.get(place, []))
    tell(f"<active {STATES}/>")
    wait_for("no typing", lambda: ghost not in mia.typing[place])
    mia.set_typing(place, True)
    shows("composing")
    mia.set_typing(place, False)
    shows("active")
    mark = user.mark()
    user.say(room, "read me")
    echo = user.wait_text("read me", room=room, since=mark)
    mia.has_read(place, mia.wait_text("read me", room=place).id)
    shows("displayed", id_of(echo))
    said = mia.say(place, "read this")
    heard = user.wait_text("read this", nick=mia_nick, room=room)
    tell("<displayed xmlns='urn:xmpp:chat-markers:0' "
         f"id='{id_of(heard)}'/>")
    wait_for("the receipt", lambda: mia.read.get((place, ghost)) == said)


def id_of(stanza):
    """What a room calls it, or its author where rooms have no ids."""
    sid = stanza.element.find("{urn:xmpp:sid:0}stanza-id")
    return stanza.id if sid is None else sid.get("id")


def test_a_visitor_of_a_room_of_xmpp_is_seen_reading_and_writing(visit):
    v = visit
    moments(v.ann, v.room, v.mia, v.nick, v.place, v.mia.puppet(v.place, "Ann"))


def test_a_guest_from_xmpp_is_seen_reading_and_writing(guest):
    g = guest
    g.carol.wait_occupant(g.room, g.nick)
    g.mia.wait_member(g.place, g.carol_nick)
    moments(g.carol, g.room, g.mia, g.nick, g.place,
            g.mia.puppet(g.place, g.carol_nick))


# ---- privacy -----------------------------------------------------------------

def test_who_hides_in_a_room_of_xmpp_is_hidden_on_matrix(visit):
    """A room shows addresses to its moderators only: neither the bridge's
    state nor what is said tells them to Matrix."""
    v = visit
    assert "jid" in v.ann.occupants(v.room)["Ann"].item  # she owns it
    said = v.ann.say(v.room, "who am I?")
    v.mia.wait_text("who am I?", room=v.place)
    known = repr([e.raw for e in v.mia.record if e.room == v.place])
    ghost = v.mia.puppet(v.place, "Ann")
    assert said and ghost
    for part in ("ann@localhost", "ann=40localhost", "localhost/r"):
        assert part not in known and part not in ghost


def test_nobody_finds_the_room_who_does_not_know_its_name(visit, closing):
    v = visit
    found = v.mia.call("POST", "/v3/publicRooms", {"limit": 1000})
    assert v.place not in [r["room_id"] for r in found["chunk"]]
    rules = {e.type: e.content for e in v.mia.record if e.room == v.place and
             e.state_key == ""}
    assert rules["m.room.history_visibility"] == {
        "history_visibility": "joined"}
    # what was said before somebody came is none of theirs
    v.ann.say(v.room, "before noa")
    v.mia.wait_text("before noa", room=v.place)
    noa = closing.matrix(v.both.synapse, closing.name("noa"))
    noa.join(v.both.room_alias(v.room))
    v.ann.say(v.room, "after noa")
    noa.wait_text("after noa", room=v.place)
    past = noa.call("GET", f"/v3/rooms/{v.place}/messages?dir=b&limit=100")
    bodies = [e["content"].get("body") for e in past["chunk"]]
    assert "after noa" in bodies and "before noa" not in bodies
