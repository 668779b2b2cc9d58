"""Lines of text, and blocks of fields, from a stream: as many as there are, never all of them at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from localecr.scanner.streams import Stream, Unreadable

LONGEST_LINE = 1 << 20  # bytes that are kept of a line; real ones, lists of what a package needs, have some thousands


def lines(stream: Stream) -> Iterator[str]:
    """The lines without their ends, and of one that is too long its beginning: what comes after it is told as well."""
    rest = b""
    for piece in stream.pieces():
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield _text(line)
        rest = rest[:LONGEST_LINE]
    if rest:
        yield _text(rest)


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")


def blocks(stream: Stream, fields: Collection[str]) -> Iterator[dict[str, str]]:
    """Blocks of ``Field: value`` lines with empty lines between them, as dpkg and mail write them: those of the fields that each has.

    Only a value's first line is told, which is the next one where nothing stands behind the colon, and a field is told as it stands in
    ``fields``, however it is written: neither dpkg nor mail distinguishes ``name`` and ``Name``. Raises Unreadable for bytes that are no text.
    """
    wanted = {each.lower(): each for each in fields}
    said: dict[str, str] = {}
    is_empty = True
    last: str | None = None  # the field of the line before
    for line in lines(stream):
        if "\0" in line:
            raise Unreadable("is no text")
        if line.strip():
            is_empty = False
            if line.startswith((" ", "\t")):
                if last and not said[last]:
                    said[last] = line.strip()
                continue
            name, colon, value = line.partition(":")
            last = wanted.get(name.rstrip().lower()) if colon else None
            if last:
                said.setdefault(last, value.strip())
        elif not is_empty:
            yield said
            said, is_empty, last = {}, True, None
    if not is_empty:
        yield said
