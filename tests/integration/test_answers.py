# SPDX-License-Identifier: MIT
"""What the bridge says of itself when it is asked: on XMPP, by CTCP, and on
the command line."""

import datetime
import pathlib
import re
import subprocess

import pytest

from tests.support.bridge import program

from .conftest import make_pair

GATEWAY = "gw.localhost"
DISCO = "http://jabber.org/protocol/disco"


def run(*arguments):
    return subprocess.run([program(), *arguments], capture_output=True,
                          text=True, timeout=20, check=False)


def version():
    return run("--version").stdout.split()[-1]


def find(stanza, name):
    return next((e for e in stanza.element.iter()
                 if e.tag.rpartition("}")[2] == name), None)


def addresses(pair):
    """The component, a puppet of it, and the same puppet in the room."""
    puppet = f"{pair.bob.nick}%irc@{GATEWAY}"
    return GATEWAY, puppet, f"{pair.room}/{pair.bob.nick}"


# ---- on XMPP

def test_disco_names_what_it_is_and_only_what_it_does(pair):
    for address in addresses(pair)[:2]:
        answer = pair.ann.iq(address, f"<query xmlns='{DISCO}#info'/>")
        kind = find(answer, "identity").get("category")
        assert kind == ("gateway" if address == GATEWAY else "client")
        for feature in [e.get("var") for e in answer.element.iter()
                        if e.tag.endswith("}feature")]:
            if feature in ("jabber:iq:version", "jabber:iq:last"):
                pair.ann.iq(address, f"<query xmlns='{feature}'/>")
            elif feature == "urn:xmpp:time":
                pair.ann.iq(address, f"<time xmlns='{feature}'/>")


def test_version_and_ping_are_answered(pair):
    for address in addresses(pair):
        answer = pair.ann.iq(address, "<query xmlns='jabber:iq:version'/>")
        assert find(answer, "name").text == "Causeway"
        assert find(answer, "version").text == version()
        pair.ann.iq(address, "<ping xmlns='urn:xmpp:ping'/>")


def test_the_time_is_the_time(pair):
    answer = pair.ann.iq(GATEWAY, "<time xmlns='urn:xmpp:time'/>")
    told = datetime.datetime.fromisoformat(
        find(answer, "utc").text.replace("Z", "+00:00"))
    now = datetime.datetime.now(datetime.timezone.utc)
    assert abs((now - told).total_seconds()) < 60
    assert re.fullmatch(r"[+-]\d\d:\d\d", find(answer, "tzo").text)


# ---- by CTCP

@pytest.fixture(params=["ngircd", "inspircd"])
def irc_pair(request, farm, closing):
    return make_pair(closing, farm.get("prosody"), farm.get(request.param))


