# SPDX-License-Identifier: MIT
"""kill -9 at random moments under numbered streams in both directions.

What counts as lost is in tests/support/audit.py: a message that was taken,
which means committed, and never came. What people say while the daemon is dead
is not taken; it will count once the bridge fetches what it missed.
"""

import dataclasses

from tests.support.audit import Traffic

# the longest life before a kill; many end while it is still connecting
LIFE_S = 0.6
WAIT_FOR_READY = 0.7
WINDOW = 5  # of each network, as configured by options()


def options():
    """For networks of either kind: the bound is the window times the kills."""
    return {"window": WINDOW}


@dataclasses.dataclass
class Account:
    kills: int = 0
    messages: int = 0
    unheard: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    bound: int = 0

    def add(self, other):
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) +
                    getattr(other, field.name))

    @property
    def good(self):
        return (self.messages > 0 and self.lost == 0 and
                self.disordered == 0 and self.doubled <= self.bound)

    def __str__(self):
        return (f"{self.kills} kills, {self.messages} messages, "
                f"{self.lost} lost, {self.doubled} doubled, "
                f"{self.disordered} disordered")


def run(pair, kills, dice):
    """The account, and the tallies for who wants to see names."""
    traffic = Traffic(pair)
    bridge = pair.bridge
    try:
        for _ in range(kills):
            # The one place where time itself is what is asked for.
            traffic.to_irc.rest(dice.uniform(0.02, LIFE_S))
            bridge.kill9()
            bridge.launch()
            if dice.random() < WAIT_FOR_READY:
                bridge.wait_ready()
        bridge.wait_ready()
        tallies = traffic.settle(90)
    finally:
        traffic.stop()
    return Account(
        kills=kills, bound=2 * kills * WINDOW,
        messages=sum(len(t.taken) for t in tallies),
        unheard=sum(t.untaken for t in tallies),
        lost=sum(len(t.lost) for t in tallies),
        doubled=sum(t.doubled for t in tallies),
        disordered=sum(len(t.disordered) for t in tallies)), tallies
