# SPDX-License-Identifier: MIT
"""Files between Matrix, XMPP (a real Prosody keeps what is uploaded) and IRC.

One trio for all of it: what is said is told apart by the names of the files.
"""

import base64
import hashlib
import hmac
import http.client
import http.server
import itertools
import pathlib
import random
import re
import struct
import threading
import time
import urllib.error
import urllib.request
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from tests.integration.conftest import Things, make_trio
from tests.support.bridge import matrix_network, xmpp_network
from tests.support.disk import Disk
from tests.support.front import Front
from tests.support.process import free_ports, wait_for

OOB = "{jabber:x:oob}x/{jabber:x:oob}url"
FILE = "{urn:xmpp:sfs:0}file-sharing/{urn:xmpp:file:metadata:0}file"
PHOTO = "{vcard-temp:x:update}x/{vcard-temp:x:update}photo"
INFO = "http://jabber.org/protocol/disco#info"
META = "{urn:xmpp:file:metadata:0}"

_number = itertools.count(1)

pytestmark = pytest.mark.xdist_group("matrix")


def png(width, height):
    """A picture, grey, and no other like it."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    rows = (b"\0" + bytes([next(_number) % 256]) * width) * height
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0,
                                       0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def fetch(url, method="GET", **headers):
    """Status, headers and body, whatever the status."""
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers, answer.read()


class Liar(http.server.ThreadingHTTPServer):
    """A file server that nobody should trust. Paths say what it does."""

    daemon_threads = True

    def __init__(self):
        self.gate, self.over = threading.Event(), threading.Event()
        self.asked = []
        super().__init__(("127.0.0.1", 0), Answers)
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def url(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.server_port}/{path}"

    def close(self):
        self.gate.set()
        self.over.set()
        self.shutdown()
        self.server_close()


class Answers(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_args):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        way = self.path.split("/")[1]
        try:
            getattr(self, "go_" + way)()
        except OSError:
            pass  # who asked has gone

    def answer(self, body=b"", status=200, **headers):
        self.send_response(status)
        headers.setdefault("Content_Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def go_huge(self):
        """It says how much, and would send it."""
        self.answer(b"x" * 65536, Content_Length=str(10 * 2**30))

    def go_endless(self):
        """It does not say how much."""
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b"x" * 65536)

    def go_away(self):
        self.answer(status=302, Location=self.server.url("page/secret",
                                                         "localhost"))

    def go_local(self):
        self.answer(status=302, Location="file:///etc/passwd")

    def go_round(self):
        self.answer(status=302, Location=self.path)

    def go_page(self):
        self.answer(b"<html><script>alert(1)</script></html>",
                    Content_Type="image/png")

    def go_bomb(self):
        self.answer(zlib.compress(b"\0" * 2**20), Content_Encoding="deflate",
                    Content_Type="image/png")

    def go_cut(self):
        self.answer(b"half", Content_Length="100")

    def go_slow(self):
        """A few bytes at a time."""
        body = png(7, 8)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for start in range(0, len(body), 10):
            self.wfile.write(body[start:start + 10])
            self.server.gate.wait(0.05)

    def go_stall(self):
        """The beginning, and then nothing, until the test is over."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"a beginning")
        self.server.over.wait(60)

    def go_gate(self):
        self.server.gate.wait(30)
        self.answer(png(5, 6), Content_Type="image/png")


@pytest.fixture(scope="module")
def liar():
    server = Liar()
    yield server
    server.close()


@pytest.fixture(scope="module")
def one_crowd(farm, folder):
    things = Things(folder)
    port = free_ports(1)[0]
    disk = Disk(things.folder / things.name("media"), 32 << 20)
    kept = disk.path / "media"
    trio = make_trio(farm, things, top={"media": {
        "folder": str(kept), "url": f"http://127.0.0.1:{port}/files", "listen": f"127.0.0.1:{port}",
        "file_mib": 1, "cache_mib": 8, "fetch_from": ["127.0.0.1"],
        "fetch_private": True}}, avatar_pause=0)
    trio.disk, trio.kept = disk, kept
    yield trio
    things.close()
    disk.close()


