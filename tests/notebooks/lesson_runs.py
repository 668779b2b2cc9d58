"""Each lesson runs twice, cell by cell: without Docker, showing exactly what its twin shows, and with Docker, to the same verdicts."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import tools
from ecrlab import leftovers
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel, start_new_kernel
from nbval.plugin import IPyNbCell, IPyNbFile, nocolors

import twins
from fresh_lab import FreshLab

IGNORE = "nbval-ignore-output"
ENGINES = ("dockerless", "docker")


class TwinFile(pytest.File):
    """A twin: it must agree with its lesson, and the lesson is then run with each engine."""

    @property
    def lesson(self) -> Path:
        """The learner's copy."""
        return self.path.parents[3] / "notebooks" / self.path.name

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        yield Agreement.from_parent(self, name="agrees")
        if self.lesson.is_file():
            for engine in ENGINES:
                yield LessonRun.from_parent(self, name=engine, path=self.path, nodeid=f"{self.nodeid}::{engine}")


class Agreement(pytest.Item):
    """The learner's copy is pristine, and the twin is that copy with outputs."""

    parent: TwinFile

    def runtest(self) -> None:
        lesson = self.parent.lesson
        if not lesson.is_file():
            pytest.fail(f"there is no lesson {lesson.name}", pytrace=False)
        notebook = twins.read(lesson)
        faults = twins.traces(notebook) + twins.differences(notebook, twins.read(self.path))
        if faults:
            advice = f"Clear the learner's copy, or write its twin anew: python tests/notebooks/twins.py {lesson.name[:2]}"
            pytest.fail("\n".join([f"{lesson.name} and its twin:", *faults, advice]), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name}::{self.name}"


class LessonRun(IPyNbFile):
    """A lesson's cells, in a lab and a kernel of their own."""

    parent: TwinFile

    def __init__(self, *args, **settings) -> None:
        super().__init__(*args, **settings)
        self.ending = contextlib.ExitStack()
        if self.name == "docker":
            self.add_marker("docker")

    def collect(self) -> Iterator[Cell]:
        notebook = twins.merge(twins.read(self.parent.lesson), twins.read(self.path))
        for number, cell in enumerate(cell for cell in notebook.cells if cell.cell_type == "code"):
            options = defaultdict(bool, check=IGNORE not in cell.metadata.get("tags", []))
            yield CELLS[self.name].from_parent(self, name=cell.id, cell_num=number, cell=cell, options=options)

    def setup(self) -> None:
        docker_host = tools.need("docker").host if self.name == "docker" else None
        lab = self.ending.enter_context(FreshLab(self.parent.lesson, self.name, docker_host))
        if docker_host:
            client = self.ending.enter_context(contextlib.closing(tools.engine_client(docker_host)))
            self.ending.enter_context(leftovers.removed(client, *(f"{address}/" for address in lab.addresses)))
        self.sanitize_patterns = {rf"{here}\b": learners for here, learners in lab.addresses.items()}
        self.setup_sanitize_files()
        self.kernel = Kernel(lab.folder, lab.environment)
        self.ending.callback(self.kernel.stop)

    def get_sanitize_files(self) -> list[Path]:
        return [Path(__file__).with_name("sanitize.txt")]

    def teardown(self) -> None:
        self.ending.close()


class Kernel(RunningKernel):
    """A kernel of this very environment that numbers its cells as JupyterLab's does."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.km, self.kc = start_new_kernel(
            kernel_name=CURRENT_ENV_KERNEL_NAME, cwd=str(folder), env=environment, stderr=subprocess.DEVNULL
        )
        self._ensure_iopub_up()

    def execute_cell_input(self, cell_input: str, allow_stdin: bool | None = None) -> str:
        return self.kc.execute(cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)

    def stop(self) -> None:
        if self.is_alive():  # a cell that ran out of time has stopped it
            super().stop()


class Cell(IPyNbCell):
    """A cell that must show exactly what its twin shows."""

    parent: LessonRun

    def __init__(self, *args, **settings) -> None:
        super().__init__(*args, **settings)
        self.colors = nocolors

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name}::{self.parent.name}::{self.name}"


class DockerCell(Cell):
    """A cell that must come to its twin's verdicts; another engine's digests and sizes may differ."""

    def compare_outputs(self, test: list, ref: list, skip_compare: tuple[str, ...] | None = None) -> bool:
        self.comparison_traceback = []
        came_to, twin_came_to = (self.sanitize("\n".join(verdicts(outputs))) for outputs in (test, ref))
        if came_to != twin_came_to:
            self.format_output_compare("verdicts", twin_came_to, came_to)
        return came_to == twin_came_to


CELLS = {"dockerless": Cell, "docker": DockerCell}


def verdicts(outputs: list) -> list[str]:
    """What checks and answered questions say in these outputs, as text. They begin with a shape: ✔ Done, ◐ Not yet, ○ Not tried."""
    texts = [output.get("data", {}).get("text/plain", "") for output in outputs]
    return [text for text in texts if re.match(r"[✔◐○!] ", text)]
