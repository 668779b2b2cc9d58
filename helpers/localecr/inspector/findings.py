"""Amazon Inspector's findings: made of what a scan found, kept from their first to their last day."""

from __future__ import annotations

import sqlite3
from typing import Any

from localecr.registry import Registry
from localecr.scanner.model import Examination


def record(registry: Registry, repository: sqlite3.Row, image: sqlite3.Row, examination: Examination) -> None:
    """Keeps what a scan found in an image: new findings open, those that are there are observed again, those that are gone are closed.

    Call it within a transaction. Each finding that opened, closed or changed is announced (``Inspector2 Finding``).
    """
    raise NotImplementedError


def of_image(registry: Registry, image: sqlite3.Row) -> list[dict[str, Any]]:
    """The active findings of an image as ECR's DescribeImageScanFindings shows them: the model's EnhancedImageScanFinding, the worst first."""
    raise NotImplementedError
