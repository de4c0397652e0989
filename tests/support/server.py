# SPDX-License-Identifier: MIT
"""What every real server of the tests has in common.

A server lives in a folder of its own with a configuration that we wrote,
listens on loopback ports that were free, runs unprivileged, and is ready when
it takes a connection on each of them. If somebody else took a port meanwhile
it is started again on others, until it has been up once: after that its ports
stay, because somebody may have been told. Ports that are asked for are a wish.
"""

import pathlib
import shutil

from . import process
from .process import Failure, Process, free_ports, wait_for

TRIES = 5


class Server:
    name = "server"
    packages = ()
    port_names = ("port",)
    ready_wait_s = 20
    inside = None  # a Namespace; its first port has a door then

    def __init__(self, folder, ports=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.process = None
        self.settled = False
        given = list(ports or ())  # the others are free ones
        self._take(given + list(
            free_ports(len(self.port_names) - len(given))))

    def _take(self, ports):
        for name, port in zip(self.port_names, ports):
            setattr(self, name, port)

    # for each kind of server to fill in

    def configure(self):
        """Write the configuration for the ports as they are now."""

    def argv(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def is_ready(self):
        there = self.inside.listens if self.inside else process.can_connect
        return all(there(getattr(self, name)) for name in self.port_names)

    def prepared(self):
        """Called once after the first start, for what needs it running."""

    def describe(self):
        return f"{self.name}: 127.0.0.1:{self.port}"

    # the life of it

    def move_in(self, space):
        """Before the first start: live in that namespace."""
        self.inside = space
        space.door(getattr(self, self.port_names[0]))
        self.settled = True
        return self

    def _launch(self):
        self.configure()
        process.give_to_child(self.folder)
        argv = self.argv()
        if not shutil.which(str(argv[0])):
            raise Failure(f"{argv[0]} is missing; install "
                          f"{' '.join(self.packages)}")
        self.process = Process(self.name, argv, self.folder,
                               env=self.environment(),
                               inside=self.inside)

    def _wait(self):
        wait_for(f"{self.name} to be ready",
                 lambda: self.is_ready() or not self.process.alive(),
                 self.ready_wait_s)
        if not self.process.alive():
            raise Failure(f"{self.name} ended with status "
                          f"{self.process.popen.returncode}")

    def start(self):
        for attempt in range(1, TRIES + 1):
            self._launch()
            try:
                self._wait()
                break
            except Failure as failure:
                said = self.logs()
                self.process.kill9()
                taken = any(w in said.lower() for w in process.IN_USE)
                if self.settled or not taken or attempt == TRIES:
                    raise Failure(f"{failure}\n{said}") from None
                self._take(free_ports(len(self.port_names)))
        if not self.settled:
            self.settled = True
            self.prepared()
        return self

    def stop(self):
        return self.process.stop() if self.process else 0

    def kill9(self):
        return self.process.kill9()

    def stall(self):
        self.process.stall()

    def resume(self):
        self.process.resume()

    def restart(self):
        self.stop()
        return self.start()

    def logs(self, lines=60):
        """The last lines of all that it wrote, for a failure report."""
        parts = []
        for path in sorted(self.folder.iterdir()):
            if path.suffix not in (".log", ".out"):
                continue
            text = path.read_text("utf-8", "replace").splitlines()
            if text:
                parts.append(f"---- {self.name}: {path.name}")
                parts += text[-lines:]
        return "\n".join(parts)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_unused):
        self.stop()
