"""What a record says of a call: CloudTrail's fields, in the order of its samples. AWS: CloudTrail record contents.

A secret is never written: no token, no key's secret, no layer's bytes.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from localecr.clock import as_datetime, in_words
from localecr.errors import AwsError

if TYPE_CHECKING:
    from localecr.ledger import Call

Record = dict[str, Any]
VERSION = "1.11"
GLOBAL = ("ecr-public",)  # services whose calls are recorded in us-east-1, wherever they were made
HOSTS = {"cloudwatch": "monitoring"}  # where the name in IAM's actions isn't the one in eventSource
# operations that begin so change nothing; sts gives what it makes to the caller and keeps nothing
READS = ("Assume", "BatchCheck", "BatchGet", "Decode", "Describe", "Filter", "Get", "List", "Lookup", "Search", "Simulate", "Test", "Validate")
NEVER_WRITTEN = {"authorizationToken", "layerPartBlob", "secretAccessKey", "secretBinary", "secretString", "sessionToken"}
HIDDEN = {"newPassword", "oldPassword", "password"}
ERRORS = {"AccessDeniedException": "AccessDenied", "LayerNotFound": "LayersNotFoundException"}  # the others keep their name
LONGEST_TEXT, LARGEST_FIELD = 1024, 100 << 10  # characters of a sentence or a user agent; bytes of parameters and of an answer
AS_JSON = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
RESOURCE_TYPES = {
    ("cloudwatch", "alarm"): "AWS::CloudWatch::Alarm",
    ("ecr", "repository"): "AWS::ECR::Repository",
    ("ecr-public", "repository"): "AWS::ECR::PublicRepository",
    ("events", "rule"): "AWS::Events::Rule",
    ("iam", "group"): "AWS::IAM::Group",
    ("iam", "policy"): "AWS::IAM::Policy",
    ("iam", "role"): "AWS::IAM::Role",
    ("iam", "user"): "AWS::IAM::User",
    ("logs", "log-group"): "AWS::Logs::LogGroup",
    ("secretsmanager", "secret"): "AWS::SecretsManager::Secret",
    ("sns", ""): "AWS::SNS::Topic",
    ("sqs", ""): "AWS::SQS::Queue",
}


def is_read_only(operation: str) -> bool:
    """CloudTrail's readOnly of an operation."""
    return operation.startswith(READS)


def event_name(call: Call, answer: dict[str, Any] | None) -> str:
    """The operation; an upload that became a mount, which no API can ask for, is MountLayer (AWS: blob mounting)."""
    return "MountLayer" if call.operation == "InitiateLayerUpload" and answer and "uploadId" not in answer else call.operation


def error_code(call: Call, error: AwsError | None) -> str | None:
    """An error's name as records have it: AccessDenied; IAM's in full, NoSuchEntityException."""
    if error is None:
        return None
    code = ERRORS.get(error.code, error.code)
    return f"{code}Exception" if call.service == "iam" and code != "AccessDenied" and not code.endswith("Exception") else code


def source(call: Call) -> str:
    """``ecr.amazonaws.com``."""
    return f"{HOSTS.get(call.service, call.service)}.amazonaws.com"


def region(call: Call) -> str:
    """In whose Region's trail a call is."""
    return "us-east-1" if call.service in GLOBAL else call.region


@lru_cache(maxsize=1024)
def resource(arn: str) -> tuple[str | None, str | None]:
    """Type and name of the resource that an ARN means: (``AWS::ECR::Repository``, ``team/web``); nothing for more than one, or another kind."""
    parts = arn.removesuffix(":*").split(":", 5)
    if len(parts) < 6 or parts[5].endswith("*"):
        return None, None
    kind, separator, name = parts[5].partition(":" if parts[2] in ("cloudwatch", "logs", "secretsmanager") else "/")
    if not separator:
        kind, name = "", kind
    found = RESOURCE_TYPES.get((parts[2], kind))
    name = name.rpartition("/")[2] if parts[2] in ("events", "iam") else name
    return (found, name) if found and name else (None, None)


def of(call: Call, now: float, error: AwsError | None, answer: dict[str, Any] | None) -> Iterator[Record]:
    """A call's record for each account that has one: the caller's, and the resource's owner's (AWS: sharedEventID)."""
    recipients = list(dict.fromkeys(account for account in (call.principal.account, call.account) if account))
    record = _record(call, now, error, answer)
    if len(recipients) > 1:
        record["sharedEventID"] = str(uuid.uuid4())
    for recipient in recipients:
        yield record | {"userIdentity": _identity(call, recipient), "eventID": str(uuid.uuid4()), "recipientAccountId": recipient}


