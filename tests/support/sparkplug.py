# SPDX-License-Identifier: MIT
"""Payloads of Sparkplug B, as far as the tests write and read them: protocol
buffers, by hand."""

import struct


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([0x80 | value & 0x7f])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """An integer, a float (double) or bytes."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    return varint(number << 3) + varint(value)


def metric(value, name=None, alias=None):
    out = field(1, name.encode()) if name else b""
    if alias is not None:
        out += field(2, alias)
    if isinstance(value, bool):
        return out + field(4, 11) + field(14, int(value))
    if isinstance(value, float):
        return out + field(4, 10) + field(13, value)
    if isinstance(value, str):
        return out + field(4, 12) + field(15, value.encode())
    return out + field(4, 8) + field(11, value)


def payload(*metrics, seq=None):
    out = field(1, 1764000000000) + b"".join(field(2, m) for m in metrics)
    return out if seq is None else out + field(3, seq)
