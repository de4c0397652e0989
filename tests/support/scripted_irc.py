# SPDX-License-Identifier: MIT
"""Scripted IRC servers, for what no real one does on request.

ScriptedIrc welcomes everybody and relays nothing; a test says what its
clients get to hear, byte by byte. ScramServer lets in only who proves a
password by SCRAM-SHA-256 (RFC 5802, RFC 7677), which Debian's services cannot.
"""

import base64
import os
import socket
import threading
import time

from .scram import Login


class Session:
    """One client, on a thread of its own. lines: what it sent."""

    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.nick, self.named, self.capping = "*", False, False
        self.welcomed = False
        self.lines = []

    def raw(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            pass  # it went away; the test sees that elsewhere

    def say(self, text):
        self.raw(f":scripted.localhost {text}\r\n".encode())

    def run(self, lines):
        for line in lines:
            line = line.rstrip("\r\n")
            self.lines.append(line)
            word, _, rest = line.partition(" ")
            handler = getattr(self, "on_" + word.lower(), None)
            if handler:
                handler(rest)
            if word == "QUIT":
                return

    def welcome(self):
        if self.welcomed or self.capping or not self.named:
            return
        if self.nick == "*":
            return
        self.welcomed = True
        for text in self.server.greeting:
            self.say(text.format(nick=self.nick))

    def on_cap(self, rest):
        if rest.startswith("LS"):
            self.capping = True
            self.say(f"CAP * LS :{self.server.caps}")
        elif rest.startswith("REQ"):
            self.say(f"CAP {self.nick} ACK {rest.partition(' ')[2]}")
        elif rest.startswith("END"):
            self.capping = False
            self.welcome()

    def on_nick(self, rest):
        self.nick = rest.lstrip(":")
        self.welcome()

    def on_user(self, _rest):
        self.named = True
        self.welcome()

    def on_ping(self, rest):
        self.say(f"PONG scripted.localhost {rest}")

    def on_join(self, rest):
        channel = rest.split()[0].lstrip(":")
        self.raw(f":{self.nick}!u@h JOIN {channel}\r\n".encode())
        for start in range(0, len(self.server.members), 20):
            names = " ".join(self.server.members[start:start + 20])
            self.say(f"353 {self.nick} = {channel} :{names}")
        self.say(f"353 {self.nick} = {channel} :{self.nick}")
        self.say(f"366 {self.nick} {channel} :End of NAMES")

    def on_who(self, rest):
        self.say(f"315 {self.nick} {rest.split()[0].lstrip(':')} :End of WHO")


class ScriptedIrc:
    """port, sessions; runs until close()."""

    host = "127.0.0.1"
    name = "scripted"
    session = Session
    caps = ""
    greeting = ("001 {nick} :Welcome", "005 {nick} CHANTYPES=# NICKLEN=30 "
                "PREFIX=(ov)@+ CASEMAPPING=rfc1459 :are supported",
                "422 {nick} :No MOTD")

    def __init__(self, members=()):
        self.members = list(members)
        self.sessions = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        for session in self.sessions:
            try:
                session.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_unused):
        self.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            session = self.session(self, sock)
            self.sessions.append(session)
            threading.Thread(target=self._serve, args=(session,),
                             daemon=True).start()

    def _serve(self, session):
        try:
            with session.sock, session.sock.makefile(
                    "r", encoding="utf-8", errors="surrogateescape",
                    newline="\n") as lines:
                session.run(lines)
        except OSError:
            pass

    def wait_line(self, text, timeout=10.0):
        """The session that sent a line that holds text."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for session in self.sessions:
                if any(text in line for line in list(session.lines)):
                    return session
            time.sleep(0.01)
        said = [s.lines[-10:] for s in self.sessions]
        raise TimeoutError(f"nobody sent {text!r}; last lines {said}")

    def logs(self, lines=30):
        return "\n".join(f"{s.nick} < {line}" for s in self.sessions
                         for line in s.lines[-lines:])


class _TalkativeSession(Session):
    def run(self, lines):
        self.say("NOTICE * :*** Looking up your hostname")
        super().run(lines)


class TalkativeServer(ScriptedIrc):
    """Speaks first, in plain text, as some servers do. (One that is silent
    until it hears a line keeps a TLS client for the whole 30 seconds of its
    patience.)"""

    session = _TalkativeSession


class _ScramSession(Session):
    stage, login, proven = None, None, False

    def challenge(self, text):
        data = base64.b64encode(text.encode()).decode()
        self.raw(f"AUTHENTICATE {data}\r\n".encode())

    def welcome(self):
        if self.named and not self.capping and not self.proven:
            self.server.outcome.append("unproven")
        super().welcome()

    def on_authenticate(self, rest):
        if self.stage is None:
            if rest != "SCRAM-SHA-256":
                self.server.outcome.append(rest)
                self.say(f"904 {self.nick} :No such mechanism")
                return
            self.login = Login(self.server.account, self.server.password)
            self.stage = "first"
            self.raw(b"AUTHENTICATE +\r\n")
        elif self.stage == "first":
            self.step(rest, self.login.challenge, "proof")
        elif self.stage == "proof":
            self.step(rest, self.login.verify, "done")
        else:
            self.end(rest)

    def step(self, data, answer, stage):
        reply = answer(base64.b64decode(data).decode())
        if reply is None:
            self.server.outcome.append("wrong")
            self.say(f"904 {self.nick} :SASL authentication failed")
            self.stage = None
            return
        if stage == "done" and self.server.lie:
            reply = "v=" + base64.b64encode(os.urandom(32)).decode()
        self.stage = stage
        self.challenge(reply)

    def end(self, rest):
        if rest == "*":
            self.server.outcome.append("aborted")
            self.say(f"906 {self.nick} :SASL authentication aborted")
            return
        self.proven = True
        self.server.outcome.append("ok")
        account = self.server.account
        self.say(f"900 {self.nick} {self.nick}!u@h {account} :You are in")
        self.say(f"903 {self.nick} :SASL authentication successful")


class ScramServer(ScriptedIrc):
    """outcome collects "ok", "wrong", "aborted", "unproven" (came in without)
    or the mechanism tried instead. lie: give a false server signature."""

    session = _ScramSession
    caps = "sasl=SCRAM-SHA-256"

    def __init__(self, account, password, lie=False):
        self.account, self.password, self.lie = account, password, lie
        self.outcome = []
        super().__init__()
