"""Images deleted through the API. AWS: BatchDeleteImage, deleting an image."""

from __future__ import annotations

import itertools

import pytest

from awsapi import digests, tags
from specimens import image, index
from wire import error_of


def delete(ecr, name, *image_ids):
    answer = ecr.batch_delete_image(repositoryName=name, imageIds=list(image_ids))
    return sorted(answer["imageIds"], key=lambda each: each.get("imageTag", "")), answer["failures"]


def test_deleting_by_tag_removes_that_tag(ecr, http, name):
    pushed = http.push(image("two names"), "1")
    http.push(pushed, "2")
    assert delete(ecr, name, {"imageTag": "1"}) == ([{"imageDigest": pushed.digest, "imageTag": "1"}], [])
    assert http("GET", "manifests/1").status_code == 404
    assert http.pull("2") == pushed.manifest


def test_deleting_the_last_tag_deletes_the_image(ecr, http, name):
    pushed = http.push(image("one name"), "1")
    assert delete(ecr, name, {"imageTag": "1"}) == ([{"imageDigest": pushed.digest, "imageTag": "1"}], [])
    assert http("GET", f"manifests/{pushed.digest}").status_code == 404
    assert digests(ecr, name) == set()


def test_deleting_by_digest_deletes_the_image_with_all_its_tags(ecr, http, name):
    pushed = http.push(image("two names"), "1")
    http.push(pushed, "2")
    assert delete(ecr, name, {"imageDigest": pushed.digest}) == (
        [{"imageDigest": pushed.digest, "imageTag": "1"}, {"imageDigest": pushed.digest, "imageTag": "2"}],
        [],
    )
    assert [http("GET", f"manifests/{reference}").status_code for reference in ("1", "2", pushed.digest)] == [404, 404, 404]


def test_an_untagged_image_is_deleted_by_its_digest(ecr, http, name):
    pushed = http.push(image("no name"))
    assert delete(ecr, name, {"imageDigest": pushed.digest}) == ([{"imageDigest": pushed.digest}], [])
    assert http("GET", f"manifests/{pushed.digest}").status_code == 404


def test_an_image_that_an_index_lists_stays_until_the_index_is_gone(ecr, http, name):
    pushed = http.push(index(image("a"), image("b")), "multi")
    child = pushed.children[0]
    gone, (failure,) = delete(ecr, name, {"imageDigest": child.digest})
    assert gone == []
    assert failure == {
        "imageId": {"imageDigest": child.digest},
        "failureCode": "ImageReferencedByManifestList",
        "failureReason": f"Requested image referenced by manifest list: [{pushed.digest}]",
    }
    assert error_of(http("DELETE", f"manifests/{child.digest}")) == (405, "UNSUPPORTED", failure["failureReason"])
    assert http.pull(child.digest) == child.manifest
    assert delete(ecr, name, {"imageTag": "multi"})[1] == []
    assert delete(ecr, name, {"imageDigest": child.digest}) == ([{"imageDigest": child.digest}], [])


def test_an_index_and_its_images_go_in_one_call_in_any_order(ecr, http, name):
    pushed = http.push(index(image("a"), image("b")), "multi")
    everything = [{"imageDigest": each.digest} for each in (*pushed.children, pushed)]
    assert delete(ecr, name, *everything)[1] == []
    assert digests(ecr, name) == set()


def test_a_tag_of_a_listed_image_can_be_removed_while_another_remains(ecr, http, name):
    listed = http.push(image("a"), "amd64")
    http.push(listed, "amd64-again")
    http.push(index(listed), "multi")
    assert delete(ecr, name, {"imageTag": "amd64"})[1] == []
    assert http("GET", "manifests/amd64").status_code == 404
    assert http.pull("multi")


def test_the_layers_of_a_deleted_image_can_be_named_again(ecr, http, name):
    pushed = http.push(image("comes back"), "1")
    delete(ecr, name, {"imageTag": "1"})
    http.push(pushed, "1")
    assert http.pull("1") == pushed.manifest


