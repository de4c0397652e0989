# SPDX-License-Identifier: MIT
"""SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's half."""

import base64
import hashlib
import hmac
import os

ITERATIONS = 4096


def _hmac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def _fields(text):
    return dict(item.split("=", 1) for item in text.split(",") if "=" in item)


class Login:
    """The server's half of one exchange."""

    def __init__(self, account, password):
        self.account = account
        self.salt = os.urandom(16)
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), self.salt,
                                     ITERATIONS)
        client_key = _hmac(salted, b"Client Key")
        self.stored = hashlib.sha256(client_key).digest()
        self.server_key = _hmac(salted, b"Server Key")
        self.first = self.nonce = None

    def challenge(self, message):
        gs2, self.first = message[:3], message[3:]
        fields = _fields(self.first)
        if gs2 != "n,," or fields.get("n") != self.account:
            return None
        nonce = base64.b64encode(os.urandom(18)).decode()
        self.nonce = fields["r"] + nonce
        salt = base64.b64encode(self.salt).decode()
        self.second = f"r={self.nonce},s={salt},i={ITERATIONS}"
        return self.second

    def verify(self, message):
        bare, _, proof = message.rpartition(",p=")
        fields = _fields(bare)
        auth = f"{self.first},{self.second},{bare}".encode()
        signature = _hmac(self.stored, auth)
        proof = base64.b64decode(proof)
        if len(proof) != len(signature):
            return None
        key = bytes(a ^ b for a, b in zip(proof, signature))
        if (hashlib.sha256(key).digest() != self.stored or
                fields.get("c") != "biws" or fields.get("r") != self.nonce):
            return None
        return "v=" + base64.b64encode(_hmac(self.server_key, auth)).decode()
