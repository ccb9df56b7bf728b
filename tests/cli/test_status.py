from __future__ import annotations

import contextlib
import json
import threading
import time
from pathlib import Path
from typing import Callable, Dict, Generator, Iterator, List, Tuple

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from parca_scrape.cli import screen, status
from tests.cli.command import run
from tests.cli.dumps import MODEL_UUID, make_dump
from tests.cli.parca_server import (
    BAD,
    GOOD,
    METRICS_PATH,
    TARGETS_PATH,
    UNKNOWN,
    FakeParca,
    Reply,
    make_targets,
    serve,
    serve_bytes,
)
from tests.forms import ROOT
from tests.functional.parca import free_port
from tests.strategies import Json, Object

GOLDEN = ROOT / "tests" / "cli" / "golden" / "status"
SCHEMA = ROOT / "src" / "parca_scrape" / "cli" / "schemas" / "status.json"
URL = "http://parca:7070"
JOB = "cos_6f2c1d0e_zinc"
JOBS = [
    {"job_name": name, "static_configs": [{"targets": [f"{name}.example.com"]}]}
    for name in ("api", "db", "web")
]


@pytest.fixture
def fake() -> Iterator[FakeParca]:
    with serve() as server:
        yield server


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Return an input that asks for three targets."""
    file = tmp_path / "dump"
    file.write_text(make_dump(*JOBS), encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
def _poll_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "POLL_SECONDS", 0.02)


def say_target(
    name: str, health: str = GOOD, last_error: str = "", **labels: str
) -> Tuple[str, Json]:
    """Return the job of a target that is asked for, and what Parca's API says of it."""
    topology = {"juju_model": "cos", "juju_model_uuid": MODEL_UUID, "juju_application": "zinc"}
    job = f"{JOB}_{name}"
    all_labels = {"instance": f"cos_{MODEL_UUID}_zinc_", "job": job, **topology, **labels}
    origin = f"http://{name}.example.com:80"
    return job, make_targets(origin, all_labels, health=health, last_error=last_error)


HEALTHY: Object = dict(map(say_target, ("api", "db", "web")))
ERROR = 'Get "http://db.example.com:80/debug/pprof/memory": dial tcp 10.1.80.20:80: i/o timeout'
FOUND: Object = {
    **dict([say_target("api"), say_target("db", BAD, ERROR), say_target("web", UNKNOWN)]),
    **dict([say_target("old")]),
    "parca": make_targets("http://localhost:7070", {"job": "parca"}, health=BAD),
}
MOVED: Object = {**HEALTHY, **dict([say_target("web", tier="web")])}
CASES: Dict[str, Callable[[FakeParca], None]] = {
    "healthy": lambda fake: fake.say(HEALTHY),
    "found": lambda fake: fake.say(FOUND),
    "empty": lambda fake: fake.say(successful=0, reloaded=0),
    "refused": lambda fake: fake.say(MOVED, successful=0),
}
EXIT_CODES = {"healthy": 0, "found": 1, "empty": 1, "refused": 1}


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("case", CASES)
def test_the_status_is_printed_as_in_the_golden_file(
    fake: FakeParca, dump: Path, case: str, form: str
) -> None:
    CASES[case](fake)
    exit_code, out, err = run("status", dump, "--parca", fake.url, "--format", form)
    golden = (GOLDEN / f"{case}.{form.replace('text', 'txt')}").read_text(encoding="utf-8")
    assert (exit_code, out.replace(fake.url, URL), err) == (EXIT_CODES[case], golden, "")


def test_each_golden_document_is_valid_and_its_schema_too() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for case in CASES:
        document = json.loads((GOLDEN / f"{case}.json").read_text(encoding="utf-8"))
        jsonschema.validate(document, schema, Draft202012Validator)


