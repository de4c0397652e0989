# SPDX-License-Identifier: MIT
"""The fault catalogue, as far as it concerns what operators and owners do to
the bridge: refused, thrown out, silenced, in competition. See test_faults.py.
"""

import hashlib
import re
import socket

import pytest

from tests.support import servers
from tests.support.bridge import irc_network, xmpp_network
from tests.support.process import wait_for

from .conftest import make_pair
from .faulty import Faulty
from .test_faults import faulty, proxies  # noqa pylint: disable=W0611


@pytest.fixture
def one_pair(farm, closing):
    """With the faster one of the IRC servers."""
    return make_pair(closing, farm.get("prosody"), farm.get("ngircd"))


def operate(peer):
    peer.send(f"OPER {servers.OPERATOR[0]} {servers.OPERATOR[1]}")
    peer.wait_for(lambda m: m.command == "381")
    return peer


def arrives(pair, text, timeout=30):
    """What ann says in the room, as the message that bob got."""
    pair.ann.say(pair.room, text)
    return pair.bob.wait_text(text, timeout, target=pair.channel)


def patience(it):
    """A refusal says when it will be tried again."""
    refused = it.bridge.wait_log("refused:", "irc", 20)
    return int(re.search(r"again in (\d+) s", refused["msg"])[1])


# ---- 36: IRC

def test_fault_36_a_taken_nick_of_the_listener_gets_another(faulty):
    it = faulty(start=False)
    nick = it.pair.things.name("claimed")
    it.bridge.networks["irc"]["nick"] = nick
    it.bridge.configure()
    it.pair.things.irc(it.pair.irc, nick)
    it.bridge.start()
    it.pair.both_ways()
    assert it.irc.accepted <= 3


def test_fault_36_a_taken_nick_of_a_puppet_gets_another(one_pair):
    carol = one_pair.things.name("Carol")
    one_pair.things.irc(one_pair.irc, carol)
    one_pair.things.xmpp(one_pair.xmpp, "carol").join(one_pair.room, carol)
    one_pair.things.peers[-1].say(one_pair.room, "I was first there")
    assert one_pair.bob.wait_text("I was first").nick != carol


@pytest.mark.parametrize("irc", ["inspircd", "ngircd"])
@pytest.mark.parametrize("victim", ["listener", "puppet"])
def test_fault_36_a_killed_connection_comes_back(faulty, irc, victim):
    it = faulty(irc=irc)
    traffic = it.begin()
    operate(it.pair.bob)
    nick = "causeway" if victim == "listener" else it.pair.ann_nick
    it.pair.bob.send(f"KILL {nick} :test")
    it.pair.bob.wait_for(lambda m: m.command == "QUIT" and m.nick == nick)
    it.wait_back()
    traffic.audit(5, 0)
    assert it.irc.accepted <= 8


def test_fault_36_a_k_line_is_not_hammered(faulty):
    it = faulty(irc="inspircd", start=False)
    user = it.pair.things.name("kl")
    it.bridge.networks["irc"]["user"] = user
    it.bridge.configure()
    it.bridge.start()
    oper = operate(it.pair.things.irc(it.pair.irc, it.pair.things.name("op")))
    oper.send(f"KLINE {user}@* 1h :go away")
    try:
        assert patience(it) >= 60
        seen = it.irc.accepted
        # the other side goes on: what is said there is kept meanwhile
        it.pair.ann.say(it.pair.room, "kept meanwhile")
        wait_for("it to be kept", lambda: it.bridge.query(
            "SELECT count(*) FROM event WHERE text = 'kept meanwhile'")
            == [(1,)])
        assert it.irc.accepted == seen <= 6
        assert it.bridge.process.alive()
    finally:
        oper.send(f"KLINE {user}@*")
        oper.barrier()


def test_fault_36_a_k_line_on_a_puppet_leaves_the_listener(faulty):
    it = faulty(irc="inspircd", irc_options={"puppet_user": "puppetkl"})
    oper = operate(it.pair.things.irc(it.pair.irc, it.pair.things.name("op")))
    oper.send("KLINE puppetkl@* 1h :no puppets")
    try:
        it.pair.bob.wait_for(lambda m: m.command == "QUIT" and
                             m.nick == it.pair.ann_nick)
        assert arrives(it.pair, "through the listener").nick == "causeway"
        assert it.irc.accepted <= 6
        assert not it.bridge.downs("irc")
    finally:
        oper.send("KLINE puppetkl@*")
        oper.barrier()


@pytest.mark.parametrize("irc", ["inspircd", "ngircd"])
def test_fault_36_a_kicked_listener_comes_back(faulty, irc):
    it = faulty(irc=irc)
    traffic = it.begin()
    it.pair.bob.kick(it.pair.channel, "causeway")
    it.wait_back()
    traffic.audit(5, 0)
    assert not it.bridge.downs("irc")


