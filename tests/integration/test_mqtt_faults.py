# SPDX-License-Identifier: MIT
"""What breaks a broker, a connection, or us: nothing that was acknowledged is
lost, nobody fights, and what is broken harms nobody."""

import json
import pathlib
import re
import socket
import threading

import pytest

from tests.support import servers
from tests.support.bridge import mqtt_network
from tests.support.process import Failure, free_ports, wait_for

from .test_mqtt import DONE, TEMPERATURE, make_house

ALL = {"filter": "home:ROOT/all", "say": "{value}", "per_minute": 10000}


HUGE = 16 * 2**20  # many times packet_max; 256 MiB behave alike, and take long
IRC_WINDOW = 5  # the option "window" of an IRC network


def numbers(house):
    return [int(t) for t in house.heard() if t.isdigit()]


def await_all(house, n, timeout=30):
    """Every number up to n has come through, in order but for repeats."""
    wait_for(f"{n} numbers", lambda: len(set(numbers(house))) >= n, timeout)
    seen = numbers(house)
    assert sorted(set(seen)) == list(range(n))
    first = list(dict.fromkeys(seen))
    assert first == sorted(first)
    return len(seen) - n


# ---- nothing is lost --------------------------------------------------------

def test_a_killed_bridge_loses_nothing_that_was_acknowledged(farm, closing):
    house = make_house(farm, closing, {"a": ALL}, receive_max=10,
                       version="5")  # before it, messages have no ids
    house.bridge.start()

    def publish(first):
        for i in range(first, first + 50):
            house.device.publish(f"{house.root}/all", str(i),
                                 user=[("id", f"{house.root}{i}")])

    kills = 4
    for n in range(kills):
        before = len(numbers(house))
        thread = threading.Thread(target=publish, args=(50 * n,))
        thread.start()
        wait_for("some more lines", lambda before=before:
                 len(numbers(house)) > before + 5, 30)
        house.bridge.kill9()
        house.bridge.start()
        thread.join()
    # With ids nothing is taken twice; what IRC shows twice is bounded by what
    # was under way to it at each crash.
    assert await_all(house, 200) <= kills * IRC_WINDOW
    assert house.bridge.query("SELECT count(*) FROM event")[0][0] == 200


