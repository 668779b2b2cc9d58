"""botocore's service models are the contract: each rule of theirs is kept, for every operation that is built.

Requests are signed and sent raw, since boto3 refuses some of them itself. AWS: API reference, common errors.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel, Shape

from awsapi import refusal_of, refused, send, signed_request
from localecr.gateway import OPERATIONS

MODELS = {service: botocore.session.Session().get_service_model(service) for service in ("ecr", "ecr-public")}
KNOWN = [(service, name) for service, model in MODELS.items() for name in model.operation_names]
BUILT = [(service, name) for service, name in KNOWN if name in OPERATIONS[service]]
NAME_RULE = "must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'"
UPLOAD_ID = "01234567-89ab-cdef-0123-456789abcdef"
SAMPLES = {
    "RepositoryName": "a-repository-that-nobody-made",
    "RegistryId": "111122223333",
    "RegistryIdOrAlias": "111122223333",
    "UploadId": UPLOAD_ID,
    "LayerDigest": "sha256:" + "0" * 64,
    "ImageDigest": "sha256:" + "0" * 64,
    "Arn": "arn:aws:ecr:us-east-1:111122223333:repository/a-repository-that-nobody-made",
    "ImageTagMutabilityExclusionFilterValue": "dev-*",
}
ENUMS = {"ImageTagMutability": ["IMMUTABLE", "MUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"]}  # seen in this order, not the model's
SHORT_OF_MODEL = {"LayerPartBlob", "ImageManifest", "LogoImageBlob"}  # megabytes: one test each, below


def sound(shape: Shape) -> Any:
    """A value that keeps every rule of a shape."""
    if shape.name in SAMPLES:
        return SAMPLES[shape.name]
    if shape.type_name == "structure":
        return {name: sound(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [sound(shape.member)]
    if shape.type_name == "blob":
        return base64.b64encode(b"x").decode()
    if shape.type_name in ("integer", "long"):
        return 1
    if shape.type_name == "boolean":
        return False
    return shape.enum[0] if shape.enum else "x"


Path = tuple[str | int, ...]


def places(shape: Shape, path: Path = ()) -> Iterator[tuple[Path, Shape]]:
    """Every member below an input shape, as the way to it and its shape."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield (*path, name), member
            yield from places(member, (*path, name))
    elif shape.type_name == "list":
        yield (*path, 0), shape.member
        yield from places(shape.member, (*path, 0))


def with_value(shape: Shape, path: Path, value: Any) -> Any:
    """A sound document of `shape`, with `value` at `path`."""
    if not path:
        return value
    step, *rest = path
    if shape.type_name == "list":
        return [with_value(shape.member, tuple(rest), value)]
    return sound_members(shape) | {step: with_value(shape.members[step], tuple(rest), value)}


def sound_members(shape: Shape) -> dict[str, Any]:
    return {name: sound(shape.members[name]) for name in shape.required_members}


def named(path: Path) -> str:
    """A place as AWS's sentence names it: members of a list are counted from 1."""
    return ".".join(f"{step + 1}.member" if isinstance(step, int) else step for step in path)


def said(path: Path, constraint: str) -> tuple[str, str]:
    """Member and constraint as AWS's sentence has them: of a value in a list it names the list."""
    if path[-1:] == (0,):
        return named(path[:-1]), f"Member must satisfy constraint: [{constraint}]"
    return named(path), constraint


def faults(shape: Shape) -> Iterator[tuple[Any, str]]:
    """Values that break one rule of a shape each, with the constraint that AWS's sentence names."""
    low, high, pattern = (shape.metadata.get(rule) for rule in ("min", "max", "pattern"))
    if shape.type_name in ("integer", "long"):
        if low is not None:
            yield low - 1, f"Member must have value greater than or equal to {low}"
        if high is not None:
            yield high + 1, f"Member must have value less than or equal to {high}"
        return
    made = {"string": lambda n: "a" * n, "list": lambda n: [sound(shape.member)] * n, "blob": lambda n: base64.b64encode(b"a" * n).decode()}
    if shape.type_name in made:
        if low:
            yield made[shape.type_name](low - 1), f"Member must have length greater than or equal to {low}"
        if high is not None:
            yield made[shape.type_name](high + 1), f"Member must have length less than or equal to {high}"
    if shape.type_name == "string" and shape.enum:
        yield "NEITHER", f"Member must satisfy enum value set: [{', '.join(ENUMS.get(shape.name, shape.enum))}]"
    if pattern:
        rule = NAME_RULE if shape.name == "RepositoryName" else f"Member must satisfy regular expression pattern: {pattern}"
        yield "No such thing!", rule
        yield sound(shape) + "\n", rule


