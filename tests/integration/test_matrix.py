# SPDX-License-Identifier: MIT
"""Matrix, XMPP and IRC in one conversation: every concept in every direction.

ROWS are those of the table in section 11 of the semantics (which concept has
which form on which network); each is tested by concepts of TABLE in all six
directions, as far as people can do it there, or tells where it is tested, or
why not. People are ann (XMPP), bob (IRC) and mia (Matrix).
"""

import itertools

import pytest

from tests.integration.conftest import Things, make_trio
from tests.support.irc_peer import is_typing
from tests.support.process import wait_for

NETWORKS = ("xmpp", "irc", "matrix")
SID = "{urn:xmpp:sid:0}stanza-id"
REPLACE = "{urn:xmpp:message-correct:0}replace"
REPLY = "{urn:xmpp:reply:0}reply"
REACTIONS = "{urn:xmpp:reactions:0}reactions"
REACTION = "{urn:xmpp:reactions:0}reaction"
RETRACT = "{urn:xmpp:message-retract:1}retract"
THUMB = "\U0001f44d"

_token = itertools.count(1)

# one worker has the homeserver, which is slow to start
pytestmark = pytest.mark.xdist_group("matrix")


@pytest.fixture(scope="module")
def one_crowd(farm, folder):
    """One trio for all cells: what is said in them is told apart by words."""
    things = Things(folder)
    trio = make_trio(farm, things)
    yield trio
    things.close()


@pytest.fixture
def crowd(one_crowd, request):
    request.node.things = one_crowd.things
    return one_crowd


class Side:
    """One network of the trio, as its person there uses it."""

    def __init__(self, trio, network):
        self.trio, self.network = trio, network
        self.peer = {"xmpp": trio.ann, "irc": trio.bob,
                     "matrix": trio.mia}[network]
        self.place = {"xmpp": trio.room, "irc": trio.channel,
                      "matrix": trio.place}[network]
        self.nick = {"xmpp": trio.ann_nick, "irc": trio.bob.nick,
                     "matrix": trio.mia_nick}[network]

    # ---- doing

    def say(self, text):
        """What the person would name to edit it, reply to it or mark it."""
        mark = self.peer.mark()
        got = self.peer.say(self.place, text)
        if self.network == "matrix":
            return got
        if self.network == "xmpp":
            seen = self.peer.wait_text(text, room=self.place, since=mark)
            return seen.element.find(SID).get("id"), got
        return text

    def act(self, text):
        if self.network == "matrix":
            self.peer.say(self.place, text, "m.emote")
        else:
            self.peer.me(self.place, text)

    def edit(self, what, text):
        if self.network == "matrix":
            self.peer.edit(self.place, what, text)
        else:
            self.peer.say(self.place, text, extra=f"<replace id='{what[1]}' "
                          "xmlns='urn:xmpp:message-correct:0'/>")

    def reply(self, what, text):
        if self.network == "matrix":
            self.peer.reply(self.place, what, text)
        else:
            self.peer.say(self.place, text, extra=f"<reply id='{what}' "
                          f"to='{self.place}' xmlns='urn:xmpp:reply:0'/>")

    def mark(self, what, marks):
        """All that the person has on it now."""
        if self.network == "matrix":
            return self.peer.react(self.place, what, marks[0])
        inner = "".join(f"<reaction>{m}</reaction>" for m in marks)
        self.peer.send(
            f"<message to='{self.place}' type='groupchat' "
            f"id='r{next(_token)}'><reactions id='{what[0]}' xmlns="
            f"'urn:xmpp:reactions:0'>{inner}</reactions></message>")
        return what

    def unmark(self, mark):
        if self.network == "matrix":
            self.peer.redact(self.place, mark)
        else:
            self.mark(mark, [])

    def withdraw(self, what):
        if self.network == "matrix":
            self.peer.redact(self.place, what)
        else:
            self.peer.send(
                f"<message to='{self.place}' type='groupchat' "
                f"id='w{next(_token)}'><retract id='{what[0]}' xmlns="
                "'urn:xmpp:message-retract:1'/></message>")

    def topic(self, text):
        {"xmpp": lambda: self.peer.subject(self.place, text),
         "irc": lambda: self.peer.topic(self.place, text),
         "matrix": lambda: self.peer.set_topic(self.place, text)
         }[self.network]()

    # ---- seeing

    def sees(self, text, nick, since=0):
        """The message with that text, shown as said by nick; its native id
        here."""
        if self.network == "matrix":
            seen = self.peer.wait_text(text, since=since, room=self.place)
            assert self.peer.members(self.place)[seen.sender] == nick
            return seen.id
        seen = self.peer.wait_text(text, nick=nick, since=since)
        if self.network == "irc":
            assert seen.text == text
            return text
        assert seen.body == text
        sid = seen.element.find(SID)
        return (None if sid is None else sid.get("id")), seen.id

    def wait(self, condition, since):
        return self.peer.wait_for(condition, 15, since)


