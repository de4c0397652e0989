# SPDX-License-Identifier: MIT
"""A TCP proxy that breaks what passes through it, when it is told to.

    with Proxy(server_port) as proxy:
        connect to 127.0.0.1, proxy.port
        proxy.change("up", delay_ms=200)    towards the server
        proxy.change("down", drop=True)     towards the client
        proxy.clear()

A change holds for every connection, also for those that come later. What it
does is in Faults; reset(), half_close(), inject() and refuse() act at once.
All of it runs on a loop in a thread of its own; the methods may be called from
anywhere, and return when the change holds.
"""

import asyncio
import collections
import dataclasses
import functools
import socket
import struct
import threading

CHUNK = 16384
QUEUE_MAX = 256 * 1024
TICK_S = 0.05
DIRECTIONS = ("up", "down")


@dataclasses.dataclass
class Faults:
    """Of one direction; as made here, nothing is wrong."""

    delay_ms: int = 0      # each chunk arrives that much later, in order
    rate: int = 0          # bytes a second; 0 is as fast as it goes
    split: bool = False    # each byte is sent by itself
    stall: bool = False    # nothing is read, so that the sender's window fills
    drop: bool = False     # all is read and thrown away, the end as well
    corrupt: int = 0       # once: the byte of that number, from 1, is inverted
    duplicate: bool = False  # once: the next chunk is sent twice
    cut_after: int = -1    # once: after so many bytes the connection is reset


def _tune(sock, buffer):
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)


def _abort(sock):
    """Closed with RST instead of FIN."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
    except OSError:
        pass
    sock.close()


class _Pipe:
    """One direction of one connection: a task that reads into a queue, and
    one that writes from it."""

    def __init__(self, connection, direction, source, target):
        self.connection, self.proxy = connection, connection.proxy
        self.direction = direction
        self.source, self.target = source, target
        self.queue = collections.deque()  # (when due, bytes); b"" is the end
        self.queued = 0
        self.changed = asyncio.Event()
        self.ended = self.swallowed = False

    @property
    def faults(self):
        return self.proxy.faults[self.direction]

    def wake(self):
        self.changed.set()

    async def _until(self, condition):
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    def put(self, data):
        due = self.proxy.loop.time() + self.faults.delay_ms / 1000
        self.queue.append((due, data))
        self.queued += len(data)
        self.wake()

    async def read(self):
        loop = self.proxy.loop
        while True:
            await self._until(lambda: not self.faults.stall and
                              self.queued < QUEUE_MAX)
            data = await loop.sock_recv(self.source, CHUNK)
            # A stall that began meanwhile holds back this one chunk.
            await self._until(lambda: not self.faults.stall)
            if self.faults.drop:
                self.proxy.dropped[self.direction] += data
                if not data:
                    self.swallowed = True
                    await self._until(lambda: not self.faults.drop)
                    self.put(b"")
                    return
                continue
            self.put(self._spoil(data))
            if not data:
                return

    def _spoil(self, data):
        faults = self.faults
        if data and faults.corrupt:
            if faults.corrupt <= len(data):
                at = faults.corrupt - 1
                data = data[:at] + bytes([data[at] ^ 0xff]) + data[at + 1:]
                faults.corrupt = 0
            else:
                faults.corrupt -= len(data)
        if data and faults.duplicate:
            faults.duplicate = False
            data += data
        return data

    async def write(self):
        loop = self.proxy.loop
        while True:
            await self._until(lambda: self.queue)
            due, data = self.queue[0]
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            if not data:
                self.target.shutdown(socket.SHUT_WR)
                self.ended = True
                self.connection.pipe_ended()
                return
            await self._send(data)
            self.queue.popleft()
            self.queued -= len(data)
            self.wake()

    async def _send(self, data):
        while data:
            size, wait = self._portion(len(data))
            piece, data = data[:size], data[size:]
            if 0 <= self.faults.cut_after <= len(piece):
                piece = piece[:self.faults.cut_after]
                self.faults.cut_after = -1
                await self._give(piece)
                self.connection.reset()
                return
            if self.faults.cut_after > 0:
                self.faults.cut_after -= len(piece)
            await self._give(piece)
            await asyncio.sleep(wait)

    def _portion(self, size):
        """How many bytes to send next, and how long to wait then."""
        if self.faults.rate:
            size = min(size, max(1, int(self.faults.rate * TICK_S)))
            if self.faults.split:
                size = 1
            return size, size / self.faults.rate
        return (1 if self.faults.split else size), 0

    async def _give(self, piece):
        await self.proxy.loop.sock_sendall(self.target, piece)
        self.proxy.forwarded[self.direction] += len(piece)


class _Connection:
    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.server = socket.socket()
        self.pipes, self.tasks = {}, []

    async def run(self):
        loop = self.proxy.loop
        try:
            _tune(self.client, self.proxy.buffer)
            _tune(self.server, self.proxy.buffer)
            await loop.sock_connect(self.server, self.proxy.target)
        except OSError:
            self.reset()
            return
        self.pipes = {
            "up": _Pipe(self, "up", self.client, self.server),
            "down": _Pipe(self, "down", self.server, self.client)}
        self.tasks = [loop.create_task(self._guard(job))
                      for p in self.pipes.values()
                      for job in (p.read(), p.write())]

    async def _guard(self, job):
        try:
            await job
        except OSError:
            self.broken()

    def broken(self):
        """One side was reset: so is the other, unless that falls into a
        black hole."""
        if any(self.proxy.faults[d].drop for d in DIRECTIONS):
            for pipe in self.pipes.values():
                pipe.swallowed = True
            return
        self.reset()

    def pipe_ended(self):
        if all(p.ended for p in self.pipes.values()):
            self.finish(socket.socket.close)

    def reset(self):
        self.finish(_abort)

    def finish(self, close):
        if self not in self.proxy.connections:
            return
        self.proxy.connections.remove(self)
        current = asyncio.current_task(self.proxy.loop)
        for task in self.tasks:
            if task is not current:
                task.cancel()
        # The loop must have let go of a socket before it is closed.
        self.proxy.loop.call_soon(close, self.client)
        self.proxy.loop.call_soon(close, self.server)


def _on_loop(function):
    """The method runs on the proxy's loop; the caller waits for it."""
    @functools.wraps(function)
    def call(self, *args, **kwargs):
        async def run():
            return function(self, *args, **kwargs)
        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)
    return call


