# SPDX-License-Identifier: MIT
"""Mosquitto for the tests; see server.py.

Ports: plain, for everybody; the same again, where those who log in (USER) have
less access than those who do not; TLS with
the right certificate; TLS that wants a certificate of the client; TLS with the
wrong name.
"""

import os
import subprocess

from . import certificates
from .server import Server

# Another one than the installed; see mosquitto_install.
PROGRAM = os.environ.get("MOSQUITTO", "/usr/sbin/mosquitto")
USER = ("tester", "only-for-tests")

# Who has no name may do everything.
ACCESS = """\
topic readwrite #
user tester
topic readwrite open/#
topic readwrite causeway/#
topic read readonly/#
"""


class PlainMosquitto(Server):
    """One port, for everybody."""

    name = "mosquitto"
    packages = ("mosquitto",)
    host = "127.0.0.1"

    def configure(self):
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} {self.host}\nallow_anonymous true\n"
            "log_dest stdout\nlog_type error\nlog_type warning\n")

    def argv(self):
        return [PROGRAM, "-c", self.folder / "mosquitto.conf"]


class Mosquitto(PlainMosquitto):
    """persistent: what is to survive a restart does."""

    packages = ("mosquitto", "openssl")
    port_names = ("port", "password_port", "tls_port", "client_tls_port",
                  "wrong_name_port")

    def __init__(self, folder, ports=None, persistent=True):
        super().__init__(folder, ports)
        self.persistent = persistent
        self.certificates = certificates.make(self.folder / "tls")

    @property
    def ca_file(self):
        return self.certificates / "ca.pem"

    def _tls(self, port, name, demand=False):
        base = self.certificates / name
        return (f"listener {port} 127.0.0.1\n"
                f"certfile {base}.pem\nkeyfile {base}.key\n"
                f"cafile {self.ca_file}\n"
                f"require_certificate {'true' if demand else 'false'}\n")

    def configure(self):
        passwords = self.folder / "passwords"
        passwords.write_text("")
        subprocess.run(["mosquitto_passwd", "-b", passwords, *USER],
                       check=True, capture_output=True)
        passwords.chmod(0o644)
        (self.folder / "access").write_text(ACCESS)
        (self.folder / "mosquitto.conf").write_text(
            # Not per_listener_settings: with that, 2.0.21 throws away what it
            # should keep for clients that are away.
            f"allow_anonymous true\npassword_file {passwords}\n"
            f"acl_file {self.folder}/access\n"
            f"persistence {'true' if self.persistent else 'false'}\n"
            f"persistence_location {self.folder}/\n"
            "autosave_interval 1\n"
            "log_dest stdout\nlog_type error\nlog_type warning\n"
            "log_type notice\n"
            "max_queued_messages 100000\nmax_inflight_messages 1000\n"
            f"listener {self.port} 127.0.0.1\n"
            f"listener {self.password_port} 127.0.0.1\n" +
            self._tls(self.tls_port, "server") +
            self._tls(self.client_tls_port, "server", demand=True) +
            self._tls(self.wrong_name_port, "other"))
