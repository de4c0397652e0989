#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The catalogue of faults in the manual and the tests agree: each row names
the files that have tests of its number, and each such test has its row."""

import collections
import re
import sys

from tree import files, finish, root_argument

PAGE = "contrib/man/causeway-faults.7.scd"
ROW = re.compile(r"^\|  (\d+)\n:  (.+)\n:  (.+)\n:  (.+)$", re.M)
# test_fault_07_... in Python, fault_07_... in C and in power.py
TEST = re.compile(r"^(?:def )?(?:test_)?fault_(\d\d)(?:_and_(\d\d))?_\w+\(",
                  re.M)


def tests(root):
    """{number: names of files}"""
    found = collections.defaultdict(set)
    for path in files(root / "tests", ".py", ".c"):
        name = str(path.relative_to(root / "tests").with_suffix(""))
        for match in TEST.finditer(path.read_text("utf-8")):
            for number in filter(None, match.groups()):
                found[int(number)].add(name)
    return found


def main(root):
    page = ROW.findall((root / PAGE).read_text("utf-8"))
    rows = {int(number): set(where.split()) for number, _, _, where in page}
    found = tests(root)
    wrong = [f"{PAGE}: row {n} names {' '.join(sorted(rows[n]))}, tests are "
             f"in {' '.join(sorted(found.get(n, {'no file'})))}"
             for n in sorted(rows) if rows[n] != found.get(n)]
    wrong += [f"{PAGE}: no row for fault {n} of {' '.join(sorted(found[n]))}"
              for n in sorted(set(found) - set(rows))]
    if not rows:
        wrong.append(f"{PAGE}: no rows")
    print(f"{len(rows)} faults")
    return finish(wrong)


if __name__ == "__main__":
    sys.exit(main(root_argument()))
