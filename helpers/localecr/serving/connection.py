"""A connection: a socket that never blocks its owner for longer than its client deserves."""

from __future__ import annotations

import re
import select
import socket
import time
from typing import TYPE_CHECKING

from cheroot.server import HTTPConnection

from localecr.serving.head import LARGEST_HEAD, Head

if TYPE_CHECKING:
    from localecr.serving.listener import Listener

PIECE = 1 << 16
HEAD_END = re.compile(rb"\n\r?\n")
PACE = 1024  # bytes a second that a client must take or send, on average over its patience
PATIENCE = 60  # seconds of waiting for a client until its pace is looked at
PATIENCE_IN_A_CROWD = 5  # the same while requests wait for a thread, and for what nobody wants to read
TICK = 1  # seconds between two looks at whether there is a crowd


class TooSlow(TimeoutError):
    """A client that neither sends nor takes what it said it would; its text is the one that cheroot looks for."""

    def __init__(self) -> None:
        super().__init__("timed out")


class Connection(HTTPConnection):
    """One client. It belongs either to the reception, which only fills ``rfile``, or to a thread."""

    RequestHandlerClass = Head

    def __init__(self, server: Listener, sock: socket.socket, address: tuple):
        # not cheroot's own: its two caches a connection keep each alive until the garbage collector comes
        self.server = server
        self.socket = sock
        self.remote_addr, self.remote_port = address[:2]
        self.ssl_env: dict[str, str] = {}
        self.requests_seen = 0
        self.waiter = Waiter(sock, server)
        self.rfile = Reader(self.waiter)
        self.wfile = Writer(self.waiter)
        self.deadline = 0.0  # when the reception gives it up (time.monotonic)
        self.is_leaving = False  # has its answer, and is only read away until it hangs up itself
        self.may_have_more = True  # bytes of its client may be unread: closing now could cost it the answer

    def communicate(self) -> bool:
        """Answers one request; says whether the connection can take another."""
        self.may_have_more = True
        self.waiter.begin()
        return super().communicate()

    def hears_soon(self, seconds: float) -> bool:
        """Whether the head of another request comes within so many seconds, all in all."""
        until = time.monotonic() + seconds
        try:
            while (left := until - time.monotonic()) > 0 and _is_ready(self.socket, False, left):
                if not self.rfile.receive():
                    return False
                if self.rfile.has_head:
                    return True
        except OSError:
            pass
        return False

    def leave(self) -> bool:
        """Ends our side of the conversation; says whether it is worth to wait for the client to end its own."""
        if not self.may_have_more:
            return False
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        self.is_leaving = True
        self.rfile.forget()
        return True

    def close(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is gone already
        self.socket.close()


class Waiter:
    """Waits for a socket, and for no longer than its client's pace allows."""

    def __init__(self, sock: socket.socket, server: Listener):
        self.socket = sock
        self._server = server
        self.is_hurried = False
        self.begin()

    def begin(self) -> None:
        self._moved, self._waited = 0, 0.0

    def moved(self, count: int) -> None:
        self._moved += count

    def wait(self, to_write: bool = False) -> None:
        """Returns when the socket can be read (or written). Raises TooSlow."""
        while True:
            began = time.monotonic()
            ready = _is_ready(self.socket, to_write, TICK)
            self._waited += time.monotonic() - began
            if self._waited > self._patience:
                if self._moved < PACE * self._waited:
                    raise TooSlow
                self.begin()
            if ready:
                return

    @property
    def _patience(self) -> float:
        return PATIENCE_IN_A_CROWD if self.is_hurried or self._server.is_crowded else PATIENCE


def _is_ready(sock: socket.socket, to_write: bool, seconds: float) -> bool:
    if hasattr(select, "poll"):  # not on Windows, whose select takes any socket
        poll = select.poll()
        poll.register(sock, select.POLLOUT if to_write else select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    readable, writable, broken = select.select([] if to_write else [sock], [sock] if to_write else [], [sock], seconds)
    return bool(readable or writable or broken)


class Reader:
    """What a client sends: first, without any waiting, the head of a request, then its body."""

    def __init__(self, waiter: Waiter):
        self._waiter = waiter
        self._buffer = bytearray()
        self._seen = 0  # bytes of the buffer that hold no end of a head
        self.closed = False
        self.bytes_read = 0

    @property
    def is_hurried(self) -> bool:
        return self._waiter.is_hurried

    @is_hurried.setter
    def is_hurried(self, value: bool) -> None:
        self._waiter.is_hurried = value
        self._waiter.begin()

    def receive(self) -> bool:
        """Takes what is there, without waiting; False at the end. Raises BlockingIOError, OSError."""
        data = self._waiter.socket.recv(PIECE)
        self._buffer += data
        return bool(data)

    def forget(self) -> None:
        self._buffer.clear()

    @property
    def has_begun(self) -> bool:
        return bool(self._buffer)

    @property
    def has_head(self) -> bool:
        """Whether a head is here, or so much or such nonsense that there is no use in waiting for the rest of it."""
        buffer = self._buffer
        if buffer.startswith((b"\r", b"\n")):  # empty lines before a request (RFC 9112, message parsing)
            del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]
            self._seen = 0
        if not buffer:
            return False
        if not 65 <= buffer[0] <= 90 or len(buffer) > LARGEST_HEAD:  # no method begins so: a client that speaks TLS, for one
            return True
        found = HEAD_END.search(buffer, max(0, self._seen - 2))
        if found is None:
            self._seen = len(buffer)
        return found is not None

    @property
    def head_is_too_large(self) -> bool:
        return self._buffer.find(b"\r\n\r\n", 0, LARGEST_HEAD) < 0 and len(self._buffer) > LARGEST_HEAD

    def first_line(self) -> bytes:
        """The line of the request, which stays."""
        return bytes(self._buffer[: self._buffer.find(b"\n") + 1])

    def readline(self, size: int = -1) -> bytes:
        """A line of the head, out of what is here: it never waits."""
        end = self._buffer.find(b"\n") + 1 or len(self._buffer)
        return self._take(end if size is None or size < 0 else min(end, size))

    def line(self, most: int) -> bytes:
        """A line of the body, or its first ``most`` bytes."""
        while (end := self._buffer.find(b"\n") + 1) == 0 and len(self._buffer) < most:
            piece = memoryview(bytearray(PIECE))
            if not (arrived := self._receive_into(piece)):
                break
            self._buffer += piece[:arrived]
        return self._take(min(end or most, most))

    def readinto(self, block: memoryview) -> int:
        """Puts what is there, or comes next, at the beginning of a block, and says how many bytes; none at the end."""
        if self._buffer:
            taken = self._take(len(block))
            block[: len(taken)] = taken
            return len(taken)
        return self._receive_into(block)

    def close(self) -> None:
        self.closed = True

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._seen = 0
        return taken

    def _receive_into(self, block: memoryview) -> int:
        while True:
            try:
                arrived = self._waiter.socket.recv_into(block)
                break
            except BlockingIOError:
                self._waiter.wait()
        self._waiter.moved(arrived)
        self.bytes_read += arrived
        return arrived


class Writer:
    """What a client is sent."""

    def __init__(self, waiter: Waiter):
        self._waiter = waiter
        self._held = b""
        self.closed = False
        self.bytes_written = 0

    def hold(self, head: bytes) -> None:
        """Keeps an answer's head back until its body begins: both then go out as one."""
        self._held += head

    def write(self, data: bytes) -> int:
        if self._held:
            held, self._held = self._held, b""
            if len(data) > PIECE:  # not worth a copy
                self.write(held)
            else:
                data = held + data
        view = memoryview(data)
        while view:
            try:
                sent = self._waiter.socket.send(view)
            except BlockingIOError:
                self._waiter.wait(to_write=True)
                continue
            self._waiter.moved(sent)
            view = view[sent:]
        self.bytes_written += len(data)
        return len(data)

    def flush(self) -> None:
        if self._held:
            self.write(b"")

    def close(self) -> None:
        self.closed = True
