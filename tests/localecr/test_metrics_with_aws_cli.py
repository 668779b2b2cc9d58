"""CloudWatch by the AWS CLI, versions 1 and 2, which speak to it in protocols of their own. AWS CLI command reference, cloudwatch."""

from __future__ import annotations

import json

import pytest

VERSIONS = [pytest.param("aws_cli", id="1"), pytest.param("aws2_cli", id="2", marks=pytest.mark.aws2)]


@pytest.fixture(params=VERSIONS)
def cli(request):
    """`cli("list-metrics", …)`: what the CLI of either version prints, read."""
    run = request.getfixturevalue(request.param)

    def told(*words, **more):
        printed = run("cloudwatch", *words, "--output", "json", **more).stdout
        return json.loads(printed) if printed.strip() else {}

    return told


def test_metrics_and_alarms_from_a_shell(cli, ecr, door, free_repository):
    ecr.get_authorization_token()
    now = door.clock()
    calls = ("--namespace", "AWS/Usage", "--metric-name", "CallCount", "--dimensions")
    of = ("Name=Service,Value=ECR", "Name=Type,Value=API", "Name=Resource,Value=GetAuthorizationToken")
    within = ("--start-time", f"{now:%Y-%m-%dT%H:%M:00Z}", "--end-time", f"{now:%Y-%m-%dT%H:59:59Z}", "--period", "60")
    (point, *_) = cli("get-metric-statistics", *calls, *of, *within, "--statistics", "Sum")["Datapoints"]
    assert point["Sum"] >= 1
    queries = [{"Id": "e1", "Expression": "SUM(SEARCH('{AWS/Usage} MetricName=\"CallCount\"', 'Sum', 60))"}]
    asked = ("--start-time", f"{now:%Y-%m-%dT%H:%M:00Z}", "--end-time", f"{now:%Y-%m-%dT%H:59:59Z}", "--metric-data-queries", json.dumps(queries))
    (result,) = cli("get-metric-data", *asked)["MetricDataResults"]
    assert (result["Id"], result["StatusCode"]) == ("e1", "Complete")
    assert result["Values"][0] >= 1
    rule = ("--period", "60", "--statistic", "Sum", "--evaluation-periods", "1", "--threshold", "3", "--comparison-operator", "GreaterThanThreshold")
    cli("put-metric-alarm", "--alarm-name", free_repository, *calls, *of, *rule)
    (alarm,) = cli("describe-alarms", "--alarm-names", free_repository)["MetricAlarms"]
    assert (alarm["StateValue"], alarm["Threshold"]) == ("INSUFFICIENT_DATA", 3.0)
