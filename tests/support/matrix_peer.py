# SPDX-License-Identifier: MIT
"""A Matrix user for the tests: the client-server API by hand, one long poll in
a thread of its own, a record of every event, and helpers that block until
something came.
"""

import http.client
import itertools
import json
import threading
import time
import urllib.request
from urllib.parse import quote, urlsplit

_number = itertools.count(1)
FILTER = {"room": {"timeline": {"limit": 500},
                   "state": {"lazy_load_members": False},
                   "account_data": {"types": []}},
          "presence": {"types": []}, "account_data": {"types": []}}


class Refused(Exception):
    """The homeserver answered with an error; its code is the text."""


class Event:
    def __init__(self, room, raw):
        self.room, self.raw = room, raw
        self.type = raw["type"]
        self.content = raw.get("content", {})
        self.sender = raw.get("sender", "")
        self.id = raw.get("event_id", "")
        self.time = raw.get("origin_server_ts", 0)
        self.state_key = raw.get("state_key")
        self.body = self.content.get("body")
        self.html = self.content.get("formatted_body")
        self.kind = self.content.get("msgtype")
        relates = self.content.get("m.relates_to", {})
        self.relates = relates
        self.replaces = (relates.get("event_id")
                         if relates.get("rel_type") == "m.replace" else None)
        self.reply_to = relates.get("m.in_reply_to", {}).get("event_id")
        self.redacts = (self.content.get("redacts") or raw.get("redacts"))

    def __repr__(self):
        return json.dumps(self.raw)[:600]


