"""Alarms change state on the lab's clock, and act once. AWS: PutMetricAlarm, "Evaluating an alarm", "Alarm events and EventBridge"."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta

import pytest

import localecr
import standing
from awsapi import push, refused
from labs import Process
from localecr.door import Door
from specimens import image
from standing import calls_of, clock, dimensions, pulls_of

SERVE = 'import sys, localecr; localecr.start(sys.argv[1], port=0, clock="2026-01-05T09:00:00+00:00").wait()'


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with standing.lab(tmp_path_factory.mktemp("alarms") / "state") as lab:
        yield lab


@pytest.fixture
def cloudwatch(lab):
    """With the clock at the beginning of a minute."""
    lab.advance(seconds=60 - lab.now().second)
    return lab.client("cloudwatch")


@pytest.fixture
def name(free_repository):
    return free_repository


class Topic:
    """A topic with a queue that receives what is published to it."""

    def __init__(self, lab, name):
        sns, self.sqs = lab.client("sns"), lab.client("sqs")
        self.arn = sns.create_topic(Name=name)["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        queue_arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=queue_arn)

    def received(self, wait=5):
        """The next message, as (subject, what the alarm says); None if none comes."""
        for message in self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=wait).get("Messages", []):
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            notification = json.loads(message["Body"])
            return notification["Subject"], json.loads(notification["Message"])
        return None


@pytest.fixture
def topic(lab, name):
    return Topic(lab, name.replace("/", "-"))


def watching(name, metric, threshold, **more):
    """PutMetricAlarm's members: more than so many in a minute."""
    return {
        "AlarmName": name, **metric, "Period": 60, "Statistic": "Sum", "EvaluationPeriods": 1, "Threshold": threshold, "ComparisonOperator": "GreaterThanThreshold",
    } | more  # fmt: skip


def own(name):
    return {"Namespace": "Course", "MetricName": name}


def put(cloudwatch, name, value, time):
    cloudwatch.put_metric_data(Namespace="Course", MetricData=[{"MetricName": name, "Value": value, "Timestamp": time}])


def state(cloudwatch, name):
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return alarm["StateValue"]


def history(cloudwatch, name, kind=None):
    """(time, summary) of what happened to an alarm, oldest first."""
    items = cloudwatch.describe_alarm_history(AlarmName=name, ScanBy="TimestampAscending", **({"HistoryItemType": kind} if kind else {}))["AlarmHistoryItems"]
    return [(each["Timestamp"], each["HistorySummary"]) for each in items]


def test_a_new_alarm_knows_nothing_yet(lab, cloudwatch, name):
    cloudwatch.put_metric_alarm(**watching(name, pulls_of(name), 3))
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    assert alarm["AlarmArn"] == f"arn:aws:cloudwatch:us-east-1:111122223333:alarm:{name}"
    assert (alarm["ActionsEnabled"], alarm["AlarmActions"], alarm["StateUpdatedTimestamp"]) == (True, [], lab.now())
    lab.advance(1)
    assert state(cloudwatch, name) == "INSUFFICIENT_DATA"


