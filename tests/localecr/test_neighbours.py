"""The services beside the registry: what they answer, in each protocol that their clients speak, and what they refuse."""

from __future__ import annotations

import gzip
import json
import threading
import time
from datetime import datetime, timedelta

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from people import ACCOUNT, PARTNER, document, fresh, signing

FORM, JSON = "application/x-www-form-urlencoded", "application/x-amz-json-1.1"


def refused(call, **given):
    with pytest.raises(ClientError) as error:
        call(**given)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


@pytest.fixture
def send(lab_endpoint, door):
    """`send(service, body, path, **headers)`: a signed request with any body; the response."""

    def ask(service, body=b"", path="/", method="POST", **headers):
        keys = door.keys(ACCOUNT)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = AWSRequest(method, lab_endpoint.url + path, data=body, headers=headers)
        SigV4Auth(Credentials(keys["access_key_id"], keys["secret_access_key"]), service, "us-east-1").add_auth(request)
        return requests.request(method, request.url, data=body, headers=dict(request.headers), timeout=60)

    return ask


@pytest.fixture
def queue(aws):
    """The URL of a queue of this test's own."""
    return aws("sqs").create_queue(QueueName=fresh("queue"))["QueueUrl"]


def test_a_queues_address_is_the_labs(aws, lab_endpoint):
    name = fresh("queue")
    url = aws("sqs").create_queue(QueueName=name)["QueueUrl"]
    assert url == f"{lab_endpoint.url}/{ACCOUNT}/{name}"
    assert aws("sqs").get_queue_url(QueueName=name)["QueueUrl"] == url
    attributes = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    assert attributes == {"QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"}


def test_a_message_is_sent_received_and_deleted(aws, queue):
    sqs = aws("sqs")
    sent = sqs.send_message(QueueUrl=queue, MessageBody='{"who": "Zoë"}', MessageAttributes={"kind": {"DataType": "Binary", "BinaryValue": b"\0\1"}})
    (received,) = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
    assert (received["MessageId"], received["Body"]) == (sent["MessageId"], '{"who": "Zoë"}')
    assert received["MessageAttributes"]["kind"]["BinaryValue"] == b"\0\1"
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=received["ReceiptHandle"])
    assert sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])["Attributes"] == {
        "ApproximateNumberOfMessagesNotVisible": "0"
    }


def test_accounts_and_regions_have_their_own(aws):
    name = fresh("queue")
    aws("sqs").create_queue(QueueName=name)
    for elsewhere in (aws("sqs", PARTNER), aws("sqs", region="eu-west-1")):
        code, _ = refused(elsewhere.get_queue_url, QueueName=name)
        assert code == "AWS.SimpleQueueService.NonExistentQueue"
        with pytest.raises(elsewhere.exceptions.QueueDoesNotExist):
            elsewhere.get_queue_url(QueueName=name)


def test_an_alarm_is_kept_and_described(aws):
    name, cloudwatch = fresh("alarm"), aws("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name, MetricName="RepositoryPullCount", Namespace="AWS/ECR", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1.5,
        ComparisonOperator="GreaterThanThreshold", Dimensions=[{"Name": "RepositoryName", "Value": "web"}],
    )  # fmt: skip
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (alarm["AlarmArn"], alarm["Threshold"]) == (f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{name}", 1.5)
    assert isinstance(alarm["StateUpdatedTimestamp"], datetime)


def test_deleting_alarms_takes_the_permission_on_each(aws, lab_endpoint):
    mine, other, iam, name = fresh("alarm"), fresh("alarm"), aws("iam"), fresh("user")
    aws("cloudwatch").put_metric_alarm(
        AlarmName=mine, MetricName="m", Namespace="n", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold"
    )  # fmt: skip
    iam.create_user(UserName=name)
    arn = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:"
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document("cloudwatch:DeleteAlarms", resource=arn + mine))
    cloudwatch = signing(lab_endpoint.url, iam.create_access_key(UserName=name)["AccessKey"])("cloudwatch")
    code, message = refused(cloudwatch.delete_alarms, AlarmNames=[mine, other])
    assert (code, f"cloudwatch:DeleteAlarms on resource: {arn}{other} because" in message) == ("AccessDenied", True)
    (described,) = aws("cloudwatch").describe_alarms(AlarmNames=[mine])["MetricAlarms"]
    cloudwatch.delete_alarms(AlarmNames=[described["AlarmName"]])


def test_a_compressed_request_is_read(aws, door):
    """botocore compresses PutMetricData of more than 10 kB."""
    data = [{"MetricName": f"metric-{number}", "Value": 1.0, "Timestamp": door.clock()} for number in range(400)]
    assert aws("cloudwatch").put_metric_data(Namespace=fresh("space"), MetricData=data)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_rule_has_targets(aws, queue):
    events, name = aws("events"), fresh("rule")
    arn = events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.ecr"]}))["RuleArn"]
    assert arn == f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{name}"
    target = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue.rpartition('/')[2]}"
    assert events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": target}])["FailedEntryCount"] == 0
    assert events.list_targets_by_rule(Rule=name)["Targets"] == [{"Id": "queue", "Arn": target}]


