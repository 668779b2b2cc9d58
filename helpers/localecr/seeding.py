"""A fresh lab's own public registry: the course's base images, built by dockerless and pushed through the front door.

It happens while the lab serves already; who pulls a base image meanwhile waits the fraction of a second until that one is there.
"""

from __future__ import annotations

import errno
import logging
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from localecr import clock, tokens
from localecr.identities import COURSES, Principal
from localecr.registry import Lab, Registry, catalog, repositories
from localecr.store import trouble

ALIAS = "ecrlab"
SEEDED = "SELECT l.digest, l.size FROM layers l JOIN repositories r ON r.id = l.repository_id WHERE r.account = ? AND r.kind = 'public'"
LEAST = 4 << 20  # bytes of room that a fresh lab needs
HEAD_START, BREATH = 0.5, 0.1  # seconds that the first calls have the computer to themselves, before all and between two: none where somebody waits for an image
EDITION = "2"  # of the set of base images: a lab that holds an earlier one gets them all once more
TRIES, BETWEEN_TRIES = 5, 0.3  # how often, and the seconds in between: a clock that moves by a day in the middle of a push takes its uploads away
PATIENCE = 60  # seconds that a pull waits for the base images
WORKSHOP = "seeding"  # a folder in the state folder, there only while the base images are built


log = logging.getLogger("localecr")


class Seeding:
    """The filling of a lab's public registry, in a thread of its own."""

    def __init__(self, lab: Lab, state: Path):
        """Raises OSError (ENOSPC) where a fresh lab has no room for the base images."""
        self._lab, self._state = lab, state
        self._changed = threading.Condition()
        self._there: set[str] = set()  # how the paths of manifests end that can be pulled: debian/manifests/12
        self._waiting, self._is_done = 0, True
        self._thread: threading.Thread | None = None
        if is_needed(lab):
            if shutil.disk_usage(state).free < LEAST:
                raise OSError(errno.ENOSPC, "no room for the base images")
            self._is_done = False
            self._thread = threading.Thread(target=self._run, name="seeding", daemon=True)
            self._thread.start()

    def wait(self, path: str) -> None:
        """Returns when the manifest at a path is there, or when all base images are, or have failed to come."""
        with self._changed:
            self._waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_done or any(map(path.endswith, self._there)), PATIENCE)
            self._waiting -= 1

    def join(self) -> None:
        """Returns when nothing is being pushed any more."""
        if self._thread is not None:
            with self._changed:
                self._waiting += 1
                self._changed.notify_all()
            self._thread.join()

    def _run(self) -> None:
        self._pause(HEAD_START)
        try:
            for left in reversed(range(TRIES)):
                try:
                    seed(self._lab, self._state, self._tell)
                    break
                except Exception as error:
                    if left:
                        time.sleep(BETWEEN_TRIES)
                        continue
                    said = trouble.sentence(error) or error
                    log.error("The course's base images couldn't be put into the lab: %s Start it again to try once more.", said)
        finally:
            with self._changed:
                self._is_done = True
                self._changed.notify_all()

    def _tell(self, repository: str, *references: str) -> None:
        with self._changed:
            self._there.update(f"/{ALIAS}/{repository}/manifests/{each}" for each in references)
            self._changed.notify_all()
        self._pause(BREATH)

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, seconds)


def is_needed(lab: Lab) -> bool:
    """Whether base images are missing: in a fresh lab, in one of an older course, and where the lab's folder has lost some of their layers."""
    if not lab.database.one("SELECT 1 FROM settings WHERE name = 'seeded' AND value = ?", (EDITION,)):
        return True
    if all(lab.blobs.holds(*row) for row in lab.database.all(SEEDED, (COURSES,))):
        return False
    log.warning("Layers of the course's base images are missing or cut short. The images are built anew.")
    return True


def seed(lab: Lab, state: Path, tell: Callable[..., None]) -> None:
    """Fills ``public.ecr.aws/ecrlab``, and tells of each image's repository and references as soon as it is there.

    Raises EngineError with the registry's or the builder's sentence.
    """
    from dockerless import Engine, seeds  # only a first start pays for them

    catalog.set_alias(lab, COURSES, ALIAS)
    registry = Registry(lab, "public", COURSES, "us-east-1")
    token = tokens.Token(Principal(COURSES, "course"), "ecr-public", "us-east-1", clock.LATEST)  # the clock may be moved meanwhile
    auth = {"username": "AWS", "password": token.seal(lab)}
    workshop = state / WORKSHOP
    shutil.rmtree(workshop, ignore_errors=True)  # of a start that was killed
    try:
        engine = Engine(workshop)
        for name, images in seeds.build_bases(engine):
            repository, _, tag = name.partition(":")
            _ensure_repository(registry, repository)
            digest = engine.push_index(f"{registry.uri}/{ALIAS}/{repository}", tag, images, auth=auth)
            tell(repository, tag, digest, *(image.digest for image in images))
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    with lab.database.write() as transaction:
        transaction.execute("INSERT OR REPLACE INTO settings VALUES ('seeded', ?)", (EDITION,))


def _ensure_repository(registry: Registry, name: str) -> None:
    if not any(each["name"] == name for each in repositories.describe(registry, [], 1000, None)[0]):
        with registry.database.write():
            catalog.set_data(registry, repositories.create(registry, name), {"description": "A small specimen, made for this course"})
