# SPDX-License-Identifier: MIT
"""A slixmpp client with its own plugins for rooms, archives and pings in a room
of the gateway, through Prosody and ejabberd: it asks, and reads, as programs
that are built with that library do. Everything in one stay.
"""

import asyncio

import pytest
import slixmpp
from slixmpp.exceptions import IqError, PresenceError

from tests.support.process import wait_for
from tests.support.xmpp_peer import _the_loop

from .test_gateway import make_gate

WAIT_S = 30


@pytest.fixture(params=[("prosody", "inspircd"), ("ejabberd", "ngircd")],
                ids="-".join)
def gate(request, farm, closing):
    return make_gate(closing, *map(farm.get, request.param))


class Program:
    """A client on the loop that the other peers use."""

    def __init__(self, gate, user):
        self.gate, self.user = gate, user
        self.client = None
        self.seen = asyncio.Queue()

    async def connect(self):
        client = slixmpp.ClientXMPP(f"{self.user}@localhost/program",
                                    self.user)
        client.use_aiodns = False
        client.plugin["feature_mechanisms"].unencrypted_plain = True
        for number in (30, 45, 59, 199, 249, 313):
            client.register_plugin(f"xep_{number:04}")
        up = asyncio.get_running_loop().create_future()
        client.add_event_handler("session_start", up.set_result)
        for name in ("groupchat_message", "groupchat_subject",
                     "groupchat_presence"):
            client.add_event_handler(
                name, lambda stanza, n=name: self.seen.put_nowait((n, stanza)))
        client.connect(("127.0.0.1", self.gate.xmpp.port),
                       force_starttls=False, disable_starttls=True)
        await asyncio.wait_for(up, WAIT_S)
        client.send_presence()
        self.client = client

    async def wait(self, name, accept):
        """The next event of that name that is accepted."""
        async def look():
            while True:
                what, stanza = await self.seen.get()
                if what == name and accept(stanza):
                    return stanza
        return await asyncio.wait_for(look(), WAIT_S)

    async def say(self, text):
        self.client.send_message(self.gate.room, text, mtype="groupchat")
        return await self.wait("groupchat_message",
                               lambda m: m["body"] == text)

    async def archive(self):
        found = []
        async for m in self.client["xep_0313"].iterate(
                jid=slixmpp.JID(self.gate.room), rsm={"max": 2}):
            found.append(m["mam_result"]["forwarded"]["stanza"]["body"])
        return found


def run(coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, _the_loop()).result(
        4 * WAIT_S)


async def come_in(program, nick):
    await program.connect()
    return await program.client["xep_0045"].join_muc_wait(
        slixmpp.JID(program.gate.room), nick, timeout=WAIT_S, maxstanzas=0)


async def stay(program, nick):
    """What both servers must let through, one after the other."""
    gate, client = program.gate, program.client
    room, here = client["xep_0045"], slixmpp.JID(gate.room)
    mine = await program.say("hello from the program")
    assert mine["from"].resource == nick
    await client["xep_0199"].send_ping(slixmpp.JID(f"{here}/{nick}"),
                                       timeout=WAIT_S)
    info = await client["xep_0030"].get_info(jid=here, timeout=WAIT_S)
    assert "urn:xmpp:mam:2" in info["disco_info"]["features"]
    room.set_subject(here, "a topic from the program")
    await program.wait("groupchat_subject", lambda m: m["subject"] ==
                       "a topic from the program")
    client.send_presence(pto=f"{here}/{nick}x")
    await program.wait("groupchat_presence", lambda p: p["from"].resource ==
                       nick + "x" and p["type"] == "available")
    await program.say("under another name")
    with pytest.raises(IqError):
        await client["xep_0199"].send_ping(
            slixmpp.JID(f"{here}/{nick}-nobody"), timeout=WAIT_S)


def test_a_program_finds_an_ordinary_room(gate):
    program, nick = Program(gate, "ann"), gate.nick("ann")
    gate.bob.send(f"MODE {gate.channel} -t")
    gate.bob.barrier()
    joined = run(come_in(program, nick))
    assert {p["from"].resource for p in joined[2]} == {
        gate.bob.nick, nick}
    run(stay(program, nick))
    gate.bob.wait_text("hello from the program", nick=nick)
    gate.bob.wait_for(lambda m: m.command == "TOPIC" and
                      m.text == "a topic from the program")
    gate.bob.wait_text("under another name", nick=nick + "x")
    gate.bob.say(gate.channel, "and from IRC")
    run(program.wait("groupchat_message",
                     lambda m: m["body"] == "and from IRC"))
    wait_for("the archive to have it all", lambda: run(program.archive()) == [
        "hello from the program", "under another name", "and from IRC"], 20)
    gate.bob.kick(gate.channel, nick + "x", "enough")
    gone = run(program.wait("groupchat_presence", lambda p: p["type"] ==
                            "unavailable" and
                            p["from"].resource == nick + "x"))
    assert {110, 307} <= gone["muc"]["status_codes"]
    gate.bob.send(f"MODE {gate.channel} +b {nick}*!*@*")
    gate.bob.barrier()
    with pytest.raises(PresenceError, match="forbidden"):
        run(program.client["xep_0045"].join_muc_wait(
            slixmpp.JID(gate.room), nick, timeout=WAIT_S))
    run(leave(program))


async def leave(program):
    await program.client.disconnect(wait=1)
