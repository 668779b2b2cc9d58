"""Whether an event has what a pattern wants. What is wanted of the objects in an array is wanted of one of them (event-ruler: JSON array
matching), so that a value can have either of two things and not both.

A value is looked at once for all that a pattern wants of it, however many combinations the pattern has; each want is a bit of a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from localecr.events import comparisons
from localecr.events.comparisons import Test

Path = tuple[str, ...]
Wants = int  # a bit for each want


class Tree:
    """The fields that a pattern asks about, by the steps of their paths."""

    def __init__(self) -> None:
        self.children: dict[str, Tree] = {}
        self.tests: list[tuple[Wants, tuple[Test, ...]]] = []  # of the field that ends here
        self.below: Wants = 0  # all that is wanted here and deeper

    def add(self, path: Path, tests: tuple[Test, ...], bit: Wants) -> None:
        """A want: that the value at a path passes one of these tests."""
        place = self
        place.below |= bit
        for step in path:
            place = place.children.setdefault(step, Tree())
            place.below |= bit
        place.tests.append((bit, tests))

    def held(self, value: Any) -> Wants:
        """What a plain value has."""
        found = 0
        for bit, tests in self.tests:
            if any(test(value) for test in tests):
                found |= bit
        return found


class Seen:
    """An event, and what was found out about it so far."""

    def __init__(self, event: dict[str, Any], tree: Tree):
        self._event = event
        self._tree = tree
        self._known: dict[tuple[int, int], Wants | Ways] = {}
        self._absent = self._without(tree, ())

    def has(self, wants: Wants) -> bool:
        return self._fits(self._event, self._tree, wants & ~self._absent)

    def _without(self, tree: Tree, path: Path) -> Wants:
        """What is wanted of fields that may be absent, and are."""
        found = 0
        for bit, tests in tree.tests:
            if comparisons.absent in tests and not _is_there(self._event, path):
                found |= bit
        for name, child in tree.children.items():
            found |= self._without(child, (*path, name))
        return found

    def _fits(self, value: Any, tree: Tree, wants: Wants) -> bool:
        """Whether a value has all of these at once."""
        found = self._look(value, tree)
        if not isinstance(found, Ways):
            return not wants & ~found
        if isinstance(value, dict):
            deeper = sum(child.below for child in tree.children.values())
            return not wants & ~deeper and all(
                name in value and self._fits(value[name], child, wants & child.below) for name, child in tree.children.items() if wants & child.below
            )
        return any(not wants & ~each for each in found.held) or any(self._fits(each, tree, wants & ~found.plain) for each in found.open)

    def _look(self, value: Any, tree: Tree) -> Wants | Ways:
        """All that a value has, or that it depends on what is chosen."""
        if not isinstance(value, (dict, list)):
            return tree.held(value)
        key = (id(value), id(tree))
        if key not in self._known:
            self._known[key] = self._look_into_object(value, tree) if isinstance(value, dict) else self._look_into_array(value, tree)
        return self._known[key]

    def _look_into_object(self, value: dict[str, Any], tree: Tree) -> Wants | Ways:
        wants = 0
        for name, child in tree.children.items():
            if name in value:
                found = self._look(value[name], child)
                if isinstance(found, Ways):
                    return found
                wants |= found
        return wants

    def _look_into_array(self, value: list[Any], tree: Tree) -> Wants | Ways:
        plain = 0
        for each in value:
            if not isinstance(each, (dict, list)):
                plain |= tree.held(each)
        ways = Ways(plain)
        for each in value:
            if isinstance(each, (dict, list)):
                found = self._look(each, tree)
                if isinstance(found, Ways):
                    ways.open.append(each)
                else:
                    ways.held.add(plain | found)
        return ways.only()


class Ways:
    """What an array has: ``plain`` in any case, and beside it what one of its members has."""

    def __init__(self, plain: Wants):
        self.plain = plain
        self.held: set[Wants] = {plain}
        self.open: list[Any] = []  # members of which it isn't known without further looking

    def only(self) -> Wants | Ways:
        """All that the array has, if one member has what any has."""
        most = 0
        for each in self.held:
            most |= each
        return most if not self.open and most in self.held else self


def _is_there(value: Any, path: Sequence[str]) -> bool:
    """Whether there is a value, and not an object, at a path (AWS: exists works on leaf nodes)."""
    if isinstance(value, list):
        return any(_is_there(each, path) for each in value)
    if isinstance(value, dict):
        return bool(path) and path[0] in value and _is_there(value[path[0]], path[1:])
    return not path
