# SPDX-License-Identifier: MIT
"""The other IRC implementation: what we do must make sense to libircclient,
too."""

import pytest

from tests.support.lib_peer import LibPeer


@pytest.fixture
def lib(pair):
    peer = LibPeer(pair.things.name("lib"), pair.irc, pair.things.folder)
    yield peer
    peer.close()


def test_an_independent_client_talks_with_the_room(pair, lib):
    lib.join(pair.channel)
    pair.ann.wait_occupant(pair.room, lib.nick)
    lib.send(f"msg {pair.channel} hello from a library")
    assert pair.ann.wait_text("hello from a library").nick == lib.nick
    lib.send(f"me {pair.channel} waves")
    assert pair.ann.wait_text("/me waves").nick == lib.nick
    pair.ann.say(pair.room, "hello library")
    event = lib.wait_for(lambda e: e[0] == "CHANNEL" and
                         e[-1] == "hello library")
    assert event[1] == pair.ann_nick
    pair.ann.me(pair.room, "nods")
    lib.wait_for(lambda e: e[0].endswith("ACTION") and e[-1] == "nods")
    pair.bob.send(f"MODE {pair.channel} -t")
    lib.send(f"topic {pair.channel} set-by-a-library")
    pair.ann.wait_for(lambda s: s.subject == "set-by-a-library")


def test_an_independent_client_is_renamed_and_leaves(pair, lib):
    lib.join(pair.channel)
    pair.ann.wait_occupant(pair.room, lib.nick)
    new = pair.things.name("renamed")
    lib.send(f"nick {new}")
    pair.ann.wait_occupant(pair.room, new)
    lib.send(f"part {pair.channel}")
    pair.ann.wait_gone(pair.room, new)
