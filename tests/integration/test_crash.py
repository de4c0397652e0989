# SPDX-License-Identifier: MIT
"""Fault 5: kill -9 at random moments under a stream in both directions. What
was accepted (is in the database) comes, once and in order, except for the
window of unconfirmed lines of each kill. tests/run campaign does more of it.
"""

import os
import random

import pytest

from tests.campaign import kills

from .conftest import make_pair

# over the four pairs of servers: more than fifty
KILLS = 13


@pytest.fixture
def windowed_pair(servers_pair, closing):
    return make_pair(closing, *servers_pair, xmpp_options=kills.options(),
                     irc_options=kills.options())


def test_fault_05_nothing_accepted_is_lost_by_kill_9(windowed_pair):
    seed = int(os.environ.get("SEED", "0")) or random.randrange(1 << 30)
    print(f"SEED={seed}")
    account, tallies = kills.run(windowed_pair, KILLS, random.Random(seed))
    print(account, *tallies, sep="\n")
    assert account.good, account
    assert windowed_pair.bridge.query(
        "SELECT count(*) FROM delivery WHERE state IN (3, 4)") == [(0,)]
