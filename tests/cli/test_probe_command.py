from __future__ import annotations

import json
import socket
import tempfile
from pathlib import Path
from typing import Any, Iterator, Tuple

import pytest
from hypothesis import given

from tests.cli.command import run
from tests.cli.dumps import make_dump
from tests.cli.golden_files import GOLDEN, check_golden
from tests.cli.probes import VALIDATOR, make_job
from tests.cli.servers import GOOD, Server, answer, find_closed_port, make_answer
from tests.cli.test_any_input import contents

ONE_PROBLEM = "parca-scrape: 1 problem in the databags: see parca-scrape check\n"
NOT_POSITIVE = "argument --timeout: must be a number of seconds above 0"


def probe(tmp_path: Path, dump: str, *options: str) -> Tuple[int, str, str]:
    file = tmp_path / "dump"
    file.write_text(dump, encoding="utf-8")
    return run("probe", file, *options)


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Start the targets of a dump, and return it: its names and ports lead to the servers."""
    # Without trustme, only the tests of this fixture are skipped.
    from tests.cli.certificates import Authority

    context = Authority().issue("pay.example").make_context()
    servers = [
        Server(answer(GOOD)),
        Server(answer(make_answer(b"", "404 Not Found"))),
        Server(answer(GOOD), context=context),
    ]
    good, old, pay = servers
    ports = {
        "zinc-0.local": good.port,
        "api.example": good.port,
        "old.example": old.port,
        "pay.example": pay.port,
        "down.example": find_closed_port(),
    }
    resolve = socket.getaddrinfo

    def look_up(host: bytes, _port: int, type: int) -> Any:  # noqa: A002
        if host.decode() not in ports:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve("127.0.0.1", ports[host.decode()], type=type)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    targets = [
        "*:4080",
        "api.example:6060",
        "old.example:80",
        "down.example:80",
        "gone.example:80",
    ]
    secure = {"job_name": "pay", "scheme": "https", "tls_config": {"ca": "x"}}
    yield make_dump(make_job(*targets), make_job("pay.example:443", **secure))
    for server in servers:
        server.close()


def test_the_report_names_each_target_and_its_first_failing_step(
    tmp_path: Path, deployment: str
) -> None:
    exit_code, out, err = probe(tmp_path, deployment)
    assert (exit_code, err) == (1, ONE_PROBLEM)
    check_golden(GOLDEN / "probe" / "report.txt", out)


def test_the_report_in_json_has_the_same(tmp_path: Path, deployment: str) -> None:
    exit_code, out, err = probe(tmp_path, deployment, "--format", "json")
    document = json.loads(out)
    VALIDATOR.validate(document)
    for target in document["targets"]:
        assert 0 <= target["seconds"] < 5
        target["seconds"] = 0
    assert (exit_code, err) == (1, ONE_PROBLEM)
    check_golden(GOLDEN / "probe" / "report.json", json.dumps(document, indent=2) + "\n")


def test_healthy_targets_have_exit_code_0(tmp_path: Path) -> None:
    server = Server(answer(GOOD))
    try:
        exit_code, out, err = probe(tmp_path, make_dump(make_job(server.address)))
    finally:
        server.close()
    width = len(server.address)
    assert (exit_code, out, err) == (
        0,
        f"STATUS   JOB                {'TARGET'.ljust(width)}  STEP  REASON\n"
        f"healthy  cos_6f2c1d0e_zinc  {server.address}\n"
        "1 target: 1 healthy\n",
        "",
    )


def test_the_status_has_a_colour_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parca_scrape.cli.screen.has_colours", lambda: True)
    dump = make_dump(make_job(f"127.0.0.1:{find_closed_port()}"))
    _, out, _ = probe(tmp_path, dump)
    assert out.splitlines()[1].startswith("\x1b[31mfailing\x1b[0m  ")


def test_what_cannot_be_printed_is_escaped(tmp_path: Path) -> None:
    job = make_job("b\u200bd.example:80", job_name="a\u202eb")
    _, out, _ = probe(tmp_path, make_dump(job))
    assert "'cos_6f2c1d0e_zinc_a\\u202eb'" in out
    assert out.replace("\n", "").isprintable()


@pytest.mark.parametrize("jobs", [[], [{"static_configs": []}]])
def test_without_targets_there_is_nothing_to_probe(tmp_path: Path, jobs: Any) -> None:
    line = "parca-scrape: error: no targets to probe: run parca-scrape check to see why\n"
    assert probe(tmp_path, make_dump(*jobs)) == (2, "", line)


def test_a_file_of_another_kind_is_refused_in_one_line(tmp_path: Path) -> None:
    exit_code, out, err = probe(tmp_path, "")
    assert (exit_code, out, err.count("\n")) == (2, "", 1)


def refuse(*_: object, **__: object) -> Any:
    """Resolve nothing, so that nothing is dialled."""
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@given(contents())
def test_any_input_ends_in_an_exit_code_and_printable_lines(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse)
        file.write(content)
        file.flush()
        exit_code, out, err = run("probe", file.name)
    assert exit_code in (1, 2)
    assert (out + err).replace("\n", "").isprintable()
    if exit_code == 2:
        assert (out, err.count("\n")) == ("", 1)


@pytest.mark.parametrize("timeout", ["0", "-1", "nan", "inf", "1e999", "soon", ""])
def test_a_time_out_that_is_not_positive_is_refused(tmp_path: Path, timeout: str) -> None:
    exit_code, out, err = probe(tmp_path, make_dump(make_job("*:1")), f"--timeout={timeout}")
    assert (exit_code, out, err.splitlines()[-1]) == (
        2,
        "",
        f"parca-scrape probe: error: {NOT_POSITIVE}",
    )


def test_a_time_out_may_be_longer_than_any_wait(tmp_path: Path) -> None:
    dump = make_dump(make_job(f"127.0.0.1:{find_closed_port()}"))
    exit_code, _, _ = probe(tmp_path, dump, "--timeout", "1e308")
    assert exit_code == 1
