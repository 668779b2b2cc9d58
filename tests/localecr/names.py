"""AWS's own host names, which nothing here resolves: an HTTP proxy takes clients that use them to the lab, as a line in a hosts file would."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from types import TracebackType

REFUSED = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"  # to HTTPS, after which clients try HTTP
ABSOLUTE = re.compile(rb"\A(\w+) http://([^/ ]+)")


class Proxy:
    """A proxy of HTTP on 127.0.0.1. `ports` says at which port of the lab a name is served; "" stands for every other name."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.ports = ports
        self._door = socket.create_server(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self.environment = {"http_proxy": address, "https_proxy": address}

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._door.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """One request on each connection, so that only its first line has to be read."""
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                if not (data := client.recv(1 << 16)):
                    return
                head += data
            found = ABSOLUTE.match(head)
            if not found:
                client.sendall(REFUSED)
                return
            port = self.ports.get(found[2].decode().partition(":")[0], self.ports[""])
            with socket.create_connection(("127.0.0.1", port)) as lab:
                lab.sendall(ABSOLUTE.sub(rb"\1 ", head).replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
                threading.Thread(target=_pump, args=(client, lab), daemon=True).start()
                _pump(lab, client)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
