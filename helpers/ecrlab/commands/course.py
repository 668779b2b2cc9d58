"""Run lessons from their first cell to their last, as a learner's "Run All" would, and print a line for each.

Each runs in a new lab of its own and from a copy, so neither your lab nor your notebooks are touched.
Lessons are named by their numbers: ecrlab course 00 02. Without any, all are run.
"""

import argparse
import os
import shutil
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from ecrlab import engine, home, leftovers, server
from ecrlab.errors import LabError

CELL_TIMEOUT = 120


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="numbers of lessons, such as 00 02 (default: all)")
    parser.add_argument("--engine", choices=engine.CHOICES, default="auto", help="what builds and moves images (default: auto)")


def run(given: argparse.Namespace) -> int:
    project = home.project()
    if project is None:
        raise LabError("no_course", "There is no course in this folder.", "Go to the folder you cloned, and try again.")
    chosen = _choose(project / "notebooks", given.lessons)
    os.environ["ECRLAB_ENGINE"] = given.engine
    failed = 0
    for notebook in chosen:
        began = time.monotonic()
        try:
            fault = execute(notebook)
        except LabError as error:
            fault = str(error)
        failed += fault is not None
        word = "passed" if fault is None else "failed"
        print(f"{notebook.stem:36} {word}  {time.monotonic() - began:6.1f} s", flush=True)
        if fault:
            print("\n".join(f"    {line}" for line in fault.splitlines()), flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} lessons passed.")
    return 1 if failed else 0


def _choose(folder: Path, numbers: list[str]) -> list[Path]:
    """The lessons of these numbers, all for none. Raises LabError for a number that no lesson has."""
    lessons = {path.name[:2]: path for path in sorted(folder.glob("[0-9][0-9]-*.ipynb"))}
    unknown = [number for number in numbers if number not in lessons]
    if unknown or not lessons:
        raise LabError("no_lesson", f"There is no lesson {', '.join(unknown) or 'here'}.", f"There are: {', '.join(lessons) or 'none'}.")
    return [lessons[number] for number in numbers] if numbers else list(lessons.values())


def execute(notebook: Path) -> str | None:
    """Execute a copy of a lesson in a new lab. Returns None if all went well, else what failed. Raises LabError without a lab."""
    from ecrlab.local import LocalLab

    with tempfile.TemporaryDirectory(prefix="ecrlab-course-", ignore_cleanup_errors=True) as folder:
        copies, state = Path(folder) / "notebooks", Path(folder) / "state"
        shutil.copytree(notebook.parent, copies, ignore=shutil.ignore_patterns(".ipynb_checkpoints", home.NAME))
        door = server.start(state, port=0)
        try:
            lab = LocalLab(door)
            own = [address.partition("/")[0] + "/" for address in (lab.registry(), lab.public_registry)]
            with leftovers.removed(lab.docker, *own) if lab.engine == "docker" else nullcontext():
                return _run_cells(copies / notebook.name, state)
        finally:
            server.stop(door)


def _run_cells(notebook: Path, state: Path) -> str | None:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    client = NotebookClient(
        nbformat.read(notebook, as_version=4),
        timeout=CELL_TIMEOUT,
        resources={"metadata": {"path": str(notebook.parent)}},
    )
    log = notebook.with_suffix(".log")
    try:
        with log.open("wb") as output:
            client.execute(env={**os.environ, "ECRLAB_STATE": str(state), "ECRLAB_PLAIN": "1"}, stdout=output, stderr=output)
    except CellExecutionError as error:
        return f"{error.ename}: {error.evalue}\nin the cell that begins: {_first_line(client)}"
    except (CellTimeoutError, DeadKernelError) as error:
        said = log.read_text("utf-8", "replace").strip()
        return f"{type(error).__name__} in the cell that begins: {_first_line(client)}\n{said}".rstrip()
    return None


def _first_line(client) -> str:
    """The first line of the cell that was executed last."""
    done = [cell for cell in client.nb.cells if cell.cell_type == "code" and "execution" in cell.metadata]
    return next((line for line in done[-1].source.splitlines() if line.strip()), "") if done else ""
