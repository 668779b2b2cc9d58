"""Where EventBridge's rules deliver to, what a target is given, and what rules and targets are refused.

AWS: "Amazon EventBridge input transformation", PutRule, PutTargets, TestEventPattern.
"""

from __future__ import annotations

import json

import pytest

from awsapi import push, refused
from listening import Ear, Queue, lets_in
from people import ACCOUNT, PARTNER, fresh
from specimens import image
from localecr.errors import AwsError
from localecr.events import inputs

EC2 = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "123456789012",
    "time": "2015-11-11T21:29:54Z",
    "region": "us-east-1",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"],
    "detail": {"instance-id": "i-0123456789", "state": "RUNNING", "tags": [{"k": "a"}, {"k": "b"}], "n": 5, "ok": True, "none": None, "said": 'say "hi"'},
}
PATHS = {"instance": "$.detail.instance-id", "state": "$.detail.state", "resource": "$.resources[0]", "missing": "$.detail.nothing", "all": "$.resources"}
RULE = inputs.Ingestion("arn:aws:events:us-east-1:123456789012:rule/example", "example", "2015-11-11T21:30:34Z")


@pytest.fixture
def ear(aws):
    made = Ear(aws)
    yield made
    made.close()


# what a target is given


def made(template, paths=PATHS):
    target = {"Id": "1", "InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}
    inputs.check(target)
    return inputs.of(target, EC2, RULE)


@pytest.mark.parametrize(
    ("template", "text"),
    [  # AWS's examples, in their order, and what isn't shown there
        ('"instance <instance> is in <state>"', '"instance i-0123456789 is in RUNNING"'),
        ('"instance \\"<instance>\\" is in <state>"', '"instance \\"i-0123456789\\" is in RUNNING"'),
        ('{"instance" : <instance>, "state": <state>}', '{"instance" : "i-0123456789", "state": "RUNNING"}'),
        (
            '{"instance" : <instance>, "state": "<state>", "instanceStatus": "instance \\"<instance>\\" is in <state>"}',
            '{"instance" : "i-0123456789", "state": "RUNNING", "instanceStatus": "instance \\"i-0123456789\\" is in RUNNING"}',
        ),
        ('{"instance":<instance>,"state":[9,<state>,true],"Transformed":"Yes"}', '{"instance":"i-0123456789","state":[9,"RUNNING",true],"Transformed":"Yes"}'),
        ('{"ruleArn":<aws.events.rule-arn>,"ruleName":<aws.events.rule-name>}', f'{{"ruleArn":"{RULE.rule_arn}","ruleName":"example"}}'),
        ('"<aws.events.rule-name> triggered"', '"example triggered"'),
        ("<aws.events.event.ingestion-time>", '"2015-11-11T21:30:34Z"'),
        ("<aws.events.event.json>", inputs.compact(EC2)),
        ("<aws.events.event>", inputs.compact({name: value for name, value in EC2.items() if name != "detail"})),
        ('"<instance>"\n"<state>"', '"i-0123456789"\n"RUNNING"'),
        ("<all>", '["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"]'),
        ('"<all>"', '"[arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111]"'),
        ('{"it": <missing>, "is": "<missing>"}', '{"it": "", "is": ""}'),
        ('{"<state>": "<"}', '{"RUNNING": "<"}'),
    ],
)
def test_templates(template, text):
    assert made(template) == text


def test_what_stands_within_quotes_is_escaped():
    assert json.loads(made('{"a": "<said>", "b": <said>}', {"said": "$.detail.said"})) == {"a": 'say "hi"', "b": 'say "hi"'}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("$", inputs.compact(EC2)), ("$.detail.instance-id", '"i-0123456789"'), ("$.detail['instance-id']", '"i-0123456789"'), ('$["detail"]["n"]', "5"),
        ("$.detail.tags[1].k", '"b"'), ("$.detail.tags[*].k", '["a","b"]'), ("$.resources[0]", f'"{EC2["resources"][0]}"'), ("$.detail.ok", "true"),
        ("$.detail.none", "null"), ("$.detail.nothing", "null"), ("$.resources[7]", "null"), ("$.detail.tags.k", "null"),
    ],
)  # fmt: skip
def test_paths(path, text):
    target = {"Id": "1", "InputPath": path}
    inputs.check(target)
    assert inputs.of(target, EC2, RULE) == text


