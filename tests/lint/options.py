#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every configuration option is in the example and in the manual.

    options.py SOURCE_ROOT MANUAL

The options are those of the tables in conf/schema*.c. In the example each may
stand in a comment; a test of conf parses it. MANUAL is the page as built.
"""

import pathlib
import re
import sys

from tree import finish

TABLE = re.compile(r"static const struct option (\w+)_options\[\] = \{"
                   r"(.*?)\n\};", re.S)
NAME = re.compile(r'\.name\s*=\s*"(\w+)"')


def main(root, manual):
    root = pathlib.Path(root)
    schema = "".join(path.read_text()
                     for path in sorted(root.glob("conf/schema*.c")))
    example = root / "conf/causeway.conf.example"
    if not example.exists():
        return finish([f"{example.relative_to(root)} does not exist"])
    shown, written = example.read_text(), pathlib.Path(manual).read_text()
    wrong, count = [], 0
    for table, body in TABLE.findall(schema):
        for name in NAME.findall(body):
            count += 1
            if not re.search(rf"\b{name}\b\s*[=:]", shown):
                wrong.append(f"{table}: {name} is not in the example")
            plain = written.replace("\\", "")
            if not re.search(rf"(?<![\w-]){name}(?![\w-])", plain):
                wrong.append(f"{table}: {name} is not in the manual")
    if not count:
        wrong.append("conf/schema.c: no tables of options found")
    print(f"{count} options")
    return finish(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
