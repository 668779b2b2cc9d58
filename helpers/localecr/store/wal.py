"""What a database's write-ahead log must still hold, after the process that wrote it was killed.

SQLite takes a log that lost its end for one that was never longer. Its index, ``-shm``, which a killed process leaves behind, says
how long the log was (https://sqlite.org/walformat.html, the WAL-index header).
"""

from __future__ import annotations

import struct
from pathlib import Path

HEADER = 48  # bytes; there are two copies, which differ only while one is being written


def committed(database: Path) -> tuple[int, int]:
    """Pages in the log that belong to finished transactions, and how many of them are in the database too; (0, 0) where that isn't known."""
    try:
        with open(f"{database}-shm", "rb") as file:
            first, second, copied = file.read(HEADER), file.read(HEADER), file.read(4)
    except OSError:
        return 0, 0
    if len(copied) < 4 or first != second:
        return 0, 0
    version, _, _, is_set, _, _, frames = struct.unpack_from("=IIIBBHI", first)
    return (frames, *struct.unpack("=I", copied)) if version == 3007000 and is_set else (0, 0)
