# SPDX-License-Identifier: MIT
"""People of a homeserver in IRC channels that are in no link: rooms made when
somebody asks for their alias, and a connection of one's own."""

import threading
import urllib.error
from urllib.parse import quote

import pytest

from tests.integration.conftest import Things
from tests.support.bridge import irc_network, matrix_network
from tests.support.irc_peer import is_typing
from tests.support.matrix_peer import Refused
from tests.support.process import wait_for
from tests.support.scripted_irc import ScriptedIrc, Session

# shares the homeserver of test_matrix_faults.py
pytestmark = pytest.mark.xdist_group("homeserver")


class Gateway:
    """One bridge whose Matrix network leads to one IRC network."""

    def __init__(self, farm, things, irc="ngircd"):
        self.synapse, self.irc = farm.get("synapse"), farm.get(irc)
        self.things = things
        things.servers += [self.synapse, self.irc]
        self.service = self.synapse.service()
        self.bridge = things.bridge(
            {"irc": irc_network(self.irc),
             "matrix": matrix_network(
                 self.synapse, self.service,
                 gateway={"networks": ["irc"], "users": ["*"]})}, {})
        self.bridge.start()
        self.bridge.wait_log("up after", "matrix")
        self.bridge.wait_log("up after", "irc")

    def alias(self, channel):
        return f"#{self.service.prefix}irc_{channel}:localhost"

    def ask(self, path):
        return self.service.ask(path)


@pytest.fixture(scope="module")
def one_gateway(farm, folder):
    things = Things(folder)
    yield Gateway(farm, things)
    things.close()


class Visit:
    """mia joins the room of a channel, where bob is."""

    def __init__(self, gateway, things, before=None, caps=()):
        self.g = gateway
        self.channel = "#" + things.name("gate")
        self.bob = things.irc(gateway.irc, things.name("bob"), caps=caps)
        self.bob.join(self.channel)
        if before:
            before(self)
        self.mia = things.matrix(gateway.synapse, things.name("mia"))
        self.nick = things.name("Mia")
        self.mia.set_name(self.nick)
        self.room = self.mia.join(gateway.alias(self.channel))

    def in_both(self):
        self.bob.wait_for(lambda m: m.command == "JOIN" and
                          m.nick == self.nick)
        self.mia.wait_member(self.room, self.bob.nick)
        return self


@pytest.fixture
def visit(one_gateway, closing):
    return Visit(one_gateway, closing).in_both()


def test_who_joins_an_alias_is_in_the_channel_by_an_own_connection(visit):
    v = visit
    v.mia.say(v.room, "hello channel")
    seen = v.bob.wait_text("hello channel", target=v.channel)
    assert seen.nick == v.nick
    v.bob.say(v.channel, "hello room")
    seen = v.mia.wait_text("hello room", room=v.room)
    assert v.mia.members(v.room)[seen.sender] == v.bob.nick


def test_both_ways_to_write_an_alias_are_one_room(visit, closing):
    v = visit
    noa = closing.matrix(v.g.synapse, closing.name("noa"))
    encoded = v.g.alias("=23" + v.channel[1:])
    assert noa.join(encoded) == v.room
    v.bob.wait_for(lambda m: m.command == "JOIN" and
                   m.nick.startswith("noa"))


def test_topics_go_both_ways(visit):
    v = visit
    v.bob.topic(v.channel, "from irc")
    v.mia.wait_for(lambda e: e.type == "m.room.topic" and
                   e.content["topic"] == "from irc")
    v.mia.set_topic(v.room, "from matrix")
    v.bob.wait_for(lambda m: m.command == "TOPIC" and
                   m.text == "from matrix" and m.nick == v.nick)


def test_who_comes_sees_the_topic_that_there_is(one_gateway, closing):
    v = Visit(one_gateway, closing,
              before=lambda v: v.bob.topic(v.channel, "since ever"))
    v.mia.wait_for(lambda e: e.type == "m.room.topic" and
                   e.content["topic"] == "since ever")


