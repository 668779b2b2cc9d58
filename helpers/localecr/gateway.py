"""The journey of a request: who calls? → which operation? → may they? → do it → write it down → answer.

One WSGI application behind both addresses. The doors differ in how they read and answer; between that, every operation of
either door passes ``perform``.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any, TypeVar

from localecr import callers, contract, door, ecr, ecr_public, identities, layer_urls, ledger, logo_urls, oci, permissions, signatures
from localecr.errors import AwsError, not_built
from localecr.http import Request, Response
from localecr.neighbours import protocols, rest, services
from localecr.registry import Lab, Registry, catalog
from localecr.serving import BrokenBody
from localecr.store import trouble
from localecr.store.database import Closed

Result = TypeVar("Result")
log = logging.getLogger("localecr")

OPERATIONS = {"ecr": ecr.OPERATIONS, "ecr-public": ecr_public.OPERATIONS}
LARGEST_BODY = 32 << 20  # bytes: a layer part of 20 MiB in base64, with room to spare
LARGEST_ORDINARY_BODY = 1 << 20  # bytes: of a request that carries no content
WITH_CONTENT = ("UploadLayerPart", "PutImage")
# names a client may have for us; a page of some other site that resolves to us sends its own name and is refused
OUR_NAMES = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\]|([a-z0-9-]+\.)*localhost|([a-z0-9-]+\.)*amazonaws\.com|[a-z0-9-]+\.dkr-ecr\.[a-z0-9-]+\.on\.aws|public\.ecr\.aws)(:\d+)?", re.I)


TAKES_LONG = ("CompleteLayerUpload", "CreateSbomExport", "UploadLayerPart")  # with bytes to write or to hash, which must not keep others from the database


def perform(
    call: ledger.Call, work: Callable[[], Result], before: Callable[[], object] | None = None, told: Callable[[Result], dict[str, Any]] = lambda result: result,
    changed: Callable[[Result], bool] = lambda result: True,
) -> Result:
    """The stops that both doors share: decides, does the work, writes it down.

    A change and its record are one transaction: there is never one without the other. What takes long and changes nothing that
    anybody could see comes ``before``. Where the result isn't the API's answer, ``told`` makes it of it; what hasn't ``changed`` anything
    is announced to nobody. Only what TAKES_LONG and has nothing before it, as in the API, is recorded after its change.
    """
    try:
        permissions.require(call)
        if before is not None:
            before()
        alone = services.reads(call.operation) or (call.operation in TAKES_LONG and before is None)
        with nullcontext() if alone else call.lab.database.write():
            result = work()
            permissions.refuse_lock_out(call)
            ledger.write(call, answer=told(result), changed=changed(result))
    except AwsError as error:
        ledger.write(call, error)
        raise
    return result


class Gateway:
    """The application of one address: private (with every AWS API and ``/_lab``) or public."""

    def __init__(self, lab: Lab, is_public: bool, lab_door: door.LabDoor, seeded: Callable[[str], None] = lambda path: None):
        """``seeded`` returns when the course's base image whose manifest has a path is there to be pulled."""
        self._lab = lab
        self._seeded = seeded
        self._is_public = is_public
        self._lab_door = lab_door

    def __call__(self, environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        request = Request(environ, self._is_public)
        try:
            response = self._answer(request)
        except BrokenBody as error:
            response = _broken(request, error)
        except Exception as error:
            response = _failed(request, error)
        return response.send(request, start_response)

    def _answer(self, request: Request) -> Response:
        if not OUR_NAMES.fullmatch(request.host):
            return Response(421, b"This lab answers only to names of its own.\n", {"Content-Type": "text/plain"})
        if request.header("Origin"):  # which browsers send along with what a page asks of another site
            return Response(403, b"This lab answers programs, and no web pages.\n", {"Content-Type": "text/plain"})
        if refusal := self._lab_door.move(request):
            return refusal
        if request.path == "/v2" or request.path.startswith("/v2/"):
            if self._is_public and request.method in ("GET", "HEAD") and "/manifests/" in request.path:
                self._seeded(request.path)
            return oci.answer(self._lab, request, perform)
        if self._is_public and request.path.startswith(catalog.LOGOS):
            return logo_urls.answer(self._lab, request)
        if self._is_public:
            return oci.public_token(self._lab, request) if request.path.rstrip("/") == "/token" else _nothing_here()
        if request.path.startswith("/_lab/"):
            return self._lab_door.answer(request)
        if request.path.startswith("/_layers/"):
            return layer_urls.answer(self._lab, request)
        if (request.path == "/" and request.method == "POST") or request.header("Authorization").startswith(signatures.ALGORITHM) or "X-Amz-Signature" in request.query:
            return _called(self._lab, request)
        return _nothing_here()


def _called(lab: Lab, request: Request) -> Response:
    """A call of boto3 or the AWS CLI, for the registry or for a neighbour."""
    neighbour = services.service_of(request)
    if neighbour is None:
        return aws_api(lab, request)
    from localecr.neighbours import front  # and with it the operations of all neighbours, which many a lab never needs

    return front.answer(lab, neighbour, request, perform)


def aws_api(lab: Lab, request: Request) -> Response:
    """A call of boto3 or the AWS CLI: AWS JSON 1.1."""
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id}
    try:
        body = _operate(lab, request, request_id)
    except AwsError as error:
        if request.header("Content-Type").startswith(protocols.FORM):  # of a service that speaks the query protocol and isn't there
            return protocols.QUERY.fail(services.model("sts"), error, request_id)
        document = {"__type": error.code, "message": error.message} | {key: value for key, value in error.members.items() if value is not None}
        return Response.of_json(document, error.status, "application/x-amz-json-1.1", **headers)
    return Response(200, body, {"Content-Type": "application/x-amz-json-1.1"} | headers)


