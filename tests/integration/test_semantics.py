# SPDX-License-Identifier: MIT
"""What crosses from an IRC channel to a room and back, as people see it. Each
test runs between Prosody or ejabberd and ngIRCd or InspIRCd."""

import pytest

from tests.support.process import wait_for

from .conftest import make_pair


def test_a_line_from_irc_is_spoken_by_its_authors_puppet(pair):
    pair.bob.say(pair.channel, "hello röom ☃")
    assert pair.ann.wait_text("hello röom ☃").nick == pair.bob.nick


def test_a_line_from_xmpp_is_spoken_by_its_authors_puppet(pair):
    pair.ann.say(pair.room, "hello chännel ☃")
    seen = pair.bob.wait_text("hello chännel ☃", target=pair.channel)
    assert seen.nick == pair.ann_nick


def test_a_line_is_seen_once_and_never_comes_back(pair):
    pair.bob.say(pair.channel, "only once from irc")
    pair.ann.say(pair.room, "only once from xmpp")
    pair.both_ways()
    pair.bob.barrier()
    pair.ann.barrier()
    from_bob = [t for _, t in pair.ann.texts(pair.room) if "once" in t]
    from_ann = [t for _, t in pair.bob.texts() if "once" in t]
    assert sorted(from_bob) == ["only once from irc", "only once from xmpp"]
    assert from_ann == ["only once from xmpp"]


def test_order_is_kept_in_both_directions(pair):
    for n in range(40):
        pair.bob.say(pair.channel, f"i-{n:03}")
        pair.ann.say(pair.room, f"x-{n:03}")
    pair.ann.wait_text("i-039", 30)
    pair.bob.wait_text("x-039", 30)
    xs = [t for _, t in pair.bob.texts() if t.startswith("x-")]
    iis = [t for _, t in pair.ann.texts(pair.room) if t.startswith("i-")]
    assert xs == [f"x-{n:03}" for n in range(40)]
    assert iis == [f"i-{n:03}" for n in range(40)]


# ---- coming and going

def test_who_joins_the_room_joins_the_channel(pair):
    carol = pair.join_xmpp("carol")
    nick = carol.nicks[pair.room]
    pair.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == nick)


def test_who_joins_the_channel_joins_the_room(pair):
    dave = pair.join_irc("dave")
    pair.ann.wait_occupant(pair.room, dave.nick)


def test_who_leaves_the_room_leaves_the_channel(pair):
    carol = pair.join_xmpp("carol")
    nick = carol.nicks[pair.room]
    pair.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == nick)
    carol.leave(pair.room)
    pair.bob.wait_for(lambda m: m.command in ("PART", "QUIT") and
                      m.nick == nick)


def test_whose_xmpp_connection_breaks_leaves_the_channel(pair):
    carol = pair.join_xmpp("carol")
    nick = carol.nicks[pair.room]
    pair.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == nick)
    carol.abort()
    pair.bob.wait_for(lambda m: m.command in ("PART", "QUIT") and
                      m.nick == nick, 20)


@pytest.mark.parametrize("how", ["part", "quit", "close"])
def test_who_leaves_irc_leaves_the_room(pair, how):
    dave = pair.join_irc("dave")
    pair.ann.wait_occupant(pair.room, dave.nick)
    if how == "part":
        dave.part(pair.channel, "so long")
    elif how == "quit":
        dave.quit("so long")
    else:
        dave.close()
    pair.ann.wait_gone(pair.room, dave.nick)


def test_who_was_there_before_the_bridge_is_shown(servers_pair, closing):
    pair = make_pair(closing, *servers_pair, start=False)
    carol = pair.join_xmpp("carol")
    dave = pair.join_irc("dave")
    pair.bridge.start()
    pair.ann.wait_occupant(pair.room, dave.nick)
    nick = carol.nicks[pair.room]
    pair.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == nick)


# ---- names

