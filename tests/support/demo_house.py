# SPDX-License-Identifier: MIT
"""The third part of contrib/demo: a simulated greenhouse, which speaks MQTT by
the programs that come with Mosquitto."""

import subprocess
import sys
import threading

from . import servers
from .process import Failure, wait_for

ROOM = f"greenhouse@{servers.ROOMS}"
CHANNEL = "#greenhouse"

HOUSE = {
    "channels": [f"xmpp:{ROOM}", f"irc:{CHANNEL}"],
    "rules": {
        "temperature": {"filter": "home:greenhouse/+/temperature",
                        "say": "{1}: {value:.1} °C", "on_change": 0.5},
        "smoke": {"filter": "home:greenhouse/smoke", "alarm": "value = 1",
                  "mention": ["Ann", "bob"], "say": "smoke in the greenhouse",
                  "clear_say": "no smoke any more"},
        "window": {"command": "!window {1} {open|closed}",
                   "topic": "home:greenhouse/{1}/window/set",
                   "ack": "greenhouse/{1}/window"}}}


def house_network(broker):
    return {"protocol": "mqtt", "broker": f"mqtt://127.0.0.1:{broker.port}"}


class Greenhouse:
    """A window that opens when told to, a thermometer, a smoke detector."""

    def __init__(self, broker, ann, bob):
        self.broker, self.ann, self.bob = broker, ann, bob
        bob.join(CHANNEL)
        self.window = subprocess.Popen(
            ["mosquitto_sub", "-p", str(broker.port), "-q", "1", "-v", "-t",
             "greenhouse/+/window/set"], stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._obey, daemon=True).start()

    def enter(self):
        """In a room where nobody knows who she is, Ann is one more person on
        IRC: so this is for when the first has her nick there."""
        self.ann.join(ROOM, "Ann")

    def _obey(self):
        for line in self.window.stdout:
            topic, _, payload = line.strip().partition(" ")
            self.publish(topic.removesuffix("/set"), payload)

    def publish(self, topic, payload):
        subprocess.run(["mosquitto_pub", "-p", str(self.broker.port), "-q",
                        "1", "-t", topic, "-m", payload], check=True)

    def lines(self):
        """(nick, text) as bob sees the channel."""
        return [(m.nick, m.text) for m in self.bob.messages
                if m.command in ("PRIVMSG", "NOTICE") and
                m.target == CHANNEL]

    def stop(self):
        self.window.terminate()


def house_talk(house):
    """True if every line came to both sides."""
    steps = [
        (lambda: house.publish("greenhouse/east/temperature", "21.48"),
         "east: 21.5 °C"),
        (lambda: house.publish("greenhouse/east/temperature", "21.52"), None),
        (lambda: house.publish("greenhouse/smoke", "1"),
         "Ann, bob: ⚠ smoke in the greenhouse"),
        (lambda: house.bob.say(CHANNEL, "!window east open"),
         "!window east open: done"),
        (lambda: house.publish("greenhouse/smoke", "0"),
         "no smoke any more"),
    ]
    for act, text in steps:
        act()
        if not text:
            continue
        try:
            wait_for(text, lambda text=text: any(
                t.startswith(text) for _, t in house.lines()), 15)
            house.ann.wait_text(text, 15, room=ROOM)
        except (Failure, TimeoutError) as late:
            print(f"demo: this line did not arrive: {text}\n{late}",
                  file=sys.stderr)
            return False
    return True


def print_house(house):
    print(f"\nA greenhouse speaks MQTT; bob opens its window from IRC, in "
          f"{CHANNEL},\nand Ann sees it in {ROOM}:")
    for nick, text in house.ann.texts(ROOM):
        print(f"    <{nick}> {text}")
