# SPDX-License-Identifier: MIT
"""Matrix when things break: nothing lost, nothing said twice."""

import json
import time
import urllib.error
import urllib.request

import pytest

from tests.integration.conftest import make_trio
from tests.support.bridge import irc_network, matrix_network
from tests.support.process import wait_for

N = 20
IRC_WINDOW = 5  # unconfirmed lines, the default

# one worker has a homeserver, which is slow to start, and another the one of
# test_matrix.py, so that neither is what all wait for in the end
pytestmark = pytest.mark.xdist_group("homeserver")


class Couple:
    """A Matrix room and an IRC channel in one link: mia and bob."""

    def __init__(self, farm, things, start=True, place=None, irc=None,
                 **options):
        # ngIRCd lets people in at once, InspIRCd after up to a second
        self.synapse, self.irc = farm.get("synapse"), farm.get("ngircd")
        things.servers += [self.synapse, self.irc]
        self.things = things
        self.mia = things.matrix(self.synapse, things.name("mia"))
        self.nick = things.name("Mia")
        self.mia.set_name(self.nick)
        self.channel = "#" + things.name("chan")
        self.bob = things.irc(self.irc, things.name("bob"))
        self.bob.join(self.channel)
        self.service = self.synapse.service()
        self.place = place or self.mia.create()
        self.bridge = things.bridge(
            {"irc": irc_network(self.irc, **(irc or {})),
             "matrix": matrix_network(self.synapse, self.service,
                                      **options)},
            {"lobby": [f"irc:{self.channel}", f"matrix:{self.place}"]})
        if start:
            self.bridge.start()
            self.mia.wait_member(self.place, self.bob.nick)
            self.bob.wait_for(lambda m: m.command == "JOIN" and
                              m.nick == self.nick)

    # What was said in each place. A line that a restarted bridge has to say
    # before it knows that its author is there is relayed, "<bob> one": it
    # counts like any other, so that said twice is twice in either form.

    def matrix_bodies(self, stem):
        return self._bodies([e.body or "" for e in
                             self.mia.messages(self.place)],
                            self.bob.nick, stem)

    def irc_bodies(self, stem):
        return self._bodies([t for _, t in self.bob.texts(self.channel)],
                            self.nick, stem)

    @staticmethod
    def _bodies(texts, nick, stem):
        plain = [t.removeprefix(f"<{nick}> ") for t in texts]
        return [t for t in plain if t.startswith(stem)]

    def both(self, word, timeout=30):
        self.bob.say(self.channel, f"{word} to matrix")
        self.mia.say(self.place, f"{word} to irc")
        self.mia.wait_text(f"{word} to matrix", timeout)
        self.bob.wait_text(f"{word} to irc", timeout)


@pytest.fixture
def couple(farm, closing):
    return Couple(farm, closing)


def test_a_killed_bridge_loses_nothing_and_says_nothing_twice(couple):
    c = couple
    for i in range(N):
        c.bob.say(c.channel, f"b{i}")
        c.mia.say(c.place, f"m{i}")
        if i == N // 2:
            c.bridge.kill9()
            c.bridge.launch()
    c.bridge.wait_ready()
    c.both("end")
    # what bob said while nobody listened on IRC is not to be had there. And
    # Synapse may keep one line back until it is asked: catchup.c.
    said = [f"m{i}" for i in range(N)]
    wait_for("all of them", lambda: set(c.irc_bodies("m")) >= set(said), 30)
    heard = c.irc_bodies("m")
    order = list(dict.fromkeys(heard))
    assert sorted(order) == sorted(said)
    assert len([a for a, b in zip(order, order[1:])
                if said.index(a) > said.index(b)]) <= 1
    # plain IRC cannot tell us what was under way when we were killed
    assert len(heard) <= N + IRC_WINDOW
    heard = c.matrix_bodies("b")
    assert heard == sorted(set(heard), key=lambda b: int(b[1:]))


def crash_once(farm, things, step):
    c = Couple(farm, things, start=False)
    c.bridge.launch(crash_at=step)
    c.bridge.wait_ready()
    c.mia.wait_member(c.place, c.bob.nick)
    c.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == c.nick)
    return c


def come_back(c):
    c.bridge.wait_crash()
    c.bridge.launch()
    c.bridge.wait_ready()
    c.both("end")


@pytest.mark.parametrize("step", ["taken", "committed", "accepted", "settled"])
def test_a_crash_between_transaction_and_answer_is_not_seen(farm, closing,
                                                            step):
    c = crash_once(farm, closing, step)
    c.mia.say(c.place, "one")
    come_back(c)
    assert c.irc_bodies("one") == ["one"]


