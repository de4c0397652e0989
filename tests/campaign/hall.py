# SPDX-License-Identifier: MIT
"""A Matrix room and a channel in a link under the campaign's kills. The
homeserver keeps what we have not taken, and knows again what we have sent: so
each line of the room must come, and in the room none may come twice.
"""

import re
import uuid

from tests.support.audit import Stream, Tally, taken, undelivered
from tests.support.bridge import irc_network, matrix_network
from tests.support.process import wait_for

PACE_S = 0.2  # Synapse takes no more than this, with all that besides


class Hall:
    """As a scene of kills.py."""

    def __init__(self, things, synapse, irc, window):
        things.servers += [synapse, irc]
        self.window = window
        self.name = things.name("hall")
        self.channel = "#" + self.name
        self.mia = things.matrix(synapse, things.name("mia"))
        self.mia.set_name(things.name("Mia"))
        self.place = self.mia.create()
        self.bob = things.irc(irc, things.name("bob"))
        self.bob.join(self.channel)
        self.bridge = things.bridge(
            {"irc": irc_network(irc, window=window),
             "matrix": matrix_network(synapse, synapse.service())},
            {"hall": [f"irc:{self.channel}", f"matrix:{self.place}"]})
        self.bridge.start()
        self.streams = ()
        self.both_ways(60)

    def in_channel(self):
        return [text for _, text in self.bob.texts(self.channel)]

    def in_room(self):
        return [e.body or "" for e in self.mia.messages(self.place)]

    # ---- what kills.py asks of a scene

    def killed(self):
        """Nobody here notices."""

    def close(self):
        """Whoever made its people ends them."""

    def wait_ready(self, timeout=40):
        self.bridge.wait_ready(timeout)

    def start_traffic(self):
        self.streams = (
            Stream(self.name + "m", lambda t: self.mia.say(self.place, t),
                   PACE_S),
            Stream(self.name + "i", lambda t: self.bob.say(self.channel, t),
                   PACE_S))
        return self

    def rest(self, seconds):
        self.streams[0].rest(seconds)

    def stop(self):
        for stream in self.streams:
            stream.stop()

    def both_ways(self, timeout):
        """Behind all that was said before."""
        for say, heard in (
                (lambda t: self.mia.say(self.place, t), self.in_channel),
                (lambda t: self.bob.say(self.channel, t), self.in_room)):
            token = f"token-{uuid.uuid4().hex}"
            say(token)
            wait_for("what was said last",
                     lambda h=heard, t=token: any(t in x for x in h()),
                     timeout, 0.05)

    def tally(self, stream, lines):
        pattern = re.compile(re.escape(stream.prefix) + "-[0-9]{6}")
        return Tally(stream.said, taken(self.bridge, stream.prefix),
                     [m for text in lines for m in pattern.findall(text)])

    def settle(self, timeout, account):
        """Fills in the account; the tallies by name."""
        self.stop()
        self.both_ways(timeout)
        wait_for("all that was said in the room to be taken",
                 lambda: len(set(taken(self.bridge,
                                       self.streams[0].prefix))) >=
                 self.streams[0].said, timeout, 0.1)
        wait_for("the outbox to be empty",
                 lambda: undelivered(self.bridge) == 0, timeout, 0.05)
        self.bob.barrier()
        to_irc = self.tally(self.streams[0], self.in_channel())
        to_room = self.tally(self.streams[1], self.in_room())
        account.bound = 2 * account.kills * self.window
        account.messages = len(to_irc.taken) + len(to_room.taken)
        account.lost = (len(to_irc.lost) + to_irc.untaken +
                        len(to_room.lost))
        account.doubled = to_irc.doubled + to_room.doubled
        account.too_often = to_room.doubled + len(to_irc.again_taken)
        # Synapse may hold one line back until we are up again: catchup.c
        account.disordered = (len(to_room.disordered) +
                              max(len(to_irc.disordered) - account.kills, 0))
        account.unheard = to_room.untaken
        return {"to irc": to_irc, "to matrix": to_room}
