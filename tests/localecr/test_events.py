"""What the registry announces on EventBridge, field by field, and that it arrives: at once, in any case, and where it belongs.

AWS: "Amazon ECR events and EventBridge"; facts about rules and delivery in EventBridge's guide.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time

import pytest

from awsapi import push, refused
from labs import Process
from listening import Ear, Queue, lets_in
from people import ACCOUNT, PARTNER, document, fresh, signing
from specimens import DOCKER_CONFIG, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, artifact, image, index, sound_image, write_layout

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SIGNATURE = "application/vnd.example.signature"


@pytest.fixture
def ear(aws):
    made = Ear(aws)
    yield made
    made.close()


@pytest.fixture
def listened(ear, name):
    """The ear, with a rule for this test's repository."""
    ear.of(name)
    return ear


def moment(door):
    return f"{door.clock():%Y-%m-%dT%H:%M:%SZ}"


def details(events):
    return [(event["detail"]["action-type"], event["detail"]["image-digest"], event["detail"].get("image-tag")) for event in events]


def test_a_push_is_announced_field_by_field(ecr, listened, name, door):
    pushed = push(ecr, name, image(name), "latest")
    (event,) = listened.queue.events()
    assert list(event) == ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"]
    assert UUID.fullmatch(event.pop("id"))
    assert event == {
        "version": "0",
        "detail-type": "ECR Image Action",
        "source": "aws.ecr",
        "account": ACCOUNT,
        "time": moment(door),
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "result": "SUCCESS",
            "repository-name": name,
            "image-digest": pushed.digest,
            "action-type": "PUSH",
            "image-tag": "latest",
            "manifest-media-type": OCI_MANIFEST,
            "artifact-media-type": OCI_CONFIG,
        },
    }


def test_a_push_by_docker_is_announced_as_one_of_the_api(listened, http, name):
    pushed = http.push(image(name, docker=True), "latest")
    (event,) = listened.queue.events()
    assert event["detail"] == {
        "result": "SUCCESS", "repository-name": name, "image-digest": pushed.digest, "action-type": "PUSH", "image-tag": "latest",
        "manifest-media-type": DOCKER_MANIFEST, "artifact-media-type": DOCKER_CONFIG,
    }  # fmt: skip


def test_time_is_the_labs(ecr, listened, name, door):
    door.advance(3 * 86400)
    push(ecr, name, image(name), "latest")
    assert listened.queue.events()[0]["time"] == moment(door)


def test_an_untagged_push_has_no_tag(listened, http):
    http.push(image("untagged"))
    assert "image-tag" not in listened.queue.events()[0]["detail"]


def test_each_image_of_an_index_and_the_index_are_announced(listened, http):
    one, two = http.push(image("one")), http.push(image("two"))
    both = http.push(index(one, two), "multi")
    events = listened.queue.events(3)
    assert details(events) == [("PUSH", one.digest, None), ("PUSH", two.digest, None), ("PUSH", both.digest, "multi")]
    assert events[2]["detail"]["manifest-media-type"] == OCI_INDEX
    assert "artifact-media-type" not in events[2]["detail"]


def test_a_second_tag_and_a_moved_tag_are_pushes(ecr, listened, name):
    one = push(ecr, name, image("one"), "1")
    push(ecr, name, one, "2")
    two = push(ecr, name, image("two"), "1")
    assert details(listened.heard()) == [("PUSH", one.digest, "1"), ("PUSH", one.digest, "2"), ("PUSH", two.digest, "1")]


def test_a_push_that_changes_nothing_is_not_announced(ecr, listened, http, name):
    pushed = http.push(image(name), "1")
    http.push(pushed, "1")
    with refused("ImageAlreadyExistsException"):
        ecr.put_image(repositoryName=name, imageManifest=pushed.text, imageTag="1")
    assert len(listened.heard()) == 1


def test_a_refused_push_is_not_announced(ecr, listened, name):
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    push(ecr, name, image("one"), "1")
    with refused("ImageTagAlreadyExistsException"):
        push(ecr, name, image("two"), "1")
    assert len(listened.heard()) == 1


def test_a_referrers_push_has_a_type_of_its_own(listened, http):
    subject = http.push(image("subject"), "1")
    signature = http.push(artifact("signed", SIGNATURE, subject))
    first, second = listened.queue.events(2)
    assert (first["detail-type"], second["detail-type"]) == ("ECR Image Action", "ECR Referrer Action")
    assert second["detail"]["image-digest"] == signature.digest
    assert second["detail"]["artifact-media-type"] == SIGNATURE


