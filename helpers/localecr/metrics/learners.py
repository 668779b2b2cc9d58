"""Learners' own metrics: what PutMetricData brought, kept as it came. AWS: PutMetricData."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from localecr.clock import as_datetime
from localecr.errors import AwsError
from localecr.metrics.series import Metric, Range
from localecr.metrics.statistics import Samples
from localecr.registry import Lab

MOST_METRICS = 1000  # in one request
MOST_VALUES = 150  # different ones, of one metric in one request
OLDEST, LATEST = 14 * 86400, 2 * 3600  # seconds back and ahead that a value's time may lie
LARGEST = 2.0**360
STATISTIC_SET = ("Maximum", "Minimum", "SampleCount", "Sum")


def put(lab: Lab, account: str, region: str, namespace: str, data: list[dict[str, Any]]) -> None:
    """Keeps the values of a request, all of them or none. Raises InvalidParameterValue, InvalidParameterCombination, MissingParameter."""
    if namespace.startswith("AWS/"):
        raise AwsError("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")
    add(lab, account, region, namespace, data)


def add(lab: Lab, account: str, region: str, namespace: str, data: list[dict[str, Any]]) -> None:
    """The same for a namespace of AWS's too, which only AWS itself fills."""
    if len(data) > MOST_METRICS:
        raise AwsError("InvalidParameterValue", f"The collection MetricData must not have a size greater than {MOST_METRICS}.")
    rows = [_row(lab.clock.now(), account, region, namespace, f"MetricData.member.{number}", each) for number, each in enumerate(data, 1)]
    with lab.database.write() as transaction:
        transaction.executemany(
            "INSERT INTO metric_data (account, region, namespace, name, dimensions, time, unit, samples) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
        )


def _row(now: float, account: str, region: str, namespace: str, where: str, datum: dict[str, Any]) -> tuple[Any, ...]:
    time = datum["Timestamp"].timestamp() if "Timestamp" in datum else now
    if not now - OLDEST <= time <= now + LATEST:
        raise AwsError("InvalidParameterValue", f"The parameter {where}.Timestamp must specify a time within the past two weeks.")
    resolution = datum.get("StorageResolution", 60)
    if resolution not in (1, 60):
        raise AwsError("InvalidParameterValue", f"The value {resolution} for parameter {where}.StorageResolution is not supported.")
    metric = Metric.read({"Namespace": namespace} | datum)
    if len(dict(metric.dimensions)) < len(metric.dimensions):
        raise AwsError("InvalidParameterValue", f"The parameter {where}.Dimensions names a dimension twice.")
    return (
        account, region, namespace, metric.name, json.dumps(metric.dimensions), math.floor(time) // resolution * resolution,
        datum.get("Unit", "None"), json.dumps(_samples(where, datum)),
    )  # fmt: skip


def _samples(where: str, datum: dict[str, Any]) -> dict[str, Any]:
    """``{"values": {value: count}}`` or ``{"set": [count, sum, minimum, maximum]}``."""
    given = [name for name in ("Value", "Values", "StatisticValues") if name in datum]
    if not given:
        raise AwsError("MissingParameter", f"At least one of the parameters {where}.Value or {where}.StatisticValues must be specified.")
    if len(given) > 1:
        code = "InvalidParameterCombination" if "StatisticValues" in given else "InvalidParameterValue"
        raise AwsError(code, f"The parameters {where}.{given[0]} and {where}.{given[1]} are mutually exclusive and you have specified both.")
    if given == ["StatisticValues"]:
        return {"set": _statistic_set(f"{where}.StatisticValues", datum["StatisticValues"])}
    values = [datum["Value"]] if given == ["Value"] else datum["Values"]
    counts = datum.get("Counts", [1.0] * len(values)) if given == ["Values"] else [1.0]
    if len(values) > MOST_VALUES:
        raise AwsError("InvalidParameterValue", f"The collection {where}.Values must not have a size greater than {MOST_VALUES}.")
    if len(counts) != len(values):
        raise AwsError("InvalidParameterValue", f"The parameters {where}.Values and {where}.Counts must be of the same size.")
    for value in values:
        _refuse_extreme(value, f"{where}.{given[0]}")
    for count in counts:
        if not 0 < count <= LARGEST:
            raise AwsError("InvalidParameterValue", f"The value {count} for parameter {where}.Counts is invalid.")
    return {"values": list(zip(values, counts, strict=True))}


def _statistic_set(where: str, given: dict[str, float]) -> list[float]:
    missing = [name for name in STATISTIC_SET if name not in given]
    if missing:
        raise AwsError("MissingParameter", "\n".join(f"The parameter {where}.{name} is required." for name in missing))
    for name in STATISTIC_SET:
        _refuse_extreme(given[name], f"{where}.{name}")
    if given["Maximum"] < given["Minimum"]:
        raise AwsError("InvalidParameterValue", f"The parameter {where}.Maximum must be greater than {where}.Minimum.")
    if given["SampleCount"] <= 0:
        raise AwsError("InvalidParameterValue", f"The parameter {where}.SampleCount must be greater than 0.")
    return [given["SampleCount"], given["Sum"], given["Minimum"], given["Maximum"]]


def _refuse_extreme(value: float, where: str) -> None:
    if math.isnan(value):
        raise AwsError("InvalidParameterValue", f"The value NaN for parameter {where} is invalid.")
    if abs(value) > LARGEST:
        raise AwsError("InvalidParameterValue", f"The value {value} for parameter {where} is invalid.")


def measured(lab: Lab, account: str, region: str, metric: Metric, within: Range, unit: str | None = None) -> Iterator[tuple[int, Samples]]:
    """What was put for a metric, in order of time; of one unit only where that is asked for."""
    rows = lab.database.all(
        "SELECT time, samples FROM metric_data WHERE account = ? AND region = ? AND namespace = ? AND name = ? AND dimensions = ?"
        " AND time >= ? AND time < ? AND (? IS NULL OR unit = ?) ORDER BY time",
        (account, region, metric.namespace, metric.name, json.dumps(metric.dimensions), within.start, within.end, unit, unit),
    )
    return ((int(row["time"]), _read(json.loads(row["samples"]))) for row in rows)


def _read(stored: dict[str, Any]) -> Samples:
    if "set" in stored:
        return Samples(*stored["set"], values=None)
    (value, count), *others = stored["values"]
    samples = Samples.of(float(value), count)
    for value, count in others:
        samples.add(Samples.of(float(value), count))
    return samples


def unit_of(lab: Lab, account: str, region: str, metric: Metric) -> str:
    """The unit in which a metric was last put."""
    row = lab.database.one(
        "SELECT unit FROM metric_data WHERE account = ? AND region = ? AND namespace = ? AND name = ? AND dimensions = ? ORDER BY time DESC LIMIT 1",
        (account, region, metric.namespace, metric.name, json.dumps(metric.dimensions)),
    )
    return row["unit"] if row else "None"


def active(lab: Lab, account: str, region: str, since: float) -> list[Metric]:
    """Learners' metrics of an account and Region that have had values since some time."""
    rows = lab.database.all(
        "SELECT namespace, name, dimensions FROM metric_data WHERE account = ? AND region = ?"
        " GROUP BY namespace, name, dimensions HAVING MAX(time) >= ?",
        (account, region, since),
    )
    return [Metric.of(row["namespace"], row["name"], (tuple(each) for each in json.loads(row["dimensions"]))) for row in rows]
