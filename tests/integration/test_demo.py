# SPDX-License-Identifier: MIT
"""contrib/demo, without its build: what a newcomer sees first works."""

import os
import pathlib
import subprocess
import sys

from tests.support.bridge import program

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_every_line_of_the_demo_arrives():
    done = subprocess.run(
        [sys.executable, "-B", "tests/support/demo.py", "--once"], cwd=ROOT,
        env={**os.environ, "CAUSEWAYD": program()}, capture_output=True,
        text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("every line arrived")
