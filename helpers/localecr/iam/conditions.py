"""Condition operators (AWS: "IAM JSON policy elements: Condition operators" and "Conditions with multiple context keys or values").

An operator compares what a request says of a key with a policy's values: one that fits is enough, and a negated operator
holds where none fits. A value that isn't of the operator's kind fits nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any

from localecr.iam.matching import ARN_PARTS, Test, glob
from localecr.iam.variables import Context, Template, Token, parse

OPERATOR = re.compile(r"(?:(?P<set>ForAnyValue|ForAllValues):)?(?P<name>[a-z]+?)(?P<if_exists>IfExists)?", re.IGNORECASE)
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?(?P<zone>Z|[+-]\d\d:?\d\d)?)?)?)?",
    re.IGNORECASE,
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Fits = Callable[[str, Context], bool]  # does a request's value fit any of the policy's?


@dataclass(frozen=True)
class Condition:
    """One key of one operator of a Condition block: ``{"StringLike": {"ecr:ResourceTag/team": ["web", "shop-*"]}}``."""

    operator: str  # as the policy writes it
    name: str  # of the key, as the policy writes it
    key: str  # the same in lower case
    values: tuple[str, ...]
    variables: tuple[str, ...]  # the names of context keys that its values ask for
    fits: Fits
    negated: bool
    over: str | None  # foranyvalue, forallvalues
    if_exists: bool

    def holds(self, context: Context) -> bool:
        """Whether the request's context fulfils it."""
        given = context.get(self.key)
        values = (given,) if isinstance(given, str) else tuple(given or ())
        if self.over is not None:
            return self._holds_over(values, context)
        if not values and self.fits is not _is_there:
            return self.if_exists or self.negated
        if self.fits is _is_there:
            return any(value == ("false" if values else "true") for value in self.values)
        return any(self.fits(value, context) for value in values) != self.negated

    def _holds_over(self, values: tuple[str, ...], context: Context) -> bool:
        if self.fits is _is_there:
            return any(value == ("false" if values else "true") for value in self.values)
        if not any(values):  # no values, or an empty text: AWS's "empty data set"
            return self.over == "forallvalues"  # IfExists is asked of each value, so it says nothing where there is none
        quantifier = all if self.over == "forallvalues" else any
        return quantifier(self.fits(value, context) != self.negated for value in values)


def compile_condition(operator: str, key: str, values: tuple[str, ...], version: str) -> Condition:
    """A condition of a document of this version of the language. Raises ValueError for an operator that there isn't."""
    found = OPERATOR.fullmatch(operator)
    name = found["name"].lower() if found else ""
    if name not in OPERATORS or (name == "null" and found["if_exists"]):
        raise ValueError(f"no operator {operator!r}")
    make, negated = OPERATORS[name]
    templates = tuple(parse(each, version if make in WITH_VARIABLES else "") for each in values)
    variables = tuple(variable for each in templates for variable in each.variables)
    if name == "null":
        values = tuple(each.lower() for each in values)
    over = found["set"] and found["set"].lower()
    return Condition(operator, key, key.lower(), values, variables, make(templates), negated, over, bool(found["if_exists"]))


def _plain(template: Template, context: Context) -> str | None:
    """Its characters, where a ``*`` is but one of them; None where a variable has no value."""
    resolved = template.resolve(context)
    return None if resolved is None else "".join(each if isinstance(each, str) else each.sign for each in resolved)


def _equal(templates: tuple[Template, ...], fold: Callable[[str], str] = str) -> Fits:
    fixed = frozenset(fold(_plain(each, {}) or "") for each in templates if not each.variables)
    changing = [each for each in templates if each.variables]

    def fits(value: str, context: Context) -> bool:
        value = fold(value)
        return value in fixed or any(value == fold(text) for each in changing if (text := _plain(each, context)) is not None)

    return fits


def _equal_ignoring_case(templates: tuple[Template, ...]) -> Fits:
    return _equal(templates, str.lower)


def _by_pattern(templates: tuple[Template, ...], test: Callable[[tuple[Token, ...]], Test]) -> Fits:
    fixed = [test(each.parts) for each in templates if not each.variables]  # type: ignore[arg-type]
    changing = [each for each in templates if each.variables]

    def fits(value: str, context: Context) -> bool:
        if any(each(value) for each in fixed):
            return True
        return any(test(resolved)(value) for each in changing if (resolved := each.resolve(context)) is not None)

    return fits


def _like(templates: tuple[Template, ...]) -> Fits:
    return _by_pattern(templates, glob)


