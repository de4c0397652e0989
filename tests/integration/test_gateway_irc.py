# SPDX-License-Identifier: MIT
"""Any channel of a real IRC server, from an XMPP account, over a connection
of its own: what IRC has to do with it. Nobody configured a link."""

import socket
import threading
import time

import pytest

from tests.support.bridge import irc_network, xmpp_network
from tests.support.process import free_ports, wait_for
from tests.support.servers_irc import OPERATOR, WEBIRC
from tests.support.xmpp_peer import Refused

from .poison import POISONS, fits_xml

GATEWAY = "gw.localhost"


class Gateway:
    """A bridge without a link; zoe, on IRC, is the operator of one channel."""

    def __init__(self, things, xmpp, irc, **options):
        things.servers += [xmpp, irc]
        self.things, self.server, self.irc = things, xmpp, irc
        self.channel = "#" + things.name("chan")
        self.room = f"{self.channel}%irc@{GATEWAY}"
        self.zoe = things.irc(irc, things.name("zoe"))
        self.zoe.join(self.channel)
        self.bridge = things.bridge(
            {"xmpp": xmpp_network(xmpp, GATEWAY,
                                  gateway={"networks": ["irc"]}),
             "irc": irc_network(irc, puppets=0, **options)}, {})
        self.bridge.environment["WEBIRC_SECRET"] = WEBIRC
        self.bridge.start()
        self.up()

    def up(self):
        self.bridge.wait_log("up", where="xmpp")
        self.bridge.wait_log("up", where="irc")

    def user(self, name):
        """Somebody on XMPP who is in no room."""
        peer = self.things.xmpp(self.server, name)
        peer.irc_nick = self.things.name(name.capitalize())
        return peer

    def enter(self, name, password=""):
        peer = self.user(name)
        peer.join(self.room, peer.irc_nick, password)
        self.zoe.wait_for(lambda m: m.command == "JOIN" and
                          m.nick == peer.irc_nick)
        return peer

    def refused(self, name, password=""):
        """The condition with which the user is kept out."""
        peer = self.user(name)
        with pytest.raises(Refused) as refusal:
            peer.join(self.room, peer.irc_nick, password)
        return str(refusal.value)

    def mode(self, *words):
        self.zoe.send(f"MODE {self.channel} {' '.join(words)}")
        self.zoe.wait_for(lambda m: m.command == "MODE" and
                          words[0][:2] in m.raw)

    def heard(self, peer):
        """What zoe said, as that user got it."""
        return [t for n, t in peer.texts(self.room) if n == self.zoe.nick]


@pytest.fixture(params=["ngircd", "inspircd"])
def gateway(request, farm, closing):
    return Gateway(closing, farm.get("prosody"), farm.get(request.param))


def test_two_users_and_somebody_on_irc_talk_under_their_own_names(gateway):
    zoe, room = gateway.zoe, gateway.room
    ann = gateway.enter("ann")
    bob = gateway.enter("bob")
    ann.wait_occupant(room, zoe.nick)
    ann.wait_occupant(room, bob.irc_nick)
    bob.wait_occupant(room, ann.irc_nick)
    zoe.say(gateway.channel, "from zoe")
    ann.say(room, "from ann")
    bob.say(room, "from bob")
    zoe.wait_text("from ann", nick=ann.irc_nick)
    zoe.wait_text("from bob", nick=bob.irc_nick)
    for peer in (ann, bob):
        for nick, text in ((zoe.nick, "from zoe"), (ann.irc_nick, "from ann"),
                           (bob.irc_nick, "from bob")):
            peer.wait_text(text, nick=nick, room=room)
    zoe.say(gateway.channel, "the end")
    for peer in (ann, bob):
        peer.wait_text("the end", room=room)
        said = [t for _, t in peer.texts(room)]
        assert sorted(said) == sorted(["from zoe", "from ann", "from bob",
                                       "the end"])
    assert zoe.names(gateway.channel) == {zoe.nick, ann.irc_nick,
                                          bob.irc_nick}


class Stream(threading.Thread):
    """zoe counts until she is told to stop."""

    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.gateway, self.n, self.ended = gateway, 0, threading.Event()
        self.start()

    def run(self):
        while not self.ended.is_set():
            self.n += 1
            self.gateway.zoe.say(self.gateway.channel, f"number {self.n}.")
            time.sleep(0.002)  # the pace of the stream, not a wait

    def reach(self, more):
        goal = self.n + more
        wait_for(f"number {goal}", lambda: self.n >= goal, 30, 0.01)

    def stop(self):
        self.ended.set()
        self.join()
        return self.n