def test_indexes_of_indexes_go_in_one_call_in_any_order(ecr, http, name):
    inner = index(image("a"), image("b"))
    outer = index(inner)
    for order in itertools.permutations((inner.children[0], inner.children[1], inner, outer)):
        http.push(outer, "multi")
        gone, failures = delete(ecr, name, *({"imageDigest": each.digest} for each in order))
        assert failures == []
        assert {each["imageDigest"] for each in gone} == {each.digest for each in order}
        assert digests(ecr, name) == set()


def test_what_an_index_outside_the_call_lists_stays_and_the_rest_goes(ecr, http, name):
    kept, other = http.push(index(image("a"), image("b")), "kept"), http.push(index(image("b"), image("c")), "other")
    everything = [{"imageDigest": each.digest} for each in (*kept.children, other.children[1], other)]
    gone, failures = delete(ecr, name, *everything)
    assert {each["imageDigest"] for each in gone} == {other.digest, other.children[1].digest}
    assert [(each["imageId"], each["failureReason"]) for each in failures] == [
        ({"imageDigest": child.digest}, f"Requested image referenced by manifest list: [{kept.digest}]") for child in kept.children
    ]
    assert digests(ecr, name) == {each.digest for each in (kept, *kept.children)}


def test_the_last_tag_of_a_listed_image_stays_with_it(ecr, http, name):
    listed = http.push(image("a"), "amd64")
    pushed = http.push(index(listed), "multi")
    gone, (failure,) = delete(ecr, name, {"imageTag": "amd64"})
    assert gone == []
    assert (failure["failureCode"], failure["failureReason"]) == (
        "ImageReferencedByManifestList",
        f"Requested image referenced by manifest list: [{pushed.digest}]",
    )
    assert tags(ecr, name) == {"amd64": listed.digest, "multi": pushed.digest}


def test_all_that_is_listed_goes_in_one_call(ecr, http, name):
    http.push(image("no name"))
    http.push(http.push(image("two names"), "1"), "2")
    http.push(index(image("a"), image("b")), "multi")
    listed = ecr.list_images(repositoryName=name)["imageIds"]
    gone, failures = delete(ecr, name, *listed)
    assert failures == []
    assert sorted(map(str, gone)) == sorted(map(str, listed))
    assert digests(ecr, name) == set()


MANY_NAMES = {  # what is asked of an image with the tags a and b: the tags that go, and whether the image goes
    "a tag": (["a"], ["a"], False),
    "a tag twice": (["a", "a"], ["a"], False),
    "both tags": (["a", "b"], ["a", "b"], True),
    "the digest twice": (["@", "@"], ["a", "b"], True),
    "the digest, then a tag of it": (["@", "a"], ["a", "b"], True),
    "a tag, then the digest": (["a", "@"], ["a", "b"], True),
    "a tag with its digest": (["a@"], ["a", "b"], True),
    "both tags with their digest": (["a@", "b@"], ["a", "b"], True),
    "everything": (["@", "a@", "b", "a", "b@"], ["a", "b"], True),
}


@pytest.mark.parametrize(("asked", "untagged", "deleted"), MANY_NAMES.values(), ids=MANY_NAMES)
def test_one_image_may_be_asked_for_by_many_names_in_one_call(ecr, http, name, asked, untagged, deleted):
    pushed = http.push(http.push(image("two names"), "a"), "b")
    named = [
        ({"imageTag": each.strip("@")} if each != "@" else {}) | ({"imageDigest": pushed.digest} if "@" in each else {}) for each in asked
    ]
    gone, failures = delete(ecr, name, *named)
    assert failures == []
    assert gone == [{"imageDigest": pushed.digest, "imageTag": tag} for tag in untagged]
    assert digests(ecr, name) == (set() if deleted else {pushed.digest})


def test_a_failure_is_told_once_however_often_it_is_asked_for(ecr, http, name):
    pushed = http.push(image("there"), "1")
    missing = {"imageDigest": pushed.digest, "imageTag": "missing"}
    gone, failures = delete(ecr, name, missing, missing, {"imageDigest": pushed.digest})
    assert gone == [{"imageDigest": pushed.digest, "imageTag": "1"}]
    assert [(each["imageId"], each["failureCode"], each["failureReason"]) for each in failures] == [
        (missing, "ImageNotFound", "Requested image not found")
    ]
