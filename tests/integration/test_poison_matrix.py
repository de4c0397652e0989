# SPDX-License-Identifier: MIT
"""Bad input, every field times every poison, with nobody in between who could
clean it: a scripted IRC server that says anything and writes down every line
that the bridge sends, and a real XMPP server whose stanzas are recorded.

Each cell is followed by a good line of the same conversation, so that what
came of the cell stands between two marks. A table gives the fields and
another the poisons; the tests run over their product.

What XML has no room for never leaves its author on XMPP (test_poison.py shows
the servers refusing it), and is left out of that half here.
"""

import itertools
import re

import pytest
import slixmpp

from tests.support.bridge import irc_network, xmpp_network
from tests.support.process import wait_for
from tests.support.scripted_irc import ScriptedIrc, Session

from .conftest import Things
from .poison import EACH_CONTROL, POISONS, fits_xml, xml_text

MUC = "http://jabber.org/protocol/muc"
ALL = {**POISONS, **EACH_CONTROL}
LEGAL = {name: data for name, data in ALL.items()
         if fits_xml(data.decode("utf-8", "replace"))}
WAIT_S = 60

# What the bridge may say, and how each looks, after its tags. Texts hold no
# control characters but those of style, and those of an action around all.
TEXT = r"[^\x00-\x01\x04-\x08\x0a-\x0e\x10\x12-\x15\x17-\x1c]*"
NICK = r"[^\s:!@,*?#\x00-\x20][^\s!@,*?\x00-\x20]*"
GRAMMAR = re.compile("|".join((
    r"CAP (LS 302|REQ :[a-z/=. -]+|END)",
    rf"NICK :?{NICK}",
    rf"USER [^\s:@!]+ 0 \* :{TEXT}",
    r"(JOIN|WHO|MODE|NAMES) :?#[^\s,:]+( %\w+,\d+)?",
    rf"PART #[^\s,:]+( :{TEXT})?",
    r"(PING|PONG) :?\S+",
    rf"(AWAY|QUIT)( :{TEXT})?",
    rf"(WHOIS|ISON|MONITOR [+-]) :?{NICK}",
    rf"(TOPIC #[^\s,:]+|(PRIVMSG|NOTICE) [^ \t\r\n\0:,]+) "
    rf":({TEXT}|\x01(ACTION|VERSION|PING|TIME|CLIENTINFO) {TEXT}\x01)")), re.S)


def untagged(line):
    return line.partition(" ")[2] if line[:1] == "@" else line


class ObservedSession(Session):
    """Does what it is told, as far as the bridge wants to see that."""

    def on_nick(self, rest):
        if self.welcomed:
            self.raw(f":{self.nick}!u@h NICK {rest}\r\n".encode())
        super().on_nick(rest)

    def on_part(self, rest):
        channel = rest.split()[0]
        self.raw(f":{self.nick}!u@h PART {channel}\r\n".encode())

    def on_topic(self, rest):
        self.raw(f":{self.nick}!u@h TOPIC {rest}\r\n".encode(
            "utf-8", "surrogateescape"))


