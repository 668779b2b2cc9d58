"""SEARCH finds metrics as AWS says: "CloudWatch search expression syntax", whose examples these are."""

from __future__ import annotations

import pytest

from exertion import ends_soon
from localecr.metrics import search
from localecr.metrics.expressions import ExpressionError
from localecr.metrics.series import Metric


def metric(namespace, name, **dimensions):
    return Metric.of(namespace, name, dimensions.items())


COUNT, NETWORK = metric("MyNamespace", "CustomCount1"), metric("Mine", "Network-Errors-2")
EC2 = metric("AWS/EC2", "CPUUtilization", InstanceId="i-1234567890123456")
MICRO = metric("AWS/EC2", "CPUUtilization", InstanceType="t2.micro")
PULLS = metric("AWS/ECR", "RepositoryPullCount", RepositoryName="team/web-shop")


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("CustomCount1", ["custom", "count", "1"]), ("SDBFailure", ["sdb", "failure"]), ("Project2-trial333", ["project", "2", "trial", "333"]), ("Network-Errors_2", ["network", "errors", "2"]),
        ("RepositoryPullCount", ["repository", "pull", "count"]),
    ],
)  # fmt: skip
def test_names_are_taken_apart(text, tokens):
    assert [each.lower() for each in search.tokens(text)] == tokens


@pytest.mark.parametrize(
    ("query", "found", "is_found"),
    [
        ("count", COUNT, True), ("Count", COUNT, True), ("COUNT", COUNT, True), ("couNT", COUNT, False), ("CustomCount", COUNT, True), ("Count1", COUNT, True), ("customcount", COUNT, False),
        ("count1", COUNT, False), ("customcount1", COUNT, True), ('{MyNamespace}, "CustomCount1"', COUNT, True), ('{MyNamespace}, "customcount1"', COUNT, False),
        ('{MyNamespace}, "Custom"', COUNT, False), ("network/errors", NETWORK, True), ("network+errors", NETWORK, True), ("network-errors", NETWORK, True), ("Network_Errors", NETWORK, True),
        ("errors-network", NETWORK, False), ('"Network-Errors-2"', NETWORK, True), ('"Network_Errors_2"', NETWORK, False),
        ('{AWS/EC2,InstanceId} MetricName="CPUUtilization"', EC2, True), ('{AWS/EC2,InstanceId} MetricName="CPUUtilization"', MICRO, False),
        ("{AWS/EC2} CPUUtilization", MICRO, True), ("{AWS/EC2,InstanceType} InstanceType=micro", MICRO, True), ('InstanceType="t2.micro" Namespace="AWS/EC2"', MICRO, True),
        ('InstanceType="micro"', MICRO, False), ("micro", MICRO, True), ("InstanceType", MICRO, True), ("InstanceType=CPUUtilization", MICRO, False),
        ("NOT Namespace=AWS", EC2, False), ("NOT Namespace=AWS", COUNT, True), ("NOT NOT micro", MICRO, True),
        ('{AWS/EC2,InstanceId} MetricName="CPUUtilization" NOT i-1234567890123456', EC2, False), ("(EC2 OR EBS) AND MetricName=Utilization", EC2, True), ("(RDS OR EBS) CPU", EC2, False),
        ('MetricName=("DiskReads" OR "CPUUtilization")', EC2, True), ('MetricName=("EC2" OR "DiskReads")', EC2, False), ("MetricName=(CPU NOT Disk) AND Namespace=(RDS OR EC2)", EC2, True),
        ('InstanceType=("t2.micro" OR "t2.large") CPUUtilization', MICRO, True), ('NOT InstanceType=("t2.micro" OR "t2.large")', MICRO, False), ("MetricName=(CPU) micro", MICRO, True),
        ("EC2 OR EBS nothing", EC2, True), ("EBS OR EC2 nothing", EC2, False),  # AND before OR
        ("ec2 and cpu", EC2, False),  # small letters are a search term
        ('{AWS/ECR,RepositoryName} MetricName="RepositoryPullCount"', PULLS, True), ("{AWS/ECR,RepositoryName}", PULLS, True), ("{AWS/ECR,RepositoryName} team", PULLS, True),
        ('RepositoryName="team/web-shop"', PULLS, True), ("RepositoryName=web", PULLS, True), ("RepositoryName=eb", PULLS, False), ("{AWS/Usage}", PULLS, False),
        (r'"Europe\\France Traffic\(Network\)"', metric("N", "Europe\\France Traffic(Network)"), True),
        ('{"My Namespace", "Dimension@Name"}, "Custom:Name[Special_Characters"', Metric.of("My Namespace", "Custom:Name[Special_Characters", [("Dimension@Name", "x")]), True),
    ],
)  # fmt: skip
def test_what_is_found(query, found, is_found):
    assert search.read(query).finds(found) is is_found


@pytest.mark.parametrize("query", ["", " ", "{", "{}", "{a", "{a,}", "a OR", "OR a", "AND", "NOT", "(a", "a)", "()", "MetricName=", "MetricName=()", "MetricName=(a", "a=(b=c)", "a=(b=(c))", '"a', "a" * 1025, "(" * 900])
def test_queries_that_are_none_are_refused(query):
    with pytest.raises(ExpressionError):
        search.read(query)


@pytest.mark.parametrize("query", ["a " * 500, "NOT " * 250 + "a", "a OR " * 200 + "a", "aA" * 500, "a-" * 500, '"\\' * 500, "(a " * 40 + ")" * 40])
def test_hostile_queries_end_soon(query):
    def ask():
        try:
            asked = search.read(query)
        except ExpressionError:
            return
        for text in ("aA" * 120, "a-" * 120, "A" * 255):
            asked.finds(metric("N", text, **{"D": text}))

    ends_soon(ask)
