"""Manifests and tag lists over HTTP. OCI distribution spec 1.1, pushing and pulling manifests, listing tags, content management."""

from __future__ import annotations

import json

import pytest

from awsapi import digests, tags
from specimens import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Specimen, digest, image, index
from wire import error_of

NOT_FOUND = (404, "MANIFEST_UNKNOWN", "Requested image not found")


# --- pushed and pulled ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_a_pushed_manifest_can_be_had_at_the_address_it_was_given(http, by):
    specimen = image("pushed")
    for blob in specimen.blobs:
        http.push_blob(blob)
    answer = http.put_manifest("1" if by == "tag" else specimen.digest, specimen)
    assert answer.status_code == 201
    assert answer.headers["Docker-Content-Digest"] == specimen.digest
    assert answer.headers["Location"].startswith(f"{http.base}/v2/{http.path}/manifests/")
    assert http("GET", answer.headers["Location"]).content == specimen.manifest


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_head_says_what_get_would_send(http, by):
    pushed = http.push(image("looked at"), "1")
    reference = "1" if by == "tag" else pushed.digest
    head, got = http("HEAD", f"manifests/{reference}"), http("GET", f"manifests/{reference}")
    assert head.status_code == got.status_code == 200
    assert head.content == b""
    for header in ("Content-Type", "Content-Length", "Docker-Content-Digest", "Docker-Distribution-Api-Version"):
        assert head.headers[header] == got.headers[header]
    assert int(got.headers["Content-Length"]) == len(pushed.manifest)
    assert got.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


def test_manifests_are_kept_byte_for_byte(http):
    specimen = image("oddly written")
    odd = Specimen(json.dumps(json.loads(specimen.manifest), indent=3).replace("\n", "\r\n").encode() + b"\n\n", OCI_MANIFEST, specimen.blobs)
    assert http.push(odd, "1").manifest == http.pull("1") == http.pull(odd.digest)


def test_a_manifest_of_four_mebibytes_is_kept(http):
    specimen = image("long")
    document = json.loads(specimen.manifest) | {"annotations": {"padding": ""}}
    document["annotations"]["padding"] = "x" * (4_194_304 - len(json.dumps(document)))
    long = Specimen(json.dumps(document).encode(), OCI_MANIFEST, specimen.blobs)
    assert len(long.manifest) == 4_194_304
    http.push(long, "1")
    assert http.pull("1") == long.manifest
    longer = Specimen(long.manifest + b"\n", OCI_MANIFEST, specimen.blobs)
    status, code, message = error_of(http.put_manifest("2", longer))
    assert (status, code) == (413, "MANIFEST_INVALID")
    assert message.endswith("failed to satisfy constraint: 'Member must have length less than or equal to 4194304'")


def test_media_types_that_nobody_knows_are_kept_with_their_type(ecr, http, name):
    odd = Specimen(b'{"anything": "goes"}', "application/vnd.example.thing.v7+json")
    http.push(odd, "1")
    answer = http("GET", "manifests/1")
    assert (answer.content, answer.headers["Content-Type"]) == (odd.manifest, odd.media_type)
    (detail,) = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert detail["imageManifestMediaType"] == odd.media_type


def test_layers_of_any_media_type_are_pushed(http):
    config, content = b"{}", b"weights"
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.example.config", "digest": digest(config), "size": 2},
        "layers": [{"mediaType": "application/vnd.example.weights", "digest": digest(content), "size": 7}],
    }
    pushed = http.push(Specimen(json.dumps(document).encode(), OCI_MANIFEST, (config, content)), "1")
    assert http.pull("1") == pushed.manifest


def test_layers_that_live_elsewhere_need_not_be_pushed(http):
    config, content = b"{}", b"here"
    foreign = {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "digest": digest(b"there"), "size": 5, "urls": ["https://a.example"]}
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": digest(config), "size": 2},
        "layers": [foreign, {"mediaType": OCI_LAYER, "digest": digest(content), "size": 4}],
    }
    pushed = http.push(Specimen(json.dumps(document).encode(), OCI_MANIFEST, (config, content)), "1")
    assert http.pull("1") == pushed.manifest


def test_a_content_type_may_carry_parameters_or_be_missing(http):
    specimen = image("typed")
    for blob in specimen.blobs:
        http.push_blob(blob)
    for tag, headers in (("parameters", {"Content-Type": f"{OCI_MANIFEST}; charset=utf-8"}), ("missing", {})):
        assert http("PUT", f"manifests/{tag}", data=specimen.manifest, headers=headers).status_code == 201
        assert http("GET", f"manifests/{tag}").headers["Content-Type"] == OCI_MANIFEST


def test_a_sha512_digest_names_an_image(ecr, http, name):
    specimen = image("long digest")
    for blob in specimen.blobs:
        http.push_blob(blob)
    long = digest(specimen.manifest, "sha512")
    answer = http.put_manifest(long, specimen)
    assert (answer.status_code, answer.headers["Docker-Content-Digest"]) == (201, long)
    assert http.pull(long) == specimen.manifest
    assert digests(ecr, name) == {long}


def test_a_missing_image_is_unknown(http):
    for reference in ("missing", digest(b"missing")):
        assert error_of(http("GET", f"manifests/{reference}")) == NOT_FOUND
        head = http("HEAD", f"manifests/{reference}")
        assert (head.status_code, head.content) == (404, b"")


