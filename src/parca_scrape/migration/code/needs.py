"""What only the vendored library needs in a charm, and what else in the charm needs the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterable, List, Tuple

from parca_scrape.cli.charmhub import LIBIDS
from parca_scrape.cli.single_files import make_path
from parca_scrape.migration.code.charm_tree import CharmTree, Leftover, number_line

LIBRARIES = tuple(make_path(Path(), charm).as_posix() for charm in LIBIDS)
COPY = re.compile(r"(?:^|/)charms/parca(?:_k8s)?/v0/parca_scrape\.py$")
TOPOLOGY = "lib/charms/observability_libs/v0/juju_topology.py"
TOPOLOGY_LIBRARY = "observability_libs.juju_topology"

COSL_USE = re.compile(
    r"(?:^|[;:])[ \t]*(?:from|import)[ \t]+cosl\b|\bimport\b[^#;]*?,[\s\\]*cosl\b"
    r"|[\"']cosl\b(?!(?:\.juju_topology)?\.JujuTopology\b)",
    re.MULTILINE,
)
TOPOLOGY_USE = re.compile(
    r"\b(?:from|import)\s+charms\.observability_libs\.v0"
    r"(?:\.juju_topology\b|\s+import\s*(?:\([^)]*|[^\n]*)\bjuju_topology\b)"
)
TOPOLOGY_PATCH = re.compile(
    r"[\"']((?:cosl(?:\.juju_topology)?|charms\.observability_libs\.v0\.juju_topology)"
    r"\.JujuTopology\b[\w.]*)[\"']"
)
# What cosl brings along; its other dependencies come with ops.
COSL_PACKAGES = ("pydantic", "tenacity", "typing_extensions")


def needs_cosl(text: str) -> bool:
    """Return whether a file imports or patches cosl, or requires it in its `PYDEPS`."""
    return COSL_USE.search(text) is not None


def needs_topology(text: str) -> bool:
    """Return whether a file imports the vendored `juju_topology`."""
    return TOPOLOGY_USE.search(text) is not None


def list_other_code(tree: CharmTree) -> List[Tuple[str, str]]:
    """Return path and text of all Python files but the vendored libraries and juju_topology."""
    own = (*LIBRARIES, TOPOLOGY)
    paths = [path for path in tree.list_python() if path not in own]
    return [(path, tree.decode(path)) for path in paths]


def list_topology_patches(code: Iterable[Tuple[str, str]]) -> List[Leftover]:
    """Return where tests replace the topology of the reference library."""
    advice = (
        "does not affect parca_scrape, and fails without that library: to test parca_scrape, patch"
        " parca_scrape.ProviderTopology.from_charm"
    )
    return [
        Leftover(path, number_line(text, found.start()), found.group(1), advice)
        for path, text in code
        for found in TOPOLOGY_PATCH.finditer(text)
    ]


def list_lost_packages(
    code: Iterable[Tuple[str, str]], requirements: Iterable[str]
) -> List[Leftover]:
    """Return which packages came with cosl, and are imported but not required."""
    listed = {name.replace("-", "_") for name in requirements}
    leftovers: List[Leftover] = []
    for name in COSL_PACKAGES:
        pattern = re.compile(rf"^[ \t]*(?:from|import)[ \t]+{name}\b", re.MULTILINE)
        places = [(path, text, pattern.search(text)) for path, text in code]
        first = next(((path, text, found) for path, text, found in places if found), None)
        if first and name not in listed:
            path, text, found = first
            advice = "it was installed with cosl: add it to the dependencies"
            line = number_line(text, found.start())
            leftovers.append(Leftover(path, line, f"imports {name}", advice))
    return leftovers
