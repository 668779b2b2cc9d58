"""Names on AWS: the lab's prefix before all that it makes, and the file that lists what it has made.

A lesson's repository `web` is the account's `ecrlab/web`, its user `ci` the account's `ecrlab-ci` (IAM's names know no slash).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from localecr.door import write_private

if TYPE_CHECKING:
    import boto3

PREFIX, IAM_PREFIX = "ecrlab/", "ecrlab-"
REPOSITORIES = ("repositoryName", "repositoryNames")
IDENTITIES = ("UserName", "RoleName", "GroupName")
_MAKES = re.compile("(Create|Delete)(Repository|User|Role|Group|Policy)")


class Made:
    """The file that lists everything this lab made and hasn't deleted."""

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
        write_private(self.path, json.dumps(arns, indent=1) + "\n")


def prefix_names(session: boto3.Session, made: Made) -> None:
    """Put the prefix before names that leave, take it off those that come back, and note what is made."""

    def leaving(params: dict, model, context: dict, **_event) -> dict:
        params = dict(params)
        for name in REPOSITORIES:
            if name in params:
                value = params[name]
                params[name] = _with(PREFIX, value) if isinstance(value, str) else [_with(PREFIX, each) for each in value]
        # an inline policy's name is its user's own; a managed one's is the account's
        for name in (*IDENTITIES, *(["PolicyName"] if model.name == "CreatePolicy" else [])):
            if name in params:
                params[name] = _with(IAM_PREFIX, params[name])
        context["ecrlab"] = params
        return params

    def arriving(parsed: dict, model, context: dict, **_event) -> None:
        found = _MAKES.fullmatch(model.name)
        if found and parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 200) < 300:
            verb, kind = found.groups()
            _note(made, verb, kind, parsed, context.get("ecrlab", {}))
        _strip(parsed)

    for service in ("ecr", "ecr-public", "iam"):
        session.events.register(f"provide-client-params.{service}", leaving)
        session.events.register(f"after-call.{service}", arriving)


def _note(made: Made, verb: str, kind: str, parsed: dict, asked: dict) -> None:
    answered = parsed.get("repository") or parsed.get(kind) or {}
    arn = answered.get("repositoryArn") or answered.get("Arn") or asked.get("PolicyArn")
    if verb == "Create" and arn:
        made.add(arn)
    elif verb == "Delete":
        ending = f":{kind.lower()}/{asked.get(kind + 'Name')}"  # IAM's Delete calls answer with nothing
        for each in made.all():
            if each == arn or each.endswith(ending):
                made.remove(each)


def _with(prefix: str, name: str) -> str:
    return name if name.startswith(prefix) else prefix + name


def _strip(answer: object) -> None:
    """Take the prefix off every name in an answer. ARNs and URIs stay as AWS wrote them."""
    if isinstance(answer, list):
        for each in answer:
            _strip(each)
    elif isinstance(answer, dict):
        for name, value in answer.items():
            if name == "repositoryName" and isinstance(value, str):
                answer[name] = value.removeprefix(PREFIX)
            elif name in (*IDENTITIES, "PolicyName") and isinstance(value, str):
                answer[name] = value.removeprefix(IAM_PREFIX)
            else:
                _strip(value)
