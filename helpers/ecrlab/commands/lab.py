"""Open JupyterLab on the first lesson, with the lab running behind it.

Everything that JupyterLab understands may follow: ecrlab lab --no-browser --port 8890
JupyterLab ends with Ctrl-C; the lab goes on running until: ecrlab stop
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from ecrlab import home, server
from ecrlab.errors import LabError


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "ecrlab lab [-h] [what JupyterLab understands …]"


def run(given: argparse.Namespace) -> int:
    project = home.project()
    first = sorted((project / "notebooks").glob("00-*.ipynb")) if project else []
    if not first:
        raise LabError("no_course", "There is no course in this folder.", "Go to the folder you cloned, and try again.")
    state = home.find()
    status = server.join(state).status()
    print(f"ECR Lab is running at {status['endpoint']}. Stop it with: ecrlab stop", flush=True)
    command = [
        sys.executable, "-m", "jupyterlab",
        f"--ServerApp.root_dir={project}",
        f"--LabApp.default_url=/lab/tree/notebooks/{first[0].name}",
        *given.rest,
    ]  # fmt: skip
    process = subprocess.Popen(command, env=_environment(state))
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # JupyterLab heard it too, and asks whether it is meant


def _environment(state: Path) -> dict[str, str]:
    """What JupyterLab, its notebooks and its terminals find: this lab, and the commands installed beside this Python."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "ECRLAB_STATE": str(state), "PATH": path}