def test_no_number_is_lost_or_doubled_when_the_hearer_goes(gateway):
    """By leaving, by being thrown out and by a cut connection."""
    oper = gateway.things.irc(gateway.irc, gateway.things.name("op"))
    oper.send(f"OPER {' '.join(OPERATOR)}")
    oper.wait_for(lambda m: m.command == "381")
    users = [gateway.enter(name) for name in ("ann", "bob", "carol", "dave")]
    stream = Stream(gateway)
    stream.reach(200)
    users[0].leave(gateway.room)
    stream.reach(200)
    gateway.zoe.kick(gateway.channel, users[1].irc_nick)
    stream.reach(200)
    oper.send(f"KILL {users[2].irc_nick} :cut")
    gateway.zoe.wait_for(lambda m: m.command == "QUIT" and
                         m.nick == users[2].irc_nick)
    stream.reach(200)
    last = stream.stop()
    users[3].wait_text(f"number {last}.", 30, room=gateway.room)
    assert gateway.heard(users[3]) == [f"number {i}."
                                       for i in range(1, last + 1)]


@pytest.mark.parametrize("mode, condition", [
    (("+k", "sesame"), "not-authorized"),
    (("+i",), "registration-required"),
    (("+b", "*!*@*"), "forbidden"),
    (("+l", "1"), "service-unavailable")],
    ids=["key", "invited", "banned", "full"])
def test_a_closed_channel_says_why(gateway, mode, condition):
    gateway.mode(*mode)
    assert gateway.refused("ann") == condition
    if mode[0] == "+k":
        assert gateway.refused("bob", "wrong") == condition
        gateway.enter("carol", "sesame")


def test_who_may_not_speak_in_a_moderated_channel_is_told(gateway):
    gateway.mode("+m")
    ann = gateway.enter("ann")
    ident = ann.say(gateway.room, "can you hear me?")
    answer = ann.wait_for(lambda s: s.kind == "message" and
                          s.type == "error" and s.id == ident, 20)
    assert answer.error
    gateway.zoe.barrier()
    assert not gateway.zoe.texts(gateway.channel)


def test_a_nick_that_somebody_has_is_a_conflict(gateway):
    peer = gateway.user("ann")
    with pytest.raises(Refused, match="conflict"):
        peer.join(gateway.room, gateway.zoe.nick)
    peer.join(gateway.room, peer.irc_nick)
    gateway.zoe.wait_for(lambda m: m.command == "JOIN" and
                         m.nick == peer.irc_nick)


def test_a_kick_says_who_and_why_and_leaves_the_others(gateway):
    ann, bob = gateway.enter("ann"), gateway.enter("bob")
    gateway.zoe.kick(gateway.channel, ann.irc_nick, "be nice")
    gone = ann.wait_gone(gateway.room, ann.irc_nick)
    assert {110, 307} <= gone.codes
    gateway.zoe.say(gateway.channel, "still here?")
    bob.wait_text("still here?", room=gateway.room)


def test_private_words_go_both_ways(gateway):
    ann = gateway.enter("ann")
    gateway.zoe.say(ann.irc_nick, "psst")
    got = ann.wait_text("psst", kind="chat")
    ann.chat(got.bare, "what?")
    gateway.zoe.wait_text("what?", nick=ann.irc_nick,
                          target=gateway.zoe.nick)


def test_the_message_of_the_day_reaches_the_user(gateway):
    ann = gateway.enter("ann")
    ann.wait_for(lambda s: s.kind == "message" and
                 "A server of the tests." in (s.body or ""))


def test_what_was_said_before_a_crash_arrives_once(gateway):
    ann = gateway.enter("ann")
    for i in range(50):
        ann.say(gateway.room, f"word {i}.")
    ann.wait_text("word 49.", room=gateway.room)
    gateway.bridge.kill9()
    gateway.zoe.wait_for(lambda m: m.command == "QUIT" and
                         m.nick == ann.irc_nick, 30)
    gateway.bridge.start()
    gateway.up()
    for i in range(50):
        gateway.zoe.wait_text(f"word {i}.", 60)
    again = gateway.user("ann")
    again.join(gateway.room, ann.irc_nick, timeout=60)
    again.say(gateway.room, "the end")
    gateway.zoe.wait_text("the end", 60)
    words = [t for _, t in gateway.zoe.texts(gateway.channel)
             if t.startswith("word")]
    # Plain IRC: at most what was not confirmed, once more.
    assert sorted(set(words), key=lambda t: int(t[5:-1])) == [
        f"word {i}." for i in range(50)]
    assert len(words) <= 50 + 5


