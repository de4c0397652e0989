# SPDX-License-Identifier: MIT
"""An IRC user for the tests: a thread that reads, a record of every line, and
waiting for what should come. It shares no code with the program under test.
"""

import dataclasses
import re
import socket
import ssl
import threading
import time

from .process import wait_for

LINE = re.compile(rb"\r\n|\n|\r")
UNESCAPE = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}


def _tag_value(text):
    return re.sub(r"\\(.?)", lambda m: UNESCAPE.get(m[1], m[1]), text)


@dataclasses.dataclass
class Message:
    """One line from the server, taken apart; raw is as it came."""

    raw: str
    source: str
    command: str
    params: list
    tags: dict

    @classmethod
    def parse(cls, raw):
        rest, tags, source = raw, {}, ""
        if rest.startswith("@"):
            text, _, rest = rest[1:].partition(" ")
            for item in text.split(";"):
                key, _, value = item.partition("=")
                tags[key] = _tag_value(value)
        if rest.startswith(":"):
            source, _, rest = rest[1:].partition(" ")
        head, colon, trailing = rest.partition(" :")
        params = head.split()
        if colon:
            params.append(trailing)
        command = params.pop(0).upper() if params else ""
        return cls(raw, source, command, params, tags)

    @property
    def nick(self):
        return self.source.partition("!")[0]

    @property
    def target(self):
        return self.params[0] if self.params else ""

    @property
    def text(self):
        return self.params[-1] if self.params else ""

    @property
    def action(self):
        """The text of a CTCP ACTION, or None."""
        match = re.fullmatch("\x01ACTION (.*?)\x01?", self.text, re.S)
        return match[1] if match else None


