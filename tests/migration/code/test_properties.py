"""Whatever is in the files of a charm, they are rewritten to what is meant, or left."""

from __future__ import annotations

import ast
from typing import Sequence

from hypothesis import given
from hypothesis import strategies as st

from parca_scrape.migration.code import charm_libs, pyproject
from parca_scrape.migration.code.requirements import RequirementsFile
from tests.migration.code.trees import rewrite

OLD = "charms.parca_k8s.v0.parca_scrape"
ENTRIES = ["parca_k8s.parca_scrape", "parca.parca_scrape"]


def join(parts: Sequence[str]) -> st.SearchStrategy[str]:
    """Return a strategy of texts that consist of some parts."""
    return st.lists(st.sampled_from(parts), max_size=14).map("".join)


CODE = join(
    [
        f"import {OLD}\n",
        f"from {OLD} import (",
        "DEFAULT_JOB",
        "LIBPATCH",
        "parca_scrape",
        ", ",
        ")",
        "from charms.parca.v0 import (",
        f"x = {OLD}.Job\n",
        f"'{OLD}.socket'",
        "patch(",
        "f'",
        "'",
        "def f(parca_scrape):\n",
        "if x:\n",
        "class A(B):\n",
        "self.",
        " as p",
        "*",
        "x",
        "; ",
        "\n",
        "\r\n",
        "\f",
        "  ",
        "    ",
        "\\\n",
        "# é\n",
    ]
)
YAML = join(
    [
        "charm-libs:",
        "  - lib: parca.parca_scrape\n",
        "    version: '0'\n",
        "- ",
        "a: b\n",
        "# é\n",
        "{",
        "}",
        "[",
        "]",
        "&x ",
        "*x",
        "|\n",
        "'",
        '"',
        "\n",
        "\r\n",
        "\t",
        ": ",
        "? ",
        "!!x ",
        "---\n",
    ]
)
TOML = join(
    [
        "[project]\n",
        "dependencies = [",
        "'ops>=2'",
        '"cosl"',
        ", ",
        "]",
        "# ops\n",
        "\n",
        "\r\n",
        "[tool.poetry.dependencies]\n",
        "ops = '^2'\n",
        "cosl = '*'\n",
        "[dependency-groups]\n",
        "dev = [",
        "{",
        "}",
        '"""',
        "'",
        "  ",
        "ops.version = '2'\n",
        "[[x]]\n",
        "a = 1979-13-01\n",
    ]
)
REQUIREMENTS = join(
    [
        "ops",
        "cosl",
        "parca-scrape",
        "==1",
        "[a]",
        ";",
        " ",
        "#",
        "-r x",
        "--hash=x",
        "\\\n",
        "\n",
        "\r\n",
    ]
)


@given(CODE)
def test_code_stays_code_and_a_second_time_changes_nothing(text: str) -> None:
    new, _ = rewrite(text)
    try:
        ast.parse(text)
    except SyntaxError:
        assert new == text
    else:
        ast.parse(new)
    assert rewrite(new)[0] == new


@given(YAML)
def test_charm_libs_stay_yaml_and_have_no_entry_any_more(text: str) -> None:
    try:
        new = charm_libs.remove(text, ENTRIES)
    except ValueError:
        return
    left = [entry.library for entry in charm_libs.read(new).entries]
    assert [library for library in left if library in ENTRIES] == []


@given(TOML)
def test_a_pyproject_gets_the_package_wherever_it_has_ops(text: str) -> None:
    try:
        lists = [one for one in pyproject.find_lists(text) if one.lists("ops")]
    except ValueError:
        return
    new, leftovers = pyproject.rewrite(text, lists, drops=True)
    after = pyproject.find_lists(new)
    if not leftovers:
        assert [one.keys for one in after if one.lists("cosl")] == []
        assert [one.keys for one in after if one.lists("ops") > one.lists("parca-scrape")] == []


@given(REQUIREMENTS)
def test_requirements_are_rewritten_once(text: str) -> None:
    new, _ = RequirementsFile("r.txt", text, is_main=True).rewrite(adds=True, drops=True)
    again = RequirementsFile("r.txt", new, is_main=True).rewrite(adds=True, drops=True)
    assert again[0] == new
