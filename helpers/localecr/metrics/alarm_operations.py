"""CloudWatch's operations on alarms: a table of names, each a function from a call to an answer."""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import Callable
from typing import Any

from localecr.clock import as_datetime
from localecr.errors import AwsError
from localecr.ledger import Call
from localecr.metrics import alarm_actions, alarm_states, alarm_words, alarms, evaluation, queries, statistics, watch
from localecr.metrics.alarm_words import Change
from localecr.metrics.series import Metric, Range
from localecr.registry import paging

Answer = dict[str, Any]
ALONE = ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")  # of an alarm on one metric
KEPT = (
    "AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions", *ALONE, "EvaluationPeriods",
    "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "Metrics",
)  # fmt: skip
NOT_BUILT = {  # members that AWS has and the lab doesn't
    "ThresholdMetricId": "Alarms on anomaly detection", "EvaluationWindow": "Evaluation windows", "WarmUpConfiguration": "Warm-up",
    "EvaluationCriteria": "Alarms on PromQL", "EvaluationInterval": "Alarms on PromQL", "ActionConfiguration": "Tags in actions",
    "EvaluateLowSampleCountPercentile": "Ignoring percentiles of few samples",
}  # fmt: skip
ARN, TOPIC = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+"), re.compile(r"arn:aws:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}")
DAY, WEEK = 86400, 7 * 86400
MOST_ACTIONS, MOST_QUERIES, MOST_OF_A_KIND = 5, 20, 10
MOST_TAGS = 50


def put_metric_alarm(call: Call) -> Answer:
    asked = call.parameters
    for member, what in NOT_BUILT.items():
        if member in asked:
            raise AwsError("NotImplemented", f"{what} ({member}) are not built in this lab, though AWS has them.", 501)
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in asked["AlarmName"]):
        raise _invalid("AlarmName must not contain ASCII Control characters")
    _check_actions(call.region, asked)
    _check_rule(asked)
    alarm = {name: asked[name] for name in KEPT if name in asked}
    period = _check_metrics(call, alarm) if "Metrics" in asked else _check_metric(alarm)
    periods = asked["EvaluationPeriods"]
    if period < 3600 and periods * period > DAY:
        raise _invalid("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).")
    if periods * period > WEEK:
        raise _invalid("Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= 604800) for alarms using period >= 3600")
    alarms.put(call.lab, call.account, call.region, alarm, period, asked.get("Tags", []))
    call.lab.database.afterwards(lambda: watch.begin(call.lab))
    return {}


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def _check_actions(region: str, asked: dict[str, Any]) -> None:
    for member in alarms.ACTIONS.values():
        if len(asked.get(member, [])) > MOST_ACTIONS:
            raise _invalid(f"The collection {member} must not have a size greater than {MOST_ACTIONS}.")
        for action in asked.get(member, []):
            if not ARN.fullmatch(action):
                raise _invalid(f"Invalid arn syntax: {action}")
            topic = TOPIC.fullmatch(action)
            if topic is None:
                raise AwsError("NotImplemented", "Of an alarm's actions only SNS topics (no FIFO ones) are built in this lab.", 501)
            if topic[1] != region:
                raise _invalid(f"Invalid region {topic[1]} specified. Only {region} is supported.")


def _check_rule(asked: dict[str, Any]) -> None:
    comparison, threshold, periods = asked.get("ComparisonOperator"), asked.get("Threshold"), asked.get("EvaluationPeriods")
    if comparison in ("LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"):
        raise AwsError("NotImplemented", "Alarms on anomaly detection are not built in this lab, though AWS has them.", 501)
    if comparison not in alarm_states.COMPARISONS:
        raise _invalid("PutMetricAlarm request should have a valid ComparisonOperator parameter")
    if threshold is None or not math.isfinite(threshold):
        raise _invalid("PutMetricAlarm request should have valid Threshold parameter")
    if periods is None:
        raise _invalid("PutMetricAlarm request should have an EvaluationPeriods parameter")
    if asked.get("DatapointsToAlarm", periods) > periods:
        raise _invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    if asked.get("TreatMissingData", "missing") not in alarm_states.MISSING:
        raise _invalid("Supported values for TreatMissingData are breaching, notBreaching, ignore, and missing.")


def _check_metric(alarm: dict[str, Any]) -> int:
    for name in ("MetricName", "Namespace", "Period"):
        if name not in alarm:
            raise _invalid(f"PutMetricAlarm request should have a {name} parameter")
    if "Statistic" in alarm and "ExtendedStatistic" in alarm:
        raise _invalid(
            "PutMetricAlarm request can not be made with both Statistic and ExtendedStatistic parameters. Only one of them should be present"
        )
    if "Statistic" not in alarm and "ExtendedStatistic" not in alarm:
        raise _invalid("PutMetricAlarm request should have a Statistic parameter")
    if "ExtendedStatistic" in alarm:
        statistics.refuse_unknown(alarm["ExtendedStatistic"], "ExtendedStatistic")
    _check_period(alarm["Period"])
    return alarm["Period"]


