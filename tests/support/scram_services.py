# SPDX-License-Identifier: MIT
"""Services of a real InspIRCd that know SCRAM-SHA-256, which Debian's Atheme
does not: just enough of a server (protocol 1205) to answer SASL."""

import base64
import os
import socket
import threading
import time

from .process import wait_for
from .scram import Login

NAME, SID, AGENT = "services.localhost", "00A", "00AAAAAAA"


class ScramServices:
    """Of one account, on a thread of its own, beside a server that runs.
    outcome collects "ok", "wrong", "aborted", or another mechanism that
    somebody tried. lie: prove knowledge of the password falsely."""

    def __init__(self, inspircd, account, password):
        self.account, self.password = account, password
        self.lie, self.outcome = False, []
        self._logins, self._there = {}, False
        self._sock = socket.create_connection(
            ("127.0.0.1", inspircd.link_port))
        for line in ("CAPAB START 1205", "CAPAB CAPABILITIES :PROTOCOL=1205",
                     "CAPAB END", f"SERVER {NAME} linked 0 {SID} :Services",
                     f":{SID} BURST {int(time.time())}",
                     f":{SID} METADATA * saslmechlist :SCRAM-SHA-256",
                     f":{SID} ENDBURST"):
            self._send(line)
        threading.Thread(target=self._run, daemon=True).start()
        wait_for("the services to be linked", lambda: self._there, 20)

    def close(self):
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._sock.close()

    def _send(self, line):
        self._sock.sendall(line.encode() + b"\r\n")

    def _run(self):
        try:
            for line in self._sock.makefile("r", encoding="utf-8",
                                            errors="replace"):
                self._line(line.rstrip("\r\n"))
        except (OSError, ValueError):
            pass  # closed

    def _line(self, line):
        words = line.split()
        if words[1:2] == ["PING"]:
            self._send(f":{SID} PONG {SID} {words[2].lstrip(':')}")
        elif words[1:2] == ["ENDBURST"]:
            self._there = True
        elif words[1:2] == ["ENCAP"] and words[3] == "SASL":
            self._sasl(words[0][1:], words[4], words[6], words[7:])

    def _answer(self, server, user, kind, data):
        self._send(f":{SID} ENCAP {server} SASL {AGENT} {user} {kind} {data}")

    def _sasl(self, server, user, kind, data):
        if kind == "S":
            self._logins[user] = None
            if data[0] == "SCRAM-SHA-256":
                self._logins[user] = [Login(self.account, self.password), 0]
                self._answer(server, user, "C", "+")
            else:
                self.outcome.append(data[0])
                self._answer(server, user, "D", "F")
        elif kind == "C" and self._logins.get(user):
            self._step(server, user, data[0])
        elif kind == "D":
            self.outcome.append("aborted")
            self._logins.pop(user, None)

    def _step(self, server, user, data):
        login, stage = self._logins[user]
        self._logins[user][1] += 1
        if data == "*":
            self.outcome.append("aborted")
            reply = None
        elif stage == 2:
            self.outcome.append("ok")
            self._send(f":{SID} METADATA {user} accountname :{self.account}")
            self._answer(server, user, "D", "S")
            return
        else:
            message = base64.b64decode(data.replace("+", "", data == "+"))
            message = message.decode()
            step = login.verify if stage else login.challenge
            reply = step(message)
            if reply is None:
                self.outcome.append("wrong")
        if reply is None:
            self._answer(server, user, "D", "F")
            return
        if stage and self.lie:
            reply = "v=" + base64.b64encode(os.urandom(32)).decode()
        self._answer(server, user, "C",
                     base64.b64encode(reply.encode()).decode())
