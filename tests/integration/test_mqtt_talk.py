# SPDX-License-Identifier: MIT
"""From the room to topics, and rooms as topics, against a real Mosquitto."""

import json
import time

import pytest

from tests.support.bridge import irc_network, mqtt_network
from tests.support.mqtt_peer import MqttPeer
from tests.support.process import wait_for

from .test_mqtt import DONE, make_house

WINDOW = {"command": "!window {1} {open|closed}",
          "topic": "home:ROOT/{1}/window/set"}


def replaces(ident):
    """In the stanza that corrects that one (XEP-0308)."""
    return f"<replace xmlns='urn:xmpp:message-correct:0' id='{ident}'/>"


def holds(stanza, name):
    return any(e.tag.rpartition("}")[2] == name
               for e in stanza.element.iter())


def stanza_id_of(house, text):
    """The room's id (XEP-0359) of the message that ann saw."""
    seen = house.ann.wait_text(text, room=house.room)
    return next(e.get("id") for e in seen.element.iter()
                if e.tag.endswith("}stanza-id"))


# ---- commands ---------------------------------------------------------------

def test_a_command_is_published_and_the_room_is_told(farm, closing):
    house = make_house(farm, closing, {
        "w": {**WINDOW, "words": ["open=1"], "properties": ["by=bridge"]}},
        version="5")
    house.device.subscribe(f"{house.root}/#")
    house.bridge.start()
    house.bob.say(house.channel, "!window east open")
    got = house.device.wait_text("1", f"{house.root}/east/window/set")
    assert not got.retain and got.qos == 1
    assert ("by", "bridge") in got.properties.UserProperty
    house.said("!window east open: sent")
    record = house.bridge.wait_log('command "w" by')
    assert house.bob.nick in record["msg"] and "east/window" in record["msg"]


def test_a_command_that_nobody_listens_to_says_so(farm, closing):
    house = make_house(farm, closing, {"w": WINDOW}, version="5")
    house.bridge.start()
    house.bob.say(house.channel, "!window east open")
    house.said("!window east open: nobody listens there")


def test_a_command_is_done_when_the_device_shows_it(farm, closing):
    house = make_house(farm, closing, {
        "w": {**WINDOW, "ack": "ROOT/{1}/window", "timeout": "2s"}})
    # How it was before is no answer.
    house.device.publish(f"{house.root}/east/window", "open", retain=True)
    house.device.subscribe(f"{house.root}/+/window/set")
    house.bridge.start()
    house.bob.say(house.channel, "!window east open")
    house.device.wait_text("open")
    for topic, payload in (("west/window", "open"), ("east/window", "ajar")):
        house.device.publish(f"{house.root}/{topic}", payload)
    house.device.publish(f"{house.root}/east/window", "open")
    wait_for("the answer", lambda: any(
        t.startswith("!window east open: done (") for t in house.heard()))
    house.bob.say(house.channel, "!window west open")
    house.said("!window west open: no answer after 2 s")


def test_a_device_answers_on_the_response_topic(farm, closing):
    house = make_house(farm, closing, {
        "w": {**WINDOW, "respond": True, "timeout": "2s"}}, version="5")
    house.device.subscribe(f"{house.root}/+/window/set")
    house.bridge.start()
    house.bob.say(house.channel, "!window east closed")
    asked = house.device.wait_text("closed")
    topic = asked.properties.ResponseTopic
    data = asked.properties.CorrelationData
    # Forged: for another question, under another topic.
    house.device.publish(topic, "no", correlation=b"0000000000000000")
    house.device.publish(topic[:-1] + "x", "no", correlation=data)
    house.device.publish(topic, "at 14:03", correlation=data)
    wait_for("the answer", lambda: any(
        t.startswith("!window east closed: done, at 14:03 (")
        for t in house.heard()))
    assert not [t for t in house.heard() if "no" in t.split()]


def test_who_is_not_allowed_changes_nothing(farm, closing):
    house = make_house(farm, closing, {"w": WINDOW})
    eve = house.things.irc(house.irc, house.things.name("eve"))
    eve.join(house.channel)
    house.device.subscribe(f"{house.root}/#")
    house.bridge.start()
    eve.say(house.channel, "!window east open")
    house.said("!window east open: you may not do that here")
    house.bob.say(house.channel, "!window east closed")
    house.device.wait_text("closed")
    assert house.device.texts(f"{house.root}/east/window/set") == ["closed"]
    assert house.bridge.wait_log('command "w" by')


