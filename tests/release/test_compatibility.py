"""What the reference says of versions is what is tested, and what the code says."""

from __future__ import annotations

import ast
import json
import re
from typing import Any, Dict, List, Tuple

import pytest
import yaml

from parca_scrape.cli.schema import NAMES, read_schema
from tests.cli.deployments import VERSIONS
from tests.forms import ROOT
from tests.juju.published import CASES

FOLDER = ROOT / "docs" / "reference"
ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def read_table(page: str, header: str) -> List[List[str]]:
    """Return the cells of the table whose first row begins so, without that one."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    table = text.split(f"\n| {header}", 1)[1].split("\n\n", 1)[0]
    return [row.split(" | ") for row in ROW.findall(table)]


def read_matrix() -> Dict[str, str]:
    """Return the Pythons of each ops in the matrix; nox itself is not installed here."""
    constants: Dict[str, Any] = {}
    for node in ast.parse(read("tools/noxfile.py")).body:
        name = getattr(node.targets[0], "id", "") if isinstance(node, ast.Assign) else ""
        if name in ("PYTHONS", "OPS"):
            exec(compile(ast.Module([node], []), "", "exec"), constants)
    matrix: Dict[str, Tuple[str, List[str]]] = constants["OPS"]
    return {ops: ", ".join(pythons) for ops, (_, pythons) in matrix.items()}


def test_the_table_of_ops_and_python_is_that_of_the_matrix() -> None:
    assert dict(read_table("compatibility.md", "ops | Python |")) == read_matrix()


def test_the_range_of_python_and_ops_is_that_of_the_package() -> None:
    project = read("pyproject.toml")
    assert 'requires-python = ">=3.8"' in project
    assert 'dependencies = ["ops>=2.2,<4"]' in project
    supported = dict(read_table("support.md", "what | versions |"))
    assert supported["Python"] == "3.8 and newer"
    assert supported["ops"] == "from 2.2 to below 4"


def test_the_versions_of_juju_are_those_that_are_modelled() -> None:
    named = ", ".join(version for version in VERSIONS if "with" not in version)
    prose = " ".join(read("docs/reference/compatibility.md").split())
    assert f"the versions {' and '.join(named.rsplit(', ', 1))}." in prose


def test_the_version_of_parca_is_that_of_ci() -> None:
    version = yaml.safe_load(read(".github/workflows/ci.yml"))["jobs"]["functional"]["env"]
    prose = " ".join(read("docs/reference/compatibility.md").split())
    assert f"with Parca {version['PARCA_VERSION']}." in prose


def test_every_published_version_was_recorded() -> None:
    assert len({version for case in CASES for version in case["versions"]}) == 12
    assert "each of the twelve published versions" in read("docs/reference/compatibility.md")


def test_the_schemas_are_listed_with_their_titles() -> None:
    listed = {name.strip("`"): title for name, title in read_table("schemas.md", "name | what")}
    titles: Dict[str, str] = {name: json.loads(read_schema(name))["title"] for name in NAMES}
    assert listed == titles


def test_every_shim_can_go_when_its_comment_says_so() -> None:
    comments = " ".join(re.sub(r"\n# ", " ", read("src/parca_scrape/_legacy.py")).split())
    conditions = re.findall(r"can go when ([^.]+)\.", comments)
    listed = [row[-1].replace("`", "") for row in read_table("support.md", "what | where it")]
    assert listed == [condition.replace("`", "") for condition in conditions]


@pytest.mark.parametrize("page", ["compatibility.md", "support.md"])
def test_every_test_and_file_that_is_named_exists(page: str) -> None:
    paths = re.findall(r"`((?:tests|tools|src)/[\w./-]+)`", (FOLDER / page).read_text("utf-8"))
    assert [path for path in paths if not (ROOT / path).exists()] == []
