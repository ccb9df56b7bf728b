from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, Tuple

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import parca_scrape
from parca_scrape.cli import render as command_render
from parca_scrape.cli.main import main
from tests.forms import ROOT
from tests.oracle import judge
from tests.pem import CERTIFICATE, PRIVATE_KEY

EXAMPLE = ROOT / "examples" / "parca-unit.yaml"
HINT = "give what `juju show-unit parca/0` prints"
MODEL_UUID = "6f2c1d0e-83b4-4c6b-9a51-2d7c1f0b9e34"
ONE_PORT: Dict[str, object] = {"static_configs": [{"targets": ["*:8080"]}]}
MARKER = "marked-as-secret"


def make_dump(*jobs: object, endpoint: str = "profiling-endpoint") -> str:
    """Give a dump with one relation, to one unit."""
    metadata = {"model": "cos", "model_uuid": MODEL_UUID, "application": "zinc"}
    relation = {
        "relation-id": 7,
        "endpoint": endpoint,
        "application-data": {
            "scrape_jobs": json.dumps(jobs),
            "scrape_metadata": json.dumps(metadata),
        },
        "related-units": {"zinc/0": {"data": {"parca_scrape_unit_address": "zinc-0.local"}}},
    }
    return json.dumps({"parca/0": {"relation-info": [relation]}})


def make_document(**settings: object) -> Dict[str, List[Dict[str, object]]]:
    """Give what is rendered of a job with the port 8080 of each unit."""
    labels = {"juju_model": "cos", "juju_model_uuid": MODEL_UUID, "juju_application": "zinc"}
    static_config = {
        "targets": ["zinc-0.local:8080"],
        "labels": {**labels, "juju_unit": "zinc/0"},
    }
    relabel_config = {
        "source_labels": [*labels, "juju_unit"],
        "separator": "_",
        "target_label": "instance",
        "regex": "(.*)",
    }
    scrape_config = {
        "job_name": "cos_6f2c1d0e_zinc",
        "static_configs": [static_config],
        **settings,
        "relabel_configs": [relabel_config],
    }
    return {"scrape_configs": [scrape_config]}


