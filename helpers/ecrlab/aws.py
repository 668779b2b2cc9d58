"""The lab on the learner's own AWS account (`ECRLAB_BACKEND=aws`).

The same interface, with what an account that holds other things asks for: every repository name gets the lab's
prefix on its way out and loses it on its way back, so that a lesson's `web` is the account's `ecrlab/web`; and
`aws.json` in the lab's folder lists every repository made. Credentials come from the learner's own profile, the
partner's from the profile that `ECRLAB_PARTNER_PROFILE` names.

None of this has been run on AWS: it was written from the documentation and tested with botocore's Stubber.
"""

from __future__ import annotations

import functools
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ecrlab import engine
from ecrlab.errors import LabError
from ecrlab.lab import REGION, Lab, span

if TYPE_CHECKING:
    import boto3
    import docker

PREFIX = "ecrlab/"
FILE = "aws.json"
# Amazon ECR Public keeps Docker's official images under the alias `docker`.
BASES = {"debian": "debian:12", "alpine": "alpine:3.20", "static": "busybox:1.36"}


class AwsClock:
    """Real time, which can't be moved."""

    def now(self) -> datetime:
        """The present, in UTC."""
        return datetime.now(UTC)

    def advance(self, **parts: float) -> datetime:
        """Says that time can't be moved on AWS, and returns the present."""
        print(f"On AWS time can't be moved: what takes {span(**parts)} in this lesson takes as long. The lesson goes on without it.")
        return self.now()


class AwsLab(Lab):
    """A lab on AWS. What it does costs money, which each lesson says before its first call. Not run on AWS yet."""

    place = "aws"

    def __init__(self, state: Path) -> None:
        self.state = state
        self.clock = AwsClock()
        self._made = Made(state / FILE)
        own = self._profile_session(None, None)
        self.region = own.region_name or REGION
        self.account = _account(own)
        self._profiles = {self.account: None}
        self.partner = None
        profile = os.environ.get("ECRLAB_PARTNER_PROFILE")
        if profile:
            self.partner = _account(self._profile_session(profile, None))
            self._profiles[self.partner] = profile

    def __repr__(self) -> str:
        return f"A lab on AWS: account {self.account}, Region {self.region}, repositories under {PREFIX}"

    def session(self, region: str | None = None, account: str | None = None) -> boto3.Session:
        """A boto3 session of the learner's profile (for the partner's account: of the partner's), with the lab's prefix."""
        account = account or self.account
        if account not in self._profiles:
            raise LabError(
                "no_partner", f"No profile of account {account} is known.", "Name the partner's with ECRLAB_PARTNER_PROFILE."
            )
        session = self._profile_session(self._profiles[account], region or self.region)
        _prefix_names(session, self._made)
        return session

    def reader(self, service: str, region: str | None = None, account: str | None = None):
        """The same as `client`: on AWS the checks have no principal of their own, so they leave traces in the trail."""
        return self.client(service, region, account)

    def _profile_session(self, profile: str | None, region: str | None) -> boto3.Session:
        import boto3

        return boto3.Session(profile_name=profile, region_name=region)

    @property
    def engine(self) -> str:
        """Always "docker": AWS is reached over HTTPS by a real engine."""
        return "docker"

    @functools.cached_property
    def docker(self) -> docker.DockerClient:
        """A client of the Docker engine that answers here. Raises LabError where none does."""
        for settings in engine.candidates():
            return engine.connect(engine.Choice("docker", settings), self.state)
        raise LabError("engine", "No Docker engine answers on this machine, and a lab on AWS needs one.", "Start Docker.")

    def registry(self, account: str | None = None, region: str | None = None) -> str:
        """`111122223333.dkr.ecr.us-east-1.amazonaws.com/ecrlab`: the lab's names all stand below its prefix."""
        return f"{account or self.account}.dkr.ecr.{region or self.region}.amazonaws.com/{PREFIX.rstrip('/')}"

    @property
    def public_registry(self) -> str:
        """`public.ecr.aws`"""
        return "public.ecr.aws"

    def base(self, name: str) -> str:
        """`public.ecr.aws/docker/library/debian:12`, from the real public registry."""
        if name not in BASES:
            raise LabError("base", f"There is no base image named {name!r}.", f"Use one of {', '.join(BASES)}.")
        return f"{self.public_registry}/docker/library/{BASES[name]}"


class Made:
    """The file that lists every repository this lab made and hasn't deleted."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> list[str]:
        """The ARNs of all that is still there."""
        return json.loads(self.path.read_text("utf-8")) if self.path.is_file() else []

    def add(self, arn: str) -> None:
        self._write(sorted({*self.all(), arn}))

    def remove(self, arn: str) -> None:
        self._write([each for each in self.all() if each != arn])

    def _write(self, arns: list[str]) -> None:
        temporary = self.path.with_suffix(".new")
        temporary.write_text(json.dumps(arns, indent=1) + "\n", "utf-8")
        os.replace(temporary, self.path)


def _account(session: boto3.Session) -> str:
    """The account a profile belongs to. AWS: STS GetCallerIdentity."""
    import botocore.exceptions

    try:
        return session.client("sts", region_name=session.region_name or REGION).get_caller_identity()["Account"]
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        raise LabError("credentials", f"AWS doesn't know you: {error}", "Configure a profile (aws configure) and set AWS_PROFILE.") from error


def _prefix_names(session: boto3.Session, made: Made) -> None:
    """Put the prefix before repository names that leave, take it off those that come back, and note what is made."""

    def leaving(params: dict, **_event) -> dict:
        params = dict(params)
        if "repositoryName" in params:
            params["repositoryName"] = _with_prefix(params["repositoryName"])
        if "repositoryNames" in params:
            params["repositoryNames"] = [_with_prefix(name) for name in params["repositoryNames"]]
        return params

    def arriving(parsed: dict, model, **_event) -> None:
        arn = parsed.get("repository", {}).get("repositoryArn")
        if arn and model.name == "CreateRepository":
            made.add(arn)
        if arn and model.name == "DeleteRepository":
            made.remove(arn)
        _strip(parsed)

    for service in ("ecr", "ecr-public"):
        session.events.register(f"provide-client-params.{service}", leaving)
        session.events.register(f"after-call.{service}", arriving)


def _with_prefix(name: str) -> str:
    return name if name.startswith(PREFIX) else PREFIX + name


def _strip(answer: object) -> None:
    """Take the prefix off every `repositoryName` in an answer. ARNs and URIs stay as AWS wrote them."""
    if isinstance(answer, list):
        for each in answer:
            _strip(each)
    elif isinstance(answer, dict):
        for name, value in answer.items():
            if name == "repositoryName" and isinstance(value, str):
                answer[name] = value.removeprefix(PREFIX)
            else:
                _strip(value)
