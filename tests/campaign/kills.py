# SPDX-License-Identifier: MIT
"""kill -9 under numbered streams in both directions: at random moments, and
at every named step of a message's life (crash.c).

What counts as lost is in tests/support/audit.py: a message that was taken,
which means committed, and never came. Where the room has an archive, whatever
was said in it counts, also while the daemon was dead; on IRC nobody keeps
what was said while nobody listened.
"""

import dataclasses

from tests.support.audit import Traffic
from tests.support.process import Failure

# the longest life before a kill; many end while it is still connecting
LIFE_S = 0.6
DEEP = 8  # at the latest when a step is reached so often
WAIT_FOR_READY = 0.7
AT_A_STEP = 0.5
READY_S = 120  # after many kills a room may throw us out for old errors
STEP_S = 6  # in which a life must have come to its step
WINDOW = 5  # of each network, as configured by options()
STEPS = ("taken", "committed", "accepted", "sent", "confirmed", "settling",
         "settled")


def options():
    """For networks of either kind: the bound is the window times the kills."""
    return {"window": WINDOW}


@dataclasses.dataclass
class Account:
    """Of one pair of servers, or of several."""

    kills: int = 0
    messages: int = 0
    unheard: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    bound: int = 0      # of doubled
    too_often: int = 0  # doubled where nothing may be
    steps: dict = dataclasses.field(default_factory=dict)

    def reached(self, step, times=1):
        self.steps[step] = self.steps.get(step, 0) + times

    def add(self, other):
        for name, value in vars(other).items():
            if name != "steps":
                setattr(self, name, getattr(self, name) + value)
        for step, times in other.steps.items():
            self.reached(step, times)

    @property
    def good(self):
        return (self.messages > 0 and self.lost == 0 and
                self.disordered == 0 and self.doubled <= self.bound and
                self.too_often == 0)

    def where(self):
        """How often each step was the last."""
        own = [s for s in self.steps if s not in (*STEPS, "at a moment")]
        return ", ".join(f"{self.steps.get(s, 0)} {s}" for s in
                         (*STEPS, *own, "at a moment"))

    def __str__(self):
        return (f"{self.kills} kills, {self.messages} messages, "
                f"{self.lost} lost, {self.doubled} doubled, "
                f"{self.disordered} disordered")


def at_a_step(scene, dice, step):
    """One life up to that step; the step, or another end."""
    times = dice.randint(1, getattr(scene, "deep", DEEP))
    scene.bridge.launch(crash_at=f"{step}:{times}")
    try:
        scene.bridge.wait_crash(STEP_S)
        return step
    except Failure:
        if not scene.bridge.process.alive():
            raise  # by itself, and not by the step
        scene.bridge.kill9()
        return "at a moment"


def at_a_moment(scene, dice, traffic):
    scene.bridge.launch()
    if dice.random() < WAIT_FOR_READY:
        scene.wait_ready(READY_S)
    # The one place where time itself is what is asked for.
    traffic.rest(dice.uniform(0.02, getattr(scene, "life_s", LIFE_S)))
    scene.bridge.kill9()
    return "at a moment"


class Link:
    """A room and a channel in a link, as a scene; see also visit.py."""

    def __init__(self, pair):
        self.pair, self.bridge = pair, pair.bridge
        self.wait_ready = pair.bridge.wait_ready
        # There is a place to go on from: nothing is fetched of a room from
        # which nothing was ever kept.
        pair.both_ways()
        self.traffic = None

    def start_traffic(self):
        self.traffic = Traffic(self.pair)
        return self.traffic

    def killed(self):
        """Who is in the room and in the channel stays there."""

    def close(self):
        """Who made the pair ends it."""

    def settle(self, timeout, account):
        """Fills in the account; the tallies."""
        to_irc, to_xmpp = tallies = self.traffic.settle(timeout)
        account.bound = 2 * account.kills * WINDOW
        account.messages = sum(len(t.taken) for t in tallies)
        account.lost = sum(len(t.lost) for t in tallies)
        account.doubled = sum(t.doubled for t in tallies)
        account.disordered = sum(len(t.disordered) for t in tallies)
        account.unheard = to_xmpp.untaken
        if self.pair.xmpp.mam:  # the room keeps what was said in it
            account.lost += to_irc.untaken
            account.too_often = to_xmpp.doubled
        else:
            account.unheard += to_irc.untaken
        return tallies


def run(scene, kills, dice):
    """The account, and the tallies for who wants to see names."""
    account = Account(kills=kills)
    steps = getattr(scene, "steps", STEPS)
    traffic = scene.start_traffic()
    try:
        scene.bridge.kill9()
        scene.killed()
        for n in range(kills):
            if dice.random() < AT_A_STEP:
                end = at_a_step(scene, dice, steps[n % len(steps)])
            else:
                end = at_a_moment(scene, dice, traffic)
            scene.killed()
            account.reached(end)
        scene.bridge.launch()
        scene.wait_ready(READY_S)
        tallies = scene.settle(READY_S, account)
    finally:
        traffic.stop()
    return account, tallies
