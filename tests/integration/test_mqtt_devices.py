# SPDX-License-Identifier: MIT
"""Devices as people to write to, against a real Mosquitto and Prosody."""

import threading

from tests.support.process import wait_for
from tests.support.sparkplug import metric, payload

from .test_gateway_commands import Command, nodes
from .test_mqtt import make_house

DEVICES = {
    "door": {"availability": "ROOT/door/availability", "field": "state",
             "state": "ROOT/door", "say": "battery {battery} %",
             "commands": {
                 "open": {"command": "open {front|back}",
                          "topic": "ROOT/door/{1}/set", "send": "open",
                          "ack": "ROOT/door/{1}", "timeout": "2s",
                          "who": "x:ann@localhost"},
                 "lock": {"command": "lock", "topic": "ROOT/lock",
                          "send": "1", "who": "*"}}},
    "bell": {"state": "ROOT/bell/+", "say": "{1}: {value}"}}


def rooted(value, root):
    if isinstance(value, dict):
        return {k: rooted(v, root) for k, v in value.items()}
    return value.replace("ROOT", root)


def with_devices(farm, closing, **options):
    house = make_house(farm, closing, {
        "t": {"filter": "home:ROOT/door", "say": "door {battery}"}},
        **options)
    house.bridge.networks["x"]["gateway"] = {"networks": ["home"]}
    house.bridge.networks["home"]["devices"] = {
        name: rooted(d, house.root) for name, d in DEVICES.items()}
    house.bridge.configure()
    house.bridge.start()
    return house


def ask(house, device, text="status"):
    mark = house.ann.mark()
    jid = f"{device}%home@gw.localhost"
    house.ann.chat(jid, text)
    seen = house.ann.wait_for(
        lambda s: s.kind == "message" and s.body and
        s.sender.startswith(jid), since=mark)
    return seen.body


def test_a_device_tells_how_it_is(farm, closing):
    house = with_devices(farm, closing)
    assert ask(house, "door") == \
        "nothing is known of whether I am online"
    house.device.publish(f"{house.root}/door/availability",
                         {"state": "online"}, retain=True)
    house.device.publish(f"{house.root}/door", {"battery": 87})
    house.said("door 87")
    assert ask(house, "door") == "online (online); battery 87 %"
    house.device.publish(f"{house.root}/door/availability",
                         {"state": "offline"}, retain=True)
    house.device.publish(f"{house.root}/door", {"battery": 88})
    house.said("door 88")
    assert ask(house, "door", "Status") == \
        "offline (offline); battery 88 %"
    assert ask(house, "door", "close it") == (
        'say "status" to hear how I am, or tell me '
        '"open {front|back}", "lock"')
    # What a rule shows too is heard once.
    assert house.heard() == ["door 87", "door 88"]


def test_what_is_no_device_cannot_be_written_to(farm, closing):
    house = with_devices(farm, closing)
    mark = house.ann.mark()
    house.ann.chat("nobody%home@gw.localhost", "status")
    refused = house.ann.wait_for(
        lambda s: s.kind == "message" and s.type == "error", since=mark)
    assert refused.error


def test_a_device_in_the_roster_shows_whether_it_is_online(farm, closing):
    house = with_devices(farm, closing)
    door = "door%home@gw.localhost"
    shown = lambda kind, since: house.ann.wait_for(
        lambda s: s.kind == "presence" and s.bare == door and
        s.type == kind, 20, since)
    # a server tells of subscriptions only who has asked for the roster
    house.ann.iq(house.ann.jid, "<query xmlns='jabber:iq:roster'/>")
    mark = house.ann.mark()
    house.ann.send(f"<presence type='subscribe' to='{door}'/>")
    shown("subscribed", mark)
    shown("subscribe", mark)
    house.ann.send(f"<presence type='subscribed' to='{door}'/>")
    house.device.publish(f"{house.root}/door/availability",
                         {"state": "online"}, retain=True)
    shown("", mark)
    mark = house.ann.mark()
    house.device.publish(f"{house.root}/door/availability",
                         {"state": "offline"}, retain=True)
    shown("unavailable", mark)
    mark = house.ann.mark()
    house.ann.send("<presence type='subscribe' "
                   "to='nobody%home@gw.localhost'/>")
    house.ann.wait_for(lambda s: s.kind == "presence" and
                       s.type == "unsubscribed", 20, mark)


# ---- commands ---------------------------------------------------------------

DOOR = "door%home@gw.localhost"


