from __future__ import annotations

import json
import re
import socket
import time
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parca_scrape.cli import parca_api
from parca_scrape.cli.console import CommandError
from parca_scrape.cli.parca_api import (
    Answers,
    Configuration,
    Parca,
    ParcaError,
    ScrapedProfile,
    TargetKey,
    decode_configuration,
    decode_profiles,
)
from tests.cli.parca_server import (
    BAD,
    GOOD,
    METRICS_PATH,
    TARGETS_PATH,
    FakeParca,
    Reply,
    make_metrics,
    make_targets,
    serve,
    serve_bytes,
)
from tests.functional.parca import free_port

TOKEN = "s3cret"
LABELS = {"job": "zinc", "instance": "cos"}
TARGET = TargetKey("zinc", "http://10.1.80.20:8080", (("instance", "cos"), ("job", "zinc")))
URL_LINE = (
    "--parca: must be an http or https URL without a user or a query, such as http://parca:7070"
)


@pytest.fixture
def fake() -> Iterator[FakeParca]:
    with serve() as server:
        yield server


def ask(url: str, *, ca_file: str = "", token: str = "", seconds: float = 10) -> Answers:
    return Parca(url, ca_file or None, token).ask(seconds)


def refusal(url: str, *, ca_file: str = "", token: str = "", seconds: float = 10) -> str:
    """Return why there is no answer, without the URL."""
    with pytest.raises(ParcaError) as caught:
        ask(url, ca_file=ca_file, token=token, seconds=seconds)
    start = f"{url}: "
    message = str(caught.value)
    assert message.startswith(start)
    assert message.isprintable()
    return message[len(start) :]


def test_targets_and_configuration_are_read(fake: FakeParca) -> None:
    targets = make_targets(
        TARGET.origin, LABELS, health=BAD, last_error="no", profiles=("memory", "own")
    )
    fake.say({"empty": {"targets": []}, "zinc": targets}, reloaded=1.5e9)
    assert ask(fake.url) == Answers(
        [
            ScrapedProfile(TARGET, "memory", BAD, "no"),
            ScrapedProfile(TARGET, "own", BAD, "no"),
        ],
        Configuration("loaded", 1.5e9),
    )
    assert fake.requests == [(TARGETS_PATH, None), (METRICS_PATH, None)]


@pytest.mark.parametrize("prefix", ["/", "/cos-parca-0", "/cos/parca/"])
def test_parca_may_be_behind_a_path_prefix(fake: FakeParca, prefix: str) -> None:
    path = prefix.rstrip("/")
    fake.replies = {f"{path}{place}": reply for place, reply in fake.replies.items()}
    assert ask(fake.url + prefix) == Answers([], Configuration("loaded", 1e9))


def test_parca_may_be_at_an_ipv6_address() -> None:
    with serve(host="::1") as fake:
        assert ask(fake.url) == Answers([], Configuration("loaded", 1e9))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "parca:7070",
        "ftp://parca",
        "http://",
        "http://:7070",
        "http://user:s3cret@parca:7070",
        "http://parca:0",
        "http://parca:65536",
        "http://parca:x",
        "http://[::1",
        "http://::1",
        "http://parca/?query=s3cret",
        "http://parca/#part",
        "http://parca/a b",
        "http://parca/\n",
        "http://p\u00e4rca",
        "http://parca/\u00e9",
    ],
)
def test_any_other_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(CommandError) as caught:
        Parca(url)
    assert str(caught.value) == URL_LINE
    assert not isinstance(caught.value, ParcaError)


def test_a_name_that_cannot_be_one_is_refused() -> None:
    assert refusal("http://a..b:7070") == "not a valid host name"


def test_the_token_is_sent_with_each_request(fake: FakeParca) -> None:
    ask(fake.url, token=TOKEN)
    assert fake.requests == [(path, f"Bearer {TOKEN}") for path in (TARGETS_PATH, METRICS_PATH)]


