# SPDX-License-Identifier: MIT
"""Drives irc_peer_lib, the IRC user on libircclient, by its pipes."""

import os
import re
import subprocess
import threading
import time

from .process import Failure, Process


def _unescape(text):
    raw = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]),
                 text.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "surrogateescape")


class LibPeer:
    """events: lists of [name, origin, parameter...] as they came."""

    def __init__(self, nick, server, folder):
        program = os.environ.get("IRC_PEER_LIB", "")
        if not os.access(program, os.X_OK):
            raise Failure("IRC_PEER_LIB does not name irc_peer_lib; "
                          "tests/run does that")
        self.nick = nick
        self.events = []
        self._changed = threading.Condition()
        self.process = Process(
            f"lib-{nick}", [os.path.abspath(program), server.host,
                            server.port, nick], folder, privileged=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        threading.Thread(target=self._read, daemon=True).start()
        self.wait_for(lambda e: e[0] in ("376", "422"))

    def _read(self):
        for line in self.process.popen.stdout:
            word, *fields = line.decode("utf-8", "surrogateescape").rstrip(
                "\n").split("\t")
            if word != "event":
                continue
            with self._changed:
                self.events.append([_unescape(f) for f in fields])
                self._changed.notify_all()

    def send(self, line):
        self.process.popen.stdin.write(line.encode() + b"\n")
        self.process.popen.stdin.flush()

    def wait_for(self, predicate, timeout=10.0):
        deadline = time.monotonic() + timeout
        place = 0
        with self._changed:
            while True:
                for event in self.events[place:]:
                    if predicate(event):
                        return event
                place = len(self.events)
                left = deadline - time.monotonic()
                if left <= 0 or not self.process.alive():
                    last = "\n".join(map(str, self.events[-20:]))
                    raise TimeoutError(f"{self.nick}: nothing; last:\n{last}")
                self._changed.wait(min(left, 1))

    def join(self, channel):
        self.send(f"join {channel}")
        self.wait_for(lambda e: e[0] == "366" and channel in e)

    def close(self):
        if self.process.alive():
            try:
                self.send("quit bye")
                self.process.popen.wait(3)
            except (OSError, subprocess.TimeoutExpired):
                pass
        self.process.kill9()
