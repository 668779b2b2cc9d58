"""The labs' notebooks and solutions are what their masters make of them."""

from __future__ import annotations

import ast
import json
import shutil
import tomllib
from pathlib import Path

import nbformat
import pytest

from ecrlab.labs.__main__ import main, masters
from ecrlab.labs.master import Master, MasterError, files
from learners import LABS

FOLDERS = masters(LABS, [])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_lies_there_is_what_the_master_makes(folder):
    for path, text in files(folder).items():
        assert path.read_text("utf-8") == text, f"{path.name} differs: python -m ecrlab.labs generate {folder.name}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_changing_one_cell_of_a_learners_copy_is_noticed(folder):
    written = files(folder)[folder / "lab.ipynb"]
    for number, cell in enumerate(json.loads(written)["cells"]):
        changed = json.loads(written)
        changed["cells"][number]["source"] = [*cell["source"], " "]
        assert nbformat.writes(nbformat.from_dict(changed)) + "\n" != written


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_learners_get_no_outputs_and_no_solutions(folder):
    starter, solutions = (folder / "lab.ipynb").read_text("utf-8"), Master.read(folder / "master.ipynb").solutions()
    for cell in nbformat.read(folder / "lab.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None and cell.metadata == {}
            ast.parse(cell.source)
    for task, solution in solutions.items():
        code = [line.strip() for line in solution.splitlines() if line.strip() and not line.strip().startswith("#")]
        assert [line for line in code if json.dumps(line, ensure_ascii=False)[1:-1] not in starter], f"{task} is solved in the starter"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_lab_can_be_read_in_one_sitting(folder):
    cells = nbformat.read(folder / "lab.ipynb", as_version=4).cells
    assert 25 <= len(cells) <= 40
    assert sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown") <= 1200


def _master(tmp_path: Path, *cells: tuple[str, list[str]]) -> Path:
    """A folder with a master of these code cells, (source, tags) each."""
    made = [nbformat.v4.new_code_cell(source, id=f"cell-{number}", metadata={"tags": tags}) for number, (source, tags) in enumerate(cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=made), tmp_path / "master.ipynb")
    (tmp_path / "lab.toml").write_text('title = "A lab"\n')
    return tmp_path


def _sources(notebook: str) -> list[str]:
    return [cell.source for cell in nbformat.reads(notebook, as_version=4).cells]


GIVEN = "name = 1\n\n# solution begins\n# first\na = 1\nb = 2\n# then,\n# at last\nc = 3\n# solution ends\n\ncheck()"


def test_steps_keep_what_is_to_be_done_and_lose_how(tmp_path):
    folder = _master(tmp_path, (GIVEN, ["task:count", "fade-steps"]))
    master = Master.read(folder / "master.ipynb")
    assert _sources(master.starter()) == ["name = 1\n\n# first\n...\n# then,\n# at last\n...\n\ncheck()"]
    assert _sources(master.solution()) == ["name = 1\n\n# first\na = 1\nb = 2\n# then,\n# at last\nc = 3\n\ncheck()"]
    assert master.solutions() == {"count": "# first\na = 1\nb = 2\n# then,\n# at last\nc = 3"}


def test_empty_loses_the_steps_too(tmp_path):
    folder = _master(tmp_path, (GIVEN, ["task:count", "fade-empty"]))
    assert _sources(Master.read(folder / "master.ipynb").starter()) == ["name = 1\n\n...\n\ncheck()"]


def test_blanks_lose_single_values(tmp_path):
    folder = _master(tmp_path, ('setting = "B"  # blank: A or B\nif setting:\n    use(setting)', ["task:choose", "fade-blanks"]))
    master = Master.read(folder / "master.ipynb")
    assert _sources(master.starter()) == ["setting = None  # A or B\nif setting:\n    use(setting)"]
    assert _sources(master.solution()) == ['setting = "B"\nif setting:\n    use(setting)'] == list(master.solutions().values())


def test_a_cell_may_belong_to_one_notebook_alone(tmp_path):
    folder = _master(tmp_path, ("a", ["starter-only"]), ("b", ["solution-only"]), ("c", []))
    master = Master.read(folder / "master.ipynb")
    assert (_sources(master.starter()), _sources(master.solution())) == (["a", "c"], ["b", "c"])


def test_solutions_go_below_what_is_written_by_hand(tmp_path):
    folder = _master(tmp_path, (GIVEN, ["task:count", "fade-steps"]))
    content = folder / "lab.toml"
    for _ in range(2):
        content.write_text(files(folder)[content], "utf-8")
    assert content.read_text("utf-8").startswith('title = "A lab"\n#')
    assert tomllib.loads(content.read_text("utf-8"))["solutions"]["count"].startswith("# first\n")


@pytest.mark.parametrize(
    ("source", "tags", "fault"),
    [
        ("a = 1", ["task:count"], "exactly one of the fade- tags"),
        ("a = 1", ["fade-empty"], "exactly one of the fade- tags"),
        ("a = 1", ["task:count", "fade-empty"], "needs one “# solution begins”"),
        ("# solution ends\na = 1\n# solution begins", ["task:count", "fade-empty"], "needs one “# solution begins”"),
        ("# solution begins\na = 1\n# solution ends", [], "needs one “# solution begins”"),
        ("# solution begins\na = 1\n# solution ends", ["task:count", "fade-steps"], "keeps its comments as steps"),
        ("a = 1", ["task:count", "fade-blanks"], "has blanks where"),
        ("a = 1  # blank: a number", [], "has blanks where"),
        ("f(1)  # blank: a number", ["task:count", "fade-blanks"], "isn't written"),
        ("a = '''1'''  # blank: a number", ["task:count", "fade-blanks"], "'''"),
        ("a = 1", ["fade-emtpy"], "mean nothing here"),
        ("a = 1\n" * 11, [], "more than ten lines"),
    ],
)
def test_marks_that_do_not_fit_together_are_named(tmp_path, source, tags, fault):
    folder = _master(tmp_path, (source, tags))
    with pytest.raises(MasterError, match="cell cell-0: ") as error:
        Master.read(folder / "master.ipynb")
    assert fault in str(error.value)


def test_the_command_writes_only_what_has_changed(tmp_path, monkeypatch, capsys):
    for folder in FOLDERS:
        shutil.copytree(folder, tmp_path / "labs" / folder.name)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    starter = tmp_path / "labs" / FOLDERS[0].name / "lab.ipynb"
    starter.write_text("spoilt")
    assert main(["generate", FOLDERS[0].name[:5]]) == 0
    said = capsys.readouterr().out
    assert "lab.ipynb written" in said and "solution.ipynb is as it was" in said
    assert starter.read_bytes() == (FOLDERS[0] / "lab.ipynb").read_bytes()


def test_the_command_says_that_there_is_no_such_lab(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(LABS.parent)
    with pytest.raises(SystemExit):
        main(["generate", "lab-99"])
    assert "there is no lab lab-99" in capsys.readouterr().err
