"""Rows as a table that everybody can read."""

from collections.abc import Iterable, Mapping
from numbers import Number

from ecrlab.show import html, words
from ecrlab.show.picture import Picture


def table(rows: Iterable[Mapping] | object, caption: str) -> Picture:
    """Draw a list of dicts, or a pandas DataFrame (without its index), as a table with a caption.

    Columns come in the order in which they are first met; numbers are set right; a missing value is empty.
    """
    if hasattr(rows, "to_dict"):
        rows = rows.to_dict("records")
    rows = [dict(row) for row in rows]
    heads = list(dict.fromkeys(str(name) for row in rows for name in row))
    if not heads:
        return Picture(html.card(html.paragraph(html.strong(caption), ": nothing here yet.")), f"{caption}: nothing here yet.")
    values = [[{str(name): value for name, value in row.items()}.get(head) for head in heads] for row in rows]
    numeric = {
        column
        for column in range(len(heads))
        if all(line[column] is None or _is_number(line[column]) for line in values)
        and any(line[column] is not None for line in values)
    }
    written = [[_write(value) for value in line] for line in values]
    return Picture(
        html.card(html.table(heads, written, caption, numeric)),
        words.columns(heads, written, caption, numeric),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool)


def _write(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(_write(each) for each in (sorted(value) if isinstance(value, (set, frozenset)) else value))
    return str(value)
