"""A record of the trail, field by field: who, what, when, from where, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ecrlab.show import html, words
from ecrlab.show.picture import Picture

# field → the question that it answers, in the order in which one asks
FIELDS = {
    "eventTime": "when, in UTC",
    "userIdentity.arn": "who: the owner of the key",
    "userIdentity.accessKeyId": "with which key",
    "userIdentity.invokedBy": "through which service",
    "sourceIPAddress": "from which address",
    "userAgent": "with which program",
    "eventSource": "of which service",
    "eventName": "what was called",
    "requestParameters": "with which parameters",
    "readOnly": "whether it could only read",
    "errorCode": "how it ended: refused",
    "errorMessage": "why it was refused",
    "responseElements": "what it answered",
}
LONGEST = 300  # characters of a value


def record(found: Mapping) -> Picture:
    """Draw what a record of CloudTrail says (a dict, as `json.loads(event["CloudTrailEvent"])` gives it); fields that it hasn't are left out."""
    rows = [[field, _written(value), meaning] for field, meaning in FIELDS.items() if (value := _at(found, field)) is not None]
    heads, caption = ["Field", "Value", "Answers"], "A record of the trail"
    coded = [[html.code(field), value, meaning] for field, value, meaning in rows]
    return Picture(html.card(html.table(heads, coded, caption)), words.columns(heads, rows, caption))


def _at(found: Mapping, field: str) -> object:
    """What stands at `userIdentity.arn`."""
    value: object = found
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _written(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
