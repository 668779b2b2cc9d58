"""Suppression: what a filter with the action SUPPRESS matches is hidden, not closed. AWS: Suppressing Amazon Inspector findings."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from localecr.inspector import answers, criteria
from localecr.inspector.finding import Finding
from localecr.registry import Registry

Rules = list[dict[str, Any]]


def rules(registry: Registry) -> Rules:
    """The criteria of the filters that suppress."""
    query = "SELECT criteria FROM inspector_filters WHERE account = ? AND region = ? AND action = 'SUPPRESS' ORDER BY name"
    return [json.loads(row["criteria"]) for row in registry.database.all(query, (registry.account, registry.region))]


def judged(finding: Finding, rules: Rules) -> Finding:
    """An open finding with the status that the rules give it. A rule judges it as if nothing suppressed it yet."""
    told = answers.of_inspector(replace(finding, status="ACTIVE"))
    suppressed = any(criteria.matches(each, told) for each in rules)
    return replace(finding, status="SUPPRESSED" if suppressed else "ACTIVE")