def text(a, b, since, word):
    a.say(f"{word} plain")
    b.sees(f"{word} plain", a.nick, since)


def odd_text(a, b, since, word):
    words = f"{word} <b>&amp; \"é\" 日本 \U0001f600 *no\\nthing*"
    if a.network == "xmpp":
        words = words.replace("*", "_ ")  # else it is styled
    a.say(words)
    b.sees(words, a.nick, since)


def action(a, b, since, word):
    a.act(f"waves {word}")
    if b.network == "matrix":
        assert b.wait(lambda e: e.body == f"waves {word}",
                      since).kind == "m.emote"
    elif b.network == "xmpp":
        b.sees(f"/me waves {word}", a.nick, since)
    else:
        b.wait(lambda m: m.action == f"waves {word}" and m.nick == a.nick,
               since)


def bold(a, b, since, word):
    {"xmpp": lambda: a.say(f"*{word}* x"),
     "irc": lambda: a.say(f"\x02{word}\x02 x"),
     "matrix": lambda: a.peer.say_html(a.place, f"{word} x",
                                       f"<b>{word}</b> x")}[a.network]()
    if b.network == "xmpp":
        b.sees(f"*{word}* x", a.nick, since)
    elif b.network == "irc":
        b.wait(lambda m: m.text.startswith(f"\x02{word}\x02") or
               m.text.startswith(f"\x02{word}\x0f"), since)
    else:
        assert b.wait(lambda e: e.body == f"{word} x",
                      since).html == f"<strong>{word}</strong> x"


def lines(a, b, since, word):
    a.say(f"{word} one\n{word} two")
    if b.network == "irc":
        b.sees(f"{word} one", a.nick, since)
        b.sees(f"{word} two", a.nick, since)
    else:
        b.sees(f"{word} one\n{word} two", a.nick, since)


def edit(a, b, since, word):
    what = a.say(f"{word} helo")
    there = b.sees(f"{word} helo", a.nick, since)
    a.edit(what, f"{word} hello")
    if b.network == "matrix":
        seen = b.wait(lambda e: e.replaces == there, since)
        assert seen.content["m.new_content"]["body"] == f"{word} hello"
    elif b.network == "xmpp":
        seen = b.peer.wait_text(f"{word} hello", nick=a.nick, since=since)
        assert seen.element.find(REPLACE).get("id") == there[1]
    else:
        b.sees(f"* {word} hello", a.nick, since)


def reply(a, b, since, word):
    """To what the person at the other end said."""
    since_a = a.peer.mark()
    there = b.say(f"{word} question")
    what = a.sees(f"{word} question", b.nick, since_a)
    a.reply(what[0] if a.network == "xmpp" else what, f"{word} answer")
    if b.network == "matrix":
        seen = b.peer.wait_text(f"{word} answer", since=since)
        assert seen.reply_to == there
    elif b.network == "xmpp":
        seen = b.peer.wait_text(f"{word} answer", since=since)
        assert seen.element.find(REPLY).get("id") == there[0]
    else:
        b.sees(f"{b.nick}: {word} answer", a.nick, since)


def _marks(stanza, target):
    found = stanza.element.find(REACTIONS)
    if found is None or found.get("id") not in target:
        return None
    return {r.text for r in found.iter(REACTION)}


