"""`kill -9` at random moments of pushes, deletions and retags, a short run of `python tests/localecr/crash.py --kills 300`."""

from __future__ import annotations

import random

import crash


def test_what_was_acknowledged_before_kill_9_is_there_and_nothing_half_made(state):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")  # pytest shows it where the test fails
    print(crash.rehearse(state, kills=20, seed=seed, longest=0.2))
