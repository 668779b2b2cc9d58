"""What is known to be wrong: OSV documents in a database of their own, ``advisories.sqlite`` in the lab's folder.

It begins as the course's own catalogue; ``update`` loads full OSV dumps. https://ossf.github.io/osv-schema/
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from localecr.scanner import osv
from localecr.scanner.advisories import catalogue, tables
from localecr.scanner.advisories.incoming import NotLoaded, documents
from localecr.scanner.advisories.tables import CATALOGUE, LOADED, OWN, AdvisoriesError
from localecr.scanner.model import Problem

__all__ = ["CATALOGUE", "FILE", "LOADED", "OWN", "Advisories", "AdvisoriesError", "Advisory", "Entry", "NotLoaded", "Said", "Update", "is_cve"]

FILE = "advisories.sqlite"  # in the lab's folder
MOST_NAMED = 20  # documents that an update refuses and names
# a document is known from when it was published until it was withdrawn
KNOWN = "document.published <= :known_at AND (document.withdrawn IS NULL OR document.withdrawn > :known_at)"
# and one of the same id that a learner loaded or wrote stands for it, once that is published
CURRENT = (
    f"{KNOWN} AND NOT EXISTS (SELECT 1 FROM documents AS newer"
    " WHERE newer.id = document.id AND newer.origin > document.origin AND newer.published <= :known_at)"
)
COLUMNS = (
    "document.number, document.id, document.origin, document.published, document.modified, document.withdrawn, document.body,"
    " (SELECT json_group_array(name) FROM names WHERE names.document = document.number) AS names"
)
Entry = dict[str, Any]  # what a document says of a package, as ``osv.Affected`` has it


@dataclass(frozen=True)
class Advisory:
    """A document of the database. Times are seconds since 1970; ``origin``: CATALOGUE, LOADED or OWN; ``names`` as ``osv.Document`` has them."""

    number: int
    id: str
    origin: int
    published: float
    modified: float
    withdrawn: float | None
    names: tuple[str, ...]
    _body: str = field(repr=False)

    @classmethod
    def of(cls, row: sqlite3.Row) -> Advisory:
        return cls(*(row[name] for name in ("number", "id", "origin", "published", "modified", "withdrawn")), tuple(json.loads(row["names"])), row["body"])

    @cached_property
    def body(self) -> dict[str, Any]:
        """What ``osv.Document`` keeps beside packages; of thousands on one package few are ever read."""
        return json.loads(self._body)


class Said(NamedTuple):
    """What a document says of a package; ``entry`` as ``osv.Affected`` has it."""

    ecosystem: str
    package: str
    entry: Entry


@dataclass(frozen=True)
class Update:
    """What an update did, in numbers of documents; ``problems`` names the first of those that were refused, and why."""

    added: int
    changed: int
    unchanged: int
    refused: int
    problems: tuple[Problem, ...]

    @property
    def read(self) -> int:
        return self.added + self.changed + self.unchanged


class Advisories:
    """The advisories of a lab. Reading and updating go on beside each other, from several processes; an object is for one thread."""

    def __init__(self, path: Path | str):
        """Opens the database; a new one, or one that an older catalogue filled, gets the course's catalogue first.

        Raises AdvisoriesError for a file that can't be opened or isn't such a database.
        """
        self.path = Path(path)
        self._database = tables.open(self.path)
        try:
            catalogue.fill(self._database)
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Advisories:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Within it all answers are of one moment, whatever is updated meanwhile."""
        self._database.execute("BEGIN")
        try:
            yield
        finally:
            self._database.execute("COMMIT")

    def affecting(self, ecosystem: str, package: str, known_at: float) -> list[tuple[Advisory, Entry]]:
        """The documents that speak of a package, each with what it says of it; several entries of one come one by one.

        ``package`` as ``osv.package_key`` has it; of an operating system it is the source package. What names an operating system
        without a release (``Debian``) speaks of all its releases.
        """
        rows = self._database.execute(
            f"SELECT {COLUMNS}, entry FROM affected CROSS JOIN documents AS document ON document.number = affected.document"
            f" WHERE ecosystem IN (:ecosystem, :family) AND package = :package AND {CURRENT} ORDER BY affected.rowid",
            {"ecosystem": ecosystem, "family": ecosystem.partition(":")[0], "package": package, "known_at": known_at},
        )
        return [(Advisory.of(row), json.loads(row["entry"])) for row in rows]

    def flaws(self, advisory: Advisory, known_at: float) -> list[str]:
        """What a document is about: the CVEs that it names; of one that names none those that its aliases name, and else one of their ids."""
        if not any(map(is_cve, advisory.names)):
            names = {name for each in self._related([advisory], known_at) for name in each.names}
            return sorted(filter(is_cve, names)) or [min(names, key=lambda name: (not name.startswith("GHSA-"), name))]
        return sorted(filter(is_cve, advisory.names))

    def on(self, flaw: str, known_at: float) -> list[Advisory]:
        """All documents on a vulnerability, by its CVE or by any of their ids and aliases; also those that a newer one stands for."""
        rows = self._database.execute(
            f"SELECT {COLUMNS} FROM names CROSS JOIN documents AS document ON document.number = names.document WHERE name = :name AND {KNOWN}",
            {"name": flaw, "known_at": known_at},
        )
        named = [Advisory.of(row) for row in rows]
        if not is_cve(flaw):
            return self._related(named, known_at)
        return [each for each in self._related(named, known_at) if flaw in each.names or not any(map(is_cve, each.names))]

    def _related(self, advisories: list[Advisory], known_at: float) -> list[Advisory]:
        """These, and all that share a name with one of them, or with one that does. A CVE doesn't count: a bulletin names many."""
        rows = self._database.execute(
            "WITH RECURSIVE related (number) AS ("
            " SELECT value FROM json_each(:numbers)"
            " UNION SELECT other.document FROM related JOIN names AS mine ON mine.document = related.number"
            "  JOIN names AS other ON other.name = mine.name JOIN documents AS document ON document.number = other.document"
            f"  WHERE mine.name NOT GLOB 'CVE-*' AND {KNOWN}"
            f") SELECT {COLUMNS} FROM related JOIN documents AS document ON document.number = related.number ORDER BY document.number",
            {"numbers": json.dumps([each.number for each in advisories]), "known_at": known_at},
        )
        return [Advisory.of(row) for row in rows]

    def packages(self, known_at: float, ecosystem: str | None = None, package: str | None = None) -> Iterator[tuple[Advisory, Said]]:
        """The documents that are known, each with what it says of a package; all, or those on an ecosystem (``Debian`` or ``Debian:12``), a package."""
        rows = self._database.execute(
            f"SELECT {COLUMNS}, ecosystem, package, entry FROM documents AS document JOIN affected ON affected.document = document.number"
            " WHERE (:package IS NULL OR package IN (:package, :key)) AND (:ecosystem IS NULL OR ecosystem = :ecosystem OR ecosystem GLOB :ecosystem || ':*')"
            f" AND {CURRENT} ORDER BY document.id, affected.rowid",
            {"package": package, "key": package and osv.package_key("PyPI", package), "ecosystem": ecosystem, "known_at": known_at},
        )
        return ((Advisory.of(row), Said(row["ecosystem"], row["package"], json.loads(row["entry"]))) for row in rows)

    def sources(self, name: str, known_at: float) -> list[tuple[Advisory, list[Said]]]:
        """What each document on a vulnerability says, so that one sees where they disagree. ``name``: its CVE, or any id or alias.

        Not those that a newer one of the same id stands for; in no particular order: ``merging.order`` says who decides.
        """
        about = {flaw for named in self.on(name, known_at) for flaw in self.flaws(named, known_at)} if not is_cve(name) else {name}
        newest: dict[str, Advisory] = {}
        for told in sorted((each for flaw in about for each in self.on(flaw, known_at)), key=lambda each: each.origin):
            newest[told.id] = told
        said = "SELECT ecosystem, package, entry FROM affected WHERE document = ? ORDER BY rowid"
        return [
            (each, [Said(*row[:2], json.loads(row["entry"])) for row in self._database.execute(said, (each.number,))]) for each in newest.values()
        ]

    def updated_at(self, known_at: float) -> float:
        """When the advisories that are known at ``known_at`` were last changed; seconds since 1970. 0.0 where none is known."""
        last = (
            self._database.execute(f"SELECT max({column}) FROM documents WHERE {column} <= ?", (known_at,)).fetchone()[0]
            for column in ("published", "modified", "withdrawn")
        )
        return max((each for each in last if each is not None), default=0.0)

    def count(self, known_at: float) -> int:
        """How many documents are known."""
        return self._database.execute(f"SELECT count(*) FROM documents AS document WHERE {CURRENT}", {"known_at": known_at}).fetchone()[0]

    def update(self, source: str | Path) -> Update:
        """Loads OSV documents from a ZIP file, a folder or a URL (of a ZIP file): all of them that can be read, or, where that fails, none.

        A document takes the place of an older one of the same id. What is no OSV document is counted and named. Raises NotLoaded.
        """
        kept, refused = Counter[str](), 0
        problems: list[Problem] = []
        with documents(source) as given, tables.writing(self._database) as transaction:
            for name, text in given:
                try:
                    kept[tables.keep(transaction, osv.parse(text), LOADED)] += 1
                except osv.NotOsv as error:
                    refused += 1
                    if len(problems) < MOST_NAMED:
                        problems.append(Problem(name, str(error)))
            if not kept:
                raise NotLoaded(f"There is no OSV document in {source}.")
        return Update(kept["added"], kept["changed"], kept["unchanged"], refused, tuple(problems))

    def add(self, document: dict[str, Any]) -> str:
        """Keeps an OSV document of the learner's own, in place of any other of the same id, and returns the id. Raises osv.NotOsv."""
        read = osv.read(document)
        with tables.writing(self._database) as transaction:
            tables.keep(transaction, read, OWN)
        return read.id


def is_cve(name: str) -> bool:
    return name.startswith("CVE-")
