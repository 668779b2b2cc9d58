"""Write it down: the last stop, one place that knows what happened through either door.

A record has CloudTrail's member names. The calls of the course's own checks are left out, so that a learner's
trail tells what the learner did.
"""

from __future__ import annotations

import json
import uuid
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from localecr.clock import as_datetime
from localecr.errors import AwsError
from localecr.identities import Principal
from localecr.registry import Registry
from localecr.store import trouble

NEVER_WRITTEN = ("layerPartBlob", "imageManifest")


@dataclass(frozen=True)
class Call:
    """One operation on its way: who, what, on which registry, through which door."""

    principal: Principal
    service: str  # "ecr" or "ecr-public"
    operation: str
    registry: Registry
    resource: str  # an ARN, or "*"
    parameters: dict[str, Any]
    source_address: str
    user_agent: str

    @property
    def action(self) -> str:
        return f"{self.service}:{self.operation}"


def _counted(value: bytes) -> str:
    """Bytes are counted, not written down."""
    return f"{len(value)} bytes"


AS_JSON = json.JSONEncoder(default=_counted)


def write(call: Call, error: AwsError | None = None) -> None:
    """Records a call that was served, or refused with ``error``; within a transaction as part of it."""
    if call.principal.is_checker:
        return
    lab, now = call.registry.lab, call.registry.lab.clock.now()
    record = {
        "userIdentity": {"type": "IAMUser", "arn": call.principal.arn, "accountId": call.principal.account, "accessKeyId": call.principal.access_key_id},
        "eventTime": as_datetime(now).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": call.operation,
        "awsRegion": call.registry.region or "us-east-1",
        "sourceIPAddress": call.source_address,
        "userAgent": call.user_agent,
        "requestParameters": {key: value for key, value in call.parameters.items() if key not in NEVER_WRITTEN} or None,
        "eventID": str(uuid.uuid4()),
        "recipientAccountId": call.registry.account,
    }
    if error:
        record |= {"errorCode": error.code, "errorMessage": error.message}
    row = (
        now, call.registry.account, record["awsRegion"], record["eventSource"], call.operation, error and error.code,
        AS_JSON.encode(record),
    )  # fmt: skip
    tolerance = nullcontext() if lab.database.is_writing else trouble.tolerated(f"A call of {call.operation}")
    with tolerance, lab.database.write() as transaction:
        transaction.execute("INSERT INTO ledger (time, account, region, source, operation, error_code, record) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
