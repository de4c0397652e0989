# SPDX-License-Identifier: MIT
"""A client that knows nothing of us: profanity, in a terminal, in a room of the
gateway.
"""

import subprocess

import pytest

from tests.support.process import Failure, wait_for

from .test_gateway import make_gate


class Terminal:
    """A program on a screen of tmux's, in a folder of its own as its home."""

    def __init__(self, folder, argv):
        self.tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._tmux("new-session", "-d", "-x", "150", "-y", "50", "-c",
                   str(folder), "env", f"HOME={folder}", "TERM=screen",
                   "LANG=C.UTF-8", f"XDG_CONFIG_HOME={folder}/config",
                   f"XDG_DATA_HOME={folder}/data", *argv)

    def _tmux(self, *words):
        done = subprocess.run([*self.tmux, *words], capture_output=True,
                              text=True, timeout=20, check=False)
        if done.returncode:
            raise Failure(f"tmux: {done.stderr}")
        return done.stdout

    def screen(self):
        return self._tmux("capture-pane", "-p")

    def type(self, line):
        self._tmux("send-keys", "-l", line)
        self._tmux("send-keys", "Enter")

    def wait(self, text, timeout=30):
        try:
            wait_for(f"the screen to show {text!r}",
                     lambda: text in self.screen(), timeout)
        except Exception as problem:
            raise Failure(f"{problem}; it shows\n{self.screen()}") from problem

    def close(self):
        subprocess.run([*self.tmux, "kill-server"], check=False)


@pytest.fixture
def terminal(tmp_path):
    opened = []

    def start(argv, files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        opened.append(Terminal(tmp_path, argv))
        return opened[0]

    yield start
    for one in opened:
        one.close()


ACCOUNT = """[ann@localhost]
enabled=true
jid=ann@localhost
resource=terminal
server=127.0.0.1
port={port}
tls.policy=disable
password=ann
"""


def test_profanity_joins_speaks_and_hears(farm, closing, terminal):
    gate = make_gate(closing, farm.get("prosody"), farm.get("inspircd"))
    nick = gate.nick("ann")
    client = terminal(
        ["profanity", "-a", "ann@localhost"],
        {"data/profanity/accounts": ACCOUNT.format(port=gate.xmpp.port)})
    client.wait("logged in successfully")
    client.type(f"/join {gate.room} nick {nick}")
    gate.bob.wait_for(lambda m: m.command == "JOIN" and m.nick == nick,
                      timeout=30)
    client.wait(f"-> You have joined the room as {nick}")
    client.type("hello from a terminal")
    gate.bob.wait_text("hello from a terminal", nick=nick,
                       target=gate.channel)
    gate.bob.say(gate.channel, "hello to the terminal")
    client.wait(f"{gate.bob.nick}: hello to the terminal")
    gate.bob.send(f"TOPIC {gate.channel} :about terminals")
    client.wait("about terminals")
    client.type("/close")
    gate.bob.wait_for(lambda m: m.command in ("PART", "QUIT") and
                      m.nick == nick, timeout=30)
