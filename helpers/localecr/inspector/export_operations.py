"""Operations on SBOMs. AWS: Exporting SBOMs with Amazon Inspector."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localecr.inspector import exports
from localecr.inspector.accounts import registry_of
from localecr.inspector.errors import invalid
from localecr.ledger import Call

Answer = dict[str, Any]


def create_sbom_export(call: Call) -> Answer:
    return {"reportId": exports.create(registry_of(call), call.parameters)}


def get_sbom_export(call: Call) -> Answer:
    row = exports.find(registry_of(call), call.parameters["reportId"])
    asked = json.loads(row["request"])
    told = {"reportId": row["id"], "format": asked["reportFormat"], "status": row["status"], "s3Destination": asked["s3Destination"]}
    return told | {"filterCriteria": asked.get("resourceFilterCriteria", {})} | json.loads(row["error"] or "{}")


def cancel_sbom_export(call: Call) -> Answer:
    """Cancels an export that is in progress, which none ever is here: the files are written when it is asked for."""
    row = exports.find(registry_of(call), call.parameters["reportId"])
    raise invalid("reportId", f"The report is {row['status']}; only one that is in progress can be cancelled.")


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CancelSbomExport": cancel_sbom_export,
    "CreateSbomExport": create_sbom_export,
    "GetSbomExport": get_sbom_export,
}
