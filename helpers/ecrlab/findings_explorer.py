"""The findings of a scan, to be looked through: choose a severity, a package, a layer, or what has a fix, and see what is left.

Every control is a list to choose from, and works by keyboard. What is left is announced and written beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ecrlab import findings
from ecrlab.dashboard import BY_KEYBOARD
from ecrlab.findings import Row
from ecrlab.plain import plain
from ecrlab.show import html, words
from ecrlab.show.findings import findings as all_of, plain_table, table
from ecrlab.show.picture import Picture, display

if TYPE_CHECKING:
    from ecrlab.scans import Scan

ALL = "all"
# a list of fifty leaves the page where it was; what is long is broken anywhere rather than cut off
SCROLLED = "max-height:32em;overflow-y:auto;overflow-wrap:anywhere"
# label → what a row is filtered by; None where the scan doesn't say it
FILTERS: dict[str, Callable[[Row], str | None]] = {
    "Severity": lambda row: row.severity,
    "Package": lambda row: row.package,
    "Layer": lambda row: words.short(row.layer) if row.layer else None,
    "Fix": lambda row: "with a fix" if row.fixed_in else "without a fix",
}
OF_ENHANCED = ("Layer", "Fix")  # BASIC says neither


def show(scan: Scan) -> None:
    """Show the explorer; where nobody can click, all findings as a table."""
    if plain():
        display(all_of(scan))
        return
    import IPython.display

    IPython.display.display(widget(scan))


def widget(scan: Scan):
    """The explorer as an ipywidget."""
    import ipywidgets

    rows = findings.rows(scan)
    controls = {
        label: ipywidgets.Dropdown(description=label, options=_options(rows, value), value=ALL, layout={"width": "22em"})
        for label, value in FILTERS.items()
        if scan.type == "ENHANCED" or label not in OF_ENHANCED
    }
    drawn = ipywidgets.HTML()

    def draw(_change=None) -> None:
        chosen = {label: control.value for label, control in controls.items()}
        drawn.value = html.element("div", picture(scan, chosen).html, role="status", aria_live="polite", aria_atomic="true")

    for control in controls.values():
        control.observe(draw, "value")
    draw()
    how = ipywidgets.HTML(html.card(html.paragraph(BY_KEYBOARD)))
    return ipywidgets.VBox([how, ipywidgets.HBox(list(controls.values()), layout={"flex_flow": "row wrap"}), drawn])


def picture(scan: Scan, chosen: dict[str, str]) -> Picture:
    """The findings that are left by what was chosen, label → value."""
    rows = findings.rows(scan)
    left = [row for row in rows if all(value == ALL or FILTERS[label](row) == value for label, value in chosen.items())]
    if not rows:
        return all_of(scan)
    flaws, all_flaws = (len({row.vulnerability for row in each}) for each in (left, rows))
    told = f"{len(left)} of {words.many(len(rows), 'row')}; vulnerabilities: {flaws} of {all_flaws}."
    drawn, text = (table(scan, left), [plain_table(scan, left)]) if left else ("", [])
    shown = html.element("div", drawn, style=SCROLLED, tabindex=0, role="region", aria_label="The findings that are left")
    return Picture(html.card(html.paragraph(told), shown), "\n".join([told, *text]))


def _options(rows: list[Row], value: Callable[[Row], str | None]) -> list[tuple[str, str]]:
    """All, then each value there is, with how many rows have it, in the order in which the rows have them."""
    counts: dict[str, int] = {}
    for row in rows:
        if (found := value(row)) is not None:
            counts[found] = counts.get(found, 0) + 1
    return [(f"{ALL} ({len(rows)})", ALL), *((f"{name} ({number})", name) for name, number in counts.items())]
