# SPDX-License-Identifier: MIT
"""Devices as people to write to, against a real Mosquitto and Prosody."""

from .test_mqtt import make_house

DEVICES = {
    "door": {"availability": "ROOT/door/availability", "field": "state",
             "state": "ROOT/door", "say": "battery {battery} %"},
    "bell": {"state": "ROOT/bell/+", "say": "{1}: {value}"}}


def with_devices(farm, closing):
    house = make_house(farm, closing, {
        "t": {"filter": "home:ROOT/door", "say": "door {battery}"}})
    house.bridge.networks["home"]["devices"] = {
        name: {k: v.replace("ROOT", house.root) for k, v in d.items()}
        for name, d in DEVICES.items()}
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
    assert ask(house, "door", "open up") == \
        "say \"status\" to hear how I am"
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
