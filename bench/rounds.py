"""How often, how large, and in which order: ours, theirs, theirs, ours, so that what drifts on a machine touches both alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Measure = TypeVar("Measure")


@dataclass(frozen=True)
class Effort:
    """What a run was asked for: how often each work is done, and whether sizes are small (to try a benchmark, not to quote it)."""

    rounds: int = 5
    quick: bool = False

    def size(self, usual: int, quick: int) -> int:
        return quick if self.quick else usual


def interleave(rounds: int, ours: Callable[[], Measure], theirs: Callable[[], Measure]) -> tuple[list[Measure], list[Measure]]:
    """What each returned in each round."""
    mine: list[Measure] = []
    others: list[Measure] = []
    for number in range(rounds):
        turns = [(mine, ours), (others, theirs)]
        for kept, work in turns if number % 2 == 0 else reversed(turns):
            kept.append(work())
    return mine, others


def warmed(rounds: int, ours: Callable[[], Measure], theirs: Callable[[], Measure]) -> tuple[list[Measure], list[Measure]]:
    """The same after one round that doesn't count: imports are done and caches are warm then."""
    ours(), theirs()
    return interleave(rounds, ours, theirs)


def timed(work: Callable[[], object]) -> float:
    """Seconds that a work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
