# SPDX-License-Identifier: MIT
"""What contrib/demo shows once everything is built; see there."""

import atexit
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

# pylint: disable=wrong-import-position
from tests.support import process, servers
from tests.support.bridge import (Bridge, irc_network, matrix_network,
                                  xmpp_network)
from tests.support.demo_house import (HOUSE, Greenhouse, house_network,
                                      house_talk, print_house)
from tests.support.irc_peer import IrcPeer
from tests.support.matrix_peer import MatrixPeer
from tests.support.xmpp_peer import XmppPeer

ROOM = f"lobby@{servers.ROOMS}"
CHANNEL = "#lobby"
# What clients try by themselves; if taken, others.
USUAL = {"prosody": (5222, 5347), "ngircd": (6667,)}

# who says what, one after the other
LINES = [
    ("ann", "Hello channel, can you read me over there?"),
    ("bob", "Loud and clear. Where are you?"),
    ("ann", "In an XMPP room. You look like any other member here."),
    ("bob", "And you have a nick of your own. ☃ and ümläuts?"),
    ("ann", "Everything that UTF-8 has. *Bold*, too."),
    ("bob", "See you!"),
]
# with --matrix, besides
MORE = [
    ("mia", "And I am on Matrix. Do you both see me?"),
    ("ann", "Yes, as an occupant."),
    ("bob", "As a nick."),
]
ALIAS = "lobby"


class Matrix:
    """What --matrix adds: a Synapse, and mia in a room of it."""

    def __init__(self, folder, started):
        print("starting Synapse; the first time it is fetched from Debian, "
              "which takes a few minutes...", flush=True)
        self.synapse = servers.Synapse(folder / "synapse", services=1)
        started.append(self.synapse)
        self.synapse.start()
        self.service = self.synapse.service()
        self.mia = MatrixPeer(self.synapse, "mia").connect()
        self.mia.set_name("Mia")
        self.room = self.mia.create(
            alias=ALIAS, power_level_content_override={
                "users": {self.mia.id: 100, self.service.bot_id: 50}})
        self.network = matrix_network(self.synapse, self.service)

    def wait_people(self, *names):
        for name in names:
            self.mia.wait_member(self.room, name)

    def arrived(self, who, text):
        try:
            self.mia.wait_for(lambda e: e.body in (text, text.replace(
                "*", "")) and e.room == self.room, 15)
        except AssertionError as late:
            print(f"demo: this line did not arrive: {text}\n{late}",
                  file=sys.stderr)
            return False
        return bool(who)

    def print_view(self):
        names = self.mia.members(self.room)
        print(f"\nThe room #{ALIAS}:localhost, as Mia sees it (Matrix):")
        for event in self.mia.messages(self.room):
            print(f"    <{names.get(event.sender)}> {event.body}")

    def print_invitation(self):
        print(f"""
  Matrix: any client, homeserver {self.synapse.url}, user mia, password pw,
         room #{ALIAS}:localhost""")


def ports(name):
    usual = USUAL[name]
    if all(process.port_is_free(p) and not process.can_connect(p)
           for p in usual):
        return usual
    return None


def arrived(ann, bob, who, text):
    """Wait until the other side has it; True if it came."""
    plain = text.replace("*", "")
    try:
        if who == "ann":
            bob.wait_for(lambda m: m.command == "PRIVMSG" and m.nick == "Ann"
                         and m.text.replace("\x02", "").replace("\x0f", "")
                         in (text, plain), 15)
        else:
            ann.wait_text(text, 15, nick="bob", room=ROOM)
    except TimeoutError as late:
        print(f"demo: this line did not arrive: {text}\n{late}",
              file=sys.stderr)
        return False
    return True


def mia_arrived(ann, bob, text):
    try:
        ann.wait_text(text, 15, nick="Mia", room=ROOM)
        bob.wait_text(text, 15, nick="Mia", target=CHANNEL)
    except TimeoutError as late:
        print(f"demo: this line did not arrive: {text}\n{late}",
              file=sys.stderr)
        return False
    return True


