"""A team's fortnight: what is told of it, and what a lab knows once it was really made."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

import localecr
from ecrlab import traffic
from ecrlab.errors import LabError
from ecrlab.local import LocalLab
from ecrlab.traffic import cast, story
from localecr.door import Door

MONDAY = datetime(2026, 1, 12, tzinfo=UTC)  # the lab's clock starts on Monday, 5 January, at nine
VOLUMES = [1.0, 0.5, 0.1]
PUSHED, PULLED = "PutImage", "BatchGetImage"


# --- the story --------------------------------------------------------------------------------------------------------------------------


def test_the_story_is_the_same_at_every_run():
    assert story.tell() == story.tell()


@pytest.mark.parametrize("volume", VOLUMES)
def test_it_is_told_in_order_and_within_a_fortnight(volume):
    minutes = [action.minute for action in story.tell(volume)]
    assert minutes == sorted(minutes)
    assert minutes[0] == 0 and minutes[-1] < 14 * 24 * 60


@pytest.mark.parametrize("volume", VOLUMES)
def test_what_happens_at_one_minute_does_not_hang_on_who_comes_first(volume):
    """A pull finds other layers after a push than before it, and the number of calls would differ from run to run."""
    actions = story.tell(volume)
    moved = {(action.minute, action.repository) for action in actions if story.STABLE in action.tags and action.does in ("push", "delete")}
    pulled = {(action.minute, action.repository) for action in actions if action.does in ("pull", "start", "take")}
    assert not moved & pulled


def test_developers_and_commits_keep_office_hours():
    told = [action for action in story.tell() if action.minute >= 60]  # the first builds come before anything else
    working = [action for action in told if action.who.startswith("dev-") or (action.who, action.address) == (cast.BUILDER, cast.BUILDERS)]
    assert {action.minute // story.DAY % 7 for action in working} == {0, 1, 2, 3, 4}
    assert all(8 <= action.minute % story.DAY // 60 < 18 for action in working)


def test_the_noisy_night_is_one_service_and_the_loudest_by_far():
    starts = Counter(action.minute // story.DAY for action in story.tell() if action.does == "start" and action.repository == cast.SEARCH and action.minute % story.DAY < 6 * 60)
    (noisy, loud), (_, next_loud) = starts.most_common(2)
    assert noisy == story.NOISY
    assert loud > 20 * next_loud


# --- the calls --------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return tmp_path_factory.mktemp("traffic")


@pytest.fixture(scope="module")
def lab(state) -> Iterator[LocalLab]:
    """A lab of this module's own, since its clock moves for three weeks."""
    with localecr.start(state, port=0, clock="2026-01-05T09:00:00Z"):
        yield LocalLab(Door.find(state))


@pytest.fixture(scope="module")
def fortnight(lab):
    """A small one, of the same making."""
    return traffic.replay(lab, volume=0.1)


@pytest.fixture(scope="module")
def records(fortnight, state):
    """What the lab's ledger holds of the team, oldest first."""
    with closing(sqlite3.connect(state / "lab.sqlite")) as database:
        rows = [json.loads(row[0]) for row in database.execute("SELECT record FROM ledger ORDER BY id")]
    return [row for row in rows if "/team/" in row["userIdentity"].get("arn", "")]


def test_it_fills_the_fortnight_from_the_next_monday_on(lab, fortnight):
    assert (fortnight.begins, fortnight.ends) == (MONDAY, MONDAY + timedelta(days=14))
    assert lab.clock.now() == fortnight.ends


def test_the_trail_holds_exactly_what_was_done(fortnight, records):
    def told(call):
        return call["operation"], call["who"]

    def recorded(record):
        return record["eventName"], record["userIdentity"]["arn"].rpartition("/")[2]

    assert Counter(map(told, fortnight.calls)) == Counter(map(recorded, records))


def test_each_call_has_the_time_of_its_step(fortnight, records):
    told = Counter(f"{call['time']:%Y-%m-%dT%H:%M}" for call in fortnight.calls)
    assert told == Counter(record["eventTime"][:16] for record in records)


def test_calls_of_the_api_come_from_where_their_member_sits(fortnight, records):
    told = {(call["who"], call["address"]) for call in fortnight.calls}
    seen = {(record["userIdentity"]["arn"].rpartition("/")[2], record["sourceIPAddress"]) for record in records}
    assert {each for each in seen if not each[1].endswith(".amazonaws.com")} == told


def test_only_the_leaked_key_is_seen_at_a_foreign_address_and_it_is_refused_what_it_may_not_do(fortnight):
    foreign = [call for call in fortnight.calls if not call["address"].startswith("192.0.2.")]
    assert {(call["who"], call["address"]) for call in foreign} == {(cast.BUILDER, cast.ELSEWHERE)}
    assert {call["time"].date() for call in foreign} == {(MONDAY + timedelta(days=story.LEAKED)).date()}
    refused = {call["operation"] for call in foreign if call["error"]}
    assert refused == {"ListUsers", "SetRepositoryPolicy", "CreateRepository", "CreateAccessKey", "DeleteRepository"}
    assert {call["error"] for call in foreign if call["error"]} <= {"AccessDenied", "AccessDeniedException"}