def test_a_new_nick_on_irc_is_the_same_person_in_the_room(pair):
    old, new = pair.bob.nick, pair.things.name("robert")
    pair.bob.change_nick(new)
    gone = pair.ann.wait_gone(pair.room, old)
    assert 303 in gone.codes and gone.item["nick"] == new
    pair.ann.wait_occupant(pair.room, new)
    pair.bob.say(pair.channel, "still me")
    assert pair.ann.wait_text("still me").nick == new


def test_a_new_nick_in_the_room_is_the_same_person_on_irc(pair):
    old, new = pair.ann_nick, pair.things.name("Anna")
    pair.ann.change_nick(pair.room, new)
    change = pair.bob.wait_for(lambda m: m.command == "NICK")
    assert (change.nick, change.text) == (old, new)
    pair.ann.say(pair.room, "still me")
    assert pair.bob.wait_text("still me").nick == new
    assert not [m for m in pair.bob.messages
                if m.command in ("PART", "QUIT") and m.nick == old]


def test_a_nick_of_a_stranger_on_irc_is_not_taken(pair):
    """Somebody outside the channel has the nick that the puppet wants."""
    name = pair.things.name("zoe")
    pair.things.irc(pair.irc, name)
    carol = pair.things.xmpp(pair.xmpp, "carol").join(pair.room, name)
    carol.say(pair.room, "I am not the stranger")
    seen = pair.bob.wait_text("I am not the stranger")
    assert seen.nick.startswith(name) and seen.nick != name
    assert seen.nick in pair.bob.names(pair.channel)


def test_a_name_taken_in_the_room_gets_a_suffix(pair):
    name = pair.things.name("zoe")
    zoe = pair.things.irc(pair.irc, name)
    carol = pair.things.xmpp(pair.xmpp, "carol").join(pair.room, name)
    zoe.join(pair.channel)
    zoe.say(pair.channel, "I am from irc")
    seen = pair.ann.wait_text("I am from irc")
    assert seen.nick.startswith(name) and seen.nick != name
    assert seen.nick in pair.ann.occupants(pair.room)
    assert carol.nicks[pair.room] == name


# ---- presence

def test_away_on_irc_is_away_in_the_room(pair):
    pair.bob.away("gone for tea")
    pair.ann.wait_for(lambda s: s.kind == "presence" and
                      s.nick == pair.bob.nick and s.show == "away" and
                      "tea" in s.status, 90)
    mark = pair.ann.mark()
    pair.bob.away()
    pair.ann.wait_for(lambda s: s.kind == "presence" and
                      s.nick == pair.bob.nick and not s.show, 90, mark)


def whois_away(peer, nick):
    mark = peer.mark()
    peer.send(f"WHOIS {nick}")
    peer.wait_for(lambda m: m.command in ("318", "401"), 10, mark)
    return next((m.text for m in peer.messages[mark:]
                 if m.command == "301"), None)


@pytest.mark.parametrize("show", ["away", "xa", "dnd"])
def test_away_in_the_room_is_away_on_irc(pair, show):
    pair.ann.presence(show, "gone for tea")
    text = wait_for("the puppet to be away", lambda: whois_away(
        pair.bob, pair.ann_nick), 20, 0.2)
    assert "tea" in text
    pair.ann.presence()
    wait_for("the puppet to be back", lambda: whois_away(
        pair.bob, pair.ann_nick) is None, 20, 0.2)


# ---- topic

def test_a_topic_from_irc_becomes_the_subject(pair):
    pair.bob.topic(pair.channel, "new topic ☃")
    pair.ann.wait_for(lambda s: s.subject == "new topic ☃" and
                      s.body is None)


def lock_topic(pair, how):
    """InspIRCd makes channels with +t, ngIRCd without."""
    pair.bob.send_raw(f"MODE {pair.channel} {how}t\r\n".encode())
    pair.bob.barrier()


def test_a_subject_becomes_the_topic(pair):
    lock_topic(pair, "-")
    pair.ann.subject(pair.room, "new subject ☃")
    pair.bob.wait_for(lambda m: m.command == "TOPIC" and
                      m.text == "new subject ☃")


