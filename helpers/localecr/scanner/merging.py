"""What several documents say of one vulnerability, made one: who decides, and who adds what the one who decides doesn't say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localecr.scanner import severity, sources
from localecr.scanner.advisories import CATALOGUE, OWN, Advisory, Entry, is_cve
from localecr.scanner.model import Vulnerability
from localecr.scanner.osv import instant

# AWS's findings carry CVSS 3 where there is one
VECTORS = ("CVSS_V3", "CVSS_V4", "CVSS_V2")
EXPLOITED = ("poc", "active")  # CISA's assessments (SSVC) of how far an exploit is known


def order(advisory: Advisory) -> tuple[bool, int, str, int]:
    """In this order documents decide: a learner's own, then by who published them, then what was loaded before the catalogue."""
    return (advisory.origin != OWN, *sources.rank(advisory.id), -advisory.origin)


def vulnerability(id: str, deciding: Advisory, entries: list[Entry], told: list[Advisory], known_at: float) -> Vulnerability:
    """A vulnerability as the deciding document has it, in its ``entries`` on a package; what it leaves out comes from the others in order.

    ``told`` are all documents on it, with the deciding one. A rating is always the deciding source's own.
    """
    said = [deciding, *sorted((each for each in told if each.number != deciding.number), key=order)]
    vector, points, score_source = score(entries, said)
    exploited_since = next(_known_exploited(said, known_at), None)
    references = next((tuple(dict.fromkeys(each.body["references"])) for each in said if each.body["references"]), ())
    return Vulnerability(
        id=id,
        advisory=deciding.id,
        aliases=_aliases(id, said),
        summary=next((each.body["summary"] for each in said if each.body["summary"]), id),
        source=sources.of(deciding.id).name,
        url=sources.page(deciding.id, id) or next(iter(references), ""),
        published=deciding.published,
        modified=_modified(deciding, known_at),
        vector=vector,
        score=points,
        score_source=score_source,
        rating=rating(deciding, entries),
        exploited_since=exploited_since,
        has_exploit=exploited_since is not None or any(each.body["specific"].get("ssvc_exploitation") in EXPLOITED for each in said),
        references=references,
    )


def rating(advisory: Advisory, entries: list[Entry]) -> str | None:
    """How a source rates it itself: Debian's urgency, Ubuntu's priority, GitHub's severity."""
    given = [entry.get("rating") for entry in entries]
    given += [score for each in (*(entry.get("severity", ()) for entry in entries), advisory.body["severity"]) for kind, score in each if kind == "Ubuntu"]
    given.append(advisory.body["specific"].get("severity"))
    return next((each for each in given if each), None)


def score(entries: list[Entry], said: list[Advisory]) -> tuple[str | None, float | None, str | None]:
    """The first vector that can be read, its score, and who scored; ``entries`` are the first document's on a package."""
    own = [each for entry in entries for each in entry.get("severity", ())]
    for given, advisory in [(own, said[0]), *((each.body["severity"], each) for each in said)]:
        for vector in _vectors(given):
            points = severity.score(vector)
            if points is not None:
                return vector, points, advisory.body["specific"].get("cvss_source") or sources.of(advisory.id).name
    return None, None, None


def _vectors(given: list[list[str]]) -> list[str]:
    return [vector for wanted in VECTORS for kind, vector in given if kind == wanted]


def _modified(advisory: Advisory, known_at: float) -> float:
    """When its publisher changed it last, as far as is known: the course's own documents say only when the course changed them."""
    return advisory.published if advisory.origin == CATALOGUE or advisory.modified > known_at else advisory.modified


def _known_exploited(said: list[Advisory], known_at: float) -> Iterator[str]:
    for each in said:
        date: Any = each.body["specific"].get("kev_date_added")
        if date and instant(date, "kev_date_added") <= known_at:
            yield date


def _aliases(id: str, said: list[Advisory]) -> tuple[str, ...]:
    """Other names than CVEs: a bulletin that is about several of those is no name of one."""
    names = [name for each in said if set(filter(is_cve, each.names)) <= {id} for name in each.names]
    return tuple(dict.fromkeys(name for name in names if name != id and not name.endswith(f"-{id}")))
