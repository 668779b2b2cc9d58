"""The lab on this machine: the embedded AWS, joined through its front door."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecrlab import bases, engine
from ecrlab.decision import Decision
from ecrlab.errors import LabError
from ecrlab.lab import PARTNERS, REGION, YOURS, Lab, given, span

if TYPE_CHECKING:
    import boto3
    import docker
    from localecr.door import Door

    from ecrlab.advisories import Advisories


class LocalClock:
    """The embedded AWS's clock: it ticks, and can be moved forward."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def now(self) -> datetime:
        """The lab's present, in UTC."""
        return self._door.clock()

    def advance(self, **parts: float) -> datetime:
        """Move the lab's clock forward by `days=`, `hours=`, `minutes=`; returns the lab's new present."""
        return self._door.advance(span(**parts).total_seconds())


class LocalLab(Lab):
    """A lab on loopback. Nothing leaves the machine and nothing costs money."""

    place = "local"
    account = YOURS
    partner = PARTNERS
    region = REGION

    def __init__(self, door: Door) -> None:
        status = door.status()
        self._door = door
        self._status = status
        self._known_keys: dict[tuple[str, str], dict[str, str]] = {}
        self._sessions: dict[tuple[str, str, str], boto3.Session] = {}
        self._clients: dict[tuple[str, str, str | None, str | None], Any] = {}
        self.state = Path(status["state"])
        self.clock = LocalClock(door)

    def __repr__(self) -> str:
        return f"A local lab: account {self.account}, Region {self.region}, at {self._status['endpoint']}"

    def session(self, region: str | None = None, account: str | None = None, keys: Mapping[str, object] | None = None) -> boto3.Session:
        """A boto3 session as the learner of `account`, or as whom `keys` belong to; it knows the lab's address and nothing of ~/.aws."""
        if keys is None:
            return self._session("learner", region, account)
        return _session(self._status["endpoint"], _known_region(region or self.region), **given(keys))

    def client(self, service: str, region: str | None = None, account: str | None = None):
        """See `Lab.client`. One for each place, since making one takes longer than a call."""
        return self._client("learner", service, region, account)

    def reader(self, service: str, region: str | None = None, account: str | None = None):
        """Like `client`, as a principal of the checks' own, left out of the trail and the plots."""
        return self._client("checker", service, region, account)

    def _client(self, role: str, service: str, region: str | None, account: str | None):
        place = (role, service, region, account)
        if place not in self._clients:
            self._clients[place] = self._session(role, region, account).client(service)
        return self._clients[place]

    def _session(self, role: str, region: str | None, account: str | None) -> boto3.Session:
        whose = (account or self.account, role, _known_region(region or self.region))
        if whose not in self._sessions:
            keys = self.keys(whose[0], role)
            self._sessions[whose] = _session(self._status["endpoint"], whose[2], keys["access_key_id"], keys["secret_access_key"])
        return self._sessions[whose]

    def keys(self, account: str, role: str = "learner") -> dict[str, str]:
        """The `access_key_id` and `secret_access_key` of an account, which is made on demand. LabError if it can't be one."""
        from localecr.door import DoorError

        if (account, role) not in self._known_keys:
            try:
                self._known_keys[account, role] = self._door.keys(account, role)
            except DoorError as error:
                raise LabError("account", str(error), f"Yours is {self.account}, your partner's {self.partner}.") from error
        return self._known_keys[account, role]

    def arn(self, account: str | None = None) -> str:
        """`arn:aws:iam::111122223333:user/learner`"""
        return f"arn:aws:iam::{account or self.account}:user/learner"

    def decision(self, who: str, action: str, resource: str, **instead: object) -> Decision:
        """See `Lab.decision`: the very evaluator that decides each call, asked without making one."""
        from localecr.door import DoorError

        try:
            return Decision.read(self._door.verdict(principal_arn=who, action=action, resource=resource, **instead))
        except DoorError as error:
            raise LabError("decision", str(error), "Check who, action and resource.") from error

    @functools.cached_property
    def advisories(self) -> Advisories:
        """See `Lab.advisories`."""
        from ecrlab.advisories import Advisories

        return Advisories(self.state, self._door)

    @functools.cached_property
    def _choice(self) -> engine.Choice:
        return engine.choose(self._status, self.base("static"), self.state)

    @property
    def engine(self) -> str:
        """What stands behind `lab.docker`: "docker" or "dockerless"."""
        return self._choice.name

    @functools.cached_property
    def docker(self) -> docker.DockerClient:
        """The docker SDK's client of an engine that can pull from the lab, else of dockerless."""
        return engine.connect(self._choice, self.state)

    def registry(self, account: str | None = None, region: str | None = None) -> str:
        """`localhost:4510/111122223333.dkr.ecr.us-east-1.amazonaws.com`"""
        host = self._status["endpoint"].removeprefix("http://")
        return f"{host}/{account or self.account}.dkr.ecr.{_known_region(region or self.region)}.amazonaws.com"

    @property
    def public_registry(self) -> str:
        """`localhost:4511/public.ecr.aws`"""
        return self._status["public_endpoint"].removeprefix("http://") + "/public.ecr.aws"

    def base(self, name: str) -> str:
        """`localhost:4511/public.ecr.aws/ecrlab/debian:12`. With `ECRLAB_BASES=real` the real image's name, which is pulled if it isn't here."""
        name = bases.named(name)
        if name != bases.PROGRAM and bases.are_real():
            return self._pulled(bases.REAL[name])
        return f"{self.public_registry}/ecrlab/{name}"

    def _pulled(self, name: str) -> str:
        import docker.errors

        try:
            if not self.docker.images.list(name):
                self.docker.images.pull(name)
        except docker.errors.DockerException as error:
            raise LabError("base", f"{name} couldn't be pulled: {error}", f"Check the network, or unset {bases.CHOICE}.") from error
        return name

    @property
    def is_scanning(self) -> bool:
        """See `Lab.is_scanning`: also the looks of continuous scans, of which the API tells only when they are over."""
        told = self._door.scans()
        return bool(told["waiting"] or told["running"])

    def exported(self, report_id: str) -> list[dict[str, Any]]:
        """The SBOMs of one of Inspector's reports. On AWS they are files in a bucket."""
        return [each["document"] for each in self._door.sboms(self.account, self.region, report_id)]

    def from_address(self, address: str) -> dict[str, str]:
        """The headers with which a call comes from another IP address, as replayed traffic does. On AWS there is no such thing."""
        return self._door.from_address(address)