def test_too_many_pulls_raise_an_alarm_and_it_ends_by_itself(lab, cloudwatch, name, topic):
    ecr = lab.client("ecr")
    ecr.create_repository(repositoryName=name)
    push(ecr, name, image("pulled"), "1")
    alarm = watching(name, pulls_of(name), 3, TreatMissingData="notBreaching", AlarmActions=[topic.arn], OKActions=[topic.arn], AlarmDescription="Too many pulls")
    cloudwatch.put_metric_alarm(**alarm)
    lab.advance(1)
    subject, said = topic.received()  # nobody asked for the alarm meanwhile
    assert (subject, said["OldStateValue"], said["NewStateValue"]) == (f'OK: "{name}" in US East (N. Virginia)'[:100], "INSUFFICIENT_DATA", "OK")
    start = lab.now()
    for _ in range(4):
        ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "1"}])
    lab.advance(1)
    subject, said = topic.received()
    assert subject == f'ALARM: "{name}" in US East (N. Virginia)'[:100]
    reason = f"Threshold Crossed: 1 datapoint [4.0 ({start:%d/%m/%y %H:%M:%S})] was greater than the threshold (3.0)."
    assert said == {
        "AlarmName": name, "AlarmDescription": "Too many pulls", "AWSAccountId": "111122223333",
        "AlarmConfigurationUpdatedTimestamp": said["AlarmConfigurationUpdatedTimestamp"], "NewStateValue": "ALARM", "NewStateReason": reason,
        "StateChangeTime": f"{lab.now():%Y-%m-%dT%H:%M:%S}.000+0000", "Region": "US East (N. Virginia)",
        "AlarmArn": f"arn:aws:cloudwatch:us-east-1:111122223333:alarm:{name}", "OldStateValue": "OK", "OKActions": [topic.arn], "AlarmActions": [topic.arn],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "RepositoryPullCount", "Namespace": "AWS/ECR", "StatisticType": "Statistic", "Statistic": "SUM", "Unit": None,
            "Dimensions": [{"value": name, "name": "RepositoryName"}], "Period": 60, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 3.0, "TreatMissingData": "notBreaching", "EvaluateLowSampleCountPercentile": "",
        },
    }  # fmt: skip
    lab.advance(10)
    assert topic.received()[1]["NewStateValue"] == "OK"
    assert topic.received(wait=0) is None
    assert [summary for _, summary in history(cloudwatch, name, "StateUpdate")] == [
        "Alarm updated from INSUFFICIENT_DATA to OK", "Alarm updated from OK to ALARM", "Alarm updated from ALARM to OK",
    ]  # fmt: skip
    assert [summary for _, summary in history(cloudwatch, name, "Action")] == [f"Successfully executed action {topic.arn}"] * 3


@pytest.mark.parametrize(("missing", "wanted"), [("missing", "INSUFFICIENT_DATA"), ("ignore", "ALARM"), ("breaching", "ALARM"), ("notBreaching", "OK")])
def test_what_silence_means(lab, cloudwatch, name, missing, wanted):
    cloudwatch.put_metric_alarm(**watching(name, own(name), 5, TreatMissingData=missing))
    put(cloudwatch, name, 9.0, lab.now())
    lab.advance(1)
    assert state(cloudwatch, name) == "ALARM"
    lab.advance(10)
    assert state(cloudwatch, name) == wanted