def _check_period(period: int) -> None:
    if period not in (10, 20, 30) and (period < 60 or period % 60):
        raise _invalid("Period must be 10, 20, 30 or a multiple of 60")


def _check_metrics(call: Call, alarm: dict[str, Any]) -> int:
    """Checks an alarm's queries, tries them on no values at all, and says the period of what it watches."""
    wanted = alarm["Metrics"]
    if any(name in alarm for name in ALONE):
        raise _invalid("Scalar metric parameters must not be set if list of Metrics is set.")
    queries.check(wanted, "Metrics")
    metrics = [query for query in wanted if "MetricStat" in query]
    if len(wanted) > MOST_QUERIES or len(metrics) > MOST_OF_A_KIND or len(wanted) - len(metrics) > MOST_OF_A_KIND:
        raise _invalid(f"An alarm may have at most {MOST_OF_A_KIND} metrics and {MOST_OF_A_KIND} expressions.")
    returned = [query for query in wanted if query.get("ReturnData", True)]
    if len(returned) != 1:
        raise _invalid("Exactly one element of the metrics list should return data.")
    if any("SEARCH" in query.get("Expression", "") for query in wanted):
        raise _invalid("SEARCH is not supported on Metric Alarms.")
    if len(evaluation.watched(call.lab, call.account, call.region, alarm, Range(0, 0))) != 1:
        raise _invalid("Invalid metrics list: an alarm's expression must return a single time series.")
    for query in metrics:
        _check_period(query["MetricStat"]["Period"])
    if "MetricStat" in returned[0]:
        return returned[0]["MetricStat"]["Period"]
    return returned[0].get("Period") or max((query["MetricStat"]["Period"] for query in metrics), default=300)


def describe_alarms(call: Call) -> Answer:
    asked = call.parameters
    evaluation.catch_up(call.lab)
    if "AlarmNames" in asked and "AlarmNamePrefix" in asked:
        raise _invalid("The parameters AlarmNames and AlarmNamePrefix are mutually exclusive and you have specified both.")
    rows = [row for row in alarms.listed(call.lab, call.account, call.region) if _is_asked_for(asked, row)]
    if "MetricAlarm" not in asked.get("AlarmTypes", ["MetricAlarm"]) or "ChildrenOfAlarmName" in asked or "ParentsOfAlarmName" in asked:
        rows = []  # there are no composite alarms
    listing = "DescribeAlarms"
    after = _after(call, listing)
    most = asked.get("MaxRecords", 50)
    shown, last = paging.cut([row for row in rows if after is None or row["name"] > after[0]][: most + 1], most)
    more = {"NextToken": paging.seal(call, listing, [last["name"]])} if last else {}
    return {"MetricAlarms": [_described(call, row) for row in shown], "CompositeAlarms": []} | more


def _after(call: Call, listing: str) -> list[Any] | None:
    try:
        return paging.unseal(call, listing, call.parameters.get("NextToken"))
    except AwsError as error:
        raise AwsError("InvalidNextToken", "The next token specified is invalid.") from error


def _is_asked_for(asked: dict[str, Any], row: sqlite3.Row) -> bool:
    if row["name"] not in asked.get("AlarmNames", [row["name"]]) or not row["name"].startswith(asked.get("AlarmNamePrefix", "")):
        return False
    if asked.get("StateValue", row["state"]) != row["state"]:
        return False
    actions = [action for member in alarms.ACTIONS.values() for action in alarms.read(row).get(member, [])]
    return "ActionPrefix" not in asked or any(action.startswith(asked["ActionPrefix"]) for action in actions)


def _described(call: Call, row: sqlite3.Row) -> Answer:
    defaults = {"ActionsEnabled": True} | {member: [] for member in alarms.ACTIONS.values()}
    alarm = defaults | alarms.read(row)
    if "Metrics" not in alarm:
        alarm.setdefault("Dimensions", [])
    return alarm | {
        "AlarmArn": alarm_words.arn(call.account, call.region, row["name"]),
        "AlarmConfigurationUpdatedTimestamp": as_datetime(row["configured"]),
        "StateValue": row["state"],
        "StateReason": row["state_reason"],
        "StateReasonData": row["state_reason_data"],
        "StateUpdatedTimestamp": as_datetime(row["state_time"]),
        "StateTransitionedTimestamp": as_datetime(row["transition_time"]),
    }


def describe_alarms_for_metric(call: Call) -> Answer:
    """Alarms on one metric, and on expressions in which it appears."""
    asked = call.parameters
    evaluation.catch_up(call.lab)
    metric = Metric.read(asked)
    rows = alarms.listed(call.lab, call.account, call.region)
    watching = [row for row in rows if any(_watches(each, metric, asked) for each in _stats(alarms.read(row)))]
    return {"MetricAlarms": [_described(call, row) for row in watching]}


