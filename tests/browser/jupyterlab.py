"""JupyterLab as a learner has it: the course in a folder of its own, started by the course's command."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import tools

PROJECT = Path(__file__).parents[2]
PATIENCE = 90  # seconds


class JupyterLab:
    """`ecrlab lab` on a copy of the course, with widgets and a fresh lab without Docker. `url` begins every page's address."""

    def __init__(self, home: Path) -> None:
        self.home, self.course = home, home / "course"
        self.environment = tools.isolated(os.environ, home) | {"ECRLAB_ENGINE": "dockerless"}
        del self.environment["ECRLAB_PLAIN"]
        self.token = secrets.token_hex(16)
        self.process: subprocess.Popen | None = None
        self.url = ""
        for folder in ("notebooks", "labs"):
            shutil.copytree(PROJECT / folder, self.course / folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints", ".ecrlab"))

    def __enter__(self) -> JupyterLab:
        try:
            self._ecrlab("serve", "--port", "0", "--background")
            port = free_port()
            self.url = f"http://127.0.0.1:{port}"
            with (self.home / "jupyterlab.log").open("wb") as log:
                self.process = subprocess.Popen(self._command(port), cwd=self.course, env=self.environment, stdout=log, stderr=log)
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if (Path(self.environment["ECRLAB_STATE"]) / "server.json").exists():
            self._ecrlab("stop")

    def page(self, notebook: str) -> str:
        """The address of a notebook, named by its path in the course."""
        return f"{self.url}/lab/tree/{notebook}?reset&token={self.token}"

    def _command(self, port: int) -> list[str]:
        return [
            sys.executable, "-m", "ecrlab", "lab",
            "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}", "--expose-app-in-browser", "--LabApp.extension_manager=readonly",
            *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        ]  # fmt: skip

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/api/status?token={self.token}", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise AssertionError(f"JupyterLab did not start:\n{(self.home / 'jupyterlab.log').read_text(errors='replace')}")

    def _ecrlab(self, *words: str) -> None:
        tools.Command(sys.executable, "-m", "ecrlab", environment=self.environment)(*words, timeout=PATIENCE)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
