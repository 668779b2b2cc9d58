"""From the command to the first answer, the memory of a server that nobody uses yet, and what importing ecrlab costs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from bench import machine, peers, wire
from bench.peers import ACCOUNT, REGION
from bench.rounds import Effort, timed, warmed
from bench.table import Line

IDLE = 2  # seconds after the first answer
OFTEN = 0.005  # seconds between two looks
BOUND = 0.5  # seconds that an import may take


def measure(effort: Effort) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as folder:
        seeded = Path(folder) / "seeded"
        _lab(seeded)

        def copied() -> tuple[float, float]:
            shutil.copytree(seeded, state := Path(folder) / "copy")
            started = _lab(state)
            shutil.rmtree(state)
            return started

        fresh = (Path(folder) / f"fresh-{number}" for number in range(1000))
        for what, ours in (("a new folder", lambda: _lab(next(fresh))), ("a folder used before", copied)):
            mine, others = warmed(effort.rounds, ours, _moto)
            yield Line(f"`ecrlab serve` to its first answer, {what}", [each[0] for each in mine], [each[0] for each in others], "moto server", "s")
            if machine.counts_memory():
                yield Line(f"memory {IDLE} s later, {what}", [each[1] for each in mine], [each[1] for each in others], "moto server", "MB")
    for imported in ("import ecrlab", "import ecrlab; from ecrlab import show"):
        with_it, without = warmed(effort.rounds * 2, lambda: _python(imported), lambda: _python("pass"))
        costs = [mine - other for mine, other in zip(with_it, without, strict=True)]
        yield Line(f"`{imported}` in a fresh Python", costs, [BOUND], "the bound", "ms")


def _lab(state: Path) -> tuple[float, float]:
    """Seconds from the command to the first call answered, and MB of memory when idle."""
    from localecr.door import SERVER_FILE, Door

    def first_call() -> None:
        facts = json.loads((state / SERVER_FILE).read_text())  # written when the lab is ready
        keys = Door(facts["endpoint"], facts["token"]).keys(ACCOUNT)
        _describe(facts["endpoint"], (keys["access_key_id"], keys["secret_access_key"]))

    return _started(peers.lab_command(state, 0), first_call)


def _moto() -> tuple[float, float]:
    port = peers.free_port()
    return _started(peers.moto_command(port), lambda: _describe(f"http://localhost:{port}", ("test", "test")))


def _started(command: list[str], first_call: Callable[[], None]) -> tuple[float, float]:
    with ExitStack() as stack:
        began = time.perf_counter()
        process = stack.enter_context(peers.running(command))
        peers.until(first_call, process, OFTEN)
        seconds = time.perf_counter() - began
        time.sleep(IDLE)
        return seconds, machine.memory(process.pid)


def _describe(url: str, key: tuple[str, str]) -> None:
    connection = wire.Connection(url)
    try:
        connection.send(wire.signed(key, REGION, "DescribeRepositories", {}))
    finally:
        connection.close()


def _python(program: str) -> float:
    return timed(lambda: subprocess.run([sys.executable, "-c", program], check=True))
