# SPDX-License-Identifier: MIT
"""Getting in: certificates that are right and wrong, accounts, passwords."""

import os

import pytest

from tests.support.bridge import irc_network, xmpp_network
from tests.support.scripted_irc import ScramServer, TalkativeServer


def lone_bridge(things, xmpp, irc, **irc_options):
    """A bridge between a fresh room, which ann keeps open (the bridge makes
    none), and a channel of irc; not started. Secrets lie in files beside its
    configuration."""
    things.servers += [xmpp, irc]
    room = f"{things.name('room')}@{xmpp.rooms}"
    things.xmpp(xmpp, "ann").join(room, things.name("Ann"))
    channel = f"irc:#{things.name('chan')}"
    return things.bridge({"xmpp": xmpp_network(xmpp),
                          "irc": irc_network(irc, **irc_options)},
                         {"lobby": [f"xmpp:{room}", channel]})


def channel_of(bridge):
    return bridge.links["lobby"][1].partition(":")[2]


def secret_file(bridge, name, text):
    path = bridge.folder / name
    path.write_text(text)
    path.chmod(0o600)
    return f"file:{path}"


@pytest.fixture
def prosody(farm):
    return farm.get("prosody")


@pytest.fixture
def inspircd(farm):
    return farm.get("inspircd")


def copied(bridge, source):
    """source where causewayd can read it."""
    target = bridge.folder / source.name
    target.write_bytes(source.read_bytes())
    target.chmod(0o600)
    return str(target)


# ---- certificates

def verified(closing, prosody, inspircd, port, host="127.0.0.1"):
    bridge = lone_bridge(closing, prosody, inspircd, tls="verify",
                         server=f"{host}:{port}")
    bridge.networks["irc"]["ca_file"] = copied(bridge, inspircd.ca_file)
    bridge.configure()
    return bridge


def test_a_good_certificate_is_accepted(closing, prosody, inspircd):
    bridge = verified(closing, prosody, inspircd, inspircd.tls_port)
    bridge.start()
    bob = closing.irc(inspircd, closing.name("bob"))
    bob.join(channel_of(bridge))
    assert "causeway" in bob.names(channel_of(bridge))


def test_a_good_certificate_is_accepted_by_name(closing, prosody, inspircd):
    bridge = verified(closing, prosody, inspircd, inspircd.tls_port,
                      "localhost")
    bridge.start()


@pytest.mark.parametrize("port", ["wrong_name_port", "unknown_issuer_port"])
def test_a_wrong_certificate_is_refused(closing, prosody, inspircd, port):
    bridge = verified(closing, prosody, inspircd, getattr(inspircd, port))
    bridge.launch()
    bridge.wait_log("certificate", "irc", 20)
    assert bridge.downs("irc")
    assert not [r for r in bridge.log() if r.get("where") == "irc" and
                r["msg"].startswith("up")]


def test_an_unverified_certificate_is_taken_only_when_told(
        closing, prosody, inspircd):
    bridge = lone_bridge(closing, prosody, inspircd, tls="insecure",
                         server=f"127.0.0.1:{inspircd.unknown_issuer_port}")
    bridge.start()


def test_plain_text_instead_of_tls_is_refused(closing, prosody, inspircd):
    with TalkativeServer() as server:
        bridge = verified(closing, prosody, inspircd, server.port)
        bridge.launch()
        bridge.wait_log("down", "irc", 20)
        assert bridge.process.alive()
        assert not [r for r in bridge.log() if r.get("where") == "irc" and
                    r["msg"].startswith("up")]


# ---- accounts

def whois_account(peer, nick):
    mark = peer.mark()
    peer.send(f"WHOIS {nick}")
    peer.wait_for(lambda m: m.command == "318", 10, mark)
    return next((m.params[2] for m in peer.messages[mark:]
                 if m.command == "330"), None)


@pytest.fixture
def atheme(farm):
    return farm.get("atheme")


def test_sasl_plain_logs_in(closing, prosody, inspircd, atheme):
    bridge = lone_bridge(closing, prosody, inspircd)
    bridge.networks["irc"]["sasl"] = {
        "mechanism": "plain", "account": atheme.account,
        "password": secret_file(bridge, "password", atheme.password)}
    bridge.configure()
    bridge.start()
    bob = closing.irc(inspircd, closing.name("bob"))
    assert whois_account(bob, "causeway") == atheme.account


def test_sasl_external_logs_in(closing, prosody, inspircd, atheme):
    bridge = verified(closing, prosody, inspircd, inspircd.tls_port)
    base = inspircd.certificates
    bridge.networks["irc"].update(
        certificate=copied(bridge, base / "client.pem"),
        key=copied(bridge, base / "client.key"),
        sasl={"mechanism": "external"})
    bridge.configure()
    bridge.start()
    bob = closing.irc(inspircd, closing.name("bob"))
    assert whois_account(bob, "causeway") == atheme.account


def test_a_wrong_password_is_refused_and_not_tried_again_at_once(
        closing, prosody, inspircd, atheme):
    bridge = lone_bridge(closing, prosody, inspircd)
    bridge.networks["irc"]["sasl"] = {
        "mechanism": "plain", "account": atheme.account,
        "password": secret_file(bridge, "password", "not this")}
    bridge.configure()
    bridge.launch()
    bridge.wait_log("refused:", "irc", 20)
    assert len(bridge.downs("irc")) == 1
    assert "not this" not in bridge.output()


def scram(things, prosody, server, password):
    bridge = lone_bridge(things, prosody, server, puppets=0)
    bridge.networks["irc"]["sasl"] = {
        "mechanism": "scram-sha-256", "account": server.account,
        "password": secret_file(bridge, "password", password)}
    bridge.configure()
    return bridge


def test_scram_proves_the_password_and_checks_the_server(closing, prosody):
    with ScramServer("tester", "pencil") as server:
        scram(closing, prosody, server, "pencil").start()
        assert server.outcome == ["ok"]


def test_scram_with_a_wrong_password_is_refused(closing, prosody):
    with ScramServer("tester", "pencil") as server:
        bridge = scram(closing, prosody, server, "pen")
        bridge.launch()
        bridge.wait_log("refused:", "irc", 20)
        assert server.outcome[0] == "wrong"
        assert "ok" not in server.outcome


def test_a_server_that_cannot_prove_itself_is_left(closing, prosody):
    with ScramServer("tester", "pencil", lie=True) as server:
        bridge = scram(closing, prosody, server, "pencil")
        bridge.launch()
        bridge.wait_log("refused:", "irc", 20)
        assert "ok" not in server.outcome


# ---- the component

def test_a_wrong_component_secret_is_refused(closing, prosody, inspircd):
    bridge = lone_bridge(closing, prosody, inspircd)
    bridge.networks["xmpp"]["secret"] = secret_file(bridge, "s", "wrong")
    bridge.configure()
    bridge.launch()
    bridge.wait_log("refused:", "xmpp", 20)
    assert bridge.process.alive()


def test_a_secret_that_others_can_read_is_refused(closing, prosody,
                                                  inspircd):
    bridge = lone_bridge(closing, prosody, inspircd)
    secret = secret_file(bridge, "s", prosody.secret)
    os.chmod(secret.partition(":")[2], 0o644)
    bridge.networks["xmpp"]["secret"] = secret
    bridge.configure()
    bridge.launch()
    assert bridge.process.popen.wait(10) == 2
    assert "causeway.conf:" in bridge.output()
