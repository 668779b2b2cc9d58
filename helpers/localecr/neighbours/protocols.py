"""The wire formats that boto3 and the AWS CLI speak with the neighbours, read and answered as a server does.

AWS JSON 1.0 and 1.1, and the query protocol (a form, answered in XML; what older clients speak with SQS and CloudWatch too), both by the
shapes of botocore's models. A request is a name and parameters in the model's member names, whatever it came in.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from localecr.clock import as_datetime, parse_instant
from localecr.errors import AwsError
from localecr.http import Request, Response

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 10_000  # of a form
DEEPEST = 12  # levels of a form's names: Entries.1.MessageAttribute.2.Value.StringValue has six
NUMBER = re.compile(r"-?\d{1,12}(\.\d+)?")
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
SENDER = 500  # below this status an error is the client's

# how the query protocol calls what the JSON one calls so, and with which status (AWS: common errors of a query API)
QUERY_CODES = {
    "AccessDeniedException": "AccessDenied", "UnrecognizedClientException": "InvalidClientTokenId", "InvalidSignatureException": "SignatureDoesNotMatch",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken", "IncompleteSignatureException": "IncompleteSignature",
    "ExpiredTokenException": "ExpiredToken", "ValidationException": "ValidationError", "UnknownOperationException": "InvalidAction",
    "SerializationException": "MalformedInput", "ServerException": "InternalFailure",
}  # fmt: skip
QUERY_STATUSES = dict.fromkeys(("AccessDenied", "InvalidClientTokenId", "SignatureDoesNotMatch", "MissingAuthenticationToken", "ExpiredToken"), 403)
SQS_PREFIX = "AWS.SimpleQueueService."
SQS_CODES = {"QueueDoesNotExist": SQS_PREFIX + "NonExistentQueue", "QueueNameExists": "QueueAlreadyExists", "OverLimit": "OverLimit"}


@dataclass(frozen=True)
class Protocol:
    """``name_of`` finds the operation's name, ``read`` its parameters, ``write`` and ``fail`` make answers; the id is the request's."""

    name_of: Callable[[ServiceModel, Request, bytes], str]
    read: Callable[[OperationModel, Request, bytes], dict[str, Any]]
    write: Callable[[OperationModel, dict[str, Any], str], Response]
    fail: Callable[[ServiceModel, AwsError, str], Response]


def of(request: Request) -> Protocol:
    """The protocol of a request, as its head tells."""
    return JSON if request.header("X-Amz-Target") else QUERY


def unpacked(request: Request, body: bytes, most: int) -> bytes:
    """A body as it was before the client compressed it (botocore does it with long PutMetricData)."""
    if request.header("Content-Encoding").lower() != "gzip":
        return body
    try:
        inflate = zlib.decompressobj(wbits=31)
        plain = inflate.decompress(body, most + 1)
    except zlib.error as error:
        raise unreadable("The body is no gzip") from error
    if len(plain) > most:
        raise AwsError("RequestEntityTooLarge", f"This request has at most {most} bytes.", 413)
    return plain


def unreadable(message: str) -> AwsError:
    """The error for a request that can't be read."""
    return AwsError("SerializationException", message)


# ---- values by their shapes, as JSON has them


def typed(shape: Shape, value: Any) -> Any:
    """A value as plain JSON has it, in the types of its shape; what no member is called is left out."""
    kind = shape.type_name
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        given = ((name, member, value.get(member.serialization.get("name", name))) for name, member in shape.members.items())
        return {name: typed(member, each) for name, member, each in given if each is not None}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [typed(shape.member, each) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {str(key): typed(shape.value, each) for key, each in value.items()}
    if kind == "string" and isinstance(value, str) or kind == "boolean" and isinstance(value, bool):
        return value
    if kind in ("integer", "long") and isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value):
        return int(value)
    if kind in ("float", "double") and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if kind == "timestamp":
        return _instant(value)
    if kind == "blob":
        return _bytes(value)
    raise unreadable(f"A value of {shape.name} is no {kind}")


def _instant(value: Any) -> datetime:
    try:
        if isinstance(value, (int, float)) or NUMBER.fullmatch(value):
            return as_datetime(float(value))
        return parse_instant(value).astimezone(timezone.utc)
    except (ValueError, TypeError, OverflowError) as error:
        raise unreadable(f"{str(value)[:40]!r} is no time") from error


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (ValueError, TypeError) as error:
        raise unreadable("Invalid Base64") from error