def reaction(a, b, since, word):
    """And back: a mark that is taken away is taken away."""
    what = a.say(f"{word} fine")
    there = b.sees(f"{word} fine", a.nick, since)
    mark = a.mark(what, [THUMB])
    if b.network == "matrix":
        seen = b.wait(lambda e: e.type == "m.reaction" and
                      e.relates.get("event_id") == there, since)
        assert seen.relates["key"] == THUMB
        a.unmark(mark)
        b.wait(lambda e: e.redacts == seen.id, since)
    elif b.network == "xmpp":
        b.wait(lambda s: s.nick == a.nick and
               _marks(s, there) == {THUMB}, since)
        a.unmark(mark)
        b.wait(lambda s: s.nick == a.nick and
               _marks(s, there) == set(), since)
    else:
        a.unmark(mark)
        a.say(f"{word} done")  # in order: what would be said, was
        b.sees(f"{word} done", a.nick, since)
        assert not [t for _, t in b.peer.texts(b.place, since) if THUMB in t]


def withdrawal(a, b, since, word):
    what = a.say(f"{word} oops")
    there = b.sees(f"{word} oops", a.nick, since)
    a.withdraw(what)
    if b.network == "matrix":
        b.wait(lambda e: e.redacts == there, since)
    elif b.network == "xmpp":
        b.wait(lambda s: s.nick == a.nick and
               s.element.find(RETRACT) is not None and
               s.element.find(RETRACT).get("id") in there, since)
    else:
        b.wait(lambda m: m.command in ("NOTICE", "PRIVMSG") and
               f'{a.nick} withdrew "{word} oops"' in m.text, since)


def mention(a, b, since, word):
    a.say(f"{b.nick}: {word}")
    if b.network == "matrix":
        seen = b.wait(lambda e: word in (e.body or ""), since)
        assert seen.content["m.mentions"] == {"user_ids": [b.peer.id]}
        assert f'href="https://matrix.to/#/{b.peer.id}"' in seen.html
    else:
        b.sees(f"{b.nick}: {word}", a.nick, since)


def topic(a, b, since, word):
    a.topic(f"about {word}")
    if b.network == "matrix":
        b.wait(lambda e: e.type == "m.room.topic" and
               e.content["topic"] == f"about {word}", since)
    elif b.network == "xmpp":
        b.wait(lambda s: s.subject == f"about {word}", since)
    else:
        b.wait(lambda m: m.command == "TOPIC" and
               m.text == f"about {word}", since)


def notice(a, b, since, word):
    if a.network == "irc":
        a.peer.notice(a.place, f"{word} noted")
    else:
        a.peer.say(a.place, f"{word} noted", "m.notice")
    if b.network == "irc":
        b.wait(lambda m: m.command == "NOTICE" and m.nick == a.nick and
               m.text == f"{word} noted", since)
    elif b.network == "matrix":
        assert b.wait(lambda e: e.body == f"{word} noted",
                      since).kind == "m.notice"
    else:
        b.sees(f"{word} noted", a.nick, since)


def thread(a, b, since, word):
    """Where there are none, it is a reply to the message it began with."""
    since_a = a.peer.mark()
    there = b.say(f"{word} root")
    what = a.sees(f"{word} root", b.nick, since_a)
    a.peer.say(a.place, f"{word} leaf", **{"m.relates_to": {
        "rel_type": "m.thread", "event_id": what, "is_falling_back": True,
        "m.in_reply_to": {"event_id": what}}})
    if b.network == "xmpp":
        seen = b.peer.wait_text(f"{word} leaf", since=since)
        assert seen.element.find(REPLY).get("id") == there[0]
    else:
        b.sees(f"{b.nick}: {word} leaf", a.nick, since)


def moderation(a, b, since, word):
    """Of what somebody else said; here by who may do so on Matrix."""
    since_a = a.peer.mark()
    b.say(f"{word} oops")
    what = a.sees(f"{word} oops", b.nick, since_a)
    a.withdraw(what)
    b.wait(lambda m: f'{a.nick} withdrew "{word} oops"' in
           ((m.text if b.network == "irc" else m.body) or ""), since)


STATES = "{http://jabber.org/protocol/chatstates}"


def typing(a, b, since, _word):
    def write(writing):
        if a.network == "matrix":
            a.peer.set_typing(a.place, writing)
        elif a.network == "irc":
            a.peer.send(f"@+typing={'active' if writing else 'done'} TAGMSG "
                        f"{a.place}")
        else:
            state = "composing" if writing else "active"
            a.peer.send(f"<message to='{a.place}' type='groupchat'><{state} "
                        "xmlns='http://jabber.org/protocol/chatstates'/>"
                        "</message>")

    def shows(writing):
        if b.network == "matrix":
            ghost = b.peer.puppet(b.place, a.nick)
            wait_for(f"typing to be {writing}", lambda: (
                ghost in b.peer.typing.get(b.place, [])) == writing)
        elif b.network == "irc":
            b.wait(lambda m: is_typing(m, a.nick, b.place, writing), since)
        else:
            state = "composing" if writing else "active"
            b.wait(lambda s: s.nick == a.nick and
                   s.element.find(STATES + state) is not None, since)
    write(True)
    shows(True)
    write(False)
    shows(False)


