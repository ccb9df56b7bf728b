"""A program that serves pprof profiles on a loopback address, in a process of its own."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import Any, Callable, List, Optional
from urllib.parse import urlsplit

from tests.forms import ROOT
from tests.functional.pprof import make_profile

START_SECONDS = 20
USUAL_SAMPLES = 100
STARTED, REFUSED = "started", "refused"
# Held from an answer until it is in the log, which so has each answer in a line of its own.
ANSWERING = threading.Lock()


class PprofProgram:
    """A running program, and what it has served.

    A profile's kind is the last part of its path, and its samples are as many as the part before
    says if that is a number.
    """

    def __init__(
        self,
        folder: Path,
        host: str,
        port: int,
        certificate: Optional[Path] = None,
    ) -> None:
        """Start the program and wait until it listens.

        Args:
            folder: where it keeps its log.
            host: a loopback address to listen on.
            port: the port to listen on.
            certificate: a file with its certificate and the key, to serve https.
        """
        self.port = port
        self._log = folder / f"pprof-{time.monotonic_ns()}.log"
        options = [host, str(self.port), *([str(certificate)] if certificate else [])]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.functional.pprof_program", *options],
                cwd=str(ROOT),
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while STARTED not in self._lines():
            assert self._process.poll() is None, self._lines()
            assert time.monotonic() < deadline, self._lines()
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the program between two answers."""
        self._process.terminate()
        self._process.wait()

    def served(self, path: str) -> List[int]:
        """Return the times, in nanoseconds, of the profiles that were fetched from a path."""
        start = f"{path} "
        return [int(line[len(start) :]) for line in self._lines() if line.startswith(start)]

    def refusals(self) -> int:
        """Return how many clients broke off, as they do if they do not trust the certificate."""
        return self._lines().count(REFUSED)

    def _lines(self) -> List[str]:
        return self._log.read_text(encoding="utf-8").splitlines()


MakeProgram = Callable[..., PprofProgram]


class Handler(BaseHTTPRequestHandler):
    """Answers every request with a profile of this moment."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        *_, size, kind = path.split("/")
        now = time.time_ns()
        body = make_profile(kind, int(size) if size.isdigit() else USUAL_SAMPLES, now)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with ANSWERING:
            self.wfile.write(body)
            print(path, now, flush=True)

    def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Log nothing else."""


class Server(ThreadingHTTPServer):
    """Speaks TLS if it has a certificate."""

    daemon_threads = True
    context: Optional[ssl.SSLContext] = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer the requests of one connection."""
        connection: socket = request
        if self.context is not None:
            try:
                connection = self.context.wrap_socket(connection, server_side=True)
            except OSError:
                with ANSWERING:
                    print(REFUSED, flush=True)
                return
        with contextlib.suppress(ConnectionError):
            super().finish_request(connection, client_address)


def stop(*_: object) -> None:
    """End this process once no answer is under way."""
    with ANSWERING:
        os._exit(0)


def main(argv: Optional[List[str]] = None) -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("certificate", nargs="?")
    options = parser.parse_args(argv)
    server = Server((options.host, options.port), Handler)
    if options.certificate:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(options.certificate)
    signal.signal(signal.SIGTERM, stop)
    print(STARTED, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
