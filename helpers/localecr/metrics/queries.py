"""MetricDataQueries: metrics and expressions that name one another, checked and worked out. AWS: MetricDataQuery.

GetMetricData asks with them, and alarms watch them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from localecr.errors import AwsError
from localecr.metrics import expressions, labels, machine, reading, search, statistics
from localecr.metrics.expressions import ExpressionError
from localecr.metrics.mathematics import Context, Work
from localecr.metrics.reading import Asked
from localecr.metrics.series import Metric, Series

MOST = 500  # queries in one request
ID = re.compile(r"[a-z][A-Za-z0-9_]*")
SHORT_PERIODS = (1, 5, 10, 20, 30)


def refuse_period(period: int, parameter: str, code: str = "InvalidParameterValue") -> None:
    """Periods are 1, 5, 10, 20, 30 or so many whole minutes."""
    if period not in SHORT_PERIODS and (period < 60 or period % 60):
        raise AwsError(code, f"The parameter {parameter} must be 1, 5, 10, 20, 30 or a multiple of 60.")


def check(queries: Sequence[dict[str, Any]], member: str = "MetricDataQueries") -> None:
    """Raises ValidationError for queries that can't be worked out, whatever the values."""
    if not queries:
        raise AwsError("ValidationError", f"The parameter {member} is required.")
    if len(queries) > MOST:
        raise AwsError("ValidationError", f"The collection {member} must not have a size greater than {MOST}.")
    seen: set[str] = set()
    for number, query in enumerate(queries, 1):
        where, name = f"{member}.member.{number}", query["Id"]
        if not ID.fullmatch(name):
            raise AwsError(
                "ValidationError", f"The value {name} for parameter {where}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
            )
        if name in seen:
            raise AwsError("ValidationError", f"The values for parameter id in {member} are not unique.")
        seen.add(name)
        _check_one(where, query)
    for query in queries:
        for named in sorted(_named(query)):
            if named not in seen:
                raise _in_expression(query["Id"], f"The id '{named}' is not declared")
    order(queries)


def _check_one(where: str, query: dict[str, Any]) -> None:
    if ("MetricStat" in query) == ("Expression" in query):
        problem = "are mutually exclusive and you have specified both" if "Expression" in query else "are both missing: one is required"
        raise AwsError("ValidationError", f"The parameters {where}.MetricStat and {where}.Expression {problem}.")
    if "AccountId" in query:
        raise AwsError("NotImplemented", "Metrics of other accounts (AccountId) are not built in this lab, though AWS has them.", 501)
    if "Period" in query:
        refuse_period(query["Period"], f"{where}.Period", "ValidationError")
    if "MetricStat" in query:
        asked = query["MetricStat"]
        for name in ("Namespace", "MetricName"):
            if name not in asked["Metric"]:
                raise AwsError("ValidationError", f"The parameter {where}.MetricStat.Metric.{name} is required.")
        refuse_period(asked["Period"], f"{where}.MetricStat.Period", "ValidationError")
        statistics.refuse_unknown(asked["Stat"], f"{where}.MetricStat.Stat")
    elif query["Expression"].lstrip().upper().startswith("SELECT "):
        instead = "use metric maths and SEARCH"
        raise AwsError("NotImplemented", f"Metrics Insights queries (SELECT …) are not built in this lab, though AWS has them: {instead}.", 501)
    else:
        try:
            expressions.read(query["Expression"])
        except ExpressionError as error:
            raise _in_expression(query["Id"], str(error)) from error


def _in_expression(name: str, problem: str) -> AwsError:
    """AWS publishes no list of these sentences."""
    return AwsError("ValidationError", f"Error in expression '{name}': {problem}")


def _named(query: dict[str, Any]) -> set[str]:
    return expressions.ids(expressions.read(query["Expression"])) if "Expression" in query else set()


def order(queries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Queries so that each comes after those it names. Raises ValidationError where they go in a circle."""
    waiting = {query["Id"]: _named(query) for query in queries}
    by_id = {query["Id"]: query for query in queries}
    users: dict[str, list[str]] = {}
    for name, needed in waiting.items():
        for each in needed:
            users.setdefault(each, []).append(name)
    ready = [name for name, needed in waiting.items() if not needed]
    ordered = []
    for name in ready:  # grows as what it names is done
        ordered.append(by_id[name])
        for user in users.get(name, ()):
            waiting[user].discard(name)
            if not waiting[user]:
                ready.append(user)
    if len(ordered) < len(queries):
        circle = next(name for name, needed in waiting.items() if needed)
        raise _in_expression(circle, "The expression depends on itself")
    return ordered


def work_out(asked: Asked, queries: Sequence[dict[str, Any]], work: Work | None = None) -> dict[str, list[Series]]:
    """The series of every query by its id: one of a metric, one or more of an expression."""
    metrics = {query["Id"]: _of_metric(asked, query["MetricStat"]) for query in queries if "MetricStat" in query}
    periods = [series.period for series in metrics.values()]
    given: dict[str, Any] = dict(metrics)
    found: dict[str, list[Series]] = {name: [series] for name, series in metrics.items()}
    in_order, work = list(metrics.items()), work or Work()
    for query in order(queries):
        if "MetricStat" in query:
            continue
        period = query.get("Period") or max(periods, default=300)
        context = Context(asked.range, period, query["Id"], in_order, _searcher(asked, period), given, work)
        try:
            value = machine.run(expressions.read(query["Expression"]), context)
            if isinstance(value, Series):
                value = replace(value, label=query["Id"])
            if query.get("ReturnData", True) or isinstance(value, (Series, list)):
                found[query["Id"]] = machine.series_of(value)
        except ExpressionError as error:
            raise _in_expression(query["Id"], str(error)) from error
        given[query["Id"]] = value
    return found


def _of_metric(asked: Asked, wanted: dict[str, Any]) -> Series:
    return asked.series(Metric.read(wanted["Metric"]), wanted["Period"], wanted["Stat"], wanted.get("Unit"))


def _searcher(asked: Asked, otherwise: int) -> Callable[[str, str, int | None], list[Series]]:
    """SEARCH for the expressions of a request; ``otherwise`` is the period of a search that gives none."""

    @lru_cache
    def find(text: str, statistic: str, period: int | None) -> tuple[Series, ...]:
        if not statistics.is_known(statistic):
            raise ExpressionError(f"SEARCH takes a valid statistic, and not '{statistic[:50]}'")
        try:
            refuse_period(period or otherwise, "Period")
        except AwsError as error:
            raise ExpressionError(error.message) from error
        query = search.read(text)
        metrics = [metric for metric in reading.active(asked.lab, asked.account, asked.region) if query.finds(metric)]
        found = [asked.series(metric, period or otherwise, statistic) for metric in metrics[: machine.MOST_SERIES]]
        return tuple(labels.told_apart(found))

    return lambda text, statistic, period: list(find(text, statistic, period))


def labelled(query: dict[str, Any], found: list[Series], name: Callable[[str, Series], str]) -> list[Series]:
    """A query's series with the labels that they are answered with; ``name`` resolves a dynamic label."""
    wanted = query.get("Label")
    if wanted is None:
        return found
    if "${" in wanted:
        return [replace(series, label=name(wanted, series)) for series in found]
    if len(found) == 1:
        return [replace(found[0], label=wanted)]
    return [replace(series, label=f"{wanted} {series.label}".strip()) for series in found]
