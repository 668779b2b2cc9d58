"""Pages: ``nextToken`` holds the place after which to go on, so it survives writes in between."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from localecr.errors import AwsError

Row = TypeVar("Row")
DEFAULT_PAGE = 100


def seal(place: Sequence[Any]) -> str:
    """A place in a listing as an opaque token."""
    return base64.urlsafe_b64encode(json.dumps(list(place)).encode()).decode()


def unseal(token: str | None, kinds: Sequence[type]) -> list[Any] | None:
    """The place a token stands for, None without a token. Raises InvalidParameterException for a token of no listing of ours."""
    if token is None:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(token.encode()))
        json.dumps(place, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise invalid_token() from error
    if not isinstance(place, list) or [type(part) for part in place] != list(kinds):
        raise invalid_token()
    if any(isinstance(part, int) and abs(part) >= 1 << 63 for part in place):  # SQLite's integers have 64 bits
        raise invalid_token()
    return place


def invalid_token() -> AwsError:
    return AwsError("InvalidParameterException", "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'")


def cut(rows: list[Row], limit: int) -> tuple[list[Row], Row | None]:
    """Splits what was asked with ``limit + 1``: the page, and its last row where there is more to come."""
    return rows[:limit], rows[limit - 1] if len(rows) > limit else None