@pytest.mark.parametrize("through_docker", [False, True])
def test_a_deletion_is_announced_for_each_tag_that_is_gone(ecr, listened, http, name, through_docker):
    pushed = http.push(image(name), "1")
    http.push(pushed, "2")
    if through_docker:
        http("DELETE", f"manifests/{pushed.digest}")
    else:
        ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": pushed.digest}])
    events = listened.queue.events(4)[2:]
    assert details(events) == [("DELETE", pushed.digest, "1"), ("DELETE", pushed.digest, "2")]
    assert events[0]["detail"] == {"result": "SUCCESS", "repository-name": name, "image-digest": pushed.digest, "action-type": "DELETE", "image-tag": "1"}
    assert (events[0]["detail-type"], events[0]["resources"]) == ("ECR Image Action", [])


def test_deleting_a_tag_announces_that_tag(ecr, listened, http, name):
    pushed = http.push(image(name), "1")
    http.push(pushed, "2")
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "1"}])
    assert details(listened.heard())[2:] == [("DELETE", pushed.digest, "1")]


def test_deleting_nothing_is_not_announced(ecr, listened, http, name):
    assert ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "none"}])["failures"]
    http("DELETE", "manifests/none")
    assert listened.heard() == []


def test_neither_a_repositorys_deletion_nor_a_pull_is_announced(ecr, listened, http, name):
    http.push(image(name), "1")
    http.pull("1")
    ecr.delete_repository(repositoryName=name, force=True)
    assert len(listened.heard()) == 1


def test_the_public_registry_announces_nothing(public, listened, name):
    public.create_repository(repositoryName=name)
    push(public, name, image(name), "1")
    assert listened.heard() == []


def test_other_accounts_and_regions_hear_nothing(aws, ecr, listened, name):
    partner, elsewhere = Ear(aws, PARTNER), Ear(aws, region="eu-west-1")
    for each in (partner, elsewhere):
        each.of(name)
    push(ecr, name, image(name), "1")
    assert [len(each.heard()) for each in (partner, elsewhere, listened)] == [0, 0, 1]
    aws("ecr", region="eu-west-1").create_repository(repositoryName=name)
    push(aws("ecr", region="eu-west-1"), name, image(name), "1")
    assert [len(each.heard()) for each in (partner, listened)] == [0, 0]
    (event,) = elsewhere.heard()
    assert (event["region"], event["account"]) == ("eu-west-1", ACCOUNT)
    for each in (partner, elsewhere):
        each.close()


def test_disabled_and_deleted_rules_are_silent(ecr, ear, name):
    rule = ear.of(name, State="DISABLED")
    push(ecr, name, image("one"), "1")
    assert ear.heard() == []
    ear.events.enable_rule(Name=rule)
    push(ecr, name, image("two"), "2")
    assert len(ear.heard()) == 1
    ear.events.disable_rule(Name=rule)
    push(ecr, name, image("three"), "3")
    assert ear.heard() == []
    ear.events.enable_rule(Name=rule)
    ear.events.remove_targets(Rule=rule, Ids=["queue"])
    ear.events.delete_rule(Name=rule)
    ear.rules.remove(rule)
    push(ecr, name, image("four"), "4")
    assert ear.heard() == []


def test_each_rule_that_chooses_an_event_delivers_it(ecr, ear, name):
    ear.of(name)
    ear.rule({"detail": {"repository-name": [name], "image-tag": [{"prefix": "v"}]}})
    ear.rule({"detail": {"repository-name": [name], "image-tag": [{"anything-but": {"prefix": "v"}}]}})
    push(ecr, name, image("one"), "v1")
    assert len(ear.heard()) == 2
    push(ecr, name, image("two"), "1")
    assert len(ear.heard()) == 2


def test_an_event_arrives_within_a_second(ecr, listened, name):
    push(ecr, name, image("warm"), "0")
    listened.queue.events()

    def delay(number):
        began = time.monotonic()
        push(ecr, name, image("two"), str(number))
        listened.queue.events()
        return time.monotonic() - began

    assert any(delay(number) < 1 for number in range(1, 20))  # whatever else the computer does now and then


def test_many_pushes_arrive_in_order(ecr, listened, name):
    pushed = push(ecr, name, image(name), "0")
    for number in range(1, 30):
        ecr.put_image(repositoryName=name, imageManifest=pushed.text, imageTag=str(number))
    assert [event["detail"]["image-tag"] for event in listened.queue.events(30)] == [str(number) for number in range(30)]


@pytest.mark.skopeo
def test_skopeos_push_is_announced(listened, skopeo, shell, registry_password, name, tmp_path):
    specimen = sound_image(name)
    target = f"docker://{shell['ECRLAB_REGISTRY']}/{name}:1.0"
    skopeo("copy", "--dest-tls-verify=false", "--dest-creds", f"AWS:{registry_password()}", f"oci:{write_layout(tmp_path / 'layout', specimen)}", target)
    assert details(listened.queue.events()) == [("PUSH", specimen.digest, "1.0")]


