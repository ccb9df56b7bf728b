"""Visits to targets: all that Parca does to get a profile, and the step that fails."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, RemoteDisconnected, responses
from queue import Empty, Queue, SimpleQueue
from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from parca_scrape.cli.console import CommandError
from parca_scrape.cli.dialling import (
    connect,
    describe_os_error,
    describe_redirect,
    encode_host,
    read_answer,
    resolve,
    send_request,
)
from parca_scrape.cli.pprof_format import PIECE_SIZE, FormatError, check_profile, decompress
from parca_scrape.cli.probe_targets import ProbeTarget, Request
from parca_scrape.cli.steps import CONNECT, HTTP, PROFILE, RESOLVE, TLS, Deadline, StepError

MAX_VISITS = 256
MAX_BODY_SIZE = 64 * 1024 * 1024
# From Go's net/http/pprof while another client records, as Parca always does by default.
CPU_PROFILE_IN_USE = b"cpu profiling already in use"
MAX_ERROR_SIZE = 1024
CUT_OFF = "the answer is cut off"
ACTIVITIES = {
    RESOLVE: "resolving the name",
    CONNECT: "connecting",
    TLS: "completing the TLS handshake",
    HTTP: "waiting for the answer",
    PROFILE: "reading the profile",
}


class Outcome(NamedTuple):
    """What a visit to a target showed."""

    target: ProbeTarget
    seconds: float
    step: str = ""
    """The step that failed; empty if none did."""
    reason: str = ""
    """Why it failed: one line of printable text."""
    profile: str = ""
    """The profile that was asked for, if the step is about one."""

    @property
    def is_healthy(self) -> bool:
        """Whether all profiles came back."""
        return not self.step


def visit_all(
    targets: Sequence[ProbeTarget], timeout: float, count_visit: Callable[[], object]
) -> List[Outcome]:
    """Visit targets, many at once, and return the outcomes in the order of the targets.

    Args:
        targets: what to visit.
        timeout: the seconds for all steps of a target.
        count_visit: called after each visit.

    Raises:
        CommandError: the system allows no threads.
    """
    waiting: Queue[Tuple[int, ProbeTarget]] = Queue()
    for place in enumerate(targets):
        waiting.put(place)
    done: SimpleQueue[Tuple[int, Outcome]] = SimpleQueue()

    def visit_waiting() -> None:
        while True:
            try:
                index, target = waiting.get_nowait()
            except Empty:
                return
            done.put((index, Visit(target, timeout).run()))

    threads = 0
    # The system may allow fewer.
    with contextlib.suppress(RuntimeError):
        while threads < min(MAX_VISITS, len(targets)):
            threading.Thread(target=visit_waiting, daemon=True).start()
            threads += 1
    if targets and not threads:
        raise CommandError("cannot start a thread")
    outcomes: List[Tuple[int, Outcome]] = []
    for _ in targets:
        outcomes.append(done.get())
        count_visit()
    return [outcome for _, outcome in sorted(outcomes, key=lambda pair: pair[0])]


class Visit:
    """A visit to a target: one profile at a time, on one connection if the target keeps it."""

    def __init__(self, target: ProbeTarget, timeout: float) -> None:
        self._target = target
        self._timeout = timeout
        self._start = time.monotonic()
        self._deadline = Deadline(timeout)
        self._connection: Optional[socket.socket] = None
        self._step = RESOLVE
        self._profile = ""
        self._host = target.host

    def run(self) -> Outcome:
        """Ask for each profile until one fails."""
        reason = ""
        try:
            self._host = encode_host(self._target.host)
            for request in self._target.requests:
                self._fetch(request)
        except StepError as error:
            self._step, reason = error.step, error.reason
        except Exception as error:
            reason = self._describe(error)
        finally:
            self._hang_up()
        seconds = time.monotonic() - self._start
        if not reason:
            return Outcome(self._target, seconds)
        profile = self._profile if self._step in (HTTP, PROFILE) else ""
        return Outcome(self._target, seconds, self._step, reason, profile)

    def _describe(self, error: Exception) -> str:
        """Return the reason of an error in words for people."""
        is_timeout = isinstance(error, (TimeoutError, socket.timeout)) and error.errno is None
        if is_timeout or self._deadline.is_over():
            return f"timed out after {self._timeout:g}s while {ACTIVITIES[self._step]}"
        if isinstance(error, ssl.SSLError) and self._target.client is not None:
            # A server that speaks TLS 1.3 refuses a client after the handshake.
            self._step = TLS
            return self._target.client.describe(error)
        if isinstance(error, RemoteDisconnected):
            return "the target closed the connection without an answer"
        if isinstance(error, OSError):
            return describe_os_error(error)
        if isinstance(error, HTTPException) and self._step == PROFILE:
            return CUT_OFF
        if isinstance(error, (HTTPException, ValueError)):
            return "the answer is not HTTP"
        return f"cannot be probed: {error!a}"

    def _fetch(self, request: Request) -> None:
        """Get a profile.

        Raises:
            StepError: there is none.
            OSError: the network fails.
            HTTPException: the answer is not HTTP.
        """
        response = self._ask(request)
        self._step = HTTP
        if response.status != HTTPStatus.OK:
            if CPU_PROFILE_IN_USE not in read_error(response):
                raise StepError(HTTP, describe_status(response))
            self._hang_up()
            return
        self._step = PROFILE
        body = Body(response, self._deadline)
        is_encoded = response.getheader("Content-Encoding", "").lower() == "gzip"
        try:
            check_profile(decompress(body) if is_encoded else body)
            # The rest may be cut off, and stands before the next answer on this connection.
            for _ in body:
                pass
        except FormatError as error:
            raise StepError(PROFILE, str(error)) from None
        if response.will_close:
            self._hang_up()

    def _ask(self, request: Request) -> HTTPResponse:
        """Return the answer to a request.

        Raises:
            StepError: there is no connection.
            OSError: there is no answer.
            HTTPException: the answer is not HTTP.
        """
        if self._connection is not None:
            try:
                return self._ask_on(self._connection, request)
            except (ConnectionError, ssl.SSLError):
                # The target may have ended a connection that lay idle; Go dials once more, too.
                self._hang_up()
        self._connection = self._dial()
        return self._ask_on(self._connection, request)

    def _ask_on(self, connection: socket.socket, request: Request) -> HTTPResponse:
        self._step, self._profile = HTTP, request.profile
        host = self._target.address.replace(self._target.host, self._host, 1)
        # A target that refuses us may have said why before it closed the connection.
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            send_request(connection, request.uri, host, self._deadline)
        return read_answer(connection, self._deadline)

    def _dial(self) -> socket.socket:
        """Return a connection to the target.

        Raises:
            StepError: there is none.
            OSError: there is none.
        """
        self._step = RESOLVE
        addresses = resolve(self._host, self._target.port, self._deadline)
        self._step = CONNECT
        connection = connect(addresses, self._deadline)
        if self._target.client is None:
            return connection
        self._step = TLS
        # The handshake may fail, and then the connection has to be ended, too.
        self._connection = connection
        connection.settimeout(self._deadline.remaining())
        return self._target.client.shake_hands(connection, self._host)

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class Body:
    """The pieces of a body, up to a size.

    Unlike a generator, it goes on after somebody has read a part of it.
    """

    def __init__(self, response: HTTPResponse, deadline: Deadline) -> None:
        self._response = response
        self._deadline = deadline
        self._size = 0

    def __iter__(self) -> Iterator[bytes]:
        """Return this object."""
        return self

    def __next__(self) -> bytes:
        """Return the next piece.

        Raises:
            StopIteration: the body is at its end.
            FormatError: it is cut off, or too large.
            OSError: nothing comes any more.
            HTTPException: it is cut off.
        """
        self._deadline.remaining()
        piece = self._response.read(PIECE_SIZE)
        if not piece:
            if self._response.length:
                raise FormatError(CUT_OFF)
            raise StopIteration
        self._size += len(piece)
        if self._size > MAX_BODY_SIZE:
            raise FormatError(f"the answer is larger than {MAX_BODY_SIZE >> 20} MiB")
        return piece


def read_error(response: HTTPResponse) -> bytes:
    """Return the beginning of what a target says about an error of its own."""
    with contextlib.suppress(OSError, HTTPException):
        if response.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return response.read(MAX_ERROR_SIZE)
    return b""


def describe_status(response: HTTPResponse) -> str:
    """Return what a status other than 200 means."""
    # The words of the target itself are not shown: they can be anything.
    status = f"HTTP status {response.status} {responses.get(response.status, '')}".strip()
    if response.getheader("Location") and 300 <= response.status < 400:
        return f"{status}: {describe_redirect(response)}"
    return status
