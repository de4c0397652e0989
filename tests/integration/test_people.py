# SPDX-License-Identifier: MIT
"""People: why they left, who threw them out, whom they write to, and who they
really are. Each test runs between Prosody or ejabberd and ngIRCd or InspIRCd.
"""

import pytest

from tests.support.process import wait_for

from .conftest import make_pair

GATEWAY = "gw.localhost"
SID = "urn:xmpp:sid:0"
OCCUPANT = "urn:xmpp:occupant-id:0"


# ---- leaving, with words

@pytest.mark.parametrize("how", ["part", "quit"])
def test_the_words_of_who_leaves_irc_are_read_in_the_room(pair, how):
    dave = pair.join_irc("dave")
    pair.ann.wait_occupant(pair.room, dave.nick)
    if how == "part":
        dave.part(pair.channel, "gone fishing ☃")
    else:
        dave.quit("gone fishing ☃")
    gone = pair.ann.wait_gone(pair.room, dave.nick)
    assert "gone fishing ☃" in gone.status


def test_the_words_of_who_leaves_the_room_are_read_on_irc(pair):
    carol = pair.join_xmpp("carol")
    nick = carol.nicks[pair.room]
    pair.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == nick)
    carol.leave(pair.room, "gone fishing ☃")
    gone = pair.bob.wait_for(lambda m: m.command in ("PART", "QUIT") and
                             m.nick == nick)
    assert "gone fishing ☃" in gone.text


def test_who_is_kicked_on_irc_leaves_the_room(pair):
    dave = pair.join_irc("dave")
    pair.ann.wait_occupant(pair.room, dave.nick)
    pair.bob.kick(pair.channel, dave.nick, "too loud")
    gone = pair.ann.wait_gone(pair.room, dave.nick)
    assert "too loud" in gone.status and pair.bob.nick in gone.status


@pytest.mark.parametrize("how", ["kick", "ban"])
def test_who_is_removed_from_the_room_leaves_the_channel(pair, how):
    carol = pair.join_xmpp("carol")
    nick = carol.nicks[pair.room]
    pair.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == nick)
    if how == "kick":
        pair.ann.kick(pair.room, nick, "too loud")
    else:
        pair.ann.ban(pair.room, carol.jid, "too loud")
    gone = pair.bob.wait_for(lambda m: m.command in ("PART", "QUIT") and
                             m.nick == nick)
    assert "too loud" in gone.text


# ---- the bridge itself is removed

def listener(pair):
    return next(s.item["jid"] for n, s in
                pair.ann.occupants(pair.room).items() if n == "causeway")


def test_a_banned_bridge_knows_that_it_is_banned(pair):
    pair.ann.ban(pair.room, listener(pair).partition("/")[0])
    said = pair.bridge.wait_log("banned", f"xmpp/{pair.room}")
    assert "again in" in said["msg"]
    assert not pair.bridge.downs("xmpp")


def test_a_room_for_members_only_is_told_from_a_ban(pair):
    pair.ann.configure(pair.room, membersonly=1)
    said = pair.bridge.wait_log("again in", f"xmpp/{pair.room}")
    assert "members only" in said["msg"]
    assert not pair.bridge.downs("xmpp")


# ---- people outside of rooms

def test_a_contact_and_a_nick_write_to_each_other(pair):
    """Somebody who is in no room, to somebody who is in no channel."""
    carol = pair.things.xmpp(pair.xmpp, "carol")
    dave = pair.things.irc(pair.irc, pair.things.name("dave"))
    carol.chat(f"{dave.nick}%irc@{GATEWAY}", "hello from afar ☃")
    seen = dave.wait_text("hello from afar ☃", target=dave.nick)
    assert "carol" in seen.nick.lower()
    dave.say(seen.nick, "hello back ☃")
    answer = carol.wait_for(lambda s: s.type == "chat" and
                            s.body == "hello back ☃")
    assert answer.sender.partition("/")[0] == f"{dave.nick}%irc@{GATEWAY}"


def test_a_word_to_a_nick_that_nobody_has_comes_back(pair):
    carol = pair.things.xmpp(pair.xmpp, "carol")
    nobody = f"{pair.things.name('nobody')}%irc@{GATEWAY}"
    ident = carol.chat(nobody, "is there anybody")
    seen = carol.wait_for(lambda s: s.type == "error" and s.id == ident, 30)
    assert seen.sender.partition("/")[0] == nobody


# ---- names

@pytest.mark.long
def test_a_nick_of_ours_is_taken_back_when_it_is_free(servers_pair, closing):
    pair = make_pair(closing, *servers_pair, start=False)
    nick = closing.name("claimed")
    stranger = closing.irc(pair.irc, nick)
    stranger.join(pair.channel)
    pair.bridge.networks["irc"]["nick"] = nick
    pair.bridge.configure()
    pair.bridge.start()
    pair.both_ways()
    stranger.quit()
    wait_for("the listener to be called as configured", lambda:
             nick in pair.bob.names(pair.channel), 60, 0.2)
    pair.both_ways()


def test_a_taken_name_is_the_same_name_for_everybody(pair):
    """What the room shows, what a late comer sees and who speaks."""
    name = pair.things.name("zoe")
    zoe = pair.things.irc(pair.irc, name)
    pair.things.xmpp(pair.xmpp, "carol").join(pair.room, name)
    zoe.join(pair.channel)
    zoe.say(pair.channel, "who am I")
    shown = pair.ann.wait_text("who am I").nick
    assert shown != name
    late = pair.things.xmpp(pair.xmpp, "dave").join(
        pair.room, pair.things.name("late"))
    assert shown in late.occupants(pair.room)
    zoe.say(pair.channel, "the same")
    assert pair.ann.wait_text("the same").nick == shown
    zoe.away("busy")
    pair.ann.wait_for(lambda s: s.kind == "presence" and s.nick == shown and
                      s.show == "away", 90)


# ---- what only the room may vouch for

def test_forged_ids_of_the_room_are_not_believed(pair):
    """Where the room gives no ids, two messages under one are still two."""
    eve = pair.join_xmpp("eve")
    forged = f"<stanza-id xmlns='{SID}' id='same' by='{pair.room}'/>"
    for n in range(3):
        eve.say(pair.room, f"forged {n}", extra=forged)
    for n in range(3):
        pair.bob.wait_text(f"forged {n}")


def test_a_forged_occupant_id_makes_nobody_somebody_else(pair):
    eve = pair.join_xmpp("eve")
    nick = eve.nicks[pair.room]
    ann = pair.ann.occupants(pair.room)[pair.ann_nick].element.find(
        f"{{{OCCUPANT}}}occupant-id")
    ident = "forged" if ann is None else ann.get("id")
    eve.say(pair.room, "I am ann",
            extra=f"<occupant-id xmlns='{OCCUPANT}' id='{ident}'/>")
    assert pair.bob.wait_text("I am ann").nick == nick
    pair.ann.say(pair.room, "no, I am")
    assert pair.bob.wait_text("no, I am").nick == pair.ann_nick
