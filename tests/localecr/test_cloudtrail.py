"""The event history: who did what, asked for by LookupEvents. AWS: CloudTrail API reference, LookupEvents; working with CloudTrail event history."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from itertools import product

import pytest
from botocore.client import BaseClient

from awsapi import refused
from labs import Process
from localecr import cloudtrail
from people import document, fresh, signing
from specimens import image

ACCOUNT, PARTNER = "111122223333", "444455556666"


def every_event(client: BaseClient, **asked):
    """Of all pages."""
    return [event for page in client.get_paginator("lookup_events").paginate(**asked) for event in page["Events"]]


def by(key, value):
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


@pytest.fixture
def trail(aws):
    """Your account's event history, in us-east-1."""
    return aws("cloudtrail")


def names(events):
    return [event["EventName"] for event in events]


# ---- an event


def test_an_event_has_the_record_and_what_it_can_be_found_by(trail, ecr, http, name, door):
    http.push(image("an event"), "1")
    newest = trail.lookup_events(**by("ResourceName", name), MaxResults=1)["Events"][0]
    record = json.loads(newest.pop("CloudTrailEvent"))
    assert newest == {
        "EventId": record["eventID"],
        "EventName": "PutImage",
        "ReadOnly": "false",
        "AccessKeyId": door.keys(ACCOUNT)["access_key_id"],
        "EventTime": door.clock(),
        "EventSource": "ecr.amazonaws.com",
        "Username": "learner",
        "Resources": [{"ResourceType": "AWS::ECR::Repository", "ResourceName": name}],
    }
    assert record["requestParameters"]["imageTag"] == "1"
    assert record["eventTime"] == f"{door.clock():%Y-%m-%dT%H:%M:%SZ}"


def test_a_refused_call_is_an_event_that_says_so(trail, ecr, name):
    with refused("RepositoryAlreadyExistsException"):
        ecr.create_repository(repositoryName=name)
    (again, first) = every_event(trail, **by("ResourceName", name))
    assert json.loads(again["CloudTrailEvent"])["errorCode"] == "RepositoryAlreadyExistsException"
    assert "errorCode" not in json.loads(first["CloudTrailEvent"])


def test_a_login_has_no_resource(trail, ecr):
    ecr.get_authorization_token()
    (event,) = trail.lookup_events(**by("EventName", "GetAuthorizationToken"), MaxResults=1)["Events"]
    assert event["Resources"] == []


def test_looking_is_an_event_itself(trail):
    trail.lookup_events(**by("EventName", "LookupEvents"))
    (event,) = trail.lookup_events(**by("EventName", "LookupEvents"), MaxResults=1)["Events"]
    record = json.loads(event["CloudTrailEvent"])
    assert (event["EventSource"], event["ReadOnly"]) == ("cloudtrail.amazonaws.com", "true")
    assert record["requestParameters"] == {"lookupAttributes": [{"attributeKey": "EventName", "attributeValue": "LookupEvents"}]}
    assert record["responseElements"] is None


def test_the_newest_comes_first(trail, ecr, name, later):
    later(seconds=5)
    ecr.list_images(repositoryName=name)
    later(seconds=5)
    ecr.describe_images(repositoryName=name)
    events = every_event(trail, **by("ResourceName", name))
    assert names(events) == ["DescribeImages", "ListImages", "CreateRepository"]
    assert [event["EventTime"] for event in events] == sorted((event["EventTime"] for event in events), reverse=True)


# ---- each attribute


def test_events_are_found_by_each_attribute(trail, ecr, http, name):
    http.push(image("attributes"), "1")
    ecr.describe_images(repositoryName=name)
    known = every_event(trail, **by("ResourceName", name))
    assert len(known) > 5
    for event in known[:: len(known) - 1]:  # the newest, which reads, and the oldest, which writes
        asked = {key: event[key] for key in ("EventId", "EventName", "ReadOnly", "Username", "EventSource", "AccessKeyId")}
        asked |= event["Resources"][0]
        for key, value in asked.items():
            found = every_event(trail, **by(key, value))
            assert event["EventId"] in {each["EventId"] for each in found}, key
            where = (lambda each: each["Resources"][0]) if key.startswith("Resource") else lambda each: each
            assert {where(each)[key] for each in found} == {value}, key