def displayed(a, b, since, word):
    """By the id that the message has where it was said."""
    since_a = a.peer.mark()
    there = b.say(f"{word} read me")
    what = a.sees(f"{word} read me", b.nick, since_a)
    if a.network == "matrix":
        a.peer.has_read(a.place, what)
        b.wait(lambda s: s.nick == a.nick and
               s.other("displayed") is not None and
               s.other("displayed").get("id") == there[0], since)
        return
    a.peer.send(f"<message to='{a.place}' type='groupchat'><displayed "
                f"xmlns='urn:xmpp:chat-markers:0' id='{what[0]}'/></message>")
    ghost = b.peer.puppet(b.place, a.nick)
    wait_for("the receipt", lambda: b.peer.read.get(
        (b.place, ghost)) == there)


def sticker(a, b, since, word):
    a.peer.send(a.place, "m.sticker", {
        "body": f"{word} cat", "url": "mxc://localhost/none",
        "info": {"mimetype": "image/png", "size": 1200}})
    b.wait(lambda m: f"{word} cat" in said(b, m) and
           "image" in said(b, m), since)


def poll(a, b, since, word):
    a.peer.send(a.place, "m.poll.start", {
        "m.text": [{"body": "fallback"}], "m.poll": {
            "kind": "m.disclosed", "question": {
                "m.text": [{"body": f"{word} which?"}]},
            "answers": [
                {"m.id": "1", "m.text": [{"body": f"{word} tea"}]},
                {"m.id": "2", "m.text": [{"body": f"{word} wine"}]}]}})
    for words in (f"[poll] {word} which?", f"- {word} tea",
                  f"- {word} wine"):
        b.wait(lambda m, words=words: words in said(b, m), since)


def location(a, b, since, word):
    a.peer.say(a.place, f"{word} here", "m.location", geo_uri="geo:1,2")
    b.wait(lambda m: f"{word} here geo:1,2" in said(b, m), since)


def said(side, what):
    return (what.text if side.network == "irc" else what.body) or ""


def file(a, b, since, word):
    """Without a media room it is told in words, and a link stays one."""
    if a.network == "matrix":
        a.peer.say(a.place, f"{word}.pdf", "m.file",
                   url=a.peer.upload(b"%PDF-1", "application/pdf"),
                   info={"mimetype": "application/pdf", "size": 6})
        b.wait(lambda m: f"{word}.pdf" in said(b, m), since)
    else:
        url = f"https://files.example/{word}.pdf"
        extra = f"<x xmlns='jabber:x:oob'><url>{url}</url></x>"
        if a.network == "xmpp":
            a.peer.say(a.place, url, extra=extra)
        else:
            a.say(url)
        b.wait(lambda m: url in said(b, m), since)


class Third:
    """Somebody else of that network, who is there as long as one cell."""

    def __init__(self, side, stem):
        t = self.trio = side.trio
        self.side = side
        self.name = f"{stem}{next(_token)}"
        if side.network == "xmpp":
            self.peer = t.things.xmpp(t.things.servers[0], "eve")
            self.peer.join(t.room, self.name)
        elif side.network == "irc":
            self.peer = t.things.irc(t.things.servers[1], self.name)
            self.peer.join(t.channel)
        else:
            self.peer = t.things.matrix(t.synapse, self.name.lower())
            self.peer.set_name(self.name)
            self.peer.join(t.place)

    def rename(self, name):
        {"xmpp": lambda: self.peer.change_nick(self.side.place, name),
         "irc": lambda: self.peer.change_nick(name),
         "matrix": lambda: self.peer.set_name(name)}[self.side.network]()
        self.name = name

    def leave(self):
        {"xmpp": lambda: self.peer.leave(self.side.place),
         "irc": lambda: self.peer.part(self.side.place),
         "matrix": lambda: self.peer.leave(self.side.place)
         }[self.side.network]()

    def removed(self, ban):
        """By the person of this network who may."""
        by, place = self.side.peer, self.side.place
        if self.side.network == "xmpp":
            if ban:
                by.ban(place, "eve@localhost", "enough")
            else:
                by.kick(place, self.name, "enough")
        elif self.side.network == "irc":
            if ban:
                by.send(f"MODE {place} +b {self.name}!*@*")
            by.kick(place, self.name, "enough")
        else:
            by.call("POST", f"/v3/rooms/{place}/{'ban' if ban else 'kick'}",
                    {"user_id": self.peer.id, "reason": "enough"})

    def forgiven(self):
        if self.side.network == "xmpp":
            self.side.peer.iq(
                self.side.place, "<query xmlns='http://jabber.org/protocol/"
                "muc#admin'><item jid='eve@localhost' affiliation='none'/>"
                "</query>", "set")


