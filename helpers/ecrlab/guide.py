"""A guided lab's helper: a lesson's, which can also prepare the ground and begin anew."""

from __future__ import annotations

import shutil
from pathlib import Path

from ecrlab.content import load, module
from ecrlab.errors import LabError
from ecrlab.lab import Lab
from ecrlab.lesson import Lesson
from ecrlab.show.picture import display, note

STARTER, WORK = "starter", "work"


class Guide(Lesson):
    """What a lab's notebook calls. Its folder holds `lab.toml`, `checks.py` (or `checks/`) and, where there are files to edit, `starter/`."""

    called = "guide"

    def __init__(self, lab: Lab, folder: Path) -> None:
        functions = module(folder / "checks.py")
        super().__init__(lab, folder.name, load(folder / "lab.toml"), functions)
        self.folder = folder
        self._prepare = getattr(functions, "prepare", None)

    @classmethod
    def open(cls, lab: Lab, folder: Path) -> Guide:
        """The guided lab in `folder`, whose card is shown. Raises LabError where the folder holds none."""
        folder = folder.resolve()
        if not (folder / "lab.toml").is_file():
            raise LabError("no_lab", f"{folder} holds no lab.", "Open the notebook from its own folder under labs/.")
        guide = cls(lab, folder)
        guide.card()
        return guide

    def prepare(self) -> None:
        """Bring the lab to its start, without touching what is there already.

        Copies the files of `starter/` to `work/`, where they may be edited, and calls the `prepare(lab)` of `checks.py` if
        it has one. Harmless if repeated.
        """
        lines = []
        starter, work = self.folder / STARTER, self.folder / WORK
        if starter.is_dir() and work.is_dir():
            lines.append(f"Your files in {WORK}/ are there already and stay as they are.")
        elif starter.is_dir():
            shutil.copytree(starter, work)
            lines.append(f"Your files lie in {WORK}/: {', '.join(sorted(path.name for path in work.iterdir()))}.")
        if self._prepare:
            self._prepare(self.lab)
        display(note(*lines, "The lab is prepared."))

    def reset(self) -> None:
        """Begin anew: delete what the lab made, its files in `work/` and its answers, then prepare it again."""
        display(self._clean())
        if (self.folder / WORK).is_dir():
            shutil.rmtree(self.folder / WORK)
        self.progress.forget()
        self.prepare()