def throw_out(pair):
    """ann's puppet is kicked, and the bridge knows."""
    pair.bob.kick(pair.channel, pair.ann_nick)
    pair.bridge.wait_log("is kept out: kicked", f"irc/{pair.channel}")


def test_fault_36_a_kicked_puppet_is_replaced_or_comes_back(one_pair):
    throw_out(one_pair)
    arrives(one_pair, "still heard")
    one_pair.both_ways()


def test_fault_36_what_meets_the_kick_of_its_puppet_is_not_lost(one_pair):
    """Said when the server has thrown the puppet out and the bridge does not
    know yet: it comes, or its author is told."""
    pair = one_pair
    pair.bob.kick(pair.channel, pair.ann_nick)
    pair.bob.wait_for(lambda m: m.command == "KICK")
    pair.ann.say(pair.room, "met the kick")
    wait_for("a word of it", lambda: [
        1 for _, t in pair.bob.texts(pair.channel) if "met the kick" in t] or [
        1 for s in list(pair.ann.record) if "not delivered" in
        (getattr(s, "body", "") or "")], 30)
    pair.both_ways()


def test_fault_36_a_banned_puppet_is_spoken_for(one_pair):
    one_pair.bob.send(f"MODE {one_pair.channel} +b {one_pair.ann_nick}!*@*")
    throw_out(one_pair)
    assert arrives(one_pair, "through the listener").nick != one_pair.ann_nick
    one_pair.both_ways()


def test_fault_36_a_banned_listener_knocks_with_patience(one_pair):
    """Everything stays until the ban is lifted."""
    pair = one_pair
    pair.bob.send(f"MODE {pair.channel} +b causeway!*@*")
    pair.bob.kick(pair.channel, "causeway")
    pair.bridge.wait_log("lost", f"irc/{pair.channel}")
    pair.ann.say(pair.room, "said to a closed door")
    wait_for("it to be kept", lambda: pair.bridge.query(
        "SELECT count(*) FROM event WHERE text = 'said to a closed door'")
        == [(1,)])
    pair.bob.send(f"MODE {pair.channel} -b causeway!*@*")
    pair.bob.wait_text("said to a closed door", 60)


@pytest.mark.parametrize("irc, mode", [("inspircd", "+m"), ("ngircd", "+m"),
                                       ("inspircd", "+M"), ("ngircd", "+M")])
def test_fault_36_a_silenced_channel_is_told_to_the_author(closing, farm, irc,
                                                           mode):
    pair = make_pair(closing, farm.get("prosody"), farm.get(irc))
    pair.bob.send(f"MODE {pair.channel} {mode}")
    pair.bob.wait_for(lambda m: m.command == "MODE" and mode in m.raw)
    pair.ann.say(pair.room, "nobody may hear this")
    told = pair.ann.wait_for(
        lambda s: s.kind == "message" and s.nick != pair.ann_nick and
        ("not delivered" in (s.body or "") or s.type == "error"), 30)
    print(told)
    pair.bob.send(f"MODE {pair.channel} -{mode[1:]}")
    pair.both_ways()
    assert not [t for _, t in pair.bob.texts() if "nobody may hear" in t]


@pytest.mark.parametrize("mode", ["+l 2", "+i", "+R"])
def test_fault_36_a_channel_that_lets_nobody_in_hears_the_listener(one_pair,
                                                                   mode):
    """Full, invite-only, for the registered: who comes after that has no
    puppet there. (With a key: test_irc_servers.py.)"""
    pair = one_pair
    pair.bob.send(f"MODE {pair.channel} {mode}")
    pair.bob.wait_for(lambda m: m.command == "MODE" and mode[:2] in m.raw)
    nick = pair.things.name("Carol")
    carol = pair.things.xmpp(pair.xmpp, "carol").join(pair.room, nick)
    carol.say(pair.room, "from outside")
    assert pair.bob.wait_text("from outside", 30).nick == "causeway"
    pair.both_ways()


class Redirect(servers.Inspircd):
    modules = servers.Inspircd.modules + ["redirect"]


def test_fault_36_a_channel_that_forwards_is_not_followed(closing, farm,
                                                          folder):
    """Nothing of the other channel is told, and nobody of ours stays there."""
    with Redirect(folder / closing.name("redirect")) as server:
        pair = make_pair(closing, farm.get("prosody"), server, start=False)
        other = pair.channel + "-elsewhere"
        pair.bob.join(other)  # only its operators may send people there
        dave = pair.join_irc("dave", channel=other)
        pair.bob.send(f"MODE {pair.channel} +lL 1 {other}")
        pair.bob.wait_for(lambda m: m.command == "MODE" and "+lL" in m.raw)
        pair.bridge.launch()
        pair.bridge.wait_log("the channel forwards to another",
                             f"irc/{pair.channel}", 20)
        dave.wait_for(lambda m: m.command == "PART" and
                      m.nick == "causeway")
        dave.say(other, "not for the room")
        pair.bob.send(f"MODE {pair.channel} -lL 1 {other}")
        pair.bridge.restart()
        pair.both_ways()
        assert "not for the room" not in str(pair.ann.texts(pair.room))


