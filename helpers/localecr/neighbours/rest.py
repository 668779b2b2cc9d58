"""REST-JSON, in which newer services speak: an operation is a method and a path, its parameters stand in path, query, headers and a JSON body.

Which member stands where, botocore's models say (``location``). Smithy: AWS restJson1 protocol.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from email.utils import format_datetime, parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from localecr.errors import AwsError
from localecr.http import Request, Response
from localecr.neighbours.protocols import Protocol, error_document, plain, read_object, typed, unreadable

JSON_TYPE = "application/json"
LABEL = re.compile(r"\{(\w+)(\+?)\}")  # {name} is one piece of a path, {name+} the rest of it
NOT_FOUND = 404


@cache
def _routes(model: ServiceModel) -> list[tuple[str, re.Pattern[str], frozenset[tuple[str, str]], str]]:
    """Method, path, what the query must have, and the operation; the more literal path first, so that /tags/all comes before /tags/{arn}."""
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        pattern = "".join(_pattern(piece) for piece in re.split(r"(\{\w+\+?\})", path))
        wanted = frozenset((key, value) for key, values in parse_qs(query, keep_blank_values=True).items() for value in values)
        found.append((len(LABEL.findall(path)), -len(path), http["method"], re.compile(pattern), wanted, name))
    return [tuple(route[2:]) for route in sorted(found, key=lambda route: (route[:2], -len(route[4])))]


def _pattern(piece: str) -> str:
    label = LABEL.fullmatch(piece)
    if label is None:
        return re.escape(piece)
    return f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})"


def _path(request: Request) -> str:
    """The path as it was sent: what is quoted in it (an ARN's slashes) belongs to a label."""
    sent = request.environ.get("REQUEST_URI") or request.path
    return re.sub(r"^\w+://[^/]*", "", sent).partition("?")[0]


def _query(request: Request) -> dict[str, list[str]]:
    try:
        return parse_qs(request.query_string, keep_blank_values=True, max_num_fields=1000, errors="strict")
    except ValueError as error:
        raise unreadable("Could not parse the query") from error


def _found(service: ServiceModel, request: Request) -> tuple[str, dict[str, str]] | None:
    """The operation of a method and a path, and its labels."""
    path, query = _path(request), _query(request)
    given = {(key, value) for key, values in query.items() for value in values}
    for method, pattern, wanted, name in _routes(service):
        matched = pattern.fullmatch(path) if method == request.method and wanted <= given else None
        if matched:
            return name, {label: unquote(value) for label, value in matched.groupdict().items()}
    return None


def _name(service: ServiceModel, request: Request, body: bytes) -> str:
    found = _found(service, request)
    return found[0] if found else f"{request.method} {_path(request)}"


def _read(operation: OperationModel, request: Request, body: bytes) -> dict[str, Any]:
    shape = operation.input_shape
    if shape is None:
        return {}
    found = _found(operation.service_model, request)
    labels, query = found[1] if found else {}, _unclaimed(operation, _query(request))
    placed = {name: member for name, member in shape.members.items() if "location" in member.serialization}
    named = {_wire_name(name, member) for name, member in placed.items() if not isinstance(member, MapShape)}
    given = {name: _told(name, member, labels, query, request, named) for name, member in placed.items()}
    return {name: value for name, value in given.items() if value is not None} | _of_body(shape, body)


def _wire_name(name: str, member: Shape) -> str:
    return member.serialization.get("name", name)


def _unclaimed(operation: OperationModel, query: dict[str, list[str]]) -> dict[str, list[str]]:
    """The query without what the operation's path has in it, which tells no parameter."""
    fixed = parse_qs(operation.http["requestUri"].partition("?")[2], keep_blank_values=True)
    return {key: values for key, values in query.items() if key not in fixed}


def _told(name: str, member: Shape, labels: dict[str, str], query: dict[str, list[str]], request: Request, named: set[str]) -> Any:
    """What path, query or headers say of a member; None where they say nothing. ``named``: what the other members are called there."""
    location, wire = member.serialization["location"], _wire_name(name, member)
    if location == "uri":
        return _value(member, labels[wire]) if wire in labels else None
    if location == "querystring":
        return _of_query(member, wire, query, named)
    if location == "headers":
        return {key: value for key, value in _headers(request, wire)} or None
    value = request.header(wire)
    if not value:
        return None
    return [_value(member.member, each.strip()) for each in value.split(",")] if isinstance(member, ListShape) else _value(member, value, "rfc822")


def _of_query(member: Shape, wire: str, query: dict[str, list[str]], named: set[str]) -> Any:
    if isinstance(member, MapShape):  # each key of it is a parameter, but for those that other members are
        rest = {key: values for key, values in query.items() if key not in named}
        return {key: values if isinstance(member.value, ListShape) else _value(member.value, values[0]) for key, values in rest.items()} or None
    if wire not in query:
        return None
    return [_value(member.member, each) for each in query[wire]] if isinstance(member, ListShape) else _value(member, query[wire][0])


def _headers(request: Request, prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in request.environ.items():
        if key.startswith("HTTP_"):
            header = key.removeprefix("HTTP_").replace("_", "-").lower()
            if header.startswith(prefix.lower()):
                yield header.removeprefix(prefix.lower()), value


def _value(shape: Shape, text: str, form: str = "iso8601") -> Any:
    """A text of a path, a query or a header in the type of its shape."""
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
        if kind == "timestamp" and shape.serialization.get("timestampFormat", form) == "rfc822":
            return parsedate_to_datetime(text)
    except (ValueError, TypeError) as error:
        raise unreadable(f"{text[:40]!r} is no {kind}") from error
    if kind == "boolean":
        if text not in ("true", "false"):
            raise unreadable(f"{text[:40]!r} is no boolean")
        return text == "true"
    return typed(shape, text)


def _of_body(shape: StructureShape, body: bytes) -> dict[str, Any]:
    """The members that the body carries: all that stand nowhere else, or the one that is the payload."""
    payload = shape.serialization.get("payload")
    if payload is None:
        document = read_object(body)
        rest = {name: member for name, member in shape.members.items() if "location" not in member.serialization}
        found = typed(shape, document)
        return {name: value for name, value in found.items() if name in rest}
    member = shape.members[payload]
    if isinstance(member, StructureShape):
        return {payload: typed(member, read_object(body))} if body else {}
    return {payload: body if member.type_name == "blob" else body.decode("utf-8", "replace")} if body else {}


def _write(operation: OperationModel, answer: dict[str, Any], request_id: str) -> Response:
    shape, status = operation.output_shape, operation.http.get("responseCode", 200)
    headers = {"x-amzn-RequestId": request_id}
    if shape is None:
        return Response.of_json({}, status, JSON_TYPE, **headers)
    for name, value in answer.items():
        place = shape.members[name].serialization.get("location")
        if place == "statusCode":
            status = value
        elif place == "header" and value is not None:
            headers[_wire_name(name, shape.members[name])] = _in_header(value)
        elif place == "headers":
            headers |= {shape.members[name].serialization.get("name", "") + key: each for key, each in value.items()}
    payload = shape.serialization.get("payload")
    if payload is not None and not isinstance(shape.members[payload], StructureShape):
        content = answer.get(payload) or b""
        return Response(status, content if isinstance(content, bytes) else content.encode(), {"Content-Type": "application/octet-stream"} | headers)
    if payload is not None:
        return Response.of_json(plain(shape.members[payload], answer.get(payload) or {}), status, JSON_TYPE, **headers)
    told = {name: value for name, value in answer.items() if "location" not in shape.members[name].serialization}
    return Response.of_json(plain(shape, told), status, JSON_TYPE, **headers)


def _in_header(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_datetime(value, usegmt=True) if hasattr(value, "astimezone") else str(value)


def _fail(service: ServiceModel, error: AwsError, request_id: str) -> Response:
    """The error's name stands in a header, and its status in the model."""
    shape = next((shape for shape in service.error_shapes if error.code == shape.name), None)
    status = shape.metadata.get("error", {}).get("httpStatusCode", error.status) if shape else error.status
    if error.code == "UnknownOperationException":
        status = NOT_FOUND
    headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": error.code}
    return Response.of_json(error_document(service, error), status, JSON_TYPE, **headers)


REST_JSON = Protocol(_name, _read, _write, _fail)