def talk(ann, bob, matrix):
    good = True
    for who, text in LINES + (MORE if matrix else []):
        if who == "mia":
            matrix.mia.say(matrix.room, text)
            good = mia_arrived(ann, bob, text) and good
            continue
        if who == "ann":
            ann.say(ROOM, text)
        else:
            bob.say(CHANNEL, text)
        good = arrived(ann, bob, who, text) and good
        if matrix:
            good = matrix.arrived(who, text) and good
        # their own server shows it to them, too
        if who == "ann":
            ann.wait_text(text, 10, nick="Ann", room=ROOM)
    return good


def print_views(ann, bob, matrix):
    print(f"\nThe room {ROOM}, as Ann sees it (XMPP):")
    for nick, text in ann.texts(ROOM):
        print(f"    <{nick}> {text}")
    print(f"\nThe channel {CHANNEL}, as bob sees it (IRC):")
    lines = LINES + (MORE if matrix else [])
    own = iter(t for w, t in lines if w == "bob")
    theirs = iter(bob.texts(CHANNEL))
    for who, _ in lines:
        pair = ("bob", next(own)) if who == "bob" else next(theirs,
                                                            ("?", "-"))
        print(f"    <{pair[0]}> {pair[1]}")
    if matrix:
        matrix.print_view()


def print_invitation(prosody, ngircd, bridge):
    print(f"""
Join them. All accounts (ann bob carol dave eve) have their name as password.

  IRC:   irssi -c 127.0.0.1 -p {ngircd.port} -n yourname
         then  /join {CHANNEL}
  XMPP:  profanity, then
         /connect carol@localhost server 127.0.0.1 port {prosody.port} \
tls disable
         and  /join {ROOM}

Configuration: {bridge.config}
Log:           {bridge.process.log}

Ctrl-C ends all of it.""", flush=True)


def run(started, once, with_matrix):
    folder = process.temporary_folder("causeway-demo-")
    prosody = servers.Prosody(folder / "prosody", ports=ports("prosody"))
    started.append(prosody)
    prosody.start()
    ngircd = servers.Ngircd(folder / "ngircd", ports=ports("ngircd"))
    started.append(ngircd)
    ngircd.start()
    bob = IrcPeer("bob", ngircd.host, ngircd.port).connect()
    bob.join(CHANNEL)
    ann = XmppPeer("ann", prosody.port).connect()
    ann.join(ROOM, "Ann")
    broker = servers.PlainMosquitto(folder / "mosquitto")
    started.append(broker)
    broker.start()
    greenhouse = Greenhouse(broker, ann, bob)
    atexit.register(greenhouse.stop)
    networks = {"xmpp": xmpp_network(prosody), "irc": irc_network(ngircd),
                "home": house_network(broker)}
    channels = [f"xmpp:{ROOM}", f"irc:{CHANNEL}"]
    matrix = Matrix(folder, started) if with_matrix else None
    if matrix:
        networks["matrix"] = matrix.network
        channels.append(f"matrix:#{ALIAS}:localhost")
    bridge = Bridge(folder / "bridge", networks,
                    {"lobby": channels, "greenhouse": HOUSE},
                    level="info")
    started.append(bridge)
    bridge.launch()
    ann.wait_occupant(ROOM, "bob")
    bob.wait_for(lambda m: m.command == "JOIN" and m.nick == "Ann")
    greenhouse.enter()
    bridge.wait_ready()
    if matrix:
        matrix.wait_people("Ann", "bob")
        ann.wait_occupant(ROOM, "Mia")
        bob.wait_for(lambda m: m.command == "JOIN" and m.nick == "Mia")
    good = talk(ann, bob, matrix)
    print_views(ann, bob, matrix)
    good = house_talk(greenhouse) and good
    print_house(greenhouse)
    if once:
        print("\nevery line arrived" if good else "\nlines are missing")
        return 0 if good and bridge.stop() == 0 else 1
    if matrix:
        matrix.print_invitation()
    print_invitation(prosody, ngircd, bridge)
    signal.pause()
    return 0


def main():
    process.stop_with_us()
    started = []
    try:
        return run(started, "--once" in sys.argv[1:],
                   "--matrix" in sys.argv[1:])
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
        print()
        return 0
    except (process.Failure, TimeoutError, AssertionError) as why:
        print(f"demo: {why}", file=sys.stderr)
        for one in started:
            print(one.logs(), file=sys.stderr)
        return 1
    finally:
        for one in reversed(started):
            if one.process and one.process.alive():
                one.process.stop()


if __name__ == "__main__":
    sys.exit(main())
