from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import List

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import parca_scrape
from parca_scrape.cli.main import make_parser
from tests.cli import deployed
from tests.cli.command import EXAMPLE, run
from tests.cli.deployments import show_unit
from tests.cli.dumps import ONE_PORT, make_document, make_dump, render
from tests.oracle import judge

KUBERNETES = deployed.DEPLOYMENTS["kubernetes"]
HINT = "expected the output of juju show-unit, or of the script that parca-scrape collect prints"


def test_scrape_configs_are_printed_as_yaml(tmp_path: Path) -> None:
    exit_code, out, err = render(tmp_path, make_dump(ONE_PORT))
    assert (exit_code, yaml.safe_load(out), err) == (0, make_document(), "")
    assert out.startswith("scrape_configs:\n- job_name: cos_6f2c1d0e_zinc\n  static_configs:\n")


def test_scrape_configs_are_printed_as_json(tmp_path: Path) -> None:
    exit_code, out, err = render(tmp_path, make_dump(ONE_PORT), "--format", "json")
    assert (exit_code, json.loads(out), err) == (0, make_document(), "")
    assert out.startswith('{\n  "scrape_configs": [\n')


def test_a_unit_without_relations_is_refused(tmp_path: Path) -> None:
    line = "parca-scrape: error: no relation on the endpoint profiling-endpoint\n"
    assert render(tmp_path, '{"parca/0": {"charm": "parca"}}') == (2, "", line)


def test_output_that_leaves_out_all_jobs_is_refused(tmp_path: Path) -> None:
    dump = show_unit(KUBERNETES, "parca/0", juju="4.0.16")
    exit_code, out, err = render(tmp_path, dump)
    assert (exit_code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("parca-scrape: error: relation 7 zinc: scrape_jobs: not in the input: ")


def test_output_that_leaves_out_some_jobs_is_rendered_with_an_error(tmp_path: Path) -> None:
    dump = show_unit(KUBERNETES, "parca/0", "zinc/0", juju="4.0.16")
    exit_code, out, err = render(tmp_path, dump)
    [scrape_config] = yaml.safe_load(out)["scrape_configs"]
    assert (exit_code, scrape_config["job_name"]) == (1, "cos_6f2c1d0e_zinc")
    assert err.startswith("error: relation 9 grafana: scrape_jobs: not in the input: ")


def test_the_endpoint_can_be_another(tmp_path: Path) -> None:
    dump = make_dump(ONE_PORT, endpoint="profiles")
    exit_code, out, err = render(tmp_path, dump, "--endpoint", "profiles")
    assert (exit_code, yaml.safe_load(out), err) == (0, make_document(), "")


def test_the_default_endpoint_is_that_of_the_library() -> None:
    arguments = make_parser().parse_args(["render"])
    assert arguments.endpoint == parca_scrape.DEFAULT_RELATION_NAME


def test_a_warning_is_reported_with_exit_code_0(tmp_path: Path) -> None:
    dump = make_dump({**ONE_PORT, "honor_labels": True})
    exit_code, out, err = render(tmp_path, dump)
    assert (exit_code, yaml.safe_load(out)) == (0, make_document())
    assert err.startswith("warning: relation 7 zinc: scrape_jobs[0].honor_labels: ")
    assert err.count("\n") == 1


def test_an_error_is_reported_with_exit_code_1(tmp_path: Path) -> None:
    exit_code, out, err = render(tmp_path, make_dump(ONE_PORT, 5))
    assert (exit_code, yaml.safe_load(out)) == (1, make_document())
    assert err.startswith("error: relation 7 zinc: scrape_jobs[1]: must be an object")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", f"empty; {HINT}"),
        (b"\xef\xbb\xbf", f"empty; {HINT}"),
        (b"\x89PNG\r\n\x1a\n", "neither UTF-8 nor UTF-16 text"),
        (b"a: b: c", f"not valid YAML or JSON: see line 1; {HINT}"),
        (b"model: {name: cos}", f"no unit found; {HINT}"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_one_line_with_exit_code_2(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    file = tmp_path / "dump"
    file.write_bytes(content)
    assert run("render", file) == (2, "", f"parca-scrape: error: {file}: {reason}\n")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_powershell_writes_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "dump"
    file.write_bytes(make_dump(ONE_PORT).encode(encoding))
    exit_code, out, err = run("render", file)
    assert (exit_code, yaml.safe_load(out), err) == (0, make_document(), "")


def damage(places: List[int], inserted: bytes) -> bytes:
    """Return the example with some bytes in place of others."""
    content = EXAMPLE.read_bytes()
    for place in places:
        content = content[:place] + inserted + content[place + place % 40 :]
    return content


DAMAGED = st.builds(damage, st.lists(st.integers(0, 8000), max_size=5), st.binary(max_size=20))


@given(st.binary() | DAMAGED, st.sampled_from(["yaml", "json"]))
def test_any_file_ends_in_an_exit_code_and_lines(content: bytes, form: str) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        exit_code, out, err = run("render", file.name, "--format", form)
    lines = err.splitlines()
    if exit_code == 2:
        assert (out, len(lines)) == ("", 1)
    else:
        assert exit_code == any(line.startswith("error: ") for line in lines)
        assert list(yaml.safe_load(out)) == ["scrape_configs"]
    assert (out + "".join(lines)).replace("\n", "").isprintable()


def test_the_example_shows_what_is_scraped_and_what_is_wrong() -> None:
    exit_code, out, err = run("render", EXAMPLE)
    scrape_configs = yaml.safe_load(out)["scrape_configs"]
    assert exit_code == 1
    assert judge(scrape_configs).verdict == "accepted"
    assert {
        scrape_config["job_name"]: [
            target
            for static_config in scrape_config["static_configs"]
            for target in static_config["targets"]
        ]
        for scrape_config in scrape_configs
    } == {
        "cos_6f2c1d0e_grafana": [
            "grafana-0.grafana-endpoints.cos.svc.cluster.local:3000",
            "grafana-1.grafana-endpoints.cos.svc.cluster.local:3000",
        ],
        "controller_0197a3c2_juju-introspect_jujud": ["juju-d4a6b7-0.lxd:6000"],
        "cos_6f2c1d0e_scrape-target": ["payments.example.com:6060", "10.64.3.7:6060"],
        "cos_staging_shop_api": ["shop-0.shop-endpoints.cos.svc.cluster.local:8080"],
        "cos_staging_shop_cache": ["shop-0.shop-endpoints.cos.svc.cluster.local:8082"],
    }
    assert all(" relation 12 shop" in line for line in err.splitlines())