def plain(shape: Shape, value: Any) -> Any:
    """An answer's value as JSON has it. A member that the model doesn't know is our mistake: it raises KeyError."""
    if isinstance(shape, StructureShape):
        members = shape.members
        return {members[name].serialization.get("name", name): plain(members[name], each) for name, each in value.items() if each is not None}
    if isinstance(shape, ListShape):
        return [plain(shape.member, each) for each in value]
    if isinstance(shape, MapShape):
        return {key: plain(shape.value, each) for key, each in value.items()}
    if shape.type_name == "timestamp":
        return value.timestamp() if isinstance(value, datetime) else value
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    return value


def _names(service: ServiceModel, code: str) -> tuple[str, str]:
    """What JSON calls an error, and what the query protocol does; either may be known."""
    if service.service_name == "sqs":
        name = next((new for new, old in SQS_CODES.items() if old == code), code.removeprefix(SQS_PREFIX))
        return name, SQS_CODES.get(name, SQS_PREFIX + name if code != name else QUERY_CODES.get(code, code))
    shape = next((shape for shape in service.error_shapes if code in (shape.name, shape.error_code)), None)
    return shape.name if shape else code, QUERY_CODES.get(code) or (shape.error_code if shape else code)


def _error_headers(service: ServiceModel, error: AwsError, request_id: str) -> tuple[str, dict[str, str]]:
    """The error's name in JSON, and the headers; for services that spoke query once, with its code there."""
    (name, code), headers = _names(service, error.code), {"x-amzn-RequestId": request_id}
    if "awsQueryCompatible" in service.metadata:
        headers["x-amzn-query-error"] = f"{code};{'Sender' if error.status < SENDER else 'Receiver'}"
        return f"com.amazonaws.{service.service_name}#{name}", headers
    return name, headers


def error_document(service: ServiceModel, error: AwsError) -> dict[str, Any]:
    """What an error says beside its name: the sentence, and what else its shape has."""
    shape = next((shape for shape in service.error_shapes if error.code in (shape.name, shape.error_code)), None)
    known = shape.members if shape else {}
    return {"message": error.message} | {key: value for key, value in error.members.items() if key in known and value is not None}


# ---- AWS JSON


def _json_name(service: ServiceModel, request: Request, body: bytes) -> str:
    return request.header("X-Amz-Target").rpartition(".")[2]


def read_object(body: bytes) -> Any:
    """A body of JSON; of an empty one an empty object. Raises SerializationException."""
    try:
        document = json.loads(body.decode("utf-8") or "{}")
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8")  # half a surrogate pair is no text, NaN no number
    except (ValueError, RecursionError) as error:
        raise unreadable("Could not parse request body into json") from error
    return document


def _read_json(operation: OperationModel, request: Request, body: bytes) -> dict[str, Any]:
    return typed(operation.input_shape, read_object(body)) if operation.input_shape else {}


def _json_type(service: ServiceModel) -> str:
    return f"application/x-amz-json-{service.metadata.get('jsonVersion', '1.1')}"


def _write_json(operation: OperationModel, answer: dict[str, Any], request_id: str) -> Response:
    document = plain(operation.output_shape, answer) if operation.output_shape else {}
    return Response.of_json(document, 200, _json_type(operation.service_model), **{"x-amzn-RequestId": request_id})


def _fail_json(service: ServiceModel, error: AwsError, request_id: str) -> Response:
    name, headers = _error_headers(service, error, request_id)
    return Response.of_json({"__type": name} | error_document(service, error), error.status, _json_type(service), **headers)


# ---- the query protocol


def _fields(request: Request, body: bytes) -> dict[str, str]:
    try:
        text = body.decode("utf-8") if request.method == "POST" else request.query_string
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"))
    except ValueError as error:
        raise unreadable("Could not parse request body as a form") from error


def _query_name(service: ServiceModel, request: Request, body: bytes) -> str:
    return _fields(request, body).get("Action", "")


def _read_query(operation: OperationModel, request: Request, body: bytes) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in _fields(request, body).items():
        *path, last = name.split(".", DEEPEST)
        branch = tree
        for part in path:
            inner = branch.get(part)
            if not isinstance(inner, dict):
                inner = branch[part] = {}
            branch = inner
        branch.setdefault(last, value)
    return _from_form(operation.input_shape, tree) if operation.input_shape else {}