@functools.cache
def _regions() -> frozenset[str]:
    import botocore.session

    return frozenset(botocore.session.Session().get_available_regions("ecr"))


def _known_region(name: str) -> str:
    """The name, if AWS has such a Region as botocore knows them. Raises LabError otherwise."""
    if name != REGION and name not in _regions():
        raise LabError("region", f"AWS has no Region named {name!r}.", "Use one such as us-east-1, eu-west-1 or ap-southeast-2.")
    return name


@functools.cache
def _models():
    """botocore's reader of service models: one for all sessions, since reading one takes a while."""
    import botocore.loaders

    return botocore.loaders.create_loader()


def _session(endpoint: str, region: str, access_key_id: str, secret_access_key: str, session_token: str | None = None) -> boto3.Session:
    """A boto3 session whose clients go to `endpoint`, whatever the learner's own AWS settings and proxies say."""
    import boto3
    import botocore.config
    import botocore.session

    class LabSession(boto3.Session):
        def client(self, service_name: str, *args, **settings):
            # a proxy is never the way to this very machine
            direct = botocore.config.Config(proxies={})
            settings["config"] = direct.merge(settings["config"]) if settings.get("config") else direct
            settings["endpoint_url"] = settings.get("endpoint_url") or endpoint
            return super().client(service_name, *args, **settings)

    # no profile and no files of the learner's: a broken or foreign setting there is none of the lab's business
    own = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    own.register_component("data_loader", _models())
    return LabSession(access_key_id, secret_access_key, session_token, region_name=region, botocore_session=own)