@pytest.fixture
def crowd(one_crowd, request):
    request.node.things = one_crowd.things
    return one_crowd


def name_of(end):
    return f"file{next(_number)}{end}"


def send_file(crowd, data, name, kind, msgtype="m.image", body=None, **info):
    """mia sends it; the event's id."""
    mxc = crowd.mia.upload(data, kind, name)
    return crowd.mia.send(crowd.place, "m.room.message", {
        "msgtype": msgtype, "body": body or name, "filename": name,
        "url": mxc, "info": {"mimetype": kind, "size": len(data), **info}})


def link_in(line):
    return re.search(r"http://\S+/files/\S+", line)[0]


def on_irc(crowd, name, since):
    return crowd.bob.wait_text(name, since=since, target=crowd.channel).text


def share(crowd, url):
    """ann sends a link as a file; what comes of it on Matrix."""
    mark = crowd.mia.mark()
    crowd.ann.say(crowd.room, url, extra="<x xmlns='jabber:x:oob'><url>"
                  f"{url}</url></x>")
    name = url.rpartition("/")[2]
    return crowd.mia.wait_for(
        lambda e: e.type == "m.room.message" and
        name in (e.content.get("filename") or e.content.get("body")),
        since=mark).content


def test_a_picture_of_matrix_is_a_file_on_xmpp_and_a_line_on_irc(crowd):
    data, name = png(30, 20), name_of(".png")
    marks = crowd.ann.mark(), crowd.bob.mark()
    send_file(crowd, data, name, "image/png", w=30, h=20)
    line = on_irc(crowd, name, marks[1])
    assert re.fullmatch(rf"\x01ACTION sent {name} \(image, {len(data)} bytes\)"
                        rf" http://127.0.0.1:\d+/files/[\w-]+/{name}\x01",
                        line), line
    url = link_in(line).rstrip("\x01")
    seen = crowd.ann.wait_text(url, since=marks[0], room=crowd.room)
    assert seen.body == url
    assert seen.element.findtext(OOB) == url
    file = seen.element.find(FILE)
    assert [file.findtext(META + what) for what in
            ("name", "media-type", "size", "width", "height")] == [
                name, "image/png", str(len(data)), "30", "20"]
    status, headers, body = fetch(url)
    assert (status, body) == (200, data)
    assert headers["Content-Type"] == "image/png"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Content-Disposition"].startswith("inline; filename=")
    status, headers, body = fetch(url, "HEAD")
    assert (status, headers["Content-Length"], body) == (
        200, str(len(data)), b"")
    status, headers, body = fetch(url, Range="bytes=3-9")
    assert (status, body) == (206, data[3:10])
    assert headers["Content-Range"] == f"bytes 3-9/{len(data)}"
    assert fetch(url, "POST")[0] == 405


def test_what_is_not_ours_is_not_handed_out(crowd):
    name, mark = name_of(".txt"), crowd.bob.mark()
    send_file(crowd, b"words", name, "text/plain", "m.file")
    url = link_in(on_irc(crowd, name, mark)).rstrip("\x01")
    start, ticket, name = url.rsplit("/", 2)
    other = ("B" if ticket[5] == "A" else "A")
    assert fetch(f"{start}/{ticket[:5]}{other}{ticket[6:]}/{name}")[0] == 403
    assert fetch(f"{start}/{ticket}/other.html")[0] == 403
    assert fetch(f"{start}/{ticket[:-4]}/{name}")[0] == 403
    assert fetch(f"{start}/{ticket}")[0] == 403
    assert fetch(f"{start}/../../../etc/passwd")[0] == 403
    assert fetch(start.removesuffix("/files") + "/")[0] == 404
    assert fetch(url)[::2] == (200, b"words")


