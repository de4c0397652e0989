#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts every single test of a run: count.py FOLDER

FOLDER holds what the frameworks left behind: meson's testlog.json (*.json),
pytest's junit (*.xml), and verdicts of tests/run itself (notes.tsv). A test
program that speaks TAP counts once for each of its tests, and once more as
failed if it ended badly without saying which of them failed.

Prints the names of what failed, then "N passed, N failed, N skipped".
"""

import collections
import json
import pathlib
import re
import sys
import xml.etree.ElementTree

TAP = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*([^#\n]*)(#\s*skip)?",
                 re.M | re.I)
GROUP = re.compile(r"@[a-z]+$")  # of xdist, at the end of a name
GOOD = {"OK", "EXPECTEDFAIL"}


class Count:
    def __init__(self):
        self.of = collections.Counter()
        self.failed = []

    def add(self, verdict, name):
        self.of[verdict] += 1
        if verdict == "failed":
            self.failed.append(name)


def program(count, entry):
    """One line of meson's log: a test program."""
    name, result = entry["name"], entry["result"]
    cases = TAP.findall(entry.get("stdout") or "")
    bad = 0
    for negative, case, skip in cases:
        verdict = "skipped" if skip else "failed" if negative else "passed"
        bad += verdict == "failed"
        count.add(verdict, f"{name}: {case.strip()}")
    if result == "SKIP" and not cases:
        count.add("skipped", name)
    elif result not in GOOD | {"SKIP"}:
        if not bad:
            count.add("failed", f"{name}: {result}")
    elif not cases:
        count.add("passed", name)


def meson(count, path):
    for line in path.read_text("utf-8", "replace").splitlines():
        program(count, json.loads(line))


def verdicts(path):
    """Name of each test, and how it ended; a test that failed in its own
    body and again in what follows it has two entries and failed once."""
    found = {}
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = GROUP.sub("", f"{case.get('classname')}::{case.get('name')}")
        if case.find("failure") is not None or case.find("error") is not None:
            found[name] = "failed"
        elif case.find("skipped") is not None:
            found.setdefault(name, "skipped")
        else:
            found.setdefault(name, "passed")
    return found


def pytest(count, path):
    """What failed was tried again alone; that verdict stands."""
    if path.name.endswith(".again.xml"):
        return
    found = verdicts(path)
    again = path.with_suffix(".again.xml")
    for name, verdict in (verdicts(again) if again.exists() else {}).items():
        if found.get(name) == "failed" and verdict == "passed":
            print(f"passed at the second try: {name}")
        found[name] = verdict
    for name, verdict in found.items():
        count.add(verdict, f"{path.stem}: {name}")


def notes(count, path):
    for line in path.read_text().splitlines():
        verdict, _, name = line.partition("\t")
        count.add(verdict, name)


def main(folder):
    count = Count()
    for path in sorted(pathlib.Path(folder).iterdir()):
        if path.suffix in (".json", ".xml", ".tsv"):
            {".json": meson, ".xml": pytest, ".tsv": notes}[path.suffix](
                count, path)
    print()
    for name in count.failed:
        print(f"failed: {name}")
    of = count.of
    if not sum(of.values()):
        of["failed"] = 1
        print("failed: nothing was run")
    print(f"{of['passed']} passed, {of['failed']} failed, "
          f"{of['skipped']} skipped")
    return 1 if of["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
