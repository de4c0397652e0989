#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A network of its own for servers and a bridge, in which packets get lost.

A Namespace is a network namespace with nothing but loopback: root makes one
itself, others within a user namespace of theirs. Processes enter it by
Process(inside=...); real servers and the bridge in it talk to each other over
real TCP, and nftables drop what a test says:

    space.lose(port, "up")      what goes to the server, nobody is told
    space.lose(port, "both")
    space.refuse(port)          every packet is answered by RST
    space.heal()

Who tests is outside, and reaches a server inside by a door: a port of the same
number on the outer loopback. A helper in the namespace takes what comes to it
further, from DOOR, an address that no rule is about; so whoever tests sees
what really happened.
"""

import array
import asyncio
import os
import pathlib
import socket
import subprocess
import sys

CHUNK = 65536
DOOR = "127.0.0.9"
TABLE = "inet faults"
LISTENS = "0A"  # TCP_LISTEN, as /proc/net/tcp has it


# ---- inside: the helper ----------------------------------------------------

async def _carry(reader, writer):
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def _enter(port, reader, writer):
    try:
        there = await asyncio.open_connection("127.0.0.1", port,
                                              local_addr=(DOOR, 0))
    except OSError:
        writer.close()
        return
    await asyncio.gather(_carry(reader, there[1]), _carry(there[0], writer))


def _nft(text):
    """The answer: "0" or "1", and what nft said."""
    done = subprocess.run(["nft", "-f", "-"], input=text, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return (b"1" if done.returncode else b"0") + done.stdout


async def _serve(control):
    """A message on control is rules for nft, or comes with a listening socket
    of the outer network."""
    loop = asyncio.get_running_loop()
    control.setblocking(False)
    control.send(b"ready")
    come, doors = asyncio.Queue(), []
    loop.add_reader(control, lambda: come.put_nowait(
        control.recvmsg(CHUNK, socket.CMSG_SPACE(4))))
    while True:
        data, extra, _, _ = await come.get()
        if not data:
            return
        if not extra:
            control.send(_nft(data))
            continue
        number = array.array("i", extra[0][2])[0]
        door = socket.socket(fileno=number)
        port = door.getsockname()[1]
        doors.append(await asyncio.start_server(
            lambda r, w, p=port: _enter(p, r, w), sock=door))
        control.send(b"0")


def _main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    asyncio.run(_serve(socket.socket(fileno=0)))


# ---- outside ---------------------------------------------------------------

ADVICE = """\
These tests lose packets in a network namespace, which is not allowed here:
%s
Run them as root, or let everybody make user namespaces
(sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces=1000);
in a container: docker run --cap-add SYS_ADMIN,NET_ADMIN."""


class Namespace:
    def __init__(self, folder):
        from .process import Failure, Process
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._root = os.geteuid() == 0
        self._control, theirs = socket.socketpair(socket.AF_UNIX,
                                                  socket.SOCK_SEQPACKET)
        self.process = Process(
            "namespace", ["/usr/bin/unshare", "--net",
                          *([] if self._root else [
                              "--user", "--map-current-user", "--keep-caps"]),
                          sys.executable, pathlib.Path(__file__).resolve()],
            self.folder, privileged=True, stdin=theirs)
        theirs.close()
        self._control.settimeout(20)
        if self._control.recv(CHUNK) != b"ready":
            self.process.kill9()
            raise Failure(ADVICE % self.process.output())
        self.nft(f"table {TABLE} {{ chain input {{ type filter hook input "
                 f"priority 0; }}; }}")

    @property
    def enter(self):
        """The beginning of a command line that is to run inside."""
        user = [] if self._root else ["--user", "--preserve-credentials"]
        return ["/usr/bin/nsenter", f"--target={self.process.pid}", "--net",
                *user, "--"]

    def door(self, port):
        """The port can be reached from outside, under the same number."""
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(("127.0.0.1", port))
            door.listen(64)
            socket.send_fds(self._control, [b"d"], [door.fileno()])
            assert self._control.recv(CHUNK) == b"0"

    def listens(self, port):
        """True if somebody inside takes connections on that port."""
        tcp = pathlib.Path(f"/proc/{self.process.pid}/net/tcp").read_text()
        rows = [line.split() for line in tcp.splitlines()[1:]]
        return any(row[3] == LISTENS and int(row[1].split(":")[1], 16) == port
                   for row in rows)

    def nft(self, text):
        """The rules of text; what nft says. The helper runs it: who comes in
        later has no right to."""
        self._control.send(text.encode())
        answer = self._control.recv(CHUNK).decode()
        assert answer[0] == "0", answer
        return answer[1:]

    def lose(self, port, direction="both", one_in=1):
        """Each packet, or one in so many by chance, between the bridge and
        the server on that port is lost without a word."""
        chance = f"numgen random mod {one_in} == 0 " if one_in > 1 else ""
        up = f"ip saddr 127.0.0.1 tcp dport {port}"
        down = f"ip daddr 127.0.0.1 tcp sport {port}"
        for name, match in (("up", up), ("down", down)):
            if direction in (name, "both"):
                self.nft(f"add rule {TABLE} input {match} {chance}counter "
                         f"drop")

    def refuse(self, port):
        """Each packet of the bridge to that port is answered by RST."""
        self.nft(f"add rule {TABLE} input ip saddr 127.0.0.1 tcp dport "
                 f"{port} counter reject with tcp reset")

    def lost(self):
        """How many packets the rules have met so far."""
        words = self.nft(f"list table {TABLE}").split()
        return sum(int(n) for word, n in zip(words, words[1:])
                   if word == "packets")

    def heal(self):
        self.nft(f"flush chain {TABLE} input")

    def stop(self):
        self._control.close()
        self.process.kill9()


if __name__ == "__main__":
    _main()
