"""The server: three loopback addresses in one process, on one state folder.

Port N serves private ECR, every AWS API and ``/_lab``; N+1 the public registry; N+2 dockerless. Threads and plain blocking code:
measured level with asynchronous servers on large layers, and easier to live in.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from localecr import VERSION, identities, neighbours, seeding
from localecr.clock import Clock
from localecr.door import SERVER_FILE, Door, LabDoor, NotRunning, write_private
from localecr.events.delivery import Deliverer
from localecr.gateway import Gateway
from localecr.metrics import watch
from localecr.registry import Lab
from localecr.scanning import worker
from localecr.serving import Listener, raise_file_limit
from localecr.store import check, trouble
from localecr.store.blobs import Blobs
from localecr.store.database import Database, StateError
from localecr.store.sweep import Sweeper, sweep

LOOPBACK = "127.0.0.1"


class PortInUse(Exception):
    """Something else listens there; the message says what to do."""


class Endpoint:
    """A running lab: its addresses, and the way to stop it."""

    def __init__(self, state: Path, port: int, clock: str | None):
        self._state = state
        self._lock = _take(state)
        self._threads: list[threading.Thread] = []
        self._servers: list[Listener] = []
        self._sweeper: Sweeper | None = None
        self._deliverer: Deliverer | None = None
        self._seeding: seeding.Seeding | None = None
        self._database: Database | None = None
        self._lab: Lab | None = None
        self._stopping = threading.Lock()
        try:
            self._open(port, clock)
        except BaseException as error:
            self.stop()
            said = trouble.sentence(error)
            if said and not isinstance(error, (StateError, PortInUse)):
                raise StateError(f"The lab can't start on {state}. {said}") from error
            raise

    def _open(self, port: int, clock: str | None) -> None:
        raise_file_limit()
        _keep_private(self._state)
        self._database = Database(self._state / "lab.sqlite")
        private, public, docker = self._servers = _bound(port)
        self.port = private.bind_addr[1]
        self.url = f"http://localhost:{self.port}"
        self.public_url = f"http://localhost:{public.bind_addr[1]}"
        docker_secret = secrets.token_urlsafe(24)
        self.docker_host = f"tcp://{LOOPBACK}:{docker.bind_addr[1]}/{docker_secret}"
        lab = self._lab = Lab(
            self._state,
            self._database,
            Blobs(self._state),
            Clock(self._database, clock),
            _lab_secret(self._database),
            self.url.removeprefix("http://"),
            self.public_url.removeprefix("http://"),
        )
        check.report(self._database.all, lab.blobs)
        sweep(lab)
        for account in (identities.YOURS, identities.PARTNERS):
            identities.ensure_key(self._database, account, "learner")
        token = secrets.token_urlsafe(32)
        door = LabDoor(lab, token, self._facts(), lambda: threading.Thread(target=self.stop).start())
        self._seeding = seeding.Seeding(lab, self._state)  # whose first request waits until there is somebody to serve it
        private.wsgi_app, public.wsgi_app = Gateway(lab, False, door), Gateway(lab, True, door, self._seeding.wait)
        docker.wsgi_app = _Dockerless(self._state / "docker", docker_secret)
        for server in self._servers:
            server.thread_ended = self._database.release
            thread = threading.Thread(target=server.serve, daemon=True)
            thread.start()
            self._threads.append(thread)
        self._sweeper = Sweeper(lab)
        self._deliverer = Deliverer(lab)
        watch.begin(lab)
        worker.begin(lab)
        write_private(self._state / SERVER_FILE, json.dumps(self._facts() | {"token": token, "started_at": time.time()}))

    def _facts(self) -> dict[str, object]:
        return {
            "endpoint": self.url,
            "public_endpoint": self.public_url,
            "docker_host": self.docker_host,
            "port": self.port,
            "pid": os.getpid(),
            "state": str(self._state),
            "version": VERSION,
        }

    def stop(self) -> None:
        """Stops serving and leaves a state folder that starts again. Stopping twice, or from two threads, is no error."""
        with self._stopping:
            self._stop()

    def _stop(self) -> None:
        if self._seeding is not None:
            self._seeding.join()
            self._seeding = None
        if self._lab is not None:
            neighbours.close(self._lab)
        stopping = [threading.Thread(target=server.stop) for server in self._servers]  # each waits a while for its threads
        for thread in stopping:
            thread.start()
        for thread in stopping + self._threads:
            thread.join()
        self._servers, self._threads = [], []
        if self._sweeper is not None:
            self._sweeper.stop()
            self._sweeper = None
        if self._lab is not None:
            watch.end(self._lab)
            worker.end(self._lab)
        if self._deliverer is not None:
            self._deliverer.stop()
            self._deliverer = None
        if self._lab is not None:
            neighbours.forget(self._lab)
            self._lab = None
        if self._database is not None:
            self._database.close()
            self._database = None
        if self._lock is not None:
            with suppress(OSError):  # a folder that became read-only keeps it; it misleads nobody, since nothing answers there
                (self._state / SERVER_FILE).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def wait(self) -> None:
        """Returns when the lab was stopped, and what it was doing has ended: the process may end with the caller."""
        for thread in list(self._threads):
            while thread.is_alive():
                thread.join(0.2)  # in short steps, so that Ctrl-C is heard on Windows too
        with self._stopping:
            pass


def start(state: Path | str, port: int = 4510, clock: str | None = None) -> Endpoint:
    """Starts a lab on a state folder (made if need be) and returns when it is ready.

    ``port`` 0 takes free ones; ``clock`` (ISO 8601) makes a fresh lab's clock stand still there. Raises PortInUse, StateError.
    """
    folder = Path(state).resolve()
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(f"The state folder {folder} can't be made ({error.strerror}). Name another with ECRLAB_STATE.") from error
    return Endpoint(folder, port, clock)


def _take(state: Path) -> sqlite3.Connection:
    """Holds the state folder for this process, by a lock that ends with it even by ``kill -9``, on every system."""
    if not os.access(state, os.W_OK):
        raise StateError(f"The state folder {state} can't be written. Name another with ECRLAB_STATE, or make it writable.")
    try:
        lock = sqlite3.connect(state / "lock.sqlite", timeout=0, isolation_level=None, check_same_thread=False)
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StateError(f"A lab is running on {state} already{_where(state)}. Use it, or stop it with: ecrlab stop") from error
        if trouble.sentence(error) == trouble.FULL:
            raise StateError(f"The lab can't start on {state}. {trouble.FULL}") from error
        raise StateError(f"The state folder {state} can't be written ({error}). Name another with ECRLAB_STATE.") from error
    return lock


def _keep_private(state: Path) -> None:
    """Keeps what holds keys and images for the owner alone, also in a folder that others can read and that was made before."""
    for name in ("blobs", "uploads", "docker"):
        (state / name).mkdir(0o700, exist_ok=True)
    for name in ("blobs", "uploads", "docker", "lab.sqlite", "lab.sqlite-wal", "lab.sqlite-shm"):
        if (state / name).exists():
            (state / name).chmod(0o700 if (state / name).is_dir() else 0o600)


def _where(state: Path) -> str:
    try:
        return f", at {Door.find(state).status()['endpoint']}"
    except NotRunning:
        return ""


def _bound(port: int) -> list[Listener]:
    """Three servers that hold their ports but don't serve yet."""
    servers: list[Listener] = []
    for number in (port, port + 1, port + 2) if port else (0, 0, 0):
        server = Listener((LOOPBACK, number), _not_ready)
        try:
            server.prepare()
        except OSError as error:
            for other in servers:
                other.stop()
            raise PortInUse(
                f"Port {number} is in use by another program ({error}). The lab needs three ports in a row: "
                "ecrlab serve --port 0 --background finds free ones, --port N takes those from N on."
            ) from error
        servers.append(server)
    return servers


class _Dockerless:
    """dockerless, imported and opened with its first request: half of a start would be that, and many a lab never needs it."""

    def __init__(self, folder: Path, secret: str):
        self._folder, self._secret = folder, secret
        self._lock = threading.Lock()
        self._app: Callable | None = None

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        with self._lock:
            if self._app is None:
                import dockerless

                self._app = dockerless.application(dockerless.Engine(self._folder), secret=self._secret)
        return self._app(environ, start_response)


def _not_ready(environ: dict, start_response: Callable) -> list[bytes]:
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return []


def _lab_secret(database: Database) -> bytes:
    with database.write() as transaction:
        transaction.execute("INSERT OR IGNORE INTO settings VALUES ('secret', ?)", (secrets.token_hex(32),))
    return bytes.fromhex(database.one("SELECT value FROM settings WHERE name = 'secret'")["value"])
