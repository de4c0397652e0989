# SPDX-License-Identifier: MIT
"""A certificate authority for the tests, and what it signed.

    ca.pem                   the authority
    server.pem, server.key   irc.localhost, localhost and 127.0.0.1
    other.pem, other.key     elsewhere.example only: the wrong host name
    expired.pem, .key        as the first, but its time is over
    stranger.pem, .key       the right names, signed by nobody we know
    client.pem, client.key   for SASL EXTERNAL
"""

import subprocess

from .process import Failure

NAMES = "DNS:irc.localhost,DNS:localhost,IP:127.0.0.1"
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def _openssl(folder, *args, when=None):
    past = ["/usr/bin/faketime", when] if when else []
    done = subprocess.run([*past, "/usr/bin/openssl", *args], cwd=folder,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise Failure(f"openssl {args[0]}: {done.stderr}")
    return done.stdout


def _signed(folder, name, subject, extensions, when=None):
    _openssl(folder, "req", "-new", *KEY, "-keyout", f"{name}.key",
             "-out", f"{name}.csr", "-subj", f"/CN={subject}")
    (folder / f"{name}.ext").write_text(extensions)
    _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-days", "30",
             "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
             "-extfile", f"{name}.ext", "-out", f"{name}.pem", when=when)


def make(folder):
    """Writes all of them into folder, which is returned."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    _openssl(folder, "req", "-x509", *KEY, "-keyout", "ca.key", "-out",
             "ca.pem", "-days", "30", "-subj", "/CN=Causeway tests",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    _openssl(folder, "req", "-x509", *KEY, "-keyout", "stranger.key",
             "-out", "stranger.pem", "-days", "30", "-subj",
             "/CN=irc.localhost", "-addext", f"subjectAltName={NAMES}")
    _signed(folder, "server", "irc.localhost",
            f"subjectAltName={NAMES}\nextendedKeyUsage=serverAuth\n")
    _signed(folder, "expired", "irc.localhost",
            f"subjectAltName={NAMES}\nextendedKeyUsage=serverAuth\n",
            when="2 years ago")
    _signed(folder, "other", "elsewhere.example",
            "subjectAltName=DNS:elsewhere.example\n"
            "extendedKeyUsage=serverAuth\n")
    _signed(folder, "client", "causeway",
            "extendedKeyUsage=clientAuth\n")
    for path in folder.iterdir():
        path.chmod(0o600 if path.suffix == ".key" else 0o644)
    return folder


def fingerprint(path, digest="sha256"):
    """Hexadecimal without colons, as IRC services write it."""
    text = _openssl(path.parent, "x509", "-in", path.name, "-noout",
                    "-fingerprint", f"-{digest}")
    return text.split("=", 1)[1].strip().replace(":", "").lower()
