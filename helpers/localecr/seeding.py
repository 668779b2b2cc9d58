"""A fresh lab's own public registry: the course's base images, built by dockerless and pushed through the front door."""

from __future__ import annotations

import tempfile
from pathlib import Path

from localecr import tokens
from localecr.identities import COURSES, Principal
from localecr.registry import Lab, Registry, catalog, repositories

ALIAS = "ecrlab"


def seed(lab: Lab, state: Path) -> None:
    """Fills ``public.ecr.aws/ecrlab`` once; a lab that has been seeded is left as it is."""
    if lab.database.one("SELECT 1 FROM settings WHERE name = 'seeded'"):
        return
    from dockerless import Engine, seeds  # only a first start pays for them

    catalog.set_alias(lab, COURSES, ALIAS)
    registry = Registry(lab, "public", COURSES, "us-east-1")
    token = tokens.issue(lab, Principal(COURSES, "course"), "ecr-public", "us-east-1")
    auth = {"username": "AWS", "password": token.seal(lab)}
    with tempfile.TemporaryDirectory(dir=state) as workshop:
        engine = Engine(Path(workshop))
        for name, images in seeds.build_bases(engine).items():
            repository, _, tag = name.partition(":")
            _ensure_repository(registry, repository)
            engine.push_index(f"{registry.uri}/{ALIAS}/{repository}", tag, images, auth=auth)
    with lab.database.write() as transaction:
        transaction.execute("INSERT OR REPLACE INTO settings VALUES ('seeded', '1')")


def _ensure_repository(registry: Registry, name: str) -> None:
    if not any(each["name"] == name for each in repositories.describe(registry, [], 1000, None)[0]):
        with registry.database.write():
            catalog.set_data(registry, repositories.create(registry, name), {"description": "A small specimen, made for this course"})
