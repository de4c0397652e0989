#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every text that is logged is written once, so that a message is found in
the source by searching for its words (STYLE section 14). A bare "%s" passes
on words that stand where they were put together, and is left alone.

    logtexts.py SOURCE_ROOT
"""

import re
import sys

from tree import blank_comments, code, finish, root_argument

CALL = re.compile(r"\blog_(?:bug|error|warn|peer|info|trace)\s*\(")
STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
BARE = re.compile(r"^(%[a-z]+|[\s:,.])*$")


def arguments(text, start):
    """The arguments of the call whose "(" is before start, as source."""
    depth, begin, found, i = 1, start, [], start
    while i < len(text) and depth:
        c = text[i]
        if c in "\"'":
            i = re.compile(r'(?:\\.|[^\\%s])*%s' % (c, c), re.S).match(
                text, i + 1).end()
            continue
        depth += (c in "([{") - (c in ")]}")
        if depth == 0 or (c == "," and depth == 1):
            found.append(text[begin:i])
            begin = i + 1
        i += 1
    return found


def texts(path):
    """(line, text) of each log call with a literal format."""
    source = blank_comments(path.read_text())
    for call in CALL.finditer(source):
        if source.rfind("#define", source.rfind("\n", 0, call.start()),
                        call.start()) >= 0:
            continue
        given = arguments(source, call.end())
        literal = "".join(STRING.findall(given[1])) if len(given) > 1 else ""
        if literal:
            yield source.count("\n", 0, call.start()) + 1, literal


def main():
    root = root_argument()
    seen, wrong, count = {}, [], 0
    for path in code(root, ".c"):
        for line, text in texts(path):
            where = f"{path.relative_to(root)}:{line}"
            count += 1
            if text in seen:
                wrong.append(f'{where}: "{text}" is also at {seen[text]}')
            elif not BARE.match(text):
                seen[text] = where
    print(f"{count} log texts")
    return finish(wrong)


if __name__ == "__main__":
    sys.exit(main())
