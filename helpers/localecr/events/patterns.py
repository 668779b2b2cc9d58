"""Event patterns: which events a rule chooses. AWS: Amazon EventBridge event patterns.

Fields are joined by "and", a field's values by "or", and ``$or`` joins whole patterns. A pattern becomes its combinations: each is a
table from the path of a field to the tests of which one must hold. How an event is held against them: ``matching``.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from localecr.errors import AwsError
from localecr.events import comparisons, json_tree
from localecr.events.comparisons import Number, Test
from localecr.events.json_tree import DEEPEST, JsonError, Node
from localecr.events.matching import Path, Seen, Tree, Wants

MOST_COMBINATIONS = 1000
RESERVED = frozenset(  # words that can't name a field within $or: they would be taken for comparisons
    "exactly equals-ignore-case prefix suffix anything-but exists wildcard numeric cidr = < <= > >= regex not-wildcard not-equals-ignore-case"
    " date-after date-on-or-after date-before date-on-or-before in-date-range ip-address-in-range ip-address-not-in-range".split()
)

Combination = dict[Path, tuple[Test, ...]]


class Pattern:
    """A pattern, read."""

    def __init__(self, combinations: list[Combination]):
        self._tree = Tree()
        self._combinations: list[Wants] = []
        bits: dict[tuple[Path, tuple[Test, ...]], Wants] = {}
        for combination in combinations:
            wants = 0
            for want in combination.items():
                if want not in bits:
                    bits[want] = 1 << len(bits)
                    self._tree.add(*want, bits[want])
                wants |= bits[want]
            self._combinations.append(wants)

    def matches(self, event: dict[str, Any]) -> bool:
        """Whether an event is chosen; its numbers are ``Number``, as ``event`` reads them."""
        seen = Seen(event, self._tree)
        return any(seen.has(wants) for wants in self._combinations)


def event(text: str) -> dict[str, Any]:
    """An event as patterns see it. Raises ValueError for a text that is no JSON object, or one nested more than ``DEEPEST``."""
    try:
        found = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_no_json)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("Event must be a JSON object")
    _refuse_deep(found)
    return found


def _refuse_deep(value: Any) -> None:
    layer = [value]
    for _ in range(DEEPEST):
        layer = [each for one in layer if isinstance(one, (dict, list)) for each in (one.values() if isinstance(one, dict) else one)]
        if not layer:
            return
    raise ValueError("it is nested too deeply")


def _no_json(word: str) -> None:
    raise ValueError(f"Unrecognized token '{word}'")


@lru_cache(maxsize=512)
def read(text: str) -> Pattern:
    """The pattern of a text. Raises InvalidEventPatternException in AWS's words, with the place of what is wrong."""
    try:
        root = json_tree.read(text)
        if root.kind != "object":
            raise comparisons.Refused("Filter is not an object", root.opened)
        found = _read_object(root, (), [{}], within_or=False)
    except comparisons.Refused as refused:
        raise _invalid(JsonError(refused.reason, text, refused.place)) from refused
    except JsonError as error:
        raise _invalid(error) from error
    return Pattern(found)


def _invalid(error: JsonError) -> AwsError:
    return AwsError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}")


def _read_object(node: Node, path: Path, combinations: list[Combination], within_or: bool) -> list[Combination]:
    """The combinations, each with the fields of this object added."""
    if not node.value:
        raise comparisons.Refused("Empty objects are not allowed", node.end)
    for name, value in node.value:
        if name == "$or" and value.kind == "array":
            combinations = _read_or(value, path, combinations)
            continue
        if within_or and name in RESERVED:
            raise comparisons.Refused(f"{name} is Ruler reserved fieldName which cannot be used inside $or.", value.opened)
        if value.kind == "object":
            combinations = _read_object(value, (*path, name), combinations, within_or)
        elif value.kind == "array":
            combinations = _with_field(combinations, (*path, name), value)
        else:
            raise comparisons.Refused(f'"{name}" must be an object or an array', value.opened)
    return combinations


def _read_or(node: Node, path: Path, combinations: list[Combination]) -> list[Combination]:
    found: list[Combination] = []
    for each in node.value:
        if each.kind != "object":
            raise comparisons.Refused("Only JSON object is allowed in array of $or relationship.", each.opened)
        found += _read_object(each, path, combinations, within_or=True)
        if len(found) > MOST_COMBINATIONS:
            raise comparisons.Refused(f"Rule is too complex: its $or relationships make more than {MOST_COMBINATIONS} combinations", node.end)
    if len(node.value) < 2:
        raise comparisons.Refused("There must have at least 2 Objects in $or relationship.", node.end)
    return found


def _with_field(combinations: list[Combination], path: Path, node: Node) -> list[Combination]:
    tests = tuple(comparisons.read(each) for each in node.value)
    if not tests:
        raise comparisons.Refused("Empty arrays are not allowed", node.end)
    if any(path in each for each in combinations):
        raise comparisons.Refused(f"Path `{'.'.join(path)}` cannot be allowed multiple times", node.end)
    return [each | {path: tests} for each in combinations]