def test_a_withdrawn_file_is_gone_also_after_a_restart(crowd):
    name, marks = name_of(".txt"), (crowd.bob.mark(), crowd.ann.mark())
    event = send_file(crowd, b"secret words", name, "text/plain", "m.file")
    url = link_in(on_irc(crowd, name, marks[0])).rstrip("\x01")
    assert fetch(url)[0] == 200
    kept = crowd.kept
    assert any(f.read_bytes() == b"secret words" for f in kept.iterdir())
    crowd.mia.redact(crowd.place, event)
    wait_for("the link to be dead", lambda: fetch(url)[0] == 410)
    assert not any(f.read_bytes() == b"secret words" for f in kept.iterdir())
    crowd.bridge.restart()
    crowd.here()
    assert fetch(url)[0] == 410


def test_captions_and_lies(crowd):
    name, marks = name_of(".png"), (crowd.ann.mark(), crowd.bob.mark())
    page = b"<html><script>alert(1)</script></html>"
    send_file(crowd, page, f"../\u202e{name}", "image/png", body="look here")
    line = on_irc(crowd, name, marks[1])
    assert re.fullmatch(rf"look here http://\S+/{name} {name} "
                        r"\(image, \d+ bytes\)", line), line
    url = link_in(line)
    seen = crowd.ann.wait_text(url, since=marks[0], room=crowd.room)
    assert seen.body == f"look here\n{url}"
    assert seen.element.find(OOB) is None
    headers = fetch(url)[1]
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_file_that_is_too_large_is_not_handed_out(crowd):
    name, mark = name_of(".bin"), crowd.bob.mark()
    send_file(crowd, b"\0" * (1024 * 1024 + 1), name,
              "application/octet-stream", "m.file")
    url = link_in(on_irc(crowd, name, mark)).rstrip("\x01")
    assert fetch(url)[0] == 413


def test_an_upload_of_xmpp_becomes_a_file_of_matrix(crowd):
    xmpp = next(s for s in crowd.things.servers if s.name == "prosody")
    data, name = png(64, 48), name_of(".png")
    url = crowd.ann.upload(xmpp.uploads, data, name, "image/png")
    mark = crowd.bob.mark()
    content = share(crowd, url)
    assert content["msgtype"] == "m.image"
    assert content["body"] == content["filename"] == name
    assert content["info"] == {"mimetype": "image/png", "size": len(data),
                               "w": 64, "h": 48}
    assert crowd.mia.download(content["url"]) == ("image/png", data)
    assert on_irc(crowd, name, mark) == (
        f"\x01ACTION sent {name} (image) {url}\x01")


@pytest.mark.parametrize("way", ["huge", "endless", "away", "local", "round",
                                 "cut", "none"])
def test_what_cannot_be_fetched_stays_a_link(crowd, liar, way):
    """And what a redirection leads to is not asked."""
    url = liar.url(f"{way}/{name_of('.png')}")
    content = share(crowd, url)
    assert content["msgtype"] == "m.text"
    assert content["body"].endswith(url)
    assert "/page/secret" not in liar.asked


def test_what_comes_slowly_is_waited_for(crowd, liar):
    content = share(crowd, liar.url(f"slow/{name_of('.png')}"))
    assert content["msgtype"] == "m.image"
    assert (content["info"]["w"], content["info"]["h"]) == (7, 8)


@pytest.mark.long
def test_what_stops_coming_is_given_up_and_stays_a_link(crowd, liar):
    """In its place among what is said; nothing of it is kept."""
    url, mark = liar.url(f"stall/{name_of('.png')}"), crowd.mia.mark()
    crowd.ann.say(crowd.room, url, extra="<x xmlns='jabber:x:oob'><url>"
                  f"{url}</url></x>")
    after = f"after {url}"
    crowd.ann.say(crowd.room, after)
    crowd.mia.wait_text(after, 60, mark)
    said = [e.body for e in crowd.mia.messages(crowd.place, mark)]
    assert [text.endswith(url) for text in said] == [True, True]
    assert not any(b"a beginning" in f.read_bytes()
                   for f in crowd.kept.iterdir())


