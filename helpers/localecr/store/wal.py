"""What a database's write-ahead log must still hold, after the process that wrote it was killed.

SQLite takes a log that lost its end for one that was never longer. Its index, ``-shm``, which a killed process leaves behind, says
how long the log was (https://sqlite.org/walformat.html, the WAL-index header).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

EVERY = 1 << 32  # more pages than a log can have: nobody knows that any is missing
HEADER = 48  # bytes; there are two copies, which differ only while one is being written


class Log(NamedTuple):
    """Pages in a log that belong to finished transactions, and how many of them are in the database too."""

    committed: int = 0
    copied: int = 0


def read(database: Path) -> Log:
    """What the index says of a database's log; no pages where that isn't known.

    Read it while this process has the database closed: closing the index takes away the locks that SQLite holds on it, and whoever
    opens the database next then cuts it off under this process (https://sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        with open(f"{database}-shm", "rb") as file:
            first, second, copied = file.read(HEADER), file.read(HEADER), file.read(4)
    except OSError:
        return Log()
    if len(copied) < 4 or first != second:
        return Log()
    version, _, _, is_set, _, _, frames = struct.unpack_from("=IIIBBHI", first)
    return Log(frames, *struct.unpack("=I", copied)) if version == 3007000 and is_set else Log()


def lost(database: Path, before: Log, found: int) -> str | None:
    """A sentence for what SQLite didn't find any more of a log as it opened the database, but ``found`` pages; None where it found all."""
    pages = before.committed - max(before.copied, found)
    if pages <= 0:
        return None
    return f"The last changes are lost: {pages} pages of the journal {database}-wal are missing or damaged. Everything before them is there."
