"""Metric maths, run: the steps of an expression on a stack of values."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from localecr.metrics.expressions import ExpressionError, Step
from localecr.metrics.functions import call
from localecr.metrics.mathematics import Context, Value, Word, combine, each_value
from localecr.metrics.series import Series

MOST_SERIES = 500  # that one expression may hold at once (AWS: "a graph can display as many as 500 time series")


def run(steps: Sequence[Step], context: Context) -> Value:
    """The value of an expression. Raises ExpressionError."""
    stack: list[Value] = []
    for step in steps:
        taken = stack[len(stack) - step.count :]
        del stack[len(stack) - step.count :]
        if step.kind == "id":
            if step.value not in context.given:
                raise ExpressionError(f"The id '{step.value}' is not declared")
            stack.append(context.given[str(step.value)])
        elif step.kind == "operator":
            stack.append(combine(context, str(step.value), *taken))
        elif step.kind == "minus":
            stack.append(each_value(context, operator.neg, taken[0]))
        elif step.kind == "array":
            stack.append(_array(taken))
        elif step.kind == "call":
            stack.append(call(context, str(step.value), taken))
        else:
            stack.append(Word(step.value) if step.kind == "word" else step.value)
    return stack.pop()


def series_of(value: Value) -> list[Series]:
    """The series that an expression came to. Raises ExpressionError where it came to a number or a text."""
    if isinstance(value, Series):
        return [value]
    if isinstance(value, list):
        return value
    raise ExpressionError("The expression must return a time series or an array of time series")


def _array(items: list[Value]) -> list[Series]:
    """``[m1, METRICS("x")]``: one array, whatever arrays are in it."""
    flat = [series for item in items for series in (item if isinstance(item, list) else [item])]
    if not all(isinstance(item, Series) for item in flat):
        raise ExpressionError("An array holds time series only")
    if len(flat) > MOST_SERIES:
        raise ExpressionError(f"An array holds at most {MOST_SERIES} time series")
    return flat
