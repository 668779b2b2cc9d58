"""AWS CloudTrail's event history: LookupEvents over the ledger. AWS: LookupEvents.

An event is there as soon as its call has been answered, where AWS takes minutes; AWS's two requests a second are not enforced. There are
no trails and no Insights events.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import datetime
from typing import Any

from localecr.clock import as_datetime
from localecr.errors import AwsError
from localecr.ledger import Call
from localecr.registry import paging

Parameters = dict[str, Any]
REACH = 90 * 24 * 3600  # seconds
PAGE = 50
LONGEST_VALUE, TWICE = 2000, "_ ,\n"  # characters of an AttributeValue, and those that count as two
ATTRIBUTES = {  # AttributeKey → the ledger's column
    "AccessKeyId": "access_key_id",
    "EventId": "event_id",
    "EventName": "operation",
    "EventSource": "source",
    "ReadOnly": "read_only",
    "ResourceName": "resource_name",
    "ResourceType": "resource_type",
    "Username": "user_name",
}
INSIGHT = "insight"
PLACES = "SELECT id, time FROM ledger WHERE account = ? AND region = ? AND time >= ? AND (time, id) < (?, ?) {condition} ORDER BY time DESC, id DESC LIMIT ?"


def lookup_events(call: Call) -> dict[str, Any]:
    """A page of the account's events in the Region, newest first."""
    asked, now = call.parameters, call.lab.clock.now()
    limit = asked.get("MaxResults", PAGE)
    if not 1 <= limit <= PAGE:
        raise AwsError("InvalidMaxResultsException", f"A request can ask for 1 to {PAGE} results, not {limit}.")
    if asked.get("EventCategory", INSIGHT) != INSIGHT:
        raise AwsError("InvalidEventCategoryException", f"An event category other than {INSIGHT} can't be asked for.")
    start, end = _range(asked, now)
    condition, values = _condition(asked.get("LookupAttributes", []))
    listing = f"LookupEvents {call.principal.account} {call.region} {_fingerprint(asked)}"
    before = _place(call, listing, asked.get("NextToken")) or [end, 0]
    if "EventCategory" in asked:
        return {"Events": []}
    rows = call.lab.database.all(PLACES.format(condition=condition), (call.principal.account, call.region, start, *before, *values, limit + 1))
    shown, last = paging.cut(rows, limit)
    events = [_event(call.lab.database.one("SELECT * FROM ledger WHERE id = ?", (row["id"],))) for row in shown]
    return {"Events": events} | ({"NextToken": paging.seal(call, listing, [last["time"], last["id"]])} if last else {})


def _range(asked: Parameters, now: float) -> tuple[float, float]:
    """From when on and until before when, in seconds since 1970. An event's time is told in whole seconds, so the last second counts whole."""
    start, end = (asked[name].timestamp() if name in asked else None for name in ("StartTime", "EndTime"))
    if start is not None and end is not None and start > end:
        raise AwsError("InvalidTimeRangeException", "The start time must be before the end time.")
    return max(now - REACH, start or 0), (now if end is None else end) // 1 + 1


def _condition(attributes: list[dict[str, str]]) -> tuple[str, tuple[object, ...]]:
    """What a LookupAttribute means, in SQL, and the values in it. Raises InvalidLookupAttributesException."""
    if not attributes:
        return "", ()
    if len(attributes) > 1:
        raise _invalid_attributes("A request can have one lookup attribute.")
    key, value = attributes[0].get("AttributeKey", ""), attributes[0].get("AttributeValue", "")
    if key not in ATTRIBUTES:
        raise _invalid_attributes(f"The attribute key is one of {', '.join(sorted(ATTRIBUTES))}.")
    if not 1 <= len(value) + sum(map(value.count, TWICE)) <= LONGEST_VALUE:
        raise _invalid_attributes(f"An attribute value has 1 to {LONGEST_VALUE} characters, of which the underscore, blank, comma and line break count twice.")
    if key == "ReadOnly":
        if value not in ("true", "false"):
            raise _invalid_attributes("The value of ReadOnly is true or false.")
        return "AND read_only = ?", (value == "true",)
    if key == "ResourceName":  # events name a repository; who asks by its ARN, which their records have, is understood
        value = value.rpartition(":repository/")[2]
    return f"AND {ATTRIBUTES[key]} = ?", (value,)


def _invalid_attributes(message: str) -> AwsError:
    """The codes of this file are the model's; AWS publishes no sentences."""
    return AwsError("InvalidLookupAttributesException", message)


def _fingerprint(asked: Parameters) -> str:
    """What a token goes with: the same question, of which only the page's length may change."""
    question = {key: value for key, value in asked.items() if key not in ("MaxResults", "NextToken")}
    return hashlib.sha256(json.dumps(question, sort_keys=True, default=datetime.isoformat).encode()).hexdigest()


def _place(call: Call, listing: str, token: str | None) -> list[Any] | None:
    try:
        return paging.unseal(call, listing, token)
    except AwsError as error:
        raise AwsError("InvalidNextTokenException", "The token is not valid, or the request is not the one that it came from.") from error


def _event(row: sqlite3.Row) -> dict[str, Any]:
    event = {
        "EventId": row["event_id"],
        "EventName": row["operation"],
        "ReadOnly": "true" if row["read_only"] else "false",
        "AccessKeyId": row["access_key_id"],
        "EventTime": as_datetime(row["time"] // 1),
        "EventSource": row["source"],
        "Username": row["user_name"],
        "Resources": [{"ResourceType": row["resource_type"], "ResourceName": row["resource_name"]}] if row["resource_type"] else [],
        "CloudTrailEvent": row["record"],
    }
    return {member: value for member, value in event.items() if value is not None}


OPERATIONS = {"LookupEvents": lookup_events}
