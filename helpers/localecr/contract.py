"""The contract: botocore's own service models, read as a server reads them.

AWS JSON 1.1 in both directions. botocore checks required members, types and minima before it sends; patterns, enums and
maxima it leaves to the server, so they are checked here, with everything else a client that isn't botocore may send.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from localecr.errors import AwsError, invalid_parameter

Writer = Callable[[Any], Any]  # a value of ours → the same as JSON has it
VERSIONS = {"ecr": "2015-09-21", "ecr-public": "2020-10-30"}
# an older and narrower pattern than the model's, but the one that AWS's sentence shows
NAME_IN_ERRORS = "must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'"
# where AWS's sentence is known to count the values in another order than the model
ENUMS_IN_ERRORS = {"ImageTagMutability": ("IMMUTABLE", "MUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION")}
# a pattern of the model's over which time grows with every character that it is given → one that takes the same texts and none of the time
WITHOUT_TURNING_BACK = {r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$": r"[a-z0-9*](?:[._\-/]?[a-z0-9*])*"}
MEMBER_OF_LIST = re.compile(r"(.+)\.\d+\.member")


@cache
def model(service: str) -> ServiceModel:
    """The service model of ``ecr`` or ``ecr-public`` as the installed botocore knows it."""
    return ServiceModel(Loader().load_service_model(service, "service-2", VERSIONS[service]), service)


@cache
def service_of(target_prefix: str) -> str | None:
    """The service whose requests carry ``X-Amz-Target: <target_prefix>.<Operation>``."""
    return next((service for service in VERSIONS if model(service).metadata["targetPrefix"] == target_prefix), None)


def operation(service: str, name: str) -> OperationModel:
    """An operation of a service. Raises UnknownOperationException."""
    if name not in model(service).operation_names:
        raise unknown_operation()
    return model(service).operation_model(name)


def unknown_operation() -> AwsError:
    return AwsError("UnknownOperationException", "The requested operation is not recognized by the service.")


def parse(operation: OperationModel, body: bytes) -> dict[str, Any]:
    """A request's parameters, checked against the model. Raises SerializationException for what can't be read, and
    InvalidParameterException (ValidationException where the operation knows no other) for what breaks a rule."""
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant) if body else {}
        _refuse_surrogates(body)
    except (ValueError, RecursionError) as error:
        raise _unreadable("Could not parse request body into json") from error
    codes = {shape.name for shape in operation.error_shapes}
    code = "InvalidParameterException" if "InvalidParameterException" in codes or "ValidationException" not in codes else "ValidationException"
    if operation.input_shape is None:
        return {}
    return _Reader(code).read(operation.input_shape, document, "")


def _refuse_surrogates(body: bytes) -> None:
    if b"\\ud" in body or b"\\uD" in body:
        json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _unreadable(message: str) -> AwsError:
    return AwsError("SerializationException", message)


class _Reader:
    """Reads values by their shapes; ``code`` is the error for a broken rule."""

    def __init__(self, code: str):
        self._code = code

    def read(self, shape: Shape, value: Any, path: str) -> Any:
        reader: Callable = getattr(self, f"_{shape.type_name}")
        return reader(shape, value, path)

    def _structure(self, shape: StructureShape, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _unreadable("Unexpected field type" if path else "Start of structure or map found where not expected.")
        given = {name: value[name] for name in shape.members if value.get(name) is not None}
        for name in shape.required_members:
            if name not in given:
                raise self._broken(_join(path, name), "Member must not be null")
        return {name: self.read(shape.members[name], each, _join(path, name)) for name, each in given.items()}

    def _list(self, shape: ListShape, value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise _unreadable("Expected list or null")
        self._check_length(shape, len(value), path)
        if any(each is None for each in value):
            raise self._broken(path, "Member must not be null")
        return [self.read(shape.member, each, f"{path}.{number}.member") for number, each in enumerate(value, 1)]

    def _map(self, shape: MapShape, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _unreadable("Expected map or null")
        return {self.read(shape.key, key, f"{path}.key"): self.read(shape.value, each, f"{path}.{key}") for key, each in value.items()}

    def _string(self, shape: Shape, value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise _unreadable(f"{_kind(value)} can not be converted to a String")
        self._check_length(shape, len(value), path)
        if shape.enum and value not in shape.enum:
            values = ", ".join(ENUMS_IN_ERRORS.get(shape.name, shape.enum))
            raise self._broken(path, f"Member must satisfy enum value set: [{values}]")
        pattern = shape.metadata.get("pattern")
        if pattern and not _compiled(pattern).fullmatch(value):
            constraint = NAME_IN_ERRORS if shape.name == "RepositoryName" else f"Member must satisfy regular expression pattern: {pattern}"
            raise self._broken(path, constraint)
        return value

    def _blob(self, shape: Shape, value: Any, path: str) -> bytes:
        if not isinstance(value, str):
            raise _unreadable(f"{_kind(value)} can not be converted to a Blob")
        try:
            data = base64.b64decode(value, validate=True)
        except ValueError as error:
            raise _unreadable("Invalid Base64") from error
        self._check_length(shape, len(data), path)
        return data

    def _boolean(self, shape: Shape, value: Any, path: str) -> bool:
        if not isinstance(value, bool):
            raise _unreadable(f"{_kind(value)} can not be converted to a Boolean")
        return value

    def _integer(self, shape: Shape, value: Any, path: str) -> int:
        if type(value) is not int:
            raise _unreadable(f"{_kind(value)} can not be converted to an Integer")
        bits = 31 if shape.type_name == "integer" else 63
        if not -(1 << bits) <= value < 1 << bits:
            raise _unreadable(f"Numeric value ({value if abs(value) < 10**30 else 'too long to print'}) out of range")
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and value < low:
            raise self._broken(path, f"Member must have value greater than or equal to {low}")
        if high is not None and value > high:
            raise self._broken(path, f"Member must have value less than or equal to {high}")
        return value

    _long = _integer

    def _broken(self, path: str, constraint: str) -> AwsError:
        """The error for a broken rule. Of a value in a list AWS names the list, not the value's place in it."""
        if in_list := MEMBER_OF_LIST.fullmatch(path):
            path, constraint = in_list[1], f"Member must satisfy constraint: [{constraint}]"
        return invalid_parameter(path, constraint, self._code)

    def _check_length(self, shape: Shape, length: int, path: str) -> None:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and length < low:
            raise self._broken(path, f"Member must have length greater than or equal to {low}")
        if high is not None and length > high:
            raise self._broken(path, f"Member must have length less than or equal to {high}")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    return {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE", list: "START_ARRAY", dict: "START_OBJECT", type(None): "VALUE_NULL"}[type(value)]


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(WITHOUT_TURNING_BACK.get(pattern, pattern))


def serialise(operation: OperationModel, result: dict[str, Any]) -> bytes:
    """An answer as JSON. A member that the model doesn't know, or of another type, is our mistake: it raises TypeError."""
    return json.dumps(_answer_writer(operation.service_model.service_name, operation.name)(result), separators=(",", ":")).encode()


@cache
def _answer_writer(service: str, operation: str) -> Writer:
    """The writer of an operation's answers, made once: asking the model again for every value of a page took two thirds of its time."""
    shape = model(service).operation_model(operation).output_shape
    return _writer(shape) if shape else lambda result: {}


def _writer(shape: Shape) -> Writer:
    if isinstance(shape, StructureShape):
        return _structure_writer(shape)
    if isinstance(shape, ListShape):
        write = _writer(shape.member)
        return lambda value: [write(each) for each in value]
    if isinstance(shape, MapShape):
        write_each = _writer(shape.value)
        return lambda value: {key: write_each(each) for key, each in value.items()}
    if shape.type_name == "timestamp":
        return lambda value: value.timestamp() if isinstance(value, datetime) else float(value)
    if shape.type_name == "double":
        return float
    if shape.type_name == "blob":
        return lambda value: base64.b64encode(value).decode()
    return _plain_writer(shape)


def _structure_writer(shape: StructureShape) -> Writer:
    writers = {name: _writer(member) for name, member in shape.members.items()}

    def write(value: Any) -> Any:
        try:
            return {name: writers[name](each) for name, each in value.items() if each is not None}
        except KeyError as error:
            raise TypeError(f"the model of {shape.name} has no member {error}") from error

    return write


def _plain_writer(shape: Shape) -> Writer:
    wanted = {"string": str, "boolean": bool, "integer": int, "long": int}[shape.type_name]

    def write(value: Any) -> Any:
        if type(value) is not wanted:
            raise TypeError(f"a {shape.name} is a {shape.type_name} in the model, not {value!r}")
        return value

    return write
