"""The neighbours' side of the gateway: which service and operation, who calls, what about; then the journey that every call makes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from localecr import callers, cloudwatch, ledger, signatures, sts
from localecr.errors import AwsError, not_built
from localecr.http import Request, Response
from localecr.iam import simulation
from localecr.neighbours import constraints, iam, journal, protocols, resources, services, sns, sqs
from localecr.neighbours.services import Service
from localecr.registry import Lab

LARGEST_BODY = 1 << 20  # bytes
SCOPE = re.compile(r"Credential=[^/,]*/\d*/[^/,]*/([a-z0-9-]+)/")
TARGETS = {  # what X-Amz-Target begins with
    services.model(each.name).metadata["targetPrefix"]: each for each in services.SERVICES.values() if "targetPrefix" in services.model(each.name).metadata
}
ENUMS_UNCHECKED = ("sqs",)  # which has words of its own for an attribute that doesn't exist

Operation = Callable[[ledger.Call], dict[str, Any]]
# service (as IAM's actions begin) → operations of ours, which come before moto's
OWN: dict[str, dict[str, Operation]] = {
    "cloudwatch": cloudwatch.OPERATIONS,
    "iam": iam.OPERATIONS | simulation.OPERATIONS,
    "sns": sns.OPERATIONS,
    "sqs": sqs.OPERATIONS,
    "sts": sts.OPERATIONS,
}


def service_of(request: Request) -> Service | None:
    """The neighbour that a request is for, by what it is signed for, or by its target where it isn't signed."""
    scope = SCOPE.search(request.header("Authorization"))
    if scope:
        return services.SERVICES.get(scope[1])
    return TARGETS.get(request.header("X-Amz-Target").rpartition(".")[0])


def answer(lab: Lab, service: Service, request: Request, perform: Callable) -> Response:
    """Answers a request for a neighbour, in the protocol in which it came."""
    request_id, protocol, model = str(uuid.uuid4()), protocols.of(request), services.model(service.name)
    try:
        claimed = signatures.claim(lab, request, service.signed_for)
        sent = request.body(LARGEST_BODY)
        if sent is None:
            raise AwsError("RequestEntityTooLarge", f"This request has at most {LARGEST_BODY} bytes, and as many as its Content-Length says.", 413)
        caller = callers.signed(request, sent, claimed)
        body = protocols.unpacked(request, sent, LARGEST_BODY)
        name = protocol.name_of(request, body)
        if name not in model.operation_names:
            raise AwsError("UnknownOperationException", f"Could not find operation {name[:100]} for version {model.api_version}")
        operation = model.operation_model(name)
        _refuse_unbuilt(service, name)
        parameters = protocol.read(operation, request, body)
        call = _call(lab, service, name, parameters, caller, request)
        constraints.check(operation, parameters, enums=service.name not in ENUMS_UNCHECKED)
        return protocol.write(operation, _perform(service, call, perform), request_id)
    except AwsError as error:
        return protocol.fail(model, error, request_id)


def _refuse_unbuilt(service: Service, operation: str) -> None:
    if operation not in OWN.get(service.prefix, ()) and operation not in services.OFFERED.get(service.name, ()):
        raise not_built(service.prefix, operation)


def _call(lab: Lab, service: Service, operation: str, parameters: dict[str, Any], caller: callers.Caller, request: Request) -> ledger.Call:
    if service.prefix == "iam":
        iam.say_who(operation, parameters, caller.principal)
    region = "us-east-1" if service.is_global else caller.region or "us-east-1"
    owner, arn = resources.of(service.prefix, resources.Ask(lab, caller.principal.account, region, operation, parameters))
    return ledger.Call(
        lab, caller.principal, service.prefix, operation, owner, region, arn, parameters, request.remote_address, request.header("User-Agent")
    )  # fmt: skip


def _perform(service: Service, call: ledger.Call, perform: Callable) -> dict[str, Any]:
    own = OWN.get(service.prefix, {}).get(call.operation)
    if own:
        return perform(call, lambda: own(call))
    # moto is loaded before the work, which has the database's turn
    return perform(call, lambda: by_moto(call), before=lambda: journal.loaded(call.lab, call.account))


def by_moto(call: ledger.Call) -> dict[str, Any]:
    """An operation as moto does it."""
    return journal.execute(call.lab, call.account, call.region, call.service, call.operation, call.parameters)
