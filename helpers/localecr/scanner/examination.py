"""A scan from one end to the other: an image's files, its inventory, its vulnerabilities."""

from __future__ import annotations

from localecr.scanner import inventory, matching
from localecr.scanner.advisories import Advisories
from localecr.scanner.model import Examination, Inventory, Subject


def examine(subject: Subject | Inventory, advisories: Advisories, known_at: float) -> Examination:
    """Examines an image, or once more what is known to be in it. ``known_at``: seconds since 1970, what was published later is not known.

    Raises Unscannable for an image that can't be read.
    """
    taken = subject if isinstance(subject, Inventory) else inventory.take(subject)
    matches, problems = matching.find(taken, advisories, known_at)
    return Examination(taken, tuple(matches), advisories.updated_at(known_at), (*taken.problems, *problems))
