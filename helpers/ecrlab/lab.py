"""The lab that a notebook works in: the same names and methods, whether it runs here or on AWS."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ecrlab import home
from ecrlab.errors import LabError

if TYPE_CHECKING:
    import boto3
    import docker

    from ecrlab.advisories import Advisories
    from ecrlab.decision import Decision
    from ecrlab.events import Events
    from ecrlab.guide import Guide
    from ecrlab.lesson import Lesson
    from ecrlab.scans import Scans

YOURS = "111122223333"
PARTNERS = "444455556666"
REGION = "us-east-1"


class LabClock(Protocol):
    """The lab's time."""

    def now(self) -> datetime:
        """The present, in UTC."""

    def advance(self, **span: float) -> datetime:
        """Move the clock forward by `days=`, `hours=`, `minutes=` …; returns the new present."""


class Lab(ABC):
    """What both places share. Attributes:

    `place` "local" or "aws"; `account` and `partner`, twelve digits each (`partner` is None where there is none);
    `region`; `state`, the lab's folder; `clock`.
    """

    place: str
    account: str
    partner: str | None
    region: str
    state: Path
    clock: LabClock

    @abstractmethod
    def session(self, region: str | None = None, account: str | None = None, keys: Mapping[str, object] | None = None) -> boto3.Session:
        """A plain boto3 session as the learner, or as whom `keys` belong to.

        `keys` are IAM's own answer: `iam.create_access_key(…)["AccessKey"]`, or `sts.assume_role(…)["Credentials"]`.
        """

    def client(self, service: str, region: str | None = None, account: str | None = None):
        """A plain boto3 client as the learner: `lab.client("ecr")`."""
        return self.session(region, account).client(service)

    @abstractmethod
    def reader(self, service: str, region: str | None = None, account: str | None = None):
        """Like `client`, as the principal that checks and pictures read with."""

    @property
    @abstractmethod
    def docker(self) -> docker.DockerClient:
        """A docker client that can push to and pull from this lab, with log-ins of its own."""

    @property
    @abstractmethod
    def engine(self) -> str:
        """What stands behind `lab.docker`: "docker" or "dockerless"."""

    @abstractmethod
    def registry(self, account: str | None = None, region: str | None = None) -> str:
        """The private registry's address, as image names begin with it."""

    @property
    @abstractmethod
    def public_registry(self) -> str:
        """The public registry's address, as image names begin with it."""

    @abstractmethod
    def base(self, name: str) -> str:
        """The image that Dockerfiles build upon: "debian", "debian:11", "alpine", … (`ecrlab.bases`). Raises LabError for another name."""

    @abstractmethod
    def arn(self, account: str | None = None) -> str:
        """The learner's own ARN in an account."""

    @abstractmethod
    def decision(self, who: str, action: str, resource: str, **instead: object) -> Decision:
        """Whether the principal with the ARN `who` may do `action` ("ecr:PutImage") on `resource` (an ARN or "*"), and why.

        Nothing is called and nothing recorded. `instead`: `identity_policies`, a list of policies' texts in place of the
        principal's own; `repository_policy`, a text in place of the repository's (empty: as if it had none).
        """

    @property
    def events(self) -> Events:
        """Waits for events: `lab.events.wait(queue)`."""
        from ecrlab.events import Events

        return Events(self)

    @property
    def scans(self) -> Scans:
        """Waits for scans, and makes tables of what they found: `lab.scans.wait("web", tag="1.0")`."""
        from ecrlab.scans import Scans

        return Scans(self)

    def keep(self, setting: str) -> None:
        """Before a lesson changes a setting of the whole account ("scanning", "inspector"): shows it, asks for it on AWS, and keeps it for the clean-up.

        Raises LabError where the learner doesn't allow it.
        """
        from ecrlab import settings

        settings.keep(self, setting)

    @property
    def advisories(self) -> Advisories:
        """What the lab knows of vulnerabilities, to look at, to add to, and to hold at a date. Raises LabError on AWS, where nobody can."""
        raise LabError("advisories", "What Amazon Inspector knows can neither be listed nor held at a date.", "On AWS this lesson goes on without it.")

    @property
    def is_scanning(self) -> bool:
        """Whether images are being looked at, as far as that can be known: on AWS only what the API says of each."""
        return False

    def settle(self) -> None:
        """Wait until all of AWS knows a change that was made in IAM. A local lab knows it at once."""

    def login(self, account: str | None = None, region: str | None = None, session: boto3.Session | None = None) -> None:
        """Log `lab.docker` in to a private registry with a fresh token, for lessons in which that isn't the point.

        The token is fetched as the learner (of `account`), or with `session` as whoever that is: `account` then says only whose
        registry it is for. Docker keeps one log-in for an address, so the last one counts.
        """
        import base64

        session = session or self.session(region, account)
        region = region or session.region_name
        answer = session.client("ecr", region_name=region).get_authorization_token()
        username, _, password = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode().partition(":")
        # reauth: the SDK would otherwise go on with the last password it knows for this user name
        self.docker.login(username, password, registry=self.registry(account, region), reauth=True)

    def lesson(self, number: str) -> Lesson:
        """The helper of lesson `number` ("02"): shows its card and returns it."""
        from ecrlab.lesson import Lesson

        return Lesson.open(self, number)

    def guide(self, folder: str | os.PathLike = ".") -> Guide:
        """The helper of the guided lab in `folder`: shows its card and returns it."""
        from ecrlab.guide import Guide

        return Guide.open(self, Path(folder))


def open() -> Lab:
    """The lab that `ECRLAB_BACKEND` (local or aws) and `ECRLAB_STATE` name; see `ecrlab.open`."""
    backend = os.environ.get("ECRLAB_BACKEND", "local")
    state = home.find()
    if backend == "aws":
        from ecrlab.aws import AwsLab

        return AwsLab(home.make(state))
    if backend == "local":
        from ecrlab.local import LocalLab
        from ecrlab.server import join

        _reach_loopback_directly()
        return LocalLab(join(home.make(state)))
    raise LabError(
        "backend", f"ECRLAB_BACKEND is {backend!r}, which is no place for a lab.", "Use local (the default) or aws."
    )


def _reach_loopback_directly() -> None:
    """A proxy is never the way to this very machine, whatever program or library a cell uses."""
    for name in ("NO_PROXY", "no_proxy"):
        known = [each for each in os.environ.get(name, "").split(",") if each]
        os.environ[name] = ",".join(dict.fromkeys([*known, "localhost", "127.0.0.1"]))


def given(keys: Mapping[str, object]) -> dict[str, object]:
    """Keys as IAM and STS answer them, as a session takes them. Raises LabError for anything else."""
    try:
        return {
            "access_key_id": keys["AccessKeyId"],
            "secret_access_key": keys["SecretAccessKey"],
            "session_token": keys.get("SessionToken"),
        }
    except (KeyError, TypeError, AttributeError):
        raise LabError(
            "keys",
            "These are no keys: an AccessKeyId and a SecretAccessKey belong together.",
            'Give iam.create_access_key(…)["AccessKey"] or sts.assume_role(…)["Credentials"].',
        ) from None


def span(**parts: float) -> timedelta:
    """A stretch of time in `days=`, `hours=`, `minutes=` or `seconds=`. Raises LabError for one that goes back."""
    stretch = timedelta(**parts)
    if stretch < timedelta(0):
        raise LabError("clock", "The lab's clock only goes forward.", "Advance it by a positive number of days or hours.")
    return stretch
