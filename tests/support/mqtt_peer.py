# SPDX-License-Identifier: MIT
"""A device, or a script, as an MQTT client: paho, which is not what the bridge
is made of."""

import itertools
import json
import threading

from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from .process import Failure, wait_for

_number = itertools.count(1)


class MqttPeer:
    def __init__(self, host, port, version=5, name=None):
        self.version = version
        self.messages = []
        self._changed = threading.Condition()
        self._subscribed = set()
        protocol = paho.MQTTv5 if version == 5 else paho.MQTTv311
        self.client = paho.Client(name or f"peer-{next(_number)}",
                                  protocol=protocol)
        self.client.on_message = self._on_message
        self.client.on_subscribe = self._on_subscribe
        self.host, self.port = host, port

    def _on_message(self, _client, _data, message):
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def _on_subscribe(self, _client, _data, mid, *_rest):
        with self._changed:
            self._subscribed.add(mid)
            self._changed.notify_all()

    def will(self, topic, payload, retain=True):
        self.client.will_set(topic, payload, 1, retain)
        return self

    def connect(self):
        self.client.connect(self.host, self.port)
        self.client.loop_start()
        wait_for("the MQTT peer to connect", self.client.is_connected, 10)
        return self

    def subscribe(self, *filters):
        for each in filters:
            _, mid = self.client.subscribe(each, 1)
            wait_for(f"{each} to be subscribed",
                     lambda mid=mid: mid in self._subscribed, 10)
        return self

    def publish(self, topic, payload="", qos=1, retain=False, wait=True,
                **properties):
        """properties: response, correlation, content_type; user=[(k, v)]"""
        extra = None
        if properties:
            extra = Properties(PacketTypes.PUBLISH)
            if "response" in properties:
                extra.ResponseTopic = properties["response"]
            if "correlation" in properties:
                extra.CorrelationData = properties["correlation"]
            if "content_type" in properties:
                extra.ContentType = properties["content_type"]
            for pair in properties.get("user", ()):
                extra.UserProperty = pair
        if isinstance(payload, (dict, list)):
            payload = json.dumps(payload)
        info = self.client.publish(topic, payload, qos, retain, extra)
        if wait:
            info.wait_for_publish(10)
            if not info.is_published():
                raise Failure(f"{topic} was not published")
        return info

    def mark(self):
        return len(self.messages)

    def wait_for(self, test, timeout=15, since=0, what="a message"):
        """The first message, from mark since on, of which test is true."""
        def find():
            for message in self.messages[since:]:
                if test(message):
                    return message
            return None
        return wait_for(what, find, timeout, 0.01)

    def wait_text(self, text, topic=None, timeout=15, since=0):
        """The first payload that holds text, or is it."""
        wanted = text.encode() if isinstance(text, str) else text
        return self.wait_for(
            lambda m: wanted in m.payload and topic in (None, m.topic),
            timeout, since, f"{text!r} on {topic or 'any topic'}")

    def wait_event(self, text, topic, timeout=15, since=0):
        """The envelope of what was said with that text."""
        message = self.wait_for(
            lambda m: m.topic == topic and
            json.loads(m.payload).get("text") == text,
            timeout, since, f"\"{text}\" on {topic}")
        return json.loads(message.payload)

    def texts(self, topic):
        return [m.payload.decode("utf-8", "replace") for m in self.messages
                if m.topic == topic]

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def die(self):
        """Without a goodbye: the will is published."""
        self.client._sock_close()  # pylint: disable=protected-access
        self.client.loop_stop()
