"""The scanner in a process of its own: an image that would take all memory or all time takes it there, and pushes go on beside it.

The process is started with the first scan, reads requests and writes examinations as lines of JSON, and ends with the server, or when
nothing was scanned for a while.
"""

from __future__ import annotations

from pathlib import Path

from localecr.scanner.model import Examination, Inventory, Subject


class Examiner:
    """Examines images, one after the other, in another process."""

    def __init__(self, advisories: Path):
        self._advisories = advisories

    def examine(self, subject: Subject | Inventory, known_at: float) -> Examination:
        """As ``examination.examine``. Raises Unscannable also where the process takes too long or too much memory, or ends by itself."""
        from localecr.scanner import advisories, examination

        return examination.examine(subject, advisories.Advisories(self._advisories), known_at)

    def stop(self) -> None:
        """Ends the process, if there is one."""
