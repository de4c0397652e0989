# SPDX-License-Identifier: MIT
"""Faults 1 to 5: kill -9 at every named step of a message's life, one message
at a time, so that exactly one thing can happen; and at random moments under a
stream in both directions. tests/run campaign does more of the latter.
"""

import os
import random
import re

import pytest

from tests.campaign import kills
from tests.support.process import wait_for

from .conftest import make_pair
from .test_gap import WORDS, age

pytestmark = pytest.mark.timed  # who is killed tells nothing of leaks

# over the four pairs of servers: more than fifty
KILLS = 13
# where it dies, and how often the message may be seen at the far end on IRC
# (in a room with an archive it is once, whatever happens)
STEPS = {
    "01": {"taken": (1, 1)},
    "02": {"committed": (1, 1), "accepted": (1, 1)},
    "03": {"sent": (1, 2)},
    "04": {"confirmed": (1, 2), "settling": (1, 2), "settled": (1, 1)},
}
CASES = [(step, often) for steps in STEPS.values()
         for step, often in steps.items()]


def cases(number):
    return pytest.mark.parametrize("step, often", STEPS[number].items())


@pytest.fixture
def archived(farm, closing):
    """A room with an archive and a channel without, and both have spoken."""
    pair = make_pair(closing, farm.get("prosody+mam"), farm.get("ngircd"),
                     irc_options={"gap": 60})
    pair.both_ways()
    pair.token = closing.name("the-one")
    return pair


def live_again(pair, step, clean=True):
    """A new life, up to that step; clean: after an orderly end."""
    bridge = pair.bridge
    # What is still to be confirmed would be the first to reach the step.
    wait_for("everything to be settled", lambda: not bridge.query(
        "SELECT 1 FROM delivery WHERE state IN (0, 1)"))
    assert not bridge.stop() if clean else bridge.kill9()
    bridge.launch(crash_at=step)
    bridge.wait_ready()
    return bridge


def seen(texts, token):
    return sum(len(re.findall(f"{token}(?![0-9])", t)) for _, t in texts)


def heard(pair):
    """How often the one message was seen in the channel and in the room."""
    pair.both_ways()  # is behind all that came from the former life
    pair.ann.barrier()
    pair.bob.barrier()
    return (seen(pair.bob.texts(pair.channel), pair.token),
            seen(pair.ann.texts(pair.room), pair.token))


def from_the_room(pair, step):
    bridge = live_again(pair, step)
    pair.ann.say(pair.room, pair.token)
    bridge.wait_crash()
    bridge.start()
    return heard(pair)[0]


def from_the_channel(pair, step, quiet_s=0):
    """quiet_s: nothing had been said for so long; an orderly end would have
    left word until when somebody listened."""
    bridge = live_again(pair, step, not quiet_s)
    pair.bob.say(pair.channel, pair.token)
    bridge.wait_crash()
    if quiet_s:
        age(bridge, quiet_s)
    bridge.start()
    return heard(pair)[1]


def kept(pair):
    return pair.bridge.query("SELECT count(*) FROM event WHERE text = ?",
                             pair.token)[0][0]


# ---- from the room: it is fetched from the archive if it was not kept

@cases("01")
def test_fault_01_from_the_room_it_is_fetched_again(archived, step, often):
    assert from_the_room(archived, step) == often[0]
    assert kept(archived) == 1


@cases("02")
def test_fault_02_from_the_room_it_comes_once(archived, step, often):
    assert from_the_room(archived, step) == often[0]


@cases("03")
def test_fault_03_on_irc_it_comes_at_most_twice(archived, step, often):
    assert often[0] <= from_the_room(archived, step) <= often[1]


@cases("04")
def test_fault_04_on_irc_it_comes_at_most_twice(archived, step, often):
    assert often[0] <= from_the_room(archived, step) <= often[1]


# ---- from the channel

@cases("01")
def test_fault_01_from_irc_what_nobody_keeps_is_told(archived, step, often):
    """It was not taken, and IRC cannot be asked again: no row, no message,
    but a line in the room that something was not heard."""
    del often
    assert from_the_channel(archived, step, 3600) == 0
    assert kept(archived) == 0
    assert [t for _, t in archived.ann.texts(archived.room) if WORDS in t]


@cases("02")
def test_fault_02_from_irc_it_comes_once(archived, step, often):
    assert from_the_channel(archived, step) == often[0]


@cases("03")
def test_fault_03_in_an_archived_room_it_comes_once(archived, step, often):
    del often
    assert from_the_channel(archived, step) == 1


@cases("04")
def test_fault_04_in_an_archived_room_it_comes_once(archived, step, often):
    del often
    assert from_the_channel(archived, step) == 1


# ---- 5: at any moment

@pytest.fixture
def windowed_pair(servers_pair, closing):
    return make_pair(closing, *servers_pair, xmpp_options=kills.options(),
                     irc_options=kills.options())


@pytest.mark.long
def test_fault_05_nothing_accepted_is_lost_by_kill_9(windowed_pair):
    seed = int(os.environ.get("SEED", "0")) or random.randrange(1 << 30)
    print(f"SEED={seed}")
    account, tallies = kills.run(kills.Link(windowed_pair), KILLS, random.Random(seed))
    print(account, account.where(), *tallies, sep="\n")
    assert account.good, account
    assert windowed_pair.bridge.query(
        "SELECT count(*) FROM delivery WHERE state IN (3, 4)") == [(0,)]
