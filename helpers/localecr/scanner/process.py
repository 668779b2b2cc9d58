"""The scanner in a process of its own: an image that would take all memory or all time takes it there, and pushes go on beside it.

The process is started with the first scan, reads requests and writes examinations as lines of JSON, and ends with the server, or when
nothing was scanned for a while. ``__main__`` is what runs in it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from localecr.scanner.model import Examination, Inventory, Subject, Unscannable

MOST_MEMORY = 1 << 30  # bytes that it may take, where the system keeps a limit: twenty times what reading a large image needs
PATIENCE = 120.0  # seconds that an image may take, and
SLOWEST = 5_000_000  # one more for each so many bytes of its layers: a tenth of what a slow laptop reads


class Stopped(Exception):
    """The examiner was stopped; what it examined is to be examined again."""


class Examiner:
    """Examines images, one after the other, in another process."""

    def __init__(self, advisories: Path):
        self._advisories = advisories
        self._child: subprocess.Popen[bytes] | None = None
        self._is_stopped = False
        self._one_at_a_time = threading.Lock()
        self._starting = threading.Lock()

    def examine(self, subject: Subject | Inventory, known_at: float) -> Examination:
        """As ``examination.examine``. Raises Unscannable also where the process takes too long or too much memory, or ends by itself, and
        Stopped where it is stopped meanwhile."""
        kind = "inventory" if isinstance(subject, Inventory) else "subject"
        request = {kind: asdict(subject), "known_at": known_at, "advisories": str(self._advisories)}
        with self._one_at_a_time:
            answer = self._ask(json.dumps(request).encode() + b"\n", PATIENCE + sum(layer.size for layer in subject.layers) / SLOWEST)
        if "examination" in answer:
            return Examination.of_json(answer["examination"])
        raise Unscannable(answer["status"], answer["reason"])

    def stop(self) -> None:
        """Ends the process, if there is one, whatever it does. There won't be another."""
        with self._starting:
            self._is_stopped, child = True, self._child
        if child is not None:
            child.kill()
            child.wait()

    def _ask(self, request: bytes, patience: float) -> dict[str, Any]:
        while True:
            child = self._running()
            is_late = threading.Event()
            timer = threading.Timer(patience, lambda: (is_late.set(), child.kill()))
            timer.daemon = True
            timer.start()
            try:
                line = _exchange(child, request)
            finally:
                timer.cancel()
                timer.join()  # it may have been about to end the process
            if line and not is_late.is_set():
                return json.loads(line)
            code = child.wait()
            self._child = None
            if line:  # which came just as time was up
                return json.loads(line)
            if self._is_stopped:
                raise Stopped
            if is_late.is_set():
                raise Unscannable("FAILED", f"Reading the image took longer than {patience:.0f} seconds, and was given up.")
            if code != 0:  # with 0 it ended because nothing was scanned for a while, just as this request came
                raise Unscannable("FAILED", f"The scanner ended while it read the image ({_told(code)}). The lab's log says more.")

    def _running(self) -> subprocess.Popen[bytes]:
        """The process; it is started where there is none, or no more. Raises Stopped."""
        with self._starting:
            if self._is_stopped:
                raise Stopped
            if self._child is None or self._child.poll() is not None:
                self._child = _start()
            return self._child


def _start() -> subprocess.Popen[bytes]:
    # -P: no module of the folder that the lab was started in is taken for one of ours
    command = [sys.executable, "-P", "-m", "localecr.scanner", str(MOST_MEMORY)]
    flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, creationflags=flags)


def _exchange(child: subprocess.Popen[bytes], request: bytes) -> bytes:
    """The answer; an empty one if the process ends before it."""
    assert child.stdin and child.stdout
    try:
        child.stdin.write(request)
        child.stdin.flush()
        line = child.stdout.readline()
    except OSError:
        return b""
    return line if line.endswith(b"\n") else b""


def _told(code: int) -> str:
    if code < 0 and os.name == "posix":
        return f"by the signal {signal.Signals(-code).name}"
    return f"with the code {code}"