def _arn_like(templates: tuple[Template, ...]) -> Fits:
    """Each of the six parts of an ARN by itself: a ``*`` stays within its part, the last part being all after the fifth colon."""
    return _by_pattern(templates, _arn_glob)


@lru_cache(maxsize=4096)
def _arn_glob(pattern: tuple[Token, ...]) -> Test:
    parts: list[list[Token]] = [[]]
    for token in pattern:
        first, *others = token.split(":", ARN_PARTS - len(parts)) if isinstance(token, str) else [token]
        parts[-1].append(first)
        parts.extend([other] for other in others)
    tests = [glob(tuple(token for token in part if token != "")) for part in parts]

    def test(value: str) -> bool:
        given = value.split(":", ARN_PARTS - 1)
        return len(tests) == len(given) == ARN_PARTS and all(test(part) for test, part in zip(tests, given, strict=True))

    return test


def _compared(read: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Callable[[tuple[Template, ...]], Fits]:
    """An operator that reads both sides as a number, a date, … and compares them."""

    def make(templates: tuple[Template, ...]) -> Fits:
        wanted = [value for each in templates if (value := read(_plain(each, {}) or "")) is not None]

        def fits(text: str, context: Context) -> bool:
            value = read(text)
            return value is not None and any(compare(value, each) for each in wanted)

        return fits

    return make


def _number(text: str) -> Decimal | None:
    return Decimal(text) if NUMBER.fullmatch(text) else None


def _date(text: str) -> Decimal | None:
    """Seconds since 1970 of an ISO 8601 date (W3C's profile: a year up to a fraction of a second) or of a number of them."""
    if NUMBER.fullmatch(text):
        return Decimal(text)
    found = DATE.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(found[part] or default) for part, default in DATE_PARTS)
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(found["zone"]))
        return Decimal(int((moment - EPOCH) / timedelta(seconds=1))) + Decimal(f"0.{found['fraction'] or 0}")
    except (ValueError, OverflowError):
        return None


def is_date(text: str) -> bool:
    """Whether the Date operators understand it."""
    return _date(text) is not None


DATE_PARTS = (("year", 1), ("month", 1), ("day", 1), ("hour", 0), ("minute", 0), ("second", 0))


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _truth(templates: tuple[Template, ...]) -> Fits:
    equal = _equal_ignoring_case(templates)
    return lambda value, context: value.lower() in ("true", "false") and equal(value, context)


@lru_cache(maxsize=4096)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    """An address or a range of them; an address is a range of one, and a request's value too."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _address(templates: tuple[Template, ...]) -> Fits:
    networks = [network for each in templates if (network := _network(_plain(each, {}) or "")) is not None]

    def fits(text: str, context: Context) -> bool:
        value = _ip(text)
        return value is not None and any(value in network for network in networks)

    return fits


@lru_cache(maxsize=4096)
def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_there(value: str, context: Context) -> bool:
    """What Null asks of a key: never of its values."""
    return True


def _presence(templates: tuple[Template, ...]) -> Fits:
    return _is_there


WITH_VARIABLES = {_equal, _equal_ignoring_case, _like, _arn_like, _truth}
OPERATORS: dict[str, tuple[Callable[[tuple[Template, ...]], Fits], bool]] = {
    "stringequals": (_equal, False),
    "stringnotequals": (_equal, True),
    "stringequalsignorecase": (_equal_ignoring_case, False),
    "stringnotequalsignorecase": (_equal_ignoring_case, True),
    "stringlike": (_like, False),
    "stringnotlike": (_like, True),
    "numericequals": (_compared(_number, eq), False),
    "numericnotequals": (_compared(_number, eq), True),
    "numericlessthan": (_compared(_number, lt), False),
    "numericlessthanequals": (_compared(_number, le), False),
    "numericgreaterthan": (_compared(_number, gt), False),
    "numericgreaterthanequals": (_compared(_number, ge), False),
    "dateequals": (_compared(_date, eq), False),
    "datenotequals": (_compared(_date, eq), True),
    "datelessthan": (_compared(_date, lt), False),
    "datelessthanequals": (_compared(_date, le), False),
    "dategreaterthan": (_compared(_date, gt), False),
    "dategreaterthanequals": (_compared(_date, ge), False),
    "bool": (_truth, False),
    "binaryequals": (_compared(_bytes, eq), False),
    "ipaddress": (_address, False),
    "notipaddress": (_address, True),
    "arnequals": (_arn_like, False),
    "arnlike": (_arn_like, False),
    "arnnotequals": (_arn_like, True),
    "arnnotlike": (_arn_like, True),
    "null": (_presence, False),
}
