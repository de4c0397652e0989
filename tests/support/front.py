# SPDX-License-Identifier: MIT
"""A proxy of HTTP before a real server, as overloaded ones have: now and then
it refuses (429), has lost the server (502, before or after the request got
there), or is slow.

    with Front(server, dice) as front:
        front.url     in place of the server's
        front.calm()  from now on it only passes on
    front.stall("/download/")  what is asked there stops in the middle
    front.release()            and does no more; what had stopped is lost
"""

import http.client
import http.server
import json
import threading
import time
from urllib.parse import urlsplit

# How often, of 100 requests.
BUSY, AWAY, LOST, SLOW = 3, 2, 2, 3
SLOW_S = 0.5
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Front:
    def __init__(self, server, dice):
        self.server, self.dice = server, dice
        self.troubled = True
        self.counts = {"busy": 0, "away": 0, "lost": 0, "slow": 0}
        self.stalling, self.stalled = None, 0
        self._released = threading.Event()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"front": self})
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                     handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever,
                         daemon=True).start()

    def calm(self):
        self.troubled = False

    def stall(self, part):
        """Answers to requests with that part in their path stop half-way."""
        self.stalling = part

    def release(self):
        self.stalling = None
        self._released.set()

    def stop_at(self, path):
        """Waits, if that path stalls; True if it did."""
        if not self.stalling or self.stalling not in path:
            return False
        with self._lock:
            self.stalled += 1
        self._released.wait(120)
        return True

    def close(self):
        self.release()
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_unused):
        self.close()

    def trouble(self):
        """What is to happen to the next request; or None."""
        with self._lock:
            number = self.dice.randrange(100)
            for name, share in (("busy", BUSY), ("away", AWAY),
                                ("lost", LOST), ("slow", SLOW)):
                if number < share and self.troubled:
                    self.counts[name] += 1
                    return name
                number -= share
        return None


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    front = None

    def log_message(self, *_):
        pass

    def respond(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        half = len(body) // 2
        self.wfile.write(body[:half])
        if self.command == "GET" and self.front.stop_at(self.path):
            self.close_connection = True
            return
        self.wfile.write(body[half:])

    def ask(self, body):
        """The real server's answer; None if it is not there."""
        url = urlsplit(self.front.server.url)
        connection = http.client.HTTPConnection(url.hostname, url.port,
                                                timeout=60)
        headers = {k: v for k, v in self.headers.items()
                   if k.lower() not in HOP}
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        trouble = self.front.trouble()
        gone = 502, [("Content-Type", "text/html")], b"<html>502</html>"
        if trouble == "busy":
            self.respond(429, [("Content-Type", "application/json")],
                         json.dumps({"errcode": "M_LIMIT_EXCEEDED",
                                     "retry_after_ms": 200}).encode())
            return
        if trouble == "slow":
            time.sleep(SLOW_S)
        answer = None if trouble == "away" else self.ask(body)
        try:
            self.respond(*(gone if trouble == "lost" or answer is None
                           else answer))
        except OSError:
            self.close_connection = True  # who asked was killed

    do_GET = do_PUT = do_POST = do_DELETE = handle_any
