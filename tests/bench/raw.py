# SPDX-License-Identifier: MIT
"""Peers that cost next to nothing: bytes out, bytes in, counted by pattern.

The libraries that the tests use would be slower than what is measured. These
know just enough of each protocol to log in and to join.
"""

import base64
import hashlib
import re
import select
import socket
import threading
import time

MARK = re.compile(rb"n([0-9]{6})n")


class Peer:
    """A connection whose reader notes when each numbered mark first came."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), 30)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.seen = {}
        self.count = 0
        self.tail = b""
        self.text = b""
        self.keep = True
        self.reader = None

    def start(self):
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        return self

    def _read(self):
        while True:
            try:
                data = self.sock.recv(1 << 18)
            except OSError:
                return
            if not data:
                return
            self._take(data, time.perf_counter())

    def _take(self, data, now):
        self.on_data(data)
        whole = self.tail + data
        last = 0
        for m in MARK.finditer(whole):
            self.seen.setdefault(int(m.group(1)), now)
            last = m.end()
        self.tail = whole[max(last, len(whole) - 7):]
        if self.keep:
            self.text = (self.text + data)[-200000:]

    def on_data(self, data):
        pass

    def send(self, data):
        self.sock.sendall(data)

    def wait(self, condition, what, timeout=60):
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError(f"waited {timeout} s for {what}")
            time.sleep(0.005)

    def wait_text(self, text, timeout=60):
        self.wait(lambda: text in self.text, text.decode(), timeout)

    def reset(self):
        self.seen = {}

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


class Irc(Peer):
    def __init__(self, port, nick):
        super().__init__(port)
        self.nick = nick
        self.pings = b""
        self.start()
        self.send(f"NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n".encode())
        self.wait_text(b" 001 ")

    def on_data(self, data):
        for line in data.split(b"\r\n"):
            if line.startswith(b"PING"):
                self.send(b"PONG" + line[4:] + b"\r\n")

    def join(self, channel):
        self.send(f"JOIN {channel}\r\n".encode())
        self.wait_text(b" 366 ")
        return self

    def line(self, channel, n, size=60):
        pad = "x" * (size - 8)
        return f"PRIVMSG {channel} :n{n:06d}n{pad}\r\n".encode()


class XmppComponent(Peer):
    """XEP-0114: sends from any address of its domain."""

    def __init__(self, port, domain, secret):
        super().__init__(port)
        self.domain = domain
        self.start()
        self.send(b"<stream:stream xmlns='jabber:component:accept' "
                  b"xmlns:stream='http://etherx.jabber.org/streams' to='"
                  + domain.encode() + b"'>")
        self.wait(lambda: re.search(rb"id=['\"]([^'\"]+)", self.text),
                  "a stream id")
        stream = re.search(rb"<stream:stream[^>]*\bid=['\"]([^'\"]+)",
                           self.text).group(1)
        digest = hashlib.sha1(stream + secret.encode()).hexdigest()
        self.send(f"<handshake>{digest}</handshake>".encode())
        self.wait(lambda: b"<handshake" in self.text, "the handshake")

    def join(self, room, nick, user=None):
        user = user or nick
        self.send(
            f"<presence from='{user}@{self.domain}/r' to='{room}/{nick}'>"
            "<x xmlns='http://jabber.org/protocol/muc'>"
            "<history maxstanzas='0'/></x></presence>".encode())
        return self

    def message(self, room, user, n, size=60):
        pad = "x" * (size - 8)
        return (f"<message from='{user}@{self.domain}/r' to='{room}' "
                f"type='groupchat' id='m{n}'><body>n{n:06d}n{pad}</body>"
                "</message>").encode()


class XmppClient(Peer):
    """A client on an unencrypted stream; SASL PLAIN."""

    def __init__(self, port, user, host="localhost"):
        super().__init__(port)
        self.user, self.host = user, host
        self.start()
        self._open()
        token = base64.b64encode(f"\0{user}\0{user}".encode()).decode()
        self.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
                  f"mechanism='PLAIN'>{token}</auth>".encode())
        self.wait_text(b"<success")
        self.text = b""
        self._open()
        self.send(b"<iq type='set' id='b'><bind "
                  b"xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                  b"<resource>bench</resource></bind></iq>")
        self.wait_text(b"<jid>")
        self.send(b"<presence/>")

    def _open(self):
        self.send("<stream:stream xmlns='jabber:client' xmlns:stream="
                  "'http://etherx.jabber.org/streams' version='1.0' "
                  f"to='{self.host}'>".encode())
        self.wait_text(b"features>")

    def join(self, room, nick):
        self.send(
            f"<presence to='{room}/{nick}'>"
            "<x xmlns='http://jabber.org/protocol/muc'>"
            "<history maxstanzas='0'/></x></presence>".encode())
        self.wait_text(b"code='110'")
        return self

    def message(self, room, n, size=60):
        pad = "x" * (size - 8)
        return (f"<message to='{room}' type='groupchat' id='m{n}'>"
                f"<body>n{n:06d}n{pad}</body></message>").encode()


def writable(sock, timeout):
    return bool(select.select([], [sock], [], timeout)[1])
