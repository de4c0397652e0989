#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What frees itself at the end of its block is born with a value: a return
before the first assignment would free what was never there."""

import re
import sys

from tree import blank_comments, code, finish, root_argument

UNBORN = re.compile(r"^\s*AUTO(?:_STR|\(\w+\))\s+(?:[^=;]*,\s*)?\**(\w+)\s*;",
                    re.M)


def main(root):
    wrong = []
    for path in code(root):
        text = blank_comments(path.read_text("utf-8"))
        for match in UNBORN.finditer(text):
            line = text.count("\n", 0, match.start(1)) + 1
            wrong.append(f"{path.relative_to(root)}:{line}: {match[1]} has "
                         "no value yet")
    return finish(wrong)


if __name__ == "__main__":
    sys.exit(main(root_argument()))
