"""Disks that are full, broken or not to be written: what SQLite and the system call it, and the sentence for a person."""

from __future__ import annotations

import errno
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

FULL = "The disk that holds the lab is full. Free some space and try again; nothing was lost."
READ_ONLY = "The folder that holds the lab can't be written. Make it writable and try again; nothing was lost."
MOVED = "The lab's database can't be opened any more: was it moved or deleted? Stop the lab, put lab.sqlite back, and start it again."
DAMAGED = "The lab's database is damaged. Stop the lab; ecrlab doctor says more."
UNREADABLE = "The disk that holds the lab can't be read or written just now. Look after the disk and try again."

ERRNOS = {
    errno.ENOSPC: FULL, errno.EDQUOT: FULL, errno.EROFS: READ_ONLY, errno.EACCES: READ_ONLY, errno.EPERM: READ_ONLY, errno.EIO: UNREADABLE,
}  # fmt: skip
# names begin with these, the first that fits counts (https://sqlite.org/rescode.html)
SQLITE = {
    "SQLITE_FULL": FULL, "SQLITE_IOERR_SHMSIZE": FULL, "SQLITE_READONLY_DBMOVED": MOVED, "SQLITE_READONLY": READ_ONLY, "SQLITE_PERM": READ_ONLY,
    "SQLITE_CANTOPEN": MOVED, "SQLITE_CORRUPT": DAMAGED, "SQLITE_NOTADB": DAMAGED, "SQLITE_IOERR": UNREADABLE,
}  # fmt: skip
log = logging.getLogger("localecr")


class Moved(OSError):
    """The database that is open isn't the one in the folder any more: what is written to it would be lost with it."""


def sentence(error: BaseException | None) -> str | None:
    """What to tell whoever met this error, or one that it came from; None where no disk is to blame."""
    while error is not None:
        if isinstance(error, Moved):
            found = MOVED
        elif isinstance(error, sqlite3.Error):
            name = getattr(error, "sqlite_errorname", None) or ""
            found = next((said for begins, said in SQLITE.items() if name.startswith(begins)), None)
        else:
            found = ERRNOS.get(error.errno) if isinstance(error, OSError) else None
        if found:
            return found
        error = error.__cause__ or error.__context__
    return None


@contextmanager
def tolerated(what: str) -> Iterator[None]:
    """For what is only noted beside the work that was asked for: a disk in trouble costs the note, not the work, and the log says so."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        said = sentence(error)
        if said is None:
            raise
        log.warning("%s wasn't written down. %s", what, said)
