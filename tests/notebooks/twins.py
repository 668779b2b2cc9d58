"""A lesson's twin: the same notebook with the outputs it had when it was executed.

    python tests/notebooks/twins.py          executes all lessons and writes their twins anew
    python tests/notebooks/twins.py 00 02    only these

Learners' copies, in `notebooks/`, hold no outputs, since a prediction is worth nothing under its answer. The twins beside this file
hold what each cell must show.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[1]))  # pytest does the same for the tests' tools

TWINS = Path(__file__).parent / "twins"
LESSONS = Path(__file__).parents[2] / "notebooks"
CELL_TIMEOUT = 60  # seconds


def lessons() -> list[Path]:
    """The learners' copies, in order."""
    return sorted(LESSONS.glob("[0-9][0-9]-*.ipynb"))


def read(path: Path) -> NotebookNode:
    """A notebook as it is written in its file."""
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def traces(lesson: NotebookNode) -> list[str]:
    """What an execution has left in a learner's copy: a sentence each, an empty list for a pristine one."""
    found = []
    for cell in lesson.cells:
        if cell.cell_type == "code":
            found += [f"the cell {cell.id} holds outputs"] * bool(cell.outputs)
            found += [f"the cell {cell.id} has the number {cell.execution_count}"] * (cell.execution_count is not None)
        found += [f"the cell {cell.id} has the metadata {name}" for name in cell.metadata.keys() - {"tags", "jupyter"}]
    found += [f"the notebook has the metadata {name}" for name in lesson.metadata.keys() - {"kernelspec", "language_info"}]
    return found


def differences(lesson: NotebookNode, twin: NotebookNode) -> list[str]:
    """Where a twin is not its lesson with outputs: a sentence each."""
    found = [f"the notebooks' {name} differ" for name in ("metadata", "nbformat", "nbformat_minor") if lesson[name] != twin[name]]
    ours, theirs = [cell.id for cell in lesson.cells], [cell.id for cell in twin.cells]
    if ours != theirs:
        at = next((number for number, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]), min(len(ours), len(theirs)))
        found.append(f"the cells differ from number {at + 1} on: {ours[at:][:1]} and {theirs[at:][:1]}")
    for cell, other in zip(lesson.cells, twin.cells):
        found += [f"the cell {cell.id} has another {part}" for part in ("cell_type", "source", "metadata") if cell[part] != other[part]]
        if other.cell_type == "code" and other.execution_count is None:
            found.append(f"the twin's cell {other.id} was not executed")
    return found


def merge(lesson: NotebookNode, twin: NotebookNode) -> NotebookNode:
    """The learner's copy with its twin's outputs: what is executed is what learners get, whatever the twin says."""
    merged, executed = nbformat.from_dict(lesson), {cell.id: cell for cell in twin.cells if cell.cell_type == "code"}
    for cell in merged.cells:
        if cell.cell_type == "code":
            cell.execution_count = 0  # nbval compares nothing where there is no number
            cell.outputs = executed[cell.id].outputs if cell.id in executed else []
    return merged


def execute(lesson: Path) -> NotebookNode:
    """The lesson's twin: executed with dockerless in a lab of its own. Raises CellExecutionError."""
    from nbclient import NotebookClient

    from fresh_lab import FreshLab

    notebook = read(lesson)
    with FreshLab(lesson, "dockerless") as lab:
        client = NotebookClient(
            nbformat.from_dict(notebook),
            timeout=CELL_TIMEOUT,
            kernel_name="python3",
            resources={"metadata": {"path": str(lab.folder)}},
            record_timing=False,
            coalesce_streams=True,
        )
        executed = client.execute(env=lab.environment, stderr=subprocess.DEVNULL)
        for cell, done in zip(notebook.cells, executed.cells):
            if cell.cell_type == "code":
                cell.execution_count = done.execution_count
                cell.outputs = _renamed(done.outputs, lab.addresses)
    return notebook


def _renamed(value, addresses: dict[str, str]):
    """Outputs, with each of this lab's addresses as a learner would see it."""
    if isinstance(value, str):
        for here, theirs in addresses.items():
            value = re.sub(rf"{here}\b", theirs, value)
        return value
    if isinstance(value, list):
        return [_renamed(each, addresses) for each in value]
    if isinstance(value, dict):
        return nbformat.from_dict({name: _renamed(each, addresses) for name, each in value.items()})
    return value


def main(numbers: list[str]) -> int:
    """Write the twins of the lessons of these numbers, of all for none."""
    from nbclient.exceptions import CellExecutionError

    chosen = [lesson for lesson in lessons() if not numbers or lesson.name[:2] in numbers]
    if len(chosen) < len(set(numbers)) or not chosen:
        print(f"There are only the lessons {', '.join(lesson.name[:2] for lesson in lessons())}.", file=sys.stderr)
        return 2
    failed = 0
    for lesson in chosen:
        try:
            nbformat.write(execute(lesson), TWINS / lesson.name)
            print(f"{lesson.stem}: written", flush=True)
        except CellExecutionError as error:
            failed += 1
            print(f"{lesson.stem}: not written: {error.ename}: {error.evalue}", file=sys.stderr, flush=True)
    if not numbers:
        for twin in set(TWINS.glob("*.ipynb")) - {TWINS / lesson.name for lesson in chosen}:
            twin.unlink()
            print(f"{twin.stem}: deleted, its lesson is gone", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