def test_a_subject_that_the_channel_refuses_comes_back_with_words(pair):
    lock_topic(pair, "+")
    pair.ann.subject(pair.room, "not here")
    pair.ann.wait_for(lambda s: s.body and "operators" in s.body and
                      pair.channel in s.body)
    pair.both_ways()


def test_a_topic_does_not_bounce(pair):
    pair.bob.topic(pair.channel, "said once")
    pair.ann.wait_for(lambda s: s.subject == "said once")
    pair.both_ways()
    pair.bob.barrier()
    assert len([m for m in pair.bob.messages if m.command == "TOPIC"]) == 1


# ---- forms of speech

def test_an_action_from_irc(pair):
    pair.bob.me(pair.channel, "waves")
    seen = pair.ann.wait_text("waves")
    assert (seen.nick, seen.body) == (pair.bob.nick, "/me waves")


def test_an_action_from_xmpp(pair):
    pair.ann.me(pair.room, "waves")
    seen = pair.bob.wait_for(lambda m: m.action is not None)
    assert (seen.nick, seen.action) == (pair.ann_nick, "waves")


def test_a_notice_from_irc_is_said_in_the_room(pair):
    pair.bob.notice(pair.channel, "backup finished")
    assert pair.ann.wait_text("backup finished").nick == pair.bob.nick


@pytest.mark.parametrize("codes, shown", [
    ("\x02bold\x02 plain", "*bold* plain"),
    ("\x1ditalic\x1d plain", "_italic_ plain"),
    ("\x1estruck\x1e plain", "~struck~ plain"),
    ("\x11code\x11 plain", "`code` plain"),
    ("\x0304,01red\x03 plain", "red plain"),
    ("\x02left open", "*left open*"),
    ("\x16odd\x0f \x0399,99", "odd"),
])
def test_codes_of_irc_become_styling(pair, codes, shown):
    pair.bob.say(pair.channel, codes)
    assert pair.ann.wait_text(shown).body.strip() == shown


@pytest.mark.parametrize("body, shown", [
    ("*bold* plain", "\x02bold\x02 plain"),
    ("_italic_ plain", "\x1ditalic\x1d plain"),
    ("~struck~ plain", "\x1estruck\x1e plain"),
    ("`code` plain", "\x11code\x11 plain"),
    ("2 * 3 * 4", "2 * 3 * 4"),
])
def test_styling_becomes_codes_of_irc(pair, body, shown):
    pair.ann.say(pair.room, body)
    seen = pair.bob.wait_for(lambda m: m.command == "PRIVMSG" and
                             m.nick == pair.ann_nick)
    # A style ends by its own code again, or by the one that ends all.
    assert seen.text.replace("\x0f", shown[0]) == shown


def test_lines_of_a_message_are_lines_on_irc(pair):
    pair.ann.say(pair.room, "first\nsecond\n\nthird")
    pair.bob.wait_text("third")
    texts = [t for n, t in pair.bob.texts() if n == pair.ann_nick]
    assert [t for t in texts if t.strip()] == ["first", "second", "third"]


def test_a_long_message_is_split_and_nothing_is_missing(pair):
    words = " ".join(f"wörd{n:04}" for n in range(130))
    pair.ann.say(pair.room, words)
    pair.bob.wait_text("wörd0129")
    texts = [t for n, t in pair.bob.texts() if n == pair.ann_nick]
    assert len(texts) > 1
    assert " ".join(t.strip() for t in texts) == words


def test_a_text_that_looks_like_a_command_is_text(pair):
    pair.ann.say(pair.room, "QUIT :no")
    pair.bob.wait_text("QUIT :no")
    pair.ann.say(pair.room, ":x!y@z PRIVMSG #c :no")
    pair.bob.wait_text(":x!y@z PRIVMSG #c :no")
    pair.ann.say(pair.room, "/join #elsewhere")
    pair.bob.wait_text("/join #elsewhere")


# ---- private words

