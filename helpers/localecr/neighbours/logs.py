"""CloudWatch Logs' operations where the lab knows better than moto: a resource policy is read before it is kept."""

from __future__ import annotations

from typing import Any

from localecr.errors import AwsError
from localecr.iam import documents
from localecr.ledger import Call
from localecr.neighbours import journal


def put_resource_policy(call: Call) -> dict[str, Any]:
    try:
        documents.read(call.parameters.get("policyDocument", ""), "resource")
    except documents.MalformedPolicy as error:
        raise AwsError("InvalidParameterException", error.reason) from error
    return journal.execute(call.lab, call.account, call.region, "logs", "PutResourcePolicy", call.parameters)


OPERATIONS = {"PutResourcePolicy": put_resource_policy}
