"""Policy variables: ``${aws:username}`` in resources and condition values (AWS: "IAM policy elements: Variables and tags").

A document of version 2008-10-17 has none: there ``${aws:username}`` is text like any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Value = str | Sequence[str]
Context = Mapping[str, Value]
VARIABLE = re.compile(r"\$\{([^}]*)\}")
INNER = re.compile(r"\s*(?P<key>[^,']*?)\s*(?:,\s*'(?P<default>[^']*)'\s*)?")
CHARACTERS = ("*", "?", "$")


@dataclass(frozen=True)
class Variable:
    key: str  # of the request's context, in lower case
    default: str | None


@dataclass(frozen=True)
class Template:
    """A text of a policy, cut where variables stand in it: (text, whether the policy's own), or a Variable."""

    parts: tuple[tuple[str, bool] | Variable, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """The context keys it asks for."""
        return tuple(part.key for part in self.parts if isinstance(part, Variable))

    def names_a_variable_before_colon(self, number: int) -> bool:
        """Whether one stands before the text's ``number``-th colon."""
        colons = 0
        for part in self.parts:
            if isinstance(part, Variable):
                return colons < number
            colons += part[0].count(":")
            if colons >= number:
                return False
        return False

    def resolve(self, context: Context) -> tuple[tuple[str, bool], ...] | None:
        """Its parts with values for the variables; None where one has no single value: then the text is like no other, as null is."""
        resolved = []
        for part in self.parts:
            if isinstance(part, Variable):
                value = context.get(part.key, part.default)
                if not isinstance(value, str):
                    return None
                part = (value, False)
            resolved.append(part)
        return tuple(resolved)


def parse(text: str, version: str) -> Template:
    """A text of a policy of this version of the language. What only looks like a variable (``${`` with no end) is text."""
    if version < "2012-10-17" or "${" not in text:
        return Template(((text, True),))
    parts: list[tuple[str, bool] | Variable] = []
    place = 0
    for found in VARIABLE.finditer(text):
        if found.start() > place:
            parts.append((text[place : found.start()], True))
        parts.append(_part(found[1]))
        place = found.end()
    if place < len(text):
        parts.append((text[place:], True))
    return Template(tuple(parts))


def _part(inner: str) -> tuple[str, bool] | Variable:
    if inner in CHARACTERS:  # ${*} is an asterisk that is no wildcard
        return (inner, False)
    found = INNER.fullmatch(inner)
    return Variable(found["key"].lower(), found["default"]) if found else Variable(inner.lower(), None)
