# SPDX-License-Identifier: MIT
"""What people of a gateway ask of it: ad-hoc commands, through a real server.
"""

import pytest

from tests.support.xmpp_peer import Refused

from .poison import POISONS, fits_xml, xml_text
from .test_gateway import GATEWAY, MUC, make_gate
from .test_login import whois_account

COMMANDS = "http://jabber.org/protocol/commands"
DATA = "{jabber:x:data}"
ITEMS = "http://jabber.org/protocol/disco#items"
NETWORK = f"irc@{GATEWAY}"


@pytest.fixture
def gate(farm, closing):
    return make_gate(closing, farm.get("prosody"), farm.get("inspircd"))


@pytest.fixture
def each_gate(servers_pair, closing):
    return make_gate(closing, *servers_pair)


class Command:
    """One run of one command."""

    def __init__(self, peer, where, node):
        self.peer, self.where, self.node = peer, where, node
        self.session = ""
        self._ask("")

    def _ask(self, inside, action="execute"):
        session = f" sessionid='{self.session}'" if self.session else ""
        answer = self.peer.iq(
            self.where, f"<command xmlns='{COMMANDS}' node='{self.node}'"
            f"{session} action='{action}'>{inside}</command>", "set")
        self.element = answer.element.find(f"{{{COMMANDS}}}command")
        self.session = self.element.get("sessionid")
        self.status = self.element.get("status")
        note = self.element.find(f"{{{COMMANDS}}}note")
        self.note = "" if note is None else note.text or ""
        self.failed = note is not None and note.get("type") == "error"

    def fill(self, fields):
        """fields: values as XML text, or lists of them, by name."""
        inner = "".join(
            f"<field var='{name}'>" + "".join(
                f"<value>{v}</value>" for v in
                (value if isinstance(value, list) else [value])) + "</field>"
            for name, value in fields.items())
        self._ask(f"<x xmlns='jabber:x:data' type='submit'>{inner}</x>",
                  "complete")
        return self

    @property
    def values(self):
        """What the form shows."""
        return {f.get("var"): [v.text or "" for v in f.findall(DATA + "value")]
                for f in self.element.iter(DATA + "field")}


def nodes(peer, where):
    answer = peer.iq(where, f"<query xmlns='{ITEMS}' node='{COMMANDS}'/>")
    return [e.get("node") for e in answer.element.iter(f"{{{ITEMS}}}item")]


def test_what_can_be_asked_is_listed_where_it_can_be(each_gate):
    gate = each_gate
    ann = gate.things.xmpp(gate.xmpp, "ann")
    assert nodes(ann, GATEWAY) == ["ping", "configure",
                                   "disconnect-from-irc-server"]
    assert nodes(ann, NETWORK) == ["configure", "get-irc-connection-info",
                                   "list", "client-certificate"]
    ping = Command(ann, GATEWAY, "ping")
    assert (ping.status, ping.note) == ("completed", "pong")
    with pytest.raises(Refused, match="item-not-found"):
        Command(ann, GATEWAY, "disconnect-user")


