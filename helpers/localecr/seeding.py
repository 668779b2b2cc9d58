"""A fresh lab's own public registry: the course's base images, built by dockerless and pushed through the front door.

It happens while the lab serves already; who pulls a base image meanwhile waits the fraction of a second that is left.
"""

from __future__ import annotations

import errno
import logging
import shutil
import threading
import time
from pathlib import Path

from localecr import clock, tokens
from localecr.identities import COURSES, Principal
from localecr.registry import Lab, Registry, catalog, repositories
from localecr.store import trouble

ALIAS = "ecrlab"
SEEDED = "SELECT l.digest, l.size FROM layers l JOIN repositories r ON r.id = l.repository_id WHERE r.account = ? AND r.kind = 'public'"
LEAST = 4 << 20  # bytes of room that a fresh lab needs
HEAD_START = 0.5  # seconds that the first calls have the computer to themselves, where nobody asks for an image
TRIES, BETWEEN_TRIES = 5, 0.3  # how often, and the seconds in between: a clock that moves by a day in the middle of a push takes its uploads away
PATIENCE = 60  # seconds that a pull waits for the base images
WORKSHOP = "seeding"  # a folder in the state folder, there only while the base images are built


log = logging.getLogger("localecr")


class Seeding:
    """The filling of a lab's public registry, in a thread of its own."""

    def __init__(self, lab: Lab, state: Path):
        """Raises OSError (ENOSPC) where a fresh lab has no room for the base images."""
        self._lab, self._state = lab, state
        self._wanted, self._done = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        if is_needed(lab):
            if shutil.disk_usage(state).free < LEAST:
                raise OSError(errno.ENOSPC, "no room for the base images")
            self._thread = threading.Thread(target=self._run, name="seeding", daemon=True)
            self._thread.start()
        else:
            self._done.set()

    def wait(self) -> None:
        """Returns when the base images are there, or have failed to come."""
        self._wanted.set()
        self._done.wait(PATIENCE)

    def join(self) -> None:
        """Returns when nothing is being pushed any more."""
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        self._wanted.wait(HEAD_START)
        try:
            for left in reversed(range(TRIES)):
                try:
                    seed(self._lab, self._state)
                    break
                except Exception as error:
                    if left:
                        time.sleep(BETWEEN_TRIES)
                        continue
                    said = trouble.sentence(error) or error
                    log.error("The course's base images couldn't be put into the lab: %s Start it again to try once more.", said)
        finally:
            self._done.set()


def is_needed(lab: Lab) -> bool:
    """Whether base images are missing: in a fresh lab, and where the lab's folder has lost some of their layers."""
    if not lab.database.one("SELECT 1 FROM settings WHERE name = 'seeded'"):
        return True
    if all(lab.blobs.holds(*row) for row in lab.database.all(SEEDED, (COURSES,))):
        return False
    log.warning("Layers of the course's base images are missing or cut short. The images are built anew.")
    return True


def seed(lab: Lab, state: Path) -> None:
    """Fills ``public.ecr.aws/ecrlab``. Raises EngineError with the registry's or the builder's sentence."""
    from dockerless import Engine, seeds  # only a first start pays for them

    catalog.set_alias(lab, COURSES, ALIAS)
    registry = Registry(lab, "public", COURSES, "us-east-1")
    token = tokens.Token(Principal(COURSES, "course"), "ecr-public", "us-east-1", clock.LATEST)  # the clock may be moved meanwhile
    auth = {"username": "AWS", "password": token.seal(lab)}
    workshop = state / WORKSHOP
    shutil.rmtree(workshop, ignore_errors=True)  # of a start that was killed
    try:
        engine = Engine(workshop)
        for name, images in seeds.build_bases(engine).items():
            repository, _, tag = name.partition(":")
            _ensure_repository(registry, repository)
            engine.push_index(f"{registry.uri}/{ALIAS}/{repository}", tag, images, auth=auth)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    with lab.database.write() as transaction:
        transaction.execute("INSERT OR REPLACE INTO settings VALUES ('seeded', '1')")


def _ensure_repository(registry: Registry, name: str) -> None:
    if not any(each["name"] == name for each in repositories.describe(registry, [], 1000, None)[0]):
        with registry.database.write():
            catalog.set_data(registry, repositories.create(registry, name), {"description": "A small specimen, made for this course"})