@pytest.mark.docker
def test_dockers_push_is_announced(listened, docker_cli, docker_engine, registry_host, registry_password, name, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    docker_cli("login", "--username", "AWS", "--password-stdin", registry_host(), input=registry_password())
    target = f"{registry_host()}/{name}:1.0"
    docker_cli("build", "--tag", target, str(tmp_path))
    docker_cli("push", target)
    events = listened.queue.events()
    assert events[-1]["detail"]["action-type"] == "PUSH"


# a lab that is killed

DEAF = (  # a lab that takes events, and delivers none
    "-c",
    "import sys, localecr; from localecr.events.delivery import Deliverer; Deliverer._empty = lambda self: None; localecr.start(sys.argv[1], port=0).wait()",
)


def prepare(process):
    sqs, events = process.client("sqs"), process.client("events")
    queue = Queue(sqs)
    events.put_rule(Name="pushes", EventPattern='{"source": ["aws.ecr"]}')
    events.put_targets(Rule="pushes", Targets=[{"Id": "queue", "Arn": queue.arn}])
    process.client().create_repository(repositoryName="web")
    return queue


def test_what_waited_when_the_lab_was_killed_is_delivered_after_its_start(state):
    with Process(state, DEAF) as process:
        queue = prepare(process)
        pushed = push(process.client(), "web", image("web"), "1")
        process.kill()
    assert sqlite3.connect(state / "lab.sqlite").execute("SELECT COUNT(*) FROM outbox").fetchone() == (1,)
    with Process(state) as again:
        queue.sqs, queue.url = again.client("sqs"), again.client("sqs").get_queue_url(QueueName=queue.arn.rpartition(":")[2])["QueueUrl"]
        assert details(queue.events()) == [("PUSH", pushed.digest, "1")]
        push(again.client(), "web", pushed, "2")
        assert details(queue.events()) == [("PUSH", pushed.digest, "2")]


def test_what_was_delivered_is_in_the_queue_after_a_kill(state):
    with Process(state) as process:
        queue = prepare(process)
        push(process.client(), "web", image("web"), "1")
        queue.messages_that_wait(1)
        process.kill()
    with Process(state) as again:
        queue.sqs, queue.url = again.client("sqs"), again.client("sqs").get_queue_url(QueueName=queue.arn.rpartition(":")[2])["QueueUrl"]
        assert details(queue.events())[0][0] == "PUSH"


def test_a_lab_without_rules_keeps_no_events(state):
    with Process(state, DEAF) as process:
        process.client().create_repository(repositoryName="web")
        push(process.client(), "web", image("web"), "1")
        assert sqlite3.connect(state / "lab.sqlite").execute("SELECT COUNT(*) FROM outbox").fetchone() == (0,)


def test_what_cannot_be_delivered_holds_up_nothing(ecr, ear, name, aws):
    gone = Queue(aws("sqs"))
    ear.of(name, {"Id": "gone", "Arn": gone.arn}, {"Id": "queue", "Arn": ear.queue.arn})
    aws("sqs").delete_queue(QueueUrl=gone.url)
    push(ecr, name, image(name), "1")
    assert len(ear.heard()) == 1


# events of learners' own


def put(events, *entries):
    return events.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": "{}"} | entry for entry in entries])


def test_a_learners_event_is_delivered(ear, door):
    source = fresh("shop")
    ear.rule({"source": [source], "detail": {"total": [{"numeric": [">", 10]}]}})
    answer = put(ear.events, {"Source": source, "Detail": '{"total": 9}'}, {"Source": source, "Detail": '{"total": 10.5, "to": "Zoë"}', "Resources": ["arn:x"]})
    assert answer["FailedEntryCount"] == 0
    (event,) = ear.heard()
    assert event == {
        "version": "0", "id": answer["Entries"][1]["EventId"], "detail-type": "order", "source": source, "account": ACCOUNT, "time": moment(door),
        "region": "us-east-1", "resources": ["arn:x"], "detail": {"total": 10.5, "to": "Zoë"},
    }  # fmt: skip


def test_an_entry_is_refused_for_itself(ear):
    answer = put(ear.events, {"Source": ""}, {"DetailType": ""}, {"Detail": ""}, {"Detail": "["}, {"Detail": '"x"'}, {"Source": "aws.ecr"}, {"Detail": '{"a":"\\ud800"}'}, {})
    codes = [each.get("ErrorCode") for each in answer["Entries"]]
    assert codes == ["InvalidArgument"] * 3 + ["MalformedDetail"] * 2 + ["NotAuthorizedForSourceException", "MalformedDetail", None]
    assert answer["FailedEntryCount"] == 7
    assert answer["Entries"][0]["ErrorMessage"] == "Parameter Source is not valid. Reason: Source is a required argument."


def test_an_event_nested_without_end_is_refused(ear):
    answer = put(ear.events, {"Detail": '{"a":' * 5000 + "1" + "}" * 5000}, {"Detail": '{"a":' + "[" * 300 + "]" * 300 + "}"})
    assert [each["ErrorCode"] for each in answer["Entries"]] == ["MalformedDetail"] * 2


def test_too_many_bytes_are_refused(ear):
    with pytest.raises(ear.events.exceptions.ClientError) as error:
        put(ear.events, {"Detail": json.dumps({"a": "x" * 262_144})})
    assert error.value.response["Error"] == {"Code": "ValidationException", "Message": "Total size of the entries in the request is over the limit."}


def test_a_bus_of_ones_own_has_rules_of_its_own(ear):
    bus, source = fresh("bus"), fresh("shop")
    ear.events.create_event_bus(Name=bus)
    rule = ear.rule({"source": [source]}, EventBusName=bus)
    ear.rules.remove(rule)
    put(ear.events, {"Source": source, "EventBusName": bus, "Detail": '{"n": 1}'}, {"Source": source, "Detail": '{"n": 2}'})
    assert [event["detail"] for event in ear.heard()] == [{"n": 1}]
    arn = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{bus}"
    put(ear.events, {"Source": source, "EventBusName": arn, "Detail": '{"n": 3}'}, {"Source": source, "EventBusName": "nowhere"})
    assert [event["detail"] for event in ear.heard()] == [{"n": 3}]


def test_a_bus_that_somebody_may_not_use_is_refused_whichever_entry_is_for_it(aws, lab_endpoint, ear):
    iam, user, bus = aws("iam"), fresh("user"), f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/"
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="one", PolicyDocument=document("events:PutEvents", resource=bus + "default"))
    mine = signing(lab_endpoint.url, iam.create_access_key(UserName=user)["AccessKey"])("events")
    assert put(mine, {})["FailedEntryCount"] == 0
    with pytest.raises(mine.exceptions.ClientError, match=f"not authorized to perform: events:PutEvents on resource: {bus}other"):
        put(mine, {}, {"EventBusName": "other"})


