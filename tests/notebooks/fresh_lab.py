"""A lab for one notebook alone, in which everything is the same at every run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tools

NOW = "2026-01-05T09:00:00Z"
PATIENCE = 90  # seconds for the lab to start or to stop


class FreshLab:
    """A new lab on free ports, its clock standing still, and a copy of the notebook's folder to run in.

    `environment` is what the notebook's kernel needs, `folder` where it runs, `addresses` maps where this lab answers to where
    a learner's does.
    """

    def __init__(self, notebook: Path, engine: str, docker_host: str | None = None) -> None:
        """`engine` is dockerless or docker; `docker_host` says where Docker's answers."""
        self.home = Path(tempfile.mkdtemp(prefix="ecrlab-notebook-"))
        self.folder = self.home / notebook.parent.name
        self.environment = tools.isolated(os.environ, self.home) | {"ECRLAB_CLOCK": NOW, "ECRLAB_ENGINE": engine}
        if engine == "dockerless":
            self.environment["DOCKER_DEFAULT_PLATFORM"] = "linux/amd64"  # digests in the twins are the same on every processor
        self.environment.pop("DOCKER_HOST", None)
        if docker_host:
            self.environment["DOCKER_HOST"] = docker_host
        self.addresses: dict[str, str] = {}
        shutil.copytree(notebook.parent, self.folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints", ".ecrlab"))

    def __enter__(self) -> FreshLab:
        try:
            self._command("serve", "--port", "0", "--background")
            self.addresses = self._addresses()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if (self.state / "server.json").exists():
            self._command("stop")
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def state(self) -> Path:
        """The lab's state folder."""
        return Path(self.environment["ECRLAB_STATE"])

    def _addresses(self) -> dict[str, str]:
        from localecr.door import Door

        status = Door.find(self.state).status()
        learners = {"endpoint": "localhost:4510", "public_endpoint": "localhost:4511"}
        return {status[name].removeprefix("http://"): address for name, address in learners.items()}

    def _command(self, *words: str) -> None:
        tools.Command(sys.executable, "-m", "ecrlab", environment=self.environment)(*words, timeout=PATIENCE)
