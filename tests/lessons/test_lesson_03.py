"""Lesson 03, "Tags, digests and manifests": untouched, with each known mistake, and solved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecrlab.check import DONE, NOT_TRIED, NOT_YET
from taking import Learner, taking

MOVED, NAMED, PLATFORMS, PROMOTE, PROTECT = "moved-tag", "second-name", "two-platforms", "promote", "protect"
UNTOUCHED = {MOVED: DONE, NAMED: DONE, PLATFORMS: DONE, PROMOTE: NOT_TRIED, PROTECT: NOT_TRIED}
IMAGE_1_0 = 'ecr.batch_get_image(repositoryName="lesson03/tea", imageIds=[{"imageTag": "1.0"}])["images"][0]'
FORGET_OPENING = 'ecr.batch_delete_image(repositoryName="lesson03/shop", imageIds=[{"imageTag": "opening"}])\n'


@pytest.fixture
def learner(lab_endpoint, lab_state, tmp_path, aws) -> Iterator[Learner]:
    with taking("03", tmp_path / "notebooks", lab_state, aws) as learner:
        yield learner


def put_index(children: str) -> str:
    """Source that gives 2.0 to an index of these children."""
    return (
        f'index = {{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": {children}}}\n'
        'ecr.put_image(repositoryName="lesson03/shop", imageTag="2.0", imageManifest=json.dumps(index))'
    )


def stable(manifest: str) -> str:
    """Source that gives what this manifest makes the tag stable."""
    return (
        f'ecr.put_image(repositoryName="lesson03/tea", imageTag="stable", imageManifest={manifest}, '
        'imageManifestMediaType=image["imageManifestMediaType"])'
    )


def mutability(setting: str, *wildcards: str) -> str:
    """Source that sets the mutability of lesson03/tea."""
    filters = [{"filterType": "WILDCARD", "filter": wildcard} for wildcard in wildcards]
    extra = f", imageTagMutabilityExclusionFilters={filters}" if filters else ""
    return f'ecr.put_image_tag_mutability(repositoryName="lesson03/tea", imageTagMutability="{setting}"{extra})'


@pytest.fixture(scope="class")
def taken(lab_endpoint, lab_state, tmp_path_factory, aws) -> Iterator[Learner]:
    """A learner who took the whole lesson; the tests of a class share it."""
    with taking("03", tmp_path_factory.mktemp("taken") / "notebooks", lab_state, aws) as learner:
        learner.take()
        yield learner


@pytest.fixture
def untried(taken, aws) -> Learner:
    """The same learner, without what other tests answered to the exercises."""
    aws("ecr").put_image_tag_mutability(repositoryName="lesson03/tea", imageTagMutability="MUTABLE")
    aws("ecr").batch_delete_image(repositoryName="lesson03/tea", imageIds=[{"imageTag": "stable"}])
    return taken


def test_before_the_first_cell_nothing_is_tried(learner):
    learner.run("open")
    assert learner.outcomes() == dict.fromkeys(UNTOUCHED, NOT_TRIED)


# name → the check it is made for, the cell it is written in front of, what is written, what the verdict says
MISTAKES = {
    "the same page twice": (MOVED, "push-noon", 'publish("morning", "1.0")', "only one image is there"),
    "noon's image as opening": (NAMED, "more-names", f'{FORGET_OPENING}tag_image(noon.digest, "opening")', "Fetched by its tag"),
    "two pushes for an index": (PLATFORMS, "put-index", "pass", "the last push has the name"),
    "one platform": (PLATFORMS, "put-index", put_index("children[:1]"), "The index names amd64"),
    "platforms left out": (
        PLATFORMS,
        "put-index",
        put_index('[{name: child[name] for name in ("mediaType", "digest", "size")} for child in children]'),
        "The index names no platform",
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


@pytest.mark.parametrize(("check", "until"), [(MOVED, "push-noon"), (PLATFORMS, "put-index")])
def test_the_stored_solution_solves_it(learner, check, until):
    learner.take(until)
    learner.solve(check)
    assert learner.outcomes()[check] == DONE


def test_the_stored_solution_gives_the_mornings_image_its_second_name(learner):
    learner.take(until="more-names")
    learner.write('tag_image(morning.digest, "kept")\n' + FORGET_OPENING)
    assert learner.outcomes()[NAMED] == NOT_TRIED
    learner.solve(NAMED)
    assert learner.outcomes()[NAMED] == DONE


@pytest.mark.parametrize("left_at", ["immutable", "exercise-protect"])
def test_it_can_be_taken_again_from_the_top_when_it_was_left_half_way(learner, left_at):
    learner.take(until=left_at)
    learner.take(until="delete")
    assert learner.outcomes() == UNTOUCHED


def test_three_images_are_untagged_even_if_the_table_of_settings_was_tried_twice(learner, aws):
    learner.take(until="push-platforms")
    learner.run("settings", "push-platforms", "put-index", "delete", "orphan", "tidy")
    assert len(learner.names["untagged"]) == 3
    left = aws("ecr").list_images(repositoryName="lesson03/shop", filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert {each["imageDigest"] for each in left} == {child["digest"] for child in learner.names["children"]}


def test_cells_that_give_names_can_be_run_again(learner):
    learner.take(until="which-child")
    learner.run("retag", "put-index", "push-platforms", "put-index")
    assert learner.outcomes() == UNTOUCHED


def test_a_name_that_nothing_has_is_said_plainly(learner):
    learner.take(until="predict-retag")
    learner.write('try:\n    image_of(imageTag="9.9")\nexcept AssertionError as error:\n    said = str(error)')
    assert learner.names["said"] == "Nothing in lesson03/shop is called {'imageTag': '9.9'}."


class TestTakenToItsEnd:
    def test_an_untouched_run_leaves_both_exercises_to_the_learner(self, untried):
        assert {name: untried.outcomes()[name] for name in (PROMOTE, PROTECT)} == {PROMOTE: NOT_TRIED, PROTECT: NOT_TRIED}

    @pytest.mark.parametrize(
        "sentence",
        [
            "(ImageAlreadyExistsException) when calling the PutImage operation: Image with digest 'sha256:",
            "(ImageTagAlreadyExistsException) when calling the PutImage operation: The image tag '1.0' already exists in the 'lesson03/shop' repository",
            "failed: tag invalid: The image tag '1.0' already exists in the 'lesson03/shop' repository and cannot be overwritten because",
            "kept: ImageReferencedByManifestList: Requested image referenced by manifest list: [sha256:",
        ],
    )
    def test_each_refusal_that_the_lesson_reads_is_a_real_one(self, taken, sentence):
        assert sentence in taken.said

    def test_the_table_of_settings_says_what_the_lesson_says(self, taken):
        assert [(row["setting"], row["1.0"], row["latest"], row["v1"]) for row in taken.names["rows"]] == [
            ("IMMUTABLE", "stays", "stays", "stays"),
            ("IMMUTABLE_WITH_EXCLUSION", "stays", "moves", "stays"),
            ("MUTABLE_WITH_EXCLUSION", "moves", "moves", "stays"),
            ("MUTABLE", "moves", "moves", "moves"),
        ]

    # name → the check it is made for, what is written, what the verdict says
    MISTAKES = {
        "the older release": (PROMOTE, stable(f"{IMAGE_1_0}['imageManifest']"), "stable names release 1.0"),
        "a manifest written anew": (PROMOTE, stable('json.dumps(json.loads(image["imageManifest"]), indent=4)'), "neither release"),
        "a new build": (PROMOTE, 'publish("1.2", "stable", tea)', "neither release"),
        "immutable, all of it": (PROTECT, mutability("IMMUTABLE"), "plain IMMUTABLE binds every tag"),
        "an exclusion for another tag": (PROTECT, mutability("IMMUTABLE_WITH_EXCLUSION", "latest*"), "(latest*) fits it"),
        "the wrong way round": (PROTECT, mutability("MUTABLE_WITH_EXCLUSION", "stable"), "the wrong way round"),
        "a wildcard for everything": (PROTECT, mutability("IMMUTABLE_WITH_EXCLUSION", "*"), "* fits everything"),
        "a wildcard too many": (PROTECT, mutability("IMMUTABLE_WITH_EXCLUSION", "stable", "1.*"), "so may 1.0, 1.1, 1.2: they fit 1.*."),
        "only today's releases": (PROTECT, mutability("MUTABLE_WITH_EXCLUSION", "1.*"), "10.0: the rule is mutable, and 1.* doesn't fit them"),
    }

    @pytest.mark.parametrize("mistake", MISTAKES)
    def test_a_mistake_in_an_exercise_is_met_with_the_belief_behind_it(self, untried, mistake):
        check, source, says = self.MISTAKES[mistake]
        untried.write(source)
        verdict = untried.lesson.verdict(check)
        assert verdict.outcome == NOT_YET
        assert says in verdict.message

    @pytest.mark.parametrize(
        "setting", [("IMMUTABLE_WITH_EXCLUSION", "s*"), ("IMMUTABLE_WITH_EXCLUSION", "stable", "latest"), ("MUTABLE_WITH_EXCLUSION", "*.*")]
    )
    def test_every_setting_that_protects_releases_and_lets_stable_move_is_right(self, untried, setting):
        untried.write(mutability(*setting))
        assert untried.outcomes()[PROTECT] == DONE

    def test_the_stored_solutions_solve_the_exercises(self, untried):
        untried.run("exercise-promote")
        untried.solve(PROMOTE)
        untried.solve(PROTECT)
        assert {name: untried.outcomes()[name] for name in (PROMOTE, PROTECT)} == {PROMOTE: DONE, PROTECT: DONE}

    def test_the_clean_up_leaves_nothing(self, taken, aws):
        taken.run("cleanup")
        assert [each for each in aws("ecr").describe_repositories()["repositories"] if each["repositoryName"].startswith("lesson03/")] == []
