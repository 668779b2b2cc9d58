"""A lesson's helper in plain surroundings: card, questions, verdicts, hints, solutions, clean-up."""

import json
import re

import pytest

from ecrlab.check import COULD_NOT_RUN, DONE, NOT_TRIED, NOT_YET, Verdict, judge, picture
from ecrlab.errors import LabError
from registries import image


@pytest.fixture
def lesson(fake_lab, sample_lessons, capsys):
    lesson = fake_lab.lesson("01")
    capsys.readouterr()
    return lesson


def test_the_card_says_where_it_runs_and_what_it_costs_before_anything_is_done(fake_lab, sample_lessons, capsys):
    fake_lab.lesson("01")
    assert capsys.readouterr().out.splitlines() == [
        "Push and pull",
        "  Runs on: this machine, nothing leaves it (account 111122223333, Region us-east-1)",
        "  Builds and pushes with: dockerless, no Docker needed",
        "  Time: about 30 minutes",
        "  Cost: nothing",
        "  Repositories it makes and deletes: web, web (eu-west-1), shared (the partner's account), shop (public)",
    ]


def test_on_aws_the_card_says_what_the_lesson_costs(fake_lab, sample_lessons, capsys):
    fake_lab.place = "aws"
    fake_lab.lesson("01")
    assert "Cost: On AWS: less than 0.01 USD." in capsys.readouterr().out


def test_an_unknown_lesson_is_named(fake_lab, sample_lessons):
    with pytest.raises(LabError, match=r"There is no lesson_09\.toml"):
        fake_lab.lesson("09")


def test_a_question_is_printed_with_numbered_options_and_without_its_answer(lesson, capsys):
    lesson.predict("what-travels")
    out = capsys.readouterr().out
    assert "  1. Everything, again\n  2. Only what the registry doesn't have\n" in out
    assert out.endswith("Answer with lesson.answer('what-travels', number).\n")
    assert "belief" not in out and "Right" not in out and "asks for each layer" not in out


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "◐ Not right: “Everything, again”. A push asks for each layer first, and sends only what isn't there.\n"),
        (2, "✔ Right: “Only what the registry doesn't have”. Right: layers are known by their digest.\n"),
    ],
)
def test_an_answer_shows_what_stands_behind_it_and_is_kept(lesson, capsys, number, said):
    lesson.answer("what-travels", number)
    assert capsys.readouterr().out == said
    assert json.loads((lesson.lab.state / "progress.json").read_text())["lessons"]["01"]["answers"] == {"what-travels": number}


@pytest.mark.parametrize("number", [0, 3, "2", None])
def test_an_answer_that_is_no_option_is_refused(lesson, number):
    with pytest.raises(LabError, match="Give a number from 1 to 2"):
        lesson.answer("what-travels", number)


def test_recall_asks_the_questions_of_earlier_lessons_anew(lesson, capsys):
    lesson.recall()
    assert "What is an image?" in capsys.readouterr().out
    lesson.answer("00/image-or-container", 2)
    assert lesson.progress.get("answers", "00/image-or-container") == 2


def test_a_question_that_does_not_exist_is_named(lesson):
    with pytest.raises(LabError, match="There are: what-travels"):
        lesson.predict("what-travelled")


def test_the_three_verdicts(lesson, capsys):
    ecr = lesson.lab.client("ecr")
    lesson.check("first-push")
    ecr.put("wbe", image(1), "1.0")
    lesson.check("first-push")
    ecr.put("web", image(1), "1.0")
    lesson.check("first-push")
    assert capsys.readouterr().out.splitlines() == [
        "○ Not tried: first-push. Nothing to see in the registry yet.",
        "◐ Not yet: first-push. A repository must have the name that images are pushed to.",
        "  Look at ecr.describe_repositories().",
        "✔ Done: first-push. The registry holds what was asked for.",
    ]


def test_a_check_that_breaks_says_so_honestly_and_does_not_raise(lesson, capsys):
    lesson.check("broken")
    out = capsys.readouterr().out
    assert out.startswith("! The check itself could not run: broken. KeyError: 'repositories'. This is not your fault.")
    assert lesson.verdict("broken").outcome == COULD_NOT_RUN


def test_what_a_check_ran_into_is_said_with_what_to_do_next():
    def slow():
        raise LabError("scan", "The scan takes long.", "Run this cell again.")

    assert judge(slow) == Verdict(COULD_NOT_RUN, "The scan takes long. This is not your fault.", "Run this cell again.")


