# SPDX-License-Identifier: MIT
"""A channel with many people on Matrix: they come one by one, whoever speaks
first; who is split away and comes back costs the homeserver nothing."""

import re

import pytest

from tests.support.bridge import irc_network, matrix_network
from tests.support.process import free_ports, wait_for
from tests.support.scripted_hs import ROOM, ScriptedHomeserver
from tests.support.scripted_irc import ScriptedIrc

CROWD = 400
CHANNEL = "#crowd"
SPLIT = "hub.example.net leaf.example.net"


class Place:
    def __init__(self, things, members):
        self.irc = ScriptedIrc(members)
        self.home = ScriptedHomeserver(things.folder / things.name("hs"),
                                       free_ports(1)[0])
        things.servers += [self.irc, self.home]
        self.bridge = things.bridge(
            {"irc": irc_network(self.irc, puppets=0),
             "matrix": matrix_network(self.home, self.home.service)},
            {"lobby": [f"irc:{CHANNEL}", f"matrix:{ROOM}"]}, level="info")
        self.bridge.start()

    def line(self, who, text):
        self.irc.sessions[0].raw(f":{who}!u@h {text}\r\n".encode())

    def says(self, who, text):
        self.line(who, f"PRIVMSG {CHANNEL} :{text}")
        return self.home.wait_said(text)

    def made(self):
        return self.home.count("POST .*/register")

    def moves(self):
        """Of puppets in the room, both ways."""
        return self.home.count(r"POST .*/rooms/.*/(join|leave)")

    def close(self):
        self.bridge.stop()
        self.irc.close()
        self.home.close()


@pytest.fixture
def place(closing):
    places = []

    def make(members):
        places.append(Place(closing, members))
        return places[-1]

    yield make
    for one in places:
        one.close()


def is_puppet_of(said, name):
    return re.search(rf"_{name}(:|_)", said.user) is not None


def test_who_speaks_comes_before_a_crowd_that_is_silent(place):
    names = [f"p{n}" for n in range(CROWD)]
    here = place(names)
    wait_for("the first to come", here.made, 30)
    for name in (names[-1], names[CROWD // 2]):
        said = here.says(name, f"{name} speaks")
        assert is_puppet_of(said, name), said.user
    # all of them would take half a minute at least, so that this is no race
    assert here.made() < CROWD
    # silent they come at a pace, after a first few
    times = [at for at, call in here.home.times if "/register" in call]
    assert len(times) < 30 + (times[-1] - times[0]) / 0.1


def test_a_split_and_its_end_cost_nothing(place):
    names = [f"p{n}" for n in range(12)]
    here = place(names)
    wait_for("all to have come", lambda: here.moves() == len(names), 30)
    for name in names[1:]:
        here.line(name, f"QUIT :{SPLIT}")
    here.says("p0", "alone")
    for name in names[1:]:
        here.line(name, f"JOIN {CHANNEL}")
    for name in names:
        said = here.says(name, f"{name} is here")
        assert is_puppet_of(said, name), said.user
    assert here.moves() == len(names)
    assert here.home.count("PUT .*/displayname") == len(names)