@pytest.mark.parametrize("whom", ["listener", "puppet"])
@pytest.mark.parametrize("question, answer", [
    ("VERSION", r"Causeway [\d.]+"), ("PING 12345", "12345"),
    ("TIME", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")])
def test_ctcp_is_answered_by_notice(irc_pair, whom, question, answer):
    pair = irc_pair
    nick = "causeway" if whom == "listener" else pair.ann_nick
    pair.bob.say(nick, f"\x01{question}\x01")
    seen = pair.bob.wait_for(lambda m: m.command == "NOTICE" and
                             m.nick == nick and m.text[:1] == "\x01")
    word = question.partition(" ")[0]
    assert re.fullmatch(f"\x01{word} {answer}\x01", seen.text)


def test_ctcp_is_answered_sparingly_and_files_are_refused(irc_pair):
    pair = irc_pair
    for _ in range(10):
        pair.bob.say(pair.ann_nick, "\x01VERSION\x01")
    for target in (pair.ann_nick, pair.channel):
        pair.bob.say(target, "\x01DCC SEND secret 2130706433 9 1\x01")
        pair.bob.say(target, "\x01FROBNICATE please\x01")
    # The puppet hears its questions when it comes to it: wait for one
    # answer, then for a line that the puppet says after them all.
    def answered(m):
        return (m.command == "NOTICE" and m.nick == pair.ann_nick and
                m.text[:1] == "\x01")
    pair.bob.wait_for(answered)
    pair.both_ways()
    pair.bob.barrier()
    answers = [m.text for m in pair.bob.messages if answered(m)]
    assert len(answers) == 1 and answers[0].startswith("\x01VERSION ")
    assert not [s for s in pair.ann.record if s.body and
                any(w in s.body for w in ("DCC", "secret", "FROBNICATE",
                                          "VERSION"))]


# ---- bytes and lengths

def test_what_is_not_utf8_is_read_in_the_configured_charset(farm, closing):
    for irc in ("ngircd", "inspircd"):
        pair = make_pair(closing, farm.get("prosody"), farm.get(irc),
                         irc_options={"charset": "iso-8859-5"})
        pair.bob.send_raw(f"PRIVMSG {pair.channel} :".encode() +
                          "привет".encode("iso-8859-5") + b"\r\n")
        pair.ann.wait_text("привет", room=pair.room)
        pair.bob.say(pair.channel, "здесь UTF-8")
        pair.ann.wait_text("здесь UTF-8", room=pair.room)
        pair.bridge.stop()
        closing.number += 1


@pytest.mark.parametrize("text", ["x" * 1500, "ü" * 750, "☃" * 500])
def test_a_line_is_as_long_as_the_server_carries(irc_pair, text):
    """To the byte: one more and the server would have cut it."""
    pair = irc_pair
    pair.ann.say(pair.room, text + " end")
    pair.bob.wait_text("end")
    seen = [m for m in pair.bob.messages if m.command == "PRIVMSG" and
            m.nick == pair.ann_nick]
    assert "".join(m.text for m in seen).replace(" ", "") == text + "end"
    sizes = [len(m.raw[m.raw.index(":"):].encode()) if not m.tags else
             len(m.raw.partition(" ")[2].encode()) for m in seen]
    assert max(sizes) <= 510
    width = len(text[0].encode())
    assert all(size > 510 - width for size in sizes[:-1]), sizes


# ---- over IPv6

@pytest.mark.parametrize("irc", ["ngircd", "inspircd"])
def test_irc_over_ipv6(farm, closing, irc):
    pair = make_pair(closing, farm.get("prosody"), farm.get(irc), start=False)
    pair.bridge.networks["irc"]["server"] = f"[::1]:{pair.irc.port}"
    pair.bridge.configure()
    pair.bridge.start()
    pair.ann.wait_occupant(pair.room, pair.bob.nick)
    pair.both_ways()


# ---- on the command line

def test_the_version_is_told():
    done = run("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"causewayd \d+\.\d+\.\d+\S*\n", done.stdout)
    assert not done.stderr


def test_help_shows_every_option():
    done = run("--help")
    assert done.returncode == 0
    for option in ("--config", "--check", "--version", "--help"):
        assert option in done.stdout


def test_misuse_is_told_in_a_line():
    for arguments in ([], ["--frobnicate"], ["--config"]):
        done = run(*arguments)
        assert done.returncode != 0 and not done.stdout
        assert "causewayd" in done.stderr


def test_a_good_configuration_is_checked_and_nothing_is_done(farm, closing):
    pair = make_pair(closing, farm.get("prosody"), farm.get("ngircd"),
                     start=False)
    pair.bridge.environment["XMPP_SECRET"] = "only-for-tests"
    done = subprocess.run(
        [program(), "--config", pair.bridge.config, "--check"],
        env={"XMPP_SECRET": "only-for-tests"}, capture_output=True,
        text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    assert not pair.bridge.database.exists()


def test_the_configuration_in_the_readme_is_right(closing):
    readme = pathlib.Path(__file__).parents[2] / "README.md"
    text = readme.read_text().split("## A configuration to copy")[1]
    secret = closing.folder / closing.name("readme.secret")
    secret.write_text("a secret\n")
    secret.chmod(0o600)
    where = closing.folder / closing.name("readme.conf")
    where.write_text(text.split("```")[1].replace(
        "/etc/causeway/xmpp.secret", str(secret)))
    done = run("--config", str(where), "--check")
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_all_that_is_wrong_is_told_at_once(closing):
    where = closing.folder / closing.name("wrong.conf")
    where.write_text('networks: {\n  a: { protocol = "irc"; sever = "x"; };\n'
                     '};\nlinks: {\n  l: { channels = [ "b:#c" ]; };\n};\n')
    done = run("--config", str(where), "--check")
    assert done.returncode != 0
    for words in (f'{where}:2: ', 'did you mean "server"', f"{where}:5: "):
        assert words in done.stderr, done.stderr
