"""CloudWatch's operations on metrics: what they answer, in pages and under which names, and what they refuse. AWS: GetMetricData, GetMetricStatistics, ListMetrics, PutMetricData."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

import standing
from awsapi import refused
from standing import PARTNERS, calls_of, clock, dimensions, pulls_of

numbers = itertools.count()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with standing.lab(tmp_path_factory.mktemp("operations") / "state") as lab:
        yield lab


@pytest.fixture
def cloudwatch(lab):
    return lab.client("cloudwatch")


@pytest.fixture
def namespace():
    """A namespace of a test's own."""
    return f"Course/{next(numbers)}"


@pytest.fixture
def put(cloudwatch, namespace):
    """`put("builds", 3, minute=1, team="web")`: a value of a metric, so many minutes after the lab's beginning."""

    def send(name, value, minute=0.0, unit=None, **where):
        datum = {"MetricName": name, "Timestamp": clock(minute), "Dimensions": dimensions(**where)} | ({"Unit": unit} if unit else {})
        datum |= value if isinstance(value, dict) else {"Values": value} if isinstance(value, list) else {"Value": value}
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])

    return send


@pytest.fixture
def ask(cloudwatch):
    """`ask(queries)`: the results of GetMetricData over the lab's first ten minutes, oldest first."""

    def get(queries, start=0, end=10, **more):
        more = {"ScanBy": "TimestampAscending"} | more
        return cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=clock(start), EndTime=clock(end), **more)["MetricDataResults"]

    return get


def metric(namespace, name, **where):
    return {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions(**where)}


def stat(id, of, statistic="Sum", period=60, **more):
    return {"Id": id, "MetricStat": {"Metric": of, "Period": period, "Stat": statistic}} | more


def by_minute(result):
    return {round((time - clock()).total_seconds() / 60): value for time, value in zip(result["Timestamps"], result["Values"], strict=True)}


def test_learners_metrics_come_back_with_every_statistic(lab, put, namespace):
    put("latency", [1.0, 2.0, 3.0, 10.0])
    put("latency", 20.0, minute=0.5)
    put("latency", 7.0, minute=2)
    found = {name: lab.points(metric(namespace, "latency"), clock(), clock(10), name) for name in ("Sum", "SampleCount", "Average", "Minimum", "Maximum", "p50", "p90", "p100")}
    assert {name: list(points.values()) for name, points in found.items()} == {
        "Sum": [36, 7], "SampleCount": [5, 1], "Average": [7.2, 7], "Minimum": [1, 7], "Maximum": [20, 7], "p50": [3, 7], "p90": [20, 7], "p100": [20, 7],
    }  # fmt: skip
    assert list(found["Sum"]) == [clock(), clock(2)]


def test_values_may_come_with_counts_or_as_a_statistic_set(lab, put, namespace):
    put("size", {"Values": [1.0, 5.0], "Counts": [9.0, 1.0]})
    assert lab.points(metric(namespace, "size"), clock(), clock(1), "p90") == {clock(): 1.0}
    assert lab.points(metric(namespace, "size"), clock(), clock(1), "Average") == {clock(): 1.4}
    put("size", {"StatisticValues": {"SampleCount": 10.0, "Sum": 100.0, "Minimum": 5.0, "Maximum": 20.0}})
    assert lab.points(metric(namespace, "size"), clock(), clock(1), "Average") == {clock(): 5.7}
    assert lab.points(metric(namespace, "size"), clock(), clock(1), "p90") == {}  # the values of a set aren't known one by one


def test_units_are_kept_and_asked_for(cloudwatch, put, namespace):
    put("size", 3.0, unit="Bytes")
    put("size", 5.0, unit="Kilobytes", minute=1)
    asked = metric(namespace, "size") | {"StartTime": clock(), "EndTime": clock(5), "Period": 60, "Statistics": ["Sum"]}
    (point,) = cloudwatch.get_metric_statistics(**asked, Unit="Bytes")["Datapoints"]
    assert (point["Sum"], point["Unit"]) == (3.0, "Bytes")
    assert cloudwatch.get_metric_statistics(**asked, Unit="Seconds")["Datapoints"] == []


