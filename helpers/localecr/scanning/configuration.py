"""What is set for scanning: a registry's type and rules, and what of it a repository gets. AWS: PutRegistryScanningConfiguration, scan filters."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from localecr.errors import invalid_parameter
from localecr.iam.matching import glob
from localecr.iam.variables import ANY
from localecr.registry import Registry

ScanType = Literal["BASIC", "ENHANCED"]
Rule = dict[str, Any]  # the model's RegistryScanningRule
MANUAL, ON_PUSH, CONTINUOUS = "MANUAL", "SCAN_ON_PUSH", "CONTINUOUS_SCAN"
FREQUENCIES = {"BASIC": (ON_PUSH,), "ENHANCED": (CONTINUOUS, ON_PUSH)}  # the first that matches a repository wins


@dataclass(frozen=True)
class Configuration:
    """A registry's scan type, and its rules as they were put."""

    type: ScanType
    rules: tuple[Rule, ...]

    def of_repository(self, repository: sqlite3.Row) -> RepositoryConfiguration:
        """What a repository gets of it. What is set for the repository itself (scanOnPush) counts with BASIC alone."""
        filters: list[dict[str, str]] = []
        frequency = ON_PUSH if self.type == "BASIC" and repository["scan_on_push"] else MANUAL
        order = FREQUENCIES[self.type]
        for rule in sorted(self.rules, key=lambda rule: order.index(rule["scanFrequency"]), reverse=True):
            applied = [each for each in rule["repositoryFilters"] if matches(each["filter"], repository["name"])]
            if applied:
                frequency = rule["scanFrequency"]
                filters = applied + filters
        return RepositoryConfiguration(self.type, frequency, tuple(filters))

    def as_json(self) -> dict[str, Any]:
        """The model's RegistryScanningConfiguration."""
        return {"scanType": self.type, "rules": list(self.rules)}


UNSET = Configuration("BASIC", ())  # of a registry for which nothing was put


@dataclass(frozen=True)
class RepositoryConfiguration:
    """How a repository's images are scanned (the model's RepositoryScanningConfiguration). ``MANUAL`` is, of BASIC, when somebody asks; of ENHANCED, never."""

    type: ScanType
    frequency: str
    filters: tuple[dict[str, str], ...]  # those that match the repository: the model's appliedScanFilters

    @property
    def is_watched(self) -> bool:
        """Whether Amazon Inspector scans the repository's images."""
        return self.type == "ENHANCED" and self.frequency != MANUAL


def of(registry: Registry) -> Configuration:
    """What is set for a registry."""
    row = registry.database.one("SELECT scan_type, rules FROM scanning_configurations WHERE account = ? AND region = ?", (registry.account, registry.region))
    return Configuration(row["scan_type"], tuple(json.loads(row["rules"]))) if row else UNSET


def put(registry: Registry, configuration: Configuration) -> None:
    """Keeps what is set for a registry, in the place of all that was; call it within a transaction."""
    with registry.database.write() as transaction:
        transaction.execute(
            "INSERT OR REPLACE INTO scanning_configurations (account, region, scan_type, rules) VALUES (?, ?, ?, ?)",
            (registry.account, registry.region, configuration.type, json.dumps(configuration.rules)),
        )


def checked(scan_type: ScanType, rules: Iterable[Rule]) -> Configuration:
    """A configuration. Raises InvalidParameterException for a frequency that its type doesn't have, or that two rules have: the sentences are ours."""
    seen: set[str] = set()
    for rule in rules:
        frequency = rule["scanFrequency"]
        if frequency not in FREQUENCIES[scan_type]:
            allowed = " and ".join(sorted(FREQUENCIES[scan_type]))
            raise invalid_parameter("rules", f"Scan frequency {frequency} can't be specified with scan type {scan_type}, which has {allowed}")
        if frequency in seen:
            raise invalid_parameter("rules", f"Scan frequency {frequency} can't be specified in more than one rule")
        seen.add(frequency)
    return Configuration(scan_type, tuple(rules))


def matches(wildcard: str, name: str) -> bool:
    """Whether a filter chooses a repository: one without ``*`` those whose names contain it, another the names that it describes in full."""
    if "*" not in wildcard:
        return wildcard in name
    return glob(tuple(ANY if each == "*" else each for each in wildcard))(name)
