"""Amazon CloudWatch's operations: a table of names, each a function from a call to an answer. Metrics here, alarms in ``metrics``.

What AWS measures of ECR is computed from the ledger when it is asked for, on the lab's clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from localecr.clock import as_datetime
from localecr.errors import AwsError
from localecr.ledger import Call
from localecr.metrics import alarm_operations, labels, learners, queries, reading, statistics
from localecr.metrics.series import Metric, Series
from localecr.registry import paging

MOST_DATAPOINTS = 1440  # of GetMetricStatistics
PAGE_OF_DATAPOINTS = 100_800  # of GetMetricData
PAGE_OF_METRICS = 500

Answer = dict[str, Any]


def get_metric_data(call: Call) -> Answer:
    asked, wanted = call.parameters, call.parameters["MetricDataQueries"]
    queries.check(wanted)
    where = labels.zone(asked.get("LabelOptions", {}).get("Timezone"))
    most = asked.get("MaxDatapoints", PAGE_OF_DATAPOINTS)
    if not 1 <= most <= PAGE_OF_DATAPOINTS:
        raise AwsError("ValidationError", f"The parameter MaxDatapoints must be between 1 and {PAGE_OF_DATAPOINTS}.")
    start, end = asked["StartTime"].timestamp(), asked["EndTime"].timestamp()
    if start > end:
        raise AwsError("ValidationError", "The parameter EndTime must be greater than StartTime.")
    if start == end:
        raise AwsError("ValidationError", "The parameter StartTime must not equal parameter EndTime.")
    finest = min((query["MetricStat"]["Period"] for query in wanted if "MetricStat" in query), default=60)
    found = queries.work_out(reading.Asked(call.lab, call.account, call.region, reading.whole(call.lab, start, end, finest)), wanted)

    def name(label: str, series: Series) -> str:
        return labels.resolved(label, series, where, call.region, call.account)

    returned = [query for query in wanted if query.get("ReturnData", True)]
    answered = [(query["Id"], series) for query in returned for series in queries.labelled(query, found[query["Id"]], name)]
    return _page(call, answered, asked.get("ScanBy", "TimestampDescending") == "TimestampDescending", most)


def _page(call: Call, answered: list[tuple[str, Series]], newest_first: bool, most: int) -> Answer:
    """As many values as fit, series after series, and the token with which the rest is asked for."""
    listing = "GetMetricData " + hashlib.sha256(json.dumps(call.parameters["MetricDataQueries"], sort_keys=True).encode()).hexdigest()
    number, offset = _place(call, listing) or (0, 0)
    results, room = [], most
    while number < len(answered) and (room > 0 or not results):
        name, series = answered[number]
        times = list(series.points)[::-1] if newest_first else list(series.points)
        shown = times[offset : offset + room]
        rest = len(times) - offset - len(shown)
        results.append(
            {
                "Id": name,
                "Label": series.label,
                "Timestamps": [as_datetime(time) for time in shown],
                "Values": [series.points[time] for time in shown],
                "StatusCode": "PartialData" if rest else "Complete",
            }
        )
        room -= len(shown)
        number, offset = (number, offset + len(shown)) if rest else (number + 1, 0)
    more = {"NextToken": paging.seal(call, listing, [number, offset])} if number < len(answered) else {}
    return {"MetricDataResults": results, "Messages": []} | more


def _place(call: Call, listing: str) -> list[Any] | None:
    try:
        return paging.unseal(call, listing, call.parameters.get("NextToken"))
    except AwsError as error:
        raise AwsError("InvalidNextToken", "The next token specified is invalid.") from error


def get_metric_statistics(call: Call) -> Answer:
    asked = call.parameters
    simple, extended = asked.get("Statistics", []), asked.get("ExtendedStatistics", [])
    if bool(simple) == bool(extended):
        if simple:
            both = "The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both."
            raise AwsError("InvalidParameterCombination", both)
        raise AwsError("MissingParameter", "Must specify either Statistics or ExtendedStatistics")
    for each in extended:
        statistics.refuse_unknown(each, "ExtendedStatistics")
    period = asked["Period"]
    queries.refuse_period(period, "Period")
    start, end = asked["StartTime"].timestamp(), asked["EndTime"].timestamp()
    if start >= end:
        raise AwsError("InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.")
    within = reading.whole(call.lab, start, end, period)
    number = -(-(within.end - within.start) // period)
    if number > MOST_DATAPOINTS:
        raise AwsError(
            "InvalidParameterCombination",
            f"You have requested up to {number:,} datapoints, which exceeds the limit of {MOST_DATAPOINTS:,}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
        )
    metric = Metric.read(asked)
    source = reading.Asked(call.lab, call.account, call.region, within)
    gathered = source.samples(metric, period, asked.get("Unit"))
    unit = asked.get("Unit") or source.unit_of(metric)
    points = [_datapoint(time, each, simple, extended, unit) for time, each in gathered.items()]
    return {"Label": metric.name, "Datapoints": [each for each in points if each is not None]}


def _datapoint(time: int, samples: statistics.Samples, simple: list[str], extended: list[str], unit: str) -> Answer | None:
    values = {name: samples.statistic(name) for name in extended}
    if extended and None in values.values():
        return None  # percentiles of what is known by its statistics alone
    point = {"Timestamp": as_datetime(time), "Unit": unit} | {name: samples.statistic(name) for name in simple}
    return point | ({"ExtendedStatistics": values} if extended else {})


def list_metrics(call: Call) -> Answer:
    asked = call.parameters
    if asked.get("IncludeLinkedAccounts") or "OwningAccount" in asked:
        raise AwsError("NotImplemented", "Metrics of other accounts (IncludeLinkedAccounts, OwningAccount) are not built in this lab.", 501)
    since = reading.RECENTLY if "RecentlyActive" in asked else reading.ACTIVE
    found = [
        metric
        for metric in reading.active(call.lab, call.account, call.region, since)
        if asked.get("Namespace", metric.namespace) == metric.namespace
        and asked.get("MetricName", metric.name) == metric.name
        and all(_has(metric, each) for each in asked.get("Dimensions", []))
    ]
    filters = {name: asked[name] for name in ("Namespace", "MetricName", "Dimensions", "RecentlyActive") if name in asked}
    listing = f"ListMetrics {json.dumps(filters, sort_keys=True)}"
    try:
        after = paging.unseal(call, listing, asked.get("NextToken"))
    except AwsError as error:
        raise AwsError("InvalidParameterValue", "Request parameter NextToken is invalid") from error
    rest = [metric for metric in found if after is None or _key(metric) > _key(Metric.of(after[0], after[1], (tuple(each) for each in after[2])))]
    shown, last = paging.cut(rest, PAGE_OF_METRICS)
    more = {"NextToken": paging.seal(call, listing, _key(last))} if last else {}
    return {"Metrics": [metric.as_document() for metric in shown]} | more


def _has(metric: Metric, wanted: dict[str, str]) -> bool:
    """A dimension of this name, and of this value where one is given."""
    return any(name == wanted["Name"] and wanted.get("Value", value) == value for name, value in metric.dimensions)


def _key(metric: Metric) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return metric.namespace, metric.name, metric.dimensions


def put_metric_data(call: Call) -> Answer:
    asked = call.parameters
    if "EntityMetricData" in asked:
        raise AwsError("NotImplemented", "Metrics of entities (EntityMetricData) are not built in this lab, though AWS has them.", 501)
    if not asked.get("MetricData"):
        raise AwsError("MissingParameter", "The parameter MetricData is required.")
    learners.put(call.lab, call.account, call.region, asked["Namespace"], asked["MetricData"])
    return {}


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "GetMetricData": get_metric_data,
    "GetMetricStatistics": get_metric_statistics,
    "ListMetrics": list_metrics,
    "PutMetricData": put_metric_data,
} | alarm_operations.OPERATIONS
