"""How sizes, digests and tables are written in text."""

KINDS = {
    "application/vnd.docker.distribution.manifest.v2+json": "image",
    "application/vnd.oci.image.manifest.v1+json": "image",
    "application/vnd.docker.distribution.manifest.list.v2+json": "index",
    "application/vnd.oci.image.index.v1+json": "index",
}
MEDIA_TYPES = list(KINDS)


def size(count: int | None) -> str:
    """Bytes as Docker writes them, in powers of ten: `1.2 kB`. An unknown size is `–`."""
    if count is None:
        return "–"
    if count < 1000:
        return f"{count} B"
    number = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        number /= 1000
        if number < 999.95:
            break
    return f"{number:.1f} {unit}"


def many(count: int, thing: str) -> str:
    """`1 layer`, `2 layers`"""
    return f"{count} {thing if count == 1 else thing + 's'}"


def short(digest: str) -> str:
    """The first twelve hexadecimal digits of a digest, as Docker shortens it."""
    return digest.partition(":")[2][:12] or digest[:12]


def kind(media_type: str | None) -> str:
    """`image` or `index`, by the manifest's media type."""
    return KINDS.get(media_type or "", "image")


def columns(heads: list[str], rows: list[list[str]], caption: str, numeric: set[int] | frozenset[int] = frozenset()) -> str:
    """A table in plain text, under its caption."""
    lines = [heads, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]

    def write(line: list[str]) -> str:
        cells = [
            text.rjust(width) if column in numeric else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths))
        ]
        return "  ".join(cells).rstrip()

    rule = "  ".join("─" * width for width in widths)
    return "\n".join([caption, write(heads), rule, *(write(row) for row in rows)])
