"""`parca-scrape status` asks Parca itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Tuple

from tests.cli.command import run, start
from tests.cli.dumps import make_dump
from tests.cli.dumps import render as render_dump
from tests.functional.parca import LOCALHOST, Parca, free_port
from tests.functional.pprof_program import MakeProgram
from tests.functional.test_whole_way import make_certificate
from tests.strategies import Object

JOB = "cos_6f2c1d0e_zinc"
Statuses = List[Tuple[str, str, str, str]]
"""Status, job, target and detail of each target."""


def make_job(name: str, port: int, **settings: object) -> Dict[str, object]:
    """Return a job for a port of this machine, with Parca's own profiles every second."""
    static_configs = [{"targets": [f"{LOCALHOST}:{port}"]}]
    return {
        "job_name": name,
        "scrape_interval": "1s",
        "static_configs": static_configs,
        **settings,
    }


def render(folder: Path, *jobs: object) -> List[Object]:
    """Return the scrape configs that Parca gets of jobs."""
    _, out, _ = render_dump(folder, make_dump(*jobs), "--format", "json")
    scrape_configs: List[Object] = json.loads(out)["scrape_configs"]
    return scrape_configs


def ask(parca: Parca, folder: Path, *jobs: object) -> Tuple[int, Any]:
    """Return the exit code of the command, and what it says of jobs."""
    dump = folder / "input"
    dump.write_text(make_dump(*jobs), encoding="utf-8")
    exit_code, out, err = run("status", dump, "--parca", parca.url, "--format", "json")
    assert err == ""
    return exit_code, json.loads(out)


def settle(parca: Parca, folder: Path, *jobs: object) -> Tuple[int, Statuses]:
    """Return the exit code and the statuses, once Parca has scraped all its targets."""

    def is_settled() -> bool:
        targets = ask(parca, folder, *jobs)[1]["targets"]
        found = {profile["status"] for one in targets for profile in one["profiles"]}
        # Parca takes five seconds to apply even the first configuration.
        return "waiting" not in found and found != {"missing"}

    assert parca.wait_until(is_settled)
    exit_code, document = ask(parca, folder, *jobs)
    return exit_code, [
        (one["status"], one["job"], one["target"], one["detail"]) for one in document["targets"]
    ]


def test_each_target_has_the_status_that_parca_says(
    real_parca: Parca, make_program: MakeProgram, tmp_path: Path
) -> None:
    trusted, other = (make_certificate(tmp_path, name) for name in ("trusted", "other"))
    good, secure = make_program().port, make_program(certificate=trusted.file).port
    closed, foreign = free_port(), free_port()
    jobs = [
        make_job("good", good),
        make_job("secure", secure, scheme="https", tls_config={"ca": trusted.ca}),
        make_job("closed", closed),
        make_job("distrustful", secure, scheme="https", tls_config={"ca": other.ca}),
    ]
    in_parca_only = [make_job("foreign", foreign), make_job("parca", closed)]
    real_parca.start([*render(tmp_path, *jobs), *in_parca_only])
    assert settle(real_parca, tmp_path, *jobs, make_job("late", good)) == (
        1,
        [
            ("healthy", f"{JOB}_good", f"http://{LOCALHOST}:{good}", ""),
            ("healthy", f"{JOB}_secure", f"https://{LOCALHOST}:{secure}", ""),
            (
                "failing",
                f"{JOB}_closed",
                f"http://{LOCALHOST}:{closed}",
                f"dial tcp {LOCALHOST}:{closed}: connect: connection refused",
            ),
            (
                "failing",
                f"{JOB}_distrustful",
                f"https://{LOCALHOST}:{secure}",
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            ),
            ("missing", f"{JOB}_late", f"http://{LOCALHOST}:{good}", ""),
            ("unexpected", "foreign", f"http://{LOCALHOST}:{foreign}", ""),
        ],
    )


def test_a_profile_that_fails_alone_is_named(
    real_parca: Parca, make_program: MakeProgram, tmp_path: Path
) -> None:
    port = make_program().port
    # The program answers with a profile of this type, which Parca cannot store.
    profiles = {"mutex": {"path": "/%"}, "block": {"enabled": False}}
    job = make_job("good", port, profiling_config={"pprof_config": profiles})
    real_parca.start(render(tmp_path, job))
    exit_code, [(status, _, _, detail)] = settle(real_parca, tmp_path, job)
    assert (exit_code, status) == (1, "failing")
    assert detail.startswith("mutex: invalid profile type at row 0 (")