def is_here(side, name, since):
    if side.network == "xmpp":
        side.peer.wait_occupant(side.place, name)
    elif side.network == "irc":
        side.wait(lambda m: name in (m.nick, m.text) and
                  m.command in ("JOIN", "NICK"), since)
    else:
        side.peer.wait_member(side.place, name, since=since)


def is_gone(side, name, since, why=None):
    """And says why."""
    if side.network == "xmpp":
        gone = side.peer.wait_gone(side.place, name, since=since)
        words = gone.status + gone.reason
    elif side.network == "irc":
        gone = side.wait(lambda m: m.command in ("PART", "QUIT") and
                         m.nick == name, since)
        words = gone.text
    else:
        def left(e):
            before = e.raw.get("unsigned", {}).get("prev_content", {})
            return (e.type == "m.room.member" and e.room == side.place and
                    e.content["membership"] == "leave" and
                    before.get("displayname") == name)
        words = side.wait(left, since).content.get("reason", "")
    assert why is None or why in words


def membership(a, b, since, _word):
    third = Third(a, "Come")
    is_here(b, third.name, since)
    third.leave()
    is_gone(b, third.name, since)


def renaming(a, b, since, _word):
    third = Third(a, "Old")
    is_here(b, third.name, since)
    third.rename(third.name.replace("Old", "New"))
    is_here(b, third.name, since)
    third.leave()
    is_gone(b, third.name, since)


def kick(a, b, since, _word):
    third = Third(a, "Kick")
    is_here(b, third.name, since)
    third.removed(ban=False)
    is_gone(b, third.name, since, "enough")


def ban(a, b, since, _word):
    third = Third(a, "Ban")
    is_here(b, third.name, since)
    third.removed(ban=True)
    is_gone(b, third.name, since)
    third.forgiven()


def away(a, b, since, word):
    third = Third(a, "Away")
    is_here(b, third.name, since)
    if a.network == "xmpp":
        third.peer.presence("away", f"{word} out", room=a.place)
    else:
        third.peer.away(f"{word} out")
    if b.network == "xmpp":
        b.wait(lambda s: s.nick == third.name and s.show == "away", since)
    else:
        wait_for("the away message", lambda: is_away(b, third.name))
    third.leave()
    is_gone(b, third.name, since)


def is_away(b, name):
    mark = b.peer.mark()
    b.peer.send(f"WHOIS {name}")
    return b.peer.wait_for(lambda m: m.command in ("301", "318"), 10,
                           mark).command == "301"


# concept: (test, the networks on which a person can do it)
TABLE = {
    "text": (text, NETWORKS),
    "odd text": (odd_text, NETWORKS),
    "action": (action, NETWORKS),
    "bold": (bold, NETWORKS),
    "lines": (lines, ("xmpp", "matrix")),
    "edit": (edit, ("xmpp", "matrix")),
    "reply": (reply, ("xmpp", "matrix")),
    "reaction": (reaction, ("xmpp", "matrix")),
    "withdrawal": (withdrawal, ("xmpp", "matrix")),
    "mention": (mention, NETWORKS),
    "topic": (topic, NETWORKS),
    "notice": (notice, ("irc", "matrix")),
    "thread": (thread, ("matrix",)),
    "moderation": (moderation, ("matrix",)),
    "typing": (typing, NETWORKS),
    "displayed": (displayed, ("xmpp", "matrix")),
    "sticker": (sticker, ("matrix",)),
    "poll": (poll, ("matrix",)),
    "location": (location, ("matrix",)),
    "file": (file, NETWORKS),
    "membership": (membership, NETWORKS),
    "renaming": (renaming, NETWORKS),
    "kick": (kick, NETWORKS),
    "ban": (ban, NETWORKS),
    "away": (away, ("xmpp", "irc")),
}
# what is not there to be seen at the other end
BLIND = {("displayed", "irc"), ("away", "matrix")}
CELLS = [(concept, a, b) for concept, (_, networks) in TABLE.items()
         for a in networks for b in NETWORKS if a != b and
         (concept, b) not in BLIND]

