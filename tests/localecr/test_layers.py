"""Layers through the API: uploaded in parts, checked, downloaded. AWS: InitiateLayerUpload, UploadLayerPart, CompleteLayerUpload,
BatchCheckLayerAvailability, GetDownloadUrlForLayer."""

from __future__ import annotations

import hashlib
import uuid

import pytest
import requests
from botocore.exceptions import ClientError

from awsapi import push, push_layer, refused
from localecr.registry import uploads
from specimens import OCI_LAYER, digest, image
from wire import error_of

ACCOUNT = "111122223333"
MEBIBYTE = 1 << 20
PART = bytes(range(256)) * (5 * MEBIBYTE // 256)  # the smallest part that is not the last
NO_PARTS = (
    "The upload with id '{id}' in the repository with name '{name}' in registry with id '111122223333' cannot be completed because it does not have any parts."
)
NO_UPLOAD = "The upload with id '{id}' in the repository with name '{name}' in the registry with id '111122223333' does not exist"


@pytest.fixture
def upload(ecr, name):
    """An open upload: `upload.part(data)`, `upload.complete(digest)`."""
    return Upload(ecr, name)


class Upload:
    def __init__(self, ecr, name):
        self.ecr, self.name, self.sent = ecr, name, 0
        opened = ecr.initiate_layer_upload(repositoryName=name)
        self.id, self.part_size = opened["uploadId"], opened["partSize"]

    def part(self, data, first=None, last=None):
        first = self.sent if first is None else first
        last = first + len(data) - 1 if last is None else last
        answer = self.ecr.upload_layer_part(repositoryName=self.name, uploadId=self.id, partFirstByte=first, partLastByte=last, layerPartBlob=data)
        self.sent = last + 1
        return answer

    def complete(self, *digests):
        return self.ecr.complete_layer_upload(repositoryName=self.name, uploadId=self.id, layerDigests=list(digests))


def available(ecr, name, *digests):
    answer = ecr.batch_check_layer_availability(repositoryName=name, layerDigests=list(digests))
    return {each["layerDigest"]: each["layerAvailability"] for each in answer["layers"]}


def test_a_layer_in_three_parts_is_whole_over_http(upload, http, name):
    content = PART + PART[::-1] + b"the end"
    assert upload.part_size == 10_485_760
    for piece in (PART, PART[::-1], b"the end"):
        answer = upload.part(piece)
        assert answer["lastByteReceived"] == upload.sent - 1
        assert (answer["registryId"], answer["repositoryName"], answer["uploadId"]) == (ACCOUNT, name, upload.id)
    completed = upload.complete(digest(content))
    assert (completed["registryId"], completed["repositoryName"], completed["uploadId"]) == (ACCOUNT, name, upload.id)
    assert completed["layerDigest"] == digest(content)
    assert http("GET", f"blobs/{digest(content)}").content == content


def test_an_upload_is_visible_through_the_other_door_while_it_grows(upload, http):
    upload.part(PART)
    answer = http("GET", f"blobs/uploads/{upload.id}")
    assert (answer.status_code, answer.headers["Range"]) == (204, f"0-{len(PART) - 1}")


@pytest.mark.parametrize(("first", "last"), [(1, 7), (0, 6), (0, 8), (7, 0)], ids=["a gap", "too short", "too long", "backwards"])
def test_a_part_must_be_as_long_as_it_says_and_go_on_where_the_last_one_ended(upload, name, first, last):
    with pytest.raises(ClientError) as refusal:
        upload.part(b"8 bytes.", first, last)
    said = refusal.value.response
    assert said["Error"]["Code"] == "InvalidLayerPartException"
    assert said["Error"]["Message"] == (
        "The layer part size is not valid, or the first byte specified is not consecutive to the last byte of a previous layer part upload."
    )
    assert {member: said[member] for member in ("registryId", "repositoryName", "uploadId", "lastValidByteReceived")} == {
        "registryId": ACCOUNT,
        "repositoryName": name,
        "uploadId": upload.id,
        "lastValidByteReceived": -1,
    }


def test_a_part_that_overlaps_the_last_one_is_refused_with_the_place_to_go_on(upload):
    upload.part(PART)
    with pytest.raises(ClientError) as refusal:
        upload.part(PART, len(PART) - 1)
    assert refusal.value.response["lastValidByteReceived"] == len(PART) - 1
    upload.part(b"the end", len(PART))
    assert upload.complete(digest(PART + b"the end"))


def test_a_part_without_a_byte_is_refused(upload):
    upload.part(PART)
    with refused("InvalidLayerPartException"):
        upload.part(b"", len(PART), len(PART) - 1)
    assert upload.part(b"the end", len(PART))["lastByteReceived"] == len(PART) + 6


def test_the_largest_part_has_twenty_mebibytes(upload):
    content = bytes(20_971_520)
    assert upload.part(content)["lastByteReceived"] == 20_971_519
    assert upload.complete(digest(content))["layerDigest"] == digest(content)


def test_a_part_of_five_mebibytes_is_not_too_small_and_one_byte_less_is(ecr, name):
    enough, short = Upload(ecr, name), Upload(ecr, name)
    for each, first in ((enough, PART), (short, PART[:-1])):
        each.part(first)
        each.part(b"the end")
    assert enough.complete(digest(PART + b"the end"))
    with refused("LayerPartTooSmallException"):
        short.complete(digest(PART[:-1] + b"the end"))


@pytest.mark.parametrize("service", ["ecr", "ecr-public"])
def test_a_layer_has_no_more_parts_than_its_quota(aws, free_repository, monkeypatch, service):
    assert uploads.MOST_PARTS == {"private": 4200, "public": 1000}  # AWS: service quotas
    monkeypatch.setattr(uploads, "MOST_PARTS", {"private": 3, "public": 3})
    client = aws(service)
    client.create_repository(repositoryName=free_repository)
    upload = Upload(client, free_repository)
    for _ in range(3):
        upload.part(PART)
    with refused("LimitExceededException"):
        upload.part(b"the end")
    assert upload.complete(digest(PART * 3))


def test_every_part_but_the_last_has_at_least_five_mebibytes(upload, name, ecr):
    upload.part(b"small")
    upload.part(b"and more")
    with refused("LayerPartTooSmallException", "Layer parts must be at least 5 MiB in size."):
        upload.complete(digest(b"smalland more"))
    assert available(ecr, name, digest(b"smalland more")) == {digest(b"smalland more"): "UNAVAILABLE"}


def test_an_upload_without_parts_cannot_be_completed(upload, name):
    with refused("EmptyUploadException", NO_PARTS.format(id=upload.id, name=name)):
        upload.complete(digest(b""))


def test_an_upload_is_completed_by_the_digest_of_its_content_alone(upload, ecr, name):
    upload.part(b"content")
    with refused("InvalidLayerException", "None of the provided layer digests match the calculated layer digest"):
        upload.complete(digest(b"another"), digest(b"a third"))
    assert upload.complete(digest(b"another"), digest(b"content"))["layerDigest"] == digest(b"content")
    assert available(ecr, name, digest(b"content"), digest(b"another")) == {digest(b"content"): "AVAILABLE", digest(b"another"): "UNAVAILABLE"}


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha3_256", "shake_128", "nothing-known"])
def test_a_digest_that_ecr_does_not_compute_matches_nothing(upload, algorithm):
    upload.part(b"content")
    made = hashlib.new(algorithm, b"content") if algorithm in ("md5", "sha1", "sha3_256") else None
    with refused("InvalidLayerException", "None of the provided layer digests match the calculated layer digest"):
        upload.complete(f"{algorithm}:{made.hexdigest() if made else '00'}", digest(b"content").upper().replace("SHA", "sha"))
    assert upload.complete("md5:00", digest(b"content"), digest(b"content"))["layerDigest"] == digest(b"content")


def test_an_upload_refused_once_can_still_be_completed(upload):
    upload.part(PART)
    for _ in range(2):
        with refused("InvalidLayerException"):
            upload.complete(digest(b"another"))
    upload.part(b"the end")
    assert upload.complete(digest(PART + b"the end"))


def test_a_completed_upload_is_gone(upload, name):
    upload.part(b"content")
    upload.complete(digest(b"content"))
    for attempt in (lambda: upload.part(b"more"), lambda: upload.complete(digest(b"content"))):
        with refused("UploadNotFoundException", NO_UPLOAD.format(id=upload.id, name=name)):
            attempt()


def test_an_upload_belongs_to_its_repository(upload, ecr, name):
    ecr.create_repository(repositoryName=f"{name}/other")
    upload.name = f"{name}/other"
    with refused("UploadNotFoundException", NO_UPLOAD.format(id=upload.id, name=f"{name}/other")):
        upload.part(b"content")


def test_an_upload_that_nobody_opened_is_not_found(upload, name):
    upload.id = str(uuid.uuid4())
    with refused("UploadNotFoundException", NO_UPLOAD.format(id=upload.id, name=name)):
        upload.part(b"content")


def test_a_layer_that_is_there_already_is_refused(upload, ecr, name):
    push_layer(ecr, name, b"content")
    upload.part(b"content")
    with refused("LayerAlreadyExistsException", "The image layer already exists in the associated repository."):
        upload.complete(digest(b"content"))


def test_layers_pushed_over_http_are_available(ecr, http, name):
    pushed = http.push(image("checked", layers=2), "1")
    sent = http.push_blob(b"not in any image yet")
    answer = ecr.batch_check_layer_availability(repositoryName=name, layerDigests=[digest(pushed.layers[0]), sent, digest(b"nowhere")])
    assert answer["layers"] == [
        {"layerDigest": digest(pushed.layers[0]), "layerAvailability": "AVAILABLE", "layerSize": len(pushed.layers[0]), "mediaType": OCI_LAYER},
        {"layerDigest": sent, "layerAvailability": "AVAILABLE", "layerSize": 20},
        {"layerDigest": digest(b"nowhere"), "layerAvailability": "UNAVAILABLE"},
    ]
    assert answer["failures"] == []


def test_what_is_no_digest_fails_alone(ecr, http, name):
    sent = http.push_blob(b"content")
    answer = ecr.batch_check_layer_availability(repositoryName=name, layerDigests=["nonsense", sent, "", sent])
    assert [each["layerDigest"] for each in answer["layers"]] == [sent]
    assert [(each["layerDigest"], each["failureCode"]) for each in answer["failures"]] == [("nonsense", "InvalidLayerDigest"), ("", "MissingLayerDigest")]


def test_a_layer_of_another_repository_is_unavailable_here(ecr, name):
    ecr.create_repository(repositoryName=f"{name}/other")
    push_layer(ecr, f"{name}/other", b"theirs")
    assert available(ecr, name, digest(b"theirs")) == {digest(b"theirs"): "UNAVAILABLE"}


# --- downloaded -------------------------------------------------------------------------------------------------------------------------


def url(ecr, name, content):
    return ecr.get_download_url_for_layer(repositoryName=name, layerDigest=digest(content))["downloadUrl"]


def test_a_download_url_gives_the_layer_to_whoever_holds_it(ecr, http, name):
    pushed = http.push(image("downloaded"), "1")
    answer = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=digest(pushed.layers[0]))
    assert answer["layerDigest"] == digest(pushed.layers[0])
    assert requests.get(answer["downloadUrl"], timeout=60).content == pushed.layers[0]


