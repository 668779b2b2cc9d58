"""Pages: a token holds the sort key of a page's last entry, so that what comes or goes in between shifts nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from localecr.errors import AwsError
from localecr.inspector.errors import invalid
from localecr.ledger import Call
from localecr.registry import paging

Entry = TypeVar("Entry")
Key = list[Any]  # of text and numbers, and without two entries of the same


def cut(call: Call, entries: Iterable[Entry], key: Callable[[Entry], Key], most: int, descending: bool = False) -> tuple[list[Entry], dict[str, str]]:
    """A page of the entries in the order of their keys, and the next one's token as a member of the answer. Raises ValidationException."""
    after = place(call)
    ordered = sorted(entries, key=key, reverse=descending)
    if after is not None:
        ordered = [each for each in ordered if (key(each) < after if descending else key(each) > after)]
    shown, last = paging.cut(ordered, call.parameters.get("maxResults", most))
    return shown, more(call, key(last)) if last is not None else {}


def place(call: Call) -> Key | None:
    """The key of the last entry before the page that is asked for; None for the first page. Raises ValidationException."""
    try:
        return paging.unseal(call, _listing(call), call.parameters.get("nextToken") or None)
    except AwsError as error:
        message = "The token is not valid, or the request is not the one that it came from."
        raise AwsError("ValidationException", message, reason="FIELD_VALIDATION_FAILED", fields=[{"name": "nextToken", "message": message}]) from error


def more(call: Call, last: Key) -> dict[str, str]:
    """The member of an answer that says that there is more after the entry with this key."""
    return {"nextToken": paging.seal(call, _listing(call), last)}


def _listing(call: Call) -> str:
    return f"{call.operation} {call.account} {call.region} {_question(call.parameters)}"


def _question(asked: dict[str, Any]) -> str:
    """What a token goes with: the same question, of which only the page's length may change."""
    question = {name: value for name, value in asked.items() if name not in ("maxResults", "nextToken")}
    return hashlib.sha256(json.dumps(question, sort_keys=True, default=datetime.isoformat).encode()).hexdigest()
