# SPDX-License-Identifier: MIT
"""A long outage: the room is told that the channel is away, and that it is
back; the channel gets the last lines, and one for the others."""

import pytest

from tests.support.audit import undelivered
from tests.support.process import wait_for

from .conftest import make_pair

AWAY = "is away; your messages are kept for it"
BACK = "is back; of the messages that were kept the last 3 are shown there"
SKIPPED = "messages were skipped here, said from"


@pytest.fixture
def pair(farm, closing):
    pair = make_pair(closing, farm.get("prosody"), farm.get("ngircd"),
                     start=False)
    pair.bridge.queue = {"away": 1, "fold_rows": 5, "fold_keep": 3}
    pair.bridge.configure()
    pair.bridge.start()
    pair.both_ways()
    # nothing of that is to wait when the server dies
    wait_for("all to be confirmed", lambda: undelivered(pair.bridge) == 0)
    return pair


def come_back(pair):
    records = len(pair.bridge.log())
    pair.irc.start()
    pair.bob.close()
    pair.bob = pair.things.irc(pair.irc, pair.things.name("bob"))
    pair.bob.join(pair.channel)
    pair.bridge.wait_log("joined", f"irc/{pair.channel}", 60, records)


def test_a_long_queue_is_folded_and_both_sides_are_told(pair):
    pair.irc.kill9()
    pair.bridge.wait_log("down:", "irc")
    for n in range(10):
        pair.ann.say(pair.room, f"missed {n}")
    pair.ann.wait_text(AWAY, 20, room=pair.room)
    come_back(pair)
    pair.ann.wait_text(BACK, 30, room=pair.room)
    pair.bob.wait_text("missed 9")
    seen = [m.text for m in pair.bob.messages
            if m.command in ("PRIVMSG", "NOTICE") and
            ("missed" in m.text or SKIPPED in m.text)]
    assert len(seen) == 4, seen
    assert f"7 {SKIPPED}" in seen[0]
    assert [t[-len("missed 7"):] for t in seen[1:]] == [
        "missed 7", "missed 8", "missed 9"]
    told = [t for _nick, t in pair.ann.texts(pair.room)
            if AWAY in t or "is back" in t]
    assert len(told) == 2, told