def resigned(crowd, url, minutes):
    """The same link, with another end, as the bridge would have signed it."""
    start, ticket, name = url.rsplit("/", 2)
    raw = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))[:-16]
    until = int.from_bytes(raw[1:5], "big") if minutes is None else minutes
    raw = raw[:1] + until.to_bytes(4, "big") + raw[5:]
    key = pathlib.Path(f"{crowd.kept}.key").read_bytes()
    code = hmac.digest(key, raw + b"\0" + name.encode(), "sha256")[:16]
    again = base64.urlsafe_b64encode(raw + code).rstrip(b"=").decode()
    return f"{start}/{again}/{name}"


def shared_by_mia(crowd, data, name, kind="application/octet-stream"):
    """The link that IRC got to a file of hers."""
    mark = crowd.bob.mark()
    send_file(crowd, data, name, kind, "m.file")
    return link_in(on_irc(crowd, name, mark)).rstrip("\x01")


def test_a_link_ends_with_its_time(crowd):
    url = shared_by_mia(crowd, b"for a while", name_of(".txt"))
    now = int(time.time()) // 60
    assert resigned(crowd, url, None) == url
    assert fetch(resigned(crowd, url, now + 10))[0] == 200
    for method in ("GET", "HEAD"):
        assert fetch(resigned(crowd, url, now - 1), method)[0] == 410


def test_a_download_that_broke_is_gone_on_with(crowd):
    data = bytes(range(256)) * 3000
    url = shared_by_mia(crowd, data, name_of(".bin"))
    with urllib.request.urlopen(url, timeout=20) as answer:
        part = answer.read(100000)  # and hang up
    status, headers, rest = fetch(url, Range=f"bytes={len(part)}-")
    assert status == 206 and part + rest == data
    assert headers["Content-Range"] == (
        f"bytes {len(part)}-{len(data) - 1}/{len(data)}")
    assert fetch(url, Range=f"bytes={len(data)}-")[0] == 416


def test_the_cache_keeps_to_its_bound(crowd):
    """What was dropped for it is fetched once more."""
    size = 900 * 1024
    bodies = [bytes([n]) * size for n in range(10)]
    urls = [shared_by_mia(crowd, body, name_of(".bin")) for body in bodies]
    for url, body in zip(urls, bodies):
        assert fetch(url)[::2] == (200, body)
    assert sum(f.stat().st_size for f in crowd.kept.iterdir()) <= 8 << 20
    assert not any(f.read_bytes()[:1] == b"\0" and f.stat().st_size == size
                   for f in crowd.kept.iterdir())
    assert fetch(urls[0])[::2] == (200, bodies[0])


def test_on_a_full_disk_words_stand_for_files(crowd, liar):
    """Both ways, when nothing of the cache can make room; nothing half is
    kept, and when there is room all is well."""
    mine = shared_by_mia(crowd, b"a" * 500000, name_of(".bin"))
    for file in crowd.kept.iterdir():
        file.unlink()
    crowd.disk.fill()
    try:
        url = liar.url(f"page/{name_of('.png')}")
        content = share(crowd, url)
        assert content["msgtype"] == "m.text" and content["body"].endswith(url)
        assert fetch(mine)[0] == 503
        crowd.bridge.wait_log("a file cannot be kept", "media")
        assert not list(crowd.kept.iterdir())
        crowd.all_ways()
    finally:
        crowd.disk.clear()
    assert fetch(mine)[::2] == (200, b"a" * 500000)


def test_hosts_that_are_not_named_are_not_asked(crowd, liar):
    url = liar.url(f"page/{name_of('.png')}", "localhost")
    content = share(crowd, url)
    assert content["msgtype"] == "m.text"
    assert not any(url.endswith(path) for path in liar.asked)


