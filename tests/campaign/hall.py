# SPDX-License-Identifier: MIT
"""A Matrix room and a channel in a link under the campaign's kills, of the
homeserver too, which is behind a proxy that is overloaded now and then. The
homeserver keeps what we have not taken, and knows again what we have sent: so
each line of the room must come, and in the room none may come twice.
"""

import concurrent.futures
import http.client
import random
import re
import types
import uuid
from urllib.parse import quote

from tests.support.audit import Stream, Tally, taken, undelivered
from tests.support.bridge import irc_network, matrix_network
from tests.support.front import Front
from tests.support.matrix_peer import Refused
from tests.support.process import wait_for

PACE_S = 0.2  # Synapse takes no more than this, with all that besides
HOME_EVERY = 6  # so many kills of ours, and one of the homeserver


class Hall:
    """As a scene of kills.py."""

    def __init__(self, things, synapse, irc, window):
        things.servers += [synapse, irc]
        self.window, self.synapse = window, synapse
        self.front = Front(synapse, random.Random(window))
        # A server dies with the thread that began it: this one stays.
        self.mender = concurrent.futures.ThreadPoolExecutor(1)
        self.kills, self.mending = 0, None
        self.name = things.name("hall")
        self.channel = "#" + self.name
        self.mia = things.matrix(synapse, things.name("mia"))
        self.mia.set_name(things.name("Mia"))
        self.place = self.mia.create()
        self.bob = things.irc(irc, things.name("bob"))
        self.bob.join(self.channel)
        self.bridge = things.bridge(
            {"irc": irc_network(irc, window=window),
             "matrix": matrix_network(types.SimpleNamespace(
                 url=self.front.url), synapse.service())},
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
        """Now and then with the homeserver, which comes back while we do."""
        self.kills += 1
        if self.kills % HOME_EVERY or (self.mending and
                                       not self.mending.done()):
            return
        self.synapse.kill9()
        self.mending = self.mender.submit(self.synapse.restart)

    def mended(self):
        if self.mending:
            self.mending.result()

    def close(self):
        """Whoever made its people ends them."""
        self.mended()
        self.mender.shutdown()
        self.front.close()

    def say(self, text):
        """Once, however often it is tried."""
        try:
            self.mia.call("PUT", f"/v3/rooms/{quote(self.place)}/send/"
                          f"m.room.message/{text}",
                          {"msgtype": "m.text", "body": text})
        except (Refused, http.client.HTTPException) as failure:
            raise OSError(str(failure)) from failure

    def wait_ready(self, timeout=40):
        self.mended()
        self.bridge.wait_ready(timeout)

    def start_traffic(self):
        self.streams = (
            Stream(self.name + "m", self.say, PACE_S),
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
        self.mended()
        self.stop()
        self.front.calm()
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
