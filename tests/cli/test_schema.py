from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Iterator, List

import hypothesis
import pytest
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from parca_scrape.cli.output import prepare_tls
from parca_scrape.cli.schema import NAMES, read_schema
from parca_scrape.render import render
from tests.cli.command import run
from tests.cli.golden_files import GOLDEN, INPUTS
from tests.cli.schemas import list_faults
from tests.forms import ROOT
from tests.strategies import Json, Object, Remote, databags_of, good_remotes

PACKAGE = ROOT / "src" / "parca_scrape"
OUTPUTS = [name for name in NAMES if not name.endswith("databag")]
RUN = "import sys; from parca_scrape.cli.main import main; sys.exit(main(['schema', 'render']))"


def test_every_schema_has_a_name() -> None:
    files = (PACKAGE / "cli" / "schemas").iterdir()
    assert sorted(file.name for file in files) == [f"{name}.json" for name in NAMES]


def test_without_a_name_the_schemas_are_listed() -> None:
    exit_code, out, err = run("schema")
    titles = [json.loads(read_schema(name))["title"] for name in NAMES]
    lines = [["NAME", "SCHEMA"], *map(list, zip(NAMES, titles))]
    assert (exit_code, [re.split("  +", line) for line in out.splitlines()], err) == (0, lines, "")


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_printed_as_it_is(name: str) -> None:
    text = (PACKAGE / "cli" / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    assert run("schema", name) == (0, text, "")


def test_an_unknown_schema_is_refused() -> None:
    exit_code, out, err = run("schema", "vendor")
    assert (exit_code, out) == (2, "")
    assert "invalid choice: 'vendor'" in err


def test_a_schema_is_printed_from_a_zip_file(tmp_path: Path) -> None:
    archive = tmp_path / "parca-scrape.pyz"
    with zipfile.ZipFile(str(archive), "w") as zip_file:
        for file in PACKAGE.rglob("*"):
            if file.suffix in (".py", ".json"):
                zip_file.write(str(file), str(file.relative_to(PACKAGE.parent)))
    code = f"import sys; sys.path.insert(0, {str(archive)!r}); {RUN}"
    printed = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], stdout=subprocess.PIPE, check=True
    )
    assert printed.stdout.decode() == read_schema("render")


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_explains_itself(name: str) -> None:
    schema = json.loads(read_schema(name))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$schema"]
    assert schema["$id"] == f"urn:parca-scrape:{name}"
    assert schema["title"]
    assert schema["description"]


def list_objects(value: Json) -> Iterator[Object]:
    """Yield all objects in JSON."""
    if isinstance(value, dict):
        yield value
        value = [*value.values()]
    if isinstance(value, list):
        for child in value:
            yield from list_objects(child)


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_schema_of_an_output_describes_every_property_and_allows_no_other(name: str) -> None:
    schema: Json = json.loads(read_schema(name))
    for part in list_objects(schema):
        properties = part.get("properties")
        if part.get("type") == "object" and isinstance(properties, dict):
            assert part["additionalProperties"] is False
            assert [
                key
                for key, value in properties.items()
                if isinstance(value, dict) and not {"description", "$ref"} & value.keys()
            ] == []


def test_every_golden_output_is_valid() -> None:
    outputs = [file for file in GOLDEN.glob("*/*.json") if file.parent != INPUTS]
    faults = {
        str(file): list_faults(file.parent.name, json.loads(file.read_text(encoding="utf-8")))
        for file in outputs
    }
    assert faults == {str(file): [] for file in outputs}


@hypothesis.given(st.lists(good_remotes(), max_size=3))
def test_whatever_is_rendered_is_valid(remotes: List[Remote]) -> None:
    scrape_configs, _ = render(databags_of(remotes))
    for scrape_config in scrape_configs:
        prepare_tls(scrape_config.get("tls_config", {}), show_secrets=False)
    assert list_faults("render", json.loads(json.dumps({"scrape_configs": scrape_configs}))) == []