def test_who_writes_is_seen_on_both_sides(farm, closing):
    """Where IRC has a tag for it."""
    v = Visit(Gateway(farm, closing, irc="inspircd"), closing,
              caps=("message-tags",)).in_both()
    since, ghost = v.bob.mark(), v.mia.puppet(v.room, v.bob.nick)
    for writing in (True, False):
        v.mia.set_typing(v.room, writing)
        v.bob.wait_for(lambda m: is_typing(m, v.nick, v.channel, writing),
                       since=since)
        v.bob.send(f"@+typing={'active' if writing else 'done'} TAGMSG "
                   f"{v.channel}")
        wait_for(f"typing to be {writing}", lambda: writing == (
            ghost in v.mia.typing.get(v.room, [])))


def test_who_leaves_the_room_leaves_the_channel(visit):
    visit.mia.leave(visit.room)
    visit.bob.wait_for(lambda m: m.command in ("PART", "QUIT") and
                       m.nick == visit.nick)


def test_who_is_kicked_from_the_channel_is_out_of_the_room(visit):
    v = visit
    v.bob.kick(v.channel, v.nick, "enough")
    out = v.mia.wait_for(
        lambda e: e.type == "m.room.member" and e.state_key == v.mia.id and
        e.content["membership"] == "leave", since=0)
    assert "enough" in out.content["reason"]


def test_whom_the_channel_does_not_let_in_is_out_of_the_room(one_gateway,
                                                             closing):
    def lock(v):
        v.bob.send(f"MODE {v.channel} +i")
        v.bob.barrier()
    v = Visit(one_gateway, closing, before=lock)
    out = v.mia.wait_for(
        lambda e: e.type == "m.room.member" and e.state_key == v.mia.id and
        e.content["membership"] == "leave")
    assert out.sender == v.g.service.bot_id and out.content["reason"]


def test_what_is_no_channel_has_no_room(one_gateway, closing):
    mia = closing.matrix(one_gateway.synapse, closing.name("mia"))
    for alias in ("nowhere_#chan", "irc_nochannel", "irc_#a b", "irc_"):
        with pytest.raises(Refused):
            mia.join(f"#{one_gateway.service.prefix}{alias}:localhost")


def test_a_person_of_irc_can_be_written_to(one_gateway, closing):
    """Also one whom nobody has seen: the homeserver asks for the user."""
    g = one_gateway
    bob = closing.irc(g.irc, closing.name("bob"))
    mia = closing.matrix(g.synapse, closing.name("mia"))
    ghost = f"@{g.service.prefix}irc_{bob.nick}:localhost"
    room = mia.create(preset="trusted_private_chat", is_direct=True,
                      invite=[ghost])
    mia.wait_member(room, ghost)
    mia.say(room, "hello you")
    heard = bob.wait_text("hello you", target=bob.nick)
    assert heard.nick == mia.user
    bob.say(heard.nick, "hello back")
    mia.wait_text("hello back", room=room)


def test_clients_can_ask_which_rooms_and_people_there_are(one_gateway):
    g = one_gateway
    protocol = g.ask("thirdparty/protocol/irc")
    assert protocol["location_fields"] == ["network", "channel"]
    assert [i["network_id"] for i in protocol["instances"]] == ["irc"]
    alias = g.alias("=23dev")
    place = {"alias": alias, "protocol": "irc",
             "fields": {"network": "irc", "channel": "#dev"}}
    assert g.ask("thirdparty/location/irc?channel=%23dev") == [place]
    assert g.ask("thirdparty/location?alias=" + quote(alias)) == [place]
    assert g.ask("thirdparty/location/irc?network=x&channel=%23dev") == []
    person = {"userid": f"@{g.service.prefix}irc_bob:localhost",
              "protocol": "irc",
              "fields": {"network": "irc", "nickname": "bob"}}
    assert g.ask("thirdparty/user/irc?network=irc&nickname=bob") == [person]
    assert g.ask("thirdparty/user?userid=" +
                 quote(person["userid"])) == [person]
    assert g.ask("thirdparty/user?userid=@x:localhost") == []
    with pytest.raises(urllib.error.HTTPError):
        g.ask("thirdparty/protocol/other")


