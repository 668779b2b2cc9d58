"""Amazon Inspector's findings: made of what a scan found, kept from their first to their last day.

A finding is of one image, in its repository, and one vulnerability. AWS: Understanding Amazon Inspector findings.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from localecr.clock import DAY
from localecr.inspector import announcements, answers, details, finding, sorting, suppression
from localecr.inspector.finding import Finding
from localecr.registry import Registry, tags
from localecr.scanner.model import Examination, Inventory, Match

REOPENING = 7 * DAY  # within which a closed finding that comes back is the same one; later it is another
# why a finding was closed: the flaw is gone, the image is, it isn't watched any more, Inspector was disabled
FIXED, GONE, EXPIRED, DISABLED = "FIXED", "GONE", "EXPIRED", "DISABLED"
KEPT = {FIXED: 30 * DAY, GONE: 3 * DAY, EXPIRED: 3 * DAY, DISABLED: DAY}  # for how many seconds it is told afterwards
ACTIVE = "f.image_id = ? AND f.status = 'ACTIVE'"  # of an image
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")  # the worst first


def record(registry: Registry, repository: sqlite3.Row, image: sqlite3.Row, examination: Examination) -> None:
    """Keeps what a scan found in an image: new findings open, those that are there are observed again, those that are gone are closed.

    Call it within a transaction. Each finding that opened, closed or changed is announced (``Inspector2 Finding``), and after an image's
    first scan that it is over (``Inspector2 Scan``).
    """
    _forget(registry)
    now, rules = registry.lab.clock.now(), suppression.rules(registry)
    kept = of_digest(registry, repository["name"], image["digest"])
    before, earlier = {each.vulnerability: each for each in kept}, Counter(each.vulnerability for each in kept)
    about, changed = _about(registry, repository, image, examination.inventory), []
    for name, matches in _by_vulnerability(examination.matches).items():
        known, said = before.pop(name, None), details.of(matches)
        if known is None or not known.is_open and now - known.updated_at > REOPENING:
            opened = _new(registry, repository, image, name, earlier[name])
            changed.append(suppression.judged(replace(opened, details=said, image=about), rules))
        elif not known.is_open or known.details != said or known.image != about or known.image_id != image["id"]:
            again = replace(known, image_id=image["id"], details=said, image=about, closed_for=None, forgotten_at=None)
            changed.append(suppression.judged(replace(again, last_observed_at=now, updated_at=now), rules))
    changed += [_closed(each, FIXED, now) for each in before.values() if each.is_open]
    _keep(registry, changed)
    _announce_first_scan(registry, repository, image)


def of_image(registry: Registry, image: sqlite3.Row, start: int = 0, most: int = -1) -> list[dict[str, Any]]:
    """The active findings of an image as ECR's DescribeImageScanFindings shows them: the model's EnhancedImageScanFinding, the worst first.

    ``start`` and ``most`` say which of them; -1 is all.
    """
    query = f"{finding.SELECT} WHERE {ACTIVE} ORDER BY {', '.join(sorting.WORST_FIRST)} LIMIT ? OFFSET ?"
    return [answers.of_ecr(finding.read(row)) for row in registry.database.all(query, (image["id"], most, start))]


def arns_of_image(registry: Registry, image: sqlite3.Row) -> list[str]:
    """The ends of the ARNs of ``of_image``, in its order."""
    query = f"SELECT f.id FROM inspector_findings f WHERE {ACTIVE} ORDER BY {', '.join(sorting.WORST_FIRST)}"
    return [row["id"] for row in registry.database.all(query, (image["id"],))]


def counts_of_image(registry: Registry, image: sqlite3.Row) -> dict[str, int]:
    """How many active findings an image has of each severity that there is."""
    query = f"SELECT f.severity, COUNT(*) AS number FROM inspector_findings f WHERE {ACTIVE} GROUP BY f.severity"
    return {row["severity"]: row["number"] for row in registry.database.all(query, (image["id"],))}


def worst_first(one: Finding) -> tuple[int, float, str]:
    """Sorts by severity, score and name."""
    return SEVERITIES.index(one.details["severity"]), -one.details.get("inspectorScore", 0.0), one.vulnerability


def all_of(registry: Registry) -> list[Finding]:
    """Every finding of an account in a Region that is told: the open ones, and those that closed not too long ago."""
    rows = registry.database.all(
        f"{finding.SELECT} WHERE f.account = ? AND f.region = ? AND (f.forgotten_at IS NULL OR f.forgotten_at > ?)",
        (registry.account, registry.region, registry.lab.clock.now()),
    )
    return [finding.read(row) for row in rows]


def named(registry: Registry, arns: Iterable[str]) -> list[Finding]:
    """Those of ``all_of`` that have one of these ARNs."""
    beginning = finding.arn(registry.account, registry.region, "")
    found = (
        registry.database.one(
            f"{finding.SELECT} WHERE f.id = ? AND f.account = ? AND f.region = ? AND (f.forgotten_at IS NULL OR f.forgotten_at > ?)",
            (arn.removeprefix(beginning), registry.account, registry.region, registry.lab.clock.now()),
        )
        for arn in arns if arn.startswith(beginning)
    )  # fmt: skip
    return [finding.read(row) for row in found if row is not None]


def of_digest(registry: Registry, repository: str, digest: str | None = None) -> list[Finding]:
    """The findings of a repository, or of one image in it; the latest last."""
    place = {"account": registry.account, "region": registry.region, "repository": repository} | ({"digest": digest} if digest else {})
    chosen = " AND ".join(f"f.{column} = ?" for column in place)
    rows = registry.database.all(f"{finding.SELECT} WHERE {chosen} ORDER BY f.first_observed_at", tuple(place.values()))
    return [finding.read(row) for row in rows]


def close(registry: Registry, why: str, repository: str, digest: str | None = None) -> None:
    """Closes the open findings of a repository, or of one image in it; ``why`` is GONE or EXPIRED. Within a transaction; before an image is deleted."""
    now = registry.lab.clock.now()
    _keep(registry, [_closed(each, why, now) for each in of_digest(registry, repository, digest) if each.is_open])


def close_all(registry: Registry) -> None:
    """Closes whatever is open: Inspector is disabled. What is closed already isn't told for longer than that. Within a transaction."""
    now, told = registry.lab.clock.now(), all_of(registry)
    _keep(registry, [_closed(each, DISABLED, now) for each in told if each.is_open])
    for each in told:
        if each.forgotten_at is not None and each.forgotten_at > now + KEPT[DISABLED]:
            finding.save(registry, replace(each, forgotten_at=now + KEPT[DISABLED]))


