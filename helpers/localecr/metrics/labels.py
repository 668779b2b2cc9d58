"""What series are called: names that tell them apart, and labels that say something of their values.

AWS: GetMetricData; "Using dynamic labels".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from localecr.errors import AwsError
from localecr.metrics.series import Series

TIMEZONE = re.compile(r"([+-])([0-9]{2})([0-9]{2})")
DYNAMIC = re.compile(r"\$\{\s*(?:PROP\(\s*'(?P<property>[^']{1,255})'\s*\)|(?P<name>[A-Z_]{1,40}))\s*\}")

Points = list[tuple[int, float]]


def zone(offset: str | None) -> timezone:
    """``+0130`` as a time zone. Raises ValidationError."""
    found = TIMEZONE.fullmatch(offset or "+0000")
    if found is None or int(found[2]) > 23 or int(found[3]) > 59:
        wanted = "it is + or - and four digits, such as +0130"
        raise AwsError("ValidationError", f"The value {offset} for parameter LabelOptions.Timezone is not supported: {wanted}.")
    away = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-away if found[1] == "-" else away)


def told_apart(found: Sequence[Series]) -> list[Series]:
    """Series that a search found, each called by what sets it apart from the others: its dimensions' values, its name, or both."""
    metrics = [series.metric for series in found if series.metric is not None]
    one_name = len({metric.name for metric in metrics}) < 2
    named = []
    for series, metric in zip(found, metrics, strict=True):
        varying = [value for name, value in metric.dimensions if any(dict(other.dimensions).get(name) != value for other in metrics)]
        parts = varying if one_name else [*varying, metric.name]
        named.append(replace(series, label=" ".join(parts) or metric.name))
    return named


def resolved(label: str, series: Series, where: timezone, region: str, account: str) -> str:
    """A label with its ``${MAX}``, ``${PROP('Stat')}`` and the like replaced; what is none of them stays as it is."""
    points = list(series.points.items())

    def value(found: re.Match[str]) -> str:
        if found["property"]:
            return _property(found["property"], series, region, account) or found[0]
        if found["name"] == "LABEL":
            return series.label
        if found["name"] in OF_TIMES:
            return f"{datetime.fromtimestamp(OF_TIMES[found['name']](points), where):%Y-%m-%d %H:%M}" if points else "-"
        work = OF_VALUES.get(found["name"])
        return found[0] if work is None else work(points) if points else "-"

    return DYNAMIC.sub(value, label)


def _property(name: str, series: Series, region: str, account: str) -> str | None:
    metric = series.metric
    known = {"Region": region, "AccountId": account, "Period": str(series.period), "Label": series.label}
    if metric is not None:
        known |= {"MetricName": metric.name, "Namespace": metric.namespace, "Stat": series.statistic or ""}
        known |= {f"Dim.{dimension}": value for dimension, value in metric.dimensions}
    return known.get(name)


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _extreme(choose: Callable) -> Callable[[Points], tuple[int, float]]:
    return lambda points: choose(points, key=lambda point: point[1])


OF_VALUES: dict[str, Callable[[Points], str]] = {
    "AVG": lambda points: _number(sum(value for _, value in points) / len(points)),
    "SUM": lambda points: _number(sum(value for _, value in points)),
    "MIN": lambda points: _number(_extreme(min)(points)[1]),
    "MAX": lambda points: _number(_extreme(max)(points)[1]),
    "FIRST": lambda points: _number(points[0][1]),
    "LAST": lambda points: _number(points[-1][1]),
    "DATAPOINT_COUNT": lambda points: str(len(points)),
    "FIRST_LAST_RANGE": lambda points: _number(points[-1][1] - points[0][1]),
    "MIN_MAX_RANGE": lambda points: _number(_extreme(max)(points)[1] - _extreme(min)(points)[1]),
}
OF_TIMES: dict[str, Callable[[Points], int]] = {
    "MIN_TIME": lambda points: _extreme(min)(points)[0],
    "MAX_TIME": lambda points: _extreme(max)(points)[0],
    "FIRST_TIME": lambda points: points[0][0],
    "LAST_TIME": lambda points: points[-1][0],
}