@pytest.mark.parametrize("server", ["ngircd", "inspircd"])
def test_a_command_is_sent_to_the_server(server, farm, closing):
    """Where the server marks answers (labeled-response) they are what the
    command ends with; else they come as messages from its address."""
    labels = server == "inspircd"
    gate = make_gate(closing, farm.get("prosody"), farm.get(server),
                     network={"users": {"raw": True}})
    ann = gate.things.xmpp(gate.xmpp, "ann")
    assert nodes(ann, NETWORK)[-1] == "raw"
    run = lambda text: Command(ann, NETWORK, "raw").fill(
        {"command": text}).note
    assert "you are not connected" in run("TIME")
    ann.join(gate.room, gate.nick("ann"), timeout=30)
    whois, nobody = run(f"WHOIS {gate.bob.nick}"), run("WHOIS no-one-here")
    if labels:
        assert whois.startswith(f"{gate.bob.nick} ")
        assert "End of /WHOIS list." in whois
        assert "no-one-here: No such nick" in nobody
    else:
        assert whois == nobody == ("Sent; what the server answers comes as "
                                   "messages from its address.")
        for words in (f"{gate.bob.nick}: End of WHOIS list",
                      "no-one-here: No such nick or channel name"):
            ann.wait_for(lambda s: s.kind == "message" and
                         s.bare == NETWORK and s.body == words)
    for text in ("QUIT :by accident", "TIME&#10;QUIT :injected",
                 "TIME&#13;QUIT :injected", ":bob PRIVMSG #x :forged",
                 f"NOTICE {gate.bob.nick} :" + "x" * 600):
        assert Command(ann, NETWORK, "raw").fill({"command": text}).failed
    run(f"PRIVMSG {gate.bob.nick} :by command")
    gate.bob.wait_text("by command", nick=gate.nick("ann"))
    assert gate.nick("ann") in gate.bob.names(gate.channel)


def test_settings_hold_from_the_next_connection_on(each_gate):
    gate = each_gate
    ann = gate.things.xmpp(gate.xmpp, "ann")
    form = Command(ann, NETWORK, "configure")
    assert form.values["nick"] == []
    form.fill({"nick": gate.nick("annie"), "realname": "Ann Example",
               "username": "annx",
               "after_connect_commands": [f"PRIVMSG {gate.bob.nick} :one",
                                          f"PRIVMSG {gate.bob.nick} :two"]})
    assert (form.status, form.failed) == ("completed", False)
    ann.join(gate.room, gate.nick("ann"), timeout=30)
    assert ann.nicks[gate.room] == gate.nick("annie")
    assert gate.nick("annie") in gate.bob.names(gate.channel)
    gate.bob.send(f"WHOIS {gate.nick('annie')}")
    who = gate.bob.wait_for(lambda m: m.command == "311")
    assert who.params[-1] == "Ann Example" and "annx" in who.params[2]
    for text in ("one", "two"):
        gate.bob.wait_text(text, nick=gate.nick("annie"))
    again = Command(ann, NETWORK, "configure").values
    assert again["nick"] == [gate.nick("annie")]
    assert len(again["after_connect_commands"]) == 2


def test_words_go_and_come_in_the_encoding_of_the_user(each_gate):
    gate = each_gate
    ann, carol = gate.things.xmpp(gate.xmpp, "ann"), gate.enter("carol")
    Command(ann, NETWORK, "configure").fill(
        {"encoding_in": "ISO-8859-1", "encoding_out": "ISO-8859-15"})
    ann.join(gate.room, gate.nick("ann"), timeout=30)
    gate.bob.send_raw(b"PRIVMSG %s :caf\xe9 from IRC\r\n" %
                      gate.nick("ann").encode())
    heard = ann.wait_for(lambda s: s.kind == "message" and s.body and
                         "from IRC" in s.body)
    assert heard.body == "caf\u00e9 from IRC"
    # what is UTF-8 needs no setting
    gate.bob.say(gate.nick("ann"), "th\u00e9 from IRC")
    ann.wait_for(lambda s: s.body == "th\u00e9 from IRC")
    ann.say(gate.room, "5 \u20ac from ann")
    carol.say(gate.room, "5 \u20ac from carol")
    mine = gate.bob.wait_for(lambda m: "from ann" in m.raw)
    others = gate.bob.wait_for(lambda m: "from carol" in m.raw)
    assert "5 \udca4 from ann" in mine.raw  # the byte A4
    assert "5 \u20ac from carol" in others.raw


