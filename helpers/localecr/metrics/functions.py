"""The functions of metric maths: a table of names, how many arguments each takes, and what it does.

AWS: "Using math expressions with CloudWatch metrics", functions supported for metric math. Numbers are S there, series TS, arrays TS[].
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from datetime import datetime, timezone

from localecr.errors import AwsError
from localecr.metrics import quotas
from localecr.metrics.expressions import ExpressionError
from localecr.metrics.mathematics import Context, Value, Word, each_value
from localecr.metrics.series import Series

NOT_BUILT = ("ANOMALY_DETECTION_BAND", "INSIGHT_RULE_METRIC", "DB_PERF_INSIGHTS", "LAMBDA")
MONDAY_IS = 1


def call(context: Context, name: str, arguments: list[Value]) -> Value:
    """What a function makes of its arguments. Raises ExpressionError, NotImplemented for a function that AWS has and the lab doesn't."""
    if name in NOT_BUILT:
        raise AwsError("NotImplemented", f"The function {name} of metric maths is not built in this lab, though AWS has it.", 501)
    if name not in FUNCTIONS:
        raise ExpressionError(f"Unrecognized function '{name}'" + (": functions are written in capitals" if name.upper() in FUNCTIONS else ""))
    work, least, most = FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise ExpressionError(f"The function {name} takes {wanted} argument{'' if wanted == '1' else 's'}, and not {len(arguments)}")
    return work(context, *arguments)


def _series(value: Value) -> Series:
    if not isinstance(value, Series):
        raise ExpressionError("A time series is needed here")
    return value


def _array(value: Value) -> list[Series]:
    """An array; a series by itself is one of one."""
    if isinstance(value, Series):
        return [value]
    if not isinstance(value, list):
        raise ExpressionError("An array of time series is needed here")
    return value


def _number(value: Value) -> float:
    if not isinstance(value, float):
        raise ExpressionError("A number is needed here")
    return value


def _over(work: Callable[[Context, Series], dict[int, float]]) -> Callable[[Context, Value], Value]:
    """A function of one series that is done to each series of an array."""

    def done(context: Context, value: Value) -> Value:
        if isinstance(value, list):
            return [done(context, series) for series in value]
        context.spend(len(_series(value).points))
        return value.calculated(work(context, value))

    return done


def _of_each(work: Callable[[float], float]) -> Callable[[Context, Value], Value]:
    return lambda context, value: each_value(context, work, value)


def _summary(of_one: Callable[[Context, Series], float], of_many: Callable[[list[float], int], float]) -> Callable[[Context, Value], Value]:
    """A function that makes a number of a series, and one series of an array.

    ``of_many`` is given the values there are at a time, and of how many series.
    """

    def done(context: Context, value: Value) -> Value:
        if isinstance(value, Series):
            context.spend(len(value.points))
            context.work.of_range = True
            return of_one(context, value)
        series = _array(value)
        context.spend(sum(len(each.points) for each in series))
        at: dict[int, list[float]] = {}
        for each in series:
            for time, number in each.points.items():
                at.setdefault(time, []).append(number)
        points = {time: of_many(at[time], len(series)) for time in sorted(at)}
        return context.new(points, max((each.period for each in series), default=context.period))

    return done


def _average(context: Context, series: Series) -> float:
    """AWS: "Missing values are treated as 0"; DATAPOINT_COUNT is there to average what is sparse."""
    periods = len(context.grid(series.period))
    return sum(series.points.values()) / periods if periods else math.nan


def _at_least_one(work: Callable[[Iterable[float]], float]) -> Callable[[Context, Series], float]:
    return lambda context, series: float(work(series.points.values())) if series.points else math.nan


def _pairs(series: Series) -> Iterable[tuple[int, float, int, float]]:
    """(time, value, time before, value before) of each value that has one before it."""
    points = list(series.points.items())
    return ((time, value, before, was) for (before, was), (time, value) in zip(points, points[1:], strict=False))


def _difference(context: Context, series: Series) -> dict[int, float]:
    return {time: value - was for time, value, _, was in _pairs(series)}


def _difference_in_time(context: Context, series: Series) -> dict[int, float]:
    return {time: float(time - before) for time, _, before, _ in _pairs(series)}


def _rate(context: Context, series: Series) -> dict[int, float]:
    return {time: (value - was) / (time - before) for time, value, before, was in _pairs(series)}


