#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What other people's tools say about the tree.

    tools.py format|spelling|shell|python SOURCE_ROOT

A tool that is not installed is a failure: contrib/setup test installs it.
"""

import pathlib
import re
import subprocess
import sys

from tree import files

SHELL = re.compile(rb"#!/(?:usr/)?bin/(?:env )?(?:ba|da)?sh\b")
# hass: Home Assistant; fo: "fake occupant", a variable; htmp: utlist's own; ist, te: foreign words
WORDS = "hass,fo,htmp,ist,te,ue,nd,ans,ba"


def run(*argv):
    return subprocess.run([str(a) for a in argv], check=False).returncode


def c_format(root):
    """All in one process: to start one takes longer than its work."""
    return run("clang-format", "--dry-run", "--Werror",
               *files(root, ".c", ".h"))


def spelling(root):
    kept = [p for p in files(root) if "corpus" not in p.parts and
            p.suffix not in (".pem", ".db")]
    return run("codespell", "-L", WORDS, *kept)


def shell(root):
    scripts = []
    for path in files(root):
        with open(path, "rb") as f:
            if SHELL.match(f.readline()):
                scripts.append(path)
    return run("shellcheck", *scripts)


def python(root):
    """Each file compiles; nothing is left behind."""
    bad = 0
    for path in files(root, ".py"):
        try:
            compile(path.read_text(), str(path), "exec")
        except SyntaxError as error:
            print(error)
            bad = 1
    return bad


if __name__ == "__main__":
    check = {"format": c_format, "spelling": spelling, "shell": shell,
             "python": python}[sys.argv[1]]
    try:
        sys.exit(1 if check(pathlib.Path(sys.argv[2]).resolve()) else 0)
    except FileNotFoundError as missing:
        sys.exit(f"not installed: {missing.filename}")
