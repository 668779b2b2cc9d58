"""The neighbours by the AWS CLI: version 1 as boto3 speaks, the older version 2 with the query protocol also to SQS and CloudWatch."""

from __future__ import annotations

import json

import pytest

from people import ACCOUNT, document, fresh

VERSIONS = [pytest.param("aws_cli", id="1"), pytest.param("aws2_cli", id="2", marks=pytest.mark.aws2)]


@pytest.fixture(params=VERSIONS)
def cli(request, lab_endpoint):
    """The CLI, of either version: `cli(…)` is what it prints, read as JSON.

    Version 1 asks SQS at AWS whatever AWS_ENDPOINT_URL says; its command line must say it.
    """
    return asking(request.getfixturevalue(request.param), lab_endpoint.url)


def asking(command, sqs_at=None):
    def ask(service, *line, check=True):
        where = ("--endpoint-url", sqs_at) if service == "sqs" else ()
        done = command(service, *line, *where, "--output", "json", check=check)
        return json.loads(done.stdout) if check and done.stdout.strip() else done

    return ask


def test_who_am_i(cli):
    assert cli("sts", "get-caller-identity")["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/learner"


def test_a_user_gets_a_policy_and_a_key(cli, tmp_path):
    name = fresh("user")
    assert cli("iam", "create-user", "--user-name", name, "--tags", "Key=team,Value=shop")["User"]["Tags"] == [{"Key": "team", "Value": "shop"}]
    (tmp_path / "policy.json").write_text(document("ecr:GetAuthorizationToken"))
    cli("iam", "put-user-policy", "--user-name", name, "--policy-name", "log-in", "--policy-document", f"file://{tmp_path}/policy.json")
    assert cli("iam", "list-user-policies", "--user-name", name)["PolicyNames"] == ["log-in"]
    assert cli("iam", "create-access-key", "--user-name", name)["AccessKey"]["Status"] == "Active"
    assert "(NoSuchEntity)" in cli("iam", "get-user", "--user-name", fresh("nobody"), check=False).stderr


def test_a_queue_with_attributes_messages_and_a_batch(cli, lab_endpoint):
    name = fresh("queue")
    url = cli("sqs", "create-queue", "--queue-name", name, "--attributes", "VisibilityTimeout=5,DelaySeconds=0", "--tags", "team=shop")["QueueUrl"]
    assert url == f"{lab_endpoint.url}/{ACCOUNT}/{name}"
    assert cli("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "All")["Attributes"]["VisibilityTimeout"] == "5"
    assert cli("sqs", "list-queue-tags", "--queue-url", url)["Tags"] == {"team": "shop"}
    assert url in cli("sqs", "list-queues", "--queue-name-prefix", name)["QueueUrls"]
    attribute = json.dumps({"kind": {"DataType": "String", "StringValue": "note"}})
    cli("sqs", "send-message", "--queue-url", url, "--message-body", "a < b & c", "--message-attributes", attribute)
    received = cli("sqs", "receive-message", "--queue-url", url, "--message-attribute-names", "All", "--attribute-names", "All")["Messages"][0]
    assert (received["Body"], received["MessageAttributes"]["kind"]["StringValue"]) == ("a < b & c", "note")
    assert received["Attributes"]["ApproximateReceiveCount"] == "1"
    cli("sqs", "delete-message", "--queue-url", url, "--receipt-handle", received["ReceiptHandle"])
    entries = json.dumps([{"Id": "one", "MessageBody": "1"}, {"Id": "two", "MessageBody": "2"}])
    assert [each["Id"] for each in cli("sqs", "send-message-batch", "--queue-url", url, "--entries", entries)["Successful"]] == ["one", "two"]
    cli("sqs", "delete-queue", "--queue-url", url)
    assert "(AWS.SimpleQueueService.NonExistentQueue)" in cli("sqs", "purge-queue", "--queue-url", url, check=False).stderr


@pytest.mark.aws2  # version 1 sends what boto3 does
def test_an_alarm_a_rule_a_topic_a_log_group_and_a_secret(request):
    cli, name = asking(request.getfixturevalue("aws2_cli")), fresh("cli")
    alarm = ("--alarm-name", name, "--metric-name", "m", "--namespace", "n", "--statistic", "Sum", "--period", "60", "--evaluation-periods", "1")
    cli("cloudwatch", "put-metric-alarm", *alarm, "--threshold", "2.5", "--comparison-operator", "GreaterThanThreshold")
    described = cli("cloudwatch", "describe-alarms", "--alarm-names", name)["MetricAlarms"]
    assert [(each["AlarmName"], each["Threshold"]) for each in described] == [(name, 2.5)]
    cli("cloudwatch", "put-metric-data", "--namespace", "n", "--metric-name", "m", "--value", "3", "--dimensions", "Repository=web")
    cli("events", "put-rule", "--name", name, "--event-pattern", '{"source": ["aws.ecr"]}')
    assert [each["Name"] for each in cli("events", "list-rules", "--name-prefix", name)["Rules"]] == [name]
    assert cli("sns", "create-topic", "--name", name)["TopicArn"].endswith(name)
    cli("logs", "create-log-group", "--log-group-name", name)
    assert cli("logs", "describe-log-groups", "--log-group-name-prefix", name)["logGroups"][0]["logGroupName"] == name
    cli("secretsmanager", "create-secret", "--name", name, "--secret-string", "hush")
    assert cli("secretsmanager", "get-secret-value", "--secret-id", name)["SecretString"] == "hush"


def test_a_role_is_assumed(cli):
    name = fresh("role")
    allowed = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]})
    arn = cli("iam", "create-role", "--role-name", name, "--assume-role-policy-document", allowed)["Role"]["Arn"]
    assumed = cli("sts", "assume-role", "--role-arn", arn, "--role-session-name", "cli")
    assert assumed["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/cli"
    assert assumed["Credentials"]["AccessKeyId"].startswith("ASIA")
