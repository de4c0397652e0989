# SPDX-License-Identifier: MIT
"""Refusals for good: the other side wants none of us. That is not hammered:
one line in the log, an error; a state of its own in causewayctl status, with
the words and the time; a long wait; and nobody else is disturbed."""

import pytest

from tests.support import servers
from tests.support.proxy import Proxy

from .conftest import make_pair
from .test_control import Operator
from .test_faults_rooms import hold_component, operate
from .test_login import secret_file

PATIENCE_S = 60


def with_oper(mask, lift):
    """Bans that mask until the test is over."""
    def begin(pair, user):
        pair.bridge.networks["irc"]["user"] = user
        oper = operate(pair.things.irc(pair.irc, pair.things.name("op")))
        oper.send(mask.format(user=user))
        oper.barrier()
        return lambda: (oper.send(lift.format(user=user)), oper.barrier())
    return begin


def wrong_password(pair, _user):
    pair.bridge.networks["irc"]["sasl"] = {
        "mechanism": "plain", "account": servers.ACCOUNT[0],
        "password": secret_file(pair.bridge, "password", "not this")}


def taken_component(pair, _user):
    return hold_component(pair.xmpp, "gw.localhost").close


def wrong_secret(pair, _user):
    pair.bridge.networks["xmpp"]["secret"] = secret_file(
        pair.bridge, "secret", "not this")


# Server, whom it is about, how it begins, and what an operator reads.
REFUSALS = {
    "k-line": ("inspircd", "irc", with_oper(
        "KLINE {user}@* 1h :go away", "KLINE {user}@*"), "banned"),
    "banned": ("ngircd", "irc", with_oper(
        "KLINE *!*{user}@* 3600 :no bridges", "KLINE *!*{user}@*"),
        "banned"),
    "wrong-password": ("inspircd", "irc", wrong_password, "SASL"),
    "conflict": ("ngircd", "xmpp", taken_component,
                 "another connection uses this component"),
    "wrong-secret": ("ngircd", "xmpp", wrong_secret,
                     "does not accept the component's secret"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_is_refused_for_good_is_not_hammered(farm, closing, refusal):
    irc, network, begin, words = REFUSALS[refusal]
    if refusal == "wrong-password":
        farm.get("atheme")
    pair = make_pair(closing, farm.get("prosody"), farm.get(irc), start=False)
    port = pair.irc.port if network == "irc" else pair.xmpp.component_port
    with Proxy(port) as proxy:
        pair.bridge.networks[network]["server"] = f"127.0.0.1:{proxy.port}"
        end = begin(pair, closing.name("rf"))
        try:
            pair.bridge.configure()
            with open(pair.bridge.config, "a", encoding="utf-8") as config:
                config.write('control = { socket = "control"; };\n')
            pair.bridge.launch()
            judge(pair, network, words, proxy)
        finally:
            if end:
                end()


def judge(pair, network, words, proxy):
    said = pair.bridge.wait_log("refused:", network, 20)
    assert words in said["msg"] and said["level"] == "error"
    other, place = (("xmpp", pair.room) if network == "irc" else
                    ("irc", pair.channel))
    pair.bridge.wait_log("joined", f"{other}/{place}", 20)
    operator = Operator(pair.bridge)
    shown = {n["network"]: n for n in operator.ask("status")["networks"]}
    assert shown[other]["state"] == "up"
    assert shown[network]["state"] == "refused"
    assert words in shown[network]["reason"]
    assert shown[network]["retry_in_s"] > PATIENCE_S
    assert shown[network]["attempts"] == 1
    assert " refused " in operator.run("status").stdout
    assert len([r for r in pair.bridge.log() if r["level"] == "error"]) == 1
    assert proxy.accepted == 1
    # whoever knows better does not have to wait
    operator.ask("retry", network)