def test_the_rank_in_an_xmpp_room_counts_as_well(farm, closing):
    house = make_house(farm, closing, {"w": WINDOW})
    carol = closing.xmpp(house.xmpp, "carol")
    carol.join(house.room, closing.name("carol"))
    house.device.subscribe(f"{house.root}/#")
    house.bridge.start()
    carol.say(house.room, "!window one open")
    house.said("!window one open: you may not do that here")
    house.ann.say(house.room, "!window two open")
    house.said("!window two open: sent")
    assert [m.topic for m in house.device.messages] == [
        f"{house.root}/two/window/set"]


def test_an_account_may_where_a_rank_may_not(farm, closing):
    """The owner of the room is not named; carol is, by the address that the
    room shows to the bridge. A nick is nobody."""
    house = make_house(farm, closing, {
        "w": {**WINDOW, "who": ["x:carol@localhost"]}})
    carol = closing.xmpp(house.xmpp, "carol")
    carol.join(house.room, closing.name("carol"))
    # The room tells real addresses to its owners.
    house.ann.iq(house.room, "<query xmlns='http://jabber.org/protocol/"
                 "muc#admin'><item affiliation='admin' "
                 "jid='causeway@gw.localhost'/></query>", "set")
    house.device.subscribe(f"{house.root}/#")
    house.bridge.start()
    house.ann.say(house.room, "!window one open")
    house.said("!window one open: you may not do that here")
    house.bob.say(house.channel, "!window two open")
    house.said("!window two open: you may not do that here")
    carol.say(house.room, "!window three open")
    house.said("!window three open: sent")
    assert [m.topic for m in house.device.messages] == [
        f"{house.root}/three/window/set"]
    record = house.bridge.wait_log("carol@localhost")
    assert 'command "w" by' in record["msg"]


def test_nothing_typed_reaches_another_topic(farm, closing):
    house = make_house(farm, closing, {
        "w": {**WINDOW, "who": "*"},
        "n": {"command": "!note {1} {*}", "topic": "home:ROOT/{1}/note",
              "who": "*"}})
    house.device.subscribe(f"{house.root}/#", "$SYS/x", "x/#")
    house.bridge.start()
    for word in ("../x", "+", "#", "a/b", "/", "a#", "+/x", "\x02a\x02/b"):
        house.bob.say(house.channel, f"!window {word} open")
        house.bob.say(house.channel, f"!note {word} text")
    house.bob.say(house.channel, "!window east ajar")
    house.bob.say(house.channel, "windows are open")
    house.bob.say(house.channel, "!note east $SYS/# + \N{SNOWMAN}")
    house.device.wait_text("$SYS/# + \N{SNOWMAN}", f"{house.root}/east/note")
    house.said("!note east $SYS/# + \N{SNOWMAN}: sent")
    assert [m.topic for m in house.device.messages] == [
        f"{house.root}/east/note"]
    wrong = [t for t in house.heard() if "it is: !window" in t]
    assert len(wrong) == 9


def test_corrections_and_old_words_are_no_commands(farm, closing):
    house = make_house(farm, closing, {"w": {**WINDOW, "who": "*"},
                                       "d": DONE})
    house.device.subscribe(f"{house.root}/+/window/set")
    # In the room's history when the bridge comes.
    house.ann.say(house.room, "!window past open")
    house.bridge.start()
    house.ann.say(house.room, "!window one open", "c1")
    house.said("!window one open: sent")
    house.ann.say(house.room, "!window two open", "c2", replaces("c1"))
    house.ann.say(house.room, "/me !window three open")
    house.settled(f"{house.root}/done")
    assert [m.topic for m in house.device.messages] == [
        f"{house.root}/one/window/set"]


