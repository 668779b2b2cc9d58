"""Images put and got, one by one and in batches. AWS: PutImage, BatchGetImage."""

from __future__ import annotations

import json

import pytest

from awsapi import digests, push, push_layer, put_image, refused, tags
from specimens import DOCKER_LIST, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, Specimen, digest, image, index
from wire import error_of

ACCOUNT = "111122223333"
NOWHERE = "sha256:" + "0" * 64


def get(ecr, name, *image_ids):
    return ecr.batch_get_image(repositoryName=name, imageIds=list(image_ids))


# --- put and got ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("docker", [False, True], ids=["OCI", "Docker"])
def test_what_the_api_puts_docker_gets_byte_for_byte(ecr, http, name, docker):
    pushed = push(ecr, name, image("by api", layers=2, docker=docker), "1")
    for reference in ("1", pushed.digest):
        answer = http("GET", f"manifests/{reference}")
        assert answer.content == pushed.manifest
        assert answer.headers["Docker-Content-Digest"] == pushed.digest
        assert answer.headers["Content-Type"] == pushed.media_type
    assert [http("GET", f"blobs/{digest(blob)}").content for blob in pushed.blobs] == list(pushed.blobs)


@pytest.mark.parametrize("docker", [False, True], ids=["OCI", "Docker"])
def test_what_docker_puts_the_api_gets_byte_for_byte(ecr, http, name, docker):
    pushed = http.push(image("by docker", layers=2, docker=docker), "1")
    (found,) = get(ecr, name, {"imageTag": "1"})["images"]
    assert found == {
        "registryId": ACCOUNT,
        "repositoryName": name,
        "imageId": {"imageDigest": pushed.digest, "imageTag": "1"},
        "imageManifest": pushed.text,
        "imageManifestMediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
    }


def test_put_image_answers_with_the_image(ecr, name):
    specimen = image("answered")
    for blob in specimen.blobs:
        push_layer(ecr, name, blob)
    assert put_image(ecr, name, specimen, "1", imageDigest=specimen.digest) == {
        "registryId": ACCOUNT,
        "repositoryName": name,
        "imageId": {"imageDigest": specimen.digest, "imageTag": "1"},
        "imageManifest": specimen.text,
        "imageManifestMediaType": specimen.media_type,
    }


def test_an_image_got_by_digest_has_no_tag_in_its_id(ecr, name):
    pushed = push(ecr, name, image("tagged"), "1")
    (found,) = get(ecr, name, {"imageDigest": pushed.digest})["images"]
    assert found["imageId"] == {"imageDigest": pushed.digest}


def test_the_media_type_may_stand_in_the_manifest_alone(ecr, name):
    specimen = image("says it itself")
    for blob in specimen.blobs:
        push_layer(ecr, name, blob)
    ecr.put_image(repositoryName=name, imageManifest=specimen.text, imageTag="1")
    (found,) = get(ecr, name, {"imageTag": "1"})["images"]
    assert found["imageManifestMediaType"] == OCI_MANIFEST


def test_the_same_image_and_tag_again_already_exists_for_the_api(ecr, http, name):
    pushed = push(ecr, name, image("again"), "1")
    with refused(
        "ImageAlreadyExistsException",
        f"Image with digest '{pushed.digest}' and tag '1' already exists in the repository with name '{name}' in registry with id '{ACCOUNT}'",
    ):
        put_image(ecr, name, pushed, "1")
    with refused(
        "ImageAlreadyExistsException",
        f"Image with digest '{pushed.digest}' and tag 'null' already exists in the repository with name '{name}' in registry with id '{ACCOUNT}'",
    ):
        put_image(ecr, name, pushed)
    assert http.put_manifest("1", pushed).status_code == 201  # and is no error for Docker


def test_putting_an_image_under_a_new_tag_is_how_to_retag(ecr, http, name):
    pushed = push(ecr, name, image("retagged"), "1")
    put_image(ecr, name, pushed, "stable")
    assert tags(ecr, name) == {"1": pushed.digest, "stable": pushed.digest}
    assert http.pull("stable") == pushed.manifest


REFUSED_MANIFESTS = {
    "no JSON": ("{", "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"),
    "a list": ("[]", "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"),
    "a number that JSON doesn't have": (
        json.dumps({"mediaType": OCI_MANIFEST, "x": float("nan")}),
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
    ),
    "no media type": ('{"schemaVersion": 2}', "image manifest mediatype not provided in manifest or parameter"),
    "layers that are no list": (json.dumps({"mediaType": OCI_MANIFEST, "config": {}, "layers": "x"}), None),
    "an index without images": (json.dumps({"mediaType": OCI_INDEX}), None),
    "a layer without a digest": (json.dumps({"mediaType": OCI_MANIFEST, "config": {"mediaType": OCI_CONFIG}, "layers": [{}]}), None),
}


@pytest.mark.parametrize(("manifest", "sentence"), REFUSED_MANIFESTS.values(), ids=REFUSED_MANIFESTS)
def test_a_manifest_that_cannot_be_read_is_an_invalid_parameter(ecr, name, manifest, sentence):
    with refused("InvalidParameterException", sentence):
        ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag="1")
    assert digests(ecr, name) == set()