def test_high_resolution_is_kept_by_the_second(lab, cloudwatch, namespace):
    data = [{"MetricName": "beat", "Timestamp": clock(seconds=second), "Value": 1.0, "StorageResolution": 1} for second in (0, 1, 9, 10)]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    assert list(lab.points(metric(namespace, "beat"), clock(), clock(1), "Sum", 10).values()) == [3, 1]
    assert list(lab.points(metric(namespace, "beat"), clock(), clock(1), "Sum", 60).values()) == [4]


def test_dimensions_tell_series_apart_whatever_their_order(lab, put, namespace):
    put("builds", 1.0, team="web", kind="ci")
    put("builds", 2.0, team="shop")
    put("builds", 4.0)
    assert list(lab.points(metric(namespace, "builds", kind="ci", team="web"), clock(), clock(1)).values()) == [1]
    assert list(lab.points(metric(namespace, "builds", team="shop"), clock(), clock(1)).values()) == [2]
    assert list(lab.points(metric(namespace, "builds"), clock(), clock(1)).values()) == [4]
    assert lab.points(metric(namespace, "builds", team="web"), clock(), clock(1)) == {}
    assert lab.points(metric(namespace, "builds"), clock(), clock(1), account=PARTNERS) == {}


@pytest.mark.parametrize(
    ("datum", "code", "message"),
    [
        ({}, "MissingParameter", "At least one of the parameters MetricData.member.1.Value or MetricData.member.1.StatisticValues must be specified."),
        (
            {"Value": 1.0, "StatisticValues": {"SampleCount": 1.0, "Sum": 1.0, "Minimum": 1.0, "Maximum": 1.0}},
            "InvalidParameterCombination",
            "The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues are mutually exclusive and you have specified both.",
        ),
        (
            {"Values": [1.0], "Counts": [1.0, 2.0]},
            "InvalidParameterValue",
            "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
        ),
        ({"Value": -(2.0**361)}, "InvalidParameterValue", f"The value {-(2.0**361)} for parameter MetricData.member.1.Value is invalid."),
        ({"Value": 1.0, "Timestamp": clock(days=-15)}, "InvalidParameterValue", "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks."),
        ({"Value": 1.0, "Timestamp": clock(days=1)}, "InvalidParameterValue", "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks."),
    ],
)
def test_values_that_are_none_are_refused(cloudwatch, namespace, datum, code, message):
    with refused(code, message):
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m"} | datum])


def test_a_request_is_kept_whole_or_not_at_all(lab, cloudwatch, namespace):
    with refused("MissingParameter"):
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m", "Value": 1.0}, {"MetricName": "m"}])
    assert lab.points(metric(namespace, "m"), clock(-10), clock(10)) == {}


def test_nobody_puts_into_awss_namespaces(cloudwatch):
    with refused("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid."):
        cloudwatch.put_metric_data(Namespace="AWS/ECR", MetricData=[{"MetricName": "m", "Value": 1.0}])


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        (
            {"EndTime": clock(days=2)},
            "InvalidParameterCombination",
            "You have requested up to 2,880 datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
        ),
        ({"EndTime": clock()}, "InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime."),
        ({"Period": 90}, "InvalidParameterValue", None),
        ({"Statistics": None}, "MissingParameter", "Must specify either Statistics or ExtendedStatistics"),
        ({"ExtendedStatistics": ["p90"]}, "InvalidParameterCombination", "The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both."),
        ({"Statistics": None, "ExtendedStatistics": ["p101"]}, "InvalidParameterValue", "The value p101 for parameter ExtendedStatistics is not supported."),
        ({"Statistics": None, "ExtendedStatistics": ["TM(10%:90%)"]}, "NotImplemented", None),
    ],
)
def test_statistics_that_cannot_be_had_are_refused(cloudwatch, asked, code, message):
    whole = pulls_of("web") | {"StartTime": clock(), "EndTime": clock(60), "Period": 60, "Statistics": ["Sum"]} | asked
    with refused(code, message):
        cloudwatch.get_metric_statistics(**{name: value for name, value in whole.items() if value is not None})


