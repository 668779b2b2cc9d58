"""A disk of a few megabytes, to be filled, made read-only and freed again: a tmpfs, which only root on Linux can mount."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


class SmallDisk:
    def __init__(self, folder: Path, megabytes: int):
        self.folder = folder
        self._ballast = folder / "ballast"
        self._run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))

    def fill(self, leave: int = 0) -> None:
        """Takes all room but about ``leave`` bytes; files that are there stay as they are."""
        self.free()
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while (free := shutil.disk_usage(self.folder).free) > leave:
                    file.write(bytes(min(1 << 16, free - leave)))
            except OSError:
                pass  # full

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def set_read_only(self, is_read_only: bool) -> None:
        """From now on nothing can be opened for writing; what is open already stays so, since Linux won't take that away."""
        if is_read_only:
            self._run("mount", "--bind", str(self.folder), str(self.folder))
            self._run("mount", "-o", "remount,ro,bind", str(self.folder))
        else:
            self._run("umount", "--lazy", str(self.folder))

    def unmount(self) -> None:
        while os.path.ismount(self.folder):
            self._run("umount", "--lazy", str(self.folder))

    @staticmethod
    def _run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, text=True)


def mounted(folder: Path, megabytes: int = 24) -> SmallDisk:
    """A small disk on a new folder. Skips the test where none can be mounted."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounts a small disk, which needs root on Linux")
    folder.mkdir()
    try:
        return SmallDisk(folder, megabytes)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small disk can't be mounted here: {getattr(error, 'stderr', None) or error}")