@pytest.mark.parametrize("token", ["a b", "a\r\nHost: b", "\u00e9", "\x7f"])
def test_a_token_that_is_no_header_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(CommandError) as caught:
        Parca("http://parca", None, token)
    assert str(caught.value) == "PARCA_TOKEN: must be printable ASCII without spaces"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_shown_and_not_followed(fake: FakeParca, status: int) -> None:
    with serve() as other:
        location = f"{other.url}/login?state=s3cret"
        fake.replies[TARGETS_PATH] = Reply("", status, (("Location", location),))
        line = f"HTTP status {status}: a redirect to {other.url}/login"
        assert refusal(fake.url, token=TOKEN) == line
        assert other.requests == []


def test_no_proxy_is_asked(fake: FakeParca, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", "")
        ask(fake.url, token=TOKEN)
        assert proxy.requests == []


@pytest.mark.parametrize(
    ("status", "token", "line"),
    [
        (401, "", "HTTP status 401: set PARCA_TOKEN to a bearer token"),
        (403, TOKEN, "HTTP status 403: the token in PARCA_TOKEN is not accepted"),
        (404, "", "HTTP status 404: is this the URL of Parca?"),
        (500, "", "HTTP status 500"),
        (204, "", "HTTP status 204"),
        (301, "", "HTTP status 301: a redirect to nowhere"),
    ],
)
@pytest.mark.parametrize("path", [TARGETS_PATH, METRICS_PATH])
def test_another_status_is_explained(
    fake: FakeParca, path: str, status: int, token: str, line: str
) -> None:
    fake.replies[path] = Reply("", status)
    assert refusal(fake.url, token=token) == line


def answer(**fields: object) -> str:
    """Return an answer with one target, some of whose fields are other ones."""
    [target] = json.loads(json.dumps(make_targets(TARGET.origin, LABELS, profiles=("memory",))))[
        "targets"
    ]
    return json.dumps({"targets": {"zinc": {"targets": [{**target, **fields}]}}})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("<html>", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"a":' * 100_000, "not JSON"),
        ("null", "targets must be an object"),
        ("[]", "targets must be an object"),
        ("{}", "targets must be an object"),
        ('{"targets": []}', "targets must be an object"),
        ('{"targets": {"zinc": {"targets": {"a": 1}}}}', "targets must be a list"),
        ('{"targets": {"zinc": {"targets": [5]}}}', "url must be a string"),
        (answer(url=True), "url must be a string"),
        (answer(labels=None), "labels must be an object"),
        (answer(labels={"labels": "a"}), "labels must be a list"),
        (answer(labels={"labels": [{"value": "a"}]}), "name must be a string"),
        (answer(labels={"labels": [{"name": "a", "value": True}]}), "value must be a string"),
        (answer(discoveredLabels=None), "discoveredLabels must be an object"),
        (answer(health=False), "health must be a string"),
        (answer(lastError=["a"]), "lastError must be a string"),
    ],
)
def test_answers_of_another_kind_are_refused(fake: FakeParca, text: str, reason: str) -> None:
    fake.replies[TARGETS_PATH] = Reply(text)
    assert refusal(fake.url) == f"not an answer from Parca: {reason}"


def test_a_number_of_many_digits_is_no_trouble() -> None:
    text = answer(lastScrape=9).replace("9", "9" * 5000)
    assert len(decode_profiles(text)) == 1


def test_bytes_that_are_no_text_are_refused(fake: FakeParca) -> None:
    fake.replies[TARGETS_PATH] = Reply(b"\xff")
    assert refusal(fake.url) == "not an answer from Parca: not UTF-8 text"


def test_fields_that_the_api_may_leave_out_have_a_default() -> None:
    labels = {"labels": [{"name": "a"}]}
    target = {"url": "http://a:1/", "labels": labels, "discoveredLabels": {}}
    answers: List[Tuple[Dict[str, object], List[ScrapedProfile]]] = [
        ({"zinc": {}}, []),
        ({"zinc": None}, []),
        (
            {"zinc": {"targets": [target]}},
            [ScrapedProfile(TargetKey("zinc", "http://a:1", (("a", ""),)), "", "", "")],
        ),
    ]
    for targets, profiles in answers:
        assert decode_profiles(json.dumps({"targets": targets})) == profiles


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://[::1]:80/debug/pprof/allocs", "http://[::1]:80"),
        ("https://A_b.invalid:01/debug?seconds=2", "https://A_b.invalid:01"),
        ("http://b%C3%BCcher:80/", "http://b\u00fccher:80"),
        ("http://a", "http://a"),
        ("", ""),
        ("//a/b", "//a/b"),
    ],
)
def test_the_origin_of_a_target_is_its_scheme_and_address(url: str, origin: str) -> None:
    [profile] = decode_profiles(answer(url=url))
    assert profile.target.origin == origin


