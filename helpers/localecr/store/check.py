"""Whether the blobs that the database names are there: by their sizes at every start, by their bytes when somebody asks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localecr.store.blobs import Blobs

MOST_NAMED = 20  # lines in the log, and repositories in a line
Query = Callable[[str, tuple], list]  # rows of a query: ``Database.all``, or another connection's
log = logging.getLogger("localecr")


def lost(query: Query, blobs: Blobs) -> Iterator[str]:
    """A sentence for each blob that some repository holds and whose file is gone, or doesn't have its size."""
    for digest, size in query("SELECT digest, size FROM layers GROUP BY digest", ()):
        if not blobs.holds(digest, size):
            yield f"Layer {digest} of {_holders(query, digest)} is missing or cut short."


def take_away_damaged(query: Query, blobs: Blobs) -> Iterator[str]:
    """Reads every blob; removes those whose bytes don't have their digest any more, so that a push brings them again. A sentence for each.

    A lab may run on the folder: whatever it put in the place of a damaged blob since that was read stays.
    """
    for digest, size in query("SELECT digest, size FROM layers GROUP BY digest", ()):
        before = blobs.version(digest)
        if not blobs.holds(digest, size) or blobs.is_whole(digest):
            continue
        query("BEGIN IMMEDIATE", ())  # blobs are put in place inside write transactions alone
        try:
            if still_there := blobs.version(digest) == before:
                blobs.path(digest).unlink(missing_ok=True)
        finally:
            query("ROLLBACK", ())
        if still_there:
            yield f"Layer {digest} of {_holders(query, digest)} had other bytes than were pushed, and was taken away."


def report(query: Query, blobs: Blobs) -> None:
    """Says in the log what is lost, when a lab starts."""
    found = list(lost(query, blobs))
    for sentence in found[:MOST_NAMED]:
        log.warning("%s Images that need it can't be pulled until it is pushed again.", sentence)
    if len(found) > MOST_NAMED:
        log.warning("%d more layers are missing or cut short; ecrlab doctor counts them.", len(found) - MOST_NAMED)


def _holders(query: Query, digest: str) -> str:
    rows = query(
        "SELECT r.name, r.account, r.region FROM layers l JOIN repositories r ON r.id = l.repository_id WHERE l.digest = ? ORDER BY r.id LIMIT ?",
        (digest, MOST_NAMED),
    )
    return ", ".join(f"{row[0]} ({row[1]}, {row[2] or 'public'})" for row in rows)
