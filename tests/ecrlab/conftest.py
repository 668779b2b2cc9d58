"""A registry made of dictionaries, two sample lessons, and the streams of real engines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from registries import FakeEcr, FakeLab

HERE = Path(__file__).parent


@pytest.fixture
def ecr() -> FakeEcr:
    return FakeEcr()


@pytest.fixture
def fake_lab(tmp_path) -> FakeLab:
    return FakeLab(tmp_path / "state")


@pytest.fixture
def stream():
    """`stream("docker20-push-first")`: a fresh iterator over the recorded events."""

    def read(name: str):
        lines = (HERE / "streams" / f"{name}.jsonl").read_text().splitlines()
        return iter([json.loads(line) for line in lines])

    return read


@pytest.fixture
def sample_lessons(tmp_path, monkeypatch) -> Path:
    """A folder of two small lessons, 00 and 01, in place of the course's."""
    folder = tmp_path / "lessons"
    folder.mkdir()
    for path in (HERE / "sample").iterdir():
        if path.is_file():
            (folder / path.name).write_text(path.read_text())
    monkeypatch.setattr("ecrlab.lesson.LESSONS", folder)
    return folder