WRONG_TYPES = {"string": 7, "boolean": "true", "integer": "7", "long": 1.5, "blob": 7, "list": "x", "structure": "x"}


@pytest.fixture(scope="module")
def keys(door):
    return door.keys("111122223333")


@pytest.fixture
def ask(lab_endpoint, keys):
    """`ask("ecr", "PutImage", {…})`: status, code and sentence of what must be refused."""

    def send_raw(service: str, operation: str, document: Any) -> tuple[int, str, str]:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return refusal_of(send(signed_request(lab_endpoint.url, keys, service, operation, body)))

    return send_raw


def rule_breakers(operation: OperationModel) -> Iterator[tuple[Any, str, str]]:
    for path, shape in places(operation.input_shape):
        if shape.name not in SHORT_OF_MODEL:
            for value, constraint in faults(shape):
                yield with_value(operation.input_shape, path, value), *said(path, constraint)


@pytest.mark.parametrize(("service", "operation"), KNOWN)
def test_every_operation_of_the_models_is_known(ask_anything, service, operation):
    status, code = ask_anything(service, operation)
    assert code != "UnknownOperationException"
    assert (code == "NotImplemented") == ((service, operation) not in BUILT)
    assert (status == 501) == (code == "NotImplemented")


@pytest.fixture
def ask_anything(lab_endpoint, keys):
    def send_raw(service: str, operation: str) -> tuple[int, str | None]:
        answer = send(signed_request(lab_endpoint.url, keys, service, operation, json.dumps(sound_members_of(service, operation)).encode()))
        return answer.status_code, answer.json().get("__type")

    return send_raw


def sound_members_of(service: str, operation: str) -> dict[str, Any]:
    shape = MODELS[service].operation_model(operation).input_shape
    return sound_members(shape) if shape else {}


def test_the_models_hold_what_the_locked_botocore_knows():
    assert {service: len(model.operation_names) for service, model in MODELS.items()} == {"ecr": 62, "ecr-public": 23}


def test_an_operation_that_is_not_built_says_so_and_names_itself(ask):
    status, code, message = ask("ecr", "PutLifecyclePolicy", {"repositoryName": "web", "lifecyclePolicyText": "x" * 100})
    assert (status, code) == (501, "NotImplemented")
    assert message.startswith("ecr:PutLifecyclePolicy is not built in this lab yet")


@pytest.mark.parametrize("operation", ["", "Createrepository", "PutBucketPolicy"])
def test_an_operation_that_the_model_lacks_is_unknown(ask, operation):
    assert ask("ecr", operation, {}) == (400, "UnknownOperationException", "The requested operation is not recognized by the service.")


def test_a_target_of_no_service_is_unknown(lab_endpoint, keys):
    request = signed_request(lab_endpoint.url, keys, "ecr", "CreateRepository", **{"X-Amz-Target": "Nobody_V1.CreateRepository"})
    assert refusal_of(send(request))[:2] == (400, "UnknownOperationException")


# one service for each way AWS has of putting a call into a request: query, JSON, REST and whatever botocore prefers of several
OTHERS = {"eks": "list_clusters", "ecs": "list_clusters", "kms": "list_keys"}


@pytest.mark.parametrize(("service", "operation"), OTHERS.items(), ids=OTHERS)
def test_a_service_that_is_not_built_says_so(aws, service, operation):
    with refused("NotImplemented"):
        getattr(aws(service), operation)()


def test_there_are_rules_to_break():
    assert sum(1 for service, name in BUILT for _ in rule_breakers(MODELS[service].operation_model(name))) > 300


@pytest.mark.parametrize(("service", "operation"), BUILT)
def test_a_missing_member_is_named(ask, service, operation):
    shape = MODELS[service].operation_model(operation).input_shape
    for name in shape.required_members:
        document = sound_members(shape)
        del document[name]
        expected = (400, "InvalidParameterException", f"Invalid parameter at '{name}' failed to satisfy constraint: 'Member must not be null'")
        assert ask(service, operation, document) == expected
        assert ask(service, operation, document | {name: None}) == expected


@pytest.mark.parametrize(("service", "operation"), BUILT)
def test_a_member_of_another_type_cannot_be_read(ask, service, operation):
    shape = MODELS[service].operation_model(operation).input_shape
    for path, member in places(shape):
        status, code, message = ask(service, operation, with_value(shape, path, WRONG_TYPES[member.type_name]))
        assert (status, code) == (400, "SerializationException"), f"{named(path)}: {message}"
        assert message


