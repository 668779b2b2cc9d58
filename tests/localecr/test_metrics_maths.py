"""Metric maths, by the tables of AWS: "Using math expressions with CloudWatch metrics"."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest

from exertion import ends_soon
from localecr.errors import AwsError
from localecr.metrics import expressions, machine
from localecr.metrics.expressions import ExpressionError
from localecr.metrics.mathematics import Context
from localecr.metrics.series import Metric, Range, Series

NO = None  # no value in this period
MINUTES = 5


def series(*values, label="m", metric=None, period=60):
    return Series(label, period, {number * period: float(value) for number, value in enumerate(values) if value is not None}, metric)


def work_out(expression, **given):
    metrics = [(name, value) for name, value in given.items()]
    context = Context(Range(0, MINUTES * 60), 60, "e1", metrics, lambda *asked: [], dict(given))
    return machine.run(expressions.read(expression), context)


def shown(value):
    if isinstance(value, list):
        return [shown(each) for each in value]
    return [value.points.get(minute * 60) for minute in range(MINUTES)] if isinstance(value, Series) else value


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("2+3*4", 14.0), ("(2+3)*4", 20.0), ("-2^2", -4.0), ("2^-1", 0.5), ("2^3^2", 512.0), ("7-2-1", 4.0), ("16/4/2", 2.0), ("-5*2", -10.0),
        ("2*-3", -6.0), ("--3", 3.0), ("1e3", 1000.0), (".5", 0.5), ("1+1==2", 1.0), ("2<1", 0.0), ("1 && 0 || 1", 1.0), ("1 OR 0 AND 0", 1.0), ("3 != 3", 0.0),
    ],
)  # fmt: skip
def test_numbers(expression, wanted):
    assert work_out(expression) == wanted


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("m1+m2", [50, 20, 20, 0, NO]),  # what is missing counts as 0 beside what isn't
        ("m1-m2", [10, 20, -20, 0, NO]),
        ("m1*m2", [600, 0, 0, 0, NO]),
        ("m1/m2", [1.5, NO, 0, NO, NO]),  # divided by 0: dropped
        ("m1/0", [NO, NO, NO, NO, NO]),
        ("100-m1", [70, 80, 100, 100, NO]),
        ("-m1", [-30, -20, 0, 0, NO]),
        ("m1^2", [900, 400, 0, 0, NO]),
        ("m1 < m2", [0, 0, 1, 0, NO]),
        ("m1 >= 30", [1, 0, 0, 0, NO]),
        ("m1 > 15 AND m2 > 15", [1, 0, 0, 0, NO]),
        ("m1 > 25 || m2 > 15", [1, 0, 1, 0, NO]),
    ],
)
def test_operators_between_series(expression, wanted):
    assert shown(work_out(expression, m1=series(30, 20, 0, 0), m2=series(20, NO, 20, NO))) == wanted


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("IF(a, b, c)", [30, 0, 20, NO, NO]),
        ("IF(a, 5, c)", [5, 5, 20, NO, NO]),
        ("IF(a, b, 5)", [30, 0, 5, 5, NO]),
        ("IF(a, 1, 0)", [1, 1, 0, 0, NO]),
        ("IF(a, b)", [30, 0, NO, NO, NO]),
        ("IF(1, b, c)", [30, NO, 0, 0, 30]),
        ("IF(0, b, c)", [0, 0, 20, NO, 20]),
        ("IF(0, b)", [NO, NO, NO, NO, NO]),
        ("IF(c<15, c)", [0, 0, NO, NO, NO]),
        ("IF(c<15, 10, 2)", [10, 10, 2, NO, 2]),
        ("IF(a-2, 1)", [1, 1, 1, 1, NO]),  # a negative is true too
    ],
)
def test_if(expression, wanted):
    assert shown(work_out(expression, a=series(1, 1, 0, 0, NO), b=series(30, NO, 0, 0, 30), c=series(0, 0, 20, NO, 20))) == wanted


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("SUM(m)", 9.0), ("MAX(m)", 6.0), ("MIN(m)", 1.0), ("DATAPOINT_COUNT(m)", 3.0), ("SUM(m)/DATAPOINT_COUNT(m)", 3.0),
        ("AVG(m)", 9 / 5),  # what is missing counts as 0
        ("STDDEV(m)", math.sqrt(14 / 3)), ("METRIC_COUNT(METRICS())", 2.0),
    ],
)  # fmt: skip
def test_one_series_comes_to_a_number(expression, wanted):
    assert work_out(expression, m=series(1, NO, 2, 6, NO), k=series(1)) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("SUM([m,k])", [3, 2, 2, NO, NO]), ("AVG([m,k])", [1.5, 1, 1, NO, NO]), ("MAX([m,k])", [2, 2, 2, NO, NO]), ("MIN(METRICS())", [1, 2, 2, NO, NO]),
        ("DATAPOINT_COUNT(METRICS())", [2, 1, 1, NO, NO]), ("STDDEV([m,k])", [0.5, 0, 0, NO, NO]), ("SUM([m,k]/2)", [1.5, 1, 1, NO, NO]), ("SUM(-[m,k])", [-3, -2, -2, NO, NO]),
        ("SUM(METRICS(\"k\"))", [2, 2, NO, NO, NO]), ("SUM([METRICS('m'), METRICS('k')])", [3, 2, 2, NO, NO]),
    ],
)  # fmt: skip
def test_many_series_come_to_one(expression, wanted):
    assert shown(work_out(expression, m=series(1, NO, 2), k=series(2, 2))) == wanted


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("ABS(m-3)", [2, 1, NO, 0, 7]), ("CEIL(m/4)", [1, 1, NO, 1, 3]), ("FLOOR(m/4)", [0, 0, NO, 0, 2]), ("LOG10(m*10)", [1, pytest.approx(1.30103), NO, pytest.approx(1.477121), 2]),
        ("LOG(m-1)", [NO, 0, NO, pytest.approx(math.log(2)), pytest.approx(math.log(9))]), ("DIFF(m)", [NO, 1, NO, 1, 7]), ("DIFF_TIME(m)", [NO, 60, NO, 120, 60]),
        ("RATE(m)", [NO, 1 / 60, NO, 1 / 120, 7 / 60]), ("RUNNING_SUM(m)", [1, 3, NO, 6, 16]), ("FILL(m, 0)", [1, 2, 0, 3, 10]), ("FILL(m, REPEAT)", [1, 2, 2, 3, 10]),
        ("FILL(m, LINEAR)", [1, 2, 2.5, 3, 10]), ("FILL(m, MIN(m))", [1, 2, 1, 3, 10]), ("FILL(late, REPEAT)", [NO, 7, 7, 7, 7]), ("FILL(late, LINEAR)", [NO, 7, NO, NO, NO]),
        ("FILL(late, m)", [1, 7, NO, 3, 10]), ("m/PERIOD(m)*60", [1, 2, NO, 3, 10]), ("TIME_SERIES(MAX(m))", [10] * 5), ("m-MIN(m)", [0, 1, NO, 2, 9]),
        ("MINUTE(late)", [0, 1, 2, 3, 4]), ("HOUR(m)", [0] * 5), ("DAY(m)", [4] * 5), ("DATE(m)", [1] * 5), ("MONTH(m)", [1] * 5), ("YEAR(m)", [1970] * 5), ("EPOCH(m)", [0, 60, 120, 180, 240]),
    ],
)  # fmt: skip
def test_functions_of_one_series(expression, wanted):
    """The range begins with 1970, which was a Thursday."""
    assert shown(work_out(expression, m=series(1, 2, NO, 3, 10, metric=Metric.of("A", "b")), late=series(NO, 7))) == wanted


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("SORT(METRICS(), SUM, DESC)", ["c", "a", "b", "empty"]), ("SORT(METRICS(), MAX, ASC)", ["b", "a", "c", "empty"]), ("SORT(METRICS(), AVG, DESC, 2)", ["c", "a"]),
        ("SLICE(SORT(METRICS(), MIN, DESC), 1)", ["a", "b", "empty"]), ("SLICE(METRICS(), 0, 2)", ["a", "b"]), ("FIRST(SORT(METRICS(), SUM, DESC))", "c"), ("LAST(METRICS())", "empty"),
        ("REMOVE_EMPTY(METRICS())", ["a", "b", "c"]),
    ],
)  # fmt: skip
def test_arrays_are_sorted_and_cut(expression, wanted):
    given = {name: series(*values, label=name) for name, values in {"a": (4, 5), "b": (2,), "c": (9, 9), "empty": ()}.items()}
    found = work_out(expression, **given)
    assert ([each.label for each in found] if isinstance(found, list) else found.label) == wanted


def usage(resource, name="CallCount", service="ECR"):
    return series(300, 600, metric=Metric.of("AWS/Usage", name, [("Service", service), ("Type", "API"), ("Resource", resource)]))


def test_a_quota_alarms_expression():
    """600 calls of PutImage in a minute are 10 a second, which is all that is allowed."""
    assert shown(work_out("m1/60/SERVICE_QUOTA(m1)*100", m1=usage("PutImage"))) == [50, 100, 0, 0, 0]
    assert shown(work_out("SERVICE_QUOTA(m1)", m1=usage("GetAuthorizationToken"))) == [500] * 5
    assert shown(work_out("SERVICE_QUOTA(m1)", m1=usage("RepositoryCount", "ResourceCount"))) == [100_000] * 5


@pytest.mark.parametrize("given", [series(1), usage("PutImage", service="CloudWatch"), usage("DescribeImages"), series(1, metric=Metric.of("AWS/ECR", "RepositoryPullCount"))])
def test_only_usage_metrics_have_a_quota(given):
    with pytest.raises(ExpressionError, match="usage metric|takes a metric"):
        work_out("SERVICE_QUOTA(m1)", m1=given)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "position 1"), ("m1+", "position 4"), ("m1 m1", "position 4"), ("m1)", "position 3"), ("(m1", "position 4"), ("m1 & m1", "position 4"), ("'m1", "position 1"),
        ("[m1,]", "position 5"), ("sum(m1)", "capitals"), ("TOTAL(m1)", "Unrecognized function 'TOTAL'"), ("SUM()", "takes 1 argument"), ("SUM(m1,m1)", "takes 1 argument"),
        ("m2", "'m2' is not declared"), ("[m1]+[m1]", "two arrays"), ("'a'+m1", "operands"), ("FILL(m1,'a')", "number is needed"), ("SORT(METRICS(), MEDIAN, ASC)", "SORT takes"),
        ("PERIOD(m1*2)", "result of another"), ("METRICS(m1)", "a text"), ("[1]", "time series only"), ("SUM(1)", "array of time series"), ("SLICE(METRICS(), -1)", "number of time series"),
        ("SEARCH(m1, 'Sum')", "quotation marks"), ("IF([m1], 1)", "time series is needed"), ("(" * 500 + "1" + ")" * 500, "nested too deeply"), ("1+" * 1500 + "1", "at most 2048"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(expression, problem):
    with pytest.raises(ExpressionError, match=problem):
        work_out(expression, m1=series(1, metric=Metric.of("A", "b")))


@pytest.mark.parametrize("name", ["ANOMALY_DETECTION_BAND", "INSIGHT_RULE_METRIC"])
def test_functions_of_aws_that_are_not_built_say_so(name):
    with pytest.raises(AwsError, match="not built in this lab") as refused:
        work_out(f"{name}(m1)", m1=series(1))
    assert refused.value.status == 501


@pytest.mark.parametrize("expression", ["1+" * 1000 + "1", "-" * 2000 + "1", "2^" * 1000 + "2", "[" * 2000, "SUM(" * 500, "m1*" * 600 + "m1", "9^9^9^9^9", "'" * 2047, '"\\' * 1000, "m1<" * 600 + "m1"])
def test_hostile_expressions_end_soon(expression):
    def ask():
        with suppress(ExpressionError):
            shown(work_out(expression, m1=series(1, 2, 3)))

    ends_soon(ask)


def test_one_request_touches_so_many_values_and_no_more():
    long = Series("m", 1, {second: 1.0 for second in range(100_000)})
    with pytest.raises(ExpressionError, match="too many values"):
        work_out("+".join(["m1*2"] * 300), m1=long)
