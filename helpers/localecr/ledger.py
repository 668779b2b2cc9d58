"""Write it down: the last stop, one place that knows what happened through either door.

The calls of the course's own checks are left out, so that a learner's trail tells what the learner did.
"""

from __future__ import annotations

import uuid
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from localecr import records
from localecr.errors import AwsError
from localecr.events import announcements, outbox
from localecr.identities import Principal
from localecr.registry import Lab, Registry
from localecr.store import trouble

INSERT = (
    "INSERT INTO ledger (time, account, region, source, operation, error_code, caller_account, user_name, access_key_id, read_only, event_id,"
    " resource_type, resource_name, repository, pulls, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


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
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))  # which the API's clients are told
    is_recorded: bool = True  # data events, such as SendMessage, aren't: trails leave them out unless told otherwise

    @property
    def action(self) -> str:
        return f"{self.service}:{self.operation}"


def write(call: Call, error: AwsError | None = None, answer: dict[str, Any] | None = None, changed: bool = True) -> None:
    """Records a call that was served, or refused with ``error``; within a transaction as part of it.

    ``answer`` is the operation's, as the API gives it; through Docker too. What ``changed`` something is announced.
    """
    if call.principal.is_checker or not call.is_recorded:
        return
    now = call.lab.clock.now()
    rows = [_row(call, now, error, answer, record) for record in records.of(call, now, error, answer)]
    database = call.lab.database
    tolerance = nullcontext() if database.is_writing else trouble.tolerated(f"A call of {call.operation}")
    with tolerance, database.write() as transaction:
        transaction.executemany(INSERT, rows)
        if answer and changed and announcements.announces(call):
            outbox.put(call.lab, call.account, call.region, announcements.of(call, answer))


def _row(call: Call, now: float, error: AwsError | None, answer: dict[str, Any] | None, record: records.Record) -> tuple[object, ...]:
    """A record, and beside it what is asked for; see ``store/schema.py``."""
    recipient, principal = record["recipientAccountId"], call.principal
    user, key = (principal.session or principal.user, principal.access_key_id) if principal.account == recipient else (None, None)
    kind, name = records.resource(call.resource)
    pulled = len(answer["images"]) if call.operation == "BatchGetImage" and answer and recipient == call.account else 0
    return (
        now, recipient, record["awsRegion"], record["eventSource"], record["eventName"], records.error_code(call, error), principal.account, user, key,
        record["readOnly"], record["eventID"], kind, name, name if call.registry else None, pulled, records.encoded(record),
    )  # fmt: skip
