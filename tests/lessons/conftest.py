"""A learner who took a whole lesson in a lab of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import localecr
from ecrlab.check import NOT_TRIED
from taking import Learner, clients, taking


@pytest.fixture(scope="module")
def taken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learner]:
    """A learner who took all of the module's `LESSON` and left its exercises alone; the tests share what was done.

    The lab is the module's own: these lessons move its clock, or change for the whole registry what it knows and how it scans.
    """
    folder = tmp_path_factory.mktemp("taken")
    with localecr.start(folder / "state", port=0, clock="2026-01-05T09:00:00Z"):
        with taking(request.module.LESSON, folder / "notebooks", folder / "state", clients(folder / "state")) as learner:
            learner.run("open")
            assert set(learner.outcomes().values()) == {NOT_TRIED}
            learner.take()
            yield learner
