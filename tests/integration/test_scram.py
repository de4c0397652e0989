# SPDX-License-Identifier: MIT
"""Gateway users log in by SCRAM-SHA-256, at the services of a real InspIRCd.
"""

import pytest

from tests.support import servers
from tests.support.scram_services import ScramServices
from tests.support.xmpp_peer import Refused

from .test_gateway import GATEWAY, make_gate
from .test_gateway_commands import NETWORK, Command
from .test_login import whois_account

ACCOUNT, PASSWORD = "tester", "pencil"


@pytest.fixture
def services(folder, closing, request):
    """A server of their own: another has Atheme."""
    with servers.IRC["inspircd"](folder / "scram") as irc:
        services = ScramServices(irc, ACCOUNT, PASSWORD)
        services.irc = irc
        yield services
        services.close()


@pytest.fixture
def gate(farm, services, closing):
    return make_gate(closing, farm.get("prosody"), services.irc)


def enter(gate, user, password, **more):
    peer = gate.things.xmpp(gate.xmpp, user)
    form = Command(peer, NETWORK, "configure")
    assert form.fill({"account": ACCOUNT, "sasl_password": password,
                      **more}).status == "completed"
    return peer, lambda: peer.join(gate.room, gate.nick(user), timeout=30)


def refused(peer, join):
    """What the user reads."""
    with pytest.raises(Refused, match="not-authorized"):
        join()
    return next("".join(s.element.itertext()) for s in reversed(peer.record)
                if s.kind == "presence" and s.type == "error")


def test_the_right_password_logs_in_and_no_other(gate, services):
    """Chosen, or taken because the server has it; the server never gets to
    know the password."""
    scram = {"sasl_mechanism": "scram-sha-256"}
    ann, join = enter(gate, "ann", PASSWORD, **scram)
    join()
    assert whois_account(gate.bob, gate.nick("ann")) == ACCOUNT
    carol, join = enter(gate, "carol", PASSWORD)
    join()
    assert whois_account(gate.bob, gate.nick("carol")) == ACCOUNT
    assert services.outcome == ["ok", "ok"]

    # the same two, cut off: one with a password that is wrong, the other
    # at services that do not know it
    for peer, user in (ann, "ann"), (carol, "carol"):
        Command(peer, GATEWAY, "disconnect-from-irc-server").fill(
            {"irc-servers": "irc"})
        gate.bob.wait_for(lambda m: m.command == "QUIT" and
                          m.nick == gate.nick(user))
    assert "the server refused the SASL login" in refused(
        *enter(gate, "ann", "pen", **scram))
    assert services.outcome[2:] == ["wrong"]
    services.lie = True
    assert "the server does not know the password it checked" in refused(
        *enter(gate, "carol", PASSWORD, **scram))
    assert "ok" not in services.outcome[2:]
    names = gate.bob.names(gate.channel)
    assert names.isdisjoint({gate.nick("ann"), gate.nick("carol")})
    assert PASSWORD not in gate.bridge.output()
