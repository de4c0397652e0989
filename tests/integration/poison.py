# SPDX-License-Identifier: MIT
"""What nobody should send, as bytes that IRC carries: shared by the tests of
bad input, which put each of them into every field."""

# name: text; %(channel)s becomes the channel of the test
POISONS = {
    "cr": b"a\rQUIT :poisoned",
    "lf": b"a\nQUIT :poisoned",
    "crlf": b"a\r\nPRIVMSG %(channel)s :injected",
    "nul": b"a\0b",
    "controls": bytes(c for c in range(1, 32) if c not in (10, 13)),
    "ctcp": b"\x01VERSION\x01",
    "half-ctcp": b"\x01ACTION",
    "dcc": b"\x01DCC SEND x 1 1 1\x01",
    "invalid-utf8": b"\xff\xfe\xc0\xaf\xed\xa0\x80\xf8\x88\x80\x80\x80 end",
    "cut-utf8": "ends in the middle: ☃".encode()[:-1],
    "noncharacter": "\ufffe\uffff\U0001fffe".encode(),
    "cdata-end": b"]]> <![CDATA[ ]]> &amp; <body/>",
    "stanza": b"</body></message><presence to='x' type='unavailable'/>",
    "bidi": "\u202e\u2066abc\u200b\u200d".encode(),
    "combining": ("z" + "\u0300" * 150).encode(),
    "long": b"x" * 10000,
    "format": b"%s%n%d%p {0} {nick} $1 ${x}",
    "leading": b": : \x03,1 \x02",
    "spaces": b"   ",
    "empty": b"",
}

# every control by itself: at the beginning, within and at the end
EACH_CONTROL = {f"byte-{c:02x}": b"%sa%sb%s" % ((bytes([c]),) * 3)
                for c in range(1, 32)}


def fits_xml(text):
    """Whether XML 1.0 has room for all of text; servers refuse the rest."""
    return not any(ord(c) < 32 and c not in "\t\r\n" or
                   0xfffe <= ord(c) <= 0xffff
                   for c in text)


def xml_text(data):
    """data as an XMPP user could try to send it: what XML cannot hold is
    written as a character reference, and must be refused by the server."""
    text = data.decode("utf-8", "replace")
    return "".join(
        f"&#{ord(c)};" if c in "<>&'\"\r\n" or ord(c) < 32 or
        0xfffe <= ord(c) <= 0xffff else c for c in text)
