# SPDX-License-Identifier: MIT
"""Topics and rooms, against a real Mosquitto."""

import dataclasses

import pytest

from tests.support.bridge import irc_network, mqtt_network, xmpp_network
from tests.support.mqtt_peer import MqttPeer
from tests.support.process import wait_for
from tests.support.servers_mqtt import Mosquitto


@dataclasses.dataclass
class House:
    """A room and an IRC channel with a house: ann is in the room and owns it,
    bob has the channel's operator mode, device publishes."""

    things: object
    broker: object
    xmpp: object
    irc: object
    room: str
    channel: str
    root: str
    ann: object
    bob: object
    device: MqttPeer
    bridge: object = None

    def said(self, text, timeout=15, since=0):
        """In both, in these words and no more."""
        seen = self.bob.wait_for(lambda m: self.is_line(m) and m.text == text,
                                 timeout)
        self.ann.wait_text(text, timeout, since, room=self.room)
        return seen

    def is_line(self, message):
        return (message.command in ("PRIVMSG", "NOTICE") and
                message.target == self.channel)

    def heard(self):
        """All that bob heard in the channel, so far."""
        self.bob.barrier()
        return [m.text for m in self.bob.messages if self.is_line(m)]

    def settled(self, topic, payload="settled"):
        """What was published before has come through."""
        self.device.publish(topic, payload)
        self.said(payload)


def make_house(farm, things, rules=None, chat=False, server="prosody",
               **options):
    broker, xmpp = farm.get("mosquitto"), farm.get(server)
    irc = farm.get("ngircd")
    things.servers += [broker, xmpp, irc]
    name = things.name("house")
    root = f"t/{name}"
    house = House(things, broker, xmpp, irc, f"{name}@{xmpp.rooms}",
                  f"#{name}", root, things.xmpp(xmpp, "ann"),
                  things.irc(irc, things.name("bob")), things.mqtt(broker))
    house.ann.join(house.room, things.name("ann"))
    house.bob.join(house.channel)
    channels = [f"x:{house.room}", f"i:{house.channel}"]
    if chat:
        channels.append(f"home:{root}/chat")
    link = {"channels": channels}
    if rules:
        link["rules"] = {
            key: {k: v.replace("ROOT", root) if isinstance(v, str) else v
                  for k, v in rule.items()} for key, rule in rules.items()}
    house.bridge = things.bridge(
        {"x": xmpp_network(xmpp), "i": irc_network(irc),
         "home": mqtt_network(broker, name, **options)}, {"house": link})
    return house


TEMPERATURE = {"filter": "home:ROOT/+/temp", "say": "{1}: {value} °C"}
DONE = {"filter": "home:ROOT/done", "say": "{value}"}


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_temperature_is_a_line_in_the_room(farm, closing, version):
    house = make_house(farm, closing, {"t": TEMPERATURE}, version=version)
    house.bridge.start()
    assert house.bridge.wait_log(f"speaks MQTT {version}")
    house.device.publish(f"{house.root}/east/temp", "21.5")
    seen = house.said("east: 21.5 °C")
    assert seen.nick == "causeway"


def test_a_change_that_is_too_small_is_no_line(farm, closing):
    house = make_house(farm, closing, {
        "t": {**TEMPERATURE, "on_change": 0.5, "per_minute": 1000},
        "d": DONE})
    house.bridge.start()
    for value in ("20", "20.2", "20.4", "20.5", "20.9", "19", "19"):
        house.device.publish(f"{house.root}/a/temp", value)
    house.settled(f"{house.root}/done")
    assert house.heard() == ["a: 20 °C", "a: 20.5 °C", "a: 19 °C", "settled"]


def test_fields_words_and_a_speaker_per_device(farm, closing):
    house = make_house(farm, closing, {
        "w": {"filter": "home:ROOT/window/+", "value": "contact", "as": "{1}",
              "map": ["true=closed", "false=open"],
              "say": "{value}, battery {battery:.0} %"}})
    house.bridge.start()
    house.device.publish(f"{house.root}/window/east",
                         {"contact": False, "battery": 87.6})
    seen = house.said("open, battery 88 %")
    assert seen.nick == "east"
    house.ann.wait_occupant(house.room, "east")


def test_what_the_broker_had_kept_is_no_news(farm, closing):
    house = make_house(farm, closing, {
        "t": {**TEMPERATURE, "on_change": 0},
        "s": {"filter": "home:ROOT/shown", "say": "kept: {value}",
              "retained": "show"}, "d": DONE})
    house.device.publish(f"{house.root}/a/temp", "20", retain=True)
    house.device.publish(f"{house.root}/shown", "this", retain=True)
    house.bridge.start()
    house.said("kept: this")
    house.device.publish(f"{house.root}/a/temp", "20")
    house.device.publish(f"{house.root}/a/temp", "21")
    house.settled(f"{house.root}/done")
    assert house.heard() == ["kept: this", "a: 21 °C", "settled"]


