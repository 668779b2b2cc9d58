"""How many findings of each severity scans have, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ecrlab.findings import SEVERITIES
from ecrlab.show import html, severity, words
from ecrlab.show.picture import Picture, note

if TYPE_CHECKING:
    from ecrlab.scans import Scan

SHOWN = SEVERITIES[:4]  # always; others only where there are some
COLOURS = (html.BLUE, html.ORANGE, html.GREEN, html.PURPLE)
_LEFT, _LETTER, _BAR, _WIDEST = 130, 7.5, 18, 380


def severities(scans: Mapping[str, Scan]) -> Picture:
    """Draw bars for scans with a name each, `{"before": scan, "after": scan}`: for each severity a bar a scan, with its number.

    An image that wasn't looked at has no bars, and that is said.
    """
    if not scans:
        return note("No image was scanned yet, so nothing to draw.")
    counts = {name: severity.ordered(scan.counts) if scan.has_looked else {} for name, scan in scans.items()}
    told = f"Findings by severity. {' '.join(_sentence(name, scan, counts[name]) for name, scan in scans.items())}"
    shown = [each for each in SEVERITIES if each in SHOWN or any(each in counted for counted in counts.values())]
    caption, heads = "Findings by severity", ["Severity", *scans]
    rows = [[severity.word(each), *(str(counts[name].get(each, 0)) if scan.has_looked else "–" for name, scan in scans.items())] for each in shown]
    text = words.columns(heads, rows, caption, set(range(1, len(heads))))
    return Picture(
        html.card(
            html.paragraph(html.strong(caption)),
            _drawing(scans, counts, shown, told),
            html.element("details", html.element("summary", "The figure in words"), html.paragraph(told)),
        ),
        f"{text}\n{told}",
    )


def _sentence(name: str, scan: Scan, counts: Mapping[str, int]) -> str:
    return f"{name}: {severity.tell(counts)}." if scan.has_looked else f"{name}: not looked at ({scan.status})."


def _drawing(scans: Mapping[str, Scan], counts: Mapping[str, Mapping[str, int]], shown: list[str], told: str) -> html.Html:
    most = max((number for counted in counts.values() for number in counted.values()), default=0) or 1
    begin = _LEFT + max(len(name) for name in scans) * _LETTER + 8  # of the bars
    pieces, y = [_hatches()], 12
    for each in shown:
        pieces.append(html.label(6, y + _BAR * len(scans) / 2 + 5, severity.word(each), 13, font_weight=600))
        for place, (name, scan) in enumerate(scans.items()):
            number = counts[name].get(each, 0)
            width, said = round(_WIDEST * number / most), str(number) if scan.has_looked else "not looked at"
            pieces.append(html.label(begin - 8, y + 13, name, 12, text_anchor="end"))
            pieces += _bar(begin, y + 2, width, place) if width else []
            pieces.append(html.label(begin + width + 6, y + 13, said, 12))
            y += _BAR
        y += 10
    return html.svg(begin + _WIDEST + 90, y, told, *pieces)


def _bar(x: float, y: int, width: int, place: int) -> list[html.Html]:
    """A bar in the scan's colour; each but the first hatched as well."""
    colour = COLOURS[place % len(COLOURS)]
    box = {"x": x, "y": y, "width": width, "height": _BAR - 4}
    drawn = [html.element("rect", **box, fill=colour, stroke=html.INK)]
    return drawn + [html.element("rect", **box, fill=f"url(#ecrlab-hatch-{(place - 1) % 3})")] if place else drawn


def _hatches() -> html.Html:
    lines = ("M0,8 L8,0", "M0,0 L8,8", "M0,4 L8,4")
    return html.element(
        "defs",
        *(
            html.element(
                "pattern",
                html.element("path", d=line, stroke=html.INK, stroke_width=1.2),
                id=f"ecrlab-hatch-{number}", patternUnits="userSpaceOnUse", width=8, height=8,
            )  # fmt: skip
            for number, line in enumerate(lines)
        ),
    )
