# SPDX-License-Identifier: MIT
"""Fixtures: real servers, started once for each worker; a bridge between two
of them for each test; and what everybody wrote, shown when a test fails.

Names of people, rooms and channels are new for each test, so that tests share
servers without meeting.
"""

import dataclasses
import itertools

import pytest

from tests.support import servers
from tests.support.bridge import (Bridge, irc_network, matrix_network,
                                  xmpp_network)
from tests.support.irc_peer import IrcPeer
from tests.support.matrix_peer import MatrixPeer
from tests.support.mqtt_peer import MqttPeer
from tests.support.process import stop_with_us, temporary_folder
from tests.support.xmpp_peer import XmppPeer

_number = itertools.count(1)


def pytest_configure(config):
    for line in ("timed: judged by time, memory or the number of repetitions "
                 "at full speed, and so not under sanitizers",
                 "long: waits for a bound of many seconds; begun first",
                 "again: with the other XMPP server, or the same row of a "
                 "table in another direction; not under sanitizers",
                 "sanitized: only under sanitizers, if everything is run; "
                 "its twin with other servers is not"):
        config.addinivalue_line("markers", line)
    if hasattr(config, "workerinput"):
        stop_with_us()


def pytest_collection_modifyitems(items):
    for item in items:
        if "ejabberd" in item.name:
            item.add_marker(pytest.mark.again)
    items[:] = spread(items)