def test_a_device_is_told_what_to_do(farm, closing):
    """By message and by form, with the answer of the device, in private."""
    # only MQTT 5 says that nobody listens
    house = with_devices(farm, closing, version="5")
    carol = closing.xmpp(house.xmpp, "carol")
    house.device.subscribe(f"{house.root}/door/+/set")
    # nobody else may, and nothing that is wrong is done
    mark = carol.mark()
    carol.chat(DOOR, "open front")
    carol.wait_for(lambda s: s.kind == "message" and
                   s.body == "you may not do that here", since=mark)
    assert ask(house, "door", "open side") == (
        'expected one of the choices, found "side"; it is: open {front|back}')
    mark = house.ann.mark()
    house.ann.chat(DOOR, "open front")
    house.device.wait_text("open", f"{house.root}/door/front/set")
    house.device.publish(f"{house.root}/door/front", "open")
    house.ann.wait_for(lambda s: s.kind == "message" and s.body and
                       s.body.startswith("done ("), since=mark)
    record = house.bridge.wait_log('command "open" by ann')
    assert "(ann@localhost) of x, by message" in record["msg"]
    assert ask(house, "door", "lock") == "nobody listens there"
    # by a form
    assert nodes(house.ann, DOOR) == ["status", "open", "lock"]
    form = Command(house.ann, DOOR, "open")
    assert list(form.values) == ["1"]

    def device():
        house.device.wait_text("open", f"{house.root}/door/back/set")
        house.device.publish(f"{house.root}/door/back", "open")

    thread = threading.Thread(target=device)
    thread.start()
    form.fill({"1": "back"})
    thread.join()
    assert form.status == "completed" and form.note.startswith("done (")
    form = Command(carol, DOOR, "open").fill({"1": "back"})
    assert form.failed and form.note == "you may not do that here"
    assert "battery" not in Command(house.ann, DOOR, "status").note
    assert house.bridge.wait_log("was not done: you may not")
    # nobody in the rooms hears of it
    assert not house.heard()


# ---- discovery --------------------------------------------------------------

def with_discovery(farm, closing, **options):
    house = make_house(farm, closing, {
        "t": {"filter": "home:ROOT/done", "say": "{value}"}})
    house.bridge.networks["x"]["gateway"] = {"networks": ["home"]}
    house.bridge.networks["home"]["discovery"] = {
        "homie": f"{house.root}/homie/5",
        "home_assistant": f"{house.root}/ha",
        "topics": [f"{house.root}/z/#"], "who": "x:ann@localhost", **options}
    house.bridge.configure()
    return house


def follow(house, device):
    """Who follows it sees every presence of it; the mark to look from."""
    house.ann.iq(house.ann.jid, "<query xmlns='jabber:iq:roster'/>")
    mark = house.ann.mark()
    house.ann.send(f"<presence type='subscribe' to='{device}'/>")
    house.ann.wait_for(lambda s: s.kind == "presence" and s.bare == device and
                       s.type == "subscribed", 20, mark)
    house.ann.send(f"<presence type='subscribed' to='{device}'/>")
    return mark


def shown(house, device, kind, since):
    return house.ann.wait_for(
        lambda s: s.kind == "presence" and s.bare == device and
        s.type == kind, 20, since)


def test_home_assistant_makes_devices_known(farm, closing):
    house = with_discovery(farm, closing, max=2)
    root, device = house.root, house.device
    east = {"identifiers": ["0x1"], "name": "Window East"}
    there = {"availability_topic": f"{root}/z/east/there"}
    device.publish(f"{root}/ha/sensor/0x1/t/config", {
        "~": f"{root}/z/east", "stat_t": "~", "name": "temperature",
        "val_tpl": "{{ value_json.t | round(1) }}", "unit_of_meas": "°C",
        "dev": east, **there}, retain=True)
    device.publish(f"{root}/ha/switch/0x1/heater/config", {
        "state_topic": f"{root}/z/east/heater", "name": "Heater",
        "command_topic": f"{root}/z/east/heater/set", "device": east,
        **there}, retain=True)
    device.publish(f"{root}/ha/sensor/evil/config", {
        "state_topic": "$SYS/broker/version", "name": "evil", "device": {
            "identifiers": ["evil"], "name": "Evil"}}, retain=True)
    device.publish(f"{root}/z/east/there", "online", retain=True)
    device.publish(f"{root}/z/east", {"t": 21.48}, retain=True)
    house.bridge.start()
    house.bridge.wait_log('discovered device "window-east": 2 values, '
                          '1 commands')
    jid = "window-east%home@gw.localhost"
    mark = follow(house, jid)
    assert shown(house, jid, "", mark).status == "temperature 21.5 °C"
    assert ask(house, "window-east") == \
        "online (online); temperature 21.5 °C"
    device.subscribe(f"{root}/z/east/heater/set")
    mark = house.ann.mark()
    house.ann.chat(jid, "heater on")
    device.wait_text("ON", f"{root}/z/east/heater/set")
    device.publish(f"{root}/z/east/heater", "ON")
    house.ann.wait_for(lambda s: s.kind == "message" and s.body and
                       s.body.startswith("done ("), since=mark)
    mark = house.ann.mark()
    device.publish(f"{root}/z/east/there", "offline", retain=True)
    shown(house, jid, "unavailable", mark)
    # there is an end to it, and what is outside is nobody
    device.publish(f"{root}/ha/sensor/3/config", {
        "state_topic": f"{root}/z/3", "uniq_id": "3", "name": "three"})
    house.bridge.wait_log("more than 2 devices were discovered")
    with_error = house.ann.mark()
    house.ann.chat("evil%home@gw.localhost", "status")
    house.ann.wait_for(lambda s: s.kind == "message" and s.type == "error",
                       since=with_error)
    # what is taken back is gone
    for name in ("sensor/0x1/t", "switch/0x1/heater", "sensor/evil"):
        device.publish(f"{root}/ha/{name}/config", "", retain=True)
    house.bridge.wait_log('device "window-east" is gone')
    for topic in ("z/east", "z/east/there"):
        device.publish(f"{root}/{topic}", "", retain=True)


