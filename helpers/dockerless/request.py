"""One request to the Docker Engine API: its parameters, its body, and the answer that streams."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from dockerless import views
from dockerless.blobs import CHUNK
from dockerless.engine import Engine
from dockerless.errors import invalid
from dockerless.progress import Event

LEFT_OVER = 16 << 20  # bytes of a body that nobody wanted
HEADERS = [  # of every answer; "Builder-Version: 1" is the classic builder, and keeps clients from trying BuildKit
    ("Api-Version", views.API),
    ("Builder-Version", "1"),
    ("Docker-Experimental", "false"),
    ("Ostype", "linux"),
    ("Server", f"dockerless/{views.VERSION}"),
]
Start = Callable[..., Callable[[bytes], object]]


class Body:
    """A request's body, also where it comes in chunks without a length."""

    def __init__(self, environ: dict[str, Any]) -> None:
        length = environ.get("CONTENT_LENGTH")
        self._input: BinaryIO = environ["wsgi.input"]
        self._left = int(length) if length else (None if environ.get("wsgi.input_terminated") else 0)

    def read(self, size: int = CHUNK) -> bytes:
        wanted = size if self._left is None else min(size, self._left)
        try:
            data = self._input.read(wanted) if wanted else b""
        except (OSError, ValueError) as error:  # chunks that make no sense, or a client that is gone
            self._left = 0
            raise invalid(f"the request's body can't be read: {error}") from error
        if self._left is not None:
            self._left -= len(data)
        return data

    def drain(self) -> None:
        """What nobody read would otherwise be taken for the next request. Of an endless body only a beginning is read: the server hangs up."""
        for _ in range(LEFT_OVER // CHUNK):
            if not self.read(CHUNK):
                return


class Stream:
    """The answer that grows: the first event, or the first bytes, start it."""

    def __init__(self, start: Start, content_type: str = "application/json") -> None:
        self._start = start
        self._type = content_type
        self._write: Callable[[bytes], object] | None = None
        self.broken = False

    @property
    def started(self) -> bool:
        return self._write is not None

    def __call__(self, event: Event) -> None:
        self.write(json.dumps(event, separators=(",", ":")).encode() + b"\r\n")

    def write(self, data: bytes) -> int:
        try:
            if self._write is None:
                self._write = self._start("200 OK", [("Content-Type", self._type), *HEADERS])
            self._write(data)
        except OSError:  # the client is gone, and with it who wanted this done
            self.broken = True
            raise
        return len(data)


@dataclass(frozen=True)
class Request:
    """``name`` and ``kind`` are what the path names; ``query`` has every parameter's values."""

    engine: Engine
    query: dict[str, list[str]]
    environ: dict[str, Any]
    body: Body
    start: Start
    stream: Stream
    name: str = ""
    kind: str = "image"

    def one(self, parameter: str, default: str = "") -> str:
        return self.query.get(parameter, [default])[0]

    def flag(self, parameter: str) -> bool:
        return self.one(parameter).lower() not in ("", "0", "false", "no", "none")

    def json_parameter(self, parameter: str) -> Any:
        return read_object(self.one(parameter) or "{}", parameter)

    def texts(self, parameter: str) -> dict[str, str]:
        """A JSON object of strings; what is null in it is left out."""
        given = {name: value for name, value in self.json_parameter(parameter).items() if value is not None}
        if not all(isinstance(value, str) for value in given.values()):
            raise invalid(f"{parameter} is not an object of strings")
        return given

    def header(self, name: str) -> Any:
        """A header that is a JSON object in base64, as credentials travel; {} where there is none."""
        text = self.environ.get("HTTP_" + name.upper().replace("-", "_"), "")
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            text = data.decode() or "{}"
        except ValueError:
            raise invalid(f"{name} is not JSON in base64") from None
        return read_object(text, name)

    def filters(self) -> views.Filters:
        """Filters as clients write them: ``{"label": ["a"]}``, or the older ``{"label": {"a": true}}``."""
        given = self.json_parameter("filters")
        if not all(isinstance(values, (dict, list)) and all(isinstance(value, str) for value in values) for values in given.values()):
            raise invalid("filters is not an object of lists of strings")
        return {name: list(values) for name, values in given.items()}


def read_object(text: str, where: str) -> dict[str, Any]:
    """A JSON object. Raises EngineError (400) for anything else."""
    try:
        found = json.loads(text)
        text.encode()
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise invalid(f"{where} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise invalid(f"{where} is not a JSON object")
    return found
