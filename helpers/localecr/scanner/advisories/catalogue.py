"""The course's own catalogue: one OSV document a file, a folder for each ecosystem, beside this package in ``catalogue/``."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from localecr.scanner import osv
from localecr.scanner.advisories import tables

FOLDER = files("localecr.scanner") / "catalogue"


def texts() -> Iterator[tuple[str, bytes]]:
    """``Debian/DEBIAN-CVE-2022-0778.json`` and its content, file by file, in order."""
    for ecosystem in sorted(FOLDER.iterdir(), key=lambda each: each.name):
        if ecosystem.is_dir():
            for file in sorted(ecosystem.iterdir(), key=lambda each: each.name):
                if file.name.endswith(".json"):
                    yield f"{ecosystem.name}/{file.name}", file.read_bytes()


def fill(connection: sqlite3.Connection) -> None:
    """Writes the catalogue into a database that hasn't it, or has another version of it."""
    version = _version()
    if _filled_with(connection) == version:
        return
    with tables.writing(connection) as transaction:
        if _filled_with(connection) == version:  # another process was quicker
            return
        transaction.execute("DELETE FROM documents WHERE origin = ?", (tables.CATALOGUE,))
        for _, text in texts():
            tables.keep(transaction, osv.parse(text), tables.CATALOGUE)
        transaction.execute("INSERT OR REPLACE INTO facts VALUES ('catalogue', ?)", (version,))


@cache  # the scanner opens its advisories for each image
def _version() -> str:
    """What is in it decides: no number has to be counted up by hand."""
    digest = hashlib.sha256()
    for name, text in texts():
        digest.update(f"{name} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def _filled_with(connection: sqlite3.Connection) -> str | None:
    row = connection.execute("SELECT value FROM facts WHERE name = 'catalogue'").fetchone()
    return row and row[0]
