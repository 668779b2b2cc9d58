"""A relay between a client and the lab that fails in the middle of a transfer, once, at a byte that the test names."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from types import TracebackType
from typing import Literal

PIECE = 1 << 16
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: a close that is a reset


class Relay:
    """Listens on a port of 127.0.0.1 and passes everything on to the lab's, until `after` bytes went `up` (to the lab) or `down`.

    Then it fails once: "cut" resets that connection, "swallow" passes nothing on any more, as a cable that came out. `failed` is set, and
    other connections, before and after, are passed on whole. `asked` holds the beginning of all that clients sent.
    """

    def __init__(self, port: int, way: Literal["up", "down"], after: int, then: Literal["cut", "swallow"]) -> None:
        self.target, self.way, self.left, self.then = port, way, after, then
        self.failed = threading.Event()
        self.asked = b""
        self._lock = threading.Lock()
        self._door = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port: int = self._door.getsockname()[1]

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for each in (self._door, *self._open):
            _shut(each)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            lab = socket.create_connection(("127.0.0.1", self.target))
            self._open += [client, lab]
            for way, source, target in (("up", client, lab), ("down", lab, client)):
                threading.Thread(target=self._pump, args=(way, source, target), daemon=True).start()

    def _pump(self, way: str, source: socket.socket, target: socket.socket) -> None:
        passes = True
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                if way == "up" and len(self.asked) < 1 << 20:
                    self.asked += data
                if passes and self._fails(way, len(data)):
                    passes = False
                    if self.then == "cut":
                        for each in (source, target):
                            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                        break
                if passes:
                    target.sendall(data)
        for each in (source, target):
            _shut(each)

    def _fails(self, way: str, length: int) -> bool:
        with self._lock:
            if way != self.way or self.failed.is_set():
                return False
            self.left -= length
            if self.left > 0:
                return False
            self.failed.set()
            return True


def _shut(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