def test_settings_outlive_a_restart_and_secrets_are_not_shown(gate):
    ann = gate.things.xmpp(gate.xmpp, "ann")
    Command(ann, NETWORK, "configure").fill(
        {"realname": "Ann", "pass": "s3cret"})
    Command(ann, NETWORK, "configure").fill({"realname": "", "pass": ""})
    gate.bridge.stop()
    gate.bridge.start()
    gate.bridge.wait_log("up", "xmpp", 40)
    values = Command(ann, NETWORK, "configure").values
    assert values["realname"] == [] and values["pass"] == []
    assert "s3cret" not in repr(ann.record[-1])
    carol = gate.things.xmpp(gate.xmpp, "carol")
    assert Command(carol, NETWORK, "configure").values["nick"] == []


def test_a_user_asks_about_the_connection_and_ends_it(each_gate):
    gate = each_gate
    ann = gate.enter("ann")
    info = Command(ann, NETWORK, "get-irc-connection-info")
    assert info.note.startswith("Connected to IRC server 127.0.0.1 on port")
    assert f" as {gate.nick('ann')} since " in info.note
    form = Command(ann, GATEWAY, "disconnect-from-irc-server")
    form.fill({"irc-servers": "irc", "quit-message": "off to lunch"})
    assert form.note == f"{ann.jid} was disconnected from irc"
    gate.bob.wait_for(lambda m: m.command == "QUIT" and
                      m.nick == gate.nick("ann") and
                      "off to lunch" in m.params[-1])
    gone = ann.wait_gone(gate.room, gate.nick("ann"))
    assert {110, 307} <= gone.codes and "off to lunch" in gone.status
    ann.join(gate.room, gate.nick("ann"), timeout=30)


def test_an_operator_disconnects_a_user(farm, closing):
    gate = make_gate(closing, farm.get("prosody"), farm.get("ngircd"),
                     top={"admins": ["xmpp:carol@localhost"]})
    ann, carol = gate.enter("ann"), gate.things.xmpp(gate.xmpp, "carol")
    assert nodes(carol, GATEWAY) == ["ping", "configure",
                                     "disconnect-from-irc-server",
                                     "disconnect-user", "reload",
                                     "connections", "statistics"]
    told = Command(carol, GATEWAY, "statistics").note.split("\n")
    assert ("irc: up; 1 channels, 1 users connected, 0 puppets, "
            "0 messages waiting") in told
    assert f"irc: {ann.jid} as " in Command(carol, GATEWAY,
                                            "connections").note
    reload = Command(carol, GATEWAY, "reload")
    assert reload.status == "completed" and not reload.failed
    form = Command(carol, GATEWAY, "disconnect-user")
    assert ann.jid in [v.text for v in form.element.iter(DATA + "value")]
    form.fill({"jids": [ann.jid], "quit-message": "enough"})
    assert form.note == "1 user has been disconnected."
    assert 307 in ann.wait_gone(gate.room, gate.nick("ann")).codes


def items(peer, where, page=""):
    answer = peer.iq(where, f"<query xmlns='{ITEMS}'>{page}</query>")
    return [(e.get("jid"), e.get("name"))
            for e in answer.element.iter(f"{{{ITEMS}}}item")], answer.element


def test_channels_are_listed_in_pages_and_found_by_name(each_gate):
    gate = each_gate
    ann = gate.enter("ann")
    more = [gate.channel + stem for stem in ("x", "y")]
    for channel in more:
        gate.bob.join(channel)
    gate.bob.send(f"TOPIC {more[1]} :all about newts")
    gate.bob.barrier()
    rsm = "{http://jabber.org/protocol/rsm}"
    page, seen = "<max>1</max>", {}
    while True:
        found, element = items(ann, NETWORK, f"<set xmlns='{rsm[1:-1]}'>{page}"
                               "</set>")
        if not found:
            break
        assert len(found) == 1 and found[0][0] not in seen
        seen.update(found)
        page = f"<max>1</max><after>{found[0][0]}</after>"
    assert int(element.find(f".//{rsm}count").text) == len(seen)
    for channel in [gate.channel, *more]:
        assert seen[f"{channel}%irc@{GATEWAY}"].startswith(channel)
    assert seen[f"{more[1]}%irc@{GATEWAY}"].endswith("all about newts")
    assert items(ann, NETWORK)[0] == list(seen.items())
    search = Command(ann, NETWORK, "list").fill({"search": more[0].upper()})
    assert search.note == "1 channel"
    assert search.values["name"] == [more[0]]
    dave = gate.things.xmpp(gate.xmpp, "dave")
    with pytest.raises(Refused, match="not-allowed"):
        items(dave, NETWORK)