def test_a_private_word_from_the_room_reaches_one_nick(pair):
    carol = pair.join_xmpp("carol")
    dave = pair.join_irc("dave")
    pair.ann.wait_occupant(pair.room, dave.nick)
    pair.ann.private(pair.room, dave.nick, "between us")
    seen = dave.wait_text("between us")
    assert seen.nick == pair.ann_nick
    assert seen.target == dave.nick
    pair.both_ways()
    for peer in (pair.bob, carol):
        peer.barrier()
    assert not [t for _, t in pair.bob.texts() if "between us" in t]
    assert not [s for s in carol.record if "between us" in (s.body or "")]


def test_a_private_word_from_irc_reaches_one_occupant(pair):
    carol = pair.join_xmpp("carol")
    pair.bob.say(pair.ann_nick, "between us")
    seen = pair.ann.wait_for(lambda s: s.kind == "message" and
                             s.type == "chat" and s.body == "between us")
    assert pair.bob.nick.lower() in seen.sender.lower()
    pair.both_ways()
    carol.barrier()
    assert not [s for s in carol.record if "between us" in (s.body or "")]
    assert ("between us" not in
            " ".join(t for _, t in pair.ann.texts(pair.room)))


def test_a_private_conversation_goes_on(pair):
    pair.bob.say(pair.ann_nick, "first word")
    seen = pair.ann.wait_for(lambda s: s.type == "chat" and
                             s.body == "first word")
    pair.ann.chat(seen.sender, "answer")
    answer = pair.bob.wait_text("answer", target=pair.bob.nick)
    assert answer.nick == pair.ann_nick


def test_a_private_word_to_nobody_comes_back_as_an_error(pair):
    dave = pair.join_irc("dave")
    pair.ann.wait_occupant(pair.room, dave.nick)
    pair.bob.say(pair.ann_nick, "hello")
    seen = pair.ann.wait_for(lambda s: s.type == "chat" and
                             s.body == "hello")
    address = seen.sender
    pair.bob.quit()
    pair.ann.wait_gone(pair.room, pair.bob.nick)
    ident = pair.ann.chat(address, "are you there")
    pair.ann.wait_for(lambda s: s.type == "error" and s.id == ident, 30)


# ---- kicks

def test_a_kicked_puppet_on_irc_can_still_be_heard(pair):
    pair.bob.kick(pair.channel, pair.ann_nick, "be quiet")
    pair.bob.wait_for(lambda m: m.command == "KICK" and
                      m.params[1] == pair.ann_nick)
    pair.ann.say(pair.room, "after the kick")
    pair.bob.wait_text("after the kick", 30)


def test_a_kicked_puppet_in_the_room_can_still_be_heard(pair):
    pair.ann.kick(pair.room, pair.bob.nick, "be quiet")
    gone = pair.ann.wait_gone(pair.room, pair.bob.nick)
    assert 307 in gone.codes
    pair.bob.say(pair.channel, "after the kick")
    pair.ann.wait_text("after the kick", 30)


def test_the_listener_comes_back_after_a_kick_on_irc(pair):
    pair.bob.kick(pair.channel, "causeway")
    kicked = pair.bob.wait_for(lambda m: m.command == "KICK")
    mark = pair.bob.messages.index(kicked)
    pair.bob.wait_for(lambda m: m.command == "JOIN" and
                      m.nick.startswith("causeway"), 30, mark)
    pair.both_ways(30)


def test_the_listener_comes_back_after_a_kick_in_the_room(pair):
    mark = pair.ann.mark()
    pair.ann.kick(pair.room, "causeway")
    pair.ann.wait_gone(pair.room, "causeway", since=mark)
    pair.ann.wait_occupant(pair.room, "causeway", 30)
    pair.both_ways(30)


@pytest.mark.long
def test_a_destroyed_room_is_entered_again(pair):
    pair.ann.destroy(pair.room)
    pair.bridge.wait_log("lost", f"xmpp/{pair.room}", 20)
    # Rooms are entered, never made: somebody has to open it again.
    pair.ann.nicks.clear()
    pair.ann.join(pair.room, pair.ann_nick)
    wait_for("the bridge to find the room again", lambda: len(
        [r for r in pair.bridge.log() if r["where"] ==
         f"xmpp/{pair.room}" and "joined" in r["msg"]]) > 1, 90)
    pair.both_ways(30)