@pytest.mark.parametrize("step", ["sent", "confirmed", "settling"])
def test_a_crash_between_send_and_event_id_is_not_seen(farm, closing, step):
    c = crash_once(farm, closing, step)
    c.bob.say(c.channel, "one")
    come_back(c)
    assert c.matrix_bodies("one") == ["one"]


def test_a_homeserver_that_restarts_is_waited_for(couple):
    c = couple
    c.both("before")
    c.synapse.kill9()
    for i in range(5):
        c.bob.say(c.channel, f"kept{i}")
    c.synapse.start()
    c.bridge.wait_log("up after", "matrix", 60,
                      since=len(c.bridge.log()) - 50)
    c.mia.wait_text("kept4", 60)
    assert c.matrix_bodies("kept") == [f"kept{i}" for i in range(5)]
    c.both("after", 60)


def test_what_was_said_while_the_bridge_was_away_comes_with_its_order(couple):
    c = couple
    c.bridge.stop()
    for i in range(5):
        c.mia.say(c.place, f"away{i}")
    c.bridge.start()
    c.bob.wait_text("away4", 30)
    assert c.irc_bodies("away") == [f"away{i}" for i in range(5)]


def test_a_room_lets_the_bot_in_after_an_invitation(farm, closing):
    mia = closing.matrix(farm.get("synapse"), closing.name("mia"))
    place = mia.create(preset="private_chat")
    c = Couple(farm, closing, start=False, place=place)
    c.bridge.launch()
    refused = c.bridge.wait_log("cannot be entered", timeout=30)
    assert f"invite {c.service.bot_id} into the room" in refused["msg"]
    mia.invite(place, c.service.bot_id)
    c.bridge.wait_ready()
    mia.wait_member(place, c.bob.nick)
    mia.say(place, "let in")
    c.bob.wait_text("let in")


def test_an_encrypted_room_is_refused_with_an_explanation(farm, closing):
    mia = closing.matrix(farm.get("synapse"), closing.name("mia"))
    place = mia.create(initial_state=[{
        "type": "m.room.encryption", "state_key": "",
        "content": {"algorithm": "m.megolm.v1.aes-sha2"}}])
    c = Couple(farm, closing, start=False, place=place)
    c.bridge.launch()
    c.bridge.wait_log("it is encrypted", timeout=30)
    seen = mia.wait_for(lambda e: e.sender == c.service.bot_id and
                        e.kind == "m.notice")
    assert "encrypted" in seen.body


def test_a_room_that_becomes_encrypted_is_left(couple):
    c = couple
    c.mia.set_state(c.place, "m.room.encryption",
                    {"algorithm": "m.megolm.v1.aes-sha2"})
    c.bridge.wait_log("it is encrypted")
    c.mia.wait_for(lambda e: e.sender == c.service.bot_id and
                   "encrypted" in (e.body or ""))


def test_an_alias_is_as_good_as_an_id(farm, closing):
    mia = closing.matrix(farm.get("synapse"), closing.name("mia"))
    alias = closing.name("alias")
    place = mia.create(alias=alias)
    c = Couple(farm, closing, start=False, place=f"#{alias}:localhost")
    c.bridge.start()
    mia.wait_member(place, c.bob.nick)
    mia.say(place, "by alias")
    c.bob.wait_text("by alias")


@pytest.mark.parametrize("version", ["10", "12"])
def test_a_room_may_be_of_any_version(farm, closing, version):
    """Ids of version 12 have no server in them."""
    mia = closing.matrix(farm.get("synapse"), closing.name("mia"))
    place = mia.create(room_version=version)
    assert (":" in place) == (version == "10")
    c = Couple(farm, closing, start=False, place=place)
    c.bridge.start()
    mia.wait_member(place, c.bob.nick)
    there = mia.say(place, "old or new")
    c.bob.wait_text("old or new")
    mia.redact(place, there)
    c.bob.wait_for(lambda m: "withdrew" in m.text)


def test_an_upgraded_room_is_followed(couple):
    c = couple
    new = c.mia.call("POST", f"/v3/rooms/{c.place}/upgrade",
                     {"new_version": "12"})["replacement_room"]
    c.mia.wait_member(new, c.bob.nick, timeout=30)
    c.mia.say(new, "in the new room")
    c.bob.wait_text("in the new room")
    c.bridge.restart()  # the configuration names the old one
    c.bob.say(c.channel, "still there")
    c.mia.wait_text("still there", room=new)


def test_a_room_that_only_says_it_replaces_another_is_not_followed(couple):
    c = couple
    other = c.mia.create()
    c.mia.set_state(c.place, "m.room.tombstone",
                    {"body": "gone", "replacement_room": other})
    c.bridge.wait_log("does not say so itself", timeout=30)
    assert c.service.bot_id in c.mia.members(other)


