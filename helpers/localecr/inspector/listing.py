"""Findings that fit a filter, in an order and from a place on. SQL filters and sorts; only the documents of those that are told are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localecr.inspector import answers, columns, finding
from localecr.inspector.criteria import Told
from localecr.inspector.pages import Key
from localecr.registry import Registry


@dataclass(frozen=True)
class Order:
    """``by``: SQL's expressions, after which the finding's id decides."""

    by: tuple[str, ...] = ()
    is_descending: bool = False


def fitting(registry: Registry, wanted: dict[str, list[dict[str, Any]]], order: Order, after: Key | None, most: int) -> list[tuple[Key, Told]]:
    """The findings that fit a FilterCriteria, as ListFindings tells them, each with the key that ``after`` may be to go on behind it; at most so many.

    Sorts keys alone, and reads the documents of those that are left within the limit.
    """
    keys = {f"key_{number}": expression for number, expression in enumerate((*order.by, "f.id"))}
    ordered = ", ".join(f"{key} {'DESC' if order.is_descending else 'ASC'}" for key in keys)
    chosen, bound = columns.fitting(registry, wanted)
    if after is not None:
        chosen += f" AND ({', '.join(keys.values())}) {'<' if order.is_descending else '>'} ({', '.join('?' * len(keys))})"
        bound += after
    rows = registry.database.all(
        f"SELECT {finding.SELECTED}, {', '.join(keys)} FROM (SELECT {', '.join(f'{expression} AS {key}' for key, expression in keys.items())}"
        f" FROM inspector_findings f WHERE {chosen} ORDER BY {ordered} LIMIT ?) JOIN inspector_findings f ON f.id = {list(keys)[-1]} ORDER BY {ordered}",
        [*bound, most],
    )
    return [([row[key] for key in keys], answers.of_inspector(finding.read(row))) for row in rows]
