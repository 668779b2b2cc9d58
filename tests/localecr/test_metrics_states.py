"""An alarm's state, by AWS's tables ("Configuring how CloudWatch alarms treat missing data"), and what it says of it."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from localecr.metrics import alarm_words
from localecr.metrics.alarm_states import Rule, judge

SAME = None
INSUFFICIENT = "INSUFFICIENT_DATA"
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def present(points):
    """``0 - X``: oldest first, 0 within the threshold, X beyond it, - missing."""
    values = points.split()
    return [(len(values) - place, 10.0 if value == "X" else 0.0) for place, value in enumerate(values) if value != "-"]


@pytest.mark.parametrize(
    ("points", "datapoints", "wanted"),
    [
        ("0 - X - X", 3, ("OK", "OK", "OK", "OK")),
        ("- - - - 0", 3, ("OK", "OK", "OK", "OK")),
        ("- - - - -", 3, (INSUFFICIENT, SAME, "ALARM", "OK")),
        ("0 X X - X", 3, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("- - X - -", 3, ("ALARM", SAME, "ALARM", "OK")),
        ("0 - X - X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 0 X 0 X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 - X - -", 2, ("OK", "OK", "ALARM", "OK")),
        ("- - - - 0", 2, ("OK", "OK", "ALARM", "OK")),
        ("- - - X -", 2, ("ALARM", SAME, "ALARM", "OK")),
        ("- - - - X", 3, (INSUFFICIENT, SAME, "ALARM", "OK")),
        ("X - - - -", 3, ("ALARM", SAME, "ALARM", "OK")),
    ],
)
def test_states_by_what_missing_values_count_as(points, datapoints, wanted):
    rules = [Rule("GreaterThanThreshold", 5.0, 3, datapoints, treatment) for treatment in TREATMENTS]
    assert tuple(judge(rule, present(points)) for rule in rules) == wanted


@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        ("GreaterThanOrEqualToThreshold", "OK", "ALARM", "ALARM"),
        ("GreaterThanThreshold", "OK", "OK", "ALARM"),
        ("LessThanThreshold", "ALARM", "OK", "OK"),
        ("LessThanOrEqualToThreshold", "ALARM", "ALARM", "OK"),
    ],
)
def test_comparisons(comparison, below, at, above):
    rule = Rule(comparison, 5.0, 1, 1)
    assert [judge(rule, [(1, value)]) for value in (4.9, 5.0, 5.1)] == [below, at, above]


AT = int(datetime(2019, 10, 2, 17, 4, tzinfo=timezone.utc).timestamp())


def reason(values, old, new, *, periods=1, datapoints=None, missing="missing", comparison="GreaterThanThreshold", threshold=50.0, period=300):
    rule = Rule(comparison, threshold, periods, datapoints or periods, missing)
    given = [(len(values) - place, value) for place, value in enumerate(values) if value is not None]
    return alarm_words.reason(rule, datapoints is not None, given, period, AT, old, new)


def test_reasons_are_in_awss_words():
    """From AWS's samples: "Alarm events and EventBridge", and messages seen in the wild."""
    assert reason([99.50160229693434], "OK", "ALARM", datapoints=1) == (
        "Threshold Crossed: 1 out of the last 1 datapoints [99.50160229693434 (02/10/19 16:59:00)] was greater than the threshold (50.0) "
        "(minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert reason([0.0666851903306472], "ALARM", "OK", datapoints=1) == (
        "Threshold Crossed: 1 out of the last 1 datapoints [0.0666851903306472 (02/10/19 16:59:00)] was not greater than the threshold (50.0) "
        "(minimum 1 datapoint for ALARM -> OK transition)."
    )
    assert reason([1.0], "OK", "ALARM", threshold=0.0) == "Threshold Crossed: 1 datapoint [1.0 (02/10/19 16:59:00)] was greater than the threshold (0.0)."
    assert reason([], "INSUFFICIENT_DATA", "OK", missing="notBreaching") == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."
    )
    assert reason([], "OK", "ALARM", missing="breaching", periods=2) == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching]."
    )
    assert reason([], "OK", "INSUFFICIENT_DATA") == "Insufficient Data: 1 datapoint was unknown."
    assert reason([60.0, 70.0, 1.0], "OK", "ALARM", periods=3, datapoints=2) == (
        "Threshold Crossed: 2 out of the last 3 datapoints [70.0 (02/10/19 16:54:00), 60.0 (02/10/19 16:49:00)] were greater than the threshold (50.0) "
        "(minimum 2 datapoints for OK -> ALARM transition)."
    )


@pytest.mark.parametrize(("value", "text"), [(50, "50.0"), (0, "0.0"), (45628.0, "45628.0"), (12_500_000.0, "1.25E7"), (0.0001, "1.0E-4"), (-2.5, "-2.5"), (1e100, "1.0E100")])
def test_numbers_are_written_as_java_does(value, text):
    assert alarm_words.number(float(value)) == text


def test_reason_data_are_the_same_for_programs():
    rule = Rule("GreaterThanThreshold", 50.0, 1, 1)
    data = json.loads(alarm_words.reason_data(rule, [(1, 99.5)], 300, AT, "Average", None))
    assert data["evaluatedDatapoints"] == [{"timestamp": "2019-10-02T16:59:00.000+0000", "value": 99.5}]
    del data["evaluatedDatapoints"]
    assert data == {
        "version": "1.0", "queryDate": "2019-10-02T17:04:00.000+0000", "startDate": "2019-10-02T16:59:00.000+0000", "statistic": "Average", "period": 300,
        "recentDatapoints": [99.5], "threshold": 50.0,
    }  # fmt: skip