@pytest.mark.parametrize("way, kind", [("page", "text/plain"),
                                       ("bomb", "application/octet-stream")])
def test_types_are_by_what_is_in_a_file(crowd, liar, way, kind):
    content = share(crowd, liar.url(f"{way}/{name_of('.png')}"))
    assert content["msgtype"] == "m.file"
    assert content["info"]["mimetype"] == kind
    assert content["info"]["size"] < 2000


def test_a_picture_of_a_person(crowd):
    """It is said in presence, found in the vcard, and changes."""
    hashes = []
    for _turn in range(2):
        mark = crowd.ann.mark()
        crowd.mia.set_avatar(crowd.mia.upload(png(120, 120), "image/png"))
        seen = crowd.ann.wait_for(
            lambda s: s.kind == "presence" and s.nick == crowd.mia_nick and
            (s.element.findtext(PHOTO) or "") not in ["", *hashes],
            since=mark)
        hashes.append(seen.element.findtext(PHOTO))
        card = crowd.ann.iq(f"{crowd.room}/{crowd.mia_nick}",
                            "<vCard xmlns='vcard-temp'/>").element
        data = base64.b64decode(card.findtext(
            "{vcard-temp}vCard/{vcard-temp}PHOTO/{vcard-temp}BINVAL"))
        assert hashlib.sha1(data).hexdigest() == hashes[-1]
        assert data.startswith(b"\x89PNG")
    mark = crowd.ann.mark()
    crowd.mia.set_avatar("")
    crowd.ann.wait_for(lambda s: s.kind == "presence" and
                       s.nick == crowd.mia_nick and
                       s.element.find(PHOTO) is not None and
                       not s.element.findtext(PHOTO), since=mark)


def set_photo(user, data, room):
    """In the vcard; its server says so in presence, where it has been told of
    it. The hash."""
    photo = (f"<PHOTO><TYPE>image/png</TYPE><BINVAL>"
             f"{base64.encodebytes(data).decode()}</BINVAL></PHOTO>"
             if data else "")
    user.iq(user.jid.split("/")[0],
            f"<vCard xmlns='vcard-temp'>{photo}</vCard>", "set")
    digest = hashlib.sha1(data).hexdigest() if data else ""
    user.send(f"<presence to='{room}/{user.nicks[room]}'>"
              f"<x xmlns='vcard-temp:x:update'><photo>{digest}</photo></x>"
              f"</presence>")
    return digest


def shown_by(crowd, name, since, accept, timeout=15):
    """The mxc: URI that the puppet of that name has, when it is accepted."""
    return crowd.mia.wait_for(
        lambda e: e.type == "m.room.member" and e.room == crowd.place and
        e.content.get("displayname") == name and
        accept(e.content.get("avatar_url")), timeout, since,
        f"a picture of {name}").content.get("avatar_url")


def test_a_picture_of_a_person_of_xmpp(crowd):
    """It is fetched by the hash in presence, uploaded once, and taken away; a
    restart does not set it again."""
    mxcs = []
    for _turn in range(2):
        data, mark = png(60, 60), crowd.mia.mark()
        set_photo(crowd.ann, data, crowd.room)
        mxcs.append(shown_by(crowd, crowd.ann_nick, mark,
                             lambda url: url and url not in mxcs))
        assert crowd.mia.download(mxcs[-1]) == ("image/png", data)
    mark = crowd.mia.mark()
    crowd.bridge.restart()
    crowd.here()
    crowd.all_ways()
    assert not any(e.type == "m.room.member" and
                   e.content.get("displayname") == crowd.ann_nick and
                   e.content.get("avatar_url") != mxcs[-1]
                   for e in crowd.mia.record[mark:])
    set_photo(crowd.ann, None, crowd.room)
    shown_by(crowd, crowd.ann_nick, mark, lambda url: not url)


# ---- names and pictures of rooms --------------------------------------------

