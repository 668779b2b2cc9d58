"""The thread that scans: there from the first scan on, one image at a time, in the order in which they were asked for.

It takes a look that is due, has the scanner examine the image beside everything else that goes on, and keeps what was found, the scan's status
and what is announced of it in one transaction. What it didn't come to an end with is due still when the lab starts again.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from localecr.registry import Lab, Registry
from localecr.scanning import continuous, knowledge
from localecr.store import trouble
from localecr.store.database import Closed, Database

if TYPE_CHECKING:
    from localecr.scanner.model import Examination, Unscannable
    from localecr.scanner.process import Examiner

log = logging.getLogger("localecr")
LATER = 60.0  # seconds until a disk in trouble is tried again
OFTEN = 3600.0  # seconds after which images that are scanned continuously are looked at again by a clock that ticks
MOST_ATTEMPTS = 3  # at one image: what takes the whole lab down with it is not looked at for ever
MISTAKE = "The lab made a mistake with this image; its server.log says which."
_workers: WeakKeyDictionary[Database, Worker | None] = WeakKeyDictionary()
_beginning = threading.Lock()


def begin(lab: Lab) -> None:
    """Has scans done that an earlier process of the lab left, and images looked at again that are scanned continuously. Call it when the lab starts."""
    with trouble.tolerated("That images are to be scanned again"):
        continuous.go_on(lab)
    if lab.database.one("SELECT 1 FROM scans WHERE due LIMIT 1"):
        wake(lab)


def wake(lab: Lab) -> None:
    """Has what is due done from now on."""
    with _beginning:
        if lab.database not in _workers:
            _workers[lab.database] = Worker(lab)
        worker = _workers[lab.database]
    if worker is not None:  # else the lab is stopping
        worker.wake()


def end(lab: Lab) -> None:
    """Returns when no image is being scanned any more; the lab is stopping."""
    with _beginning:
        worker = _workers.get(lab.database)
        _workers[lab.database] = None
    if worker is not None:
        worker.stop()


def progress(lab: Lab) -> dict[str, int]:
    """How many scans are ``waiting``, ``running`` and, since the lab started, ``done``."""
    worker = _workers.get(lab.database)
    running, done = (worker.running, worker.done) if worker is not None else (0, 0)
    due = lab.database.one("SELECT COUNT(*) AS number FROM scans WHERE due")["number"]
    return {"waiting": max(0, due - running), "running": running, "done": done}


@dataclass(frozen=True)
class Look:
    """A look that is due: at which image, for which type of scan, and how many requests for one it answers."""

    registry: Registry
    repository: sqlite3.Row
    image: sqlite3.Row
    type: str
    due: int
    attempts: int

    @property
    def key(self) -> tuple[int, str]:
        """What its row in the table of scans goes by."""
        return self.image["id"], self.type

    def __str__(self) -> str:
        return f"{self.repository['name']}@{self.image['digest']}"


class Worker:
    def __init__(self, lab: Lab):
        from localecr.scanner.advisories import FILE
        from localecr.scanner.process import Examiner

        self.running, self.done = 0, 0
        self._lab = lab
        self._examiner: Examiner = Examiner(lab.folder / FILE)
        self._awake = threading.Event()
        self._is_ending = False
        lab.clock.whenever_moved(self._go_on)
        knowledge.whenever_changed(lab, self._go_on)
        self._thread = threading.Thread(target=self._run, name="scans", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._awake.set()

    def _go_on(self) -> None:
        """Has continuous scanning go on with what is known now; who moved the clock is answered when that is asked for."""
        if not self._is_ending:
            with trouble.tolerated("That images are to be scanned again"):
                continuous.go_on(self._lab)

    def stop(self) -> None:
        self._is_ending = True
        self._examiner.stop()
        self.wake()
        self._thread.join()

    def _run(self) -> None:
        wait = 0.0
        while True:
            is_called = self._awake.wait(wait)
            self._awake.clear()
            if self._is_ending:
                break
            wait = self._work(time_went_by=not is_called and not self._lab.clock.is_standing)
        self._lab.database.release()

    def _work(self, time_went_by: bool) -> float:
        """Scans all that is due; says after how many seconds to look again, if nothing comes up before."""
        try:
            if time_went_by:
                self._go_on()
            while not self._is_ending and (look := self._take()):
                self._scan(look)
        except Closed:
            self._is_ending = True
        except Exception as error:
            said = trouble.sentence(error)
            log.warning("Images couldn't be scanned: %s", said or repr(error), exc_info=None if said else error)
            return LATER
        return OFTEN

    def _take(self) -> Look | None:
        """The look that waits longest, from now on in progress."""
        database = self._lab.database
        if database.one("SELECT 1 FROM scans WHERE due LIMIT 1") is None:
            return None
        with database.write() as transaction:
            row = database.one("SELECT image_id, type, due, attempts FROM scans WHERE due ORDER BY asked_at, image_id LIMIT 1")
            if row is None:
                return None
            transaction.execute(
                "UPDATE scans SET attempts = attempts + 1, description = CASE status WHEN 'PENDING' THEN '' ELSE description END,"
                " status = CASE status WHEN 'PENDING' THEN 'IN_PROGRESS' ELSE status END WHERE image_id = ? AND type = ?",
                (row["image_id"], row["type"]),
            )
            image = database.one("SELECT * FROM images WHERE id = ?", (row["image_id"],))
            repository = database.one("SELECT * FROM repositories WHERE id = ?", (image["repository_id"],))
            self.running = 1
        registry = Registry(self._lab, "private", repository["account"], repository["region"])
        return Look(registry, repository, image, row["type"], row["due"], row["attempts"])

    def _scan(self, look: Look) -> None:
        """Examines an image and keeps what was found. A mistake of the lab's with it fails that image, and holds up no other."""
        from localecr.scanner.model import Unscannable
        from localecr.scanning import results

        try:
            outcome = self._examine(look)
            if outcome is None:
                return results.give_back(look)
            results.keep(look, outcome)
        except Exception as error:
            if isinstance(error, Closed) or trouble.sentence(error):
                raise
            log.exception("The lab made a mistake with the scan of %s", look)
            results.keep(look, Unscannable("FAILED", MISTAKE))
        finally:
            self.running = 0
        self.done += 1

    def _examine(self, look: Look) -> Examination | Unscannable | None:
        """What the scanner says of an image; None where the lab is stopping it."""
        from localecr.scanner.model import Unscannable
        from localecr.scanning import subjects

        if look.attempts >= MOST_ATTEMPTS:
            return Unscannable("FAILED", f"The scan was begun {look.attempts} times, and the lab ended each time before the scan did.")
        try:
            return self._examiner.examine(subjects.of(self._lab, look.image), knowledge.known_at(self._lab))
        except Exception as error:
            if self._is_ending:
                return None
            if isinstance(error, Unscannable):
                return error
            raise
