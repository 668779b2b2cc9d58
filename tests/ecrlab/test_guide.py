"""A guided lab's helper: preparing the ground, beginning anew."""

import pytest

from ecrlab.errors import LabError
from registries import image


@pytest.fixture
def folder(tmp_path, sample_lessons, monkeypatch):
    """A small lab with files to edit, in which the notebook runs."""
    folder = tmp_path / "lab-1-small"
    (folder / "starter").mkdir(parents=True)
    (folder / "starter" / "Dockerfile").write_text("FROM scratch\n")
    (folder / "lab.toml").write_text((sample_lessons / "lesson_01.toml").read_text())
    prepare = '\n\ndef prepare(lab):\n    lab.client("ecr").repositories.setdefault("given", {})\n'
    (folder / "checks.py").write_text((sample_lessons / "lesson_01.py").read_text() + prepare)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def guide(fake_lab, folder, capsys):
    guide = fake_lab.guide(".")
    capsys.readouterr()
    return guide


def test_a_folder_without_a_lab_is_named(fake_lab, tmp_path):
    with pytest.raises(LabError, match="holds no lab"):
        fake_lab.guide(tmp_path)


def test_a_guide_checks_hints_and_asks_as_a_lesson_does(guide, capsys):
    guide.check("first-push")
    guide.hint("first-push")
    guide.predict("what-travels")
    guide.recall()
    out = capsys.readouterr().out
    assert "Not tried: first-push" in out and "Hint 1 of 3" in out and "What is an image?" in out


def test_prepare_copies_the_files_to_edit_and_sets_up_what_the_lab_needs(guide, folder, capsys):
    guide.prepare()
    assert (folder / "work" / "Dockerfile").read_text() == "FROM scratch\n"
    assert "given" in guide.lab.client("ecr").repositories
    assert capsys.readouterr().out == "Your files lie in work/: Dockerfile.\nThe lab is prepared.\n"


def test_prepare_leaves_what_was_edited(guide, folder, capsys):
    guide.prepare()
    (folder / "work" / "Dockerfile").write_text("FROM scratch\nCOPY app /\n")
    guide.prepare()
    assert "COPY app /" in (folder / "work" / "Dockerfile").read_text()
    assert "stay as they are" in capsys.readouterr().out


def test_reset_begins_anew(guide, folder, capsys):
    guide.prepare()
    guide.lab.client("ecr").put("web", image(1), "1.0")
    guide.answer("what-travels", 1)
    (folder / "work" / "Dockerfile").write_text("edited")
    guide.reset()
    assert (folder / "work" / "Dockerfile").read_text() == "FROM scratch\n"
    assert "web" not in guide.lab.client("ecr").repositories
    assert guide.progress.get("answers", "what-travels") is None
