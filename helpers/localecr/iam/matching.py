"""Whether a name fits a pattern: actions, resources, principals.

Wildcards are ``*`` (any run of characters, ``/`` and ``:`` too) and ``?`` (any one character).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from localecr.iam.variables import ANY, ONE, Context, Template, Token, tokens

Test = Callable[[str], bool]
ARN_PARTS = 6


@lru_cache(maxsize=8192)
def glob(pattern: tuple[Token, ...]) -> Test:
    """The test of a pattern. It looks for the pieces between the ``*`` from left to right and never goes back, so no pattern makes it slow."""
    pieces: list[list[Token]] = [[]]
    for each in pattern:
        if each is ANY:
            pieces.append([])
        else:
            pieces[-1].append(each)
    if all(isinstance(each, str) for piece in pieces for each in piece):
        return _of_texts(["".join(piece) for piece in pieces])  # type: ignore[arg-type]
    return _of_expressions(["".join("." if each is ONE else re.escape(each) for each in piece) for piece in pieces])


def _of_texts(pieces: list[str]) -> Test:
    first, *middle, last = [*pieces, ""] if len(pieces) == 1 else pieces
    if len(pieces) == 1:
        return first.__eq__
    if not any(middle) and not last:
        return (lambda text: True) if not first else lambda text: text.startswith(first)
    shortest = sum(map(len, pieces))

    def test(text: str) -> bool:
        if len(text) < shortest or not text.startswith(first) or not text.endswith(last):
            return False
        place, end = len(first), len(text) - len(last)
        for piece in middle:
            found = text.find(piece, place, end)
            if found < 0:
                return False
            place = found + len(piece)
        return True

    return test


def _of_expressions(pieces: list[str]) -> Test:
    """With ``?`` in it: the same walk, where an atomic group keeps the first place that fits."""
    first, *others = pieces
    walk = "".join(f"(?>.*?{piece})" for piece in others[:-1])
    compiled = re.compile(f"(?s:{first}{walk}{'.*' + others[-1] if others else ''})")
    return lambda text: compiled.fullmatch(text) is not None


@dataclass(frozen=True)
class Actions:
    """The actions of a statement: ``ecr:Get*``, ``*``. Their case doesn't count."""

    patterns: tuple[str, ...]
    excluded: bool  # NotAction

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tests", tuple(glob(tokens(each.lower())) for each in self.patterns))

    def include(self, action: str) -> bool:
        """Whether they hold an action, given in lower case."""
        for test in self._tests:  # type: ignore[attr-defined]
            if test(action):
                return not self.excluded
        return self.excluded


@dataclass(frozen=True)
class Resources:
    """The resources of a statement: ARNs with wildcards and policy variables, ``*``. Their case counts.

    AWS ("Resource"): a ``*`` that ends a part of the ARN goes on beyond its colon; so it does here wherever it stands.
    A variable that has no value makes its pattern fit nothing, also one before the fifth colon, where AWS knows none.
    """

    patterns: tuple[Template, ...]
    excluded: bool  # NotResource

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tests", tuple(_fixed(each) for each in self.patterns))

    def include(self, resource: str, context: Context) -> bool:
        for template, test in zip(self.patterns, self._tests, strict=True):  # type: ignore[attr-defined]
            if test(resource) if test else self._fits(template, resource, context):
                return not self.excluded
        return self.excluded

    @staticmethod
    def _fits(template: Template, resource: str, context: Context) -> bool:
        pattern = template.resolve(context)
        return pattern is not None and glob(pattern)(resource)


def _fixed(template: Template) -> Test | None:
    """The test of a pattern that is always the same."""
    if template.has_variable_before_colon(ARN_PARTS - 1):
        return lambda resource: False
    return None if template.variables else glob(template.parts)  # type: ignore[arg-type]


class Named(IntEnum):
    """How a Principal element names the caller; AWS lets a grant do more, the more direct it is ("Determining whether a request is allowed")."""

    NOT = 0
    BY_ACCOUNT = 1  # trusts the account, whose own policies then decide
    BY_ROLE = 2  # the role that a session is of: its boundary and session policies still limit
    DIRECTLY = 3  # the user, the session, the service, or everybody


@dataclass(frozen=True)
class Principals:
    """Whom a Principal or NotPrincipal element names: by kind (``AWS``, ``Service``, …), without wildcards but for ``*`` alone."""

    names: Mapping[str, tuple[str, ...]]
    excluded: bool  # NotPrincipal

    def __post_init__(self) -> None:
        object.__setattr__(self, "_names", {kind: frozenset(each) for kind, each in self.names.items()})

    def name(self, caller: Caller, deny: bool) -> Named:
        """How the element names the caller, ``Named.NOT`` where its statement isn't about them.

        Of a NotPrincipal that denies, AWS asks more: it looks at the account, at the role and at the session or the user
        in turn, and denies unless each is excepted ("NotPrincipal with Deny").
        """
        if not self.excluded:
            return self._named(caller)
        if deny and caller.account is not None and "*" not in self._aws and caller.kind != "AWSService":
            chain = (caller.direct, caller.by_role, caller.by_account)
            excepted = all(names & self._aws for names in chain if names)
        else:
            excepted = self._named(caller) is not Named.NOT
        return Named.NOT if excepted else Named.DIRECTLY

    @property
    def _aws(self) -> frozenset[str]:
        return self._names.get("AWS", frozenset())  # type: ignore[attr-defined]

    def _named(self, caller: Caller) -> Named:
        aws = self._aws
        if "*" in aws or aws & caller.direct or caller.arn in self._names.get(caller.element, ()):  # type: ignore[attr-defined]
            return Named.DIRECTLY
        if aws & caller.by_role:
            return Named.BY_ROLE
        return Named.BY_ACCOUNT if aws & caller.by_account else Named.NOT


@dataclass(frozen=True)
class Caller:
    """Who asks, as Principal elements may name them."""

    kind: str  # IAMUser, AssumedRole, Root, AWSService, Anonymous, FederatedUser, WebIdentity
    arn: str
    account: str | None
    direct: frozenset[str]
    by_role: frozenset[str]
    by_account: frozenset[str]

    @property
    def element(self) -> str:
        """Under which name of a Principal element it stands."""
        return {"AWSService": "Service", "WebIdentity": "Federated"}.get(self.kind, "")