def _from_form(shape: Shape, node: Any) -> Any:
    """A value of the tree that a form's dotted names make."""
    kind = shape.type_name
    if isinstance(shape, StructureShape):
        if not isinstance(node, dict):
            raise unreadable(f"A value of {shape.name} is no {kind}")
        given = ((name, member, node.get(_in_form(shape, name, member))) for name, member in shape.members.items())
        return {name: _from_form(member, each) for name, member, each in given if each is not None}
    if isinstance(shape, ListShape):
        if node == "":
            return []
        items = node if shape.serialization.get("flattened") else node.get(shape.member.serialization.get("name", "member"), {}) if isinstance(node, dict) else node
        return [_from_form(shape.member, each) for each in _numbered(shape, items)]
    if isinstance(shape, MapShape):
        entries = node if shape.serialization.get("flattened") else node.get("entry", {}) if isinstance(node, dict) else node
        key, value = _map_names(shape)
        pairs = [each for each in _numbered(shape, entries) if isinstance(each, dict) and key in each]
        return {str(pair[key]): _from_form(shape.value, pair.get(value, "")) for pair in pairs}
    if not isinstance(node, str):
        raise unreadable(f"A value of {shape.name} is no {kind}")
    try:
        if kind in ("integer", "long"):
            return int(node)
        if kind in ("float", "double"):
            return float(node)
    except ValueError as error:
        raise unreadable(f"{node[:40]!r} is no {kind}") from error
    return node.lower() == "true" if kind == "boolean" else typed(shape, node)


def _numbered(shape: Shape, items: Any) -> list[Any]:
    if not isinstance(items, dict) or not all(key.isascii() and key.isdigit() and len(key) < 7 for key in items):
        raise unreadable(f"A value of {shape.name} is no {shape.type_name}")
    return [items[key] for key in sorted(items, key=int)]


def _in_form(owner: Shape, name: str, member: Shape) -> str:
    """A member's name in a form and in XML. Of SQS, whose model doesn't keep the old names, by the rule that they followed."""
    named = member.serialization.get("name")
    if named or not member.serialization.get("flattened"):
        return named or name
    if isinstance(member, ListShape):
        return member.member.serialization.get("name") or member.name.removesuffix("List")
    return name[0].upper() + name[1:].removesuffix("s")


def _map_names(shape: MapShape) -> tuple[str, str]:
    if shape.serialization.get("flattened") and "name" not in shape.key.serialization:
        return ("Key" if shape.name == "TagMap" else "Name"), "Value"
    return shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")


def _write_query(operation: OperationModel, answer: dict[str, Any], request_id: str) -> Response:
    result = ""
    if operation.output_shape:
        wrapper = operation.output_shape.serialization.get("resultWrapper", f"{operation.name}Result")
        result = f"<{wrapper}>{_members(operation.output_shape, answer)}</{wrapper}>"
    namespace = operation.service_model.metadata.get("xmlNamespace", "http://queue.amazonaws.com/doc/2012-11-05/")
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    text = f'<{operation.name}Response xmlns="{namespace}">{result}{metadata}</{operation.name}Response>'
    return Response(200, text.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": request_id})


def _members(shape: StructureShape, value: dict[str, Any]) -> str:
    return "".join(_element(_in_form(shape, name, shape.members[name]), shape.members[name], each) for name, each in value.items() if each is not None)


def _element(name: str, shape: Shape, value: Any) -> str:
    flattened = shape.serialization.get("flattened")
    if isinstance(shape, ListShape):
        member = name if flattened else shape.member.serialization.get("name", "member")
        inner = "".join(_element(member, shape.member, each) for each in value)
        return inner if flattened else f"<{name}>{inner}</{name}>"
    if isinstance(shape, MapShape):
        key_name, value_name = _map_names(shape)
        entry = name if flattened else "entry"
        pairs = (f"<{entry}>{_element(key_name, shape.key, key)}{_element(value_name, shape.value, each)}</{entry}>" for key, each in value.items())
        return "".join(pairs) if flattened else f"<{name}>{''.join(pairs)}</{name}>"
    return f"<{name}>{_members(shape, value) if isinstance(shape, StructureShape) else _text(shape, value)}</{name}>"


def _text(shape: Shape, value: Any) -> str:
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if shape.type_name == "timestamp":
        return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    return escape(NOT_IN_XML.sub("\ufffd", str(value)), quote=False).replace("\r", "&#xD;")


def _fail_query(service: ServiceModel, error: AwsError, request_id: str) -> Response:
    code = _names(service, error.code)[1]
    status = QUERY_STATUSES.get(code, error.status)
    if service.service_name == "sns" and code == "AccessDenied":
        code = "AuthorizationError"  # as SNS alone calls it (AWS: SNS API reference, common errors)
    kind = "Sender" if status < SENDER else "Receiver"
    inner = f"<Type>{kind}</Type><Code>{code}</Code><Message>{_text(_TEXT, error.message)}</Message>"
    namespace = service.metadata.get("xmlNamespace", "http://queue.amazonaws.com/doc/2012-11-05/")
    text = f'<ErrorResponse xmlns="{namespace}"><Error>{inner}</Error><RequestId>{request_id}</RequestId></ErrorResponse>'
    return Response(status, text.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": request_id})


_TEXT = Shape("Text", {"type": "string"})

JSON = Protocol(_json_name, _read_json, _write_json, _fail_json)
QUERY = Protocol(_query_name, _read_query, _write_query, _fail_query)
