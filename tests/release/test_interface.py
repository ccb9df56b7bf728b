"""The written interface is true: its schemas, tables and examples are those of the code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Set

import pytest
import yaml
from jsonschema import Draft202012Validator

from parca_scrape import ALLOWED_KEYS, RELATION_INTERFACE_NAME, AppDatabag, UnitDatabag
from parca_scrape import _limits as limits
from parca_scrape._getters import as_object
from parca_scrape._legacy import FILE_FIELDS, LEGACY_ADDRESS_KEY
from parca_scrape.cli.reference import LIBRARIES
from parca_scrape.cli.schema import read_schema
from parca_scrape.databag import (
    INGRESS_ADDRESS_KEY,
    MAX_DEPTH,
    MAX_DIGITS,
    SCRAPE_JOBS_KEY,
    SCRAPE_METADATA_KEY,
    UNIT_ADDRESS_KEY,
    UNIT_NAME_KEY,
)
from parca_scrape.problems import Problem
from parca_scrape.profiling import PROFILE_FIELDS, PROFILING_FIELDS, SAMPLE_TYPE_FIELDS
from parca_scrape.static_configs import STATIC_CONFIG_FIELDS
from parca_scrape.tls import HOST_FIELDS, TLS_FIELDS
from parca_scrape.topology import TOPOLOGY_KEYS
from tests.cli.schemas import list_faults
from tests.cli.test_databag_schemas import leave_out_what_no_schema_can_say
from tests.forms import ROOT

FOLDER = ROOT / "interface" / "parca_scrape" / "v0"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
TOOL = Path("tools") / "interface.py"
DATA = ROOT / "tests" / "data"
YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES: List[Dict[str, Dict[str, str]]] = list(map(yaml.safe_load, YAML_BLOCK.findall(README)))
FIRST_CELL = re.compile(r"^\| `(\w[\w-]*)` \|", re.MULTILINE)
CODE = re.compile("`([^`]+)`")
# The table of keys under each heading of the page.
KEYS: Dict[str, Set[str]] = {
    "Application databag": {SCRAPE_METADATA_KEY, SCRAPE_JOBS_KEY},
    "`scrape_metadata`": {*TOPOLOGY_KEYS},
    "`scrape_jobs`": {*ALLOWED_KEYS},
    "`static_configs`": {*STATIC_CONFIG_FIELDS},
    "`profiling_config`": {*PROFILING_FIELDS},
    "`pprof_config`": {*PROFILE_FIELDS},
    "`keep_sample_type`": {*SAMPLE_TYPE_FIELDS},
    "`tls_config`": {*TLS_FIELDS},
    "Unit databag": {UNIT_ADDRESS_KEY, UNIT_NAME_KEY, LEGACY_ADDRESS_KEY, INGRESS_ADDRESS_KEY},
}


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def read_section(heading: str) -> str:
    """Return what stands under a heading, up to the next one."""
    return re.split(r"^#+ .*$", README.split(f"# {heading}\n", 1)[1], flags=re.MULTILINE)[0]


def write_schema(root: Path, *options: str) -> str:
    """Run the tool in a checkout, and return what it prints on standard error."""
    result = subprocess.run(
        [sys.executable, str(root / TOOL), *options], capture_output=True, text=True
    )
    assert (result.returncode == 0) is (not result.stderr), result.stderr
    return result.stderr


def test_the_schemas_are_those_that_the_command_prints() -> None:
    assert write_schema(ROOT, "--check") == ""
    bundled = read_json(FOLDER / "schemas" / "provider.json")["$defs"]
    names = ("app-databag", "unit-databag")
    assert bundled == {name: json.loads(read_schema(name)) for name in names}


def test_a_stale_schema_is_noticed(checkout: Path) -> None:
    path = checkout / "src" / "parca_scrape" / "cli" / "schemas" / "unit-databag.json"
    path.write_text(path.read_text(encoding="utf-8").replace("1024", "9"), encoding="utf-8")
    schema = FOLDER.relative_to(ROOT) / "schemas" / "provider.json"
    stale = f"interface: {schema} is stale: run make reference\n"
    assert write_schema(checkout, "--check") == stale
    assert write_schema(checkout) == ""
    assert write_schema(checkout, "--check") == ""


def list_faults_of(side: str, databags: Mapping[str, Mapping[str, str]]) -> List[str]:
    """Return what is wrong in the databags of a side, also in the JSON that they hold."""
    validator: Any = Draft202012Validator(read_json(FOLDER / "schemas" / f"{side}.json"))
    faults = [str(error.message) for error in validator.iter_errors(databags)]
    for key in (SCRAPE_METADATA_KEY, SCRAPE_JOBS_KEY):
        if key in databags.get("app", {}):
            faults += list_faults("app-databag", json.loads(databags["app"][key]), key)
    return faults


@pytest.mark.parametrize("side", ["provider", "requirer"])
def test_a_schema_is_valid(side: str) -> None:
    schema = read_json(FOLDER / "schemas" / f"{side}.json")
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$schema"]


def test_the_interface_is_described_in_the_form_of_the_field() -> None:
    fields = yaml.safe_load((FOLDER / "interface.yaml").read_text(encoding="utf-8"))
    assert list(fields) == [
        "name",
        "version",
        "status",
        "lib",
        "summary",
        "description",
        "providers",
        "requirers",
        "maintainer",
    ]
    assert (fields["name"], fields["version"]) == (RELATION_INTERFACE_NAME, 0)
    assert fields["status"] in ("draft", "published", "retired")
    for side in ("providers", "requirers"):
        names = [charm["name"] for charm in fields[side]]
        assert names == sorted(set(names))
        assert [charm for charm in fields[side] if list(charm) != ["name", "url"]] == []


@pytest.mark.parametrize("heading", KEYS)
def test_a_table_has_every_key_of_the_codec_and_no_other(heading: str) -> None:
    keys = FIRST_CELL.findall(read_section(heading))
    assert sorted(keys) == sorted(KEYS[heading])


def test_keys_that_name_files_and_secrets_are_explained() -> None:
    text = read_section("`tls_config`")
    assert {*HOST_FIELDS, *FILE_FIELDS} <= set(CODE.findall(text))


def test_the_examples_are_what_the_library_writes() -> None:
    *of_providers, of_requirer = EXAMPLES
    assert of_requirer == {"app": {}, "unit": {}}
    for databags in of_providers:
        app_databag = AppDatabag.decode_strict(databags["app"])
        unit_databag = UnitDatabag.decode_strict(databags["unit"])
        # In the order of the keys, too.
        assert list(app_databag.encode().items()) == list(databags["app"].items())
        assert list(unit_databag.encode().items()) == list(databags["unit"].items())
    assert len(of_providers) == 3


def test_the_examples_are_valid() -> None:
    *of_providers, of_requirer = EXAMPLES
    assert [list_faults_of("provider", databags) for databags in of_providers] == [[], [], []]
    assert list_faults_of("requirer", of_requirer) == []
    assert list_faults_of("requirer", {"unit": {INGRESS_ADDRESS_KEY: "10.1.80.14"}}) == []


def test_a_requirer_that_publishes_what_a_provider_does_is_invalid() -> None:
    for databags in EXAMPLES[:-1]:
        for side in ("app", "unit"):
            assert list_faults_of("requirer", {side: databags[side]})


def test_the_table_of_limits_has_them_all() -> None:
    figures = [f"{MAX_DEPTH:,}", f"{MAX_DIGITS:,}"]
    for name, limit in vars(limits).items():
        if name in ("MAX_JOBS_SIZE", "MAX_TEXT_SIZE", "MAX_MEMORY", "MAX_PEM_LENGTH"):
            figures.append(f"{limit // limits.MIB:,} MiB")
        elif name == "MAX_METADATA_SIZE":
            figures.append(f"{limit // limits.KIB:,} KiB")
        elif name.startswith("MAX_"):
            figures.append(f"{limit:,}")
    table = re.findall(r"^\| ([\d,]+(?: [KM]iB)?) \|", read_section("Limits"), re.MULTILINE)
    assert sorted(table) == sorted(figures)


def list_published() -> Iterator[Dict[str, Any]]:
    """Yield the recorded databags of every published version, and of this one."""
    for name in ("history", "provider"):
        yield from (case for case in read_json(DATA / f"{name}.json") if case["app_data"])


def test_what_every_version_published_is_valid_if_all_of_it_is_used() -> None:
    judged: Dict[str, bool] = {}
    used: Dict[str, bool] = {}
    for case in list_published():
        databags = {"app": case["app_data"], "unit": case["unit_data"]}
        judged[case["name"]] = not list_faults_of("provider", databags)
        used[case["name"]] = not AppDatabag.decode(case["app_data"])[1]
    assert judged == used
    assert set(judged.values()) == {True, False}


def test_the_history_names_the_keys_that_each_version_published() -> None:
    published: Dict[str, Set[str]] = {}
    for case in read_json(DATA / "history.json"):
        for version in case["versions"]:
            jobs = json.loads(case["app_data"][SCRAPE_JOBS_KEY])
            published.setdefault(version, set()).update(*jobs)
    for version, keys in published.items():
        charm, libpatch = version.split()
        is_old = charm == "machine" or libpatch == "1"
        # No recorded case has a profile.
        assert keys == LIBRARIES["machine" if is_old else "k8s"] - {"profiling_config"}

    rows = [set(CODE.findall(row)) for row in read_section("History").splitlines()]
    assert rows.count({"parca", "parca_k8s", *LIBRARIES["machine"]}) == 1
    assert rows.count({"parca_k8s", *(LIBRARIES["k8s"] - LIBRARIES["machine"])}) == 1


def without_relabelling(job: object) -> object:
    """Return a scrape config as a provider publishes it: the consumer writes the other rules."""
    fields = as_object(job)
    if fields is None:
        return job
    return {key: value for key, value in fields.items() if key != "relabel_configs"}


def list_wrong(jobs: Sequence[object]) -> List[Problem]:
    """Return what this library says of jobs, but for what no schema can say."""
    text = json.dumps(jobs)
    _, problems = AppDatabag.decode({SCRAPE_JOBS_KEY: text})
    return leave_out_what_no_schema_can_say(problems, text)


def test_of_what_was_tried_with_parca_nothing_valid_is_wrong() -> None:
    wrong: Dict[str, Sequence[Problem]] = {}
    verdicts: List[str] = []
    for case in read_json(DATA / "parca.json"):
        jobs = [without_relabelling(job) for job in case["scrape_configs"]]
        # No schema can say that a character is half of a pair.
        if "\\ud" in json.dumps(jobs) or list_faults("app-databag", jobs, SCRAPE_JOBS_KEY):
            continue
        verdicts.append(case["verdict"])
        wrong[case["name"]] = list_wrong(jobs)
    # A schema does not look into the brackets of IPv6.
    assert [name for name in wrong if wrong[name]] == ["target '[1.2.3.4]:80'"]
    assert "crash" not in verdicts
    assert verdicts.count("accepted") > 100