def make_owner(user, room, jid):
    user.iq(room, "<query xmlns='http://jabber.org/protocol/muc#admin'>"
            f"<item affiliation='owner' jid='{jid}'/></query>", "set")


def title_of(user, room):
    query = user.iq(room, f"<query xmlns='{INFO}'/>").element
    return query.find(f"{{{INFO}}}query/{{{INFO}}}identity").get("name")


def names_seen(crowd, since):
    """A sync may bring an event again, in the state before its timeline."""
    return list({e.id: e.content.get("name") for e in crowd.mia.record[since:]
                 if e.type == "m.room.name" and e.room == crowd.place}
                .values())


def test_names_of_rooms_go_both_ways(crowd):
    """Once the bridge is an owner of the room in XMPP; before that its author
    and the operator are told once. What was set comes back from nowhere."""
    mark = crowd.mia.mark()
    for name in ("Alpha", "Beta"):
        crowd.mia.set_state(crowd.place, "m.room.name", {"name": name})
    crowd.bridge.wait_log("is causeway@gw.localhost/causeway an owner of")
    refusal = f"{crowd.mia_nick}: the name of xmpp/{crowd.room} stays as it is"
    crowd.mia.wait_for(lambda e: refusal in (e.body or ""), since=mark)
    crowd.ann.configure(crowd.room, roomname="Gamma")
    crowd.mia.wait_for(lambda e: e.type == "m.room.name" and
                       e.content["name"] == "Gamma" and
                       e.sender == crowd.service.bot_id, since=mark)
    make_owner(crowd.ann, crowd.room, "causeway@gw.localhost")
    heard = crowd.ann.mark()
    crowd.mia.set_state(crowd.place, "m.room.name", {"name": "Delta <&>"})
    crowd.ann.wait_for(lambda s: 104 in s.codes and s.kind == "message",
                       since=heard)
    assert title_of(crowd.ann, crowd.room) == "Delta <&>"
    crowd.all_ways()
    assert names_seen(crowd, mark) == ["Alpha", "Beta", "Gamma", "Delta <&>"]
    assert sum("an owner of" in line["msg"] for line in
               crowd.bridge.log()) == 1
    assert sum(refusal in (e.body or "") for e in
               crowd.mia.messages(crowd.place, mark)) == 1


@pytest.fixture
def gallery(farm, closing):
    """ann owns a room of ejabberd, where rooms have pictures, as the bridge
    does; mia is in that of Matrix."""
    xmpp, synapse = farm.get("ejabberd"), farm.get("synapse")
    closing.servers += [xmpp, synapse]
    it = SimpleNamespace(room=f"{closing.name('hall')}@{xmpp.rooms}",
                         ann=closing.xmpp(xmpp, "ann"),
                         mia=closing.matrix(synapse, closing.name("mia")))
    it.ann.join(it.room, "Ann")
    make_owner(it.ann, it.room, "causeway@gw.localhost")
    service = synapse.service()
    it.place = it.mia.create(power_level_content_override={
        "users": {it.mia.id: 100, service.bot_id: 50}})
    it.bot = service.bot_id
    it.bridge = closing.bridge(
        {"xmpp": xmpp_network(xmpp), "matrix": matrix_network(
            synapse, service, avatar_pause=0)},
        {"hall": [f"xmpp:{it.room}", f"matrix:{it.place}"]},
        top={"media": {}})
    it.bridge.start()
    it.mia.wait_member(it.place, "Ann")
    return it


def photo_of(user, room):
    card = user.iq(room, "<vCard xmlns='vcard-temp'/>").element
    value = card.findtext("{vcard-temp}vCard/{vcard-temp}PHOTO/"
                          "{vcard-temp}BINVAL")
    return value and base64.b64decode(value)


def set_room_photo(user, room, data):
    user.iq(room, "<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE>"
            f"<BINVAL>{base64.b64encode(data).decode()}</BINVAL></PHOTO>"
            "</vCard>", "set")


