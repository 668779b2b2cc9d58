"""Written down: every call of either door, once, with who and what; not the reading of the course's own checks. AWS: CloudTrail record contents."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import boto3
import pytest

from awsapi import push, refused
from specimens import image


@pytest.fixture
def records(lab_state):
    """`records(name)`: what was written down about a repository, oldest first."""

    def about(name):
        with closing(sqlite3.connect(lab_state / "lab.sqlite")) as database:
            rows = [json.loads(row[0]) for row in database.execute("SELECT record FROM ledger ORDER BY id")]
        return [row for row in rows if (row["requestParameters"] or {}).get("repositoryName") == name]

    return about


def operations(rows):
    return [row["eventName"] for row in rows]


def test_a_push_is_the_same_operations_through_either_door(ecr, at, free_repository, records):
    ecr.create_repository(repositoryName=free_repository)
    http = at(free_repository)
    push(ecr, free_repository, image("by api"), "1")
    by_api = operations(records(free_repository))[1:]
    upload = ["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"]
    assert by_api == ["BatchCheckLayerAvailability", *upload, *upload, "PutImage"]
    http.push(image("by docker"), "2")
    assert operations(records(free_repository))[1 + len(by_api) :] == [*upload, *upload, "PutImage"]
    http.pull("2")
    assert operations(records(free_repository))[-1] == "BatchGetImage"


def test_a_record_says_who_did_what_when_and_where(ecr, name, records, door):
    (record,) = records(name)
    assert record["userIdentity"]["arn"] == "arn:aws:iam::111122223333:user/learner"
    assert (record["eventSource"], record["eventName"], record["awsRegion"]) == ("ecr.amazonaws.com", "CreateRepository", "us-east-1")
    assert record["eventTime"] == f"{door.clock():%Y-%m-%dT%H:%M:%SZ}"
    assert "errorCode" not in record


def test_what_came_through_docker_is_recorded_as_ecrs(http, name, records):
    http("GET", "tags/list")
    record = records(name)[-1]
    assert (record["sourceIPAddress"], record["userAgent"]) == ("ecr.amazonaws.com", "ecr.amazonaws.com")


def test_refusals_are_written_down_with_their_sentence(ecr, aws, name, records):
    with refused("RepositoryAlreadyExistsException"):
        ecr.create_repository(repositoryName=name)
    with refused("AccessDeniedException"):
        aws("ecr", account="444455556666").delete_repository(registryId="111122223333", repositoryName=name)
    already, denied = records(name)[-2:]
    assert (already["errorCode"], already["errorMessage"][:30]) == ("RepositoryAlreadyExistsException", f"The repository with name '{name}'"[:30])
    assert denied["errorCode"].startswith("AccessDenied")
    assert denied["userIdentity"]["accountId"] == "444455556666"
    assert denied["recipientAccountId"] == "111122223333"


def test_the_courses_checks_leave_no_trace(door, lab_endpoint, name, records):
    keys = door.keys("111122223333", role="checker")
    checker = boto3.client(
        "ecr",
        region_name="us-east-1",
        endpoint_url=lab_endpoint.url,
        aws_access_key_id=keys["access_key_id"],
        aws_secret_access_key=keys["secret_access_key"],
    )
    checker.list_images(repositoryName=name)
    assert operations(records(name)) == ["CreateRepository"]
