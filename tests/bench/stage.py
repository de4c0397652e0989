# SPDX-License-Identifier: MIT
"""Servers for the whole run, and a bridge for each figure."""

import contextlib

from tests.support import servers
from tests.support.bridge import Bridge, irc_network, xmpp_network
from tests.support.process import temporary_folder

from .load import Load


class Place:
    """A room and a channel, and who is in them."""

    def __init__(self, stage, name):
        self.stage, self.load = stage, stage.load
        self.name = name
        self.room = f"{name}@{stage.prosody.rooms}"
        self.channel = f"#{name}"
        self.groups = []

    def _made(self, kind, group, *words):
        self.load.do(kind, group, *words)
        self.groups.append(group)

    def irc(self, group, letter, count=1, channel=None):
        self._made("irc", group, self.stage.inspircd.port, letter, count,
                   channel or self.channel)

    def client(self, user):
        self._made("client", user, self.stage.prosody.port, user, self.room)

    def occupants(self, group, letter, count):
        """Of a component that is not the bridge's. Makes the room."""
        server = self.stage.prosody
        if group not in self.groups:
            self._made("component", group, server.component_port,
                       "gw2.localhost", server.secret)
        self.load.do("occupy", group, letter, count, self.room)

    def leave(self, *groups):
        for group in groups or list(self.groups):
            self.load.do("close", group)
            self.groups.remove(group)

    def bridge(self, folder=None, xmpp=None, queue=None, **irc):
        stage = self.stage
        return Bridge(
            (folder or stage.folder) / self.name,
            {"xmpp": xmpp_network(stage.prosody, **(xmpp or {})),
             "irc": irc_network(stage.inspircd, **{"puppets": 2000, **irc})},
            {"bench": [f"xmpp:{self.room}", f"irc:{self.channel}"]},
            level="info", queue=queue)


class Stage:
    def __init__(self):
        self.folder = temporary_folder("causeway-bench-")
        self.prosody = servers.Prosody(self.folder / "prosody")
        self.prosody.log_level = "error"
        self.inspircd = servers.Inspircd(self.folder / "inspircd")
        self.load = None
        self.number = 0

    def __enter__(self):
        self.prosody.start()
        self.inspircd.start()
        self.load = Load()
        return self

    def __exit__(self, *_unused):
        self.load.close()
        self.inspircd.stop()
        self.prosody.stop()

    @contextlib.contextmanager
    def place(self):
        """A new one; everybody leaves it in the end."""
        self.number += 1
        place = Place(self, f"bench{self.number}")
        try:
            yield place
        finally:
            place.leave()


@contextlib.contextmanager
def running(bridge, wait=True):
    if wait:
        bridge.start()
    else:
        bridge.launch()
    try:
        yield bridge
    finally:
        bridge.stop()