def test_two_out_of_three(lab, cloudwatch, name):
    cloudwatch.put_metric_alarm(**watching(name, own(name), 5, EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching"))
    states = []
    for value in (9.0, 1.0, 1.0, 9.0, 1.0, 9.0, 1.0, 1.0):
        put(cloudwatch, name, value, lab.now())
        lab.advance(1)
        states.append(state(cloudwatch, name))
    assert states == ["OK", "OK", "OK", "OK", "OK", "ALARM", "OK", "OK"]


def test_a_percentile_can_be_watched(lab, cloudwatch, name):
    alarm = watching(name, own(name), 5, ExtendedStatistic="p50")
    del alarm["Statistic"]
    cloudwatch.put_metric_alarm(**alarm)
    for value in (1.0, 1.0, 100.0):
        put(cloudwatch, name, value, lab.now())
    lab.advance(1)
    assert state(cloudwatch, name) == "OK"


def quota_alarm(name, operation, percent):
    return {
        "AlarmName": name, "EvaluationPeriods": 1, "Threshold": percent, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Metrics": [
            {"Id": "m1", "MetricStat": {"Metric": calls_of(operation), "Period": 60, "Stat": "Sum"}, "ReturnData": False},
            {"Id": "e1", "Expression": "m1/60/SERVICE_QUOTA(m1)*100", "Label": "Percent of the quota"},
        ],
    }  # fmt: skip


def test_a_quota_alarm(lab, cloudwatch, name, topic):
    """Six calls of PutImage in a minute are 1 % of ten a second."""
    ecr = lab.client("ecr")
    ecr.create_repository(repositoryName=name)
    cloudwatch.put_metric_alarm(**quota_alarm(name, "PutImage", 1.0), AlarmActions=[topic.arn])
    for number in range(6):
        push(ecr, name, image(f"{number}"), str(number))
    lab.advance(1)
    assert state(cloudwatch, name) == "ALARM"
    trigger = topic.received()[1]["Trigger"]
    assert trigger["Metrics"][1] == {"Id": "e1", "Expression": "m1/60/SERVICE_QUOTA(m1)*100", "Label": "Percent of the quota"}
    assert {"value": "PutImage", "name": "Resource"} in trigger["Metrics"][0]["MetricStat"]["Metric"]["Dimensions"]
    lab.advance(5)
    assert state(cloudwatch, name) == "OK"


def test_an_expression_that_depends_on_how_much_is_looked_at(lab, cloudwatch, name):
    """A minute twice the average of the last three, those two before included that AWS looks at besides."""
    metrics = [
        {"Id": "m1", "MetricStat": {"Metric": own(name) | {"Dimensions": []}, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
        {"Id": "e1", "Expression": "m1/AVG(m1)"},
    ]
    cloudwatch.put_metric_alarm(AlarmName=name, Metrics=metrics, EvaluationPeriods=1, Threshold=2.0, ComparisonOperator="GreaterThanOrEqualToThreshold")
    for value in (1.0, 1.0, 1.0, 10.0):
        put(cloudwatch, name, value, lab.now())
        lab.advance(1)
    assert [summary for _, summary in history(cloudwatch, name, "StateUpdate")] == ["Alarm updated from INSUFFICIENT_DATA to ALARM", "Alarm updated from ALARM to OK", "Alarm updated from OK to ALARM"]


def test_a_fortnight_passed_at_once_is_evaluated_minute_by_minute(lab, cloudwatch, name, topic):
    start = lab.now()
    cloudwatch.put_metric_alarm(**watching(name, own(name), 5, TreatMissingData="notBreaching", AlarmActions=[topic.arn]))
    for minute in (30, 90):
        put(cloudwatch, name, 9.0, start + timedelta(minutes=minute))
    lab.advance(days=14)
    assert history(cloudwatch, name, "StateUpdate") == [
        (start + timedelta(minutes=1), "Alarm updated from INSUFFICIENT_DATA to OK"),
        (start + timedelta(minutes=31), "Alarm updated from OK to ALARM"),
        (start + timedelta(minutes=34), "Alarm updated from ALARM to OK"),  # values are looked for two periods beyond the one that is evaluated
        (start + timedelta(minutes=91), "Alarm updated from OK to ALARM"),
        (start + timedelta(minutes=94), "Alarm updated from ALARM to OK"),
    ]
    assert [topic.received()[1]["StateChangeTime"] for _ in range(2)] == [f"{start + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%S}.000+0000" for minute in (31, 91)]


def test_a_state_that_was_set_acts_and_lasts_until_the_next_evaluation(lab, cloudwatch, name, topic):
    cloudwatch.put_metric_alarm(**watching(name, own(name), 5, TreatMissingData="notBreaching", AlarmActions=[topic.arn]))
    lab.advance(1)
    assert state(cloudwatch, name) == "OK"
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="testing purposes", StateReasonData='{"why": "test"}')
    assert topic.received()[1]["NewStateReason"] == "testing purposes"
    assert state(cloudwatch, name) == "ALARM"
    lab.advance(1)
    assert state(cloudwatch, name) == "OK"
    with refused("ResourceNotFound"):
        cloudwatch.set_alarm_state(AlarmName=f"{name}-not", StateValue="OK", StateReason="why not")
    with refused("InvalidFormat"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="why not", StateReasonData="{")


def test_actions_can_be_switched_off(lab, cloudwatch, name, topic):
    cloudwatch.put_metric_alarm(**watching(name, own(name), 5, AlarmActions=[topic.arn]))
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="silent")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="silent")
    cloudwatch.enable_alarm_actions(AlarmNames=[name])
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="heard")
    assert topic.received()[1]["NewStateReason"] == "heard"
    assert topic.received(wait=0) is None


