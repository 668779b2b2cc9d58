"""How long an upload may stay open: a day of the lab's clock. AWS publishes no time; docs/fidelity.md says ours."""

from __future__ import annotations

import time

import pytest

from awsapi import refused
from specimens import digest
from wire import error_of

CONTENT = b"0123456789" * 10
NO_UPLOAD = "The upload with id '{id}' in the repository with name '{name}' in the registry with id '111122223333' does not exist"


@pytest.fixture
def half_sent(http):
    """The id of an upload that has half of CONTENT."""
    location = http.begin()
    assert http("PATCH", location, data=CONTENT[:50]).status_code == 202
    return location.rpartition("/")[2]


def send_the_rest(ecr, name, upload):
    return ecr.upload_layer_part(repositoryName=name, uploadId=upload, partFirstByte=50, partLastByte=99, layerPartBlob=CONTENT[50:])


def test_an_upload_stays_open_for_a_day(ecr, at, name, half_sent, later):
    later(hours=23, minutes=59)
    assert send_the_rest(ecr, name, half_sent)["lastByteReceived"] == 99
    answer = at(name)("PUT", f"blobs/uploads/{half_sent}", params={"digest": digest(CONTENT)})
    assert answer.status_code == 201
    assert at(name).holds(CONTENT)


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_after_a_day_an_upload_is_unknown_over_http(at, name, half_sent, later, method):
    later(days=1)
    answer = at(name)(method, f"blobs/uploads/{half_sent}", params={"digest": digest(CONTENT)}, data=CONTENT[50:])
    assert error_of(answer) == (404, "BLOB_UPLOAD_UNKNOWN", NO_UPLOAD.format(id=half_sent, name=name))
    assert not at(name).holds(CONTENT)


def test_after_a_day_an_upload_is_not_found_by_the_api(ecr, name, half_sent, later):
    later(days=1)
    with refused("UploadNotFoundException", NO_UPLOAD.format(id=half_sent, name=name)):
        send_the_rest(ecr, name, half_sent)
    with refused("UploadNotFoundException", NO_UPLOAD.format(id=half_sent, name=name)):
        ecr.complete_layer_upload(repositoryName=name, uploadId=half_sent, layerDigests=[digest(CONTENT[:50])])


def test_the_bytes_of_an_expired_upload_are_reclaimed_while_the_lab_runs(half_sent, later, lab_state):
    file = lab_state / "uploads" / half_sent
    assert file.stat().st_size == 50
    later(days=1)
    deadline = time.monotonic() + 60
    while file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not file.exists()
