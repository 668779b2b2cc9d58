"""Where a lab keeps its things: the state folder and the project around it."""

import os
import shutil
from pathlib import Path

from ecrlab.errors import LabError

NAME = ".ecrlab"

# Each is written beside its place first, into a file that ends in `.new`, which a process that is killed may leave behind.
WRITTEN_WHOLE = ("server.json", "engine.json", "progress.json", "aws.json", "traffic.json", "settings.json")
# What a lab writes into its state folder, file by file; nothing else in the folder is ever touched.
LAB_DATA = (
    "lab.sqlite", "lab.sqlite-wal", "lab.sqlite-shm", "lock.sqlite", "lock.sqlite-journal", "blobs", "uploads", "docker", "seeding", "server.log",
    "docker-config", "progress.broken.json", "advisories.sqlite", "advisories.sqlite-wal", "advisories.sqlite-shm", "exports",
    *WRITTEN_WHOLE,
)  # fmt: skip
# Any of these makes a folder a lab's.
MARKS = ("lab.sqlite", "server.json", "server.log", "progress.json", "aws.json", "settings.json")


def project(start: Path | None = None) -> Path | None:
    """The folder that holds the course: the nearest one, from `start` upwards, with `notebooks/` and `labs/`."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "notebooks").is_dir() and (folder / "labs").is_dir():
            return folder
        pyproject = folder / "pyproject.toml"
        if pyproject.is_file() and 'name = "ecr-lab"' in pyproject.read_text("utf-8", errors="replace"):
            return folder
    return None


def find(named: str | os.PathLike | None = None) -> Path:
    """The state folder: the one named, else `ECRLAB_STATE`, else `.ecrlab` in the project, else `.ecrlab` here."""
    chosen = named or os.environ.get("ECRLAB_STATE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    return (project() or Path.cwd().resolve()) / NAME


def make(state: Path) -> Path:
    """Make the state folder if it isn't there, and return it. Raises LabError where that is impossible."""
    try:
        state.mkdir(0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(
            "state_folder",
            f"The lab's folder {state} can't be made: {error.strerror}.",
            "Name another one with the environment variable ECRLAB_STATE or with --state.",
        ) from error
    return state


def is_lab(state: Path) -> bool:
    """Whether this folder holds (or held) a lab."""
    return any((state / mark).exists() for mark in MARKS)


def contents(state: Path) -> list[Path]:
    """What there is of a lab's data in this folder."""
    unfinished = (path for name in WRITTEN_WHOLE for path in state.glob(f"{name}*.new"))
    return [*(state / name for name in LAB_DATA if (state / name).exists()), *unfinished]


def size(path: Path) -> int:
    """Bytes of a file, or of everything below a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())


def forget(state: Path) -> list[Path]:
    """Delete a lab's data, and the folder too if nothing else is in it. Returns what stayed because it isn't the lab's."""
    for path in contents(state):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    rest = sorted(state.iterdir())
    if not rest:
        state.rmdir()
    return rest