def test_a_topic_fans_out_to_a_queue(aws, queue):
    sns, sqs = aws("sns"), aws("sqs")
    topic = sns.create_topic(Name=fresh("topic"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue.rpartition('/')[2]}")
    sns.publish(TopicArn=topic, Message="hello", Subject="greeting")
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    assert json.loads(message["Body"])["Message"] == "hello"


# no JSON; a policy in quotes, as comes of encoding it twice; JSON that is no object; a statement that lacks everything
NO_POLICIES = ["nope", json.dumps(json.dumps({"Version": "2012-10-17", "Statement": []})), "[]", "null", json.dumps({"Statement": [{}]})]


@pytest.mark.parametrize("text", NO_POLICIES)
def test_a_queue_takes_no_policy_that_is_none_and_goes_on_without(aws, queue, text):
    sqs = aws("sqs")
    for call, named in ((sqs.create_queue, {"QueueName": fresh("queue")}), (sqs.set_queue_attributes, {"QueueUrl": queue})):
        assert refused(call, Attributes={"Policy": text}, **named) == ("InvalidAttributeValue", "Invalid value for the parameter Policy.")
    sqs.send_message(QueueUrl=queue, MessageBody="still here")
    assert [each["Body"] for each in sqs.receive_message(QueueUrl=queue)["Messages"]] == ["still here"]


@pytest.mark.parametrize("text", NO_POLICIES)
def test_a_topic_takes_no_policy_that_is_none(aws, text):
    sns = aws("sns")
    topic = sns.create_topic(Name=fresh("topic"))["TopicArn"]
    before = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    refusal = ("InvalidParameter", "Invalid parameter: Policy Error: null")
    assert refused(sns.create_topic, Name=fresh("topic"), Attributes={"Policy": text}) == refusal
    assert refused(sns.set_topic_attributes, TopicArn=topic, AttributeName="Policy", AttributeValue=text) == refusal
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"] == before


def test_an_empty_policy_takes_a_queues_away(aws, queue):
    sqs, arn = aws("sqs"), f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue.rpartition('/')[2]}"
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    assert json.loads(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]["Policy"]) == policy
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    assert "Policy" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"]).get("Attributes", {})


def test_a_value_that_breaks_a_rule_is_shown_as_aws_prints_it(aws):
    code, message = refused(aws("inspector2").search_vulnerabilities, filterCriteria={"vulnerabilityIds": ["CVE-2021-1111", "CVE-2021-2222"]})
    assert code == "ValidationException"
    assert message == (
        "1 validation error detected: Value '[CVE-2021-1111, CVE-2021-2222]' at 'filterCriteria.vulnerabilityIds' failed to satisfy constraint: "
        "Member must have length less than or equal to 1"
    )
    severe = [{"comparison": "EQUALS", "value": "HIGH"}] * 11
    assert "Value '[StringFilter(comparison=EQUALS, value=HIGH), " in refused(aws("inspector2").list_findings, filterCriteria={"severity": severe})[1]


def test_nothing_leaves_the_machine_by_a_topic(aws):
    topic = aws("sns").create_topic(Name=fresh("topic"))["TopicArn"]
    code, message = refused(aws("sns").subscribe, TopicArn=topic, Protocol="email", Endpoint="somebody@example.com")
    assert (code, "sends nothing out of this machine" in message) == ("NotImplemented", True)


def test_log_groups_and_secrets(aws):
    logs, secrets, name = aws("logs"), aws("secretsmanager"), fresh("/app")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="one")
    assert [each["logGroupName"] for each in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]] == [name]
    arn = secrets.create_secret(Name=name, SecretString="hush")["ARN"]
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "hush"


def test_log_events_are_put_and_read_on_the_labs_clock(aws, door):
    logs, name = aws("logs"), fresh("/app")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="one")
    moment = int(door.clock().timestamp() * 1000)
    logs.put_log_events(logGroupName=name, logStreamName="one", logEvents=[{"timestamp": moment, "message": "pushed"}])
    assert [each["message"] for each in logs.get_log_events(logGroupName=name, logStreamName="one")["events"]] == ["pushed"]


def test_what_is_made_carries_the_labs_time(aws, door):
    created = aws("iam").create_user(UserName=fresh("user"))["User"]["CreateDate"]
    assert created == door.clock().replace(microsecond=0)


@pytest.mark.parametrize(
    ("service", "call"),
    [("events", "list_archives"), ("iam", "list_virtual_mfa_devices"), ("cloudwatch", "list_metric_streams"), ("sts", "get_federation_token")],
)
def test_what_is_not_built_says_so(aws, service, call):
    code, message = refused(getattr(aws(service), call), **({"Name": "bob"} if call == "get_federation_token" else {}))
    assert (code, "is not built in this lab yet" in message) == ("NotImplemented", True)