def test_who_registers_has_that_nick_and_names_become_addresses(gate):
    ann = gate.things.xmpp(gate.xmpp, "ann")
    register, prompt = "jabber:iq:register", "jabber:iq:gateway"
    nick = gate.nick("annie")
    ann.iq(NETWORK, f"<query xmlns='{register}'><nick>{nick}</nick></query>",
           "set")
    form = ann.iq(NETWORK, f"<query xmlns='{register}'/>").element
    assert form.find(f".//{{{register}}}nick").text == nick
    assert form.find(f".//{{{register}}}registered") is not None
    ann.join(gate.room, gate.nick("ann"), timeout=30)
    assert ann.nicks[gate.room] == nick
    ann.iq(NETWORK, f"<query xmlns='{register}'><remove/></query>", "set")
    form = ann.iq(NETWORK, f"<query xmlns='{register}'/>").element
    assert form.find(f".//{{{register}}}registered") is None
    for data in POISONS.values():
        text = data.replace(b"%(channel)s", gate.channel.encode())
        if not fits_xml(text.decode("utf-8", "replace")):
            continue
        for inner in (f"<query xmlns='{register}'><nick>{xml_text(text)}</nick>"
                      f"</query>", f"<query xmlns='{prompt}'><prompt>"
                      f"{xml_text(text)}</prompt></query>"):
            try:
                ann.iq(NETWORK, inner, "set")
            except Refused:
                pass
    jid = ann.iq(NETWORK, f"<query xmlns='{prompt}'><prompt>{gate.bob.nick}"
                 "</prompt></query>", "set").element
    assert jid.find(f".//{{{prompt}}}jid").text == (
        f"{gate.bob.nick}%irc@{GATEWAY}")


SETTINGS = ["nick", "pass", "account", "sasl_password", "username",
            "realname", "after_connect_commands"]


@pytest.mark.parametrize("field", SETTINGS)
def test_no_value_of_a_setting_becomes_a_second_command(gate, field):
    """A poison is refused in words, or is data on IRC and nothing else."""
    ann = gate.things.xmpp(gate.xmpp, "ann")
    for data in POISONS.values():
        data = data.replace(b"%(channel)s", gate.channel.encode())
        text = data.decode("utf-8", "replace")
        if not fits_xml(text):
            continue
        form = Command(ann, NETWORK, "configure")
        form.fill({field: xml_text(data)})
        assert form.status in ("completed", "executing")
        if form.status == "executing":
            assert form.failed and form.note
        elif field == "after_connect_commands":
            Command(ann, NETWORK, "configure").fill({field: ""})
    mark = gate.bob.mark()
    try:
        ann.join(gate.room, gate.nick("ann"), timeout=30)
    except Refused:
        pass # a password that the server does not take, for one
    gate.bob.barrier()
    said = [m for m in gate.bob.messages[mark:]
            if m.command in ("PRIVMSG", "QUIT") and
            ("injected" in m.raw or "poisoned" in m.raw)]
    assert not said


# Those of the connection itself, in one go: each costs a form, and no more.
CONNECTION = ["sasl_mechanism", "tls_ports", "ports", "verify_cert",
              "fingerprint", "encoding_out", "encoding_in", "throttle_limit",
              "certificate"]


