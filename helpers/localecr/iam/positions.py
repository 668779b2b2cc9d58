"""Where statements stand in a document's text, as the policy simulator tells: lines and columns, both from 1.

A statement begins where the simulator begins to read it: behind the ``[`` or the statement before, and one that is no list's behind its ``{``
(so the samples of the AWS CLI's reference).
"""

from __future__ import annotations

import re
from functools import lru_cache

Span = tuple[dict[str, int], dict[str, int]]
MARKS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)


@lru_cache(maxsize=512)
def of_statements(text: str) -> tuple[Span, ...]:
    """Start and end (``{"Line", "Column"}``) of each statement of a document that was read without error."""
    spans: list[Span] = []
    depth, begin, inside, statement = 0, None, False, False
    for mark in MARKS.finditer(text):
        sign = mark[0]
        if sign in "{[":
            depth += 1
            if depth == 2 and statement:
                begin, inside = mark.end(), sign == "["
        elif sign in "}]":
            depth -= 1
            if begin is not None and depth == (2 if inside else 1) and sign == "}":
                spans.append((_place(text, begin), _place(text, mark.end())))
                begin = mark.end()
            if depth == 1:
                begin = None
        elif depth == 1:
            statement = sign == '"Statement"'
    return tuple(spans)


def _place(text: str, offset: int) -> dict[str, int]:
    before = text[:offset]
    return {"Line": before.count("\n") + 1, "Column": offset - (before.rfind("\n") + 1) + 1}
