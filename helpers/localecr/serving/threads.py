"""Threads for requests: started when one is needed, kept a while, never more than a bound."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localecr.serving.connection import Connection

KEPT = 4  # threads that stay for the next request
SPARE = 10  # seconds that any further one waits for work


class Threads:
    """What cheroot calls a thread pool. The thread that was used last is used first, so that the others can end."""

    min = 0

    def __init__(self, serve: Callable[[Connection], None], most: int, thread_ended: Callable[[], None]):
        self._serve = serve
        self._most = most
        self._thread_ended = thread_ended
        self._lock = threading.Lock()
        self._idle: list[SimpleQueue[Connection | None]] = []
        self._waiting: deque[Connection] = deque()
        self._busy: dict[threading.Thread, Connection | None] = {}  # every thread, and what it works on
        self._stopping = False

    def start(self) -> None:
        """Nothing to do: the first request starts the first thread."""

    @property
    def is_crowded(self) -> bool:
        """Whether a request waits for a thread."""
        return bool(self._waiting)

    def put(self, connection: Connection) -> None:
        """Has a request served, now or as soon as a thread is free."""
        with self._lock:
            if self._idle:
                self._idle.pop().put(connection)
            elif len(self._busy) >= self._most or not self._start(connection):
                self._waiting.append(connection)

    def _start(self, connection: Connection) -> bool:
        thread = threading.Thread(target=self._work, args=(connection,), daemon=True)
        self._busy[thread] = connection
        try:
            thread.start()
        except RuntimeError:  # the system has no more of them
            del self._busy[thread]
            return False
        return True

    def _work(self, connection: Connection | None) -> None:
        me, inbox = threading.current_thread(), SimpleQueue()
        try:
            while connection is not None:
                self._busy[me] = connection
                self._serve(connection)
                self._busy[me] = None
                connection = self._next(inbox)
        finally:
            self._thread_ended()
            with self._lock:
                del self._busy[me]

    def _next(self, inbox: SimpleQueue) -> Connection | None:
        """What to serve next; None when this thread shall end."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._stopping:
                return None
            self._idle.append(inbox)
        while True:
            try:
                return inbox.get(timeout=SPARE)
            except Empty:
                with self._lock:
                    if inbox in self._idle and len(self._busy) > KEPT:
                        self._idle.remove(inbox)
                        return None

    def stop(self, timeout: float | None = 5) -> None:
        """Ends all threads: the idle ones now, those at work when they are done, and after ``timeout`` seconds by closing their connections."""
        with self._lock:
            self._stopping = True
            waiting, self._waiting = self._waiting, deque()
            while self._idle:
                self._idle.pop().put(None)
        for connection in waiting:
            connection.close()
        until = time.monotonic() + (timeout or 0)
        for thread in list(self._busy):
            thread.join(max(0.0, until - time.monotonic()))
        for thread, connection in list(self._busy.items()):
            if connection is not None:
                _hang_up(connection)
            thread.join()


def _hang_up(connection: Connection) -> None:
    try:
        connection.socket.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has ended meanwhile
