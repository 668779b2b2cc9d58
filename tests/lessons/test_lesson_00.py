"""Lesson 00, "Start here": untouched, with each known mistake, and solved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecrlab.check import DONE, NOT_TRIED, NOT_YET
from taking import Learner, taking

REPOSITORY = "lesson00/hello"
FIRST, SECOND, OWN = "first-push", "second-push", "own-message"


@pytest.fixture
def learner(lab_state, aws, tmp_path) -> Iterator[Learner]:
    with taking("00", tmp_path / "notebooks", lab_state, aws) as learner:
        yield learner


def tags(ecr) -> list[str]:
    return sorted(image["imageTag"] for image in ecr.list_images(repositoryName=REPOSITORY)["imageIds"])


def test_before_the_first_cell_nothing_is_tried(learner):
    learner.run("open")
    assert learner.outcomes() == dict.fromkeys((FIRST, SECOND, OWN), NOT_TRIED)


def test_an_untouched_run_pushes_two_images_and_leaves_the_third_to_the_learner(learner, aws):
    learner.take()
    assert learner.outcomes() == {FIRST: DONE, SECOND: DONE, OWN: NOT_TRIED}
    assert tags(aws("ecr")) == ["1.0", "1.1"]
    assert "(ImageNotFoundException) when calling the DescribeImages operation: The image with imageId {imageDigest:'null', imageTag:'2.0'}" in learner.said


def test_the_second_push_sends_one_layer_of_three(learner):
    learner.take(until="check-second-push")
    *base, message = learner.names["first"].layers
    assert len(base) == 2 and message.travelled  # the base's layers may be there already, in another repository of this lab
    assert [layer.travelled for layer in learner.names["second"].layers] == [False, False, True]


def test_a_repository_that_is_made_and_not_pushed_to_is_not_yet(learner):
    learner.take(until="push-first")
    verdict = learner.lesson.verdict(FIRST)
    assert verdict.outcome == NOT_YET
    assert "only a push brings it to the registry" in verdict.message


def test_a_first_push_under_another_tag_is_not_yet(learner):
    learner.take(until="push-first")
    learner.write('from ecrlab import show\nlab.login()\nlab.docker.images.get(f"{name}:1.0").tag(name, "one")\nlab.docker.images.push(name, tag="one")')
    verdict = learner.lesson.verdict(FIRST)
    assert verdict.outcome == NOT_YET
    assert "holds one, and nothing is named 1.0" in verdict.message


def test_the_same_message_under_a_new_tag_is_not_yet(learner):
    learner.take(until="push-second")
    learner.write('lab.docker.images.get(f"{name}:1.0").tag(name, "1.1")\nlab.docker.images.push(name, tag="1.1")')
    verdict = learner.lesson.verdict(SECOND)
    assert verdict.outcome == NOT_YET
    assert "two names of one image" in verdict.message


MISTAKES = {
    "another tag": (
        'lab.docker.images.get(f"{name}:mine").tag(name, "minne")\nlab.docker.images.push(name, tag="minne")',
        "You pushed it as minne",
    ),
    "no tag": (
        'lab.docker.images.get(f"{name}:mine").tag(name)\nlab.docker.images.push(name, tag="latest")',
        "that is what Docker writes where no tag is given",
    ),
    "the words of the second push": (
        'lab.docker.images.get(f"{name}:1.1").tag(name, "mine")\nlab.docker.images.push(name, tag="mine")',
        "mine is one more name of the image 1.1",
    ),
    "words left untouched": ('lab.docker.images.push(name, tag="mine")', "still says “your own words”"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_met_with_the_belief_behind_it(learner, mistake):
    source, says = MISTAKES[mistake]
    learner.take()
    learner.write(source)
    verdict = learner.lesson.verdict(OWN)
    assert verdict.outcome == NOT_YET
    assert says in verdict.message


@pytest.mark.parametrize(("check", "until"), [(FIRST, "push-first"), (SECOND, "push-second"), (OWN, "cleanup")])
def test_the_stored_solution_solves_it(learner, check, until):
    learner.take(until)
    learner.write("from ecrlab import show\nlab.login()")
    learner.solve(check)
    assert learner.outcomes()[check] == DONE


def test_it_can_be_taken_again_from_the_top_when_it_was_left_half_way(learner):
    learner.take(until="predict-second-push")
    learner.take()
    assert learner.outcomes() == {FIRST: DONE, SECOND: DONE, OWN: NOT_TRIED}


def test_the_clean_up_leaves_nothing(learner, aws):
    learner.take()
    learner.run("cleanup")
    assert REPOSITORY not in [each["repositoryName"] for each in aws("ecr").describe_repositories()["repositories"]]


def test_a_push_of_an_earlier_run_is_no_success_for_what_is_built_now(learner):
    learner.take()
    learner.solve(OWN)
    assert learner.outcomes()[OWN] == DONE
    learner.run("exercise-own-message")
    verdict = learner.lesson.verdict(OWN)
    assert verdict.outcome == NOT_YET
    assert "from an earlier push" in verdict.message


def test_it_says_that_an_image_is_built_only_where_one_is(learner):
    learner.take()
    assert "built on this computer" in learner.lesson.verdict(OWN).next
    learner.write('lab.docker.images.remove(f"{name}:mine")')
    assert "built on this computer" not in learner.lesson.verdict(OWN).next


def test_the_message_is_read_back_from_the_registry(learner):
    learner.take(until="predict-second-push")
    assert "The image in the registry says: Hello from my first image" in learner.said
