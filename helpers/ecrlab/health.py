"""What `ecrlab doctor` looks at."""

import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ecrlab import engine, home, server
from ecrlab.errors import LabError
from ecrlab.show.words import size

FINE, NOTE, MEND = "fine", "note", "mend"
PYTHONS = ((3, 11), (3, 14))
ENOUGH_DISK = 1_000_000_000
MOST_NAMED = 5


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is fine, what was seen, and what to do."""

    subject: str
    state: str
    saw: str
    do: str = ""


def examine(state: Path, every_byte: bool = False) -> list[Finding]:
    """Everything that could stand in the way of a lesson, in the order in which it is worth mending; with `every_byte` layers are read too."""
    return [python(), packages(), jupyterlab(), disk(state), *folder(state), *layers(state, every_byte), *lab(state), notebooks()]


def python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if PYTHONS[0] <= sys.version_info[:2] < PYTHONS[1]:
        return Finding("Python", FINE, version)
    return Finding("Python", MEND, f"{version} isn't among those the course is tested with", "Use Python 3.11, 3.12 or 3.13.")


def packages() -> Finding:
    from packaging.requirements import Requirement

    wrong = []
    for line in metadata.requires("ecr-lab") or []:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            there = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(there, prereleases=True):
            wrong.append(f"{requirement.name} is {there}, needed is {requirement.specifier}")
    if wrong:
        return Finding("Packages", MEND, "; ".join(wrong), "Install the course's packages again, as the README shows.")
    return Finding("Packages", FINE, "all there")


def jupyterlab() -> Finding:
    try:
        from jupyterlab import labapp
    except ImportError as error:
        return Finding("JupyterLab", MEND, f"it can't be loaded: {error}", "Install the course's packages again, as the README shows.")
    return Finding("JupyterLab", FINE, labapp.version)


def disk(state: Path) -> Finding:
    nearest = next(folder for folder in (state, *state.parents) if folder.exists())
    free = shutil.disk_usage(nearest).free
    if free >= ENOUGH_DISK:
        return Finding("Disk", FINE, f"{size(free)} free")
    return Finding("Disk", MEND, f"only {size(free)} free", f"Make room, or put the lab elsewhere with ECRLAB_STATE (now {state}).")


def folder(state: Path) -> Iterator[Finding]:
    from localecr.store import wal

    probe = state / ".doctor"
    existed = state.is_dir()
    try:
        home.make(state)
        probe.write_text("")
        probe.unlink()
    except (OSError, LabError) as error:
        reason = getattr(error, "strerror", None) or error
        yield Finding("State folder", MEND, f"{state} can't be written: {reason}", "Name another folder with ECRLAB_STATE.")
        return
    if not existed:
        state.rmdir()
    database = state / "lab.sqlite"
    before = wal.read(database)
    said = _integrity(database) if database.is_file() else "ok"
    if lost := wal.lost(database, before, wal.read(database).committed):
        yield Finding("State folder", NOTE, lost, "Make or push again what you miss.")
    if said != "ok":
        yield Finding("State folder", MEND, f"the lab's records in {state} are damaged: {said}", "Begin anew with: ecrlab reset --yes")
    elif existed and home.is_lab(state):
        yield Finding("State folder", FINE, f"{state}, {size(sum(home.size(path) for path in home.contents(state)))}")
    else:
        yield Finding("State folder", FINE, f"{state}, still empty")


def _integrity(database: Path) -> str:
    try:
        with _opened(database, "ro") as connection:
            return connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        return str(error)


def _opened(database: Path, mode: str) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(f"{database.as_uri()}?mode={mode}", uri=True, timeout=5, isolation_level=None))


def layers(state: Path, every_byte: bool) -> Iterator[Finding]:
    """Whether the layers that the lab's records name are there; with `every_byte` also whether they are what was pushed.

    One that isn't is taken away, so that the lab no longer says it has it, and the next push brings it again.
    """
    from localecr.store import check
    from localecr.store.blobs import Blobs

    database = state / "lab.sqlite"
    if not database.is_file() or _integrity(database) != "ok":
        return
    blobs = Blobs(state)
    try:
        with _opened(database, "rw") as connection:

            def query(text: str, values: tuple = ()) -> list[tuple]:
                return connection.execute(text, values).fetchall()

            wrong = list(check.lost(query, blobs))
            wrong += check.take_away_damaged(query, blobs) if every_byte else ()
            count = query("SELECT count(DISTINCT digest) FROM layers")[0][0]
    except sqlite3.Error as error:
        yield Finding("Layers", NOTE, f"they can't be looked at now: {error}")
        return
    if wrong:
        more = f" and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
        yield Finding("Layers", MEND, " ".join(wrong[:MOST_NAMED]) + more, "Push the images again that need them; base images come back as the lab starts.")
    else:
        yield Finding("Layers", FINE, f"{count}, {'each as it was pushed' if every_byte else 'all there (ecrlab doctor --layers reads every byte)'}")


def lab(state: Path) -> Iterator[Finding]:
    door = server.find(state)
    if door is None:
        taken = [number for number in range(server.PORT, server.PORT + 3) if _in_use(number)]
        if taken:
            numbers = ", ".join(map(str, taken))
            yield Finding("Lab", MEND, f"not running, and another program uses port {numbers}", "Start it on free ports: ecrlab serve --background --port 0")
        else:
            yield Finding("Lab", FINE, "not running; the first cell of a lesson, or ecrlab serve --background, starts it")
        yield Finding("Docker", NOTE, "whether a Docker engine can be used is seen while the lab runs")
        return
    from ecrlab.local import LocalLab

    status = door.status()
    yield Finding("Lab", FINE, f"running at {status['endpoint']}")
    try:
        choice = engine.choose(status, LocalLab(door).base("static"), state)
    except LabError as error:
        yield Finding("Docker", MEND, error.sentence, error.next)
        return
    if choice.name == "docker":
        yield Finding("Docker", FINE, choice.why)
    else:
        without = "Images are built and moved without it (dockerless); only RUN and docker run need an engine."
        yield Finding("Docker", NOTE, choice.why, f"{without} Once you have started one: ecrlab stop, and begin again.")


def _in_use(port: int) -> bool:
    with socket.socket() as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def notebooks() -> Finding:
    import nbformat

    project = home.project()
    if project is None:
        return Finding("Notebooks", MEND, "this folder isn't in the course's", "Go to the folder you cloned, and try again.")
    with_outputs, lessons = [], sorted((project / "notebooks").glob("[0-9][0-9]-*.ipynb"))
    for path in lessons:
        try:
            book = nbformat.read(path, as_version=4)
        except (OSError, ValueError) as error:
            fetch = f"Fetch it again: git checkout -- notebooks/{path.name}"
            return Finding("Notebooks", MEND, f"{path.name} can't be read: {error}", fetch)
        if any(cell.get("outputs") for cell in book.cells):
            with_outputs.append(path.name[:2])
    if with_outputs:
        saw = f"{len(lessons)} lessons, of which you have run {', '.join(with_outputs)}"
        return Finding("Notebooks", NOTE, saw, "To have one as it came, without outputs: git checkout -- notebooks/NAME.ipynb")
    return Finding("Notebooks", FINE, f"{len(lessons)} lessons, as they came")
