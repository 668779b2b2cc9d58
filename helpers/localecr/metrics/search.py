"""SEARCH's language: which metrics a query finds. AWS: "CloudWatch search expression syntax".

A query is read into steps for a small stack machine, as expressions are, and runs without recursion.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from localecr.metrics.expressions import ExpressionError
from localecr.metrics.series import Metric

LONGEST = 1024  # characters of a query
DEEPEST = 40  # parentheses within each other
TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")  # camel case and numbers begin new tokens
PIECE = re.compile(r"[A-Za-z0-9]+")
LEXEME = re.compile(r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<sign>[{}(),=])|(?P<word>[^\s{}(),="]+)|(?P<end>$))""", re.DOTALL)


@dataclass(frozen=True)
class Term:
    """What a metric must have: a text anywhere, or as one property (MetricName, Namespace, a dimension's value)."""

    text: str
    exact: bool
    property: str | None = None

    def fits(self, metric: Metric) -> bool:
        return any(self._matches(text) for text in self._texts(metric))

    def _texts(self, metric: Metric) -> list[str]:
        if self.property is None:
            return [metric.namespace, metric.name, *(each for pair in metric.dimensions for each in pair)]
        if self.property == "MetricName":
            return [metric.name]
        if self.property == "Namespace":
            return [metric.namespace]
        return [value for name, value in metric.dimensions if name == self.property]

    def _matches(self, text: str) -> bool:
        return text == self.text if self.exact else _matches_partly(self.text, text)


@dataclass(frozen=True)
class Query:
    namespace: str | None
    dimensions: frozenset[str] | None  # None where the schema names none: any
    steps: tuple[Term | Literal["AND", "OR", "NOT"], ...]

    def finds(self, metric: Metric) -> bool:
        if self.namespace is not None and metric.namespace != self.namespace:
            return False
        if self.dimensions is not None and {name for name, _ in metric.dimensions} != self.dimensions:
            return False
        stack = [True]
        for step in self.steps:
            if step == "NOT":
                stack.append(not stack.pop())
            elif isinstance(step, Term):
                stack.append(step.fits(metric))
            else:
                right, left = stack.pop(), stack.pop()
                stack.append(left and right if step == "AND" else left or right)
        return stack.pop()


def tokens(text: str) -> list[str]:
    """What a name is searched by, in its order and its letters: ``CustomCount1`` has Custom, Count and 1."""
    return _tokens(text)[0]


@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[list[str], str]:
    """The tokens, and all of them as one in small letters, which is a token too."""
    return TOKEN.findall(text), "".join(PIECE.findall(text)).lower()


def _matches_partly(term: str, text: str) -> bool:
    """Whether a term's tokens follow one another in a text. Parts that are one token each match in any letters; a part of several
    (``CustomCount``) only in its own, which is why ``customcount`` and ``count1`` don't find ``CustomCount1``."""
    parts = _tokens(text)
    if parts[1] and parts[1] == _tokens(term)[1]:
        return _is_whole(term, text)
    wanted, found = _wanted(term), parts[0]
    if not wanted:
        return False
    for start in range(len(found) - len(wanted) + 1):
        pairs = zip(found[start:], wanted, strict=False)
        if all(there == token or (any_letters and there.lower() == token.lower()) for there, (token, any_letters) in pairs):
            return True
    return False


@lru_cache(maxsize=4096)
def _wanted(term: str) -> list[tuple[str, bool]]:
    """A term's tokens, and of each whether it is a part by itself."""
    pieces = [TOKEN.findall(piece) for piece in PIECE.findall(term)]
    return [(token, len(piece) == 1) for piece in pieces for token in piece]


def _is_whole(term: str, text: str) -> bool:
    """A term that is the whole name but for its letters: one in small letters, or one that has the name's own tokens."""
    own, wanted = [each.lower() for each in tokens(text)], [each.lower() for each in tokens(term)]
    return own == wanted or term == term.lower()