def test_killed_before_the_commit_it_is_sent_again(farm, closing):
    """The store is stopped by a lock: nothing can be kept, so nothing may be
    acknowledged."""
    import sqlite3  # pylint: disable=import-outside-toplevel
    house = make_house(farm, closing, {"a": ALL})
    house.bridge.start()
    house.device.publish(f"{house.root}/all", "0")
    house.said("0")
    lock = sqlite3.connect(house.bridge.database, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    for i in range(1, 6):
        house.device.publish(f"{house.root}/all", str(i))
    house.bridge.wait_log("another program")
    house.bridge.kill9()
    lock.execute("ROLLBACK")
    lock.close()
    assert numbers(house) == [0]
    house.bridge.start()
    # That the first one had arrived could not be noted either.
    assert await_all(house, 6) <= 1


def test_what_rules_know_outlives_a_kill(farm, closing):
    """In the same commit as the line: what was shown is no news afterwards,
    what was kept is shown, an alarm lasts."""
    house = make_house(farm, closing, {
        "t": {**TEMPERATURE, "on_change": 0.5},
        "e": {"filter": "home:ROOT/every", "say": "every {value}",
              "every": "4s"},
        "s": {"filter": "home:ROOT/smoke", "alarm": "value = 1",
              "say": "smoke!", "clear_say": "no smoke any more"}})
    root, publish = house.root, house.device.publish
    house.bridge.start()
    publish(f"{root}/a/temp", "20")
    publish(f"{root}/smoke", "1")
    publish(f"{root}/every", "1")
    for line in ("a: 20 °C", "⚠ smoke!", "every 1"):
        house.said(line)
    publish(f"{root}/every", "2")
    # Acknowledged means that it is on disk that it is kept.
    wait_for("it to be kept", lambda: house.bridge.query(
        "SELECT count(*) FROM memo WHERE key GLOB 'e *'"
        " AND value GLOB '*\"every 2\"*'")[0][0] == 1)
    house.bridge.kill9()
    house.bridge.start()
    publish(f"{root}/a/temp", "20.4")
    publish(f"{root}/smoke", "1")
    publish(f"{root}/smoke", "0")
    house.said("no smoke any more")
    house.said("every 2")
    lines = house.heard()
    # What plain IRC saw right before the kill it may see once more.
    assert [*dict.fromkeys(lines)][3:] in (
        ["no smoke any more", "every 2"], ["every 2", "no smoke any more"])
    assert house.bridge.query("SELECT count(*) FROM event")[0][0] == 5


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_what_was_published_while_we_were_away_comes(farm, closing, tls):
    broker = farm.get("mosquitto")
    options = {"broker": f"mqtts://localhost:{broker.tls_port}",
               "ca_file": str(broker.ca_file)} if tls else {}
    house = make_house(farm, closing, {"a": ALL}, **options)
    house.bridge.start()
    house.device.publish(f"{house.root}/all", "0")
    house.said("0")
    assert house.bridge.stop() == 0
    for i in range(1, 50):
        house.device.publish(f"{house.root}/all", str(i))
    house.bridge.start()
    assert await_all(house, 50) == 0


def test_a_broker_that_is_killed_comes_back_with_all(closing, farm, folder):
    broker = servers.Mosquitto(folder / closing.name("mosquitto")).start()
    closing.servers.append(broker)
    try:
        house = make_house(farm, closing, {"a": ALL}, chat=True,
                           broker=f"mqtt://127.0.0.1:{broker.port}")
        house.bridge.start()
        device = closing.mqtt(broker)
        chat = f"{house.root}/chat/event"
        for i in range(20):
            device.publish(f"{house.root}/all", str(i))
        await_all(house, 20)
        broker.kill9()
        house.bridge.wait_log("down:", "home")
        house.bob.say(house.channel, "said while it was dead")
        wait_for("it to be kept", lambda: house.bridge.query(
            "SELECT 1 FROM event WHERE text = 'said while it was dead'"))
        house.bridge.stall()  # until there is somebody to hear it
        broker.start()
        late = closing.mqtt(broker)
        late.subscribe(chat)
        house.bridge.resume()
        heard = late.wait_event("said while it was dead", chat, 30)
        assert heard["from"]["name"] == house.bob.nick
        for i in range(20, 40):
            late.publish(f"{house.root}/all", str(i))
        await_all(house, 40)
    finally:
        broker.stop()


def test_a_broker_that_has_forgotten_us_is_told_again(farm, closing, folder):
    broker = servers.Mosquitto(folder / closing.name("forgetful"),
                               persistent=False).start()
    closing.servers.append(broker)
    try:
        house = make_house(farm, closing, {"a": ALL},
                           broker=f"mqtt://127.0.0.1:{broker.port}")
        house.bridge.start()
        broker.restart()
        device = closing.mqtt(broker)
        wait_for("a line", lambda: device.publish(f"{house.root}/all", "0")
                 and numbers(house), 20, 0.1)
    finally:
        broker.stop()


# ---- killed at every step ----------------------------------------------------

def live_until(house, step):
    """A new life, up to that step; what was before is settled."""
    wait_for("everything to be settled", lambda: not house.bridge.query(
        "SELECT 1 FROM delivery WHERE state IN (0, 1)"))
    house.bridge.kill9()
    house.bridge.launch(crash_at=step)
    try:
        house.bridge.wait_ready()
    except Failure:
        # What was acknowledged may have been a message of the life before.
        assert not house.bridge.process.alive()


@pytest.mark.timed  # who is killed tells nothing of leaks
def test_killed_at_a_step_a_message_of_a_device_is_taken_once(farm, closing):
    """Before the broker was told it comes again, and its id is known; after
    that it is on disk. Plain IRC may be shown it twice."""
    house = make_house(farm, closing, {"a": ALL}, version="5")
    house.bridge.start()
    for n, step in enumerate(("taken", "committed", "accepted",
                              "acknowledged")):
        live_until(house, step)
        for qos in (1, 2):
            number = str(2 * n + qos - 1)
            house.device.publish(f"{house.root}/all", number, qos,
                                 user=[("id", f"{house.root}{number}")])
        house.bridge.wait_crash()
        house.bridge.start()
        house.said(str(2 * n + 1))
    assert await_all(house, 8) <= 8
    assert house.bridge.query("SELECT count(*) FROM event")[0][0] == 8


@pytest.mark.timed
def test_killed_at_a_step_what_is_said_is_published_under_one_id(farm,
                                                                 closing):
    house = make_house(farm, closing, chat=True)
    topic = f"{house.root}/chat/event"
    house.device.subscribe(topic)
    house.bridge.start()
    steps = ("committed", "accepted", "sent", "confirmed", "settling",
             "settled")
    for step in steps:
        live_until(house, step)
        house.bob.say(house.channel, step)
        house.bridge.wait_crash()
        house.bridge.start()
        house.device.wait_event(step, topic)
    house.bob.say(house.channel, "the last")
    house.device.wait_event("the last", topic)
    said = [(m["id"], m["text"]) for m in
            (json.loads(m.payload) for m in house.device.messages
             if m.topic == topic)]
    # Twice at most, and then with the same id, by which it is known.
    assert [text for _, text in dict.fromkeys(said)] == [*steps, "the last"]
    assert all(said.count(one) <= 2 for one in said)


# ---- nobody fights ----------------------------------------------------------

@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_second_bridge_with_our_name_is_not_fought(farm, closing, version):
    house = make_house(farm, closing, {"a": ALL}, version=version)
    house.bridge.start()
    twin = closing.bridge(
        {**house.bridge.networks}, {"twin": {
            "channels": [f"home:{house.root}/x", f"home:{house.root}/y"]}})
    twin.networks = {"home": house.bridge.networks["home"]}
    twin.configure()
    twin.start()
    advice = "client_id of its own"

    def gave_way(bridge):
        return [r for r in bridge.log() if advice in r["msg"]]

    wait_for("one of them to give way", lambda: gave_way(house.bridge) or
             gave_way(twin), 30)
    # One stays away for long, and the other one is not disturbed any more.
    # It need not be thrown out again and again to understand.
    assert len(house.bridge.downs("home")) <= 2
    loser, winner = ((house.bridge, twin) if gave_way(house.bridge)
                     else (twin, house.bridge))
    assert gave_way(loser)[0]["level"] == "error"
    assert "trying again in" in gave_way(loser)[0]["msg"]
    mark = len(winner.downs("home"))
    topic = f"{house.root}/all" if winner is house.bridge else (
        f"{house.root}/x/send")
    wait_for("the other one to be there", lambda: house.device.publish(
        topic, "7") and any(r["msg"].startswith("joined")
                            for r in winner.log()))
    assert len(winner.downs("home")) <= mark + 1 and not gave_way(winner)


# ---- who we are -------------------------------------------------------------

def quick(closing, options, rules=None):
    """A bridge of one network with that broker; not started."""
    name = closing.name("only")
    return closing.bridge(
        {"home": {"protocol": "mqtt", "client_id": name, **options}},
        {"l": {"channels": [f"home:open/{name}/a", f"home:open/{name}/b"],
               **({"rules": rules} if rules else {})}})


def test_certificates_are_verified(farm, closing):
    broker = farm.get("mosquitto")
    closing.servers.append(broker)
    ca = str(broker.ca_file)
    good = quick(closing, {"broker": f"mqtts://localhost:{broker.tls_port}",
                           "ca_file": ca})
    good.start()
    for options, why in (
            ({"broker": f"mqtts://localhost:{broker.wrong_name_port}",
              "ca_file": ca}, "host name"),
            ({"broker": f"mqtts://localhost:{broker.tls_port}"},
             "certificate verify failed"),
            ({"broker": f"mqtts://localhost:{broker.client_tls_port}",
              "ca_file": ca}, "")):
        bad = quick(closing, options)
        bad.launch()
        record = bad.wait_log("down:", "home")
        assert why in record["msg"], record
        assert not [r for r in bad.log() if r["msg"].startswith("joined")]
    insecure = quick(closing, {
        "broker": f"mqtts://localhost:{broker.wrong_name_port}",
        "tls": "insecure"})
    insecure.start()


def test_a_client_certificate_lets_us_in(farm, closing):
    broker = farm.get("mosquitto")
    closing.servers.append(broker)
    # Theirs belong to whom the servers run as.
    tls = closing.folder / closing.name("client")
    tls.mkdir()
    for name in ("client.pem", "client.key"):
        (tls / name).write_bytes((broker.certificates / name).read_bytes())
        (tls / name).chmod(0o600)
    bridge = quick(closing, {
        "broker": f"mqtts://localhost:{broker.client_tls_port}",
        "ca_file": str(broker.ca_file), "certificate": str(tls / "client.pem"),
        "key": str(tls / "client.key")})
    bridge.start()


def test_passwords_are_sent_and_their_refusal_is_told(farm, closing):
    broker = farm.get("mosquitto")
    closing.servers.append(broker)
    where = {"broker": f"mqtt://127.0.0.1:{broker.password_port}"}
    good = quick(closing, {**where, "user": servers.MQTT_USER[0],
                           "password": "env:MQTT_PASSWORD"})
    good.environment["MQTT_PASSWORD"] = servers.MQTT_USER[1]
    good.start()
    bad = quick(closing, {**where, "user": servers.MQTT_USER[0],
                          "password": "env:MQTT_PASSWORD"})
    bad.environment["MQTT_PASSWORD"] = "wrong"
    bad.launch()
    assert "not authorised" in bad.wait_log("refused:", "home")["msg"]


def test_what_the_broker_forbids_is_told_to_the_author(farm, closing):
    """By the reason in its PUBACK (MQTT 5)."""
    broker = farm.get("mosquitto")
    house = make_house(
        farm, closing,
        {"w": {"command": "!open", "topic": "home:readonly/window",
               "send": "1", "who": "*"}},
        version="5", broker=f"mqtt://127.0.0.1:{broker.password_port}",
        user=servers.MQTT_USER[0], password="env:MQTT_PASSWORD")
    house.bridge.environment["MQTT_PASSWORD"] = servers.MQTT_USER[1]
    house.bridge.configure()
    house.bridge.start()
    house.bob.say(house.channel, "!open")
    house.said("!open: not authorised by the broker")
    record = house.bridge.wait_log('command "w"')
    assert house.bob.nick in record["msg"]
    assert house.bridge.wait_log("ended: not authorised by the broker")


# ---- what a hostile broker or device sends ----------------------------------

def test_a_flood_of_retained_messages_drowns_nobody(farm, closing):
    house = make_house(farm, closing, {
        "f": {"filter": "home:ROOT/f/#", "say": "{value}", "on_change": 0},
        "s": {"filter": "home:ROOT/s/#", "say": "s {value}",
              "retained": "show"}, "d": DONE}, topics=100)
    for i in range(600):
        kind = "fs"[i % 2]
        house.device.publish(f"{house.root}/{kind}/{i}", "x", retain=True,
                             wait=i == 599)
    house.bridge.start()
    house.settled(f"{house.root}/done")
    heard = house.heard()
    assert len(heard) <= 15 + 1 and "x" not in heard
    for i in range(600):
        kind = "fs"[i % 2]
        house.device.publish(f"{house.root}/{kind}/{i}", "", retain=True,
                             wait=i == 599)


def test_long_topics_and_large_payloads_do_no_harm(farm, closing):
    house = make_house(farm, closing, {
        "t": {"filter": "home:ROOT/long/#", "say": "{#}|{value}"}, "d": DONE},
        version="5")
    house.bridge.start()
    longest = 65535 - len(f"{house.root}/long/")
    house.device.publish(f"{house.root}/long/{'x' * longest}", "v")
    wait_for("a cut line", lambda: any(
        t.startswith("xxxx") and t.endswith("…|v") for t in house.heard()))
    # Larger than we said that we take: the broker does not send it.
    house.device.publish(f"{house.root}/long/a", b"y" * 1000000)
    house.device.publish(f"{house.root}/long/b", b"z" * 200000)
    house.said("b|[large, 200000 bytes]")
    house.settled(f"{house.root}/done")
    assert len(house.heard()) == 3
    assert not house.bridge.downs("home")


def memory_peak(bridge):
    """Of its process, in MiB."""
    status = pathlib.Path(f"/proc/{bridge.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_huge_message_of_3_1_1_is_not_taken(farm, closing, tls):
    """That version cannot tell the broker what is too large, and the broker
    sends it first of all, for ever, until all that waits is thrown away."""
    broker = farm.get("mosquitto")
    options = {"broker": f"mqtts://localhost:{broker.tls_port}",
               "ca_file": str(broker.ca_file)} if tls else {}
    house = make_house(farm, closing, {"a": ALL, "d": DONE}, version="3.1.1",
                       **options)
    house.bridge.start()
    house.settled(f"{house.root}/done", "before")
    before = memory_peak(house.bridge)
    house.device.publish(f"{house.root}/all", b"x" * HUGE)
    record = house.bridge.wait_log("was thrown away", timeout=60)
    assert record["level"] == "error"
    wait_for("the next line", lambda: house.device.publish(
        f"{house.root}/done", "after") and "after" in house.heard(), 60, 0.2)
    gaps = [t for t in house.heard() if "was not heard and cannot" in t]
    assert len(gaps) == 1 and "$rules" in gaps[0]
    # The sanitisers keep what was freed.
    assert memory_peak(house.bridge) < before + HUGE / 2**20 * 3 / 4


def test_a_huge_message_that_is_retained_ends_in_a_long_wait(farm, closing):
    house = make_house(farm, closing, {"a": ALL}, version="3.1.1")
    house.device.publish(f"{house.root}/all", b"x" * HUGE, retain=True)
    house.bridge.launch()
    record = house.bridge.wait_log("is it retained under one of", timeout=60)
    assert record["level"] == "error" and "trying again in" in record["msg"]
    house.device.publish(f"{house.root}/all", retain=True)


class Scripted:
    """A broker that answers every connection with the same bytes, and the
    next thing that it hears with others."""

    def __init__(self, *answers, then=b""):
        self.answers = list(answers)
        self.then = then
        self.port = free_ports(1)[0]
        self.connects = []
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            try:
                conn.settimeout(2)
                self.connects.append(conn.recv(4096))
                index = min(len(self.connects), len(self.answers)) - 1
                answer = self.answers[index]
                conn.sendall(answer)
                while answer and conn.recv(4096):
                    conn.sendall(self.then)
            except OSError:
                pass
            conn.close()

    def close(self):
        self.listener.close()


@pytest.mark.parametrize("answer", [
    b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00", b""],
    ids=["3.1.1", "reason", "close"])
def test_an_old_broker_is_spoken_to_in_its_version(closing, answer):
    broker = Scripted(answer, b"\x20\x02\x00\x00")
    bridge = quick(closing, {"broker": f"mqtt://127.0.0.1:{broker.port}"})
    bridge.launch()
    bridge.wait_log("speaks MQTT 3.1.1", timeout=30)
    assert b"\x00\x04MQTT\x05" in broker.connects[0]
    assert any(b"\x00\x04MQTT\x04" in c for c in broker.connects[1:])
    broker.close()


def test_a_broker_that_says_who_took_our_name_is_believed(closing):
    """Reason code 0x8E of MQTT 5: at once, not after the third time."""
    broker = Scripted(b"\x20\x03\x00\x00\x00\xe0\x02\x8e\x00")
    bridge = quick(closing, {"broker": f"mqtt://127.0.0.1:{broker.port}"})
    bridge.launch()
    record = bridge.wait_log("client_id of its own", "home")
    assert record["level"] == "error" and "trying again in" in record["msg"]
    assert len(broker.connects) == 1
    broker.close()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_who_may_not_subscribe_is_told(closing, version):
    """Mosquitto's access lists never refuse that; others do."""
    five = version == "5"
    suback = b"".join(
        bytes([0x90, 4, 0, mid, 0, 0x87] if five else [0x90, 3, 0, mid, 0x80])
        for mid in range(1, 20))
    broker = Scripted(b"\x20\x03\x00\x00\x00" if five
                      else b"\x20\x02\x00\x00", then=suback)
    bridge = quick(closing, {
        "broker": f"mqtt://127.0.0.1:{broker.port}", "version": version,
        "devices": {"door": {"state": "house/door"}}})
    bridge.launch()
    why = ("not authorised by the broker" if five
           else "the broker gives no reason")
    for words in ('nothing will be heard under "house/door"',
                  'the topics "open/'):
        record = bridge.wait_log(words)
        assert why in record["msg"], record
        assert record["level"] in ("warn", "error")
    broker.close()


@pytest.mark.parametrize("garbage", [
    b"\xff\xff\xff\xff\xff\xff", b"\x20\x03\x00\x00\x00" + b"\x00" * 50,
    b"\x20\x03\x00\x00\x00\x30\x05\x00\x09abc",
    b"\x20\x03\x00\x00\x00\x30\x06\x00\x02\xc3\x28\x00x",
    b"\x20\x03\x00\x00\x00\x40\x02\xab\xcd" * 3,
    b"\x20\x03\x00\x00\x00\x90\x03\x00\x01\x00",
    b"\x20\x03\x00\x00\x00\x30\xff\xff\xff\x7f\x00\x01a"])
def test_a_broker_that_talks_nonsense_kills_nobody(closing, garbage):
    broker = Scripted(garbage)
    bridge = quick(closing, {"broker": f"mqtt://127.0.0.1:{broker.port}"})
    bridge.launch()
    wait_for("it to connect", lambda: broker.connects)
    bridge.wait_log("", "home")
    broker.close()
    bridge.wait_log("down:", "home", timeout=20)
    bridge.require_alive()


def test_a_dead_name_server_or_broker_stops_nobody_else(farm, closing):
    """Connecting happens elsewhere: the other networks do not wait."""
    house = make_house(farm, closing, chat=True)
    house.bridge.networks["dead"] = mqtt_network(house.broker, "dead")
    # TEST-NET-1: nobody answers, not even with a refusal.
    house.bridge.networks["dead"]["broker"] = "mqtt://192.0.2.1:1883"
    house.bridge.links["dead"] = [f"dead:{house.root}/x",
                                  f"dead:{house.root}/y"]
    house.bridge.configure()
    house.bridge.launch()
    house.bridge.wait_log("joined", f"home/{house.root}/chat")
    # a connection that is waited for takes minutes
    house.bob.say(house.channel, "quick")
    house.ann.wait_text("quick", room=house.room)
    assert house.bridge.stop() == 0
