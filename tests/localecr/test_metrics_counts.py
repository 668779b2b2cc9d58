"""What CloudWatch says of ECR is exactly what was done: known calls at known instants, through both doors. AWS: "Amazon ECR usage metrics"."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

import standing
from awsapi import push, refused
from labs import Process
from specimens import image, index
from standing import PARTNERS, YOURS, calls_of, clock, images_of, pulls_of, repositories

PULL = {"acceptedMediaTypes": ["application/vnd.oci.image.manifest.v1+json"]}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with standing.lab(tmp_path_factory.mktemp("counts") / "state") as lab:
        yield lab


@pytest.fixture
def name(lab, free_repository):
    """An empty repository, and the clock at the beginning of an hour that nothing has happened in."""
    now = lab.now()
    lab.advance((60 - now.minute - now.second / 60) % 60 + 60)
    lab.client("ecr").create_repository(repositoryName=free_repository)
    return free_repository


def at(start, values):
    """``{1: 2.0}`` minutes after the start, as instants."""
    return {start + timedelta(minutes=minute): value for minute, value in values.items()}


def calls(lab, operation, start, **where):
    return lab.points(calls_of(operation), start, start + timedelta(hours=1), **where)


def pulls(lab, repository, start, statistic="Sum", period=60, **where):
    return lab.points(pulls_of(repository), start, start + timedelta(hours=1), statistic, period, **where)


def fetch(lab, repository, tag, **where):
    return lab.client("ecr", **where).batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])


def test_calls_are_counted_in_the_minute_they_are_made_in(lab, name):
    start, ecr = lab.now(), lab.client("ecr")
    for minute, number in ((0, 2), (1, 3), (7, 1)):
        lab.advance(seconds=(start + timedelta(minutes=minute, seconds=59) - lab.now()).total_seconds())
        for _ in range(number):
            ecr.get_authorization_token()
    assert calls(lab, "GetAuthorizationToken", start) == at(start, {0: 2, 1: 3, 7: 1})


def test_a_push_is_counted_call_by_call(lab, name):
    start = lab.now()
    push(lab.client("ecr"), name, image("by api"), "1")
    counted = {operation: calls(lab, operation, start).get(start, 0) for operation in standing_apis()}
    assert counted == {
        "GetAuthorizationToken": 0, "BatchCheckLayerAvailability": 1, "InitiateLayerUpload": 2, "UploadLayerPart": 2, "CompleteLayerUpload": 2, "PutImage": 1,
        "BatchGetImage": 0, "GetDownloadUrlForLayer": 0,
    }  # fmt: skip


def standing_apis():
    return (
        "GetAuthorizationToken", "BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage", "BatchGetImage",
        "GetDownloadUrlForLayer",
    )  # fmt: skip


def test_other_operations_have_no_call_count(lab, name):
    start = lab.now()
    lab.client("ecr").list_images(repositoryName=name)
    assert calls(lab, "ListImages", start) == {}


def test_a_docker_pull_is_one_pull_and_a_look_is_none(lab, name):
    start, http = lab.now(), lab.repository(name)
    http.push(image("by docker"), "1")
    http("HEAD", "manifests/1")
    assert pulls(lab, name, start) == {}
    http.pull("1")
    assert pulls(lab, name, start) == at(start, {0: 1})
    http.pull("1")
    lab.advance(2)
    http.pull("1")
    assert pulls(lab, name, start) == at(start, {0: 2, 2: 1})


def test_a_pull_by_the_api_counts_too_and_one_of_nothing_does_not(lab, name):
    start, ecr = lab.now(), lab.client("ecr")
    push(ecr, name, image("by api"), "1")
    fetch(lab, name, "1")
    fetch(lab, name, "missing")
    with refused("RepositoryNotFoundException"):
        fetch(lab, f"{name}-not", "1")
    assert pulls(lab, name, start) == at(start, {0: 1})
    assert calls(lab, "BatchGetImage", start) == at(start, {0: 3})  # refused calls are calls


def test_every_statistic_of_pulls(lab, name):
    start, ecr = lab.now(), lab.client("ecr")
    push(ecr, name, image("statistics"), "1")
    for _ in range(4):
        fetch(lab, name, "1")
    found = {statistic: pulls(lab, name, start, statistic)[start] for statistic in ("Sum", "SampleCount", "Average", "Minimum", "Maximum", "p50", "p99.9")}
    assert found == {"Sum": 4, "SampleCount": 4, "Average": 1, "Minimum": 1, "Maximum": 1, "p50": 1, "p99.9": 1}


def test_longer_periods_begin_where_the_range_begins(lab, name):
    start, ecr = lab.now(), lab.client("ecr")
    push(ecr, name, image("periods"), "1")
    for _ in range(8):  # a pull a minute
        fetch(lab, name, "1")
        lab.advance(1)
    assert pulls(lab, name, start, period=300) == at(start, {0: 5, 5: 3})
    from_the_second = lab.points(pulls_of(name), start + timedelta(minutes=2), start + timedelta(hours=1), "Sum", 300)
    assert from_the_second == at(start, {2: 5, 7: 1})


def test_the_end_is_not_in_the_range_and_a_start_within_a_minute_is_rounded_down(lab, name):
    start, ecr = lab.now(), lab.client("ecr")
    push(ecr, name, image("edges"), "1")
    fetch(lab, name, "1")
    lab.advance(1)
    fetch(lab, name, "1")
    assert lab.points(pulls_of(name), start + timedelta(seconds=45), start + timedelta(minutes=1)) == at(start, {0: 1})


def test_a_minute_that_has_begun_is_counted_whole(lab, name):
    start, ecr = lab.now(), lab.client("ecr")
    lab.advance(seconds=40)
    ecr.get_authorization_token()
    assert lab.points(calls_of("GetAuthorizationToken"), start, start + timedelta(seconds=30)) == at(start, {0: 1})
    assert lab.points(calls_of("GetAuthorizationToken"), start + timedelta(seconds=30), start + timedelta(minutes=1), period=10) == {}


def test_repositories_accounts_and_regions_are_counted_apart(lab, name):
    start, ecr = lab.now(), lab.client("ecr")
    for where in ({}, {"account": PARTNERS}, {"region": "eu-west-1"}):
        client = lab.client("ecr", **where)
        if where:
            client.create_repository(repositoryName=name)
        push(client, name, image("apart"), "1")
    ecr.create_repository(repositoryName=f"{name}/other")
    fetch(lab, name, "1")
    for _ in range(2):
        fetch(lab, name, "1", account=PARTNERS)
    for _ in range(3):
        fetch(lab, name, "1", region="eu-west-1")
    assert pulls(lab, name, start) == at(start, {0: 1})
    assert pulls(lab, name, start, account=PARTNERS) == at(start, {0: 2})
    assert pulls(lab, name, start, region="eu-west-1") == at(start, {0: 3})
    assert pulls(lab, f"{name}/other", start) == {}
    assert calls(lab, "BatchGetImage", start, region="eu-west-1") == at(start, {0: 3})


def test_a_partners_refused_calls_are_the_partners(lab, name):
    start = lab.now()
    with refused("AccessDeniedException"):
        lab.client("ecr", PARTNERS).batch_get_image(registryId=YOURS, repositoryName=name, imageIds=[{"imageTag": "1"}])
    assert calls(lab, "BatchGetImage", start) == {}
    assert calls(lab, "BatchGetImage", start, account=PARTNERS) == at(start, {0: 1})


def test_public_images_are_not_in_private_metrics(lab, name):
    start, public = lab.now(), lab.client("ecr-public")
    public.create_repository(repositoryName=name)
    push_public = public.initiate_layer_upload(repositoryName=name)
    assert push_public["uploadId"]
    assert calls(lab, "InitiateLayerUpload", start) == {}


def test_the_checks_of_the_course_are_not_counted(lab, name):
    import boto3

    start = lab.now()
    keys = lab.door.keys(YOURS, role="checker")
    checker = boto3.client(
        "ecr", region_name="us-east-1", endpoint_url=lab.url, aws_access_key_id=keys["access_key_id"], aws_secret_access_key=keys["secret_access_key"]
    )
    push(lab.client("ecr"), name, image("checked"), "1")
    checker.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "1"}])
    assert pulls(lab, name, start) == {}


def test_how_many_images_there_were(lab, name):
    """Every five minutes; the most there were in them."""
    start, ecr = lab.now(), lab.client("ecr")
    push(ecr, name, image("first"), "1")
    push(ecr, name, image("second"), "2")
    lab.advance(6)
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "1"}])
    lab.advance(5)
    push(ecr, name, index(image("third")), "3")
    lab.advance(10)
    found = lab.points(images_of(name), start, start + timedelta(hours=1), "Maximum", 300)
    assert found == at(start, {0: 2, 5: 2, 10: 3, 15: 3, 20: 3})
    assert lab.points(images_of(name), start, start + timedelta(hours=1), "Average", 900) == at(start, {0: pytest.approx(7 / 3), 15: 3})


def test_an_image_whose_tag_moved_is_still_there(lab, name):
    start, ecr = lab.now(), lab.client("ecr")
    push(ecr, name, image("first"), "1")
    push(ecr, name, image("second"), "1")
    assert lab.points(images_of(name), start, start + timedelta(hours=1), "Maximum", 300) == at(start, {0: 2})


def test_a_deleted_repository_is_counted_while_it_was_there(lab, name):
    start, ecr = lab.now(), lab.client("ecr")
    before = lab.points(repositories(), start, start + timedelta(minutes=5), "Maximum", 300)[start]
    push(ecr, name, image("in it"), "1")
    lab.advance(7)
    ecr.delete_repository(repositoryName=name, force=True)
    lab.advance(5)
    assert lab.points(images_of(name), start, start + timedelta(hours=1), "Maximum", 300) == at(start, {0: 1, 5: 1})
    assert lab.points(repositories(), start, start + timedelta(hours=1), "Maximum", 300) == at(start, {0: before, 5: before, 10: before - 1})


def test_nothing_is_counted_before_its_time(lab, name):
    """The present five minutes are the last that are known."""
    now = lab.now()
    assert max(lab.points(repositories(), now - timedelta(hours=1), now + timedelta(hours=1), "Maximum", 300)) <= now


def test_minutes_are_kept_for_fifteen_days_five_minutes_for_63_and_hours_for_455(lab, name):
    start, ecr = lab.now(), lab.client("ecr")
    push(ecr, name, image("kept"), "1")
    fetch(lab, name, "1")
    wanted = at(start, {0: 1})
    lab.advance(days=14)
    assert pulls(lab, name, start) == wanted
    lab.advance(days=2)
    assert (pulls(lab, name, start), pulls(lab, name, start, period=300)) == ({}, wanted)
    lab.advance(days=50)
    assert (pulls(lab, name, start, period=300), pulls(lab, name, start, period=3600)) == ({}, wanted)
    lab.advance(days=400)
    assert pulls(lab, name, start, period=3600) == {}


THREE = """
import sys, localecr
localecr.start(sys.argv[1], port=0, clock="2026-01-05T09:00:00+00:00").wait()
"""


def test_counts_are_the_same_after_kill_9(tmp_path, free_repository):
    start = clock()

    def counted(process):
        lab = standing.Standing(process.url, process.door)
        return (
            lab.points(calls_of("PutImage"), start, clock(60)),
            lab.points(pulls_of(free_repository), start, clock(60)),
            lab.points(images_of(free_repository), start, clock(60), "Maximum", 300),
        )

    with Process(tmp_path / "state", ("-c", THREE)) as process:
        ecr = process.client()
        ecr.create_repository(repositoryName=free_repository)
        push(ecr, free_repository, image("1"), "1")
        push(ecr, free_repository, image("2"), "2")
        ecr.batch_get_image(repositoryName=free_repository, imageIds=[{"imageTag": "1"}])
        ecr.batch_delete_image(repositoryName=free_repository, imageIds=[{"imageTag": "2"}])
        before = counted(process)
        process.kill()
    assert before == ({start: 2.0}, {start: 1.0}, {start: 2.0})
    with Process(tmp_path / "state", ("-c", THREE)) as process:
        assert counted(process) == before


def test_a_fortnight_of_many_calls_plots_in_well_under_a_second(tmp_path):
    """5,000 calls of eight APIs and pulls of twenty repositories, every minute of a fortnight asked for at once."""
    import sqlite3
    from contextlib import closing

    with standing.lab(tmp_path / "state") as lab:
        lab.client("ecr").get_authorization_token()
        with closing(sqlite3.connect(tmp_path / "state" / "lab.sqlite")) as database, database:
            columns = [row[1] for row in database.execute("PRAGMA table_info(ledger)") if row[1] != "id"]
            (seed,) = [dict(zip(columns, row, strict=True)) for row in database.execute(f"SELECT {', '.join(columns)} FROM ledger LIMIT 1")]
            apis, first = standing_apis(), clock().timestamp()
            rows = [
                seed | {"time": first + number * 240, "operation": apis[number % 8], "repository": f"team/{number % 20}", "pulls": number % 8 == 6}
                for number in range(5040)
            ]
            database.executemany(f"INSERT INTO ledger ({', '.join(columns)}) VALUES ({', '.join(':' + name for name in columns)})", rows)
        lab.advance(days=14)
        queries = [
            {"Id": f"c{number}", "MetricStat": {"Metric": calls_of(operation), "Period": 60, "Stat": "Sum"}} for number, operation in enumerate(apis)
        ] + [{"Id": "pulls", "Expression": "SEARCH('{AWS/ECR,RepositoryName} RepositoryPullCount', 'Sum', 60)"}, {"Id": "all", "Expression": "SUM(METRICS())"}]
        began = time.process_time()  # of lab and client together, whatever else this computer does
        results = lab.client("cloudwatch").get_metric_data(MetricDataQueries=queries, StartTime=clock(), EndTime=clock(days=14))["MetricDataResults"]
        took = time.process_time() - began
    assert sum(sum(each["Values"]) for each in results if each["Id"].startswith("c")) == 5041
    assert sum(sum(each["Values"]) for each in results if each["Id"] == "all") == 5041
    assert sum(sum(each["Values"]) for each in results if each["Id"] == "pulls") == 630
    assert took < 10  # 5,000 records are read once, and not once a query and minute
