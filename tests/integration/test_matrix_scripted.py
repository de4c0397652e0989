# SPDX-License-Identifier: MIT
"""A homeserver that is slow, overloaded, behind a proxy that lost it, or that
answers nonsense: nothing is lost, nothing is said twice, order is kept."""

import time

import pytest

from tests.support.bridge import irc_network, matrix_network
from tests.support.process import free_ports, wait_for
from tests.support.scripted_hs import ROOM, ScriptedHomeserver

SEND = "PUT .*/send/m.room.message/"
PROXY = (502, {"Content-Type": "text/html"}, b"<html>bad gateway</html>")
BUSY = (429, {}, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 300})
HEADER = (429, {"Retry-After": "1"}, {"errcode": "M_LIMIT_EXCEEDED"})


class Pair:
    """bob in a channel, mia in a room of the scripted homeserver."""

    def __init__(self, farm, things, links=True, **options):
        self.irc = farm.get("ngircd")
        self.home = ScriptedHomeserver(things.folder / things.name("hs"),
                                       free_ports(1)[0])
        things.servers += [self.irc, self.home]
        self.things = things
        self.channel = "#" + things.name("chan")
        self.bob = things.irc(self.irc, things.name("bob"))
        self.bob.join(self.channel)
        self.bridge = things.bridge(
            {"irc": irc_network(self.irc),
             "matrix": matrix_network(self.home, self.home.service,
                                      **options)},
            {"lobby": [f"irc:{self.channel}", f"matrix:{ROOM}"]}
            if links else {})

    def start(self):
        self.bridge.start()
        self.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == "Mia")
        return self

    def say(self, *texts):
        for text in texts:
            self.bob.say(self.channel, text)


@pytest.fixture
def fresh(farm, closing):
    pair = Pair(farm, closing)
    yield pair
    if pair.bridge.process and pair.bridge.process.alive():
        pair.bridge.stop()
    pair.home.close()


@pytest.fixture
def pair(fresh):
    return fresh.start()


@pytest.mark.parametrize("taken", [False, True], ids=["lost", "taken"])
@pytest.mark.parametrize("answer", [PROXY, BUSY, HEADER, None,
                                    (503, {}, b""), (504, {}, b"{"),
                                    (500, {}, {"errcode": "M_UNKNOWN"})],
                         ids=["proxy", "busy", "header", "broken", "503",
                              "504", "500"])
def test_a_send_that_fails_is_made_again_and_seen_once(pair, answer, taken):
    pair.home.answer(SEND, answer, answer, taken=taken)
    pair.say("one", "two", "three")
    pair.home.wait_said("three")
    assert pair.home.bodies() == ["one", "two", "three"]


def test_the_time_that_is_asked_for_is_waited(pair):
    pair.home.answer(SEND, (429, {"Retry-After": "2"},
                            {"errcode": "M_LIMIT_EXCEEDED"}))
    before = time.monotonic()
    pair.say("patience")
    assert pair.home.wait_said("patience").at - before >= 2


def test_what_comes_late_shows_when_it_was_said(pair):
    pair.home.answer(SEND, *[(429, {"Retry-After": "6"},
                              {"errcode": "M_LIMIT_EXCEEDED"})])
    said = time.time() * 1000
    pair.say("first", "behind it")
    seen = pair.home.wait_said("behind it")
    assert seen.ts is not None and abs(seen.ts - said) < 3000
    pair.say("new")
    assert pair.home.wait_said("new").ts is None


def test_a_refusal_is_told_to_its_author_and_delays_nobody(pair):
    pair.home.answer(SEND, (403, {}, {"errcode": "M_FORBIDDEN",
                                      "error": "not <you>"}))
    pair.say("no", "yes")
    pair.home.wait_said("yes")
    told = pair.bob.wait_for(lambda m: m.command == "NOTICE" and
                             "not <you>" in m.text)
    assert told and pair.home.bodies() == ["yes"]


NONSENSE = [{}, [], {"event_id": 7}, {"event_id": None}, b"", b"no json",
            {"event_id": "$" + "x" * 5000}, b"[" * 5000, b"\xff\xfe",
            {"event_id": "$a\x00b"}]


@pytest.mark.parametrize("place", ["send", "state", "join", "register",
                                   "whoami", "account_data", "devices"])