def _running_sum(context: Context, series: Series) -> dict[int, float]:
    context.work.of_range = True
    total, points = 0.0, {}
    for time, value in series.points.items():
        points[time] = total = total + value
    return points


def _fill(context: Context, value: Value, filler: Value) -> Value:
    """What is missing becomes a number, another series' value, the last value before (REPEAT) or a point on a line between two (LINEAR)."""
    if isinstance(value, list):
        return [_fill(context, series, filler) for series in value]
    series = _series(value)
    times = context.grid(series.period)
    if isinstance(filler, Series):
        points = {time: found for time in times if (found := series.points.get(time, filler.points.get(time))) is not None}
    elif filler == "REPEAT":
        points = _repeated(times, series)
    elif filler == "LINEAR":
        points = _straightened(times, series)
    else:
        number = _number(filler)
        points = {time: series.points.get(time, number) for time in times}
    return series.calculated(points)


def _repeated(times: range, series: Series) -> dict[int, float]:
    points, last = {}, None
    for time in times:
        last = series.points.get(time, last)
        if last is not None:
            points[time] = last
    return points


def _straightened(times: range, series: Series) -> dict[int, float]:
    points = dict(series.points)
    for time, value, before, was in _pairs(series):
        for between in range(before + series.period, time, series.period):
            points[between] = was + (value - was) * (between - before) / (time - before)
    return {time: points[time] for time in times if time in points}


def _if(context: Context, condition: Value, yes: Value, no: Value = None) -> Value:
    """AWS: "Using IF expressions". A value of a condition is true that is no 0.

    Where ``yes`` is chosen and has no value there it is 0; where ``no`` is, there is none.
    """
    if isinstance(condition, float):
        chosen = yes if condition else no
        return context.new({}) if chosen is None else chosen
    test = _series(condition)
    for each in (yes, no):
        if each is not None and not isinstance(each, (float, Series)):
            raise ExpressionError("IF chooses between time series and numbers")
    context.spend(len(test.points))
    points = {}
    for time, value in test.points.items():
        found = _at(yes, time, 0.0) if value else _at(no, time, None)
        if found is not None:
            points[time] = found
    return context.new(points, test.period)


def _at(value: float | Series | None, time: int, otherwise: float | None) -> float | None:
    return value.points.get(time, otherwise) if isinstance(value, Series) else value


def _of_time(part: Callable[[datetime], int]) -> Callable[[Context, Value], Series]:
    """A series without gaps whose values say something of their times, in UTC."""

    def done(context: Context, value: Value) -> Series:
        series = _series(value)
        return series.calculated({time: float(part(datetime.fromtimestamp(time, timezone.utc))) for time in context.grid(series.period)})

    return done


def _time_series(context: Context, value: Value) -> Series:
    number = _number(value)
    return context.new({time: number for time in context.grid(context.period)} if math.isfinite(number) else {})


def _metrics(context: Context, wanted: Value = "") -> list[Series]:
    """The metrics of the request, or those whose ids contain a text."""
    if not isinstance(wanted, str) or isinstance(wanted, Word):
        raise ExpressionError("METRICS takes a text: part of an id")
    return [series for name, series in context.metrics if wanted in name]


def _period(context: Context, value: Value) -> float:
    return float(_metric(value, "PERIOD").period)


def _metric(value: Value, function: str) -> Series:
    if not isinstance(value, Series) or value.metric is None:
        raise ExpressionError(f"{function} takes a metric, and not the result of another expression")
    return value


def _service_quota(context: Context, value: Value) -> Series:
    """The quota that a usage metric counts against.

    Of CallCount it is a second's, so that ``m1/60/SERVICE_QUOTA(m1)`` is a share where a period is a minute.
    """
    series = _metric(value, "SERVICE_QUOTA")
    quota = quotas.of(series.metric) if series.metric else None
    if quota is None:
        raise ExpressionError("SERVICE_QUOTA takes a usage metric that has a service quota")
    return series.calculated(dict.fromkeys(context.grid(series.period), quota))


