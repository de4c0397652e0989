# SPDX-License-Identifier: MIT
"""A scripted Matrix homeserver, for what no real one does on request: it takes
what an application service asks of it, answers as a test says, and pushes what
a test says.

It keeps what a homeserver must keep: transaction ids are known again, so that
said holds every message once however often it was sent.
"""

import http.server
import itertools
import json
import re
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import parse_qs, unquote, urlsplit

from .process import Failure, wait_for
from .servers_matrix import Service

ROOM = "!room:localhost"
MIA = "@mia:localhost"

_number = itertools.count(1)


class Said:
    """A message as it was taken."""

    def __init__(self, event_id, query, content):
        self.id, self.content = event_id, content
        self.user = query.get("user_id", [""])[0]
        self.ts = int(query["ts"][0]) if "ts" in query else None
        self.body = content.get("body")
        self.at = time.monotonic()


class ScriptedHomeserver:
    name = "scripted homeserver"

    def __init__(self, folder, service_port):
        folder.mkdir(parents=True, exist_ok=True)
        self.service = Service(0, folder, service_port)
        self.said = []
        self.calls = []  # "METHOD path" of every request
        self.times = []  # (seconds, the same)
        self.unpushed = []  # events that only who asks is told of
        self._taken = {}  # transaction: event id
        self._rules = []
        self.joined = True
        handler = type("Handler", (_Handler,), {"home": self})
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                     handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever,
                         daemon=True).start()

    def logs(self, lines=30):
        return "\n".join(map(str, self.calls[-lines:]))

    def close(self):
        self._http.shutdown()
        self._http.server_close()

    def answer(self, pattern, *answers, taken=False):
        """The next requests whose "METHOD path" match are answered so: each
        (status, headers, body), a dict is JSON, None: the connection breaks.
        taken: what is sent is taken nevertheless, only its answer is lost."""
        for one in answers:
            self._rules.append((re.compile(pattern), one, taken))

    def rule(self, line):
        for rule in self._rules:
            if rule[0].search(line):
                self._rules.remove(rule)
                return rule
        return None

    # ---- what it does by itself

    def do(self, method, path, query, body):
        """(status, JSON)"""
        if path.endswith("/account/whoami"):
            return 200, {"user_id": self.service.bot_id}
        if "/account_data/" in path and method == "GET":
            return 404, {"errcode": "M_NOT_FOUND"}
        if path.endswith("/messages"):
            return 200, self.messages(query)
        if "/send/m.room.message/" in path:
            return 200, {"event_id": self.take(path, query, body)}
        if path.endswith("/state") and method == "GET":
            return 200, self.state()
        if "/v3/join/" in path or path.endswith("/createRoom"):
            return 200, {"room_id": ROOM if "/join/" in path else
                         f"!own{next(_number)}:localhost"}
        return 200, {"event_id": f"$e{next(_number)}"}

    def take(self, path, query, body):
        if path not in self._taken:
            self._taken[path] = f"$e{next(_number)}"
            self.said.append(Said(self._taken[path], query, body))
        return self._taken[path]

    def messages(self, query):
        """From a place on: what was not pushed."""
        if "from" not in query:
            return {"chunk": [], "start": "p1"}
        events, self.unpushed = self.unpushed, []
        return {"chunk": events, "start": query["from"][0],
                **({"end": f"p{next(_number)}"} if events else {})}

    def state(self):
        return [{"type": "m.room.member", "state_key": MIA, "sender": MIA,
                 "room_id": ROOM, "event_id": "$m",
                 "content": {"membership": "join", "displayname": "Mia"}}]

    # ---- what a test does

    def push(self, *events, token=None):
        """The status that the bridge answers."""
        request = urllib.request.Request(
            f"{self.service.url}/_matrix/app/v1/transactions/{next(_number)}",
            json.dumps({"events": events}).encode(), method="PUT")
        request.add_header("Authorization",
                           f"Bearer {token or self.service.hs_token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    @staticmethod
    def event(body, sender=MIA, **more):
        return {"type": "m.room.message", "room_id": ROOM, "sender": sender,
                "event_id": f"$s{next(_number)}",
                "origin_server_ts": int(time.time() * 1000),
                "content": {"msgtype": "m.text", "body": body}, **more}

    def says(self, body, sender=MIA, **more):
        status = self.push(self.event(body, sender, **more))
        if status != 200:
            raise Failure(f"the bridge answered {status}")

    def bodies(self):
        return [s.body for s in self.said]

    def wait_said(self, body, timeout=30):
        return wait_for(f'"{body}" to be sent', lambda: next(
            (s for s in self.said if s.body == body), None), timeout, 0.02)

    def count(self, pattern):
        return sum(1 for call in self.calls if re.search(pattern, call))


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    home = None

    def log_message(self, *_):
        pass

    def respond(self, status, headers, body):
        data = (json.dumps(body).encode() if isinstance(body, (dict, list))
                else body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        url = urlsplit(self.path)
        path, query = unquote(url.path), parse_qs(url.query)
        line = f"{self.command} {path}"
        self.home.calls.append(line)
        self.home.times.append((time.monotonic(), line))
        rule = self.home.rule(line)
        if not rule:
            self.respond(*self.with_headers(
                self.home.do(self.command, path, query, body)))
            return
        if rule[2]:
            self.home.do(self.command, path, query, body)
        if rule[1] is None:
            self.close_connection = True
            return
        self.respond(*rule[1])

    @staticmethod
    def with_headers(answer):
        return answer[0], {}, answer[1]

    do_GET = do_PUT = do_POST = do_DELETE = handle_any
