from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Tuple

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import parca_scrape.cli
from parca_scrape.cli.diff import MAX_WARNINGS
from tests.cli.command import run, start
from tests.cli.dumps import ONE_PORT, make_document, make_dump
from tests.cli.golden_files import GOLDEN, INPUTS, check_golden

DIFFS = GOLDEN / "diff"
SCHEMA_FILE = Path(parca_scrape.cli.__file__).parent / "schemas" / "diff.json"
SCHEMA: Mapping[str, object] = json.loads(SCHEMA_FILE.read_text("utf-8"))
NOTHING = "breaks: 0, ends: 0, moved: 0, starts: 0, goes on: {}\n"
HEAD = "CHANGE  JOB                TARGET             PROFILES  DETAILS\n"
OWN_JOB = "parca-scrape: the job parca, which the Parca charm adds for itself, is not compared\n"
# What each golden file is the output of, and the exit code.
COMMANDS: Dict[str, Tuple[str, int]] = {
    "upgrade.txt": ("old.yaml new.yaml", 1),
    "upgrade.json": ("old.yaml new.yaml --format json", 1),
    "as-k8s.txt": ("old.yaml --as k8s", 1),
    "as-machine.txt": ("old.yaml --as machine", 1),
    "as-machine-all.json": ("old.yaml --as machine --all --format json", 1),
    "in-place.txt": ("parca.yaml old.yaml", 1),
    "all.txt": ("old.yaml old.yaml --all", 0),
}


def diff(tmp_path: Path, old: str, new: str, *options: str) -> Tuple[int, str, str]:
    """Compare two texts; the errors are without the folder."""
    files = [tmp_path / name for name in ("old", "new")]
    for file, text in zip(files, (old, new)):
        file.write_text(text, encoding="utf-8")
    exit_code, out, err = run("diff", *files, *options)
    return exit_code, out, err.replace(f"{tmp_path}/", "")


def make_parca_yaml(*scrape_configs: object) -> str:
    return yaml.safe_dump({"object_storage": {}, "scrape_configs": [*scrape_configs]})


def make_config(*targets: str, **settings: object) -> Dict[str, object]:
    return {"job_name": "j", "static_configs": [{"targets": [*targets]}], **settings}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_output_is_that_of_the_golden_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DIFFS)
    arguments, exit_code = COMMANDS[name]
    code, out, _ = run("diff", *arguments.split())
    check_golden(DIFFS / name, out)
    assert code == exit_code


@pytest.mark.parametrize("path", sorted(DIFFS.glob("*.json")), ids=lambda path: path.name)
def test_json_output_is_valid_under_its_schema(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(path.read_text("utf-8")), SCHEMA)


def test_databags_are_compared_with_the_file_that_holds_what_they_give(tmp_path: Path) -> None:
    (config,) = make_document()["scrape_configs"]
    result = (0, NOTHING.format(1), "")
    assert diff(tmp_path, make_parca_yaml(config), make_dump(ONE_PORT)) == result
    assert diff(tmp_path, make_dump(ONE_PORT), make_parca_yaml(config)) == result
    assert diff(tmp_path, make_dump(ONE_PORT), json.dumps(make_document())) == result


@pytest.mark.parametrize("deployment", ["kubernetes", "machine"])
@pytest.mark.parametrize("juju", ["2.9-parca", "2.9-all", "4.0.5-all", "4.0.16-all"])
def test_the_version_of_juju_makes_no_difference(deployment: str, juju: str) -> None:
    new = INPUTS / f"{deployment}-juju-{juju}.yaml"
    exit_code, out, _ = run("diff", INPUTS / f"{deployment}-juju-3.6-parca.yaml", new)
    goes_on = 5 if deployment == "kubernetes" else 2
    assert (exit_code, out) == (0, NOTHING.format(goes_on))


def test_a_move_alone_has_exit_code_0(tmp_path: Path) -> None:
    job = {"static_configs": [{"targets": ["*:8081"]}]}
    row = "moved   cos_6f2c1d0e_zinc  zinc-0.local:8081  all       from zinc-0.local:8080\n"
    counts = "breaks: 0, ends: 0, moved: 1, starts: 0, goes on: 0\n"
    result = (0, HEAD + row + counts, "")
    assert diff(tmp_path, make_dump(ONE_PORT), make_dump(job)) == result


def test_a_start_alone_has_exit_code_0_and_an_end_has_1(tmp_path: Path) -> None:
    one, none = make_dump(ONE_PORT), make_parca_yaml()
    row = "starts  cos_6f2c1d0e_zinc  zinc-0.local:8080  all\n"
    counts = "breaks: 0, ends: 0, moved: 0, starts: 1, goes on: 0\n"
    assert diff(tmp_path, none, one) == (0, HEAD + row + counts, "")
    row = "ends    cos_6f2c1d0e_zinc  zinc-0.local:8080  all\n"
    counts = "breaks: 0, ends: 1, moved: 0, starts: 0, goes on: 0\n"
    assert diff(tmp_path, one, none) == (1, HEAD + row + counts, "")


