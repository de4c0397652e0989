# SPDX-License-Identifier: MIT
"""What is said in a room while the bridge is away arrives when it is back:
once, in order, with the time at which it was said. From the archive where
the room has one, else from its history."""

import re

import pytest

from .conftest import make_pair
from .faulty import Faulty

SERVERS = ("prosody+mam", "prosody", "ejabberd", "ejabberd+mam")
LATE = re.compile(r"^\[\d\d:\d\d\] ")


@pytest.fixture(params=SERVERS)
def room_pair(request, farm, closing):
    return make_pair(closing, farm.get(request.param), farm.get("inspircd"))


@pytest.fixture
def faulty(farm, closing):
    """Makes a pair behind fault proxies."""
    closing.proxies = []

    def make(xmpp):
        return Faulty(closing, farm.get(xmpp), farm.get("inspircd"))
    yield make
    for proxy in closing.proxies:
        proxy.close()


def said(texts, token):
    """The texts that hold token, without the time in front."""
    return [LATE.sub("", t) for _nick, t in texts if token in t]


def warm_up(pair):
    """Something from the room is kept, so that there is a place to go on."""
    pair.both_ways()


def miss(pair, stop, n=5):
    """n lines in the room while nobody listens; all that bob then saw."""
    token = pair.things.name("missed")
    lines = [f"{token} {i}" for i in range(n)]
    mark = pair.bob.mark()
    stop()
    for line in lines:
        pair.ann.say(pair.room, line)
    pair.ann.barrier()
    pair.bridge.start()
    pair.both_ways() # behind all that is late
    texts = pair.bob.texts(pair.channel, mark)
    assert all(LATE.match(t) for _nick, t in texts if token in t), texts
    assert said(texts, token) == lines
    return token


def test_what_was_said_during_a_restart_arrives_once(room_pair):
    warm_up(room_pair)
    miss(room_pair, room_pair.bridge.stop)


def test_what_was_said_after_kill_9_arrives_once(room_pair):
    warm_up(room_pair)
    miss(room_pair, room_pair.bridge.kill9)


@pytest.mark.long
def test_a_clean_restart_doubles_nothing(room_pair):
    warm_up(room_pair)
    token = miss(room_pair, room_pair.bridge.stop)
    mark, room_mark = room_pair.bob.mark(), room_pair.ann.mark()
    room_pair.bridge.restart()
    room_pair.both_ways()
    room_pair.bridge.restart()
    room_pair.both_ways()
    assert said(room_pair.bob.texts(room_pair.channel, mark), token) == []
    heard = said(room_pair.bob.texts(room_pair.channel, mark),
                 "to the channel")
    shown = said(room_pair.ann.texts(room_pair.room, room_mark),
                 "to the room")
    assert len(heard) == len(set(heard)) == 2, heard
    assert len(shown) == len(set(shown)) == 2, shown


def test_more_than_a_page_arrives_in_order(farm, closing):
    pair = make_pair(closing, farm.get("prosody+mam"), farm.get("inspircd"))
    warm_up(pair)
    miss(pair, pair.bridge.stop, 120)


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("how", ("kill", "reset"))
def test_what_was_shown_but_not_confirmed_is_not_doubled(faulty, how, server):
    faulty = faulty(server)
    pair = faulty.pair
    warm_up(pair)
    mark = pair.ann.mark()
    token = pair.things.name("burst")
    lines = [f"{token} {i}" for i in range(4)]
    faulty.xmpp.change("down", drop=True) # no reflection comes back
    for line in lines:
        pair.bob.say(pair.channel, line)
    pair.ann.wait_text(lines[-1], 20, mark, room=pair.room)
    if how == "kill":
        pair.bridge.kill9()
    faulty.xmpp.reset()
    faulty.xmpp.clear()
    if how == "kill":
        pair.bridge.start()
    faulty.wait_back()
    assert said(pair.ann.texts(pair.room, mark), token) == lines
