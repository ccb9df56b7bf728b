from __future__ import annotations

import gzip
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest

from parca_scrape.cli import probing
from parca_scrape.version import VERSION
from tests.cli.command import run
from tests.cli.dumps import make_dump
from tests.cli.probes import Seen, make_job, probe
from tests.cli.servers import (
    GOOD,
    HANGING_SECONDS,
    PROFILE,
    FullServer,
    Handle,
    Server,
    answer,
    answer_and_hang,
    answer_once,
    find_closed_port,
    hang,
    make_answer,
)
from tests.functional.pprof import make_profile

Serve = Callable[..., Server]
SLOW_NAME = "slow.example"
GO_PROGRAM = Path(__file__).with_name("pprof_program.go")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers, and end them after the test."""
    servers: List[Server] = []

    def start(handle: Handle, *options: Any, **named: Any) -> Server:
        servers.append(Server(handle, *options, **named))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dict[str, List[str]]]:
    """Replace the resolver: names have the addresses in this mapping; one is never answered."""
    known: Dict[str, List[str]] = {}
    ended = threading.Event()
    resolve = socket.getaddrinfo

    def look_up(host: bytes, port: int, type: int) -> List[Any]:  # noqa: A002
        name = host.decode()
        if name == SLOW_NAME:
            ended.wait(HANGING_SECONDS)
        if name not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = [resolve(address, port, type=type) for address in known[name]]
        return [one for several in found for one in several]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield known
    ended.set()


def test_a_target_that_gives_its_profiles_is_healthy(serve: Serve, tmp_path: Path) -> None:
    server = serve(answer(GOOD))
    assert probe(tmp_path, make_job(server.address)) == [Seen(server.address)]


def test_each_enabled_profile_is_asked_for_on_one_connection_as_parca_does(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(answer(GOOD))
    profiling_config = {
        "path_prefix": "/app",
        "pprof_config": {"mutex": {"enabled": False}, "fg": {"enabled": True, "path": "/fg"}},
    }
    job = make_job(server.address, profiling_config=profiling_config)
    assert probe(tmp_path, job) == [Seen(server.address)]
    paths = ["debug/pprof/allocs", "debug/pprof/block", "debug/pprof/goroutine", "fg"]
    assert server.connections == 1
    assert [request.decode() for request in server.requests] == [
        f"GET /app/{path} HTTP/1.1\r\nHost: {server.address}\r\n"
        f"User-Agent: conprof/parca-scrape-{VERSION}\r\nAccept-Encoding: gzip\r\n\r\n"
        for path in [*paths, "debug/pprof/profile?seconds=1"]
    ]


def test_a_target_may_end_the_connection_after_each_answer(serve: Serve, tmp_path: Path) -> None:
    polite = serve(answer_once(make_answer(PROFILE, "200 OK", "Connection: close")))
    rude = serve(answer_once(GOOD))
    job = make_job(polite.address, rude.address, profiling_config={})
    assert probe(tmp_path, job) == [Seen(polite.address), Seen(rude.address)]
    assert (polite.connections, rude.connections) == (5, 5)


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(make_answer(gzip.decompress(PROFILE)), id="plain"),
        pytest.param(
            make_answer(gzip.compress(PROFILE), "200 OK", "Content-Encoding: gzip"), id="encoded"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"".join(b"1\r\n%c\r\n" % byte for byte in PROFILE)
            + b"0\r\n\r\n",
            id="chunked",
        ),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n" + PROFILE, id="HTTP/1.0"),
        pytest.param(
            make_answer(
                b"Could not enable CPU profiling: cpu profiling already in use\n",
                "500 Internal Server Error",
            ),
            id="recorded by Parca at this moment",
        ),
    ],
)
def test_a_profile_may_come_in_any_form(serve: Serve, tmp_path: Path, response: bytes) -> None:
    server = serve(answer_once(response))
    assert probe(tmp_path, make_job(server.address)) == [Seen(server.address)]


@pytest.mark.parametrize(
    ("response", "step", "reason"),
    [
        (make_answer(b"", "404 Not Found"), "http", "HTTP status 404 Not Found"),
        (make_answer(b"", "500 \x1b[31m"), "http", "HTTP status 500 Internal Server Error"),
        (make_answer(b"", "799 Odd"), "http", "HTTP status 799"),
        (
            make_answer(b"", "302 Found", "Location: /\x1b[2Jlogin?token=x"),
            "http",
            "HTTP status 302 Found: a redirect to '/\\x1b[2Jlogin'",
        ),
        (make_answer(b"", "308 Gone"), "http", "HTTP status 308 Permanent Redirect"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "http", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200, "http", "the answer is not HTTP"),
        (b"", "http", "the target closed the connection without an answer"),
        (make_answer(b""), "profile", "the profile is empty"),
        (make_answer(b"<html>"), "profile", "not a pprof profile"),
        (make_answer(PROFILE[:-9]), "profile", "the gzip around the profile is cut off"),
        (GOOD[:-9], "profile", "the answer is cut off"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123",
            "profile",
            "the answer is cut off",
        ),
    ],
    # The profile holds the time, which would be a part of the name.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_answer_is_a_failing_step(
    serve: Serve, tmp_path: Path, response: bytes, step: str, reason: str
) -> None:
    server = serve(answer_once(response))
    expected = Seen(server.address, step, reason, "memory")
    assert probe(tmp_path, make_job(server.address)) == [expected]


def test_the_first_profile_that_fails_is_named(serve: Serve, tmp_path: Path) -> None:
    def handle(server: Server, connection: socket.socket) -> None:
        while b"goroutine" not in server.read_request(connection):
            connection.sendall(GOOD)
        connection.sendall(make_answer(b"", "404 Not Found"))

    server = serve(handle)
    expected = Seen(server.address, "http", "HTTP status 404 Not Found", "goroutine")
    assert probe(tmp_path, make_job(server.address, profiling_config={})) == [expected]


def test_an_endless_answer_is_cut_at_a_size(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "MAX_BODY_SIZE", 1024 * 1024)

    def handle(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        # Fields of a profile without an end.
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"\x12\x00" * 10_000)

    server = serve(handle)
    expected = Seen(server.address, "profile", "the answer is larger than 1 MiB", "memory")
    assert probe(tmp_path, make_job(server.address)) == [expected]


def test_of_a_long_profile_the_beginning_is_unpacked_and_the_rest_is_read(
    serve: Serve, tmp_path: Path
) -> None:
    # Fields of a profile that unpack to 64 MiB, and after them something else.
    bomb = gzip.compress(b"\x12\x00" * 1024 * 1024 * 32)
    server = serve(answer(make_answer(bomb + bytes(1_000_000))))
    job = make_job(server.address, profiling_config={})
    start = time.monotonic()
    assert probe(tmp_path, job) == [Seen(server.address)]
    assert time.monotonic() - start < 2
    assert server.connections == 1


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_long_profile_that_is_cut_off_is_noticed(
    serve: Serve, tmp_path: Path, encoding: str
) -> None:
    body = make_profile("samples", 50_000, 1)
    body = gzip.compress(body) if encoding else body
    response = make_answer(body, "200 OK", *[f"Content-Encoding: {encoding}"] * bool(encoding))
    server = serve(answer_once(response[:-9]))
    expected = Seen(server.address, "profile", "the answer is cut off", "memory")
    assert probe(tmp_path, make_job(server.address)) == [expected]


def test_a_closed_port_refuses_the_connection(tmp_path: Path) -> None:
    address = f"127.0.0.1:{find_closed_port()}"
    expected = Seen(address, "connect", "connection refused")
    assert probe(tmp_path, make_job(address)) == [expected]


def test_a_target_may_have_an_ipv6_address(serve: Serve, tmp_path: Path) -> None:
    server = serve(answer(GOOD), "::1")
    assert probe(tmp_path, make_job(server.address)) == [Seen(server.address)]
    assert f"Host: {server.address}\r\n".encode() in server.requests[0]


def test_every_address_of_a_name_is_tried(
    serve: Serve, tmp_path: Path, names: Dict[str, List[str]]
) -> None:
    server = serve(answer(GOOD))
    names["shop.example"] = ["::1", "127.0.0.2", "127.0.0.1"]
    address = f"shop.example:{server.port}"
    assert probe(tmp_path, make_job(address)) == [Seen(address)]


def test_an_unknown_name_is_a_failing_step(tmp_path: Path, names: Dict[str, List[str]]) -> None:
    expected = Seen("shop.example:80", "resolve", "no such host: 'shop.example'")
    assert names == {}
    assert probe(tmp_path, make_job("shop.example:80")) == [expected]


def test_a_name_in_another_script_is_resolved_as_go_does(
    serve: Serve, tmp_path: Path, names: Dict[str, List[str]]
) -> None:
    server = serve(answer(GOOD))
    names["xn--bcher-kva.example"] = ["127.0.0.1"]
    address = f"bücher.example:{server.port}"
    assert probe(tmp_path, make_job(address)) == [Seen(address)]
    assert f"Host: xn--bcher-kva.example:{server.port}\r\n".encode() in server.requests[0]


def test_a_name_that_cannot_be_encoded_is_a_failing_step(tmp_path: Path) -> None:
    host = "ü" * 100
    shown = "\\xfc" * 100
    expected = Seen(f"{host}:80", "resolve", f"'{shown}' is not a valid host name")
    assert probe(tmp_path, make_job(f"{host}:80")) == [expected]


def test_a_resolver_that_hangs_does_not_hold_the_command(
    tmp_path: Path, names: Dict[str, List[str]]
) -> None:
    expected = Seen(f"{SLOW_NAME}:80", "resolve", "timed out after 0.5s while resolving the name")
    start = time.monotonic()
    assert names == {}
    assert probe(tmp_path, make_job(f"{SLOW_NAME}:80"), timeout=0.5) == [expected]
    assert time.monotonic() - start < 2.5


@pytest.mark.parametrize(
    ("handle", "scheme", "step", "activity"),
    [
        (hang, "https", "tls", "completing the TLS handshake"),
        (hang, "http", "http", "waiting for the answer"),
        (answer_and_hang(b"HTTP/1.1 200"), "http", "http", "waiting for the answer"),
        (answer_and_hang(GOOD[:-9]), "http", "profile", "reading the profile"),
        (
            answer_and_hang(make_answer(b"more", "500 Oops")[:-2]),
            "http",
            "http",
            "HTTP status 500 Internal Server Error",
        ),
    ],
)
def test_a_target_that_hangs_is_left_at_the_time_out(
    serve: Serve, tmp_path: Path, handle: Handle, scheme: str, step: str, activity: str
) -> None:
    server = serve(handle)
    reason = activity if "HTTP" in activity else f"timed out after 0.5s while {activity}"
    expected = Seen(server.address, step, reason, "memory" if step != "tls" else None)
    start = time.monotonic()
    assert probe(tmp_path, make_job(server.address, scheme=scheme), timeout=0.5) == [expected]
    assert time.monotonic() - start < 2.5


def test_a_target_that_takes_no_connection_is_left_at_the_time_out(tmp_path: Path) -> None:
    server = FullServer()
    expected = Seen(server.address, "connect", "timed out after 0.5s while connecting")
    try:
        assert probe(tmp_path, make_job(server.address), timeout=0.5) == [expected]
    finally:
        server.close()


def test_a_target_that_answers_byte_by_byte_is_left_at_the_time_out(
    serve: Serve, tmp_path: Path
) -> None:
    def handle(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        for byte in GOOD:
            connection.sendall(bytes([byte]))
            server.ended.wait(0.1)

    server = serve(handle)
    reason = "timed out after 0.5s while waiting for the answer"
    expected = Seen(server.address, "http", reason, "memory")
    start = time.monotonic()
    assert probe(tmp_path, make_job(server.address), timeout=0.5) == [expected]
    assert time.monotonic() - start < 2.5


def test_all_steps_of_a_target_share_the_time_out(serve: Serve, tmp_path: Path) -> None:
    def handle(server: Server, connection: socket.socket) -> None:
        while server.read_request(connection):
            server.ended.wait(0.4)
            connection.sendall(GOOD)

    server = serve(handle)
    job = make_job(server.address, profiling_config={})
    reason = "timed out after 1s while waiting for the answer"
    expected = Seen(server.address, "http", reason, "goroutine")
    assert probe(tmp_path, job, timeout=1) == [expected]


def test_an_error_that_nobody_foresaw_is_that_of_its_target_only(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answer(GOOD))
    resolve = socket.getaddrinfo

    def look_up(host: bytes, port: int, type: int) -> Any:  # noqa: A002
        if host == b"bad.example":
            raise MemoryError
        return resolve(host, port, type=type)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert probe(tmp_path, make_job("bad.example:80", server.address)) == [
        Seen("bad.example:80", "resolve", "cannot be probed: MemoryError()"),
        Seen(server.address),
    ]


def test_a_system_may_allow_a_few_threads_only(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = [serve(answer(GOOD)) for _ in range(5)]
    start = threading.Thread.start
    started: List[threading.Thread] = []

    def start_two(self: threading.Thread) -> None:
        # Those of the servers and of the resolver may start.
        if "visit" in repr(getattr(self, "_target", None)):
            if len(started) == 2:
                raise RuntimeError("can't start new thread")
            started.append(self)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", start_two)
    addresses = [server.address for server in servers]
    assert probe(tmp_path, make_job(*addresses)) == [Seen(address) for address in addresses]


def test_a_system_without_threads_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    file = tmp_path / "dump"
    file.write_text(make_dump(make_job("127.0.0.1:80")), encoding="utf-8")
    line = "parca-scrape: error: cannot start a thread\n"
    assert run("probe", file) == (2, "", line)


@pytest.mark.once
def test_two_hundred_targets_of_which_half_hang_end_with_the_time_out(
    serve: Serve, tmp_path: Path, names: Dict[str, List[str]]
) -> None:
    full = FullServer()
    good, silent, stuck = serve(answer(GOOD)), serve(hang), serve(answer_and_hang(GOOD[:-9]))
    hosts = [f"target-{number}.example" for number in range(20)]
    names.update({host: ["127.0.0.1"] for host in hosts})

    def make_jobs(port: int, name: str, **settings: object) -> Dict[str, object]:
        targets = [f"{host}:{port}" for host in hosts]
        return make_job(*targets, job_name=name, **settings)

    jobs = [
        make_jobs(full.port, "connect"),
        make_jobs(silent.port, "tls", scheme="https"),
        make_jobs(silent.port, "http"),
        make_jobs(stuck.port, "body"),
        make_job(*[f"{SLOW_NAME}:{port}" for port in range(1, 21)], job_name="resolve"),
        *[make_jobs(good.port, f"good{number}") for number in range(5)],
    ]
    start = time.monotonic()
    seen = probe(tmp_path, *jobs, timeout=3)
    seconds = time.monotonic() - start
    full.close()
    steps = [one.step for one in seen]
    expected = ["connect", "tls", "http", "profile", "resolve", *[None] * 5]
    assert steps == [step for step in expected for _ in range(20)]
    assert seconds < 3 + 2


@pytest.mark.once
@pytest.mark.skipif(shutil.which("go") is None, reason="needs go, to build a program of Go's")
def test_a_program_of_go_is_healthy(tmp_path: Path) -> None:
    program = tmp_path / "program"
    subprocess.run(["go", "build", "-o", str(program), str(GO_PROGRAM)], check=True)
    with subprocess.Popen(
        [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        job = make_job(address, profiling_config={})
        # Go records one CPU profile at a time, so the other job meets one under way.
        seen = probe(tmp_path, {**job, "job_name": "a"}, {**job, "job_name": "b"})
        process.communicate()
    assert seen == [Seen(address), Seen(address)]