# Section 11: concepts of TABLE, or a text: where it is tested, or why not.
ROWS = {
    "text": ("text", "odd text"),
    "action": ("action",),
    "notice": ("notice",),
    "bold, italic, code, strike": ("bold",),
    "colour": "tests/unit/matrix/test_html.c, tests/unit/irc/test_format.c",
    "spoiler": "tests/unit/matrix/test_html.c",
    "multi-line": ("lines",),
    "edit": ("edit",),
    "reply": ("reply",),
    "thread": ("thread",),
    "reaction": ("reaction",),
    "retract own": ("withdrawal",),
    "moderate": ("moderation",),
    "mention": ("mention",),
    "typing": ("typing",),
    "delivered receipt": "test_matrix_portals.py in private",
    "displayed": ("displayed",),
    "private read sync": "not built: default off",
    "stable id": ("edit", "reply", "reaction"),
    "own timestamp": "test_matrix_scripted.py, test_catchup.py",
    "history query": "test_gateway_archive.py, test_catchup.py",
    "files": ("file", "sticker", "poll", "location"),
    "avatar": "test_matrix_media.py",
    "presence": ("away",),  # of Matrix: test_matrix_presence.py
    "roles": "test_gateway_moderation.py: shown where rooms are hosted",
    "nick change": ("renaming",),
    "topic": ("topic",),
    "invite": "test_gateway.py; test_matrix_portals.py in private",
    "voice, video": "refused: no network's form reaches the core",
    "encryption": "test_matrix_faults.py",
    "membership": ("membership", "kick", "ban"),
}


def test_every_row_is_tested_in_every_direction():
    named = {c for row in ROWS.values() if isinstance(row, tuple)
             for c in row}
    assert named == set(TABLE)
    for concept, (_, networks) in TABLE.items():
        for a, b in itertools.permutations(NETWORKS, 2):
            assert ((concept, a, b) in CELLS or a not in networks or
                    (concept, b) in BLIND)


def cells():
    """Each row in one direction, in turn, also under sanitizers."""
    for row, concept in enumerate(TABLE):
        mine = [cell for cell in CELLS if cell[0] == concept]
        for n, cell in enumerate(mine):
            first = n == row % len(mine)
            yield pytest.param(*cell, marks=() if first else pytest.mark.again)


@pytest.mark.parametrize("concept,a,b", cells(),
                         ids=lambda v: v.replace(" ", "-"))
def test_a_concept_gets_across(crowd, concept, a, b):
    a, b = Side(crowd, a), Side(crowd, b)
    TABLE[concept][0](a, b, b.peer.mark(), f"w{next(_token)}")


# ---- people ----------------------------------------------------------------

def test_people_come_and_go_on_both_sides(crowd):
    """On XMPP, IRC and Matrix, each shown on the two others."""
    t = crowd
    eve = t.things.irc(t.things.servers[1], t.things.name("eve"))
    marks = t.mia.mark()
    eve.join(t.channel)
    t.mia.wait_member(t.place, eve.nick, since=marks)
    eve.part(t.channel, "off to lunch")
    is_gone(Side(t, "matrix"), eve.nick, marks, "off to lunch")

    name = t.things.name("Noa")
    noa = t.things.matrix(t.synapse, t.things.name("noa"))
    noa.set_name(name)
    mark = t.bob.mark()
    noa.join(t.place)
    t.ann.wait_occupant(t.room, name)
    t.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == name, 10, mark)
    noa.set_name(name + "x")
    t.ann.wait_occupant(t.room, name + "x")
    t.bob.wait_for(lambda m: m.command == "NICK" and m.text == name + "x")
    noa.leave(t.place)
    t.ann.wait_gone(t.room, name + "x")
    t.bob.wait_for(lambda m: m.command in ("PART", "QUIT") and
                   m.nick == name + "x")


