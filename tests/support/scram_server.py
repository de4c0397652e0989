# SPDX-License-Identifier: MIT
"""A scripted IRC server that lets in only who proves a password by
SCRAM-SHA-256 (RFC 5802, RFC 7677). Debian's services have no such mechanism.

It knows one account, keeps one channel open to everybody, and relays nothing:
what is under test is the login. outcome collects "ok", "wrong" or the name of
whatever else the client tried.
"""

import base64
import hashlib
import hmac
import os
import socket
import threading

ITERATIONS = 4096


def _hmac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def _fields(text):
    return dict(item.split("=", 1) for item in text.split(",") if "=" in item)


class _Login:
    """The server's half of one exchange."""

    def __init__(self, account, password):
        self.account = account
        self.salt = os.urandom(16)
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), self.salt,
                                     ITERATIONS)
        client_key = _hmac(salted, b"Client Key")
        self.stored = hashlib.sha256(client_key).digest()
        self.server_key = _hmac(salted, b"Server Key")
        self.first = self.nonce = None

    def challenge(self, message):
        gs2, self.first = message[:3], message[3:]
        fields = _fields(self.first)
        if gs2 != "n,," or fields.get("n") != self.account:
            return None
        nonce = base64.b64encode(os.urandom(18)).decode()
        self.nonce = fields["r"] + nonce
        salt = base64.b64encode(self.salt).decode()
        self.second = f"r={self.nonce},s={salt},i={ITERATIONS}"
        return self.second

    def verify(self, message):
        bare, _, proof = message.rpartition(",p=")
        fields = _fields(bare)
        auth = f"{self.first},{self.second},{bare}".encode()
        signature = _hmac(self.stored, auth)
        proof = base64.b64decode(proof)
        if len(proof) != len(signature):
            return None
        key = bytes(a ^ b for a, b in zip(proof, signature))
        if (hashlib.sha256(key).digest() != self.stored or
                fields.get("c") != "biws" or fields.get("r") != self.nonce):
            return None
        return "v=" + base64.b64encode(_hmac(self.server_key, auth)).decode()


class ScramServer:
    """port, outcome; runs until close(). lie: a false server signature."""

    def __init__(self, account, password, lie=False):
        self.account, self.password, self.lie = account, password, lie
        self.outcome = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

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
            threading.Thread(target=self._serve, args=(sock,),
                             daemon=True).start()

    def _serve(self, sock):
        try:
            with sock, sock.makefile("r", encoding="utf-8",
                                     errors="replace") as lines:
                _Session(self, sock).run(lines)
        except OSError:
            pass


class _Session:
    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.nick, self.stage, self.login = "*", None, None
        self.proven = False

    def say(self, text):
        self.sock.sendall(f":scram.localhost {text}\r\n".encode())

    def challenge(self, text):
        data = base64.b64encode(text.encode()).decode()
        self.sock.sendall(f"AUTHENTICATE {data}\r\n".encode())

    def run(self, lines):
        for line in lines:
            word, _, rest = line.strip().partition(" ")
            handler = getattr(self, "on_" + word.lower(), None)
            if handler:
                handler(rest)
            if word == "QUIT":
                return

    def on_cap(self, rest):
        if rest.startswith("LS"):
            self.say("CAP * LS :sasl=SCRAM-SHA-256")
        elif rest.startswith("REQ"):
            self.say(f"CAP {self.nick} ACK {rest.partition(' ')[2]}")
        elif rest.startswith("END"):
            if not self.proven:
                self.server.outcome.append("unproven")
            self.welcome()

    def on_nick(self, rest):
        self.nick = rest.lstrip(":")

    def welcome(self):
        self.say(f"001 {self.nick} :Welcome")
        self.say(f"005 {self.nick} CHANTYPES=# NICKLEN=30 :are supported")
        self.say(f"422 {self.nick} :No MOTD")

    def on_ping(self, rest):
        self.say(f"PONG scram.localhost {rest}")

    def on_join(self, rest):
        self.sock.sendall(f":{self.nick}!u@h JOIN {rest}\r\n".encode())
        self.say(f"353 {self.nick} = {rest} :{self.nick}")
        self.say(f"366 {self.nick} {rest} :End")

    def on_authenticate(self, rest):
        if self.stage is None:
            if rest != "SCRAM-SHA-256":
                self.server.outcome.append(rest)
                self.say(f"904 {self.nick} :No")
                return
            self.login = _Login(self.server.account, self.server.password)
            self.stage = "first"
            self.sock.sendall(b"AUTHENTICATE +\r\n")
        elif self.stage == "first":
            self.step(rest, self.login.challenge, "proof")
        elif self.stage == "proof":
            self.step(rest, self.login.verify, "done")
        else:
            self.finish()

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

    def finish(self):
        self.proven = True
        self.server.outcome.append("ok")
        account = self.server.account
        self.say(f"900 {self.nick} {self.nick}!u@h {account} :You are in")
        self.say(f"903 {self.nick} :SASL authentication successful")
