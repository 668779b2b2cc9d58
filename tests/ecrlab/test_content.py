"""A lesson's TOML is checked when it is loaded, and every fault is named."""

from pathlib import Path

import pytest

from ecrlab.content import Identity, Repository, load, module
from ecrlab.errors import LabError
from ecrlab.lessons.faults import lab_faults, lesson_faults

SOUND = """
title = "Push and pull"
minutes = 30
cost = "On AWS: nothing."
"""

QUESTION = """
[questions.q]
question = "Which?"
[[questions.q.options]]
text = "This"
right = true
belief = "Right."
[[questions.q.options]]
text = "That"
belief = "A common belief."
"""


def write(folder: Path, text: str, name: str = "lesson_01.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_repositories_may_lie_in_another_region_or_account(sample_lessons):
    content = load(sample_lessons / "lesson_01.toml")
    assert content.repositories == (Repository("web"), Repository("web", region="eu-west-1"), Repository("shared", account="partner"))
    assert [str(each) for each in content.repositories] == ["web", "web (eu-west-1)", "shared (the partner's account)"]


def test_a_lesson_may_own_users_roles_groups_and_policies(tmp_path):
    content = load(write(tmp_path, SOUND + "identities = [{user = 'ci'}, {policy = 'limits', account = 'partner'}]"))
    assert content.identities == (Identity("user", "ci"), Identity("policy", "limits", "partner"))
    assert [str(each) for each in content.identities] == ["user ci", "policy limits (the partner's account)"]


def test_a_lesson_may_own_alarms_topics_and_queues(tmp_path):
    content = load(write(tmp_path, SOUND + "resources = [{alarm = 'loud'}, {queue = 'alarms'}]"))
    assert [str(each) for each in content.resources] == ["alarm loud", "queue alarms"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("minutes = 30\ncost = 'x'", "title must be there and be a text"),
        (SOUND.replace("30", "'half an hour'"), "minutes must be there and be a whole number"),
        (SOUND + "authors = []", "'authors' is no part of a lesson"),
        (SOUND + "recall = ['what-travels']", "recall is a list of \"lesson/question\""),
        (SOUND + "repositories = [{region = 'eu-west-1'}]", "is neither a name nor a table of name, region, account"),
        (SOUND + "identities = [{name = 'ci'}]", "names no user, role, group or policy"),
        (SOUND + "identities = [{user = 'ci', role = 'ci'}]", "names no user, role, group or policy"),
        (SOUND + "identities = ['ci']", "names no user, role, group or policy"),
        (SOUND + "resources = [{bucket = 'mine'}]", "resources: {'bucket': 'mine'} names no alarm, topic, queue"),
        (SOUND + "resources = ['loud']", "resources: 'loud' names no alarm, topic, queue"),
        (SOUND + QUESTION.replace("right = true", ""), "questions.q has 0 right options; it needs exactly one"),
        (SOUND + QUESTION + "right = true", "questions.q has 2 right options; it needs exactly one"),
        (SOUND + QUESTION.replace('belief = "A common belief."', ""), "questions.q: option 2 names no belief"),
        (SOUND + QUESTION.replace('"That"', '"This"'), "questions.q has the same option twice"),
        (SOUND + QUESTION + "corect = 1", "questions.q: option 2 has an unknown corect"),
        (SOUND + "[hints]\nfirst-push = []", "hints.first-push must be a list of texts"),
        (SOUND + "[solutions]\nfirst-push = ''", "solutions.first-push must be a text"),
        ("title = ", "isn't valid TOML"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path, text, fault):
    with pytest.raises(LabError) as error:
        load(write(tmp_path, text))
    assert fault in error.value.sentence


def test_all_faults_are_named_at_once(tmp_path):
    with pytest.raises(LabError) as error:
        load(write(tmp_path, "title = 1\nminutes = 'x'\ncost = 2"))
    assert "has 3 to mend" in error.value.sentence


def test_a_lesson_that_is_not_there_is_said(tmp_path):
    with pytest.raises(LabError, match="There is no lesson_09.toml"):
        load(tmp_path / "lesson_09.toml")


def test_sound_lessons_have_no_faults(sample_lessons):
    assert lesson_faults(sample_lessons) == []


def test_the_courses_own_lessons_have_no_faults():
    assert lesson_faults() == []


@pytest.mark.parametrize("lab", sorted(Path(__file__).parents[2].glob("labs/*/lab.toml")), ids=lambda path: path.parent.name)
def test_the_courses_own_labs_have_no_faults(lab):
    assert lab_faults(lab.parent) == []


def test_recall_may_only_name_questions_of_earlier_lessons(sample_lessons):
    write(sample_lessons, SOUND.replace('title', 'recall = ["01/what-travels"]\ntitle'), "lesson_00.toml")
    assert "lesson_00.toml: recall names 01/what-travels, which no earlier lesson has" in lesson_faults(sample_lessons)


def test_every_check_has_hints_and_a_solution_and_every_hint_a_check(sample_lessons):
    path = sample_lessons / "lesson_01.toml"
    path.write_text(path.read_text().replace("first-push = [", "first-pull = [").replace('broken = "nothing helps"', ""))
    assert set(lesson_faults(sample_lessons)) == {
        "lesson_01.toml: the check first-push has no hints",
        "lesson_01.toml: the check broken has no solution",
        "lesson_01.toml: there are hints or a solution for first-pull, but no such check",
    }


def test_checks_of_many_nouns_are_a_package_whose_files_import_each_other(tmp_path):
    for copy, found in (("one", "first"), ("two", "second")):  # two copies of a lab's folder, as after a reset of the clone
        checks = tmp_path / copy / "lab-9" / "checks"
        checks.mkdir(parents=True)
        (checks / "__init__.py").write_text("from .tags import named\nCHECKS = {'named': named}\n")
        (checks / "tags.py").write_text(f"def named(lab):\n    return {found!r}\n")
        assert module(checks.with_suffix(".py")).CHECKS["named"](None) == found
