"""Pages: ``nextToken`` holds the place after which to go on, so it survives writes in between.

A token is sealed with the lab's secret for one listing: another listing's, or one that somebody made up, opens nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from localecr.errors import AwsError

if TYPE_CHECKING:
    from localecr.registry import Lab

Row = TypeVar("Row")
DEFAULT_PAGE = 100


class OfALab(Protocol):
    """A registry, or a call of another service."""

    @property
    def lab(self) -> Lab: ...


def seal(whose: OfALab, listing: str, place: Sequence[Any]) -> str:
    """A place in a listing (``ListImages 7``: what is listed, of which repository) as an opaque token."""
    text = json.dumps(list(place)).encode()
    return base64.urlsafe_b64encode(_signature(whose, listing, text) + text).decode()


def unseal(whose: OfALab, listing: str, token: str | None) -> list[Any] | None:
    """The place a token stands for, None without a token. Raises InvalidParameterException for a token of no such listing."""
    if token is None:
        return None
    try:
        sealed = base64.urlsafe_b64decode(token.encode())
    except ValueError as error:
        raise invalid_token() from error
    signature, text = sealed[:32], sealed[32:]
    if base64.urlsafe_b64encode(sealed).decode() != token:  # base64 has several spellings of the same bytes; a token has one
        raise invalid_token()
    if not hmac.compare_digest(_signature(whose, listing, text), signature):
        raise invalid_token()
    return json.loads(text)


def _signature(whose: OfALab, listing: str, text: bytes) -> bytes:
    return hmac.new(whose.lab.secret, f"page of {listing}: ".encode() + text, hashlib.sha256).digest()


def invalid_token() -> AwsError:
    return AwsError("InvalidParameterException", "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'")


def cut(rows: list[Row], limit: int) -> tuple[list[Row], Row | None]:
    """Splits what was asked with ``limit + 1``: the page, and its last row where there is more to come."""
    return rows[:limit], rows[limit - 1] if len(rows) > limit else None