def run(*arguments: object) -> Tuple[int, str, str]:
    """Run the command here; give its exit code, and what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            exit_code = main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            exit_code = int(exit_.code or 0)
    return exit_code, out.getvalue(), err.getvalue()


def render(tmp_path: Path, dump: str, *options: str) -> Tuple[int, str, str]:
    """Run `parca-scrape render` over a file."""
    file = tmp_path / "dump"
    file.write_text(dump, encoding="utf-8")
    return run("render", file, *options)


def start(
    *arguments: object, stdin: int = subprocess.PIPE, stdout: int = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    """Start the command as a process."""
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-m", "parca_scrape", *map(str, arguments)],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )


def test_scrape_configs_are_printed_as_yaml(tmp_path: Path) -> None:
    exit_code, out, err = render(tmp_path, make_dump(ONE_PORT))
    assert (exit_code, yaml.safe_load(out), err) == (0, make_document(), "")
    assert out.startswith("scrape_configs:\n- job_name: cos_6f2c1d0e_zinc\n  static_configs:\n")


def test_scrape_configs_are_printed_as_json(tmp_path: Path) -> None:
    exit_code, out, err = render(tmp_path, make_dump(ONE_PORT), "--format", "json")
    assert (exit_code, json.loads(out), err) == (0, make_document(), "")
    assert out.startswith('{\n  "scrape_configs": [\n')


def test_a_unit_without_relations_has_no_scrape_configs(tmp_path: Path) -> None:
    warning = "warning: relation-info: no relation of this endpoint, so nothing is scraped\n"
    dump = '{"parca/0": {"charm": "parca"}}'
    assert render(tmp_path, dump) == (0, "scrape_configs: []\n", warning)


def test_the_endpoint_can_be_another(tmp_path: Path) -> None:
    dump = make_dump(ONE_PORT, endpoint="profiles")
    exit_code, out, err = render(tmp_path, dump, "--endpoint", "profiles")
    assert (exit_code, yaml.safe_load(out), err) == (0, make_document(), "")


def test_the_endpoint_is_that_of_the_library_by_default() -> None:
    assert parca_scrape.DEFAULT_RELATION_NAME == command_render.DEFAULT_ENDPOINT


def test_a_warning_is_told_with_exit_code_0(tmp_path: Path) -> None:
    dump = make_dump({**ONE_PORT, "honor_labels": True})
    exit_code, out, err = render(tmp_path, dump)
    assert (exit_code, yaml.safe_load(out)) == (0, make_document())
    assert err.startswith("warning: relation 7 zinc: scrape_jobs[0].honor_labels: not known here")
    assert err.count("\n") == 1


def test_an_error_is_told_with_exit_code_1(tmp_path: Path) -> None:
    exit_code, out, err = render(tmp_path, make_dump(ONE_PORT, 5))
    assert (exit_code, yaml.safe_load(out)) == (1, make_document())
    assert err.startswith("error: relation 7 zinc: scrape_jobs[1]: must be an object")
    assert err.count("\n") == 1


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize(
    ("tls_config", "shown"),
    [
        (
            {"cert": CERTIFICATE, "key": PRIVATE_KEY},
            {"cert": CERTIFICATE, "key": "<secret>"},
        ),
        ({"ca": CERTIFICATE + PRIVATE_KEY}, {"ca": "<secret>"}),
        (
            {"server_name": "zinc", "insecure_skip_verify": True},
            {"server_name": "zinc", "insecure_skip_verify": True},
        ),
    ],
)
def test_private_keys_are_shown_only_to_who_asks(
    tmp_path: Path, form: str, tls_config: Dict[str, object], shown: Dict[str, object]
) -> None:
    dump = make_dump({**ONE_PORT, "tls_config": tls_config})
    _, out, _ = render(tmp_path, dump, "--format", form)
    assert yaml.safe_load(out) == make_document(tls_config=shown)
    _, out, _ = render(tmp_path, dump, "--format", form, "--show-secrets")
    assert yaml.safe_load(out) == make_document(tls_config=tls_config)


def test_pem_text_is_shown_line_by_line(tmp_path: Path) -> None:
    _, out, _ = render(tmp_path, make_dump({**ONE_PORT, "tls_config": {"ca": CERTIFICATE}}))
    lines = "".join(f"      {line}\n" for line in CERTIFICATE.splitlines())
    assert f"  tls_config:\n    ca: |\n{lines}" in out


@pytest.mark.parametrize(
    "text", [" a\nb", "a \nb", "a\n\n", "\n", "\ta\n", "a\r\nb", "a\x85\nb", "é\n", "#\n", "- a\n"]
)
def test_any_lines_are_read_as_they_were(text: str) -> None:
    lines = command_render.Lines(text)
    scrape_config = {**make_document()["scrape_configs"][0], "tls_config": {"ca": lines}}
    document = {"scrape_configs": [scrape_config]}
    assert yaml.safe_load(command_render.encode_yaml(document)) == document


def test_yaml_is_the_same_without_libyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeDumper", raising=False)
    dump = make_dump({**ONE_PORT, "tls_config": {"ca": CERTIFICATE}})
    exit_code, out, err = render(tmp_path, dump)
    document = make_document(tls_config={"ca": CERTIFICATE})
    assert (exit_code, yaml.safe_load(out), err) == (0, document, "")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", f"holds nothing: {HINT}"),
        (b"\xef\xbb\xbf", f"holds nothing: {HINT}"),
        (b"\x89PNG\r\n\x1a\n", "is no text in UTF-8"),
        (b"a: b: c", f"is neither YAML nor JSON, see line 1: {HINT}"),
        (b"model: {name: cos}", f"holds no unit: {HINT}"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_one_line_with_exit_code_2(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    file = tmp_path / "dump"
    file.write_bytes(content)
    assert run("render", file) == (2, "", f"parca-scrape: error: {file} {reason}\n")


def test_a_byte_order_mark_is_no_part_of_a_dump(tmp_path: Path) -> None:
    exit_code, out, err = render(tmp_path, "\ufeff" + make_dump(ONE_PORT))
    assert (exit_code, yaml.safe_load(out), err) == (0, make_document(), "")


def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    error = "parca-scrape: error:"
    missing = tmp_path / "missing"
    assert run("render", missing) == (
        2,
        "",
        f"{error} {missing} cannot be read: No such file or directory\n",
    )
    assert run("render", tmp_path) == (
        2,
        "",
        f"{error} {tmp_path} cannot be read: Is a directory\n",
    )
    assert run("render", "/a\nb") == (
        2,
        "",
        f"{error} '/a\\nb' cannot be read: No such file or directory\n",
    )
    assert run("render", "\0") == (
        2,
        "",
        f"{error} '\\x00' is no name that a file can have\n",
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "dump"
    file.touch(mode=0o000)
    line = f"parca-scrape: error: {file} cannot be read: Permission denied\n"
    assert run("render", file) == (2, "", line)


def damage(places: List[int], inserted: bytes) -> bytes:
    """Give the example with some bytes in the place of others."""
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


def test_standard_input_is_read_by_default() -> None:
    for arguments in (["render", "--format=json"], ["render", "-", "--format=json"]):
        with start(*arguments) as process:
            out, err = process.communicate(make_dump(ONE_PORT).encode())
        assert (process.returncode, json.loads(out), err) == (0, make_document(), b"")


def test_standard_input_that_is_closed_is_refused_in_one_line() -> None:
    script = 'exec "$0" -m parca_scrape render <&-'
    path = os.pathsep.join(filter(None, sys.path))
    process = subprocess.run(
        ["sh", "-c", script, sys.executable],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    line = b"parca-scrape: error: standard input cannot be read: Bad file descriptor\n"
    assert (process.returncode, process.stdout, process.stderr) == (2, b"", line)


def test_a_reader_that_goes_away_causes_no_complaint() -> None:
    with start("render", EXAMPLE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert (process.stderr.read(), process.wait()) == (b"", 141)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_in_one_line() -> None:
    with open("/dev/full", "wb") as full, start(
        "render", EXAMPLE, stdout=full.fileno()
    ) as process:
        _, err = process.communicate()
    line = b"parca-scrape: error: cannot write: No space left on device\n"
    assert (process.returncode, err) == (2, line)


def test_an_interrupted_command_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(file: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_render, "read_text", interrupt)
    assert run("render") == (130, "", "")


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version") == (0, f"parca-scrape {parca_scrape.VERSION}\n", "")


@pytest.mark.parametrize("arguments", [[], ["sing"], ["render", "--format", "xml"]])
def test_wrong_arguments_are_refused_with_exit_code_2(arguments: List[str]) -> None:
    exit_code, out, err = run(*arguments)
    assert (exit_code, out) == (2, "")
    assert err.splitlines()[-1].startswith("parca-scrape")


def list_modules(code: str) -> List[str]:
    """Give the modules that are loaded after some code has run in a process of its own."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")
    }
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    report = "\nprint(*sorted(sys.modules), file=sys.stderr)"
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys\nfrom parca_scrape.cli.main import main\n{code}{report}",
        ],
        capture_output=True,
        env=environment,
        check=True,
        text=True,
    )
    return process.stderr.splitlines()[-1].split()


def test_the_command_starts_without_what_only_subcommands_need() -> None:
    modules = list_modules("try: main(['--version'])\nexcept SystemExit: pass")
    ours = [module for module in modules if module.partition(".")[0] == "parca_scrape"]
    core = [module for module in ours if not module.startswith("parca_scrape.cli")]
    assert core == ["parca_scrape", "parca_scrape.version"]
    assert not {"dataclasses", "ops", "yaml"} & set(modules)


def test_rendering_needs_no_ops() -> None:
    code = f"assert main(['render', {str(EXAMPLE)!r}]) == 1"
    assert "ops" not in list_modules(code)