def test_1440_datapoints_are_not_too_many(cloudwatch):
    cloudwatch.get_metric_statistics(**pulls_of("web"), StartTime=clock(), EndTime=clock(1440), Period=60, Statistics=["Sum"])


def test_metric_data_come_newest_first_unless_asked_otherwise(cloudwatch, put, namespace):
    put("m", 1.0)
    put("m", 2.0, minute=3)
    asked = {"MetricDataQueries": [stat("m", metric(namespace, "m"))], "StartTime": clock(), "EndTime": clock(10)}
    assert cloudwatch.get_metric_data(**asked)["MetricDataResults"][0]["Values"] == [2.0, 1.0]
    assert cloudwatch.get_metric_data(**asked, ScanBy="TimestampAscending")["MetricDataResults"][0]["Values"] == [1.0, 2.0]


def test_expressions_use_metrics_and_one_another_in_any_order(ask, put, namespace):
    put("errors", 1.0)
    put("calls", 4.0)
    put("calls", 5.0, minute=1)
    results = ask(
        [
            {"Id": "percent", "Expression": "rate*100", "Label": "Errors in percent"},
            {"Id": "rate", "Expression": "errors/calls", "ReturnData": False},
            stat("errors", metric(namespace, "errors"), ReturnData=False),
            stat("calls", metric(namespace, "calls")),
        ]
    )
    assert [(each["Id"], each["Label"], by_minute(each), each["StatusCode"]) for each in results] == [
        ("percent", "Errors in percent", {0: 25.0, 1: 0.0}, "Complete"),
        ("calls", "calls", {0: 4.0, 1: 5.0}, "Complete"),
    ]


def test_an_expression_that_is_not_returned_may_be_a_number(ask, put, namespace):
    put("m", 1.0)
    put("m", 3.0, minute=1)
    queries = [stat("m", metric(namespace, "m"), ReturnData=False), {"Id": "most", "Expression": "MAX(m)", "ReturnData": False}, {"Id": "share", "Expression": "m/most"}]
    (result,) = ask(queries)
    assert by_minute(result) == {0: pytest.approx(1 / 3), 1: 1.0}
    assert result["Label"] == "share"


def test_a_search_answers_a_series_each_named_by_what_sets_them_apart(ask, put, namespace):
    put("builds", 1.0, team="web")
    put("builds", 2.0, team="shop")
    put("failures", 9.0, team="shop")
    search = f"SEARCH('{{\"{namespace}\",team}} MetricName=\"builds\"', 'Sum', 60)"
    found = ask([{"Id": "s", "Expression": search}])
    assert [(each["Id"], each["Label"], each["Values"]) for each in found] == [("s", "shop", [2.0]), ("s", "web", [1.0])]
    found = ask([{"Id": "s", "Expression": f"SEARCH('{{\"{namespace}\",team}}', 'Sum')", "Period": 60, "Label": "Team"}])
    assert [each["Label"] for each in found] == ["Team shop builds", "Team web builds", "Team shop failures"]
    (total,) = ask([{"Id": "t", "Expression": f"SUM({search})"}])
    assert total["Values"] == [3.0]
    (most,) = ask([{"Id": "t", "Expression": f"SLICE(SORT({search}, SUM, DESC), 0, 1)"}])
    assert most["Values"] == [2.0]


def test_labels_may_say_something_of_the_values(ask, put, namespace):
    put("m", 1.5, team="web")
    put("m", 4.0, minute=2, team="web")
    label = "${LABEL}: ${MIN} to ${MAX}, ${AVG} (${DATAPOINT_COUNT}) of ${PROP('Dim.team')}, ${PROP('Stat')} ${LAST_TIME} ${NOTHING}"
    (result,) = ask([stat("m", metric(namespace, "m", team="web"), Label=label)], LabelOptions={"Timezone": "+0130"})
    assert result["Label"] == "m: 1.5 to 4, 2.75 (2) of web, Sum 2026-01-05 10:32 ${NOTHING}"


