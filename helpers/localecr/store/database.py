"""SQLite in WAL mode: many readers, one writer, and a commit before any request is acknowledged."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from localecr.store.schema import SCHEMA, VERSION


class Database:
    """One connection a thread; writes take turns, reads never wait for them."""

    def __init__(self, path: Path):
        self._path = path
        self._local = threading.local()
        self._turn = threading.RLock()
        self._connections: list[sqlite3.Connection] = []
        self._prepare()

    def _prepare(self) -> None:
        found = self._connection().execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, VERSION):
            raise StateError(
                f"The lab's state in {self._path.parent} was written by another version (layout {found}, this one reads {VERSION}). "
                "Use the version that wrote it, or start afresh with: ecrlab reset --yes"
            )
        if found == 0:
            if any(self._path.parent.glob("blobs/*/*/*")):
                raise self._unreadable("it is empty, though the folder holds layers")
            self._connection().executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        self._refuse_broken()

    def _refuse_broken(self) -> None:
        """Before anything is swept by what a database says, it must be whole."""
        try:
            found = self._connection().execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise self._unreadable(str(error)) from error
        if found != "ok":
            raise self._unreadable("it is damaged")

    def _unreadable(self, why: str) -> StateError:
        return StateError(f"The lab's database {self._path} can't be read ({why}). Nothing was changed. Start afresh with: ecrlab reset --yes")

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=30, check_same_thread=False, cached_statements=256)
            connection.row_factory = sqlite3.Row
            try:
                connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")
            except sqlite3.DatabaseError as error:
                raise self._unreadable(str(error)) from error
            self._local.connection = connection
            self._connections.append(connection)
        return self._local.connection

    def all(self, query: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Every row of a query."""
        return self._connection().execute(query, values).fetchall()

    def one(self, query: str, values: Sequence[object] = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        return self._connection().execute(query, values).fetchone()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is kept, or nothing. Inside another of the same thread it joins that one."""
        connection = self._connection()
        with self._turn:
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # SQLite itself takes back what a full disk stopped
                    connection.execute("ROLLBACK")
                raise

    def release(self) -> None:
        """Closes this thread's connection, which opens again if it is needed; for a thread that ends."""
        connection = self._local.__dict__.pop("connection", None)
        if connection is not None:
            if connection in self._connections:  # else ``close`` has been here
                self._connections.remove(connection)
            connection.close()

    def close(self) -> None:
        """Closes every thread's connection; call it when no request is running any more."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._local = threading.local()


class StateError(Exception):
    """The state folder can't be used; the message says what happened and what to do."""
