"""What is known to be wrong: OSV documents in a database of their own, ``advisories.sqlite`` in the lab's folder.

It begins as the course's own catalogue; ``update`` loads full OSV dumps. https://ossf.github.io/osv-schema/
"""

from __future__ import annotations

from pathlib import Path


class Advisories:
    """The advisories of a lab. Reading and updating go on beside each other, from several processes."""

    def __init__(self, path: Path | str):
        """Opens the database; a new one, or one that an older catalogue filled, gets the course's catalogue first."""
        self.path = Path(path)

    def updated_at(self, known_at: float) -> float:
        """When the advisories that are known at ``known_at`` were last changed; seconds since 1970."""
        raise NotImplementedError
