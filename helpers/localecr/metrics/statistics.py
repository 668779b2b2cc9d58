"""Statistics: what a period's samples come to. AWS: "CloudWatch statistics definitions"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from localecr.errors import AwsError

SIMPLE = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")
PERCENTILE = re.compile(r"p(100|[0-9]{1,2}(?:\.[0-9]{1,10})?)")
NOT_BUILT = re.compile(r"IQM|(?:TM|TC|TS|WM|PR)\(.*\)|(?:tm|tc|ts|wm)[0-9.]+")  # trimmed means and their kin


@dataclass
class Samples:
    """What was measured within some period: how many values, their sum and extremes, and each value where they are known."""

    count: float
    sum: float
    minimum: float
    maximum: float
    values: dict[float, float] | None = field(default_factory=dict)  # value → how often; None where only the four numbers are known

    @classmethod
    def of(cls, value: float, count: float = 1) -> Samples:
        """One value that came ``count`` times."""
        return cls(count, value * count, value, value, {value: count})

    def add(self, other: Samples) -> None:
        self.count += other.count
        self.sum += other.sum
        self.minimum, self.maximum = min(self.minimum, other.minimum), max(self.maximum, other.maximum)
        if self.values is None or other.values is None:
            self.values = None
        else:
            for value, count in other.values.items():
                self.values[value] = self.values.get(value, 0) + count

    def statistic(self, name: str) -> float | None:
        """A statistic's value; None for a percentile of values that aren't known one by one (AWS: "Percentiles")."""
        if name in SIMPLE:
            found = {"Sum": self.sum, "SampleCount": self.count, "Average": self.sum / self.count, "Minimum": self.minimum, "Maximum": self.maximum}
            return found[name]
        if self.values is None:
            return self.minimum if self.minimum == self.maximum else None
        return self._percentile(float(name[1:]))

    def _percentile(self, percent: float) -> float:
        """The smallest value that so many percent of all values don't exceed. AWS doesn't say how it places ranks."""
        wanted, seen = self.count * percent / 100, 0.0
        for value in sorted(self.values or {}):
            seen += (self.values or {})[value]
            if seen >= wanted:
                return value
        return self.maximum


def is_known(name: str) -> bool:
    return name in SIMPLE or PERCENTILE.fullmatch(name) is not None


def refuse_unknown(name: str, parameter: str) -> None:
    """Raises InvalidParameterValue for what is no statistic, NotImplemented for one that AWS has and the lab doesn't."""
    if is_known(name):
        return
    if NOT_BUILT.fullmatch(name):
        instead = f"use {', '.join(SIMPLE)} or a percentile such as p90"
        raise AwsError("NotImplemented", f"The statistic {name} is not built in this lab, though AWS has it: {instead}.", 501)
    raise AwsError("InvalidParameterValue", f"The value {name} for parameter {parameter} is not supported.")


def by_period(samples: Iterable[tuple[int, Samples]], start: int, period: int) -> dict[int, Samples]:
    """Samples at instants, in order of time, gathered into the periods that follow ``start``."""
    gathered: dict[int, Samples] = {}
    for instant, each in samples:
        if instant < start:
            continue
        begins = start + (instant - start) // period * period
        if begins in gathered:
            gathered[begins].add(each)
        else:
            gathered[begins] = Samples(each.count, each.sum, each.minimum, each.maximum, None if each.values is None else dict(each.values))
    return gathered