def test_a_download_url_works_for_an_hour(ecr, at, name, later):
    pushed = at(name).push(image("downloaded"), "1")
    ticket = url(ecr, name, pushed.layers[0])
    later(minutes=59)
    assert requests.get(ticket, timeout=60).status_code == 200
    later(minutes=1)
    assert requests.get(ticket, timeout=60).status_code == 403


def test_a_download_url_opens_one_layer_alone(ecr, http, name):
    pushed = http.push(image("downloaded", layers=2), "1")
    ticket = url(ecr, name, pushed.layers[0])
    for changed in (
        ticket.replace(digest(pushed.layers[0]), digest(pushed.layers[1])),
        ticket.replace("expires=", "expires=9"),
        ticket.partition("&")[0],
        ticket.partition("?")[0],
        ticket.partition("_layers/")[0] + "_layers/../lab.sqlite",
    ):
        assert requests.get(changed, timeout=60).status_code in (403, 404), changed


def test_a_layer_that_no_image_names_is_inaccessible(ecr, name):
    push_layer(ecr, name, b"alone")
    inaccessible = "The specified layer is not available because it is not associated with an image. Unassociated image layers may be cleaned up at any time."
    with refused("LayerInaccessibleException", inaccessible):
        url(ecr, name, b"alone")


def test_a_missing_layer_has_no_download_url(ecr, http, name):
    missing = f"The layer with digest {digest(b'nowhere')} does not exist within the repository with name '{name}' in the registry with id '{ACCOUNT}'"
    with refused("LayersNotFoundException", missing):
        url(ecr, name, b"nowhere")
    assert error_of(http("GET", f"blobs/{digest(b'nowhere')}")) == (404, "BLOB_UNKNOWN", missing)


def test_the_layers_of_a_deleted_image_are_inaccessible(ecr, name):
    pushed = push(ecr, name, image("deleted"), "1")
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "1"}])
    with refused("LayerInaccessibleException"):
        url(ecr, name, pushed.layers[0])