def spread(items):
    """First those that are all for one worker, because they share a slow
    server. Then the long ones early, and far from each other: xdist deals the
    list out in pieces, and nobody should wait in the end for a piece full of
    them."""
    grouped = [item for item in items if item.get_closest_marker("xdist_group")]
    items = [item for item in items if item not in grouped]
    long = [item for item in items if item.get_closest_marker("long")]
    rest = [item for item in items if not item.get_closest_marker("long")]
    step = max(len(rest) // 2 // max(len(long), 1), 1)
    for number, item in enumerate(long):
        rest.insert(number * (step + 1), item)
    return grouped + rest


class Farm:
    """Servers by name, started when first asked for."""

    def __init__(self, folder):
        self.folder = folder
        self._started = {}

    def get(self, name):
        if name not in self._started:
            if name == "atheme":
                server = servers.Atheme(self.folder / name,
                                        self.get("inspircd"))
            elif name == "synapse":
                server = servers.Synapse(self.folder / name)
            elif name == "synapse+presence":
                server = servers.Synapse(self.folder / name, services=3,
                                         presence=True)
            elif name.endswith("+mam"):
                kind = servers.XMPP[name[:-4]]
                server = kind(self.folder / name, mam=True)
            else:
                kind = {**servers.XMPP, **servers.IRC,
                        **servers.MQTT}[name]
                server = kind(self.folder / name)
            self._started[name] = server
            server.start()
        server = self._started[name]
        if not server.process.alive():
            server.start()  # a test that failed left it dead
        return server

    def stop(self):
        for server in reversed(self._started.values()):
            server.stop()


@pytest.fixture(scope="session")
def folder():
    return temporary_folder()


@pytest.fixture(scope="session")
def farm(folder):
    farm = Farm(folder)
    yield farm
    farm.stop()


@pytest.fixture
def closing(folder, request):
    """Peers and bridges to be ended with the test, last first. A bridge must
    end well: whatever a sanitizer found fails the test."""
    things = Things(folder)
    request.node.things = things
    yield things
    things.close()


@pytest.fixture
def disks():
    """To be asked for before the bridge, which ends before they do."""
    made = []
    yield made
    for disk in made:
        disk.close()


class Things:
    def __init__(self, folder):
        self.folder = folder
        self.number = next(_number)
        self.peers, self.bridges, self.servers = [], [], []

    def name(self, stem):
        """A name that no other test has."""
        return f"{stem}{self.number}"

    def irc(self, server, nick, timeout=15, **options):
        peer = IrcPeer(nick, server.host, server.port, **options)
        self.peers.append(peer)
        return peer.connect(timeout)

    def xmpp(self, server, user, **options):
        peer = XmppPeer(user, server.port, **options)
        self.peers.append(peer)
        return peer.connect()

    def matrix(self, server, user):
        peer = MatrixPeer(server, user)
        self.peers.append(peer)
        return peer.connect()

    def mqtt(self, server, **options):
        peer = MqttPeer(server.host, options.pop("port", server.port),
                        **options)
        self.peers.append(peer)
        return peer.connect()

    def bridge(self, networks, links, **options):
        """Made, not started."""
        where = self.folder / f"bridge{self.number}-{len(self.bridges)}"
        bridge = Bridge(where, networks, links, **options)
        self.bridges.append(bridge)
        return bridge

    def close(self):
        problems = []
        for bridge in reversed(self.bridges):
            if bridge.process is None:
                continue
            try:
                if bridge.process.alive():
                    bridge.stop()
                else:
                    bridge.check()
            except AssertionError as problem:
                problems.append(str(problem))
        for peer in reversed(self.peers):
            peer.quit() if isinstance(peer, IrcPeer) else peer.close()
        assert not problems, "\n".join(problems)

    def logs(self):
        """(title, text) of all that may explain a failure."""
        return ([("causewayd", b.logs()) for b in self.bridges] +
                [(s.name, s.logs(30)) for s in self.servers])


@dataclasses.dataclass
class Pair:
    """A room and a channel in one link; ann is in the room, bob in the
    channel, each shown on the other side under the name in ann_nick and
    bob.nick. ann owns the room and bob has the channel's operator mode."""

    xmpp: object
    irc: object
    room: str
    channel: str
    ann: XmppPeer
    ann_nick: str
    bob: IrcPeer
    bridge: Bridge
    things: Things

    def join_irc(self, stem, channel=None, **options):
        peer = self.things.irc(self.irc, self.things.name(stem), **options)
        peer.join(channel or self.channel)
        return peer

    def join_xmpp(self, user, stem=None, room=None):
        peer = self.things.xmpp(self.xmpp, user)
        return peer.join(room or self.room, self.things.name(stem or user))

    def both_ways(self, timeout=20):
        """A line in each direction arrives, under whatever name."""
        token = f"token{next(_number)}"
        mark = self.ann.mark()
        self.bob.say(self.channel, f"{token} to the room")
        self.ann.wait_text(f"{token} to the room", timeout, mark,
                           room=self.room)
        mark = self.bob.mark()
        self.ann.say(self.room, f"{token} to the channel")
        self.bob.wait_text(f"{token} to the channel", timeout, mark,
                           target=self.channel)


COMBINATIONS = [("prosody", "ngircd"), ("prosody", "inspircd"),
                ("ejabberd", "ngircd"), ("ejabberd", "inspircd")]


def make_pair(things, xmpp, irc, xmpp_options=None, irc_options=None,
              start=True, caps=("away-notify", "server-time")):
    things.servers += [xmpp, irc]
    room = f"{things.name('room')}@{xmpp.rooms}"
    channel = "#" + things.name("chan")
    ann_nick = things.name("Ann")
    ann = things.xmpp(xmpp, "ann").join(room, ann_nick)
    bob = things.irc(irc, things.name("bob"), caps=caps)
    bob.join(channel)
    bridge = things.bridge(
        {"xmpp": xmpp_network(xmpp, **(xmpp_options or {})),
         "irc": irc_network(irc, **(irc_options or {}))},
        {"lobby": [f"xmpp:{room}", f"irc:{channel}"]})
    pair = Pair(xmpp, irc, room, channel, ann, ann_nick, bob, bridge, things)
    if start:
        bridge.start()
        ann.wait_occupant(room, bob.nick)
        bob.wait_for(lambda m: m.command == "JOIN" and m.nick == ann_nick)
    return pair


@pytest.fixture(params=COMBINATIONS, ids="-".join)
def servers_pair(request, farm):
    return tuple(farm.get(name) for name in request.param)


@pytest.fixture
def pair(servers_pair, closing):
    return make_pair(closing, *servers_pair)


@pytest.fixture
def one_pair(farm, closing):
    """For what does not depend on the servers."""
    return make_pair(closing, farm.get("prosody"), farm.get("inspircd"))


@dataclasses.dataclass
class Trio:
    """A room, a channel and a Matrix room in one link: ann, bob and mia are
    in them, and each is shown in the two others under the same name."""

    ann: XmppPeer
    ann_nick: str
    room: str
    bob: IrcPeer
    channel: str
    mia: MatrixPeer
    mia_nick: str
    place: str
    service: object
    synapse: object
    bridge: Bridge
    things: Things

    def here(self):
        """Everybody sees everybody."""
        self.ann.wait_occupant(self.room, self.bob.nick)
        self.ann.wait_occupant(self.room, self.mia_nick)
        self.mia.wait_member(self.place, self.ann_nick)
        self.mia.wait_member(self.place, self.bob.nick)
        self.bob.wait_for(lambda m: m.command == "JOIN" and
                          m.nick == self.mia_nick)
        return self

    def all_ways(self, timeout=20):
        token = f"token{next(_number)}"
        marks = self.ann.mark(), self.bob.mark(), self.mia.mark()
        self.ann.say(self.room, f"{token} ann")
        self.bob.say(self.channel, f"{token} bob")
        self.mia.say(self.place, f"{token} mia")
        for who in ("bob", "mia"):
            self.ann.wait_text(f"{token} {who}", timeout, marks[0],
                               room=self.room)
        for who in ("ann", "mia"):
            self.bob.wait_text(f"{token} {who}", timeout, marks[1],
                               target=self.channel)
        for who in ("ann", "bob"):
            self.mia.wait_text(f"{token} {who}", timeout, marks[2],
                               self.place)


EVERY_KIND = ["message", "edit", "redaction", "reaction", "topic", "join",
              "part", "rename", "presence", "typing", "receipt", "name",
              "picture"]


def make_trio(farm, things, start=True, top=None, homeserver="synapse",
              **options):
    xmpp, irc = farm.get("prosody+mam"), farm.get("inspircd")
    synapse = farm.get(homeserver)
    things.servers += [xmpp, irc, synapse]
    room = f"{things.name('room')}@{xmpp.rooms}"
    channel = "#" + things.name("chan")
    ann_nick, mia_nick = things.name("Ann"), things.name("Mia")
    ann = things.xmpp(xmpp, "ann").join(room, ann_nick)
    bob = things.irc(irc, things.name("bob"), caps=("message-tags",
                                                    "echo-message"))
    bob.join(channel)
    mia = things.matrix(synapse, things.name("mia"))
    mia.set_name(mia_nick)
    service = synapse.service()
    place = mia.create(power_level_content_override={
        "users": {mia.id: 100, service.bot_id: 50}})
    bob.send(f"MODE {channel} -t")
    bridge = things.bridge(
        {"xmpp": xmpp_network(xmpp, receipts="all"), "irc": irc_network(irc),
         "matrix": matrix_network(synapse, service,
                                  **{"receipts": "all", **options})},
        {"lobby": {"kinds": EVERY_KIND, "channels": [
            f"xmpp:{room}", f"irc:{channel}", f"matrix:{place}"]}},
        top=top)
    trio = Trio(ann, ann_nick, room, bob, channel, mia, mia_nick, place,
                service, synapse, bridge, things)
    if start:
        bridge.start()
        trio.here()
    return trio


@pytest.fixture
def trio(farm, closing):
    return make_trio(farm, closing)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if not report.failed:
        return
    things = getattr(item, "things", None)
    if things:
        report.sections += things.logs()