def set_by_bot(g, kind, since):
    return g.mia.wait_for(lambda e: e.type == kind and e.sender == g.bot,
                          since=since, what=kind).content


def test_pictures_of_rooms_go_both_ways(gallery):
    g, data = gallery, png(40, 40)
    set_room_photo(g.ann, g.room, data)
    seen = set_by_bot(g, "m.room.avatar", 0)
    assert g.mia.download(seen["url"]) == ("image/png", data)
    mark = g.mia.mark()
    g.mia.set_state(g.place, "m.room.avatar", {
        "url": g.mia.upload(png(50, 50), "image/png")})
    wait_for("another picture of the room",
             lambda: photo_of(g.ann, g.room) not in (None, data))
    g.ann.say(g.room, "and nothing comes back")
    g.mia.wait_text("and nothing comes back", since=mark)
    assert [e.sender for e in g.mia.record[mark:]
            if e.type == "m.room.avatar"] == [g.mia.id]
    what_changes_meanwhile_is_made_good(g)
    who_may_not_is_told_in_xmpp(g)


def what_changes_meanwhile_is_made_good(g):
    """In each room while the bridge is away; and once, not at every return."""
    g.bridge.stop()
    mark, data = g.mia.mark(), png(41, 41)
    g.ann.configure(g.room, roomname="Gallery")
    set_room_photo(g.ann, g.room, data)
    g.bridge.start()
    assert set_by_bot(g, "m.room.name", mark)["name"] == "Gallery"
    seen = set_by_bot(g, "m.room.avatar", mark)
    assert g.mia.download(seen["url"]) == ("image/png", data)
    g.bridge.stop()
    mark, other = g.mia.mark(), png(42, 42)
    g.mia.set_state(g.place, "m.room.name", {"name": "Hall"})
    g.mia.set_state(g.place, "m.room.avatar", {
        "url": g.mia.upload(other, "image/png")})
    g.bridge.start()
    wait_for("the name of Matrix", lambda: title_of(g.ann, g.room) == "Hall")
    wait_for("the picture of Matrix",
             lambda: photo_of(g.ann, g.room) not in (None, data))
    g.bridge.restart()
    g.ann.say(g.room, "all is as it was")
    g.mia.wait_text("all is as it was", since=mark)
    assert [e.sender for e in g.mia.record[mark:] if e.type in
            ("m.room.name", "m.room.avatar")] == [g.mia.id] * 2
    assert title_of(g.ann, g.room) == "Hall"


def who_may_not_is_told_in_xmpp(g):
    """Where the bot may not change it, and once."""
    mark = g.ann.mark()
    g.mia.set_state(g.place, "m.room.power_levels", {
        "users": {g.mia.id: 100, g.bot: 0}})
    refusal = f"the name of matrix/{g.place} stays as it is"
    for name in ("One", "Two"):
        g.ann.configure(g.room, roomname=name)
        # the log folds what it said before
        wait_for("the homeserver to refuse it", lambda name=name:
                 g.bridge.query("SELECT 1 FROM about WHERE seen = ?", name) and
                 not g.bridge.query(
                     "SELECT 1 FROM about WHERE wanted IS NOT NULL"))
    g.ann.wait_text(refusal, since=mark)
    g.mia.say(g.place, "and no more")
    g.ann.wait_text("and no more", since=mark)
    assert sum(refusal in text for _, text in
               g.ann.texts(g.room, mark)) == 1


def test_killed_in_the_middle_of_a_file(crowd, liar):
    """The message arrives once, with its file."""
    name = name_of(".png")
    url, mark = liar.url(f"gate/{name}"), crowd.mia.mark()
    crowd.ann.say(crowd.room, url, extra="<x xmlns='jabber:x:oob'><url>"
                  f"{url}</url></x>")
    wait_for("the file to be asked for", lambda: f"/gate/{name}" in liar.asked)
    crowd.bridge.kill9()
    liar.gate.set()
    crowd.bridge.start()
    crowd.here()
    crowd.all_ways()
    seen = [e.content for e in crowd.mia.messages(crowd.place, mark)
            if name in str(e.content)]
    assert [c["msgtype"] for c in seen] == ["m.image"], seen


