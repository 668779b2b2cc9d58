"""The scanner's own process: what it answers, when it ends, and what becomes of an image that it can't bear."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import making
import pytest
from localecr.scanner import examination, process
from localecr.scanner.advisories import Advisories
from localecr.scanner.model import Unscannable
from localecr.scanner.process import Examiner, Stopped

NOW = 1767600000.0  # 2026-01-05
LAYERS = ({"etc/os-release": making.os_release("debian", "12"), "var/lib/dpkg/status": making.status(("zlib1g", "1:1.2.13.dfsg-1"))},)
posix = pytest.mark.skipif(os.name != "posix", reason="signals and named pipes are POSIX's")


@pytest.fixture
def examiner(tmp_path: Path) -> Iterator[Examiner]:
    examiner = Examiner(tmp_path / "advisories.sqlite")
    yield examiner
    examiner.stop()


@pytest.fixture
def slow_image(image: Callable[..., making.Image], tmp_path: Path) -> making.Image:
    """An image whose layer is a pipe that nobody writes into, so that reading it takes for ever."""
    made = image(*LAYERS)
    layer = Path(made.subject.layers[0].path)
    layer.unlink()
    os.mkfifo(layer)
    return made


def pid(examiner: Examiner) -> int:
    assert examiner._child is not None
    return examiner._child.pid


def is_there(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent doesn't."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout.strip()
    return bool(found) and not found.startswith("Z")


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def in_background(examiner: Examiner, subject) -> tuple[threading.Thread, list[BaseException]]:
    raised: list[BaseException] = []

    def run() -> None:
        try:
            examiner.examine(subject, NOW)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


def test_it_answers_as_an_examination_in_this_process_does(examiner, image, tmp_path):
    subject = image(*LAYERS).subject
    assert examiner.examine(subject, NOW) == examination.examine(subject, Advisories(tmp_path / "other.sqlite"), NOW)


def test_an_inventory_is_examined_without_its_layers(examiner, image):
    made = image(*LAYERS)
    first = examiner.examine(made.subject, NOW)
    Path(made.subject.layers[0].path).unlink()
    assert examiner.examine(first.inventory, NOW) == first


def test_there_is_no_process_before_the_first_scan_and_one_for_all(examiner, image):
    assert examiner._child is None
    examiner.examine(image(*LAYERS).subject, NOW)
    first = pid(examiner)
    examiner.examine(image(*LAYERS).subject, NOW)
    assert pid(examiner) == first


def test_a_refused_image_keeps_its_status_and_its_reason(examiner, image):
    with pytest.raises(Unscannable, match="isn't a tar archive") as refusal:
        examiner.examine(image(making.layer(b"no tar" * 1000)).subject, NOW)
    assert refusal.value.status == "FAILED"


@posix
def test_a_process_that_is_killed_fails_its_image_and_the_next_has_a_new_one(examiner, image, slow_image):
    thread, raised = in_background(examiner, slow_image.subject)
    until(lambda: examiner._child)
    os.kill(pid(examiner), signal.SIGKILL)
    thread.join()
    assert isinstance(raised[0], Unscannable) and "SIGKILL" in raised[0].reason
    assert examiner.examine(image(*LAYERS).subject, NOW).inventory.packages


@posix
def test_an_image_that_takes_too_long_fails(examiner, slow_image, monkeypatch):
    monkeypatch.setattr(process, "PATIENCE", 0.5)
    with pytest.raises(Unscannable, match="took longer than") as refusal:
        examiner.examine(slow_image.subject, NOW)
    assert refusal.value.status == "FAILED"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps the limit")
def test_an_image_that_takes_too_much_memory_fails(examiner, image, monkeypatch):
    monkeypatch.setattr(process, "MOST_MEMORY", 40 << 20)
    modules = {f"srv/node_modules/{number}/package.json": '{"name": "%d", "version": "1"}' % number for number in range(60_000)}
    with pytest.raises(Unscannable, match="needs more than 40 MiB of memory"):
        examiner.examine(image(modules).subject, NOW)
    assert examiner.examine(image(*LAYERS).subject, NOW).inventory.packages


@posix
def test_stopping_ends_a_scan_that_is_going_on_as_no_failure_of_its_image(examiner, slow_image):
    thread, raised = in_background(examiner, slow_image.subject)
    until(lambda: examiner._child)
    child = pid(examiner)
    examiner.stop()
    thread.join()
    assert isinstance(raised[0], Stopped)
    assert not is_there(child)


def test_there_is_no_scan_after_stopping(examiner, image):
    examiner.stop()
    with pytest.raises(Stopped):
        examiner.examine(image(*LAYERS).subject, NOW)


@posix
def test_it_ends_with_its_server_even_where_that_is_killed(slow_image, tmp_path):
    server = tmp_path / "server.py"
    server.write_text(
        "import json, sys, threading, time\n"
        "from pathlib import Path\n"
        "from localecr.scanner.model import Subject\n"
        "from localecr.scanner.process import Examiner\n"
        "examiner = Examiner(Path(sys.argv[1]))\n"
        "threading.Thread(target=examiner.examine, args=(Subject.of_json(json.loads(sys.argv[2])), 0), daemon=True).start()\n"
        "while not examiner._child: time.sleep(0.01)\n"
        "print(examiner._child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    import dataclasses
    import json

    line = [sys.executable, server, tmp_path / "advisories.sqlite", json.dumps(dataclasses.asdict(slow_image.subject))]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as running:
        child = int(running.stdout.readline())
        assert is_there(child)
        running.kill()
        until(lambda: not is_there(child))


@posix
def test_one_that_ended_because_nothing_was_scanned_is_started_again(examiner, image):
    examiner.examine(image(*LAYERS).subject, NOW)
    first = pid(examiner)
    examiner._child.stdin.close()  # what it ends at, as at a while without a request: with the code 0
    until(lambda: not is_there(first))
    assert examiner.examine(image(*LAYERS).subject, NOW).inventory.packages
    assert pid(examiner) != first


def test_it_ends_with_the_code_0_and_in_silence_when_nothing_is_scanned():
    code = "import sys; from localecr.scanner import __main__ as scanner; scanner.IDLE = 0.1; sys.argv[1:] = [str(1 << 30)]; scanner.main()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        said = child.stdout.read() + child.stderr.read()  # to its end, with standard input open all the time
    assert (child.returncode, said) == (0, b"")


@posix
def test_it_works_with_less_priority_than_the_server(examiner, image):
    examiner.examine(image(*LAYERS).subject, NOW)
    assert os.getpriority(os.PRIO_PROCESS, pid(examiner)) > os.getpriority(os.PRIO_PROCESS, 0)