def test_a_resource_is_found_by_its_arn_too(trail, name):
    arn = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{name}"
    assert names(every_event(trail, **by("ResourceName", arn))) == ["CreateRepository"]


def test_a_leaked_key_is_followed_by_its_id_alone(aws, trail, name, lab_endpoint, door):
    user, iam = fresh("ci"), aws("iam")
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=document("ecr:*"))
    key, leaked = (iam.create_access_key(UserName=user)["AccessKey"] for _ in range(2))
    signing(lab_endpoint.url, key)("ecr").describe_repositories()
    thief = signing(lab_endpoint.url, leaked)("ecr")
    thief.list_images(repositoryName=name)
    thief.delete_repository(repositoryName=name)
    assert names(every_event(trail, **by("AccessKeyId", leaked["AccessKeyId"]))) == ["DeleteRepository", "ListImages"]
    assert names(every_event(trail, **by("Username", user))) == ["DeleteRepository", "ListImages", "DescribeRepositories"]
    made = json.loads(every_event(trail, **by("EventName", "CreateAccessKey"))[0]["CloudTrailEvent"])
    assert made["responseElements"]["accessKey"]["accessKeyId"] == leaked["AccessKeyId"]
    assert leaked["SecretAccessKey"] not in json.dumps(made)


def test_what_nobody_did_is_not_found(trail):
    for key in cloudtrail.ATTRIBUTES:
        if key != "ReadOnly":
            assert every_event(trail, **by(key, "nobody's")) == [], key


@pytest.mark.parametrize("value", ["' OR '1'='1", "%", "*", "Create%", "\x00", "é" * 100, "createrepository"])
def test_a_value_is_taken_by_the_letter(trail, name, value):
    assert every_event(trail, **by("EventName", value)) == []


# ---- accounts and Regions


def test_an_account_and_region_see_their_own(aws, trail, free_repository):
    aws("ecr", region="eu-west-1").create_repository(repositoryName=free_repository)
    assert every_event(trail, **by("ResourceName", free_repository)) == []
    assert every_event(aws("cloudtrail", account=PARTNER, region="eu-west-1"), **by("ResourceName", free_repository)) == []
    assert names(every_event(aws("cloudtrail", region="eu-west-1"), **by("ResourceName", free_repository))) == ["CreateRepository"]


def test_global_services_are_in_us_east_1(aws, trail, free_repository):
    user = fresh("global")
    aws("iam", region="eu-west-1").create_user(UserName=user)
    aws("ecr-public", region="us-west-2").create_repository(repositoryName=free_repository)
    assert names(every_event(trail, **by("ResourceName", user))) == ["CreateUser"]
    (event,) = every_event(trail, **by("ResourceName", free_repository))
    assert event["Resources"] == [{"ResourceType": "AWS::ECR::PublicRepository", "ResourceName": free_repository}]


def test_a_call_on_anothers_repository_is_in_both_histories(aws, trail, name):
    with refused("AccessDeniedException"):
        aws("ecr", account=PARTNER).list_images(registryId=ACCOUNT, repositoryName=name)
    theirs = every_event(aws("cloudtrail", account=PARTNER), **by("ResourceName", name))
    ours = every_event(trail, **by("ResourceName", name))
    assert (names(theirs), names(ours)) == (["ListImages"], ["ListImages", "CreateRepository"])
    assert theirs[0]["Username"] == "learner"
    assert "Username" not in ours[0] and "AccessKeyId" not in ours[0]