def test_values_come_in_pages(cloudwatch, put, namespace):
    for minute in range(5):
        put("a", float(minute), minute=minute)
    put("b", 9.0)
    asked = {
        "MetricDataQueries": [stat("a", metric(namespace, "a")), stat("none", metric(namespace, "none")), stat("b", metric(namespace, "b"))],
        "StartTime": clock(), "EndTime": clock(10), "MaxDatapoints": 2, "ScanBy": "TimestampAscending",
    }  # fmt: skip
    pages, token = [], {}
    while True:
        page = cloudwatch.get_metric_data(**asked, **token)
        pages.append([(each["Id"], each["Values"], each["StatusCode"]) for each in page["MetricDataResults"]])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert pages == [
        [("a", [0.0, 1.0], "PartialData")],
        [("a", [2.0, 3.0], "PartialData")],
        [("a", [4.0], "Complete"), ("none", [], "Complete"), ("b", [9.0], "Complete")],
    ]
    with refused("InvalidNextToken"):
        cloudwatch.get_metric_data(**asked | {"MetricDataQueries": asked["MetricDataQueries"][:1]}, **token)
    with refused("InvalidNextToken"):
        cloudwatch.get_metric_data(**asked, NextToken="made up")


M = pulls_of("web")


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ([], "The parameter MetricDataQueries is required."),
        ([stat(f"m{number}", M) for number in range(501)], "The collection MetricDataQueries must not have a size greater than 500."),
        ([stat("M1", M)], "The value M1 for parameter MetricDataQueries.member.1.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."),
        ([stat("m1", M), stat("m1", M)], "The values for parameter id in MetricDataQueries are not unique."),
        ([{"Id": "m1"}], "The parameters MetricDataQueries.member.1.MetricStat and MetricDataQueries.member.1.Expression are both missing: one is required."),
        ([{"Id": "e1", "Expression": "m1*2"}], "Error in expression 'e1': The id 'm1' is not declared"),
        ([{"Id": "e1", "Expression": "m1*"}], "Error in expression 'e1': Syntax error at position 4 of 'm1*'"),
        ([{"Id": "e1", "Expression": "e2"}, {"Id": "e2", "Expression": "e1"}], "Error in expression 'e1': The expression depends on itself"),
        ([{"Id": "e1", "Expression": "e1+1"}], "Error in expression 'e1': The expression depends on itself"),
        ([stat("m1", M), {"Id": "e1", "Expression": "AVG(m1)"}], "Error in expression 'e1': The expression must return a time series or an array of time series"),
        ([{"Id": "e1", "Expression": "SEARCH('{AWS/ECR', 'Sum', 60)"}], "Error in expression 'e1': Syntax error at position 9 of the search query '{AWS/ECR'"),
        ([{"Id": "e1", "Expression": "SEARCH('web', 'Total', 60)"}], "Error in expression 'e1': SEARCH takes a valid statistic, and not 'Total'"),
        ([stat("m1", M, period=61)], "The parameter MetricDataQueries.member.1.MetricStat.Period must be 1, 5, 10, 20, 30 or a multiple of 60."),
    ],
)
def test_queries_that_cannot_be_worked_out_are_refused(ask, queries, message):
    with refused("ValidationError", message):
        ask(queries)


@pytest.mark.parametrize(
    "query", [{"Id": "q", "Expression": "SELECT AVG(x) FROM y", "Period": 60}, {"Id": "q", "Expression": "ANOMALY_DETECTION_BAND(q2)"}, stat("q", M, AccountId="444455556666")]
)
def test_what_is_not_built_says_so(ask, query):
    with refused("NotImplemented"):
        ask([query, stat("q2", M)])


@pytest.mark.parametrize(
    ("end", "message"), [(0, "The parameter StartTime must not equal parameter EndTime."), (-1, "The parameter EndTime must be greater than StartTime.")]
)
def test_a_range_has_a_beginning_and_an_end(ask, end, message):
    with refused("ValidationError", message):
        ask([stat("m1", M)], end=end)


def test_500_queries_that_name_one_another_are_worked_out(ask, put, namespace):
    put("m", 1.0)
    queries = [stat("e0", metric(namespace, "m"), ReturnData=False)] + [{"Id": f"e{number}", "Expression": f"e{number - 1}+1", "ReturnData": number == 499} for number in range(1, 500)]
    (result,) = ask(queries[::-1])
    assert result["Values"] == [500.0]


