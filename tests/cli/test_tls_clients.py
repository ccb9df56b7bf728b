from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional

import pytest

from parca_scrape.cli.steps import StepError
from parca_scrape.cli.tls_clients import AlternativeNames, check_name
from tests.cli.certificates import Authority, Certificate
from tests.cli.probes import Seen, make_job, probe
from tests.cli.servers import GOOD, Handle, Server, answer, answer_once
from tests.pem import CERTIFICATE, PRIVATE_KEY

CA = Authority()
OTHER_CA = Authority()
OWN = CA.issue("127.0.0.1", "localhost")
ELSEWHERE = CA.issue("shop.example", "10.0.0.7")
EXPIRED = CA.issue("127.0.0.1", has_expired=True)
TRUST: Dict[str, object] = {"ca": CA.pem}
UNKNOWN = "certificate signed by unknown authority"

Serve = Callable[..., Server]


def client_settings(certificate: Certificate) -> Dict[str, object]:
    """Return the settings of a job whose Parca presents a certificate."""
    return {**TRUST, "cert": certificate.own_pem, "key": certificate.key}


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers, which speak TLS if they have a context, and end them after the test."""
    servers: List[Server] = []

    def start(context: Optional[ssl.SSLContext] = None, handle: Optional[Handle] = None) -> Server:
        servers.append(Server(handle or answer(GOOD), context=context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def see(tmp_path: Path, address: str, **settings: object) -> List[Seen]:
    """Return what a probe says of a target of a job with TLS settings."""
    return probe(tmp_path, make_job(address, scheme="https", tls_config=settings))


def failing(address: str, reason: str) -> List[Seen]:
    return [Seen(address, "tls", reason)]


def test_a_target_whose_certificate_the_ca_of_the_job_signed_is_healthy(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(OWN.make_context())
    assert see(tmp_path, server.address, **TRUST) == [Seen(server.address)]
    named = f"localhost:{server.port}"
    assert see(tmp_path, named, **TRUST) == [Seen(named)]


def test_a_target_may_end_the_connection_after_each_answer(serve: Serve, tmp_path: Path) -> None:
    server = serve(OWN.make_context(), answer_once(GOOD))
    job = make_job(server.address, scheme="https", tls_config=TRUST, profiling_config={})
    assert probe(tmp_path, job) == [Seen(server.address)]
    assert server.connections == 5


def test_the_scheme_of_a_target_may_be_in_a_label(serve: Serve, tmp_path: Path) -> None:
    server = serve(OWN.make_context())
    static_config = {"targets": [server.address], "labels": {"__scheme__": "https"}}
    job = make_job(static_configs=[static_config], tls_config=TRUST)
    assert probe(tmp_path, job) == [Seen(server.address)]


@pytest.mark.parametrize("ca", ["", OTHER_CA.pem], ids=["that of the system", "another"])
def test_a_certificate_that_another_authority_signed_is_refused(
    serve: Serve, tmp_path: Path, ca: str
) -> None:
    server = serve(OWN.make_context())
    assert see(tmp_path, server.address, ca=ca) == failing(server.address, UNKNOWN)


def test_a_certificate_for_other_names_is_refused(serve: Serve, tmp_path: Path) -> None:
    server = serve(ELSEWHERE.make_context())
    assert see(tmp_path, server.address, **TRUST) == failing(
        server.address,
        'certificate is not valid for "127.0.0.1": only for "shop.example", "10.0.0.7"',
    )


def test_the_name_to_expect_may_be_that_of_the_job(serve: Serve, tmp_path: Path) -> None:
    server = serve(ELSEWHERE.make_context())
    settings = {**TRUST, "server_name": "shop.example"}
    assert see(tmp_path, server.address, **settings) == [Seen(server.address)]
    unsendable = {**TRUST, "server_name": ".ü\x1b"}
    [seen] = see(tmp_path, server.address, **unsendable)
    assert str(seen.reason).startswith('certificate is not valid for ".\\u00fc\\u001b": ')


def test_a_certificate_that_has_expired_is_refused(serve: Serve, tmp_path: Path) -> None:
    server = serve(EXPIRED.make_context())
    expected = failing(server.address, "certificate has expired")
    assert see(tmp_path, server.address, **TRUST) == expected


def test_a_job_may_accept_any_certificate(serve: Serve, tmp_path: Path) -> None:
    server = serve(EXPIRED.make_context())
    settings = {"insecure_skip_verify": True}
    assert see(tmp_path, server.address, **settings) == [Seen(server.address)]


def test_a_certificate_may_be_trusted_itself_as_go_allows(serve: Serve, tmp_path: Path) -> None:
    server = serve(OWN.make_context())
    ca = OWN.own_pem
    assert see(tmp_path, server.address, ca=ca) == [Seen(server.address)]


def test_what_cannot_be_read_beside_a_ca_is_skipped(serve: Serve, tmp_path: Path) -> None:
    server = serve(OWN.make_context())
    ca = CERTIFICATE + CA.pem
    assert see(tmp_path, server.address, ca=ca) == [Seen(server.address)]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_target_that_requires_a_client_certificate_fails_without_one(
    serve: Serve, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    server = serve(OWN.make_context(CA, version))
    [seen] = see(tmp_path, server.address, **TRUST)
    required = "the target requires a client certificate (cert and key)"
    refused = "the target refused the TLS handshake; it may require a client certificate"
    reason = required if version is ssl.TLSVersion.TLSv1_3 else refused
    assert seen == Seen(server.address, "tls", reason)


def test_a_client_certificate_is_presented(serve: Serve, tmp_path: Path) -> None:
    server = serve(OWN.make_context(CA))
    settings = client_settings(CA.issue("parca.example"))
    assert see(tmp_path, server.address, **settings) == [Seen(server.address)]


def test_a_client_certificate_that_the_target_does_not_trust_fails(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(OWN.make_context(CA))
    settings = client_settings(OTHER_CA.issue("parca.example"))
    assert see(tmp_path, server.address, **settings) == failing(
        server.address, "the target refused the client certificate: unknown ca"
    )


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"ca": CERTIFICATE}, "ca holds no certificate that can be read"),
        (
            {**client_settings(OWN), "key": ELSEWHERE.key},
            "cert and key do not match",
        ),
        ({**client_settings(OWN), "key": PRIVATE_KEY}, "cert and key cannot be read"),
        ({**TRUST, "cert": CERTIFICATE, "key": PRIVATE_KEY}, "cert and key cannot be read"),
    ],
)
def test_settings_that_go_cannot_use_fail(
    serve: Serve, tmp_path: Path, settings: Dict[str, object], reason: str
) -> None:
    server = serve(OWN.make_context())
    assert see(tmp_path, server.address, **settings) == failing(
        server.address, f"{reason}, so Parca ignores the TLS settings of this job"
    )


def test_a_private_key_is_left_in_no_file(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    modes: List[int] = []
    load = ssl.SSLContext.load_cert_chain

    def watch(self: ssl.SSLContext, cert: str, key: str, password: str) -> None:
        modes.extend(Path(file).stat().st_mode & 0o777 for file in (cert, key))
        load(self, cert, key, password)

    server = serve(OWN.make_context(CA))
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watch)
    settings = client_settings(CA.issue("parca.example"))
    assert see(tmp_path, server.address, **settings) == [Seen(server.address)]
    assert (modes, list(folder.iterdir())) == ([0o600, 0o600], [])


@pytest.mark.parametrize("settings", [{"min_version": "TLS13"}, {}])
def test_a_target_of_another_version_of_tls_fails(
    serve: Serve, tmp_path: Path, settings: Dict[str, object]
) -> None:
    server = serve(OWN.make_context(version=ssl.TLSVersion.TLSv1_2))
    expected = [Seen(server.address)]
    if settings:
        expected = failing(
            server.address, "the target speaks none of the TLS versions that the job allows"
        )
    assert see(tmp_path, server.address, **TRUST, **settings) == expected


def test_the_highest_version_is_that_of_the_job(serve: Serve, tmp_path: Path) -> None:
    server = serve(OWN.make_context())
    settings = {**TRUST, "min_version": "TLS10", "max_version": "TLS12"}
    assert see(tmp_path, server.address, **settings) == [Seen(server.address)]


def test_a_target_that_does_not_speak_tls_fails(serve: Serve, tmp_path: Path) -> None:
    def handle(_server: Server, connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

    server = serve(handle=handle)
    expected = failing(server.address, "the target does not speak TLS")
    assert see(tmp_path, server.address) == expected


def test_a_target_that_breaks_off_the_handshake_fails(serve: Serve, tmp_path: Path) -> None:
    def handle(_server: Server, connection: socket.socket) -> None:
        connection.recv(1024)

    server = serve(handle=handle)
    reason = "the target closed the connection during the TLS handshake"
    assert see(tmp_path, server.address) == failing(server.address, reason)


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ((("DNS", "shop.example"),), "SHOP.example"),
        ((("DNS", "Shop.Example"),), "shop.example."),
        ((("DNS", "*.example"),), "shop.example"),
        ((("URI", "x"), ("DNS", "a"), ("DNS", "shop")), "shop"),
        ((("IP Address", "127.0.0.1"),), "127.0.0.1"),
        ((("IP Address", "0:0:0:0:0:0:0:1\n"),), "::1"),
        ((("IP Address", "0:0:0:0:0:0:0:1"),), "[::1]"),
    ],
)
def test_a_certificate_is_good_for_its_names(names: AlternativeNames, name: str) -> None:
    check_name(names, name)


@pytest.mark.parametrize(
    ("names", "name", "reason"),
    [
        ((), "shop", '"shop": it has no subjectAltName'),
        ((("DNS", "*.example"),), "a.b.example", '"a.b.example": only for "*.example"'),
        ((("DNS", "*.example"),), "example", '"example": only for "*.example"'),
        ((("DNS", "s*.example"),), "shop.example", '"shop.example": only for "s*.example"'),
        ((("DNS", "127.0.0.1"),), "127.0.0.1", '"127.0.0.1": only for "127.0.0.1"'),
        ((("IP Address", "::1"),), "shop", '"shop": only for "::1"'),
        (
            (("DNS", "\x1b"), ("DNS", "b"), ("DNS", "c"), ("DNS", "d")),
            "a",
            '"a": only for "\\u001b", "b", "c", …',
        ),
    ],
)
def test_a_certificate_is_good_for_nothing_else(
    names: AlternativeNames, name: str, reason: str
) -> None:
    with pytest.raises(StepError) as raised:
        check_name(names, name)
    assert (raised.value.step, raised.value.reason) == (
        "tls",
        f"certificate is not valid for {reason}",
    )


def test_settings_that_are_not_used_are_not_checked(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    static_config = {"targets": [server.address], "labels": {"__scheme__": "http"}}
    settings = {"scheme": "https", "tls_config": {"ca": CERTIFICATE}}
    job = make_job(static_configs=[static_config], **settings)
    assert probe(tmp_path, job) == [Seen(server.address)]
