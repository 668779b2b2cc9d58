"""Users, roles and keys that a test makes for itself, and clients that sign with them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.config import Config

ACCOUNT, PARTNER = "111122223333", "444455556666"
_numbers = itertools.count(1)


def fresh(word: str) -> str:
    """A name that no other test has."""
    return f"{word}-{next(_numbers)}"


def document(*actions: str, effect: str = "Allow", resource: str = "*") -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": list(actions), "Resource": resource}]})


def trust(who: str | Mapping[str, Any], action: str = "sts:AssumeRole", **condition: Any) -> str:
    principal = {"AWS": who} if isinstance(who, str) else dict(who)
    statement = {"Effect": "Allow", "Principal": principal, "Action": action} | ({"Condition": condition} if condition else {})
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def signing(url: str, key: Mapping[str, str]) -> Callable[..., BaseClient]:
    """`signing(url, key)("sqs")`: a client that signs with a key as IAM or STS gives it. It tries once."""

    def client(service: str, region: str = "us-east-1") -> BaseClient:
        return boto3.client(
            service, region_name=region, endpoint_url=url, aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
            aws_session_token=key.get("SessionToken"), config=Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip

    return client
