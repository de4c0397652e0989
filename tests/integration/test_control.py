# SPDX-License-Identifier: MIT
"""The operator's tool against a real bridge: what it shows, what it exits
with, and who may ask."""

import json
import os
import pathlib
import re
import socket
import subprocess

import pytest

from tests.support.bridge import program
from tests.support.process import wait_for

from .conftest import make_pair


def tool():
    """causewayctl is built beside causewayd, in its own folder."""
    build = pathlib.Path(program()).parent
    return next(build.rglob("causewayctl"))


class Operator:
    def __init__(self, bridge):
        self.bridge = bridge
        self.socket = bridge.folder / "control"

    def run(self, *words, socket=None, timeout=20):
        return subprocess.run(
            [str(tool()), "--socket", str(socket or self.socket),
             *(str(w) for w in words)],
            capture_output=True, text=True, timeout=timeout, check=False)

    def ask(self, *words):
        done = self.run("--json", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("\n") == 1
        answer = json.loads(done.stdout)
        assert answer["ok"] is True
        return answer

    def channel(self, network):
        return next(c for c in self.ask("status")["channels"]
                    if c["network"] == network)


@pytest.fixture
def watched(farm, closing):
    """A pair whose bridge has a control socket, and its operator."""
    pair = make_pair(closing, farm.get("prosody"), farm.get("ngircd"),
                     start=False)
    with open(pair.bridge.config, "a", encoding="utf-8") as config:
        config.write('control = { socket = "control"; };\n')
    pair.bridge.start()
    pair.ann.wait_occupant(pair.room, pair.bob.nick)
    pair.operator = Operator(pair.bridge)
    return pair


def wait_kept(pair, pattern, count):
    wait_for(f"{count} messages to be kept", lambda: pair.bridge.query(
        "SELECT count(*) FROM event WHERE text LIKE ?", pattern)[0][0] ==
        count)


def test_status_shows_a_bridge_that_is_well(watched):
    answer = watched.operator.ask("status")
    assert answer["state"] == "running"
    assert {n["network"]: n["state"] for n in answer["networks"]} == {
        "xmpp": "up", "irc": "up"}
    for channel in answer["channels"]:
        assert channel["joined"] is True
        assert channel["waiting"] == 0
        assert channel["members"] >= 1
    shown = watched.operator.run("status")
    assert shown.returncode == 0 and shown.stderr == ""
    assert shown.stdout.startswith("causewayd ")
    assert re.search(rf"^irc/{watched.channel} +lobby +joined ",
                     shown.stdout, re.M)


def test_what_waits_for_a_dead_server_is_shown_and_traced(watched):
    operator = watched.operator
    watched.irc.kill9()
    watched.bridge.wait_log("down:", "irc")
    for n in range(3):
        watched.ann.say(watched.room, f"kept-{n}")
    wait_kept(watched, "kept-%", 3)
    assert operator.channel("irc")["waiting"] == 3
    assert operator.channel("xmpp")["waiting"] == 0
    queue = operator.ask("queue", f"irc/{watched.channel}")["channels"]
    assert len(queue) == 1 and queue[0]["waiting"] == 3
    assert queue[0]["held_by"] == "the network is not up"
    numbers = [d["event"] for d in queue[0]["deliveries"]]
    assert numbers == sorted(numbers) and len(numbers) == 3
    assert "kept-" not in operator.run("queue").stdout

    watched.irc.start()
    operator.ask("retry", "irc")
    wait_for("the queue to be empty",
             lambda: operator.channel("irc")["waiting"] == 0, 40, 0.1)
    traced = operator.ask("trace", numbers[0])["messages"]
    assert len(traced) == 1
    assert traced[0]["channel"] == watched.room
    assert traced[0]["sender_id"].startswith(watched.room + "/")
    delivery = traced[0]["deliveries"][0]
    assert delivery["channel"] == watched.channel
    assert delivery["state"] == "confirmed"
    assert delivery["attempts"] >= 1
    by_id = operator.ask("trace", traced[0]["id"] or traced[0]["alt_id"])
    assert numbers[0] in [m["event"] for m in by_id["messages"]]
    human = operator.run("trace", numbers[0])
    assert f"event {numbers[0]}, message" in human.stdout


def test_the_exit_status_tells_what_went_wrong(watched):
    operator = watched.operator
    refused = operator.run("trace", "no such id")
    assert refused.returncode == 1 and "no message has" in refused.stderr
    refused = operator.run("--json", "frobnicate")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["ok"] is False
    assert operator.run().returncode == 2
    assert operator.run("trace", "a\nb").returncode == 2
    assert operator.run("--frob").returncode == 2
    missing = operator.run("status", socket="/nonexistent/control")
    assert missing.returncode == 3 and "Is causewayd running" in missing.stderr
    watched.bridge.stop()
    assert not operator.socket.exists()
    assert operator.run("status").returncode == 3


def test_a_leftover_of_a_killed_bridge_is_told_and_replaced(watched):
    watched.bridge.kill9()
    stale = watched.operator.run("status")
    assert stale.returncode == 3 and "not running" in stale.stderr
    watched.bridge.start()
    assert watched.operator.ask("status")["state"] == "running"


def test_a_second_bridge_does_not_take_the_socket(watched, closing):
    other = closing.bridge(watched.bridge.networks, watched.bridge.links)
    with open(other.config, "a", encoding="utf-8") as config:
        config.write(f'control = {{ socket = '
                     f'"{watched.operator.socket}"; }};\n')
    other.launch()
    assert other.process.popen.wait(20) == 2
    assert "another program answers there" in other.output()
    assert watched.operator.ask("status")["ok"]


def test_misuse_of_the_socket_does_not_delay_the_conversation(watched):
    clients = []
    for n in range(12):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(watched.operator.socket))
        client.setblocking(False)
        clients.append(client)
    for client in clients[:4]:
        client.send(b"stat") # half a line
    for client in clients[4:8]: # answers that nobody takes
        try:
            for _ in range(20000):
                client.send(b"status\n")
        except BlockingIOError:
            pass
    for client in clients[8:]: # a line without an end
        try:
            for _ in range(1000):
                client.send(b"x" * 1000)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass
    watched.both_ways()
    assert watched.operator.ask("status")["state"] == "running"
    for client in clients:
        client.close()
    watched.both_ways()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another")
def test_another_user_is_refused_in_one_line(watched):
    """As if the mode of the socket and its folder had been loosened."""
    path = watched.operator.socket
    for folder in [path.parent, *path.parent.parents]:
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o001)
    path.chmod(0o666)
    ask = ("import os, socket, sys; os.setgroups([]); os.setgid(65534); "
           "os.setuid(65534); s = socket.socket(socket.AF_UNIX); "
           "s.connect(sys.argv[1]); print(s.makefile().read(), end='')")
    done = subprocess.run(["/usr/bin/python3", "-c", ask, str(path)],
                          capture_output=True, text=True, timeout=20,
                          check=False)
    assert done.stdout.count("\n") == 1, done.stderr
    assert json.loads(done.stdout)["ok"] is False
    assert watched.bridge.wait_log("user 65534", "control")["level"] == "peer"
