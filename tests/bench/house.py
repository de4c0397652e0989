# SPDX-License-Identifier: MIT
"""A busy house: what it costs to look at 2 000 messages a second."""

import contextlib
import time

from tests.support import servers
from tests.support.bridge import Bridge, mqtt_network
from tests.support.mqtt_peer import MqttPeer
from tests.support.process import Process

from .figures import cpu_s, memory_kib, note, row, title, wait_quiet

TOPICS, RATE, SECONDS = 10000, 2000, 10
RULES = {
    "temperature": {"filter": "home:bench/+/temp", "value": "t",
                    "say": "{1}: {t:.1} °C", "on_change": 5},
    "alarm": {"filter": "home:bench/+/temp", "value": "t",
              "alarm": "value > 90", "say": "{1} burns"},
    "none": {"filter": "home:bench/#", "only_if": "value = never"},
}


class Watched:
    """CPU and memory of a process while the house talks."""

    def __init__(self, name, process):
        self.name, self.process = name, process
        self.before = cpu_s(process)

    def done(self, n):
        self.us = (cpu_s(self.process) - self.before) / n * 1e6
        self.kib = memory_kib(self.process)


def talk(peer, n, rate):
    """n values, each topic in turn, at that rate; messages a second."""
    start = time.monotonic()
    for i in range(n):
        due = start + i / rate
        wait = due - time.monotonic()
        if wait > 0.002:
            time.sleep(wait)
        last = peer.publish(f"bench/{i % TOPICS}/temp",
                            f'{{"t":{20 + i % 7 * 0.1:.1f},"battery":87}}',
                            wait=False)
    last.wait_for_publish(60)
    return n / (time.monotonic() - start)


@contextlib.contextmanager
def house(stage):
    with servers.Mosquitto(stage.folder / "mosquitto") as broker:
        floor = Process("floor", ["mosquitto_sub", "-p", str(broker.port),
                                  "-q", "1", "-t", "bench/#", "-N"],
                        stage.folder)
        bridge = Bridge(
            stage.folder / "house",
            {"home": mqtt_network(broker, "bench")},
            {"house": {"channels": ["home:shown"], "rules": RULES}},
            level="info")
        bridge.start()
        try:
            yield broker, bridge, floor
        finally:
            bridge.stop()
            floor.stop()


def mqtt(stage):
    title(f"mqtt: {TOPICS} topics, {RATE} messages/s", "mosquitto_sub")
    n = RATE * SECONDS
    with house(stage) as (broker, bridge, floor):
        peer = MqttPeer(broker.host, broker.port)
        peer.client.max_inflight_messages_set(1000)
        peer.connect()
        talk(peer, TOPICS, RATE)  # every topic is known
        wait_quiet(bridge.process)
        watched = [Watched(*w) for w in (("bridge", bridge.process),
                                         ("mosquitto_sub", floor))]
        rate = talk(peer, n, RATE)
        wait_quiet(bridge.process)
        for each in watched:
            each.done(n)
        ours, theirs = watched
        row("messages a second, published", rate, form="{:.0f}")
        row("CPU, us a message", ours.us, theirs.us, form="{:.1f}")
        row("CPU at that rate, %", ours.us * RATE / 1e4,
            theirs.us * RATE / 1e4, form="{:.1f}")
        row("memory, MiB", ours.kib / 1024, theirs.kib / 1024, form="{:.1f}")
        lines = bridge.query("SELECT count(*) FROM event")[0][0]
        note(f"lines shown: {lines}")
        peer.close()
