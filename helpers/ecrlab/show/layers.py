"""An image's layers: how large each is, and which instruction made it."""

from ecrlab.show import html, words
from ecrlab.show.manifests import Manifest, Missing, configuration, manifest, platform
from ecrlab.show.picture import Picture


def layers(ecr, repository: str, tag: str) -> Picture:
    """Draw the layers of the image that `tag` (or a digest) names, the lowest first.

    Sizes are compressed, as the registry stores and counts them. Where the tag names an index, the layers
    of its first platform are drawn and the picture says so.
    """
    try:
        named = manifest(ecr, repository, tag)
        described, note = image(ecr, repository, named)
    except Missing as missing:
        return missing.picture()
    stack = described.document["layers"]
    sizes = [layer["size"] for layer in stack]
    made = instructions(configuration(ecr, repository, described), len(stack))
    total = f"{words.many(len(stack), 'layer')}, {words.size(sum(sizes))} together."
    caption = f"Layers of {repository}{'@' + words.short(tag) if tag.startswith('sha256:') else ':' + tag}"
    heads = ["Layer", "Size", "Share", "Made by"]
    largest = max(sizes, default=0)
    rows = [
        [html.code(words.short(layer["digest"])), words.size(layer["size"]), _bar(layer["size"], largest), html.code(line) if line else ""]
        for layer, line in zip(stack, made)
    ]
    plain = [
        [words.short(layer["digest"]), words.size(layer["size"]), _plain_bar(layer["size"], largest), line]
        for layer, line in zip(stack, made)
    ]
    sentence = f"{total} {note}".strip()
    return Picture(
        html.card(html.table(heads, rows, caption, {1}), html.paragraph(sentence)),
        words.columns(heads, plain, caption, {1}) + f"\n{sentence}",
    )


def image(ecr, repository: str, named: Manifest) -> tuple[Manifest, str]:
    """The image itself, or an index's first one with a sentence about it."""
    if named.kind == "image":
        return named, ""
    child = named.document["manifests"][0]
    note = f"The tag names an index; these are the layers of its image for {platform(child.get('platform'))}."
    return manifest(ecr, repository, child["digest"]), note


def instructions(described: dict, count: int) -> list[str]:
    """The instruction behind each layer, from the configuration's history (OCI image spec: history)."""
    lines = [step.get("created_by", "") for step in described.get("history", []) if not step.get("empty_layer")]
    return [_tidy(line) for line in lines] if len(lines) == count else [""] * count


def _tidy(line: str) -> str:
    line = line.removeprefix("/bin/sh -c #(nop) ").removeprefix("/bin/sh -c ").removesuffix("# buildkit").strip()
    return line if len(line) <= 70 else line[:69] + "…"


def _bar(size: int, largest: int) -> html.Html:
    width = max(2, round(160 * size / largest)) if largest else 2
    style = f"width:{width}px;height:12px;background:{html.BLUE};border:1px solid {html.INK};margin-top:3px"
    return html.element("div", style=style, aria_hidden="true")


def _plain_bar(size: int, largest: int) -> str:
    return "█" * max(1, round(20 * size / largest)) if largest else ""