def test_a_service_that_is_not_there_says_so(lab_endpoint, door):
    keys = door.keys(ACCOUNT)
    kms = boto3.client(
        "kms", region_name="us-east-1", endpoint_url=lab_endpoint.url, aws_access_key_id=keys["access_key_id"],
        aws_secret_access_key=keys["secret_access_key"], config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    assert refused(kms.list_keys)[0] == "NotImplemented"


@pytest.mark.parametrize(
    ("service", "code"), [("iam", "SignatureDoesNotMatch"), ("sqs", "SignatureDoesNotMatch"), ("cloudwatch", "SignatureDoesNotMatch"), ("events", "InvalidSignatureException")]
)
def test_a_wrong_secret_opens_nothing(lab_endpoint, door, service, code):
    calls = {"iam": "list_users", "sqs": "list_queues", "cloudwatch": "describe_alarms", "events": "list_rules"}
    wrong = boto3.client(
        service, region_name="us-east-1", endpoint_url=lab_endpoint.url, aws_access_key_id=door.keys(ACCOUNT)["access_key_id"],
        aws_secret_access_key="wrong", config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    assert refused(getattr(wrong, calls[service]))[0] == code


def test_unsigned_requests_are_refused_in_their_protocol(lab_endpoint):
    json_answer = requests.post(f"{lab_endpoint.url}/", data="{}", headers={"X-Amz-Target": "AmazonSQS.ListQueues", "Content-Type": JSON}, timeout=60)
    assert json_answer.json()["__type"].endswith("MissingAuthenticationTokenException")
    form = requests.post(f"{lab_endpoint.url}/", data="Action=ListUsers&Version=2010-05-08", headers={"Content-Type": FORM}, timeout=60)
    assert (form.status_code, "<Code>MissingAuthenticationToken</Code>" in form.text) == (403, True)


@pytest.mark.parametrize("body", [b"", b"Action=Nonsense", b"Action=", b"\xff\xfe", b"Action=CreateUser&UserName.x=1", b"Action=ListUsers&MaxItems=many", b"&" * 50_000])
def test_bodies_that_are_no_request_of_iam(send, body):
    answer = send("iam", body, Content_Type=FORM)
    assert 400 <= answer.status_code < 500
    assert "<ErrorResponse" in answer.text


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'"x"', b'{"QueueUrl": 7}', b'{"QueueUrl": {"a": 1}}', b"[" * 100_000, b'{"QueueUrl": "\\ud800"}'])
def test_bodies_that_are_no_request_of_sqs(send, body):
    answer = send("sqs", body, X_Amz_Target="AmazonSQS.SendMessage", Content_Type="application/x-amz-json-1.0")
    assert 400 <= answer.status_code < 500
    assert answer.json()["__type"].startswith("com.amazonaws.sqs#")


def test_a_body_without_end_is_too_large(send):
    assert send("sqs", b"x" * (2 << 20), X_Amz_Target="AmazonSQS.SendMessage").status_code == 413
    bomb = gzip.compress(b"0" * (64 << 20))
    assert send("monitoring", bomb, X_Amz_Target="GraniteServiceVersion20100801.PutMetricData", Content_Encoding="gzip").status_code == 413


def test_a_region_that_is_not_there_is_refused(aws):
    code, _ = refused(aws("sqs", region="moon-north-1").list_queues)
    assert code == "InvalidClientTokenId"


def test_waiting_for_messages_holds_nobody_up(aws, queue):
    sqs, waited = aws("sqs"), []
    thread = threading.Thread(target=lambda: waited.append(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)))
    thread.start()
    try:
        for _ in range(20):
            aws("iam").create_user(UserName=fresh("user"))
        assert thread.is_alive()
    finally:
        sqs.send_message(QueueUrl=queue, MessageBody="at last")
        thread.join(15)
    assert [message["Body"] for message in waited[0]["Messages"]] == ["at last"]


def test_waiting_ends_when_the_time_is_over(aws, queue):
    began = time.monotonic()
    assert "Messages" not in aws("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=1)
    assert 1 <= time.monotonic() - began < 15


def test_a_message_comes_back_when_its_visibility_ends_while_somebody_waits(aws, queue):
    sqs = aws("sqs")
    sqs.send_message(QueueUrl=queue, MessageBody="again")
    sqs.receive_message(QueueUrl=queue, VisibilityTimeout=1)
    assert sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"][0]["Body"] == "again"


def test_the_clock_moves_and_queues_do_not_mind(aws, queue, door):
    sqs = aws("sqs")
    sqs.send_message(QueueUrl=queue, MessageBody="kept")
    door.advance(timedelta(days=30).total_seconds())
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "kept"


def test_a_policys_text_comes_back_as_it_was_given(aws):
    iam, name, text = aws("iam"), fresh("user"), document("ecr:*")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="mine", PolicyDocument=text)
    assert iam.get_user_policy(UserName=name, PolicyName="mine")["PolicyDocument"] == json.loads(text)
