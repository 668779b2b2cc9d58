"""Tags: names that move, unless they may not. AWS: preventing image tags from being overwritten, PutImageTagMutability."""

from __future__ import annotations

import threading

import pytest

from awsapi import push, put_image, refused, tags
from specimens import image
from wire import error_of

DEV = [{"filterType": "WILDCARD", "filter": "dev-*"}]


def set_mutability(ecr, name, mutability, *filters):
    given = [{"filterType": "WILDCARD", "filter": each} for each in filters]
    return ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability=mutability, **({"imageTagMutabilityExclusionFilters": given} if given else {}))


def immutable(name, tag):
    return f"The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable."


def can_move(http, tag):
    """Pushes two images under one tag; whether the second took it."""
    http.push(image(f"first {tag}"), tag)
    second = image(f"second {tag}")
    for blob in second.blobs:
        http.push_blob(blob)
    answer = http.put_manifest(tag, second)
    if answer.status_code == 201:
        return True
    assert error_of(answer) == (400, "TAG_INVALID", immutable(http.path.partition("/")[2], tag))
    return False


def test_a_tag_moves_and_leaves_the_old_image_untagged(ecr, http, name):
    monday, tuesday = http.push(image("monday"), "1.0"), http.push(image("tuesday"), "1.0")
    assert tags(ecr, name) == {"1.0": tuesday.digest}
    assert http.pull("1.0") == tuesday.manifest
    assert http.pull(monday.digest) == monday.manifest
    (untagged,) = ecr.list_images(repositoryName=name, filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert untagged == {"imageDigest": monday.digest}


def test_an_immutable_tag_stays_where_it_is(ecr, http, name):
    set_mutability(ecr, name, "IMMUTABLE")
    first = http.push(image("first"), "1.0")
    second = image("second")
    for blob in second.blobs:
        http.push_blob(blob)
    with refused("ImageTagAlreadyExistsException", immutable(name, "1.0")):
        put_image(ecr, name, second, "1.0")
    assert error_of(http.put_manifest("1.0", second)) == (400, "TAG_INVALID", immutable(name, "1.0"))
    assert tags(ecr, name) == {"1.0": first.digest}
    assert http("GET", f"manifests/{second.digest}").status_code == 404


def test_pushing_the_very_same_image_to_an_immutable_tag_is_no_error_for_docker(ecr, http, name):
    set_mutability(ecr, name, "IMMUTABLE")
    pushed = http.push(image("same"), "1.0")
    assert http.put_manifest("1.0", pushed).status_code == 201
    with refused("ImageAlreadyExistsException"):
        put_image(ecr, name, pushed, "1.0")


def test_an_immutable_repository_takes_further_tags(ecr, http, name):
    set_mutability(ecr, name, "IMMUTABLE")
    pushed = http.push(image("same"), "1.0")
    put_image(ecr, name, pushed, "1")
    http.push(image("other"), "2.0")
    assert tags(ecr, name).keys() == {"1.0", "1", "2.0"}


def test_an_immutable_tag_can_be_deleted_and_used_again(ecr, http, name):
    set_mutability(ecr, name, "IMMUTABLE")
    http.push(image("first"), "1.0")
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "1.0"}])
    second = http.push(image("second"), "1.0")
    assert http.pull("1.0") == second.manifest


def test_a_change_binds_later_pushes_alone(ecr, http, name):
    assert can_move(http, "before")
    set_mutability(ecr, name, "IMMUTABLE")
    assert not can_move(http, "after")
    assert error_of(http.put_manifest("before", image("first before")))[1] == "TAG_INVALID"
    set_mutability(ecr, name, "MUTABLE")
    assert can_move(http, "again")