def test_the_input_may_come_from_standard_input(
    fake: FakeParca, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.say(HEALTHY)
    text = dump.read_text(encoding="utf-8")
    monkeypatch.setattr("parca_scrape.cli.inputs.read_text", {"-": text}.__getitem__)
    exit_code, out, err = run("status", "--parca", fake.url)
    assert (exit_code, out.splitlines()[-1], err) == (0, "3 targets: 3 healthy", "")


def test_nothing_asked_for_and_nothing_scraped_is_fine(fake: FakeParca, dump: Path) -> None:
    dump.write_text(make_dump(), encoding="utf-8")
    assert run("status", dump, "--parca", fake.url)[:2] == (0, "no targets\n")


def test_problems_of_the_databags_are_hinted_at(fake: FakeParca, dump: Path) -> None:
    dump.write_text(make_dump(*JOBS, 5), encoding="utf-8")
    fake.say(HEALTHY)
    exit_code, _, err = run("status", dump, "--parca", fake.url)
    line = "parca-scrape: 1 problem in the databags: see parca-scrape check\n"
    assert (exit_code, err) == (0, line)


def test_the_token_of_the_environment_is_sent_and_never_printed(
    fake: FakeParca, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARCA_TOKEN", "s3cret\n")
    for case, say in CASES.items():
        say(fake)
        exit_code, out, err = run("status", dump, "--parca", fake.url)
        assert (exit_code, "s3cret" in out + err) == (EXIT_CODES[case], False)
    assert {token for _, token in fake.requests} == {"Bearer s3cret"}
    fake.replies[TARGETS_PATH] = Reply("", 401)
    line = "HTTP status 401: the token in PARCA_TOKEN is not accepted"
    error = f"parca-scrape: error: {fake.url}: {line}\n"
    assert run("status", dump, "--parca", fake.url) == (2, "", error)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--parca", "ftp://parca"], "--parca: must be an http or https URL"),
        (["--parca", "https://parca", "--ca", "/none"], "--ca /none: No such file or directory"),
        (["--parca", "http://parca", "--ca", "/none"], "--ca: the URL of Parca must be https"),
        (["--parca", f"http://127.0.0.1:{free_port()}"], "http://127.0.0.1:"),
    ],
)
def test_what_cannot_be_used_ends_in_one_line_and_exit_code_2(
    dump: Path, options: List[str], line: str
) -> None:
    exit_code, out, err = run("status", dump, *options)
    assert (exit_code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"parca-scrape: error: {line}")


@pytest.mark.parametrize("seconds", ["-1", "1.5", "soon", "", "\u0661", "1" * 7])
def test_the_time_to_wait_is_a_whole_number(seconds: str) -> None:
    exit_code, out, err = run("status", "--parca", URL, "--wait", seconds)
    assert (exit_code, out) == (2, "")
    assert err.endswith("argument --wait: must be a whole number of seconds\n")