def test_every_form_of_an_address_and_of_labels_is_recognised(
    real_parca: Parca, tmp_path: Path
) -> None:
    job: Dict[str, object] = {
        # Nothing is dialled within the test.
        "scrape_interval": "8000h",
        "static_configs": [
            {"targets": ["a.invalid", "A.invalid:080", "a.invalid:80", "b\u00fc.invalid", 'a"b']},
            {"targets": ["[::1]", "[::1]:9"], "labels": {"__scheme__": "https", "__meta_x": "y"}},
            {"targets": ["127.0.0.1"], "labels": {"instance": "own", "job": "own", "empty": ""}},
            {"targets": ["127.0.0.2"], "labels": {"tier": "b\u00fc\u001b\n", "__param_x": "y"}},
            {"targets": ["*"]},
        ],
    }
    real_parca.start(render(tmp_path, job))

    def counts() -> Dict[str, int]:
        found: Dict[str, int] = ask(real_parca, tmp_path, job)[1]["counts"]
        return found

    # The first and the third address are one to Parca.
    expected = {"healthy": 0, "failing": 0, "waiting": 9, "missing": 0, "unexpected": 0}
    real_parca.wait_until(lambda: counts() == expected)
    assert counts() == expected


def test_targets_of_an_old_configuration_are_told_by_their_labels(
    real_parca: Parca, make_program: MakeProgram, tmp_path: Path
) -> None:
    port = make_program().port
    target = [f"{LOCALHOST}:{port}"]
    old = make_job("good", port, static_configs=[{"targets": target, "labels": {"tier": "web"}}])
    new = make_job("good", port, static_configs=[{"targets": target, "labels": {"tier": "db"}}])
    real_parca.start(render(tmp_path, old))
    assert settle(real_parca, tmp_path, old)[0] == 0
    place = (f"{JOB}_good", f"http://{LOCALHOST}:{port}")
    assert settle(real_parca, tmp_path, new) == (
        1,
        [
            ("missing", *place, "Parca scrapes it with other labels: tier"),
            ("unexpected", *place, "asked for with other labels: tier"),
        ],
    )


def test_a_refused_configuration_is_known_once_another_was_loaded_before(
    real_parca: Parca, make_program: MakeProgram, tmp_path: Path
) -> None:
    job = make_job("good", make_program().port)
    good = render(tmp_path, job)
    real_parca.start(good)

    def states() -> Tuple[int, str, bool]:
        exit_code, document = ask(real_parca, tmp_path, job)
        configuration = document["configuration"]
        return exit_code, configuration["state"], configuration["loaded_at"] is not None

    assert settle(real_parca, tmp_path, job)[0] == 0
    assert states() == (0, "unknown", False)
    # Parca's metrics are the same after this.
    real_parca.write([*good, *good])
    assert real_parca.wait_until(lambda: "failed to reload" in real_parca.log())
    assert states() == (0, "unknown", False)
    assert real_parca.reloads([*good, {"job_name": "parca"}])
    assert states() == (0, "loaded", True)
    assert not real_parca.reloads([*good, *good])
    assert states() == (1, "refused", True)


def test_a_deployment_is_waited_for_before_parca_is_there(
    real_parca: Parca, make_program: MakeProgram, tmp_path: Path
) -> None:
    port = free_port()
    job = make_job("good", port)
    dump = tmp_path / "input"
    dump.write_text(make_dump(job), encoding="utf-8")
    exit_code, out, err = run("status", dump, "--parca", real_parca.url)
    reason = f"parca-scrape: error: {real_parca.url}: Connection refused\n"
    assert (exit_code, out, err) == (2, "", reason)

    with start("status", dump, "--parca", real_parca.url, "--wait", 120) as process:
        real_parca.start(render(tmp_path, job))
        make_program(port=port)
        shown, errors = process.communicate()
    lines = shown.decode("utf-8").splitlines()
    assert (process.returncode, errors) == (0, b"")
    assert lines[1:] == [
        f"healthy  {JOB}_good  http://{LOCALHOST}:{port}",
        "1 target: 1 healthy",
    ]
