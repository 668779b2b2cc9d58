"""The present and chance, as moto sees them while it serves one request.

A request that is journalled is served at the time and with the chance of its entry, then and each time it is replayed, so that ids, keys and
dates come out the same. Everything else sees the present: of the lab's clock, except SQS, whose timeouts run on the wall clock.
"""

from __future__ import annotations

import datetime
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

_here = threading.local()


@contextmanager
def moment(now: float, wall: float | None = None, seed: bytes | None = None) -> Iterator[None]:
    """Within it, this thread's present is ``now`` on the lab's clock and ``wall`` on the wall's, and its chance follows from the seed."""
    before = dict(_here.__dict__)
    _here.now, _here.wall, _here.chance = now, wall, random.Random(seed) if seed else random.SystemRandom()
    try:
        yield
    finally:
        _here.__dict__.clear()
        _here.__dict__.update(before)


def now() -> float:
    found = getattr(_here, "now", None)
    return time.time() if found is None else found


def wall() -> float:
    found = getattr(_here, "wall", None)
    return time.time() if found is None else found


class _Datetime(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(now(), tz)


class _Chance(random.Random):
    """Random numbers of the moment of the thread that asks."""

    def random(self) -> float:
        return _here.chance.random()

    def getrandbits(self, count: int) -> int:
        return _here.chance.getrandbits(count)


def install() -> None:
    """Has moto take its present and its chance from here."""
    import moto.core.utils
    import moto.cloudwatch.models
    import moto.secretsmanager.models
    import moto.sqs.models
    from moto.moto_api._internal import mock_random

    moto.core.utils.datetime = _like(datetime, datetime=_Datetime)
    moto.secretsmanager.models.time = _like(time, time=now)
    moto.sqs.models.unix_time = wall
    moto.sqs.models.unix_time_millis = lambda: wall() * 1000
    mock_random.__class__ = type("MotoChance", (_Chance, type(mock_random)), {})


def _like(module: ModuleType, **other: object) -> SimpleNamespace:
    return SimpleNamespace(**(vars(module) | other))
