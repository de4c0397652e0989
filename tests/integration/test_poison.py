# SPDX-License-Identifier: MIT
"""Bad input: every poison in every field that a person can fill, from each
side. Never another command or stanza, never a crash, never a dropped
component stream; and the next good line still arrives.

Servers refuse much of this by themselves, which may end the connection of the
one who tried: so each try has a peer of its own. What gets by a server that
does not, and what the bridge then says line by line, is in
test_poison_matrix.py; what only a hostile server sends in test_hostile_irc.py.
"""

import itertools
import re

import pytest

from .conftest import COMBINATIONS, Things, make_pair
from .poison import POISONS, fits_xml, xml_text

IRC_FIELDS = ("body", "notice", "action", "topic", "away", "part", "quit",
              "kick", "realname", "nick", "private")
XMPP_FIELDS = ("body", "subject", "nick", "status", "kick", "private",
               "action", "id", "leave", "resource")


@pytest.fixture(scope="module", ids="-".join, params=[
    pytest.param(COMBINATIONS[0], marks=pytest.mark.sanitized),
    COMBINATIONS[3]])
def long_pair(request, farm, folder):
    """One bridge for all of this file: nothing here may hurt it. Each kind of
    server takes part once."""
    things = Things(folder)
    request.node.things = things
    pair = make_pair(things, *(farm.get(n) for n in request.param),
                     xmpp_options={"window": 64})
    pair.serial = itertools.count(1)
    yield pair
    status = pair.bridge.stop() if pair.bridge.process.alive() else "died"
    things.close()
    assert status == 0


@pytest.fixture
def unhurt(long_pair, request):
    """Around each test: the same process, the same streams, both ways."""
    request.node.things = long_pair.things
    pair = long_pair
    before = {n: len(pair.bridge.downs(n)) for n in ("xmpp", "irc")}
    yield pair
    try:
        still_well(pair, before)
    except BaseException:
        # so that the next test is judged by what it did itself
        pair.bridge.kill9()
        pair.bridge.start()
        pair.ann.wait_occupant(pair.room, pair.bob.nick)
        raise


def still_well(pair, before):
    pair.bridge.require_alive()
    pair.both_ways(15)
    after = {n: len(pair.bridge.downs(n)) for n in ("xmpp", "irc")}
    assert after == before, "a connection of the bridge was lost"
    assert pair.bob.nick in pair.ann.occupants(pair.room)
    # Whoever is on IRC may send two lines, the first of them "NICK a"; a
    # puppet must not.
    assert not [n for n, t in pair.bob.texts() if t == "injected" and
                not re.match(r"p\d+x|a$", n)]


# ---- from IRC

def irc_try(pair, field, data):
    """Send data in field as a new person in the channel."""
    number = next(pair.serial)
    data = data.replace(b"%(channel)s", pair.channel.encode())
    channel = pair.channel.encode()
    nick = pair.things.name(f"p{number}x")
    realname = data.decode("utf-8", "surrogateescape")
    try:
        peer = pair.things.irc(pair.irc, nick, **(
            {"realname": realname, "timeout": 5} if field == "realname"
            else {}))
        peer.join(pair.channel)
    except (OSError, TimeoutError):
        assert field == "realname"
        return  # a line end in it is a command of its own: thrown out
    pair.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == nick)
    lines = {
        "body": b"PRIVMSG %s :%s" % (channel, data),
        "notice": b"NOTICE %s :%s" % (channel, data),
        "action": b"PRIVMSG %s :\x01ACTION %s\x01" % (channel, data),
        "topic": b"TOPIC %s :%s" % (channel, data),
        "away": b"AWAY :%s" % data,
        "part": b"PART %s :%s" % (channel, data),
        "quit": b"QUIT :%s" % data,
        "kick": b"KICK %s %s :%s" % (channel, nick.encode(), data),
        "realname": b"PRIVMSG %s :my real name" % channel,
        "nick": b"NICK :%s" % data,
        "private": b"PRIVMSG %s :%s" % (pair.ann_nick.encode(), data),
    }
    # Bob is the operator and has to stay: servers throw out who sends these.
    gentle = not set(b"\n\r\0") & set(data) and len(data) < 400
    sender = pair.bob if field == "kick" and gentle else peer
    try:
        sender.send_raw(lines[field] + b"\r\n")
        peer.barrier(2)
    except (OSError, TimeoutError):
        pass  # the server threw it out, or it left as it said
    peer.close()