def test_a_bad_input_is_reported_before_parca_is_waited_for(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    exit_code, _, err = run("status", tmp_path / "none", "--parca", url, "--wait", 60)
    assert (exit_code, err) == (
        2,
        f"parca-scrape: error: {tmp_path / 'none'}: No such file or directory\n",
    )


def test_waiting_ends_as_soon_as_all_is_healthy(fake: FakeParca, dump: Path) -> None:
    fake.say(FOUND)

    def recover() -> None:
        while len(fake.requests) < 6:
            time.sleep(0.01)
        fake.say(HEALTHY)

    thread = threading.Thread(target=recover)
    thread.start()
    exit_code, out, err = run("status", dump, "--parca", fake.url, "--wait", 60)
    thread.join()
    assert (exit_code, out.splitlines()[-1], err) == (0, "3 targets: 3 healthy", "")


def test_a_server_that_is_not_there_yet_is_waited_for(dump: Path) -> None:
    port = free_port()
    is_done = threading.Event()

    def come_late() -> None:
        time.sleep(0.2)
        with serve(port=port) as fake:
            fake.say(HEALTHY)
            is_done.wait()

    thread = threading.Thread(target=come_late)
    thread.start()
    exit_code, out, err = run("status", dump, "--parca", f"http://127.0.0.1:{port}", "--wait", 60)
    is_done.set()
    thread.join()
    assert (exit_code, out.splitlines()[-1], err) == (0, "3 targets: 3 healthy", "")


def test_waiting_ends_when_time_is_up_with_what_there_is(fake: FakeParca, dump: Path) -> None:
    fake.say(FOUND)
    start = time.monotonic()
    exit_code, out, err = run("status", dump, "--parca", fake.url, "--wait", 1)
    assert time.monotonic() - start >= 1
    golden = (GOLDEN / "found.txt").read_text(encoding="utf-8")
    assert (exit_code, out, err) == (1, golden, "")
    assert len(fake.requests) > 4


def test_a_server_that_never_comes_ends_in_one_line_when_time_is_up(dump: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    start = time.monotonic()
    result = run("status", dump, "--parca", url, "--wait", 1)
    assert time.monotonic() - start >= 1
    assert result == (2, "", f"parca-scrape: error: {url}: Connection refused\n")


def test_a_server_that_hangs_is_not_waited_for_much_longer(
    dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "LAST_ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(status, "ANSWER_SECONDS", 600)
    with serve_bytes(lambda connection: connection.recv(1)) as url:
        exit_code, out, err = run("status", dump, "--parca", url, "--wait", 1)
    assert (exit_code, out) == (2, "")
    assert err.startswith(f"parca-scrape: error: {url}: no answer within ")


def test_targets_that_nobody_asked_for_are_not_waited_for(fake: FakeParca, dump: Path) -> None:
    fake.say({**HEALTHY, **dict([say_target("old")])})
    exit_code, out, _ = run("status", dump, "--parca", fake.url, "--wait", 60)
    last = "4 targets: 3 healthy, 1 unexpected"
    assert (exit_code, out.splitlines()[-1], len(fake.requests)) == (1, last, 2)


def test_waiting_shows_its_progress(
    fake: FakeParca, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: List[object] = []

    @contextlib.contextmanager
    def note(description: str, steps: int) -> Generator[Callable[[], object], None, None]:
        shown.append((description, steps))
        yield lambda: shown.append("step")

    monkeypatch.setattr(screen, "show_progress", note)
    fake.say(FOUND)
    run("status", dump, "--parca", fake.url, "--wait", 1)
    assert shown[:2] == [("waiting for Parca", 1), "step"]


def test_statuses_have_colours_on_a_terminal(
    fake: FakeParca, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "has_colours", lambda: True)
    fake.say({**FOUND, **dict([say_target("web", tier="web")])}, successful=0)
    _, out, _ = run("status", dump, "--parca", fake.url)
    words = [line.split()[0] for line in out.splitlines()]
    assert words == [
        "STATUS",
        "\x1b[32mhealthy\x1b[0m",
        "\x1b[31mfailing\x1b[0m",
        "\x1b[31mmissing\x1b[0m",
        "\x1b[33munexpected\x1b[0m",
        "\x1b[33munexpected\x1b[0m",
        "\x1b[31mParca",
        "5",
    ]


def test_a_long_error_is_cut_in_the_table_only(fake: FakeParca, dump: Path) -> None:
    fake.say({**HEALTHY, **dict([say_target("db", BAD, "e" * 10_000)])})
    _, out, _ = run("status", dump, "--parca", fake.url)
    assert f"  {'e' * 399}\u2026\n" in out
    _, out, _ = run("status", dump, "--parca", fake.url, "--format", "json")
    assert "e" * 10_000 in out


ODD = st.text(
    st.characters() | st.sampled_from("\x00\x1b\n\r\x9b\u2028\u202e\ud800\U000e0041"), max_size=8
)


@given(ODD, ODD, ODD)
def test_whatever_parca_says_what_is_printed_is_printable(job: str, host: str, text: str) -> None:
    targets = make_targets(f"http://{host}", {text or "a": text}, health=BAD, last_error=text)
    texts = {"-": make_dump(*JOBS)}
    with serve() as fake:
        fake.say({**HEALTHY, job or "a": targets})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("parca_scrape.cli.inputs.read_text", texts.__getitem__)
            for form in ("text", "json"):
                _, out, err = run("status", "--parca", fake.url, "--format", form)
                assert (out + err).replace("\n", "").isprintable()
    assert json.loads(out)["counts"]["healthy"] == 3


def test_metrics_that_are_not_there_are_an_error(fake: FakeParca, dump: Path) -> None:
    del fake.replies[METRICS_PATH]
    line = f"parca-scrape: error: {fake.url}: HTTP status 404: is this the URL of Parca?\n"
    assert run("status", dump, "--parca", fake.url) == (2, "", line)


def test_asking_parca_needs_no_ops(fake: FakeParca, dump: Path) -> None:
    from tests.cli.test_main import list_modules

    fake.say(HEALTHY)
    code = f"assert main(['status', {str(dump)!r}, '--parca', {fake.url!r}]) == 0"
    assert {"ops", "rich"} & set(list_modules(code)) == set()
