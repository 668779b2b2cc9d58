"""The database of advisories: its tables, and the one way in which a document is written into them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from localecr.scanner.osv import Document

VERSION = 1
PATIENCE = 60.0  # seconds that one who writes waits for another
CATALOGUE, LOADED, OWN = range(3)  # where a document comes from; of two with one id the higher counts

SCHEMA = """
CREATE TABLE documents (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    origin INTEGER NOT NULL,            -- 0 the course's catalogue, 1 loaded by an update, 2 a learner's own
    published REAL NOT NULL,
    modified REAL NOT NULL,
    withdrawn REAL,
    body TEXT NOT NULL,                 -- JSON: summary, severity, references, …
    UNIQUE (id, origin)
);
CREATE INDEX documents_by_published ON documents (published);
CREATE INDEX documents_by_modified ON documents (modified);
CREATE INDEX documents_by_withdrawn ON documents (withdrawn) WHERE withdrawn IS NOT NULL;

CREATE TABLE affected (                 -- a row for each package that a document names
    ecosystem TEXT NOT NULL,            -- Debian:12
    package TEXT NOT NULL,
    document INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
    entry TEXT NOT NULL                 -- JSON: ranges, versions, …
);
CREATE INDEX affected_by_package ON affected (ecosystem, package);
CREATE INDEX affected_by_document ON affected (document);

CREATE TABLE names (                    -- a document's id, its aliases, and the CVEs that it is about
    name TEXT NOT NULL,
    document INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE
);
CREATE INDEX names_by_name ON names (name);
CREATE INDEX names_by_document ON names (document);

CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class AdvisoriesError(Exception):
    """The database of advisories can't be used; the message says what happened and what to do."""


def open(path: Path) -> sqlite3.Connection:
    """A connection to the database, which is made where there is none. Raises AdvisoriesError."""
    connection = None
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)
        connection.row_factory = sqlite3.Row
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")
        _make(connection, path)
        return connection
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise AdvisoriesError(
            f"The advisories in {path} can't be read ({error}). Delete that file: the course's own come back by themselves."
        ) from error
    except AdvisoriesError:
        connection.close()
        raise


def _make(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection) == 0:
        with writing(connection):
            if _version(connection) == 0:  # else another process made it meanwhile
                for statement in SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
    if _version(connection) != VERSION:
        raise AdvisoriesError(
            f"The advisories in {path} were written by another version of the course. Delete that file: the course's own come back by themselves."
        )


def _version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A transaction: all of it is kept, or nothing. Raises AdvisoriesError where another process writes for long, or the disk is full."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite itself takes back what a full disk stopped
                connection.execute("ROLLBACK")
            raise
    except sqlite3.OperationalError as error:
        raise AdvisoriesError(f"The advisories couldn't be changed ({error}). They are as they were.") from error


def keep(transaction: sqlite3.Connection, document: Document, origin: int) -> Literal["added", "changed", "unchanged"]:
    """Writes a document in place of one of the same id and origin; of those that an update loads, in place of an older one."""
    there = transaction.execute("SELECT number, modified FROM documents WHERE id = ? AND origin = ?", (document.id, origin)).fetchone()
    if there and origin == LOADED and there["modified"] >= document.modified:
        return "unchanged"
    if there:
        transaction.execute("DELETE FROM documents WHERE number = ?", (there["number"],))
    number = transaction.execute(
        "INSERT INTO documents (id, origin, published, modified, withdrawn, body) VALUES (?, ?, ?, ?, ?, ?)",
        (document.id, origin, document.published, document.modified, document.withdrawn, _json(document.body)),
    ).lastrowid
    transaction.executemany(
        "INSERT INTO affected VALUES (?, ?, ?, ?)", [(each.ecosystem, each.package, number, _json(each.entry)) for each in document.affected]
    )
    transaction.executemany("INSERT INTO names VALUES (?, ?)", [(name, number) for name in document.names])
    return "changed" if there else "added"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
