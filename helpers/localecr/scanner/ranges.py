"""Whether a version is affected, by what an OSV document says of a package: https://ossf.github.io/osv-schema/#evaluation"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cmp_to_key
from typing import Any, NamedTuple

from localecr.scanner import versions
from localecr.scanner.advisories import Entry

UNBOUNDED = (("introduced", "0"), ("limit", "*"))  # events that say nothing: before all versions, after all versions


class PackageVersion(NamedTuple):
    """What advisories are held against: a version of a package, whose ``name`` is as ``osv.package_key`` has it."""

    ecosystem: str
    name: str
    version: str


class Hit(NamedTuple):
    """The version is affected. ``fixed_in`` is the first one after it that isn't, None where there is none."""

    fixed_in: str | None


class Incomparable(NamedTuple):
    """A version, the package's own or one of the document's, that can't be compared."""

    of_package: bool
    reason: str


class _Event(NamedTuple):
    what: str
    version: str
    value: Any  # as versions.parse has it; None: before all versions, as ``0`` means


class _Broken(Exception):
    """A range with a version that can't be parsed; the message says which."""


def affects(package: PackageVersion, entries: Iterable[Entry]) -> tuple[Hit | None, list[Incomparable]]:
    """Whether a document's entries on a package affect its version. A range that can't be compared says nothing, and is told.

    A version that is listed by name is affected, comparable or not. One that lies in several ranges is fixed where it leaves the last.
    """
    problems: list[Incomparable] = []
    described, listed = [], False
    for entry in entries:
        listed = listed or package.version in entry["versions"]
        for events in entry["ranges"]:
            try:
                described.append(_sorted(package.ecosystem, events))
            except _Broken as error:
                problems.append(Incomparable(False, str(error)))
    if not described:
        return Hit(None) if listed else None, problems
    try:
        version = versions.parse(package.ecosystem, package.version)
    except versions.Unparsable as error:
        return (Hit(None), problems) if listed else (None, [*problems, Incomparable(True, str(error))])
    ends = [_end(events, version) for events in described if _contains(events, version)]
    if ends:
        return Hit(None if None in ends else max(ends, key=_KEY).version), problems
    if listed:
        later = [end for events in described if (end := _end(events, version))]
        return Hit(min(later, key=_KEY).version if later else None), problems
    return None, problems


def in_words(events: list[list[str]]) -> str:
    """A range for a person: ``from 1.25.4 before 1.26.5``; ``up to 1.2.17``; ``every version``."""
    words = {"introduced": "from", "fixed": "before", "last_affected": "up to", "limit": "before"}
    return " ".join(f"{words[what]} {version}" for what, version in events if (what, version) not in UNBOUNDED) or "every version"


def _sorted(ecosystem: str, events: list[list[str]]) -> list[_Event]:
    """A range's events in order. Of its limits only the highest counts, and none where one is infinity."""
    read = []
    for what, version in events:
        if what == "limit" and ["limit", "*"] in events:
            continue
        try:
            value = None if version == "0" and what in ("introduced", "fixed") else versions.parse(ecosystem, version)
        except versions.Unparsable as error:
            raise _Broken(str(error)) from None
        read.append(_Event(what, version, value))
    ordered = sorted(read, key=_KEY)
    highest = max((place for place, event in enumerate(ordered) if event.what == "limit"), default=None)
    return [event for place, event in enumerate(ordered) if event.what != "limit" or place == highest]


def _compare(one: _Event, other: _Event) -> int:
    """Of two at the same version what is introduced comes first: introduced 0, fixed 0 is how Alpine says that nothing ever was affected."""
    if one.value is None or other.value is None:
        differ = (one.value is not None) - (other.value is not None)
    else:
        differ = (other.value < one.value) - (one.value < other.value)
    return differ or (other.what == "introduced") - (one.what == "introduced")


_KEY = cmp_to_key(_compare)


def _contains(events: list[_Event], version: Any) -> bool:
    inside = False
    for event in events:
        if event.value is not None and version < event.value:
            break
        if event.what == "limit":
            return False  # whatever is introduced after it
        if event.what == "introduced":
            inside = True
        elif event.what != "last_affected" or event.value < version:
            inside = False
    return inside


def _end(events: list[_Event], version: Any) -> _Event | None:
    """The fix that comes next after a version; None where the range ends without one, or not at all."""
    for event in events:
        if event.what == "fixed" and event.value is not None and version < event.value:
            return event
        if event.what in ("last_affected", "limit") and not event.value < version:
            return None
    return None

