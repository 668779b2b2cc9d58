"""Images deleted through the API. AWS: BatchDeleteImage, deleting an image."""

from __future__ import annotations

from awsapi import digests
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
