from __future__ import annotations

from pathlib import Path
from typing import Dict, List

import pytest

from parca_scrape.migration.code import needs, rewriting
from parca_scrape.migration.code.library_names import to_package, to_single_file
from tests.cli.vendored import CURRENT
from tests.migration.code.trees import (
    K8S,
    MACHINE,
    PACKAGE,
    TOPOLOGY,
    publish_k8s,
    publish_machine,
    write_tree,
)

IMPORT = "from charms.parca_k8s.v0.parca_scrape import DEFAULT_JOB\n"
MENTION = "mentions the vendored library: update it if necessary"
COPY = "another copy of the library: remove it, or run `parca-scrape vendor` there"
LIBS = "charm-libs:\n- lib: parca_k8s.parca_scrape\n  version: '0'\n"
REMOVE = "remove it: nothing needs it any more"
NO_LIBRARY = "charmcraft fetch-libs: remove the command: no library is left to fetch"
ALWAYS = {"charmcraft.yaml": "name: zinc\n", "requirements.txt": f"{PACKAGE}\nops\n"}
WORKS = "it works with the package; change it if this library is your own"


def find(root: Path, files: Dict[str, str], *, is_package: bool = True) -> List[str]:
    """Return what is left to do in a charm."""
    write_tree(root, {**ALWAYS, **files})
    destination = to_package() if is_package else to_single_file()
    draft = rewriting.make_draft(root, destination, force=False)
    return [leftover.describe() for leftover in draft.sort_leftovers()]


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        ("README.md", "# Zinc\n\nIt uses `charms.parca_k8s.v0.parca_scrape`.\n",
         [f"README.md:3: {MENTION}"]),
        (".github/workflows/test.yaml", "run: cat lib/charms/parca/v0/parca_scrape.py\n",
         [f".github/workflows/test.yaml:1: {MENTION}"]),
        ("src/other.py", '"""See charms.parca.v0.parca_scrape."""\n'
         "# charms.parca_k8s.v0.parca_scrape\n",
         [f"src/other.py:1: {MENTION}", f"src/other.py:2: {MENTION}"]),
        ("docs/page.rst", "charms.parca_k8s.v0.parca_store and the interface parca_scrape\n", []),
        ("tests/tester/lib/charms/parca/v0/parca_scrape.py", IMPORT,
         [f"tests/tester/lib/charms/parca/v0/parca_scrape.py: {COPY}"]),
        ("lib/charms/zinc/v0/own.py", '"""charms.parca_k8s.v0.parca_scrape"""\n\n' + IMPORT,
         [f"lib/charms/zinc/v0/own.py:3: imports the library: {WORKS}"]),
        ("lib/charms/loki_k8s/v0/loki.py", '"""Beside charms.parca_k8s.v0.parca_scrape."""\n', []),
    ],
)  # fmt: skip
def test_what_names_the_library_is_left(
    path: str, text: str, lines: List[str], tmp_path: Path
) -> None:
    assert find(tmp_path, {path: text}) == lines


@pytest.mark.parametrize(
    "text",
    [
        "import cosl",
        "import os; import cosl",
        "if True: from cosl import X",
        "import os, \\\n  cosl",
    ],
)
def test_every_import_of_cosl_keeps_it(text: str) -> None:
    assert needs.needs_cosl(text)
    assert not needs.needs_cosl(text.replace("cosl", "cosl2"))


def test_nothing_is_left_of_mentions_for_the_single_file(tmp_path: Path) -> None:
    text = "Fetch charms.parca_k8s.v0.parca_scrape.\n"
    files = {"README.md": text, "tox.ini": "ops\n", K8S: CURRENT["parca_k8s"]}
    assert find(tmp_path, files, is_package=False) == []


