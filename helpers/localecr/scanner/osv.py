"""One OSV document, read: https://ossf.github.io/osv-schema/

What the scanner needs is checked as it is read, so that no document, whoever wrote it, brings a scan down later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from localecr.scanner.versions import family

LARGEST = 16 << 20  # bytes of a document
LONGEST_NAME = 512  # characters of an id, an alias, a package's name or a version
LONGEST_SUMMARY = 1000
BEGINNING = datetime(1970, 1, 1, tzinfo=timezone.utc)
CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")
EVENTS = ("introduced", "fixed", "last_affected", "limit")
KEPT = ("severity", "cvss_source", "kev_date_added", "ssvc_exploitation")  # of database_specific: GitHub's own rating, what our catalogue says beside


class NotOsv(ValueError):
    """Not an OSV document; the message says in half a sentence why."""


@dataclass(frozen=True)
class Affected:
    """One of the packages that a document names. ``entry`` is what is kept of it: ranges, versions, severity, rating."""

    ecosystem: str
    package: str  # as ``package_key`` has it
    entry: dict[str, Any]


@dataclass(frozen=True)
class Document:
    """An OSV document. Times are seconds since 1970. ``body`` is what is kept of it beside the packages."""

    id: str
    published: float
    modified: float
    withdrawn: float | None
    names: tuple[str, ...]  # its id, its aliases, and the CVEs that it is about
    affected: tuple[Affected, ...]
    body: dict[str, Any]


def parse(text: bytes) -> Document:
    """An OSV document from its JSON text, of at most LARGEST bytes. Raises NotOsv."""
    if len(text) > LARGEST:
        raise NotOsv("it is too large")
    try:
        return read(json.loads(text))
    except RecursionError:
        raise NotOsv("it is nested too deep") from None
    except (ValueError, UnicodeError) as error:
        raise error if isinstance(error, NotOsv) else NotOsv("it is no JSON") from None


def read(given: Any) -> Document:
    """An OSV document from parsed JSON. Raises NotOsv."""
    document = _expect(dict, given, "the document")
    name = _name(document.get("id"), "its id")
    modified = instant(document.get("modified"), "modified")
    if modified is None:
        raise NotOsv("it doesn't say when it was modified")
    published = instant(document.get("published"), "published")
    flaws = _flaws(name, [_name(each, "an upstream id") for each in _list(document, "upstream")])
    aliases = [_name(each, "an alias") for each in _list(document, "aliases")]
    return Document(
        id=name,
        published=modified if published is None or published <= 0 else published,  # the year 1 is how some say that they don't know
        modified=modified,
        withdrawn=instant(document.get("withdrawn"), "withdrawn"),
        names=tuple(dict.fromkeys((name, *aliases, *flaws))),
        affected=tuple(_affected(document)),
        body=_body(document),
    )


def package_key(ecosystem: str, name: str) -> str:
    """A package's name as its ecosystem compares it. PyPI: PEP 503, ``Flask_Login`` is ``flask-login``; elsewhere every letter counts."""
    return re.sub(r"[-_.]+", "-", name).lower() if family(ecosystem) == "PyPI" else name


def instant(text: Any, what: str) -> float | None:
    """``2021-12-10T00:00:00Z`` in seconds since 1970; None where there is nothing. Raises NotOsv."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(_expect(str, text, what))
    except ValueError:
        raise NotOsv(f"{what} is no time: {text!r:.60}") from None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)) - BEGINNING).total_seconds()


def _flaws(name: str, upstream: list[str]) -> list[str]:
    """The CVEs that a distribution's document is about: the one in its id (``DEBIAN-CVE-…``), or of a bulletin all that it fixes."""
    own = re.fullmatch(rf"[A-Z]+-({CVE.pattern})", name)
    return [own[1]] if own else [each for each in upstream if CVE.fullmatch(each)]


def _affected(document: dict[str, Any]) -> Iterable[Affected]:
    for each in _list(document, "affected"):
        package = _expect(dict, each, "an affected package").get("package")
        if package is None:
            continue  # a document on a repository's commits alone
        ecosystem = _name(_expect(dict, package, "a package").get("ecosystem"), "an ecosystem")
        name = _name(package.get("name"), "a package's name")
        entry = {
            "ranges": [_range(one) for one in _list(each, "ranges") if _expect(dict, one, "a range").get("type") != "GIT"],
            "versions": [_name(version, "a version") for version in _list(each, "versions")],
        }
        if severity := _severity(each):
            entry["severity"] = severity
        urgency = _specific(each, "ecosystem_specific").get("urgency")
        if isinstance(urgency, str):
            entry["rating"] = urgency[:LONGEST_NAME]
        yield Affected(ecosystem, package_key(ecosystem, name), entry)


def _range(given: dict[str, Any]) -> list[list[str]]:
    """A range's events: ``[["introduced", "0"], ["fixed", "1.26.5"]]``."""
    if given.get("type") not in ("SEMVER", "ECOSYSTEM"):
        raise NotOsv(f"{given.get('type')!r:.60} is no type of a range")
    events = []
    for event in _list(given, "events"):
        for what, version in _expect(dict, event, "an event").items():
            if what not in EVENTS:
                raise NotOsv(f"{what!r:.60} is no event of a range")
            events.append([what, _name(version, "an event's version")])
    return events


def _body(document: dict[str, Any]) -> dict[str, Any]:
    summary = document.get("summary") or document.get("details") or ""
    specific = _specific(document, "database_specific")
    instant(specific.get("kev_date_added"), "kev_date_added")
    references = [_expect(dict, each, "a reference").get("url") for each in _list(document, "references")]
    return {
        "summary": _expect(str, summary, "the summary")[:LONGEST_SUMMARY],
        "severity": _severity(document),
        "references": [url for url in references if isinstance(url, str)],
        "specific": {name: specific[name] for name in KEPT if isinstance(specific.get(name), str)},
    }


def _severity(given: dict[str, Any]) -> list[list[str]]:
    """``[["CVSS_V3", "CVSS:3.1/…"]]``"""
    return [
        [_name(_expect(dict, each, "a severity").get("type"), "a severity's type"), _name(each.get("score"), "a score")]
        for each in _list(given, "severity")
    ]


def _specific(given: dict[str, Any], name: str) -> dict[str, Any]:
    return _expect(dict, given.get(name) or {}, name)


def _list(given: dict[str, Any], name: str) -> list[Any]:
    return _expect(list, given.get(name) or [], name)


def _name(value: Any, what: str) -> str:
    text = _expect(str, value, what)
    if not 0 < len(text) <= LONGEST_NAME:
        raise NotOsv(f"{what} is {'empty' if not text else 'too long'}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotOsv(f"{what} is no text") from None
    return text


def _expect(kind: type, value: Any, what: str) -> Any:
    if not isinstance(value, kind):
        raise NotOsv(f"{what} is missing" if value is None else f"{what} is no {_KINDS[kind]}")
    return value


_KINDS = {dict: "object", list: "list", str: "text"}