def test_homie_makes_devices_known(farm, closing):
    house = with_discovery(farm, closing)
    base, device = f"{house.root}/homie/5/lamp", house.device
    house.bridge.start()
    device.publish(f"{base}/$description", {
        "homie": "5.0", "name": "Lamp", "nodes": {"light": {"properties": {
            "power": {"datatype": "boolean", "settable": True},
            "level": {"datatype": "integer", "format": "0:100",
                      "unit": "%"}}}}})
    house.bridge.wait_log('discovered device "lamp"')
    jid = "lamp%home@gw.localhost"
    mark = follow(house, jid)
    for state, kind in (("ready", ""), ("lost", "unavailable"),
                        ("sleeping", ""), ("disconnected", "unavailable")):
        device.publish(f"{base}/$state", state)
        presence = shown(house, jid, kind, mark)
        assert presence.show == ("xa" if state == "sleeping" else "")
        if state == "lost":
            assert presence.status == "connection lost"
        mark = house.ann.mark()
    device.publish(f"{base}/light/level", "40")
    device.publish(f"{base}/$state", "ready")
    shown(house, jid, "", mark)
    assert ask(house, "lamp") == "online (ready); level 40 %"
    assert nodes(house.ann, jid) == ["status", "power"]
    device.subscribe(f"{base}/light/power/set")
    ask_power = Command(house.ann, jid, "power")
    assert ask_power.values == {"1": []}

    def obey():
        got = device.wait_text("true", f"{base}/light/power/set")
        assert not got.retain
        device.publish(f"{base}/light/power", "true")

    thread = threading.Thread(target=obey)
    thread.start()
    ask_power.fill({"1": "true"})
    thread.join()
    assert ask_power.note.startswith("done (")
    # what the broker does not know after a restart is no device any more
    house.bridge.restart()
    mark = house.ann.mark()
    house.ann.chat(jid, "status")
    house.ann.wait_for(lambda s: s.kind == "message" and s.type == "error",
                       since=mark)


def test_sparkplug_tells_births_deaths_and_metrics(farm, closing):
    house = with_discovery(farm, closing)
    spb, device = f"{house.root}/spb", house.device
    house.bridge.networks["home"]["discovery"] = {
        "sparkplug": spb, "rebirth": True}
    house.bridge.configure()
    device.subscribe(f"{spb}/plant/NCMD/+")
    house.bridge.start()

    def say(kind, *metrics, seq=None, of=""):
        device.publish(f"{spb}/plant/{kind}/edge{of}",
                       payload(*metrics, seq=seq), qos=0 if seq else 1)

    # Who was there before us is asked to say who it is.
    say("NDATA", metric(1.0, alias=1), seq=9)
    asked = device.wait_for(lambda m: m.topic == f"{spb}/plant/NCMD/edge")
    assert b"Node Control/Rebirth" in asked.payload and not asked.retain
    say("NBIRTH", metric(3, "bdSeq"), metric(20.5, "temp", 1), seq=0)
    house.bridge.wait_log("discovered device")
    say("DBIRTH", metric(False, "running", 7), metric("ok", "note", 8), seq=1,
        of="/pump")
    edge, pump = "edge%home@gw.localhost", "pump%home@gw.localhost"
    house.bridge.wait_log('discovered device "pump"')
    mark = follow(house, edge)
    assert shown(house, edge, "", mark).status == "temp 20.5"
    mark = follow(house, pump)
    assert shown(house, pump, "", mark).status == "running false, note ok"
    say("NDATA", metric(21.5, alias=1), seq=2)
    say("DDATA", metric(True, alias=7), seq=3, of="/pump")
    assert ask(house, "edge") == "online (online); temp 21.5"
    assert ask(house, "pump") == "online (online); running true, note ok"
    # A will of an earlier connection, and what is no payload at all.
    mark = house.ann.mark()
    say("NDEATH", metric(2, "bdSeq"))
    device.publish(f"{spb}/plant/NBIRTH/edge", b"\xff\xff\xff")
    assert ask(house, "edge") == "online (online); temp 21.5"
    say("NDEATH", metric(3, "bdSeq"))
    shown(house, edge, "unavailable", mark)
    shown(house, pump, "unavailable", mark)
    mark = house.ann.mark()
    device.publish(f"{spb}/STATE/scada", {"online": True, "timestamp": 1},
                   retain=True)
    house.bridge.wait_log('discovered device "scada"')
    wait_for("it to be known", lambda: ask(house, "scada") ==
             "online (true)")
    device.publish(f"{spb}/STATE/scada", "", retain=True)
