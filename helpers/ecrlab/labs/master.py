"""A lab's master notebook, and the two notebooks and the solutions that are written from it.

Cells are marked by tags:

    starter-only, solution-only    the cell is in that notebook alone
    task:NAME                      a code cell that solves the task NAME, or a part of it
    fade-blanks                    learners get the cell with single values missing
    fade-steps                     … with the code of the solution missing, its comments still there
    fade-empty                     … with nothing of the solution

and inside a cell by comments:

    value = "right"  # blank: what belongs here         in the starter: value = None  # what belongs here
    # solution begins … # solution ends                 what `fade-steps` and `fade-empty` take away

A lab's tasks fade from its beginning to its end: first `fade-blanks`, last `fade-empty`. The starter's blanks are
valid code that does nothing, so that an untouched notebook runs to its end. What stands outside a solution is given,
such as the check at the end of the cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

MASTER, STARTER, SOLUTION, CONTENT = "master.ipynb", "lab.ipynb", "solution.ipynb", "lab.toml"
BEGINS, ENDS = "# solution begins", "# solution ends"
BLANK = re.compile(r"^(?P<name>\s*\w+) = .*?\S  # blank: (?P<what>.+)$")
YOURS = "..."
GENERATED = "# The rest of this file is written from master.ipynb by: python -m ecrlab.labs generate\n"


class MasterError(Exception):
    """A master that can't be read; the text says which cell, and what is wrong with it."""


@dataclass(frozen=True)
class Master:
    """A marked notebook."""

    notebook: NotebookNode

    @classmethod
    def read(cls, path: Path) -> Master:
        """Read a master. Raises MasterError for marks that don't fit together."""
        master = cls(nbformat.read(path, as_version=4))
        faults = [fault for cell in master.notebook.cells for fault in _faults(cell)]
        if faults:
            raise MasterError(f"{path} has {len(faults)} to mend:\n" + "\n".join(f"  - {fault}" for fault in faults))
        return master

    def starter(self) -> str:
        """The learner's notebook, as the text of its file."""
        return self._written("solution-only", _faded)

    def solution(self) -> str:
        """The solved notebook, as the text of its file."""
        return self._written("starter-only", _solved)

    def solutions(self) -> dict[str, str]:
        """Each task's solution, in the order of the tasks: what a learner has to write, or for blanks the cell as it should be."""
        found: dict[str, list[str]] = {}
        for cell in self.notebook.cells:
            for task in _tasks(cell):
                found.setdefault(task, []).append("\n".join(_region(cell)) or _solved(cell))
        return {task: "\n\n".join(cells) for task, cells in found.items()}

    def _written(self, without: str, source: Callable[[NotebookNode], str]) -> str:
        cells = [_copy(cell, source(cell)) for cell in self.notebook.cells if without not in _tags(cell)]
        kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
        metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
        notebook = nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
        nbformat.validate(notebook)
        return nbformat.writes(notebook) + "\n"


def files(folder: Path) -> dict[Path, str]:
    """What the master of a lab's folder makes of its generated files: path → text. Raises MasterError."""
    master = Master.read(folder / MASTER)
    content = folder / CONTENT
    by_hand = content.read_text("utf-8").partition(GENERATED)[0]
    return {
        folder / STARTER: master.starter(),
        folder / SOLUTION: master.solution(),
        content: by_hand + GENERATED + _toml(master.solutions()),
    }


def _toml(solutions: dict[str, str]) -> str:
    return "[solutions]\n" + "".join(f"{task} = '''\n{code}\n'''\n" for task, code in solutions.items())


def _copy(cell: NotebookNode, source: str) -> dict:
    same = {"id": cell.id, "cell_type": cell.cell_type, "metadata": {}, "source": source}
    return same if cell.cell_type != "code" else same | {"execution_count": None, "outputs": []}


def _solved(cell: NotebookNode) -> str:
    lines = [line for line in cell.source.splitlines() if line.strip() not in (BEGINS, ENDS)]
    return "\n".join(re.sub(r"  # blank: .*$", "", line) for line in lines)


def _faded(cell: NotebookNode) -> str:
    for tag, fade in FADES.items():
        if tag in _tags(cell):
            return fade(cell.source.splitlines())
    return cell.source


def _blanks(lines: list[str]) -> str:
    return "\n".join(BLANK.sub(r"\g<name> = None  # \g<what>", line) for line in lines)


def _steps(lines: list[str]) -> str:
    """The comments of the solution stay: each is a step, with room below it."""
    return _without_solution(lines, lambda solution: [line for step in _comments(solution) for line in (*step, YOURS)])


def _empty(lines: list[str]) -> str:
    return _without_solution(lines, lambda solution: [YOURS])


FADES: dict[str, Callable[[list[str]], str]] = {"fade-blanks": _blanks, "fade-steps": _steps, "fade-empty": _empty}


def _without_solution(lines: list[str], instead: Callable[[list[str]], list[str]]) -> str:
    places = [place for place, line in enumerate(lines) if line.strip() in (BEGINS, ENDS)]
    begins, ends = places
    return "\n".join([*lines[:begins], *instead(lines[begins + 1 : ends]), *lines[ends + 1 :]])


def _comments(lines: list[str]) -> list[list[str]]:
    """The comments that stand on lines of their own, those that follow each other together."""
    together: list[list[str]] = []
    before = ""
    for line in lines:
        if line.startswith("#"):
            if not before.startswith("#"):
                together.append([])
            together[-1].append(line)
        before = line
    return together


def _faults(cell: NotebookNode) -> list[str]:
    fading = [tag for tag in FADES if tag in _tags(cell)]
    marks = [line.strip() for line in cell.source.splitlines() if line.strip() in (BEGINS, ENDS)]
    blanks = [line for line in cell.source.splitlines() if "# blank:" in line]
    known = {"starter-only", "solution-only", *FADES}
    unknown = [tag for tag in _tags(cell) if tag not in known and not re.fullmatch("task:[a-z0-9-]+", tag)]
    rules = {
        f"has tags that mean nothing here: {', '.join(unknown)}": not unknown,
        "solves a task and needs exactly one of the fade- tags": bool(_tasks(cell)) == (len(fading) == 1),
        f"needs one “{BEGINS}” and one “{ENDS}” after it": marks == ([BEGINS, ENDS] if fading and "fade-blanks" not in fading else []),
        "keeps its comments as steps, but its solution has none": "fade-steps" not in fading or bool(_comments(_region(cell))),
        "has blanks where it doesn't fade by blanks, or none where it does": bool(blanks) == ("fade-blanks" in fading),
        "has a blank that isn't written: name = value  # blank: what belongs here": all(map(BLANK.match, blanks)),
        "holds ''', which a solution in lab.toml can't": not _tasks(cell) or "'''" not in cell.source,
        "is too long for a cell of a notebook that is read: more than ten lines": cell.cell_type != "code" or _length(cell) <= 10,
    }
    return [f"cell {cell.id}: {fault}" for fault, holds in rules.items() if not holds]


def _region(cell: NotebookNode) -> list[str]:
    """The lines between the marks, none where there are no marks."""
    lines = cell.source.splitlines()
    return lines[lines.index(BEGINS) + 1 : lines.index(ENDS)] if BEGINS in lines and ENDS in lines else []


def _length(cell: NotebookNode) -> int:
    return sum(bool(line.strip()) for line in _solved(cell).splitlines())


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _tasks(cell: NotebookNode) -> list[str]:
    return [tag.removeprefix("task:") for tag in _tags(cell) if tag.startswith("task:")]
