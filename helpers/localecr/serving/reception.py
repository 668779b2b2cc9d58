"""The reception: one loop that holds every connection that needs no thread now."""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING

from localecr.serving.connection import PIECE, Connection

if TYPE_CHECKING:
    from localecr.serving.listener import Listener

HEAD_WITHIN = 20  # seconds from the first byte of a request's head to its last
IDLE = 60  # seconds between two requests
LEAVE_WITHIN = 30  # seconds that a client has to take its last answer and hang up
AT_ONCE = 64  # connections taken before the others are looked at again
SAID_EVERY = 60  # seconds between two complaints about that
NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
log = logging.getLogger("localecr")


class Reception:
    """What cheroot calls a connection manager. Connections wait in the order in which they last did something."""

    can_add_keepalive_connection = True

    def __init__(self, server: Listener, most: int):
        self._server = server
        self._most = most
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._waiting: dict[Connection, None] = {}
        self._bell, self._ear = socket.socketpair()  # wakes the loop so that it stops at once
        self._running = threading.Lock()
        self._stopping = False
        self._silent_until = 0.0
        server.socket.setblocking(False)
        self._selector.register(server.socket, selectors.EVENT_READ)
        self._selector.register(self._ear, selectors.EVENT_READ)

    def run(self, interval: float) -> None:
        """Receives until ``stop``."""
        with self._running:
            looked = time.monotonic()
            while not self._stopping:
                for key, _ in self._selector.select(interval):
                    if key.data is not None:
                        self._receive(key.data)
                    elif key.fileobj is not self._ear:
                        self._accept()
                if time.monotonic() - looked > interval:
                    looked = time.monotonic()
                    self._expire(looked)

    def stop(self) -> None:
        self._stopping = True
        self._bell.send(b"!")
        with self._running:
            pass

    def close(self) -> None:
        """Closes every connection that waits."""
        for connection in list(self._waiting):
            self._drop(connection)
        self._selector.close()
        self._bell.close()
        self._ear.close()

    def put(self, connection: Connection) -> None:
        """Takes a connection, whose next request is served as soon as its head is here."""
        if connection.rfile.has_head:
            self._server.process_conn(connection)
        else:
            self._hold(connection, HEAD_WITHIN if connection.rfile.has_begun else IDLE)

    def see_off(self, connection: Connection) -> None:
        """Lets a client go that has its last answer. Closing while it still sends would take the answer from it (RFC 9112, tear-down)."""
        if connection.leave():
            self._hold(connection, LEAVE_WITHIN)
        else:
            connection.close()

    def _hold(self, connection: Connection, seconds: float) -> None:
        connection.deadline = time.monotonic() + seconds
        with self._lock:
            if self._stopping:
                connection.close()
                return
            self._waiting[connection] = None
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def _release(self, connection: Connection) -> None:
        with self._lock:
            del self._waiting[connection]
            self._selector.unregister(connection.socket)

    def _drop(self, connection: Connection) -> None:
        self._release(connection)
        connection.close()

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                sock, address = self._server.socket.accept()
            except OSError as error:
                if error.errno in NO_ROOM and not self._make_room():
                    self._say_full(error)
                    time.sleep(0.05)
                return
            if len(self._waiting) >= self._most and not self._make_room():
                sock.close()
                continue
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._hold(Connection(self._server, sock, address), IDLE)

    def _say_full(self, error: OSError) -> None:
        now = time.monotonic()
        if now > self._silent_until:
            self._silent_until = now + SAID_EVERY
            log.warning("No connection can be taken: %s. The lab goes on when others have ended.", error.strerror)

    def _make_room(self) -> bool:
        """Closes the connection that has waited longest; says whether there was one."""
        with self._lock:
            oldest = next(iter(self._waiting), None)
        if oldest is not None:
            self._drop(oldest)
        return oldest is not None

    def _receive(self, connection: Connection) -> None:
        if connection not in self._waiting:
            return  # closed to make room, in this very round
        begun = connection.rfile.has_begun
        try:
            if connection.is_leaving:
                going_on = bool(connection.socket.recv(PIECE))
            else:
                going_on = connection.rfile.receive()
        except BlockingIOError:
            return
        except OSError:
            going_on = False
        if not going_on:
            self._drop(connection)
        elif not connection.is_leaving and connection.rfile.has_head:
            self._release(connection)
            self._server.process_conn(connection)
        elif not connection.is_leaving and not begun:
            connection.deadline = time.monotonic() + HEAD_WITHIN

    def _expire(self, now: float) -> None:
        with self._lock:
            late = [connection for connection in self._waiting if connection.deadline < now]
        for connection in late:
            if connection.rfile.has_begun:
                _say(connection, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self._drop(connection)


def _say(connection: Connection, answer: bytes) -> None:
    try:
        connection.socket.send(answer)
    except OSError:
        pass  # nobody waits for it
