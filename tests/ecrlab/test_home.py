"""Where a lab keeps its things, and what a reset may touch."""

import subprocess
import sys

import pytest

from ecrlab import home
from ecrlab.errors import LabError


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A clone of the course, with a notebook's folder as the current one, and no ECRLAB_STATE."""
    for name in ("notebooks", "labs"):
        (tmp_path / "course" / name).mkdir(parents=True)
    monkeypatch.delenv("ECRLAB_STATE", raising=False)
    monkeypatch.chdir(tmp_path / "course" / "notebooks")
    return (tmp_path / "course").resolve()


def test_a_notebook_finds_the_lab_of_its_course(course):
    assert home.find() == course / ".ecrlab"


def test_a_pyproject_that_names_the_course_marks_it_too(course, tmp_path, monkeypatch):
    inner = tmp_path / "clone" / "deep" / "down"
    inner.mkdir(parents=True)
    (tmp_path / "clone" / "pyproject.toml").write_text('[project]\nname = "ecr-lab"\n')
    monkeypatch.chdir(inner)
    assert home.find() == (tmp_path / "clone" / ".ecrlab").resolve()


def test_the_environment_names_the_folder_before_the_course_does(course, tmp_path, monkeypatch):
    monkeypatch.setenv("ECRLAB_STATE", str(tmp_path / "elsewhere"))
    assert home.find() == (tmp_path / "elsewhere").resolve()


def test_an_option_names_the_folder_before_the_environment_does(course, tmp_path, monkeypatch):
    monkeypatch.setenv("ECRLAB_STATE", str(tmp_path / "elsewhere"))
    assert home.find(tmp_path / "named") == (tmp_path / "named").resolve()


def test_outside_of_any_course_the_lab_lies_in_the_current_folder(course, tmp_path, monkeypatch):
    (tmp_path / "outside").mkdir()
    monkeypatch.chdir(tmp_path / "outside")
    assert home.find() == (tmp_path / "outside").resolve() / ".ecrlab"


def test_a_folder_that_cannot_be_made_is_said_with_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match=r"can't be made.*ECRLAB_STATE"):
        home.make(tmp_path / "file" / "state")


def test_forgetting_a_lab_leaves_what_a_lab_did_not_make(tmp_path):
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "abc").write_text("12345")
    for name in ("lab.sqlite", "progress.json", "thesis.txt"):
        (tmp_path / name).write_text("x")
    assert home.is_lab(tmp_path)
    assert [path.name for path in home.forget(tmp_path)] == ["thesis.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_forgetting_a_lab_takes_what_a_process_that_was_killed_had_half_written(tmp_path):
    names = ("settings.json.new", "aws.json.new", "traffic.json.new", "engine.json.new", "server.json.new", "progress.json.4711.new", "progress.broken.json")
    for name in ("lab.sqlite", *names, "thesis.new"):
        (tmp_path / name).write_text("x")
    assert [path.name for path in home.forget(tmp_path)] == ["thesis.new"]


def test_importing_ecrlab_brings_in_nothing_heavy():
    heavy = ("boto3", "docker", "pandas", "matplotlib", "ipywidgets", "IPython", "localecr.server")
    code = f"import sys, ecrlab; from ecrlab import show; print([name for name in {heavy!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_an_error_is_shown_as_sentences_and_not_as_a_traceback():
    error = LabError("code", "The port is taken.", "Use another.")
    assert str(error) == "The port is taken. Use another."
    assert error._render_traceback_() == ["LabError: The port is taken.", "Use another."]
