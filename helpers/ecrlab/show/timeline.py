"""What a tag named, look after look."""

from ecrlab.show import html, words
from ecrlab.show.picture import Picture

_COLOURS = (html.BLUE, html.ORANGE, html.GREEN, html.PURPLE, html.VERMILLION, html.SKY)
_SHAPES = "●■▲◆★✚"
_STEP, _LANE, _LEFT = 130, 46, 190


class Timeline:
    """A tag watched over time: `look("Monday")` notes what it names now, and the timeline draws all looks.

    Each image has a shape and a colour of its own, so a tag that moved is a marker in another lane.
    """

    def __init__(self, ecr, repository: str, tag: str) -> None:
        self._ecr = ecr
        self.repository = repository
        self.tag = tag
        self.looks: list[tuple[str, str | None]] = []

    def look(self, when: str) -> str | None:
        """Ask the registry what the tag names now, remember it as `when`, and return its digest (None: nothing).

        AWS: BatchGetImage by tag.
        """
        digest = None
        try:
            answer = self._ecr.batch_get_image(
                repositoryName=self.repository,
                imageIds=[{"imageTag": self.tag}],
                acceptedMediaTypes=words.MEDIA_TYPES,
            )
            digest = answer["images"][0]["imageId"]["imageDigest"] if answer["images"] else None
        except self._ecr.exceptions.RepositoryNotFoundException:
            pass
        self.looks.append((when, digest))
        return digest

    @property
    def digests(self) -> list[str]:
        """The images that the tag has named, in the order of their first appearance."""
        return list(dict.fromkeys(digest for _, digest in self.looks if digest))

    def picture(self) -> Picture:
        """All looks so far."""
        heads, rows = ["Look", "Image", "Change"], self._rows()
        if not rows:
            nothing = f"Nobody has looked at {self.repository}:{self.tag} yet."
            return Picture(html.card(html.paragraph(nothing)), nothing)
        coded = [[when, html.code(image), change] for when, image, change in rows]
        return Picture(
            html.card(self._drawing(), html.table(heads, coded, self._caption())),
            words.columns(heads, rows, self._caption()),
        )

    def _repr_html_(self) -> str:
        return self.picture().html

    def __repr__(self) -> str:
        return self.picture().text

    def _caption(self) -> str:
        return f"What {self.repository}:{self.tag} named"

    def _rows(self) -> list[list[str]]:
        """For each look: its label, the image, and what changed since the look before."""
        rows, before = [], None
        for place, (when, digest) in enumerate(self.looks):
            image = f"{_shape(self.digests, digest)} {words.short(digest)}" if digest else "nothing"
            rows.append([when, image, "first look" if place == 0 else _change(before, digest)])
            before = digest
        return rows

    def _drawing(self) -> html.Html:
        digests = self.digests
        width, height = _LEFT + _STEP * len(self.looks) + 10, _LANE * max(1, len(digests)) + 40
        pieces = []
        for lane, digest in enumerate(digests):
            y = 34 + lane * _LANE
            pieces += [
                html.label(10, y + 5, f"{_shape(digests, digest)} {words.short(digest)}"),
                html.element("line", x1=_LEFT - 30, y1=y, x2=width - 20, y2=y, stroke=html.GREY, stroke_dasharray="2 4"),
            ]
        points = []
        for place, (when, digest) in enumerate(self.looks):
            x = _LEFT + 30 + place * _STEP
            pieces.append(html.label(x, height - 10, when, 12, text_anchor="middle"))
            if digest:
                points.append((x, 34 + digests.index(digest) * _LANE, digest))
        for (x1, y1, _), (x2, y2, _) in zip(points, points[1:]):
            pieces.append(html.element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=html.INK, stroke_width=1.5))
        for x, y, digest in points:
            colour = _COLOURS[digests.index(digest) % len(_COLOURS)]
            pieces += [
                html.element("circle", cx=x, cy=y, r=14, fill=html.PAPER, stroke=colour, stroke_width=4),
                html.label(x, y + 5, _shape(digests, digest), text_anchor="middle"),
            ]
        told = "; ".join(f"{when}: {image}, {change}" for when, image, change in self._rows())
        return html.svg(width, height, f"{self._caption()}. {told}.", *pieces)


def _change(before: str | None, now: str | None) -> str:
    if before == now:
        return "the same image" if now else "still nothing"
    if now is None:
        return "gone"
    return "moved to another image" if before else "appeared"


def _shape(digests: list[str], digest: str) -> str:
    return _SHAPES[digests.index(digest) % len(_SHAPES)]