class Observed:
    """ann and eve in a room, bob in a channel, and all that was said."""

    def __init__(self, farm, things, name):
        self.things = things
        self.xmpp = farm.get(name)
        self.irc = ScriptedIrc()
        self.irc.session = ObservedSession
        self.irc.caps = ("server-time message-tags account-tag batch "
                         "extended-join away-notify multi-prefix setname "
                         "userhost-in-names chghost account-notify")
        things.servers += [self.xmpp, self.irc]
        self.room = f"{things.name('room')}@{self.xmpp.rooms}"
        self.channel = "#" + things.name("chan")
        self.eve_nick = things.name("eve")
        self.ann = things.xmpp(self.xmpp, "ann")
        self.ann.join(self.room, things.name("Ann"))
        self.eve = things.xmpp(self.xmpp, "eve").join(self.room,
                                                      self.eve_nick)
        self.bridge = things.bridge(
            {"xmpp": xmpp_network(self.xmpp, window=64),
             "irc": irc_network(self.irc, lines_max=20)},
            {"lobby": [f"xmpp:{self.room}", f"irc:{self.channel}"]})
        self.bridge.start()
        self.listener = self.irc.wait_line(f"JOIN :{self.channel}")
        self.puppet = wait_for("eve's puppet", lambda: next(
            (s for s in self.irc.sessions if s.nick == self.eve_nick and
             f"JOIN :{self.channel}" in s.lines), None))
        self.says(b":bob!u@h JOIN %s" % self.channel.encode())
        self.ann.wait_occupant(self.room, "bob")
        self.count = 0
        self.checked = {}  # how many lines of each session are known

    def says(self, line):
        self.listener.raw(line + b"\r\n")

    def well(self):
        """Alive, and both networks are where they were."""
        self.bridge.require_alive()
        assert not self.bridge.downs("xmpp"), "the component was dropped"
        assert not self.bridge.downs("irc"), "the listener was dropped"
        for session in list(self.irc.sessions):
            lines = list(session.lines)
            place, self.checked[session] = (self.checked.get(session, 0),
                                            len(lines))
            for line in lines[place:]:
                body = untagged(line)
                assert GRAMMAR.fullmatch(body), line
                prefix = f":{session.nick}!u@h "
                raw = (prefix + body).encode("utf-8", "surrogateescape")
                assert len(raw) <= 510, line


@pytest.fixture(scope="module", params=[
    pytest.param("prosody", marks=pytest.mark.sanitized), "ejabberd"])
def observed(request, farm, folder):
    things = Things(folder)
    request.node.things = things
    it = Observed(farm, things, request.param)
    yield it
    alive = it.bridge.process.alive()
    things.close()
    it.irc.close()
    assert alive


@pytest.fixture
def unhurt(observed, request):
    """Around each test; after one that failed the next begins anew."""
    request.node.things = observed.things
    yield observed
    observed.well()


# ---- from IRC

# field: lines, with {c} the channel, {n} somebody in it, {d} the poison
IRC_FIELDS = {
    "body": [b":{n}!u@h PRIVMSG {c} :{d}"],
    "notice": [b":{n}!u@h NOTICE {c} :{d}"],
    "action": [b":{n}!u@h PRIVMSG {c} :\x01ACTION {d}\x01"],
    "ctcp": [b":{n}!u@h PRIVMSG {c} :\x01{d}\x01",
             b":{n}!u@h PRIVMSG {c} :\x01PING {d}\x01"],
    "topic": [b":{n}!u@h TOPIC {c} :{d}", b":s 332 causeway {c} :{d}"],
    "nick": [b":{n}{d}!u@h JOIN {c} * :x", b":{n}{d}!u@h PRIVMSG {c} :{w}",
             b":{n}{d}!u@h QUIT"],
    "rename": [b":{n}!u@h NICK :{d}", b":{d}!u@h PRIVMSG {c} :{w}",
               b":{d}!u@h QUIT"],
    "user": [b":{n}!{d}@h PRIVMSG {c} :{w}"],
    "host": [b":{n}!u@{d} PRIVMSG {c} :{w}", b":{n}!u@h CHGHOST {d} {d}"],
    "realname": [b":{n}2!u@h JOIN {c} * :{d}", b":{n}2!u@h SETNAME :{d}",
                 b":{n}2!u@h QUIT"],
    "account": [b"@account={d} :{n}!u@h PRIVMSG {c} :{w}",
                b":{n}!u@h ACCOUNT {d}", b":{n}3!u@h JOIN {c} {d} :x",
                b":{n}3!u@h QUIT"],
    "channel": [b":{n}!u@h JOIN {c}{d} * :x", b":{n}!u@h JOIN {d} * :x",
                b":{n}!u@h PRIVMSG {d} :{w}", b":{n}!u@h TOPIC {d} :{w}"],
    "kick": [b":bob!u@h KICK {c} {n} :{d}"],
    "kicked": [b":bob!u@h KICK {c} {d} :out", b":{d}!u@h KICK {c} {n} :out"],
    "part": [b":{n}!u@h PART {c} :{d}"],
    "quit": [b":{n}!u@h QUIT :{d}"],
    "away": [b":{n}!u@h AWAY :{d}"],
    "msgid": [b"@msgid={d} :{n}!u@h PRIVMSG {c} :{w}"],
    "time": [b"@time={d} :{n}!u@h PRIVMSG {c} :{w}"],
    "reply": [b"@+reply={d};+draft/reply={d} :{n}!u@h PRIVMSG {c} :{w}"],
    "names": [b":s 353 causeway = {c} :{d}", b":s 353 causeway {d} {c} :x"],
    "who": [b":s 352 causeway {c} {d} {d} {d} {n} {d} :0 {d}"],
    "mode": [b":{n}!u@h MODE {c} +o {d}", b":{n}!u@h MODE {c} {d} {n}"],
    "numeric": [b":s 404 causeway {c} :{d}", b":s 482 causeway {d} :{d}",
                b":s {d} causeway {c} :x"],
    "isupport": [b":s 005 causeway X={d} {d} :are supported"],
    "private": [b":{n}!u@h PRIVMSG {p} :{d}", b":{n}!u@h NOTICE {p} :{d}",
                b":{n}!u@h PRIVMSG {p} :\x01ACTION {d}\x01"],
    "notice-of-the-server": [b":s NOTICE causeway :{d}", b":s {d}", b"{d}"],
}
# After these the person is gone or somebody else.
LEAVING = ("rename", "kick", "kicked", "part", "quit")
KNOWN_CHILDREN = {
    "message": {"body", "subject", "stanza-id", "occupant-id", "origin-id",
                "delay", "x", "reply", "fallback", "no-store", "archived",
                "bridge", "origin"},
    "presence": {"show", "status", "priority", "x", "c", "occupant-id",
                 "idle", "delay", "nick", "bridge"},
}


