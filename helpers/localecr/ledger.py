"""Write it down: the last stop, one place that knows what happened through either door.

A record has CloudTrail's member names. The calls of the course's own checks are left out, so that a learner's
trail tells what the learner did.
"""

from __future__ import annotations

import json
import uuid
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localecr.clock import as_datetime
from localecr.errors import AwsError
from localecr.identities import Principal
from localecr.registry import Lab, Registry
from localecr.store import trouble

COLUMNS = (
    "time, account, region, source, operation, error_code, caller_account, user_name, access_key_id, read_only, event_id,"
    " resource_type, resource_name, repository, pulls, record"
)
READS = ("BatchCheck", "BatchGet", "Describe", "Get", "List")
NEVER_WRITTEN = ("layerPartBlob", "imageManifest")


@dataclass(frozen=True)
class Call:
    """One operation on its way: who, what, on whose, through which door."""

    lab: Lab
    principal: Principal
    service: str  # as IAM's actions begin: "ecr", "ecr-public", "cloudtrail", "iam"
    operation: str
    account: str  # that owns what is asked for
    region: str
    resource: str  # an ARN, or "*"
    parameters: dict[str, Any]
    source_address: str  # the client's, also where Docker's calls are recorded as ecr.amazonaws.com's
    user_agent: str
    registry: Registry | None = None  # of operations of ECR
    through_docker: bool = False  # came by the distribution protocol

    @property
    def action(self) -> str:
        return f"{self.service}:{self.operation}"


def _told(value: bytes | datetime) -> str:
    """Bytes are counted, not written down."""
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else f"{len(value)} bytes"


AS_JSON = json.JSONEncoder(default=_told)


def write(call: Call, error: AwsError | None = None, answer: dict[str, Any] | None = None) -> None:
    """Records a call that was served, or refused with ``error``; within a transaction as part of it.

    ``answer`` is the operation's, as the API gives it; through Docker too.
    """
    if call.principal.is_checker:
        return
    lab, now = call.lab, call.lab.clock.now()
    source = f"{call.service}.amazonaws.com"
    record = {
        "userIdentity": {"type": call.principal.kind, "arn": call.principal.arn, "accountId": call.principal.account, "accessKeyId": call.principal.access_key_id},
        "eventTime": as_datetime(now).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": source,
        "eventName": call.operation,
        "awsRegion": call.region or "us-east-1",
        "sourceIPAddress": source if call.through_docker else call.source_address,
        "userAgent": source if call.through_docker else call.user_agent,
        "requestParameters": {key: value for key, value in call.parameters.items() if key not in NEVER_WRITTEN} or None,
        "eventID": str(uuid.uuid4()),
        "recipientAccountId": call.account,
    }
    if error:
        record |= {"errorCode": error.code, "errorMessage": error.message}
    is_repository = call.registry is not None and "repositoryName" in call.parameters
    name = call.parameters["repositoryName"] if is_repository else None
    pulls = len((answer or {}).get("images", ())) if call.operation == "BatchGetImage" and not error else 0
    row = (
        now, call.account, record["awsRegion"], record["eventSource"], call.operation, error and error.code, call.principal.account, call.principal.user,
        call.principal.access_key_id, call.operation.startswith(READS), record["eventID"], "AWS::ECR::Repository" if name else None, name, name, pulls,
        AS_JSON.encode(record),
    )  # fmt: skip
    tolerance = nullcontext() if lab.database.is_writing else trouble.tolerated(f"A call of {call.operation}")
    with tolerance, lab.database.write() as transaction:
        transaction.execute(f"INSERT INTO ledger ({COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)
