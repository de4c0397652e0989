# SPDX-License-Identifier: MIT
"""The fault catalogue, as far as it concerns finding a server and knowing
that it is the right one: DNS and TLS. See test_faults.py.
"""

import time

import pytest

from tests.support.process import wait_for
from tests.support.resolver import Resolver
from tests.support.tls_front import TlsFront

from .test_control import Operator
from .test_faults import faulty, proxies, say_and_keep  # noqa: F401
from .test_login import copied


# ---- 24: DNS

@pytest.fixture
def names():
    with Resolver() as resolver:
        yield resolver


@pytest.fixture
def named(faulty, names):  # noqa: F811
    """Faulty, whose servers have names."""
    it = faulty(start=False)
    it.bridge.folder.mkdir(exist_ok=True)
    it.bridge.prefix = names.prefix(it.bridge.folder)
    for network in ("irc", "xmpp"):
        it.bridge.networks[network]["server"] = (
            f"{network}.dns.test:{it.proxy(network).port}")
    it.bridge.configure()
    it.bridge.start()
    return it


def says_why(it, network, since):
    """The bridge says that it could not find the server."""
    return it.bridge.wait_log(f"{network}.dns.test", network, 30, since)


BAD_NAMES = ["nxdomain", "servfail", "empty", "silent"]


@pytest.mark.parametrize("network", ["irc", "xmpp"])
@pytest.mark.parametrize("mode", BAD_NAMES)
def test_fault_24_a_name_that_is_gone_is_waited_for(named, names, network,
                                                    mode):
    it = named
    traffic = it.begin()
    names.mode = mode
    since = len(it.bridge.log())
    it.cut(network)
    it.bridge.wait_log("down:", network)
    print(says_why(it, network, since)["msg"])
    # meanwhile the other network is served as if nothing had happened
    person, place = ((it.pair.ann, it.pair.room) if network == "irc" else
                     (it.pair.bob, it.pair.channel))
    for n in range(5):
        start = time.monotonic()
        person.say(place, f"meanwhile-{n}")
        wait_for("it to be taken", lambda n=n: it.bridge.query(
            "SELECT count(*) FROM event WHERE text = ?",
            f"meanwhile-{n}")[0][0])
        assert time.monotonic() - start < 2
    names.mode = "right"
    it.restore(network)
    it.wait_back(60)
    traffic.audit(*((5, 0) if network == "irc" else (0, 5)))


@pytest.mark.parametrize("network", ["irc", "xmpp"])
def test_fault_24_a_slow_name_server_holds_up_nobody(named, names, network):
    it = named
    traffic = it.begin()
    asked = names.asked
    names.mode = "slow"
    it.cut(network)
    it.bridge.wait_log("down:", network)
    it.restore(network)
    wait_for("it to ask for the name", lambda: names.asked > asked, 20)
    person, place = ((it.pair.ann, it.pair.room) if network == "irc" else
                     (it.pair.bob, it.pair.channel))
    start = time.monotonic()
    person.say(place, "while it waits")
    wait_for("it to be taken", lambda: it.bridge.query(
        "SELECT count(*) FROM event WHERE text = 'while it waits'")[0][0])
    assert time.monotonic() - start < 2
    names.mode = "right"
    it.wait_back(60)
    traffic.audit(*((5, 0) if network == "irc" else (0, 5)))


@pytest.mark.parametrize("network", ["irc", "xmpp"])
def test_fault_24_a_name_that_moved_is_followed_and_disturbs_nobody(
        named, names, network):
    """An address where nobody listens, and back."""
    it = named
    traffic = it.begin()
    names.address = "127.9.9.9"
    traffic.wait_said(20)
    assert not it.bridge.downs(network)
    since = len(it.bridge.log())
    it.proxy(network).reset()
    wait_for("the new address to be tried", lambda: [
        r for r in it.bridge.log()[since:] if r.get("where") == network and
        f"{network}.dns.test" in r["msg"] and
        ("refused" in r["msg"] or "no connection" in r["msg"])], 30)
    names.address = "127.0.0.1"
    it.wait_back(60)
    traffic.audit(*((5, 0) if network == "irc" else (0, 5)))


# ---- 25: TLS

# what serve() is told, what the log then says, and whether it needs somebody
# to look at it: then the bridge waits for minutes, or for the operator
WRONG = {
    "expired": (("expired",), "certificate has expired", True),
    "wrong-name": (("other",), "IP address mismatch", True),
    "unknown-issuer": (("stranger",), "self-signed certificate", True),
    "tls-1.1": (("server", True), "TLS: ", False),
    "no-tls": ((None,), "TLS: ", False),
}


@pytest.fixture
def fronted(faulty, farm, closing):  # noqa: F811
    """Faulty, with TLS between the bridge and the IRC server."""
    inspircd = farm.get("inspircd")
    it = faulty(start=False, irc="inspircd")
    with TlsFront(it.irc.port, inspircd.certificates) as front:
        it.bridge.folder.mkdir(exist_ok=True)
        it.bridge.networks["irc"].update(
            tls="verify", server=f"127.0.0.1:{front.port}",
            ca_file=copied(it.bridge, inspircd.ca_file))
        it.bridge.configure()
        with open(it.bridge.config, "a", encoding="utf-8") as config:
            config.write('control = { socket = "control"; };\n')
        it.front = front
        it.operator = Operator(it.bridge)
        yield it
        it.bridge.stop()


@pytest.mark.long
@pytest.mark.parametrize("wrong", WRONG)
def test_fault_25_a_server_that_is_not_the_right_one_gets_nothing(fronted,
                                                                  wrong):
    it = fronted
    it.bridge.start()
    traffic = it.begin()
    served, words, for_people = WRONG[wrong]
    since = len(it.bridge.log())
    it.front.serve(*served)
    said = wait_for("the log to say why", lambda: next(
        (r for r in it.bridge.log()[since:] if r.get("where") == "irc" and
         words in r["msg"]), None), 45, 0.05)
    print(said["level"], said["msg"])
    assert said["level"] == ("error" if for_people else "info")
    networks = it.operator.ask("status")["networks"]
    assert words in next(n for n in networks if n["network"] == "irc")["reason"]
    say_and_keep(it, "kept", 3)
    if for_people:
        accepted = it.front.accepted
        traffic.wait_said(30)
        assert it.front.accepted == accepted
    it.front.serve("server")
    if for_people:
        assert it.operator.ask("retry", "irc")
    it.wait_back(60)
    for n in range(3):
        it.pair.bob.wait_text(f"kept-{n}")
    traffic.audit(5, 0)