@pytest.mark.parametrize(("service", "operation"), BUILT)
def test_a_member_that_breaks_a_rule_is_named_with_the_rule(ask, service, operation):
    for document, member, constraint in rule_breakers(MODELS[service].operation_model(operation)):
        expected = f"Invalid parameter at '{member}' failed to satisfy constraint: '{constraint}'"
        assert ask(service, operation, document) == (400, "InvalidParameterException", expected)


def test_a_manifest_has_at_most_4_mebibytes(ask):
    document = {"repositoryName": "web", "imageManifest": "x" * (4_194_304 + 1)}
    expected = "Invalid parameter at 'imageManifest' failed to satisfy constraint: 'Member must have length less than or equal to 4194304'"
    assert ask("ecr", "PutImage", document) == (400, "InvalidParameterException", expected)


def test_a_layer_part_has_at_most_20_mebibytes(ask):
    blob = base64.b64encode(bytes(20_971_520 + 1)).decode()
    document = {"repositoryName": "web", "uploadId": UPLOAD_ID, "partFirstByte": 0, "partLastByte": 20_971_520, "layerPartBlob": blob}
    expected = "Invalid parameter at 'layerPartBlob' failed to satisfy constraint: 'Member must have length less than or equal to 20971520'"
    assert ask("ecr", "UploadLayerPart", document) == (400, "InvalidParameterException", expected)


UNREADABLE = {
    "half a document": b'{"repositoryName": ',
    "a list": b"[]",
    "a string": b'"web"',
    "bytes that are no text": b'{"repositoryName": "\xff"}',
    "half a surrogate pair": b'{"repositoryName": "web", "force": false, "registryId": "\\ud800"}',
    "nested without end": b'{"a":' * 100_000,
    "a number without end": b'{"repositoryName": ' + b"9" * 10_000 + b"}",
    "blob that is not base64": b'{"repositoryName": "web", "uploadId": "%s", "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": "*"}' % UPLOAD_ID.encode(),
    "number out of range": b'{"repositoryName": "web", "uploadId": "%s", "partFirstByte": 9223372036854775808, "partLastByte": 0, "layerPartBlob": ""}'
    % UPLOAD_ID.encode(),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_a_body_that_cannot_be_read_is_refused(ask, body):
    status, code, _ = ask("ecr", "UploadLayerPart", body)
    assert (status, code) == (400, "SerializationException")


def test_a_member_that_the_model_lacks_is_ignored_as_aws_ignores_it(ask):
    _, code, _ = ask("ecr", "DeleteRepository", {"repositoryName": "a-repository-that-nobody-made", "colour": "blue"})
    assert code == "RepositoryNotFoundException"


def test_an_empty_body_has_no_members(ask):
    assert ask("ecr", "CreateRepository", b"")[1:] == (
        "InvalidParameterException",
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'Member must not be null'",
    )


LEGAL_NAMES = ["ab", "a/b", "web", "my-team/web", "a_b", "a__b", "a--b", "a---b", "0.9", "a.b/c-d/e_f", "x" * 256]
ILLEGAL_NAMES = ["Web", "a//b", "/a", "a/", "a..b", "a___b", "-a", "a-", "a_-b", "a b", "wéb", "a:b"]


@pytest.mark.parametrize("name", LEGAL_NAMES)
def test_a_legal_name_makes_a_repository(ecr, name):
    try:
        assert ecr.create_repository(repositoryName=name)["repository"]["repositoryName"] == name
    finally:
        ecr.delete_repository(repositoryName=name)


@pytest.mark.parametrize("name", ILLEGAL_NAMES)
def test_an_illegal_name_is_refused_with_the_pattern(ask, name):
    expected = f"Invalid parameter at 'repositoryName' failed to satisfy constraint: '{NAME_RULE}'"
    assert ask("ecr", "CreateRepository", {"repositoryName": name}) == (400, "InvalidParameterException", expected)


def test_answers_come_as_aws_json_with_a_request_id(lab_endpoint, keys):
    answer = send(signed_request(lab_endpoint.url, keys, "ecr", "DescribeRegistry"))
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert len(answer.headers["x-amzn-RequestId"]) == 36
    refused = send(signed_request(lab_endpoint.url, keys, "ecr", "Nothing"))
    assert refused.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert len(refused.headers["x-amzn-RequestId"]) == 36
