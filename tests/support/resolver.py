# SPDX-License-Identifier: MIT
"""A name server that answers as it is told, on a loopback port.

    with Resolver() as names:
        names.mode = "nxdomain"
        bridge.prefix = names.prefix(folder)

mode is one of MODES; address is what names have where the mode is "right".
Every name has one IPv4 address and none of IPv6.
"""

import socket
import struct
import threading
import time

MODES = ("right", "nxdomain", "servfail", "empty", "silent", "slow")
SLOW_S = 10
TYPE_A = 1
CODES = {"nxdomain": 3, "servfail": 2}


class Resolver:
    def __init__(self):
        self.mode, self.address = "right", "127.0.0.1"
        self.asked = 0
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def prefix(self, folder):
        """What runs a program so that it asks here: the system's file is
        another one for it alone. libevent, unlike libc, reads a port there."""
        path = folder / "resolv.conf"
        path.write_text(f"nameserver 127.0.0.1:{self.port}\n"
                        "options timeout:2 attempts:2\n")
        return ["/usr/bin/unshare", "--mount", "--map-root-user", "/bin/sh",
                "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', path]

    def _run(self):
        while True:
            try:
                query, whom = self.sock.recvfrom(4096)
            except OSError:
                return
            self.asked += 1
            mode = self.mode
            if mode == "silent":
                continue
            answer = self._answer(query, mode)
            if mode == "slow":
                threading.Thread(target=self._later, args=(answer, whom),
                                 daemon=True).start()
            else:
                self.sock.sendto(answer, whom)

    def _later(self, answer, whom):
        time.sleep(SLOW_S)
        try:
            self.sock.sendto(answer, whom)
        except OSError:
            pass  # the test is over

    def _answer(self, query, mode):
        end = 12
        while query[end]:
            end += 1 + query[end]
        kind, = struct.unpack_from(">H", query, end + 1)
        has = kind == TYPE_A and mode in ("right", "slow")
        head = struct.pack(">HHHHHH", struct.unpack_from(">H", query)[0],
                           0x8180 | CODES.get(mode, 0), 1, int(has), 0, 0)
        answer = head + query[12:end + 5]
        if has:
            answer += struct.pack(">HHHIH", 0xc00c, TYPE_A, 1, 0, 4)
            answer += socket.inet_aton(self.address)
        return answer

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_unused):
        self.close()
