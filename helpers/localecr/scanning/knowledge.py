"""How much is known of vulnerabilities: all that was published until now on the lab's clock, or until an earlier date at which it is held."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

from localecr.registry import Lab
from localecr.store.database import Database

SETTING = "advisories.known_until"  # seconds since 1970
_told: WeakKeyDictionary[Database, list[Callable[[], object]]] = WeakKeyDictionary()


def known_at(lab: Lab) -> float:
    """The moment whose knowledge scans use, in seconds since 1970: an advisory that was published later is not known."""
    held = held_at(lab)
    return lab.clock.now() if held is None else min(held, lab.clock.now())


def held_at(lab: Lab) -> float | None:
    """The date at which the lab's knowledge is held; None where it goes with the clock."""
    row = lab.database.one("SELECT value FROM settings WHERE name = ?", (SETTING,))
    return float(row["value"]) if row else None


def hold(lab: Lab, until: float) -> None:
    """Holds the lab's knowledge at a date, in seconds since 1970, whatever the clock says; one that is still to come is waited for."""
    with lab.database.write() as transaction:
        transaction.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (SETTING, repr(until)))
    changed(lab)


def release(lab: Lab) -> None:
    """Lets the lab know all that is known by now."""
    with lab.database.write() as transaction:
        transaction.execute("DELETE FROM settings WHERE name = ?", (SETTING,))
    changed(lab)


def changed(lab: Lab) -> None:
    """Says that other advisories are known now, or others were loaded."""
    for step in _told.get(lab.database, ()):
        step()


def whenever_changed(lab: Lab, step: Callable[[], object]) -> None:
    """Has a step done, which must be short, whenever other advisories are known. That time goes by is told by ``lab.clock.whenever_moved``."""
    _told.setdefault(lab.database, []).append(step)