def _stats(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """What an alarm watches, as MetricStats."""
    if "Metrics" in alarm:
        return [query["MetricStat"] for query in alarm["Metrics"] if "MetricStat" in query]
    unit = {"Unit": alarm["Unit"]} if "Unit" in alarm else {}
    return [{"Metric": alarm, "Period": alarm["Period"], "Stat": alarm.get("Statistic") or alarm.get("ExtendedStatistic")} | unit]


def _watches(stat: dict[str, Any], metric: Metric, asked: dict[str, Any]) -> bool:
    wanted = {"Stat": asked.get("Statistic") or asked.get("ExtendedStatistic"), "Period": asked.get("Period"), "Unit": asked.get("Unit")}
    return Metric.read(stat["Metric"]) == metric and all(value is None or stat.get(name) == value for name, value in wanted.items())


def describe_alarm_history(call: Call) -> Answer:
    asked = call.parameters
    evaluation.catch_up(call.lab)
    listing = "DescribeAlarmHistory " + json.dumps([asked.get("AlarmName"), asked.get("HistoryItemType"), asked.get("ScanBy")])
    offset = (_after(call, listing) or [0])[0]
    most = asked.get("MaxRecords", 100)
    start = asked["StartDate"].timestamp() if "StartDate" in asked else 0.0
    end = asked["EndDate"].timestamp() if "EndDate" in asked else math.inf
    if "MetricAlarm" in asked.get("AlarmTypes", ["MetricAlarm"]):
        newest_first = asked.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        which = (asked.get("AlarmName"), asked.get("HistoryItemType"))
        found = alarms.history(call.lab, call.account, call.region, *which, start, end, newest_first, offset, most + 1)
    else:
        found = []
    shown, last = paging.cut(found, most)
    items = [
        {
            "AlarmName": row["alarm"],
            "AlarmType": "MetricAlarm",
            "Timestamp": as_datetime(row["time"]),
            "HistoryItemType": row["kind"],
            "HistorySummary": row["summary"],
            "HistoryData": row["data"],
        }
        for row in shown
    ]
    return {"AlarmHistoryItems": items} | ({"NextToken": paging.seal(call, listing, [offset + most])} if last else {})


def delete_alarms(call: Call) -> Answer:
    alarms.delete(call.lab, call.account, call.region, call.parameters["AlarmNames"])
    return {}


def set_alarm_state(call: Call) -> Answer:
    """Puts an alarm into a state until it is next evaluated, with all that follows from it."""
    asked, lab = call.parameters, call.lab
    row = alarms.find(lab, call.account, call.region, asked["AlarmName"])
    data = asked.get("StateReasonData")
    if data is not None:
        try:
            json.loads(data)
        except ValueError as error:
            raise AwsError("InvalidFormat", "StateReasonData is not valid JSON.") from error
    if asked["StateValue"] != row["state"]:
        before = (row["state"], row["state_reason"], row["state_reason_data"], row["state_time"])
        change = Change(lab.clock.now(), *before, asked["StateValue"], asked["StateReason"], data)
        alarm_actions.change(lab, row, [change], row["evaluated"])
        lab.database.afterwards(lambda: watch.begin(lab))
    return {}


def enable_alarm_actions(call: Call) -> Answer:
    alarms.enable_actions(call.lab, call.account, call.region, call.parameters["AlarmNames"], True)
    return {}


def disable_alarm_actions(call: Call) -> Answer:
    alarms.enable_actions(call.lab, call.account, call.region, call.parameters["AlarmNames"], False)
    return {}


def _tagged(call: Call) -> sqlite3.Row:
    """The alarm of an ARN. Raises ResourceNotFoundException."""
    arn = call.parameters["ResourceARN"]
    name = arn.removeprefix(alarm_words.arn(call.account, call.region, ""))
    try:
        return alarms.find(call.lab, call.account, call.region, name if name != arn else "")
    except AwsError as error:
        raise AwsError("ResourceNotFoundException", "Unknown", 404, ResourceType="alarm", ResourceId=arn) from error


def list_tags_for_resource(call: Call) -> Answer:
    return {"Tags": json.loads(_tagged(call)["tags"])}


def tag_resource(call: Call) -> Answer:
    row = _tagged(call)
    tags = {each["Key"]: each["Value"] for each in json.loads(row["tags"]) + call.parameters["Tags"]}
    if len(tags) > MOST_TAGS:
        raise AwsError("InvalidParameterValue", f"A resource has at most {MOST_TAGS} tags.")
    alarms.set_tags(call.lab, row, [{"Key": key, "Value": value} for key, value in tags.items()])
    return {}


def untag_resource(call: Call) -> Answer:
    row = _tagged(call)
    alarms.set_tags(call.lab, row, [each for each in json.loads(row["tags"]) if each["Key"] not in call.parameters["TagKeys"]])
    return {}


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "DeleteAlarms": delete_alarms,
    "DescribeAlarmHistory": describe_alarm_history,
    "DescribeAlarms": describe_alarms,
    "DescribeAlarmsForMetric": describe_alarms_for_metric,
    "DisableAlarmActions": disable_alarm_actions,
    "EnableAlarmActions": enable_alarm_actions,
    "ListTagsForResource": list_tags_for_resource,
    "PutMetricAlarm": put_metric_alarm,
    "SetAlarmState": set_alarm_state,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
