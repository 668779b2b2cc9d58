"""A learner who takes a guided lab: cell by cell in this process, or the whole notebook in a kernel of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

import tools
from learners import LABS, Learner


@pytest.fixture
def lab_folder(tmp_path: Path) -> Callable[[str], Path]:
    """`lab_folder("lab-1")`: a copy of that lab's folder, as a fresh clone has it."""

    def copy(name: str) -> Path:
        (folder,) = (path for path in LABS.iterdir() if path.name.startswith(f"{name}-"))
        return shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns("work", ".ipynb_checkpoints", "__pycache__"))

    return copy


@pytest.fixture
def in_the_lab(lab_endpoint, lab_state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ecrlab.open()`, here and in every kernel, joins the lab in this process; images are built without an engine."""
    for name, value in {"ECRLAB_STATE": str(lab_state), "ECRLAB_PLAIN": "1", "ECRLAB_ENGINE": "dockerless"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def learner(in_the_lab: None, lab_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Learner]]:
    """`learner("lab-1")`: a learner in front of that lab, in which nothing has been made yet. What they make is deleted afterwards."""
    sitting = []

    def sit(name: str) -> Learner:
        one = Learner(lab_folder(name))
        monkeypatch.chdir(one.folder)
        sitting.append(one)
        return one

    yield sit
    for one in sitting:
        if "guide" in one.names:
            one.guide.cleanup()
            one.guide.progress.forget()
            _clear(one.lab.client("ecr", region="eu-west-1"))  # where a mistake may have gone
            for each in one.lab.client("logs").describe_resource_policies()["resourcePolicies"]:  # by whatever name a mistake gave it
                one.lab.client("logs").delete_resource_policy(policyName=each["policyName"])
            for each in one.lab.client("inspector2").list_filters()["filters"]:
                one.lab.client("inspector2").delete_filter(arn=each["arn"])


def _clear(ecr) -> None:
    """Delete the repositories of all guided labs."""
    for name in [each["repositoryName"] for each in ecr.describe_repositories()["repositories"]]:
        if name.startswith("lab"):
            ecr.delete_repository(repositoryName=name, force=True)


@pytest.fixture
def run_notebook(in_the_lab: None) -> Callable[[Path], NotebookNode]:
    """`run_notebook(path)`: executes it from beginning to end, in its folder, as "Run All" does. An error in a cell fails the test."""

    def run(path: Path) -> NotebookNode:
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
        return notebook

    return run


@pytest.fixture
def docker_host() -> str:
    """Where a real Docker engine answers, as DOCKER_HOST spells it."""
    return tools.need("docker").host
