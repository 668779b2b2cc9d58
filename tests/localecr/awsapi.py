"""The AWS API, as tests use it: images pushed through it, errors expected of it, requests signed by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from specimens import Specimen, digest

PREFIXES = {"ecr": "AmazonEC2ContainerRegistry_V20150921", "ecr-public": "SpencerFrontendService"}


@contextmanager
def refused(code: str, message: str | None = None) -> Iterator[None]:
    """What happens inside must be refused by AWS with this code and exactly this sentence."""
    try:
        yield
    except ClientError as error:
        said = error.response["Error"]
        assert said["Code"] == code, f"{said['Code']}: {said['Message']}"
        assert message is None or said["Message"] == message
    else:
        raise AssertionError(f"nothing was refused; {code} was expected")


def push_layer(client: BaseClient, repository: str, data: bytes) -> str:
    """Uploads a layer in one part through the API and returns its digest."""
    upload = client.initiate_layer_upload(repositoryName=repository)["uploadId"]
    client.upload_layer_part(repositoryName=repository, uploadId=upload, partFirstByte=0, partLastByte=len(data) - 1, layerPartBlob=data)
    return client.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest(data)])["layerDigest"]


def push(client: BaseClient, repository: str, specimen: Specimen, tag: str | None = None) -> Specimen:
    """Pushes an image through the API alone."""
    for child in specimen.children:
        push(client, repository, child)
    there = client.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest(each) for each in specimen.blobs]) if specimen.blobs else None
    for blob, layer in zip(specimen.blobs, there["layers"] if there else (), strict=True):
        if layer["layerAvailability"] == "UNAVAILABLE":
            push_layer(client, repository, blob)
    put_image(client, repository, specimen, tag)
    return specimen


def put_image(client: BaseClient, repository: str, specimen: Specimen, tag: str | None = None, **more: Any) -> dict[str, Any]:
    """PutImage of a manifest whose layers are there."""
    tagged = {"imageTag": tag} if tag else {}
    answer = client.put_image(repositoryName=repository, imageManifest=specimen.text, imageManifestMediaType=specimen.media_type, **tagged, **more)
    return answer["image"]


def tags(client: BaseClient, repository: str) -> dict[str, str]:
    """Which digest each tag of a repository names."""
    listed = client.list_images(repositoryName=repository, filter={"tagStatus": "TAGGED"})["imageIds"]
    return {each["imageTag"]: each["imageDigest"] for each in listed}


def digests(client: BaseClient, repository: str) -> set[str]:
    """Every image of a repository."""
    return {each["imageDigest"] for each in client.list_images(repositoryName=repository)["imageIds"]}


def signed_request(
    url: str, keys: dict[str, str], service: str, operation: str, body: bytes = b"{}", *, region: str = "us-east-1", **headers: str
) -> AWSRequest:
    """A request as the AWS CLI signs it, not sent yet."""
    headers = {"X-Amz-Target": f"{PREFIXES.get(service, service)}.{operation}", "Content-Type": "application/x-amz-json-1.1"} | headers
    request = AWSRequest("POST", url + "/", headers=headers, data=body)
    SigV4Auth(Credentials(keys["access_key_id"], keys["secret_access_key"]), service, region).add_auth(request)
    return request


def send(request: AWSRequest) -> requests.Response:
    return requests.request(request.method, request.url, headers=dict(request.headers), data=request.data, timeout=60)


def refusal_of(response: requests.Response) -> tuple[int, str, str]:
    """Status, code and sentence of an error of the API."""
    document = json.loads(response.content)
    return response.status_code, document["__type"], document["message"]
