from __future__ import annotations

from typing import List

import pytest

from parca_scrape.migration.code import pyproject
from parca_scrape.version import VERSION
from tests.migration.code.trees import PACKAGE

PROJECT = '[project]\nname = "zinc"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (PROJECT + 'dependencies = ["ops>=3.8.0", "pydantic", "cosl"]  # few\n',
         PROJECT + f'dependencies = ["ops>=3.8.0", "{PACKAGE}", "pydantic"]  # few\n'),
        (PROJECT + "dependencies = ['cosl', 'ops']\n",
         PROJECT + f"dependencies = ['ops', '{PACKAGE}']\n"),
        (PROJECT + "dependencies = ['ops', 'cosl', 'x']\n",
         PROJECT + f"dependencies = ['ops', '{PACKAGE}', 'x']\n"),
        (PROJECT + 'dependencies = [\n  # cosl\n  "ops>=2",  # framework\n  "x",\n'
         '  # topology\n  "cosl>=0.0.51",  # old\n]\n',
         PROJECT + f'dependencies = [\n  # cosl\n  "ops>=2",  # framework\n  "{PACKAGE}",\n'
         '  "x",\n  # topology\n]\n'),
        (PROJECT + 'dependencies = [\n    "x",\n    "ops[tracing]" # last\n]\n',
         PROJECT + 'dependencies = [\n    "x",\n    "ops[tracing]", # last\n'
         f'    "{PACKAGE}",\n]\n'),
        (PROJECT + 'dependencies = ["ops"]\n[project.optional-dependencies]\n'
         'dev = ["cosl", "pytest", "ops[testing]"]\n',
         PROJECT + f'dependencies = ["ops", "{PACKAGE}"]\n[project.optional-dependencies]\n'
         'dev = ["pytest", "ops[testing]"]\n'),
        ('[tool.poetry.dependencies]\r\npython = "^3.10"\r\nops = "^2.17"\r\ncosl = "*"\r\n'
         '[tool.poetry.group.unit.dependencies]\r\ncosl = "*"\r\nops = {extras = ["testing"]}\r\n',
         '[tool.poetry.dependencies]\r\npython = "^3.10"\r\nops = "^2.17"\r\n'
         f'parca-scrape = ">={VERSION}"\r\n'
         '[tool.poetry.group.unit.dependencies]\r\nops = {extras = ["testing"]}\r\n'),
        ('[ tool . "poetry".dependencies ]\n  "ops" = "^2.17"',
         f'[ tool . "poetry".dependencies ]\n  "ops" = "^2.17"\n  parca-scrape = ">={VERSION}"\n'),
        (PROJECT + f'dependencies = ["ops", "{PACKAGE}"]\n',
         PROJECT + f'dependencies = ["ops", "{PACKAGE}"]\n'),
    ],
)  # fmt: skip
def test_the_package_comes_after_ops_and_cosl_goes(before: str, after: str) -> None:
    lists = [one for one in pyproject.find_lists(before) if one.is_main and one.lists("ops")]
    assert pyproject.rewrite(before, lists, drops=True) == (after, [])


def test_all_lists_of_dependencies_are_found() -> None:
    text = (
        '[project]\ndependencies = ["a"]\n[project.optional-dependencies]\ndev = ["b"]\n'
        '[dependency-groups]\nunit = ["c", {include-group = "lint"}]\n'
        '[tool.uv]\ndev-dependencies = ["d"]\nconstraint-dependencies = ["z"]\n'
        '[tool.poetry.dependencies]\ne = "^1"\n[tool.poetry.dev-dependencies]\nf = "*"\n'
        '[tool.poetry.group.g.dependencies]\ng = {version = "1"}\n'
    )
    found = [
        (".".join(one.keys), one.requirements, one.is_main)
        for one in pyproject.find_lists(text)
        if one.requirements
    ]
    assert found == [
        ("project.dependencies", ("a",), True),
        ("project.optional-dependencies.dev", ("b",), False),
        ("dependency-groups.unit", ("c",), False),
        ("tool.uv.dev-dependencies", ("d",), False),
        ("tool.poetry.dependencies", ("e ^1",), True),
        ("tool.poetry.dev-dependencies", ("f *",), False),
        ("tool.poetry.group.g.dependencies", ("g {'version': '1'}",), False),
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('project = {dependencies = ["""ops""", "cosl"]}\n',
         [f"pyproject.toml: project.dependencies: add {PACKAGE} by hand"]),
        (PROJECT + 'dependencies = ["ops"]\n[dependency-groups]\na = ["ops"]\n',
         [f"pyproject.toml: project.dependencies: add {PACKAGE} by hand"]),
        ('[tool.poetry.dependencies]\nops = [\n  {version = "1"},\n  {version = "2"},\n]\n',
         [f"pyproject.toml: tool.poetry.dependencies: add {PACKAGE} by hand"]),
        ('[tool.poetry]\ndependencies = {ops = "^3", cosl = "*"}\n',
         [f"pyproject.toml: tool.poetry.dependencies: add {PACKAGE} by hand",
          "pyproject.toml: tool.poetry.dependencies: remove cosl by hand"]),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_changed_safely_is_left(text: str, lines: List[str]) -> None:
    lists = [one for one in pyproject.find_lists(text) if one.is_main and one.lists("ops")]
    new, leftovers = pyproject.rewrite(text, lists, drops="tool" in text)
    assert (new, [leftover.describe() for leftover in leftovers]) == (text, lines)


def test_strings_with_three_quotes_are_left() -> None:
    text = PROJECT + 'dependencies = [\n    """ops""",\n    """cosl""",\n]\n'
    new, leftovers = pyproject.rewrite(text, pyproject.find_lists(text)[:1], drops=True)
    assert new == text
    assert [leftover.advice for leftover in leftovers] == [
        f"add {PACKAGE} by hand",
        "remove cosl by hand",
    ]


@pytest.mark.parametrize("text", ["[", "a = 1\na = 2\n", "a = " + "[" * 5000])
def test_what_is_not_toml_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not valid TOML$"):
        pyproject.find_lists(text)


def test_an_ops_that_is_too_old_is_noted() -> None:
    text = PROJECT + 'dependencies = [\n    "ops~=1.5",\n]\n'
    _, leftovers = pyproject.rewrite(text, pyproject.find_lists(text)[:1], drops=False)
    assert [leftover.describe() for leftover in leftovers] == [
        "pyproject.toml: ops~=1.5: parca-scrape needs ops>=2.2,<4: change it"
    ]
