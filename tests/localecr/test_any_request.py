"""Whatever is asked, the lab answers in AWS's words: no request makes it say that it made a mistake itself."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import botocore.session
import pytest
from botocore.model import Shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from awsapi import push, send, signed_request
from localecr.gateway import OPERATIONS
from specimens import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, image, index

MODELS = {service: botocore.session.Session().get_service_model(service) for service in OPERATIONS}
EXAMPLES = settings(
    max_examples=5, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
NAME = "any-request"
HELD = index(image("held one"), image("held two"))
DIGESTS = [HELD.digest, HELD.children[0].digest, "sha256:" + "0" * 64, "sha512:" + "0" * 128, "sha256:short", "x:0", "SHA256:" + "0" * 64]
WORDS = ["1.0", "latest", "", " ", "\x00", "é", "%", "../..", "a" * 300, NAME, "null", "0", "-1"]
ARNS = [f"arn:aws:ecr:us-east-1:111122223333:repository/{NAME}", f"arn:aws:ecr-public::111122223333:repository/{NAME}", "arn:aws:ecr:::"]
TEXTS = st.sampled_from(WORDS + DIGESTS + ARNS) | st.text(max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def values(shape: Shape) -> st.SearchStrategy[Any]:
    """Values near a shape: mostly of its type, mostly within its rules."""
    if shape.name == "RepositoryName":
        return st.just(NAME) | st.from_regex(shape.metadata["pattern"], fullmatch=True) | TEXTS
    if shape.name == "ImageManifest":
        return manifests().map(json.dumps) | TEXTS
    if shape.type_name == "structure":
        members = {name: values(member) for name, member in shape.members.items()}
        required = {name: members[name] for name in shape.required_members}
        return st.fixed_dictionaries(required, optional={name: each for name, each in members.items() if name not in required})
    if shape.type_name == "list":
        return st.lists(values(shape.member), min_size=shape.metadata.get("min", 0), max_size=4)
    if shape.type_name in ("integer", "long"):
        return st.integers(-1, 1001) | st.integers()
    if shape.type_name == "boolean":
        return st.booleans()
    if shape.type_name == "blob":
        return st.sampled_from(["", "eA==", "e", "****"])
    if shape.enum:
        return st.sampled_from(shape.enum)
    return TEXTS


def manifests() -> st.SearchStrategy[Any]:
    """Documents near a manifest, some of whose parts are missing or something else."""
    digests = st.sampled_from([*DIGESTS, *(layer["digest"] for child in HELD.children for layer in json.loads(child.manifest)["layers"])])
    descriptor = st.fixed_dictionaries(
        {}, optional={"mediaType": TEXTS, "digest": digests | ANYTHING, "size": st.integers() | ANYTHING, "urls": ANYTHING, "platform": ANYTHING}
    )
    some = st.lists(descriptor | ANYTHING, max_size=3)
    media_types = st.sampled_from([OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST]) | ANYTHING
    optional = {
        "mediaType": media_types, "config": descriptor | ANYTHING, "layers": some | ANYTHING, "manifests": some | ANYTHING,
        "subject": descriptor | ANYTHING, "annotations": ANYTHING, "artifactType": ANYTHING,
    }  # fmt: skip
    return st.fixed_dictionaries({"schemaVersion": st.just(2) | ANYTHING}, optional=optional) | ANYTHING


@pytest.fixture(scope="module")
def keys(door):
    return door.keys("111122223333")


@pytest.fixture(autouse=True)
def held(aws):
    """A private and a public repository that hold an index, whatever the last example did to them."""
    for service in OPERATIONS:
        client = aws(service)
        if NAME not in [each["repositoryName"] for page in client.get_paginator("describe_repositories").paginate() for each in page["repositories"]]:
            client.create_repository(repositoryName=NAME)
            push(client, NAME, HELD, "1.0")


@pytest.mark.parametrize(("service", "operation"), [(service, name) for service, table in OPERATIONS.items() for name in table])
@EXAMPLES
@given(data=st.data())
def test_no_call_of_the_api_is_a_mistake_of_the_labs(lab_endpoint, keys, service, operation, data):
    document = data.draw(values(MODELS[service].operation_model(operation).input_shape) | ANYTHING)
    answer = send(signed_request(lab_endpoint.url, keys, service, operation, json.dumps(document).encode()))
    assert answer.status_code in (200, 400, 501), answer.text
    assert answer.status_code == 200 or (answer.json()["__type"] and answer.json()["message"])


@settings(EXAMPLES, max_examples=40)
@given(
    document=manifests(), tag=st.sampled_from(["1.0", "fuzz", HELD.digest]), media_type=st.sampled_from([None, OCI_MANIFEST, OCI_INDEX, DOCKER_LIST, "", "x/y"])
)
def test_no_manifest_is_a_mistake_of_the_labs(at, document, tag, media_type):
    headers = {"Content-Type": media_type} if media_type is not None else {}
    answer = at(NAME)("PUT", f"manifests/{tag}", data=json.dumps(document).encode(), headers=headers)
    assert answer.status_code in (201, 400, 405), answer.text
    if answer.status_code == 201:
        subject = document.get("subject")
        if isinstance(subject, dict):
            assert at(NAME)("GET", f"referrers/{subject['digest']}").status_code == 200


PARTS = st.sampled_from(["manifests", "blobs", "uploads", "tags", "list", "referrers", "1.0", NAME, "_catalog", "..", "", *DIGESTS]) | TEXTS
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Range": st.sampled_from(["bytes=0-", "bytes=-1", "bytes=9-1", "bytes=" + "9" * 30 + "-", "bytes=-" + "9" * 18, "x"]),
        "Content-Range": st.sampled_from(["0-0", "5-1", "9" * 18 + "-" + "9" * 18, "bytes 0-1/*", "x"]),
        "Content-Type": st.sampled_from([OCI_MANIFEST, "", ";"]),
        "Accept": st.just("*/*"),
    },
)
QUERY = st.dictionaries(st.sampled_from(["digest", "mount", "from", "n", "last", "next", "artifactType", "x"]), TEXTS, max_size=3)


@settings(EXAMPLES, max_examples=80)
@given(
    method=st.sampled_from(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"]),
    parts=st.lists(PARTS, min_size=1, max_size=4),
    query=QUERY,
    headers=HEADERS,
    body=st.binary(max_size=10),
)
def test_no_request_of_the_protocol_is_a_mistake_of_the_labs(at, method, parts, query, headers, body):
    rest = "/".join(quote(part, safe=":") for part in parts)
    answer = at(NAME)(method, rest, params=query, headers=headers, data=body)
    assert answer.status_code < 500, f"{method} {rest} {query} {headers}: {answer.text}"
