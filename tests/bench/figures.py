# SPDX-License-Identifier: MIT
"""Figures out of /proc, and how they are shown."""

import os
import time

TICK = os.sysconf("SC_CLK_TCK")
WIDTHS = (52, 12, 12, 8, 16)


def cpu_s(process):
    with open(f"/proc/{process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_kib(process, which="VmRSS"):
    with open(f"/proc/{process.pid}/status") as f:
        for line in f:
            if line.startswith(which + ":"):
                return int(line.split()[1])
    return 0


def settled_kib(process, quiet_s=1.5, limit_s=30):
    """Memory when it has not changed for a while."""
    last, since = memory_kib(process), time.monotonic()
    end = since + limit_s
    while time.monotonic() - since < quiet_s and time.monotonic() < end:
        time.sleep(0.1)
        now = memory_kib(process)
        if abs(now - last) > 64:
            last, since = now, time.monotonic()
    return last


def wait_quiet(process, limit_s=60):
    """Until it takes less than a twentieth of a core."""
    end = time.monotonic() + limit_s
    before = cpu_s(process)
    while time.monotonic() < end:
        time.sleep(0.5)
        now = cpu_s(process)
        if now - before < 0.025:
            return
        before = now


def title(text, without="no bridge"):
    _cells(text, "figure", without, "ratio", "target")
    print("-" * (sum(WIDTHS) + 2 * len(WIDTHS)), flush=True)


def row(name, figure, without=None, target="", form="{:.2f}"):
    """without: the same without a bridge, measured in the same run."""
    known = without is not None
    _cells(name, form.format(figure), form.format(without) if known else "",
           f"{figure / without:.2f}" if known and without else "", target)


def note(text):
    print(f"    {text}", flush=True)


def _cells(*cells):
    print("  ".join(str(c).ljust(w) for c, w in zip(cells, WIDTHS)).rstrip(),
          flush=True)
