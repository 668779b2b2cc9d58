"""The lab on the learner's own AWS account (`ECRLAB_BACKEND=aws`).

The same interface, with what an account that holds other things asks for: every name of a repository, user, role, group or
policy gets the lab's prefix on its way out and loses it on its way back, so that a lesson's `web` is the account's
`ecrlab/web`, and its `ci` the account's `ecrlab-ci`; and `aws.json` in the lab's folder lists everything made.
Credentials come from the learner's own profile, the partner's from the profile that `ECRLAB_PARTNER_PROFILE` names.

None of this has been run on AWS: it was written from the documentation and tested with botocore's Stubber.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ecrlab import bases, engine
from ecrlab.errors import LabError
from ecrlab.lab import REGION, Lab, given, span
from ecrlab.names import PREFIX, Made, prefix_names
from ecrlab.simulator import simulate

if TYPE_CHECKING:
    import boto3
    import docker

    from ecrlab.decision import Decision

FILE = "aws.json"
PATIENCE = 60  # seconds until AWS knows new keys
SETTLES = 15  # seconds until a policy that was changed is used everywhere; AWS names no figure


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

    def session(self, region: str | None = None, account: str | None = None, keys: Mapping[str, object] | None = None) -> boto3.Session:
        """A boto3 session of the learner's profile (for the partner's account: of the partner's) or of `keys`, with the lab's prefix.

        AWS takes some seconds until it knows new keys: this waits for it.
        """
        if keys is not None:
            return self._named(_known(self._keys_session(given(keys), region or self.region)))
        account = account or self.account
        if account not in self._profiles:
            raise LabError(
                "no_partner", f"No profile of account {account} is known.", "Name the partner's with ECRLAB_PARTNER_PROFILE."
            )
        return self._named(self._profile_session(self._profiles[account], region or self.region))

    def reader(self, service: str, region: str | None = None, account: str | None = None):
        """The same as `client`: on AWS the checks have no principal of their own, so they leave traces in the trail."""
        return self.client(service, region, account)

    def arn(self, account: str | None = None) -> str:
        """See `Lab.arn`. AWS: STS GetCallerIdentity."""
        return self.client("sts", account=account).get_caller_identity()["Arn"]

    def decision(self, who: str, action: str, resource: str, **instead: object) -> Decision:
        """See `Lab.decision`: IAM's policy simulator, which leaves some things out (`ecrlab.simulator`)."""
        policy = instead["repository_policy"] if "repository_policy" in instead else self._repository_policy(resource)
        return simulate(self.client("iam", account=who.split(":")[4]), who, action, resource, instead.get("identity_policies"), policy)

    def _repository_policy(self, resource: str) -> str | None:
        """The policy of a repository of this account, None where it has none."""
        parts = resource.split(":", 5)
        if parts[2:3] not in (["ecr"], ["ecr-public"]) or parts[4] != self.account:
            return None
        ecr = self.client(parts[2], region=parts[3] or "us-east-1")
        try:
            return ecr.get_repository_policy(repositoryName=parts[5].removeprefix("repository/"))["policyText"]
        except (ecr.exceptions.RepositoryPolicyNotFoundException, ecr.exceptions.RepositoryNotFoundException):
            return None

    def settle(self) -> None:
        """IAM is eventually consistent: a new policy takes some seconds to be known, and nothing tells when it is."""
        time.sleep(SETTLES)

    def _named(self, session: boto3.Session) -> boto3.Session:
        """The session, whose clients put the prefix before names and note what they make."""
        prefix_names(session, self._made)
        return session

    def _keys_session(self, keys: dict[str, object], region: str) -> boto3.Session:
        import boto3

        return boto3.Session(keys["access_key_id"], keys["secret_access_key"], keys["session_token"], region_name=region)

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
        """`public.ecr.aws/docker/library/debian:12`, from the real public registry; Distroless from Google's."""
        return bases.REAL[bases.named(name)]


def _account(session: boto3.Session) -> str:
    """The account a profile belongs to. AWS: STS GetCallerIdentity."""
    import botocore.exceptions

    try:
        return session.client("sts", region_name=session.region_name or REGION).get_caller_identity()["Account"]
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        raise LabError("credentials", f"AWS doesn't know you: {error}", "Configure a profile (aws configure) and set AWS_PROFILE.") from error


def _known(session: boto3.Session) -> boto3.Session:
    """The session, as soon as AWS knows its keys, which takes seconds after they were made. AWS: STS GetCallerIdentity."""
    import botocore.exceptions

    until = time.monotonic() + PATIENCE
    while True:
        try:
            session.client("sts").get_caller_identity()
            return session
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "InvalidClientTokenId" or time.monotonic() > until:
                raise
            time.sleep(1)
