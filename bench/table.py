"""What is printed: a line for each work, ours and the peer's medians, and their ratio."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

UNITS = {"s": (1, "s"), "ms": (1000, "ms"), "MB": (1, "MB")}  # what a measure is multiplied with, and what is written behind it


class Missing(Exception):
    """What a benchmark needs and this machine lacks, in one sentence."""


@dataclass(frozen=True)
class Line:
    """A measured work. ``ours`` and ``theirs`` are in seconds or MB; the ratio is ours divided by theirs: under 1 is better."""

    work: str
    ours: Sequence[float]
    theirs: Sequence[float]
    peer: str
    unit: str
    reach: float = 1.0  # the ratio that is wanted

    @property
    def ratio(self) -> float:
        return statistics.median(self.ours) / statistics.median(self.theirs)

    def cells(self) -> list[str]:
        verdict = "" if self.ratio <= self.reach else f"over {self.reach:g}"
        times = f"{len(self.ours)} × {len(self.theirs)}"
        return [self.work, _median(self.ours, self.unit), _median(self.theirs, self.unit), f"{self.ratio:.2f}", self.peer, times, verdict]


HEADINGS = ("work", "ECR Lab", "peer", "ratio", "which peer", "measured", "")
WIDTHS = ("<58", ">10", ">10", ">6", "<30", ">9", "<8")  # and the side a column leans to


def _median(values: Sequence[float], unit: str) -> str:
    factor, name = UNITS[unit]
    median = statistics.median(values) * factor
    return f"{median:.{0 if median >= 100 else 1 if median >= 10 else 2}f} {name}"


def plain(cells: Sequence[str]) -> str:
    """A line for a terminal."""
    return " ".join(f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def markdown(cells: Sequence[str]) -> str:
    """A line for a README."""
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


RULE = "|---|--:|--:|--:|---|--:|---|"  # below Markdown's headings
