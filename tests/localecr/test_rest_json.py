"""REST-JSON, judged by botocore: what its serialiser sends is read as it was meant, and what the lab answers its parser reads as it was told."""

from __future__ import annotations

import io
import json
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from localecr.errors import AwsError
from localecr.http import Request, Response
from localecr.neighbours import services
from localecr.neighbours.rest import REST_JSON

# services that use what there is: labels that swallow slashes, lists and maps in queries, headers, payloads of bytes, statuses
SERVICES = ("apigateway", "batch", "eks", "glacier", "inspector2", "iot", "lambda", "signer")


def model(service: str, name: str) -> OperationModel:
    return services.model(service).operation_model(name)


OPERATIONS = [(service, name) for service in SERVICES for name in services.model(service).operation_names]
MOMENT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
DEEPEST = 7


def example(shape: Shape, depth: int = 0) -> Any:
    """A value of a shape with something in each of its members; of a union in one."""
    if isinstance(shape, StructureShape):
        members = dict(list(shape.members.items())[: 1 if shape.is_tagged_union else None]) if depth < DEEPEST else {}
        return {name: example(member, depth + 1) for name, member in members.items()}
    if isinstance(shape, ListShape):
        return [example(shape.member, depth + 1)]
    if isinstance(shape, MapShape):
        return {"some key": example(shape.value, depth + 1)}
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "a/b c:&=%+"
    return {"integer": 7, "long": 1 << 40, "float": 1.5, "double": 2.25, "boolean": True, "timestamp": MOMENT, "blob": b"\x00 bytes"}[shape.type_name]


def sent(operation: OperationModel, parameters: dict[str, Any]) -> tuple[Request, bytes]:
    """The request that botocore makes of an operation's parameters, as a server gets it."""
    made = create_serializer("rest-json", include_validation=False).serialize_to_request(parameters, operation)
    path, _, fixed = made["url_path"].partition("?")
    query = "&".join(filter(None, (fixed, urlencode(made["query_string"], doseq=True))))
    body = made["body"] if isinstance(made["body"], bytes) else str(made["body"]).encode()
    environ = {"REQUEST_METHOD": made["method"], "PATH_INFO": path, "REQUEST_URI": f"{path}?{query}", "QUERY_STRING": query, "wsgi.input": io.BytesIO(body)}
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": str(each) for name, each in made["headers"].items()}
    return Request(environ, False), body


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_a_request_is_read_as_it_was_meant(service, name):
    operation = model(service, name)
    meant = example(operation.input_shape) if operation.input_shape else {}
    request, body = sent(operation, meant)
    assert REST_JSON.name_of(operation.service_model, request, body) == name
    assert REST_JSON.read(operation, request, body) == meant


@pytest.mark.parametrize(("service", "name"), [each for each in OPERATIONS if not model(*each).has_event_stream_output])
def test_an_answer_is_read_as_it_was_told(service, name):
    operation = model(service, name)
    told = example(operation.output_shape) if operation.output_shape else {}
    for member, shape in operation.output_shape.members.items() if operation.output_shape else ():
        if shape.serialization.get("location") == "statusCode":
            told[member] = 202
    answer = REST_JSON.write(operation, told, "an-id")
    got = parsed(answer, operation)
    assert got.pop("ResponseMetadata")["RequestId"] == "an-id"
    if operation.has_streaming_output:  # which botocore's client hands on as a stream, whatever the parser makes of it
        got[operation.output_shape.serialization["payload"]] = answer.body
    assert got == told


def parsed(answer: Response, operation: OperationModel) -> dict[str, Any]:
    return create_parser("rest-json").parse({"status_code": answer.status, "headers": Lower(answer.headers), "body": answer.body}, operation.output_shape)


class Lower(dict):
    """Headers as a client's library has them: found whatever the case."""

    def __init__(self, headers: dict[str, str]):
        super().__init__({name.lower(): value for name, value in headers.items()})

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())


def test_an_error_has_its_name_in_a_header_its_status_from_the_model_and_what_its_shape_has():
    error = AwsError("ConflictException", "It is there.", resourceId="x", resourceType="filter", somethingElse="y")
    answer = REST_JSON.fail(services.model("inspector2"), error, "an-id")
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (409, "ConflictException")
    assert json.loads(answer.body) == {"message": "It is there.", "resourceId": "x", "resourceType": "filter"}
    assert parsed(answer, model("inspector2", "ListFindings"))["Error"] == {"Code": "ConflictException", "Message": "It is there."}


@pytest.fixture
def asked(lab_endpoint, door):
    """`asked(method, path, body)`: what the lab answers a request to Inspector that no client of AWS's would send."""
    keys = door.keys("111122223333")

    def ask(method: str, path: str, body: bytes = b"") -> requests.Response:
        request = AWSRequest(method, lab_endpoint.url + path, headers={"Content-Type": "application/json"}, data=body)
        SigV4Auth(Credentials(keys["access_key_id"], keys["secret_access_key"]), "inspector2", "us-east-1").add_auth(request)
        return requests.request(method, request.url, headers=dict(request.headers), data=body, timeout=30)

    return ask


@pytest.mark.parametrize(("method", "path"), [("POST", "/nowhere"), ("GET", "/findings/list"), ("POST", "/"), ("POST", "/findings/list/more")])
def test_a_path_of_no_operation_is_404(asked, method, path):
    answer = asked(method, path)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (404, "UnknownOperationException")
    assert answer.json()["message"].startswith(f"Could not find operation {method} {path}")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff", b'{"maxResults": "many"}', b'{"maxResults": 1e400}', b'{"filterCriteria": []}', b'{"nextToken": 5}', b'{"maxResults": NaN}'])
def test_a_body_that_cannot_be_read_is_refused_in_a_sentence(asked, body):
    answer = asked("POST", "/findings/list", body)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (400, "SerializationException")
    assert answer.json()["message"]


def test_an_empty_body_is_a_request_without_parameters(asked):
    assert asked("POST", "/findings/list").status_code == 200


def test_whoever_signs_wrongly_is_told_so_in_the_same_protocol(lab_endpoint):
    request = AWSRequest("POST", lab_endpoint.url + "/findings/list", headers={"Content-Type": "application/json"}, data=b"{}")
    SigV4Auth(Credentials("AKIAIOSFODNN7EXAMPLE", "wrong"), "inspector2", "us-east-1").add_auth(request)
    answer = requests.post(request.url, headers=dict(request.headers), data=b"{}", timeout=30)
    assert answer.headers["x-amzn-ErrorType"] == "UnrecognizedClientException"
    assert answer.json() == {"message": "The security token included in the request is invalid."}
