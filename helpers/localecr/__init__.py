"""The embedded AWS of ECR Lab, cut to the size of the course: a faithful Amazon ECR on loopback.

``start()`` serves it; ``localecr.door.Door`` reaches what only a local lab can do. It is made for learning: one process on one
folder, for one person. How far it goes, and where it differs from AWS, is in docs/fidelity.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

VERSION = "0.1.0"

if TYPE_CHECKING:
    from pathlib import Path

    from localecr.server import Endpoint


def start(state: Path | str, port: int = 4510, clock: str | None = None) -> Endpoint:
    """Starts a lab and returns when it is ready; see ``localecr.server.start``."""
    from localecr.server import start  # importing the package costs nothing

    return start(state, port, clock)
