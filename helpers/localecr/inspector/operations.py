"""Amazon Inspector's operations, as far as it looks at images in ECR: a table of names, each a function from a call to an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localecr.inspector import account_operations, coverage_operations, export_operations, filter_operations, finding_operations, vulnerability_operations
from localecr.ledger import Call

OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = (
    account_operations.OPERATIONS
    | coverage_operations.OPERATIONS
    | export_operations.OPERATIONS
    | filter_operations.OPERATIONS
    | finding_operations.OPERATIONS
    | vulnerability_operations.OPERATIONS
)
