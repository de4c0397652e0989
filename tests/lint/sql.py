#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SQL lives in mappings/ and is never put together at run time.

    sql.py SOURCE_ROOT

Outside mappings/ no file of the program includes sqlite3.h, calls SQLite or
holds a string that reads like SQL. Inside, the texts stand in statements.c,
schema.c and db.c; nothing formats, joins or copies one; and what is handed to
SQLite to be compiled is a literal or comes from those tables.
"""

import pathlib
import re
import sys

FOLDERS = ("bridge", "conf", "mappings", "protocols")
SQL_FILES = {"mappings/statements.c", "mappings/schema.c", "mappings/db.c",
             "mappings/biboumi.c"}
# what may stand where SQL text is expected; each is a constant in a table
CONSTANTS = {"sql_text(i)", "*migration++", "pragmas", "question"}

TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|'
                   r'/\*.*?\*/|//[^\n]*', re.S)
SQL = re.compile(r"\b(?:select\b.+\bfrom|insert\s+(?:or\s+\w+\s+)?into|"
                 r"update\s+\w+\s+set|delete\s+from|replace\s+into|"
                 r"(?:create|drop|alter)\s+(?:unique\s+)?(?:table|index)|"
                 r"begin\s+immediate|rollback\s+to|pragma\s+\w+)\b",
                 re.I | re.S)
# the calls that compile text, and which argument of theirs it is
COMPILES = re.compile(r"\bsqlite3_(?:exec|prepare(?:16)?(?:_v[23])?)\s*\(")
FORMATS = re.compile(r"\b(?:sqlite3_(?:v?mprintf|v?snprintf|str_\w+)|"
                     r"(?:v|f|d|v?a?sn?)?printf|str_\w+|"
                     r"strn?cat|strn?cpy|mempcpy|memcpy|beside)\s*\(")


def strings(source):
    """Literals with their offsets, neighbours joined; and the code without
    comments, with every literal blanked to a pair of quotes of its length."""
    found, code, at, open_end = [], [], 0, -1
    for m in TOKEN.finditer(source):
        between = source[at:m.start()]
        code.append(between)
        text = m.group()
        if text[0] == '"':
            if found and not between.strip() and open_end == at:
                found[-1][1] += text[1:-1]
            else:
                found.append([m.start(), text[1:-1]])
            code.append('"' + "_" * (len(text) - 2) + '"')
            open_end = m.end()
        else:
            blank = re.sub(r"[^\n]", " ", text)
            code.append(blank)
            if open_end == at and not between.strip():
                open_end = m.end()      # a comment between two neighbours
        at = m.end()
    code.append(source[at:])
    return found, "".join(code)


def arguments(code, start):
    """The texts of a call's arguments; start is just behind its bracket."""
    depth, args, begin = 1, [], start
    for i in range(start, len(code)):
        c = code[i]
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        if depth == 0 or (c == "," and depth == 1):
            args.append((begin, i))
            begin = i + 1
        if depth == 0:
            return args
    return args


def check(rel, source):
    found, code = strings(source)
    inside = rel.startswith("mappings/")

    def at(offset):
        return f"{rel}:{source.count(chr(10), 0, offset) + 1}"

    for offset, text in found:
        if SQL.search(text) and rel not in SQL_FILES:
            yield f"{at(offset)}: SQL outside its tables: \"{text[:40]}\""
    if not inside:
        for m in re.finditer(r"\bsqlite3\w*", code):
            yield f"{at(m.start())}: only mappings/ may use SQLite"
        return
    for m in FORMATS.finditer(code):
        for begin, end in arguments(code, m.end()):
            for offset, text in found:
                if begin <= offset < end and SQL.search(text):
                    yield f"{at(offset)}: SQL put together at run time"
    for m in COMPILES.finditer(code):
        args = arguments(code, m.end())
        begin, end = args[1]
        text = code[begin:end].strip()
        if not (text.startswith('"') or text in CONSTANTS):
            yield f"{at(begin)}: not a constant text: {text}"


def main(root):
    root = pathlib.Path(root)
    wrong = []
    for folder in FOLDERS:
        for path in sorted((root / folder).glob("**/*.[ch]")):
            rel = path.relative_to(root).as_posix()
            wrong += check(rel, path.read_text())
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
