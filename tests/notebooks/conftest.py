"""Collects the lessons' twins, and gives each of their cells a minute."""

from __future__ import annotations

from pathlib import Path

import pytest

import twins
from lesson_runs import TwinFile


def pytest_configure(config: pytest.Config) -> None:
    config.option.nbval_cell_timeout = twins.CELL_TIMEOUT


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> TwinFile | None:
    if file_path.suffix == ".ipynb" and file_path.parent.name == "twins":
        return TwinFile.from_parent(parent, path=file_path)
    return None
