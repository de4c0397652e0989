# SPDX-License-Identifier: MIT
"""The load generator (load.c), told what to do."""

import collections
import os
import subprocess

from tests.support.process import Failure

# seconds: from the beginning until the last came; the others microseconds
Watched = collections.namedtuple("Watched",
                                 "seen seconds p50 p95 p99 copies")


class Load:
    """Groups of visitors; see the commands in load.c."""

    def __init__(self):
        path = os.environ.get("BENCH_LOAD", "")
        if not os.access(path, os.X_OK):
            raise Failure("BENCH_LOAD does not name the load generator; "
                          "tests/run bench does that")
        self.process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1)

    def begin(self, *words):
        """Give a command; end() waits until it was obeyed."""
        self.process.stdin.write(" ".join(str(w) for w in words) + "\n")

    def end(self):
        answers = {}
        for line in self.process.stdout:
            words = line.split()
            if words == ["ok"]:
                return answers
            answers[words[0]] = Watched(int(words[1]),
                                        *map(float, words[2:-1]),
                                        int(words[-1]))
        raise Failure("the load generator has given up; see above")

    def do(self, *words):
        self.begin(*words)
        return self.end()

    def close(self):
        self.process.stdin.close()
        self.process.wait()