def roster(gateway, name):
    """Somebody who has come, and subscribed to zoe."""
    peer = gateway.user(name)
    peer.contact = f"{gateway.zoe.nick}%irc@{GATEWAY}".lower()
    peer.send(f"<presence/><presence to='{peer.contact}' type='subscribe'/>")
    return peer


def shown(peer, wanted):
    return peer.wait_for(lambda s: s.kind == "presence" and
                         s.bare == peer.contact and wanted(s), 30)


def test_contacts_on_irc_are_shown_as_they_are(gateway):
    """By MONITOR (InspIRCd), or by questions (ngIRCd)."""
    ann, zoe = roster(gateway, "ann"), gateway.zoe
    shown(ann, lambda s: s.type == "")
    zoe.send("AWAY :out for lunch")
    away = shown(ann, lambda s: "out for lunch" in (s.status or ""))
    assert away.show == "away"
    ann.chat(ann.contact, "enjoy it")
    zoe.wait_text("enjoy it")
    zoe.close()
    shown(ann, lambda s: s.type == "unavailable")
    mark = ann.mark()
    ann.chat(ann.contact, "still there?")
    error = ann.wait_for(lambda s: s.kind == "message" and
                         s.type == "error", 30, mark)
    assert "nobody of that name" in next(error.element.iter(
        "{urn:ietf:params:xml:ns:xmpp-stanzas}text")).text


def test_the_networks_presence_tells_whether_one_is_connected(gateway):
    """And subscribing to it connects nobody."""
    ann = gateway.user("ann")
    ann.contact = f"irc@{GATEWAY}"
    ann.send(f"<presence/><presence to='{ann.contact}' type='subscribe'/>")
    shown(ann, lambda s: s.type == "unavailable" and
          s.status == "not connected")
    mark = ann.mark()
    ann.join(gateway.room, gateway.things.name("ann"), timeout=30)
    here = lambda s: s.type == "" and s.status == "connected"
    ann.wait_for(lambda s: s.kind == "presence" and s.bare == ann.contact and
                 here(s), 30, mark)
    # who comes back and asks is told
    mark = ann.mark()
    ann.send(f"<presence to='{ann.contact}' type='probe'/>")
    ann.wait_for(lambda s: s.kind == "presence" and s.bare == ann.contact and
                 here(s), 30, mark)
    mark = ann.mark()
    gateway.irc.kill9()
    gone = ann.wait_for(lambda s: s.kind == "presence" and
                        s.bare == ann.contact and
                        s.type == "unavailable", 60, mark)
    assert gone.status and gone.status != "not connected"


def test_the_server_itself_is_spoken_to_at_the_networks_address(
        farm, closing):
    """Where the operator lets people do that; and no poison does more than
    it says."""
    gateway = Gateway(closing, farm.get("prosody"), farm.get("inspircd"),
                      users={"raw": True}, away_poll=3)
    ann, network = gateway.enter("ann"), f"irc@{GATEWAY}"
    told = lambda words, since=0: ann.wait_for(
        lambda s: s.kind == "message" and s.bare == network and
        words in (s.body or ""), 20, since)
    told("A server of the tests.")
    ann.chat(network, f"WHOIS {gateway.zoe.nick}")
    told(f"{gateway.zoe.nick}: End of /WHOIS list.")
    for text in ("QUIT :by accident", "JOIN #elsewhere", "VERSION\nTIME",
                 ":zoe PRIVMSG #x :forged"):
        mark = ann.mark()
        ann.chat(network, text)
        ann.wait_for(lambda s: s.kind == "message" and s.type == "error" and
                     s.bare == network, 20, mark)
    for data in POISONS.values():
        data = data.replace(b"%(channel)s", gateway.channel.encode())
        text = data.decode("utf-8", "replace")
        if fits_xml(text):
            ann.chat(network, "NOTICE nobody :" + text)
    ann.say(gateway.room, "the end")
    gateway.zoe.wait_text("the end", nick=ann.irc_nick, timeout=30)
    assert not [m for m in gateway.zoe.messages
                if "injected" in m.raw or "poisoned" in m.raw or
                m.command == "QUIT"]


