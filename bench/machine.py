"""The machine that a table was measured on: its name, how busy it is, and what a process takes of its memory."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

MB = 1_000_000


def name() -> str:
    """`AMD EPYC, 2 cores, Linux 6.1, Python 3.11.7`"""
    return f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}"


def load() -> str:
    """The load averages of the last 1, 5 and 15 minutes; 2 means two busy cores."""
    return " ".join(f"{each:.1f}" for each in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def counts_memory() -> bool:
    """Whether this system says what a process takes, as Linux does in /proc."""
    return Path("/proc/self/status").exists()


def memory(pid: int) -> float:
    """MB that a process and its children hold right now (VmRSS)."""
    return _total(pid, "VmRSS")


def peak_memory(pid: int) -> float:
    """MB: the most that a process ever held, and each of its children, added up (VmHWM)."""
    return _total(pid, "VmHWM")


def _total(pid: int, field: str) -> float:
    counted = (re.search(rf"^{field}:\s+(\d+) kB$", _read(f"/proc/{each}/status"), re.MULTILINE) for each in _family(pid))
    return sum(int(found[1]) for found in counted if found) * 1024 / MB


def _family(pid: int) -> list[int]:
    """A process, its children, and theirs."""
    children = [int(each) for task in Path(f"/proc/{pid}/task").glob("*/children") for each in _read(task).split()]
    return [pid, *(each for child in children for each in _family(child))]


def _read(file: str | Path) -> str:
    try:
        return Path(file).read_text()
    except OSError:
        return ""  # another system than Linux, or a process that has ended


def settle() -> None:
    """Writes what earlier work left behind to the disk, so that it isn't written during what is measured next."""
    if hasattr(os, "sync"):
        os.sync()