def test_a_constant_input_is_passed_as_it_is():
    target = {"Id": "1", "Input": '{ "a" : 1 }'}
    inputs.check(target)
    assert inputs.of(target, EC2, RULE) == '{ "a" : 1 }'


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ({"Input": "{}", "InputPath": "$"}, "Only one of Input, InputPath, or InputTransformer must be provided for target 1."),
        ({"Input": "not JSON"}, "JSON syntax error in input for target 1."),
        ({"InputPath": "detail"}, "InputPath for target 1 is invalid"),
        ({"InputPath": "$..a"}, "InputPath for target 1 is invalid"),
        ({"InputPath": "$.a[?(@.b)]"}, "InputPath for target 1 is invalid"),
        ({"InputTransformer": {"InputPathsMap": {"aws.x": "$.a"}, "InputTemplate": "1"}}, "InputPathsMap for target 1 can't name a variable aws.x"),
        ({"InputTransformer": {"InputPathsMap": {"a": "x"}, "InputTemplate": "1"}}, "InputPathsMap for target 1 is invalid"),
        ({"InputTransformer": {"InputTemplate": "instance <aws.events.rule-name>"}}, "Invalid InputTemplate for target 1 : "),
        ({"InputTransformer": {"InputTemplate": '{"a": <b>}'}}, "InputTemplate for target 1 names <b>, which InputPathsMap doesn't have."),
        ({"InputTransformer": {"InputTemplate": ""}}, "Invalid InputTemplate for target 1 : "),
        ({"InputTransformer": {"InputPathsMap": {f"v{n}": "$.a" for n in range(101)}, "InputTemplate": "1"}}, "InputPathsMap for target 1 has more than 100"),
    ],
)
def test_inputs_that_are_refused(target, sentence):
    with pytest.raises(AwsError) as error:
        inputs.check({"Id": "1"} | target)
    assert error.value.code == "ValidationException"
    assert error.value.message.startswith(sentence)


def test_inputs_reach_a_target(aws, ecr, ear, name):
    template = '{"tag": <tag>, "rule": <aws.events.rule-name>, "at": <aws.events.event.ingestion-time>}'
    rule = ear.of(
        name,
        {"Id": "whole", "Arn": ear.queue.arn},
        {"Id": "constant", "Arn": ear.queue.arn, "Input": '{"source": "constant"}'},
        {"Id": "part", "Arn": ear.queue.arn, "InputPath": "$.detail"},
        {"Id": "made", "Arn": ear.queue.arn, "InputTransformer": {"InputPathsMap": {"tag": "$.detail.image-tag"}, "InputTemplate": template}},
    )
    pushed = push(ecr, name, image(name), "1.0")
    whole, constant, part, made = ear.queue.events(4)
    assert (whole["source"], constant) == ("aws.ecr", {"source": "constant"})
    assert part["image-digest"] == pushed.digest
    assert made == {"tag": "1.0", "rule": rule, "at": whole["time"]}


# where it goes


def test_a_fifo_queue_is_given_its_message_group(aws, ecr, ear, name):
    queue = Queue(aws("sqs"), fifo=True, ContentBasedDeduplication="true")
    ear.of(name, {"Id": "fifo", "Arn": queue.arn, "SqsParameters": {"MessageGroupId": "pushes"}})
    push(ecr, name, image(name), "1")
    answer = aws("sqs").receive_message(QueueUrl=queue.url, WaitTimeSeconds=10, AttributeNames=["MessageGroupId"])
    assert answer["Messages"][0]["Attributes"]["MessageGroupId"] == "pushes"


def test_a_topic_fans_out(aws, ecr, ear, name):
    sns = aws("sns")
    topic = sns.create_topic(Name=fresh("topic"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=ear.queue.arn)
    ear.of(name, {"Id": "topic", "Arn": topic})
    push(ecr, name, image("before"), "1")
    assert ear.heard() == []  # its policy lets nobody else publish yet
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=lets_in(topic, "sns:Publish"))
    pushed = push(ecr, name, image("after"), "2")
    (notification,) = ear.queue.events()
    assert (notification["Type"], notification["TopicArn"]) == ("Notification", topic)
    assert json.loads(notification["Message"])["detail"]["image-digest"] == pushed.digest


def log_policy(arn):
    statement = {"Effect": "Allow", "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{arn}:*"}]})


@pytest.mark.parametrize("suffix", ["", ":*"])
def test_a_log_group_is_given_each_event(aws, ecr, ear, name, door, suffix):
    logs, group = aws("logs"), fresh("/aws/events/pushes")
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}"
    template = {"InputTemplate": '{"timestamp": "<aws.events.event.ingestion-time>", "message": "<aws.events.rule-name>"}'}
    rule = ear.of(name, {"Id": "logs", "Arn": arn + suffix}, {"Id": "made", "Arn": arn, "InputTransformer": template}, {"Id": "queue", "Arn": ear.queue.arn})
    push(ecr, name, image("before"), "1")
    ear.queue.events()
    assert logs.filter_log_events(logGroupName=group)["events"] == []  # no resource policy lets EventBridge write yet
    logs.put_resource_policy(policyName=fresh("policy"), policyDocument=log_policy(arn))
    push(ecr, name, image("after"), "2")
    (event,) = ear.queue.events()
    whole, said = sorted(logs.filter_log_events(logGroupName=group)["events"], key=lambda each: each["message"], reverse=True)
    assert json.loads(whole["message"]) == event
    assert said["message"] == rule
    assert whole["timestamp"] == int(door.clock().timestamp() * 1000)


