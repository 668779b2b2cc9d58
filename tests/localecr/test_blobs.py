"""Blobs over HTTP: read in whole or in part, mounted from another repository. OCI distribution spec 1.1, pulling blobs, mounting a blob
from another repository; AWS: blob mounting."""

from __future__ import annotations

import pytest

from specimens import digest, image
from wire import error_of

CONTENT = b"0123456789" * 10


# --- mounted ----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def source(ecr, at, name):
    """Another repository of the same registry, holding an image."""
    ecr.create_repository(repositoryName=f"{name}/source")
    return at(f"{name}/source")


def mount(http, content, source):
    return http("POST", "blobs/uploads/", params={"mount": digest(content), "from": source})


@pytest.mark.parametrize("spelling", ["with the registry", "alone"])
def test_a_layer_of_another_repository_is_mounted_without_being_sent(http, source, spelling):
    pushed = source.push(image("mounted"), "1")
    layer = pushed.layers[0]
    answer = mount(http, layer, source.path if spelling == "with the registry" else source.path.partition("/")[2])
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{http.base}/v2/{http.path}/blobs/{digest(layer)}"
    assert answer.headers["Docker-Content-Digest"] == digest(layer)
    assert http.holds(layer)


def test_a_layer_that_no_image_of_the_source_names_is_not_mounted(http, source):
    source.push_blob(CONTENT)
    answer = mount(http, CONTENT, source.path)
    assert answer.status_code == 202
    assert http("PUT", answer.headers["Location"], params={"digest": digest(CONTENT)}, data=CONTENT).status_code == 201


@pytest.mark.parametrize("where", ["nowhere", "111122223333.dkr.ecr.us-east-1.amazonaws.com/nowhere"])
def test_what_is_not_there_is_uploaded_as_usual(http, where):
    answer = mount(http, CONTENT, where)
    assert answer.status_code == 202
    assert http("PUT", answer.headers["Location"], params={"digest": digest(CONTENT)}, data=CONTENT).status_code == 201
    assert http.holds(CONTENT)


def test_layers_are_not_mounted_across_registries(aws, at, http, name):
    aws("ecr", region="eu-west-1").create_repository(repositoryName=name)
    elsewhere = at(name, region="eu-west-1")
    pushed = elsewhere.push(image("far away"), "1")
    for source in (elsewhere.path, name):
        assert mount(http, pushed.layers[0], source).status_code == 202


def test_a_mount_without_a_source_is_an_upload(http, source):
    pushed = source.push(image("mounted"), "1")
    assert http("POST", "blobs/uploads/", params={"mount": digest(pushed.layers[0])}).status_code == 202


# --- read -------------------------------------------------------------------------------------------------------------------------------


RANGES = {
    "bytes=0-9": (206, CONTENT[:10], "bytes 0-9/100"),
    "bytes=90-99": (206, CONTENT[90:], "bytes 90-99/100"),
    "bytes=95-": (206, CONTENT[95:], "bytes 95-99/100"),
    "bytes=95-200": (206, CONTENT[95:], "bytes 95-99/100"),
    "bytes=-5": (206, CONTENT[95:], "bytes 95-99/100"),
    "bytes=50-50": (206, CONTENT[50:51], "bytes 50-50/100"),
    "bytes=0-": (206, CONTENT, "bytes 0-99/100"),
    "bytes=-500": (206, CONTENT, "bytes 0-99/100"),
    "": (200, CONTENT, None),
    "lines=1-2": (200, CONTENT, None),
    "bytes=1-2,5-6": (200, CONTENT, None),
    "bytes=nonsense": (200, CONTENT, None),
}


@pytest.mark.parametrize(("asked", "answered"), RANGES.items(), ids=RANGES)
def test_a_part_of_a_blob_can_be_read(http, asked, answered):
    http.push_blob(CONTENT)
    answer = http("GET", f"blobs/{digest(CONTENT)}", headers={"Range": asked})
    assert (answer.status_code, answer.content, answer.headers.get("Content-Range")) == answered
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_part_that_is_not_there_is_not_satisfiable(http, asked):
    http.push_blob(CONTENT)
    answer = http("GET", f"blobs/{digest(CONTENT)}", headers={"Range": asked})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */100")


def test_a_missing_blob_is_unknown(http, name):
    missing = f"The layer with digest {digest(CONTENT)} does not exist within the repository with name '{name}' in the registry with id '111122223333'"
    assert error_of(http("GET", f"blobs/{digest(CONTENT)}")) == (404, "BLOB_UNKNOWN", missing)
    head = http("HEAD", f"blobs/{digest(CONTENT)}")
    assert (head.status_code, head.content) == (404, b"")


def test_a_blob_of_another_repository_is_unknown_here(http, source):
    source.push_blob(CONTENT)
    assert http("GET", f"blobs/{digest(CONTENT)}").status_code == 404


def test_blobs_are_not_deleted_over_http(http):
    http.push_blob(CONTENT)
    assert http("DELETE", f"blobs/{digest(CONTENT)}").status_code == 405
    assert http.holds(CONTENT)