@pytest.mark.parametrize(
    ("successful", "reloaded", "configuration"),
    [
        ("1", "1.7957335547049627e+09", Configuration("loaded", 1795733554.7049627)),
        ("0", "1.7957335547049627e+09", Configuration("refused", 1795733554.7049627)),
        ("0", "0", Configuration("unknown")),
    ],
)
def test_what_became_of_the_configuration_follows_from_two_metrics(
    successful: str, reloaded: str, configuration: Configuration
) -> None:
    assert decode_configuration(make_metrics(successful, reloaded)) == configuration


@pytest.mark.parametrize(("successful", "state"), [("1", "loaded"), ("0", "unknown")])
def test_a_parca_without_the_time_of_the_last_reload_is_understood(
    successful: str, state: str
) -> None:
    metrics = f"parca_config_last_reload_successful {successful}\n"
    assert decode_configuration(metrics) == Configuration(state)


@pytest.mark.parametrize("value", ["", "x", "NaN", "+Inf", "-1", "1e999", "1e12", "1.2.3", "1 2"])
def test_metrics_without_a_usable_value_are_refused(fake: FakeParca, value: str) -> None:
    fake.say(reloaded=value)
    name = "parca_config_last_reload_success_timestamp_seconds"
    line = f"not an answer from Parca: no usable metric {name} at /metrics"
    assert refusal(fake.url) == line


def test_a_large_answer_is_refused(fake: FakeParca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parca_api, "MAX_ANSWER_SIZE", 100_000)
    fake.replies[TARGETS_PATH] = Reply(" " * 100_001)
    assert refusal(fake.url) == "the answer is larger than 64 MiB"
    fake.replies[TARGETS_PATH] = Reply('{"targets": {}}'.rjust(100_000))
    assert ask(fake.url).profiles == []


def test_an_answer_of_very_many_lists_is_refused_before_it_is_decoded() -> None:
    lists = ",".join(["[]"] * 2_000_000)
    with pytest.raises(CommandError) as caught:
        decode_profiles(f'{{"targets": {{}}, "lists": [{lists}]}}')
    line = "not an answer from Parca: more than 2,000,000 lists and objects"
    assert str(caught.value) == line


def test_nobody_listening_is_a_reason() -> None:
    assert refusal(f"http://127.0.0.1:{free_port()}") == "Connection refused"


HANGING_AFTER = [
    b"",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
]


@pytest.mark.parametrize("start", HANGING_AFTER)
def test_a_server_that_hangs_is_left(start: bytes) -> None:
    def reply(connection: socket.socket) -> None:
        connection.sendall(start)
        connection.recv(1)

    with serve_bytes(reply) as url:
        assert refusal(url, seconds=0.3) == "no answer within 0 seconds"


def test_a_server_that_answers_a_byte_at_a_time_is_left() -> None:
    def reply(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nA: ")
        while True:
            connection.sendall(b"a")
            time.sleep(0.05)

    with serve_bytes(reply) as url:
        assert refusal(url, seconds=1) == "no answer within 1 seconds"


@pytest.mark.parametrize(
    ("answered", "line"),
    [
        (b"", "Remote end closed connection without response"),
        (b"SSH-2.0-OpenSSH\r\n", "not an answer in HTTP"),
        (b"\x00\xff\x1b[31m" * 1000, "not an answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200, "not an answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}", None),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b", None),
        (
            b"HTTP/1.1 302 \x1b[31m\r\nLocation: http://\x1b[31m\r\n\r\n",
            "HTTP status 302: a redirect to 'http://\\x1b[31m'",
        ),
    ],
)
def test_any_other_server_is_refused_in_one_line(answered: bytes, line: str) -> None:
    with serve_bytes(lambda connection: connection.sendall(answered)) as url:
        assert refusal(url) in ([line] if line else PREMATURE)


