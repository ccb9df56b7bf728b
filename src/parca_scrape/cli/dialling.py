"""Connections to targets, and the answers that come back on them, all within a deadline.

Sources: Go `net` and `net/http`.
"""

from __future__ import annotations

import errno
import io
import os
import re
import socket
import threading
from http.client import HTTPResponse
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, List, NamedTuple, Tuple, Union, cast

from parca_scrape.cli.console import show
from parca_scrape.cli.steps import CONNECT, RESOLVE, Deadline, StepError
from parca_scrape.version import VERSION

if TYPE_CHECKING:
    from typing_extensions import Buffer

# What Parca sends (`pkg/scrape/scrape.go`), and what Go adds.
HEADERS = f"User-Agent: conprof/parca-scrape-{VERSION}\r\nAccept-Encoding: gzip\r\n"
NO_SUCH_NAME = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "the network is unreachable",
    errno.ETIMEDOUT: "no answer to the connection attempts",
    errno.ECONNRESET: "the target closed the connection",
    errno.EPIPE: "the target closed the connection",
}

MAX_LOCATION_LENGTH = 200

SocketAddress = Union[Tuple[str, int], Tuple[str, int, int, int]]


class Address(NamedTuple):
    """Where a target can be reached."""

    family: int
    address: SocketAddress


def encode_host(host: str) -> str:
    """Return a host in ASCII, as Go looks it up and as it stands in certificates."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        raise StepError(RESOLVE, f"{host!a} is not a valid host name") from None


def resolve(host: str, port: int, deadline: Deadline) -> List[Address]:
    """Return the addresses of a host in ASCII.

    Nothing stops a look-up, so another thread does it, which may take longer than the deadline.

    Raises:
        StepError: the name is not known.
        TimeoutError: the answer takes too long.
        Exception: the resolver itself failed.
    """
    answers: SimpleQueue[Union[List[Address], Exception]] = SimpleQueue()
    threading.Thread(target=look_up, args=(host, port, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.remaining())
    except Empty:
        raise TimeoutError from None
    if isinstance(answer, socket.gaierror):
        name = f"{host!a}"
        if answer.errno in NO_SUCH_NAME:
            raise StepError(RESOLVE, f"no such host: {name}")
        raise StepError(RESOLVE, f"cannot resolve {name}: {str(answer.strerror).lower()}")
    if isinstance(answer, Exception):
        raise answer
    return answer


def look_up(host: str, port: int, answers: SimpleQueue[Union[List[Address], Exception]]) -> None:
    """Put the addresses of a host into a queue, or the reason why there are none."""
    try:
        # Python encodes text once more, and refuses names that Go looks up.
        found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
        answers.put([Address(family, cast("SocketAddress", at)) for family, _, _, _, at in found])
    except Exception as error:
        answers.put(error)


def connect(addresses: List[Address], deadline: Deadline) -> socket.socket:
    """Return a connection to the first address that accepts one.

    Like Go, give each address its share of the remaining time, and raise the first error.

    Raises:
        StepError: there is no such address.
        TimeoutError: it takes too long.
    """
    first_error = StepError(CONNECT, "the host has no address")
    for index, address in enumerate(addresses):
        share = deadline.remaining() / (len(addresses) - index)
        try:
            return dial(address, share)
        except OSError as error:
            if index == 0:
                first_error = StepError(CONNECT, describe_os_error(error))
    deadline.remaining()
    raise first_error


def dial(address: Address, timeout: float) -> socket.socket:
    """Return a connection to an address.

    Raises:
        OSError: there is none within the time-out, which is in seconds.
    """
    connection = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(address.address)
    except BaseException:
        connection.close()
        raise
    return connection


def describe_os_error(error: OSError) -> str:
    """Return the reason of an error of the network in words for people."""
    number = errno.ETIMEDOUT if isinstance(error, socket.timeout) else error.errno
    return REASONS.get(number or 0) or os.strerror(number or errno.EIO).lower()


def send_request(connection: socket.socket, uri: str, host: str, deadline: Deadline) -> None:
    """Send a request to a target.

    Args:
        connection: it may be encrypted.
        uri: path and query.
        host: host and port, in ASCII.
        deadline: when the whole request must be sent.

    Raises:
        OSError: it cannot be sent.
    """
    connection.settimeout(deadline.remaining())
    connection.sendall(f"GET {uri} HTTP/1.1\r\nHost: {host}\r\n{HEADERS}\r\n".encode("ascii"))


def read_answer(connection: socket.socket, deadline: Deadline) -> HTTPResponse:
    """Return the answer to a request, whose body is still to be read.

    Raises:
        OSError: there is none.
        HTTPException: it is not HTTP.
        ValueError: the same.
    """
    # http.client asks no more of a socket.
    stream = cast("socket.socket", Incoming(connection, deadline))
    response = HTTPResponse(stream, method="GET")
    response.begin()
    return response


def describe_redirect(response: HTTPResponse) -> str:
    """Return where a response redirects to, without the query, which may hold secrets."""
    location = re.split("[?#]", response.getheader("Location") or "")[0]
    return f"a redirect to {show(location[:MAX_LOCATION_LENGTH]) or 'nowhere'}"


class Incoming(io.RawIOBase):
    """The data that arrives on a connection before the deadline, however slowly."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what a response is read from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Read what there is.

        Raises:
            OSError: nothing more arrives.
        """
        self._connection.settimeout(self._deadline.remaining())
        return self._connection.recv_into(buffer)
