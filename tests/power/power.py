#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Losses of power, replayed: power.py WORKLOAD REPLAY STATES

Lets the workload run on a recorded disk, several lives long, and the replayer
look at what a loss of power could have left behind. Once as we are, with
STATES states; then with failing disks; then with databases that are known to
be careless, where the replayer must find losses, or it would find none
anywhere. POWER_STATES and POWER_SEED in the environment change the number and
the seed. How jobs fall into groups is the machine's affair, so that the seed
alone reproduces nothing: the log of a run that failed is kept, and replayed
alike with the seed. Speaks TAP.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

SUMS = re.compile(r"(\d+) states, (\d+) acknowledged, (\d+) lost, "
                  r"(\d+) corrupt")
BROKEN = 3  # the workload was told that the store is at its end
# rounds, how it ends, pages between checkpoints (None: as shipped)
LIVES = [(250, "crash", 100), (150, "close", 60), (150, "crash", 300),
         (60, "close", None)]


class Failed(Exception):
    pass


class Rig:
    def __init__(self, workload, replay, seed):
        self.workload, self.replay, self.seed = workload, replay, seed
        memory = pathlib.Path("/dev/shm")
        self.root = pathlib.Path(tempfile.mkdtemp(
            prefix="causeway-power-",
            dir=memory if os.access(memory, os.W_OK) else None)).resolve()
        self.log = self.root / "log"

    def fresh(self):
        for path in self.root.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        (self.root / "db").mkdir(mode=0o700)

    def live(self, number, rounds, end, pages, sync=None, faults=()):
        """One life of the workload; its status."""
        env = dict(os.environ, POWER_FOLDER=str(self.root / "db"),
                   POWER_LOG=str(self.log))
        if pages:
            env["POWER_PAGES"] = str(pages)
        if sync:
            env["POWER_SYNC"] = sync
        return subprocess.run(
            [self.workload, str(self.root / "db/test.db"),
             str(self.seed + number), str(rounds), end, *map(str, faults)],
            env=env, timeout=120, check=False).returncode

    def lives(self, sync=None):
        self.fresh()
        for number, (rounds, end, pages) in enumerate(LIVES):
            status = self.live(number, rounds, end, pages, sync)
            if status:
                raise Failed(f"life {number} ended with status {status}")

    def failing_lives(self, n, suffix, every):
        """Each sync of that number fails; whoever is told so ends."""
        self.fresh()
        told = 0
        for number in range(n):
            status = self.live(number, 60, "crash", 100,
                               faults=(every, suffix))
            if status not in (0, BROKEN):
                raise Failed(f"life {number} ended with status {status}")
            told += status == BROKEN
        return told

    def states(self, n):
        """Replay; the sums of the replayer."""
        folder = self.root / "states"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        began = time.monotonic()
        done = subprocess.run(
            [self.replay, self.log, folder, str(n), str(self.seed)],
            capture_output=True, text=True, timeout=1200, check=False)
        found = SUMS.search(done.stdout)
        if not found or done.returncode > 1:
            raise Failed(f"replay: {done.returncode}: {done.stdout}"
                         f"{done.stderr}")
        took = time.monotonic() - began
        return done.stdout, took, [int(x) for x in found.groups()]

    def keep(self, number):
        """Where the log is, and what replays it."""
        if not self.log.exists():
            return "no log"
        kept = (pathlib.Path(tempfile.gettempdir()) /
                f"{self.root.name}-{number}.log")
        shutil.copy(self.log, kept)
        return (f"replay {kept} NEW_FOLDER STATES {self.seed} [STATE]  "
                "with the number of states above")


def faultless(rig, n):
    """Replay, and nothing may be lost."""
    text, took, (states, acknowledged, lost, corrupt) = rig.states(n)
    if lost or corrupt or states != n or not acknowledged:
        raise Failed(f"{text.rstrip()}\nseed {rig.seed}")
    return f"{took:.1f} s\n{text.splitlines()[-1]}"


def fault_06_power_loss_loses_nothing_acknowledged(rig, n):
    rig.lives()
    return faultless(rig, n)


def fault_09_eio_on_fsync_of_the_log_loses_nothing(rig, n):
    said = ""
    sum_told = 0
    for every in (3, 11):
        told = rig.failing_lives(8, "-wal", every)
        sum_told += told
        said += f"{told} of 8 lives ended by it; {faultless(rig, n // 20)}\n"
    if not sum_told:
        raise Failed("no life was told that a sync had failed")
    return said


def fault_09_eio_on_fsync_of_the_database_loses_nothing(rig, n):
    rig.failing_lives(8, "test.db", 2)
    return faultless(rig, n // 20)


def must_lose(rig, n, sync):
    rig.lives(sync)
    text, _, (_, _, lost, corrupt) = rig.states(max(n // 20, 200))
    if not lost:
        raise Failed(f"nothing lost with {sync}: the method is blind\n{text}")
    return f"{sync}: {lost} lost, {corrupt} corrupt, as it must be", corrupt


def a_careless_database_is_found_out(rig, n):
    return must_lose(rig, n, "NORMAL")[0]


def a_database_that_never_syncs_is_found_out(rig, n):
    said, corrupt = must_lose(rig, n, "OFF")
    if not corrupt:
        raise Failed("nothing corrupt without any sync")
    return said


TESTS = [fault_06_power_loss_loses_nothing_acknowledged,
         fault_09_eio_on_fsync_of_the_log_loses_nothing,
         fault_09_eio_on_fsync_of_the_database_loses_nothing,
         a_careless_database_is_found_out,
         a_database_that_never_syncs_is_found_out]


def comment(text):
    for line in text.splitlines():
        print(f"# {line}")


def main(workload, replay, states):
    n = int(os.environ.get("POWER_STATES") or states)
    rig = Rig(workload, replay, int(os.environ.get("POWER_SEED") or 1))
    failed = 0
    print(f"1..{len(TESTS)}", flush=True)
    for number, test in enumerate(TESTS, 1):
        try:
            comment(test(rig, n))
            print(f"ok {number} - {test.__name__}", flush=True)
        except (Failed, subprocess.TimeoutExpired) as failure:
            comment(str(failure))
            comment(rig.keep(number))
            print(f"not ok {number} - {test.__name__}", flush=True)
            failed += 1
    shutil.rmtree(rig.root)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
