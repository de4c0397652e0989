# SPDX-License-Identifier: MIT
"""Processes of the tests: started unprivileged, in a folder of their own, and
never left behind.

Every child is the leader of a process group, dies with us (the parent-death
signal of setpriv, from util-linux), is stopped by its process id, and writes
to a log that is shown when something goes wrong. As root the children become
"nobody", so that no server of the tests ever runs with privileges.

The parent-death signal belongs to the thread that started the child: start
servers from a thread that lives as long as they are to.
"""

import atexit
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

UNPRIVILEGED = "nobody"
STOP_WAIT_S = 10
IN_USE = ("address already in use", "eaddrinuse", "address in use",
          "failed to bind", "failed to open server port",
          "can't bind socket")


class Failure(Exception):
    """Something outside the program under test did not work."""


def wait_for(what, condition, timeout=10.0, step=0.01):
    """Returns the first true value of condition(); raises after timeout."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"waited {timeout:g} s for {what}")
        time.sleep(step)


# ---- ports -----------------------------------------------------------------

def _ephemeral_low():
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
            return int(f.read().split()[0])
    except (OSError, ValueError):
        return 32768


def free_ports(n):
    """n different ports on 127.0.0.1 that nobody listens on now.

    They lie below the range that the kernel hands out by itself: there an
    outgoing connection could take one while its server is down, and a client
    that keeps connecting to a dead port could even reach itself.
    """
    high = min(_ephemeral_low(), 32768)
    held, ports = [], []
    try:
        while len(ports) < n:
            port = random.SystemRandom().randrange(max(10000, high - 20000),
                                                   high)
            s = socket.socket()
            held.append(s)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            if port not in ports:
                ports.append(port)
    finally:
        for s in held:
            s.close()
    return ports


def port_is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def can_connect(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


# ---- folders ---------------------------------------------------------------

def _others_reach(path):
    return all(p.stat().st_mode & 0o001 for p in (path, *path.parents))


def temporary_folder(prefix="causeway-", base=None):
    """A folder under base, or $TMPDIR, that our unprivileged children can
    enter.

    Removed when the program ends, unless KEEP is set in the environment.
    """
    base = pathlib.Path(base or tempfile.gettempdir()).resolve()
    if os.geteuid() == 0 and not _others_reach(base):
        base = pathlib.Path("/tmp")
    path = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=base))
    path.chmod(0o711)
    if not os.environ.get("KEEP"):
        atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def give_to_child(path):
    """Let the user that children run as own path and all in it."""
    if os.geteuid() != 0:
        return
    user = pwd.getpwnam(UNPRIVILEGED)
    for p in (path, *path.rglob("*")):
        os.chown(p, user.pw_uid, user.pw_gid, follow_symlinks=False)


# ---- processes -------------------------------------------------------------

_running = set()


def _stop_all():
    for child in list(_running):
        child.kill9()


def _on_signal(number, _frame):
    raise SystemExit(128 + number)


def stop_with_us():
    """Turn SIGTERM and SIGHUP into an orderly exit, so that atexit runs."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)


atexit.register(_stop_all)


class Process:
    """One child. argv runs in folder; its output is appended to log. inside:
    a Namespace (namespace.py), the network that it is in."""

    def __init__(self, name, argv, folder, log=None, env=None,
                 privileged=False, stdin=subprocess.DEVNULL,
                 stdout=None, inside=None):
        self.name = name
        self.log = pathlib.Path(log or pathlib.Path(folder) / f"{name}.out")
        prefix = inside.enter if inside else []
        prefix += ["/usr/bin/setpriv", "--pdeathsig", "KILL"]
        if os.geteuid() == 0 and not privileged:
            user = pwd.getpwnam(UNPRIVILEGED)
            prefix += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}",
                       "--clear-groups"]
        whole = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                 "HOME": str(folder), "TMPDIR": str(folder),
                 "LANG": "C.UTF-8"}
        whole.update(env or {})
        self.log_start = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(
                prefix + ["--"] + [str(a) for a in argv], cwd=folder,
                env=whole, stdin=stdin,
                stdout=out if stdout is None else stdout, stderr=out,
                start_new_session=True)
        self.pid = self.popen.pid
        _running.add(self)

    def alive(self):
        return self.popen.poll() is None

    def output(self):
        """What this run wrote to its log so far."""
        return self.output_from(0).decode("utf-8", "replace")

    def output_from(self, offset):
        """The bytes of that which are behind the first offset ones."""
        with open(self.log, "rb") as f:
            f.seek(self.log_start + offset)
            return f.read()

    def send_signal(self, number):
        if self.alive():
            self.popen.send_signal(number)

    def stall(self):
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self):
        os.killpg(self.pid, signal.SIGCONT)

    def _end_group(self):
        # helpers that the leader left behind; ESRCH when there are none
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        _running.discard(self)

    def kill9(self):
        if self.alive():
            self._end_group()
            self.popen.wait()
        self._end_group()
        return self.popen.returncode

    def stop(self, wait=STOP_WAIT_S):
        """SIGTERM, then SIGKILL; the exit status, negative for a signal."""
        if self.alive():
            self.popen.terminate()
            self.popen.send_signal(signal.SIGCONT)
            try:
                self.popen.wait(wait)
            except subprocess.TimeoutExpired:
                self._note_what_it_does()
        return self.kill9()

    def _note_what_it_does(self):
        """In its log: of each thread, whether it computes or what it waits
        for."""
        try:
            tasks = [(task.name, (task / "stat").read_text(),
                      (task / "wchan").read_text()) for task in
                     pathlib.Path(f"/proc/{self.pid}/task").iterdir()]
        except OSError:
            return  # it has ended after all
        with open(self.log, "a") as log:
            for name, stat, where in tasks:
                stat = stat.rsplit(")", 1)[1].split()
                print(f"does not end: thread {name}, state {stat[0]}, "
                      f"{stat[11]}+{stat[12]} ticks, in {where}", file=log)