EXCLUSIONS = {  # mutability, filters, tag: whether the tag may be overwritten
    ("IMMUTABLE_WITH_EXCLUSION", "dev-*", "dev-1"): True,
    ("IMMUTABLE_WITH_EXCLUSION", "dev-*", "dev-"): True,
    ("IMMUTABLE_WITH_EXCLUSION", "dev-*", "prod-1"): False,
    ("IMMUTABLE_WITH_EXCLUSION", "dev-*", "my-dev-1"): False,
    ("IMMUTABLE_WITH_EXCLUSION", "dev-*", "DEV-1"): False,
    ("IMMUTABLE_WITH_EXCLUSION", "latest", "latest"): True,
    ("IMMUTABLE_WITH_EXCLUSION", "latest", "latest2"): False,
    ("IMMUTABLE_WITH_EXCLUSION", "*-rc*", "1.0-rc1"): True,
    ("IMMUTABLE_WITH_EXCLUSION", "1.*", "1x0"): False,
    ("IMMUTABLE_WITH_EXCLUSION", "*", "anything"): True,
    ("MUTABLE_WITH_EXCLUSION", "v*", "v1"): False,
    ("MUTABLE_WITH_EXCLUSION", "v*", "latest"): True,
}


@pytest.mark.parametrize(("mutability", "wildcard", "tag"), EXCLUSIONS)
def test_exclusions_turn_mutability_round_for_the_tags_they_match(ecr, http, name, mutability, wildcard, tag):
    set_mutability(ecr, name, mutability, "no-tag-looks-like-this", wildcard)
    assert can_move(http, tag) == EXCLUSIONS[mutability, wildcard, tag]


def test_the_setting_is_answered_and_described_with_its_filters(ecr, name):
    answer = set_mutability(ecr, name, "IMMUTABLE_WITH_EXCLUSION", "dev-*")
    (described,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    for said in (answer, described):
        assert said["repositoryName"] == name
        assert said["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
        assert said["imageTagMutabilityExclusionFilters"] == DEV
    set_mutability(ecr, name, "IMMUTABLE")
    (described,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    assert described["imageTagMutability"] == "IMMUTABLE"
    assert "imageTagMutabilityExclusionFilters" not in described


def test_filters_are_required_with_exclusion_and_forbidden_without(ecr, name):
    for mutability in ("IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"):
        needed = (
            "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: "
            f"'ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {mutability}'"
        )
        with refused("InvalidParameterException", needed):
            set_mutability(ecr, name, mutability)
    for mutability in ("IMMUTABLE", "MUTABLE"):
        with refused("InvalidParameterException"):
            set_mutability(ecr, name, mutability, "dev-*")
    assert ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["imageTagMutability"] == "MUTABLE"


def test_of_two_pushes_to_one_immutable_tag_exactly_one_wins(ecr, http, at, name):
    set_mutability(ecr, name, "IMMUTABLE")
    rivals = [image(f"rival {number}") for number in range(8)]
    for rival in rivals:
        for blob in rival.blobs:
            http.push_blob(blob)
    doors, ready, answers = [at(name) for _ in rivals], threading.Barrier(len(rivals)), {}

    def race(door, rival):
        ready.wait()
        answers[rival.digest] = door.put_manifest("1.0", rival).status_code

    racers = [threading.Thread(target=race, args=pair) for pair in zip(doors, rivals, strict=True)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(answers.values()) == [201] + [400] * 7
    (winner,) = [each for each, status in answers.items() if status == 201]
    assert tags(ecr, name) == {"1.0": winner}


@pytest.mark.parametrize("tag", ["a", "A_b.c-1", "_x", "x" * 128])
def test_a_legal_tag_is_taken_by_both_doors(ecr, http, name, tag):
    pushed = http.push(image(tag), tag)
    assert push(ecr, name, image("another"), tag)
    assert tags(ecr, name)[tag] != pushed.digest


@pytest.mark.parametrize("tag", ["-x", ".x", "a b", "ä", "x" * 129])
def test_docker_can_give_no_illegal_tag(ecr, http, name, tag):
    specimen = image("illegal")
    for blob in specimen.blobs:
        http.push_blob(blob)
    status, code, _ = error_of(http.put_manifest(tag, specimen))
    assert (status, code) == (405, "UNSUPPORTED")
    assert tags(ecr, name) == {}


def test_an_image_can_have_many_tags(ecr, http, name):
    pushed = http.push(image("popular"), "t000")
    for number in range(1, 120):
        http.put_manifest(f"t{number:03}", pushed)
    (detail,) = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert sorted(detail["imageTags"]) == [f"t{number:03}" for number in range(120)]
