# SPDX-License-Identifier: MIT
"""Hosts that no network of the configuration names: people reach those that
the operator permits, and only at the addresses that may be."""

import pytest

from tests.support.bridge import irc_network, xmpp_network
from tests.support.xmpp_peer import Refused

from .test_gateway import DISCO, GATEWAY, Gate
from .test_gateway_commands import Command
from .test_reload import reload

HOST = "127.0.0.1"


def hosts_gate(things, xmpp, irc, **hosts):
    things.servers += [xmpp, irc]
    channel = "#" + things.name("far")
    bob = things.irc(irc, things.name("bob"))
    bob.join(channel)
    network = irc_network(irc)
    for key in ("nick", "server", "puppets"):
        del network[key]
    network["hosts"] = {"allow": ["127.0.*"], "deny": ["127.0.0.9"],
                        "port": irc.port, "private": True, **hosts}
    bridge = things.bridge(
        {"xmpp": xmpp_network(xmpp, gateway={"networks": ["others"]}),
         "others": network}, {})
    bridge.start()
    bridge.wait_log("up", "xmpp", 40)
    return Gate(xmpp, irc, f"{channel}%{HOST}@{GATEWAY}", channel, bob,
                bridge, things)


def refusal(peer, room):
    """The text with which an entry is refused, and its condition."""
    mark = peer.mark()
    with pytest.raises(Refused) as refused:
        peer.join(room, "ann", timeout=30)
    shown = peer.wait_for(lambda s: s.kind == "presence" and
                          s.type == "error", 10, mark)
    text = shown.element.find(
        ".//{urn:ietf:params:xml:ns:xmpp-stanzas}text")
    return str(refused.value), text.text if text is not None else ""


def test_a_host_is_reached_and_outlives_a_restart(farm, closing):
    gate = hosts_gate(closing, farm.get("prosody"), farm.get("ngircd"))
    ann = gate.enter("ann")
    ann.say(gate.room, "hello out there")
    gate.bob.wait_text("hello out there", nick=gate.nick("ann"))
    gate.bob.say(gate.channel, "hello in there")
    ann.wait_text("hello in there", nick=gate.bob.nick)
    # people, and the server
    bob = f"{gate.bob.nick}%{HOST}@{GATEWAY}"
    ann.chat(bob, "psst")
    seen = gate.bob.wait_text("psst", target=gate.bob.nick, timeout=30)
    gate.bob.say(seen.nick, "what")
    answer = ann.wait_for(lambda s: s.type == "chat" and s.body == "what")
    assert answer.sender.partition("/")[0] == bob
    info = ann.iq(f"{HOST}@{GATEWAY}", f"<query xmlns='{DISCO}#info'/>")
    assert info.element.find(f".//{{{DISCO}#info}}identity").get(
        "name") == HOST
    # what was kept when we died is said when we are back
    lines = [f"line {i}." for i in range(30)]
    for line in lines:
        ann.say(gate.room, line)
    ann.wait_text(lines[-1], room=gate.room)
    gate.bridge.kill9()
    gate.bridge.start()
    gate.bridge.wait_log("up", "xmpp", 40)
    ann.join(gate.room, gate.nick("ann"), timeout=60)
    ann.say(gate.room, "back again")
    gate.bob.wait_text("back again", timeout=60)
    said = [text for _, text in gate.bob.texts(gate.channel)]
    assert not [line for line in lines if line not in said]


def test_what_is_not_permitted_is_refused_in_words(farm, closing):
    gate = hosts_gate(closing, farm.get("prosody"), farm.get("ngircd"),
                      networks=1)
    ann = gate.things.xmpp(gate.xmpp, "ann")
    for host in ("127.0.0.9", "irc.example.net", "127.1.1.1"):
        condition, text = refusal(ann, f"#x%{host}@{GATEWAY}")
        assert "not-allowed" in condition
        assert text == f"this gateway does not lead to {host}"
    for host in ("127.0.0.1.", "-x.example.org", "127..0.0.1"):
        with pytest.raises(Refused):
            ann.join(f"#x%{host}@{GATEWAY}", "ann", timeout=30)
    mark = ann.mark()
    ann.chat(f"bob%irc.example.net@{GATEWAY}", "hello?")
    error = ann.wait_for(lambda s: s.kind == "message" and
                         s.type == "error", 10, mark)
    assert error.error == "not-allowed"
    # one at a time, and that one is in use
    carol = gate.enter("carol")
    condition, text = refusal(ann, f"#x%127.0.0.2@{GATEWAY}")
    assert "as many networks as it may" in text
    carol.leave(gate.room)


def test_addresses_that_are_not_public_are_not_connected_to(farm, closing):
    gate = hosts_gate(closing, farm.get("prosody"), farm.get("ngircd"),
                      private=False)
    ann = gate.things.xmpp(gate.xmpp, "ann")
    _, text = refusal(ann, gate.room)
    assert "not a public one" in text


def test_who_does_not_use_a_host_makes_room_for_who_does(farm, closing):
    """And what was set for a host is kept while it is not there."""
    gate = hosts_gate(closing, farm.get("prosody"), farm.get("ngircd"),
                      networks=1)
    ann = gate.things.xmpp(gate.xmpp, "ann")
    forgotten = "nobody uses it any more: forgotten"
    Command(ann, f"{HOST}@{GATEWAY}", "configure").fill(
        {"nick": gate.nick("other")})
    for host in ("127.0.0.3", "127.0.0.4"):
        assert Command(ann, f"{host}@{GATEWAY}", "configure").values
    gate.bridge.wait_log(forgotten, HOST)
    gate.bridge.wait_log(forgotten, "127.0.0.3")
    ann.join(gate.room, gate.nick("ann"), timeout=30)
    gate.bridge.wait_log(forgotten, "127.0.0.4")
    assert gate.nick("other") in gate.bob.names(gate.channel)


def test_a_reload_changes_which_hosts_there_are(farm, closing):
    gate = hosts_gate(closing, farm.get("prosody"), farm.get("ngircd"))
    ann = gate.enter("ann")
    hosts = gate.bridge.networks["others"]["hosts"]
    hosts["deny"] = [HOST]
    gate.bridge.configure()
    since = len(gate.bridge.log())
    reload(gate.bridge)
    gate.bob.wait_for(lambda m: m.command == "QUIT" and
                      m.nick == gate.nick("ann"), 30)
    ann.wait_gone(gate.room, gate.nick("ann"), 30)
    gate.bridge.wait_log("up", "xmpp", 40, since)
    condition, _ = refusal(ann, gate.room)
    assert "not-allowed" in condition
    hosts["deny"] = []
    gate.bridge.configure()
    since = len(gate.bridge.log())
    reload(gate.bridge)
    gate.bridge.wait_log("up", "xmpp", 40, since)
    ann.join(gate.room, gate.nick("ann"), timeout=30)
    ann.say(gate.room, "open again")
    gate.bob.wait_text("open again", nick=gate.nick("ann"), timeout=30)
