# SPDX-License-Identifier: MIT
"""Figures out of /proc and out of lists of times."""

import os
import time

TICK = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    return 0


def settled_rss_kib(pid, quiet_s=1.5):
    """Memory when it has not changed for a while."""
    last, since = rss_kib(pid), time.monotonic()
    while time.monotonic() - since < quiet_s:
        time.sleep(0.1)
        now = rss_kib(pid)
        if abs(now - last) > 64:
            last, since = now, time.monotonic()
    return last


def percentiles(values):
    ordered = sorted(values)
    if not ordered:
        return (float("nan"),) * 3
    pick = lambda p: ordered[min(len(ordered) - 1, int(len(ordered) * p))]
    return pick(0.5), pick(0.95), pick(0.99)


def row(*cells):
    widths = (46, 12, 12, 12, 22)
    print("  ".join(str(c).ljust(w) for c, w in zip(cells, widths)).rstrip(),
          flush=True)


def ms(seconds):
    return f"{seconds * 1000:.2f}"
