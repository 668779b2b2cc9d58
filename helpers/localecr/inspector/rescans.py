"""How long Inspector looks at an image again after its push or its last pull. AWS: Configuring the Amazon ECR re-scan duration.

Until something is set it does so for an image's lifetime. (AWS gives 14 days to accounts that were opened since May 2025.)
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from localecr.clock import DAY
from localecr.registry import Registry
from localecr.scanning import continuous

LIFETIME = "LIFETIME"
UNSET = {"rescanDuration": LIFETIME}


@dataclass(frozen=True)
class Limits:
    """From when on an image must have been pushed, or pulled, to be looked at again; seconds since 1970, infinite where that doesn't count."""

    pushed_after: float
    pulled_after: float


def of(registry: Registry) -> dict[str, Any]:
    """The model's EcrConfiguration, and ``updatedAt`` where it was ever set."""
    row = registry.database.one("SELECT rescans FROM inspector_accounts WHERE account = ? AND region = ?", (registry.account, registry.region))
    return json.loads(row["rescans"]) if row and row["rescans"] != "{}" else UNSET


def put(registry: Registry, configuration: dict[str, Any]) -> None:
    """Sets the model's EcrConfiguration, which counts at once; within a transaction. Members that are left out stay as they are."""
    kept = of(registry) | configuration | {"updatedAt": registry.lab.clock.now()}
    with registry.database.write() as transaction:
        transaction.execute(
            "INSERT INTO inspector_accounts (account, region, is_enabled, rescans) VALUES (?, ?, 0, ?)"
            " ON CONFLICT (account, region) DO UPDATE SET rescans = excluded.rescans",
            (registry.account, registry.region, json.dumps(kept)),
        )
        continuous.go_on(registry.lab)


def reset(registry: Registry) -> None:
    """Takes back what was set; within a transaction."""
    with registry.database.write() as transaction:
        transaction.execute("UPDATE inspector_accounts SET rescans = '{}' WHERE account = ? AND region = ?", (registry.account, registry.region))


def limits(registry: Registry) -> Limits:
    """What an image must keep to now. Pulls count with LAST_PULL_DATE alone: nothing here runs images, so that none is in use."""
    kept, now = of(registry), registry.lab.clock.now()
    pulls_count = kept.get("pullDateRescanMode") == "LAST_PULL_DATE" and "pullDateRescanDuration" in kept
    return Limits(now - _seconds(kept["rescanDuration"]), now - _seconds(kept["pullDateRescanDuration"]) if pulls_count else math.inf)


def _seconds(duration: str) -> float:
    """Of ``DAYS_14``, or ``LIFETIME``."""
    return math.inf if duration == LIFETIME else int(duration.removeprefix("DAYS_")) * DAY
