"""A learner who takes a guided lab in this process, cell by cell."""

from __future__ import annotations

import base64
from collections.abc import Collection
from pathlib import Path

import nbformat

from ecrlab.labs.master import MASTER, SOLUTION, STARTER, Master

LABS = Path(__file__).parents[2] / "labs"


class Learner:
    """Sits in the folder of a lab, in front of its starter, and knows the solutions of some tasks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tasks = list(Master.read(folder / MASTER).solutions())
        self.names: dict[str, object] = {}
        self.starter = nbformat.read(folder / STARTER, as_version=4)
        self._solved = {cell.id: cell for cell in nbformat.read(folder / SOLUTION, as_version=4).cells}
        self._task_of = {
            cell.id: tag.removeprefix("task:")
            for cell in nbformat.read(folder / MASTER, as_version=4).cells
            for tag in cell.metadata.get("tags", [])
            if tag.startswith("task:")
        }

    def take(self, solve: Collection[str] = (), until: str | None = None) -> None:
        """Runs the starter's cells up to the task `until` (or to the clean-up); tasks in `solve` with their solutions, the others as they are."""
        for cell in self.starter.cells:
            task = self._task_of.get(cell.id)
            if cell.id == "cleanup" or (until and task == until):
                return
            if cell.cell_type == "code":
                source = (self._solved[cell.id] if task in solve else cell).source
                exec(compile(source, cell.id, "exec"), self.names)

    @property
    def lab(self):
        return self.names["lab"]

    @property
    def guide(self):
        return self.names["guide"]

    def password(self) -> str:
        """The password of a fresh token of the private registry."""
        answer = self.lab.client("ecr").get_authorization_token()["authorizationData"][0]
        return base64.b64decode(answer["authorizationToken"]).decode().removeprefix("AWS:")

    def outcomes(self) -> dict[str, str]:
        """task → what its check comes to now."""
        return {task: self.guide.verdict(task).outcome for task in self.tasks}