def test_the_connection_takes_no_poison(gate):
    ann = gate.things.xmpp(gate.xmpp, "ann")
    for field in CONNECTION:
        form = Command(ann, NETWORK, "configure")
        for data in POISONS.values():
            text = data.decode("utf-8", "replace")
            if not fits_xml(text):
                continue
            if form.status == "completed":
                form = Command(ann, NETWORK, "configure")
            form.fill({field: xml_text(data)})
            assert form.status in ("completed", "executing")
            assert form.status == "completed" or form.note
    values = Command(ann, NETWORK, "configure").values
    assert "certificate" not in values
    assert not [f for f in CONNECTION if values.get(f)]
    ann.join(gate.room, gate.nick("ann"), timeout=30)
    assert gate.bob.names(gate.channel) == {gate.bob.nick, gate.nick("ann")}


def digest_in(note, name):
    return next(line.split()[1] for line in note.splitlines()
                if line.startswith(name + ":"))


def test_a_certificate_made_here_logs_its_user_in(farm, closing):
    """Over a port of the user's choice, verified, on a network that is plain
    otherwise; in the user's own charset."""
    irc, atheme = farm.get("inspircd"), farm.get("atheme")
    gate = make_gate(closing, farm.get("prosody"), irc, network={
        "ca_file": str(irc.ca_file),
        "users": {"ports": [str(irc.tls_port)]}})
    ann = gate.things.xmpp(gate.xmpp, "ann")
    made = Command(ann, NETWORK, "client-certificate").fill({"action": "make"})
    assert "PRIVATE" not in made.note
    owner = closing.irc(irc, closing.name("own"))
    owner.send(f"PRIVMSG NickServ :IDENTIFY {atheme.account} "
               f"{atheme.password}")
    owner.wait_for(lambda m: m.command == "900", 10)
    owner.send(f"PRIVMSG NickServ :CERT ADD "
               f"{digest_in(made.note, 'SHA-256')}")
    owner.wait_for(lambda m: m.nick == "NickServ" and
                   "added" in m.text.lower(), 10)
    form = Command(ann, NETWORK, "configure").fill(
        {"sasl_mechanism": "external", "tls_ports": str(irc.tls_port),
         "verify_cert": "true", "encoding_out": "iso-8859-1"})
    assert not form.failed
    refused = Command(ann, NETWORK, "configure").fill({"tls_ports": "22"})
    assert refused.failed and "does not allow that port" in refused.note
    ann.join(gate.room, gate.nick("ann"), timeout=30)
    assert whois_account(gate.bob, gate.nick("ann")) == atheme.account
    info = Command(ann, NETWORK, "get-irc-connection-info").note
    assert f"port {irc.tls_port} (using TLS)" in info
    ann.say(gate.room, "Käse")
    gate.bob.wait_for(lambda m: m.command == "PRIVMSG" and
                      m.raw.endswith("K\udce4se") or "K\xe4se" in m.raw)


def test_a_channel_that_was_made_by_entering_it_says_so(gate):
    """XEP-0045 10.1.1 and 7.2.12; each chooses whether it is recorded."""
    room = f"{gate.channel}-new%irc@{GATEWAY}"
    ann = gate.things.xmpp(gate.xmpp, "ann").join(
        room, gate.nick("ann"), timeout=30)
    carol = gate.things.xmpp(gate.xmpp, "carol").join(
        room, gate.nick("carol"), timeout=30)
    own = lambda peer: [s.codes for s in peer.record if s.bare == room and
                        s.kind == "presence" and 110 in s.codes]
    assert own(ann)[0] == {110, 170, 201} and own(carol)[0] == {110, 170}
    # clients answer that by accepting the room as it is
    ann.iq(room, f"<query xmlns='{MUC}#owner'><x xmlns='jabber:x:data' "
           "type='submit'/></query>", "set")
    told = lambda code: ann.wait_for(
        lambda s: s.kind == "message" and s.bare == room and code in s.codes)
    Command(ann, room, "configure").fill({"record_history": "0"})
    told(171)
    Command(ann, room, "configure").fill({"record_history": "1"})
    told(170)
    carol.barrier()
    assert not [s for s in carol.record if s.kind == "message" and
                s.codes & {170, 171}]