def _operate(lab: Lab, request: Request, request_id: str) -> bytes:
    prefix, _, name = request.header("X-Amz-Target").rpartition(".")
    service = contract.service_of(prefix)
    if service is None:
        raise _unknown_service(request)
    claimed = signatures.claim(lab, request, service)
    most = LARGEST_BODY if name in WITH_CONTENT else LARGEST_ORDINARY_BODY
    body = request.body(most)
    if body is None:
        raise AwsError("RequestEntityTooLarge", f"This request has at most {most} bytes, and as many as its Content-Length says.", 413)
    caller = callers.signed(request, body, claimed)
    operation = contract.operation(service, name)
    if name not in OPERATIONS[service]:
        raise not_built(service, name)
    if service == "ecr-public":
        ecr_public.refuse_other_regions(caller.region)
    came = {"source_address": request.remote_address, "user_agent": request.header("User-Agent"), "request_id": request_id}
    try:
        asked = contract.parse(operation, body)
        registry = _registry(lab, service, asked.get("registryId", caller.principal.account), caller.region)
    except AwsError as error:  # there is nothing yet to decide, but somebody called
        ledger.write(ledger.Call(lab, caller.principal, service, name, caller.principal.account, caller.region, "*", {}, **came), error)
        raise
    resource = _resource(registry, name, asked)
    call = ledger.Call(lab, caller.principal, service, name, registry.account, registry.region, resource, asked, **came, registry=registry)
    answer = perform(call, lambda: OPERATIONS[service][name](registry, caller.principal, asked))
    return contract.serialise(operation, answer)


def _registry(lab: Lab, service: str, named: str, region: str) -> Registry:
    """The registry of an account; a public one goes by its alias too."""
    if service == "ecr":
        return Registry(lab, "private", named, region)
    account = named if identities.ACCOUNT.fullmatch(named) else catalog.account_of(lab, named)
    if account is None:
        raise AwsError("RegistryNotFoundException", "The registry doesn't exist.")
    return Registry(lab, "public", account, region)


def _resource(registry: Registry, operation: str, asked: dict[str, Any]) -> str:
    """The ARN that an operation works on; ``*`` for what has no resource type (AWS: service authorization reference)."""
    if "repositoryName" in asked:
        return registry.arn(asked["repositoryName"])
    if operation == "DescribeRepositories":
        return registry.arn("*")
    return asked.get("resourceArn", "*")


def _unknown_service(request: Request) -> AwsError:
    found = re.search(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/", request.header("Authorization"))
    if found and found[1] not in OPERATIONS:
        action = request.header("X-Amz-Target").rpartition(".")[2] or "every operation"
        return not_built(found[1], action)
    if not found and request.header("Content-Type").startswith(protocols.FORM):
        return AwsError("MissingAuthenticationTokenException", "Request is missing Authentication Token")
    return contract.unknown_operation()


def _failed(request: Request, error: Exception) -> Response:
    """500, in the words of the door that was used: a full or broken disk is said, anything else is our mistake."""
    message = trouble.sentence(error) or (str(error) if isinstance(error, Closed) else None)
    log.error("%s %s failed: %s", request.method, request.path, message or "a mistake of the lab", exc_info=None if message else error)
    message = message or "The lab made a mistake; its server.log says which."
    if request.path.startswith("/v2"):
        return Response.of_json({"errors": [{"code": "UNKNOWN", "message": message}]}, 500, **oci.errors.HEADERS)
    return _in_words_of_an_api(request, AwsError("ServerException", message, 500))


def _in_words_of_an_api(request: Request, error: AwsError) -> Response:
    neighbour = services.service_of(request) or services.SERVICES["sts"]  # a form is some service's that speaks the query protocol
    protocol = services.protocol_of(neighbour, request)
    if protocol is rest.REST_JSON or (protocol is protocols.QUERY and request.header("Content-Type").startswith(protocols.FORM)):
        return protocol.fail(services.model(neighbour.name), error, str(uuid.uuid4()))
    return Response.of_json({"__type": error.code, "message": error.message}, error.status, "application/x-amz-json-1.1")


def _broken(request: Request, error: BrokenBody) -> Response:
    """A body that stalled, broke off or made no sense, said in the words of the door that was used."""
    if request.path.startswith("/v2"):
        return Response.of_json({"errors": [{"code": "SIZE_INVALID", "message": str(error)}]}, error.status, **oci.errors.HEADERS)
    return _in_words_of_an_api(request, AwsError("SerializationException", str(error), error.status))


def _nothing_here() -> Response:
    text = "This is the embedded AWS of ECR Lab. Point boto3, the AWS CLI or Docker at it; `ecrlab env` says how.\n"
    return Response(404, text.encode(), {"Content-Type": "text/plain; charset=utf-8"})