@lru_cache(maxsize=256)
def read(text: str) -> Query:
    """A query. Raises ExpressionError."""
    if len(text) > LONGEST:
        raise ExpressionError(f"A search query has at most {LONGEST} characters")
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str):
        self._text = text
        self._next = 0
        self._depth = 0
        self._property: str | None = None  # whose value what is in parentheses is: InstanceId=("i-1" OR "i-2")
        self._steps: list[Term | Literal["AND", "OR", "NOT"]] = []
        self._advance()

    def parse(self) -> Query:
        namespace, dimensions = self._schema() if self._is("{") else (None, None)
        if self._is(","):
            self._advance()
        if self._kind == "end" and namespace is None:
            raise ExpressionError("A search query needs a metric schema, a search term, or both")
        if self._kind != "end":
            self._any_of()
            self._steps.append("AND")  # with the True that every run begins with
        if self._kind != "end":
            raise self._unexpected()
        return Query(namespace, dimensions, tuple(self._steps))

    def _advance(self) -> None:
        found = LEXEME.match(self._text, self._next)
        if found is None:
            raise ExpressionError(f"Syntax error at position {self._next + 1} of the search query '{self._text[:200]}'")
        self._kind = found.lastgroup or "end"
        self._value = found[self._kind]
        self._at, self._next = found.start(self._kind), found.end()

    def _is(self, sign: str) -> bool:
        return self._kind == "sign" and self._value == sign

    def _unexpected(self) -> ExpressionError:
        return ExpressionError(f"Syntax error at position {self._at + 1} of the search query '{self._text[:200]}'")

    def _schema(self) -> tuple[str, frozenset[str] | None]:
        names = []
        while not self._is("}"):
            self._advance()
            if self._kind not in ("word", "quoted"):
                raise self._unexpected()
            names.append(self._plain())
            self._advance()
            if not self._is(",") and not self._is("}"):
                raise self._unexpected()
        self._advance()
        return names[0], frozenset(names[1:]) or None

    def _plain(self) -> str:
        """A word, or what is between quotation marks with its backslashes resolved."""
        return re.sub(r"\\(.)", r"\1", self._value[1:-1], flags=re.DOTALL) if self._kind == "quoted" else self._value

    def _any_of(self) -> None:
        self._all_of()
        while self._kind == "word" and self._value == "OR":
            self._advance()
            self._all_of()
            self._steps.append("OR")

    def _all_of(self) -> None:
        self._one()
        while self._begins_term() or (self._kind == "word" and self._value == "AND"):
            if self._kind == "word" and self._value == "AND":
                self._advance()
            self._one()
            self._steps.append("AND")

    def _begins_term(self) -> bool:
        return self._kind == "quoted" or self._is("(") or (self._kind == "word" and self._value not in ("AND", "OR"))

    def _one(self) -> None:
        negations = 0
        while self._kind == "word" and self._value == "NOT":
            negations += 1
            self._advance()
        if self._is("("):
            self._group()
        else:
            self._term()
        if negations % 2:
            self._steps.append("NOT")

    def _group(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError("The search query is nested too deeply")
        self._advance()
        self._any_of()
        if not self._is(")"):
            raise self._unexpected()
        self._advance()
        self._depth -= 1

    def _term(self) -> None:
        if not self._begins_term():
            raise self._unexpected()
        text, exact, named = self._plain(), self._kind == "quoted", self._property
        self._advance()
        if self._is("=") and named is None:
            self._advance()
            if self._is("("):
                self._property = text
                self._group()
                self._property = None
                return
            if self._kind not in ("word", "quoted"):
                raise self._unexpected()
            named, text, exact = text, self._plain(), self._kind == "quoted"
            self._advance()
        if (named or text) == ":aws.AccountId":
            raise ExpressionError("Searching in other accounts is not built in this lab")
        self._steps.append(Term(text, exact, named))
