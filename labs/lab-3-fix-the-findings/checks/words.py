"""How several things are told in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher


def listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def nearly(name: str, wanted: str) -> bool:
    """Whether a name is another one, and was probably meant to be this."""
    return name != wanted and SequenceMatcher(None, name.lower(), wanted).ratio() > 0.6


def some(names: Iterable[str]) -> str:
    """Three of them, and how many more there are."""
    known = sorted(set(names))
    return ", ".join(known[:3]) + (f" and {len(known) - 3} more" if len(known) > 3 else "")