class IrcPeer:
    """connect() on entry of a with block, quit on its end."""

    def __init__(self, nick, host, port, tls=None, caps=(), user=None,
                 realname=None):
        self.nick = nick
        self.caps = tuple(caps)
        self.user = user or nick.lower()[:9]
        self.realname = realname or f"Real {nick}"
        self.address = (host, port)
        self.tls = tls
        self.messages = []
        self.offered = {}
        self.isupport = {}
        self.closed = False
        self._changed = threading.Condition()
        self._sock = None
        self._write = threading.Lock()

    # ---- connection

    def connect(self, timeout=15):
        self._sock = socket.create_connection(self.address, timeout)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            self._sock = self.tls.wrap_socket(self._sock,
                                              server_hostname="irc.localhost")
        self._sock.settimeout(None)
        threading.Thread(target=self._read, daemon=True).start()
        if self.caps:
            self.send("CAP LS 302")
        self.send(f"NICK {self.nick}")
        self.send(f"USER {self.user} 0 * :{self.realname}")
        if self.caps:
            self._negotiate(timeout)
        self.wait_for(lambda m: m.command == "001", timeout)
        self.wait_for(lambda m: m.command in ("376", "422"), timeout)
        return self

    def _negotiate(self, timeout):
        self.wait_for(lambda m: m.command == "CAP" and
                      m.params[1:2] == ["LS"] and m.params[2] != "*", timeout)
        wanted = [c for c in self.caps if c in self.offered]
        if wanted:
            self.send(f"CAP REQ :{' '.join(wanted)}")
            self.wait_for(lambda m: m.command == "CAP" and
                          m.params[1:2] in (["ACK"], ["NAK"]), timeout)
        self.send("CAP END")

    def _read(self):
        data = b""
        try:
            while True:
                got = self._sock.recv(65536)
                if not got:
                    break
                *lines, data = LINE.split(data + got)
                for line in lines:
                    if line:
                        self._line(line)
        except (OSError, ssl.SSLError):
            pass
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _line(self, line):
        message = Message.parse(line.decode("utf-8", "surrogateescape"))
        if message.command == "PING":
            self.send(f"PONG :{message.text}")
        elif message.command == "NICK" and message.nick == self.nick:
            self.nick = message.text
        elif message.command == "CAP" and message.params[1:2] == ["LS"]:
            for word in message.text.split():
                name, _, value = word.partition("=")
                self.offered[name] = value
        elif message.command == "005":
            for word in message.params[1:-1]:
                name, _, value = word.partition("=")
                self.isupport[name] = value
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def close(self):
        """Without a word, as when the network breaks."""
        if self._sock:
            try:
                self._sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._sock.close()

    def quit(self, reason="bye"):
        try:
            self.send(f"QUIT :{reason}")
            with self._changed:
                self._changed.wait_for(lambda: self.closed, 3)
        except OSError:
            pass
        self.close()

    def __enter__(self):
        try:
            return self.connect()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_unused):
        self.quit()

    # ---- sending

    def send_raw(self, data):
        with self._write:
            self._sock.sendall(data)

    def send(self, line):
        self.send_raw(line.encode("utf-8", "surrogateescape") + b"\r\n")

    def join(self, channel, timeout=10):
        """Returns when the server has listed who is there."""
        mark = self.mark()
        self.send(f"JOIN {channel}")
        self.wait_for(lambda m: m.command == "366" and
                      m.params[1].lower() == channel.lower(), timeout, mark)

    def part(self, channel, reason="part"):
        self.send(f"PART {channel} :{reason}")

    def say(self, target, text):
        self.send(f"PRIVMSG {target} :{text}")

    def me(self, target, text):
        self.send(f"PRIVMSG {target} :\x01ACTION {text}\x01")

    def notice(self, target, text):
        self.send(f"NOTICE {target} :{text}")

    def topic(self, channel, text):
        """Some servers take one of a channel in a second, whoever sets it:
        until it is taken, or refused for good."""
        def taken():
            since = self.mark()
            self.send(f"TOPIC {channel} :{text}")
            answer = self.wait_for(
                lambda m: m.command.isdigit() and "4" in m.command[:1] or
                m.command == "TOPIC" and m.text == text and
                m.nick == self.nick, since=since)
            return answer.command != "437"
        wait_for(f"{channel} to take a topic", taken, step=0.2)

    def change_nick(self, nick):
        self.send(f"NICK {nick}")
        self.wait_for(lambda m: m.command == "NICK" and m.text == nick)

    def away(self, text=""):
        self.send(f"AWAY :{text}" if text else "AWAY")

    def kick(self, channel, nick, reason="out"):
        self.send(f"KICK {channel} {nick} :{reason}")

    # ---- seeing

    def mark(self):
        """The place in the record from which a wait may start."""
        return len(self.messages)

    def wait_for(self, predicate, timeout=10.0, since=0):
        """The first message from place since on that predicate likes."""
        deadline = time.monotonic() + timeout
        place = since
        with self._changed:
            while True:
                for message in self.messages[place:]:
                    if predicate(message):
                        return message
                place = len(self.messages)
                left = deadline - time.monotonic()
                if self.closed or left <= 0:
                    raise TimeoutError(self._report(timeout))
                self._changed.wait(left)

    def _report(self, timeout):
        last = "\n".join("  " + m.raw[:200] for m in self.messages[-25:])
        state = "closed" if self.closed else f"waited {timeout:g} s"
        return f"{self.nick}: {state}; the last lines were\n{last}"

    def wait_text(self, text, timeout=10.0, since=0, nick=None, target=None,
                  command="PRIVMSG"):
        """A message that holds text, from nick, to target."""
        return self.wait_for(
            lambda m: m.command == command and text in m.text and
            (nick is None or m.nick == nick) and
            (target is None or m.target.lower() == target.lower()),
            timeout, since)

    def texts(self, target=None, since=0):
        """(nick, text) of what was said, oldest first."""
        return [(m.nick, m.text) for m in self.messages[since:]
                if m.command == "PRIVMSG" and
                (target is None or m.target.lower() == target.lower())]

    def names(self, channel, timeout=10):
        """Who the server says is in channel, without prefixes."""
        mark = self.mark()
        self.send(f"NAMES {channel}")
        self.wait_for(lambda m: m.command == "366" and
                      m.params[1].lower() == channel.lower(), timeout, mark)
        found = set()
        for m in self.messages[mark:]:
            if m.command == "353" and m.params[2].lower() == channel.lower():
                for name in m.text.split():
                    found.add(name.lstrip("~&@%+").partition("!")[0])
        return found

    def barrier(self, timeout=20):
        """Everything that the server did before this has been recorded."""
        token = f"barrier-{time.monotonic_ns()}"
        mark = self.mark()
        self.send(f"PING :{token}")
        self.wait_for(lambda m: m.command == "PONG" and m.text == token,
                      timeout, mark)


def tls_context(ca_file=None, certificate=None):
    """For the tls argument; certificate is (pem, key) of a client."""
    context = ssl.create_default_context(cafile=ca_file)
    if ca_file is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(*map(str, certificate))
    return context


def is_typing(message, nick, target, writing):
    """True of a TAGMSG that says so, or that it is over."""
    return (message.command == "TAGMSG" and message.nick == nick and
            message.target == target and
            message.tags.get("+typing") == ("active" if writing else "done"))
