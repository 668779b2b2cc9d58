"""SQLite in WAL mode: many readers, one writer, and a commit before any request is acknowledged."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from localecr.store import trouble, wal
from localecr.store.schema import SCHEMA, STEPS, VERSION

MOST_REMEMBERED = 1024  # answers of a kind
Found = TypeVar("Found")
log = logging.getLogger("localecr")


class Database:
    """One connection a thread; writes take turns, reads never wait for them."""

    def __init__(self, path: Path):
        self._path = path
        self._local = threading.local()
        self._turn = threading.RLock()
        self._connections: list[sqlite3.Connection] = []
        self._remembered: dict[str, dict[Hashable, Any]] = {}
        self._is_open = True
        self._prepare()

    def _prepare(self) -> None:
        self._refuse_lost()
        before = wal.read(self._path)
        try:
            if not self._path.exists():
                self._path.touch(mode=0o600)  # connections find it or fail: none makes an empty one in the place of one deleted later
            self._read_layout()
        except sqlite3.DatabaseError as error:
            if trouble.sentence(error) in (None, trouble.DAMAGED):
                raise self._unreadable(str(error)) from error
            raise
        self._file = self._identity()
        if before.committed > before.copied and (lost := wal.lost(self._path, before, self._pages_of_log())):
            log.warning(lost)

    def _pages_of_log(self) -> int:
        """How many pages SQLite found in the log. It copies them into the database on the way, which a full disk may refuse."""
        try:
            return self._connection().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
        except sqlite3.OperationalError:
            return wal.EVERY

    def _identity(self) -> tuple[int, int] | None:
        try:
            stat = os.stat(self._path)
        except OSError:
            return None
        return stat.st_dev, stat.st_ino

    def _read_layout(self) -> None:
        found = self._connection().execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, VERSION, *STEPS):
            raise StateError(
                f"The lab's state in {self._path.parent} was written by another version (layout {found}, this one reads {VERSION}). "
                "Use the version that wrote it, or start afresh with: ecrlab reset --yes"
            )
        if found == 0 and self.one("SELECT 1 FROM sqlite_schema LIMIT 1"):
            raise self._unreadable("its tables are of no layout that a lab wrote")
        if found == 0 and self._has_layers():
            raise self._unreadable("it is empty, though the folder holds layers")
        self._refuse_broken()
        if found in STEPS:
            log.warning("The lab's state in %s is of layout %d. It is brought to layout %d, with all that is in it.", self._path.parent, found, VERSION)
        while found in STEPS:
            self._connection().executescript(f"BEGIN IMMEDIATE; {STEPS[found]} PRAGMA user_version = {found + 1}; COMMIT;")
            found += 1
        if found == 0:
            self._connection().executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")

    def _refuse_lost(self) -> None:
        """A folder with layers had a database with more than nothing in it: an empty one in its place would cost all of them."""
        empty = not self._path.exists() or self._path.stat().st_size == 0
        if empty and self._has_layers():
            raise self._unreadable(f"it is {'empty' if self._path.exists() else 'missing'}, though the folder holds layers")

    def _has_layers(self) -> bool:
        return any(self._path.parent.glob("blobs/*/*/*"))

    def _refuse_broken(self) -> None:
        """Before anything is swept by what a database says, it must be whole."""
        found = self._connection().execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise self._unreadable("it is damaged")

    def _unreadable(self, why: str) -> StateError:
        return StateError(f"The lab's database {self._path} can't be read ({why}). Nothing was changed. Start afresh with: ecrlab reset --yes")

    def _connection(self) -> sqlite3.Connection:
        try:
            return self._local.connection
        except AttributeError:
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        if not self._is_open:
            raise Closed("The lab has stopped.")
        connection = sqlite3.connect(
            f"{self._path.as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=30, check_same_thread=False, cached_statements=256
        )
        connection.row_factory = sqlite3.Row
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")
        self._local.connection = connection
        self._connections.append(connection)
        return connection

    def all(self, query: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Every row of a query."""
        try:
            return self._connection().execute(query, values).fetchall()
        except sqlite3.ProgrammingError as error:
            raise self._closed(error) from error

    def one(self, query: str, values: Sequence[object] = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        try:
            return self._connection().execute(query, values).fetchone()
        except sqlite3.ProgrammingError as error:
            raise self._closed(error) from error

    def _closed(self, error: sqlite3.ProgrammingError) -> Exception:
        """What a query ends in whose connection was closed under it."""
        return error if self._is_open else Closed("The lab has stopped.")

    @property
    def is_writing(self) -> bool:
        """Whether this thread is within a transaction."""
        return self._connection().in_transaction

    def write(self) -> AbstractContextManager[sqlite3.Connection]:
        """A transaction: all of it is kept, or nothing. Inside another of the same thread it joins that one."""
        connection = self._connection()
        return nullcontext(connection) if connection.in_transaction else self._transaction(connection)

    @contextmanager
    def _transaction(self, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        with self._turn:
            if self._identity() != self._file:
                raise trouble.Moved(trouble.MOVED)
            connection.execute("BEGIN IMMEDIATE")
            afterwards = self._local.afterwards = []
            taken_back = self._local.taken_back = []
            outdated = self._local.outdated = set()
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                for step in taken_back:
                    step()
                if connection.in_transaction:  # SQLite itself takes back what a full disk stopped
                    connection.execute("ROLLBACK")
                raise
            finally:
                for what in outdated:
                    self._remembered.pop(what, None)
        for step in afterwards:
            step()

    def afterwards(self, step: Callable[[], object]) -> None:
        """Has a step done when this thread's transaction is committed, and not at all where it is taken back."""
        self._local.afterwards.append(step)

    def if_taken_back(self, step: Callable[[], object]) -> None:
        """Has a step done if this thread's transaction is taken back, before anybody else can begin one."""
        self._local.taken_back.append(step)

    def remembered(self, what: str, key: Hashable, look: Callable[[], Found]) -> Found:
        """What ``look`` finds, looked up again only when a transaction that changes it, and says so by ``outdate``, is over.

        What is looked up goes into the answers that were there before the look: where these are outdated meanwhile, nobody reads it.
        Within a transaction nothing is remembered, since only that one sees what it has changed.
        """
        if self.is_writing:
            return look()
        answers = self._remembered.setdefault(what, {})
        try:
            return answers[key]
        except KeyError:
            if len(answers) >= MOST_REMEMBERED:
                answers.clear()
            found = answers[key] = look()
            return found

    def outdate(self, what: str) -> None:
        """Says in a transaction that it changes this."""
        self._local.outdated.add(what)

    def release(self) -> None:
        """Closes this thread's connection, which opens again if it is needed; for a thread that ends."""
        connection = self._local.__dict__.pop("connection", None)
        if connection is not None:
            if connection in self._connections:  # else ``close`` has been here
                self._connections.remove(connection)
            connection.close()

    def close(self) -> None:
        """Closes every thread's connection; call it when no request is running any more. One that still is ends in ``Closed``."""
        self._is_open = False
        with self._turn:  # a transaction under way comes to its end
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._local = threading.local()


class Closed(Exception):
    """The lab was stopped while this request was running."""


class StateError(Exception):
    """The state folder can't be used; the message says what happened and what to do."""