_words = itertools.count(1)


def fill(line, watch, nick, data):
    """{w}: new words each time, or they would be taken for an echo."""
    for name, value in ((b"{w}", b"hi %d" % next(_words)),
                        (b"{c}", watch.channel.encode()), (b"{d}", data),
                        (b"{n}", nick), (b"{p}", watch.eve_nick.encode())):
        line = line.replace(name, value)
    return line + b"\r\n"


def says_something(field, data):
    """False if nothing but style, or a question to a program, is left."""
    if field != "action" and data[:1] == b"\x01":
        return data.startswith(b"\x01ACTION") and len(data) > 8
    line = data.split(b"\n")[0]
    if re.search(b"[\r\0]", line) or len(line) > 400:
        return False  # no line of IRC: dropped whole
    return bool(re.sub(rb"\x03\d*(,\d+)?|[\x00-\x20]", b"", line))


@pytest.mark.parametrize("field", IRC_FIELDS)
def test_no_field_from_irc_carries_more_than_text(unhurt, field):
    watch, marks, start = unhurt, {}, unhurt.ann.mark()
    channel = watch.channel.encode()
    for name, data in ALL.items():
        if not marks or field in LEAVING:
            watch.count += 1
            nick = f"p{watch.count}x"
            watch.says(b":%s!u@h JOIN %s * :x" % (nick.encode(), channel))
        data = data.replace(b"%(channel)s", channel)
        for line in IRC_FIELDS[field]:
            reader = watch.puppet if b"{p}" in line else watch.listener
            reader.raw(fill(line, watch, nick.encode(), data))
        marks[name] = f"after {name} in {field}"
        watch.says(b":bob!u@h PRIVMSG %s :%s" % (
            channel, marks[name].encode()))
    watch.ann.wait_text(marks[name], WAIT_S, start, room=watch.room)
    watch.says(b":%s!u@h QUIT" % nick.encode())
    seen = [s for s in watch.ann.record[start:] if s.bare == watch.room]
    for stanza in seen:
        assert stanza.type in ("", "groupchat", "unavailable"), stanza
        inside = {e.tag.rpartition("}")[2] for e in stanza.element}
        assert inside <= KNOWN_CHILDREN[stanza.kind], stanza
    place, unseen = 0, []
    for name, mark in marks.items():
        end = next(i for i in range(place, len(seen))
                    if seen[i].body == mark)
        said = [s for s in seen[place:end] if s.body is not None]
        place = end + 1
        if (field in ("body", "notice", "action") and
                says_something(field, ALL[name])):
            unseen += [] if said else [name]
        assert name in ("lf", "crlf") or "injected" not in {
            s.body for s in said}, name
    if unseen:
        watch.irc.wait_line(f"NOTICE {nick} :Not delivered")


