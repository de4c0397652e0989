# SPDX-License-Identifier: MIT
"""A room and a channel in a link under the campaign's kills, and users of a
gateway who come and go in the same channel all the time: with hear, the
listener leaves while one of them is there, and whoever it is hears for the
link. In the end nobody is killed for a while: then every line said in the
channel has to be taken, whoever was there to hear it.
"""

from tests.integration.conftest import make_pair
from tests.support.audit import taken
from tests.support.process import Failure, wait_for

from .kills import Link, options
from .visit import GATEWAY, Attendant

LEAVES = 0.05  # so likely, each time that it is looked at
COMINGS = 10  # of all guests, while nobody is killed


class Guest(Attendant):
    """Never stays long."""

    def __init__(self, peer, room, nick, dice):
        super().__init__(peer, room, nick)
        self.dice, self.comings = dice, 0

    def _look(self):
        super()._look()
        if self.is_in() and self.dice.random() < LEAVES:
            self.comings += 1
            self.inside = -1
            try:
                self.peer.leave(self.room)
            except (KeyError, TimeoutError):
                pass  # killed meanwhile


class Shared(Link):
    """As a scene of kills.py; ann and bob are the link's."""

    life_s = 3  # time enough for the listener to leave
    deep = 60

    def __init__(self, things, xmpp, irc, dice):
        super().__init__(make_pair(
            things, xmpp, irc,
            xmpp_options={**options(), "gateway": {"networks": ["irc"]}},
            irc_options={**options(), "users": {"hear": 1, "linger": 0}}))
        room = f"{self.pair.channel}%irc@{GATEWAY}"
        self.guests = [Guest(things.xmpp(xmpp, user), room,
                             things.name(user), dice)
                       for user in ("carol", "dave")]
        for guest in self.guests:
            guest.start()

    def killed(self):
        for guest in self.guests:
            guest.gone()

    def close(self):
        for guest in self.guests:
            guest.stop()

    def comings(self):
        return sum(guest.comings for guest in self.guests)

    def settle(self, timeout, account):
        stream = self.traffic.to_xmpp
        self.pair.both_ways(timeout)
        begun, goal = stream.said, self.comings() + COMINGS
        wait_for("guests to have come and gone",
                 lambda: self.comings() >= goal, timeout, 0.05)
        stream.stop()
        tallies = super().settle(timeout, account)
        heard = set(taken(self.bridge, stream.prefix))
        missed = [n for n in range(begun + 1, stream.said + 1)
                  if f"{stream.prefix}-{n:06}" not in heard]
        if missed:
            print("said while somebody of ours was there, and not taken:",
                  missed)
        account.lost += len(missed)
        account.reached("times that the listener left", self.left())
        if not self.left():
            raise Failure("the listener never left")
        return tallies

    def left(self):
        listener = self.bridge.networks["irc"]["nick"]
        return len([m for m in self.pair.bob.messages if m.nick == listener
                    and m.command == "PART"])
