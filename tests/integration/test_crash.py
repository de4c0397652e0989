# SPDX-License-Identifier: MIT
"""kill -9 at random moments under a stream in both directions: nothing that
was accepted (is in the database) may be missing at the far end."""

import collections
import os
import random
import threading
import time

from tests.support.process import wait_for

# over the four pairs of servers: more than fifty
KILLS = 13
ENDED = "(2, 3, 4, 5)"


class Stream:
    """Numbered lines, one each few milliseconds, until stop()."""

    def __init__(self, say):
        self.say, self.sent = say, 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.over.wait(0.05):
            self.sent += 1
            self.say(f"{self.sent:06}")

    def stop(self):
        self.over.set()
        self.thread.join(10)


def accepted(bridge, prefix):
    return [text for (text,) in bridge.query(
        "SELECT text FROM event WHERE text LIKE ? ORDER BY id",
        prefix + "-%")]


def undelivered(bridge):
    return bridge.query(f"SELECT count(*) FROM delivery WHERE state NOT IN "
                        f"{ENDED}")[0][0]


def compare(what, kept, texts, prefix):
    """Every text of kept is among texts; returns how many came twice."""
    seen = collections.Counter(
        t[t.index(prefix + "-"):][:len(prefix) + 7] for t in texts
        if prefix + "-" in t)
    missing = [t for t in kept if t not in seen]
    assert not missing, (f"{what}: {len(missing)} of {len(kept)} lost: "
                         f"{missing[:20]}")
    return sum(n - 1 for n in seen.values())


def test_nothing_accepted_is_lost_by_kill_9(pair):
    seed = int(os.environ.get("SEED", "0")) or random.randrange(1 << 30)
    print(f"SEED={seed}")
    dice = random.Random(seed)
    streams = [Stream(lambda t: pair.ann.say(pair.room, f"x-{t}")),
               Stream(lambda t: pair.bob.say(pair.channel, f"i-{t}"))]
    try:
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.02, 0.6))
            pair.bridge.kill9()
            pair.bridge.launch()
            # kill it also before it is up
            if dice.random() < 0.7:
                pair.bridge.wait_ready()
        pair.bridge.require_alive()
        pair.bridge.wait_ready()
    finally:
        for stream in streams:
            stream.stop()
    pair.both_ways(60)
    wait_for("the outbox to be empty",
             lambda: undelivered(pair.bridge) == 0, 90, 0.1)
    pair.ann.barrier()
    pair.bob.barrier()
    from_xmpp = accepted(pair.bridge, "x")
    from_irc = accepted(pair.bridge, "i")
    twice = compare("to irc", from_xmpp, [
        t for n, t in pair.bob.texts(pair.channel)], "x")
    twice_back = compare("to xmpp", from_irc, [
        t for n, t in pair.ann.texts(pair.room)
        if n != pair.ann_nick], "i")
    print(f"{len(from_xmpp)} + {len(from_irc)} accepted of "
          f"{streams[0].sent} + {streams[1].sent}; "
          f"{twice} + {twice_back} came twice")
    assert from_xmpp and from_irc
    # the published bound: a window of unconfirmed lines for each crash
    assert twice <= KILLS * 5
    assert pair.bridge.query(
        "SELECT count(*) FROM delivery WHERE state IN (3, 4)") == [(0,)]
