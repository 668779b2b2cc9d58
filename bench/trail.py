"""Pages of CloudTrail's event history over 100,000 records, whatever they are asked for, against the bound.

The records are written by the ledger itself before the lab starts, spread over 80 days.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import peers, wire
from bench.peers import ACCOUNT, REGION, Peer
from bench.rounds import Effort
from bench.table import Line

BOUND = 0.1  # seconds a page
DAYS, PAGE = 80, 50
USERS, REPOSITORIES = 20, 40
OPERATIONS = ("BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage", "BatchGetImage", "GetDownloadUrlForLayer")
RARE = "DeleteRepository"  # the very first record, and no other


def measure(effort: Effort) -> Iterator[Line]:
    count, calls = effort.size(100_000, 2_000), effort.size(10, 2)
    with ExitStack() as stack:
        lab = stack.enter_context(peers.lab(filled(stack, count)))
        oldest = page(lab, attribute("EventName", RARE))["Events"][0]
        questions: dict[str, dict[str, Any]] = {
            "the newest page": {},
            "a page in the middle": middle(lab),
            "an EventName of many": attribute("EventName", "PutImage"),
            "an EventName of one": attribute("EventName", RARE),
            "the oldest by its EventId": attribute("EventId", oldest["EventId"]),
            "a Username": attribute("Username", "user-7"),
            "an AccessKeyId": attribute("AccessKeyId", "AKIA0000000000000007"),
            "a ResourceName": attribute("ResourceName", "team/web-7"),
            "a ResourceType of none": attribute("ResourceType", "AWS::IAM::User"),
            "an EventSource of none": attribute("EventSource", "iam.amazonaws.com"),
            "what changed something": attribute("ReadOnly", "false"),
        }
        for what, asked in questions.items():

            def each(asked: dict[str, Any] = asked) -> float:
                return wire.seconds_each(lab.url, [request(lab, asked) for _ in range(calls)])

            each()
            yield Line(f"LookupEvents, {what}, {count:,} records", [each() for _ in range(effort.rounds * 4)], [BOUND], "the bound", "ms")


def attribute(key: str, value: str) -> dict[str, Any]:
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def request(lab: Peer, asked: dict[str, Any]) -> wire.Request:
    return wire.signed(lab.key, REGION, "LookupEvents", asked, "cloudtrail")


def page(lab: Peer, asked: dict[str, Any]) -> dict[str, Any]:
    connection = wire.Connection(lab.url)
    answer = json.loads(connection.send(request(lab, asked)).body)
    connection.close()
    return answer


def middle(lab: Peer) -> dict[str, Any]:
    """What to ask for a page in the middle of all: one after the first page of what is older than 40 days."""
    asked = {"EndTime": int(time.time()) - DAYS // 2 * 86400}
    return asked | {"NextToken": page(lab, asked)["NextToken"]}


@dataclass
class Hands:
    """A clock that shows what it is set to."""

    time: float

    def now(self) -> float:
        return self.time


def filled(stack: ExitStack, count: int) -> Path:
    """A state folder whose ledger holds ``count`` records of the account, by many users on many repositories."""
    import localecr
    from localecr import ledger
    from localecr.identities import Principal
    from localecr.registry import Lab, Registry
    from localecr.store.blobs import Blobs
    from localecr.store.database import Database

    state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    localecr.start(state, port=0).stop()
    database, clock = Database(state / "lab.sqlite"), Hands(time.time() - DAYS * 86400)
    lab = Lab(state, database, Blobs(state), clock, b"", "", "")  # type: ignore[arg-type]
    registry, step = Registry(lab, "private", ACCOUNT, REGION), DAYS * 86400 / count
    with database.write():
        for number in range(count):
            user, name = number % USERS, f"team/web-{number % REPOSITORIES}"
            principal = Principal(ACCOUNT, f"user-{user}", f"AKIA{user:016}", id=f"AIDA{user:017}")
            operation = OPERATIONS[number % len(OPERATIONS)] if number else RARE
            asked = {"registryId": ACCOUNT, "repositoryName": name, "layerDigests": [wire.digest(b"%d" % number)]}
            call = ledger.Call(
                lab, principal, "ecr", operation, ACCOUNT, REGION, registry.arn(name), asked, "127.0.0.1", "docker", registry, through_docker=True
            )
            ledger.write(call, answer={"images": []} | asked)
            clock.time += step
    database.close()
    return state