def test_a_label_that_is_new_or_gone_is_shown_as_such(tmp_path: Path) -> None:
    old = make_config("h:1", relabel_configs=[{"target_label": "a", "replacement": "x"}])
    new = make_config("h:1", relabel_configs=[{"target_label": "b", "replacement": "x"}])
    exit_code, out, err = diff(tmp_path, make_parca_yaml(old), make_parca_yaml(new))
    row = "breaks  j    h:1     all       a: x -> (none), b: (none) -> x"
    assert (exit_code, out.splitlines()[1], err) == (1, row, "")


def test_another_scheme_is_reported_though_the_series_goes_on(tmp_path: Path) -> None:
    old, new = make_config("h:1"), make_config("h:1", scheme="https")
    exit_code, out, _ = diff(tmp_path, make_parca_yaml(old), make_parca_yaml(new))
    row = "goes on  j    h:1     all       scheme: http -> https"
    assert (exit_code, out.splitlines()[1]) == (0, row)


def test_a_target_that_shares_its_series_may_go(tmp_path: Path) -> None:
    labels = [{"target_label": "instance", "replacement": "i"}]
    old = make_config("h:1", "h:2", relabel_configs=labels)
    new = make_config("h:2", relabel_configs=labels)
    exit_code, out, _ = diff(tmp_path, make_parca_yaml(old), make_parca_yaml(new))
    row = "goes on  j    h:1     all       another target has the same series"
    assert (exit_code, out.splitlines()[1]) == (0, row)


def test_control_characters_are_escaped(tmp_path: Path) -> None:
    label = {"target_label": "a", "replacement": "\x1b[2J"}
    old = make_config("h:1", job_name="\x1b[1m", relabel_configs=[label])
    _, out, err = diff(tmp_path, make_parca_yaml(old), make_parca_yaml(make_config("h:1")))
    row = r"breaks  j    h:1     all       a: '\x1b[2J' -> (none), job: '\x1b[1m' -> j"
    assert (out.splitlines()[1], err) == (row, "")


def test_the_job_that_parca_k8s_adds_for_itself_is_not_compared_with_databags(
    tmp_path: Path,
) -> None:
    (config,) = make_document()["scrape_configs"]
    in_place = make_parca_yaml(config, make_config("localhost:7070", job_name="parca"))
    result = (0, NOTHING.format(1), OWN_JOB)
    assert diff(tmp_path, in_place, make_dump(ONE_PORT)) == result
    assert diff(tmp_path, make_dump(ONE_PORT), in_place) == result


def test_the_job_that_parca_k8s_adds_for_itself_is_compared_between_files(tmp_path: Path) -> None:
    in_place = make_parca_yaml(make_config("localhost:7070", job_name="parca"))
    exit_code, out, err = diff(tmp_path, in_place, make_parca_yaml())
    assert (exit_code, out.splitlines()[-1], err) == (
        1,
        "breaks: 0, ends: 1, moved: 0, starts: 0, goes on: 0",
        "",
    )


def test_with_the_rules_of_a_library_the_new_input_may_be_left_out(tmp_path: Path) -> None:
    dump = make_dump({"static_configs": [{"targets": ["db:1"]}]})
    file = tmp_path / "dump"
    file.write_text(dump, encoding="utf-8")
    exit_code, out, err = diff(tmp_path, dump, dump, "--as", "machine")
    row = "ends    cos_6f2c1d0e_zinc  zinc-0.local:80  all"
    assert (exit_code, out.splitlines()[1], err) == (1, row, "")
    assert run("diff", file, "--as", "machine") == (1, out, "")


def test_the_rules_of_a_library_are_for_databags(tmp_path: Path) -> None:
    result = diff(tmp_path, make_parca_yaml(), make_dump(ONE_PORT), "--as", "k8s")
    line = "parca-scrape: error: old: --as needs databags, but this is a parca.yaml\n"
    assert result == (2, "", line)


def test_databags_on_which_the_library_fails_are_refused(tmp_path: Path) -> None:
    dump = make_dump({"static_configs": [{"targets": ["*"]}]})
    assert diff(tmp_path, dump, dump, "--as", "k8s") == (
        2,
        "",
        "parca-scrape: error: old: relation 7 with zinc: the k8s reference library fails on"
        " scrape_jobs[0].static_configs[0].targets[0]: must be text with one colon, as in"
        " host:port: the Parca charm is then in error, and Parca keeps its last configuration:"
        " compare with the current parca.yaml\n",
    )


def test_problems_that_the_library_does_not_know_are_hinted_at(tmp_path: Path) -> None:
    dump = make_dump({**ONE_PORT, "scrape_interval": "soon"})
    assert diff(tmp_path, dump, dump, "--as", "k8s") == (
        0,
        NOTHING.format(1),
        "parca-scrape: 1 problem in the databags: see parca-scrape check\n"
        "parca-scrape: old: the k8s reference library does not know these problems, and Parca may"
        " refuse everything that it renders: compare with the current parca.yaml\n",
    )