def test_a_queue_of_another_account_decides_for_itself(aws, ecr, ear, name):
    queue = Queue(aws("sqs", PARTNER), policy=lets_in("*", StringEquals={"aws:SourceAccount": ACCOUNT}))
    ear.of(name, {"Id": "theirs", "Arn": queue.arn})
    push(ecr, name, image(name), "1")
    assert queue.events()[0]["account"] == ACCOUNT


# what is refused


def test_a_bad_pattern_makes_no_rule(ear):
    name = fresh("rule")
    with pytest.raises(ear.events.exceptions.InvalidEventPatternException) as error:
        ear.events.put_rule(Name=name, EventPattern='{"source": "aws.ecr"}')
    assert error.value.response["Error"]["Message"] == (
        'Event pattern is not valid. Reason: "source" must be an object or an array\n at [Source: (String)"{"source": "aws.ecr"}"; line: 1, column: 13]'
    )
    assert not ear.events.list_rules(NamePrefix=name)["Rules"]


def test_rules_that_are_refused(ear):
    with refused("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified."):
        ear.events.put_rule(Name="x")
    with refused("InvalidEventPatternException"):
        ear.events.put_rule(Name="x", EventPattern=json.dumps({"a": ["x" * 2048]}))
    with refused("NotImplemented"):
        ear.events.put_rule(Name="x", ScheduleExpression="rate(5 minutes)")


@pytest.mark.parametrize("operation", ["describe_rule", "enable_rule", "disable_rule", "list_targets_by_rule"])
def test_a_rule_that_is_not_there(ear, operation):
    with refused("ResourceNotFoundException", "Rule nowhere does not exist on EventBus default."):
        getattr(ear.events, operation)(**{"Rule" if operation.startswith("list") else "Name": "nowhere"})


def test_a_rule_whose_pattern_has_or_and_anything_else_is_kept_as_it_was_written(ear):
    pattern = '{ "$or": [ {"source": ["aws.ecr"]}, {"detail": {"n": [{"numeric": [">", 1]}]}} ] }'
    ear.events.put_rule(Name="kept", EventPattern=pattern)
    assert ear.events.describe_rule(Name="kept")["EventPattern"] == pattern


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:lambda:us-east-1:111122223333:function:f", "NotImplemented"),
        ("arn:aws:states:us-east-1:111122223333:stateMachine:m", "NotImplemented"),
        ("arn:aws:events:us-east-1:111122223333:event-bus/other", "NotImplemented"),
        ("arn:aws:logs:us-east-1:111122223333:destination:x", "NotImplemented"),
        ("arn:aws:sqs:eu-west-1:111122223333:queue", "ValidationException"),
        ("queue", "ValidationException"),
        ("arn:aws:sqs:us-east-1:111122223333:", "ValidationException"),
        ("arn:aws:sqs:us-east-1:111122223333:q.fifo", "ValidationException"),
    ],
)
def test_targets_that_are_refused(ear, arn, code):
    rule = ear.rule({"source": ["nobody"]})
    with refused(code):
        ear.events.put_targets(Rule=rule, Targets=[{"Id": "x", "Arn": arn}])
    assert [each["Id"] for each in ear.events.list_targets_by_rule(Rule=rule)["Targets"]] == ["queue"]


def test_a_rule_has_five_targets_at_most(ear):
    rule = ear.rule({"source": ["nobody"]})
    more = [{"Id": str(number), "Arn": ear.queue.arn} for number in range(5)]
    with refused("LimitExceededException", "The requested resource exceeds the maximum number allowed."):
        ear.events.put_targets(Rule=rule, Targets=more)
    ear.events.put_targets(Rule=rule, Targets=more[:4])
    ear.events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": ear.queue.arn}])  # the one that is there, anew
    assert rule in ear.events.list_rule_names_by_target(TargetArn=ear.queue.arn)["RuleNames"]


def test_targets_need_a_rule(ear):
    with refused("ResourceNotFoundException"):
        ear.events.put_targets(Rule="nowhere", Targets=[{"Id": "x", "Arn": ear.queue.arn}])


def test_patterns_are_tested(aws):
    events, pattern = aws("events"), json.dumps({"source": ["aws.ec2"], "detail": {"n": [{"numeric": ["=", 5]}]}})
    assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(EC2))["Result"] is True
    assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(EC2 | {"source": "x"}))["Result"] is False


@pytest.mark.parametrize("event", ["{", "[]", "1", '{"a": NaN}', json.dumps({"id": "x"}), '{"a":' * 300 + "1" + "}" * 300])
def test_events_that_cannot_be_tested(aws, event):
    with refused("ValidationException"):
        aws("events").test_event_pattern(EventPattern='{"a": ["x"]}', Event=event)


def test_a_pattern_that_cannot_be_tested(aws):
    with refused("InvalidEventPatternException"):
        aws("events").test_event_pattern(EventPattern='{"a": "x"}', Event=json.dumps(EC2))
