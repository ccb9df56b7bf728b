"""The names of the vendored libraries: which of them the package and the single file have."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import FrozenSet, Iterator, Optional, Tuple

import parca_scrape
from parca_scrape.cli.charmhub import LIBIDS
from parca_scrape.cli.single_files import read_shipped

PACKAGE = "parca_scrape"
OLD_PACKAGES = tuple(f"charms.{charm}.v0" for charm in LIBIDS)
OLD_MODULES = tuple(f"{package}.{PACKAGE}" for package in OLD_PACKAGES)
OLD_MODULE = re.compile("|".join(map(re.escape, OLD_MODULES)))
# A whole string that is a dotted name, such as the target of `patch`.
DOTTED_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+")

# What the reference libraries have in their classes, by class, and what to use instead. The
# package has `_charm` and `_relation_name` in the same place.
PRIVATE_NAMES = {
    "ProfilingEndpointProvider": {
        "_jobs": "pass the jobs to the constructor or to update_scrape_job_spec()",
        "_scrape_jobs": "pass the jobs to the constructor or to update_scrape_job_spec()",
        "_scrape_metadata": "use topology.as_dict()",
        "_relations": "use model.relations",
        "_is_valid_unit_address": "pass unit_address to the constructor",
        "_set_unit_ip": "use set_scrape_job_spec(), and unit_address to change the address",
        "_set_scrape_job_spec": "use set_scrape_job_spec()",
        "_publish_all_relation_data": "use set_scrape_job_spec()",
    },
    "ProfilingEndpointConsumer": {
        "_charm": "use framework and model, or keep the charm in the subclass",
        "_labeled_static_job_config": "use jobs()",
        "_labeled_unit_config": "use jobs()",
        "_labeled_unitless_config": "use jobs()",
        "_relation_hosts": "use jobs()",
        "_set_juju_labels": "use jobs()",
        "_static_scrape_config": "use jobs()",
        "_on_metrics_provider_relation_changed": "use on_profiling_provider_relation_changed()",
        "_on_metrics_provider_relation_departed": "use on_profiling_provider_relation_changed()",
        "_on_profiling_provider_relation_departed": (
            "use on_profiling_provider_relation_changed()"
        ),
    },
}
# What the classes of the package have in turn: a subclass that has one of these breaks it.
NEW_PRIVATE_NAMES = {
    "ProfilingEndpointProvider": frozenset(
        {
            "_find_address",
            "_is_leader",
            "_lister",
            "_on_both_changed",
            "_on_unit_changed",
            "_problem_log",
            "_publish",
            "_publishing_problems",
            "_unit_address",
        }
    ),
    "ProfilingEndpointConsumer": frozenset(
        {"_address_key", "_lister", "_problem_log", "_read", "_read_units", "_render"}
    ),
}
# A target of `patch` that is only of use where the library looks it up.
PLACES = {
    "socket": "parca_scrape.provider.socket",
    "ProviderTopology": "parca_scrape.provider.ProviderTopology",
}
# These are used by the library itself, which would not see what a test puts in their place.
UNSEEN = frozenset(name for name in parca_scrape.__all__ if not name.startswith("Profiling"))


@dataclass(frozen=True)
class Destination:
    """What the charm is to use: the package, or the current single file."""

    is_package: bool
    names: FrozenSet[str]
    """What can be imported from it."""

    def describe(self) -> str:
        """Return what it is called in a message."""
        return "the package" if self.is_package else "the current library"


def to_package() -> Destination:
    """Return the package as a destination."""
    return Destination(is_package=True, names=frozenset(parca_scrape.__all__))


def to_single_file() -> Destination:
    """Return the single file as a destination.

    Raises:
        OSError: the installation is incomplete.
    """
    texts = map(read_shipped, LIBIDS)
    names = frozenset(name for text in texts for name in list_names(ast.parse(text)))
    return Destination(is_package=False, names=names)


def list_names(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module defines or imports at its top level."""
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def split_name(name: str) -> Optional[Tuple[str, str]]:
    """Return the library's module and what follows it in a dotted name; None if it has none."""
    for module in (*OLD_MODULES, PACKAGE):
        if name == module or name.startswith(f"{module}."):
            return module, name[len(module) + 1 :]
    return None


def explain_missing(name: str, destination: Destination) -> str:
    """Return what to do about a name of the reference library that is missing."""
    if name in ("LIBID", "LIBAPI", "LIBPATCH"):
        return (
            "only on the old import path, which the package also installs: use"
            " parca_scrape.VERSION"
        )
    if name == "JujuTopology":
        return "use ProviderTopology"
    return f"{destination.describe()} has no such name: use its public names"


def find_private(attribute: str) -> Optional[str]:
    """Return what to use instead of a private attribute that `Class.attribute` names, or None."""
    class_name, _, rest = attribute.partition(".")
    return PRIVATE_NAMES.get(class_name, {}).get(rest.partition(".")[0])


def replace_target(attribute: str) -> Optional[str]:
    """Return the name in the package of what a test patches in the library; None if it has none.

    The package is several modules: a name has to be patched where it is looked up.
    """
    first, _, rest = attribute.partition(".")
    if find_private(attribute):
        return None
    if first in PLACES and (first == "socket" or not rest):
        return ".".join(filter(None, (PLACES[first], rest)))
    if first not in parca_scrape.__all__ or (first in UNSEEN and not rest):
        return None
    return f"{PACKAGE}.{attribute}"


def explain_target(attribute: str, destination: Destination) -> str:
    """Return what to do about the target of `patch` that cannot be replaced."""
    first = attribute.partition(".")[0]
    private = find_private(attribute)
    if private:
        return private
    if first == "JujuTopology":
        return "patch parca_scrape.ProviderTopology.from_charm"
    if first in destination.names:
        return f"{destination.describe()} does not look it up there, so the patch has no effect"
    return explain_missing(first, destination)
