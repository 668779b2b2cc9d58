"""Lesson 02, "Push and pull": untouched, with each known mistake, and solved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecrlab.check import DONE, NOT_TRIED, NOT_YET
from taking import Learner, delete, taking

FIRST, SECOND, HAND, RELEASE, BACKUP = "first-push", "second-version", "by-hand", "release", "backup"
UNTOUCHED = {FIRST: DONE, SECOND: DONE, HAND: DONE, RELEASE: NOT_TRIED, BACKUP: NOT_TRIED}


def push_as(tag: str) -> str:
    """Source that logs in and pushes version 1.0 under another tag."""
    return f'lab.login()\nlab.docker.images.get(f"{{shop}}:1.0").tag(shop, tag="{tag}")\nlab.docker.images.push(shop, tag="{tag}")'


def keep(tag: str, as_tag: str = "1.1") -> str:
    """Source that copies a version to lesson02/backup."""
    return (
        'backup = ecr.create_repository(repositoryName="lesson02/backup")["repository"]["repositoryUri"]\n'
        f'lab.docker.images.get(f"{{shop}}:{tag}").tag(backup, tag="{as_tag}")\n'
        f'lab.docker.images.push(backup, tag="{as_tag}")'
    )


@pytest.fixture
def learner(lab_endpoint, lab_state, tmp_path, aws) -> Iterator[Learner]:
    with taking("02", tmp_path / "notebooks", lab_state, aws) as learner:
        yield learner


@pytest.fixture(scope="class")
def taken(lab_endpoint, lab_state, tmp_path_factory, aws) -> Iterator[Learner]:
    """A learner who took the whole lesson; the tests of a class share it."""
    with taking("02", tmp_path_factory.mktemp("taken") / "notebooks", lab_state, aws) as learner:
        learner.take()
        yield learner


@pytest.fixture
def untried(taken, aws) -> Learner:
    """The same learner, without what other tests answered to the exercises."""
    delete(aws("ecr"), "lesson02/backup")
    aws("ecr").batch_delete_image(repositoryName="lesson02/shop", imageIds=[{"imageTag": "1.2"}, {"imageTag": "latest"}])
    return taken


def test_before_the_first_cell_nothing_is_tried(learner):
    learner.run("open")
    assert learner.outcomes() == dict.fromkeys(UNTOUCHED, NOT_TRIED)


def test_a_push_that_was_refused_counts_as_not_tried(learner):
    learner.take(until="token")
    assert learner.names["refused"].error == "no basic auth credentials"
    assert learner.outcomes()[FIRST] == NOT_TRIED


# name → the check it is made for, the cell it is written in front of, what is written, what the verdict says
MISTAKES = {
    "no tag": (FIRST, "log-in-and-push", push_as("latest"), "it writes latest where no tag is given"),
    "another tag": (FIRST, "log-in-and-push", push_as("v1"), "none is tagged 1.0: v1"),
    "no 1.0 to compare with": (SECOND, "log-in-and-push", push_as("1.1"), "nothing to compare"),
    "an old image under a new tag": (SECOND, "push-second", push_as("1.1"), "1.0 and 1.1 name the same image"),
    "another thing altogether": (
        SECOND,
        "push-second",
        'lab.docker.images.build(path="app/hello-page", tag=f"{shop}:1.1", buildargs={"BASE": lab.base("static")})\n'
        'lab.docker.images.push(shop, tag="1.1")',
        "no layer in common",
    ),
    "a backup of nothing": (BACKUP, "push-second", keep("1.0"), "no shop:1.1 that this could be a copy of"),
    "layers without a manifest": (HAND, "send-manifest", "pass", "Layers alone are none"),
    "a manifest under another tag": (
        HAND,
        "send-manifest",
        'ecr.put_image(**hand, imageManifest=json.dumps(manifest), imageTag="hello")',
        "none is tagged 1.0: hello",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_met_with_the_belief_behind_it(learner, mistake):
    check, until, source, says = MISTAKES[mistake]
    learner.take(until)
    learner.write(source)
    verdict = learner.lesson.verdict(check)
    assert verdict.outcome == NOT_YET
    assert says in verdict.message


@pytest.mark.parametrize(("check", "until"), [(FIRST, "log-in-and-push"), (SECOND, "push-second"), (HAND, "send-parts")])
def test_the_stored_solution_solves_it(learner, check, until):
    learner.take(until)
    learner.solve(check)
    assert learner.outcomes()[check] == DONE


@pytest.mark.parametrize("left_at", ["pull", "send-parts"])
def test_it_can_be_taken_again_from_the_top_when_it_was_left_half_way(learner, left_at):
    learner.take(until=left_at)
    learner.take()
    assert learner.outcomes() == UNTOUCHED


def test_cells_that_send_something_can_be_run_again_even_with_a_token_that_grew_old(learner):
    learner.take(until="break-region")
    learner.run("log-in-and-push", "send-manifest-first", "send-manifest")
    assert learner.names["first"].error is None
    assert learner.outcomes() == UNTOUCHED


class TestTakenToItsEnd:
    def test_an_untouched_run_leaves_both_exercises_to_the_learner(self, untried):
        assert untried.outcomes() == UNTOUCHED

    @pytest.mark.parametrize(
        "sentence",
        [
            "failed: no basic auth credentials",
            "(LayersNotFoundException) when calling the PutImage operation: Layers with digests '[sha256:",
            "failed: denied: Your authorization token has expired. Reauthenticate and try again.",
            "failed: denied: Your authorization token is not valid here: it was issued for eu-west-1, this registry is in us-east-1.",
            "failed: name unknown: The repository with name 'lesson02/shpo' does not exist in the registry with id",
            "The repository with name '111122223333.dkr.ecr.us-east-1.amazonaws.com/lesson02/shop' does not exist",
            "Docker would go to docker.io",
        ],
    )
    def test_each_refusal_that_the_lesson_reads_is_a_real_one(self, taken, sentence):
        assert sentence in taken.said

    @pytest.mark.parametrize("secret", ["password", "foreign"])
    def test_no_token_is_ever_shown(self, taken, secret):
        assert taken.names[secret][:20] not in taken.said

    def test_only_the_new_page_travels(self, taken):
        *lower, page = [layer.outcome for layer in taken.names["second"].layers]
        assert (set(lower), page) == ({"already exists"}, "pushed")

    # name → the check it is made for, what is written, what the verdict says
    MISTAKES = {
        "a release that is the last one": (RELEASE, push_as("1.2"), "1.0 and 1.2 name the same image"),
        "a release as latest": (RELEASE, push_as("latest"), "it writes latest where no tag is given"),
        "an empty backup": (BACKUP, keep("1.1").splitlines()[0], "empty"),
        "a backup that was only named": (BACKUP, keep("1.1").rpartition("\n")[0], "the registry hears of it by a push"),
        "a backup of 1.0": (BACKUP, keep("1.0"), "another image than shop:1.1"),
        "a backup under another tag": (BACKUP, keep("1.1", as_tag="copy"), "none is tagged 1.1: copy"),
        "a backup as latest": (BACKUP, keep("1.1", as_tag="latest"), "it writes latest where no tag is given"),
    }

    @pytest.mark.parametrize("mistake", MISTAKES)
    def test_a_mistake_in_an_exercise_is_met_with_the_belief_behind_it(self, untried, mistake):
        check, source, says = self.MISTAKES[mistake]
        untried.write(source)
        verdict = untried.lesson.verdict(check)
        assert verdict.outcome == NOT_YET
        assert says in verdict.message

    def test_the_stored_solutions_solve_the_exercises(self, untried):
        untried.write('lab.docker.images.build(path="app/shop", tag=f"{shop}:1.2", buildargs=arguments | {"PAGE": "1.2"})')
        untried.solve(RELEASE)
        untried.solve(BACKUP)
        assert untried.outcomes() == dict.fromkeys(UNTOUCHED, DONE)

    def test_the_clean_up_leaves_nothing(self, taken, aws):
        taken.run("cleanup")
        assert [each for each in aws("ecr").describe_repositories()["repositories"] if each["repositoryName"].startswith("lesson02/")] == []
