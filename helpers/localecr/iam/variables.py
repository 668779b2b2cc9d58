"""What a policy's texts are made of: characters, wildcards, and policy variables such as ``${aws:username}``.

Variables stand in resources and in condition values (AWS: "IAM policy elements: Variables and tags"). A document of version
2008-10-17 has none: there ``${aws:username}`` is text like any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

Value = str | Sequence[str]
Context = Mapping[str, Value]
VARIABLE = re.compile(r"\$\{([^}]*)\}")
INNER = re.compile(r"(?P<name>[^,']*)(?:,\s*'(?P<default>[^']*)')?")
WILDCARDS = re.compile(r"([*?])")
CHARACTERS = ("*", "?", "$")


class Wildcard:
    """``*``, any run of characters, or ``?``, any one."""

    def __init__(self, sign: str):
        self.sign = sign

    def __repr__(self) -> str:
        return self.sign


ANY, ONE = Wildcard("*"), Wildcard("?")
SIGNS = {"*": ANY, "?": ONE}


@dataclass(frozen=True)
class Variable:
    name: str  # of a key of the request's context, as the policy writes it
    key: str  # the same in lower case
    default: str | None


Token = str | Wildcard


@dataclass(frozen=True)
class Template:
    """A text of a policy in order: characters, wildcards, and variables still to be replaced."""

    parts: tuple[Token | Variable, ...]

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The context keys it asks for, as the policy writes them."""
        return tuple(part.name for part in self.parts if isinstance(part, Variable))

    def resolve(self, context: Context) -> tuple[Token, ...] | None:
        """Its tokens with the variables' values, whose ``*`` and ``?`` are characters. None where a variable has no single value:
        then the text is like no other, as null is (AWS: "Policy variables with no value")."""
        resolved = []
        for part in self.parts:
            if type(part) is Variable:
                value = context.get(part.key, part.default)
                if not isinstance(value, str):
                    return None
                part = value
            resolved.append(part)
        return tuple(resolved)

    def has_variable_before_colon(self, number: int) -> bool:
        """Whether a variable stands before the text's ``number``-th colon."""
        colons = 0
        for part in self.parts:
            if isinstance(part, Variable):
                return True
            colons += part.count(":") if isinstance(part, str) else 0
            if colons >= number:
                break
        return False


def tokens(text: str) -> tuple[Token, ...]:
    """A pattern's characters and wildcards."""
    return tuple(SIGNS.get(each, each) for each in WILDCARDS.split(text) if each)


def parse(text: str, version: str) -> Template:
    """A text of a policy of this version of the language. What only looks like a variable (``${`` with no end) is text."""
    if version < "2012-10-17":
        return Template(tokens(text))
    parts: list[Token | Variable] = []
    place = 0
    for found in VARIABLE.finditer(text, 0, text.rfind("}") + 1):  # beyond it each ``${`` would be looked at to the text's end
        parts += tokens(text[place : found.start()])
        parts.append(_part(found[1]))
        place = found.end()
    return Template((*parts, *tokens(text[place:])))


def _part(inner: str) -> str | Variable:
    if inner in CHARACTERS:  # ${*} is an asterisk that is no wildcard
        return inner
    found = INNER.fullmatch(inner.strip())
    name, default = (found["name"].rstrip(), found["default"]) if found else (inner, None)
    return Variable(name, name.lower(), default)
