# SPDX-License-Identifier: MIT
"""A pair whose bridge has to bear something; ann and bob reach their servers
directly, and so see what really happened."""

import os

from tests.support.audit import Traffic
from tests.support.process import wait_for
from tests.support.proxy import Proxy

from .conftest import make_pair

# The published bound of doubles is one window for each lost connection.
WINDOW = 5
GROWTH_KIB = 16 * 1024


class Watched:
    """pair, whose bridge something is done to."""

    def __init__(self, pair):
        self.pair = pair
        self.bridge = pair.bridge
        self.traffic = None

    def begin(self, **options):
        """Numbered lines in both directions."""
        self.traffic = Traffic(self.pair, **options)
        self.traffic.wait_said(5)
        return self.traffic

    def rejoin(self, network):
        """The person of that network is back after the server was away."""
        pair = self.pair
        if network == "irc":
            wait_for("bob to have read all", lambda: pair.bob.closed)
            pair.bob.close()
            pair.bob = pair.things.irc(pair.irc, pair.things.name("bob"))
            pair.bob.join(pair.channel)
        else:
            wait_for("ann to have read all", lambda: pair.ann.closed)
            pair.ann.abort()
            pair.ann = pair.things.xmpp(pair.xmpp, "ann")
            pair.ann.join(pair.room, pair.ann_nick)
        if self.traffic:
            self.traffic.replaced()

    def wait_back(self, timeout=40):
        """Until lines get through again, in both directions."""
        traffic = self.traffic or Traffic(self.pair)
        traffic.wait_through(timeout)
        if not self.traffic:
            traffic.stop()

    def files(self):
        return len(os.listdir(f"/proc/{self.bridge.process.pid}/fd"))

    def memory_kib(self):
        with open(f"/proc/{self.bridge.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status
                        if line.startswith("VmRSS"))

    def grew_little(self, since_kib):
        """ASan keeps what was freed for a while, and so says nothing."""
        with open(f"/proc/{self.bridge.process.pid}/maps") as maps:
            if "libasan" in maps.read():
                return True
        return self.memory_kib() - since_kib < GROWTH_KIB

    def wait_files(self, most):
        """Whatever was lost has been closed."""
        wait_for(f"at most {most} open files", lambda: self.files() <= most,
                 20)


class Faulty(Watched):
    """With a fault proxy before each server, for the bridge only: .irc and
    .xmpp; options go to the networks."""

    def __init__(self, things, xmpp, irc, xmpp_options=None, irc_options=None,
                 start=True, buffer=0, before=None):
        self.xmpp = Proxy(xmpp.component_port, buffer)
        self.irc = Proxy(irc.port, buffer)
        things.proxies += [self.xmpp, self.irc]
        if before:
            before(self)
        super().__init__(make_pair(
            things, xmpp, irc, start=start,
            xmpp_options={"server": f"127.0.0.1:{self.xmpp.port}",
                          "window": WINDOW, **(xmpp_options or {})},
            irc_options={"server": f"127.0.0.1:{self.irc.port}",
                         "window": WINDOW, **(irc_options or {})}))
        things.servers += [self.xmpp, self.irc]

    def proxy(self, network):
        return getattr(self, network)

    def cut(self, network):
        """RST to every connection of that network, and no way back yet."""
        self.proxy(network).refuse()
        self.proxy(network).reset()

    def restore(self, network):
        self.proxy(network).refuse(False)
        self.proxy(network).clear()
