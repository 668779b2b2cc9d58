"""boto3, as a program uses it: an image pushed and fetched without Docker, every paginator, the waiters, one client shared by threads."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from botocore.exceptions import WaiterError

from awsapi import tags
from specimens import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Specimen, descriptor, digest, image


def upload(ecr, name, stream):
    """Uploads what `stream` gives in parts of the size that ECR proposes, and returns digest and size."""
    opened = ecr.initiate_layer_upload(repositoryName=name)
    content, first = b"", 0
    while part := stream.read(opened["partSize"]):
        ecr.upload_layer_part(
            repositoryName=name, uploadId=opened["uploadId"], partFirstByte=first, partLastByte=first + len(part) - 1, layerPartBlob=part
        )
        content, first = content + part, first + len(part)
    return ecr.complete_layer_upload(repositoryName=name, uploadId=opened["uploadId"], layerDigests=[digest(content)])["layerDigest"]


def test_an_image_is_streamed_up_in_parts_put_and_downloaded(ecr, name, tmp_path):
    layer, config = random.Random(name).randbytes(21 << 20), json.dumps({"architecture": "amd64", "os": "linux"}).encode()
    for file, content in (("layer", layer), ("config", config)):
        (tmp_path / file).write_bytes(content)
        with (tmp_path / file).open("rb") as stream:
            assert upload(ecr, name, stream) == digest(content)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_CONFIG, config),
        "layers": [descriptor(OCI_LAYER, layer)],
    }
    put = ecr.put_image(repositoryName=name, imageTag="1", imageManifest=json.dumps(document))["image"]
    assert put["imageId"] == {"imageDigest": Specimen(json.dumps(document).encode(), OCI_MANIFEST).digest, "imageTag": "1"}
    (detail,) = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert detail["imageSizeInBytes"] == len(layer) + len(config)

    url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=digest(layer))["downloadUrl"]
    with requests.get(url, stream=True, timeout=60) as answer:
        assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(len(layer)))
        assert b"".join(answer.iter_content(1 << 20)) == layer


@pytest.mark.parametrize(
    ("service", "operation", "key"),
    [
        ("ecr", "describe_repositories", "repositories"),
        ("ecr", "describe_images", "imageDetails"),
        ("ecr", "list_images", "imageIds"),
        ("ecr-public", "describe_repositories", "repositories"),
        ("ecr-public", "describe_images", "imageDetails"),
        ("ecr-public", "describe_image_tags", "imageTagDetails"),
        ("ecr-public", "describe_registries", "registries"),
    ],
)
def test_every_paginator_goes_through_all_pages(aws, free_repository, service, operation, key):
    client = aws(service, account="777788889999")  # which nobody else fills
    for number in range(3):
        client.create_repository(repositoryName=f"{free_repository}/{number}")
    if "image" in operation:
        for number in range(3):
            push_small(client, f"{free_repository}/0", f"v{number}")
    about = {"repositoryName": f"{free_repository}/0"} if "image" in operation else {}
    whole = getattr(client, operation)(**about)[key]
    paged = client.get_paginator(operation).paginate(**about, PaginationConfig={"PageSize": 1})
    assert [each for page in paged for each in page[key]] == whole
    assert len(whole) >= (1 if operation == "describe_registries" else 3)


def push_small(client, name, tag):
    specimen = image(f"{name} {tag}")
    for blob in specimen.blobs:
        opened = client.initiate_layer_upload(repositoryName=name)["uploadId"]
        client.upload_layer_part(repositoryName=name, uploadId=opened, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob)
        client.complete_layer_upload(repositoryName=name, uploadId=opened, layerDigests=[digest(blob)])
    client.put_image(repositoryName=name, imageTag=tag, imageManifest=specimen.text)


def test_a_waiter_for_what_is_not_built_ends_at_once_and_says_so(ecr, name):
    with pytest.raises(WaiterError, match="is not built in this lab yet"):
        ecr.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName=name)


def test_one_client_is_shared_by_threads(ecr, name):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: push_small(ecr, name, f"v{number}"), range(24)))
    assert tags(ecr, name).keys() == {f"v{number}" for number in range(24)}
