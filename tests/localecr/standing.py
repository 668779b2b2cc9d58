"""A lab of a test's own whose clock stands at a known instant and moves when the test says so."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.config import Config

import localecr
from localecr.door import Door
from wire import Repository, basic

THEN = datetime(2026, 1, 5, 9, tzinfo=timezone.utc)  # a Monday
YOURS, PARTNERS, REGION = "111122223333", "444455556666", "us-east-1"


def clock(minutes: float = 0, **more: float) -> datetime:
    """So many minutes after the lab's beginning."""
    return THEN + timedelta(minutes=minutes, **more)


class Standing:
    def __init__(self, url: str, door: Door):
        self.url, self.door = url, door
        self.client = cache(self._client)

    def _client(self, service: str, account: str = YOURS, region: str = REGION) -> BaseClient:
        keys = self.door.keys(account)
        return boto3.client(
            service, region_name=region, endpoint_url=self.url, config=Config(retries={"total_max_attempts": 1}),
            aws_access_key_id=keys["access_key_id"], aws_secret_access_key=keys["secret_access_key"],
        )  # fmt: skip

    def now(self) -> datetime:
        return self.door.clock()

    def advance(self, minutes: float = 0, **more: float) -> datetime:
        return self.door.advance(timedelta(minutes=minutes, **more).total_seconds())

    def repository(self, name: str, account: str = YOURS, region: str = REGION) -> Repository:
        """A repository over HTTP, as Docker sees it, its owner logged in: which is one call of GetAuthorizationToken."""
        (data,) = self.client("ecr", account, region).get_authorization_token()["authorizationData"]
        password = base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")
        return Repository(self.url, f"{account}.dkr.ecr.{region}.amazonaws.com/{name}", basic(password))

    def points(self, metric: dict[str, Any], start: datetime, end: datetime, statistic: str = "Sum", period: int = 60, **where: str) -> dict[datetime, float]:
        """One statistic of a metric by time."""
        extended = statistic.startswith("p")
        answer = self.client("cloudwatch", **where).get_metric_statistics(
            **metric, StartTime=start, EndTime=end, Period=period, **({"ExtendedStatistics": [statistic]} if extended else {"Statistics": [statistic]})
        )
        return {each["Timestamp"]: each["ExtendedStatistics"][statistic] if extended else each[statistic] for each in answer["Datapoints"]}


@contextmanager
def lab(state: Path, instant: datetime = THEN) -> Iterator[Standing]:
    with localecr.start(state, port=0, clock=instant.isoformat()) as endpoint:
        yield Standing(endpoint.url, Door.find(state))


def dimensions(**values: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def pulls_of(repository: str) -> dict[str, Any]:
    return {"Namespace": "AWS/ECR", "MetricName": "RepositoryPullCount", "Dimensions": dimensions(RepositoryName=repository)}


def calls_of(operation: str) -> dict[str, Any]:
    return {"Namespace": "AWS/Usage", "MetricName": "CallCount", "Dimensions": dimensions(Service="ECR", Type="API", Resource=operation)}


def repositories() -> dict[str, Any]:
    return {"Namespace": "AWS/Usage", "MetricName": "ResourceCount", "Dimensions": dimensions(Service="ECR", Type="RESOURCE", Resource="RepositoryCount")}


def images_of(repository: str) -> dict[str, Any]:
    found = dimensions(Service="ECR", Type="RESOURCE", Resource="ImagesPerRepositoryCount", ResourceId=f"repository/{repository}")
    return {"Namespace": "AWS/Usage", "MetricName": "ResourceCount", "Dimensions": found}