def test_everybody_is_back_after_a_restart(one_gateway, closing):
    v = Visit(one_gateway, closing).in_both()
    mark = v.bob.mark()
    v.g.bridge.restart()
    v.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == v.nick, 20,
                   mark)
    v.mia.say(v.room, "still here")
    # a homeserver that missed us waits some seconds
    assert v.bob.wait_text("still here", 30, target=v.channel).nick == v.nick
    v.bob.say(v.channel, "you too")
    v.mia.wait_text("you too", room=v.room)


# ---- the bot ----------------------------------------------------------------

class Desk:
    """mia in a direct chat with the bot."""

    def __init__(self, gateway, things):
        self.g = gateway
        self.mia = things.matrix(gateway.synapse, things.name("mia"))
        self.room = self.mia.create(preset="trusted_private_chat",
                                    is_direct=True,
                                    invite=[gateway.service.bot_id])
        self.mia.wait_member(self.room, gateway.service.bot_id)

    def ask(self, text):
        event = self.mia.say(self.room, text)
        return self.mia.wait_for(
            lambda e: e.sender == self.g.service.bot_id and
            e.reply_to == event and e.kind == "m.notice", 20).body


def test_the_bot_explains_and_lists_what_can_be_asked(one_gateway, closing):
    desk = Desk(one_gateway, closing)
    said = desk.ask("help")
    assert "\nirc configure - " in said and "\nconfigure - " in said
    assert "there is no such command" in desk.ask("irc nothing")
    assert "KEY=VALUE" in desk.ask("irc configure ann")


def test_settings_are_shown_and_set_by_words_to_the_bot(one_gateway, closing):
    """A nick that is set is the one that the next connection has."""
    desk = Desk(one_gateway, closing)
    form = desk.ask("irc configure")
    assert "\nnick: " in form and "Answer with: irc configure" in form
    nick = closing.name("chosen")
    assert "taken" in desk.ask(f"irc configure nick={nick}")
    assert f'now "{nick}"' in desk.ask("irc configure")
    assert "cannot be" in desk.ask('irc configure nick="a b"')
    channel = "#" + closing.name("gate")
    bob = closing.irc(one_gateway.irc, closing.name("bob"))
    bob.join(channel)
    desk.mia.join(one_gateway.alias(channel))
    bob.wait_for(lambda m: m.command == "JOIN" and m.nick == nick)


def test_a_left_chat_with_the_bot_can_be_opened_again(one_gateway, closing):
    desk = Desk(one_gateway, closing)
    desk.mia.leave(desk.room)
    again = Desk(one_gateway, closing)
    again.mia = desk.mia
    again.room = desk.mia.create(preset="trusted_private_chat",
                                 is_direct=True,
                                 invite=[one_gateway.service.bot_id])
    desk.mia.wait_member(again.room, one_gateway.service.bot_id)
    assert "configure" in again.ask("help")


def test_a_secret_channel_stays_hidden(one_gateway, closing):
    """Its room is in no list, and who is not in it learns nothing of it."""
    def hide(v):
        v.bob.send(f"MODE {v.channel} +s")
        v.bob.topic(v.channel, "between us")
        v.bob.barrier()
    v = Visit(one_gateway, closing, before=hide).in_both()
    noa = closing.matrix(v.g.synapse, closing.name("noa"))
    found = noa.call("POST", "/v3/publicRooms", {"limit": 1000})
    assert v.room not in [r["room_id"] for r in found["chunk"]]
    for path in ("joined_members", "state", "messages?dir=b"):
        with pytest.raises(Refused):
            noa.call("GET", f"/v3/rooms/{v.room}/{path}")


# ---- channels that are not for everybody ------------------------------------

class LockedSession(Session):
    """A channel with a key, into which some come late."""

    def on_join(self, rest):
        while self.nick in self.server.late and not self.server.gate.is_set():
            self.server.gate.wait(0.1)
        super().on_join(rest)

    def on_mode(self, rest):
        channel = rest.lstrip(":")
        if channel.startswith("#") and " " not in channel:
            self.say(f"324 {self.nick} {channel} {self.server.modes}")


