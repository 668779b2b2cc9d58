"""The outbox: events wait here, from the transaction of what they tell until every target has had them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from localecr.events.inputs import compact
from localecr.registry import Lab
from localecr.store.database import Database

DEFAULT_BUS = "default"
_arrivals: WeakKeyDictionary[Database, threading.Event] = WeakKeyDictionary()
_making = threading.Lock()


def arrivals(lab: Lab) -> threading.Event:
    """Set whenever an event came in."""
    with _making:
        return _arrivals.setdefault(lab.database, threading.Event())


def has_readers(lab: Lab, account: str, region: str) -> bool:
    """Whether a rule was ever put in an account and Region, told by the journal alone: what nobody waits for isn't worth a line."""
    query = "SELECT 1 FROM journal WHERE service = 'events' AND operation = 'PutRule' AND account = ? AND region = ? LIMIT 1"
    return lab.database.one(query, (account, region)) is not None


def put(lab: Lab, account: str, region: str, events: Iterable[dict[str, Any]], bus: str = DEFAULT_BUS) -> None:
    """Has events delivered to the targets of a bus's rules, once the transaction around this is over. Without any rule it does nothing."""
    if not has_readers(lab, account, region):
        return
    now = lab.clock.now()
    rows = [(now, account, region, bus, compact(event)) for event in events]
    with lab.database.write() as transaction:
        transaction.executemany("INSERT INTO outbox (time, account, region, bus, event) VALUES (?, ?, ?, ?, ?)", rows)
        lab.database.afterwards(arrivals(lab).set)
