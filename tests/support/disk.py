# SPDX-License-Identifier: MIT
"""Disks of a few bytes, for what happens when they are full."""

import pathlib
import subprocess


class Disk:
    """A file system of so many bytes, in memory."""

    def __init__(self, path, size, options=""):
        self.path = pathlib.Path(path)
        self.path.mkdir(mode=0o700)
        subprocess.run(["/usr/bin/mount", "-t", "tmpfs", "-o",
                        f"size={size},mode=0700{options}", "tmpfs",
                        self.path], check=True)

    def fill(self):
        """Not a byte is left."""
        with open(self.path / "filler", "ab", buffering=0) as filler:
            for size in (1 << 16, 4096, 1):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError:
                    continue

    def clear(self):
        (self.path / "filler").unlink()

    def close(self):
        subprocess.run(["/usr/bin/umount", "--lazy", self.path], check=True)
