# SPDX-License-Identifier: MIT
"""Numbered streams through a bridge, and the account of what became of them.

Traffic says numbered lines in a room and in the channel that is linked with
it. In the end the database tells which of them the bridge had taken (a row of
"event", committed), and the record of who listens on the other side what
arrived, in which order. From that:

    lost        taken, and not seen at the far end
    doubled     seen more often than once
    disordered  seen for the first time after a later one

What was said while the bridge or its connection was away is not taken, and so
not lost by this account; Tally.untaken counts it. It has to be 0 where the
source was heard all the time.
"""

import collections
import dataclasses
import re
import threading

from .process import wait_for

ENDED = "(2, 3, 4, 5)"  # enum delivery_state: confirmed or beyond
PACE_S = 0.05


class Stream:
    """Numbered lines, one each few milliseconds, until stop(). A line that
    say() could not even give away is said again."""

    def __init__(self, prefix, say, pace_s=PACE_S):
        self.prefix, self.say, self.pace_s = prefix, say, pace_s
        self.said = 0
        self._over = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._over.wait(self.pace_s):
            try:
                self.say(f"{self.prefix}-{self.said + 1:06}")
            except OSError:
                continue  # the speaker lost the connection
            with self._changed:
                self.said += 1
                self._changed.notify_all()

    def wait_said(self, more, timeout=30):
        """Until so many more lines have been said."""
        with self._changed:
            goal = self.said + more
            if not self._changed.wait_for(lambda: self.said >= goal, timeout):
                raise TimeoutError(f"{self.prefix}: {self.said} said")

    def rest(self, seconds):
        """Let it go on for so long."""
        self._over.wait(seconds)

    def stop(self):
        self._over.set()
        self._thread.join(10)


@dataclasses.dataclass
class Tally:
    """Texts, not numbers of them, where a failure should name them."""

    said: int
    taken: list
    seen: list

    def __post_init__(self):
        count = collections.Counter(self.seen)
        self.lost = [t for t in self.taken if not count[t]]
        self.doubled = sum(n - 1 for n in count.values())
        self.again = [t for t, n in count.items() if n > 1]
        self.untaken = self.said - len(self.taken)
        self.again_taken = [t for t, n in collections.Counter(
            self.taken).items() if n > 1]
        first = list(dict.fromkeys(self.seen))
        self.disordered, latest = [], ""
        for text in first:
            if text < latest:
                self.disordered.append(text)
            latest = max(latest, text)

    def __str__(self):
        return (f"{self.said} said, {len(self.taken)} taken, "
                f"{len(self.lost)} lost {self.lost[:10]}, "
                f"{self.doubled} doubled {self.again[:10]}, "
                f"{len(self.disordered)} disordered {self.disordered[:10]}")


def undelivered(bridge):
    """How many deliveries have not come to an end."""
    return bridge.query(f"SELECT count(*) FROM delivery WHERE state NOT IN "
                        f"{ENDED}")[0][0]


def taken(bridge, prefix):
    """Without those of which the way here changed the number."""
    return [text for (text,) in bridge.query(
        "SELECT text FROM event WHERE text LIKE ? ORDER BY id",
        prefix + "-%") if re.fullmatch("[0-9]{6}", text[len(prefix) + 1:])]


def unfit(bridge):
    """Deliveries that ended, but not at the far end: (state, text, why)."""
    return bridge.query(
        "SELECT state, text, why FROM delivery JOIN event ON event.id = event "
        "WHERE state IN (3, 4, 5)")


class Traffic:
    """Between the room and the channel of pair; the lines have the name of
    the test's number in them, so that they are nobody else's."""

    def __init__(self, pair, pace_s=PACE_S):
        self.pair = pair
        mark = pair.room.partition("@")[0]
        self.to_irc = Stream(f"{mark}x", lambda t: self._say(
            self.pair.ann, self.pair.room, t), pace_s)
        self.to_xmpp = Stream(f"{mark}i", lambda t: self._say(
            self.pair.bob, self.pair.channel, t), pace_s)
        self.listeners = {"irc": [pair.bob], "xmpp": [pair.ann]}

    @staticmethod
    def _say(peer, place, text):
        if peer.closed:
            raise OSError("not connected")
        peer.say(place, text)

    def replaced(self):
        """ann or bob is a new peer; what the old one heard counts."""
        for peers, now in ((self.listeners["irc"], self.pair.bob),
                           (self.listeners["xmpp"], self.pair.ann)):
            if peers[-1] is not now:
                peers.append(now)

    def rest(self, seconds):
        """Let it go on for so long."""
        self.to_irc.rest(seconds)

    def wait_said(self, more):
        self.to_irc.wait_said(more)
        self.to_xmpp.wait_said(more)

    def _sides(self):
        return ((self.to_irc, "irc", self.pair.channel),
                (self.to_xmpp, "xmpp", self.pair.room))

    def wait_through(self, timeout=40):
        """Until a line said from now on has arrived, in both directions."""
        self.replaced()
        for stream, where, place in self._sides():
            mark = f"{stream.prefix}-{stream.said:06}"
            wait_for(f"a line after {mark} to arrive on {where}",
                     lambda s=stream, w=where, p=place, m=mark:
                     max(self._seen(s, w, p), default="") > m, timeout, 0.05)

    def stop(self):
        self.to_irc.stop()
        self.to_xmpp.stop()

    def _seen(self, stream, where, place):
        pattern = re.compile(re.escape(stream.prefix) + "-[0-9]{6}")
        return [m for peer in self.listeners[where]
                for _, text in peer.texts(place)
                for m in pattern.findall(text)]

    def _tally(self, stream, where, place):
        return Tally(stream.said, taken(self.pair.bridge, stream.prefix),
                     self._seen(stream, where, place))

    def settle(self, timeout=60):
        """Stops, waits until nothing waits, and returns the tallies towards
        IRC and towards XMPP."""
        self.stop()
        self.pair.both_ways(timeout)
        wait_for("the outbox to be empty",
                 lambda: undelivered(self.pair.bridge) == 0, timeout, 0.05)
        self.pair.ann.barrier()
        self.pair.bob.barrier()
        self.replaced()
        return tuple(self._tally(*side) for side in self._sides())

    def audit(self, to_irc=0, to_xmpp=0, heard=False, timeout=60):
        """Nothing lost, nothing in another order, nothing refused, and no
        more than so many doubled. heard: the bridge must have taken all."""
        tallies = self.settle(timeout)
        for tally, bound, name in zip(tallies, (to_irc, to_xmpp),
                                      ("to irc", "to xmpp")):
            print(f"{name}: {tally}")
            assert tally.taken, f"{name}: {tally}"
            assert not tally.lost, f"{name}: {tally}"
            assert not tally.disordered, f"{name}: {tally}"
            assert tally.doubled <= bound, (f"{name}: at most {bound} may "
                                            f"come twice: {tally}")
            assert not heard or not tally.untaken, f"{name}: {tally}"
        assert not unfit(self.pair.bridge)
        return tallies