def _record(call: Call, now: float, error: AwsError | None, answer: dict[str, Any] | None) -> Record:
    """All that the accounts' records have in common, with room for the rest in its place."""
    read_only, host = is_read_only(call.operation), source(call)
    says_nothing = error or (read_only and call.service != "sts")
    record: Record = {
        "eventVersion": VERSION,
        "userIdentity": None,
        "eventTime": in_words(now),
        "eventSource": host,
        "eventName": event_name(call, answer),
        "awsRegion": region(call),
        "sourceIPAddress": host if call.through_docker else call.source_address,
        "userAgent": host if call.through_docker else call.user_agent[:LONGEST_TEXT],
    }
    if error:
        record |= {"errorCode": error_code(call, error), "errorMessage": error.message[:LONGEST_TEXT]}
    record |= {
        "requestParameters": _written(call.parameters) or None,
        "responseElements": None if says_nothing else _written(answer or {}) or None,
        "requestID": call.request_id,
        "eventID": None,
        "readOnly": read_only,
    }
    if call.registry and resource(call.resource)[0]:
        record["resources"] = [{"ARN": call.resource, "accountId": call.account}]
    return record | {"eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": None, "eventCategory": "Management"}


def _identity(call: Call, recipient: str) -> Record:
    """Who called, as its own account sees it; another account is told whose it is, and no more. AWS: CloudTrail userIdentity element."""
    principal, through = call.principal, {"invokedBy": source(call)} if call.through_docker else {}
    if principal.service:
        return {"type": "AWSService", "invokedBy": principal.service}
    if principal.account is None:
        return {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"} | through
    if principal.account != recipient:
        return {"type": "AWSAccount", "principalId": principal.user_id, "accountId": principal.account} | through
    found = {"type": principal.kind, "principalId": principal.user_id, "arn": principal.arn, "accountId": principal.account}
    found["accessKeyId"] = principal.access_key_id
    if principal.role is None:
        return found | {"userName": principal.user} | through
    issuer = {"type": "Role", "principalId": principal.id, "arn": principal.entity_arn, "accountId": principal.account}
    since = {"creationDate": in_words(principal.issued_at or 0), "mfaAuthenticated": "false"}
    return found | {"sessionContext": {"sessionIssuer": issuer | {"userName": principal.role}, "attributes": since}} | through


def _written(value: Any, name: str = "") -> Any:
    """A parameter or an answer as records have it: lowerCamel names, dates in words, and neither bytes nor secrets (None for these)."""
    if name in HIDDEN:
        return "HIDDEN_DUE_TO_SECURITY_REASONS"
    if isinstance(value, (str, int)):  # which most are
        return value
    if isinstance(value, dict):
        members = {key[:1].lower() + key[1:]: each for key, each in value.items()}
        return {key: written for key, each in members.items() if key not in NEVER_WRITTEN and (written := _written(each, key)) is not None}
    if isinstance(value, (list, tuple)):
        return [_written(each) for each in value]
    if isinstance(value, float) and name.endswith("At"):  # as the registry keeps times
        value = as_datetime(value)
    if isinstance(value, datetime):
        return moment(value)
    return None if isinstance(value, bytes) else value


def moment(value: datetime) -> str:
    """``Nov 27, 2020, 9:51:29 PM``, as an answer in a record has a time."""
    return f"{MONTHS[value.month - 1]} {value.day}, {value.year}, {value.hour % 12 or 12}:{value:%M:%S} {'AM' if value.hour < 12 else 'PM'}"


def encoded(record: Record) -> str:
    """A record as JSON. A field that is too large for one is left out, and said to be (AWS: CloudTrail record contents, ``omitted``)."""
    text = AS_JSON(record)
    if len(text) <= LARGEST_FIELD:
        return text
    sizes = {field: len(AS_JSON(record[field])) for field in ("requestParameters", "responseElements")}
    left_out = {
        field: {"omitted": True, "originalSize": size, "reason": f"{field} too large"} for field, size in sizes.items() if size > LARGEST_FIELD
    }
    return AS_JSON(record | left_out)
