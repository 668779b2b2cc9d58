"""What learners made with the neighbours outlives the process, however it ends; and what wasn't acknowledged isn't there."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

import localecr
from exertion import ends_soon
from labs import Process
from localecr import neighbours
from localecr.door import Door
from localecr.errors import AwsError
from localecr.neighbours import messages
from people import ACCOUNT, document, signing, trust


def everything(process):
    """What is there, as each service tells it; what it says of the moment, but not of the state, is left out."""
    iam, sqs = process.client("iam"), process.client("sqs")
    found = {
        "users": iam.list_users()["Users"],
        "roles": iam.list_roles()["Roles"],
        "policies": iam.list_policies(Scope="Local")["Policies"],
        "keys": iam.list_access_keys(UserName="alice")["AccessKeyMetadata"],
        "queues": sqs.list_queues()["QueueUrls"],
        "queue": sqs.get_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName="orders")["QueueUrl"], AttributeNames=["All"])["Attributes"],
        "rules": process.client("events").list_rules()["Rules"],
        "targets": process.client("events").list_targets_by_rule(Rule="pushes")["Targets"],
        "alarms": process.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "topics": process.client("sns").list_topics()["Topics"],
        "subscriptions": process.client("sns").list_subscriptions()["Subscriptions"],
        "logs": process.client("logs").describe_log_groups()["logGroups"],
        "events": process.client("logs").get_log_events(logGroupName="/app", logStreamName="one")["events"],
        "secret": process.client("secretsmanager").get_secret_value(SecretId="password"),
    }
    found["secret"].pop("ResponseMetadata")
    return found


@pytest.fixture
def inhabited(state):
    """A lab in which a learner made something of each kind; what was there, and the keys of alice."""
    with Process(state) as process:
        iam, sqs, events, sns = (process.client(service) for service in ("iam", "sqs", "events", "sns"))
        iam.create_user(UserName="alice", Tags=[{"Key": "team", "Value": "shop"}])
        arn = iam.create_policy(PolicyName="pull", PolicyDocument=document("ecr:*", "sqs:*", "sts:*"))["Policy"]["Arn"]
        iam.attach_user_policy(UserName="alice", PolicyArn=arn)
        iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=trust(ACCOUNT))
        key = iam.create_access_key(UserName="alice")["AccessKey"]
        session = signing(process.url, key)("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/deployer", RoleSessionName="one")["Credentials"]
        url = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "7"})["QueueUrl"]
        for number in range(5):
            sqs.send_message(QueueUrl=url, MessageBody=f"order {number}", MessageAttributes={"n": {"DataType": "Binary", "BinaryValue": bytes([number])}})
        received = sqs.receive_message(QueueUrl=url)["Messages"][0]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=received["ReceiptHandle"])
        events.put_rule(Name="pushes", EventPattern='{"source": ["aws.ecr"]}')
        events.put_targets(Rule="pushes", Targets=[{"Id": "1", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"}])
        topic = sns.create_topic(Name="news")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders")
        sns.publish(TopicArn=topic, Message="order 9")
        process.client("cloudwatch").put_metric_alarm(AlarmName="quota", MetricName="CallCount", Namespace="AWS/Usage", Statistic="Sum", Period=60,
                                                      EvaluationPeriods=1, Threshold=9.0, ComparisonOperator="GreaterThanThreshold")  # fmt: skip
        logs = process.client("logs")
        logs.create_log_group(logGroupName="/app")
        logs.create_log_stream(logGroupName="/app", logStreamName="one")
        logs.put_log_events(logGroupName="/app", logStreamName="one", logEvents=[{"timestamp": int(process.door.clock().timestamp() * 1000), "message": "up"}])
        process.client("secretsmanager").create_secret(Name="password", SecretString="hush")
        yield process, everything(process), key, session


def test_after_a_kill_everything_is_as_it_was(inhabited, state):
    process, before, key, session = inhabited
    process.kill()
    with Process(state) as again:
        after = json.loads(json.dumps(everything(again), default=str))
        for address in (process.url, again.url):  # a queue's address is the lab's, which took another port
            before, after = (json.loads(json.dumps(each, default=str).replace(address, "")) for each in (before, after))
        assert after == before
        assert signing(again.url, key)("sts").get_caller_identity()["Arn"].endswith("user/alice")
        assert signing(again.url, session)("sts").get_caller_identity()["Arn"].endswith("assumed-role/deployer/one")


def test_messages_come_back_each_once_and_in_order(inhabited, state):
    process, *_ = inhabited
    process.kill()
    with Process(state) as again:
        sqs = again.client("sqs")
        url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
        messages = [sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", []) for _ in range(6)]
        found = [(message["Body"], message.get("MessageAttributes", {}).get("n", {}).get("BinaryValue")) for each in messages for message in each]
        assert found[:4] == [(f"order {number}", bytes([number])) for number in range(1, 5)]
        assert [json.loads(body)["Message"] for body, _ in found[4:]] == ["order 9"]


def test_a_lab_that_never_used_the_neighbours_starts_without_them(seeded):
    assert sqlite3.connect(seeded / "lab.sqlite").execute("SELECT COUNT(*) FROM journal").fetchone() == (0,)


def test_the_registrys_calls_need_no_moto(state):
    script = """if True:
        import sys, boto3, localecr
        from localecr.door import Door
        with localecr.start(sys.argv[1], port=0) as lab:
            keys = Door.find(sys.argv[1]).keys("111122223333")
            for service, call in (("ecr", "describe_repositories"), ("sts", "get_caller_identity")):
                client = boto3.client(service, region_name="us-east-1", endpoint_url=lab.url,
                                      aws_access_key_id=keys["access_key_id"], aws_secret_access_key=keys["secret_access_key"])
                getattr(client, call)()
        print([name for name in sys.modules if name == "moto" or name == "flask"])
    """
    assert subprocess.run([sys.executable, "-c", script, str(state)], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_persons_own_settings_do_not_reach_moto(state, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-is-not-there")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "moon-north-1")
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "123456789012")
    script = """if True:
        import sys, localecr
        from localecr import neighbours
        with localecr.start(sys.argv[1], port=0) as lab:
            print(neighbours.execute(lab._lab, "111122223333", "eu-west-1", "sns", "CreateTopic", {"Name": "t"})["TopicArn"])
    """
    said = subprocess.run([sys.executable, "-c", script, str(state)], capture_output=True, text=True, check=True).stdout
    assert said == f"arn:aws:sns:eu-west-1:{ACCOUNT}:t\n"


@pytest.fixture
def lab(state):
    """A lab in this process: what its parts work on."""
    with localecr.start(state, port=0) as endpoint:
        yield endpoint._lab


def run(lab, service, operation, account=ACCOUNT, **parameters):
    return neighbours.execute(lab, account, "us-east-1", service, operation, parameters)


def test_what_moto_refuses_leaves_no_entry(lab):
    run(lab, "iam", "CreateUser", UserName="bob")
    entries = lab.database.one("SELECT COUNT(*) FROM journal")[0]
    with pytest.raises(AwsError) as refused:
        run(lab, "iam", "CreateUser", UserName="bob")
    assert refused.value.code == "EntityAlreadyExists"
    assert lab.database.one("SELECT COUNT(*) FROM journal")[0] == entries


def test_a_change_whose_transaction_is_taken_back_is_gone(lab):
    run(lab, "sqs", "CreateQueue", QueueName="kept")
    with pytest.raises(ZeroDivisionError), lab.database.write():
        run(lab, "sqs", "CreateQueue", QueueName="lost")
        run(lab, "iam", "CreateUser", UserName="lost")
        1 / 0  # noqa: B018
    assert list(neighbours.backend(lab, "sqs", ACCOUNT, "us-east-1").queues) == ["kept"]
    assert "lost" not in neighbours.backend(lab, "iam", ACCOUNT, "us-east-1").users
    run(lab, "iam", "CreateUser", UserName="lost")


def test_two_labs_in_a_process_share_nothing(lab, state):
    run(lab, "iam", "CreateUser", UserName="alone")
    other_state = state.with_name("other")
    with localecr.start(other_state, port=0) as other:
        assert "alone" not in neighbours.backend(other._lab, "iam", ACCOUNT, "us-east-1").users
        first, second = (run(each, "iam", "CreateAccessKey", UserName="learner")["AccessKey"]["SecretAccessKey"] for each in (lab, other._lab))
        assert first != second  # though they are entries of the same number


def test_what_was_made_and_deleted_leaves_no_entries(lab):
    def entries():
        return lab.database.one("SELECT COUNT(*) FROM journal")[0]

    run(lab, "iam", "ListUsers")
    before = entries()
    for _ in range(2):
        run(lab, "iam", "CreateUser", UserName="guest")
        run(lab, "iam", "PutUserPolicy", UserName="guest", PolicyName="p", PolicyDocument=document("ecr:*"))
        run(lab, "iam", "DeleteUserPolicy", UserName="guest", PolicyName="p")
        run(lab, "iam", "DeleteUser", UserName="guest")
        run(lab, "logs", "CreateLogGroup", logGroupName="/g")
        run(lab, "logs", "DeleteLogGroup", logGroupName="/g")
        run(lab, "events", "PutRule", Name="r", EventPattern='{"source": ["aws.ecr"]}')
        run(lab, "events", "DeleteRule", Name="r")
    assert entries() == before
    neighbours.world.of(lab).forget()
    assert list(neighbours.backend(lab, "iam", ACCOUNT, "us-east-1").users) == ["learner"]


def test_a_renamed_user_is_deleted_for_good(lab):
    run(lab, "iam", "CreateUser", UserName="a")
    run(lab, "iam", "UpdateUser", UserName="a", NewUserName="b")
    run(lab, "iam", "CreateUser", UserName="a")
    run(lab, "iam", "DeleteUser", UserName="b")
    neighbours.world.of(lab).forget()
    assert list(neighbours.backend(lab, "iam", ACCOUNT, "us-east-1").users) == ["learner", "a"]


def test_only_what_was_touched_is_said_to_be(lab):
    assert not neighbours.touched(lab, "events")
    run(lab, "events", "PutRule", Name="r", EventPattern='{"source": ["aws.ecr"]}')
    assert neighbours.touched(lab, "events")
    assert not neighbours.touched(lab, "sns")


def test_policies_of_resources_are_found(lab):
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:guarded"
    assert neighbours.resource_policy(lab, arn) is None
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})
    url = run(lab, "sqs", "CreateQueue", QueueName="guarded", Attributes={"Policy": policy})["QueueUrl"]
    assert json.loads(neighbours.resource_policy(lab, arn)) == json.loads(policy)
    run(lab, "sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})
    assert neighbours.resource_policy(lab, arn) is None
    topic = run(lab, "sns", "CreateTopic", Name="t")["TopicArn"]
    assert json.loads(neighbours.resource_policy(lab, topic))["Statement"]
    run(lab, "logs", "PutResourcePolicy", policyName="events", policyDocument=policy)
    assert json.loads(neighbours.resource_policy(lab, f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/app:log-stream:"))["Statement"] == json.loads(policy)["Statement"]


def test_a_queue_that_was_emptied_stays_empty(lab):
    url = run(lab, "sqs", "CreateQueue", QueueName="q")["QueueUrl"]
    for operation in ("PurgeQueue", "DeleteQueue"):
        run(lab, "sqs", "SendMessage", QueueUrl=url, MessageBody="x")
        run(lab, "sqs", operation, QueueUrl=url)
        assert lab.database.one("SELECT COUNT(*) FROM messages")[0] == 0


def test_a_message_that_nobody_can_handle_moves_for_good(lab):
    dead = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
    run(lab, "sqs", "CreateQueue", QueueName="dead")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})
    url = run(lab, "sqs", "CreateQueue", QueueName="q", Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "0"})["QueueUrl"]
    run(lab, "sqs", "SendMessage", QueueUrl=url, MessageBody="x")
    for _ in range(2):
        run(lab, "sqs", "ReceiveMessage", QueueUrl=url)
    assert lab.database.one("SELECT queue FROM messages")[0] == dead


def test_many_change_at_once_and_all_of_it_is_kept(lab):
    def make(number):
        for each in range(10):
            run(lab, "iam", "CreateUser", UserName=f"user-{number}-{each}")
            neighbours.execute(lab, ACCOUNT, "us-east-1", "iam", "ListUsers", {})

    threads = [threading.Thread(target=make, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = {user.name: user.id for user in neighbours.backend(lab, "iam", ACCOUNT, "us-east-1").users.values()}
    neighbours.world.of(lab).forget()
    assert {user.name: user.id for user in neighbours.backend(lab, "iam", ACCOUNT, "us-east-1").users.values()} == ids
    assert len(ids) == 51


MEETING = """
import sys, threading, time
from importlib.machinery import PathFinder
from localecr.neighbours import world

