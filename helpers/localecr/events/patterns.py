"""Event patterns: which events a rule chooses. AWS: Amazon EventBridge event patterns.

Fields are joined by "and", a field's values by "or", and ``$or`` joins whole patterns. A pattern becomes its combinations: each is a
table from the path of a field to the tests of which one must hold.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from localecr.errors import AwsError
from localecr.events import comparisons, json_tree
from localecr.events.comparisons import Number, Test
from localecr.events.json_tree import JsonError, Node

MOST_COMBINATIONS = 1000
RESERVED = frozenset(  # words that can't name a field within $or: they would be taken for comparisons
    "exactly equals-ignore-case prefix suffix anything-but exists wildcard numeric cidr = < <= > >= regex not-wildcard not-equals-ignore-case"
    " date-after date-on-or-after date-before date-on-or-before in-date-range ip-address-in-range ip-address-not-in-range".split()
)

Path = tuple[str, ...]
Wants = tuple[tuple[Path, tuple[Test, ...]], ...]  # of one combination
Combination = dict[Path, tuple[Test, ...]]


@dataclass(frozen=True)
class Pattern:
    combinations: tuple[Wants, ...]

    def matches(self, event: dict[str, Any]) -> bool:
        """Whether an event is chosen; its numbers are ``Number``, as ``event`` reads them."""
        known: dict[tuple[int, Wants], bool] = {}
        return any(_chosen(event, wants, known) for wants in self.combinations)


def event(text: str) -> dict[str, Any]:
    """An event as patterns see it. Raises ValueError for a text that is no JSON object."""
    try:
        found = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_no_json)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("Event must be a JSON object")
    return found


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
    return Pattern(tuple(tuple(each.items()) for each in found))


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


def _chosen(event: dict[str, Any], wants: Wants, known: dict[tuple[int, Wants], bool]) -> bool:
    """Whether an event has all that one combination wants."""
    left = tuple((path, tests) for path, tests in wants if not (comparisons.absent in tests and not _has(event, path)))
    return _satisfies(event, left, known)


def _has(value: Any, path: Sequence[str]) -> bool:
    """Whether there is a value, and not an object, at a path (AWS: exists works on leaf nodes)."""
    if isinstance(value, list):
        return any(_has(each, path) for each in value)
    if isinstance(value, dict):
        return bool(path) and path[0] in value and _has(value[path[0]], path[1:])
    return not path


def _satisfies(value: Any, wants: Wants, known: dict[tuple[int, Wants], bool]) -> bool:
    """Whether a value has all that is wanted of it, the rest of each path given.

    Of an array any member will do; but what is wanted of the objects in it must all be in one of them (event-ruler: JSON array matching).
    Each value is looked at once for the same wants, however many combinations there are.
    """
    if not wants:
        return True
    if not isinstance(value, (dict, list)):
        return all(not path and any(test(value) for test in tests) for path, tests in wants)
    key = (id(value), wants)
    if key not in known:
        known[key] = (_object_satisfies if isinstance(value, dict) else _array_satisfies)(value, wants, known)
    return known[key]


def _object_satisfies(value: dict[str, Any], wants: Wants, known: dict[tuple[int, Wants], bool]) -> bool:
    by_name: dict[str, list[tuple[Path, tuple[Test, ...]]]] = {}
    for path, tests in wants:
        if not path or path[0] not in value:
            return False
        by_name.setdefault(path[0], []).append((path[1:], tests))
    return all(_satisfies(value[name], tuple(rest), known) for name, rest in by_name.items())


def _array_satisfies(value: list[Any], wants: Wants, known: dict[tuple[int, Wants], bool]) -> bool:
    plain = [each for each in value if not isinstance(each, (dict, list))]
    left = tuple((path, tests) for path, tests in wants if path or not any(test(each) for each in plain for test in tests))
    return not left or any(_satisfies(each, left, known) for each in value if isinstance(each, (dict, list)))
