"""Bytes that come one after the other and are read once: a layer's tar, a file in it, a jar in that."""

from __future__ import annotations

from collections.abc import Iterator

CHUNK = 1 << 18  # bytes that are read, or unpacked, at once


class Unreadable(Exception):
    """Bytes that aren't what they should be; its text is the end of a sentence about them: ``ends too early``."""


class Stream:
    """Bytes from an iterator of pieces, none of them empty. It holds one piece at a time."""

    def __init__(self, pieces: Iterator[bytes]):
        self._pieces = pieces
        self._piece = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes; fewer at the end."""
        end = self._at + size
        if end <= len(self._piece):
            taken = self._piece[self._at : end]
            self._at = end
            return taken
        taken = [self._piece[self._at :]]
        missing = size - len(taken[0])
        self._piece, self._at = b"", 0
        while missing > 0 and (piece := next(self._pieces, b"")):
            taken.append(piece[:missing])
            if len(piece) > missing:
                self._piece, self._at = piece, missing
            missing -= len(taken[-1])
        return b"".join(taken)

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes, which stay where they are; fewer at the end."""
        taken = self.take(size)
        self.give_back(taken)
        return taken

    def give_back(self, taken: bytes) -> None:
        """Puts bytes that were taken last back before all that is left."""
        if len(taken) <= self._at:
            self._at -= len(taken)
        else:
            self._piece, self._at = taken + self._piece[self._at :], 0

    def skip(self, size: int) -> None:
        """Passes over ``size`` bytes. Raises Unreadable where there are fewer."""
        self._at += size
        while self._at > len(self._piece):
            beyond = self._at - len(self._piece)
            self._piece, self._at = next(self._pieces, b""), beyond
            if not self._piece:
                raise Unreadable("ends too early")

    def pieces(self) -> Iterator[bytes]:
        """All that is left, piece by piece."""
        if rest := self._piece[self._at :]:
            self._piece, self._at = b"", 0
            yield rest
        yield from self._pieces

    def all(self, most: int) -> bytes:
        """All that is left. Raises Unreadable for more than ``most`` bytes."""
        content = self.take(most + 1)
        if len(content) > most:
            raise Unreadable(f"has more than {most:,} bytes")
        return content


class Part(Stream):
    """The next ``size`` bytes of a stream, ``left`` of which haven't been read out of it yet. Raises Unreadable where there are fewer."""

    def __init__(self, whole: Stream, size: int):
        self.left = size
        super().__init__(self._read(whole))

    def _read(self, whole: Stream) -> Iterator[bytes]:
        while self.left:
            piece = whole.take(min(CHUNK, self.left))
            if not piece:
                raise Unreadable("ends too early")
            self.left -= len(piece)
            yield piece