class Slow(servers.Ngircd):
    """As Debian configures it: who is fast is made to wait."""

    def configure(self):
        super().configure()
        path = self.folder / "ngircd.conf"
        path.write_text(path.read_text().replace(
            "\tMaxPenaltyTime = 0\n", ""))


def test_fault_36_a_server_that_throttles_gets_it_all(closing, farm, folder):
    with Slow(folder / closing.name("slow")) as server:
        pair = make_pair(closing, farm.get("prosody"), server)
        for n in range(30):
            pair.ann.say(pair.room, f"throttled-{n:02}")
        pair.bob.wait_text("throttled-29", 60)
        texts = [t for _, t in pair.bob.texts(pair.channel)]
        assert texts == [f"throttled-{n:02}" for n in range(30)]
        assert not pair.bridge.downs("irc")


class Sanick(servers.Inspircd):
    modules = servers.Inspircd.modules + ["sanick"]


def test_fault_36_a_forced_nick_is_lived_with(closing, farm, folder):
    with Sanick(folder / closing.name("sanick")) as server:
        pair = make_pair(closing, farm.get("prosody"), server)
        operate(pair.bob)
        for nick in ("causeway", pair.ann_nick):
            pair.bob.send(f"SANICK {nick} {closing.name('forced')}{nick[:2]}")
            pair.bob.wait_for(lambda m, n=nick: m.command == "NICK" and
                              m.nick == n)
            pair.both_ways()
        pair.bridge.stop()


# ---- 37: rooms

def test_fault_37_a_destroyed_room_is_entered_again(one_pair):
    pair = one_pair
    pair.ann.destroy(pair.room)
    pair.bridge.wait_log("lost", f"xmpp/{pair.room}")
    pair.ann.join(pair.room, pair.ann_nick)
    pair.bob.say(pair.channel, "said to nobody")
    pair.ann.wait_text("said to nobody", 90)
    pair.both_ways()


@pytest.mark.parametrize("xmpp", ["prosody", "ejabberd"])
def test_fault_37_a_kicked_listener_comes_back(faulty, xmpp):
    it = faulty(xmpp=xmpp)
    traffic = it.begin()
    it.pair.ann.kick(it.pair.room, "causeway")
    it.wait_back()
    traffic.audit(0, 5)
    assert not it.bridge.downs("xmpp")


def test_fault_37_a_kicked_puppet_is_replaced_or_comes_back(one_pair):
    one_pair.ann.kick(one_pair.room, one_pair.bob.nick)
    one_pair.ann.wait_gone(one_pair.room, one_pair.bob.nick)
    one_pair.bob.say(one_pair.channel, "still heard")
    one_pair.ann.wait_text("still heard", 30)
    one_pair.both_ways()


def test_fault_37_a_banned_bridge_keeps_or_returns_what_was_said(faulty):
    it = faulty()
    pair = it.pair
    real = next(s.item.get("jid", "") for n, s in
                pair.ann.occupants(pair.room).items() if n == "causeway")
    sent = it.xmpp.forwarded["up"]
    pair.ann.ban(pair.room, real.partition("/")[0])
    said = it.bridge.wait_log("banned", f"xmpp/{pair.room}")["msg"]
    assert int(re.search(r"again in (\d+) s", said)[1]) >= 60, said
    pair.bob.say(pair.channel, "where did it go")
    wait_for("it to be kept", lambda: it.bridge.query(
        "SELECT count(*) FROM event WHERE text = 'where did it go'")
        == [(1,)])
    assert it.xmpp.forwarded["up"] - sent < 20000
    assert not it.bridge.downs("xmpp") and it.xmpp.accepted == 1
    pair.ann.iq(pair.room, "<query xmlns='http://jabber.org/protocol/muc"
                f"#admin'><item jid='{real.partition('/')[0]}' "
                "affiliation='none'/></query>", "set")
    # it is asked again in minutes; a restart asks at once
    it.bridge.restart()
    pair.ann.wait_text("where did it go", 90)


@pytest.mark.parametrize("who", ["listener", "puppet"])
def test_fault_37_a_taken_nick_in_the_room_gets_another(closing, farm, who):
    pair = make_pair(closing, farm.get("prosody"), farm.get("ngircd"),
                     start=False)
    carol = closing.xmpp(pair.xmpp, "carol")
    carol.join(pair.room, "causeway" if who == "listener" else pair.bob.nick)
    pair.bridge.start()
    pair.both_ways()
    assert not pair.bridge.downs("xmpp")


