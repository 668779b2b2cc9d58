"""A fresh lab's own public registry: the course's base images, built by dockerless and pushed through the front door."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from localecr import tokens
from localecr.identities import COURSES, Principal
from localecr.registry import Lab, Registry, catalog, repositories
from localecr.store import trouble

ALIAS = "ecrlab"
SEEDED = "SELECT l.digest, l.size FROM layers l JOIN repositories r ON r.id = l.repository_id WHERE r.account = ? AND r.kind = 'public'"
LEAST = 1 << 20  # bytes on the disk, without which a failure to push the base images needs no other reason
WORKSHOP = "seeding"  # a folder in the state folder, there only while the base images are built


log = logging.getLogger("localecr")


class SeedingError(Exception):
    """The base images couldn't be pushed; the message is the registry's or the builder's."""


def seed(lab: Lab, state: Path) -> None:
    """Fills ``public.ecr.aws/ecrlab`` once, and again where the lab's folder has lost some of it; else a seeded lab is left as it is."""
    if lab.database.one("SELECT 1 FROM settings WHERE name = 'seeded'"):
        if all(lab.blobs.holds(*row) for row in lab.database.all(SEEDED, (COURSES,))):
            return
        log.warning("Layers of the course's base images are missing or cut short. The images are built anew.")
    from dockerless import Engine, EngineError, seeds  # only a first start pays for them

    catalog.set_alias(lab, COURSES, ALIAS)
    registry = Registry(lab, "public", COURSES, "us-east-1")
    token = tokens.issue(lab, Principal(COURSES, "course"), "ecr-public", "us-east-1")
    auth = {"username": "AWS", "password": token.seal(lab)}
    workshop = state / WORKSHOP
    shutil.rmtree(workshop, ignore_errors=True)  # of a start that was killed
    try:
        engine = Engine(workshop)
        for name, images in seeds.build_bases(engine).items():
            repository, _, tag = name.partition(":")
            _ensure_repository(registry, repository)
            engine.push_index(f"{registry.uri}/{ALIAS}/{repository}", tag, images, auth=auth)
    except EngineError as error:
        if shutil.disk_usage(state).free < LEAST:  # a push hears no more than a 500
            raise SeedingError(trouble.FULL) from error
        raise SeedingError(f"The course's base images couldn't be put into the lab: {error}") from error
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    with lab.database.write() as transaction:
        transaction.execute("INSERT OR REPLACE INTO settings VALUES ('seeded', '1')")


def _ensure_repository(registry: Registry, name: str) -> None:
    if not any(each["name"] == name for each in repositories.describe(registry, [], 1000, None)[0]):
        with registry.database.write():
            catalog.set_data(registry, repositories.create(registry, name), {"description": "A small specimen, made for this course"})
