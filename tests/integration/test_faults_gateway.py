# SPDX-License-Identifier: MIT
"""The fault catalogue for users of a gateway: numbered lines between two of
them and somebody on IRC, in the room and in private, while connections break.
Who is out of the channel is told, and may enter again; what was taken arrives,
or comes back; what was not taken comes back at once.
"""

import pytest

from tests.campaign.visit import ON_IRC, Visit
from tests.support.process import wait_for
from tests.support.proxy import Proxy

from .faulty import WINDOW
from .test_faults_rooms import operate

QUICK = {"ping": 5, "timeout": 5}  # of IRC


class Trouble:
    """A visit whose bridge reaches both servers through a fault proxy."""

    def __init__(self, things, xmpp, irc):
        self.xmpp, self.irc = Proxy(xmpp.component_port), Proxy(irc.port)
        self.visit = Visit(
            things, xmpp, irc, WINDOW,
            {"server": f"127.0.0.1:{self.xmpp.port}", "ping": 5},
            {"server": f"127.0.0.1:{self.irc.port}", **QUICK})
        self.bridge = self.visit.bridge
        self.ann, self.carol = self.visit.clients
        self.talk = self.visit.start_traffic()
        self.talk.to_room.wait_said(3)

    def wait_out(self, *clients):
        """They have been told; returns what ann was."""
        for client in clients:
            wait_for(f"{client.nick} to be told", lambda c=client: c.outs, 30)
        return clients[0].outs[0]

    def audit(self, losses, told=True):
        """losses: of connections to IRC. told: nobody is left without a
        word."""
        tallies = self.talk.settle(40)
        for name, tally in tallies.items():
            assert not tally.lost, f"{name}: {tally}"
            assert not tally.disordered, f"{name}: {tally}"
            bound = WINDOW * losses if name in ON_IRC else 0
            assert tally.doubled <= bound, f"{name}: {tally}"
        for stream in (self.talk.to_channel, self.talk.to_bob):
            assert not told or not self.talk.untold(stream)

    def close(self):
        self.talk.stop()
        self.visit.close()
        self.xmpp.close()
        self.irc.close()


@pytest.fixture
def trouble(farm, closing):
    made = []

    def make(xmpp="prosody", irc="inspircd"):
        made.append(Trouble(closing, farm.get(xmpp), farm.get(irc)))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("irc", ["inspircd", "ngircd"])
def test_fault_36_a_killed_connection_is_told_to_its_owner_alone(trouble, irc):
    it = trouble(irc=irc)
    operate(it.visit.bob)
    it.visit.bob.send(f"KILL {it.ann.nick} :too many words")
    out = it.wait_out(it.ann)
    assert {110, 333} <= out.codes
    # a server that closes before it has read all takes its words back
    assert "too many words" in out.status or "reset by peer" in out.status
    it.visit.wait_ready()
    it.audit(1)
    assert not it.carol.outs


@pytest.mark.parametrize("xmpp, irc", [("prosody", "inspircd"),
                                       ("ejabberd", "ngircd")])
def test_fault_17_a_cut_to_the_network_is_told_to_all(trouble, xmpp, irc):
    it = trouble(xmpp, irc)
    it.irc.reset()
    out = it.wait_out(it.ann, it.carol)
    assert {110, 333} <= out.codes and out.status
    it.visit.wait_ready()
    it.audit(1)


@pytest.mark.parametrize("xmpp", ["prosody", "ejabberd"])
def test_fault_17_a_cut_to_the_xmpp_server_throws_nobody_out(trouble, xmpp):
    it = trouble(xmpp)
    mark = len(it.bridge.log())
    it.xmpp.reset()
    it.bridge.wait_log("down:", "xmpp", 20, mark)
    it.bridge.wait_log("up after", "xmpp", 40, mark)
    # what was in the connection is in no room either, and its author sees it
    it.audit(0, told=False)
    assert not it.ann.outs and not it.carol.outs


@pytest.mark.long
def test_fault_16_a_network_that_falls_silent_is_given_up(trouble):
    it = trouble()
    it.irc.change("down", drop=True)
    it.wait_out(it.ann, it.carol)
    it.irc.clear()
    it.visit.wait_ready()
    it.audit(1)
