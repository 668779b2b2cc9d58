"""Clients that hang on: sockets that say something, or nothing, and then keep still or dribble."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

PATIENCE = 60


class Crowd:
    """Raw connections to one address, open until the end of the `with` block."""

    def __init__(self, url: str):
        self.address = urlsplit(url)
        self.members: list[socket.socket] = []

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *exception: object) -> None:
        for each in self.members:
            each.close()

    def join(self, said: bytes = b"", *, receives: int | None = None) -> socket.socket:
        """One more, who says that. `receives` bounds, in bytes, what the system takes in for it while it doesn't read."""
        client = socket.socket()
        client.settimeout(PATIENCE)
        if receives:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        client.connect((self.address.hostname, self.address.port))
        client.sendall(said)
        self.members.append(client)
        return client


def head(method: str, path: str, *headers: str) -> bytes:
    """A request's head: `head("GET", "/v2/", "Range: bytes=0-")`."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", "")).encode()


def ask(url: str, said: bytes) -> bytes:
    """Everything that comes back, until the lab hangs up."""
    with Crowd(url) as crowd:
        return rest(crowd.join(said))


def rest(client: socket.socket) -> bytes:
    """What else comes until the lab hangs up."""
    parts = []
    while part := client.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@contextmanager
def many_files(number: int) -> Iterator[None]:
    """Lets this process have so many files open. Skips the test where the system doesn't."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < number:
        pytest.skip(f"this system allows {hard} open files, and the test needs {number}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, number), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
