"""What a database's write-ahead log must still hold, after the process that wrote it was killed.

SQLite takes a log that lost its end for one that was never longer. Its index, ``-shm``, which a killed process leaves behind, says
how long the log was (https://sqlite.org/walformat.html, the WAL-index header).
"""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path
from typing import NamedTuple

HEADER = 48  # bytes; there are two copies, which differ only while one is being written


class Log(NamedTuple):
    """Pages in a log that belong to finished transactions, and how many of them are in the database too."""

    committed: int = 0
    copied: int = 0


def read(database: Path) -> Log:
    """What the index says of a database's log; no pages where that isn't known. Read it before SQLite opens the database."""
    try:
        with open(f"{database}-shm", "rb") as file:
            first, second, copied = file.read(HEADER), file.read(HEADER), file.read(4)
    except OSError:
        return Log()
    if len(copied) < 4 or first != second:
        return Log()
    version, _, _, is_set, _, _, frames = struct.unpack_from("=IIIBBHI", first)
    return Log(frames, *struct.unpack("=I", copied)) if version == 3007000 and is_set else Log()


def frames(connection: sqlite3.Connection) -> int:
    """How many pages the log has now that SQLite opened it; told by SQLite, for whoever has the database open.

    A process that closes ``-shm`` loses all its locks on it (https://sqlite.org/howtocorrupt.html), and then the next program that
    looks into the database cuts the index short, which ends the lab.
    """
    return connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]


def lost(database: Path, before: Log, found: int) -> str | None:
    """A sentence for the pages that SQLite didn't find any more of a log as it opened the database; None where it found all."""
    pages = before.committed - max(before.copied, found)
    if pages <= 0:
        return None
    return f"The last changes are lost: {pages} pages of the journal {database}-wal are missing or damaged. Everything before them is there."