def test_a_command_that_had_to_wait_too_long_is_not_sent(farm, closing):
    house = make_house(farm, closing, {
        "w": {**WINDOW, "who": "*", "timeout": "1s"}, "d": DONE})
    house.bridge.start()
    house.broker.stop()
    house.bridge.wait_log("down:", "home")
    house.ann.say(house.room, "!window east open")
    house.bob.wait_for(lambda m: m.text == "!window east open")
    deadline = time.monotonic() + 1.2
    wait_for("the command to be old", lambda: time.monotonic() > deadline)
    house.broker.start()
    device = MqttPeer(house.broker.host, house.broker.port).connect()
    house.things.peers.append(device)
    device.subscribe(f"{house.root}/#")
    house.said("!window east open: it was too late to do it; say it again",
               30)
    device.publish(f"{house.root}/done", "settled")
    house.said("settled")
    assert [m.topic for m in device.messages] == [f"{house.root}/done"]


# ---- a room as topics -------------------------------------------------------

def chat_house(farm, closing, **options):
    house = make_house(farm, closing, chat=True, **options)
    house.root += "/chat"
    house.device.subscribe(f"{house.root}/#")
    house.bridge.start()
    return house


def test_a_room_is_a_tree_of_topics(farm, closing):
    house = chat_house(farm, closing)
    event, send = f"{house.root}/event", f"{house.root}/send"
    house.bob.say(house.channel, "from IRC")
    heard = house.device.wait_event("from IRC", event)
    assert heard["kind"] == "text" and heard["v"] == 1
    assert heard["from"]["network"] == "i"
    assert heard["from"]["name"] == house.bob.nick
    house.ann.say(house.room, "/me waves")
    assert house.device.wait_event("waves", event)["kind"] == "emote"
    # Plain text, and under a name.
    house.device.publish(send, "from a script")
    house.said("from a script")
    house.device.publish(f"{send}/clock", "it is noon")
    assert house.said("it is noon").nick == "clock"
    # All who listen hear one conversation.
    assert house.device.wait_event("it is noon", event)["from"]["name"] == \
        "clock"
    house.ann.subject(house.room, "a new subject")
    house.device.wait_text("a new subject", f"{house.root}/subject")


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_two_bridges_and_rules_that_hear_the_room_make_no_loop(
        farm, closing, version):
    """Both mirror it under the same topics; in one a rule shows all of them,
    and what commands publish."""
    house = make_house(farm, closing, {
        "all": {"filter": "home:ROOT/#", "say": "heard {topic}"},
        "w": {"command": "!open", "topic": "home:ROOT/window", "send": "1",
              "who": "*"}}, chat=True, version=version)
    house.bridge.start()
    twin = closing.bridge(
        {"i": irc_network(house.irc, nick="second"),
         "home": mqtt_network(house.broker, closing.name("twin"),
                              version=version)},
        {"house": {"channels": [f"i:{house.channel}",
                                f"home:{house.root}/chat"]}})
    twin.start()
    mark = len(house.bob.messages)
    house.bob.say(house.channel, "hello")
    house.bob.say(house.channel, "!open")
    house.device.publish(f"{house.root}/chat/send/script", "from a script")
    house.device.publish(f"{house.root}/chat/send/script", "the last")
    house.said("the last")
    for _ in range(3):  # whatever this leads to has come to its end
        house.device.publish(f"{house.root}/end", "")
        house.bob.barrier()
    lines = [m.text for m in house.bob.messages[mark:] if house.is_line(m)]
    shown = [t for t in lines if t.endswith(f"{house.root}/chat/event")]
    # Of the other bridge it hears what that publishes, once each; of what it
    # publishes itself nothing.
    assert len(shown) <= 12, lines
    assert not [t for t in lines if t.endswith(f"{house.root}/window")]
    assert len([t for t in lines if t.endswith("from a script")]) <= 2


def test_members_are_retained_topics(farm, closing):
    house = chat_house(farm, closing)
    members = f"{house.root}/members"
    there = house.device.wait_text('"network":"i"',
                                   f"{members}/{house.bob.nick}")
    assert json.loads(there.payload)["show"] == "online"
    mark = house.device.mark()
    house.bob.part(house.channel)
    gone = house.device.wait_for(
        lambda m: m.topic == f"{members}/{house.bob.nick}", since=mark)
    assert gone.payload == b""