def test_data_events_are_no_part_of_it(aws, trail):
    queue = aws("sqs").create_queue(QueueName=fresh("queue"))["QueueUrl"]
    aws("sqs").send_message(QueueUrl=queue, MessageBody="hello")
    name = queue.rpartition("/")[2]
    assert names(every_event(trail, **by("ResourceName", name))) == ["CreateQueue"]
    assert every_event(trail, **by("EventName", "SendMessage")) == []


# ---- times


def test_a_window_holds_both_its_ends(trail, ecr, name, door, later):
    later(minutes=1)
    ecr.list_images(repositoryName=name)
    moment = door.clock()
    later(minutes=1)
    ecr.describe_images(repositoryName=name)
    about, minute, second = by("ResourceName", name), timedelta(minutes=1), timedelta(seconds=1)
    assert names(every_event(trail, **about, StartTime=moment, EndTime=moment)) == ["ListImages"]
    assert names(every_event(trail, **about, StartTime=moment)) == ["DescribeImages", "ListImages"]
    assert names(every_event(trail, **about, EndTime=moment)) == ["ListImages", "CreateRepository"]
    assert names(every_event(trail, **about, StartTime=moment + second, EndTime=moment + minute)) == ["DescribeImages"]
    assert names(every_event(trail, **about, StartTime=moment + minute + second)) == []


def test_ninety_days_are_remembered(trail, name, later):
    later(days=89)
    assert names(every_event(trail, **by("ResourceName", name))) == ["CreateRepository"]
    later(days=2)
    assert every_event(trail, **by("ResourceName", name)) == []


# ---- pages


def test_pages_miss_and_repeat_nothing_while_new_events_come_in(trail, ecr, name):
    for _ in range(6):
        ecr.list_images(repositoryName=name)
    asked, found = by("ResourceName", name) | {"MaxResults": 2}, []
    before = every_event(trail, **by("ResourceName", name))
    while True:
        page = trail.lookup_events(**asked)
        assert len(page["Events"]) <= 2
        found += page["Events"]
        ecr.describe_images(repositoryName=name)
        if "NextToken" not in page:
            break
        asked["NextToken"] = page["NextToken"]
    assert [each["EventId"] for each in found] == [each["EventId"] for each in before]


def test_fifty_are_a_page_and_one_may_be(trail, ecr, name):
    for _ in range(51):
        ecr.list_images(repositoryName=name)
    page = trail.lookup_events(**by("ResourceName", name))
    assert len(page["Events"]) == 50
    rest = trail.lookup_events(**by("ResourceName", name), NextToken=page["NextToken"], MaxResults=1)
    assert names(rest["Events"]) == ["ListImages"]
    last = trail.lookup_events(**by("ResourceName", name), NextToken=rest["NextToken"])
    assert (names(last["Events"]), "NextToken" in last) == (["CreateRepository"], False)


def test_a_token_goes_with_its_question_alone(aws, trail, ecr, name, door):
    ecr.list_images(repositoryName=name)
    token = trail.lookup_events(**by("ResourceName", name), MaxResults=1)["NextToken"]
    others = [by("ResourceName", "other"), by("EventName", name), {}, by("ResourceName", name) | {"EndTime": door.clock()}]
    for asked in others:
        with refused("InvalidNextTokenException"):
            trail.lookup_events(**asked, NextToken=token)
    for elsewhere in (aws("cloudtrail", account=PARTNER), aws("cloudtrail", region="eu-west-1")):
        with refused("InvalidNextTokenException"):
            elsewhere.lookup_events(**by("ResourceName", name), NextToken=token)
    for spoilt in (token[:-1], token + "A", token.swapcase(), "x", "é", "=", "A" * 10_000):
        with refused("InvalidNextTokenException"):
            trail.lookup_events(**by("ResourceName", name), NextToken=spoilt)


# ---- refusals