@pytest.mark.parametrize("xmpp", ["prosody", "ejabberd"])
def test_fault_37_ghosts_of_a_dead_bridge_are_laid_to_rest(closing, farm,
                                                           xmpp):
    """Who left while the bridge was dead is not shown any more."""
    pair = make_pair(closing, farm.get(xmpp), farm.get("ngircd"))
    gone = pair.join_irc("gone")
    pair.ann.wait_occupant(pair.room, gone.nick)
    pair.bridge.kill9()
    gone.quit()
    pair.bridge.start()
    pair.both_ways()
    if gone.nick in pair.ann.occupants(pair.room):
        pair.ann.wait_gone(pair.room, gone.nick, 20)
    assert pair.bob.nick in pair.ann.occupants(pair.room)


# ---- 38: the component is refused

def hold_component(server, name):
    """A component of that name which somebody else has connected."""
    sock = socket.create_connection(("127.0.0.1", server.component_port), 10)
    sock.sendall(f"<stream:stream xmlns='jabber:component:accept' "
                 f"xmlns:stream='http://etherx.jabber.org/streams' "
                 f"to='{name}'>".encode())
    data = b""
    while not (ident := re.search(rb"id=['\"]([^'\"]+)", data)):
        data += sock.recv(4096)
    token = hashlib.sha1(ident[1] + server.secret.encode()).hexdigest()
    sock.sendall(f"<handshake>{token}</handshake>".encode())
    while b"<handshake" not in data:
        data += sock.recv(4096)
    return sock


def test_fault_38_a_component_in_use_is_waited_for(faulty):
    it = faulty(start=False)
    with hold_component(it.pair.xmpp, "gw.localhost"):
        it.bridge.launch()
        it.bridge.wait_log("another connection uses this component", "xmpp",
                           20)
        it.bridge.wait_log("joined", f"irc/{it.pair.channel}", 20)
        assert it.xmpp.accepted <= 3
    assert it.bridge.process.alive()


def test_fault_38_a_wrong_component_secret_is_not_hammered(faulty):
    it = faulty(start=False)
    it.bridge.environment = {"XMPP_SECRET": "wrong"}
    it.bridge.launch()
    said = it.bridge.wait_log("refused:", "xmpp", 20)["msg"]
    assert int(re.search(r"again in (\d+) s", said)[1]) >= 60, said
    it.bridge.wait_log("joined", f"irc/{it.pair.channel}", 20)
    assert it.xmpp.accepted == 1


STREAM_ERROR = (b"<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-"
                b"streams'/></stream:error></stream:stream>")


def test_fault_38_errors_of_the_stream_are_not_hammered(faulty):
    """A server that goes down, three times, under load."""
    it = faulty()
    traffic = it.begin()
    times = 3
    for n in range(times):
        it.xmpp.inject("down", STREAM_ERROR % b"system-shutdown")
        wait_for("the end of the connection",
                 lambda n=n: len(it.bridge.downs("xmpp")) > n or
                 it.xmpp.accepted > n + 1, 20)
        it.xmpp.reset()
        it.wait_back()
    traffic.audit(0, times * 5)
    assert it.xmpp.accepted <= 1 + 2 * times


# ---- 41: loops

def test_fault_41_two_bridges_on_one_link_do_not_multiply(closing, farm):
    prosody, inspircd = farm.get("prosody"), farm.get("inspircd")
    pair = make_pair(closing, prosody, inspircd)
    second = closing.bridge(
        {"xmpp": xmpp_network(prosody, "gw2.localhost", nick="causeway2"),
         "irc": irc_network(inspircd, nick="causeway2")},
        {"lobby": [f"xmpp:{pair.room}", f"irc:{pair.channel}"]})
    second.start()
    pair.ann.say(pair.room, "once-from-ann")
    pair.bob.say(pair.channel, "once-from-bob")
    pair.bob.wait_text("once-from-ann", 20)
    pair.ann.wait_text("once-from-bob", 20)

    def count():
        pair.ann.barrier()
        pair.bob.barrier()
        return {(where, who): sum(f"once-from-{who}" in t for _, t in texts)
                for where, texts in (("room", pair.ann.texts(pair.room)),
                                     ("channel",
                                      pair.bob.texts(pair.channel)))
                for who in ("ann", "bob")}
    # lines that follow are behind all that a loop made of them, each round
    counts = []
    for n in range(5):
        pair.ann.say(pair.room, f"round-{n}")
        pair.bob.wait_text(f"round-{n}", 20)
        counts.append(count())
    print(*counts, sep="\n")
    # bob does not hear himself; see also test_doubles.py
    assert counts[-1] == {("room", "ann"): 1, ("room", "bob"): 1,
                          ("channel", "ann"): 1, ("channel", "bob"): 0}