# ---- private words ----------------------------------------------------------

def test_a_private_word_opens_a_room_for_two(couple):
    """And the answer comes back; also after a restart."""
    c = couple
    c.bob.say(c.nick, "psst")
    asked = c.mia.wait_for(
        lambda e: e.type == "m.room.member" and e.state_key == c.mia.id and
        e.content["membership"] == "invite")
    assert asked.content["is_direct"]
    c.mia.join(asked.room)
    seen = c.mia.wait_text("psst", room=asked.room)
    assert c.service.is_puppet(seen.sender)
    c.mia.say(asked.room, "yes?")
    c.bob.wait_text("yes?", nick=c.nick, target=c.bob.nick)
    mark = c.bob.mark()
    c.bridge.restart()
    c.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == c.nick, 20,
                   mark)
    c.bob.say(c.nick, "still me")
    c.mia.wait_text("still me", room=asked.room)
    assert not [t for _, t in c.bob.texts(c.channel) if t == "yes?"]


def test_somebody_who_left_the_room_for_two_is_invited_again(couple):
    c = couple
    c.bob.say(c.nick, "one")
    invited = (lambda e: e.type == "m.room.member" and
               e.state_key == c.mia.id and
               e.content["membership"] == "invite")
    room = c.mia.wait_for(invited).room
    c.mia.join(room)
    c.mia.wait_text("one", room=room)
    c.mia.leave(room)
    c.both("between")  # the bridge knows
    mark = c.mia.mark()
    c.bob.say(c.nick, "two")
    assert c.mia.wait_for(invited, since=mark).room == room
    c.mia.join(room)
    c.mia.wait_text("two", room=room)


def test_a_puppet_can_be_asked_into_a_room_for_two(couple):
    c = couple
    ghost = c.mia.puppet(c.place, c.bob.nick)
    room = c.mia.create(preset="trusted_private_chat", is_direct=True,
                        invite=[ghost])
    c.mia.wait_member(room, ghost)
    c.mia.say(room, "hello you")
    c.bob.wait_text("hello you", nick=c.nick, target=c.bob.nick)
    c.bob.say(c.nick, "hello back")
    c.mia.wait_text("hello back", room=room)


def test_who_may_not_set_the_topic_is_told(couple):
    c = couple
    c.bob.topic(c.channel, "mine")
    told = c.bob.wait_for(lambda m: m.command == "NOTICE" and
                          "the homeserver refused it" in m.text)
    assert told


# ---- what a homeserver, or somebody who plays one, may send -----------------

