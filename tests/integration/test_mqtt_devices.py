# SPDX-License-Identifier: MIT
"""Devices as people to write to, against a real Mosquitto and Prosody."""

import threading

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


def with_devices(farm, closing):
    house = make_house(farm, closing, {
        "t": {"filter": "home:ROOT/door", "say": "door {battery}"}})
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
    house = with_devices(farm, closing)
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
