"""Metric maths, read: an expression's text as steps for a small stack machine.

A parser of binding powers writes the steps in the order in which they are done, so that running them needs no recursion, however
long an expression is; how deep one may be nested is bounded. AWS: "Using math expressions with CloudWatch metrics".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

LONGEST = 2048  # characters (the model's MetricExpression)
DEEPEST = 60  # parentheses, calls and powers within each other

TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],])"
    r"|(?P<end>$))",
    re.DOTALL,
)
WORDS = {"AND": "&&", "OR": "||"}  # the other spelling of an operator
BINDING = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "^": 8}
MINUS = 7  # binds tighter than a product and looser than a power: -m1^2 is -(m1^2)


class ExpressionError(Exception):
    """What is wrong with an expression, in a sentence."""


@dataclass(frozen=True)
class Step:
    """One thing to do: put a value on the stack, or take ``count`` values from it and put their result there."""

    kind: Literal["number", "id", "text", "word", "operator", "minus", "call", "array"]
    value: str | float
    count: int = 0


@lru_cache(maxsize=512)
def read(text: str) -> tuple[Step, ...]:
    """The steps of an expression. Raises ExpressionError with the position of what can't be read."""
    if len(text) > LONGEST:
        raise ExpressionError(f"An expression has at most {LONGEST} characters")
    return _Parser(text).parse()


def ids(steps: tuple[Step, ...]) -> set[str]:
    """The ids of other queries that an expression names."""
    return {str(step.value) for step in steps if step.kind == "id"}


class _Parser:
    def __init__(self, text: str):
        self._text = text
        self._at = 0  # where the present token begins
        self._next = 0
        self._depth = 0
        self._steps: list[Step] = []
        self._advance()

    def parse(self) -> tuple[Step, ...]:
        self._expression(0)
        if self._kind != "end":
            raise self._unexpected()
        return tuple(self._steps)

    def _advance(self) -> None:
        found = TOKEN.match(self._text, self._next)
        if found is None:
            self._at = len(self._text) - len(self._text[self._next :].lstrip())
            raise self._unexpected()
        self._kind, self._value = found.lastgroup or "end", found[found.lastgroup or "end"]
        self._at, self._next = found.end() - len(self._value), found.end()
        if self._kind == "name" and self._value in WORDS:
            self._kind, self._value = "sign", WORDS[self._value]

    def _unexpected(self) -> ExpressionError:
        return ExpressionError(f"Syntax error at position {self._at + 1} of '{self._text[:200]}'")

    def _expression(self, least: int) -> None:
        """One operand and every operator after it that binds at least so tightly."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError("The expression is nested too deeply")
        self._operand()
        while self._kind == "sign" and BINDING.get(self._value, 0) > least:
            operator = self._value
            self._advance()
            self._expression(BINDING[operator] - (operator == "^"))  # a power's right side may be a power
            self._steps.append(Step("operator", operator, 2))
        self._depth -= 1

    def _operand(self) -> None:
        negations = 0
        while self._kind == "sign" and self._value in "-+":
            negations += self._value == "-"
            self._advance()
        if negations:
            self._expression(MINUS)
            self._steps += [Step("minus", "-", 1)] * (negations % 2)
        elif self._kind == "number":
            self._steps.append(Step("number", float(self._value)))
            self._advance()
        elif self._kind == "text":
            self._steps.append(Step("text", self._value[1:-1]))
            self._advance()
        elif self._kind == "name":
            self._name()
        elif self._value == "(":
            self._advance()
            self._expression(0)
            self._expect(")")
        elif self._value == "[":
            self._advance()
            self._steps.append(Step("array", "[]", self._list("]")))
        else:
            raise self._unexpected()

    def _name(self) -> None:
        name = self._value
        self._advance()
        if self._kind == "sign" and self._value == "(":
            self._advance()
            self._steps.append(Step("call", name, self._list(")")))
        else:
            self._steps.append(Step("id" if name[0].islower() else "word", name))

    def _list(self, end: str) -> int:
        """Expressions between commas up to ``end``; says how many."""
        count = 0
        if not (self._kind == "sign" and self._value == end):
            self._expression(0)
            count = 1
            while self._kind == "sign" and self._value == ",":
                self._advance()
                self._expression(0)
                count += 1
        self._expect(end)
        return count

    def _expect(self, sign: str) -> None:
        if self._kind != "sign" or self._value != sign:
            raise self._unexpected()
        self._advance()