def test_a_topic_that_is_not_there_fails_the_action_and_nothing_else(lab, cloudwatch, name):
    cloudwatch.put_metric_alarm(**watching(name, own(name), 5, AlarmActions=["arn:aws:sns:us-east-1:111122223333:nowhere"]))
    put(cloudwatch, name, 9.0, lab.now())
    lab.advance(1)
    assert state(cloudwatch, name) == "ALARM"
    (_, summary) = history(cloudwatch, name, "Action")[0]
    assert summary.startswith("Failed to execute action arn:aws:sns:us-east-1:111122223333:nowhere")


def test_changing_an_alarm_leaves_its_state(lab, cloudwatch, name):
    cloudwatch.put_metric_alarm(**watching(name, own(name), 5, TreatMissingData="notBreaching"))
    lab.advance(1)
    cloudwatch.put_metric_alarm(**watching(name, own(name), 7, TreatMissingData="notBreaching"))
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (alarm["StateValue"], alarm["Threshold"]) == ("OK", 7.0)
    cloudwatch.delete_alarms(AlarmNames=[name])
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []
    assert [summary for _, summary in history(cloudwatch, name, "ConfigurationUpdate")] == [f'Alarm "{name}" created', f'Alarm "{name}" updated', f'Alarm "{name}" deleted']
    with refused("ResourceNotFound"):
        cloudwatch.delete_alarms(AlarmNames=[name])


def test_alarms_are_found_by_name_state_and_action_in_pages(lab, cloudwatch, name, topic):
    for number in range(3):
        cloudwatch.put_metric_alarm(**watching(f"{name}-{number}", own(name), 5, AlarmActions=[topic.arn] if number else []))
    cloudwatch.set_alarm_state(AlarmName=f"{name}-2", StateValue="ALARM", StateReason="testing purposes")

    def found(**more):
        return [each["AlarmName"].removeprefix(f"{name}-") for each in cloudwatch.describe_alarms(AlarmNamePrefix=name, **more)["MetricAlarms"]]

    assert found() == ["0", "1", "2"]
    assert found(StateValue="ALARM") == ["2"]
    assert found(ActionPrefix=topic.arn[:20]) == ["1", "2"]
    assert found(AlarmTypes=["CompositeAlarm"]) == []
    page = cloudwatch.describe_alarms(AlarmNamePrefix=name, MaxRecords=2)
    assert found(MaxRecords=2, NextToken=page["NextToken"]) == ["2"]
    assert [each["AlarmName"] for each in cloudwatch.describe_alarms_for_metric(**own(name))["MetricAlarms"]] == [f"{name}-{number}" for number in range(3)]
    assert cloudwatch.describe_alarms_for_metric(**own(name), Period=300)["MetricAlarms"] == []
    assert lab.client("cloudwatch", region="eu-west-1").describe_alarms()["MetricAlarms"] == []
    with refused("InvalidNextToken"):
        cloudwatch.describe_alarms(NextToken="made up")


