"""Cleaning up what nothing needs any more: when a lab starts, and once in a while as it runs.

What must go is looked for without a lock; whether it may go is decided a second time inside short write transactions. A push at
the same moment comes either before such a transaction, and what it brought is named, or after it, and brings its bytes again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from localecr.registry import uploads
from localecr.store import trouble

if TYPE_CHECKING:
    from localecr.registry import Lab

GRACE = 24 * 3600  # seconds of lab time that a layer may wait for its image
OFTEN = 3600  # seconds of lab time between two sweeps of a lab that runs
BATCH = 100  # layers or files in one transaction: pushes wait a few milliseconds at most
Item = TypeVar("Item")
log = logging.getLogger("localecr")

UNNEEDED = """uploaded_at < ? AND NOT EXISTS (
    SELECT 1 FROM image_layers l JOIN images i ON i.id = l.image_id WHERE l.digest = layers.digest AND i.repository_id = layers.repository_id
)"""


def sweep(lab: Lab, ended: threading.Event | None = None) -> int:
    """Forgets old unassociated layers, old uploads and what was in images that are gone, deletes files that nothing names; returns the bytes reclaimed.

    Set ``ended`` to stop it after the transaction at hand.
    """
    before = lab.clock.now() - GRACE
    _forget_uploads(lab, lab.clock.now() - uploads.LIFE)
    _forget_layers(lab, before, ended)
    _forget_inventories(lab, ended)
    _put_aside(lab, ended)
    return _delete(lab)


def _forget_uploads(lab: Lab, before: float) -> None:
    for row in lab.database.all("SELECT id FROM uploads WHERE started_at <= ?", (before,)):
        with lab.blobs.exclusively(row["id"]) as free:
            if free:
                with lab.database.write() as transaction:
                    transaction.execute("DELETE FROM uploads WHERE id = ?", (row["id"],))


def _forget_layers(lab: Lab, before: float, ended: threading.Event | None) -> None:
    found = lab.database.all(f"SELECT repository_id, digest FROM layers WHERE {UNNEEDED}", (before,))
    for some in _batches(found, ended):
        with lab.database.write() as transaction:
            transaction.executemany(f"DELETE FROM layers WHERE repository_id = ? AND digest = ? AND {UNNEEDED}", [(*row, before) for row in some])


def _forget_inventories(lab: Lab, ended: threading.Event | None) -> None:
    """Of an image that comes again meanwhile, what is in it is read again."""
    found = lab.database.all("SELECT digest FROM inventories WHERE digest NOT IN (SELECT digest FROM images)")
    for some in _batches(found, ended):
        with lab.database.write() as transaction:
            transaction.executemany("DELETE FROM inventories WHERE digest = ?", some)


def _put_aside(lab: Lab, ended: threading.Event | None) -> None:
    """Empties ``blobs/`` of what no repository holds. Files lose their place at once; deleting them takes longer, and no lock."""

    for begins, digests in lab.blobs.finished():
        rows = lab.database.all("SELECT DISTINCT digest FROM layers WHERE digest BETWEEN ? AND ?", (begins, f"{begins}~"))
        held = {row["digest"] for row in rows}
        for some in _batches([digest for digest in digests if digest not in held], ended):
            with lab.database.write():
                for digest in some:
                    if lab.database.one("SELECT 1 FROM layers WHERE digest = ? LIMIT 1", (digest,)) is None:
                        lab.blobs.put_aside(digest)


def _delete(lab: Lab) -> int:
    """Empties ``uploads/`` of what belongs to no upload, and of what an interrupted request left beside one."""
    reclaimed = 0
    names = list(lab.blobs.arriving())  # listed first: an upload is in the database before it has a file
    open_uploads = {row["id"] for row in lab.database.all("SELECT id FROM uploads")}
    for name, upload_id in names:
        if name in open_uploads:
            continue
        with lab.blobs.exclusively(upload_id) as free:
            if free:
                reclaimed += lab.blobs.remove(name)
            else:
                lab.blobs.garbage.set()  # a request is still writing to an upload that is gone: next time
    return reclaimed


def _batches(items: Sequence[Item], ended: threading.Event | None) -> Iterator[list[Item]]:
    rest = iter(items)
    while (some := list(islice(rest, BATCH))) and not (ended and ended.is_set()):
        yield some


class Sweeper:
    """Sweeps in the background: every hour of the lab's clock, and soon after a repository was deleted."""

    LOOKS = 2  # seconds between two looks at the clock

    def __init__(self, lab: Lab):
        self._lab = lab
        self._swept_at = lab.clock.now()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when no sweep is running any more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self.LOOKS):
            garbage, now = self._lab.blobs.garbage, self._lab.clock.now()
            if garbage.is_set() or now - self._swept_at >= OFTEN:
                garbage.clear()
                self._swept_at = now
                try:
                    sweep(self._lab, self._ended)
                except Exception as error:
                    log.warning("The lab's folder couldn't be cleaned up: %s", trouble.sentence(error) or repr(error))
