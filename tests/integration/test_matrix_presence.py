# SPDX-License-Identifier: MIT
"""How reachable people are, where the homeserver keeps that."""

import time

import pytest

from tests.integration.conftest import Things, make_trio
from tests.support.matrix_peer import MatrixPeer
from tests.support.process import wait_for

# shares all servers but the homeserver with test_matrix_faults.py
pytestmark = pytest.mark.xdist_group("homeserver")


@pytest.fixture(scope="module")
def one_crowd(farm, folder):
    things = Things(folder)
    yield make_trio(farm, things, homeserver="synapse+presence")
    things.close()


@pytest.fixture
def crowd(one_crowd, request):
    request.node.things = one_crowd.things
    return one_crowd


def is_shown(t, nick, presence, status):
    """On Matrix; asked again and again, because nobody tells the peer."""
    ghost = t.mia.puppet(t.place, nick)

    def seen():
        found = t.mia.presence_of(ghost)
        return (found["presence"] == presence and
                found.get("status_msg", "") == status)
    wait_for(f"{nick} to be {presence}", seen, 20)


def test_people_of_matrix_are_away_and_back(crowd):
    """Who is offline stays where they are. Noa has no client that asks all
    the time, which would make her online."""
    t = crowd
    name = t.things.name("Noa")
    noa = MatrixPeer(t.synapse, name.lower())
    noa.set_name(name)
    noa.join(t.place)
    t.ann.wait_occupant(t.room, name)
    for presence, show, status, away in (
            ("unavailable", "away", "lunch", "lunch"),
            ("offline", "xa", "", "gone for longer"),
            ("online", "", "", None)):
        mark = t.ann.mark()
        noa.set_presence(presence, status)
        t.ann.wait_for(lambda s: s.kind == "presence" and not s.type and
                       s.nick == name and s.show == show and
                       s.status == status, 20, mark)

        def told():
            noa.set_presence(presence, status)  # or she is soon offline
            since = t.bob.mark()
            t.bob.send(f"WHOIS {name}")
            found = t.bob.wait_for(lambda m: m.command in ("301", "318"), 10,
                                   since)
            return (found.text if found.command == "301" else None) == away
        wait_for("away", told, 20)
        assert name in t.ann.occupants(t.room)
    noa.leave(t.place)


def test_who_is_in_a_roster_is_shown_there(crowd):
    """Online, away, and offline, without being asked again."""
    t = crowd
    name = t.things.name("kim")
    kim = MatrixPeer(t.synapse, name)
    kim.join(t.place)
    t.ann.wait_occupant(t.room, name)
    address = f"\\40{name}\\3alocalhost%matrix@gw.localhost"
    t.ann.send("<presence/>")
    mark = t.ann.mark()
    t.ann.send(f"<presence to='{address}' type='subscribe'/>")

    def is_shown_as(kind, show):
        t.ann.wait_for(lambda s: s.kind == "presence" and
                       s.bare == address and s.type == kind and
                       s.show == show, 20, mark)
    t.ann.wait_for(lambda s: s.type == "subscribe" and s.bare == address,
                   20, mark)
    t.ann.send(f"<presence to='{address}' type='subscribed'/>")
    for presence, kind, show in (("online", "", ""),
                                 ("unavailable", "", "away"),
                                 ("offline", "unavailable", "")):
        kim.set_presence(presence)
        is_shown_as(kind, show)
    t.ann.send(f"<presence to='{address}' type='unsubscribe'/>")
    kim.leave(t.place)


def test_people_of_others_are_away_and_back_on_matrix(crowd):
    t = crowd
    is_shown(t, t.ann_nick, "online", "")
    t.ann.presence("away", "at the door", room=t.room)
    is_shown(t, t.ann_nick, "unavailable", "at the door")
    t.ann.presence("dnd", "", room=t.room)
    is_shown(t, t.ann_nick, "online", "do not disturb")
    t.bob.send("AWAY :lunch")
    is_shown(t, t.bob.nick, "unavailable", "lunch")
    t.bob.send("AWAY")
    is_shown(t, t.bob.nick, "online", "")


def test_how_people_were_before_the_bridge_came_is_asked(crowd):
    """The homeserver tells changes only, and she does not change."""
    t = crowd
    name = t.things.name("Kai")
    kai = MatrixPeer(t.synapse, name.lower())
    kai.set_name(name)
    kai.set_presence("offline", "gone home")
    t.bridge.stop()
    kai.join(t.place)
    mark = t.ann.mark()
    t.bridge.start()
    t.ann.wait_for(lambda s: s.kind == "presence" and not s.type and
                   s.nick == name and s.show == "xa", 20, mark)
    kai.leave(t.place)


@pytest.mark.long
def test_who_does_nothing_stays_online_on_matrix(crowd):
    """The homeserver takes puppets for offline after half a minute in which
    it hears nothing of them."""
    t = crowd
    t.ann.presence(room=t.room)
    is_shown(t, t.ann_nick, "online", "")
    ghost, since = t.mia.puppet(t.place, t.ann_nick), time.monotonic()

    def half_a_minute_later():
        assert t.mia.presence_of(ghost)["presence"] == "online"
        return time.monotonic() - since > 32
    wait_for("half a minute", half_a_minute_later, 40, 1)