# what a rule counts, and who finds out what went wrong


def counted(aws, rule, metric):
    cloudwatch = aws("cloudwatch")
    found = cloudwatch.list_metrics(Namespace="AWS/Events", MetricName=metric, Dimensions=[{"Name": "RuleName", "Value": rule}])["Metrics"]
    return len(found)


def test_a_queue_that_does_not_let_eventbridge_in_gets_nothing(aws, ecr, ear, name, caplog):
    closed = Queue(aws("sqs"), policy=lets_in("arn:aws:sqs:us-east-1:*:another"))
    rule = ear.of(name, {"Id": "closed", "Arn": closed.arn}, {"Id": "queue", "Arn": ear.queue.arn})
    push(ecr, name, image(name), "1")
    assert len(ear.heard()) == 1
    assert "Messages" not in aws("sqs").receive_message(QueueUrl=closed.url)
    sentence = "events.amazonaws.com is not authorized to perform: sqs:SendMessage on resource"
    assert f"The rule {rule} couldn't deliver to {closed.arn}: {sentence}" in caplog.text
    assert [counted(aws, rule, metric) for metric in ("MatchedEvents", "Invocations", "FailedInvocations")] == [1, 1, 1]


def test_a_queue_may_let_one_rule_in_alone(aws, ecr, ear, name):
    rule, other = ear.of(name, {"Id": "queue", "Arn": "arn:aws:sqs:us-east-1:1:x"}), ear.rule({"source": ["nobody"]})
    arn = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/"
    queue = Queue(aws("sqs"))
    ear.events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": queue.arn}])
    queue.allow(lets_in(queue.arn, ArnEquals={"aws:SourceArn": arn + other}))
    push(ecr, name, image("one"), "1")
    assert ear.heard() == []
    queue.allow(lets_in(queue.arn, ArnEquals={"aws:SourceArn": arn + rule}, StringEquals={"aws:SourceAccount": ACCOUNT}))
    push(ecr, name, image("two"), "2")
    assert [event["detail"]["image-tag"] for event in queue.events()] == ["2"]


def test_what_a_target_refuses_goes_to_its_dead_letter_queue(aws, ecr, ear, name):
    closed, letters = Queue(aws("sqs"), policy=lets_in("arn:aws:sqs:us-east-1:*:another")), Queue(aws("sqs"))
    rule = ear.of(name, {"Id": "closed", "Arn": closed.arn, "DeadLetterConfig": {"Arn": letters.arn}})
    push(ecr, name, image(name), "1")
    (message,) = letters.messages()
    told = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert (told["RULE_ARN"], told["TARGET_ARN"], told["ERROR_CODE"]) == (f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{rule}", closed.arn, "NO_PERMISSIONS")
    assert json.loads(message["Body"])["detail"]["image-tag"] == "1"