def test_members_of_an_earlier_run_are_taken_away(farm, closing):
    house = make_house(farm, closing, chat=True)
    stale = f"{house.root}/chat/members/ghost"
    house.device.publish(stale, "{}", retain=True)
    house.bridge.start()
    house.device.subscribe(stale)
    house.device.wait_for(lambda m: m.topic == stale and not m.payload)


def test_replies_edits_reactions_and_withdrawals_pass(farm, closing):
    # Marks name a message by the id that a room with an archive gives it.
    house = chat_house(farm, closing, server="prosody+mam")
    event, send = f"{house.root}/event", f"{house.root}/send"
    mark = house.ann.mark()
    house.device.publish(f"{send}/bot", {"kind": "text", "id": "m1",
                                         "text": "helo"})
    house.said("helo")
    house.device.publish(f"{send}/bot", {"kind": "edit", "replaces": "m1",
                                         "text": "hello"})
    house.ann.wait_text("hello", since=mark, room=house.room)
    house.bob.wait_for(lambda m: m.text == "* hello" and m.nick == "bot")
    first = house.device.wait_event("helo", event)
    assert first["id"] == "m1"
    house.ann.say(house.room, "question", "q1")
    asked = house.device.wait_event("question", event)
    house.ann.say(house.room, "question?", "q2", replaces("q1"))
    edit = house.device.wait_event("question?", event)
    assert edit["kind"] == "edit" and edit["replaces"] == asked["id"]
    house.device.publish(f"{send}/bot", {
        "kind": "text", "text": "answer", "reply_to": asked["id"]})
    house.bob.wait_for(lambda m: "answer" in m.text and m.nick == "bot")
    # Marks and withdrawals, both ways.
    mark = house.device.mark()
    house.ann.send(
        f"<message type='groupchat' to='{house.room}' id='r1'>"
        f"<reactions xmlns='urn:xmpp:reactions:0' "
        f"id='{stanza_id_of(house, 'helo')}'><reaction>+</reaction>"
        f"</reactions></message>")
    marked = house.device.wait_for(
        lambda m: m.topic == event and b'"react"' in m.payload, since=mark)
    assert json.loads(marked.payload)["target"] == "m1"
    mark = house.ann.mark()
    house.device.publish(f"{send}/bot", {"kind": "react", "mark": "+",
                                         "target": asked["id"]})
    house.ann.wait_for(lambda s: holds(s, "reactions"), since=mark)
    house.device.publish(f"{send}/bot", {"kind": "retract", "target": "m1"})
    house.ann.wait_for(lambda s: holds(s, "retract"), since=mark)
    house.bob.wait_for(lambda m: m.text == 'bot withdrew "helo"')
    mark = house.device.mark()
    house.ann.send(
        f"<message type='groupchat' to='{house.room}' id='w1'>"
        f"<retract xmlns='urn:xmpp:message-retract:1' "
        f"id='{stanza_id_of(house, 'question')}'/></message>")
    house.device.wait_for(
        lambda m: m.topic == event and b'"retract"' in m.payload and
        json.loads(m.payload)["target"] == asked["id"], since=mark)


def test_the_same_id_is_said_once(farm, closing):
    house = chat_house(farm, closing, version="5")
    send = f"{house.root}/send"
    for _ in range(3):
        house.device.publish(send, {"id": "once", "text": "only once"})
        house.device.publish(send, "by property", user=[("id", "p1")])
    house.device.publish(send, "end")
    house.said("end")
    assert house.heard() == ["only once", "by property", "end"]


def test_what_cannot_be_said_is_not_and_harms_nobody(farm, closing):
    house = chat_house(farm, closing)
    send = f"{house.root}/send"
    for payload in (b"", b"\xff\xfe", b'{"kind":"shout","text":"x"}',
                    b'{"kind":"edit","text":"x"}', b"[" * 100000,
                    b"x" * 200000, b'{"text":5}'):
        house.device.publish(send, payload)
    house.device.publish(f"{send}/{'n' * 500}", "long name")
    house.device.publish(f"{send}/a/b", "too deep")
    house.device.publish(send, "end")
    house.said("end")
    assert house.heard() == ["long name", "end"]
