"""The steps of a visit to a target, and the deadline for all of them."""

from __future__ import annotations

import time

RESOLVE, CONNECT, TLS, HTTP, PROFILE = "resolve", "connect", "tls", "http", "profile"
# Python's sockets and locks refuse a time-out of more than a few centuries.
MAX_TIMEOUT = 366 * 86_400.0


class StepError(Exception):
    """A step that failed; the reason is one line of printable text."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(reason)
        self.step = step
        self.reason = reason


class Deadline:
    """The moment until which all steps of a target must be done."""

    def __init__(self, timeout: float) -> None:
        self._end = time.monotonic() + min(timeout, MAX_TIMEOUT)

    def remaining(self) -> float:
        """Return the seconds that are left, always more than 0.

        Raises:
            TimeoutError: no time is left.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def is_over(self) -> bool:
        """Return whether no time is left."""
        return time.monotonic() >= self._end
