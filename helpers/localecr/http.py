"""A request and a response, as every room of the house sees them; WSGI stays at the door."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import parse_qsl

MOST_PARAMETERS = 100


class Request:
    """One HTTP request. ``address`` is the host and port that the client used, which links in answers follow."""

    def __init__(self, environ: dict[str, Any], is_public: bool):
        self.environ = environ
        self.is_public = is_public
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
        self.query_string: str = environ.get("QUERY_STRING", "")
        self.stream: BinaryIO = environ["wsgi.input"]
        self.remote_address: str = environ.get("REMOTE_ADDR", "")

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's parameters; of one given twice the first counts, and of more than MOST_PARAMETERS the rest doesn't."""
        text = "&".join(self.query_string.split("&", MOST_PARAMETERS)[:MOST_PARAMETERS])
        return dict(reversed(parse_qsl(text, keep_blank_values=True)))

    def header(self, name: str, default: str = "") -> str:
        return self.environ.get(_key(name), default)

    @property
    def host(self) -> str:
        return self.header("Host")

    @property
    def base_url(self) -> str:
        return f"{self.environ.get('wsgi.url_scheme', 'http')}://{self.host}"

    @property
    def is_chunked(self) -> bool:
        return bool(self.environ.get("wsgi.input_terminated"))

    @property
    def length(self) -> int | None:
        """Bytes of the body as announced; None where it comes in chunks."""
        if self.is_chunked:
            return None
        text = self.header("Content-Length")
        return int(text) if text.isascii() and text.isdigit() else 0

    def body(self, most: int) -> bytes | None:
        """The whole body; None where it is longer than ``most`` bytes or breaks off."""
        length = self.length
        if length is not None and length > most:
            return None
        parts, received = [], 0
        while received <= most and (length is None or received < length):
            part = self.stream.read(min(1 << 16, most + 1 - received if length is None else length - received))
            if not part:
                break
            parts.append(part)
            received += len(part)
        return None if received > most or (length is not None and received < length) else b"".join(parts)


@lru_cache(maxsize=256)
def _key(header: str) -> str:
    """A header's name in WSGI's environment."""
    key = header.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


@dataclass
class Response:
    """``body`` is bytes, or an iterable of bytes with its length in the headers."""

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, document: Any, status: int = 200, content_type: str = "application/json; charset=utf-8", **headers: str) -> Response:
        body = (json.dumps(document, separators=(",", ":")) + "\n").encode()
        return cls(status, body, {"Content-Type": content_type} | headers)

    def send(self, request: Request, start_response) -> Iterable[bytes]:
        """Answers through WSGI; a HEAD request gets the headers alone."""
        headers = dict(self.headers)
        if isinstance(self.body, bytes) and self.status != 204:  # which has no body to measure (RFC 9110)
            headers.setdefault("Content-Length", str(len(self.body)))
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", list(headers.items()))
        if request.method == "HEAD":
            if hasattr(self.body, "close"):
                self.body.close()
            return [b""]
        return [self.body] if isinstance(self.body, bytes) else self.body


class FileSlice:
    """Bytes ``start`` to ``end`` (exclusive) of an open file, read a piece at a time."""

    PIECE = 1 << 18

    def __init__(self, file: BinaryIO, start: int, end: int):
        self._file, self._start, self._end = file, start, end

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        left = self._end - self._start
        while left and (piece := self._file.read(min(self.PIECE, left))):
            yield piece
            left -= len(piece)

    def close(self) -> None:
        self._file.close()