REFUSED = [
    ("InvalidLookupAttributesException", {"LookupAttributes": [*by("EventName", "a")["LookupAttributes"], *by("EventName", "b")["LookupAttributes"]]}),
    ("InvalidLookupAttributesException", by("Colour", "blue")),
    ("InvalidLookupAttributesException", by("eventName", "PutImage")),
    ("InvalidLookupAttributesException", by("EventName", "x" * 2001)),
    ("InvalidLookupAttributesException", by("EventName", "_" * 1001)),
    ("InvalidLookupAttributesException", by("ReadOnly", "True")),
    ("InvalidTimeRangeException", {"StartTime": "2026-01-02T00:00:00Z", "EndTime": "2026-01-01T00:00:00Z"}),
    ("InvalidMaxResultsException", {"MaxResults": 51}),
    ("InvalidMaxResultsException", {"MaxResults": 10**6}),
    ("InvalidEventCategoryException", {"EventCategory": "management"}),
]


@pytest.mark.parametrize(("code", "asked"), REFUSED, ids=[f"{code} {str(asked)[:60]}" for code, asked in REFUSED])
def test_a_question_that_makes_no_sense_has_its_own_error(trail, code, asked):
    with refused(code):
        trail.lookup_events(**asked)


def test_a_refused_question_is_an_event_too(trail):
    with refused("InvalidMaxResultsException"):
        trail.lookup_events(MaxResults=60)
    (event,) = trail.lookup_events(**by("EventName", "LookupEvents"), MaxResults=1)["Events"]
    assert json.loads(event["CloudTrailEvent"])["errorCode"] == "InvalidMaxResultsException"


def test_the_longest_values_are_taken(trail):
    assert trail.lookup_events(**by("EventName", "x" * 2000))["Events"] == []
    assert trail.lookup_events(**by("EventName", "_" * 1000))["Events"] == []


def test_there_are_no_insights(trail, name):
    assert trail.lookup_events(EventCategory="insight")["Events"] == []


def test_trails_are_not_built(trail):
    with refused("NotImplemented"):
        trail.describe_trails()


# ---- what stays, and how long it takes


def test_the_history_survives_kill_9_and_goes_on(state):
    with Process(state) as lab:
        lab.client().create_repository(repositoryName="web")
        lab.client().list_images(repositoryName="web")
        page = lab.client("cloudtrail").lookup_events(MaxResults=1)
        lab.kill()
    with Process(state) as lab:
        rest = lab.client("cloudtrail").lookup_events(MaxResults=1, NextToken=page["NextToken"])
        assert names(page["Events"] + rest["Events"]) == ["ListImages", "CreateRepository"]
        assert names(every_event(lab.client("cloudtrail"), **by("ResourceName", "web"))) == ["ListImages", "CreateRepository"]


def test_many_write_while_many_read(trail, aws, ecr, name):
    """Each of what eight clients did is there once, whoever looked meanwhile."""

    def work(number):
        for _ in range(10):
            ecr.list_images(repositoryName=name, maxResults=number + 1)
            trail.lookup_events(**by("ResourceName", name), MaxResults=5)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = every_event(trail, **by("ResourceName", name))
    listed = [json.loads(each["CloudTrailEvent"])["requestParameters"]["maxResults"] for each in events if each["EventName"] == "ListImages"]
    assert sorted(listed) == sorted(number + 1 for number, _ in product(range(8), range(10)))
    assert len({each["EventId"] for each in events}) == 81


def test_no_question_reads_a_record_that_is_not_shown(state):
    """SQLite answers each from the index alone, whatever it asks for: what a page costs doesn't grow with the records' length."""
    with closing(sqlite3.connect(state / "lab.sqlite")) as database:
        for column in cloudtrail.ATTRIBUTES.values():
            query = cloudtrail.PLACES.format(condition=f"AND {column} = ?")
            plan = " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query}", ("1", "r", 0, 9, 9, "x", 51)))
            assert "USING COVERING INDEX ledger_by_account (account=? AND region=?" in plan and "TEMP" not in plan, (column, plan)