def test_the_metrics_there_are(lab, cloudwatch, put, namespace, free_repository):
    put("builds", 1.0, team="web")
    put("builds", 1.0, team="shop")
    put("failures", 1.0, team="shop", kind="ci")
    listed = cloudwatch.list_metrics(Namespace=namespace)["Metrics"]
    assert listed == [metric(namespace, "builds", team="shop"), metric(namespace, "builds", team="web"), metric(namespace, "failures", kind="ci", team="shop")]
    assert cloudwatch.list_metrics(Namespace=namespace, MetricName="failures")["Metrics"] == listed[2:]
    assert cloudwatch.list_metrics(Namespace=namespace, Dimensions=[{"Name": "team", "Value": "shop"}])["Metrics"] == [listed[0], listed[2]]
    assert cloudwatch.list_metrics(Namespace=namespace, Dimensions=[{"Name": "kind"}])["Metrics"] == listed[2:]
    lab.client("ecr").get_authorization_token()
    lab.client("ecr").create_repository(repositoryName=free_repository)
    (token,) = cloudwatch.list_metrics(Namespace="AWS/Usage", Dimensions=[{"Name": "Resource", "Value": "GetAuthorizationToken"}])["Metrics"]
    assert {each["Name"]: each["Value"] for each in token["Dimensions"]} == {"Service": "ECR", "Type": "API", "Resource": "GetAuthorizationToken"}
    resources = cloudwatch.list_metrics(Namespace="AWS/Usage", MetricName="ResourceCount", Dimensions=[{"Name": "ResourceId", "Value": f"repository/{free_repository}"}])
    assert len(resources["Metrics"]) == 1
    assert lab.client("cloudwatch", region="eu-west-1").list_metrics()["Metrics"] == []
    with refused("ValidationError"):
        cloudwatch.list_metrics(RecentlyActive="PT1H")


def test_metrics_are_listed_in_pages(cloudwatch, namespace):
    data = [{"MetricName": "m", "Value": 1.0, "Dimensions": dimensions(number=f"{number:04}")} for number in range(501)]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    first = cloudwatch.list_metrics(Namespace=namespace)
    second = cloudwatch.list_metrics(Namespace=namespace, NextToken=first["NextToken"])
    found = [each["Dimensions"][0]["Value"] for each in first["Metrics"] + second["Metrics"]]
    assert (len(first["Metrics"]), found, "NextToken" in second) == (500, [f"{number:04}" for number in range(501)], False)
    with refused("InvalidParameterValue", "Request parameter NextToken is invalid"):
        cloudwatch.list_metrics(NextToken=first["NextToken"])


def test_a_metric_without_values_for_a_fortnight_is_not_listed(tmp_path):
    with standing.lab(tmp_path / "state") as lab:
        lab.client("ecr").get_authorization_token()
        lab.client("cloudwatch").put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "m", "Value": 1.0}])
        listed = lambda **more: {each["MetricName"] for each in lab.client("cloudwatch").list_metrics(**more)["Metrics"]}  # noqa: E731
        assert listed() == {"CallCount", "m"}
        lab.advance(4 * 60)
        assert listed(RecentlyActive="PT3H") == set()
        lab.advance(days=13)
        assert listed() == {"CallCount", "m"}
        lab.advance(days=1)
        assert listed() == set()
        assert lab.points(calls_of("GetAuthorizationToken"), clock(), clock(60)) == {clock(): 1.0}  # though it can be asked for
        assert lab.points({"Namespace": "Mine", "MetricName": "m"}, clock(), clock() + timedelta(hours=1)) == {clock(): 1.0}


def test_class_may_be_named_or_left_out(lab, free_repository):
    """Of ECR's usage metrics it isn't known which of the two AWS has."""
    start = lab.now()
    lab.client("ecr").get_authorization_token()
    without = calls_of("GetAuthorizationToken")
    found = lab.points(without, start, start + timedelta(minutes=5))
    assert found and lab.points(without | {"Dimensions": without["Dimensions"] + dimensions(Class="None")}, start, start + timedelta(minutes=5)) == found
