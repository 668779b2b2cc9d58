"""What an alarm says of a change of its state: the reason, the message to a topic, the event. AWS: "Alarm events and EventBridge"."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from localecr.clock import as_datetime, in_words
from localecr.metrics.alarm_states import Present, Rule, State

OPERATORS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
TREATED_AS = {"breaching": "Breaching", "notBreaching": "NonBreaching", "ignore": "Ignore", "missing": "Missing"}
REGIONS = {  # as AWS's notifications call them
    "us-east-1": "US East (N. Virginia)", "us-east-2": "US East (Ohio)", "us-west-1": "US West (N. California)", "us-west-2": "US West (Oregon)",
    "eu-west-1": "EU (Ireland)", "eu-west-2": "EU (London)", "eu-west-3": "EU (Paris)", "eu-central-1": "EU (Frankfurt)", "eu-north-1": "EU (Stockholm)",
    "ap-southeast-1": "Asia Pacific (Singapore)", "ap-southeast-2": "Asia Pacific (Sydney)", "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-south-1": "Asia Pacific (Mumbai)", "ca-central-1": "Canada (Central)", "sa-east-1": "South America (Sao Paulo)",
}  # fmt: skip
INITIAL = "Unchecked: Initial alarm creation"


@dataclass(frozen=True)
class Change:
    """A change of an alarm's state."""

    time: float
    old: str
    old_reason: str
    old_data: str | None
    old_time: float
    new: str
    reason: str
    data: str | None


def instant(seconds: float) -> str:
    """``2019-10-02T17:04:40.985+0000``"""
    return as_datetime(seconds).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def number(value: float) -> str:
    """A number as Java writes it: ``50.0``, ``4.5E7``."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(float(value))
    sign, digits, _ = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{Decimal(repr(value)).adjusted()}"


def reason(rule: Rule, is_m_of_n: bool, present: Present, period: int, at: int, old: str, new: State) -> str:
    """Why an alarm went from one state to another; a value's age says when its period began."""
    recent = list(present[-rule.periods :])
    lacking = rule.periods - len(recent)
    if new == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {rule.periods} datapoint{_were(rule.periods)} unknown."
    if not recent:
        return f"Threshold Crossed: no datapoints were received for {rule.periods} period{'s' * (rule.periods > 1)}{_filled(rule, lacking)}."
    shown = [(age, value) for age, value in recent if rule.breaches(value) == (new == "ALARM")] or recent
    values = ", ".join(f"{number(value)} ({as_datetime(at - age * period):%d/%m/%y %H:%M:%S})" for age, value in reversed(shown))
    is_beyond = rule.breaches(shown[0][1])
    compared = f"{'was' if len(shown) == 1 else 'were'}{'' if is_beyond else ' not'} {OPERATORS[rule.comparison]} the threshold ({number(rule.threshold)})"
    filled = _filled(rule, lacking) if rule.missing in ("breaching", "notBreaching") else ""
    if not is_m_of_n:
        return f"Threshold Crossed: {len(shown)} datapoint{'s' * (len(shown) > 1)} [{values}] {compared}{filled}."
    needed = rule.datapoints if new == "ALARM" else rule.periods - rule.datapoints + 1
    before = "ALARM" if new == "OK" else "OK"
    return (
        f"Threshold Crossed: {len(shown)} out of the last {rule.periods} datapoints [{values}] {compared}{filled} "
        f"(minimum {needed} datapoint{'s' * (needed > 1)} for {before} -> {new} transition)."
    )


def _were(count: int) -> str:
    return " was" if count == 1 else "s were"


def _filled(rule: Rule, lacking: int) -> str:
    return f" and {lacking} missing datapoint{_were(lacking)} treated as [{TREATED_AS[rule.missing]}]" if lacking else ""


def reason_data(rule: Rule, present: Present, period: int, at: int, statistic: str | None, unit: str | None) -> str:
    """The same for programs."""
    recent = list(present[-rule.periods :])
    data: dict[str, Any] = {"version": "1.0", "queryDate": instant(at)}
    if recent:
        data["startDate"] = instant(at - recent[0][0] * period)
    data |= {name: value for name, value in (("unit", unit), ("statistic", statistic)) if value}
    data |= {"period": period, "recentDatapoints": [value for _, value in recent], "threshold": rule.threshold}
    data["evaluatedDatapoints"] = [{"timestamp": instant(at - age * period), "value": value} for age, value in reversed(recent)]
    return _json(data)


def history(change: Change) -> tuple[str, str]:
    """HistorySummary and HistoryData of a change."""
    old: dict[str, Any] = {"stateValue": change.old, "stateReason": change.old_reason}
    new: dict[str, Any] = {"stateValue": change.new, "stateReason": change.reason}
    if change.old_data:
        old["stateReasonData"] = json.loads(change.old_data)
    if change.data:
        new["stateReasonData"] = json.loads(change.data)
    return f"Alarm updated from {change.old} to {change.new}", _json({"version": "1.0", "oldState": old, "newState": new})


def arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"


def subject(name: str, region: str, change: Change) -> str:
    """Of the message to a topic; SNS takes 100 characters."""
    return f'{change.new}: "{name}" in {REGIONS.get(region, region)}'[:100]


def message(account: str, region: str, alarm: dict[str, Any], configured: float, change: Change) -> str:
    """The JSON that is published to an action's topic. ``alarm`` is what PutMetricAlarm was given."""
    document = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription"),
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": instant(configured),
        "NewStateValue": change.new,
        "NewStateReason": change.reason,
        "StateChangeTime": instant(change.time),
        "Region": REGIONS.get(region, region),
        "AlarmArn": arn(account, region, alarm["AlarmName"]),
        "OldStateValue": change.old,
        "OKActions": alarm.get("OKActions", []),
        "AlarmActions": alarm.get("AlarmActions", []),
        "InsufficientDataActions": alarm.get("InsufficientDataActions", []),
        "Trigger": _trigger(alarm),
    }
    return _json(document)


def _trigger(alarm: dict[str, Any]) -> dict[str, Any]:
    trigger: dict[str, Any] = {}
    if "Metrics" not in alarm:
        extended = alarm.get("ExtendedStatistic")
        trigger = {
            "MetricName": alarm["MetricName"],
            "Namespace": alarm["Namespace"],
            "StatisticType": "ExtendedStatistic" if extended else "Statistic",
        }
        trigger |= {"ExtendedStatistic": extended} if extended else {"Statistic": alarm["Statistic"].upper()}
        trigger |= {"Unit": alarm.get("Unit"), "Dimensions": _dimensions(alarm.get("Dimensions", [])), "Period": alarm["Period"]}
    trigger["EvaluationPeriods"] = alarm["EvaluationPeriods"]
    if "DatapointsToAlarm" in alarm:
        trigger["DatapointsToAlarm"] = alarm["DatapointsToAlarm"]
    trigger |= {
        "ComparisonOperator": alarm["ComparisonOperator"],
        "Threshold": alarm["Threshold"],
        "TreatMissingData": alarm.get("TreatMissingData", ""),
        "EvaluateLowSampleCountPercentile": "",
    }
    if "Metrics" in alarm:
        trigger["Metrics"] = [_with_small_dimensions(query) for query in alarm["Metrics"]]
    return trigger


def _dimensions(dimensions: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"value": each["Value"], "name": each["Name"]} for each in dimensions]


def _with_small_dimensions(query: dict[str, Any]) -> dict[str, Any]:
    if "MetricStat" not in query:
        return query
    metric = query["MetricStat"]["Metric"]
    return query | {"MetricStat": query["MetricStat"] | {"Metric": metric | {"Dimensions": _dimensions(metric.get("Dimensions", []))}}}


def event(account: str, region: str, alarm: dict[str, Any], change: Change) -> dict[str, Any]:
    """The event "CloudWatch Alarm State Change"."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": account,
        "time": in_words(change.time),
        "region": region,
        "resources": [arn(account, region, alarm["AlarmName"])],
        "detail": {
            "alarmName": alarm["AlarmName"],
            "configuration": ({"description": alarm["AlarmDescription"]} if "AlarmDescription" in alarm else {}) | {"metrics": _metrics(alarm)},
            "previousState": _state(change.old, change.old_reason, change.old_data, change.old_time),
            "state": _state(change.new, change.reason, change.data, change.time),
        },
    }


def _state(value: str, why: str, data: str | None, time: float) -> dict[str, str]:
    return {"reason": why} | ({"reasonData": data} if data else {}) | {"timestamp": instant(time), "value": value}


def _metrics(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """What the alarm watches, with the event's small letters."""
    if "Metrics" not in alarm:
        stat = {"Metric": alarm, "Period": alarm["Period"], "Stat": alarm.get("ExtendedStatistic") or alarm["Statistic"]}
        return [{"id": str(uuid.uuid5(uuid.NAMESPACE_OID, alarm["AlarmName"])), "metricStat": _metric_stat(stat), "returnData": True}]
    written = []
    for query in alarm["Metrics"]:
        each = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
        each |= {name.lower(): query[name] for name in ("Expression", "Label", "Period") if name in query}
        if "MetricStat" in query:
            each["metricStat"] = _metric_stat(query["MetricStat"])
        written.append(each)
    return written


def _metric_stat(stat: dict[str, Any]) -> dict[str, Any]:
    metric = stat["Metric"]
    dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions", [])}
    return {"metric": {"dimensions": dimensions, "name": metric["MetricName"], "namespace": metric["Namespace"]}, "period": stat["Period"], "stat": stat["Stat"]}


def _json(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))
