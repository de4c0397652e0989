#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The page about XEP-0045 and the tests agree: whatever a row names is there,
and every row names a test, or says why there is none."""

import re
import sys

from tree import files, finish, root_argument

PAGE = "contrib/man/causeway-muc.7.scd"
ROW = re.compile(r"^\|  (\S+)\n:  (.+)\n:  (.+)$", re.M)
NAME = re.compile(r"\b[a-z]+(?:_[a-z0-9]+){2,}\b")
TEST = re.compile(r"^(?:def )?([a-z]+(?:_[a-z0-9]+){2,})\(", re.M)
REASON = re.compile(r"does not apply: |empty, |asked of ")


def main(root):
    rows = ROW.findall((root / PAGE).read_text("utf-8"))
    found = set()
    for folder in ("conformance", "integration"):
        for path in files(root / "tests" / folder, ".py", ".c"):
            found.update(TEST.findall(path.read_text("utf-8")))
    wrong = [] if rows else [f"{PAGE}: no rows"]
    for section, _, how in rows:
        names = NAME.findall(how)
        wrong += [f"{PAGE}: row {section} names {name}, which is no test"
                  for name in names if name not in found]
        if not REASON.match(how) and names != how.split():
            wrong.append(f"{PAGE}: row {section} gives neither tests nor a "
                         "reason")
    print(f"{len(rows)} rows")
    return finish(wrong)


if __name__ == "__main__":
    sys.exit(main(root_argument()))
