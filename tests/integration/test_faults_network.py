# SPDX-License-Identifier: MIT
"""The fault catalogue, as far as packets are lost on their way: the bridge and
real servers in a network of their own, see tests/support/namespace.py. Unlike
behind a proxy nobody's kernel learns of anything: no end, no reset, and what
was sent is sent again and again.
"""

import pytest

from tests.support import servers
from tests.support.namespace import Namespace
from tests.support.process import wait_for

from .conftest import make_pair
from .faulty import WINDOW, Watched

HALF_OPEN_S = 45
QUICK = {"ping": 5, "timeout": 5}  # of IRC


class Island:
    """A namespace, and the servers in it, started when first asked for."""

    def __init__(self, folder):
        self.folder = folder
        self.space = Namespace(folder)
        self._started = {}

    def get(self, name):
        if name not in self._started:
            kind = {**servers.XMPP, **servers.IRC}[name]
            self._started[name] = kind(self.folder / name).move_in(self.space)
            self._started[name].start()
        server = self._started[name]
        if not server.process.alive():
            server.start()
        return server

    def stop(self):
        for server in self._started.values():
            server.stop()
        self.space.stop()


@pytest.fixture(scope="module")
def island(folder):
    island = Island(folder / "island")
    yield island
    island.stop()


class Castaway(Watched):
    """A pair whose bridge is on the island."""

    def __init__(self, things, island, irc="ngircd", timing=None):
        self.space = island.space
        pair = make_pair(things, island.get("prosody"), island.get(irc),
                         start=False,
                         xmpp_options={"window": WINDOW, "ping": 5},
                         irc_options={"window": WINDOW, **(timing or {})})
        super().__init__(pair)
        self.bridge.inside = island.space
        self.bridge.start()
        pair.ann.wait_occupant(pair.room, pair.bob.nick, 20)
        self.ports = {"irc": pair.irc.port, "xmpp": pair.xmpp.component_port}

    def lose(self, network, *how, **more):
        self.space.lose(self.ports[network], *how, **more)

    def audit(self, network, losses=1):
        """No more doubles than that many lost connections explain."""
        bound = losses * WINDOW
        self.traffic.audit(*((bound, 0) if network == "irc" else (0, bound)))


@pytest.fixture
def castaway(island, closing):
    def make(**options):
        return Castaway(closing, island, **options)
    yield make
    island.space.heal()


# None: as a configuration has it if it says nothing. Prosody does not know
# that the connection is gone, and refuses the next one until it does.
HOLES = [("irc", "both", None), ("xmpp", "both", None),
         ("irc", "up", QUICK), ("irc", "down", QUICK)]


@pytest.mark.long
@pytest.mark.parametrize("network, direction, timing", HOLES)
def test_fault_16_and_18_packets_that_vanish_are_noticed(castaway, network,
                                                         direction, timing):
    it = castaway(timing=timing)
    it.begin()
    files = it.files()  # with the connection of ann's puppet
    it.lose(network, direction)
    it.bridge.wait_log("down:", network, HALF_OPEN_S if not timing else 15)
    assert it.space.lost()
    it.space.heal()
    it.wait_back()
    it.audit(network)
    it.wait_files(files)


def test_fault_16_a_host_that_crashed_knows_nothing_of_us(castaway):
    """Its server is there again, and the connections were never ended."""
    it = castaway(timing=QUICK)
    it.begin()
    it.lose("irc")
    it.pair.irc.kill9()
    it.pair.irc.start()
    it.rejoin("irc")
    it.space.heal()
    it.wait_back()
    it.audit("irc")


@pytest.mark.parametrize("network", ["irc", "xmpp"])
def test_fault_17_a_firewall_that_resets_is_outlived(castaway, network):
    it = castaway()
    it.begin()
    it.space.refuse(it.ports[network])
    it.bridge.wait_log("down:", network, 20)
    assert it.space.lost()
    it.space.heal()
    it.wait_back()
    it.audit(network)


@pytest.mark.parametrize("irc", ["ngircd", "inspircd"])
def test_fault_18_a_line_that_loses_packets_loses_no_message(castaway, irc):
    """Every tenth one, in both directions: late, but once, and nobody is
    given up."""
    it = castaway(irc=irc)
    it.begin()
    it.lose("irc", one_in=10)
    it.lose("xmpp", one_in=10)
    it.traffic.wait_said(60)
    assert it.space.lost()
    it.traffic.audit(heard=True)


def test_fault_19_a_partition_is_made_good_in_order(castaway):
    """Also the attempts to connect get no answer. What waits comes in order;
    the other network notices nothing."""
    it = castaway(timing=QUICK)
    pair = it.pair
    it.lose("irc")
    it.bridge.wait_log("down:", "irc", 20)
    before = it.space.lost()
    for n in range(300):
        pair.ann.say(pair.room, f"parted-{n:03}")
    wait_for("all of it to be kept", lambda: it.bridge.query(
        "SELECT count(*) FROM event WHERE text LIKE 'parted-%'") == [(300,)])
    wait_for("an attempt to connect", lambda: it.space.lost() > before)
    it.space.heal()
    pair.bob.wait_text("parted-299", 40)
    shown = [text for _, text in pair.bob.texts(pair.channel)
             if text.startswith("parted-")]
    assert list(dict.fromkeys(shown)) == [f"parted-{n:03}" for n in range(300)]
    assert len(shown) <= 300 + WINDOW
    assert not it.bridge.downs("xmpp")
