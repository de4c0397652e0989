# SPDX-License-Identifier: MIT
"""An IRC server that does what it should not. The bridge copes, says so in
its log, and the other network notices nothing."""

import pytest

from tests.support.bridge import irc_network, xmpp_network
from tests.support.process import wait_for
from tests.support.scripted_irc import ScriptedIrc

BAD_LINES = {
    "empty": b"\r\n\r\n\n\n",
    "10-kB": b":x!y@z PRIVMSG {c} :" + b"x" * 10240 + b"\r\n",
    "10-kB-tags": b"@a=" + b"x" * 10240 + b" :x!y@z PRIVMSG {c} :hi\r\n",
    "1-MB-without-an-end": b"x" * 1048576,
    "nul": b":x!y@z PRIVMSG {c} :a\0b\r\n",
    "invalid-utf8": b":x!y@z PRIVMSG {c} :\xff\xfe\xc0\xaf\xed\xa0\x80\r\n",
    "invalid-nick": b":\xff\x01<>&!y@z PRIVMSG {c} :hello\r\n",
    "noncharacter": b":x!y@z PRIVMSG {c} :\xef\xbf\xbe\xef\xbf\xbf\r\n",
    "no-source": b"PRIVMSG {c} :who said that\r\n",
    "nothing-but-source": b":x!y@z\r\n",
    "nick-without-prefix": b"NICK someone\r\n",
    "nick-without-name": b":x!y@z NICK\r\n",
    "notice-without-parameters": b":x!y@z NOTICE\r\n",
    "kick-without-parameters": b":x!y@z KICK\r\n",
    "kick-from-elsewhere": b":x!y@z KICK #elsewhere causeway :no\r\n",
    "join-without-parameters": b":x!y@z JOIN\r\n",
    "join-of-ours-elsewhere": b":causeway!y@z JOIN #elsewhere\r\n",
    "many-parameters": b":x!y@z MODE {c} " + b"a " * 200 + b"\r\n",
    "names-of-elsewhere": b":s 353 causeway = #elsewhere :a b c\r\n",
    "names-garbled": b":s 353 causeway\r\n:s 366\r\n:s 353 causeway = {c}\r\n",
    "welcome-again": b":s 001 othername :Welcome\r\n",
    "isupport-absurd": b":s 005 causeway NICKLEN=-1 LINELEN=99999999999 "
                       b"PREFIX=)( CHANTYPES= MODES=x CHANMODES=,,,,,, "
                       b"TOPICLEN=0 CASEMAPPING=none :are\r\n",
    "ctcp": b":x!y@z PRIVMSG causeway :\x01\x01\x01VERSION\x01\r\n",
    "dcc": b":x!y@z PRIVMSG causeway :\x01DCC SEND f 1 1 1\x01\r\n",
    "format": b":%n%s!%n@%s PRIVMSG {c} :%n%s%d\r\n",
    "batch-unopened": b":s BATCH -nothere\r\n@batch=nope :x!y@z PRIVMSG {c} "
                      b":in no batch\r\n",
    "batch-unclosed": b":s BATCH +a netsplit x y\r\n" * 2000,
    "authenticate": b"AUTHENTICATE " + b"A" * 400 + b"\r\nAUTHENTICATE +\r\n",
    "cap-junk": b":s CAP * NEW :a b c=d =\r\n:s CAP * DEL\r\n:s CAP\r\n",
    "away-junk": b":x!y@z AWAY\r\n:x AWAY :\xff\r\n:!@ AWAY :x\r\n",
    "stanza": b":x!y@z PRIVMSG {c} :</body></message></stream:stream>\r\n",
    "unknown": b":x!y@z FROBNICATE a b :c\r\n:s 999 causeway :what\r\n",
    "pong-of-nobody": b":s PONG s :never asked\r\nPONG\r\nPING\r\n",
}


class Hostile:
    def __init__(self, farm, things, members=(), room_puppets=True,
                 **xmpp):
        self.server = ScriptedIrc(members)
        prosody = farm.get("prosody")
        things.servers += [prosody, self.server]
        self.room = f"{things.name('room')}@{prosody.rooms}"
        self.channel = "#" + things.name("chan")
        self.ann = things.xmpp(prosody, "ann")
        self.ann.join(self.room, things.name("Ann"))
        self.bridge = things.bridge(
            {"xmpp": xmpp_network(prosody, **xmpp),
             "irc": irc_network(self.server, puppets=0)},
            {"lobby": [{"channel": f"xmpp:{self.room}",
                        "puppets": room_puppets},
                       f"irc:{self.channel}"]})
        self.bridge.start()
        self.session = self.server.wait_line(self.channel)

    def still_works(self):
        """Good lines pass; on a new connection if the old one was cut."""
        self.ann.say(self.room, "still here")
        self.server.wait_line("still here", 30)
        session = self.server.sessions[-1]
        session.raw(f":good!u@h JOIN {self.channel}\r\n"
                    f":good!u@h PRIVMSG {self.channel} :after the junk\r\n"
                    .encode())
        self.ann.wait_text("after the junk", 30)
        assert not self.bridge.downs("xmpp")


@pytest.fixture
def hostile(farm, closing):
    it = Hostile(farm, closing)
    yield it
    it.server.close()


@pytest.mark.parametrize("junk", BAD_LINES)
def test_junk_from_the_server_hurts_nobody(hostile, junk):
    data = BAD_LINES[junk].replace(b"{c}", hostile.channel.encode())
    hostile.session.raw(data)
    if junk == "1-MB-without-an-end":
        hostile.session.raw(b"\r\n")
    hostile.still_works()


@pytest.mark.long
def test_every_byte_in_every_place_hurts_nobody(hostile):
    channel = hostile.channel.encode()
    for byte in range(256):
        b = bytes([byte])
        hostile.session.raw(
            b":n%s!u%s@h%s PRIVMSG %s :t%s\r\n" % (b, b, b, channel, b) +
            b"@k%s=v%s :n!u@h PRIVMSG %s :x\r\n" % (b, b, channel) +
            b":n!u@h TOPIC %s :%s\r\n" % (channel, b))
    hostile.still_works()


def test_a_session_cut_in_mid_line_is_begun_again(hostile):
    hostile.session.raw(f":x!y@z PRIVMSG {hostile.channel} :half".encode())
    hostile.session.sock.shutdown(2)
    hostile.bridge.wait_log("down:", "irc")
    hostile.still_works()


def test_a_channel_of_five_thousand_is_shown_as_far_as_allowed(farm, closing):
    names = [f"member{n}" for n in range(5000)]
    hostile = Hostile(farm, closing, names, puppets=100)
    try:
        wait_for("a hundred occupants", lambda: len(
            [n for n in hostile.ann.occupants(hostile.room)
             if n.startswith("member")]) == 100, 60)
        hostile.still_works()
    finally:
        hostile.server.close()


def test_a_channel_of_five_thousand_is_borne_without_puppets(farm, closing):
    hostile = Hostile(farm, closing, [f"member{n}" for n in range(5000)],
                      room_puppets=False)
    try:
        hostile.bridge.wait_log("joined; 5000 people",
                                f"irc/{hostile.channel}")
        hostile.still_works()
    finally:
        hostile.server.close()
