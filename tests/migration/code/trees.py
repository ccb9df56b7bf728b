"""Charms as text: what their files hold before and after a migration."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Mapping, Tuple, Union

import pytest

from parca_scrape.migration.code import rewriting
from parca_scrape.migration.code.charm_tree import CharmTree
from parca_scrape.migration.code.draft import Draft
from parca_scrape.migration.code.library_names import to_package, to_single_file
from parca_scrape.version import VERSION
from tests.cli.vendored import publish

K8S = "lib/charms/parca_k8s/v0/parca_scrape.py"
MACHINE = "lib/charms/parca/v0/parca_scrape.py"
TOPOLOGY = "lib/charms/observability_libs/v0/juju_topology.py"
PACKAGE = f"parca-scrape>={VERSION}"
CODE = "src/charm.py"

Files = Mapping[str, Union[str, bytes]]


def write_tree(root: Path, files: Files) -> Path:
    """Write files into a folder and return the folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def read_tree(root: Path) -> Dict[str, str]:
    """Return all files in a folder, also those that are hidden."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes().decode("utf-8", errors="replace")
        for path in sorted(root.rglob("*"))
        if path.is_file() or path.is_symlink()
    }


def publish_k8s(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a version of the library of parca-k8s that needs cosl, and counts as published."""
    return publish(monkeypatch, "parca_k8s", 6, "from cosl import JujuTopology\n")


def publish_machine(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a version of the library of parca that needs juju_topology."""
    line = "from charms.observability_libs.v0.juju_topology import JujuTopology\n"
    return publish(monkeypatch, "parca", 6, line)


def rewrite(text: str, path: str = CODE, *, is_package: bool = True) -> Tuple[str, List[str]]:
    """Return the new text of a Python file, and what is left to do, each without the path."""
    tree = CharmTree(Path("/charm"))
    tree.contents[path] = text.encode()
    draft = Draft(tree, to_package() if is_package else to_single_file(), {})
    rewriting.rewrite_code(draft)
    lines = [leftover.describe() for leftover in draft.sort_leftovers()]
    return draft.read(path) or "", [line.partition(":")[2] for line in lines]
