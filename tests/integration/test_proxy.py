# SPDX-License-Identifier: MIT
"""The fault proxy does what it says: a test that blames the bridge must be
able to rely on it. The other end is a server that returns what it gets."""

import socket
import threading
import time

import pytest

from tests.support.process import wait_for
from tests.support.proxy import Proxy


class Echo:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ends = []
        self.received = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,),
                             daemon=True).start()

    def _serve(self, sock):
        with sock:
            try:
                while data := sock.recv(65536):
                    self.received.append(data)
                    sock.sendall(data)
                self.ends.append("fin")
            except ConnectionResetError:
                self.ends.append("reset")
            except OSError:
                self.ends.append("error")

    def close(self):
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()


@pytest.fixture
def echo():
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo):
    with Proxy(echo.port) as it:
        yield it


@pytest.fixture
def client(proxy):
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        exchange(sock, b"hello")
        yield sock


def receive(sock, size):
    data = b""
    while len(data) < size:
        got = sock.recv(65536)
        if not got:
            break
        data += got
    return data


def exchange(sock, data):
    sock.sendall(data)
    assert receive(sock, len(data)) == data


def silent(sock, seconds=0.3):
    """Nothing comes for a while, and the connection stays."""
    sock.settimeout(seconds)
    try:
        return sock.recv(1) is None
    except TimeoutError:
        return True
    finally:
        sock.settimeout(10)


def timed(action, *args):
    start = time.monotonic()
    action(*args)
    return time.monotonic() - start


def test_all_is_passed_on_unharmed(client):
    exchange(client, bytes(range(256)) * 4096)


def test_a_half_closed_connection_still_brings_the_answer(client, echo):
    client.sendall(b"last")
    client.shutdown(socket.SHUT_WR)
    assert receive(client, 100) == b"last"
    assert echo.ends == ["fin"]


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_delay_is_felt_once_and_keeps_the_order(client, proxy, direction):
    proxy.change(direction, delay_ms=300)
    assert 0.3 <= timed(exchange, client, b"late" * 1000) < 3
    proxy.clear()
    exchange(client, b"soon")


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_rate_is_kept(client, proxy, direction):
    proxy.change(direction, rate=2000)
    assert 0.4 <= timed(exchange, client, b"x" * 1000) < 5


def test_a_split_sends_every_byte_by_itself(client, proxy, echo):
    proxy.change("up", split=True, rate=1000)
    before = len(echo.received)
    exchange(client, b"0123456789" * 10)
    pieces = echo.received[before:]
    # whoever reads late gets some together
    assert len(pieces) > 30 and pieces.count(b"5") > 1


def test_a_stall_reads_nothing_until_it_is_over(echo):
    with Proxy(echo.port, buffer=4096) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), 10) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            exchange(sock, b"hello")
            proxy.change("up", stall=True)
            sock.settimeout(0.3)
            sent = 0
            with pytest.raises(TimeoutError):
                while sent < 4 << 20:
                    sent += sock.send(b"x" * 1024)
            sock.settimeout(10)
            assert proxy.forwarded["up"] == 5
            proxy.clear()
            assert receive(sock, sent) == b"x" * sent


@pytest.mark.parametrize("direction", ["up", "down"])
def test_what_is_dropped_stays_lost_and_nothing_is_closed(client, proxy,
                                                          direction):
    proxy.change(direction, drop=True)
    client.sendall(b"into the void")
    assert silent(client)
    wait_for("the bytes to be dropped", lambda:
             proxy.dropped[direction] == b"into the void")
    proxy.clear()
    exchange(client, b"back")


def test_a_black_hole_takes_connections_and_says_nothing(proxy):
    proxy.change("both", drop=True)
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as sock:
        sock.sendall(b"anybody?")
        assert silent(sock)


def test_an_end_in_the_black_hole_is_told_when_it_is_over(client, proxy, echo):
    proxy.change("both", drop=True)
    client.close()
    wait_for("the end to be swallowed", lambda: any(
        p.swallowed for c in proxy.connections for p in c.pipes.values()))
    assert not echo.ends
    proxy.clear()
    wait_for("the server to hear of it", lambda: echo.ends)


@pytest.mark.parametrize("direction", ["up", "down"])
def test_one_byte_is_inverted_and_only_one(client, proxy, direction):
    proxy.change(direction, corrupt=3)
    client.sendall(b"abcde")
    assert receive(client, 5) == b"ab\x9cde"
    exchange(client, b"abcde")


def test_a_byte_far_away_is_found_over_chunks(client, proxy):
    proxy.change("up", corrupt=8)
    exchange(client, b"abcde")
    client.sendall(b"fghij")
    assert receive(client, 5) == b"fg\x97ij"


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_chunk_is_doubled_once(client, proxy, direction):
    proxy.change(direction, duplicate=True)
    client.sendall(b"twice")
    assert receive(client, 10) == b"twicetwice"
    exchange(client, b"once")


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_cut_comes_after_so_many_bytes(client, proxy, echo, direction):
    proxy.change(direction, cut_after=4)
    client.sendall(b"0123456789")
    with pytest.raises(ConnectionResetError):
        receive(client, 10)
    wait_for("the server to be cut off, too", lambda: echo.ends == ["reset"])
    seen = b"".join(echo.received)[len(b"hello"):]
    assert seen == (b"0123" if direction == "up" else b"0123456789")
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as again:
        exchange(again, b"0123456789")


def test_a_reset_is_a_reset_on_both_sides(client, proxy, echo):
    assert proxy.reset() == 1
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    wait_for("the server to be reset", lambda: echo.ends == ["reset"])


def test_a_half_close_ends_one_direction_only(client, proxy, echo):
    proxy.half_close("down")
    assert client.recv(1) == b""
    before = len(echo.received)
    client.sendall(b"still heard")
    wait_for("the server to hear it",
             lambda: b"".join(echo.received[before:]) == b"still heard")


def test_injected_bytes_come_after_what_was_sent(client, proxy):
    exchange(client, b"sent")
    proxy.inject("down", b"made up")
    assert receive(client, 7) == b"made up"


def test_connections_are_refused_until_they_are_not(proxy, client):
    for _ in range(2):
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port), 10)
        exchange(client, b"those that are there stay")
        proxy.refuse(False)
        with socket.create_connection(("127.0.0.1", proxy.port), 10) as sock:
            exchange(sock, b"welcome")


def test_a_server_that_is_away_resets_the_client(proxy, echo):
    echo.close()
    with pytest.raises(ConnectionResetError):
        with socket.create_connection(("127.0.0.1", proxy.port), 10) as sock:
            sock.recv(1)