def test_nobody_else_is_refused_anything(fortnight):
    assert {call["error"] for call in fortnight.calls if call["address"].startswith("192.0.2.")} <= {None, "ImageNotFoundException"}


def test_production_misses_the_image_that_was_deleted(fortnight):
    (deleted,) = [call["time"] for call in fortnight.calls if call["operation"] == "BatchDeleteImage"]
    missed = [call for call in fortnight.calls if call["error"] == "ImageNotFoundException"]
    assert {(call["operation"], call["repository"]) for call in missed} <= {(PULLED, cast.ORDERS)}
    assert all(deleted < call["time"] < deleted + timedelta(hours=12) for call in missed)


def test_members_may_do_their_work_and_no_more(lab, fortnight):
    for name, operation, asked in [
        ("run-shop", "batch_get_image", {"repositoryName": cast.ORDERS, "imageIds": [{"imageTag": "stable"}]}),
        ("dev-alice", "batch_delete_image", {"repositoryName": cast.SHOP, "imageIds": [{"imageTag": "stable"}]}),
        ("ci-nightly", "describe_repositories", {}),
    ]:
        key = lab.client("iam").create_access_key(UserName=name)["AccessKey"]
        client = lab.session().client("ecr", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
        with pytest.raises(ClientError) as refusal:
            getattr(client, operation)(**asked)
        assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"
        lab.client("iam").delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])


APIS = (
    "GetAuthorizationToken", "BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage", "BatchGetImage",
    "GetDownloadUrlForLayer",
)  # fmt: skip


def sum_of(lab, fortnight, namespace, name, period=3600, **dimensions):
    """What CloudWatch says happened in the fortnight."""
    measured = {"Namespace": namespace, "MetricName": name, "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()]}
    asked = [{"Id": "all", "MetricStat": {"Metric": measured, "Period": period, "Stat": "Sum"}}]
    pages = lab.client("cloudwatch").get_paginator("get_metric_data").paginate(MetricDataQueries=asked, StartTime=fortnight.begins, EndTime=fortnight.ends)
    return sum(value for page in pages for result in page["MetricDataResults"] for value in result["Values"])


@pytest.mark.parametrize("period", [60, 3600, 86400])
@pytest.mark.parametrize("api", APIS)
def test_cloudwatch_counts_the_calls_that_were_made(lab, fortnight, api, period):
    counted = sum_of(lab, fortnight, "AWS/Usage", "CallCount", period, Service="ECR", Type="API", Resource=api)
    assert counted == fortnight.count(api) > 0


@pytest.mark.parametrize("repository", cast.REPOSITORIES)
def test_cloudwatch_counts_the_pulls_that_were_made(lab, fortnight, repository):
    assert sum_of(lab, fortnight, "AWS/ECR", "RepositoryPullCount", RepositoryName=repository) == fortnight.pulls(repository) > 0


def test_a_second_replay_finds_the_first_and_does_nothing(lab, fortnight, records, capsys):
    before = lab.clock.now()
    again = traffic.replay(lab)
    assert "in this lab already" in capsys.readouterr().out
    assert again == fortnight
    assert lab.clock.now() == before


def test_on_aws_it_is_refused_in_a_sentence(fake_lab):
    fake_lab.place = "aws"
    with pytest.raises(LabError, match="On AWS time can't be moved"):
        traffic.replay(fake_lab)


def test_a_whole_fortnight_is_more_than_five_thousand_calls_at_250_a_second_on_two_cores(tmp_path, capsys):
    """Judged by the processor's time, of both sides, so that it doesn't hang on what else runs here: 125 calls for a second of one core."""
    with localecr.start(tmp_path, port=0, clock="2026-01-05T09:00:00Z"):
        lab = LocalLab(Door.find(tmp_path))
        began = time.process_time()
        whole = traffic.replay(lab)
        took = time.process_time() - began
        assert len(whole.calls) >= 5000
        assert len(whole.calls) / took >= 125, f"{len(whole.calls)} calls in {took:.0f} s of processor time"
        (last,) = capsys.readouterr().out.splitlines()
        assert last == f"Replayed: {len(whole.calls):,} calls of 9 users, from Monday 12 January 2026 to Sunday 25 January 2026."
        gone = traffic.clean(lab)
        assert (gone["repositories"], len(gone["users"])) == (list(cast.REPOSITORIES), 9)
        assert traffic.clean(lab) == {"repositories": [], "users": []}


def test_neither_what_an_interrupted_replay_left_nor_a_clean_up_is_a_hindrance(tmp_path, capsys):
    with localecr.start(tmp_path, port=0, clock="2026-01-05T09:00:00Z"):
        lab = LocalLab(Door.find(tmp_path))
        cast.hire(lab)
        lab.client("ecr").create_repository(repositoryName=cast.SHOP)
        first = traffic.replay(lab, volume=0.05)
        assert "new fortnight" not in capsys.readouterr().out
        assert first.count(PUSHED) > 0
        for name in cast.REPOSITORIES:
            lab.client("ecr").delete_repository(repositoryName=name, force=True)
        capsys.readouterr()
        assert traffic.replay(lab, volume=0.05).begins == first.ends + timedelta(days=7)
        assert "This is a new fortnight" in capsys.readouterr().out
