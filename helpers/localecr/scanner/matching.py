"""Which of an image's packages have which vulnerabilities."""

from __future__ import annotations

from localecr.scanner.advisories import Advisories
from localecr.scanner.model import Inventory, Match, Problem


def find(inventory: Inventory, advisories: Advisories, known_at: float) -> tuple[list[Match], list[Problem]]:
    """Holds an inventory against the advisories that were published, and not withdrawn, at ``known_at`` (seconds since 1970).

    One match for a package and a vulnerability, in the order of the vulnerability's id and the package. A version that can't be compared
    is a problem, never a match.
    """
    raise NotImplementedError
