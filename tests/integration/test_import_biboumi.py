# SPDX-License-Identifier: MIT
"""Moving here from biboumi: a real one makes the database, for a user who sets
things and talks; after the import our bridge stands at the same address.
"""

import os
import pathlib
import subprocess

from tests.support.bridge import irc_network, program, xmpp_network
from tests.support.process import Process, wait_for
from tests.support.xmpp_peer import Refused

from .test_gateway import DISCO, GATEWAY
from .test_gateway_archive import Page
from .test_gateway_commands import NETWORK, Command

SETTINGS = {"nick": "annie", "realname": "Ann Example", "pass": "s3cret",
            "after_connect_commands": ["PRIVMSG {bob} :one",
                                       "PRIVMSG {bob} :two"]}


def start_biboumi(xmpp, folder):
    folder.mkdir()
    (folder / "biboumi.cfg").write_text(
        f"hostname={GATEWAY}\npassword={xmpp.secret}\n"
        f"port={xmpp.component_port}\ndb_name={folder}/biboumi.sqlite\n"
        "log_level=0\n")
    return Process("biboumi", ["biboumi", folder / "biboumi.cfg"], folder,
                   privileged=True)


def answers(peer):
    try:
        peer.iq(GATEWAY, f"<query xmlns='{DISCO}#info'/>", timeout=2)
    except (TimeoutError, Refused):
        return False
    return True


def causewayctl(*words):
    folder = pathlib.Path(program()).parent
    return subprocess.run(
        [next(folder.rglob("causewayctl")), *words], text=True,
        capture_output=True, timeout=60, check=False,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}",
             "XMPP_SECRET": "only-for-tests"})


def configure(ann, server, channel, irc, bob):
    """What our users would have set there; answers what the room says."""
    fields = {key: [v.format(bob=bob.nick) for v in value]
              if isinstance(value, list) else value
              for key, value in SETTINGS.items()}
    Command(ann, server, "configure").fill(
        {**fields, "ports": [str(irc.port)], "tls_ports": []})
    Command(ann, channel, "configure").fill({"persistent": "true"})
    Command(ann, GATEWAY, "configure").fill({"max_history_length": "50",
                                             "record_history": "true"})


def test_users_of_biboumi_find_everything_as_it_was(farm, closing, tmp_path):
    xmpp, irc = farm.get("prosody"), farm.get("inspircd")
    closing.servers += [xmpp, irc]
    channel = "#" + closing.name("moved")
    room = f"{channel}%127.0.0.1@{GATEWAY}"
    bob = closing.irc(irc, closing.name("bob"))
    bob.join(channel)
    biboumi = start_biboumi(xmpp, tmp_path / "biboumi")
    ann = closing.xmpp(xmpp, "ann")
    wait_for("biboumi to be there", lambda: answers(ann), 30, step=0.2)
    configure(ann, f"127.0.0.1@{GATEWAY}", room, irc, bob)
    ann.join(room, "annie", timeout=30)
    bob.wait_text("two", nick="annie")
    ann.say(room, "said through biboumi")
    bob.wait_text("said through biboumi", nick="annie")
    bob.say(channel, "and answered")
    ann.wait_text("and answered")
    biboumi.stop()

    network = irc_network(irc)
    del network["nick"]
    bridge = closing.bridge({
        "xmpp": xmpp_network(xmpp, gateway={"networks": ["irc"]}),
        "irc": network}, {})
    database = tmp_path / "biboumi" / "biboumi.sqlite"
    dry = causewayctl("import", "biboumi", database, bridge.config,
                      "--dry-run")
    assert "would be taken" in dry.stdout, dry
    assert not bridge.database.exists()
    done = causewayctl("import", "biboumi", database, bridge.config)
    assert done.returncode == 0 and "(1 persistent)" in done.stdout, done
    assert "1 passwords" in done.stdout and "2 lines" in done.stdout, done
    # once more changes nothing
    done = causewayctl("import", "biboumi", database, bridge.config)
    assert done.returncode == 0 and " 0 lines" in done.stdout, done

    mark = bob.mark()
    bridge.start()
    bob.wait_for(lambda m: m.command == "JOIN" and m.nick == "annie",
                 timeout=40, since=mark)
    bob.wait_text("two", nick="annie", since=mark)
    values = Command(ann, NETWORK, "configure").values
    assert values["nick"] == ["annie"]
    assert values["realname"] == ["Ann Example"]
    assert Page(ann, room).bodies == ["said through biboumi", "and answered"]
    busy = causewayctl("import", "biboumi", database, bridge.config)
    assert busy.returncode == 3, busy


def test_what_is_no_database_of_biboumi_is_said(tmp_path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0o600)
    config = tmp_path / "causeway.conf"
    config.write_text(f'''database = "{tmp_path}/c.db";
networks: {{
    xmpp: {{ protocol = "xmpp"; component = "gw.localhost";
            server = "127.0.0.1:1"; secret = "file:{tmp_path}/secret";
            gateway: {{ networks = [ "irc" ]; }}; }};
    irc: {{ protocol = "irc"; server = "irc.example.org"; }};
}};
''')
    (tmp_path / "noise").write_bytes(os.urandom(5000))
    (tmp_path / "empty").write_bytes(b"")
    for name in ("noise", "empty", "missing"):
        done = causewayctl("import", "biboumi", tmp_path / name, config)
        assert done.returncode == 3, done
        assert "no SQLite database of biboumi" in done.stdout, done
    assert not (tmp_path / "c.db").exists()
    for words in (["import"], ["import", "matterbridge", "x", "y"],
                  ["import", "biboumi", "x", "y", "--dry"]):
        done = causewayctl(*words)
        assert done.returncode == 2 and "Usage:" in done.stderr, done