class Locked:
    """mia and noa want to be in a channel of a scripted server; noa's
    connection is slow to come in."""

    def __init__(self, farm, things, modes, **options):
        self.synapse, self.irc = farm.get("synapse"), ScriptedIrc(["bob"])
        self.irc.session = LockedSession
        self.irc.modes, self.irc.gate = modes, threading.Event()
        self.service = self.synapse.service()
        things.servers += [self.synapse, self.irc]
        self.bridge = things.bridge(
            {"irc": irc_network(self.irc), "matrix": matrix_network(
                self.synapse, self.service, **options,
                gateway={"networks": ["irc"], "users": ["*"]})}, {})
        self.bridge.start()
        self.bridge.wait_log("up after", "matrix")
        self.bridge.wait_log("up after", "irc")
        self.channel = "#" + things.name("locked")
        self.mia = things.matrix(self.synapse, things.name("mia"))
        self.noa = things.matrix(self.synapse, things.name("noa"))
        self.irc.late = [self.noa.user]
        alias = f"#{self.service.prefix}irc_{self.channel}:localhost"
        self.room = self.mia.join(alias)
        self.mia.wait_member(self.room, "bob")
        self.noa.join(alias)
        self.irc.wait_line(f"NICK {self.noa.user}")

    def says(self, text):
        """bob, to whoever is inside."""
        for session in self.irc.sessions:
            if session.nick not in self.irc.late or self.irc.gate.is_set():
                session.raw(f":bob!u@h PRIVMSG {self.channel} :{text}\r\n"
                            .encode())


def membership(user, room, how):
    return lambda e: (e.type == "m.room.member" and e.room == room and
                      e.state_key == user.id and
                      e.content["membership"] == how)


@pytest.fixture
def locked(farm, closing):
    things = []

    def make(modes, **options):
        things.append(Locked(farm, closing, modes, **options))
        return things[0]
    yield make
    for one in things:
        one.irc.gate.set()
        one.irc.close()


def test_nobody_reads_before_their_connection_is_inside(locked):
    """Who is not in when the first line comes is put out before it is said,
    and invited when they are in; from then on the room is closed."""
    t = locked("+k sesame")
    t.says("between us")
    t.mia.wait_text("between us", room=t.room)
    out = next(i for i, e in enumerate(t.mia.record)
               if membership(t.noa, t.room, "leave")(e))
    said = next(i for i, e in enumerate(t.mia.record)
                if e.body == "between us")
    assert out < said and "invited" in t.mia.record[out].content["reason"]
    with pytest.raises(Refused):
        t.noa.join(t.room)
    t.irc.gate.set()
    t.mia.wait_for(membership(t.noa, t.room, "invite"))
    t.noa.join(t.room)
    t.says("among friends")
    t.noa.wait_text("among friends", room=t.room)
    assert [e.body for e in t.noa.messages(t.room)] == ["among friends"]


def test_an_invitation_that_nobody_takes_is_taken_back(locked):
    """Their connection leaves the channel, and knocking again is answered
    again; so is one that a restart has left behind."""
    t = locked("+k sesame", invite_wait="2s")
    t.says("between us")
    t.noa.wait_for(membership(t.noa, t.room, "leave"))
    t.irc.gate.set()
    for turn in range(2):
        mark = t.noa.mark()
        t.noa.wait_for(membership(t.noa, t.room, "invite"))
        back = t.noa.wait_for(membership(t.noa, t.room, "leave"), since=mark)
        assert "did not come" in back.content["reason"]
        wait_for("her connection to leave the channel", lambda: turn < sum(
            line.startswith((f"PART {t.channel}", "QUIT"))
            for session in t.irc.sessions if session.nick in t.irc.late
            for line in session.lines))
        t.noa.knock(t.room)
    t.noa.wait_for(membership(t.noa, t.room, "invite"), since=mark)


def test_where_everybody_may_be_nobody_waits(locked):
    """Also while somebody is slow to come in."""
    t = locked("+nt")
    t.says("for all")
    t.noa.wait_text("for all", room=t.room)
