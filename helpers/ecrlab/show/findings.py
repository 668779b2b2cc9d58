"""What a scan found: all of it as a table, and one finding read to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrlab import findings as reading
from ecrlab import vectors
from ecrlab.errors import LabError
from ecrlab.findings import Row
from ecrlab.show import html, severity, words
from ecrlab.show.picture import Picture, note

if TYPE_CHECKING:
    from ecrlab.scans import Scan

MANAGERS = {"OS": "operating system", "PYTHONPKG": "Python", "NODEPKG": "Node.js", "JAR": "Java"}
FEW = 8  # findings that are named where one isn't there


def findings(scan: Scan) -> Picture:
    """Draw the findings of a scan, the worst first: a row for each vulnerability and package that has it."""
    told, rows = summary(scan), reading.rows(scan)
    return Picture(html.card(table(scan, rows), html.paragraph(told)), f"{plain_table(scan, rows)}\n{told}") if rows else note(told)


def summary(scan: Scan) -> str:
    """What a scan came to, in a sentence that never takes "not looked at" for "nothing found"."""
    if not scan.has_looked:
        said = f" {scan.description.removesuffix('.')}." if scan.description else ""
        return f"{scan.name}: {scan.status}.{said} Nobody has looked into this image: that isn't the same as finding nothing."
    if not scan.findings:
        return f"{scan.name}: no findings. The advisories that were used know of nothing in this image."
    counted = severity.tell(severity.count(each.get("severity", "UNDEFINED") for each in scan.findings))
    return f"{scan.name}: {words.many(len(scan.findings), 'finding')} ({counted})."


def table(scan: Scan, rows: list[Row]) -> html.Html:
    """These rows, for a notebook."""
    heads = _heads(scan)
    drawn = [[html.name(row.vulnerability), _marked(row), *_rest(scan, row)] for row in rows]
    return html.table(heads, drawn, _caption(scan), {2})


def plain_table(scan: Scan, rows: list[Row]) -> str:
    """The same for a terminal."""
    written = [[row.vulnerability, severity.word(row.severity) + _remark(row), *_rest(scan, row)] for row in rows]
    return words.columns(_heads(scan), written, _caption(scan), {2})


def _heads(scan: Scan) -> list[str]:
    heads = ["Vulnerability", "Severity", "Score", "Package", "Version"]
    return heads + ["Fixed in", "Kind", "Layer"] if scan.type == "ENHANCED" else heads


def _rest(scan: Scan, row: Row) -> list[str]:
    cells = ["–" if row.score is None else f"{row.score:.1f}", row.package, row.version or ""]
    if scan.type == "ENHANCED":
        cells += [row.fixed_in or "no fix yet", MANAGERS.get(row.manager, row.manager), words.short(row.layer or "")]
    return cells


def _caption(scan: Scan) -> str:
    return f"Findings of {scan.name} ({scan.type.lower()} scanning)"


def _marked(row: Row) -> html.Html:
    return html.join(severity.mark(row.severity), _remark(row))


def _remark(row: Row) -> str:
    return " (suppressed)" if row.suppressed else ""


def finding(scan: Scan, vulnerability: str) -> Picture:
    """Draw one finding, read to its end: what it is, which packages have it and what helps, and its vector word by word.

    Raises LabError where the scan has no finding of that name.
    """
    rows = [row for row in reading.rows(scan) if row.vulnerability == vulnerability]
    if not rows:
        known = list(dict.fromkeys(row.vulnerability for row in reading.rows(scan)))
        some = f"It has {', '.join(known[:FEW])}{' and others' if len(known) > FEW else ''}." if known else "It has no findings at all."
        raise LabError("finding", f"{scan.name} has no finding {vulnerability}.", some)
    raw = next(each for each in scan.findings if reading.vulnerability(each) == vulnerability)
    vector = reading.vector(raw)
    facts = [["What", raw.get("description", "")], ["Severity", severity.word(rows[0].severity)], ["Score", _score(raw, rows[0], vector)]]
    facts += [[f"Package {number}" if len(rows) > 1 else "Package", _package(scan, row)] for number, row in enumerate(rows, 1)]
    facts += [["More about it", reading.link(raw)]] if reading.link(raw) else []
    drawn = [html.table(["Asked", "Told"], [_shown(*fact) for fact in facts], f"{vulnerability} in {scan.name}")]
    lines = [words.columns(["Asked", "Told"], facts, f"{vulnerability} in {scan.name}")]
    if vector:
        heads, caption = ["Part", "Metric", "Value", "In words"], f"Its vector, part by part: {vector}"
        parts = [[each.written, each.name, each.value, each.meaning] for each in vectors.metrics(vector)]
        drawn.append(html.table(heads, [[html.code(part[0]), *part[1:]] for part in parts], caption))
        lines.append(words.columns(heads, parts, caption))
    return Picture(html.card(*drawn, edge=severity.colour(rows[0].severity)), "\n\n".join(lines))


def _shown(name: str, value: str) -> list[str]:
    if name == "More about it" and value.startswith(("https://", "http://")):  # an advisory that was loaded may have anything there
        return [name, html.element("a", value, href=value, style=f"color:{html.BLUE}")]
    return [name, value]


def _score(raw: dict, row: Row, vector: str | None) -> str:
    if row.score is None:
        return "nobody has scored it"
    source = raw.get("scoreDetails", {}).get("cvss", {}).get("scoreSource")
    scale = f" (CVSS {vectors.version(vector)}{f', by {source}' if source else ''})" if vector else ""
    return f"{row.score:.1f} of 10{scale}"


def _package(scan: Scan, row: Row) -> str:
    kind = MANAGERS.get(row.manager, row.manager)
    sentence = f"{row.package} {row.version} ({kind}{', ' + row.path if row.path else ''})"
    if row.layer:
        sentence += f", from layer {words.short(row.layer)}"
    if scan.type == "ENHANCED":
        sentence += f"; fixed in {row.fixed_in}" if row.fixed_in else "; no fix yet"
    return sentence
