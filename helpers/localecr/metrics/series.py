"""What a metric is, and its values over time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Metric:
    """What is measured: a name in a namespace, and the dimensions that tell one series of that name from another."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()  # (name, value), in the order of names

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Iterable[tuple[str, str]] = ()) -> Metric:
        return cls(namespace, name, tuple(sorted(dimensions)))

    @classmethod
    def read(cls, document: dict) -> Metric:
        """An API's ``{"Namespace", "MetricName", "Dimensions": [{"Name", "Value"}]}``."""
        return cls.of(document["Namespace"], document["MetricName"], ((each["Name"], each["Value"]) for each in document.get("Dimensions", ())))

    def as_document(self) -> dict:
        return {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions]}


@dataclass(frozen=True)
class Range:
    """A stretch of time in whole seconds since 1970: from ``start`` to before ``end``."""

    start: int
    end: int

    def grid(self, period: int) -> range:
        """When each period begins."""
        return range(self.start, self.end, period)


@dataclass(frozen=True)
class Series:
    """Values by the time at which their period begins, in order of time; a period without a value is missing."""

    label: str
    period: int  # seconds
    points: dict[int, float]
    metric: Metric | None = None  # None for the result of a calculation
    statistic: str | None = None

    def calculated(self, points: dict[int, float]) -> Series:
        """Other values under the same name."""
        return replace(self, points=points, metric=None)
