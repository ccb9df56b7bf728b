from __future__ import annotations

from pathlib import Path

import ops
import pytest
from ops import testing

from parca_scrape import ProfilingEndpointConsumer, ProfilingEndpointProvider
from parca_scrape.migration.code import rewriting
from parca_scrape.migration.code.charm_tree import CharmTree
from parca_scrape.migration.code.draft import Draft
from parca_scrape.migration.code.library_names import NEW_PRIVATE_NAMES, to_package
from tests.migration.code.trees import rewrite

HEADER = "from parca_scrape import ProfilingEndpointConsumer, ProfilingEndpointProvider\n"
JOBS = "pass the jobs to the constructor or to update_scrape_job_spec()"


def test_a_subclass_with_private_names_of_the_old_library_is_noted() -> None:
    text = HEADER + (
        "class Mine(ProfilingEndpointProvider):\n"
        "    def _set_unit_ip(self, event):\n"
        "        super()._set_unit_ip(event)\n"
        "        self._scrape_jobs, self._mine, self._charm\n"
        "        other._scrape_jobs\n"
        "class Consumer(ProfilingEndpointConsumer):\n"
        "    def jobs(self):\n"
        "        return self._static_scrape_config(self._charm)\n"
        "class Unrelated(Base):\n"
        "    def f(self):\n"
        "        return self._scrape_jobs\n"
    )
    address = "use set_scrape_job_spec(), and unit_address to change the address"
    assert rewrite(text) == (
        text,
        [
            f"3: overrides _set_unit_ip of ProfilingEndpointProvider: {address}",
            f"4: uses _set_unit_ip of ProfilingEndpointProvider: {address}",
            f"5: uses _scrape_jobs of ProfilingEndpointProvider: {JOBS}",
            "9: uses _charm of ProfilingEndpointConsumer: use framework and model, or keep the"
            " charm in the subclass",
            "9: uses _static_scrape_config of ProfilingEndpointConsumer: use jobs()",
        ],
    )


def test_a_subclass_that_would_replace_what_is_private_in_the_package_is_noted() -> None:
    text = HEADER + (
        "class Mine(ProfilingEndpointProvider):\n"
        "    def _publish(self):\n"
        "        self._unit_address = 1\n"
    )
    rename = "rename it: the package uses this name itself"
    assert rewrite(text) == (
        text,
        [
            f"3: overrides _publish in a subclass of ProfilingEndpointProvider: {rename}",
            f"4: uses _unit_address in a subclass of ProfilingEndpointProvider: {rename}",
        ],
    )


def test_an_object_is_followed_into_all_files() -> None:
    tree = CharmTree(Path("/charm"))
    charm = HEADER + (
        "class Mine(ProfilingEndpointProvider): ...\n"
        "class Charm(ops.CharmBase):\n"
        "    def __init__(self, framework):\n"
        "        self.profiling = ProfilingEndpointProvider(self)\n"
        "        self.mine: Mine = Mine(self)\n"
        "        self.mine._scrape_metadata\n"
        "        one = ProfilingEndpointConsumer(self)\n"
        "        one._relation_hosts\n"
    )
    test = (
        "charm.profiling._scrape_jobs\ncharm._scrape_jobs\ncharm.profiling.jobs\n"
        "one._relation_hosts\n"
    )
    tree.contents = {"src/charm.py": charm.encode(), "tests/test_charm.py": test.encode()}
    draft = Draft(tree, to_package(), {})
    rewriting.rewrite_code(draft)
    assert [leftover.describe() for leftover in draft.sort_leftovers()] == [
        "src/charm.py:7: uses _scrape_metadata of ProfilingEndpointProvider: use"
        " topology.as_dict()",
        "src/charm.py:9: uses _relation_hosts of ProfilingEndpointConsumer: use jobs()",
        f"tests/test_charm.py:1: uses _scrape_jobs of ProfilingEndpointProvider: {JOBS}",
    ]


def test_a_private_name_in_patch_object_is_noted() -> None:
    text = HEADER + "patch.object(ProfilingEndpointProvider, '_jobs')\n"
    line = f"2: uses _jobs of ProfilingEndpointProvider: {JOBS}"
    assert rewrite(text) == (text, [line])


@pytest.mark.state_transitions
def test_the_private_names_of_the_package_are_known() -> None:
    class Charm(ops.CharmBase):
        def __init__(self, framework: ops.Framework) -> None:
            super().__init__(framework)
            self.provider = ProfilingEndpointProvider(self, "provided")
            self.consumer = ProfilingEndpointConsumer(self, "required")

    interface = {"interface": "parca_scrape"}
    meta = {
        "name": "both",
        "provides": {"provided": interface},
        "requires": {"required": interface},
    }
    context = testing.Context(Charm, meta=meta)
    with context(context.on.start(), testing.State()) as manager:
        objects = (manager.charm.provider, manager.charm.consumer)
        # What a subclass may share with the package: it is the same in the reference.
        shared = {"_charm", "_relation_name", "_jobs"}
        found = {type(one).__name__: {*vars(one), *vars(type(one))} - shared for one in objects}
    names_of_ops = set(dir(ops.Object)) | {"_framework"}
    assert {
        class_name: {
            name
            for name in names
            if name.startswith("_") and not name.startswith("__") and name not in names_of_ops
        }
        for class_name, names in found.items()
    } == NEW_PRIVATE_NAMES
