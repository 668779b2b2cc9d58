"""A request's body, read a piece at a time: of known length, or in chunks (RFC 9112, message body length)."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localecr.serving.connection import Reader

CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(;[^\x00-\x08\x0a-\x1f\x7f]*)?")
LONGEST_LINE = 4096  # bytes of a chunk's first line, with its extensions, and of a trailer
MOST_TRAILERS = 100
LEFT_OVER = 1 << 20  # bytes of a body nobody wanted that are read so that the connection can go on
PIECE = 1 << 16


class BrokenBody(OSError):
    """A body that can't be read to its end, which is the client's doing; ``status`` is the HTTP status that says so."""

    def __init__(self, message: str, status: int = 400):
        super().__init__(message)
        self.status = status


class Body(ABC):
    """What an application gets as ``wsgi.input``. Raises BrokenBody where the client stalls, breaks off or talks nonsense."""

    def __init__(self, reader: Reader):
        self._reader = reader
        self._broken = False
        self.finished = False

    @abstractmethod
    def _some(self, block: memoryview) -> int:
        """Puts the next bytes at the beginning of a block, and says how many; none at the end."""

    def readinto(self, block: memoryview) -> int:
        """Fills a block as far as the body goes. What is hashed and written from it is never copied on the way."""
        filled = 0
        while filled < len(block) and (arrived := self._guarded(block[filled:])):
            filled += arrived
        return filled

    def read(self, size: int | None = None) -> bytes:
        """``size`` bytes, or fewer where the body ends; all that is left without a size."""
        whole, left = bytearray(), size
        piece = memoryview(bytearray(PIECE if size is None else min(size, PIECE)))
        while (left is None or left > 0) and (arrived := self._guarded(piece if left is None else piece[:left])):
            whole += piece[:arrived]
            left = None if left is None else left - arrived
        return bytes(whole)

    def settle(self) -> bool:
        """Reads away the little that nobody wanted; says whether the connection's next request begins here."""
        self._reader.is_hurried = True
        try:
            left, piece = LEFT_OVER, memoryview(bytearray(PIECE))
            while left > 0 and not self._broken and self._may_settle and (arrived := self._guarded(piece)):
                left -= arrived
        except BrokenBody:
            pass
        finally:
            self._reader.is_hurried = False
        return self.finished

    @property
    def _may_settle(self) -> bool:
        return not self.finished

    def _guarded(self, block: memoryview) -> int:
        if self._broken or self.finished:
            return 0
        try:
            return self._some(block)
        except BrokenBody:
            self._broken = True
            raise
        except TimeoutError as error:
            self._broken = True
            raise BrokenBody("The request's body came too slowly, or stopped coming.", 408) from error
        except OSError as error:
            self._broken = True
            raise BrokenBody("The connection broke off within the request's body.") from error


class Counted(Body):
    """A body of a known number of bytes."""

    def __init__(self, reader: Reader, length: int):
        super().__init__(reader)
        self._left = length
        self.finished = length == 0

    @property
    def _may_settle(self) -> bool:
        return 0 < self._left <= LEFT_OVER

    def _some(self, block: memoryview) -> int:
        arrived = self._reader.readinto(block[: self._left])
        self._left -= arrived
        self.finished = self._left == 0
        self._broken = not arrived and not self.finished  # an end before the end: the application counts, and says so
        return arrived


class Chunked(Body):
    """A body in chunks. A chunk may be as long as it likes, and is never in memory as a whole."""

    def __init__(self, reader: Reader):
        super().__init__(reader)
        self._left = 0  # of the chunk at hand

    def _some(self, block: memoryview) -> int:
        if self._left == 0:
            self._left = self._next_size()
            if self._left == 0:
                self._read_trailers()
                self.finished = True
                return 0
        arrived = self._reader.readinto(block[: self._left])
        if not arrived:
            raise BrokenBody("The connection broke off within a chunk.")
        self._left -= arrived
        if self._left == 0 and self._line() != b"":
            raise BrokenBody("A chunk is longer than it said.")
        return arrived

    def _next_size(self) -> int:
        line = self._line()
        found = CHUNK_SIZE.fullmatch(line)
        if not found:
            raise BrokenBody("A chunk begins with its size in hexadecimal digits.")
        return int(found[1], 16)

    def _read_trailers(self) -> None:
        for _ in range(MOST_TRAILERS):
            if self._line() == b"":
                return
        raise BrokenBody(f"More than {MOST_TRAILERS} trailers follow the body.")

    def _line(self) -> bytes:
        line = self._reader.line(LONGEST_LINE)
        if not line.endswith(b"\r\n"):
            raise BrokenBody("A line of the chunked body is too long, or doesn't end in CR LF.")
        return line[:-2]
