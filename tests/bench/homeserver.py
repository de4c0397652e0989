# SPDX-License-Identifier: MIT
"""Matrix: Synapse is the limit, so its own time stands beside ours: that of an
application service that does nothing but be one, on the same homeserver.
"""

import http.client
import http.server
import json
import threading
import time
from urllib.parse import quote

from tests.support import servers
from tests.support.bridge import (Bridge, irc_network, matrix_network,
                                  xmpp_network)
from tests.support.irc_peer import IrcPeer
from tests.support.matrix_peer import MatrixPeer
from tests.support.xmpp_peer import XmppPeer

from .figures import cpu_s, memory_kib, note, row, settled_kib, title
from .stage import running

LINES = 40
BURST = 40
CROWD = 1000
CROWD_S = 150
BARE = 20  # puppets


class Bare:
    """An application service without a bridge, and a puppet of it in a room.
    Calls are made one after the other."""

    def __init__(self, synapse, room):
        self.service, self.room = synapse.service(), room
        self.arrived, self.pushed = threading.Condition(), ""
        self.number = 0
        handler = type("Handler", (_Pushed,), {"bare": self})
        self.http = http.server.ThreadingHTTPServer(
            ("127.0.0.1", self.service.port), handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.client = http.client.HTTPConnection(
            synapse.url.partition("//")[2])
        self.user = self.make("bare")

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.client.close()

    def call(self, method, path, body):
        self.client.request(
            method, "/_matrix/client/v3/" + path, json.dumps(body),
            {"Authorization": f"Bearer {self.service.token}",
             "Content-Type": "application/json"})
        answer = self.client.getresponse()
        answer.read()
        if answer.status != 200:
            note(f"bare service: {path}: {answer.status}")

    def make(self, name):
        """A user with a name, in the room."""
        local = self.service.prefix + name
        user = quote(f"@{local}:localhost")
        self.call("POST", "register", {
            "type": "m.login.application_service", "username": local,
            "inhibit_login": True})
        self.call("PUT", f"profile/{user}/displayname?user_id={user}",
                  {"displayname": name})
        self.call("POST", f"rooms/{quote(self.room)}/join?user_id={user}", {})
        return user

    def say(self, text):
        self.number += 1
        self.call("PUT", f"rooms/{quote(self.room)}/send/m.room.message/"
                  f"t{self.number}?user_id={self.user}",
                  {"msgtype": "m.text", "body": text})

    def push(self, text):
        with self.arrived:
            self.pushed += text
            self.arrived.notify_all()

    def wait_text(self, text, timeout):
        with self.arrived:
            self.arrived.wait_for(lambda: text in self.pushed, timeout)


class _Pushed(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bare = None

    def log_message(self, *_):
        pass

    def do_PUT(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.bare.push(self.rfile.read(length).decode())
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


def times(say, wait):
    """Milliseconds from say(text) to wait(text), one after the other."""
    found = []
    for i in range(LINES):
        text = f"{time.monotonic_ns()}-{i}"
        start = time.monotonic()
        say(text)
        wait(text)
        found.append((time.monotonic() - start) * 1000)
    return found


def burst(say, wait):
    """Messages a second of so many that are said at once."""
    word = time.monotonic_ns()
    start = time.monotonic()
    for i in range(BURST):
        say(f"{word}-{i}")
    for i in range(BURST):
        wait(f"{word}-{i}")
    return BURST / (time.monotonic() - start)


def show(name, across, straight):
    for q, index in (("p50", LINES // 2), ("p95", LINES * 95 // 100)):
        row(f"{name}: {q}", sorted(across)[index], sorted(straight)[index])


class People:
    """ann in a room, bob in a channel, mia and noa in a Matrix room, and the
    bridge between them."""

    def __init__(self, stage, synapse):
        self.irc = stage.inspircd
        self.mia = MatrixPeer(synapse, "mia").connect()
        self.noa = MatrixPeer(synapse, "noa").connect()
        self.mia.set_name("Mia")
        self.place = self.mia.create()
        self.noa.join(self.place)
        self.bare = Bare(synapse, self.place)
        self.room = f"matrix@{stage.prosody.rooms}"
        self.ann = XmppPeer("ann", stage.prosody.port).connect()
        self.ann.join(self.room, "Ann")
        self.bob = IrcPeer("bob", self.irc.host, self.irc.port).connect()
        self.bob.join("#bench")
        self.bridge = Bridge(
            stage.folder / "matrix",
            {"irc": irc_network(self.irc, puppets=2000),
             "xmpp": xmpp_network(stage.prosody),
             "matrix": matrix_network(synapse, synapse.service())},
            {"bench": ["irc:#bench", f"xmpp:{self.room}",
                       f"matrix:{self.place}"]}, level="info")

    def wait(self):
        for name in ("bob", "Ann"):
            self.mia.wait_member(self.place, name, timeout=30)
        self.ann.wait_occupant(self.room, "Mia", 30)
        self.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == "Mia",
                          30)

    def close(self):
        self.bare.close()
        self.bob.quit()
        for peer in (self.ann, self.mia, self.noa):
            peer.close()

    # ---- saying and seeing

    def say(self, who, text):
        if who == "mia":
            self.mia.say(self.place, text)
        elif who == "bare":
            self.bare.say(text)
        elif who == "bob":
            self.bob.say("#bench", text)
        else:
            self.ann.say(self.room, text)

    def sees(self, who, text):
        {"mia": self.mia, "noa": self.noa, "bob": self.bob, "ann": self.ann,
         "bare": self.bare}[who].wait_text(text, 60)

    def way(self, kind, a, b):
        return kind(lambda t: self.say(a, t), lambda t: self.sees(b, t))


# beside each way that of the bare service: onto Matrix, and out of it
WAYS = (("irc to matrix", "bob", "mia", "in"),
        ("matrix to irc", "mia", "bob", "out"),
        ("xmpp to matrix", "ann", "mia", "in"),
        ("matrix to xmpp", "mia", "ann", "out"))


def compared(people, kind, show_one):
    own = {"in": people.way(kind, "bare", "mia"),
           "out": people.way(kind, "mia", "bare")}
    for name, a, b, which in WAYS:
        show_one(name, people.way(kind, a, b), own[which])


def paced(people):
    compared(people, times, show)


def hurried(people):
    compared(people, burst, lambda name, across, straight: row(
        f"{name}: {BURST} at once, 1/s", across, straight, form="{:.0f}"))


def came(mia):
    """Puppets of the crowd that mia sees, by name."""
    return {e.content.get("displayname") for e in list(mia.record)
            if e.type == "m.room.member" and
            (e.content.get("displayname") or "").startswith("z0")}


def newcomer(people):
    """Somebody behind the crowd has something to say."""
    zoe = IrcPeer("zoe", people.irc.host, people.irc.port).connect(90)
    zoe.join("#bench")
    start = time.monotonic()
    zoe.say("#bench", "I came last")
    people.sees("mia", "I came last")
    row("the first line of who came last, s", time.monotonic() - start,
        form="{:.2f}")
    said = next(e for e in list(people.mia.record)
                if e.content.get("body", "").endswith("I came last"))
    if "zoe" not in said.sender:
        note("it was spoken for")
    zoe.quit()


def crowd(people, stage, synapse):
    """So many come into the channel at once."""
    process, mia = people.bridge.process, people.mia
    start = time.monotonic()
    for n in range(BARE):
        people.bare.make(f"b{n}")
    bare = (time.monotonic() - start) / BARE
    before = settled_kib(process)
    used = [cpu_s(p) for p in (process, synapse.process)]
    stage.load.do("irc", "crowd", people.irc.port, "z", CROWD, "#bench")
    joined = time.monotonic()
    people.say("bob", "through the crowd")
    people.sees("mia", "through the crowd")
    row("a line while they come, s", time.monotonic() - joined, form="{:.2f}")
    newcomer(people)
    while len(came(mia)) < CROWD and time.monotonic() - joined < CROWD_S:
        time.sleep(0.2)
    seen = len(came(mia))
    took = time.monotonic() - joined
    row(f"{seen} of {CROWD} puppets are there, s", took, seen * bare,
        form="{:.1f}")
    ours, theirs = (cpu_s(p) - u for p, u in
                    zip((process, synapse.process), used))
    row("CPU of the bridge and of Synapse, a puppet, ms",
        ours / max(seen, 1) * 1000, theirs / max(seen, 1) * 1000,
        form="{:.1f}")
    row("memory of a person of IRC on Matrix and XMPP, KiB",
        (settled_kib(process) - before) / CROWD, form="{:.1f}")
    row("memory of the bridge, KiB", memory_kib(process), form="{:.0f}")
    stage.load.do("close", "crowd")


def matrix(stage):
    title(f"Matrix, {LINES} messages one after the other, ms", "bare service")
    with servers.Synapse(stage.folder / "synapse", services=2) as synapse:
        people = People(stage, synapse)
        with running(people.bridge):
            people.wait()
            paced(people)
            hurried(people)
            crowd(people, stage, synapse)
        people.close()
