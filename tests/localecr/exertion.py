"""Hostile input must not cost more than its length, whatever else the computer does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

BOUND = 20  # seconds of this thread's processor time: a hundred times what any of it takes, and nothing beside what grows exponentially


def ends_soon(work: Callable[[], object]) -> None:
    """Does the work, and judges it by what this thread alone has worked."""
    began = time.thread_time()
    work()
    assert time.thread_time() - began < BOUND