def _sort(context: Context, value: Value, by: Value, order: Value, most: Value = None) -> list[Series]:
    if by not in SORTED_BY or not isinstance(by, Word) or order not in ("ASC", "DESC"):
        raise ExpressionError("SORT takes an array, one of AVG, MIN, MAX and SUM, and ASC or DESC")
    work = FUNCTIONS[by][0]
    keyed = [(work(context, series), series) for series in _array(value)]
    known = [pair for pair in keyed if math.isfinite(pair[0])]
    found = [series for _, series in sorted(known, key=lambda pair: pair[0], reverse=order == "DESC")]
    found += [series for key, series in keyed if not math.isfinite(key)]  # without values: last in either order
    return found if most is None else found[: _count(most)]


SORTED_BY = ("AVG", "MIN", "MAX", "SUM")


def _count(value: Value) -> int:
    number = _number(value)
    if not math.isfinite(number) or number < 0:
        raise ExpressionError("A number of time series is needed here")
    return int(number)


def _slice(context: Context, value: Value, start: Value, end: Value = None) -> list[Series]:
    return _array(value)[_count(start) : None if end is None else _count(end)]


def _first(context: Context, value: Value) -> Series:
    return _end(context, value, 0)


def _last(context: Context, value: Value) -> Series:
    return _end(context, value, -1)


def _end(context: Context, value: Value, place: int) -> Series:
    series = _array(value)
    return series[place] if series else context.new({})


def _remove_empty(context: Context, value: Value) -> list[Series]:
    context.work.of_range = True
    return [series for series in _array(value) if series.points]


def _search(context: Context, query: Value, statistic: Value, period: Value = None) -> list[Series]:
    if any(not isinstance(each, str) or isinstance(each, Word) for each in (query, statistic)):
        raise ExpressionError("SEARCH takes a query and a statistic, each within quotation marks")
    return context.search(query, statistic, None if period is None else _count(period))


FUNCTIONS: dict[str, tuple[Callable[..., Value], int, int]] = {
    "ABS": (_of_each(abs), 1, 1),
    "AVG": (_summary(_average, lambda values, of: sum(values) / of), 1, 1),
    "CEIL": (_of_each(math.ceil), 1, 1),
    "DATAPOINT_COUNT": (_summary(lambda context, series: float(len(series.points)), lambda values, of: float(len(values))), 1, 1),
    "DATE": (_of_time(lambda time: time.day), 1, 1),
    "DAY": (_of_time(lambda time: time.weekday() + MONDAY_IS), 1, 1),
    "DIFF": (_over(_difference), 1, 1),
    "DIFF_TIME": (_over(_difference_in_time), 1, 1),
    "EPOCH": (_of_time(lambda time: int(time.timestamp())), 1, 1),
    "FILL": (_fill, 2, 2),
    "FIRST": (_first, 1, 1),
    "FLOOR": (_of_each(math.floor), 1, 1),
    "HOUR": (_of_time(lambda time: time.hour), 1, 1),
    "IF": (_if, 2, 3),
    "LAST": (_last, 1, 1),
    "LOG": (_of_each(math.log), 1, 1),
    "LOG10": (_of_each(math.log10), 1, 1),
    "MAX": (_summary(_at_least_one(max), lambda values, of: max(values)), 1, 1),
    "METRICS": (_metrics, 0, 1),
    "METRIC_COUNT": (lambda context, value: float(len(_array(value))), 1, 1),
    "MIN": (_summary(_at_least_one(min), lambda values, of: min(values)), 1, 1),
    "MINUTE": (_of_time(lambda time: time.minute), 1, 1),
    "MONTH": (_of_time(lambda time: time.month), 1, 1),
    "PERIOD": (_period, 1, 1),
    "RATE": (_over(_rate), 1, 1),
    "REMOVE_EMPTY": (_remove_empty, 1, 1),
    "RUNNING_SUM": (_over(_running_sum), 1, 1),
    "SEARCH": (_search, 2, 3),
    "SERVICE_QUOTA": (_service_quota, 1, 1),
    "SLICE": (_slice, 2, 3),
    "SORT": (_sort, 3, 4),
    "STDDEV": (_summary(_at_least_one(lambda values: statistics.pstdev(list(values))), lambda values, of: statistics.pstdev(values)), 1, 1),
    "SUM": (_summary(lambda context, series: math.fsum(series.points.values()), lambda values, of: math.fsum(values)), 1, 1),
    "TIME_SERIES": (_time_series, 1, 1),
    "YEAR": (_of_time(lambda time: time.year), 1, 1),
}