@pytest.mark.parametrize("malformed", ["sha256:short", "sha256:" + "Z" * 64, "md5:d41d8cd98f00b204e9800998ecf8427e"])
def test_a_malformed_digest_is_a_bad_request(http, malformed):
    for method in ("GET", "PUT", "DELETE"):
        assert error_of(http(method, f"manifests/{malformed}", data=b"{}"))[:2] == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe"])
def test_what_is_no_json_is_refused_in_ecrs_words(http, body):
    answer = http("PUT", "manifests/1", data=body, headers={"Content-Type": OCI_MANIFEST})
    sentence = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"
    assert error_of(answer) == (405, "UNSUPPORTED", sentence)


def test_a_type_that_contradicts_the_manifest_is_refused(http):
    specimen = image("two minds")
    for blob in specimen.blobs:
        http.push_blob(blob)
    assert http("PUT", "manifests/1", data=specimen.manifest, headers={"Content-Type": "application/json+other"}).status_code in (400, 405)
    assert http("GET", "manifests/1").status_code == 404


# --- tag lists --------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tagged(http):
    """An image with seven tags, given in no order."""
    pushed = http.push(image("tagged"), "b")
    for tag in ("a", "C", "10", "9", "_x", "a.b"):
        http.put_manifest(tag, pushed)
    return sorted(("a", "C", "10", "9", "_x", "a.b", "b"))


def test_tags_are_listed_in_lexical_order(http, tagged):
    answer = http("GET", "tags/list")
    assert answer.json() == {"name": http.path, "tags": tagged}
    assert "Link" not in answer.headers


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
def test_tags_come_in_pages_joined_by_links(http, tagged, size):
    found, rest = [], f"tags/list?n={size}"
    while rest:
        answer = http("GET", rest)
        page = answer.json()["tags"]
        assert len(page) <= size
        found += page
        rest = answer.links["next"]["url"].removeprefix(f"/v2/{http.path}/") if "next" in answer.links else None
    assert found == tagged


def test_a_page_begins_after_the_last_tag_seen_even_if_that_is_gone(http, tagged):
    assert http("GET", "tags/list", params={"last": "a"}).json()["tags"] == [tag for tag in tagged if tag > "a"]
    assert http("GET", "tags/list", params={"last": "a-gone", "n": 1}).json()["tags"] == ["a.b"]
    assert http("GET", "tags/list", params={"last": "zzz"}).json()["tags"] == []


def test_a_page_of_no_tags_is_empty(http, tagged):
    answer = http("GET", "tags/list", params={"n": 0})
    assert (answer.json()["tags"], answer.headers.get("Link")) == ([], None)


def test_an_empty_repository_has_an_empty_list(http):
    assert http("GET", "tags/list").json()["tags"] == []


def test_without_a_size_a_page_holds_a_hundred_tags(http):
    pushed = http.push(image("popular"), "t000")
    for number in range(1, 101):
        http.put_manifest(f"t{number:03}", pushed)
    first = http("GET", "tags/list")
    assert len(first.json()["tags"]) == 100
    assert http("GET", first.links["next"]["url"].removeprefix(f"/v2/{http.path}/")).json()["tags"] == ["t100"]
    assert len(http("GET", "tags/list", params={"n": 1000}).json()["tags"]) == 101


def test_more_than_a_thousand_tags_at_once_are_refused_in_ecrs_words(http):
    sentence = "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or equal to 1000'"
    assert error_of(http("GET", "tags/list", params={"n": 1001})) == (405, "UNSUPPORTED", sentence)


@pytest.mark.parametrize("size", ["-1", "many", "1.5", "9" * 30])
def test_a_size_that_is_no_number_is_refused(http, size):
    assert http("GET", "tags/list", params={"n": size}).status_code in (400, 405)


def test_untagged_images_are_not_in_the_list(http):
    http.push(image("moved from"), "1")
    http.push(image("moved to"), "1")
    http.push(image("no tag"))
    assert http("GET", "tags/list").json()["tags"] == ["1"]


# --- deleted ----------------------------------------------------------------------------------------------------------------------------


def test_a_manifest_deleted_by_digest_is_gone_for_the_api_too(ecr, http, name):
    pushed = http.push(image("deleted"), "1")
    http.push(pushed, "2")
    assert http("DELETE", f"manifests/{pushed.digest}").status_code == 202
    assert digests(ecr, name) == set()
    assert error_of(http("GET", "manifests/1")) == NOT_FOUND
    assert error_of(http("DELETE", f"manifests/{pushed.digest}")) == NOT_FOUND


def test_a_deleted_tag_leaves_the_image_to_its_other_tags(ecr, http, name):
    pushed = http.push(image("deleted"), "1")
    http.push(pushed, "2")
    assert http("DELETE", "manifests/1").status_code == 202
    assert tags(ecr, name) == {"2": pushed.digest}
    assert http("DELETE", "manifests/2").status_code == 202
    assert digests(ecr, name) == set()
    assert error_of(http("DELETE", "manifests/2")) == NOT_FOUND


def test_an_index_is_deleted_before_its_images(ecr, http, name):
    pushed = http.push(index(image("a"), image("b")), "multi")
    child = pushed.children[0].digest
    assert error_of(http("DELETE", f"manifests/{child}")) == (405, "UNSUPPORTED", f"Requested image referenced by manifest list: [{pushed.digest}]")
    for each in (pushed.digest, *(child.digest for child in pushed.children)):
        assert http("DELETE", f"manifests/{each}").status_code == 202
    assert digests(ecr, name) == set()
