#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The architecture, as a test: which folder may include which.

    layers.py SOURCE_ROOT
"""

import pathlib
import re
import sys

# what every folder may use: values, memory, words
BASE = {f"bridge/{name}.h" for name in (
    "base", "error", "hash", "log", "pool", "secret", "str")}

# what an adapter sees of the core; router, outbox, puppets are not its affair
ADAPTER = BASE | {"conf/conf.h"} | {
    f"bridge/{name}.h" for name in ("attach", "base64", "event", "gate", "loop",
                                    "origin", "protocol", "pulse", "text")}

# folder: what it may include, besides itself and the C library
ALLOWED = {
    "conf": BASE | {"bridge/event.h", "libconfig.h", "openssl/evp.h"},
    "mappings": BASE | {"sqlite3.h"},
    "bridge": {"conf/", "mappings/", "event2/", "uthash.h", "utlist.h",
               "openssl/evp.h", "openssl/rand.h"},
    "bridge/control": {"bridge/", "conf/", "mappings/", "event2/", "uthash.h",
                       "utlist.h", "jansson.h"},
    # the way in from other programs knows how they write, and how we do
    "bridge/import": {"bridge/", "conf/", "mappings/", "protocols/protocols.h"},
    "bridge/http": BASE | {"bridge/loop.h", "microhttpd.h", "curl/",
                           "event2/", "utlist.h"},
    "bridge/media": BASE | {"bridge/attach.h", "bridge/base64.h",
                            "bridge/event.h",
                            "bridge/http/", "bridge/loop.h", "bridge/seal.h",
                            "bridge/text.h", "conf/conf.h", "curl/",
                            "openssl/", "utlist.h"},
    "protocols": {"bridge/protocol.h"},
    "protocols/xmpp": ADAPTER | {"bridge/http/", "bridge/media/media.h",
                               "conf/address.h", "conf/escape.h",
                               "strophe.h", "expat.h", "utlist.h", "event2/",
                               "openssl/"},
    "protocols/irc": ADAPTER | {"bridge/http/address.h", "libirc", "event2/",
                              "openssl/", "utlist.h"},
    "protocols/mqtt": ADAPTER | {"conf/rules.h", "conf/say.h",
                               "conf/topic.h",
                               "mosquitto.h", "jansson.h", "event2/", "openssl/",
                               "utlist.h"},
    "protocols/matrix": ADAPTER | {"curl/", "jansson.h", "event2/", "utlist.h",
                                   "bridge/http/", "bridge/media/media.h"},
}
# one file may see everything, to wire it together; one brings in uthash
EXEMPT = {"bridge/main.c"}
GUARDED = re.compile(r"(bridge|conf|mappings|protocols)/|sqlite3|strophe|"
                     r"libirc|curl/|jansson|mosquitto|libconfig|expat|"
                     r"event2/|openssl/|uthash|utlist|microhttpd")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]', re.M)


def layer_of(path):
    parts = path.parts
    two = "/".join(parts[:2])
    return two if two in ALLOWED else parts[0]


def main(root):
    root = pathlib.Path(root)
    wrong = 0
    for path in sorted(root.glob("**/*.[ch]")):
        rel = path.relative_to(root)
        layer = layer_of(rel)
        if layer not in ALLOWED or str(rel) in EXEMPT:
            continue
        for name in INCLUDE.findall(path.read_text()):
            if not GUARDED.match(name) or name.startswith(layer + "/"):
                continue
            if not any(name.startswith(ok) for ok in ALLOWED[layer]):
                print(f"{rel}: {layer}/ must not include {name}")
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
