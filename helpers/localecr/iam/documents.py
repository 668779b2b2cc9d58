"""Policy documents: read, checked as IAM checks them, and made ready to be evaluated.

Grammar: IAM user guide, "Grammar of the IAM JSON policy language". Names of elements and effects are case-sensitive; those of actions,
condition keys and operators are not. How long a document may be is its keeper's business.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal

from localecr.iam import resources
from localecr.iam.conditions import Condition, compile_condition, is_date
from localecr.iam.matching import Actions, Principals, Resources
from localecr.iam.variables import parse

Kind = Literal["identity", "boundary", "session", "resource", "registry", "trust"]
VERSIONS = ("2008-10-17", "2012-10-17")
LONGEST = 131_072  # characters, the longest that any operation of AWS takes
ELEMENTS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
PRINCIPAL_KINDS = {"AWS", "Service", "Federated", "CanonicalUser"}
ATTACHED = ("identity", "boundary", "session")  # to whom they concern, so they name no principal
IAMS = (*ATTACHED, "trust")  # kept by IAM itself, which is stricter than other services
VENDOR = re.compile(r"[a-zA-Z0-9.-]+")
SID = re.compile(r"[0-9A-Za-z]*")
SERVICE_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")
AWS_PRINCIPAL = re.compile(
    r"\*|[0-9]{12}|A(?:IDA|ROA)[A-Z0-9]{4,124}"
    r"|arn:aws[a-z-]*:iam::[0-9]{12}:(?:root|(?:user|role)/[\w+=,.@/-]+)"
    r"|arn:aws[a-z-]*:sts::[0-9]{12}:(?:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+|federated-user/[\w+=,.@-]+)"
)
SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"


class MalformedPolicy(ValueError):
    """Text that is no policy; ``reason`` is IAM's sentence, for the MalformedPolicyDocument of IAM or another service's own error."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class Number(str):
    """A number as the document writes it: a text where a text may stand too, as a condition's value."""


@dataclass(frozen=True, eq=False)
class Statement:
    index: int  # from 0
    sid: str | None
    effect: Literal["Allow", "Deny"]
    actions: Actions
    resources: Resources | None  # None where a resource's own policy names none
    principals: Principals | None
    conditions: tuple[Condition, ...]
    element: dict[str, Any] = field(repr=False)

    @cached_property
    def text(self) -> str:
        """The statement as JSON."""
        return json.dumps(self.element, indent=2, ensure_ascii=False)


@dataclass(frozen=True)
class Document:
    text: str = field(repr=False)
    kind: Kind
    version: str
    id: str | None
    statements: tuple[Statement, ...] = field(repr=False, compare=False)


@lru_cache(maxsize=4096)
def read(text: str, kind: Kind = "identity") -> Document:
    """A policy document of a kind. Raises MalformedPolicy."""
    given = _json(text)
    if not isinstance(given, dict) or given.keys() - {"Version", "Id", "Statement"}:
        raise MalformedPolicy(SYNTAX)
    version = given.get("Version", VERSIONS[0])
    if version not in VERSIONS or not isinstance(given.get("Id", ""), str):
        raise MalformedPolicy(SYNTAX)
    elements = given.get("Statement")
    elements = elements if isinstance(elements, list) else [elements]
    if not elements:
        raise MalformedPolicy(SYNTAX)
    for element in elements:
        _check_syntax(element)
    for element in elements:
        _check_values(element, kind)
    if kind in IAMS:
        _check_sids(elements)
    statements = tuple(_statement(index, each, kind, version) for index, each in enumerate(elements))
    return Document(text, kind, version, given.get("Id"), statements)


