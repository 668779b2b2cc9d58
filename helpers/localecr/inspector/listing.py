"""Findings that fit a filter, in an order and from a place on. SQL filters and sorts; documents are read only as far as somebody takes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localecr.inspector import answers, columns, criteria, finding
from localecr.inspector.criteria import Told
from localecr.inspector.pages import Key
from localecr.registry import Registry

CHUNK = 500  # findings that are read at once to be looked through


@dataclass(frozen=True)
class Order:
    """``by``: SQL's expressions, after which the finding's id decides."""

    by: tuple[str, ...] = ()
    is_descending: bool = False


def fitting(registry: Registry, wanted: dict[str, list[dict[str, Any]]], order: Order, after: Key | None, most: int) -> Iterator[tuple[Key, Told]]:
    """The findings that fit a FilterCriteria, as ListFindings tells them, each with the key that ``after`` may be to go on behind it.

    ``most``: how many will be taken, -1 for all. What only the document says is looked up in the documents of those that fit otherwise.
    """
    where, values, rest = columns.decided(wanted)
    limit = CHUNK if rest else most
    while True:
        rows = _rows(registry, where, values, order, after, limit)
        for row in rows:
            told = answers.of_inspector(finding.read(row))
            if criteria.matches(rest, told):
                yield _key(row, order), told
        if len(rows) != limit:
            return
        after = _key(rows[-1], order)


def _key(row: sqlite3.Row, order: Order) -> Key:
    return [*(row[f"key_{number}"] for number in range(len(order.by))), row["id"]]


def _rows(registry: Registry, where: list[str], values: list[Any], order: Order, after: Key | None, limit: int) -> list[sqlite3.Row]:
    """Sorts keys alone, and reads the documents of those that are left within the limit."""
    place, direction = (*order.by, "f.id"), "DESC" if order.is_descending else "ASC"
    chosen = ["f.account = ?", "f.region = ?", "(f.forgotten_at IS NULL OR f.forgotten_at > ?)", *where]
    bound = [registry.account, registry.region, registry.lab.clock.now(), *values]
    if after is not None:
        chosen.append(f"({', '.join(place)}) {'<' if order.is_descending else '>'} ({', '.join('?' * len(place))})")
        bound += after
    keys = "".join(f", {each} AS key_{number}" for number, each in enumerate(order.by))
    names = [*(f"p.key_{number}" for number in range(len(order.by))), "p.id"]
    return registry.database.all(
        f"SELECT {finding.SELECTED}{''.join(f', {name}' for name in names[:-1])} FROM (SELECT f.id AS id{keys} FROM inspector_findings f"
        f" WHERE {' AND '.join(chosen)} ORDER BY {', '.join(f'{each} {direction}' for each in place)} LIMIT ?) p"
        f" JOIN inspector_findings f ON f.id = p.id ORDER BY {', '.join(f'{each} {direction}' for each in names)}",
        [*bound, limit],
    )