def test_an_alarms_tags(cloudwatch, name):
    cloudwatch.put_metric_alarm(**watching(name, own(name), 5, Tags=[{"Key": "team", "Value": "web"}]))
    arn = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["AlarmArn"]
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "stage", "Value": "prod"}, {"Key": "team", "Value": "shop"}])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "shop"}, {"Key": "stage", "Value": "prod"}]
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "stage", "Value": "prod"}]
    with refused("ResourceNotFoundException"):
        cloudwatch.list_tags_for_resource(ResourceARN=f"{arn}-not")


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ({"Threshold": None}, "ValidationError", "PutMetricAlarm request should have valid Threshold parameter"),
        ({"Statistic": None}, "ValidationError", "PutMetricAlarm request should have a Statistic parameter"),
        ({"Period": None}, "ValidationError", "PutMetricAlarm request should have a Period parameter"),
        ({"Period": 45}, "ValidationError", "Period must be 10, 20, 30 or a multiple of 60"),
        ({"DatapointsToAlarm": 2}, "ValidationError", "DatapointsToAlarm must be less than or equal to EvaluationPeriods"),
        ({"TreatMissingData": "zero"}, "ValidationError", "Supported values for TreatMissingData are breaching, notBreaching, ignore, and missing."),
        ({"EvaluationPeriods": 1441}, "ValidationError", "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)."),
        ({"AlarmActions": ["topic"]}, "ValidationError", "Invalid arn syntax: topic"),
        (
            {"AlarmActions": ["arn:aws:sns:us-west-2:111122223333:topic"]},
            "ValidationError",
            "Invalid region us-west-2 specified. Only us-east-1 is supported.",
        ),
        ({"AlarmActions": ["arn:aws:lambda:us-east-1:111122223333:function:f"]}, "NotImplemented", None),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "NotImplemented", None),
        ({"ExtendedStatistic": "p90"}, "ValidationError", None),
    ],
)
def test_alarms_that_cannot_be_are_refused(cloudwatch, name, more, code, message):
    alarm = watching(name, own(name), 5) | more
    with refused(code, message):
        cloudwatch.put_metric_alarm(**{key: value for key, value in alarm.items() if value is not None})
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ([{"Id": "e1", "Expression": "SUM(SEARCH('{AWS/ECR,RepositoryName}', 'Sum', 60))"}], "SEARCH is not supported on Metric Alarms."),
        ([{"Id": "a", "Expression": "TIME_SERIES(1)"}, {"Id": "b", "Expression": "TIME_SERIES(2)"}], "Exactly one element of the metrics list should return data."),
        (
            [{"Id": "a", "Expression": "TIME_SERIES(1)", "ReturnData": False}, {"Id": "b", "Expression": "[a,a]"}],
            "Invalid metrics list: an alarm's expression must return a single time series.",
        ),
        ([{"Id": "a", "Expression": "1"}], "Error in expression 'a': The expression must return a time series or an array of time series"),
    ],
)
def test_expressions_that_no_alarm_can_watch_are_refused(cloudwatch, name, metrics, message):
    with refused("ValidationError", message):
        cloudwatch.put_metric_alarm(AlarmName=name, Metrics=metrics, EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold")


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "alarms"]


def test_a_lab_without_alarms_has_no_thread_for_them(tmp_path):
    before = threads()
    with standing.lab(tmp_path / "state") as lab:
        lab.client("ecr").get_authorization_token()
        lab.advance(days=1)
        assert threads() == before
        lab.client("cloudwatch").put_metric_alarm(**watching("a", own("a"), 5))
        assert len(threads()) == len(before) + 1
    assert threads() == before


def test_an_alarm_survives_kill_9_and_acts_once(tmp_path):
    state_folder = tmp_path / "state"

    def again(process):
        return standing.Standing(process.url, process.door)

    with Process(state_folder, ("-c", SERVE)) as process:
        lab = again(process)
        topic, cloudwatch = Topic(lab, "alarms"), lab.client("cloudwatch")
        cloudwatch.put_metric_alarm(**watching("a", own("a"), 5, TreatMissingData="notBreaching", AlarmActions=[topic.arn]))
        put(cloudwatch, "a", 9.0, clock())
        lab.advance(1)
        assert state(cloudwatch, "a") == "ALARM"
        assert topic.received()[1]["NewStateValue"] == "ALARM"
        before = history(cloudwatch, "a")
        process.kill()
    with Process(state_folder, ("-c", SERVE)) as process:
        lab = again(process)
        cloudwatch, sqs = lab.client("cloudwatch"), lab.client("sqs")
        assert (state(cloudwatch, "a"), history(cloudwatch, "a")) == ("ALARM", before)
        queue = sqs.get_queue_url(QueueName="alarms")["QueueUrl"]
        assert "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=0)
        lab.advance(10)
        assert state(cloudwatch, "a") == "OK"