def host_of(peer, nick):
    mark = peer.mark()
    peer.send(f"WHOIS {nick}")
    return peer.wait_for(lambda m: m.command == "311", 10, mark).params[3]


def test_each_user_has_an_address_of_their_own(farm, closing):
    """Told by WEBIRC to a server that knows the gateway."""
    irc = farm.get("inspircd")
    gateway = Gateway(closing, farm.get("prosody"), irc, users={
        "webirc": "env:WEBIRC_SECRET", "prefix": "2001:db8:7::/64"})
    ann, bob = gateway.enter("ann"), gateway.enter("bob")
    hosts = [host_of(gateway.zoe, p.irc_nick) for p in (ann, bob)]
    assert hosts[0] != hosts[1]
    assert all(h.startswith("2001:db8:7:") for h in hosts)
    assert WEBIRC not in gateway.bridge.output()


def test_each_user_connects_from_an_address_of_their_own(farm, closing):
    """Out of a prefix; the one that every machine has holds one address."""
    irc = farm.get("inspircd")
    gateway = Gateway(closing, farm.get("prosody"), irc,
                      server=f"[::1]:{irc.port}", users={"prefix": "::1/128"})
    ann = gateway.enter("ann")
    assert host_of(gateway.zoe, ann.irc_nick) in ("::1", "0::1")


def test_a_flood_of_one_user_harms_nobody_elsewhere(farm, closing):
    """Ann's lines wait for their turn; bob, on another channel of the same
    network, does not wait for hers, and none of hers is lost."""
    gateway = Gateway(closing, farm.get("prosody"), farm.get("inspircd"),
                      interval="60ms", burst=5)
    ann = gateway.enter("ann")
    other = "#" + closing.name("other")
    gateway.zoe.join(other)
    bob = gateway.user("bob")
    room = f"{other}%irc@{GATEWAY}"
    bob.join(room, bob.irc_nick)
    for i in range(50):
        ann.say(gateway.room, f"flood {i}")
    gateway.zoe.wait_text("flood 6", timeout=30)
    bob.say(room, "in between")
    gateway.zoe.wait_text("flood 49", timeout=30)
    gateway.zoe.wait_text("in between", nick=bob.irc_nick, timeout=30)
    heard = [m.text for m in gateway.zoe.messages
             if m.nick in (ann.irc_nick, bob.irc_nick)
             and m.command == "PRIVMSG"]
    assert heard.index("in between") < heard.index("flood 40")
    heard.remove("in between")
    assert heard == [f"flood {i}" for i in range(50)]


def ident(port, line):
    """The answer; "" if there is none, only an end."""
    with socket.create_connection(("127.0.0.1", port), 5) as asker:
        asker.sendall(line.encode())
        try:
            return asker.makefile().readline().strip()
        except ConnectionResetError:
            return ""


def ports_to(server_port):
    """Our ports of the connections of this machine to that one."""
    rows = [row.split() for row in open("/proc/net/tcp").readlines()[1:]]
    return [int(row[1].split(":")[1], 16) for row in rows
            if int(row[2].split(":")[1], 16) == server_port and
            row[3] == "01"]


def test_servers_are_told_who_has_connected(farm, closing):
    """By the operator's name of people, whatever they call themselves; and
    nobody is told of others' connections, or by a question that is none."""
    irc, port = farm.get("inspircd"), free_ports(1)[0]
    gateway = Gateway(closing, farm.get("prosody"), irc,
                      puppet_user="{id}",
                      users={"ident": f"127.0.0.1:{port}"})
    gateway.enter("ann"), gateway.enter("bob")
    answers = [ident(port, f"{ours} , {irc.port}\r\n")
               for ours in ports_to(irc.port)]
    named = sorted(a.rpartition(" : ")[2] for a in answers if "USERID" in a)
    assert [name[:3] for name in named] == ["ann", "bob"]
    assert ident(port, f"1, {irc.port}\r\n") == (
        f"1, {irc.port} : ERROR : NO-USER")
    for line in ("\r\n", "x, y\r\n", "1\r\n", "0, 0\r\n", "1, 2, 3\r\n",
                 "-1, 5\r\n", "65536, 1\r\n"):
        assert ident(port, line) == "0, 0 : ERROR : INVALID-PORT"
    assert ident(port, "9" * 5000) == ""
