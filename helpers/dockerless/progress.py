"""Progress as Docker Engine streams it: small JSON objects, a status for each layer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]
Progress = Callable[[Event], None]
INTERVAL = 0.1  # seconds between two reports on one layer
BAR = 50


def silent(event: Event) -> None:
    """For who doesn't want to know."""


def short(digest: str) -> str:
    """The twelve hexadecimal digits that Docker shows of a digest or an id."""
    return digest.removeprefix("sha256:")[:12]


def status(text: str, id: str = "") -> Event:
    return {"status": text} | ({"id": id} if id else {})


def layer(text: str, id: str) -> Event:
    """A step in the life of a layer, such as "Preparing" or "Pull complete"."""
    return {"status": text, "progressDetail": {}, "id": id}


def failure(message: str) -> Event:
    return {"errorDetail": {"message": message}, "error": message}


def size(count: float) -> str:
    """1536 is ``1.536kB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.4g}{unit}"
        count /= 1000
    raise AssertionError("unreachable")


class Meter:
    """Reports how much of a layer has moved: at its beginning, at its end, and now and then in between."""

    def __init__(self, progress: Progress, text: str, id: str, total: int) -> None:
        self._progress = progress
        self._text = text
        self._id = id
        self._total = total
        self._moved = 0
        self._next = 0.0

    def add(self, count: int) -> None:
        self._moved += count
        if self._moved < self._total and time.monotonic() < self._next:
            return
        self._next = time.monotonic() + INTERVAL
        done = BAR * self._moved // max(self._total, 1)
        bar = f"[{'=' * done}>{' ' * (BAR - done)}]"[: BAR + 2] if done < BAR else f"[{'=' * BAR}>]"
        detail = {"current": self._moved, "total": self._total}
        text = f"{bar} {size(self._moved):>8}/{size(self._total)}"
        self._progress({"status": self._text, "progressDetail": detail, "progress": text, "id": self._id})
