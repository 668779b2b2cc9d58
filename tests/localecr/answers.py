"""Judging answers by botocore's models: what came over the wire, not what botocore made of it."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

# what any operation may answer beside the errors that its model lists
COMMON_ERRORS = {
    "AccessDeniedException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "NotImplemented",
    "SerializationException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
}
# what Inspector says of an account, each with a state
STATES = ("state", *(f"resourceState.{each}" for each in ("ec2", "ecr", "lambda", "lambdaCode", "codeRepository")))


def check(http_response: Any, model: OperationModel, **_: Any) -> None:
    """A handler of botocore's `after-call` event: an AssertionError says where an answer doesn't fit the model of its operation."""
    document = json.loads(http_response.content)
    if http_response.status_code == 200:
        found = list(misfits(model.output_shape, document, model.name)) if model.output_shape else list(document)
    else:
        found = list(error_misfits(model, document))
    assert not found, f"{model.name} answered {document}: {found}"


# required by the model, and not said where nothing failed: AWS publishes no answer that has them
UNSAID = {f"{place} lacks {name}" for name in ("errorCode", "errorMessage") for place in (f"BatchGetAccountStatus.accounts[].{state}" for state in STATES)}
# the model's enumeration is that of groupBy; the AWS CLI's examples show the groups themselves
OTHERWISE = "ListCoverageStatistics.countsByGroup[].groupKey is one of "


def check_rest(http_response: Any, model: OperationModel, **_: Any) -> None:
    """The same for Amazon Inspector, which speaks REST-JSON: the error's name is in a header."""
    document = json.loads(http_response.content)
    if http_response.status_code == 200:
        found = [each for each in misfits(model.output_shape, document, model.name) if each not in UNSAID and not each.startswith(OTHERWISE)]
    else:
        found = list(error_misfits(model, document | {"__type": http_response.headers["x-amzn-errortype"]}))
    assert not found, f"{model.name} answered {document}: {found}"


def error_misfits(model: OperationModel, document: dict[str, Any]):
    code = document["__type"]
    shapes = {shape.name: shape for shape in model.error_shapes}
    if code in shapes:
        yield from misfits(shapes[code], {key: value for key, value in document.items() if key != "__type"}, code)
    elif code not in COMMON_ERRORS:
        yield f"{model.name} has no error {code}"
    if not isinstance(document["message"], str) or not document["message"]:
        yield "an error without a sentence"


def misfits(shape: Shape, value: Any, where: str):
    """Sentences about whatever in `value` (parsed JSON) doesn't fit `shape`: unknown members, types, enums, patterns, lengths."""
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            yield f"{where} is no structure"
            return
        yield from (f"{where} has no member {name}" for name in value.keys() - shape.members.keys())
        yield from (f"{where} lacks {name}" for name in shape.required_members if name not in value)
        for name in value.keys() & shape.members.keys():
            yield from misfits(shape.members[name], value[name], f"{where}.{name}")
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield f"{where} is no list"
            return
        for each in value:
            yield from misfits(shape.member, each, f"{where}[]")
    elif isinstance(shape, MapShape):
        for key, each in value.items():
            yield from misfits(shape.key, key, f"{where}.key")
            yield from misfits(shape.value, each, f"{where}.{key}")
    else:
        yield from _scalar_misfits(shape, value, where)


def _scalar_misfits(shape: Shape, value: Any, where: str):
    number = (int, float)
    types = {"string": str, "boolean": bool, "integer": int, "long": int, "double": number, "blob": str, "timestamp": number}[shape.type_name]
    if not isinstance(value, types) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"{where} is a {shape.type_name}, not {value!r}"
    elif shape.type_name == "blob":
        base64.b64decode(value, validate=True)
    elif shape.type_name == "string":
        pattern, low, high = (shape.metadata.get(rule) for rule in ("pattern", "min", "max"))
        if shape.enum and value not in shape.enum:
            yield f"{where} is one of {shape.enum}, not {value!r}"
        if pattern and not re.fullmatch(pattern, value):
            yield f"{where} matches {pattern}, which {value!r} does not"
        if not (low or 0) <= len(value) <= (high or len(value)):
            yield f"{where} has {low} to {high} characters, not {len(value)}"
