"""An index with its platforms, and the images they point to."""

from ecrlab.show import html, words
from ecrlab.show.manifests import Manifest, Missing, manifest, platform
from ecrlab.show.picture import Picture

_ROW = 58
_WIDTH = 640


def index(ecr, repository: str, tag: str) -> Picture:
    """Draw what `tag` (or a digest) names: an index and, for each platform, the image it points to.

    Where it names a plain image, the picture says so: one platform, no index.
    """
    try:
        named = manifest(ecr, repository, tag)
        children = [_child(ecr, repository, entry) for entry in named.document.get("manifests", [])]
    except Missing as missing:
        return missing.picture()
    name = f"{repository}@{words.short(tag)}" if tag.startswith("sha256:") else f"{repository}:{tag}"
    if named.kind == "image":
        sentence = f"{name} is a single image ({words.short(named.digest)}), not an index."
        return Picture(html.card(html.paragraph(sentence)), sentence)
    heads = ["Platform", "Image", "Size"]
    caption = f"{name} is an index ({words.short(named.digest)}) with {len(children)} platforms"
    plain = [[row["platform"], row["digest"], row["size"]] for row in children]
    coded = [[row["platform"], html.code(row["digest"]), row["size"]] for row in children]
    return Picture(
        html.card(_drawing(name, named, children), html.table(heads, coded, caption, {2})),
        words.columns(heads, plain, caption, {2}),
    )


def _child(ecr, repository: str, entry: dict) -> dict[str, str]:
    if words.kind(entry.get("mediaType")) == "index":
        return {"platform": "another index", "digest": words.short(entry["digest"]), "size": words.size(None)}
    layers = manifest(ecr, repository, entry["digest"]).document.get("layers", [])
    total = sum(layer["size"] for layer in layers)
    return {"platform": platform(entry.get("platform")), "digest": words.short(entry["digest"]), "size": words.size(total)}


def _drawing(name: str, named: Manifest, children: list[dict[str, str]]) -> html.Html:
    """The index on the left, its images on the right, an arrow to each."""
    height = max(1, len(children)) * _ROW + 10
    middle = height / 2
    pieces = [_box(10, middle - 24, 230, name, f"index {words.short(named.digest)}", html.PURPLE)]
    for place, child in enumerate(children):
        y = 10 + place * _ROW
        pieces += [
            html.element("line", x1=240, y1=middle, x2=372, y2=y + 24, stroke=html.INK, stroke_width=1.5),
            html.element("polygon", points=f"380,{y + 24} 370,{y + 19} 370,{y + 29}", fill=html.INK),
            _box(380, y, 250, child["platform"], f"image {child['digest']}, {child['size']}", html.ORANGE),
        ]
    told = "; ".join(f"{child['platform']} points to image {child['digest']}, {child['size']}" for child in children)
    return html.svg(_WIDTH, height, f"{name} names the index {words.short(named.digest)}. {told}.", *pieces)


def _box(x: float, y: float, width: int, title: str, subtitle: str, colour: str) -> html.Html:
    title = title if len(title) <= 28 else title[:27] + "…"
    return html.join(
        html.element("rect", x=x, y=y, width=width, height=48, rx=4, fill=html.PAPER, stroke=html.INK),
        html.element("rect", x=x, y=y, width=8, height=48, fill=colour, stroke=html.INK),
        html.label(x + 18, y + 20, title, font_weight=600),
        html.label(x + 18, y + 38, subtitle, 12),
    )