def test_nonsense_in_answers_hurts_nobody(fresh, place):
    pattern = {"send": SEND, "state": "GET .*/state$",
               "join": "POST .*/join/", "register": "POST .*/register",
               "whoami": "GET .*/whoami", "account_data": "GET .*account_data",
               "devices": "PUT .*/devices/"}[place]
    # where it cannot be true, the bridge tries again after a while
    some = NONSENSE if place in ("send", "account_data", "devices",
                                 "register") else NONSENSE[:1]
    if place == "send":
        fresh.start()
    fresh.home.answer(pattern, *[(200, {}, one) for one in some])
    if place != "send":
        fresh.start()
    for number in range(len(some) if place == "send" else 1):
        fresh.say(f"word{number}")
    fresh.say("last")
    fresh.home.wait_said("last", 60)
    fresh.bridge.require_alive()


@pytest.mark.parametrize("member", [
    {"content": 7}, {"content": {"membership": 7}}, {"state_key": 7},
    {"content": {"membership": "join", "displayname": 7}},
    {"state_key": "@x:" + "y" * 5000}, {"state_key": "x"}, {"sender": []},
    {"content": {"membership": "join", "displayname": "\x00\x01"}},
    {"content": {"membership": "join", "displayname": "x" * 60000}},
    {"content": {"membership": "join", "displayname": " \n "}},
], ids=str)
def test_nobody_in_a_room_can_hurt_by_what_they_are_called(fresh, member):
    whole = {"type": "m.room.member", "state_key": "@eve:localhost",
             "sender": "@eve:localhost", "event_id": "$x", "room_id": ROOM,
             "content": {"membership": "join"}, **member}
    state = fresh.home.state()
    fresh.home.state = lambda: [whole] + state
    fresh.start()
    fresh.home.push(whole)
    fresh.home.says("still here")
    fresh.bob.wait_text("still here", target=fresh.channel)


# ---- what is not pushed ------------------------------------------------------

def bare(events):
    """As /messages tells them."""
    return [{k: v for k, v in e.items() if k != "room_id"} for e in events]


def heard(pair, until):
    pair.bob.wait_text(until, 60)
    return [t for nick, t in pair.bob.texts(pair.channel) if nick == "Mia"]


def test_who_may_not_be_there_is_put_out_until_that_is_done(farm, closing):
    """mia is kicked from the channel; at first the homeserver fails to do so
    in the room, where she would read along."""
    pair = Pair(farm, closing, links=False,
                gateway={"networks": ["irc"], "users": ["*"]})
    home, service = pair.home, pair.home.service
    home.answer("POST .*/kick", (500, {}, {"errcode": "M_UNKNOWN"}),
                (403, {}, {"errcode": "M_FORBIDDEN"}))
    pair.bridge.start()
    pair.bridge.wait_log("up after", "matrix")
    service.ask(f"rooms/%23{service.prefix}irc_%23{pair.channel[1:]}"
                ":localhost")
    pair.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == "Mia")
    pair.bob.send(f"KICK {pair.channel} Mia :out")
    wait_for("the second try", lambda: home.count("POST .*/kick") == 2)
    pair.bridge.stop()
    home.close()


def test_presence_is_told_although_asking_after_it_fails_once(fresh):
    """What one question in trouble says is not that no presence is kept."""
    fresh.home.answer("GET .*/presence/", (500, {}, {"errcode": "M_UNKNOWN"}),
                      (200, {}, {"presence": "online"}))
    fresh.start()

    def come(nick):
        name = fresh.things.name(nick)
        fresh.things.irc(fresh.irc, name).join(fresh.channel)
        wait_for("presence",
                 lambda: fresh.home.count(f"PUT .*/presence/.*{name}"))
    wait_for("a question",
             lambda: fresh.home.count("GET .*/presence/") == 1)
    come("cyd")
    wait_for("another question",
             lambda: fresh.home.count("GET .*/presence/") == 2)
    come("eve")


def test_what_the_homeserver_forgot_to_push_is_asked_for(pair):
    event = pair.home.event
    pushed, kept = event("pushed"), event("kept back")
    assert pair.home.push(pushed) == 200
    pair.home.unpushed = bare([pushed, kept])
    assert heard(pair, "kept back") == ["pushed", "kept back"]
    # it comes late
    assert pair.home.push(kept) == 200
    pair.home.says("the end")
    assert heard(pair, "the end")[2:] == ["the end"]
