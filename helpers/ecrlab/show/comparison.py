"""The two types of scanning side by side, on one image: what both see, and what only one does."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ecrlab import findings
from ecrlab.findings import Row
from ecrlab.show import html, severity, words
from ecrlab.show.findings import MANAGERS
from ecrlab.show.picture import Picture

if TYPE_CHECKING:
    from ecrlab.scans import Scan

BOTH, BASIC, ENHANCED = "both", "only basic", "only enhanced"


def comparison(basic: Scan, enhanced: Scan) -> Picture:
    """Draw what two scans found, vulnerability by vulnerability: who sees it, in which packages, and how severe each calls it."""
    seen = _by_vulnerability(basic), _by_vulnerability(enhanced)
    heads = ["Vulnerability", "Seen by", "Basic says", "Packages", "Enhanced says", "Packages"]
    known = sorted({*seen[0], *seen[1]}, key=lambda name: _order(name, *(each.get(name, []) for each in seen)))
    rows, plain = [], []
    for name in known:
        by = _seen_by(name, *seen)
        sides = [each.get(name, []) for each in seen]
        packages = [", ".join(dict.fromkeys(row.package for row in side)) for side in sides]
        rows.append([html.name(name), by, _mark(sides[0]), packages[0], _mark(sides[1]), packages[1]])
        plain.append([name, by, _word(sides[0]), packages[0], _word(sides[1]), packages[1]])
    told, caption = _tell(basic, enhanced, *seen), f"{enhanced.name}: basic and enhanced scanning side by side"
    if not rows:
        return Picture(html.card(html.paragraph(html.strong(caption)), html.paragraph(told)), f"{caption}\n{told}")
    return Picture(html.card(html.table(heads, rows, caption), html.paragraph(told)), f"{words.columns(heads, plain, caption)}\n{told}")


def _by_vulnerability(scan: Scan) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in findings.rows(scan):
        found.setdefault(row.vulnerability, []).append(row)
    return found


def _order(name: str, basic: list[Row], enhanced: list[Row]) -> tuple:
    """What only one sees comes first, then the worst."""
    return (bool(basic and enhanced), min(findings.rank(row.severity) for row in [*basic, *enhanced]), name)


def _seen_by(name: str, basic: dict, enhanced: dict) -> str:
    return BOTH if name in basic and name in enhanced else BASIC if name in basic else ENHANCED


def _mark(side: list[Row]) -> str:
    return severity.mark(side[0].severity) if side else "–"


def _word(side: list[Row]) -> str:
    return severity.word(side[0].severity) if side else "–"


def _tell(basic: Scan, enhanced: Scan, seen_by_basic: dict[str, list[Row]], seen_by_enhanced: dict[str, list[Row]]) -> str:
    for scan in (basic, enhanced):
        if not scan.has_looked:
            return f"The {scan.type.lower()} scan ended with {scan.status}: it hasn't looked into the image, so there is nothing to compare."
    counted = Counter(_seen_by(name, seen_by_basic, seen_by_enhanced) for name in {*seen_by_basic, *seen_by_enhanced})
    told = f"Both see {counted[BOTH]} vulnerabilities, basic alone {counted[BASIC]}, enhanced alone {counted[ENHANCED]}"
    managers = Counter(MANAGERS.get(rows[0].manager, rows[0].manager) for name, rows in seen_by_enhanced.items() if name not in seen_by_basic)
    return told + (f" ({', '.join(f'{kind}: {number}' for kind, number in managers.most_common())})." if managers else ".")
