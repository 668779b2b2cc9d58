"""Patterns of paths: those of Go's ``filepath.Match``, and ``.dockerignore``'s, which also have ``**``.

A regular expression with many stars can take longer than the age of the world for one path. Patterns with few of them become
one, since it is fast; the others are followed state by state, in time proportional to the path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

FEW = 2  # wildcards, with which backtracking costs at most the square of a path's length
ONE, STAR, DEEP, FOLDERS, WITHIN = "one", "star", "deep", "folders", "within"
ANY_NUMBER = {STAR: "[^/]*", DEEP: ".*", FOLDERS: "(?:.*/)?", WITHIN: ""}

Token = tuple[str, str]  # what it is, and for ONE the regular expression of the character


class Glob:
    """A pattern, read. Raises ValueError for what isn't one. With ``any_depth`` it may hold ``**``."""

    def __init__(self, pattern: str, any_depth: bool = False) -> None:
        self._tokens = list(_tokens(pattern, any_depth))
        wildcards = sum(kind not in (ONE, WITHIN) for kind, _ in self._tokens)
        expression = "".join(text if kind == ONE else ANY_NUMBER[kind] for kind, text in self._tokens)
        try:
            self._whole = re.compile(f"(?s:{expression})") if wildcards <= FEW else None
            self._ones = [re.compile(text, re.DOTALL) if kind == ONE else None for kind, text in self._tokens]
        except re.error as error:
            raise ValueError(f"syntax error in pattern: {pattern}") from error

    def matches(self, path: str) -> bool:
        """Whether the whole path fits."""
        return self._whole.fullmatch(path) is not None if self._whole else self._follows(path)

    def _follows(self, path: str) -> bool:
        states = self._skipped({0})
        for character in path:
            states = self._skipped({after for state in states for after in self._after(state, character)})
            if not states:
                return False
        return len(self._tokens) in states

    def _skipped(self, states: set[int]) -> set[int]:
        """The states, and those beyond wildcards that stand for nothing."""
        todo = list(states)
        while todo:
            state = todo.pop()
            kind = self._tokens[state][0] if state < len(self._tokens) else ONE
            beyond = state + {STAR: 1, DEEP: 1, FOLDERS: 2}.get(kind, 0)
            if beyond not in states:
                states.add(beyond)
                todo.append(beyond)
        return states

    def _after(self, state: int, character: str) -> Iterator[int]:
        if state == len(self._tokens):
            return
        kind = self._tokens[state][0]
        expression = self._ones[state]
        if expression is not None:
            if expression.fullmatch(character):
                yield state + 1
        elif kind == DEEP or (kind == STAR and character != "/"):
            yield state
        elif kind in (FOLDERS, WITHIN):
            within = state + (kind == FOLDERS)
            yield within
            if character == "/":
                yield within + 1


def _tokens(pattern: str, any_depth: bool) -> Iterator[Token]:
    rest = pattern
    while rest:
        if any_depth and rest.startswith("**/"):
            yield FOLDERS, ""
            yield WITHIN, ""  # a folder's name has begun, which only a slash ends
            rest = rest[3:]
        elif any_depth and rest.startswith("**"):
            yield DEEP, ""
            rest = rest[2:]
        elif rest[0] == "[":
            found = re.match(r"\[(\^?)((?:\\.|[^\]\\])+)\]", rest, re.DOTALL)
            if not found:
                raise ValueError(f"syntax error in pattern: {pattern}")
            inside = "".join("-" if each == "-" else re.escape(each[-1]) for each in re.findall(r"\\.|.", found[2], re.DOTALL))
            yield ONE, f"[{found[1]}{inside}]"
            rest = rest[found.end() :]
        elif rest[0] == "\\":
            if rest[1:2]:
                yield ONE, re.escape(rest[1:2])
            rest = rest[2:]
        elif rest[0] == "*":
            yield STAR, ""
            rest = rest[1:]
        else:
            yield ONE, "[^/]" if rest[0] == "?" else re.escape(rest[0])
            rest = rest[1:]
