#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Real servers for tests, demo and trying by hand.

    from tests.support import servers
    with servers.Prosody(folder / "prosody") as prosody: ...

Run as a program it starts one of each, prints where they are, and stays until
Ctrl-C. Server.start(), stop(), restart(), kill9(), stall() and resume() are
the same for all; see server.py.
"""

import pathlib
import signal
import sys

if __package__ in (None, ""):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
    __package__ = "tests.support"  # pylint: disable=redefined-builtin

from .process import (Failure, Process, free_ports, stop_with_us,  # noqa
                      temporary_folder, wait_for)
from .servers_irc import ACCOUNT, OPERATOR, Atheme, Inspircd, Ngircd  # noqa
from .servers_matrix import Synapse  # noqa
from .servers_mqtt import USER as MQTT_USER  # noqa
from .servers_mqtt import Mosquitto, PlainMosquitto  # noqa
from .servers_xmpp import (COMPONENTS, ROOMS, SECRET, Ejabberd,  # noqa
                           Prosody)

XMPP = {"prosody": Prosody, "ejabberd": Ejabberd}
IRC = {"ngircd": Ngircd, "inspircd": Inspircd}
MQTT = {"mosquitto": Mosquitto}


def main():
    stop_with_us()
    folder = temporary_folder()
    started = []
    try:
        for kind in (Prosody, Ejabberd, Ngircd, Inspircd, Mosquitto):
            started.append(kind(folder / kind.name).start())
        started.append(Atheme(folder / "atheme", started[-1]).start())
        for server in started:
            print(server.describe())
        print(f"logs in {folder}; Ctrl-C ends all", flush=True)
        signal.pause()
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, SystemExit):
        print()
    finally:
        for server in reversed(started):
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
