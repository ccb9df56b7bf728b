"""Servers on loopback addresses for `parca-scrape probe`, well-behaved and not."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import Callable, List, Optional

from tests.functional.pprof import make_profile

PROFILE = make_profile("samples", 10, 1)
# How long a server that hangs does so, which is longer than any test waits.
HANGING_SECONDS = 60.0

Handle = Callable[["Server", socket.socket], None]


def make_answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return an answer in HTTP, with the length of its body."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("ascii") + body


GOOD = make_answer(PROFILE)


def hang(server: Server, _connection: socket.socket) -> None:
    """Do nothing until the server ends."""
    server.ended.wait(HANGING_SECONDS)


def answer(response: bytes) -> Handle:
    """Return what gives every request the same answer, and then waits for the next."""

    def handle(server: Server, connection: socket.socket) -> None:
        while server.read_request(connection):
            connection.sendall(response)

    return handle


def answer_once(response: bytes) -> Handle:
    """Return what answers one request, and ends the connection."""

    def handle(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(response)

    return handle


def answer_and_hang(response: bytes) -> Handle:
    """Return what gives the beginning of an answer only."""

    def handle(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(response)
        hang(server, connection)

    return handle


class Server:
    """Listens on a loopback address, and lets a function handle each connection."""

    def __init__(
        self,
        handle: Handle,
        host: str = "127.0.0.1",
        context: Optional[ssl.SSLContext] = None,
    ) -> None:
        self.ended = threading.Event()
        self.requests: List[bytes] = []
        """The head of each request."""
        self.connections = 0
        self._handle = handle
        self._context = context
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.bind((host, 0))
        self._listener.listen(512)
        self.port: int = self._listener.getsockname()[1]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def read_request(self, connection: socket.socket) -> bytes:
        """Return the head of the next request; empty if there is none."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = connection.recv(1)
            if not byte:
                return b""
            head += byte
        self.requests.append(head)
        return head

    def close(self) -> None:
        """End the server and what hangs in it."""
        self.ended.set()
        # This wakes up the thread that accepts connections, unlike `close`.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that breaks off is none of the server's business.
        with contextlib.suppress(OSError), connection:
            if self._context is None:
                self._handle(self, connection)
                return
            with self._context.wrap_socket(connection, server_side=True) as encrypted:
                self._handle(self, encrypted)


class FullServer:
    """Listens on a loopback address, and takes no more connections: the next one waits."""

    def __init__(self) -> None:
        self._sockets = [socket.socket()]
        listener = self._sockets[0]
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        self.port: int = listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        for _ in range(4):
            client = socket.socket()
            self._sockets.append(client)
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", self.port))

    def close(self) -> None:
        """End all of it."""
        for each in self._sockets:
            each.close()


def find_closed_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
