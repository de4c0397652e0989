# SPDX-License-Identifier: MIT
"""What the lint tests share: which files are ours, how to say what is wrong.
"""

import pathlib
import re
import subprocess
import sys

CODE = ("bridge", "conf", "mappings", "protocols")
BUILT = re.compile(r"^(b|b-[^/]*)/|/\.|^\.")


def files(root, *suffixes):
    """Files of the tree with one of the suffixes (all if none), sorted:
    those that git tracks, or without git all but what was built."""
    root = pathlib.Path(root)
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(root),
                           "ls-files", "-z", "--cached", "--others",
                           "--exclude-standard"],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        names = done.stdout.split("\0")
    else:
        names = [str(p.relative_to(root)) for p in root.rglob("*")]
        names = [n for n in names if not BUILT.search(n)]
    found = [root / n for n in sorted(set(names)) if n]
    return [p for p in found if p.is_file() and
            (not suffixes or p.suffix in suffixes)]


def code(root, *suffixes):
    """Those of the program itself."""
    root = pathlib.Path(root)
    return [p for p in files(root, *(suffixes or (".c", ".h")))
            if p.relative_to(root).parts[0] in CODE]


def blank_comments(text):
    """Comments become spaces, so that lines and columns stay."""
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"',
                  lambda m: m[0] if m[0][0] == '"' else
                  re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)


def finish(wrong):
    """Print what is wrong, one line each; the exit status."""
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def root_argument():
    if len(sys.argv) != 2:
        sys.exit("one argument: the root of the source tree")
    return pathlib.Path(sys.argv[1]).resolve()
