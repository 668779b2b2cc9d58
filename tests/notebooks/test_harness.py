"""What keeps the lessons honest can itself fail: small lessons, spoilt one by one, in a project of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import tools
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

HERE = Path(__file__).parent
HARNESS = ("conftest.py", "fresh_lab.py", "lesson_runs.py", "sanitize.txt", "twins.py")
KERNELSPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}

# id of a cell → its source
SAMPLE = {
    "open": "import ecrlab\nlab = ecrlab.open()",
    "says": "print('a tag can move')\nprint('a digest cannot')",
    "draws": "from IPython.display import HTML\nHTML('<p>two <b>layers</b></p>')",
    "address": "print(lab.registry(), lab.public_registry)",
    "clock": "print(lab.clock.now())",
    "figure": "import os\nHTML(f'<img src=\"data:image/png;base64,{os.urandom(3).hex()}\" alt=\"a falling line\">')",
    "counts": "get_ipython().execution_count",
    "chance": "import random\nprint(random.random())",
}
TAGS = {"chance": ["nbval-ignore-output"]}

CHECKED = {
    "open": "import ecrlab\nfrom ecrlab import check\nlab = ecrlab.open()",
    "digests-may-differ": "print('sha256 of', lab.engine)",
    "same-verdict": "check.picture(check.done('The tag moved.'), 'moved-tag')",
    "another-verdict": "check.picture(check.done(f'Built with {lab.engine}.'), 'first-build')",
}


def lesson(cells: dict[str, str]) -> NotebookNode:
    """A learner's copy."""
    made = [new_code_cell(source, id=id, metadata={"tags": TAGS[id]} if id in TAGS else {}) for id, source in cells.items()]
    return new_notebook(cells=[new_markdown_cell("# A lesson", id="title"), *made], metadata={"kernelspec": KERNELSPEC})


