"""What holds for every guided lab: untouched, with each known mistake, solved, solved again another day, and cleaned up."""

from __future__ import annotations

import sys

import nbformat
import pytest

from ecrlab.check import DONE, NOT_TRIED
from ecrlab.content import module
from ecrlab.labs.master import MASTER, Master
from ecrlab.lessons.faults import lab_faults
from learners import LABS

FOLDERS = {"-".join(path.parent.name.split("-")[:2]): path.parent for path in sorted(LABS.glob(f"*/{MASTER}"))}
TASKS = {name: list(Master.read(folder / MASTER).solutions()) for name, folder in FOLDERS.items()}
MISTAKES = {name: module(folder / "mistakes.py").MISTAKES for name, folder in FOLDERS.items()}
EACH_MISTAKE = [pytest.param(name, each, id=f"{name}, {each.name}") for name, mistakes in MISTAKES.items() for each in mistakes]


@pytest.fixture(params=list(FOLDERS))
def name(request: pytest.FixtureRequest) -> str:
    """A lab, as "lab-1"."""
    return request.param


def test_its_content_is_sound(name):
    assert lab_faults(FOLDERS[name]) == []


def test_every_task_has_a_check_three_hints_and_a_solution(name, learner):
    one = learner(name)
    one.take()
    assert one.tasks == list(one.guide.checks) == TASKS[name] == list(one.guide.content.solutions)
    assert {task: len(hints) for task, hints in one.guide.content.hints.items()} == dict.fromkeys(TASKS[name], 3)


def test_every_task_has_a_known_mistake(name):
    assert {mistake.task for mistake in MISTAKES[name]} == set(TASKS[name])


def test_untouched_nothing_is_tried(name, learner):
    one = learner(name)
    one.take()
    assert one.outcomes() == dict.fromkeys(TASKS[name], NOT_TRIED)


@pytest.mark.parametrize(("name", "mistake"), EACH_MISTAKE)
def test_a_mistake_is_met_with_the_belief_behind_it(name, mistake, learner):
    one = learner(name)
    one.take(solve=mistake.after, until=mistake.task)
    mistake.make(one.lab)
    verdict = one.guide.verdict(mistake.task)
    assert (verdict.outcome, mistake.says in f"{verdict.message} {verdict.next}") == (mistake.outcome, True), f"{verdict.message} {verdict.next}"


def test_each_task_is_done_as_soon_as_it_is_solved(name, learner):
    one, tasks = learner(name), TASKS[name]
    for number in range(len(tasks)):
        one.take(solve=tasks[: number + 1])
        assert list(one.outcomes().values()) == [DONE] * (number + 1) + [NOT_TRIED] * (len(tasks) - number - 1)
        one.guide.reset()


def test_done_tasks_may_run_again_another_day(name, learner):
    one = learner(name)
    for _ in range(2):
        one.take(solve=TASKS[name])
        assert one.outcomes() == dict.fromkeys(TASKS[name], DONE)
        one.names.clear()
    one.take()


def test_reset_brings_back_the_beginning(name, learner):
    one = learner(name)
    one.take(solve=TASKS[name])
    one.guide.reset()
    assert one.outcomes() == dict.fromkeys(TASKS[name], NOT_TRIED)


def test_cleanup_leaves_nothing(name, learner, capsys):
    one = learner(name)
    one.take(solve=TASKS[name])
    capsys.readouterr()
    one.guide.cleanup()
    assert "nothing is left" in capsys.readouterr().out
    names = [each["repositoryName"] for each in one.lab.client("ecr").describe_repositories()["repositories"]]
    names += [each["repositoryName"] for each in one.lab.client("ecr-public").describe_repositories()["repositories"]]
    assert not [each for each in names if each.startswith("lab")]


# The notebooks themselves, in a kernel of their own.


def test_run_all_of_the_untouched_lab_goes_to_the_end_and_nothing_is_tried(name, lab_folder, run_notebook):
    said = _said(run_notebook(lab_folder(name) / "lab.ipynb"))
    assert [f"Not tried: {task}." in said for task in TASKS[name]] == [True] * len(TASKS[name])
    assert "nothing is left" in said and "Done:" not in said and "could not run" not in said


def test_run_all_of_the_solution_does_everything_even_twice(name, lab_folder, run_notebook):
    folder = lab_folder(name)
    for _ in range(2):
        said = _said(run_notebook(folder / "solution.ipynb"))
        assert [f"Done: {task}." in said for task in TASKS[name]] == [True] * len(TASKS[name])
        assert "nothing is left" in said


@pytest.mark.docker
@pytest.mark.skipif(sys.platform != "linux", reason="an engine in a virtual machine doesn't reach this process")
@pytest.mark.parametrize("notebook", ["lab.ipynb", "solution.ipynb"])
def test_both_notebooks_run_with_a_docker_engine(name, lab_folder, run_notebook, docker_host, monkeypatch, notebook):
    monkeypatch.setenv("ECRLAB_ENGINE", "docker")
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    said = _said(run_notebook(lab_folder(name) / notebook))
    verdict = "Not tried" if notebook == "lab.ipynb" else "Done"
    assert [f"{verdict}: {task}." in said for task in TASKS[name]] == [True] * len(TASKS[name])


def _said(notebook: nbformat.NotebookNode) -> str:
    """Everything that a run shows, as plain text."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)
