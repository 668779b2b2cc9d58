"""Whether a user with ten policies may do this and that: the whole third stop, which looks the policies up, gathers the context and decides."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from bench.peers import ACCOUNT, REGION
from bench.rounds import Effort, timed
from bench.table import Line

POLICIES, STATEMENTS = 10, 5
BOUND = 0.001  # seconds that a decision may take
# what is asked for in turn: allowed, allowed by another statement, nowhere allowed, denied
ASKED = (("PutImage", "team-3/web-2"), ("BatchGetImage", "team-9/web-4"), ("DeleteRepository", "team-1/web-1"), ("PutImage", "prod/web"))


def measure(effort: Effort) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as folder:
        lab, key_id = _lab_with_a_user(Path(folder))
        try:
            yield Line(f"a permission decided, {POLICIES} policies", _decisions(lab, key_id, effort.rounds * effort.size(400, 20)), [BOUND], "the bound", "ms")
        finally:
            lab.database.close()


def _decisions(lab, key_id: str, number: int) -> list[float]:
    """Seconds of each decision."""
    from localecr import identities, permissions
    from localecr.ledger import Call
    from localecr.registry import Registry

    registry = Registry(lab, "private", ACCOUNT, REGION)
    principal = identities.find_key(lab.database, key_id).principal

    def decide(operation: str, repository: str) -> bool:
        parameters = {"repositoryName": repository}
        call = Call(lab, principal, "ecr", operation, ACCOUNT, REGION, registry.arn(repository), parameters, "127.0.0.1", "bench", registry)
        return permissions.decide(call).allowed

    assert [decide(*asked) for asked in ASKED] == [True, True, False, False]
    return [timed(lambda asked=asked: decide(*asked)) for asked in islice(cycle(ASKED), number)]


def _lab_with_a_user(state: Path):
    """A lab, not serving, with a user that has ten policies; and the id of the user's key."""
    import boto3

    import localecr
    from localecr.clock import Clock
    from localecr.door import Door
    from localecr.registry import Lab
    from localecr.store.blobs import Blobs
    from localecr.store.database import Database

    with localecr.start(state, port=0) as endpoint:
        learner = Door.find(state).keys(ACCOUNT)
        keys = {"aws_access_key_id": learner["access_key_id"], "aws_secret_access_key": learner["secret_access_key"]}
        iam = boto3.client("iam", region_name=REGION, endpoint_url=endpoint.url, **keys)
        iam.create_user(UserName="bench")
        for number in range(POLICIES):
            made = iam.create_policy(PolicyName=f"bench-{number}", PolicyDocument=json.dumps(_policy(number)))
            iam.attach_user_policy(UserName="bench", PolicyArn=made["Policy"]["Arn"])
        key_id = iam.create_access_key(UserName="bench")["AccessKey"]["AccessKeyId"]
    database = Database(state / "lab.sqlite")
    return Lab(state, database, Blobs(state), Clock(database, None), b"", "", ""), key_id


def _policy(number: int) -> dict:
    """Statements with wildcards, variables and conditions, as people write them; one denies what production holds."""
    allowed = [
        {
            "Sid": f"Team{number}Image{statement}",
            "Effect": "Allow",
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:Put*", "ecr:*LayerUpload"],
            "Resource": [f"arn:aws:ecr:*:{ACCOUNT}:repository/team-{number}/web-{statement}", "arn:aws:ecr:*:*:repository/${aws:username}/*"],
            "Condition": {"StringEquals": {"aws:RequestedRegion": [REGION, "eu-west-1"]}, "IpAddress": {"aws:SourceIp": ["127.0.0.0/8", "10.0.0.0/8"]}},
        }
        for statement in range(1, STATEMENTS)
    ]
    denied = {"Sid": "KeepProduction", "Effect": "Deny", "Action": "ecr:*", "Resource": "arn:aws:ecr:*:*:repository/prod/*"}
    return {"Version": "2012-10-17", "Statement": [*allowed, denied]}