def test_a_message_that_was_not_published_before_a_kill_is_published_after_it(tmp_path):
    state_folder = tmp_path / "state"
    with standing.lab(state_folder) as lab:
        topic = Topic(lab, "alarms")
    with closing(sqlite3.connect(state_folder / "lab.sqlite")) as database, database:
        waiting = ("111122223333", "us-east-1", "a", clock().timestamp(), topic.arn, "ALARM", json.dumps({"AlarmName": "a"}))
        database.execute("INSERT INTO alarm_messages (account, region, alarm, time, topic, subject, message) VALUES (?, ?, ?, ?, ?, ?, ?)", waiting)
    for times in (1, 0):
        with localecr.start(state_folder, port=0) as endpoint:
            lab = standing.Standing(endpoint.url, Door.find(state_folder))
            sqs = lab.client("sqs")
            received = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="alarms")["QueueUrl"], WaitTimeSeconds=5 * times).get("Messages", [])
            for message in received:
                sqs.delete_message(QueueUrl=sqs.get_queue_url(QueueName="alarms")["QueueUrl"], ReceiptHandle=message["ReceiptHandle"])
        assert len(received) == times


def test_metrics_with_dimensions_are_watched(lab, cloudwatch, name):
    cloudwatch.put_metric_alarm(**watching(name, own(name) | {"Dimensions": dimensions(team="web")}, 5, TreatMissingData="notBreaching"))
    for team, value in (("web", 1.0), ("shop", 9.0)):
        cloudwatch.put_metric_data(Namespace="Course", MetricData=[{"MetricName": name, "Value": value, "Timestamp": lab.now(), "Dimensions": dimensions(team=team)}])
    lab.advance(1)
    assert state(cloudwatch, name) == "OK"


def test_a_change_of_state_is_an_event(lab, cloudwatch, name):
    events, sqs = lab.client("events"), lab.client("sqs")
    queue = sqs.create_queue(QueueName=name.replace("/", "-"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"], "detail": {"alarmName": [name], "state": {"value": ["ALARM"]}}}
    rule = events.put_rule(Name=name.replace("/", "-"), EventPattern=json.dumps(pattern))["RuleArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": rule}}}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})})
    events.put_targets(Rule=name.replace("/", "-"), Targets=[{"Id": "1", "Arn": arn}])
    start = lab.now()
    cloudwatch.put_metric_alarm(**watching(name, own(name), 5, AlarmDescription="Too many"))
    put(cloudwatch, name, 9.0, start)
    lab.advance(1)
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    event = json.loads(message["Body"])
    assert (event["account"], event["region"], event["time"]) == ("111122223333", "us-east-1", f"{lab.now():%Y-%m-%dT%H:%M:%SZ}")
    assert event["resources"] == [f"arn:aws:cloudwatch:us-east-1:111122223333:alarm:{name}"]
    detail = event["detail"]
    assert detail["alarmName"] == name
    assert detail["previousState"] == {"reason": "Unchecked: Initial alarm creation", "timestamp": f"{start:%Y-%m-%dT%H:%M:%S}.000+0000", "value": "INSUFFICIENT_DATA"}
    assert detail["state"]["value"] == "ALARM"
    assert json.loads(detail["state"]["reasonData"])["recentDatapoints"] == [9.0]
    (watched,) = detail["configuration"]["metrics"]
    assert detail["configuration"]["description"] == "Too many"
    assert watched["metricStat"] == {"metric": {"dimensions": {}, "name": name, "namespace": "Course"}, "period": 60, "stat": "Sum"}