# ---- from XMPP

def muc(tag):
    return f"http://jabber.org/protocol/muc#{tag}"


REJOIN = (f"<presence to='{{r}}/{{n}}'><x xmlns='{MUC}'>"
          "<history maxstanzas='0'/></x></presence>")
# field: what eve sends, with {d} the poison; it is ann who may kick. What came
# from IRC word for word a moment ago would be taken for a copy of it.
XMPP_FIELDS = {
    "body": "<message to='{r}' type='groupchat'><body>{d} too</body>"
            "</message>",
    "action": "<message to='{r}' type='groupchat'><body>/me {d} too</body>"
              "</message>",
    "subject": "<message to='{r}' type='groupchat'><subject>{d}</subject>"
               "</message>",
    "id": "<message to='{r}' type='groupchat' id='{d}'><body>hi</body>"
          "</message>",
    "correction": "<message to='{r}' type='groupchat'><body>{d}</body>"
                  "<replace xmlns='urn:xmpp:message-correct:0' id='{d}'/>"
                  "</message>",
    "reply": "<message to='{r}' type='groupchat'><body>hi</body><reply "
             "xmlns='urn:xmpp:reply:0' id='{d}' to='{r}/bob'/></message>",
    "file": "<message to='{r}' type='groupchat'><body>hi</body><x "
            "xmlns='jabber:x:oob'><url>{d}</url></x></message>",
    "status": "<presence to='{r}/{n}'><show>away</show><status>{d}</status>"
              "</presence>",
    "show": "<presence to='{r}/{n}'><show>{d}</show></presence>",
    "private": "<message to='{r}/bob' type='chat'><body>{d}</body>"
               f"<x xmlns='{muc('user')}'/></message>",
    "nick": "<presence to='{r}/{d}'/><presence to='{r}/{n}'/>",
    "resource": "<presence to='{r}/{n}{d}'/><presence to='{r}/{n}'/>",
    "leave": "<presence to='{r}/{n}' type='unavailable'><status>{d}"
             "</status></presence>" + REJOIN,
    "kick": f"<iq to='{{r}}' type='set' id='k'><query xmlns='{muc('admin')}'>"
            "<item nick='{n}' role='none'><reason>{d}</reason></item></query>"
            "</iq>",
}


def can_be_shown(nick):
    """False for an occupant that would end the stream of our observer."""
    try:
        return bool(slixmpp.JID(f"r@h/{nick}"))
    except slixmpp.InvalidJID:
        return False


def fill_xml(stanza, watch, data):
    for name, value in (("{r}", watch.room), ("{n}", watch.eve_nick),
                        ("{d}", xml_text(data))):
        stanza = stanza.replace(name, value)
    return stanza


@pytest.mark.parametrize("field", XMPP_FIELDS)
def test_no_field_from_xmpp_becomes_a_command(unhurt, field):
    watch, unseen = unhurt, []
    start = watch.eve.mark()
    for name, data in LEGAL.items():
        data = data.replace(b"%(channel)s", watch.channel.encode())
        if field in ("nick", "resource") and not can_be_shown(
                data.decode("utf-8", "replace")):
            continue
        mark = f"after {name} in {field}"
        places = {s: len(s.lines) for s in watch.irc.sessions}
        sender = watch.ann if field == "kick" else watch.eve
        place = watch.eve.mark()
        sender.send(fill_xml(XMPP_FIELDS[field], watch, data))
        if field == "kick":
            watch.eve.wait_gone(watch.room, watch.eve_nick, 10, place)
            watch.eve.send(fill_xml(REJOIN, watch, data))
        watch.eve.say(watch.room, mark)
        watch.irc.wait_line(mark, 30)
        said = [line for s in watch.irc.sessions
                for line in map(untagged, s.lines[places.get(s, 0):])
                if " :" in line and mark not in line and
                line.startswith(("PRIVMSG", "NOTICE"))]
        text = data.decode("utf-8", "replace")
        if field in ("body", "action") and text.strip() and not said:
            unseen.append(name)
    told = [s for s in watch.eve.record[start:] if s.kind == "message" and
            (s.type == "error" or "not passed on" in (s.body or ""))]
    assert told or not unseen, unseen
