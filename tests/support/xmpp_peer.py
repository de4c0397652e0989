# SPDX-License-Identifier: MIT
"""An XMPP user for the tests: slixmpp on a loop in a thread of its own, a
record of every stanza, and helpers that block until something came.

Stanzas are sent as XML text, so that a test decides every byte of them, and
recorded as Stanza, a reading of the element that came.
"""

import asyncio
import functools
import logging
import ssl
import threading
import time
import types
import urllib.request
import uuid
from xml.sax.saxutils import escape, quoteattr

# it says at import that it would rather be compiled
logging.getLogger("slixmpp").setLevel(logging.ERROR)
import slixmpp  # noqa: E402 pylint: disable=wrong-import-position

# The machine's certificates are read once, and not for each client: 50 ms.
slixmpp.xmlstream.xmlstream.ssl = types.SimpleNamespace(**{
    **vars(ssl),
    "create_default_context": functools.cache(ssl.create_default_context)})

CLIENT = "{jabber:client}"
MUC = "http://jabber.org/protocol/muc"
USER = "{http://jabber.org/protocol/muc#user}"
DELAY = "{urn:xmpp:delay}delay"
UPLOAD = "urn:xmpp:http:upload:0"


class Refused(Exception):
    """The server answered with an error; its condition is the text."""


class Stanza:
    """One stanza as it came; element is what slixmpp parsed."""

    def __init__(self, element):
        self.element = element
        self.kind = element.tag.rpartition("}")[2]
        self.type = element.get("type", "")
        self.id = element.get("id", "")
        self.sender = element.get("from", "")
        self.to = element.get("to", "")
        self.bare, _, self.nick = self.sender.partition("/")

    def child(self, name):
        """Text of a child in the stream's own namespace, or None."""
        found = self.element.find(CLIENT + name)
        return None if found is None else found.text or ""

    def other(self, name):
        """The first child of that name, of whatever namespace, or None."""
        return next((e for e in self.element
                     if e.tag.rpartition("}")[2] == name), None)

    body = property(lambda self: self.child("body"))
    subject = property(lambda self: self.child("subject"))
    show = property(lambda self: self.child("show") or "")
    status = property(lambda self: self.child("status") or "")
    delayed = property(lambda self: self.element.find(DELAY) is not None)

    @property
    def codes(self):
        return {int(e.get("code")) for e in
                self.element.iter(USER + "status")}

    @property
    def item(self):
        """Attributes of the MUC item; {} if none."""
        found = self.element.find(f"{USER}x/{USER}item")
        return {} if found is None else dict(found.attrib)

    @property
    def reason(self):
        found = self.element.find(f"{USER}x/{USER}item/{USER}reason")
        return "" if found is None else found.text or ""

    @property
    def error(self):
        """The defined condition of an error, or ""."""
        found = self.element.find(CLIENT + "error")
        if found is None:
            return ""
        return next((e.tag.rpartition("}")[2] for e in found
                     if "stanzas" in e.tag and not e.tag.endswith("text")),
                    "undefined")

    def __repr__(self):
        return slixmpp.xmlstream.tostring(self.element)[:400]


_loop = None
_loop_lock = threading.Lock()


def _the_loop():
    """One loop in one daemon thread serves every peer of the process."""
    global _loop  # pylint: disable=global-statement
    with _loop_lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, daemon=True).start()
    return _loop


