"""JSON with its places: EventBridge says line and column of what is wrong with a pattern, which Python's own reader doesn't keep."""

from __future__ import annotations

import re
from dataclasses import dataclass
from json.decoder import scanstring
from typing import Any, Literal

DEEPEST = 100  # objects and arrays within one another
LONGEST_QUOTE = 500  # characters of a text that an error shows
SPACE = re.compile(r"[ \t\n\r]*")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
WORD = re.compile(r"[A-Za-z0-9_$]+")
WORDS = {"true": True, "false": False, "null": None}
VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


class JsonError(Exception):
    """A text that is no JSON, or not what was asked for; ends with the place, as EventBridge writes it."""

    def __init__(self, reason: str, text: str, place: int):
        before = text[:place]
        column = place - (before.rfind("\n") + 1) + 1
        left_out = f"[truncated {len(text) - LONGEST_QUOTE} chars]" if len(text) > LONGEST_QUOTE else ""
        where = f'at [Source: (String)"{text[:LONGEST_QUOTE]}"{left_out}; line: {before.count(chr(10)) + 1}, column: {column}]'
        super().__init__(f"{reason}\n {where}")


@dataclass(frozen=True)
class Node:
    """A value in its text. An object's value is a list of (name, node), an array's a list of nodes, a number's its own text."""

    kind: Literal["object", "array", "string", "number", "word"]
    value: Any
    start: int
    end: int

    @property
    def opened(self) -> int:
        """How far AWS's reader has come when it knows the kind: after a brace, a bracket or a quote, or after all of a number or a word."""
        return self.start + 1 if self.kind in ("object", "array", "string") else self.end


def read(text: str) -> Node:
    """The tree of a JSON text. Raises JsonError, also for one nested more than ``DEEPEST``."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str):
        self._text = text
        self._place = 0

    def read(self) -> Node:
        found = self._value(0)
        self._skip()
        if self._place < len(self._text):
            raise self._unexpected("was expecting the end")
        return found

    def _value(self, depth: int) -> Node:
        character = self._peek()
        if depth > DEEPEST:
            raise self.error(f"Document nesting depth exceeds the maximum allowed ({DEEPEST})")
        if character == "{":
            return self._filled("object", "}", depth)
        if character == "[":
            return self._filled("array", "]", depth)
        if character == '"':
            return self._string()
        return self._number_or_word()

    def _filled(self, kind: Literal["object", "array"], closing: str, depth: int) -> Node:
        start, items = self._place, []
        self._place += 1
        while self._peek() != closing:
            if items:
                self._expect(",", f"was expecting comma to separate {kind.capitalize()} entries")
            items.append(self._entry(depth) if kind == "object" else self._value(depth + 1))
        self._place += 1
        return Node(kind, items, start, self._place)

    def _entry(self, depth: int) -> tuple[str, Node]:
        if self._peek() != '"':
            raise self._unexpected("was expecting double-quote to start field name")
        name = self._string().value
        self._expect(":", "was expecting a colon to separate field name and value")
        return name, self._value(depth + 1)

    def _string(self) -> Node:
        start = self._place
        try:
            value, self._place = scanstring(self._text, start + 1)
            value.encode()
        except UnicodeEncodeError:
            raise self.error("Incomplete surrogate pair") from None
        except ValueError as error:
            self._place = getattr(error, "pos", start)
            raise self.error("Unexpected end-of-input in a string, or a character that isn't allowed there") from None
        return Node("string", value, start, self._place)

    def _number_or_word(self) -> Node:
        start = self._place
        word = WORD.match(self._text, start)
        if word and word[0] in WORDS:
            self._place = word.end()
            return Node("word", WORDS[word[0]], start, self._place)
        number = NUMBER.match(self._text, start)
        if number:
            self._place = number.end()
            return Node("number", number[0], start, self._place)
        if word:
            raise self.error(f"Unrecognized token '{word[0][:50]}': was expecting {VALUES}")
        raise self._unexpected(f"expected a valid value {VALUES}")

    def _expect(self, character: str, otherwise: str) -> None:
        if self._peek() != character:
            raise self._unexpected(otherwise)
        self._place += 1

    def _peek(self) -> str:
        self._skip()
        if self._place >= len(self._text):
            raise self.error("Unexpected end-of-input")
        return self._text[self._place]

    def _skip(self) -> None:
        self._place = SPACE.match(self._text, self._place).end()

    def _unexpected(self, otherwise: str) -> JsonError:
        character = self._text[self._place]
        self._place += 1
        return self.error(f"Unexpected character ('{character}' (code {ord(character)})): {otherwise}")

    def error(self, reason: str) -> JsonError:
        return JsonError(reason, self._text, self._place)
