"""What is attached to a user, a role or a group, for the simulator: read from the copy of IAM from which calls are decided."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localecr import identities
from localecr.errors import AwsError
from localecr.iam.documents import Document, Kind, MalformedPolicy, read
from localecr.iam.evaluation import Source
from localecr.iam.matching import glob
from localecr.iam.variables import tokens

if TYPE_CHECKING:
    from localecr.ledger import Call

ENTITY = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>[0-9]{12}):(?P<kind>user|group|role)/(?P<name>(?:[\w+=,.@-]+/)*[\w+=,.@-]+)")


@dataclass(frozen=True)
class Entity:
    """A user, a role or a group."""

    kind: str
    name: str
    account: str
    arn: str
    policies: tuple[Mapping[str, Any], ...] = ()  # {"name", "arn" of a managed one, "document", "group" of one that comes from there}
    boundary: Mapping[str, Any] | None = None

    def sources(self, exclusions: list[Mapping[str, Any]]) -> list[Source]:
        """Its policies for the evaluator, without those that an entry of PolicyExclusionList names."""
        excluded = [_exclusion(each) for each in exclusions]
        return [self._source("identity", each) for each in self.policies if not any(test(each, self) for test in excluded)]

    def limits(self, exclusions: list[Mapping[str, Any]]) -> list[Source]:
        """Its permissions boundary, if it has one."""
        excluded = any(each.get("PolicyType") == "permission-boundary" for each in exclusions)
        return [self._source("boundary", self.boundary)] if self.boundary and not excluded else []

    def owner_of(self, policy: Mapping[str, Any]) -> tuple[str, str]:
        return ("group", policy["group"]) if policy.get("group") else (self.kind, self.name)

    def _source(self, kind: Kind, policy: Mapping[str, Any]) -> Source:
        """Named as the simulator names it: a managed policy by its name, an inline one ``user_alice_pull``."""
        name = policy["name"] if policy.get("arn") else "_".join((*self.owner_of(policy), policy["name"]))
        return Source(kind, name, document(policy["document"], kind), policy.get("arn"))


def invalid(sentence: str) -> AwsError:
    return AwsError("InvalidInput", sentence)


def document(text: str, kind: Kind) -> Document:
    """A policy that is given to the simulator. Raises InvalidInput."""
    try:
        return read(text, kind)
    except MalformedPolicy as error:
        raise invalid(error.reason) from error


def find(call: Call, arn: str) -> Entity:
    """Whom an ARN names, with what is attached. Raises NoSuchEntity, and InvalidInput for what names nobody."""
    named = ENTITY.fullmatch(arn)
    if not named:
        raise invalid(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    kind, name, account = named["kind"], named["name"].rpartition("/")[2], named["account"]
    rows = call.lab.database.all("SELECT arn, document FROM identities WHERE account = ?", (account,))
    documents = {row["arn"]: json.loads(row["document"]) for row in rows}
    if kind == "group":
        for each in documents.values():
            if name in each["groups"]:
                return Entity(kind, name, account, arn, tuple(policy for policy in each["policies"] if policy.get("group") == name))
    elif arn in documents:
        return Entity(kind, name, account, arn, tuple(documents[arn]["policies"]), documents[arn]["boundary"])
    elif not rows and (kind, name, account) == ("user", identities.USERS["learner"], call.account):  # nobody changed anything there yet
        return Entity(kind, name, account, arn, (identities.ADMINISTRATOR._asdict(),))
    raise AwsError("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)


def _exclusion(given: Mapping[str, Any]) -> Callable[[Mapping[str, Any], Entity], bool]:
    """Which policies one entry of PolicyExclusionList leaves out."""
    if "PolicyType" in given:
        return lambda policy, entity: _type(policy) == given["PolicyType"]
    if "PolicyArn" in given:
        fits = glob(tokens(given["PolicyArn"]))
        return lambda policy, entity: bool(policy.get("arn")) and fits(policy["arn"])
    inline = given.get("InlinePolicyIdentifier", {})
    wanted = (inline.get("AttachmentType"), inline.get("AttachmentName"), inline.get("PolicyName"))
    return lambda policy, entity: not policy.get("arn") and wanted == (*entity.owner_of(policy), policy["name"])


def _type(policy: Mapping[str, Any]) -> str:
    if not policy.get("arn"):
        return "inline"
    return "aws-managed" if ":iam::aws:policy/" in policy["arn"] else "user-managed"
