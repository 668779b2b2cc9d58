"""What the local lab knows of vulnerabilities: `lab.advisories`, and what the command `ecrlab advisories` shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecrlab.errors import LabError

if TYPE_CHECKING:
    import pandas
    from localecr.door import Door
    from localecr.scanner import advisories as database

ORIGINS = ("the course's", "loaded", "your own")


class Advisories:
    """`lab.advisories`: OSV documents, the course's own and what you load or write. Scans find what they speak of."""

    def __init__(self, state: Path, door: Door) -> None:
        self._state = state
        self._door = door

    @property
    def known_until(self) -> datetime | None:
        """The date at which the lab's knowledge is held; None where it goes with the clock."""
        held = self._door.advisories()["known_until"]
        return held and datetime.fromisoformat(held)

    def hold(self, until: str | date | datetime) -> datetime:
        """Let the lab know only what was published by a date, such as "2021-12-09", whatever its clock says. Images are looked at again."""
        moment = _moment(until)
        self._door.advisories(known_until=moment.isoformat())
        return moment

    def release(self) -> None:
        """Let the lab know all that is known by now on its clock. Images are looked at again."""
        self._door.advisories(known_until=None)

    def list(self, package: str | None = None, ecosystem: str | None = None) -> pandas.DataFrame:
        """The advisories that the lab knows of by now, a row for each package that one speaks of, as `told` has them.

        `ecosystem`: "PyPI", "npm", "Maven", "Debian" or "Debian:12", "Alpine" or "Alpine:v3.20".
        """
        import pandas

        with opened(self._state) as advisories:
            known_at = self._known_at()
            rows = [_row(advisories, advisory, said, known_at) for advisory, said in advisories.packages(known_at, ecosystem, package)]
        return pandas.DataFrame(rows, columns=list(COLUMNS))

    def show(self, id: str) -> pandas.DataFrame:
        """What each source says of a vulnerability, named by its CVE or by any of its ids. Of those on one package the first row decides."""
        import pandas

        with opened(self._state) as advisories:
            return pandas.DataFrame(told(advisories, id, self._known_at()), columns=list(COLUMNS))

    def add(self, document: dict[str, Any]) -> str:
        """Keep an OSV document of your own, which decides over all others on its vulnerability, and return its id. Images are looked at again.

        https://ossf.github.io/osv-schema/ says what is in one; `id`, `modified` and `affected` are enough.
        """
        from localecr.scanner.osv import NotOsv

        with opened(self._state) as advisories:
            try:
                id = advisories.add(document)
            except NotOsv as error:
                raise LabError("advisory", f"That is no OSV document: {error}.", "Compare it with lab.advisories.show.") from error
        self._door.advisories(changed=True)
        return id

    def _known_at(self) -> float:
        now = self._door.clock()
        return min(now, self.known_until or now).timestamp()


COLUMNS = {
    "vulnerability": "its CVE, or its own id where it has none",
    "advisory": "the document's id",
    "source": "who published it",
    "ecosystem": "of the package",
    "package": "as advisories name it: of an operating system the source package",
    "affected": "which versions are affected",
    "score": "the CVSS base score, where the document has one",
    "rating": "the source's own word for how bad it is",
    "published": "when",
    "summary": "what goes wrong",
}


@contextmanager
def opened(state: Path) -> Iterator[database.Advisories]:
    """The advisories of a lab's folder. Raises LabError where they can't be used."""
    from localecr.scanner.advisories import FILE, Advisories, AdvisoriesError

    try:
        with Advisories(state / FILE) as advisories:
            yield advisories
    except AdvisoriesError as error:
        raise LabError("advisories", str(error)) from error


def sources(advisories: database.Advisories, id: str, known_at: float) -> list[tuple[database.Advisory, list[database.Said]]]:
    """The documents on a vulnerability and what each says of packages, the one that decides first. Raises LabError for an unknown id."""
    from localecr.scanner import merging

    found = sorted(advisories.sources(id, known_at), key=lambda source: merging.order(source[0]))
    if not found:
        raise LabError("advisory", f"No advisory that is known here speaks of {id}.", "See which there are: ecrlab advisories list")
    return found


def told(advisories: database.Advisories, id: str, known_at: float) -> list[dict[str, Any]]:
    """What each document on a vulnerability says of each package, the one that decides first; rows of COLUMNS. Raises LabError for an unknown id."""
    return [_row(advisories, advisory, said, known_at) for advisory, entries in sources(advisories, id, known_at) for said in entries]


def _row(advisories: database.Advisories, advisory: database.Advisory, said: database.Said, known_at: float) -> dict[str, Any]:
    from localecr.scanner import merging
    from localecr.scanner.sources import of as source_of

    return {
        "vulnerability": ", ".join(advisories.flaws(advisory, known_at)),
        "advisory": advisory.id,
        "source": source_of(advisory.id).name,
        "ecosystem": said.ecosystem,
        "package": said.package,
        "affected": affected(said.entry),
        "score": merging.score([said.entry], [advisory])[1],
        "rating": merging.rating(advisory, [said.entry]),
        "published": datetime.fromtimestamp(advisory.published, timezone.utc).date().isoformat(),
        "summary": advisory.body["summary"],
    }


def affected(entry: database.Entry) -> str:
    """Which versions a document says are affected: "before 2.3.1, from 2.4 before 2.12.2"."""
    from localecr.scanner import ranges

    words = [ranges.in_words(events) for events in entry["ranges"]]
    return ", ".join(words or entry["versions"][:5]) + (" …" if not words and len(entry["versions"]) > 5 else "")


def _moment(until: str | date | datetime) -> datetime:
    """A date as its first moment, UTC. Raises LabError for what is none."""
    try:
        moment = until if isinstance(until, date) else datetime.fromisoformat(until)
    except (ValueError, TypeError):
        raise LabError("date", f"{until!r} is no date.", 'Write it as year, month and day: "2021-12-09".') from None
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
