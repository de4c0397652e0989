# SPDX-License-Identifier: MIT
"""Users of a gateway under the campaign's kills: ann and carol, each on a
connection of their own, in the room that stands for a channel, and bob in the
channel. Numbered lines go from ann to the room, from bob to the channel, and
in private between ann and bob.

A client whose gateway has gone enters again, as real ones do, and reads in
the archive what it missed. What it is shown twice under one id it shows once.
"""

import re
import threading
import uuid

from tests.support.audit import Stream, Tally, taken, undelivered
from tests.support.bridge import irc_network, xmpp_network
from tests.support.process import wait_for
from tests.support.xmpp_peer import MUC, Refused

GATEWAY = "gw.localhost"
MAM = "urn:xmpp:mam:2"
RSM = "http://jabber.org/protocol/rsm"
SID = "{urn:xmpp:sid:0}stanza-id"
AGAIN_S = 0.1  # until a client tries again to enter
PACE_S = 0.05
# where a kill may make it come twice
ON_IRC = ("room to channel", "ann to bob")

def archive_of(peer, where):
    """(id, text) of all that it may read there, oldest first."""
    found, after = [], ""
    while True:
        mark = peer.mark()
        fin = peer.iq(where, f"<query xmlns='{MAM}'><set xmlns='{RSM}'>"
                      f"<max>100</max>{after}</set></query>", "set", 30)
        page = [s.element.find(f"{{{MAM}}}result")
                for s in peer.record[mark:] if s.kind == "message"]
        page = [r for r in page if r is not None]
        found += [(r.get("id"), b.text) for r in page
                  for b in r.iter("{jabber:client}body")]
        fin = fin.element.find(f"{{{MAM}}}fin")
        if fin.get("complete") == "true" or not page:
            return found
        after = f"<after>{page[-1].get('id')}</after>"


class Attendant:
    """Keeps one client in the room, whatever happens to the gateway."""

    def __init__(self, peer, room, nick):
        self.peer, self.room, self.nick = peer, room, nick
        self.life, self.inside = 0, -1  # of the gateway: now, when it entered
        self.outs = []  # presences that said that it is out
        self._read = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def is_in(self):
        return self.inside == self.life

    def _look(self):
        """Has it been told that it is out?"""
        for s in self.peer.record[self._read:]:
            self._read += 1
            if (s.kind == "presence" and s.bare == self.room and
                    s.type == "unavailable" and 110 in s.codes and
                    303 not in s.codes):
                self.outs.append(s)
                self.inside = -1

    def _run(self):
        while not self._over.wait(AGAIN_S):
            self._look()
            if not self.is_in():
                self._enter(self.life)

    def _enter(self, life):
        """As a client does that asks the archive for what was said."""
        try:
            self._read = self.peer.mark()
            self.peer.join(self.room, self.nick, timeout=2)
            self.inside = life
        except (Refused, TimeoutError):
            pass

    def gone(self):
        """The gateway was killed."""
        self.life += 1

    def stop(self):
        self._over.set()
        self._thread.join(10)


class Visit:
    """Stands where conftest.Pair stands in kills.py."""

    def __init__(self, things, xmpp, irc, window, xmpp_options=None,
                 irc_options=None):
        things.servers += [xmpp, irc]
        self.xmpp, self.irc, self.window = xmpp, irc, window
        self.channel = "#" + things.name("visit")
        self.room = f"{self.channel}%irc@{GATEWAY}"
        self.ann = things.xmpp(xmpp, "ann")
        self.carol = things.xmpp(xmpp, "carol")
        self.bob = things.irc(irc, things.name("bob"))
        self.bob.join(self.channel)
        self.ann_nick = things.name("ann")
        self.private = f"{self.bob.nick}%irc@{GATEWAY}"
        network = irc_network(irc, window=window, **irc_options or {})
        del network["nick"]
        self.bridge = things.bridge(
            {"xmpp": xmpp_network(xmpp, gateway={"networks": ["irc"]},
                                  window=window, **xmpp_options or {}),
             "irc": network}, {})
        self.clients = [
            Attendant(self.ann, self.room, self.ann_nick),
            Attendant(self.carol, self.room, things.name("carol"))]
        self.bridge.start()
        for client in self.clients:
            client.start()
        self.wait_ready()
        self.traffic = None

    # ---- what kills.py asks of a pair

    def killed(self):
        for client in self.clients:
            client.gone()

    def wait_ready(self, timeout=40):
        """Both users are in the room."""
        def ready():
            self.bridge.require_alive()
            return all(c.is_in() for c in self.clients)
        wait_for("the users to be in the room", ready, timeout, 0.02)

    def both_ways(self):
        """A line in each direction, to settle what was before it."""
        for say, hearer in ((lambda t: self.ann.say(self.room, t), self.bob),
                            (lambda t: self.bob.say(self.channel, t),
                             self.ann)):
            token = f"token-{uuid.uuid4().hex}"
            say(token)
            hearer.wait_text(token, 60)

    def start_traffic(self):
        self.traffic = Talk(self)
        return self.traffic

    def settle(self, timeout, account):
        """Fills in the account; the tallies, by name."""
        tallies = self.traffic.settle(timeout)
        own = [t for t in tallies.values() if t.taken]
        account.messages = sum(len(t.taken) for t in own)
        account.lost = sum(len(t.lost) for t in own)
        account.unheard = sum(t.untaken for t in own)
        account.disordered = sum(len(t.disordered)
                                 for t in tallies.values())
        account.doubled = sum(t.doubled for t in tallies.values())
        account.too_often = sum(t.doubled for name, t in tallies.items()
                                if name not in ON_IRC)
        account.bound = len(ON_IRC) * account.kills * self.window
        return tallies

    def close(self):
        for client in self.clients:
            client.stop()


