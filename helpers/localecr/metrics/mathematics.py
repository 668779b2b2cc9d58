"""Metric maths on numbers and series: operators, and what an expression is worked out in. AWS: "Using math expressions with CloudWatch metrics"."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from localecr.metrics.expressions import ExpressionError
from localecr.metrics.series import Range, Series

MOST_WORK = 20_000_000  # values that the expressions of one request may touch


class Word(str):
    """A bare word in capitals: REPEAT, AVG, DESC."""


Value = Any  # float | Series | list[Series] | Word | str


@dataclass
class Work:
    """What the expressions of a request have done together."""

    values: int = 0  # that were touched
    of_range: bool = False  # whether a result depends on how much was looked at, as AVG(m1) does


@dataclass
class Context:
    """What an expression is evaluated in."""

    range: Range
    period: int  # of series that come from no metric
    label: str  # the query's id: what a new series is called
    metrics: Sequence[tuple[str, Series]]  # (id, series) of every metric of the request
    search: Callable[[str, str, int | None], list[Series]]
    given: dict[str, Value] = field(default_factory=dict)  # results by the ids of their queries
    work: Work = field(default_factory=Work)

    def spend(self, values: int) -> None:
        self.work.values += values
        if self.work.values > MOST_WORK:
            raise ExpressionError("The expressions of this request touch too many values; ask for less at once")

    def grid(self, period: int) -> range:
        self.spend((self.range.end - self.range.start) // period)
        return self.range.grid(period)

    def new(self, points: dict[int, float], period: int | None = None) -> Series:
        """A series that is no metric's any more."""
        return Series(self.label, period or self.period, points)


def each_value(context: Context, work: Callable[[float], float], value: Value) -> Value:
    """A function done to a number, or to every value of one or of many series; where it has no result the value is dropped."""
    if isinstance(value, list):
        return [each_value(context, work, series) for series in value]
    if isinstance(value, Series):
        context.spend(len(value.points))
        return value.calculated(_kept((time, _tried(work, number)) for time, number in value.points.items()))
    if isinstance(value, float):
        return _tried(work, value)
    raise ExpressionError("A time series or a number is needed here")


def combine(context: Context, sign: str, left: Value, right: Value) -> Value:
    """An operator between two values. In two series a missing value counts as 0; what has no result is dropped."""
    if isinstance(left, list) and isinstance(right, list):
        raise ExpressionError(f"Unsupported operands for '{sign}': two arrays of time series")
    if isinstance(left, list):
        return [combine(context, sign, series, right) for series in left]
    if isinstance(right, list):
        return [series.calculated(combine(context, sign, left, series).points) for series in right]
    work = OPERATORS[sign]
    if isinstance(left, Series) and isinstance(right, Series):
        return _between(context, work, left, right)
    if isinstance(left, Series) and isinstance(right, float):
        return each_value(context, lambda value: work(value, right), left)
    if isinstance(left, float) and isinstance(right, Series):
        return each_value(context, lambda value: work(left, value), right)
    if isinstance(left, float) and isinstance(right, float):
        return _tried(lambda value: work(value, right), left)
    raise ExpressionError(f"Unsupported operands for '{sign}'")


def _between(context: Context, work: Callable[[float, float], float], left: Series, right: Series) -> Series:
    context.spend(len(left.points) + len(right.points))
    times = sorted(left.points.keys() | right.points.keys())
    points = _kept((time, _tried(lambda value, time=time: work(value, right.points.get(time, 0.0)), left.points.get(time, 0.0))) for time in times)
    return context.new(points, max(left.period, right.period))


def _tried(work: Callable[[float], float], value: float) -> float:
    """A result, or not a number: divided by nothing, the logarithm of a negative, more than a number can hold."""
    try:
        found = work(value)
    except (ZeroDivisionError, ValueError, OverflowError):
        return math.nan
    return math.nan if isinstance(found, complex) else float(found)


def _kept(points: Any) -> dict[int, float]:
    return {time: value for time, value in points if math.isfinite(value)}


OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "&&": lambda left, right: bool(left) and bool(right),
    "||": lambda left, right: bool(left) or bool(right),
}
