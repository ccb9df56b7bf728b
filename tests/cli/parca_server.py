"""A server on this machine that answers as Parca does, or as a test wants it."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Dict, Generator, List, NamedTuple, Optional, Tuple, Union

from tests.strategies import Json, Object

LOCALHOST = "127.0.0.1"
TARGETS_PATH = "/api/targets?state=STATE_ACTIVE"
METRICS_PATH = "/metrics"
PROFILES = ("block", "goroutine", "memory", "mutex", "process_cpu")
GOOD, BAD, UNKNOWN = "HEALTH_GOOD", "HEALTH_BAD", "HEALTH_UNKNOWN_UNSPECIFIED"


class Reply(NamedTuple):
    """An answer of the server."""

    body: Union[str, bytes]
    status: int = 200
    headers: Tuple[Tuple[str, str], ...] = ()


class FakeParca:
    """The server: what it answers, and what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.replies: Dict[str, Reply] = {}
        """By path; any other is answered with 404."""
        self.requests: List[Tuple[str, Optional[str]]] = []
        """Path and authorization of each request."""
        self.say()

    def say(
        self, targets: Optional[Object] = None, *, successful: object = 1, reloaded: object = 1e9
    ) -> None:
        """Answer with targets, by job, and with the metrics of the configuration."""
        self.replies[TARGETS_PATH] = Reply(json.dumps({"targets": targets or {}}))
        self.replies[METRICS_PATH] = Reply(make_metrics(successful, reloaded))


def make_metrics(successful: object, reloaded: object) -> str:
    """Return metrics as Parca has them."""
    return (
        "# HELP parca_config_last_reload_success_timestamp_seconds Timestamp of the last one.\n"
        f"parca_config_last_reload_success_timestamp_seconds {reloaded}\n"
        "# TYPE parca_config_last_reload_successful gauge\n"
        f"parca_config_last_reload_successful {successful}\n"
        "parca_target_samples_total 0\n"
    )


def make_targets(
    origin: str,
    labels: Dict[str, str],
    *,
    health: str = GOOD,
    last_error: str = "",
    profiles: Tuple[str, ...] = PROFILES,
) -> Json:
    """Return what Parca's API says of a target."""
    targets: List[Json] = [
        {
            "discoveredLabels": make_label_set({"__name__": profile, "__scheme__": "http"}),
            "labels": make_label_set(labels),
            "lastError": last_error,
            "lastScrape": "2026-11-26T22:51:02.912348154Z",
            "lastScrapeDuration": "0.000519942s",
            "url": f"{origin}/debug/pprof/{profile}",
            "health": health,
        }
        for profile in profiles
    ]
    return {"targets": targets}


def make_label_set(labels: Dict[str, str]) -> Json:
    """Return labels in the API's form."""
    return {"labels": [{"name": name, "value": value} for name, value in labels.items()]}


@contextlib.contextmanager
def serve(
    *, host: str = LOCALHOST, port: int = 0, certificate: Optional[Path] = None
) -> Generator[FakeParca, None, None]:
    """Run the server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.requests.append((self.path, self.headers["Authorization"]))
            body, status, headers = fake.replies.get(self.path, Reply("", 404))
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body if isinstance(body, bytes) else body.encode("utf-8"))

        def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing about clients that do not trust the certificate."""

    server = Server((host, port), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if certificate is None else "https"
    name = f"[{host}]" if ":" in host else host
    fake = FakeParca(f"{scheme}://{name}:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def serve_bytes(answer: Callable[[socket.socket], object]) -> Generator[str, None, None]:
    """Run a server that answers each connection with bytes of its own, and return its URL."""

    def run() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=reply, args=(connection,), daemon=True).start()

    def reply(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(4096)
            answer(connection)

    with socket.create_server((LOCALHOST, 0)) as listener:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"http://{LOCALHOST}:{listener.getsockname()[1]}"
        # A close alone does not wake the thread.
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