class Talk:
    """The four streams, and what became of them."""

    def __init__(self, visit):
        self.visit = visit
        mark = visit.channel[1:]
        ann, bob = visit.ann, visit.bob
        # the id of what ann says is its text
        self.to_channel = Stream(f"{mark}x", lambda t: ann.say(
            visit.room, t, t), PACE_S)
        self.to_room = Stream(f"{mark}i", lambda t: bob.say(
            visit.channel, t), PACE_S)
        self.to_bob = Stream(f"{mark}y", lambda t: ann.message(
            visit.private, t, "chat", t), PACE_S)
        self.to_ann = Stream(f"{mark}j", lambda t: bob.say(
            visit.ann_nick, t), PACE_S)
        self.streams = (self.to_channel, self.to_room, self.to_bob,
                        self.to_ann)

    def rest(self, seconds):
        self.to_room.rest(seconds)

    def stop(self):
        for stream in self.streams:
            stream.stop()

    # ---- what came

    def heard(self, stream):
        """By bob, in order."""
        pattern = re.compile(re.escape(stream.prefix) + "-[0-9]{6}")
        return [m for _, text in self.visit.bob.texts()
                for m in pattern.findall(text)]

    @staticmethod
    def shown(stream, peer, where):
        """To a client, in order, what bears the same id once."""
        found = {}
        for s in list(peer.record):
            if (s.kind == "message" and s.bare == where and s.type != "error"
                    and (s.body or "").startswith(stream.prefix + "-")):
                sid = s.element.find(SID)
                found.setdefault(s.id if sid is None else sid.get("id"),
                                 s.body)
        return list(found.values())

    @staticmethod
    def kept(stream, archive):
        return [t for _, t in archive if t.startswith(stream.prefix + "-")]

    def untold(self, stream):
        """What ann said that was neither taken nor came back as an error."""
        known = set(taken(self.visit.bridge, stream.prefix))
        known |= {s.id for s in self.visit.ann.record
                  if s.kind == "message" and s.type == "error"}
        said = {f"{stream.prefix}-{n + 1:06}" for n in range(stream.said)}
        return sorted(said - known)

    def tally(self, stream, seen):
        return Tally(stream.said, taken(self.visit.bridge, stream.prefix),
                     seen)

    def settle(self, timeout):
        """Stops, waits until nothing waits, and returns {name: Tally}."""
        self.stop()
        visit = self.visit
        visit.wait_ready(timeout)
        visit.both_ways()
        wait_for("the outbox to be empty",
                 lambda: undelivered(visit.bridge) == 0, timeout, 0.05)
        for peer in (visit.ann, visit.carol, visit.bob):
            peer.barrier()
        return {**self.to_irc(), **self.to_xmpp()}

    def to_irc(self):
        return {"room to channel": self.tally(
                    self.to_channel, self.heard(self.to_channel)),
                "ann to bob": self.tally(
                    self.to_bob, self.heard(self.to_bob))}

    def to_xmpp(self):
        """Live, and in the archive of each. A line may have been heard while
        only one of the two was in; it is lost if neither can read it."""
        visit, found, whole = self.visit, {}, {}
        for client in (visit.ann, visit.carol):
            archive = archive_of(client, visit.room)
            for stream, name in ((self.to_room, "channel to room"),
                                 (self.to_channel, "room to itself")):
                for how, seen in (
                        ("shown to", self.shown(stream, client, visit.room)),
                        ("kept for", self.kept(stream, archive))):
                    found[f"{name}, {how} {client.user}"] = (stream, seen)
                    whole.setdefault((name, stream), set()).update(seen)
        found = {name: Tally(stream.said, [], seen)
                 for name, (stream, seen) in found.items()}
        for (name, stream), seen in whole.items():
            found[name] = self.tally(stream, sorted(seen))
        found["bob to ann"] = self.tally(
            self.to_ann, self.shown(self.to_ann, visit.ann, visit.private))
        return found
