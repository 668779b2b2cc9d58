"""Users and roles of a test's own, and the policies that tests give them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.client import BaseClient
from botocore.config import Config

if TYPE_CHECKING:
    from localecr import Endpoint

REGION = "us-east-1"
PUSH = ("BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage", "BatchGetImage")
PULL = ("BatchGetImage", "GetDownloadUrlForLayer")


def actions(*names: str, service: str = "ecr") -> list[str]:
    """``PutImage`` → ``ecr:PutImage``."""
    return [f"{service}:{name}" for name in names]


def statement(effect: str, action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource} | more


def to(who: Any, action: Any, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """A statement of a repository's policy; ``who`` an ARN, an account, a list of them, or a whole Principal element."""
    principal = who if who == "*" or isinstance(who, dict) else {"AWS": who}
    return {"Effect": effect, "Principal": principal, "Action": action} | more


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> str:
    """An identity policy of one statement."""
    return policy(statement("Allow", action, resource, **more))


def repository_arn(name: str, account: str = "111122223333", region: str = REGION) -> str:
    return f"arn:aws:ecr:{region}:{account}:repository/{name}"


def denied(arn: str, action: str, resource: str, why: str = "because no identity-based policy allows the {action} action") -> str:
    """AWS's sentence for a refusal."""
    return f"User: {arn} is not authorized to perform: {action} on resource: {resource} {why.format(action=action)}"


def by_resource(arn: str, action: str, resource: str) -> str:
    return denied(arn, action, resource, "because no resource-based policy allows the {action} action")


@dataclass
class Person:
    """A user with one access key, or a role's session: what they do, and what their account lets them do."""

    arn: str
    endpoint: Endpoint
    keys: dict[str, str]
    iam: BaseClient  # of the account's learner
    name: str

    def client(self, service: str, region: str = REGION) -> BaseClient:
        return boto3.client(service, region_name=region, endpoint_url=self.endpoint.url, config=Config(retries={"total_max_attempts": 1}), **self.keys)

    @property
    def ecr(self) -> BaseClient:
        return self.client("ecr")

    def may(self, text: str | None, name: str = "of the test") -> None:
        """Gives a user this inline policy, or takes it away."""
        if text is None:
            self.iam.delete_user_policy(UserName=self.name, PolicyName=name.replace(" ", "-"))
        else:
            self.iam.put_user_policy(UserName=self.name, PolicyName=name.replace(" ", "-"), PolicyDocument=text)

    def password(self) -> str:
        """What `aws ecr get-login-password` prints."""
        (data,) = self.ecr.get_authorization_token()["authorizationData"]
        return base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")


Meet = Callable[..., Person]


def meet(endpoint: Endpoint, iam: BaseClient, name: str, *policies: str) -> Person:
    """A new user of the account that ``iam`` is a client of, with inline policies."""
    user = iam.create_user(UserName=name)["User"]
    for number, text in enumerate(policies):
        iam.put_user_policy(UserName=name, PolicyName="of-the-test" + (str(number) if number else ""), PolicyDocument=text)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    return Person(user["Arn"], endpoint, keys, iam, name)
