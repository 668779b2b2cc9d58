"""What becomes of a look at an image: the scan's status, what was found, and what is announced, kept in one transaction."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localecr.inspector import findings as inspectors
from localecr.registry import tags
from localecr.scanner.model import Examination, Inventory, Unscannable
from localecr.scanning import basic, configuration, events, scans, subjects

if TYPE_CHECKING:
    from localecr.scanning.worker import Look

log = logging.getLogger("localecr")
Outcome = Examination | Unscannable


@dataclass(frozen=True)
class End:
    """How a scan ended; ``findings`` are basic scanning's, and None where there are no results."""

    status: str
    description: str
    source_updated_at: float | None = None
    findings: list[basic.Finding] | None = None


def keep(look: Look, outcome: Outcome) -> None:
    """Ends a scan. Of an image that was deleted meanwhile, was left behind or isn't scanned any more, nothing is kept, which is no error."""
    with look.registry.database.write() as transaction:
        if transaction.execute("SELECT 1 FROM scans WHERE image_id = ? AND type = ? AND due", look.key).fetchone() is None:
            return
        if isinstance(outcome, Examination):
            subjects.keep(look.registry.lab, outcome.inventory)
        if look.type == "BASIC":
            end = _end_basic(look, outcome)
        elif configuration.of(look.registry).of_repository(look.repository).is_watched:
            end = _end_enhanced(look, outcome)
        else:
            transaction.execute("DELETE FROM scans WHERE image_id = ? AND type = ? AND completed_at IS NULL", look.key)
            transaction.execute("UPDATE scans SET due = 0, attempts = 0 WHERE image_id = ? AND type = ?", look.key)
            return
        _write(look, end)
    log.info("Scanned %s (%s): %s", look, look.type, end.description or end.status)


def give_back(look: Look) -> None:
    """A look that the lab's stopping interrupted: it stays due, and the attempt doesn't count."""
    with look.registry.database.write() as transaction:
        transaction.execute("UPDATE scans SET attempts = MAX(0, attempts - 1) WHERE image_id = ? AND type = ?", look.key)


def _end_basic(look: Look, outcome: Outcome) -> End:
    try:
        examination = _examined(outcome)
        basic.refuse_unsupported(examination.inventory)
    except Unscannable as why:
        end = End(why.status, why.reason)
    else:
        end = End("COMPLETE", scans.DESCRIPTIONS["COMPLETE"], examination.sources_updated_at, basic.findings(examination))
    status = "COMPLETE" if end.status == "COMPLETE" else "FAILED"  # those that AWS publishes; of UNSUPPORTED_IMAGE it says nothing
    named = tags.of_image(look.registry, look.image["id"])
    events.scanned(look.registry, look.repository["name"], look.image["digest"], named, status, scans.counts(end.findings))
    return end


def _end_enhanced(look: Look, outcome: Outcome) -> End:
    try:
        examination = _examined(outcome)
        _refuse_unsupported(examination.inventory)
    except Unscannable as why:
        return End(why.status, why.reason)
    inspectors.record(look.registry, look.repository, look.image, examination)
    return End("COMPLETE", scans.DESCRIPTIONS["COMPLETE"], examination.sources_updated_at, [])


def _examined(outcome: Outcome) -> Examination:
    """Raises Unscannable where that is the outcome."""
    if isinstance(outcome, Unscannable):
        raise outcome
    return outcome


def _refuse_unsupported(inventory: Inventory) -> None:
    """Raises Unscannable for an image in which there is nothing that any advisory could be about."""
    known = inventory.os is not None and inventory.os.ecosystem is not None
    if not known and all(package.ecosystem is None for package in inventory.packages):
        raise Unscannable("UNSUPPORTED_IMAGE", basic.UNSUPPORTED)


def _write(look: Look, end: End) -> None:
    with look.registry.database.write() as transaction:
        transaction.execute(
            "UPDATE scans SET status = ?, description = ?, completed_at = ?, source_updated_at = ?, findings = ?, due = due - ?, attempts = 0"
            " WHERE image_id = ? AND type = ?",
            (
                end.status, end.description, None if end.findings is None else look.registry.lab.clock.now(), end.source_updated_at,
                json.dumps(end.findings or [], separators=(",", ":")), look.due, *look.key,
            ),
        )  # fmt: skip
