from __future__ import annotations

import json
from pathlib import Path
from typing import List

import pytest

from tests.cli import deployed
from tests.cli.command import run
from tests.cli.deployments import show_unit

KUBERNETES = deployed.DEPLOYMENTS["kubernetes"]
ZINC = "zinc-1.zinc-endpoints.cos.svc.cluster.local"
SHOP = "shop-0.shop-endpoints.cos.svc.cluster.local"
ORIGIN = "  relation 7 zinc: scrape_jobs[0].static_configs[0].targets[0]"


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    file = tmp_path / "dump"
    file.write_text(show_unit(KUBERNETES, "parca/0", juju="3.6"), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "target",
    [
        f"{ZINC}:4080",
        ZINC,
        ZINC.upper(),
        f"http://{ZINC}:4080/debug/pprof/heap",
    ],
)
def test_a_target_comes_from_an_element_and_a_unit(dump: Path, target: str) -> None:
    exit_code, out, err = run("check", "--explain", target, dump)
    assert (exit_code, err) == (0, "")
    assert out.splitlines() == [
        f"{target} is scraped",
        f"{ORIGIN}, at the address of zinc/1: job cos_6f2c1d0e_zinc",
    ]


def skipped(dump: Path, target: str) -> List[str]:
    """Return the lines about a target that Parca does not scrape."""
    exit_code, out, err = run("check", "--explain", target, dump)
    first, *lines = out.splitlines()
    assert (exit_code, err, first) == (1, "", f"{target} is not scraped")
    return lines


@pytest.mark.parametrize(
    ("target", "path", "reason"),
    [
        (
            "http://shop.example.com/debug",
            "scrape_jobs[0].static_configs[0].targets[1]",
            "must be host:port or *:port, ",
        ),
        (
            "*:99999",
            "scrape_jobs[0].static_configs[0].targets[2]",
            "must be host:port or *:port, ",
        ),
    ],
)
def test_an_element_that_is_skipped_says_why(
    dump: Path, target: str, path: str, reason: str
) -> None:
    origin, why = skipped(dump, target)
    assert origin == f"  relation 12 shop: {path}"
    assert why.startswith(f"    skipped: {reason}")


def test_another_port_of_a_known_host_is_named(dump: Path) -> None:
    assert skipped(dump, f"{SHOP}:1") == ["  relation 12 shop has the host, with port 8080, 8082"]


@pytest.mark.parametrize("target", ["nobody:80", "a b", "http://[", "\x1b[31m"])
def test_a_target_that_nothing_names(dump: Path, target: str) -> None:
    exit_code, out, _ = run("check", "--explain", target, dump)
    assert exit_code == 1
    shown = target if target.isprintable() else ascii(target)
    assert out.splitlines()[:2] == [
        f"{shown} is not scraped",
        "  no scrape job names it, and no unit has its address",
    ]


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        (
            {"static_configs": [{"targets": ["a:1"]}], "scheme": "ftp"},
            "must be http or https; the job is skipped",
        ),
        (
            {"static_configs": [{"targets": ["b:1"]}, {"targets": ["a:1", 5]}, {"targets": "x"}]},
            "",
        ),
    ],
)
def test_a_part_that_is_skipped_whole_is_the_reason(
    tmp_path: Path, job: object, reason: str
) -> None:
    relation = {
        "relation-id": 7,
        "endpoint": "profiling-endpoint",
        "application-data": {"scrape_jobs": json.dumps([{}, job])},
        "related-units": {"zinc/0": {"data": {"parca_scrape_unit_address": "zinc-0"}}},
    }
    file = tmp_path / "dump"
    file.write_text(json.dumps({"parca/0": {"relation-info": [relation]}}))
    exit_code, out, _ = run("check", "--explain", "a:1", file, "--format", "json")
    explanation = json.loads(out)
    [origin] = explanation.pop("origins")
    is_scraped = not reason
    assert explanation == {"target": "a:1", "hints": [], "is_scraped": is_scraped}
    assert origin["reasons"] == ([reason] if reason else [])
    assert exit_code == (0 if is_scraped else 1)


def test_a_target_over_the_limit_is_explained_by_it(tmp_path: Path) -> None:
    targets = [f"10.0.{number // 250}.{number % 250}:80" for number in range(10_001)]
    relation = {
        "relation-id": 7,
        "endpoint": "profiling-endpoint",
        "application-data": {
            "scrape_jobs": json.dumps([{"static_configs": [{"targets": targets}]}])
        },
        "related-units": {"zinc/0": {"data": {"parca_scrape_unit_address": "zinc-0"}}},
    }
    file = tmp_path / "dump"
    file.write_text(json.dumps({"parca/0": {"relation-info": [relation]}}))
    _, why = skipped(file, targets[-1])
    assert "10,000 targets" in why


def test_an_explanation_is_not_for_github(dump: Path) -> None:
    line = "parca-scrape: error: --explain: not allowed with --format github\n"
    assert run("check", "--explain", ZINC, dump, "--format", "github") == (2, "", line)


def test_empty_text_is_no_target(dump: Path) -> None:
    exit_code, out, _ = run("check", "--explain", "", dump)
    assert (exit_code, out.splitlines()[0]) == (1, " is not scraped")


@pytest.mark.parametrize("juju", ["4.0.5", "4.0.16"])
def test_input_that_leaves_out_all_jobs_explains_nothing(tmp_path: Path, juju: str) -> None:
    file = tmp_path / "dump"
    file.write_text(show_unit(KUBERNETES, "parca/0", juju=juju))
    exit_code, out, err = run("check", "--explain", ZINC, file)
    assert (exit_code, out, err.count("\n")) == (2, "", 1)
    assert "pass the output of " in err


def test_input_that_leaves_out_some_jobs_says_so(tmp_path: Path) -> None:
    file = tmp_path / "dump"
    file.write_text(show_unit(KUBERNETES, "parca/0", "zinc/0", juju="4.0.16"))
    _, grafana, shop, *_ = skipped(file, "elsewhere:1")
    assert grafana.startswith("  relation 9 grafana: scrape_jobs: not in the input: ")
    assert shop.startswith("  relation 12 shop: scrape_jobs: not in the input: ")


def test_a_wildcard_comes_from_its_element(dump: Path) -> None:
    exit_code, out, _ = run("check", "--explain", "*:4080", dump)
    lines = out.splitlines()
    assert (exit_code, lines[0], len(lines)) == (0, "*:4080 is scraped", 3)


def test_a_unit_without_a_valid_address_is_named(dump: Path) -> None:
    _, hint = skipped(dump, "10.1.80.41:8080")
    assert hint.startswith("  relation 12 shop/1: parca_scrape_unit_address: must be a host name ")


def test_jobs_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    file = tmp_path / "dump"
    text = show_unit(KUBERNETES, "parca/0", juju="3.6", form="json")
    file.write_text(text.replace('"scrape_jobs":"[', '"scrape_jobs":"', 1))
    _, hint, _ = skipped(file, ZINC)
    assert hint.startswith("  relation 7 zinc: scrape_jobs: must be valid JSON: ")
