# SPDX-License-Identifier: MIT
"""What was said on IRC while nobody listened, where no history is kept: the
room is told from when to when."""

import re
import sqlite3
import time

import pytest

from .conftest import make_pair

GAP = re.compile(r"between (\d\d:\d\d) and (\d\d:\d\d) \(UTC\)")
WORDS = "was not heard and cannot be fetched"


def told(pair):
    """What ann read about gaps."""
    pair.ann.barrier()
    return [body for _, body in pair.ann.texts(pair.room) if WORDS in body]


def age(bridge, seconds):
    """The last thing was said so long ago."""
    with sqlite3.connect(bridge.database) as db:
        db.execute("UPDATE cursor SET value = ? WHERE scope != ''",
                   (f"|{int((time.time() - seconds) * 1000)}",))


def clock(seconds):
    return time.strftime("%H:%M", time.gmtime(seconds))


def make(farm, closing, gap):
    pair = make_pair(closing, farm.get("prosody"), farm.get("ngircd"),
                     irc_options={"gap": gap})
    pair.both_ways()
    return pair


@pytest.fixture
def restarted(farm, closing):
    """A pair whose IRC server was away for at least as long as is worth a
    line; and when it was lost, and was back."""
    pair = make(farm, closing, 2)
    assert not told(pair)  # it never was in the channel before
    lost = time.time()
    pair.irc.kill9()
    pair.bridge.wait_log("down:", "irc")
    time.sleep(2.1)  # the gap itself
    come_back(pair)
    return pair, lost, time.time()


def come_back(pair):
    records = len(pair.bridge.log())
    pair.irc.start()
    pair.bridge.wait_log("joined", f"irc/{pair.channel}", 30, records)
    pair.bob.close()
    pair.bob = pair.things.irc(pair.irc, pair.things.name("bob"))
    pair.bob.join(pair.channel)
    pair.both_ways(30)


def test_an_absence_is_told_once_with_both_times(restarted):
    pair, lost, back = restarted
    lines = told(pair)
    assert len(lines) == 1, lines
    begin, end = GAP.search(lines[0]).groups()
    assert begin in (clock(lost - 1), clock(lost), clock(lost + 1))
    assert end in (clock(t) for t in (lost + 2, (lost + back) / 2, back))
    assert pair.channel in lines[0]
    assert not [t for _, t in pair.bob.texts(pair.channel) if WORDS in t]


def test_a_short_absence_is_not_told(farm, closing):
    pair = make(farm, closing, 60)
    pair.irc.kill9()
    pair.bridge.wait_log("down:", "irc")
    come_back(pair)
    assert not told(pair)


@pytest.mark.parametrize("clean", [True, False])
def test_after_a_quiet_hour_only_a_crash_is_told(farm, closing, clean):
    """After an orderly end it is known until when somebody listened."""
    pair = make(farm, closing, 60)
    pair.bridge.stop() if clean else pair.bridge.kill9()
    age(pair.bridge, 3600)
    pair.bridge.start()
    pair.both_ways(30)
    assert len(told(pair)) == (0 if clean else 1)