def test_commands_that_fetch_libraries_are_left_when_there_are_none(tmp_path: Path) -> None:
    files = {
        "charmcraft.yaml": "name: zinc\n" + LIBS,
        "justfile": "fetch:\n    charmcraft fetch-libs\n",
    }
    assert find(tmp_path / "none", files) == [f"justfile:2: {NO_LIBRARY}"]
    files["charmcraft.yaml"] += "- lib: a.b\n  version: '0'\n"
    assert find(tmp_path / "one", files) == []


def test_lists_in_other_files_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "charmcraft.yaml": "parts:\n  charm:\n    charm-python-packages:\n    - cosl>=0.1\n",
        "tox.ini": "[testenv:unit]\nname = unit\ndeps =\n    # ops\n    ops>=2\n    cosl\n    x\n",
        K8S: publish_k8s(monkeypatch),
    }
    assert find(tmp_path, files) == [
        f"charmcraft.yaml:4: - cosl>=0.1: {REMOVE}",
        f"tox.ini:5: ops>=2: add {PACKAGE}",
        f"tox.ini:6: cosl: {REMOVE}",
    ]


def test_a_charm_whose_tox_installs_the_package_is_done(tmp_path: Path) -> None:
    assert find(tmp_path, {"tox.ini": f"deps =\n    ops>=2\n    {PACKAGE}\n"}) == []


@pytest.mark.parametrize(
    ("code", "is_dropped"),
    [
        ("import cosl\n", False),
        ("import os, cosl\n", False),
        ("def f():\n    from cosl.rules import AlertRules\n", False),
        ("importlib.import_module('cosl')\n", False),
        ("patch('cosl.rules.AlertRules')\n", False),
        ("import coslx\n", True),
        ("x = 'costs of cosl'  # cosl\n", True),
    ],
)
def test_cosl_stays_where_other_code_needs_it(
    code: str, is_dropped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        **ALWAYS,
        "requirements.txt": f"{PACKAGE}\ncosl\nops\n",
        "tests/test_charm.py": code,
        K8S: publish_k8s(monkeypatch),
    }
    write_tree(tmp_path, files)
    draft = rewriting.make_draft(tmp_path, to_package(), force=False)
    assert ("requirements.txt" in draft.texts) == is_dropped


@pytest.mark.parametrize(
    ("code", "is_removed"),
    [
        ("from charms.observability_libs.v0.juju_topology import JujuTopology\n", False),
        ("from charms.observability_libs.v0 import (\n    other,\n    juju_topology,\n)\n", False),
        ("import charms.observability_libs.v0.juju_topology as topology\n", False),
        ("from charms.observability_libs.v0 import (\n    other,\n)\njuju_topology = 1\n", True),
        ('"""> `charmcraft fetch-lib charms.observability_libs.v0.juju_topology`"""\n', True),
    ],
)
def test_juju_topology_stays_where_other_code_needs_it(
    code: str, is_removed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = publish_machine(monkeypatch)
    write_tree(tmp_path, {**ALWAYS, "lib/charms/a/v0/b.py": code, MACHINE: library, TOPOLOGY: ""})
    draft = rewriting.make_draft(tmp_path, to_package(), force=False)
    assert draft.removed == [MACHINE, TOPOLOGY][: 1 + is_removed]


def test_a_library_that_is_only_fetched_at_build_time_has_the_same_needs(tmp_path: Path) -> None:
    libs = LIBS + "- lib: observability_libs.juju_topology\n  version: '0'\n"
    machine = libs.replace("parca_k8s", "parca")
    requirements = f"{PACKAGE}\ncosl\nops\n"
    expected = {
        libs: {
            "charmcraft.yaml": libs.replace(LIBS, "charm-libs:\n"),
            "requirements.txt": f"{PACKAGE}\nops\n",
        },
        machine: {"charmcraft.yaml": ""},
    }
    for text, texts in expected.items():
        root = tmp_path / str(len(texts))
        write_tree(root, {"charmcraft.yaml": text, "requirements.txt": requirements})
        assert rewriting.make_draft(root, to_package(), force=False).texts == texts
