"""One address of the lab: cheroot's server with a reception, threads on demand and limits."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from cheroot.wsgi import Server

from localecr.serving.connection import Connection
from localecr.serving.environ import Environ
from localecr.serving.head import LARGEST_HEAD
from localecr.serving.reception import IDLE, Reception
from localecr.serving.threads import Threads

try:
    import resource
except ImportError:  # Windows, where sockets are no files
    resource = None  # type: ignore[assignment]

log = logging.getLogger("localecr")
MOST_THREADS = 256
MOST_CONNECTIONS = 2500  # that wait without a thread
MOST_FILES = 16_384  # open files that are asked for at the start; macOS gives 256 by itself
FILES_A_THREAD = 6  # its connection, SQLite's three files, a blob and one to spare
BACKLOG = 1024
LINGER = 0.003  # seconds that a thread waits for the next request of its connection: a small push takes half the time with it


class Listener(Server):
    """A WSGI server on one address. Each of its threads calls ``thread_ended`` as its last act."""

    expiration_interval = 0.5
    max_request_header_size = LARGEST_HEAD

    def __init__(self, address: tuple[str, int], app: Callable):
        super().__init__(address, app, request_queue_size=BACKLOG, timeout=IDLE, shutdown_timeout=2)
        self._most_connections, most_threads = limits()
        self.requests = Threads(self._serve, most_threads, lambda: self.thread_ended())
        self.gateway = Environ
        self.thread_ended: Callable[[], None] = lambda: None

    @property
    def is_crowded(self) -> bool:
        return self.requests.is_crowded

    def prepare(self) -> None:
        super().prepare()
        self._connections.close()
        self._connections = Reception(self, self._most_connections)

    def serve(self) -> None:
        """Serves until ``stop``."""
        while self.ready:
            try:
                self._connections.run(self.expiration_interval)
            except Exception:
                log.exception("The reception of %s failed; it goes on", self.bind_addr)

    def _serve(self, connection: Connection) -> None:
        """Serves a request, and those that follow it closely: a client in the middle of a push costs no change of threads."""
        while self._answer(connection) and self.ready:
            if not self._follows(connection):
                self._connections.put(connection)
                return
        self._connections.see_off(connection)

    def _answer(self, connection: Connection) -> bool:
        try:
            return connection.communicate()
        except Exception:
            log.exception("A connection failed")
            return False

    def _follows(self, connection: Connection) -> bool:
        """Whether the next request is here before others would have to wait for this thread."""
        return not self.is_crowded and (connection.rfile.has_head or connection.hears_soon(LINGER))

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        log.log(level, msg, exc_info=traceback)


def raise_file_limit() -> None:
    """Asks the system for as many open files as it gives without asking anybody, up to MOST_FILES."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError) as error:
            log.info("The limit of %d open files stays: %s", soft, error)


def limits() -> tuple[int, int]:
    """How many connections may wait at one address, and how many threads serve it, so that the files suffice for three addresses."""
    if sys.platform == "win32":
        return 480, MOST_THREADS  # Windows' select takes 512 sockets
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if resource else MOST_FILES
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS, MOST_THREADS
    each = max(48, (files - 100) // 3)
    threads = min(MOST_THREADS, max(4, each // 2 // FILES_A_THREAD))
    return max(16, min(MOST_CONNECTIONS, each - threads * FILES_A_THREAD)), threads
