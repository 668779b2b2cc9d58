"""`kill -9` at random moments of pushes, deletions and retags, a short run of `python tests/localecr/crash.py --kills 300`."""

from __future__ import annotations

import json
import random
import time

import pytest

import audit
import crash
from dockerless import seeds
from labs import Process
from wire import Repository, bearer


def test_what_was_acknowledged_before_kill_9_is_there_and_nothing_half_made(state):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")  # pytest shows it where the test fails
    print(crash.rehearse(state, kills=20, seed=seed, longest=0.2))


@pytest.mark.parametrize("blobs", [0, 1, 5, 12])
def test_a_first_start_that_is_killed_is_made_good_by_the_second(tmp_path, blobs):
    state = tmp_path / "state"
    state.mkdir()
    lab = Process.__new__(Process)
    lab.begin(state)
    deadline = time.monotonic() + 60
    while len(list(state.glob("blobs/*/*/*"))) < blobs or not (state / "lab.sqlite").exists():
        assert time.monotonic() < deadline and lab.process.poll() is None
    lab.kill()
    deadline = time.monotonic() + 60
    with Process(state) as lab:
        public = lab.door.status()["public_endpoint"]
        for name, _, tag in (base.partition(":") for base in seeds.BASES):
            pulled = Repository(public, f"public.ecr.aws/ecrlab/{name}", bearer(public)).pull(tag)
            assert json.loads(pulled)["manifests"]
        while (state / "seeding").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert lab.said.read_text() == ""
    assert audit.faults(state) == []
    made = {path.name for path in state.iterdir()}
    assert made <= {"blobs", "docker", "lab.sqlite", "lab.sqlite-shm", "lab.sqlite-wal", "lock.sqlite", "lock.sqlite-journal", "server.json", "uploads"}