def test_problems_of_both_inputs_are_hinted_at(tmp_path: Path) -> None:
    old, new = make_dump(ONE_PORT, 5), make_dump(ONE_PORT, 5, 6)
    err = (
        "parca-scrape: 1 problem in the databags: see parca-scrape check\n"
        "parca-scrape: 2 problems in the databags: see parca-scrape check\n"
    )
    assert diff(tmp_path, old, new) == (0, NOTHING.format(1), err)


def test_a_relation_that_an_input_leaves_out_is_named(tmp_path: Path) -> None:
    whole = (INPUTS / "kubernetes-juju-4.0.16-all.yaml").read_text("utf-8")
    shown: Dict[str, object] = yaml.safe_load(whole)
    part = {unit: shown[unit] for unit in shown if not unit.startswith("shop/")}
    exit_code, out, err = diff(tmp_path, whole, yaml.safe_dump(part))
    assert (exit_code, out.splitlines()[-1]) == (
        1,
        "breaks: 0, ends: 2, moved: 0, starts: 0, goes on: 3",
    )
    (line,) = (line for line in err.splitlines() if "relation" in line)
    assert line.startswith("parca-scrape: new: error: relation 12 shop: scrape_jobs: not in the")
    assert line.endswith("; its targets are missing on this side")


def test_what_is_uncertain_is_said_in_a_few_lines(tmp_path: Path) -> None:
    rules = [{"action": "hashmod"} for _ in range(MAX_WARNINGS + 5)]
    in_place = make_parca_yaml(make_config("h:1", relabel_configs=rules))
    exit_code, out, err = diff(tmp_path, in_place, make_parca_yaml(make_config("h:1")))
    lines = [
        f"parca-scrape: old: job j: relabel_configs[{index}]: its action is not supported:"
        " compared without this rule\n"
        for index in range(MAX_WARNINGS)
    ]
    more = "parca-scrape: and 5 more of this kind\n"
    assert (exit_code, out, err) == (0, NOTHING.format(1), "".join(lines) + more)


@pytest.mark.parametrize(
    ("old", "reason"),
    [
        ("scrape_configs: 5", "scrape_configs must be a list"),
        ("scrape_configs: [a: b: c", "not valid YAML or JSON: see line 1"),
        ("scrape_configs: &a []\nx: *a", None),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, old: str, reason: Optional[str]
) -> None:
    exit_code, out, err = diff(tmp_path, old, make_dump(ONE_PORT))
    rule = "YAML aliases are not allowed: they can expand without limit"
    assert (exit_code, out, err) == (2, "", f"parca-scrape: error: old: {reason or rule}\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["-", "-"], "standard input can be read only once: pass - once"),
        (["-"], "NEW is missing: it is optional only with --as and --live"),
        (["/does/not/exist", "-"], "/does/not/exist: No such file or directory"),
    ],
)
def test_missing_inputs_are_refused_in_one_line(arguments: List[str], line: str) -> None:
    assert run("diff", *arguments) == (2, "", f"parca-scrape: error: {line}\n")


@pytest.mark.parametrize("options", [["FILE", "-"], ["-", "FILE"], ["-", "--as", "k8s"]])
def test_a_side_can_be_standard_input(tmp_path: Path, options: List[str]) -> None:
    file = tmp_path / "dump"
    file.write_text(make_dump(ONE_PORT), encoding="utf-8")
    arguments = [str(file) if option == "FILE" else option for option in options]
    with start("diff", *arguments) as process:
        out, err = process.communicate(file.read_bytes())
    assert (process.returncode, out, err) == (0, NOTHING.format(1).encode(), b"")


TEXTS = st.sampled_from(
    [
        make_dump(ONE_PORT),
        make_dump(ONE_PORT, 5),
        make_parca_yaml(*make_document()["scrape_configs"]),
        "scrape_configs: [{job_name: [], static_configs: {a: b}, relabel_configs: [[]]}]",
        '{"scrape_configs": [{"static_configs": [{"targets": ["h"], "labels": []}]}]}',
        "",
    ]
)


@given(
    old=TEXTS | st.text(max_size=80),
    new=TEXTS,
    cut=st.integers(0, 400),
    junk=st.text(max_size=3),
    options=st.sampled_from([[], ["--as", "k8s"], ["--as", "machine"], ["--format", "json"]]),
)
def test_any_two_texts_give_an_exit_code_and_lines(
    old: str, new: str, cut: int, junk: str, options: List[str]
) -> None:
    damaged = (old[:cut] + junk + old[cut + len(junk) :]).encode("utf-8", "surrogatepass")
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("old", "new")]
        files[0].write_bytes(damaged)
        files[1].write_text(new, encoding="utf-8")
        exit_code, out, err = run("diff", *files, *options)
    assert exit_code in (0, 1, 2)
    assert (out == "") == (exit_code == 2)
    assert all(line.isprintable() for line in (out + err).splitlines())
    assert exit_code != 2 or err.count("\n") == 1
