"""Conditions of a filter as SQL, which judges as ``criteria.py`` does."""

from __future__ import annotations

from typing import Any

from localecr.inspector import criteria
from localecr.inspector.criteria import Condition

Decision = tuple[str, list[Any]]  # SQL, and the values that it binds


def of_value(expression: str, conditions: list[Condition]) -> Decision:
    """On what there is one of, or none: text, a number or a moment as an SQL expression, which is NULL where it isn't there."""
    if "comparison" not in conditions[0]:
        return any_of([_within(expression, each) for each in conditions])
    wanted, unwanted = _apart(conditions)
    one_of = [any_of([_is(expression, each) for each in wanted])] if wanted else []
    return all_of([*one_of, (f"({expression} IS NULL OR NOT {_among(expression, unwanted)})", unwanted)])


def of_values(table: str, conditions: list[Condition]) -> Decision:
    """On texts that there may be several of: the rows of a table, each a ``value``."""
    wanted, unwanted = _apart(conditions)
    one_of = [exists(table, any_of([_is("value", each) for each in wanted]))] if wanted else []
    sql, values = exists(table, (_among("value", unwanted), unwanted))
    return all_of([*one_of, (f"NOT {sql}", values)])


def exists(table: str, decision: Decision) -> Decision:
    """Whether it is so in a row of a table."""
    return f"EXISTS (SELECT 1 FROM {table} WHERE {decision[0]})", decision[1]


def all_of(decisions: list[Decision]) -> Decision:
    return _joined("AND", decisions) if decisions else ("TRUE", [])


def any_of(decisions: list[Decision]) -> Decision:
    return _joined("OR", decisions)


def _joined(word: str, decisions: list[Decision]) -> Decision:
    return f"({f' {word} '.join(sql for sql, _ in decisions)})", [value for _, values in decisions for value in values]


def _apart(conditions: list[Condition]) -> tuple[list[Condition], list[str]]:
    """On text: those of which one must hold, and what no value may be."""
    wanted = [each for each in conditions if each["comparison"] != "NOT_EQUALS"]
    return wanted, [each["value"] for each in conditions if each["comparison"] == "NOT_EQUALS"]


def _is(expression: str, condition: Condition) -> Decision:
    text = condition["value"]
    return (f"substr({expression}, 1, ?) = ?", [len(text), text]) if condition["comparison"] == "PREFIX" else (f"{expression} = ?", [text])


def _among(expression: str, texts: list[str]) -> str:
    return f"{expression} IN ({', '.join('?' * len(texts))})"


def _within(expression: str, condition: Condition) -> Decision:
    """Between the bounds that are given; without any it is enough that there is something."""
    bounds = {
        ">=": condition.get("lowerInclusive", condition.get("startInclusive")),
        "<=": condition.get("upperInclusive", condition.get("endInclusive")),
    }
    given = [(f"{expression} {sign} ?", [float(criteria.seconds(bound))]) for sign, bound in bounds.items() if bound is not None]
    return all_of([(f"{expression} IS NOT NULL", []), *given])