def test_a_puppet_never_has_the_name_of_somebody_there(crowd):
    t = crowd
    twin = t.things.irc(t.things.servers[1], t.mia_nick + "2")
    noa = t.things.matrix(t.synapse, t.things.name("noa"))
    noa.set_name(twin.nick)
    noa.join(t.place)
    mark = t.mia.mark()
    twin.join(t.channel)
    t.mia.wait_member(t.place, f"{twin.nick} (irc)", since=mark)
    noa.leave(t.place)
    twin.part(t.channel)


def test_who_kicks_a_puppet_keeps_it_out(crowd):
    """What the person says then is relayed by the bot, under its name."""
    t = crowd
    eve = t.things.irc(t.things.servers[1], t.things.name("eva"))
    eve.join(t.channel)
    t.mia.wait_member(t.place, eve.nick)
    t.mia.kick(t.place, t.mia.puppet(t.place, eve.nick), "no")
    t.bridge.wait_log("removed by")
    mark = t.mia.mark()
    eve.say(t.channel, "still here")
    seen = t.mia.wait_text(f"<{eve.nick}> still here", since=mark)
    assert seen.sender == t.service.bot_id
    eve.part(t.channel)


# ---- in private ------------------------------------------------------------

def test_who_writes_in_private_is_seen_on_irc_and_on_matrix(crowd):
    t = crowd
    mark, since = t.mia.mark(), t.bob.mark()
    t.bob.say(t.mia_nick, "psst")
    asked = t.mia.wait_for(lambda e: e.type == "m.room.member" and
                           e.state_key == t.mia.id and
                           e.content["membership"] == "invite", since=mark)
    t.mia.join(asked.room)
    ghost = t.mia.wait_text("psst", room=asked.room).sender
    # what clients call a direct chat, of the puppet's side
    wait_for("the mark", lambda: t.synapse.account_data(
        t.service, ghost, "m.direct") == {t.mia.id: [asked.room]})
    t.bob.send(f"@+typing=active TAGMSG {t.mia_nick}")
    wait_for("typing", lambda: ghost in t.mia.typing.get(asked.room, []))
    t.bob.send(f"@+typing=done TAGMSG {t.mia_nick}")
    wait_for("no typing", lambda: ghost not in t.mia.typing[asked.room])
    t.mia.set_typing(asked.room, True)
    t.bob.wait_for(lambda m: is_typing(m, t.mia_nick, t.bob.nick, True),
                   since=since)
    t.mia.set_typing(asked.room, False)
    t.bob.wait_for(lambda m: is_typing(m, t.mia_nick, t.bob.nick, False),
                   since=since)
    assert ghost not in t.mia.typing.get(t.place, [])


# ---- after a restart; last, because everybody comes anew ---------------------

def test_marks_that_stand_are_known_after_a_restart(crowd):
    """On XMPP one stanza tells all marks of a person: neither are those told
    again that stood before, nor is one lost that a puppet had."""
    t = crowd
    ann, mia = Side(t, "xmpp"), Side(t, "matrix")
    since_ann, since_mia = t.ann.mark(), t.mia.mark()
    hers = mia.say("marks of ann")
    there = ann.sees("marks of ann", mia.nick, since_ann)
    ann.mark(there, [THUMB])
    first = mia.wait(lambda e: e.relates.get("event_id") == hers, since_mia)
    own = ann.say("marks of mia")
    seen = mia.sees("marks of mia", ann.nick, since_mia)
    mia.mark(seen, [THUMB])
    ann.wait(lambda s: _marks(s, own) == {THUMB}, since_ann)

    since_ann, since_mia = t.ann.mark(), t.mia.mark()
    t.bridge.restart()
    t.ann.wait_for(lambda s: s.kind == "presence" and s.nick == t.mia_nick and
                   not s.type, 30, since_ann)
    mia.mark(seen, ["\U0001f389"])
    ann.wait(lambda s: _marks(s, own) == {THUMB, "\U0001f389"}, since_ann)
    ann.mark(there, [THUMB, "\U0001f389"])
    second = mia.wait(lambda e: e.relates.get("event_id") == hers, since_mia)
    assert second.relates["key"] == "\U0001f389"
    ann.mark(there, [])
    for mark in (first, second):
        mia.wait(lambda e, mark=mark: e.redacts == mark.id, since_mia)
