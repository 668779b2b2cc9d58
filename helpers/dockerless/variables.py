"""Words of a Dockerfile: quotes taken off, escapes resolved, variables put in.

Source: Docker's documentation, "Dockerfile reference", "Environment replacement".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST = 128 << 10  # characters of a value: no longer string can be in an environment on Linux (MAX_ARG_STRLEN)
DEEPEST = 50  # substitutions within each other
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?!$-]")


class WordError(ValueError):
    """A word that can't be read; its text says why."""


def expand(word: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """The value of a word. Unknown variables are empty. Raises WordError."""
    reader = _Reader(word, variables, escape)
    return reader.until("")


def split(text: str, escape: str = "\\") -> list[str]:
    """Splits at blanks that are neither quoted nor escaped; quotes and escapes stay. Raises nothing: an open quote ends with the text."""
    escaped = re.escape(escape)
    return re.findall(rf"(?:{escaped}.|'[^']*(?:'|$)|\"(?:{escaped}.|[^\"])*(?:\"|$)|[^\s])+", text, re.DOTALL)


def quote(text: str, escape: str) -> str:
    """A word whose value is that text."""
    return '"' + re.sub(r'["$' + re.escape(escape) + "]", lambda special: escape + special[0], text) + '"'


class _Reader:
    def __init__(self, text: str, variables: Mapping[str, str], escape: str) -> None:
        self.text = text
        self.variables = variables
        self.escape = escape
        self.here = 0
        self.depth = 0

    def next(self) -> str:
        character = self.text[self.here : self.here + 1]
        self.here += 1
        return character

    def until(self, end: str) -> str:
        """The value of what comes before the character ``end``, or before the end of the text."""
        value = ""
        while self.here < len(self.text):
            character = self.next()
            if character == end:
                return value
            if character == "'":
                value += self._single()
            elif character == '"':
                value += self._double()
            elif character == "$":
                value += self._variable()
            elif character == self.escape:
                value += self.next()
            else:
                value += character
            if len(value) > LONGEST:
                raise WordError(f"the value is longer than {LONGEST} characters")
        if end:
            raise WordError(f"syntax error: missing '{end}' in {self.text}")
        return value

    def _single(self) -> str:
        value, found, _ = self.text[self.here :].partition("'")
        if not found:
            raise WordError("unexpected end of statement while looking for matching single-quote")
        self.here += len(value) + 1
        return value

    def _double(self) -> str:
        value = ""
        while self.here < len(self.text):
            character = self.next()
            if character == '"':
                return value
            if character == "$":
                value += self._variable()
            elif character == self.escape and self.text[self.here : self.here + 1] in ('"', "$", self.escape):
                value += self.next()
            else:
                value += character
        raise WordError("unexpected end of statement while looking for matching double-quote")

    def _variable(self) -> str:
        braces = self.text[self.here : self.here + 1] == "{"
        found = NAME.match(self.text, self.here + braces)
        if not found:
            if braces:
                raise WordError("syntax error: bad substitution")
            return "$"
        self.here = found.end()
        value = self.variables.get(found[0], "")
        if not braces:
            return value
        operator = self.next()
        if operator == "}":
            return value
        if operator != ":":
            raise WordError("missing ':' in substitution")
        self.depth += 1
        if self.depth > DEEPEST:
            raise WordError(f"more than {DEEPEST} substitutions within each other")
        modifier, word = self.next(), self.until("}")
        self.depth -= 1
        if modifier == "-":
            return value or word
        if modifier == "+":
            return word if value else ""
        if modifier == "?":
            if not value:
                raise WordError(f"{found[0]}: {word}")
            return value
        raise WordError(f"unsupported modifier ({modifier}) in substitution")