class Proxy:
    """target_port: of the server, on 127.0.0.1. buffer: size of the kernel's
    buffers, so small that a stall is felt after a few kilobytes.

    accepted counts connections and forwarded bytes; dropped has what was
    thrown away, by direction."""

    name = "proxy"
    host = "127.0.0.1"

    def __init__(self, target_port, buffer=0):
        self.target = (self.host, target_port)
        self.buffer = buffer
        self.faults = {d: Faults() for d in DIRECTIONS}
        self.forwarded = dict.fromkeys(DIRECTIONS, 0)
        self.dropped = {d: bytearray() for d in DIRECTIONS}
        self.accepted = 0
        self.connections = []
        self.listener = self.accepting = None
        # Holds the port while nobody listens, so that it stays ours.
        self.holder = socket.socket()
        self.holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.holder.bind((self.host, 0))
        self.port = self.holder.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever,
                                       daemon=True)
        self.thread.start()
        self.refuse(False)

    def __enter__(self):
        return self

    def __exit__(self, *_unused):
        self.close()

    async def _accept(self):
        while True:
            client, _ = await self.loop.sock_accept(self.listener)
            self.accepted += 1
            connection = _Connection(self, client)
            self.connections.append(connection)
            self.loop.create_task(connection.run())

    def _pipes(self, *directions):
        """Of all connections that have got through to the server."""
        return [c.pipes[d] for c in self.connections for d in directions
                if d in c.pipes]

    def _wake(self):
        for pipe in self._pipes(*DIRECTIONS):
            pipe.wake()

    # ---- what tests say

    @_on_loop
    def change(self, direction, **faults):
        """direction: up, down or both; faults: fields of Faults."""
        for name in DIRECTIONS if direction == "both" else (direction,):
            self.faults[name] = dataclasses.replace(self.faults[name],
                                                    **faults)
        self._wake()

    @_on_loop
    def clear(self):
        """All is well again. A connection that ended in a black hole is
        ended on the other side, too; what was dropped stays lost."""
        for name in DIRECTIONS:
            self.faults[name] = Faults()
        for connection in list(self.connections):
            if any(p.swallowed for p in connection.pipes.values()):
                connection.reset()
        self._wake()

    @_on_loop
    def reset(self):
        """RST to both sides of every connection; returns how many."""
        many = list(self.connections)
        for connection in many:
            connection.reset()
        return len(many)

    @_on_loop
    def half_close(self, direction):
        """FIN in that direction; the other one goes on."""
        for pipe in self._pipes(direction):
            pipe.put(b"")

    @_on_loop
    def inject(self, direction, data):
        """Bytes that nobody sent, behind what was."""
        for pipe in self._pipes(direction):
            pipe.put(data)

    @_on_loop
    def refuse(self, on=True):
        """Whether new connections are refused (RST). Not listening is what
        makes the kernel say so."""
        if on == (self.listener is None):
            return
        if on:
            self.accepting.cancel()
            self.loop.remove_reader(self.listener)
            self.listener.close()
            self.listener = None
            return
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _tune(self.listener, self.buffer)
        self.listener.bind((self.host, self.port))
        self.listener.listen(1024)
        self.accepting = self.loop.create_task(self._accept())

    def close(self):
        if self.loop.is_closed():
            return
        self.refuse(True)
        self.reset()
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()
        self.holder.close()

    async def _end(self):
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def logs(self, _lines=0):
        return (f"proxy {self.port} -> {self.target[1]}: "
                f"{self.accepted} connections, {len(self.connections)} now, "
                f"forwarded {self.forwarded}, dropped "
                f"{ {d: len(b) for d, b in self.dropped.items()} }, "
                f"{self.faults}")