@pytest.mark.parametrize("field", IRC_FIELDS)
@pytest.mark.parametrize("poison", POISONS)
def test_poison_from_irc_hurts_nobody(unhurt, field, poison):
    irc_try(unhurt, field, POISONS[poison])


# ---- from XMPP

def xmpp_try(pair, field, data):
    number = next(pair.serial)
    data = data.replace(b"%(channel)s", pair.channel.encode())
    text, room = xml_text(data), pair.room
    nick = pair.things.name(f"q{number}x")
    peer = pair.things.xmpp(pair.xmpp, "eve")
    peer.join(room, nick)
    target = f"{room}/{nick}"
    say = f"<message to='{room}' type='groupchat'"
    to = "http://jabber.org/protocol/muc"
    stanzas = {
        "body": f"{say}><body>{text}</body></message>",
        "action": f"{say}><body>/me {text}</body></message>",
        "subject": f"{say}><subject>{text}</subject></message>",
        "id": f"{say} id='{text}'><body>with an id</body></message>",
        "nick": f"<presence to='{room}/{text}'/>",
        "resource": f"<presence to='{room}/{nick}{text}'/>",
        "status": f"<presence to='{target}'><show>away</show>"
                  f"<status>{text}</status></presence>",
        "leave": f"<presence to='{target}' type='unavailable'>"
                 f"<status>{text}</status></presence>",
        "kick": f"<iq to='{room}' type='set' id='k{number}'>"
                f"<query xmlns='{to}#admin'><item nick='{nick}' role='none'>"
                f"<reason>{text}</reason></item></query></iq>",
        "private": f"<message to='{room}/{pair.bob.nick}' type='chat'>"
                   f"<body>{text}</body><x xmlns='{to}#user'/></message>",
    }
    legal = fits_xml(data.decode("utf-8", "replace"))
    sender = pair.ann if field == "kick" and legal else peer
    sender.send(stanzas[field])
    try:
        peer.barrier(2)
    except (OSError, TimeoutError):
        pass  # its stream was closed
    peer.close()


@pytest.mark.parametrize("field", XMPP_FIELDS)
@pytest.mark.parametrize("poison", POISONS)
def test_poison_from_xmpp_hurts_nobody(unhurt, field, poison):
    xmpp_try(unhurt, field, POISONS[poison])


def test_invalid_bytes_in_a_stanza_hurt_nobody(unhurt):
    peer = unhurt.things.xmpp(unhurt.xmpp, "eve")
    peer.join(unhurt.room, unhurt.things.name("bytes"))
    peer.send(f"<message to='{unhurt.room}' type='groupchat'><body>\x01\x02"
              "\ufffe]]></body></message>")
    try:
        peer.barrier(2)
    except TimeoutError:
        pass


# ---- what is too large is told to its author

def test_a_body_of_a_megabyte_is_not_relayed_in_silence(unhurt):
    eve = unhurt.things.xmpp(unhurt.xmpp, "eve")
    nick = unhurt.things.name("big")
    eve.join(unhurt.room, nick)
    unhurt.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == nick)
    eve.say(unhurt.room, "x" * 1000000)
    eve.wait_for(
        lambda s: s.kind == "message" and (
            s.type == "error" or (s.body and len(s.body) < 5000 and
                                  s.nick != nick)), 40)
    eve.close()


def test_a_thousand_lines_do_not_flood_the_channel(unhurt):
    eve = unhurt.things.xmpp(unhurt.xmpp, "eve")
    nick = unhurt.things.name("flood")
    eve.join(unhurt.room, nick)
    unhurt.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == nick)
    eve.say(unhurt.room, "\n".join(f"line {n}" for n in range(1000)))
    # the room has it, and so what ann says is behind it
    eve.wait_for(lambda s: s.kind == "message" and s.nick == nick and s.body)
    unhurt.bob.wait_for(lambda m: m.command == "PRIVMSG" and m.nick == nick,
                        30)
    unhurt.both_ways(30)
    lines = [t for n, t in unhurt.bob.texts() if n == nick]
    assert 0 < len(lines) <= 20
    eve.close()
