"""A question as a widget: choosing, answering, and finding the answer again."""

import pytest

from ecrlab import quiz
from ecrlab.content import load
from ecrlab.progress import Progress


@pytest.fixture
def question(sample_lessons):
    return load(sample_lessons / "lesson_01.toml").questions["what-travels"]


@pytest.fixture
def progress(tmp_path):
    return Progress(tmp_path / "state", "01")


def parts(box):
    _, choices, button, said = box.children
    return choices, button, said


def test_the_question_is_the_label_of_its_options_and_no_option_is_chosen(question, progress):
    choices, button, said = parts(quiz.widget(question, progress))
    assert choices.description == question.question
    assert [label for label, _ in choices.options] == [option.text for option in question.options]
    assert choices.value is None
    assert button.description == "Check my answer"


def test_nothing_is_given_away_before_the_button_is_pressed(question, progress):
    choices, button, said = parts(quiz.widget(question, progress))
    choices.value = 1
    assert "Right" not in said.value and "Not right" not in said.value
    assert progress.get("answers", "what-travels") is None


@pytest.mark.parametrize(("number", "word"), [(1, "Not right"), (2, "Right")])
def test_pressing_the_button_shows_what_stands_behind_the_option_and_keeps_it(question, progress, number, word):
    choices, button, said = parts(quiz.widget(question, progress))
    choices.value = number
    button.click()
    assert word in said.value
    assert question.options[number - 1].belief.replace("'", "&#x27;") in said.value
    assert progress.get("answers", "what-travels") == number


def test_feedback_is_announced(question, progress):
    choices, button, said = parts(quiz.widget(question, progress))
    assert 'role="status"' in said.value and 'aria-live="polite"' in said.value  # there before anything is said
    choices.value = 2
    button.click()
    assert 'role="status"' in said.value and 'aria-live="polite"' in said.value


def test_pressing_the_button_without_a_choice_asks_for_one(question, progress):
    choices, button, said = parts(quiz.widget(question, progress))
    button.click()
    assert "Choose an option first." in said.value


def test_one_may_change_ones_mind(question, progress):
    choices, button, said = parts(quiz.widget(question, progress))
    for number in (1, 2):
        choices.value = number
        button.click()
    assert "Not right" not in said.value and progress.get("answers", "what-travels") == 2


def test_the_answer_is_there_again_when_the_cell_runs_again(question, progress):
    progress.set("answers", "what-travels", 2)
    choices, button, said = parts(quiz.widget(question, progress))
    assert choices.value == 2
    assert "Right" in said.value


def test_an_answer_to_an_option_that_is_gone_is_forgotten(question, progress):
    progress.set("answers", "what-travels", 7)
    choices, _, _ = parts(quiz.widget(question, progress))
    assert choices.value is None
