"""Which layer of an image brought which findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrlab import findings
from ecrlab.findings import Row
from ecrlab.show import html, severity, words
from ecrlab.show.layers import image, instructions
from ecrlab.show.manifests import Missing, configuration, manifest
from ecrlab.show.picture import Picture

if TYPE_CHECKING:
    from ecrlab.lab import Lab
    from ecrlab.scans import Scan

_BLOCK, _IN_A_ROW = 16, 8  # pixels a finding, and findings


def layer_map(lab: Lab, repository: str, tag: str, scan: Scan, base: str) -> Picture:
    """Draw the layers of an image from the bottom up, each with the step that made it, and what an ENHANCED `scan` of it found there.

    `base` names the image that it was built upon, as `lab.base` does: whose layers come first is then said of each, where that image is on this
    machine and is the one. A BASIC scan doesn't say which layer a package is in, and that is what the picture says then.
    """
    ecr = lab.reader("ecr")
    try:
        described, _ = image(ecr, repository, manifest(ecr, repository, tag))
    except Missing as missing:
        return missing.picture()
    digests = [layer["digest"] for layer in described.document["layers"]]
    config = configuration(ecr, repository, described)
    made, (of_base, doubt) = instructions(config, len(digests)), _of_base(lab, base, config["rootfs"]["diff_ids"])
    found = {digest: [row for row in findings.rows(scan) if row.layer == digest] for digest in digests}
    caption = f"Layers of {repository}:{tag}, from the bottom up, and their findings"
    heads = ["Layer", *(["From"] if of_base else []), "Made by", "Findings", "In packages"]
    rows, plain, told = [], [], []
    for number, (digest, step) in enumerate(zip(digests, made), 1):
        brought = found[digest] if digests.index(digest) == number - 1 else []  # the same layer once more brings nothing
        counts, packages = _count(brought), ", ".join(dict.fromkeys(row.package for row in brought))
        said = severity.tell(counts)
        origin = ["base image" if number <= of_base else "your Dockerfile"] if of_base else []
        rows.append([html.join(f"{number} ", html.code(words.short(digest))), *origin, html.code(step) if step else "", _blocks(counts, said), packages])
        plain.append([f"{number} {words.short(digest)}", *origin, step, said, packages])
        told.append(f"Layer {number} ({', '.join([*origin, step or 'unknown step'])}): {said}.")
    note = " ".join(filter(None, [_note(scan, found), doubt]))
    sentences = " ".join([*told, note]).strip()
    in_words = html.element("details", html.element("summary", "The map in words"), html.paragraph(sentences))
    drawn = html.card(html.table(heads, rows, caption), html.paragraph(note) if note else "", in_words)
    return Picture(drawn, "\n".join(filter(None, [words.columns(heads, plain, caption), note])))


def _of_base(lab: Lab, base: str, unpacked: list[str]) -> tuple[int, str]:
    """How many of an image's layers are those of its base, and where that can't be known 0 and a sentence.

    Layers are compared as they are unpacked (OCI image spec: rootfs.diff_ids), since an engine may pack the same layer otherwise.
    """
    import docker.errors

    try:
        below = lab.docker.images.get(base).attrs["RootFS"]["Layers"]
    except docker.errors.ImageNotFound:
        return 0, f"{base} isn't on this machine, so which layers are the base image's isn't said."
    if unpacked[: len(below)] != below:
        return 0, f"The image doesn't begin with the layers of {base}, so which ones are its base image's isn't said."
    return len(below), ""


def _count(rows: list[Row]) -> dict[str, int]:
    """Vulnerabilities by severity: one counts once in a layer, however many of its packages have it."""
    return severity.count({row.vulnerability: row.severity for row in rows}.values())


def _blocks(counts: dict[str, int], said: str) -> html.Html:
    """A block for each finding, in its severity's colour and with its shape, above the numbers in words."""
    pieces, found = [], [name for name, number in counts.items() for _ in range(number)]
    for number, name in enumerate(found):
        y, x = (_BLOCK * each + 1 for each in divmod(number, _IN_A_ROW))
        pieces.append(html.element("rect", x=x, y=y, width=_BLOCK - 2, height=_BLOCK - 2, fill=html.PAPER, stroke=severity.colour(name), stroke_width=2))
        pieces.append(html.label(x + (_BLOCK - 2) / 2, y + _BLOCK - 6, severity.word(name)[0], 10, text_anchor="middle"))
    width, rows = _BLOCK * min(len(found), _IN_A_ROW), -(-len(found) // _IN_A_ROW)
    drawing = html.element("div", html.svg(width + 1, _BLOCK * rows, said, *pieces), style=f"min-width:{width}px") if found else ""
    return html.join(drawing, said)


def _note(scan: Scan, found: dict[str, list[Row]]) -> str:
    if not scan.has_looked:
        return f"The scan ended with {scan.status}: nobody has looked into these layers."
    if scan.type == "BASIC":
        return "Basic scanning doesn't say which layer a package is in: for that it takes enhanced scanning."
    elsewhere = len({row.vulnerability for row in findings.rows(scan)} - {row.vulnerability for rows in found.values() for row in rows})
    return f"{elsewhere} more findings name a layer that this image doesn't have: is the scan another image's?" if elsewhere else ""
