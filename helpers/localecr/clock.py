"""The lab's clock: what the registry, tokens and the trail read instead of the computer's.

It ticks with the wall clock plus whatever was advanced, and only goes forward. Started at a
fixed instant (``ECRLAB_CLOCK``) it stands still and moves only by ``advance``, which makes
outputs reproducible.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from localecr.errors import AwsError
from localecr.store.database import Database

DAY = 24 * 3600.0  # seconds
SETTLING = 1.0  # seconds in which what has just happened is written down
LATEST = datetime(9000, 1, 1, tzinfo=timezone.utc).timestamp()


class Clock:
    """Seconds since 1970 (UTC), kept across restarts of the lab."""

    def __init__(self, database: Database, start: str | None = None):
        self._database = database
        self._moving = threading.Lock()
        self._told: list[Callable[[], object]] = []
        self._moved_to = 0.0
        self._standing = self._read("clock.standing")
        self._offset = self._read("clock.offset") or 0.0
        if self._standing is None and self._read("clock.offset") is None:  # fresh: decides once whether it stands or ticks
            if start:
                self._keep("clock.standing", parse_instant(start).timestamp())
            else:
                self._keep("clock.offset", 0.0)

    def now(self) -> float:
        """The present in seconds since 1970, UTC."""
        return time.time() + self._offset if self._standing is None else self._standing

    def advance(self, seconds: float) -> float:
        """Moves the clock forward by ``seconds`` and returns the new present.

        Raises ``AwsError`` for a negative, endless or absurd step: the clock only goes forward.
        """
        with self._moving:  # and no transaction around both: the clock has moved only when that is kept
            if not (0 <= seconds < LATEST and self.now() + seconds < LATEST):
                raise AwsError("ValidationException", "The clock only goes forward, and not past the year 9000.")
            if self._standing is None:
                self._keep("clock.offset", self._offset + seconds)
            else:
                self._keep("clock.standing", self._standing + seconds)
            self._moved_to = self.now()
        for step in self._told:
            step()
        return self.now()

    @property
    def is_standing(self) -> bool:
        """Whether it moves by ``advance`` alone."""
        return self._standing is not None

    @property
    def settled(self) -> float:
        """The instant before which nothing will be written down any more: of a clock that ticks, a little ago, or where it was moved to."""
        return self.now() if self.is_standing else max(self._moved_to, self.now() - SETTLING)

    def whenever_moved(self, step: Callable[[], object]) -> None:
        """Has a step done, which must be short, after each move."""
        self._told.append(step)

    def _read(self, name: str) -> float | None:
        row = self._database.one("SELECT value FROM settings WHERE name = ?", (name,))
        return None if row is None else float(row["value"])

    def _keep(self, name: str, value: float) -> None:
        with self._database.write() as transaction:
            transaction.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, repr(value)))
        if name == "clock.standing":
            self._standing = value
        else:
            self._offset = value


def parse_instant(text: str) -> datetime:
    """``2026-01-05T09:00:00Z`` as an aware datetime; a time without a zone is taken as UTC."""
    instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)


def as_datetime(seconds: float) -> datetime:
    """Seconds since 1970 as an aware datetime in UTC."""
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)


def in_words(seconds: float) -> str:
    """``2026-01-05T09:00:00Z``, as records, events and policies have a time."""
    return _in_words(int(round(seconds, 6)))  # as `as_datetime` has it: sums of steps are off by less


@lru_cache(maxsize=64)  # of one second there are many calls
def _in_words(second: int) -> str:
    return f"{as_datetime(second):%Y-%m-%dT%H:%M:%SZ}"