class XmppPeer:
    """connect() on entry of a with block, close() on its end."""

    def __init__(self, user, port, host="localhost", resource=None,
                 password=None):
        self.user = user
        self.jid = f"{user}@{host}"
        self.resource = resource or f"r{uuid.uuid4().hex[:8]}"
        self.full = f"{self.jid}/{self.resource}"
        self.password = password or user
        self.port = port
        self.record = []
        self.nicks = {}
        self.closed = False
        self._changed = threading.Condition()
        self._client = None

    # ---- connection

    def _call(self, coroutine, timeout=30):
        return asyncio.run_coroutine_threadsafe(
            coroutine, _the_loop()).result(timeout)

    def connect(self, timeout=20):
        self._call(self._connect(timeout), timeout + 5)
        self.send("<presence/>")
        return self

    async def _connect(self, timeout):
        client = slixmpp.ClientXMPP(self.full, self.password)
        client.use_aiodns = False
        # thousands of rounds of SCRAM in Python would be most of a test
        client.plugin["feature_mechanisms"].use_mech = "PLAIN"
        client.plugin["feature_mechanisms"].unencrypted_plain = True
        client.whitespace_keepalive = False
        ended = asyncio.get_running_loop().create_future()

        def settle(why):
            if not ended.done():
                ended.set_result(why)
        client.add_event_handler("session_start", lambda _: settle(None))
        client.add_event_handler("failed_auth",
                                 lambda _: settle("not authorised"))
        client.add_event_handler("connection_failed",
                                 lambda e: settle(str(e)))
        client.add_event_handler("disconnected", self._on_closed)
        client.add_filter("in", self._on_stanza)
        self._client = client
        client.connect(("127.0.0.1", self.port), force_starttls=False,
                       disable_starttls=True)
        why = await asyncio.wait_for(ended, timeout)
        if why:
            client.abort()
            raise Refused(why)
        self.full = client.boundjid.full

    def _on_stanza(self, stanza):
        with self._changed:
            self.record.append(Stanza(stanza.xml))
            self._changed.notify_all()
        return stanza

    def _on_closed(self, _reason):
        # slixmpp leaves this task behind, and asyncio then complains
        task = self._client._run_out_filters  # pylint: disable=W0212
        if task:
            task.cancel()
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def close(self):
        """An orderly goodbye."""
        async def leave():
            await self._client.disconnect(wait=1)
        if self._client and not self.closed:
            try:
                self._call(leave(), 5)
            except Exception:  # pylint: disable=broad-except
                self.abort()

    def abort(self):
        """Without a word, as when the network breaks."""
        _the_loop().call_soon_threadsafe(self._client.abort)

    def __enter__(self):
        return self.connect()

    def __exit__(self, *_unused):
        self.close()

    # ---- sending

    def send(self, xml):
        """XML text as it is."""
        _the_loop().call_soon_threadsafe(self._client.send_raw, xml)

    def message(self, to, body, kind, ident=None, extra=""):
        """Returns the id that the message got."""
        ident = ident or uuid.uuid4().hex
        self.send(f"<message to={quoteattr(to)} type='{kind}' "
                  f"id={quoteattr(ident)}><body>{escape(body)}</body>"
                  f"{extra}</message>")
        return ident

    def say(self, room, text, ident=None, extra=""):
        return self.message(room, text, "groupchat", ident, extra)

    def me(self, room, text):
        return self.say(room, f"/me {text}")

    def chat(self, jid, text):
        return self.message(jid, text, "chat")

    def private(self, room, nick, text):
        return self.message(f"{room}/{nick}", text, "chat", None,
                            f"<x xmlns='{MUC}#user'/>")

    def subject(self, room, text):
        self.send(f"<message to={quoteattr(room)} type='groupchat'>"
                  f"<subject>{escape(text)}</subject></message>")

    def presence(self, show="", status="", room=None):
        """In one room, or in all that were joined."""
        inner = (f"<show>{show}</show>" if show else "") + (
            f"<status>{escape(status)}</status>" if status else "")
        for name in [room] if room else list(self.nicks):
            to = quoteattr(f"{name}/{self.nicks[name]}")
            self.send(f"<presence to={to}>{inner}</presence>")

    def iq(self, to, payload, kind="get", timeout=10):
        """The answer as a Stanza; Refused if it is an error."""
        ident = uuid.uuid4().hex
        self.send(f"<iq to={quoteattr(to)} type='{kind}' id='{ident}'>"
                  f"{payload}</iq>")
        answer = self.wait_for(lambda s: s.kind == "iq" and s.id == ident and
                               s.type in ("result", "error"), timeout)
        if answer.type == "error":
            raise Refused(answer.error)
        return answer

    def upload(self, service, data, name, kind):
        """The link of what was uploaded (XEP-0363)."""
        slot = self.iq(service, f"<request xmlns='{UPLOAD}' filename="
                       f"{quoteattr(name)} size='{len(data)}' "
                       f"content-type='{kind}'/>").element.find(
                           f"{{{UPLOAD}}}slot")
        put = slot.find(f"{{{UPLOAD}}}put")
        request = urllib.request.Request(
            put.get("url"), data, method="PUT",
            headers={"Content-Type": kind,
                     **{h.get("name"): h.text
                        for h in put.findall(f"{{{UPLOAD}}}header")}})
        with urllib.request.urlopen(request, timeout=30):
            return slot.find(f"{{{UPLOAD}}}get").get("url")

    # ---- rooms

    def join(self, room, nick, password="", timeout=15):
        """Returns when the room has shown everybody and its subject."""
        mark = self.mark()
        key = f"<password>{escape(password)}</password>" if password else ""
        self.send(f"<presence to={quoteattr(f'{room}/{nick}')}>"
                  f"<x xmlns='{MUC}'>{key}<history maxstanzas='0'/></x>"
                  f"</presence>")
        answer = self.wait_for(
            lambda s: s.kind == "presence" and s.bare == room and
            (s.type == "error" or 110 in s.codes), timeout, mark)
        if answer.type == "error":
            raise Refused(answer.error)
        self.nicks[room] = answer.nick
        self.wait_for(lambda s: s.kind == "message" and s.bare == room and
                      s.subject is not None and s.body is None, timeout, mark)
        return self

    def leave(self, room, reason=""):
        mark = self.mark()
        text = f"<status>{escape(reason)}</status>" if reason else ""
        to = quoteattr(f"{room}/{self.nicks.pop(room)}")
        self.send(f"<presence type='unavailable' to={to}>{text}</presence>")
        self.wait_for(lambda s: s.kind == "presence" and s.bare == room and
                      s.type == "unavailable" and 110 in s.codes, 10, mark)

    def change_nick(self, room, nick):
        mark = self.mark()
        self.send(f"<presence to={quoteattr(f'{room}/{nick}')}/>")
        answer = self.wait_for(
            lambda s: s.kind == "presence" and s.bare == room and
            (s.type == "error" or (not s.type and 110 in s.codes)), 10, mark)
        if answer.type == "error":
            raise Refused(answer.error)
        self.nicks[room] = nick

    def _admin(self, room, attributes, reason):
        self.iq(room, f"<query xmlns='{MUC}#admin'><item {attributes}>"
                f"<reason>{escape(reason)}</reason></item></query>", "set")

    def kick(self, room, nick, reason="out"):
        self._admin(room, f"nick={quoteattr(nick)} role='none'", reason)

    def ban(self, room, jid, reason="out"):
        self._admin(room, f"jid={quoteattr(jid)} affiliation='outcast'",
                    reason)

    def destroy(self, room):
        self.iq(room, f"<query xmlns='{MUC}#owner'><destroy/></query>",
                "set")

    def configure(self, room, **fields):
        """Room options by their short names, such as moderatedroom=1."""
        inner = "".join(
            f"<field var='muc#roomconfig_{name}'><value>{value}</value>"
            f"</field>" for name, value in fields.items())
        self.iq(room, f"<query xmlns='{MUC}#owner'>"
                f"<x xmlns='jabber:x:data' type='submit'>"
                f"<field var='FORM_TYPE' type='hidden'>"
                f"<value>{MUC}#roomconfig</value></field>{inner}</x></query>",
                "set")

    def occupants(self, room):
        """{nick: latest presence} as the record has it."""
        found = {}
        for s in list(self.record):
            if (s.kind != "presence" or s.bare != room or not s.nick or
                    s.type == "error"):
                continue
            if s.type == "unavailable":
                found.pop(s.nick, None)
                if 110 in s.codes and 303 not in s.codes:
                    found.clear()
            else:
                found[s.nick] = s
        return found

    # ---- seeing

    def mark(self):
        return len(self.record)

    def wait_for(self, predicate, timeout=10.0, since=0):
        """The first stanza from place since on that predicate likes."""
        deadline = time.monotonic() + timeout
        place = since
        with self._changed:
            while True:
                for stanza in self.record[place:]:
                    if predicate(stanza):
                        return stanza
                place = len(self.record)
                left = deadline - time.monotonic()
                if self.closed or left <= 0:
                    raise TimeoutError(self._report(timeout))
                self._changed.wait(left)

    def _report(self, timeout):
        last = "\n".join(f"  {s!r}" for s in self.record[-15:])
        state = "closed" if self.closed else f"waited {timeout:g} s"
        return f"{self.jid}: {state}; the last stanzas were\n{last}"

    def wait_text(self, text, timeout=10.0, since=0, nick=None, room=None,
                  kind="groupchat"):
        """A live message whose body holds text."""
        return self.wait_for(
            lambda s: s.kind == "message" and s.type == kind and
            text in (s.body or "") and not s.delayed and
            (nick is None or s.nick == nick) and
            (room is None or s.bare == room), timeout, since)

    def wait_occupant(self, room, nick, timeout=10.0):
        with self._changed:
            done = self._changed.wait_for(
                lambda: nick in self.occupants(room) or self.closed, timeout)
        if not done or self.closed:
            raise TimeoutError(f"{nick} is not in {room}; there are "
                               f"{sorted(self.occupants(room))}")
        return self.occupants(room)[nick]

    def wait_gone(self, room, nick, timeout=10.0, since=0):
        """Their unavailable presence."""
        return self.wait_for(
            lambda s: s.kind == "presence" and s.bare == room and
            s.nick == nick and s.type == "unavailable", timeout, since)

    def texts(self, room, since=0):
        """(nick, body) of what was said live, oldest first."""
        return [(s.nick, s.body) for s in list(self.record)[since:]
                if s.kind == "message" and s.bare == room and not s.delayed
                and s.type == "groupchat" and s.body is not None]

    def barrier(self, timeout=20):
        """What our server sent before this has been recorded."""
        try:
            self.iq(self.jid.partition("@")[2],
                    "<ping xmlns='urn:xmpp:ping'/>", timeout=timeout)
        except Refused:
            pass