class Project:
    """A copy of the harness beside lessons of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lessons, self.twins = folder / "notebooks", folder / "tests" / "notebooks" / "twins"

    @classmethod
    def make(cls, folder: Path, lesson: NotebookNode) -> Project:
        """A project in this folder, with one lesson, `01-sample.ipynb`, and its twin."""
        project = cls(folder)
        project.lessons.mkdir()
        project.twins.mkdir(parents=True)
        for name in ("conftest.py", "tools.py"):
            shutil.copy(HERE.parent / name, folder / "tests")
        for name in HARNESS:
            shutil.copy(HERE / name, folder / "tests" / "notebooks")
        (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  docker\n  skopeo\n  podman\n  chromium\n")
        nbformat.write(lesson, project.lessons / "01-sample.ipynb")
        project.write_twins()
        return project

    def python(self, *words: str, engine: str | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **({"DOCKER_HOST": engine} if engine else {})}
        return subprocess.run([sys.executable, *words], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300)

    def write_twins(self) -> None:
        done = self.python("tests/notebooks/twins.py")
        assert done.returncode == 0, done.stderr

    def results(self, *selection: str, engine: str | None = None) -> tuple[dict[str, str], str]:
        """Each test's outcome by its name (`01-sample::dockerless::says`), and all that pytest said."""
        said = self.python("-m", "pytest", "-rA", "-p", "no:hypothesispytest", *selection, "tests/notebooks/twins", engine=engine).stdout
        return {name: outcome for outcome, name in re.findall(r"^(PASSED|FAILED|ERROR) tests/notebooks/twins/(\S+)", said, re.M)}, said


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose lesson is sound."""
    return Project.make(tmp_path_factory.mktemp("project"), lesson(SAMPLE))


@pytest.fixture
def project(sample: Project, tmp_path: Path) -> Project:
    """A copy of that project to spoil."""
    shutil.copytree(sample.folder, tmp_path / "copy")
    return Project(tmp_path / "copy")


def change(path: Path, old: str, new: str) -> None:
    written = path.read_text("utf-8")
    assert written.count(old) == 1, f"{old!r} is {written.count(old)} times in {path.name}"
    path.write_text(written.replace(old, new), "utf-8")


def test_an_untouched_lesson_shows_what_its_twin_shows(sample: Project) -> None:
    results, said = sample.results("-m", "not docker")
    expected = ["agrees", *(f"dockerless::{id}" for id in SAMPLE)]
    assert results == {f"01-sample.ipynb::{name}": "PASSED" for name in expected}, said


def test_a_twin_shows_a_learners_addresses_and_the_standing_clock(sample: Project) -> None:
    twin = (sample.twins / "01-sample.ipynb").read_text("utf-8")
    assert "localhost:4510/111122223333.dkr.ecr.us-east-1.amazonaws.com localhost:4511/public.ecr.aws" in twin
    assert "2026-01-05 09:00:00" in twin


def test_writing_twins_again_changes_only_what_is_marked_as_changing_and_writes_none_of_a_lesson_that_fails(
    sample: Project, project: Project
) -> None:
    nbformat.write(lesson({"runs": "print('one')", "fails": "import nowhere"}), project.lessons / "02-fails.ipynb")
    done = project.python("tests/notebooks/twins.py")
    assert done.returncode == 1
    assert "No module named 'nowhere'" in done.stderr
    assert [twin.name for twin in project.twins.iterdir()] == ["01-sample.ipynb"]
    first, again = (nbformat.read(each.twins / "01-sample.ipynb", as_version=4) for each in (sample, project))
    assert {one.id for one, other in zip(first.cells, again.cells) if one != other} == {"figure", "chance"}
    assert first.metadata == again.metadata == {"kernelspec": KERNELSPEC}


def test_each_cell_that_shows_something_else_than_its_twin_fails_and_no_other(project: Project) -> None:
    twin = project.twins / "01-sample.ipynb"
    change(twin, 'a digest cannot\\n"', 'a digest cannot.\\n"')
    change(twin, '<p>two <b>layers</b></p>"', '<p>two <b>layerz</b></p>"')
    change(twin, 'a falling line\\">"', 'a rising line\\">"')
    change(twin, "localhost:4511/", "localhost:4510/")
    notebook = nbformat.read(twin, as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    cells["open"].outputs = [nbformat.v4.new_output("stream", name="stdout", text="joined\n")]
    cells["clock"].outputs = []
    nbformat.write(notebook, twin)
    for path in (project.lessons, project.twins):
        change(path / "01-sample.ipynb", "import random\\n", "import nowhere\\n")
    results, said = project.results("-m", "not docker")
    passed = {name.rpartition("::")[2] for name, outcome in results.items() if outcome == "PASSED"}
    assert passed == {"agrees", "counts"}, said
    assert len(results) == len(SAMPLE) + 1
    assert "No module named 'nowhere'" in said


SPOILT = {
    "another source": (lambda notebook: notebook.cells[2].update(source="print('a tag stays')"), "the cell says has another source"),
    "another text": (lambda notebook: notebook.cells[0].update(source="# Lessons"), "the cell title has another source"),
    "other tags": (lambda notebook: notebook.cells[2].metadata.update(tags=["nbval-ignore-output"]), "the cell says has another metadata"),
    "another id": (lambda notebook: notebook.cells[2].update(id="said"), r"the cells differ from number 3 on: \['said'\] and \['says'\]"),
    "another order": (lambda notebook: notebook.cells.insert(2, notebook.cells.pop(3)), "the cells differ from number 3 on"),
    "one cell fewer": (lambda notebook: notebook.cells.pop(), r"the cells differ from number 9 on: \[\] and \['chance'\]"),
    "an output": (
        lambda notebook: notebook.cells[2].update(outputs=[nbformat.v4.new_output("stream", text="answer")]),
        "the cell says holds outputs",
    ),
    "a number": (lambda notebook: notebook.cells[2].update(execution_count=1), "the cell says has the number 1"),
    "times": (lambda notebook: notebook.cells[2].metadata.update(execution={}), "the cell says has the metadata execution"),
    "widgets": (lambda notebook: notebook.metadata.update(widgets={}), "the notebook has the metadata widgets"),
}


def test_a_learners_copy_that_is_not_its_twin_without_outputs_fails(project: Project) -> None:
    shutil.copy(project.twins / "01-sample.ipynb", project.twins / "02-gone.ipynb")
    for folder in (project.lessons, project.twins):
        shutil.copy(project.lessons / "01-sample.ipynb", folder / "03-unrun.ipynb")
    for number, (spoil, _) in enumerate(SPOILT.values(), 10):
        notebook = nbformat.read(project.lessons / "01-sample.ipynb", as_version=4)
        spoil(notebook)
        nbformat.write(notebook, project.lessons / f"{number}-spoilt.ipynb")
        shutil.copy(project.twins / "01-sample.ipynb", project.twins / f"{number}-spoilt.ipynb")
    results, said = project.results("-k", "agrees")
    assert results.pop("01-sample.ipynb::agrees") == "PASSED"
    assert set(results.values()) == {"FAILED"}
    assert len(results) == len(SPOILT) + 2
    assert "there is no lesson 02-gone.ipynb" in said
    assert re.search(r"03-unrun.ipynb and its twin:\n(.*\n)*?the twin's cell says was not executed", said)
    for number, (name, (_, sentence)) in enumerate(SPOILT.items(), 10):
        assert re.search(rf"{number}-spoilt.ipynb and its twin:\n(.*\n)*?{sentence}", said), f"{name}\n{said}"


@pytest.mark.docker
def test_with_docker_outputs_may_differ_and_verdicts_may_not(tmp_path: Path) -> None:
    engine = tools.need("docker")
    before = images(engine)
    project = Project.make(tmp_path, lesson(CHECKED))
    results, said = project.results("-m", "docker", engine=engine.host)
    expected = dict.fromkeys(CHECKED, "PASSED") | {"another-verdict": "FAILED"}
    assert results == {f"01-sample.ipynb::docker::{id}": outcome for id, outcome in expected.items()}, said
    assert images(engine) == before


def images(engine: tools.Docker) -> set[str]:
    """The names of all images that an engine has."""
    client = engine.client()
    names = {name for image in client.images.list() for name in image.tags + image.attrs["RepoDigests"]}
    client.close()
    return names