@pytest.mark.parametrize("docker", [False, True], ids=["OCI", "Docker"])
def test_an_image_has_at_least_one_layer(ecr, http, name, docker):
    empty = image("empty", layers=0, docker=docker)
    http.push_blob(empty.blobs[0])
    with refused("InvalidParameterException"):
        put_image(ecr, name, empty, "1")
    if docker:  # an OCI manifest may have none on the wire: the specification asks for that
        assert "Image has to have at least 1 layer" in error_of(http.put_manifest("1", empty))[2]


def test_layers_must_be_there_before_the_image(ecr, http, name):
    specimen = image("early", layers=2)
    http.push_blob(specimen.blobs[1])
    missing = (
        f"Layers with digests '[{digest(specimen.blobs[0])}, {digest(specimen.blobs[2])}]' required for pushing image into repository "
        f"with name '{name}' in the registry with id '{ACCOUNT}' do not exist"
    )
    with refused("LayersNotFoundException", missing):
        put_image(ecr, name, specimen, "1")
    _, code, message = error_of(http.put_manifest("1", specimen))
    assert (code, message) == ("BLOB_UPLOAD_UNKNOWN", missing)
    assert digests(ecr, name) == set()


def test_layers_of_another_repository_do_not_count(ecr, at, name):
    specimen = image("elsewhere")
    ecr.create_repository(repositoryName=f"{name}/other")
    at(f"{name}/other").push(specimen, "1")
    with refused("LayersNotFoundException"):
        put_image(ecr, name, specimen, "1")


def test_images_must_be_there_before_their_index(ecr, http, name):
    listed = index(image("a"), image("b"))
    missing = (
        f"Images with digests '[{listed.children[0].digest}, {listed.children[1].digest}]' required for pushing image into repository "
        f"with name '{name}' in the registry with id '{ACCOUNT}' do not exist"
    )
    with refused("ReferencedImagesNotFoundException", missing):
        put_image(ecr, name, listed, "1")
    _, code, message = error_of(http.put_manifest("1", listed))
    assert (code, message) == ("MANIFEST_BLOB_UNKNOWN", missing)


def test_a_digest_that_does_not_match_is_refused(ecr, http, name):
    specimen = image("mismatch")
    for blob in specimen.blobs:
        http.push_blob(blob)
    sentence = (
        f"The image with digest '{NOWHERE}' in repository '{name}' and registry ID '{ACCOUNT}' does not match the image digest that Amazon ECR has calculated."
    )
    with refused("ImageDigestDoesNotMatchException", sentence):
        put_image(ecr, name, specimen, imageDigest=NOWHERE)
    _, code, message = error_of(http.put_manifest(NOWHERE, specimen))
    assert (code, message) == ("MANIFEST_INVALID", sentence)


@pytest.mark.parametrize("docker", [False, True], ids=["OCI", "Docker"])
def test_an_index_is_got_as_it_was_put_and_so_are_its_images(ecr, http, name, docker):
    pushed = push(ecr, name, index(image("a", docker=docker), image("b", docker=docker), docker=docker), "1")
    assert http.pull("1") == pushed.manifest
    assert [http.pull(child.digest) for child in pushed.children] == [child.manifest for child in pushed.children]
    (found,) = get(ecr, name, {"imageTag": "1"})["images"]
    assert found["imageManifestMediaType"] == (DOCKER_LIST if docker else OCI_INDEX)
    assert found["imageManifest"] == pushed.text


ODDLY_WRITTEN = {
    "indented with tabs": lambda document: json.dumps(document, indent="\t"),
    "no spaces and a newline at the end": lambda document: json.dumps(document, separators=(",", ":")) + "\n",
    "carriage returns": lambda document: json.dumps(document, indent=3).replace("\n", "\r\n") + "\r\n",
    "spaces around": lambda document: f"  \n{json.dumps(document)}\t ",
    "keys backwards": lambda document: json.dumps(dict(reversed(document.items()))),
    "keys sorted": lambda document: json.dumps(document, sort_keys=True),
    "text beyond ASCII": lambda document: json.dumps(document | {"annotations": {"by": "Jürgen 🐳 \u2028 \x7f"}}, ensure_ascii=False),
    "text escaped": lambda document: json.dumps(document | {"annotations": {"by": "Jürgen 🐳 </script>"}}).replace("/", "\\/"),
    "a key twice": lambda document: json.dumps(document)[:-1] + ', "annotations": {"a": "1"}, "annotations": {"a": "2"}}',
    "a number in many ways": lambda document: json.dumps(document)[:-1] + ', "x": [1.0, 1e2, -0, 12345678901234567890123, 1E-400]}',
}