begun, there = threading.Event(), threading.Event()

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "requests.exceptions" and not begun.is_set():
            found = PathFinder.find_spec(name, path)
            run = found.loader.exec_module
            found.loader.exec_module = lambda module: (begun.set(), there.wait(2) and time.sleep(0.2), run(module))
            return found
        if name == "responses":
            there.set()

sys.meta_path.insert(0, Slow())
threading.Thread(target=__import__, args=("requests",)).start()
begun.wait()
world.load_moto()
"""


def test_moto_is_loaded_while_another_thread_imports_what_it_needs():
    done = subprocess.run([sys.executable, "-c", MEETING], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_hundreds_of_entries_are_replayed_soon(lab):
    for number in range(300):
        run(lab, "iam", "CreateUser", UserName=f"user-{number}")
    neighbours.world.of(lab).forget()
    ends_soon(lambda: neighbours.backend(lab, "iam", ACCOUNT, "us-east-1"))
    assert len(neighbours.backend(lab, "iam", ACCOUNT, "us-east-1").users) == 301


def is_waited_for():
    """Whether a thread of this process waits for messages."""
    for frame in sys._current_frames().values():
        while frame is not None:
            if frame.f_code is messages.Arrivals.wait.__code__:
                return True
            frame = frame.f_back
    return False


def test_waiting_for_messages_ends_with_the_lab(state):
    with localecr.start(state, port=0) as endpoint:
        key = Door.find(state).keys(ACCOUNT)
        sqs = signing(endpoint.url, {"AccessKeyId": key["access_key_id"], "SecretAccessKey": key["secret_access_key"]})("sqs")
        url, answered = sqs.create_queue(QueueName="q")["QueueUrl"], []
        thread = threading.Thread(target=lambda: answered.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)))
        thread.start()
        while not is_waited_for():
            time.sleep(0.01)
        endpoint.stop()  # which cuts off what doesn't end by itself
        thread.join()
        assert "Messages" not in answered[0]
