# SPDX-License-Identifier: MIT
"""A plant under the campaign's kills: devices publish numbered values, which a
rule shows in a channel, and a script says numbered lines in it through the
room's topics; what bob says there is published. The devices' messages bear ids,
and the broker keeps them while the bridge is dead: so each of them must come,
and none may be taken twice, with QoS 1 as with QoS 2.
"""

import json
import re
import uuid

from tests.support.audit import Stream, Tally, taken, undelivered
from tests.support.bridge import irc_network, mqtt_network
from tests.support.process import wait_for

PACE_S = 0.05
RECEIVE_MAX = 100  # the option's default
# beside those of every network: the broker was told that we have it
STEPS = ("taken", "committed", "accepted", "acknowledged", "sent", "confirmed",
         "settling", "settled")


class Plant:
    """As a scene of kills.py; version: of MQTT, as the bridge speaks it."""

    steps = STEPS

    def __init__(self, things, broker, irc, window, version="5"):
        things.servers += [broker, irc]
        self.window, self.has_properties = window, version == "5"
        name = things.name("plant")
        self.name, self.root = name, f"t/{name}"
        self.channel = "#" + name
        self.device = things.mqtt(broker)
        self.dashboard = things.mqtt(broker).subscribe(
            f"{self.root}/chat/event")
        self.bob = things.irc(irc, things.name("bob"))
        self.bob.join(self.channel)
        self.bridge = things.bridge(
            {"irc": irc_network(irc, window=window),
             "home": mqtt_network(broker, name, window=window,
                                  version=version)},
            {"plant": {"channels": [f"irc:{self.channel}",
                                    f"home:{self.root}/chat"],
                       "rules": {"all": {
                           "filter": f"home:{self.root}/value",
                           "say": "{value}", "per_minute": 10000}}}})
        self.bridge.start()
        self.streams = ()

    # ---- what is said

    def measure(self, text):
        self.device.publish(f"{self.root}/value", text, user=[("id", text)])

    def script(self, text):
        self.device.publish(f"{self.root}/chat/send/script",
                            {"id": text, "text": text}, qos=2)

    def talk(self, text):
        self.bob.say(self.channel, text)

    # ---- what was heard

    def lines(self):
        """In the channel; what a rule says is a notice."""
        return [m.text for m in list(self.bob.messages)
                if m.command in ("PRIVMSG", "NOTICE") and
                m.target == self.channel]

    def on_irc(self, prefix):
        pattern = re.compile(re.escape(prefix) + "-[0-9]{6}")
        return [m for text in self.lines() for m in pattern.findall(text)]

    def published(self, prefix):
        """In order; what bears the same id once."""
        found = {}
        for message in list(self.dashboard.messages):
            event = json.loads(message.payload)
            if event.get("text", "").startswith(prefix + "-"):
                found.setdefault(event["id"], event["text"])
        return list(found.values())

    # ---- what kills.py asks of a scene

    def killed(self):
        """Nobody here notices."""

    def close(self):
        """Whoever made its people ends them."""

    def wait_ready(self, timeout=40):
        self.bridge.wait_ready(timeout)

    def start_traffic(self):
        self.streams = tuple(
            Stream(self.name + mark, say, PACE_S) for mark, say in
            (("v", self.measure), ("s", self.script), ("i", self.talk)))
        return self

    def rest(self, seconds):
        self.streams[0].rest(seconds)

    def stop(self):
        for stream in self.streams:
            stream.stop()

    def both_ways(self, timeout):
        """Behind all that was said before."""
        def shown(token):
            return any(token in text for text in self.lines())

        def told(token):
            return any(token.encode() in m.payload
                       for m in list(self.dashboard.messages))

        for say, heard in ((self.measure, shown), (self.script, shown),
                           (self.talk, told)):
            token = f"token-{uuid.uuid4().hex}"
            say(token)
            wait_for("what was said last", lambda h=heard, t=token: h(t),
                     timeout, 0.05)

    def settle(self, timeout, account):
        """Fills in the account; the tallies, by name."""
        self.stop()
        self.both_ways(timeout)
        wait_for("the outbox to be empty",
                 lambda: undelivered(self.bridge) == 0, timeout, 0.05)
        values, lines, words = self.streams
        tallies = {
            "values": self._tally(values, self.on_irc),
            "lines": self._tally(lines, self.on_irc),
            "words": self._tally(words, self.published)}
        self._count(account, tallies)
        return tallies

    def _tally(self, stream, heard):
        return Tally(stream.said, taken(self.bridge, stream.prefix),
                     heard(stream.prefix))

    def _count(self, account, tallies):
        values, lines = tallies["values"], tallies["lines"]
        words = tallies["words"]
        account.messages = sum(len(t.taken) for t in tallies.values())
        account.lost = sum(len(t.lost) for t in tallies.values())
        for t in (values, lines):  # the broker keeps them
            account.lost += t.said - len(set(t.taken))
        account.unheard = words.untaken
        account.disordered = sum(len(t.disordered)
                                 for t in tallies.values())
        account.doubled = sum(t.doubled for t in tallies.values())
        account.bound = account.kills * self.window
        # Taken twice, or published under another id.
        account.too_often = words.doubled + len(lines.again_taken)
        if self.has_properties:
            account.too_often += len(values.again_taken)
        else:  # without an id: what the broker was not told of
            account.bound += account.kills * RECEIVE_MAX