class MatrixPeer:
    def __init__(self, server, user):
        self.server = server
        self.user = user
        self.id = f"@{user}:localhost"
        self.token = server.token(user)
        self.record = []
        self.typing = {}
        self.read = {}  # by room and who: what they have read
        self.closed = False
        self._changed = threading.Condition()
        self._since = None
        self._local = threading.local()
        self._thread = None

    # ---- the wire

    def call(self, method, path, body=None, timeout=60):
        url = urlsplit(self.server.url)
        connection = getattr(self._local, "connection", None)
        data = None if body is None else json.dumps(body)
        if data is None and method != "GET":
            data = "{}"
        for attempt in (1, 2):
            if connection is None:
                connection = http.client.HTTPConnection(
                    url.hostname, url.port, timeout=timeout)
            try:
                connection.request(
                    method, "/_matrix/client" + path, data,
                    {"Authorization": f"Bearer {self.token}",
                     "Content-Type": "application/json"})
                answer = connection.getresponse()
                read = json.loads(answer.read() or b"{}")
                break
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = None
                if attempt == 2:
                    self._local.connection = None
                    raise
        self._local.connection = connection
        if answer.status >= 300:
            raise Refused(f"{answer.status} {read.get('errcode')} "
                          f"{read.get('error')}")
        return read

    def connect(self):
        answer = self.call("GET", "/v3/sync?timeout=0&filter=" +
                           quote(json.dumps(FILTER)))
        self._take(answer)
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()
        return self

    def close(self):
        self.closed = True

    def _poll(self):
        while not self.closed:
            try:
                self._take(self.call(
                    "GET", f"/v3/sync?timeout=20000&since={self._since}"
                    f"&filter={quote(json.dumps(FILTER))}"))
            except (OSError, Refused, ValueError):
                time.sleep(0.1)  # it is being restarted

    def _take(self, answer):
        with self._changed:
            self._since = answer["next_batch"]
            rooms = answer.get("rooms", {})
            for room, part in rooms.get("join", {}).items():
                for raw in part.get("state", {}).get("events", []):
                    self.record.append(Event(room, raw))
                for raw in part["timeline"]["events"]:
                    self.record.append(Event(room, raw))
                for raw in part.get("ephemeral", {}).get("events", []):
                    if raw["type"] == "m.typing":
                        self.typing[room] = raw["content"]["user_ids"]
                    if raw["type"] == "m.receipt":
                        self._take_receipts(room, raw["content"])
            for room, part in rooms.get("leave", {}).items():
                for raw in part.get("timeline", {}).get("events", []):
                    self.record.append(Event(room, raw))
            for room, part in rooms.get("invite", {}).items():
                for raw in part["invite_state"]["events"]:
                    self.record.append(Event(room, raw))
            self._changed.notify_all()

    def _take_receipts(self, room, content):
        for event, kinds in content.items():
            for who in kinds.get("m.read", {}):
                self.read[room, who] = event

    def _media(self, method, path, data=None, kind=None):
        """The answer's headers and body."""
        request = urllib.request.Request(
            self.server.url + "/_matrix" + path, data, method=method,
            headers={"Authorization": f"Bearer {self.token}",
                     "Content-Type": kind or "application/octet-stream"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers, answer.read()

    # ---- doing

    def upload(self, data, kind, name="file"):
        """The address of what was uploaded."""
        _, body = self._media("POST", "/media/v3/upload?filename=" +
                              quote(name), data, kind)
        return json.loads(body)["content_uri"]

    def download(self, mxc):
        """The type and the bytes that this address stands for."""
        headers, body = self._media(
            "GET", "/client/v1/media/download/" + mxc.removeprefix("mxc://"))
        return headers.get_content_type(), body

    def create(self, alias=None, **options):
        body = {"preset": "public_chat", **options}
        if alias:
            body["room_alias_name"] = alias
        return self.call("POST", "/v3/createRoom", body)["room_id"]

    def join(self, room):
        return self.call("POST", f"/v3/join/{quote(room)}")["room_id"]

    def knock(self, room):
        self.call("POST", f"/v3/knock/{quote(room)}", {})

    def leave(self, room):
        self.call("POST", f"/v3/rooms/{quote(room)}/leave")

    def invite(self, room, user_id):
        self.call("POST", f"/v3/rooms/{quote(room)}/invite",
                  {"user_id": user_id})

    def kick(self, room, user_id, reason=None):
        self.call("POST", f"/v3/rooms/{quote(room)}/kick",
                  {"user_id": user_id, "reason": reason})

    def send(self, room, kind, content):
        """The event's id."""
        return self.call("PUT", f"/v3/rooms/{quote(room)}/send/{kind}/"
                         f"t{next(_number)}-{time.time_ns()}",
                         content)["event_id"]

    def say(self, room, text, msgtype="m.text", **more):
        return self.send(room, "m.room.message",
                         {"msgtype": msgtype, "body": text, **more})

    def say_html(self, room, text, html, **more):
        return self.say(room, text, format="org.matrix.custom.html",
                        formatted_body=html, **more)

    def edit(self, room, event_id, text):
        return self.say(room, "* " + text, **{
            "m.new_content": {"msgtype": "m.text", "body": text},
            "m.relates_to": {"rel_type": "m.replace", "event_id": event_id}})

    def reply(self, room, event_id, text):
        return self.say(room, text, **{
            "m.relates_to": {"m.in_reply_to": {"event_id": event_id}}})

    def react(self, room, event_id, key):
        return self.send(room, "m.reaction", {"m.relates_to": {
            "rel_type": "m.annotation", "event_id": event_id, "key": key}})

    def redact(self, room, event_id, reason=None):
        return self.call(
            "PUT", f"/v3/rooms/{quote(room)}/redact/{quote(event_id)}/"
            f"t{next(_number)}-{time.time_ns()}",
            {"reason": reason} if reason else {})["event_id"]

    def set_state(self, room, kind, content, key=""):
        return self.call("PUT", f"/v3/rooms/{quote(room)}/state/{kind}/"
                         f"{quote(key)}", content)["event_id"]

    def set_topic(self, room, topic):
        return self.set_state(room, "m.room.topic", {"topic": topic})

    def set_name(self, name):
        self.call("PUT", f"/v3/profile/{quote(self.id)}/displayname",
                  {"displayname": name})

    def set_avatar(self, mxc):
        self.call("PUT", f"/v3/profile/{quote(self.id)}/avatar_url",
                  {"avatar_url": mxc})

    def set_typing(self, room, typing):
        self.call("PUT", f"/v3/rooms/{quote(room)}/typing/{quote(self.id)}",
                  {"typing": typing, "timeout": 20000})

    def set_presence(self, presence, text=None):
        self.call("PUT", f"/v3/presence/{quote(self.id)}/status",
                  {"presence": presence,
                   **({"status_msg": text} if text else {})})

    def presence_of(self, user_id):
        return self.call("GET", f"/v3/presence/{quote(user_id)}/status")

    def has_read(self, room, event_id, kind="m.read"):
        self.call("POST", f"/v3/rooms/{quote(room)}/receipt/{kind}/"
                  f"{quote(event_id)}")

    # ---- asking

    def members(self, room):
        """{user id: display name} of those who are in it."""
        answer = self.call("GET", f"/v3/rooms/{quote(room)}/joined_members")
        return {k: v.get("display_name") for k, v in
                answer["joined"].items()}

    def puppet(self, room, name):
        """The id of who is in the room under that name, or None."""
        return next((k for k, v in self.members(room).items() if v == name),
                    None)

    def messages(self, room, since=0):
        return [e for e in self.record[since:] if e.room == room and
                e.type == "m.room.message"]

    def mark(self):
        return len(self.record)

    def wait_for(self, condition, timeout=15.0, since=0, what="an event"):
        deadline = time.monotonic() + timeout
        place = since
        with self._changed:
            while True:
                for event in self.record[place:]:
                    if condition(event):
                        return event
                place = len(self.record)
                left = deadline - time.monotonic()
                if left <= 0:
                    last = "\n".join(map(repr, self.record[since:][-15:]))
                    raise AssertionError(
                        f"{self.user} waited {timeout:g} s for {what}:\n"
                        f"{last}")
                self._changed.wait(left)

    def wait_text(self, text, timeout=15.0, since=0, room=None):
        """A message with exactly that body."""
        return self.wait_for(
            lambda e: e.type == "m.room.message" and e.body == text and
            room in (None, e.room), timeout, since, f"\"{text}\"")

    def wait_member(self, room, name, membership="join", timeout=15.0,
                    since=0):
        return self.wait_for(
            lambda e: e.type == "m.room.member" and e.room == room and
            e.content.get("membership") == membership and
            name in (e.content.get("displayname"), e.state_key),
            timeout, since, f"{name} to {membership}")