def test_a_check_that_answers_nonsense_could_not_run():
    verdict = judge(lambda: True)
    assert verdict.outcome == COULD_NOT_RUN and "it answered True instead of a verdict" in verdict.message


@pytest.mark.parametrize("outcome", [NOT_TRIED, NOT_YET, DONE, COULD_NOT_RUN])
def test_a_verdict_is_a_shape_a_word_and_a_sentence_not_a_colour_alone(outcome):
    drawn = picture(Verdict(outcome, "So it is."), "first-push")
    shape, _, rest = repr(drawn).partition(" ")
    assert len(shape) == 1 and rest.endswith(": first-push. So it is.")
    assert 'role="status"' in drawn.html and shape in drawn.html


def test_verdicts_have_different_shapes():
    assert len({repr(picture(Verdict(outcome, ""), ""))[0] for outcome in (NOT_TRIED, NOT_YET, DONE, COULD_NOT_RUN)}) == 4


def test_each_call_shows_one_hint_more(lesson, capsys):
    shown = []
    for _ in range(4):
        lesson.hint("first-push")
        shown.append(capsys.readouterr().out.splitlines())
    assert shown[0] == ["Hint 1 of 3: Which repository?"]
    assert shown[1] == ["Hint 1 of 3: Which repository?", "Hint 2 of 3: It is called web."]
    assert shown[2][-1] == shown[3][-1] == "That was the last hint. The solution is shown by lesson.solution('first-push')."


def test_hints_are_remembered_by_the_lab_and_not_by_the_kernel(lesson, capsys):
    lesson.hint("first-push")
    again = lesson.lab.lesson("01")
    capsys.readouterr()
    again.hint("first-push")
    assert "Hint 2 of 3" in capsys.readouterr().out


def test_the_solution_waits_for_a_try(lesson, capsys):
    lesson.solution("first-push")
    assert "create_repository" not in capsys.readouterr().out
    lesson.lab.client("ecr").put("wbe", image(1), "1.0")
    lesson.check("first-push")
    lesson.solution("first-push")
    assert 'ecr.create_repository(repositoryName="web")' in capsys.readouterr().out


def test_whoever_asks_twice_sees_the_solution_without_a_try(lesson, capsys):
    lesson.check("first-push")  # nothing is there: that was no try
    lesson.solution("first-push")
    assert "Try it first" in capsys.readouterr().out
    lesson.solution("first-push")
    assert "create_repository" in capsys.readouterr().out


@pytest.mark.parametrize("call", ["check", "hint", "solution"])
def test_a_check_that_does_not_exist_is_named(lesson, call):
    with pytest.raises(LabError, match="There are: first-push, broken"):
        getattr(lesson, call)("frist-push")


def test_answers_that_cannot_be_read_are_put_aside_and_not_lost(lesson, capsys):
    lesson.lab.state.mkdir()
    (lesson.lab.state / "progress.json").write_text("{ broken")
    lesson.answer("what-travels", 2)
    assert "They lie in progress.broken.json now" in capsys.readouterr().out
    assert (lesson.lab.state / "progress.broken.json").read_text() == "{ broken"
    assert lesson.progress.get("answers", "what-travels") == 2


def test_clean_up_deletes_what_the_lesson_owns_and_nothing_else(lesson, capsys):
    lab = lesson.lab
    lab.client("ecr").put("web", image(1), "1.0")
    lab.client("ecr").put("web", image(2), "1.1")
    lab.client("ecr").put("mine", image(1), "1.0")
    lab.client("ecr", account=lab.partner).put("shared", image(1))
    lab.client("ecr-public", region="us-east-1").put("shop", image(1))
    lesson.cleanup()
    lines = [re.split("  +", line) for line in capsys.readouterr().out.splitlines()[3:]]
    assert lines == [
        ["web", "deleted", "2"],
        ["web (eu-west-1)", "was not there"],
        ["shared (the partner's account)", "deleted", "1"],
        ["shop (public)", "deleted", "1"],
        ["Verified: nothing is left in the registry of what was made here."],
    ]
    assert list(lab.client("ecr").repositories) == ["mine"]


def test_clean_up_may_be_repeated(lesson, capsys):
    lesson.cleanup()
    lesson.cleanup()
    assert capsys.readouterr().out.count("Verified: nothing is left") == 2


def test_clean_up_says_what_it_could_not_delete(lesson, capsys):
    ecr = lesson.lab.client("ecr")
    ecr.put("web", image(1), "1.0")
    ecr.stubborn.add("web")
    lesson.cleanup()
    out = capsys.readouterr().out
    assert "still there" in out and "1 of 4 repositories are still there. Run this cell again." in out
