"""A lab that is asked to stop while it is pushed to, and one that is killed again and again."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

import pytest

import audit
import crash
from labs import COMMAND, Process


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT], [signal.SIGTERM, signal.SIGTERM], [signal.SIGINT, signal.SIGTERM]], ids=str)
def test_a_signal_in_the_middle_of_pushes_ends_the_lab_cleanly(state, signals):
    dice = random.Random(0)
    pushers = [crash.Client(number, 0, [dice.randbytes(1000)]) for number in range(3)]
    with Process(state, COMMAND) as lab:
        for pusher in pushers:
            pusher.join(lab)
        threads = [threading.Thread(target=pusher.run) for pusher in pushers]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        while sum(sum(pusher.done.values()) for pusher in pushers) < 40 and time.monotonic() < deadline:
            time.sleep(0.01)
        for number in signals:
            lab.process.send_signal(number)
            time.sleep(0.05)
        assert lab.process.wait(60) == 0
        for thread in threads:
            thread.join()
        said = lab.said.read_text()
    assert all("The lab has stopped" in str(pusher.fault) for pusher in pushers if pusher.fault)
    assert said.endswith("The lab has stopped. What you made is kept in its folder.\n")
    assert "Traceback" not in said and "mistake" not in said
    assert not (state / "server.json").exists()
    assert not (state / "lab.sqlite-wal").exists()  # all of it is in the database
    with Process(state) as lab:
        for pusher in pushers:
            pusher.join(lab)
            pusher.judge()
        assert audit.faults(state) == []


def test_kill_9_and_serve_twenty_times_in_a_row(state):
    for number in range(20):
        with Process(state, COMMAND) as lab:
            ecr = lab.client()
            names = [each["repositoryName"] for each in ecr.describe_repositories()["repositories"]]
            assert names == [f"round/{each:02}" for each in range(number)]
            ecr.create_repository(repositoryName=f"round/{number:02}")
            lab.kill()
    with Process(state) as lab:
        assert lab.said.read_text() == ""
        assert audit.faults(state) == []


def test_who_waits_for_a_lab_goes_on_when_all_of_it_has_stopped(state):
    with Process(state) as lab:
        lab.door.stop()
        assert lab.process.wait(60) == 0
    assert not (state / "server.json").exists()
    assert not (state / "lab.sqlite-wal").exists()
