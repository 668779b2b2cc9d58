"""The neighbours' side of the gateway: which service and operation, who calls, what about; then the journey that every call makes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from botocore.model import OperationModel

from localecr import callers, cloudtrail, cloudwatch, eventbridge, ledger, signatures, sts
from localecr.errors import AwsError, not_built
from localecr.http import Request, Response
from localecr.iam import simulation
from localecr.inspector import operations as inspector
from localecr.neighbours import constraints, iam, journal, logs, protocols, resources, secretsmanager, services, sns, sqs
from localecr.neighbours.services import Service
from localecr.registry import Lab

LARGEST_BODY = 1 << 20  # bytes
ENUMS_UNCHECKED = ("sqs",)  # which has words of its own for an attribute that doesn't exist
CHECKS_ITSELF = ("cloudtrail",)  # which has an error of its own for each parameter

Operation = Callable[[ledger.Call], dict[str, Any]]
# service → operations of ours, which come before moto's
OWN: dict[str, dict[str, Operation]] = {
    "cloudtrail": cloudtrail.OPERATIONS,
    "cloudwatch": cloudwatch.OPERATIONS,
    "events": eventbridge.OPERATIONS,
    "iam": iam.OPERATIONS | simulation.OPERATIONS,
    "inspector2": inspector.OPERATIONS,
    "logs": logs.OPERATIONS,
    "secretsmanager": secretsmanager.OPERATIONS,
    "sns": sns.OPERATIONS,
    "sqs": sqs.OPERATIONS,
    "sts": sts.OPERATIONS,
}


def answer(lab: Lab, service: Service, request: Request, perform: Callable) -> Response:
    """Answers a request for a neighbour, in the protocol in which it came."""
    request_id, protocol, model = str(uuid.uuid4()), services.protocol_of(service, request), services.model(service.name)
    try:
        claimed = signatures.claim(lab, request, service.signed_for)
        sent = request.body(LARGEST_BODY)
        if sent is None:
            raise AwsError("RequestEntityTooLarge", f"This request has at most {LARGEST_BODY} bytes, and as many as its Content-Length says.", 413)
        caller = callers.signed(request, sent, claimed)
        body = protocols.unpacked(request, sent, LARGEST_BODY)
        name = protocol.name_of(model, request, body)
        if name not in model.operation_names:
            raise AwsError("UnknownOperationException", f"Could not find operation {name[:100]} for version {model.api_version}")
        operation = model.operation_model(name)
        _refuse_unbuilt(service, name)
        parameters = protocol.read(operation, request, body)
        call = _call(lab, service, name, parameters, caller, request, request_id)
        _check(service, operation, call)
        return protocol.write(operation, _perform(service, call, perform), request_id)
    except AwsError as error:
        return protocol.fail(model, error, request_id)


def _check(service: Service, operation: OperationModel, call: ledger.Call) -> None:
    """Refuses what breaks a rule of the model, before anything is decided, and writes that down."""
    try:
        if service.name not in CHECKS_ITSELF:
            constraints.check(operation, call.parameters, enums=service.name not in ENUMS_UNCHECKED)
    except AwsError as error:
        ledger.write(call, error)
        raise


def _refuse_unbuilt(service: Service, operation: str) -> None:
    if operation not in OWN.get(service.name, ()) and operation not in services.OFFERED.get(service.name, ()):
        raise not_built(service.name, operation)


def _call(lab: Lab, service: Service, operation: str, parameters: dict[str, Any], caller: callers.Caller, request: Request, request_id: str) -> ledger.Call:
    if service.name == "iam":
        iam.refuse_session(caller.principal)
        iam.say_who(operation, parameters, caller.principal)
    region = "us-east-1" if service.is_global else caller.region or "us-east-1"
    owner, arn = resources.of(service.name, resources.Ask(lab, caller.principal.account, region, operation, parameters))
    return ledger.Call(
        lab, caller.principal, service.name, operation, owner, region, arn, parameters, request.remote_address, request.header("User-Agent"),
        request_id=request_id, is_recorded=services.is_recorded(service.name, operation),
    )  # fmt: skip


def _perform(service: Service, call: ledger.Call, perform: Callable) -> dict[str, Any]:
    work = OWN.get(service.name, {}).get(call.operation, by_moto)
    needs_moto = call.operation in services.OFFERED.get(service.name, ())
    # moto is loaded before the work, which has the database's turn
    return perform(call, lambda: work(call), before=(lambda: journal.loaded(call.lab, call.account)) if needs_moto else None)


def by_moto(call: ledger.Call) -> dict[str, Any]:
    """An operation as moto does it."""
    return journal.execute(call.lab, call.account, call.region, call.service, call.operation, call.parameters)