def push(service, body, token=None, path="/_matrix/app/v1/transactions/t1",
         method="PUT", header=True):
    """(status, answer) of a request to the bridge."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(service.url + path, data, method=method)
    if header:
        request.add_header("Authorization",
                           f"Bearer {token or service.hs_token}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def said(c, event_id, body, **more):
    return {"type": "m.room.message", "room_id": c.place, "sender": c.mia.id,
            "event_id": event_id, "origin_server_ts": int(time.time() * 1000),
            "content": {"msgtype": "m.text", "body": body}, **more}


def test_only_the_homeserver_may_push(couple):
    c = couple
    events = {"events": [said(c, "$forged", "forged")]}
    assert push(c.service, events, header=False)[0] == 401
    assert push(c.service, events, token="wrong")[0] == 403
    assert push(c.service, events, token=c.service.hs_token[:-1])[0] == 403
    assert push(c.service, events, header=False,
                path="/_matrix/app/v1/transactions/t1?access_token=" +
                c.service.hs_token)[0] == 401
    c.both("after")
    assert not c.irc_bodies("forged")


def test_requests_are_answered_as_the_specification_says(couple):
    s = couple.service
    api = "/_matrix/app/v1/"
    assert push(s, {}, path=api + "ping", method="POST") == (200, {})
    assert push(s, {}, path=api + "users/@x:localhost",
                method="GET")[0] == 404
    assert push(s, {}, path=api + "rooms/%23x:localhost",
                method="GET")[0] == 404
    assert push(s, {}, path=api + "nothing", method="GET")[0] == 404
    assert push(s, {}, path="/elsewhere", method="GET")[0] == 404
    assert push(s, {}, path=api + "ping", method="GET")[0] == 405
    assert push(s, b"no json")[0] == 400
    assert push(s, b"[" * 100000)[0] == 400
    assert push(s, b"x" * (11 * 1024 * 1024))[0] == 413


def test_a_transaction_that_comes_again_does_nothing(couple):
    c = couple
    events = {"events": [said(c, f"$twice{c.things.number}", "twice")]}
    for txn in ("1", "1", "2"):
        assert push(c.service, events,
                    path=f"/_matrix/app/v1/transactions/{txn}")[0] == 200
    # What is under way when we go may come twice, but not for this reason.
    c.both("settled")
    c.bridge.restart()
    assert wait_for("the bridge to take transactions", lambda: push(
        c.service, events)[0] == 200, 20)
    c.both("after")
    assert c.irc_bodies("twice") == ["twice"]


def test_a_transaction_may_have_a_hundred_events(couple):
    c = couple
    words = [f"hundred {n}" for n in range(100)]
    events = [said(c, f"${c.things.number}-{n}", word)
              for n, word in enumerate(words)]
    path = "/_matrix/app/v1/transactions/hundred"
    assert push(c.service, {"events": events}, path=path)[0] == 200
    # others, and some of the same in another batch
    assert push(c.service, {"events": events[50:]}, path=path + "2")[0] == 200
    c.bob.wait_text(words[-1], 60, target=c.channel)
    c.both("after")
    assert c.irc_bodies("hundred ") == words


def test_hostile_events_are_left_out_and_the_others_taken(couple):
    c = couple
    hostile = [7, [], "x", None, {}, {"type": 7}, {"type": "m.room.message"},
               said(c, 7, "x"), said(c, "", "x"), said(c, "$" + "x" * 999, "x"),
               said(c, "$a", 7), said(c, "$b", {"a": 1}), said(c, "$c", None),
               said(c, "$d", "x", sender=7), said(c, "$e", "x", sender="x"),
               said(c, "$f", "x", sender="@" + "x" * 999 + ":localhost"),
               said(c, "$g", "x", room_id={}), said(c, "$h", "x", content=[]),
               said(c, "$i", "x", content={"msgtype": "m.text", "body": "x",
                                           "m.relates_to": "no"}),
               said(c, "$j", "x", type="m.reaction"),
               said(c, "$k", "x", type="m.room.member", state_key="x"),
               said(c, "$l", "x", type="m.room.member", state_key=c.mia.id,
                    content={"membership": 7}),
               said(c, "$m", "forged",
                    sender=c.service.bot_id),
               said(c, "$n", "forged",
                    sender=f"@{c.service.prefix}irc_x:localhost"),
               said(c, "$o", "x", type="org.unknown"),
               said(c, "$p", "big " + "x" * 64000),
               said(c, "$q", "deep", content={
                   "msgtype": "m.text", "body": "deep",
                   "format": "org.matrix.custom.html",
                   "formatted_body": "<b>" * 9000 + "deep"})]
    passing = [7, None, {}, {"type": 7, "room_id": c.place}, *(
        {"type": kind, "room_id": c.place, "sender": c.mia.id, "content": x}
        for kind in ("m.typing", "m.receipt", "m.presence") for x in (
            7, [], None, {"user_ids": 7}, {"user_ids": [7, None, {}, ""]},
            {"$a": 7}, {"$a": {"m.read": 7}}, {"": {"m.read": {c.mia.id: 7}}},
            {"$" + "x" * 9999: {"m.read": {c.mia.id: {}}}},
            {"$a": {"m.read": {7 * "x": None, c.mia.id: []}}},
            {"presence": 7}, {"presence": "nonsense", "status_msg": 7},
            {"presence": "online", "status_msg": "\U0001f600" * 9000}))]
    body = json.dumps({"ephemeral": passing, "events": hostile})
    body = body[:-2] + ', {"a": "\\ud800"}, ' + json.dumps(
        said(c, f"$good{c.things.number}", "good")) + "]}"
    assert push(c.service, body.encode())[0] == 200
    c.bob.wait_text("good", target=c.channel)
    c.both("after")
    assert not c.irc_bodies("forged")
    c.bridge.wait_log("events were left out so far")


# ---- one connection for each person, or the listener for all ----------------

def test_a_link_may_relay_through_the_listener_alone(farm, closing):
    """The choice is each channel's; what people read tells who said it."""
    c = Couple(farm, closing, start=False)
    c.bridge.links["lobby"] = {"channels": [
        {"channel": f"irc:{c.channel}", "puppets": False},
        f"matrix:{c.place}"]}
    c.bridge.configure()
    c.bridge.start()
    c.mia.wait_member(c.place, c.bob.nick)  # there each has their own
    c.mia.say(c.place, "hello")
    seen = c.bob.wait_text(f"<{c.nick}> hello", target=c.channel)
    assert seen.nick == "causeway"
    assert set(c.bob.names(c.channel)) == {c.bob.nick, "causeway"}