@contextmanager
def through(crowd, front):
    """The homeserver, as the bridge sees it."""
    conf = crowd.bridge.networks["matrix"]

    def go_by(url):
        crowd.bridge.stop()
        conf["homeserver"] = url
        crowd.bridge.configure()
        crowd.bridge.start()
        crowd.here()
    direct = conf["homeserver"]
    front.calm()
    go_by(front.url)
    yield
    go_by(direct)


@pytest.mark.long
def test_a_homeserver_that_stops_in_a_download_holds_nothing(crowd):
    """Whoever follows the link hears that it broke off, what is said goes on
    meanwhile, and the next who follows it gets it whole."""
    t = crowd
    with Front(t.synapse, random.Random(1)) as front, through(t, front):
        names = [name_of(".bin") for _ in range(12)]
        bodies = [n.encode() * 20000 for n in names]
        urls = [shared_by_mia(t, d, n) for d, n in zip(bodies, names)]
        front.stall("/media/download/")
        with ThreadPoolExecutor(len(urls)) as readers:
            broken = [readers.submit(fetch_broken, url) for url in urls]
            wait_for("the downloads to stand still", lambda: front.stalled)
            t.all_ways(60)
            assert all(reader.result() for reader in broken)
        front.release()
        for url, data in zip(urls, bodies):
            assert fetch(url)[::2] == (200, data)


def fetch_broken(url):
    """True if it is not there whole: an error, or the end before the end."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            answer.read()
            return False
    except urllib.error.HTTPError as error:
        return error.code >= 500
    except (http.client.IncompleteRead, ConnectionError):
        return True


def test_files_of_matrix_at_the_upload_service(crowd):
    """Where the operator prefers that; what it does not take keeps our
    link. Order holds."""
    xmpp = next(s for s in crowd.things.servers if s.name == "prosody")
    crowd.bridge.stop()
    crowd.bridge.networks["xmpp"]["upload"] = xmpp.uploads
    crowd.bridge.configure()
    crowd.bridge.start()
    crowd.here()
    crowd.all_ways()
    data, name, mark = png(9, 8), name_of(".png"), crowd.ann.mark()
    send_file(crowd, data, name, "image/png", w=9, h=8)
    crowd.mia.say(crowd.place, f"after {name}")
    crowd.ann.wait_text(f"after {name}", since=mark, room=crowd.room)
    seen = [s for s in crowd.ann.record[mark:] if s.kind == "message" and
            name in (s.body or "")]
    url = seen[0].body
    assert url.startswith(f"http://127.0.0.1:{xmpp.http_port}/"), url
    assert seen[0].element.findtext(OOB) == url
    assert seen[1].body == f"after {name}"
    assert fetch(url)[::2] == (200, data)
    # what waits for its file is kept in memory, and costs no row
    assert "being uploaded" not in crowd.bridge.output()


def test_private_addresses_are_not_asked_unless_the_operator_says_so(
        crowd, liar):
    """By number, and by a name that leads there."""
    crowd.bridge.stop()
    crowd.bridge.top["media"].update(
        fetch_private=False, fetch_from=["127.0.0.1", "localhost"])
    crowd.bridge.configure()
    crowd.bridge.start()
    crowd.here()
    for scheme in ("http", "https"):
        for host in ("127.0.0.1", "localhost"):
            url = liar.url(f"page/{name_of('.png')}", host)
            url = url.replace("http", scheme, 1)
            content = share(crowd, url)
            assert content["msgtype"] == "m.text", url
            assert content["body"].endswith(url)
            assert not any(url.endswith(path) for path in liar.asked)
