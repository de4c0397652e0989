# SPDX-License-Identifier: MIT
"""Matrix, XMPP and IRC in one conversation: every concept in every direction.

TABLE is the one of the semantics (which concept has which form on which
network); the tests are made from it, so that no direction can be forgotten.
People are ann (XMPP), bob (IRC) and mia (Matrix).
"""

import itertools

import pytest

from tests.integration.conftest import Things, make_trio

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
    a.say(words)
    if b.network == "irc" and a.network == "xmpp":
        words = words.replace("*no\\nthing*", "no\\nthing")  # it is styled
    if b.network == "matrix" and a.network == "xmpp":
        words = words.replace("*no\\nthing*", "no\\nthing")
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
}
CELLS = [(concept, a, b) for concept, (_, networks) in TABLE.items()
         for a in networks for b in NETWORKS if a != b and
         "matrix" in (a, b)]  # the others: test_semantics.py


@pytest.mark.parametrize("concept,a,b", CELLS,
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
    left = t.mia.wait_for(
        lambda e: e.type == "m.room.member" and e.room == t.place and
        e.content["membership"] == "leave", since=marks)
    assert left.content["reason"] == "off to lunch"

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