def test_binary_is_never_shown_and_wrong_json_is_left_out(farm, closing):
    house = make_house(farm, closing, {
        "b": {"filter": "home:ROOT/raw", "say": "raw {value}"},
        "j": {"filter": "home:ROOT/json", "say": "json {a}",
              "payload": "json"}, "d": DONE}, version="5")
    house.bridge.start()
    house.device.publish(f"{house.root}/raw", b"\xff\x00\x01",
                         content_type="image/png")
    house.said("raw [binary, 3 bytes, image/png]")
    house.device.publish(f"{house.root}/raw", "GIF89a",
                         content_type="image/gif")
    house.said("raw [binary, 6 bytes, image/gif]")
    house.device.publish(f"{house.root}/json", "{broken")
    house.device.publish(f"{house.root}/json", "[" * 5000 + "]" * 5000)
    house.device.publish(f"{house.root}/json", '{"a":"two\\nlines"}')
    house.said("json two⏎lines")
    house.settled(f"{house.root}/done")
    assert len(house.heard()) == 4


def test_an_alarm_is_told_once_and_its_end(farm, closing):
    house = make_house(farm, closing, {
        "smoke": {"filter": "home:ROOT/smoke", "alarm": "value = 1",
                  "say": "smoke!", "clear_say": "no smoke any more",
                  "mention": ["ann", "bob"]}, "d": DONE})
    house.bridge.start()
    for value in ("0", "1", "1", "0", "0"):
        house.device.publish(f"{house.root}/smoke", value)
    house.settled(f"{house.root}/done")
    assert house.heard() == ["ann, bob: ⚠ smoke!", "no smoke any more",
                             "settled"]


def test_overlapping_filters_say_it_once_each(farm, closing):
    house = make_house(farm, closing, {
        "one": {"filter": "home:ROOT/+/x", "say": "one {value}"},
        "two": {"filter": "home:ROOT/#", "say": "two {value}"},
        "three": {"filter": "home:ROOT/a/+", "say": "three {value}"}})
    house.bridge.start()
    house.device.publish(f"{house.root}/a/x", "v")
    house.device.publish(f"{house.root}/done", "v")
    wait_for("all lines", lambda: len(house.heard()) >= 4)
    house.device.publish(f"{house.root}/end", "end")
    house.said("two end")
    assert sorted(house.heard()) == ["one v", "three v", "two end", "two v",
                                     "two v"]


def test_the_bridge_says_whether_it_is_there(farm, closing):
    house = make_house(farm, closing, {"t": TEMPERATURE})
    topic = f"causeway/{house.root[2:]}/status"
    house.device.subscribe(topic)
    house.bridge.start()
    house.device.wait_text("online", topic)
    mark = house.device.mark()
    house.bridge.kill9()
    house.device.wait_text("offline", topic, since=mark)
    mark = house.device.mark()
    house.bridge.start()
    house.device.wait_text("online", topic, since=mark)
    mark = house.device.mark()
    assert house.bridge.stop() == 0
    house.device.wait_text("offline", topic, since=mark)


def test_two_brokers_share_a_room(farm, closing, folder):
    """What is for one is not for the other, and one that dies stops nobody."""
    shed = Mosquitto(folder / closing.name("shed")).start()
    closing.servers.append(shed)
    try:
        house = make_house(farm, closing, {
            "t": TEMPERATURE,
            "s": {"filter": "shed:ROOT/+/temp", "say": "shed {1}: {value}"},
            "w": {"command": "!heat", "topic": "shed:ROOT/heat", "send": "on",
                  "who": "*"}})
        house.bridge.networks["shed"] = mqtt_network(shed, "shed")
        house.bridge.configure()
        house.bridge.start()
        there = closing.mqtt(shed).subscribe(f"{house.root}/#")
        house.device.subscribe(f"{house.root}/#")
        there.publish(f"{house.root}/north/temp", "4")
        house.said("shed north: 4")
        house.device.publish(f"{house.root}/east/temp", "21")
        house.said("east: 21 °C")
        house.bob.say(house.channel, "!heat")
        there.wait_text("on", f"{house.root}/heat")
        shed.kill9()
        house.bridge.wait_log("down:", "shed")
        house.device.publish(f"{house.root}/east/temp", "22")
        house.said("east: 22 °C")
        assert not house.device.texts(f"{house.root}/heat")
        assert not house.bridge.downs("home")
    finally:
        shed.stop()
