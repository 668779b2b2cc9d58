"""Secrets Manager's operations where the lab knows better than moto."""

from __future__ import annotations

from typing import Any

from localecr.errors import AwsError
from localecr.ledger import Call
from localecr.neighbours import journal


def list_secret_version_ids(call: Call) -> dict[str, Any]:
    secrets = journal.loaded(call.lab, call.account).backend("secretsmanager", call.account, call.region).secrets
    if secrets.get(call.parameters["SecretId"]) is None:
        raise AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    return journal.execute(call.lab, call.account, call.region, "secretsmanager", "ListSecretVersionIds", call.parameters)


OPERATIONS = {"ListSecretVersionIds": list_secret_version_ids}