def reopen(registry: Registry) -> None:
    """Opens again what was closed because Inspector was disabled, as far as it is still known. Within a transaction."""
    now, rules = registry.lab.clock.now(), suppression.rules(registry)
    hidden = [each for each in all_of(registry) if each.closed_for == DISABLED and each.image_id is not None]
    again = [replace(each, updated_at=now, closed_for=None, forgotten_at=None) for each in hidden]
    _keep(registry, [suppression.judged(each, rules) for each in again])


def judge_again(registry: Registry) -> None:
    """Gives every open finding the status that the filters give it now. Within a transaction."""
    now, rules = registry.lab.clock.now(), suppression.rules(registry)
    judged = ((each, suppression.judged(each, rules)) for each in all_of(registry) if each.is_open)
    _keep(registry, [replace(after, updated_at=now) for before, after in judged if before.status != after.status])


def _by_vulnerability(matches: Iterable[Match]) -> dict[str, list[Match]]:
    found: dict[str, list[Match]] = defaultdict(list)
    for match in matches:
        found[match.vulnerability.id].append(match)
    return found


def _about(registry: Registry, repository: sqlite3.Row, image: sqlite3.Row, inventory: Inventory) -> dict[str, Any]:
    """The model's AwsEcrContainerImageDetails. Nothing here runs images, so that none is in use."""
    about = {
        "repositoryName": repository["name"],
        "imageTags": tags.of_image(registry, image["id"]),
        "pushedAt": image["pushed_at"],
        "architecture": inventory.architecture,
        "imageHash": image["digest"],
        "registry": registry.account,
        "inUseCount": 0,
    }
    more = {"platform": details.platform(inventory), "author": inventory.author}
    return about | {name: value for name, value in more.items() if value}


def _new(registry: Registry, repository: sqlite3.Row, image: sqlite3.Row, vulnerability: str, earlier: int) -> Finding:
    now, place = registry.lab.clock.now(), (registry.account, registry.region, repository["name"], image["digest"])
    return Finding(finding.identifier(*place, vulnerability, earlier), *place, image["id"], vulnerability, "ACTIVE", now, now, now, {}, {})


def _closed(one: Finding, why: str, now: float) -> Finding:
    return replace(one, status="CLOSED", updated_at=now, closed_for=why, forgotten_at=now + KEPT[why])


def _keep(registry: Registry, changed: list[Finding]) -> None:
    for each in changed:
        finding.save(registry, each)
    announcements.findings(registry, sorted(changed, key=worst_first))


def _forget(registry: Registry) -> None:
    """Deletes what isn't told any more, whosever it is."""
    with registry.database.write() as transaction:
        transaction.execute("DELETE FROM inspector_findings WHERE forgotten_at <= ?", (registry.lab.clock.now(),))


def _announce_first_scan(registry: Registry, repository: sqlite3.Row, image: sqlite3.Row) -> None:
    with registry.database.write() as transaction:
        if transaction.execute("INSERT OR IGNORE INTO inspector_scans (image_id) VALUES (?)", (image["id"],)).rowcount:
            announcements.first_scan(registry, repository, image, counts_of_image(registry, image))
