"""The thread that keeps alarms up to date: there from the first alarm on, awake when a period ends or the clock is moved."""

from __future__ import annotations

import logging
import threading
from weakref import WeakKeyDictionary

from localecr.metrics import alarms
from localecr.registry import Lab
from localecr.store import trouble
from localecr.store.database import Closed, Database

log = logging.getLogger("localecr")
SHORTEST = 1.0  # seconds between two looks, also when something goes wrong at each
_watches: WeakKeyDictionary[Database, Watch] = WeakKeyDictionary()
_beginning = threading.Lock()


def begin(lab: Lab) -> None:
    """Has alarms evaluated from now on, if there are any. Call it when the lab starts and whenever an alarm was put."""
    if alarms.next_due(lab) is None and not _waiting(lab):
        return
    with _beginning:
        watch = _watches.get(lab.database)
        if watch is None:
            watch = _watches[lab.database] = Watch(lab)
    watch.wake()


def _waiting(lab: Lab) -> bool:
    """Whether a message of an alarm that is gone, or of a lab that was killed, is still to be published."""
    return lab.database.one("SELECT 1 FROM alarm_messages LIMIT 1") is not None


def wake(lab: Lab) -> None:
    """Has alarms looked at now, where any are watched."""
    watch = _watches.get(lab.database)
    if watch is not None:
        watch.wake()


def end(lab: Lab) -> None:
    """Returns when no alarm is being evaluated any more; the lab is stopping."""
    with _beginning:
        watch = _watches.pop(lab.database, None)
    if watch is not None:
        watch.stop()


class Watch:
    def __init__(self, lab: Lab):
        self._lab = lab
        self._awake = threading.Event()
        self._is_ending = False
        lab.clock.whenever_moved(self.wake)
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._awake.set()

    def stop(self) -> None:
        self._is_ending = True
        self.wake()
        self._thread.join()

    def _run(self) -> None:
        wait: float | None = 0.0
        while True:
            self._awake.wait(wait)
            self._awake.clear()
            if self._is_ending:
                break
            wait = self._look()
        self._lab.database.release()

    def _look(self) -> float | None:
        """Evaluates what is due, and says how many seconds there is nothing to do; None: until the clock is moved."""
        from localecr.metrics import evaluation  # and with it metric maths, which a lab without alarms never needs

        try:
            evaluation.catch_up(self._lab)
            due = alarms.next_due(self._lab)
        except Closed:
            return None
        except Exception as error:
            log.warning("Alarms couldn't be evaluated: %s", trouble.sentence(error) or repr(error), exc_info=None if trouble.sentence(error) else error)
            return 60.0
        if due is None or self._lab.clock.is_standing:
            return None
        return max(SHORTEST, due - self._lab.clock.settled)
