"""What state an alarm is in: so many of the last periods beyond the threshold, and what missing ones count as.

AWS: "Evaluating an alarm", "Configuring how CloudWatch alarms treat missing data".
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
MISSING = ("breaching", "notBreaching", "ignore", "missing")
# periods beyond EvaluationPeriods in which values are looked for. AWS: it "attempts to retrieve a higher number of data points"; in its
# examples 5 where 3 are evaluated
MORE = 2


@dataclass(frozen=True)
class Rule:
    """The part of an alarm that decides."""

    comparison: str
    threshold: float
    periods: int  # N of "M out of N"
    datapoints: int  # M
    missing: str = "missing"

    @property
    def range(self) -> int:
        """How many periods are looked at."""
        return self.periods + MORE

    def breaches(self, value: float) -> bool:
        return COMPARISONS[self.comparison](value, self.threshold)


Present = Sequence[tuple[int, float]]  # (how many periods ago, 1 being the last; value), oldest first, without missing ones


def judge(rule: Rule, present: Present) -> State | None:
    """The state by the values there are in the range; None where the alarm keeps the one it has."""
    recent = present[-rule.periods :]
    breaching = [age for age, value in recent if rule.breaches(value)]
    lacking = rule.periods - len(recent)
    if lacking == 0 or rule.missing == "notBreaching" or len(breaching) >= rule.datapoints:
        return "ALARM" if len(breaching) >= rule.datapoints else "OK"
    if rule.missing == "breaching":
        return "ALARM" if len(breaching) + lacking >= rule.datapoints else "OK"
    if len(breaching) < len(recent):
        return "OK"
    if rule.missing == "ignore":
        return None
    # too few values, and all of them beyond the threshold: enough if the first is as long ago as values are needed
    return "ALARM" if breaching and max(breaching) >= rule.datapoints else "INSUFFICIENT_DATA"