def _json(text: str) -> Any:
    try:
        if len(text) > LONGEST:
            raise MalformedPolicy(SYNTAX)
        return json.loads(text, object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise MalformedPolicy(SYNTAX) from error


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; AWS refuses one that says something twice, and texts that are no Unicode."""
    known = dict(members)
    if len(known) != len(members):
        raise MalformedPolicy(SYNTAX)
    for name, value in members:
        for each in (name, *value) if isinstance(value, list) else (name, value):
            if isinstance(each, str) and not each.isascii():
                each.encode()  # UnicodeEncodeError, a ValueError, for half of a surrogate pair
    return known


def _refuse(constant: str) -> None:
    raise MalformedPolicy(SYNTAX)


def _check_syntax(element: Any) -> None:
    """Which elements there are, and of which JSON types."""
    if not isinstance(element, dict) or element.keys() - ELEMENTS or type(element.get("Effect")) is not str:
        raise MalformedPolicy(SYNTAX)
    if element["Effect"].lower() not in ("allow", "deny") or type(element.get("Sid", "")) is not str:
        raise MalformedPolicy(SYNTAX)
    for name in ("Action", "Resource", "Principal"):
        if name in element and f"Not{name}" in element:
            raise MalformedPolicy(SYNTAX)
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in element and not all(type(each) is str for each in _listed(element[name])):
            raise MalformedPolicy(SYNTAX)
    block = element.get("Condition", {})
    if not isinstance(block, dict) or not all(isinstance(keys, dict) for keys in block.values()):
        raise MalformedPolicy(SYNTAX)
    for keys in block.values():
        if not all(isinstance(value, (str, bool)) for values in keys.values() for value in _listed(values)):
            raise MalformedPolicy(SYNTAX)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _check_values(element: dict[str, Any], kind: Kind) -> None:
    """What the elements say, in IAM's order of looking."""
    if element["Effect"] not in ("Allow", "Deny"):
        raise MalformedPolicy(LEGACY)
    named = "Principal" in element or "NotPrincipal" in element
    if kind in ATTACHED and named:
        raise MalformedPolicy("Policy document should not specify a principal.")
    if kind not in ATTACHED and not named:
        raise MalformedPolicy("Missing required field Principal")
    patterns = _listed(element.get("Action", element.get("NotAction", [])))
    if not patterns:
        raise MalformedPolicy("Policy statement must contain actions.")
    for pattern in patterns:
        _check_vendor(pattern)
    if kind == "trust":
        _check_trust(element, patterns)
    described = _listed(element.get("Resource", element.get("NotResource", [])))
    if kind in ATTACHED or kind == "registry":
        if not described:
            raise MalformedPolicy("Policy statement must contain resources.")
        for each in described:
            if reason := resources.fault(each):
                raise MalformedPolicy(reason)
    if kind in ATTACHED and any(":" not in key for keys in element.get("Condition", {}).values() for key in keys):
        raise MalformedPolicy(PREFACED)


PREFACED = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."


def _check_vendor(pattern: str) -> None:
    vendor, colon, name = pattern.partition(":")
    if pattern == "*":
        return
    if not colon:
        raise MalformedPolicy(PREFACED)
    if ":" in name:
        raise MalformedPolicy("Actions/Condition can contain only one colon.")
    if vendor != "*" and not VENDOR.fullmatch(vendor):
        raise MalformedPolicy(f"Vendor {vendor} is not valid")


def _check_trust(element: dict[str, Any], patterns: list[str]) -> None:
    for name in ("Resource", "NotResource"):
        if name in element:
            raise MalformedPolicy(f"Has prohibited field {name}")
    if not all(pattern.lower().startswith("sts:") for pattern in patterns):
        raise MalformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.")


def _check_sids(elements: list[dict[str, Any]]) -> None:
    sids = [each["Sid"] for each in elements if each.get("Sid")]
    if not all(map(SID.fullmatch, sids)):
        raise MalformedPolicy("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
    if len(set(sids)) != len(sids):
        raise MalformedPolicy("Statement IDs (SID) in a single policy must be unique.")


def _statement(index: int, element: dict[str, Any], kind: Kind, version: str) -> Statement:
    actions = Actions(tuple(_listed(element.get("Action", element.get("NotAction")))), "NotAction" in element)
    described = element.get("Resource", element.get("NotResource"))
    places = None
    if described is not None:
        places = Resources(tuple(parse(each, version) for each in _listed(described)), "NotResource" in element)
    named = element.get("Principal", element.get("NotPrincipal"))
    people = None if named is None else Principals(_people(named), "NotPrincipal" in element)
    conditions = tuple(_conditions(element.get("Condition", {}), kind, version))
    return Statement(index, element.get("Sid"), element["Effect"], actions, places, people, conditions, element)


def _people(named: Any) -> dict[str, tuple[str, ...]]:
    """A Principal element's names by kind. Raises MalformedPolicy."""
    if named == "*":
        return {"AWS": ("*",)}
    if not isinstance(named, dict) or not named or named.keys() - PRINCIPAL_KINDS:
        raise MalformedPolicy(SYNTAX)
    people = {kind: tuple(_listed(names)) for kind, names in named.items()}
    for kind, names in people.items():
        if not names or not all(type(each) is str and each for each in names):
            raise MalformedPolicy(SYNTAX)
        shape = {"AWS": AWS_PRINCIPAL, "Service": SERVICE_NAME}.get(kind)
        for each in names:
            if shape and not shape.fullmatch(each):
                raise MalformedPolicy(f'Invalid principal in policy: "{kind}":"{each}"')
    return people


def _conditions(block: dict[str, Any], kind: Kind, version: str) -> list[Condition]:
    conditions = []
    for operator, keys in block.items():
        for key, values in keys.items():
            texts = tuple(json.dumps(each) if isinstance(each, bool) else str(each) for each in _listed(values))
            try:
                conditions.append(compile_condition(operator, key, texts, version))
            except ValueError as error:
                raise MalformedPolicy(SYNTAX) from error
            if kind in IAMS and "date" in operator.lower() and not all(map(is_date, texts)):
                raise MalformedPolicy(LEGACY)
    return conditions
