"""A learner who takes a lesson cell by cell, in this process."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import nbformat
import pytest
from botocore.client import BaseClient

from ecrlab import identities
from localecr.door import Door

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def clients(state: Path) -> Callable[..., BaseClient]:
    """`aws(service, account=…, region=…)`: a plain client as the learner of the lab on this state folder."""
    door = Door.find(state)

    def client(service: str, account: str = "111122223333", region: str = "us-east-1") -> BaseClient:
        keys = door.keys(account)
        secret = {"aws_access_key_id": keys["access_key_id"], "aws_secret_access_key": keys["secret_access_key"]}
        return boto3.client(service, region_name=region, endpoint_url=door.status()["endpoint"], **secret)

    return client


class Learner:
    """Sits in front of a learner's copy. `names` is what the notebook knows by now, `said` what its cells printed; `aws(…)` are plain clients."""

    def __init__(self, number: str, folder: Path, aws: Callable[..., BaseClient]) -> None:
        shutil.copytree(NOTEBOOKS, folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints", ".ecrlab"))
        (notebook,) = folder.glob(f"{number}-*.ipynb")
        cells = nbformat.read(notebook, as_version=4).cells
        self._sources = {cell.id: cell.source for cell in cells if cell.cell_type == "code"}
        self.aws = aws
        self._output = io.StringIO()
        self.names: dict[str, object] = {}

    def take(self, until: str = "cleanup") -> None:
        """Runs the code cells from the first one on, to the one before `until`."""
        ids = list(self._sources)
        self.run(*ids[: ids.index(until)])

    def source(self, id: str) -> str:
        """What stands in a code cell."""
        return self._sources[id]

    def run(self, *ids: str) -> None:
        """Runs these cells."""
        for id in ids:
            self.write(self._sources[id])

    def write(self, source: str) -> None:
        """Runs what a learner writes."""
        with contextlib.redirect_stdout(self._output):
            exec(compile(source, "a cell", "exec"), self.names)

    @property
    def said(self) -> str:
        return self._output.getvalue()

    @property
    def lesson(self):
        return self.names["lesson"]

    def solve(self, check: str) -> None:
        """Writes the stored solution."""
        self.write(self.lesson.content.solutions[check])

    def outcomes(self) -> dict[str, str]:
        """check → what it comes to now."""
        return {name: self.lesson.verdict(name).outcome for name in self.lesson.checks}


@contextmanager
def taking(number: str, folder: Path, lab_state: Path, aws: Callable[..., BaseClient]) -> Iterator[Learner]:
    """A learner of a lesson in the lab of this process, without a Docker engine. What the lesson owns is deleted afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"ECRLAB_STATE": str(lab_state), "ECRLAB_PLAIN": "1", "ECRLAB_ENGINE": "dockerless"}.items():
            patch.setenv(name, value)
        learner = Learner(number, folder, aws)
        patch.chdir(folder)
        yield learner
        if "lesson" in learner.names:
            _forget(learner.lesson, aws)


def _forget(lesson, aws: Callable[..., BaseClient]) -> None:
    for each in lesson.content.repositories:
        account = lesson.lab.partner if each.account == "partner" else lesson.lab.account
        delete(aws("ecr", account, each.region or lesson.lab.region), each.name)
    for name in lesson.public_repositories:
        delete(aws("ecr-public"), name)
    for each in lesson.content.identities:
        account = lesson.lab.partner if each.account == "partner" else lesson.lab.account
        identities.delete(aws("iam", account), each.kind, each.name)
    lesson.progress.forget()


def delete(client: BaseClient, repository: str) -> None:
    """Deletes a repository that may be there."""
    with contextlib.suppress(client.exceptions.RepositoryNotFoundException):
        client.delete_repository(repositoryName=repository, force=True)
