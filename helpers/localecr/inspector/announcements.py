"""What Inspector announces: a finding that opened, changed or closed, and that an image's first scan is over. AWS: Amazon Inspector event schema."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable

from localecr.events import outbox
from localecr.events.announcements import envelope
from localecr.inspector import answers
from localecr.inspector.finding import Finding
from localecr.registry import Registry, tags

SOURCE = "aws.inspector2"
COUNTED = ("CRITICAL", "HIGH", "MEDIUM")  # as AWS's samples have them, also where there are none; TOTAL counts the others too


def findings(registry: Registry, changed: Iterable[Finding]) -> None:
    """``Inspector2 Finding`` for each; within the transaction that changed them."""
    now = registry.lab.clock.now()
    events = (
        envelope(now, registry.account, registry.region, SOURCE, "Inspector2 Finding", [finding.resource], answers.of_event(finding)) for finding in changed
    )
    outbox.put(registry.lab, registry.account, registry.region, events)


def first_scan(registry: Registry, repository: sqlite3.Row, image: sqlite3.Row, severities: dict[str, int]) -> None:
    """``Inspector2 Scan`` for an image that was looked at for the first time; ``severities``: how many active findings of each it has."""
    counts, arn = Counter(severities), registry.arn(repository["name"])
    detail = {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "repository-name": arn,
        "finding-severity-counts": {name: counts[name] for name in COUNTED} | {"TOTAL": counts.total()},
        "image-digest": image["digest"],
        "image-tags": tags.of_image(registry, image["id"]),
        "version": "1.0",
    }
    event = envelope(registry.lab.clock.now(), registry.account, registry.region, SOURCE, "Inspector2 Scan", [arn], detail)
    outbox.put(registry.lab, registry.account, registry.region, [event])