# Pythons differ in when they notice.
PREMATURE = (
    "not an answer in HTTP",
    "not an answer from Parca: targets must be an object",
    "not an answer from Parca: not JSON",
    "not an answer from Parca: not UTF-8 text",
)


@given(st.binary(max_size=200) | st.binary(max_size=50).map(b"HTTP/1.1 200 OK\r\n".__add__))
@pytest.mark.once
def test_any_bytes_end_in_one_line(answered: bytes) -> None:
    with serve_bytes(lambda connection: connection.sendall(answered)) as url:
        assert refusal(url)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["targets", "labels", "url", "name", "value", "a"]), inner, max_size=4
        )
    ),
)


@given(JSON, st.sampled_from(["targets", "url", "labels", "discoveredLabels", "health"]))
def test_any_json_is_decoded_or_refused_in_one_line(value: object, place: str) -> None:
    texts = [json.dumps(value), json.dumps({"targets": value}), answer(**{place: value})]
    assert all(is_decoded_or_refused(text) for text in texts)


def is_decoded_or_refused(text: str) -> bool:
    try:
        profiles = decode_profiles(text)
    except CommandError as error:
        return re.fullmatch("not an answer from Parca: [ -~]+", str(error)) is not None
    return bool(profiles) <= ("url" in text)


class Certificates:
    """A certificate for this machine, and the CA that signed it."""

    def __init__(self, folder: Path) -> None:
        # The matrix collects this file, and has no such packages.
        import trustme

        ca = trustme.CA()
        self.ca = folder / "ca.pem"
        ca.cert_pem.write_to_path(str(self.ca))
        self.server = folder / "server.pem"
        issued = ca.issue_cert("127.0.0.1")
        issued.private_key_and_cert_chain_pem.write_to_path(str(self.server))
        self.elsewhere = folder / "elsewhere.pem"
        issued = ca.issue_cert("elsewhere.example.com")
        issued.private_key_and_cert_chain_pem.write_to_path(str(self.elsewhere))
        self.other_ca = folder / "other-ca.pem"
        trustme.CA().cert_pem.write_to_path(str(self.other_ca))


@pytest.mark.once
def test_a_server_is_trusted_by_the_ca_of_a_file_and_no_other(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    with serve(certificate=certificates.server) as fake:
        answers = ask(fake.url, ca_file=str(certificates.ca), token=TOKEN)
        assert answers == Answers([], Configuration("loaded", 1e9))
        for ca_file in ("", str(certificates.other_ca)):
            line = refusal(fake.url, ca_file=ca_file, token=TOKEN)
            assert line.startswith("its certificate is not trusted: ")
        # Nothing is sent to one that is not trusted.
        assert len(fake.requests) == 2


@pytest.mark.once
def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    with serve(certificate=certificates.elsewhere) as fake:
        line = refusal(fake.url, ca_file=str(certificates.ca))
        assert line.startswith("its certificate is not trusted: IP address mismatch")


def test_a_server_without_tls_is_refused_over_https(fake: FakeParca) -> None:
    assert refusal(fake.url.replace("http", "https")).startswith("no TLS connection: ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"", "no certificates in PEM form"),
        (b"text", "no certificates in PEM form"),
        ("\u00e9".encode(), "no certificates in PEM form"),
        (b"\xff", "neither UTF-8 nor UTF-16 text"),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "no certificates in PEM form",
        ),
    ],
)
def test_a_file_without_certificates_is_refused(
    tmp_path: Path, content: Optional[bytes], reason: str
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError) as caught:
        Parca("https://parca", str(file))
    assert str(caught.value) == f"--ca {file}: {reason}"


def test_a_ca_without_https_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        Parca("http://parca", str(tmp_path))
    assert str(caught.value) == "--ca: the URL of Parca must be https"


def test_the_health_is_what_parca_calls_it() -> None:
    assert (parca_api.GOOD, parca_api.BAD) == (GOOD, BAD)
