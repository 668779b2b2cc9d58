"""Images listed and described, with their sizes and times. AWS: ListImages, DescribeImages."""

from __future__ import annotations

from datetime import timedelta

import boto3

from awsapi import refused
from specimens import OCI_CONFIG, OCI_MANIFEST, image, index

ACCOUNT = "111122223333"
NOWHERE = "sha256:" + "0" * 64


def describe(ecr, name, **image_id):
    (detail,) = ecr.describe_images(repositoryName=name, imageIds=[image_id])["imageDetails"]
    return detail


def test_images_are_listed_by_digest_and_tag(ecr, http, name):
    two_names, no_name = http.push(image("two names"), "a"), http.push(image("no name"))
    http.push(two_names, "b")
    tagged = [{"imageDigest": two_names.digest, "imageTag": "a"}, {"imageDigest": two_names.digest, "imageTag": "b"}]
    untagged = [{"imageDigest": no_name.digest}]

    def listed(**wanted):
        rows = ecr.list_images(repositoryName=name, **({"filter": wanted} if wanted else {}))["imageIds"]
        return sorted(rows, key=lambda each: (each.get("imageTag", "~"), each["imageDigest"]))

    assert listed() == listed(tagStatus="ANY") == listed(imageStatus="ANY") == listed(imageStatus="ACTIVE") == tagged + untagged
    assert listed(tagStatus="TAGGED") == tagged
    assert listed(tagStatus="UNTAGGED") == untagged
    assert listed(imageStatus="ARCHIVED") == listed(imageStatus="ACTIVATING") == []


def test_images_are_described_by_tag_status(ecr, http, name):
    tagged, untagged = http.push(image("tagged"), "a"), http.push(image("untagged"))

    def described(**wanted):
        return {each["imageDigest"] for each in ecr.describe_images(repositoryName=name, filter=wanted)["imageDetails"]}

    assert described(tagStatus="TAGGED") == {tagged.digest}
    assert described(tagStatus="UNTAGGED") == {untagged.digest}
    assert described(tagStatus="ANY") == described(imageStatus="ANY") == {tagged.digest, untagged.digest}
    assert described(imageStatus="ARCHIVED") == set()


def test_an_image_is_described_once_with_all_its_tags(ecr, http, name, door):
    pushed = http.push(image("described", layers=3), "b")
    http.push(pushed, "a")
    detail = describe(ecr, name, imageTag="a")
    assert set(detail.pop("imageTags")) == {"a", "b"}
    assert detail == {
        "registryId": ACCOUNT,
        "repositoryName": name,
        "imageDigest": pushed.digest,
        "imageSizeInBytes": pushed.size,
        "imagePushedAt": door.clock(),
        "imageManifestMediaType": OCI_MANIFEST,
        "artifactMediaType": OCI_CONFIG,
        "imageStatus": "ACTIVE",
    }


def test_an_untagged_image_has_no_tags_to_describe(ecr, http, name):
    pushed = http.push(image("moved from"), "1")
    http.push(image("moved to"), "1")
    assert "imageTags" not in describe(ecr, name, imageDigest=pushed.digest)


def test_the_size_of_an_index_is_that_of_its_largest_image(ecr, http, name):
    large = image("large", layers=5)
    http.push(index(image("small"), large), "1")
    assert describe(ecr, name, imageTag="1")["imageSizeInBytes"] == large.size


def test_the_size_of_an_index_of_indexes_is_that_of_its_largest_image_too(ecr, http, name):
    large = image("large", layers=5)
    http.push(index(index(image("small"), large), image("middle", layers=2)), "1")
    http.push(index(), "empty")
    assert describe(ecr, name, imageTag="1")["imageSizeInBytes"] == large.size
    assert describe(ecr, name, imageTag="empty")["imageSizeInBytes"] == 0


def test_what_is_named_twice_is_described_once(ecr, http, name):
    pushed = http.push(http.push(image("two names"), "a"), "b")
    other = http.push(image("other"), "c")
    names = [{"imageTag": "c"}, {"imageTag": "a"}, {"imageDigest": pushed.digest}, {"imageTag": "b", "imageDigest": pushed.digest}, {"imageTag": "c"}]
    described = ecr.describe_images(repositoryName=name, imageIds=names)["imageDetails"]
    assert [each["imageDigest"] for each in described] == [other.digest, pushed.digest]
    repositories = ecr.describe_repositories(repositoryNames=[name, name])["repositories"]
    assert [each["repositoryName"] for each in repositories] == [name]


def test_a_missing_image_is_named_when_described(ecr, name):
    sentence = (
        "The image with imageId {{imageDigest:{}, imageTag:{}}} does not exist within the repository "
        f"with name '{name}' in the registry with id '{ACCOUNT}'"
    )
    with refused("ImageNotFoundException", sentence.format("'null'", "'missing'")):
        describe(ecr, name, imageTag="missing")
    with refused("ImageNotFoundException", sentence.format(f"'{NOWHERE}'", "'null'")):
        describe(ecr, name, imageDigest=NOWHERE)


def test_an_image_that_is_described_has_a_tag_or_a_digest(ecr, name):
    with refused("InvalidParameterException", "Invalid request parameters: both tag and digest cannot be null"):
        describe(ecr, name)


def test_describing_named_images_and_paging_do_not_go_together(ecr, name):
    for paging in ({"maxResults": 1}, {"nextToken": "x"}):
        with refused("InvalidParameterException"):
            ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "1"}], **paging)
        with refused("InvalidParameterException"):
            ecr.describe_repositories(repositoryNames=[name], **paging)


# --- times ------------------------------------------------------------------------------------------------------------------------------


def test_the_time_of_a_push_is_the_labs_and_a_new_tag_does_not_change_it(ecr, at, name, door, later):
    pushed = at(name).push(image("then"), "1")
    then = door.clock()
    later(days=3)
    at(name).push(pushed, "2")
    moved = at(name).push(image("now"), "1")
    assert describe(ecr, name, imageTag="2")["imagePushedAt"] == then
    assert describe(ecr, name, imageDigest=moved.digest)["imagePushedAt"] == then + timedelta(days=3)


def test_a_pull_is_recorded_and_a_look_is_not(ecr, at, name, door, later):
    pushed = at(name).push(image("pulled"), "1")

    def last_pull():
        return describe(ecr, name, imageDigest=pushed.digest).get("lastRecordedPullTime")

    at(name)("HEAD", "manifests/1")
    ecr.list_images(repositoryName=name)
    assert last_pull() is None
    at(name).pull("1")
    assert last_pull() == door.clock()
    later(days=2)
    ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "1"}])
    assert last_pull() == door.clock()


def test_what_the_checks_of_the_course_read_is_no_pull(ecr, at, name, door, lab_endpoint, later):
    pushed = at(name).push(image("checked"), "1")
    keys = door.keys(ACCOUNT, role="checker")
    checker = boto3.client(
        "ecr",
        region_name="us-east-1",
        endpoint_url=lab_endpoint.url,
        aws_access_key_id=keys["access_key_id"],
        aws_secret_access_key=keys["secret_access_key"],
    )
    (found,) = checker.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "1"}])["images"]
    assert found["imageManifest"] == pushed.text
    assert "lastRecordedPullTime" not in describe(ecr, name, imageTag="1")