@pytest.mark.parametrize("write", ODDLY_WRITTEN.values(), ids=ODDLY_WRITTEN)
def test_a_manifest_is_kept_byte_for_byte_however_it_is_written(ecr, http, name, write):
    plain = image("oddly written", layers=2)
    odd = Specimen(write(json.loads(plain.manifest)).encode(), OCI_MANIFEST, plain.blobs)
    put = push(ecr, name, odd, "1")
    (by_tag,) = get(ecr, name, {"imageTag": "1"})["images"]
    (by_digest,) = get(ecr, name, {"imageDigest": digest(odd.manifest)})["images"]
    assert by_tag["imageManifest"].encode() == by_digest["imageManifest"].encode() == odd.manifest
    assert by_tag["imageId"]["imageDigest"] == put.digest
    assert http.pull("1") == http.pull(put.digest) == odd.manifest


@pytest.mark.parametrize("types", [[OCI_MANIFEST], [DOCKER_MANIFEST], ["application/vnd.docker.distribution.manifest.v1+json"], ["text/plain", OCI_INDEX]])
def test_an_image_comes_as_it_is_kept_whatever_types_are_accepted(ecr, name, types):
    pushed = push(ecr, name, image("kept"), "1")
    (found,) = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "1"}], acceptedMediaTypes=types)["images"]
    assert (found["imageManifest"], found["imageManifestMediaType"]) == (pushed.text, OCI_MANIFEST)


OFF_PATTERN = {
    "imageTag": ("no tag", "[a-zA-Z0-9-_.]+"),
    "imageDigest": ("no digest", "[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+"),
}


@pytest.mark.parametrize("member", OFF_PATTERN)
def test_what_can_be_no_tag_or_digest_is_an_invalid_parameter(ecr, name, member):
    specimen = image("put")
    for blob in specimen.blobs:
        push_layer(ecr, name, blob)
    value, pattern = OFF_PATTERN[member]
    sentence = f"Invalid parameter at '{member}' failed to satisfy constraint: 'must satisfy regular expression '{pattern}''"
    with refused("InvalidParameterException", sentence):
        ecr.put_image(repositoryName=name, imageManifest=specimen.text, **{member: value})
    assert digests(ecr, name) == set()
    with refused("InvalidParameterException", sentence):
        ecr.describe_images(repositoryName=name, imageIds=[{member: value}])


def test_a_tag_has_up_to_300_characters_for_the_api(ecr, name):
    pushed = push(ecr, name, image("long"), "x" * 300)
    assert tags(ecr, name) == {"x" * 300: pushed.digest}
    with refused("InvalidParameterException", "Invalid parameter at 'imageTag' failed to satisfy constraint: 'Member must have length less than or equal to 300'"):
        put_image(ecr, name, pushed, "x" * 301)


# --- batches ----------------------------------------------------------------------------------------------------------------------------


def test_a_batch_answers_what_it_can_and_names_each_failure(ecr, name):
    pushed, other = push(ecr, name, image("one"), "1"), push(ecr, name, image("two"), "2")
    answer = get(
        ecr, name,
        {"imageTag": "1"}, {"imageTag": "missing"}, {"imageDigest": NOWHERE}, {}, {"imageDigest": "no digest"},
        {"imageTag": "1", "imageDigest": other.digest}, {"imageTag": "1", "imageDigest": pushed.digest},
    )  # fmt: skip
    assert [each["imageId"] for each in answer["images"]] == [{"imageTag": "1", "imageDigest": pushed.digest}] * 2
    assert [(each["imageId"], each["failureCode"], each["failureReason"]) for each in answer["failures"][:-1]] == [
        ({"imageTag": "missing"}, "ImageNotFound", "Requested image not found"),
        ({"imageDigest": NOWHERE}, "ImageNotFound", "Requested image not found"),
        ({}, "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"),
        (
            {"imageDigest": "no digest"},
            "InvalidImageDigest",
            "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
        ),
    ]
    assert {key: answer["failures"][-1][key] for key in ("failureCode", "failureReason")} == {
        "failureCode": "ImageTagDoesNotMatchDigest",
        "failureReason": "Invalid request parameters: given tag does not map to the given digest",
    }


def test_a_tag_that_can_be_none_fails_alone(ecr, name):
    push(ecr, name, image("one"), "1")
    for operation in (ecr.batch_get_image, ecr.batch_delete_image):
        (failure,) = operation(repositoryName=name, imageIds=[{"imageTag": "no tag"}])["failures"]
        assert (failure["imageId"], failure["failureCode"]) == ({"imageTag": "no tag"}, "InvalidImageTag")


def test_a_batch_of_deletions_names_the_same_failures(ecr, name):
    pushed = push(ecr, name, image("one"), "1")
    other = push(ecr, name, image("two"), "2")
    answer = ecr.batch_delete_image(
        repositoryName=name,
        imageIds=[{"imageTag": "missing"}, {"imageDigest": NOWHERE}, {}, {"imageDigest": "x"}, {"imageTag": "1", "imageDigest": other.digest}],
    )
    assert answer["imageIds"] == []
    codes = [each["failureCode"] for each in answer["failures"]]
    assert codes == ["ImageNotFound", "ImageNotFound", "MissingDigestAndTag", "InvalidImageDigest", "ImageTagDoesNotMatchDigest"]
    assert digests(ecr, name) == {pushed.digest, other.digest}
